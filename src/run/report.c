#include "run/report.h"

#include "base/check.h"
#include "run/version.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- results to JSON ---- */

/* Only an exhausted memory makes jansson fail here: every key and string is ours or came through
 * the YAML reader. */
static void put(json_t *object, const char *key, json_t *value)
{
    CHECK(value && json_object_set_new(object, key, value) == 0);
}

static void put_text(json_t *object, const char *key, const char *text)
{
    put(object, key, json_string(text ? text : ""));
}

static void put_real(json_t *object, const char *key, double value)
{
    put(object, key, isfinite(value) ? json_real(value) : json_null());
}

static void put_count(json_t *object, const char *key, uint64_t value)
{
    if (value <= INT64_MAX)
        put(object, key, json_integer((json_int_t)value));
    else
        put(object, key, json_sprintf("%llu", (unsigned long long)value));
}

static json_t *latency_json(const struct result_latency *latency)
{
    json_t *object = json_object();
    put_count(object, "count", latency->count);
    put_real(object, "mean_ns", latency->mean_ns);
    put_real(object, "ci95_ns", latency->ci95_ns);
    put_real(object, "p50_ns", latency->p50_ns);
    put_real(object, "p90_ns", latency->p90_ns);
    put_real(object, "p99_ns", latency->p99_ns);
    put_real(object, "p999_ns", latency->p999_ns);
    put_real(object, "max_ns", latency->max_ns);
    return object;
}

static json_t *flow_json(const struct result_flow *flow)
{
    json_t *object = json_object();
    put_text(object, "name", flow->name);
    put_text(object, "op", flow->op);
    put_count(object, "ops", flow->ops);
    put_count(object, "failed", flow->failed);
    put_count(object, "bytes", flow->bytes);
    put_real(object, "gbps", flow->gbps);
    put_real(object, "mops", flow->mops);
    put(object, "latency", latency_json(&flow->latency));
    put(object, "fabric", latency_json(&flow->fabric));
    json_t *parts = json_object();
    for (int part = 0; part < LAT_PARTS; part++)
        put_real(parts, latency_part_names[part], flow->part_ns[part]);
    put(object, "part_ns", parts);
    return object;
}

static json_t *flows_json(const struct result_flow *flows, uint32_t n)
{
    json_t *array = json_array();
    for (uint32_t i = 0; i < n; i++)
        CHECK(json_array_append_new(array, flow_json(&flows[i])) == 0);
    return array;
}

static json_t *links_json(const struct results *results)
{
    json_t *array = json_array();
    for (uint32_t i = 0; i < results->n_links; i++) {
        const struct result_link *link = &results->links[i];
        json_t *object = json_object();
        put_text(object, "name", link->name);
        put_count(object, "tlps", link->tlps);
        put_count(object, "payload_bytes", link->payload_bytes);
        put_count(object, "wire_bytes", link->wire_bytes);
        put_count(object, "dllps", link->dllps);
        put_real(object, "utilisation", link->utilisation);
        put_real(object, "dllp_share", link->dllp_share);
        put_real(object, "credit_stall_ns", link->credit_stall_ns);
        CHECK(json_array_append_new(array, object) == 0);
    }
    return array;
}

static json_t *buffers_json(const struct results *results)
{
    json_t *array = json_array();
    for (uint32_t i = 0; i < results->n_buffers; i++) {
        const struct result_buffer *buffer = &results->buffers[i];
        json_t *object = json_object();
        put_text(object, "name", buffer->name);
        put_text(object, "class", buffer->class_name);
        put_real(object, "mean_bytes", buffer->mean_bytes);
        put_count(object, "max_bytes", buffer->max_bytes);
        CHECK(json_array_append_new(array, object) == 0);
    }
    return array;
}

static json_t *id_maps_json(const struct results *results)
{
    json_t *array = json_array();
    for (uint32_t i = 0; i < results->n_id_maps; i++) {
        const struct result_id_map *map = &results->id_maps[i];
        json_t *object = json_object();
        put_text(object, "name", map->name);
        put_count(object, "hits", map->hits);
        put_count(object, "misses", map->misses);
        put_count(object, "fetches", map->fetches);
        CHECK(json_array_append_new(array, object) == 0);
    }
    return array;
}

static json_t *timeline_json(const struct results *results)
{
    json_t *array = json_array();
    for (uint32_t i = 0; i < results->n_timeline; i++) {
        json_t *object = json_object();
        put_real(object, "time_us", results->timeline[i].time_us);
        put_real(object, "gbps", results->timeline[i].gbps);
        put_real(object, "latency_mean_ns", results->timeline[i].latency_mean_ns);
        CHECK(json_array_append_new(array, object) == 0);
    }
    return array;
}

static json_t *machine_json(const struct results *results)
{
    json_t *object = json_object();
    put_real(object, "wall_s", results->wall_s);
    put_real(object, "tlp_hops_per_s",
             results->wall_s > 0 ? (double)results->tlp_hops / results->wall_s : (double)NAN);
    put_real(object, "rss_mib", results->rss_mib);
    put_real(object, "bytes_per_tlp", results->bytes_per_tlp);
    return object;
}

json_t *report_json(const struct config *config, const struct results *results)
{
    json_t *summary = json_object();
    put_text(summary, "name", results->name);
    put_text(summary, "title", config->title);
    put_text(summary, "version", POOLSIM_VERSION);
    put_text(summary, "config_path", results->config_path);
    put_text(summary, "resolved_config", "resolved.yaml");
    put_count(summary, "seed", results->seed);
    put(summary, "converged", json_boolean(results->converged));
    put_text(summary, "convergence", results->convergence);
    put_real(summary, "simulated_us", results->simulated_us);
    put_real(summary, "warmup_us", results->warmup_us);
    put_real(summary, "measured_us", results->measured_us);
    put_real(summary, "offered_gbps", results->offered_gbps);
    put_real(summary, "fairness_jain", results->fairness_jain);
    put_count(summary, "unsupported_requests", results->unsupported_requests);
    put_count(summary, "dropped_tlps", results->dropped_tlps);
    put_count(summary, "interrupts", results->interrupts);
    put_count(summary, "tlp_hops", results->tlp_hops);
    put_count(summary, "events", results->events);
    put(summary, "total", flow_json(&results->total));
    put(summary, "workloads", flows_json(results->workloads, results->n_workloads));
    put(summary, "hosts", flows_json(results->hosts, results->n_hosts));
    put(summary, "links", links_json(results));
    put(summary, "buffers", buffers_json(results));
    put(summary, "id_maps", id_maps_json(results));
    put(summary, "timeline", timeline_json(results));
    put(summary, "machine", machine_json(results));
    return summary;
}

/* ---- JSON to metrics ---- */

/* The last unit-like word of a metric's name tells its unit. */
static const char *metric_unit(const char *metric)
{
    static const struct {
        const char *word, *unit;
    } units[] = {{"ns", "ns"}, {"us", "us"}, {"gbps", "Gb/s"}, {"mops", "Mop/s"}, {"bytes", "B"}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t length = strlen(units[i].word);
        for (const char *at = strstr(metric, units[i].word); at; at = strstr(at + 1, units[i].word))
            if ((at == metric || at[-1] == '_') && (at[length] == '\0' || at[length] == '_'))
                return units[i].unit;
    }
    return "";
}

struct metric_walk {
    void (*visit)(void *context, const struct report_metric *metric);
    void *context;
    const char *scope, *name;
};

static void walk_number(const struct metric_walk *walk, const char *key, const json_t *value)
{
    if (!json_is_number(value))
        return;
    struct report_metric metric = {walk->scope, walk->name, key, metric_unit(key),
                                   json_number_value(value)};
    walk->visit(walk->context, &metric);
}

/* The numbers of @object and of the objects directly in it: no deeper, as flow_json makes none. */
static void walk_object(const struct metric_walk *walk, const json_t *object)
{
    const char *key, *inner_key;
    json_t *value, *inner;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        walk_number(walk, key, value);
        json_object_foreach(value, inner_key, inner)
        {
            char joined[128];
            snprintf(joined, sizeof joined, "%s_%s", key, inner_key);
            walk_number(walk, joined, inner);
        }
    }
}

static const struct {
    const char *array, *scope;
} metric_arrays[] = {
    {"workloads", "workload"}, {"hosts", "host"},     {"links", "link"},
    {"buffers", "buffer"},     {"id_maps", "id_map"},
};

void report_each_metric(const json_t *summary,
                        void (*visit)(void *context, const struct report_metric *metric),
                        void *context)
{
    struct metric_walk walk = {visit, context, "run", ""};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)summary, key, value) if (strcmp(key, "seed") != 0)
        walk_number(&walk, key, value);
    walk.scope = "total";
    walk_object(&walk, json_object_get(summary, "total"));
    for (size_t i = 0; i < sizeof metric_arrays / sizeof *metric_arrays; i++) {
        size_t index;
        json_array_foreach(json_object_get(summary, metric_arrays[i].array), index, value)
        {
            const char *name = json_string_value(json_object_get(value, "name"));
            const char *class_name = json_string_value(json_object_get(value, "class"));
            char full[160];
            snprintf(full, sizeof full, "%s%s%s", name ? name : "", class_name ? "." : "",
                     class_name ? class_name : "");
            walk.scope = metric_arrays[i].scope;
            walk.name = full;
            walk_object(&walk, value);
        }
    }
}

struct metric_search {
    const char *key;
    double value;
    bool found;
};

static void search_visit(void *context, const struct report_metric *metric)
{
    struct metric_search *search = context;
    if (search->found)
        return;
    bool whole = !strcmp(metric->scope, "run") || !strcmp(metric->scope, "total");
    bool workload = !strcmp(metric->scope, "workload");
    char key[256];
    snprintf(key, sizeof key, "%s%s%s%s%s", whole || workload ? "" : metric->scope,
             whole || workload ? "" : ".", metric->name, whole ? "" : ".", metric->metric);
    if (strcmp(key, search->key) == 0) {
        search->found = true;
        search->value = metric->value;
    }
}

double report_metric(const json_t *summary, const char *key)
{
    struct metric_search search = {key, NAN, false};
    report_each_metric(summary, search_visit, &search);
    return search.value;
}
