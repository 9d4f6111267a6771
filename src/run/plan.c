#include "run/plan.h"

#include "base/check.h"
#include "base/rng.h"
#include "config/direct.h"
#include "run/folder.h"
#include "run/version.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLAN_MAX_POINTS = 1000000 };

uint64_t plan_seed(uint64_t seed, uint32_t k)
{
    char name[32];
    if (k == 0)
        return seed;
    snprintf(name, sizeof name, "replication %" PRIu32, k);
    return rng_hash(seed, name) >> 11; /* 53 bits: exact in every JSON reader */
}

void plan_id(const struct config *config, char out_id[PLAN_ID_BYTES])
{
    struct config alone = *config; /* shallow: only written out below */
    alone.sweep = (struct cfg_sweep){.replications = 1};
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    CHECK(out);
    fprintf(out, "poolsim %s\n", POOLSIM_VERSION);
    config_write_yaml(&alone, out);
    for (uint32_t i = 0; i < config->n_workloads; i++) {
        const char *path = config->workloads[i].trace_path;
        char *trace = path && path[0] ? folder_read(path[0] == '/' ? "" : ".", path) : NULL;
        if (trace)
            fprintf(out, "trace %016" PRIx64 "\n", rng_hash(0, trace));
        free(trace);
    }
    CHECK(fclose(out) == 0 && text);
    snprintf(out_id, PLAN_ID_BYTES, "%016" PRIx64, rng_hash(config->run.seed, text));
    free(text);
}

static char *plan_set(const char *key, const char *value)
{
    char *set = NULL;
    CHECK(asprintf(&set, "%s=%s", key, value) >= 0);
    return set;
}

/* Settings of the point at @number: the axes are its digits, the last (after the replication) the
 * fastest. */
static void point_fill(struct plan_point *point, uint32_t number, const struct config *config,
                       size_t n_sets, const char *const *sets)
{
    const struct cfg_sweep *sweep = &config->sweep;
    uint32_t setting = number / sweep->replications;
    char seed[32];
    point->number = point->same_as = number;
    point->replication = number % sweep->replications;
    point->seed = plan_seed(config->run.seed, point->replication);
    point->sets = calloc(n_sets + sweep->n_axes + 1, sizeof *point->sets);
    point->values = calloc(sweep->n_axes, sizeof *point->values);
    CHECK(point->sets && point->values);
    for (uint32_t axis = sweep->n_axes; axis-- > 0;) {
        point->values[axis] = sweep->axes[axis].values[setting % sweep->axes[axis].n];
        setting /= sweep->axes[axis].n;
    }
    for (size_t i = 0; i < n_sets; i++) {
        point->sets[point->n_sets] = strdup(sets[i]);
        CHECK(point->sets[point->n_sets++]);
    }
    for (uint32_t axis = 0; axis < sweep->n_axes; axis++)
        point->sets[point->n_sets++] = plan_set(sweep->axes[axis].key, point->values[axis]);
    snprintf(seed, sizeof seed, "%" PRIu64, point->seed);
    point->sets[point->n_sets++] = plan_set("run.seed", seed);
}

bool plan_load_point(const struct plan *plan, const struct plan_point *point, struct config **out,
                     struct err *err)
{
    struct config *config = NULL;
    if (!config_load(plan->config->path, point->n_sets, (const char *const *)point->sets, &config,
                     err))
        return false;
    if (plan->direct && !config_make_direct(config, err)) {
        config_free(config);
        return false;
    }
    *out = config;
    return true;
}

static bool point_resolve(const struct plan *plan, struct plan_point *point, struct err *err)
{
    struct config *config = NULL;
    if (!plan_load_point(plan, point, &config, err))
        return false;
    plan_id(config, point->id);
    config_free(config);
    return true;
}

struct id_at {
    const char *id;
    uint32_t number;
};

static int compare_ids(const void *a, const void *b)
{
    const struct id_at *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    return order ? order : (x->number > y->number) - (x->number < y->number);
}

static void plan_find_repeats(struct plan *plan)
{
    struct id_at *sorted = calloc(plan->n_points, sizeof *sorted);
    CHECK(sorted);
    for (uint32_t i = 0; i < plan->n_points; i++)
        sorted[i] = (struct id_at){plan->points[i].id, i};
    qsort(sorted, plan->n_points, sizeof *sorted, compare_ids);
    for (uint32_t i = 1; i < plan->n_points; i++)
        if (!strcmp(sorted[i].id, sorted[i - 1].id))
            plan->points[sorted[i].number].same_as = plan->points[sorted[i - 1].number].same_as;
    free(sorted);
}

static bool plan_size(const struct config *config, const char *path, uint32_t *out_n,
                      struct err *err)
{
    const struct mark top = {path, 0, 0};
    if (config->sweep.n_axes == 0)
        return err_at(err, &top,
                      "nothing to sweep: add a sweep section with at least one key and its values");
    uint64_t n = config->sweep.replications;
    for (uint32_t i = 0; i < config->sweep.n_axes; i++) {
        CHECK(config->sweep.axes[i].n > 0);
        n *= config->sweep.axes[i].n;
        if (n > PLAN_MAX_POINTS)
            return err_at(err, &config->sweep.axes[i].mark,
                          "the sweep has more than %d points; leave out some values",
                          PLAN_MAX_POINTS);
    }
    *out_n = (uint32_t)n;
    return true;
}

static bool make(const char *path, size_t n_sets, const char *const *sets, bool direct,
                 struct plan **out, struct err *err)
{
    struct plan *plan = calloc(1, sizeof *plan);
    CHECK(plan);
    plan->direct = direct;
    uint32_t n = 0;
    if (!config_load(path, n_sets, sets, &plan->config, err) ||
        !plan_size(plan->config, path, &n, err))
        goto fail;
    CHECK(n > 0);
    plan->points = calloc(n, sizeof *plan->points);
    CHECK(plan->points);
    while (plan->n_points < n) {
        struct plan_point *point = &plan->points[plan->n_points];
        point_fill(point, plan->n_points++, plan->config, n_sets, sets);
        if (!point_resolve(plan, point, err))
            goto fail;
    }
    plan_find_repeats(plan);
    if (direct)
        config_name_direct(plan->config);
    *out = plan;
    return true;
fail:
    plan_free(plan);
    return false;
}

bool plan_make(const char *path, size_t n_sets, const char *const *sets, struct plan **out,
               struct err *err)
{
    return make(path, n_sets, sets, false, out, err);
}

bool plan_make_direct(const char *path, size_t n_sets, const char *const *sets, struct plan **out,
                      struct err *err)
{
    return make(path, n_sets, sets, true, out, err);
}

void plan_free(struct plan *plan)
{
    if (!plan)
        return;
    for (uint32_t i = 0; i < plan->n_points; i++) {
        struct plan_point *point = &plan->points[i];
        for (uint32_t k = 0; k < point->n_sets; k++)
            free(point->sets[k]);
        free(point->sets);
        free(point->values);
    }
    free(plan->points);
    if (plan->config)
        config_free(plan->config);
    free(plan);
}
