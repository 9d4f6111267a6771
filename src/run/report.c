#include "run/report.h"

#include "run/plane_output.h"
#include "run/version.h"
#include "stats/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- results to JSON ---- */

static json_t *latency_json(const struct result_latency *latency)
{
    json_t *object = json_new_object();
    json_put_u64(object, "count", latency->count);
    json_put_double(object, "mean_ns", latency->mean_ns);
    json_put_double(object, "ci95_ns", latency->ci95_ns);
    json_put_double(object, "p50_ns", latency->p50_ns);
    json_put_double(object, "p90_ns", latency->p90_ns);
    json_put_double(object, "p99_ns", latency->p99_ns);
    json_put_double(object, "p999_ns", latency->p999_ns);
    json_put_double(object, "max_ns", latency->max_ns);
    return object;
}

static json_t *flow_json(const struct result_flow *flow)
{
    json_t *object = json_new_object();
    json_put_text(object, "name", flow->name);
    json_put_text(object, "op", flow->op);
    json_put_u64(object, "ops", flow->ops);
    json_put_u64(object, "failed", flow->failed);
    json_put_u64(object, "bytes", flow->bytes);
    json_put_double(object, "gbps", flow->gbps);
    json_put_double(object, "mops", flow->mops);
    json_put(object, "latency", latency_json(&flow->latency));
    json_put(object, "fabric", latency_json(&flow->fabric));
    json_t *parts = json_new_object();
    for (int part = 0; part < LAT_PARTS; part++)
        json_put_double(parts, latency_part_names[part], flow->part_ns[part]);
    json_put(object, "part_ns", parts);
    return object;
}

static json_t *flows_json(const struct result_flow *flows, uint32_t n)
{
    json_t *array = json_new_array();
    for (uint32_t i = 0; i < n; i++)
        json_append(array, flow_json(&flows[i]));
    return array;
}

static json_t *links_json(const struct results *results)
{
    json_t *array = json_new_array();
    for (uint32_t i = 0; i < results->n_links; i++) {
        const struct result_link *link = &results->links[i];
        json_t *object = json_new_object();
        json_put_text(object, "name", link->name);
        json_put_u64(object, "tlps", link->tlps);
        json_put_u64(object, "payload_bytes", link->payload_bytes);
        json_put_u64(object, "wire_bytes", link->wire_bytes);
        json_put_u64(object, "dllps", link->dllps);
        json_put_double(object, "utilisation", link->utilisation);
        json_put_double(object, "dllp_share", link->dllp_share);
        json_put_double(object, "credit_stall_ns", link->credit_stall_ns);
        json_append(array, object);
    }
    return array;
}

static json_t *buffers_json(const struct results *results)
{
    json_t *array = json_new_array();
    for (uint32_t i = 0; i < results->n_buffers; i++) {
        const struct result_buffer *buffer = &results->buffers[i];
        json_t *object = json_new_object();
        json_put_text(object, "name", buffer->name);
        json_put_text(object, "class", buffer->class_name);
        json_put_double(object, "mean_bytes", buffer->mean_bytes);
        json_put_u64(object, "max_bytes", buffer->max_bytes);
        json_append(array, object);
    }
    return array;
}

static json_t *id_maps_json(const struct results *results)
{
    json_t *array = json_new_array();
    for (uint32_t i = 0; i < results->n_id_maps; i++) {
        const struct result_id_map *map = &results->id_maps[i];
        json_t *object = json_new_object();
        json_put_text(object, "name", map->name);
        json_put_u64(object, "hits", map->hits);
        json_put_u64(object, "misses", map->misses);
        json_put_u64(object, "fetches", map->fetches);
        json_append(array, object);
    }
    return array;
}

static json_t *timeline_json(const struct results *results)
{
    json_t *array = json_new_array();
    for (uint32_t i = 0; i < results->n_timeline; i++) {
        json_t *object = json_new_object();
        json_put_double(object, "time_us", results->timeline[i].time_us);
        json_put_double(object, "gbps", results->timeline[i].gbps);
        json_put_double(object, "latency_mean_ns", results->timeline[i].latency_mean_ns);
        json_append(array, object);
    }
    return array;
}

static json_t *machine_json(const struct results *results)
{
    json_t *object = json_new_object();
    json_put_double(object, "wall_s", results->wall_s);
    json_put_double(object, "tlp_hops_per_s",
                    results->wall_s > 0 ? (double)results->tlp_hops / results->wall_s
                                        : (double)NAN);
    json_put_double(object, "rss_mib", results->rss_mib);
    json_put_double(object, "bytes_per_tlp", results->bytes_per_tlp);
    return object;
}

json_t *report_json(const struct config *config, const struct results *results)
{
    json_t *summary = json_new_object();
    json_put_text(summary, "name", results->name);
    json_put_text(summary, "title", config->title);
    json_put_text(summary, "version", POOLSIM_VERSION);
    json_put_text(summary, "config_path", results->config_path);
    json_put_text(summary, "resolved_config", "resolved.yaml");
    json_put_u64(summary, "seed", results->seed);
    json_put_bool(summary, "converged", results->converged);
    json_put_text(summary, "convergence", results->convergence);
    json_put_double(summary, "simulated_us", results->simulated_us);
    json_put_double(summary, "warmup_us", results->warmup_us);
    json_put_double(summary, "measured_us", results->measured_us);
    json_put_double(summary, "offered_gbps", results->offered_gbps);
    json_put_double(summary, "fairness_jain", results->fairness_jain);
    json_put_u64(summary, "unsupported_requests", results->unsupported_requests);
    json_put_u64(summary, "dropped_tlps", results->dropped_tlps);
    json_put_u64(summary, "interrupts", results->interrupts);
    json_put_u64(summary, "tlp_hops", results->tlp_hops);
    json_put_u64(summary, "events", results->events);
    json_put(summary, "total", flow_json(&results->total));
    json_put(summary, "workloads", flows_json(results->workloads, results->n_workloads));
    json_put(summary, "hosts", flows_json(results->hosts, results->n_hosts));
    json_put(summary, "links", links_json(results));
    json_put(summary, "buffers", buffers_json(results));
    json_put(summary, "id_maps", id_maps_json(results));
    json_put(summary, "timeline", timeline_json(results));
    if (results->plane)
        json_put(summary, "plane", plane_json(results->plane));
    json_put(summary, "machine", machine_json(results));
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

/* The numbers of @object and of the objects directly in it: no deeper, as flow_json makes none.
 * jansson iterates over objects that are not const, though it leaves them alone. */
static void walk_object(const struct metric_walk *walk, const json_t *object)
{
    const char *key, *inner_key;
    json_t *value, *inner;
    json_object_foreach((json_t *)object, key, value)
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

/* The numbers of each object of @array, which have a name and perhaps a class. */
static void walk_array(const struct metric_walk *walk, const json_t *array, const char *scope)
{
    struct metric_walk inner = {walk->visit, walk->context, scope, ""};
    size_t index;
    json_t *value;
    json_array_foreach(array, index, value)
    {
        const char *name = json_string_value(json_object_get(value, "name"));
        const char *class_name = json_string_value(json_object_get(value, "class"));
        char full[160];
        snprintf(full, sizeof full, "%s%s%s", name ? name : "", class_name ? "." : "",
                 class_name ? class_name : "");
        inner.name = full;
        walk_object(&inner, value);
    }
}

void report_each_metric(const json_t *summary,
                        void (*visit)(void *context, const struct report_metric *metric),
                        void *context)
{
    static const struct {
        const char *array, *scope;
    } arrays[] = {
        {"workloads", "workload"}, {"hosts", "host"},     {"links", "link"},
        {"buffers", "buffer"},     {"id_maps", "id_map"},
    };
    static const struct {
        const char *array, *scope;
    } plane_arrays[] = {{"boots", "boot"}, {"moves", "move"}, {"saw", "saw"}};
    struct metric_walk walk = {visit, context, "run", ""};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)summary, key, value) if (strcmp(key, "seed") != 0)
        walk_number(&walk, key, value);
    walk.scope = "total";
    walk_object(&walk, json_object_get(summary, "total"));
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        walk_array(&walk, json_object_get(summary, arrays[i].array), arrays[i].scope);
    const json_t *plane = json_object_get(summary, "plane");
    walk.scope = "plane";
    walk.name = "";
    walk_object(&walk, plane);
    for (size_t i = 0; i < sizeof plane_arrays / sizeof *plane_arrays; i++)
        walk_array(&walk, json_object_get(plane, plane_arrays[i].array), plane_arrays[i].scope);
}

struct metric_search {
    const char *key;
    double value;
    bool found;
};

void report_metric_key(const struct report_metric *metric, char *buf, size_t size)
{
    if (!strcmp(metric->scope, "run") || !strcmp(metric->scope, "total"))
        snprintf(buf, size, "%s", metric->metric);
    else if (!strcmp(metric->scope, "workload"))
        snprintf(buf, size, "%s.%s", metric->name, metric->metric);
    else if (!metric->name[0])
        snprintf(buf, size, "%s.%s", metric->scope, metric->metric);
    else
        snprintf(buf, size, "%s.%s.%s", metric->scope, metric->name, metric->metric);
}

static void search_visit(void *context, const struct report_metric *metric)
{
    struct metric_search *search = context;
    char key[256];
    if (search->found)
        return;
    report_metric_key(metric, key, sizeof key);
    if (strcmp(key, search->key) == 0) {
        search->found = true;
        search->value = metric->value;
    }
}

double report_metric(const json_t *summary, const char *key)
{
    struct metric_search search = {key, (double)NAN, false};
    report_each_metric(summary, search_visit, &search);
    return search.value;
}
