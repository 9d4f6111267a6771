#include "fabric/arb.h"
#include "base/check.h"

void arb_init(struct arb *arb, enum arb_kind kind, uint32_t n, const uint32_t *weight)
{
    CHECK(n > 0 && (weight || kind == ARB_KIND_ROUND_ROBIN || kind == ARB_KIND_AGE));
    *arb = (struct arb){.kind = kind, .n = n, .weight = weight};
    if (kind == ARB_KIND_WEIGHTED)
        arb->remaining = weight[0];
}

int32_t arb_pick_best(const struct arb *arb, const uint64_t *requests, arb_eligible_fn *eligible,
                      void *context)
{
    int32_t best = ARB_NONE;
    uint64_t best_rank = UINT64_MAX;
    uint32_t best_distance = UINT32_MAX;
    for (uint32_t word = 0; word * 64 < arb->n; word++) {
        for (uint64_t bits = requests[word]; bits; bits &= bits - 1) {
            uint32_t requester = word * 64 + (uint32_t)__builtin_ctzll(bits);
            uint64_t rank = 0;
            if (!eligible(context, requester, &rank))
                continue;
            if (arb->kind == ARB_KIND_PRIORITY)
                rank = UINT32_MAX - arb->weight[requester];
            uint32_t distance = (requester + arb->n - arb->pointer) % arb->n;
            if (rank < best_rank || (rank == best_rank && distance < best_distance)) {
                best = (int32_t)requester;
                best_rank = rank;
                best_distance = distance;
            }
        }
    }
    return best;
}

void arb_granted(struct arb *arb, uint32_t requester)
{
    uint32_t after = requester + 1 == arb->n ? 0 : requester + 1;
    if (arb->kind != ARB_KIND_WEIGHTED) {
        arb->pointer = after;
        return;
    }
    if (requester != arb->pointer || arb->remaining == 0)
        arb->remaining = arb->weight[requester];
    arb->remaining--;
    arb->pointer = arb->remaining ? requester : after;
    if (!arb->remaining)
        arb->remaining = arb->weight[after];
}
