/* arrival.h - when the next operation of a function is due: arrival processes over whole
 * picoseconds.
 *
 * The long-run rate is exact. A constant process carries the remainder: arrival k comes at first +
 * floor(k * den / num) ps, for ever. The random ones keep the exact real time of the last arrival
 * (a fraction of a ps is carried), so that rounding down to picoseconds shifts no mean.
 *
 * On/off: on and off periods alternate, starting with an on period with the probability that one is
 * running; arrivals come only within on periods, evenly spaced or Poisson, at the peak rate = mean
 * rate * (on + off) / on. Time runs only while on: a gap that the end of an on period cuts goes on
 * in the next. So n arrivals take exactly n / peak of on-time, and the mean rate holds whatever the
 * periods are. Pareto periods have density ~ x^-(shape+1) above a least length. One draw in 2^32
 * would be longer than all that a run can see, but holds much of the mean when the shape is near 1;
 * the law is therefore cut where its tail falls to 2^-32, and the least length is chosen so that
 * the mean of the cut law is exactly the one asked for.
 *
 * A closed loop has no process: it is due when the operation before is done. */
#ifndef POOLSIM_WORKLOAD_ARRIVAL_H
#define POOLSIM_WORKLOAD_ARRIVAL_H

#include "base/rng.h"
#include "workload/arrival_trace.h"
#include <stdbool.h>
#include <stdint.h>

#define ARRIVAL_NEVER UINT64_MAX

/* The law that functions share: made once, read-only from then on. */
enum arrival_law {
    ARRIVE_CONSTANT,
    ARRIVE_POISSON,
    ARRIVE_ONOFF,         /* evenly spaced within on periods */
    ARRIVE_ONOFF_POISSON, /* Poisson within on periods */
    ARRIVE_TRACE,
};
enum arrival_period_law { ARRIVE_PERIOD_EXPONENTIAL, ARRIVE_PERIOD_PARETO, ARRIVE_PERIOD_CONSTANT };

struct arrival_period {
    enum arrival_period_law law;
    uint64_t mean_ps;     /* above 0 */
    uint32_t shape_milli; /* Pareto: 1000 times the shape, above 1000 */
    double least_ps;      /* Pareto: derived by arrival_process_init */
};

__extension__ typedef unsigned __int128 arrival_wide;

struct arrival_process {
    enum arrival_law law;
    struct arrival_period on, off;
    const struct arrival_trace *trace; /* borrowed */
    uint64_t gap_ps;      /* whole part of the time between two arrivals (at the peak rate) */
    arrival_wide gap_rem; /* and its fraction gap_rem / gap_den */
    arrival_wide gap_den;
    double mean_gap_ps; /* the same, for Poisson */
};

/* One function's place in the process: a cache line, and no allocation. */
struct arrival {
    const struct arrival_process *process; /* borrowed */
    uint64_t now_ps;  /* of the last arrival; before the first: where the process starts */
    uint64_t stop_ps; /* no arrival at or after this */
    uint64_t left_ps; /* on/off: what is left of the running on period */
    union {
        arrival_wide carry; /* evenly spaced: numerator over gap_den */
        double fraction;    /* Poisson: of now_ps, below 1 ps */
    };
    float period_fraction; /* of the periods so far, below 1 ps */
    uint32_t next;         /* trace: the next record */
    bool started;
};

/* @rate_num arrivals in @rate_den ps in the long run, both above 0, num below 2^63. @on and @off
 * are read for the on/off laws only (NULL otherwise). */
void arrival_process_init(struct arrival_process *process, enum arrival_law law, uint64_t rate_num,
                          uint64_t rate_den, const struct arrival_period *on,
                          const struct arrival_period *off);
/* Replays @trace, which must outlive it. */
void arrival_process_init_trace(struct arrival_process *process, const struct arrival_trace *trace);

/* Starts a function at @start_ps: the first arrival of a constant process and time 0 of a trace.
 * @stop_ps 0: no end. */
void arrival_init(struct arrival *arrival, const struct arrival_process *process, uint64_t start_ps,
                  uint64_t stop_ps);
/* The whole process, its beginning and its end, is @ps later; before the first arrival_next. */
void arrival_shift(struct arrival *arrival, uint64_t ps);
/* What is still to come, the last arrival drawn included, comes @ps later; the end stays. */
void arrival_delay(struct arrival *arrival, uint64_t ps);
/* Nothing comes any more, and the last arrival drawn was none. */
static inline bool arrival_has_ended(const struct arrival *arrival)
{
    return arrival->now_ps >= arrival->stop_ps;
}
/* Time of the next arrival, never before the last one; ARRIVAL_NEVER from the end on. */
uint64_t arrival_next(struct arrival *arrival, struct rng *rng);
/* Trace: size of the arrival that arrival_next returned last. Other laws have none: 0. */
uint32_t arrival_bytes(const struct arrival *arrival);

/* Length of one period, ps; *fraction carries what is below 1 ps. */
uint64_t arrival_draw_period(const struct arrival_period *period, struct rng *rng, float *fraction);

#endif
