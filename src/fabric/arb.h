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

/* What the arbiter asks about a requester whose request bit is set: true if it can be granted now;
 * *out_age (smaller is older) is read by the age arbiter. */
typedef bool arb_eligible_fn(void *context, uint32_t requester, uint64_t *out_age);

void arb_init(struct arb *arb, enum arb_kind kind, uint32_t n, const uint32_t *weight);
/* The best by the age or priority of all eligible requesters; ties go round robin. */
int32_t arb_pick_best(const struct arb *arb, const uint64_t *requests, arb_eligible_fn *eligible,
                      void *context);

/* The first word from @word on, before @end, in which somebody requests; @end if there is none. */
static inline uint32_t arb_next_word(const uint64_t *requests, uint32_t word, uint32_t end)
{
    while (word < end && !requests[word])
        word++;
    return word;
}

/* First eligible requester from the pointer on, around once: the pointer's word is looked at twice,
 * first from the pointer on and in the end up to it. Of many ports few request, so words without a
 * request are passed over in a loop of their own. */
static inline __attribute__((always_inline)) int32_t arb_pick_next(const struct arb *arb,
                                                                   const uint64_t *requests,
                                                                   arb_eligible_fn *eligible,
                                                                   void *context)
{
    uint32_t first = arb->pointer / 64;
    uint32_t end = (arb->n + 63) / 64;
    uint64_t behind = UINT64_MAX << arb->pointer % 64; /* in the pointer's own word */
    uint64_t age;
    bool wrapped = false;
    uint64_t bits = requests[first] & behind;
    for (uint32_t word = first;;) {
        for (; bits; bits &= bits - 1) {
            uint32_t requester = word * 64 + (uint32_t)__builtin_ctzll(bits);
            if (eligible(context, requester, &age))
                return (int32_t)requester;
        }
        if (wrapped && word == first)
            return ARB_NONE;
        word = arb_next_word(requests, word + 1, end);
        if (word == end && !wrapped) {
            wrapped = true;
            end = first;
            word = arb_next_word(requests, 0, first);
        }
        bits = wrapped && word == first ? requests[word] & ~behind : requests[word];
    }
}

/* The requester to grant, or ARB_NONE. @requests: bitmap of n bits, with no bit set from n on. Does
 * not change the state. Inline, so that the caller's eligible is too. */
static inline __attribute__((always_inline)) int32_t
arb_pick(const struct arb *arb, const uint64_t *requests, arb_eligible_fn *eligible, void *context)
{
    if (arb->kind == ARB_KIND_ROUND_ROBIN || arb->kind == ARB_KIND_WEIGHTED)
        return arb_pick_next(arb, requests, eligible, context);
    return arb_pick_best(arb, requests, eligible, context);
}

/* The pick was taken. */
void arb_granted(struct arb *arb, uint32_t requester);

#endif
