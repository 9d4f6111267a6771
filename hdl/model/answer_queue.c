/* Lock-step model of answer_queue: a queue of TLPs of which the class is the simulator's. What goes
 * out in the cycle in which it comes is never in it. */
#define PORT_LIST "answer_queue.def"
#include "lockstep_ports.h"

#include "base/check.h"
#include "model_tlp.h"
#include <string.h>

struct answer {
    uint32_t hdr[HDR_WORDS];
    uint32_t data;
};

struct answers {
    struct answer waits[N_ANSWERS];
    uint32_t n;
    uint32_t stalls; /* the reader takes one in so many */
};

static void init(void *state)
{
    struct answers *answers = state;

    answers->n = 0;
    answers->stalls = 2;
}

static bool is_full(const struct answers *answers)
{
    return answers->n == N_ANSWERS;
}

/* What may be taken, and what comes: an answer before a TLP of the switch's own. */
static bool comes(const struct vector *in, struct answer *out)
{
    const bool is_answer = GET_IN(s_valid);

    port_get_words(in, &in_ports[is_answer ? IN_s_hdr : IN_own_hdr], out->hdr);
    out->data = (uint32_t)(is_answer ? GET_IN(s_data) : GET_IN(own_data));
    return is_answer || GET_IN(own_valid);
}

static void outputs(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care)
{
    const struct answers *answers = state;
    struct answer next;
    struct tlp_header header;
    const bool any = comes(in, &next);

    EXPECT(s_ready, !is_full(answers));
    EXPECT(own_ready, !is_full(answers) && !GET_IN(s_valid));
    EXPECT(m_valid, answers->n > 0 || any);
    if (answers->n > 0)
        next = answers->waits[0];
    else if (!any)
        return;
    CHECK(model_hdr_decode(next.hdr, &header));
    port_set_words(out, &out_ports[OUT_m_hdr], next.hdr);
    CARE(m_hdr);
    EXPECT(m_data, next.data);
    EXPECT(m_class, tlp_header_kinds[header.kind].class);
    EXPECT(m_has_data, tlp_header_kinds[header.kind].has_data);
}

static void tick(void *state, const struct vector *in, const struct vector *out)
{
    struct answers *answers = state;
    struct answer next;
    const bool takes = comes(in, &next) && !is_full(answers);

    (void)out;
    if (GET_IN(rst)) {
        init(answers);
        return;
    }
    if (takes)
        answers->waits[answers->n++] = next;
    if (!GET_IN(m_ready) || answers->n == 0)
        return;
    answers->n--;
    memmove(&answers->waits[0], &answers->waits[1], answers->n * sizeof answers->waits[0]);
}

static void draw_answer(uint64_t *rng, struct vector *in, enum in_port hdr, enum in_port data)
{
    struct tlp_header header;
    uint32_t words[HDR_WORDS];

    model_draw_header(rng, &header);
    model_hdr_encode(&header, words);
    port_set_words(in, &in_ports[hdr], words);
    port_set(in, &in_ports[data], draw(rng));
}

static void stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    struct answers *answers = state;

    if (one_in(rng, 100))
        answers->stalls = 1 + draw_below(rng, 4);
    if (!GET_IN(s_valid) || GET_OUT(s_ready)) {
        SET_IN(s_valid, one_in(rng, 3));
        draw_answer(rng, in, IN_s_hdr, IN_s_data);
    }
    if (!GET_IN(own_valid) || GET_OUT(own_ready)) {
        SET_IN(own_valid, one_in(rng, 4));
        draw_answer(rng, in, IN_own_hdr, IN_own_data);
    }
    SET_IN(m_ready, one_in(rng, answers->stalls));
}

FAMILY(answer_queue, struct answers);
