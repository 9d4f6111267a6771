/* Lock-step model of rr_arb: the round-robin arbiter of src/fabric/arb.c. */
#define PORT_LIST "rr_arb.def"
#include "lockstep_ports.h"

#include "model_arb.h"

static void init(void *state)
{
    arb_init(state, ARB_KIND_ROUND_ROBIN, REQUESTERS, NULL);
}

static void outputs(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care)
{
    const int32_t granted = model_arb_pick(state, GET_IN(req));

    EXPECT(grant, granted == ARB_NONE ? 0 : UINT64_C(1) << granted);
}

static void tick(void *state, const struct vector *in, const struct vector *out)
{
    if (GET_IN(rst))
        init(state);
    else if (GET_IN(take) && GET_OUT(grant))
        arb_granted(state, (uint32_t)__builtin_ctzll(GET_OUT(grant)));
}

static void stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    (void)state;
    (void)out;
    SET_IN(req, draw(rng) & draw(rng));
    SET_IN(take, !one_in(rng, 4));
}

FAMILY(rr_arb, struct arb);
