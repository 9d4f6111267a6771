/* Lock-step model of tlp_xbar: grant and accept as decide and offer_grant of
 * src/fabric/switch_crossbar.c do them, by the arbiters of src/fabric/arb.c. An accept is the same
 * choice as a grant, made by the ingress among the egress ports that granted it. */
#define PORT_LIST "tlp_xbar.def"
#include "lockstep_ports.h"

#include "model_arb.h"

struct xbar {
    struct arb grant[X_PORTS];  /* of egress */
    struct arb accept[X_PORTS]; /* of ingress */
    int32_t inside[X_PORTS];    /* the egress that an ingress' TLP is going to, or ARB_NONE */
    bool valid[X_PORTS], eop[X_PORTS];
    uint64_t beat[X_PORTS];
};

static void init(void *state)
{
    struct xbar *xbar = state;

    for (uint32_t p = 0; p < X_PORTS; p++) {
        arb_init(&xbar->grant[p], ARB_KIND_ROUND_ROBIN, X_PORTS, NULL);
        arb_init(&xbar->accept[p], ARB_KIND_ROUND_ROBIN, X_PORTS, NULL);
        xbar->inside[p] = ARB_NONE;
        xbar->valid[p] = false;
    }
}

static bool is_free(const struct xbar *xbar, uint32_t egress)
{
    for (uint32_t i = 0; i < X_PORTS; i++)
        if (xbar->inside[i] == (int32_t)egress)
            return false;
    return true;
}

static void outputs(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care)
{
    const struct xbar *xbar = state;
    const uint64_t req = GET_IN(s_req);
    uint64_t granted[X_PORTS] = {0}, take = 0, valid = 0, open = 0;

    for (uint32_t e = 0; e < X_PORTS; e++)
        open |= (uint64_t)(GET_IN(m_ready) >> e & 1 || !xbar->valid[e]) << e;
    for (uint32_t e = 0; e < X_PORTS; e++) {
        uint64_t want = 0;

        for (uint32_t i = 0; i < X_PORTS; i++)
            want |= (uint64_t)(xbar->inside[i] == ARB_NONE && req >> (i * X_PORTS + e) & 1) << i;
        const int32_t i = model_arb_pick(&xbar->grant[e], want);
        if (i != ARB_NONE && open >> e & 1 && is_free(xbar, e))
            granted[i] |= UINT64_C(1) << e;
    }
    for (uint32_t i = 0; i < X_PORTS; i++) {
        const int32_t e = xbar->inside[i] == ARB_NONE ? model_arb_pick(&xbar->accept[i], granted[i])
                                                      : xbar->inside[i];

        if (e == ARB_NONE)
            continue;
        const uint64_t bit = UINT64_C(1) << (i * X_PORTS + (uint32_t)e);
        if (open >> e & 1)
            take |= req & bit;
    }
    EXPECT(s_take, take);
    for (uint32_t e = 0; e < X_PORTS; e++) {
        valid |= (uint64_t)xbar->valid[e] << e;
        if (!xbar->valid[e])
            continue;
        port_set_at(out, &out_ports[OUT_m_eop], e, 1, xbar->eop[e]);
        port_set_at(care, &out_ports[OUT_m_eop], e, 1, 1);
        port_set_at(out, &out_ports[OUT_m_beat], e * BEAT_W, BEAT_W, xbar->beat[e]);
        port_set_at(care, &out_ports[OUT_m_beat], e * BEAT_W, BEAT_W, UINT64_MAX);
    }
    EXPECT(m_valid, valid);
}

static void tick(void *state, const struct vector *in, const struct vector *out)
{
    struct xbar *xbar = state;
    const uint64_t take = GET_OUT(s_take);

    if (GET_IN(rst)) {
        init(xbar);
        return;
    }
    for (uint32_t e = 0; e < X_PORTS; e++)
        if (GET_IN(m_ready) >> e & 1)
            xbar->valid[e] = false;
    for (uint32_t i = 0; i < X_PORTS; i++) {
        const uint64_t mine = take >> (i * X_PORTS) & ((1U << X_PORTS) - 1);

        if (!mine)
            continue;
        const uint32_t e = (uint32_t)__builtin_ctzll(mine);
        xbar->valid[e] = true;
        xbar->eop[e] = GET_IN(s_eop) >> i & 1;
        xbar->beat[e] = port_get_at(in, &in_ports[IN_s_beat], i * BEAT_W, BEAT_W);
        if (xbar->inside[i] == ARB_NONE) {
            arb_granted(&xbar->grant[e], i);
            arb_granted(&xbar->accept[i], e);
        }
        xbar->inside[i] = xbar->eop[e] ? ARB_NONE : (int32_t)e;
    }
}

/* Requests come and go with what waits; those of an ingress may be for several egress ports. */
static void stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    const struct xbar *xbar = state;
    uint64_t req = GET_IN(s_req), eop = GET_IN(s_eop);

    for (uint32_t i = 0; i < X_PORTS; i++) {
        const uint64_t mine = GET_OUT(s_take) >> (i * X_PORTS) & ((1U << X_PORTS) - 1);

        if (mine || one_in(rng, 4)) {
            eop = one_in(rng, 3) ? eop | UINT64_C(1) << i : eop & ~(UINT64_C(1) << i);
            port_set_at(in, &in_ports[IN_s_beat], i * BEAT_W, BEAT_W, draw(rng));
        }
        for (uint32_t e = 0; e < X_PORTS; e++) {
            const uint64_t bit = UINT64_C(1) << (i * X_PORTS + e);
            const bool follows = xbar->inside[i] == (int32_t)e;

            if (follows ? !one_in(rng, 8) : one_in(rng, 4))
                req |= bit;
            else if (mine >> e & 1)
                req &= ~bit;
        }
    }
    SET_IN(s_req, req);
    SET_IN(s_eop, eop);
    SET_IN(m_ready, draw(rng) | draw(rng));
}

FAMILY(tlp_xbar, struct xbar);
