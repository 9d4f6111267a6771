/* run.h - one simulation from a loaded configuration to its results. Writes no file
 * but the record that is asked for; results go to run/output.c. */
#ifndef POOLSIM_RUN_RUN_H
#define POOLSIM_RUN_RUN_H

#include "base/err.h"
#include "config/config.h"
#include "run/results.h"
#include <stdbool.h>

struct run_options {
    bool quiet; /* no progress on standard error; without it, progress is shown when that is a
                   terminal */
    uint64_t order_seed; /* 0: components are built in the configuration's order; else in a random
                            one, which must not change the results */
    bool per_event; /* software's clock follows every event of the model (PLANE_PER_EVENT): slow,
                       and must not change the results either */
    const char *record_path; /* NULL, or where to record the root switch's TLPs (record_file.h) */
};

/* With boot.mode fast or tlp a process can run one configuration, since it has one SimGrid engine:
 * fork for more. Builds @config's components, simulates until its precision or its limit is
 * reached, drains what is measured, and hands over the results, which borrow names from @config:
 * free them (results_free) before it. A run that ends without the asked precision succeeds with
 * results->converged false. Fails, with @out untouched, when the simulation makes no progress or
 * when a file that it needs cannot be read. NULL @options means all defaults. */
bool run_config(const struct config *config, const struct run_options *options,
                struct results **out, struct err *err);
void results_free(struct results *results);

#endif
