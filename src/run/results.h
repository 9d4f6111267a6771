/* results.h - what one finished run found, as plain data: filled by run/run.c, written by
 * run/output.c, read by nobody else. Times are nanoseconds (double) because these are statistics;
 * counts are exact. */
#ifndef POOLSIM_RUN_RESULTS_H
#define POOLSIM_RUN_RESULTS_H

#include "des/latency.h"
#include "stats/histogram.h"
#include <stdbool.h>
#include <stdint.h>

struct plane_report;

struct result_latency {
    uint64_t count;
    double mean_ns,
        ci95_ns; /* half-width of the 95 % interval of the mean; 0 when too few batches */
    double p50_ns, p90_ns, p99_ns, p999_ns, max_ns;
};

/* One workload, or one host, or the whole run. */
struct result_flow {
    const char *name; /* borrowed from the config */
    const char *op;   /* e.g. "dma-read"; "" for hosts and totals */
    uint64_t ops, failed, bytes;
    double gbps;                   /* payload moved per measured time */
    double mops;                   /* million operations per second */
    struct result_latency latency; /* from the intended arrival */
    struct result_latency fabric;  /* without LAT_SOURCE */
    double part_ns[LAT_PARTS];     /* means; they sum to latency.mean_ns */
    struct histogram *histogram;   /* of latency, ps; owned */
};

struct result_link {
    char name[64]; /* "user0->sw" */
    uint64_t tlps, payload_bytes, wire_bytes, dllps;
    double utilisation;     /* wire time used by TLPs / measured time */
    double dllp_share;      /* wire time taken by DLLPs and SKP */
    double credit_stall_ns; /* time in which something waited only for credits */
};

struct result_buffer {
    char name[64];          /* "sw.in.user0" */
    const char *class_name; /* "posted", "non-posted", "completion" */
    double mean_bytes;
    uint64_t max_bytes;
};

struct result_id_map {
    char name[64]; /* "sw.nic0" */
    uint64_t hits, misses, fetches;
};

struct result_point { /* one bin of the timeline */
    double time_us;   /* of its middle, from the end of boot */
    double gbps;
    double latency_mean_ns;
};

struct results {
    const char *name;
    const char *config_path;
    uint64_t seed;
    bool converged;
    char convergence[160]; /* "mean latency within 0.8 % (asked 1 %)" or why not */
    double simulated_us, warmup_us, measured_us; /* with boot; from its end on; of that */
    double offered_gbps; /* open loop: payload offered in the measured time; 0 when closed */
    struct result_flow total;
    uint32_t n_workloads, n_hosts, n_links, n_buffers, n_id_maps, n_timeline;
    struct result_flow *workloads, *hosts;
    double fairness_jain; /* over hosts with traffic, of their throughput */
    struct result_link *links;
    struct result_buffer *buffers;
    struct result_id_map *id_maps;
    struct result_point *timeline;
    double *host_gbps; /* [n_hosts][n_timeline], of those bins; NULL: too many hosts */
    uint64_t unsupported_requests, dropped_tlps, interrupts;
    uint64_t tlp_hops, events;
    double wall_s, rss_mib, bytes_per_tlp;
    struct plane_report *plane; /* NULL: no software ran. Owned */
};

#endif
