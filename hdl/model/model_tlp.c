#include "model_tlp.h"

#include "base/check.h"
#include "pcie/tlp_check.h"
#include "pool/classify.h"
#include <string.h>

enum { DW_BYTES = 4 };

void model_hdr_to_bytes(const uint32_t *words, uint8_t *out_bytes)
{
    for (int dw = 0; dw < HDR_WORDS; dw++)
        for (int byte = 0; byte < DW_BYTES; byte++)
            out_bytes[dw * DW_BYTES + byte] =
                (uint8_t)(words[HDR_WORDS - 1 - dw] >> (24 - 8 * byte));
}

void model_hdr_from_bytes(const uint8_t *bytes, uint32_t *out_words)
{
    memset(out_words, 0, HDR_WORDS * sizeof *out_words);
    for (int dw = 0; dw < HDR_WORDS; dw++)
        for (int byte = 0; byte < DW_BYTES; byte++)
            out_words[HDR_WORDS - 1 - dw] |= (uint32_t)bytes[dw * DW_BYTES + byte]
                                             << (24 - 8 * byte);
}

bool model_hdr_decode(const uint32_t *words, struct tlp_header *out_header)
{
    static uint8_t bytes[TLP_WIRE_MAX_BYTES];
    const bool has_data = words[3] >> 30 & 1, four_dw = words[3] >> 29 & 1, td = words[3] >> 15 & 1;
    const uint32_t length = words[3] & 0x3ff ? words[3] & 0x3ff : TLP_PAYLOAD_MAX_DW;

    model_hdr_to_bytes(words, bytes);
    return tlp_header_decode(bytes,
                             (four_dw ? 16 : 12) + (has_data ? length * DW_BYTES : 0) +
                                 (td ? DW_BYTES : 0),
                             out_header) == DEFECT_NONE;
}

void model_hdr_encode(const struct tlp_header *header, uint32_t *out_words)
{
    static const uint8_t payload[4 * TLP_PAYLOAD_MAX_DW];
    static uint8_t bytes[TLP_WIRE_MAX_BYTES];
    uint8_t lanes[TLP_HEADER_MAX_BYTES] = {0};

    tlp_header_encode(header, payload, bytes);
    memcpy(lanes, bytes, tlp_header_bytes(header));
    model_hdr_from_bytes(lanes, out_words);
}

enum tlp_header_kind model_with_size(enum tlp_header_kind kind, unsigned header_dw)
{
    const enum tlp_header_kind pair = tlp_header_kinds[kind].header_dw == 3 ? kind + 1 : kind - 1;

    return tlp_header_kinds[kind].header_dw == header_dw ? kind : pair;
}

enum tlp_header_kind model_with_type(enum tlp_header_kind kind, bool type_one)
{
    if (kind == TLPH_CFGRD_0 || kind == TLPH_CFGRD_1)
        return type_one ? TLPH_CFGRD_1 : TLPH_CFGRD_0;
    return type_one ? TLPH_CFGWR_1 : TLPH_CFGWR_0;
}

static bool is_enabled(const struct tlp_header *read, unsigned byte)
{
    if (byte < DW_BYTES)
        return read->first_be >> byte & 1;
    if (byte >= (read->length_dw - 1U) * DW_BYTES)
        return read->last_be >> byte % DW_BYTES & 1;
    return true;
}

/* From the first enabled byte to the last; a read of none counts as one byte (table 2-39). */
static void count_bytes(const struct tlp_header *read, struct tlp_header *out_completion)
{
    const unsigned bytes = read->length_dw * (unsigned)DW_BYTES;
    unsigned first = 0, last = bytes - 1;

    while (first < bytes && !is_enabled(read, first))
        first++;
    while (last > 0 && !is_enabled(read, last))
        last--;
    if (first == bytes)
        first = last = 0;
    out_completion->byte_count = (uint16_t)(last - first + 1);
    out_completion->lower_address = (uint8_t)((read->address + first) & 0x7f);
}

void model_answer(const struct tlp_header *request, uint16_t completer, uint8_t status,
                  uint32_t *out_words)
{
    struct tlp_header completion = {
        .kind = request->kind == TLPH_MRDLK_32 || request->kind == TLPH_MRDLK_64 ? TLPH_CPLLK
                                                                                 : TLPH_CPL,
        .tc = request->tc,
        .relaxed_ordering = request->relaxed_ordering,
        .no_snoop = request->no_snoop,
        .id_ordering = request->id_ordering,
        .requester = request->requester,
        .tag = request->tag,
        .completer = completer,
        .status = status,
        .byte_count = DW_BYTES,
    };

    if (tlp_header_kinds[request->kind].family == FAMILY_MEMORY)
        count_bytes(request, &completion);
    model_hdr_encode(&completion, out_words);
}

/* Random fields, then what the kind's rules ask, most of the time. */
void model_draw_header(uint64_t *rng, struct tlp_header *out_header)
{
    struct tlp_header h = {.kind = (enum tlp_header_kind)draw_below(rng, TLPH_KINDS)};
    const struct tlp_header_info *info = &tlp_header_kinds[h.kind];
    const bool careless = one_in(rng, 6);
    const bool plain = info->family == FAMILY_IO || info->family == FAMILY_CONFIG;

    h.tc = plain && !careless ? 0 : (uint8_t)draw_below(rng, 8);
    h.relaxed_ordering = (careless || !plain) && one_in(rng, 3);
    h.no_snoop = (careless || !plain) && one_in(rng, 3);
    h.id_ordering = one_in(rng, 3);
    h.notify = one_in(rng, 8);
    h.has_hints =
        (info->family == FAMILY_MEMORY || info->family == FAMILY_ATOMIC) && one_in(rng, 8);
    h.has_digest = one_in(rng, 4);
    h.poisoned = one_in(rng, 8);
    h.length_dw = (uint16_t)(plain && !careless ? 1
                             : one_in(rng, 4)   ? 1 + draw_below(rng, 1024)
                                                : 1 + draw_below(rng, 8));
    h.requester = (uint16_t)draw(rng);
    h.tag = (uint16_t)draw_below(rng, 1024);
    h.first_be = careless ? (uint8_t)draw_below(rng, 16) : 0xf;
    h.last_be = careless ? (uint8_t)draw_below(rng, 16) : h.length_dw == 1 ? 0 : 0xf;
    if (one_in(rng, 16))
        *(one_in(rng, 2) ? &h.first_be : &h.last_be) = 0;
    if (one_in(rng, 4) && h.length_dw > 1) {
        h.first_be = (uint8_t)(0xf << draw_below(rng, 4) & 0xf);
        h.last_be = (uint8_t)(0xf >> draw_below(rng, 4));
    }
    h.address = info->header_dw == 4 ? draw(rng) >> draw_below(rng, 34) : (uint32_t)draw(rng);
    h.address &= ~UINT64_C(3);
    if (!careless && !one_in(rng, 4))
        h.address &= ~UINT64_C(0xfff);
    if (one_in(rng, 4)) /* around the end of the page */
        h.address = (h.address & ~UINT64_C(0xfff)) |
                    ((4096U - 4U * h.length_dw + 4U * draw_below(rng, 3) - 4U) & 0xfff);
    h.hint = (uint8_t)draw_below(rng, 4);
    h.steering_tag = (uint8_t)draw(rng);
    h.target = (uint16_t)draw(rng);
    h.register_dw = (uint16_t)draw_below(rng, 1024);
    h.completer = (uint16_t)draw(rng);
    h.status = (uint8_t)draw_below(rng, 8);
    h.bcm = one_in(rng, 8);
    h.byte_count = (uint16_t)(1 + draw_below(rng, 4096));
    h.lower_address = (uint8_t)draw_below(rng, 128);
    h.msg_routing = (uint8_t)draw_below(rng, 8);
    h.msg_code = (uint8_t)draw(rng);
    h.msg_bits = draw(rng);
    if (h.msg_routing == MSG_BY_ID)
        h.msg_bits &= UINT64_MAX >> 16;
    *out_header = h;
}

unsigned model_pool_kind(const struct tlp_header *header)
{
    const struct tlp_header_info *info = &tlp_header_kinds[header->kind];

    switch (info->family) {
    case FAMILY_MEMORY:
    case FAMILY_ATOMIC:
        return info->class == CLASS_POSTED ? POOL_MEM_WRITE : POOL_MEM_READ;
    case FAMILY_IO:
        return POOL_IO;
    case FAMILY_CONFIG:
        return POOL_CONFIG;
    case FAMILY_MESSAGE:
        return POOL_MESSAGE;
    case FAMILY_COMPLETION:
        return POOL_COMPLETION;
    case FAMILIES:
        break;
    }
    CHECK(false);
}
