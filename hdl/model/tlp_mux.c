/* Lock-step model of tlp_mux: an arbiter, a lock and an output register. */
#define PORT_LIST "tlp_mux.def"
#include "lockstep_ports.h"

#include "model_arb.h"

struct mux {
    struct arb arb;
    int32_t locked; /* the stream inside a TLP, or ARB_NONE */
    bool valid, eop;
    uint64_t beat;
};

static void init(void *state)
{
    struct mux *mux = state;

    arb_init(&mux->arb, ARB_KIND_ROUND_ROBIN, STREAMS, NULL);
    mux->locked = ARB_NONE;
    mux->valid = false;
}

static void outputs(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care)
{
    const struct mux *mux = state;
    const uint64_t valid = GET_IN(s_valid);
    const bool open = GET_IN(m_ready) || !mux->valid;
    int32_t from = mux->locked;

    if (from == ARB_NONE)
        from = model_arb_pick(&mux->arb, valid);
    EXPECT(s_ready, from != ARB_NONE && open ? valid & UINT64_C(1) << from : 0);
    EXPECT(m_valid, mux->valid);
    if (mux->valid) {
        EXPECT(m_eop, mux->eop);
        EXPECT(m_beat, mux->beat);
    }
}

static void tick(void *state, const struct vector *in, const struct vector *out)
{
    struct mux *mux = state;

    if (GET_IN(rst)) {
        init(mux);
        return;
    }
    if (mux->valid && !GET_IN(m_ready))
        return;
    mux->valid = GET_OUT(s_ready) != 0;
    if (!mux->valid)
        return;
    const uint32_t from = (uint32_t)__builtin_ctzll(GET_OUT(s_ready));
    mux->eop = GET_IN(s_eop) >> from & 1;
    mux->beat = port_get_at(in, &in_ports[IN_s_beat], from * BEAT_W, BEAT_W);
    if (mux->locked == ARB_NONE)
        arb_granted(&mux->arb, from);
    mux->locked = mux->eop ? ARB_NONE : (int32_t)from;
}

static void stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    (void)state;
    uint64_t valid = GET_IN(s_valid), eop = GET_IN(s_eop);

    for (uint32_t i = 0; i < STREAMS; i++) {
        const uint64_t bit = UINT64_C(1) << i;

        if (valid & bit && !(GET_OUT(s_ready) & bit))
            continue;
        valid = one_in(rng, 3) ? valid & ~bit : valid | bit;
        eop = one_in(rng, 3) ? eop | bit : eop & ~bit;
        port_set_at(in, &in_ports[IN_s_beat], i * BEAT_W, BEAT_W, draw(rng));
    }
    SET_IN(s_valid, valid);
    SET_IN(s_eop, eop);
    SET_IN(m_ready, !one_in(rng, 4));
}

FAMILY(tlp_mux, struct mux);
