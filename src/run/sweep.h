/* sweep.h - runs the points of a plan on all cores, each in a process of its own, and can be killed
 * at any moment. A point that is finished is DIR/points/ID.json, which appears whole or not at all;
 * a sweep that starts again in the folder takes it as it is. So a point is never lost and never run
 * twice, and one that crashes takes none with it: what it said on standard error is kept in
 * DIR/points/ID.log. Two sweeps in one folder take turns. */
#ifndef POOLSIM_RUN_SWEEP_H
#define POOLSIM_RUN_SWEEP_H

#include "run/plan.h"
#include "run/run.h"
#include <jansson.h>
#include <stdio.h>

struct sweep_options {
    unsigned jobs; /* processes at once; 0: as many as this process may use cores */
    bool quiet;    /* no progress */
    FILE *notices; /* progress when it is a terminal, and each failed point; usually stderr */
    /* run_config; a test puts its own here. Runs in a child process, which ends afterwards and
     * frees nothing. */
    bool (*run)(const struct config *config, const struct run_options *options,
                struct results **out, struct err *err);
};

enum sweep_state { SWEEP_PENDING, SWEEP_DONE, SWEEP_FAILED };

struct sweep_outcome {
    enum sweep_state *states; /* per point of the plan; owned */
    uint32_t done, failed;
    uint32_t reused;  /* of the done: finished before this sweep began */
    bool interrupted; /* SIGINT or SIGTERM came: running points were stopped, finished ones are kept
                       */
};

/* Runs what is not finished. False only when the folder cannot be used; failed points are in @out,
 * to be released by sweep_outcome_fini. */
bool sweep_run(const struct plan *plan, const char *dir, const struct sweep_options *options,
               struct sweep_outcome *out, struct err *err);
void sweep_outcome_fini(struct sweep_outcome *outcome);

/* What points/ID.json holds: "id", "version", "seed" and "summary", which is the point's
 * summary.json. NULL when it is not there, cannot be parsed, or is of another id. Owned by the
 * caller. */
json_t *sweep_point_load(const char *dir, const char *id);

#endif
