/* arb.h - arbiters: which requester of one egress goes next. One contract, four kinds (arb_*.c),
 * one table. A grant depends only on the arbiter's state and on this cycle's requests, never on
 * iteration order. After reset requester 0 goes first; the pointer moves with the grant, since the
 * packet lock lasts until its last beat. */
#ifndef POOLSIM_FABRIC_ARB_H
#define POOLSIM_FABRIC_ARB_H

#include <stdbool.h>
#include <stdint.h>

enum arb_kind {
    ARB_KIND_ROUND_ROBIN,
    ARB_KIND_WEIGHTED,
    ARB_KIND_AGE,
    ARB_KIND_PRIORITY,
    ARB_KINDS
};

enum { ARB_NONE = -1 };

/* One arbiter. @weight (weighted: grants in a row; priority: higher goes first) is the caller's,
 * one per requester. */
struct arb {
    enum arb_kind kind;
    uint32_t n;         /* requesters */
    uint32_t pointer;   /* round robin: first to be looked at */
    uint32_t remaining; /* weighted: grants left for the requester at the pointer */
    const uint32_t *weight;
};

/* What the arbiter asks about a requester whose request bit is set. */
struct arb_query {
    /* True if it can be granted now; @out_age (smaller is older) is used by the age arbiter. */
    bool (*eligible)(void *context, uint32_t requester, uint64_t *out_age);
    void *context;
};

void arb_init(struct arb *arb, enum arb_kind kind, uint32_t n, const uint32_t *weight);
/* The requester to grant, or ARB_NONE. @requests: bitmap of n bits. Does not change the state. */
int32_t arb_pick(const struct arb *arb, const uint64_t *requests, const struct arb_query *query);
/* The pick was taken. */
void arb_granted(struct arb *arb, uint32_t requester);

#endif
