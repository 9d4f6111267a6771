/* report.h - a finished run as JSON (summary.json), and that JSON as a flat list of metrics.
 * The shape follows struct results. What depends on the machine and not on the model (wall time,
 * memory, speed) is the object "machine"; all else is the same for the same configuration and seed.
 */
#ifndef POOLSIM_RUN_REPORT_H
#define POOLSIM_RUN_REPORT_H

#include "config/config.h"
#include "run/results.h"
#include <jansson.h>

/* Owned by the caller. Not-a-number and infinity, which JSON cannot say, become null; a count above
 * 2^63 - 1 becomes a string. */
json_t *report_json(const struct config *config, const struct results *results);

/* One number of a summary. Nested keys are joined by "_": "latency_p99_ns", "part_ns_remap". */
struct report_metric {
    const char *scope; /* "run", "total", "workload", "host", "link", "buffer", "id_map", and of
                          hosts' software "plane", "boot", "move", "saw" */
    const char *name;  /* of the workload, host, link, ...; "" for run, total and plane */
    const char *metric;
    const char *unit; /* "ns", "us", "Gb/s", "Mop/s", "B" or "" */
    double value;
};

/* Calls @visit for every number outside "machine" and the lists over time, in the order of the
 * file. */
void report_each_metric(const json_t *summary,
                        void (*visit)(void *context, const struct report_metric *metric),
                        void *context);

/* What a metric is called where there is no column for its scope: "latency_mean_ns" and
 * "fairness_jain" for the whole run, "web.gbps" for a workload, "host.user0.gbps",
 * "move.0.latency_us" and "plane.misdelivered" for the others. */
void report_metric_key(const struct report_metric *metric, char *buf, size_t size);

/* The metric of that key; not a number when the summary does not have it. */
double report_metric(const json_t *summary, const char *key);

#endif
