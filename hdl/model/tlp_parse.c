/* Lock-step model of tlp_parse: tlp_header_decode and tlp_check say what a header is. */
#define PORT_LIST "tlp_parse.def"
#include "lockstep_ports.h"

#include "model_tlp.h"
#include "pcie/tlp_check.h"
#include "pool/classify.h"
#include <string.h>

struct parse {
    bool valid, sop, eop;
    uint32_t beat[BEAT_WORDS];
    bool is_tlp; /* the first beat's header has a known kind */
    bool malformed;
    struct tlp_header header;
    bool inside; /* stimulus: a TLP has begun and not ended */
};

static void init(void *state)
{
    (void)state;
}

static void outputs(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care)
{
    const struct parse *parse = state;

    (void)in;
    EXPECT(m_valid, parse->valid);
    if (!parse->valid)
        return;
    EXPECT(m_sop, parse->sop);
    EXPECT(m_eop, parse->eop);
    port_set_words(out, &out_ports[OUT_m_beat], parse->beat);
    CARE(m_beat);
    EXPECT(m_malformed, parse->malformed);
    if (!parse->is_tlp)
        return;
    const struct tlp_header_info *info = &tlp_header_kinds[parse->header.kind];
    EXPECT(m_class, info->class);
    EXPECT(m_kind, model_pool_kind(&parse->header));
    EXPECT(m_route, info->routing);
    EXPECT(m_has_data, info->has_data);
    EXPECT(m_four_dw, info->header_dw == 4);
    if (info->has_data || info->class == CLASS_NONPOSTED)
        EXPECT(m_length_dw, parse->header.length_dw);
}

/* The rules that the module's header leaves to the endpoints. */
static bool is_malformed(const struct tlp_header *header, uint32_t mps_bytes)
{
    const struct tlp_limits limits = {.mps_bytes = mps_bytes};
    const enum tlp_family family = tlp_header_kinds[header->kind].family;
    const enum tlp_defect defect = tlp_check(header, &limits);

    if (family == FAMILY_MESSAGE || family == FAMILY_COMPLETION)
        return defect == DEFECT_MPS;
    return defect != DEFECT_NONE;
}

static void tick(void *state, const struct vector *in, const struct vector *out)
{
    struct parse *parse = state;

    (void)out;
    if (GET_IN(en)) {
        parse->valid = GET_IN(s_valid);
        parse->sop = GET_IN(s_sop);
        parse->eop = GET_IN(s_eop);
        port_get_words(in, &in_ports[IN_s_beat], parse->beat);
        if (parse->valid && parse->sop) {
            parse->is_tlp = model_hdr_decode(parse->beat, &parse->header);
            parse->malformed = !parse->is_tlp || is_malformed(&parse->header, 128U << GET_IN(mps));
        }
    }
    if (GET_IN(rst))
        parse->valid = parse->inside = false;
}

static void stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    struct parse *parse = state;
    uint32_t words[BEAT_WORDS];
    struct tlp_header header;

    (void)out;
    if (GET_IN(en) && GET_IN(s_valid))
        parse->inside = !GET_IN(s_eop);
    if (GET_IN(en) || !GET_IN(s_valid)) {
        for (uint32_t w = 0; w < BEAT_WORDS; w++)
            words[w] = (uint32_t)draw(rng);
        if (!parse->inside) {
            model_draw_header(rng, &header);
            model_hdr_encode(&header, words);
            if (one_in(rng, 8))
                words[3] ^= 1U << (24 + draw_below(rng, 8)); /* another kind, or none */
        }
        port_set_words(in, &in_ports[IN_s_beat], words);
        SET_IN(s_valid, !one_in(rng, 4));
        SET_IN(s_sop, !parse->inside);
        SET_IN(s_eop, one_in(rng, 2));
        SET_IN(mps, draw_below(rng, 6));
    }
    SET_IN(en, !one_in(rng, 4));
}

FAMILY(tlp_parse, struct parse);
