/* collect.h - reads every finished operation once (struct op_record, TR_OP_DONE) and keeps what the
 * results need.
 *
 * What counts when. A run has one measured window [from, to), at first [0, forever). Throughput
 * (operations, failures, bytes) counts what finished inside the window: what was delivered, also
 * beyond saturation. Latency counts what was born inside it, so that slow operations are not lost
 * at its end: run/ keeps simulating until all of those are done ("drained") and passes them in. A
 * failed operation (UR, CA) adds to failures only.
 *
 * Warm-up. MSER chooses its cut looking back, when the operations are gone. Rather than keep them,
 * run/ asks collect_warmup from time to time; once the transient is over it calls
 * collect_begin(now), which forgets everything but the timeline and starts the window. That throws
 * away good operations (at least half of what was seen), costs no memory, and leaves a window that
 * starts well behind the transient; MSER is applied to nothing twice.
 *
 * Layout. One account per (workload, host) pair that occurs, because every operation belongs to
 * just one; workloads, hosts and the total are sums of accounts. Precision needs the order of a
 * series, which cannot be summed, so the total, each workload and each host have a struct converge
 * of their own. Memory: about 25 KiB per pair with ordinary latencies (the span of its histograms),
 * 8 KiB per host (12 while they have timelines of their own), 16 KiB per workload, 16 bytes per
 * flow. */
#ifndef POOLSIM_STATS_COLLECT_H
#define POOLSIM_STATS_COLLECT_H

#include "des/latency.h"
#include "stats/converge.h"
#include "stats/histogram.h"
#include <stddef.h>
#include <stdint.h>

#define COLLECT_ANY UINT32_MAX /* every workload, every host */

enum { COLLECT_BINS = 512 };          /* of the timeline, at most */
enum { COLLECT_TIMELINE_HOSTS = 64 }; /* with more hosts that have flows, none has its own */

/* Where the operations of a flow are accounted. */
struct collect_flow {
    uint32_t workload;
    uint32_t host;
};

/* Sums over some operations. Zero-initialised is empty; collect_account_fini frees. */
struct collect_account {
    uint64_t ops, failed, bytes;      /* finished in the window */
    histogram_sum part_ps[LAT_PARTS]; /* born in the window; they sum to latency.sum */
    struct histogram latency;         /* born in the window, ps, from the intended arrival */
    struct histogram fabric;          /* the same without LAT_SOURCE */
};

/* Operations that finished in one bin of the timeline. */
struct collect_bin {
    uint64_t ops, bytes;
    histogram_sum latency_ps;
};

struct collect;

/* @flow tells each of @n_flows flows its workload and host, below @n_workloads and @n_hosts; it is
 * copied. */
struct collect *collect_new(uint32_t n_flows, const struct collect_flow *flow, uint32_t n_workloads,
                            uint32_t n_hosts);
void collect_free(struct collect *collect);

/* Takes account of one operation. CHECKs that its parts sum exactly to its time. */
void collect_op(struct collect *collect, const struct op_record *op);

/* Starts the window: forgets all operations so far but for the timeline. */
void collect_begin(struct collect *collect, uint64_t from_ps);
/* Ends the window. To be called when simulated time gets to @to_ps, before the operations that
 * finish then. */
void collect_end(struct collect *collect, uint64_t to_ps);
/* Operations born in the window that have finished, well or not: drained when as many as were born.
 */
uint64_t collect_drained(const struct collect *collect);

/* MSER on the latencies of all operations since the last collect_begin. */
void collect_warmup(const struct collect *collect, struct converge_result *out);
/* Mean latency (ps) with its interval, of everything (ANY, ANY), one workload (w, ANY) or one host
 * (ANY, h). */
void collect_interval(const struct collect *collect, uint32_t workload, uint32_t host,
                      struct converge_result *out);
/* Adds the accounts of @workload on @host, either of which may be COLLECT_ANY, to *@out. */
void collect_sum(const struct collect *collect, uint32_t workload, uint32_t host,
                 struct collect_account *out);
void collect_account_fini(struct collect_account *account);

/* Jain's index of the bytes that each host with traffic (an operation finished, well or not) was
 * delivered. */
double collect_fairness(const struct collect *collect);

/* Has the timeline begin at @origin_ps, now, instead of 0: a boot of seconds would leave no room
 * for the traffic after it. Forgets what it has. */
void collect_begin_timeline(struct collect *collect, uint64_t origin_ps);
/* The run from time 0 or that origin, warm-up and drain included, in bins of equal width (a power
 * of two of ps that doubles as the run goes on). Borrowed until the next collect_op. */
const struct collect_bin *collect_timeline(const struct collect *collect, size_t *out_n,
                                           uint64_t *out_width_ps);
/* Bytes of @host in each of those bins, borrowed likewise; NULL: it has no flow, or there are too
 * many hosts. */
const uint64_t *collect_host_timeline(const struct collect *collect, uint32_t host);

#endif
