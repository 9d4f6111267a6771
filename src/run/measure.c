#include "run/measure.h"

#include "base/check.h"
#include "run/boot_report.h"
#include "run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* ---- snapshots
 * ---------------------------------------------------------------------------------------------------
 */

static void *allocate(size_t count, size_t bytes)
{
    void *memory = calloc(count ? count : 1, bytes);
    CHECK(memory);
    return memory;
}

static void take_links(struct snapshot *snapshot, const struct model *model)
{
    snapshot->links = allocate(model->n_links, sizeof *snapshot->links);
    for (uint32_t i = 0; i < model->n_links; i++) {
        const struct link *link = &model->links[i].link;
        snapshot->links[i] =
            (struct snapshot_link){link->tlps,  link->payload_bytes, link->wire_bytes,
                                   link->dllps, link->skps,          link->credit_stall_ps};
    }
}

static void take_switches(struct snapshot *snapshot, const struct model *model)
{
    snapshot->ports = allocate(model->n_switch_ports, sizeof *snapshot->ports);
    for (uint32_t s = 0; s < model->config->n_switches; s++) {
        const struct pcie_switch *sw = &model->switches[s];
        snapshot->unsupported += sw->unsupported;
        snapshot->dropped += sw->dropped;
        for (uint32_t p = 0; p < sw->n_ports; p++) {
            struct snapshot_port *out = &snapshot->ports[model->first_port[s] + p];
            memcpy(out->byte_ps, sw->ports[p].in.byte_ps, sizeof out->byte_ps);
            out->hits = sw->ports[p].id_hits;
            out->misses = sw->ports[p].id_misses;
            out->fetches = sw->ports[p].id_fetches;
        }
    }
}

static void take_snapshot(struct snapshot *snapshot, const struct model *model)
{
    memset(snapshot, 0, sizeof *snapshot);
    take_links(snapshot, model);
    take_switches(snapshot, model);
    snapshot->offered_bytes = model->traffic.offered_bytes;
    snapshot->hops = model->fabric.hops;
    snapshot->events = model->sim.events;
    for (uint32_t h = 0; h < model->config->n_hosts; h++)
        snapshot->interrupts += model->hosts[h].interrupts;
}

static void free_snapshot(struct snapshot *snapshot)
{
    free(snapshot->links);
    free(snapshot->ports);
}

void measure_begin(struct measure *measure, struct model *model)
{
    take_snapshot(&measure->begin, model);
    for (uint32_t s = 0; s < model->config->n_switches; s++)
        for (uint32_t p = 0; p < model->switches[s].n_ports; p++) {
            struct switch_ingress *in = &model->switches[s].ports[p].in;
            memcpy(in->most_bytes, in->held_bytes, sizeof in->most_bytes);
        }
}

void measure_end(struct measure *measure, const struct model *model)
{
    take_snapshot(&measure->end, model);
}

void measure_free(struct measure *measure)
{
    free_snapshot(&measure->begin);
    free_snapshot(&measure->end);
}

/* ---- results
 * -----------------------------------------------------------------------------------------------------
 */

static double ns(double ps)
{
    return ps / 1e3;
}

static void fill_latency(struct result_latency *out, const struct histogram *histogram,
                         const struct converge_result *interval)
{
    out->count = histogram->count;
    out->mean_ns = ns(histogram_mean(histogram));
    out->ci95_ns = interval ? ns(interval->ci95) : 0;
    out->p50_ns = ns((double)histogram_quantile(histogram, 500000));
    out->p90_ns = ns((double)histogram_quantile(histogram, 900000));
    out->p99_ns = ns((double)histogram_quantile(histogram, 990000));
    out->p999_ns = ns((double)histogram_quantile(histogram, 999000));
    out->max_ns = ns((double)histogram_quantile(histogram, 1000000));
}

static struct result_flow flow_result(const struct measure *measure, const struct collect *collect,
                                      uint32_t workload, uint32_t host, const char *name,
                                      const char *op)
{
    struct result_flow out = {.name = name, .op = op};
    struct collect_account account = {0};
    struct converge_result interval;
    collect_sum(collect, workload, host, &account);
    collect_interval(collect, workload, host, &interval);
    double window_ps = (double)(measure->to_ps - measure->from_ps);
    out.ops = account.ops;
    out.failed = account.failed;
    out.bytes = account.bytes;
    out.gbps = window_ps > 0 ? (double)account.bytes * 8e3 / window_ps : 0;
    out.mops = window_ps > 0 ? (double)account.ops * 1e6 / window_ps : 0;
    fill_latency(&out.latency, &account.latency, &interval);
    fill_latency(&out.fabric, &account.fabric, NULL);
    for (int part = 0; part < LAT_PARTS; part++)
        if (account.latency.count)
            out.part_ns[part] = ns((double)account.part_ps[part] / (double)account.latency.count);
    struct histogram *histogram = allocate(1, sizeof *histogram);
    histogram_merge(histogram, &account.latency);
    out.histogram = histogram;
    collect_account_fini(&account);
    return out;
}

static const char *const op_names[] = {
    [OP_DMA_WRITE] = "dma-write", [OP_DMA_READ] = "dma-read", [OP_MMIO_WRITE] = "mmio-write",
    [OP_MMIO_READ] = "mmio-read", [OP_TRANSMIT] = "transmit", [OP_RECEIVE] = "receive",
    [OP_READ] = "read",           [OP_WRITE] = "write",
};

static void fill_flows(struct results *out, const struct measure *measure,
                       const struct model *model, const struct collect *collect)
{
    const struct config *config = model->config;
    out->total = flow_result(measure, collect, COLLECT_ANY, COLLECT_ANY, "all", "");
    out->n_workloads = config->n_workloads;
    out->workloads = allocate(config->n_workloads, sizeof *out->workloads);
    for (uint32_t w = 0; w < config->n_workloads; w++)
        out->workloads[w] = flow_result(measure, collect, w, COLLECT_ANY, config->workloads[w].name,
                                        op_names[config->workloads[w].op]);
    bool *used = allocate(config->n_hosts, sizeof *used);
    for (uint32_t f = 0; f < model->traffic.n_flows; f++)
        used[model->flow_of[f].host] = true;
    out->hosts = allocate(config->n_hosts, sizeof *out->hosts);
    for (uint32_t h = 0; h < config->n_hosts; h++)
        if (used[h])
            out->hosts[out->n_hosts++] =
                flow_result(measure, collect, COLLECT_ANY, h, config->hosts[h].name, "");
    free(used);
    out->fairness_jain = collect_fairness(collect);
}

static void fill_links(struct results *out, const struct measure *measure,
                       const struct model *model)
{
    double window_ps = (double)(measure->to_ps - measure->from_ps);
    out->links = allocate(model->n_links, sizeof *out->links);
    for (uint32_t i = 0; i < model->n_links; i++) {
        const struct link *link = &model->links[i].link;
        if (!link->fabric)
            continue;
        const struct snapshot_link *a = &measure->begin.links[i];
        const struct snapshot_link *b = &measure->end.links[i];
        struct result_link *to = &out->links[out->n_links++];
        double ps_per_byte = (double)link->ticks_per_byte / RATE_TICKS_PER_PS;
        double tax_ps = ((double)(b->dllps - a->dllps) * link->dllp_ticks +
                         (double)(b->skps - a->skps) * link->skp_ticks) /
                        RATE_TICKS_PER_PS;
        snprintf(to->name, sizeof to->name, "%s", model->links[i].name);
        to->tlps = b->tlps - a->tlps;
        to->payload_bytes = b->payload_bytes - a->payload_bytes;
        to->wire_bytes = b->wire_bytes - a->wire_bytes;
        to->dllps = b->dllps - a->dllps;
        if (window_ps <= 0)
            continue;
        to->utilisation = (double)to->wire_bytes * ps_per_byte / window_ps;
        to->dllp_share = tax_ps / window_ps;
        to->credit_stall_ns = ns((double)(b->credit_stall_ps - a->credit_stall_ps));
    }
}

static void fill_switches(struct results *out, const struct measure *measure,
                          const struct model *model)
{
    static const char *const class_names[CFG_CLASSES] = {"posted", "non-posted", "completion"};
    double window_ps = (double)(measure->to_ps - measure->from_ps);
    out->buffers = allocate((size_t)model->n_switch_ports * CFG_CLASSES, sizeof *out->buffers);
    out->id_maps = allocate(model->n_switch_ports, sizeof *out->id_maps);
    for (uint32_t s = 0; s < model->config->n_switches; s++) {
        const struct pcie_switch *sw = &model->switches[s];
        for (uint32_t p = 0; p < sw->n_ports; p++) {
            const struct switch_port *port = &sw->ports[p];
            const struct snapshot_port *a = &measure->begin.ports[model->first_port[s] + p];
            const struct snapshot_port *b = &measure->end.ports[model->first_port[s] + p];
            for (int class = 0; class < CFG_CLASSES; class ++) {
                if (!port->in.most_bytes[class])
                    continue;
                struct result_buffer *to = &out->buffers[out->n_buffers++];
                snprintf(to->name, sizeof to->name, "%s", port->in.link->name);
                to->class_name = class_names[class];
                to->max_bytes = port->in.most_bytes[class];
                if (window_ps > 0)
                    to->mean_bytes = (double)(b->byte_ps[class] - a->byte_ps[class]) *
                                     (double)SWITCH_BYTE_PS / window_ps;
            }
            if (port->side != SWITCH_DEVICE || !port->tables.id_map)
                continue;
            struct result_id_map *to = &out->id_maps[out->n_id_maps++];
            snprintf(to->name, sizeof to->name, "%s", port->in.link->name);
            to->hits = b->hits - a->hits;
            to->misses = b->misses - a->misses;
            to->fetches = b->fetches - a->fetches;
        }
    }
}

/* The last bin, which the end of traffic cuts, is left out. */
static void fill_timeline(struct results *out, const struct collect *collect)
{
    size_t n;
    uint64_t width_ps;
    const struct collect_bin *bins = collect_timeline(collect, &n, &width_ps);
    n -= n > 0;
    out->n_timeline = (uint32_t)n;
    out->timeline = allocate(n, sizeof *out->timeline);
    for (size_t i = 0; i < n; i++) {
        out->timeline[i].time_us = ((double)i + 0.5) * (double)width_ps / 1e6;
        out->timeline[i].gbps = (double)bins[i].bytes * 8e3 / (double)width_ps;
        if (bins[i].ops)
            out->timeline[i].latency_mean_ns = ns((double)bins[i].latency_ps / (double)bins[i].ops);
    }
}

/* The hosts with flows, in the order of out->hosts. */
static void fill_host_timelines(struct results *out, const struct model *model,
                                const struct collect *collect)
{
    size_t n_bins;
    uint64_t width_ps;
    uint32_t filled = 0;
    const size_t n = out->n_timeline;
    collect_timeline(collect, &n_bins, &width_ps);
    if (out->n_hosts > COLLECT_TIMELINE_HOSTS)
        return;
    out->host_gbps = allocate(out->n_hosts * n, sizeof *out->host_gbps);
    for (uint32_t h = 0; h < model->config->n_hosts; h++) {
        const uint64_t *bytes = collect_host_timeline(collect, h);
        if (!bytes)
            continue;
        for (size_t i = 0; i < n; i++)
            out->host_gbps[filled * n + i] = (double)bytes[i] * 8e3 / (double)width_ps;
        filled++;
    }
    CHECK(filled == out->n_hosts);
}

static bool any_open_loop(const struct config *config)
{
    for (uint32_t w = 0; w < config->n_workloads; w++)
        if (config->workloads[w].arrival != ARRIVAL_CLOSED)
            return true;
    return false;
}

/* Says whether the numbers can be trusted, and if not, why. */
static void judge(struct results *out, const struct measure *measure, const struct config *config)
{
    const struct converge_result *interval = &measure->interval;
    double width = interval->mean > 0 ? 100 * interval->ci95 / interval->mean : 0;
    double asked = (double)config->run.precision_ppm / 1e4;
    out->converged = measure->warm && measure->precise && measure->drained;
    if (!measure->warm)
        snprintf(out->convergence, sizeof out->convergence, "no steady state was reached: %s",
                 measure->reason ? measure->reason : "no operation ended");
    else if (!measure->drained)
        snprintf(out->convergence, sizeof out->convergence,
                 "operations of the window had not ended long after it: the load is more than is "
                 "carried");
    else if (config->run.precision_ppm == 0)
        snprintf(out->convergence, sizeof out->convergence,
                 "fixed duration; mean latency within %.2g %%", width);
    else if (measure->precise)
        snprintf(out->convergence, sizeof out->convergence,
                 "mean latency within %.2g %% (asked: %.2g %%)", width, asked);
    else
        snprintf(out->convergence, sizeof out->convergence,
                 "mean latency within %.2g %% only (asked: %.2g %%): %s", width, asked,
                 interval->reason ? interval->reason : "raise run.max_duration");
}

struct results *measure_results(const struct measure *measure, const struct model *model,
                                const struct collect *collect)
{
    const struct config *config = model->config;
    struct results *out = allocate(1, sizeof *out);
    out->name = config->name;
    out->config_path = config->path;
    out->seed = config->run.seed;
    out->simulated_us = (double)model->sim.now_ps / 1e6;
    out->warmup_us = (double)(measure->from_ps - measure->origin_ps) / 1e6;
    out->measured_us = (double)(measure->to_ps - measure->from_ps) / 1e6;
    if (any_open_loop(config) && out->measured_us > 0)
        out->offered_gbps = (double)(measure->end.offered_bytes - measure->begin.offered_bytes) *
                            8e-3 / out->measured_us;
    judge(out, measure, config);
    fill_flows(out, measure, model, collect);
    fill_links(out, measure, model);
    fill_switches(out, measure, model);
    fill_timeline(out, collect);
    fill_host_timelines(out, model, collect);
    out->unsupported_requests = measure->end.unsupported - measure->begin.unsupported;
    out->dropped_tlps = measure->end.dropped - measure->begin.dropped;
    out->interrupts = measure->end.interrupts - measure->begin.interrupts;
    out->tlp_hops = model->fabric.hops;
    out->events = model->sim.events;
    out->wall_s = measure->wall_s;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    out->rss_mib = (double)usage.ru_maxrss / 1024;
    out->bytes_per_tlp = sizeof(struct tlp);
    return out;
}

static void free_flow(const struct result_flow *flow)
{
    if (flow->histogram)
        histogram_fini(flow->histogram);
    free(flow->histogram);
}

void results_free(struct results *results)
{
    if (!results)
        return;
    free_flow(&results->total);
    for (uint32_t w = 0; w < results->n_workloads; w++)
        free_flow(&results->workloads[w]);
    for (uint32_t h = 0; h < results->n_hosts; h++)
        free_flow(&results->hosts[h]);
    free(results->workloads);
    free(results->hosts);
    free(results->links);
    free(results->buffers);
    free(results->id_maps);
    free(results->timeline);
    free(results->host_gbps);
    boot_report_free(results->plane);
    free(results);
}
