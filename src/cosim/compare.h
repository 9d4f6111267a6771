/* compare.h - what a switch under test puts out beside what the record (record.h) says, event by
 * event, up to the first difference. The switch may be the lock-step model or hardware. */
#ifndef POOLSIM_COSIM_COMPARE_H
#define POOLSIM_COSIM_COMPARE_H

#include "cosim/record.h"

struct compare {
    const struct record *record; /* borrowed */
    const char *name;            /* of the switch under test; borrowed */
    FILE *out;                   /* where a difference is told; borrowed */
    size_t next;                 /* event of the record that has not been looked at */
    uint64_t compared;           /* outputs so far that agree */
    uint64_t left;               /* of them: OUT */
    bool differs;
    uint64_t cycle; /* of the first difference */
};

void compare_init(struct compare *compare, const struct record *record, const char *name,
                  FILE *out);
/* The outputs of @cycle (OUT, ANSWER, DROP, TAKE), in the record's order; call it with every cycle
 * in turn. Compared are kind, port, TLP, and of OUT the header and DATA; serial number 0 is not
 * compared. False after a difference, of which the first one is told. */
bool compare_cycle(struct compare *compare, uint64_t cycle, const struct record_event *events,
                   size_t n);

/* Plays the record to the lock-step model, up to its end or the first difference. False, with @err
 * filled, when the model cannot follow the record. */
bool compare_lockstep(const struct record *record, FILE *out, struct compare *out_compare,
                      struct err *err);

#endif
