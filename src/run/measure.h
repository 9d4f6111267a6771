/* measure.h - what the components counted in the measured window, and its combination with the
 * statistics to results. */
#ifndef POOLSIM_RUN_MEASURE_H
#define POOLSIM_RUN_MEASURE_H

#include "run/build.h"
#include "run/results.h"
#include "stats/collect.h"

/* Counters of all components at one instant; they only grow, so that the window is a difference. */
struct snapshot {
    struct snapshot_link {
        uint64_t tlps, payload_bytes, wire_bytes, dllps, skps, credit_stall_ps;
    } * links;
    struct snapshot_port { /* of every switch */
        uint64_t byte_ps[CFG_CLASSES];
        uint64_t hits, misses, fetches;
    } * ports;
    uint64_t offered_bytes, unsupported, dropped, interrupts, hops, events;
};

struct measure {
    bool warm, precise, drained;
    const char *reason; /* why not warm */
    struct converge_result interval;
    uint64_t origin_ps; /* of warm-up and timeline (collect_begin_timeline): the end of boot */
    uint64_t from_ps, to_ps;
    double wall_s;
    struct snapshot begin, end;
};

/* The window begins: the greatest occupancies count from here. */
void measure_begin(struct measure *measure, struct model *model);
void measure_end(struct measure *measure, const struct model *model);
void measure_free(struct measure *measure);

/* Owned by the caller (results_free). */
struct results *measure_results(const struct measure *measure, const struct model *model,
                                const struct collect *collect);

#endif
