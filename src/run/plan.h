/* plan.h - a sweep as numbered points: the cross product of its axes (the first varying slowest)
 * times replications. A point's id is a hash of all that determines its result: the resolved
 * configuration (without the sweep itself, so that an axis may be extended), the contents of trace
 * files, the seed and the program's version. Equal ids, equal results. */
#ifndef POOLSIM_RUN_PLAN_H
#define POOLSIM_RUN_PLAN_H

#include "config/config.h"

enum { PLAN_ID_BYTES = 17 }; /* 16 hexadecimal digits and NUL */

struct plan_point {
    uint32_t number; /* from 0, in plan order, replications of one setting together */
    uint32_t replication;
    uint64_t seed;
    uint32_t n_sets;
    char **sets;         /* as for config_load: the caller's, one per axis, run.seed; owned */
    const char **values; /* per axis, borrowed from the plan's configuration; the array is owned */
    uint32_t same_as;    /* the first point with this id; its own number unless values repeat */
    char id[PLAN_ID_BYTES];
};

struct plan {
    struct config *config; /* without any axis applied; owned */
    bool direct;           /* points are the baselines of what they set; config is the pool still */
    uint32_t n_points;
    struct plan_point *points;
};

/* Loads @path with @sets, and once more per point, so that a value that is wrong is found before
 * anything runs. Replication 0 runs with the configured seed, the others with seeds derived from
 * it: the same for every point, so that points are compared under common random numbers. */
bool plan_make(const char *path, size_t n_sets, const char *const *sets, struct plan **out,
               struct err *err);
/* The same for the baselines (config/direct.h) of all points. */
bool plan_make_direct(const char *path, size_t n_sets, const char *const *sets, struct plan **out,
                      struct err *err);
void plan_free(struct plan *plan);

/* The configuration that a point of the plan runs; owned by the caller. */
bool plan_load_point(const struct plan *plan, const struct plan_point *point, struct config **out,
                     struct err *err);

/* The id of a loaded configuration. */
void plan_id(const struct config *config, char out_id[PLAN_ID_BYTES]);

/* The seed of replication @k. */
uint64_t plan_seed(uint64_t seed, uint32_t k);

#endif
