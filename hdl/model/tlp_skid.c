/* Lock-step model of tlp_skid: a queue of two beats. */
#define PORT_LIST "tlp_skid.def"
#include "lockstep_ports.h"

struct skid {
    uint64_t beat[2];
    uint32_t held;
};

static void init(void *state)
{
    (void)state;
}

static void outputs(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care)
{
    const struct skid *skid = state;

    (void)in;
    EXPECT(s_ready, skid->held < 2);
    EXPECT(m_valid, skid->held > 0);
    if (skid->held > 0)
        EXPECT(m_beat, skid->beat[0]);
}

static void tick(void *state, const struct vector *in, const struct vector *out)
{
    struct skid *skid = state;
    const bool push = GET_IN(s_valid) && GET_OUT(s_ready);

    if (GET_IN(rst)) {
        skid->held = 0;
        return;
    }
    if (GET_OUT(m_valid) && GET_IN(m_ready)) {
        skid->beat[0] = skid->beat[1];
        skid->held--;
    }
    if (push)
        skid->beat[skid->held++] = GET_IN(s_beat);
}

static void stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    (void)state;
    if (!GET_IN(s_valid) || GET_OUT(s_ready)) {
        SET_IN(s_valid, !one_in(rng, 3));
        SET_IN(s_beat, draw(rng));
    }
    SET_IN(m_ready, !one_in(rng, 3));
}

FAMILY(tlp_skid, struct skid);
