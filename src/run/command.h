/* command.h - what each subcommand of poolsim does, once its arguments are read. Results go to
 * standard output or to files, complaints and progress to standard error. Each returns the exit
 * status. */
#ifndef POOLSIM_RUN_COMMAND_H
#define POOLSIM_RUN_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

enum {
    COMMAND_GOOD = 0,
    COMMAND_FAILED = 1,   /* the run, a point of the sweep, or writing the results */
    COMMAND_BAD_INPUT = 2 /* usage or configuration; said as file:line:column: message */
};

struct command_options {
    const char *file; /* NULL for schema */
    size_t n_sets;
    const char *const *sets; /* "key=value" */
    bool direct;             /* the baseline of FILE instead (config/direct.h) */
    const char *dir;         /* NULL: results/NAME below the current folder */
    unsigned jobs;           /* 0: one per usable core */
    bool quiet;
    bool json;
    const char *host;        /* whose view; NULL: the only one's */
    bool decode;             /* FILE is a folder of tables */
    const char *record_tlps; /* where to record the switch's TLPs; NULL: nowhere */
};

int command_run(const struct command_options *options);
int command_sweep(const struct command_options *options);
int command_check(const struct command_options *options);
int command_topo(const struct command_options *options);
int command_tables(const struct command_options *options);
int command_lspci(const struct command_options *options);
int command_cosim(const struct command_options *options); /* FILE is a record */
int command_schema(const struct command_options *options);

/* Results that do not reach their reader (a full disk, a closed pipe) are a failure like any other:
 * @status, or COMMAND_FAILED when standard output cannot be flushed. */
int command_flush(int status);

#endif
