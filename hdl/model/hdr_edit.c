/* Lock-step model of hdr_edit: decode, change the fields that rewrite() of
 * src/fabric/switch_lookup.c and pass_on() of switch_config.c change, encode. */
#define PORT_LIST "hdr_edit.def"
#include "lockstep_ports.h"

#include "base/check.h"
#include "model_tlp.h"

struct edit {
    bool valid, sop, eop;
    uint32_t beat[BEAT_WORDS];
    bool inside;
};

static void init(void *state)
{
    (void)state;
}

static void outputs(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care)
{
    const struct edit *edit = state;

    (void)in;
    EXPECT(m_valid, edit->valid);
    if (!edit->valid)
        return;
    EXPECT(m_sop, edit->sop);
    EXPECT(m_eop, edit->eop);
    port_set_words(out, &out_ports[OUT_m_beat], edit->beat);
    CARE(m_beat);
}

static void edit_header(const struct vector *in, uint32_t *words)
{
    struct tlp_header header;

    CHECK(model_hdr_decode(words, &header));
    const bool is_cpl = tlp_header_kinds[header.kind].family == FAMILY_COMPLETION;
    if (GET_IN(edit_source))
        *(is_cpl ? &header.completer : &header.requester) = (uint16_t)GET_IN(source);
    if (GET_IN(edit_target))
        *(is_cpl ? &header.requester : &header.target) = (uint16_t)GET_IN(target);
    if (GET_IN(edit_tag))
        header.tag = (uint16_t)GET_IN(tag);
    if (GET_IN(edit_type))
        header.kind = model_with_type(header.kind, GET_IN(type_one));
    if (GET_IN(edit_address)) {
        header.address = GET_IN(address) & ~UINT64_C(3);
        header.kind = model_with_size(header.kind, header.address >> 32 ? 4 : 3);
    }
    header.has_digest = false;
    model_hdr_encode(&header, words);
}

static void tick(void *state, const struct vector *in, const struct vector *out)
{
    struct edit *edit = state;

    (void)out;
    if (GET_IN(en)) {
        edit->valid = GET_IN(s_valid);
        edit->sop = GET_IN(s_sop);
        edit->eop = GET_IN(s_eop);
        port_get_words(in, &in_ports[IN_s_beat], edit->beat);
        if (edit->valid && edit->sop &&
            (GET_IN(edit_source) || GET_IN(edit_target) || GET_IN(edit_address) ||
             GET_IN(edit_tag) || GET_IN(edit_type)))
            edit_header(in, edit->beat);
    }
    if (GET_IN(rst))
        edit->valid = edit->inside = false;
}

static void draw_edits(uint64_t *rng, const struct tlp_header *header, struct vector *in)
{
    const enum tlp_family family = tlp_header_kinds[header->kind].family;
    const uint64_t address = draw(rng) >> (one_in(rng, 2) ? 32 : draw_below(rng, 32));

    SET_IN(edit_source, one_in(rng, 2));
    SET_IN(edit_target, (family == FAMILY_COMPLETION || family == FAMILY_CONFIG) && one_in(rng, 2));
    SET_IN(edit_address, (family == FAMILY_MEMORY || family == FAMILY_ATOMIC) && one_in(rng, 2));
    SET_IN(edit_tag, (family == FAMILY_COMPLETION || family == FAMILY_CONFIG) && one_in(rng, 2));
    SET_IN(edit_type, family == FAMILY_CONFIG && one_in(rng, 2));
    SET_IN(source, draw(rng));
    SET_IN(target, draw(rng));
    SET_IN(tag, draw(rng));
    SET_IN(type_one, draw(rng));
    SET_IN(address, (address & ~UINT64_C(3)) | (header->has_hints ? header->hint : 0));
}

static void stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    struct edit *edit = state;
    uint32_t words[BEAT_WORDS];
    struct tlp_header header;

    (void)out;
    if (GET_IN(en) && GET_IN(s_valid))
        edit->inside = !GET_IN(s_eop);
    if (GET_IN(en) || !GET_IN(s_valid)) {
        for (uint32_t w = 0; w < BEAT_WORDS; w++)
            words[w] = (uint32_t)draw(rng);
        model_draw_header(rng, &header);
        if (!edit->inside)
            model_hdr_encode(&header, words);
        draw_edits(rng, &header, in);
        port_set_words(in, &in_ports[IN_s_beat], words);
        SET_IN(s_valid, !one_in(rng, 4));
        SET_IN(s_sop, !edit->inside);
        SET_IN(s_eop, one_in(rng, 2));
    }
    SET_IN(en, !one_in(rng, 4));
}

FAMILY(hdr_edit, struct edit);
