/* model_arb.h - the simulator's round-robin arbiter (src/fabric/arb.h) on a bitmap of requests. */
#ifndef POOLSIM_HDL_MODEL_ARB_H
#define POOLSIM_HDL_MODEL_ARB_H

#include "fabric/arb.h"

static inline bool model_arb_eligible(void *context, uint32_t requester, uint64_t *out_age)
{
    (void)context;
    (void)requester;
    *out_age = 0;
    return true;
}

/* The granted requester, or ARB_NONE. */
static inline int32_t model_arb_pick(const struct arb *arb, uint64_t requests)
{
    return arb_pick(arb, &requests, model_arb_eligible, NULL);
}

#endif
