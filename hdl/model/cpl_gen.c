/* Lock-step model of cpl_gen: decode the request, fill in the completion's fields, encode. */
#define PORT_LIST "cpl_gen.def"
#include "lockstep_ports.h"

#include "base/check.h"
#include "model_tlp.h"

enum { UR = 1, CRS = 2, CA = 4 };

struct generator {
    bool valid;
    uint32_t hdr[HDR_WORDS];
};

static void init(void *state)
{
    (void)state;
}

static void outputs(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care)
{
    const struct generator *generator = state;

    EXPECT(s_ready, GET_IN(m_ready) || !generator->valid);
    EXPECT(m_valid, generator->valid);
    if (!generator->valid)
        return;
    port_set_words(out, &out_ports[OUT_m_hdr], generator->hdr);
    CARE(m_hdr);
}

static void answer(const struct vector *in, uint32_t *out_words)
{
    uint32_t words[HDR_WORDS];
    struct tlp_header request;

    port_get_words(in, &in_ports[IN_s_hdr], words);
    CHECK(model_hdr_decode(words, &request));
    model_answer(&request, (uint16_t)GET_IN(completer), (uint8_t)GET_IN(s_status), out_words);
}

static void tick(void *state, const struct vector *in, const struct vector *out)
{
    struct generator *generator = state;

    if (GET_OUT(s_ready)) {
        generator->valid = GET_IN(s_valid);
        if (generator->valid)
            answer(in, generator->hdr);
    }
    if (GET_IN(rst))
        generator->valid = false;
}

/* Non-posted requests whose byte enables obey the rules: others are malformed, and not answered. */
static void stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    static const uint8_t statuses[] = {UR, CRS, CA};
    uint32_t words[HDR_WORDS];
    struct tlp_header header;

    (void)state;
    SET_IN(m_ready, !one_in(rng, 4));
    if (GET_IN(s_valid) && !GET_OUT(s_ready))
        return;
    do
        model_draw_header(rng, &header);
    while (tlp_header_kinds[header.kind].class != CLASS_NONPOSTED);
    if (header.length_dw == 1)
        header.last_be = 0;
    else if (header.first_be == 0 || header.last_be == 0)
        header.first_be = header.last_be = 0xf;
    model_hdr_encode(&header, words);
    port_set_words(in, &in_ports[IN_s_hdr], words);
    SET_IN(s_valid, !one_in(rng, 3));
    SET_IN(s_status, statuses[draw_below(rng, 3)]);
    SET_IN(completer, draw(rng));
}

FAMILY(cpl_gen, struct generator);
