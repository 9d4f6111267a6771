/* bench.h - what the benchmark program measures. run.sh calls it once per measurement, so that no
 * measurement sees another one's memory, and puts the lines together. */
#ifndef POOLSIM_TESTS_BENCH_H
#define POOLSIM_TESTS_BENCH_H

#include "des/eventq.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CPU time of this process. */
uint64_t bench_cpu_ns(void);

/* ---- record.c: the events of a real run ---- */

/* @pushed[0] events enter an empty queue; then, for each step k = 1..@n_steps, one is taken and
 * those from @pushed[k - 1] up to, without, @pushed[k] enter. */
struct recording {
    char name[64];        /* of the configuration */
    struct event *events; /* in the order in which they entered; owned */
    uint64_t *pushed;     /* owned */
    uint32_t n_steps;
};

/* Runs the configuration in @path until it has taken @n_steps events. On failure complains on
 * standard error. */
bool recording_make(struct recording *out, const char *path, uint32_t n_steps);
void recording_fini(struct recording *recording);
/* Events pending, on average. */
double recording_pending(const struct recording *recording);

/* ---- the measurements, each of which prints its line or lines; false: failed, and has said why */

/* queue.c: heap against calendar, synthetic and on the traffic of each of the files. */
bool bench_queues(size_t n_files, char *const *files);
/* scenario.c: one run, with @sets ("a.b=c") besides its duration. */
bool bench_scenario(const char *path, const char *duration, size_t n_sets, char *const *sets);
/* calibrate.c: the machine itself. */
bool bench_calibrate(void);

#endif
