/* Lock-step model of tlp_demux: where the TLP under way goes. */
#define PORT_LIST "tlp_demux.def"
#include "lockstep_ports.h"

struct demux {
    bool inside;
    uint64_t to;
};

static void init(void *state)
{
    (void)state;
}

static void outputs(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care)
{
    const struct demux *demux = state;
    const uint64_t to = demux->inside ? demux->to : GET_IN(s_to);

    EXPECT(m_valid, GET_IN(s_valid) ? to : 0);
    if (GET_IN(s_valid))
        EXPECT(s_ready, to == 0 || (to & GET_IN(m_ready)) != 0);
}

static void tick(void *state, const struct vector *in, const struct vector *out)
{
    struct demux *demux = state;

    if (GET_IN(rst)) {
        demux->inside = false;
    } else if (GET_IN(s_valid) && GET_OUT(s_ready)) {
        demux->to = demux->inside ? demux->to : GET_IN(s_to);
        demux->inside = !GET_IN(s_eop);
    }
}

static void stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    (void)state;
    if (!GET_IN(s_valid) || GET_OUT(s_ready)) {
        SET_IN(s_valid, !one_in(rng, 3));
        SET_IN(s_eop, one_in(rng, 3));
        SET_IN(s_to, UINT64_C(1) << draw_below(rng, STREAMS + 1) & 7);
    }
    SET_IN(m_ready, draw(rng) | draw(rng));
}

FAMILY(tlp_demux, struct demux);
