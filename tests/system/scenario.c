#include "scenario.h"

#include "run/run.h"

#include <CUnit/CUnit.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void fail(const struct err *err)
{
    err_print(err, stderr);
    CU_FAIL_FATAL("the scenario does not work");
}

struct config *scenario_load(const char *format, ...)
{
    struct config *config = NULL;
    struct err err;
    char *text;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    CHECK(length > 0);
    if (!config_load_text("scenario", text, (size_t)length, 0, NULL, &config, &err)) {
        fprintf(stderr, "%s\n", text);
        fail(&err);
    }
    free(text);
    return config;
}

struct config *scenario_load_file(const char *path, const char *set)
{
    struct config *config = NULL;
    struct err err;
    if (!config_load(path, set != NULL, &set, &config, &err))
        fail(&err);
    config->boot.mode = BOOT_NONE; /* a process can run software once */
    return config;
}

struct results *scenario_run(const struct config *config, uint64_t order_seed)
{
    const struct run_options options = {.quiet = true, .order_seed = order_seed};
    struct results *results = NULL;
    struct err err;
    if (!run_config(config, &options, &results, &err))
        fail(&err);
    return results;
}

struct model *scenario_build(const struct config *config)
{
    struct err err;
    struct model *model = malloc(sizeof *model);
    CHECK(model);
    if (!model_build(config, false, 0, model, &err))
        fail(&err);
    return model;
}

void scenario_simulate(struct model *model, uint64_t until_ps)
{
    traffic_start(&model->traffic);
    enum sim_result result = sim_run(&model->sim, until_ps);
    CU_ASSERT_FATAL(result == SIM_TIME || result == SIM_EMPTY);
    CU_ASSERT_FALSE(model->traffic.overflowed);
}

void scenario_finish(struct model *model)
{
    traffic_stop(&model->traffic);
    CU_ASSERT_EQUAL(sim_run(&model->sim, UINT64_MAX), SIM_EMPTY);
    CU_ASSERT_EQUAL(model->traffic.started, model->traffic.ended);
    CU_ASSERT(model_is_conserved(model));
    model_free(model);
    free(model);
}

static void keep_op(void *reader, const struct trace_record *record)
{
    struct scenario_ops *ops = reader;
    if (ops->n == ops->capacity) {
        ops->capacity = ops->capacity ? 2 * ops->capacity : 64;
        ops->ops = realloc(ops->ops, ops->capacity * sizeof *ops->ops);
        CHECK(ops->ops);
    }
    memcpy(&ops->ops[ops->n++], record->body, sizeof *ops->ops);
}

void scenario_collect_ops(struct model *model, struct scenario_ops *ops)
{
    trace_subscribe(&model->sim.trace, 1U << TR_OP_DONE, keep_op, ops);
}

void scenario_ops_fini(struct scenario_ops *ops)
{
    free(ops->ops);
    memset(ops, 0, sizeof *ops);
}

double scenario_relative_error(double actual, double expected)
{
    return fabs(actual - expected) / expected;
}
