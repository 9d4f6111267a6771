/* arrival_trace.h - recorded arrivals to be replayed, read from CSV. Functions share one trace,
 * read-only. */
#ifndef POOLSIM_WORKLOAD_ARRIVAL_TRACE_H
#define POOLSIM_WORKLOAD_ARRIVAL_TRACE_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arrival_record {
    uint64_t time_ps; /* from the start of the function */
    uint32_t bytes;
};

struct arrival_trace {
    size_t n;                      /* 1 .. 2^32 - 1 */
    struct arrival_record *record; /* owned */
};

/* Lines are "time_ns,bytes". The time is a decimal number of ns with whole picoseconds (at most
 * three decimals) and does not decrease; bytes are 1 .. 2^32 - 1. Empty lines, lines that begin
 * with # and a header "time_ns,bytes" before the data are skipped. @mark is where the file was
 * named; errors inside it are located in the file. */
bool arrival_trace_load(struct arrival_trace *trace, const char *path, const struct mark *mark,
                        struct err *err);
void arrival_trace_fini(struct arrival_trace *trace);

#endif
