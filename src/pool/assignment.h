/* assignment.h - who has which VF, and how it changes hands (paper Fig. 9 and 10; system.md
 * "assignment"): one state machine per VF.
 *
 *   FREE -load-> LOADING -attach-> ASSIGNED -drain-> DRAINING -reset-> RESETTING -reset_done->
 *   INVALIDATING -release-> FREE
 *
 * LOADING: the entries of the tables are being written. ASSIGNED: traffic passes. DRAINING
 * (drain_req): no new request passes, completions still do. `reset` is the FLR and is accepted only
 * when nothing is in flight any more (drain_ack). RESETTING: the VF is in its FLR. INVALIDATING:
 * the table entries are being freed. `release` ends the assignment and counts up the VF's epoch;
 * what belongs to an earlier epoch is stale. `abandon` does at once what the orderly way does in
 * steps, from any state: for surprise removal, and for studying what goes wrong.
 *
 * Hardware takes one command per cycle. It judges a command by the state at the cycle's beginning;
 * issues and completions of the same cycle count from the next one on (assignment_tick). No clock,
 * no allocation: the caller gives the memory. */
#ifndef POOLSIM_POOL_ASSIGNMENT_H
#define POOLSIM_POOL_ASSIGNMENT_H

#include "pool/tables.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum assignment_state {
    ASSIGNMENT_FREE,
    ASSIGNMENT_LOADING,
    ASSIGNMENT_ASSIGNED,
    ASSIGNMENT_DRAINING,
    ASSIGNMENT_RESETTING,
    ASSIGNMENT_INVALIDATING,
    ASSIGNMENT_STATES
};

enum assignment_command {
    ASSIGNMENT_NONE,
    ASSIGNMENT_LOAD, /* the only one that reads the place */
    ASSIGNMENT_ATTACH,
    ASSIGNMENT_DRAIN,
    ASSIGNMENT_RESET,
    ASSIGNMENT_RESET_DONE,
    ASSIGNMENT_RELEASE,
    ASSIGNMENT_ABANDON,
    ASSIGNMENT_COMMANDS
};

enum assignment_result {
    ASSIGNMENT_OK,
    ASSIGNMENT_WRONG_STATE,
    ASSIGNMENT_IN_FLIGHT, /* RESET while requests are not completed */
    ASSIGNMENT_DUPLICATE, /* LOAD of a place that another VF has */
    ASSIGNMENT_RANGE      /* no such VF, or a number that does not fit its field */
};

/* Non-posted requests that wait for their completion, by who asked. */
enum assignment_side { ASSIGNMENT_HOST, ASSIGNMENT_DEVICE, ASSIGNMENT_SIDES };

enum { ASSIGNMENT_MOST_IN_FLIGHT = 4095 }; /* hosts and devices have at most 1024 tags each */

/* Where a VF is seen: the key that must be unique. */
struct assignment_place {
    uint16_t host_port;     /* 12 bits */
    uint16_t slot;          /* virtual downstream bridge, 12 bits */
    uint16_t user_function; /* dense function number in the slot */
};

struct assignment {
    struct assignment_place place; /* of a VF that is not FREE */
    uint16_t in_flight[ASSIGNMENT_SIDES];
    uint8_t state; /* enum assignment_state */
    uint8_t epoch; /* modulo 256 */
};

struct assignment_table {
    uint32_t n_functions;
    struct assignment *functions; /* by the VF's index in the pool; the caller's */
};

void assignment_init(struct assignment_table *table, struct assignment *memory,
                     uint32_t n_functions);
/* Judges a command without doing it. @place may be NULL but for LOAD. */
enum assignment_result assignment_judge(const struct assignment_table *table, uint32_t function,
                                        enum assignment_command command,
                                        const struct assignment_place *place);
/* Does it unless it is refused, which changes nothing. */
enum assignment_result assignment_do(struct assignment_table *table, uint32_t function,
                                     enum assignment_command command,
                                     const struct assignment_place *place);
/* DRAINING and nothing in flight. */
bool assignment_drain_ack(const struct assignment_table *table, uint32_t function);
/* True if a new request of or to the VF may pass now. */
bool assignment_admits(const struct assignment_table *table, uint32_t function);

/* A non-posted request is admitted; it remembers the epoch that this returns. With
 * ASSIGNMENT_MOST_IN_FLIGHT on a side it is not to be called: only where entries are wrong, so that
 * completions come back elsewhere, a count gets there, and it stays. */
uint8_t assignment_issue(struct assignment_table *table, uint32_t function,
                         enum assignment_side side);
static inline bool assignment_is_full(const struct assignment_table *table, uint32_t function,
                                      enum assignment_side side)
{
    return table->functions[function].in_flight[side] == ASSIGNMENT_MOST_IN_FLIGHT;
}
/* Its last completion has passed, or it was given up. False: it is of an earlier epoch, or nothing
 * is in flight on that side; nothing changes, and the completion is to be dropped. */
bool assignment_complete(struct assignment_table *table, uint32_t function,
                         enum assignment_side side, uint8_t epoch);
/* Nothing of the VF is in flight any more, since who would have answered was reset or cut off. */
void assignment_forget(struct assignment_table *table, uint32_t function);
/* The VF that is seen at @place, or -1. */
int32_t assignment_at(const struct assignment_table *table, const struct assignment_place *place);

/* ---- one cycle of the hardware ---- */

struct assignment_cycle {
    uint32_t function; /* of the command */
    enum assignment_command command;
    struct assignment_place place;
    /* In this cycle a request of this VF is admitted, or completed; by side. */
    bool issue[ASSIGNMENT_SIDES], complete[ASSIGNMENT_SIDES];
    uint32_t issue_function[ASSIGNMENT_SIDES], complete_function[ASSIGNMENT_SIDES];
};

/* What the hardware has no epochs for, the in-flight count decides: a completion when nothing is in
 * flight is ignored, an issue that is not admitted too. Returns the command's result. */
enum assignment_result assignment_tick(struct assignment_table *table,
                                       const struct assignment_cycle *cycle);

void assignment_pack(const struct assignment_table *table, uint32_t function,
                     struct pool_entry *out);
/* Sets VF @out_function of @table as the entry says, with nothing in flight. False when the entry
 * is invalid or does not fit the table. */
bool assignment_unpack(struct assignment_table *table, const struct pool_entry *entry);

#endif
