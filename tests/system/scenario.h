/* scenario.h - whole simulations in a few lines of YAML, for the validation suites. A test either
 * takes the results of a run as a user would, or watches the trace of a model that it built, to the
 * picosecond. Whatever does not load or run fails the test at once. Both check at their end that
 * every TLP, request and credit is back. */
#ifndef POOLSIM_TESTS_SYSTEM_SCENARIO_H
#define POOLSIM_TESTS_SYSTEM_SCENARIO_H

#include "config/config.h"
#include "run/build.h"
#include "run/results.h"

/* The configuration of a YAML text, given as to printf. Free with config_free. */
struct config *scenario_load(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same from a file, with one override "key=value" or NULL. */
struct config *scenario_load_file(const char *path, const char *set);

/* One run. Free with results_free, before the configuration. @order_seed: as in struct run_options.
 */
struct results *scenario_run(const struct config *config, uint64_t order_seed);

/* Builds @config's model; traffic has not started. */
struct model *scenario_build(const struct config *config);
/* Starts the traffic and runs every event before @until_ps. */
void scenario_simulate(struct model *model, uint64_t until_ps);
/* Lets all traffic end, checks conservation, frees. */
void scenario_finish(struct model *model);

/* The finished operations of a model, in the order of their ends. */
struct scenario_ops {
    struct op_record *ops;
    size_t n, capacity;
};

void scenario_collect_ops(struct model *model, struct scenario_ops *ops);
void scenario_ops_fini(struct scenario_ops *ops);

/* |@actual - @expected| as a share of @expected. */
double scenario_relative_error(double actual, double expected);

#endif
