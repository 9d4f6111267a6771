#include "pcie/tlp_header.h"

#include "base/check.h"
#include <string.h>

enum { DW_BYTES = 4, PAGE_BYTES = 4096 };

/* Fmt in the first byte. */
enum { FMT_MASK = 0xe0, FMT_PREFIX = 0x80 };

/* Table 2-3. Name, first byte and its mask, header DWs, data, class, family, routing. */
const struct tlp_header_info tlp_header_kinds[TLPH_KINDS] = {
    [TLPH_MRD_32] = {"MRd32", 0x00, 0xff, 3, false, CLASS_NONPOSTED, FAMILY_MEMORY,
                     ROUTE_BY_ADDRESS},
    [TLPH_MRD_64] = {"MRd64", 0x20, 0xff, 4, false, CLASS_NONPOSTED, FAMILY_MEMORY,
                     ROUTE_BY_ADDRESS},
    [TLPH_MRDLK_32] = {"MRdLk32", 0x01, 0xff, 3, false, CLASS_NONPOSTED, FAMILY_MEMORY,
                       ROUTE_BY_ADDRESS},
    [TLPH_MRDLK_64] = {"MRdLk64", 0x21, 0xff, 4, false, CLASS_NONPOSTED, FAMILY_MEMORY,
                       ROUTE_BY_ADDRESS},
    [TLPH_MWR_32] = {"MWr32", 0x40, 0xff, 3, true, CLASS_POSTED, FAMILY_MEMORY, ROUTE_BY_ADDRESS},
    [TLPH_MWR_64] = {"MWr64", 0x60, 0xff, 4, true, CLASS_POSTED, FAMILY_MEMORY, ROUTE_BY_ADDRESS},
    [TLPH_IORD] = {"IORd", 0x02, 0xff, 3, false, CLASS_NONPOSTED, FAMILY_IO, ROUTE_BY_ADDRESS},
    [TLPH_IOWR] = {"IOWr", 0x42, 0xff, 3, true, CLASS_NONPOSTED, FAMILY_IO, ROUTE_BY_ADDRESS},
    [TLPH_CFGRD_0] = {"CfgRd0", 0x04, 0xff, 3, false, CLASS_NONPOSTED, FAMILY_CONFIG, ROUTE_BY_ID},
    [TLPH_CFGWR_0] = {"CfgWr0", 0x44, 0xff, 3, true, CLASS_NONPOSTED, FAMILY_CONFIG, ROUTE_BY_ID},
    [TLPH_CFGRD_1] = {"CfgRd1", 0x05, 0xff, 3, false, CLASS_NONPOSTED, FAMILY_CONFIG, ROUTE_BY_ID},
    [TLPH_CFGWR_1] = {"CfgWr1", 0x45, 0xff, 3, true, CLASS_NONPOSTED, FAMILY_CONFIG, ROUTE_BY_ID},
    [TLPH_MSG] = {"Msg", 0x30, 0xf8, 4, false, CLASS_POSTED, FAMILY_MESSAGE, ROUTE_BY_MESSAGE},
    [TLPH_MSGD] = {"MsgD", 0x70, 0xf8, 4, true, CLASS_POSTED, FAMILY_MESSAGE, ROUTE_BY_MESSAGE},
    [TLPH_CPL] = {"Cpl", 0x0a, 0xff, 3, false, CLASS_COMPLETION, FAMILY_COMPLETION, ROUTE_BY_ID},
    [TLPH_CPLD] = {"CplD", 0x4a, 0xff, 3, true, CLASS_COMPLETION, FAMILY_COMPLETION, ROUTE_BY_ID},
    [TLPH_CPLLK] = {"CplLk", 0x0b, 0xff, 3, false, CLASS_COMPLETION, FAMILY_COMPLETION,
                    ROUTE_BY_ID},
    [TLPH_CPLDLK] = {"CplDLk", 0x4b, 0xff, 3, true, CLASS_COMPLETION, FAMILY_COMPLETION,
                     ROUTE_BY_ID},
    [TLPH_FETCHADD_32] = {"FetchAdd32", 0x4c, 0xff, 3, true, CLASS_NONPOSTED, FAMILY_ATOMIC,
                          ROUTE_BY_ADDRESS},
    [TLPH_FETCHADD_64] = {"FetchAdd64", 0x6c, 0xff, 4, true, CLASS_NONPOSTED, FAMILY_ATOMIC,
                          ROUTE_BY_ADDRESS},
    [TLPH_SWAP_32] = {"Swap32", 0x4d, 0xff, 3, true, CLASS_NONPOSTED, FAMILY_ATOMIC,
                      ROUTE_BY_ADDRESS},
    [TLPH_SWAP_64] = {"Swap64", 0x6d, 0xff, 4, true, CLASS_NONPOSTED, FAMILY_ATOMIC,
                      ROUTE_BY_ADDRESS},
    [TLPH_CAS_32] = {"CAS32", 0x4e, 0xff, 3, true, CLASS_NONPOSTED, FAMILY_ATOMIC,
                     ROUTE_BY_ADDRESS},
    [TLPH_CAS_64] = {"CAS64", 0x6e, 0xff, 4, true, CLASS_NONPOSTED, FAMILY_ATOMIC,
                     ROUTE_BY_ADDRESS},
};

/* A field of a header dword: its lowest bit and its width. */
struct field {
    uint8_t low;
    uint8_t width;
};

/* First dword (figure 2-5). */
static const struct field f_first_byte = {24, 8}, f_t9 = {23, 1}, f_tc = {20, 3}, f_t8 = {19, 1},
                          f_ido = {18, 1}, f_ln = {17, 1}, f_th = {16, 1}, f_td = {15, 1},
                          f_ep = {14, 1}, f_ro = {13, 1}, f_ns = {12, 1}, f_at = {10, 2},
                          f_length = {0, 10};
/* Second dword of requests. */
static const struct field f_requester = {16, 16}, f_tag = {8, 8}, f_last_be = {4, 4},
                          f_first_be = {0, 4}, f_low_byte = {0, 8};
/* Third dword of configuration requests (figure 2-17) and of messages by ID. */
static const struct field f_target = {16, 16}, f_register = {2, 10};
/* Second and third dword of completions (figure 2-29). */
static const struct field f_completer = {16, 16}, f_status = {13, 3}, f_bcm = {12, 1},
                          f_byte_count = {0, 12}, f_lower_address = {0, 7};
/* Lowest bits of the last address dword. */
static const struct field f_hint = {0, 2};

/* Bits of the first dword that are defined for some families only; elsewhere they are reserved: not
 * looked at, sent as 0. Hints and notification: 2.2.6. Attr[2]: 2.2.7. AT: 2.2.4.1. */
enum { HAS_IDO = 1, HAS_LN = 2, HAS_TH = 4, HAS_AT = 8 };
static const uint8_t family_has[FAMILIES] = {
    [FAMILY_MEMORY] = HAS_IDO | HAS_LN | HAS_TH | HAS_AT,
    [FAMILY_ATOMIC] = HAS_IDO | HAS_TH | HAS_AT,
    [FAMILY_IO] = 0,
    [FAMILY_CONFIG] = 0,
    [FAMILY_MESSAGE] = HAS_IDO,
    [FAMILY_COMPLETION] = HAS_IDO | HAS_LN,
};

static uint32_t field_mask(struct field f)
{
    return (uint32_t)((UINT64_C(1) << f.width) - 1);
}

static uint32_t get(uint32_t dw, struct field f)
{
    return dw >> f.low & field_mask(f);
}

static uint32_t put(struct field f, uint32_t value)
{
    CHECK(value <= field_mask(f));
    return value << f.low;
}

static uint32_t load_dw(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void store_dw(uint8_t *bytes, uint32_t dw)
{
    bytes[0] = (uint8_t)(dw >> 24);
    bytes[1] = (uint8_t)(dw >> 16);
    bytes[2] = (uint8_t)(dw >> 8);
    bytes[3] = (uint8_t)dw;
}

static const struct tlp_header_info *info_of(const struct tlp_header *header)
{
    CHECK((unsigned)header->kind < TLPH_KINDS);
    return &tlp_header_kinds[header->kind];
}

/* Length means nothing in a completion or message without data (2.2.2). */
static bool has_length(const struct tlp_header_info *info)
{
    return info->has_data || (info->family != FAMILY_COMPLETION && info->family != FAMILY_MESSAGE);
}

/* Under TH, ST takes the place of Tag[7:0] in posted requests and of the byte enables in others
 * (2.2.7.1.1). */
static bool tag_is_steering(const struct tlp_header *header)
{
    return header->has_hints && info_of(header)->class == CLASS_POSTED;
}

static bool enables_are_steering(const struct tlp_header *header)
{
    return header->has_hints && info_of(header)->class != CLASS_POSTED;
}

size_t tlp_header_bytes(const struct tlp_header *header)
{
    return (size_t)info_of(header)->header_dw * DW_BYTES;
}

size_t tlp_header_payload_bytes(const struct tlp_header *header)
{
    return info_of(header)->has_data ? (size_t)header->length_dw * DW_BYTES : 0;
}

size_t tlp_header_wire_bytes(const struct tlp_header *header)
{
    return tlp_header_bytes(header) + tlp_header_payload_bytes(header) +
           (header->has_digest ? DW_BYTES : 0);
}

/* The kind that a TLP's first byte names, TLPH_KINDS if none. */
static enum tlp_header_kind find_kind(uint8_t first_byte)
{
    unsigned kind = 0;

    while (kind < TLPH_KINDS &&
           (first_byte & tlp_header_kinds[kind].fmt_type_mask) != tlp_header_kinds[kind].fmt_type)
        kind++;
    return (enum tlp_header_kind)kind;
}

static void decode_first_dw(uint32_t dw, struct tlp_header *header)
{
    const struct tlp_header_info *info = info_of(header);
    const unsigned has = family_has[info->family];

    header->tc = (uint8_t)get(dw, f_tc);
    header->tag = (uint16_t)(get(dw, f_t9) << 9 | get(dw, f_t8) << 8);
    header->relaxed_ordering = get(dw, f_ro);
    header->no_snoop = get(dw, f_ns);
    header->has_digest = get(dw, f_td);
    header->poisoned = get(dw, f_ep);
    if (has & HAS_IDO)
        header->id_ordering = get(dw, f_ido);
    if (has & HAS_LN)
        header->notify = get(dw, f_ln);
    if (has & HAS_TH)
        header->has_hints = get(dw, f_th);
    if (has & HAS_AT)
        header->address_type = (uint8_t)get(dw, f_at);
    if (has_length(info)) {
        const uint32_t length = get(dw, f_length);

        header->length_dw = (uint16_t)(length != 0 ? length : TLP_PAYLOAD_MAX_DW);
    }
    if (info->family == FAMILY_MESSAGE)
        header->msg_routing = (uint8_t)(get(dw, f_first_byte) & ~(uint32_t)info->fmt_type_mask);
}

/* Requester, tag and byte enables, or what TH puts in the place of either. */
static void decode_request_dw(uint32_t dw, struct tlp_header *header)
{
    header->requester = (uint16_t)get(dw, f_requester);
    if (tag_is_steering(header))
        header->steering_tag = (uint8_t)get(dw, f_tag);
    else
        header->tag = (uint16_t)(header->tag | get(dw, f_tag));
    if (enables_are_steering(header)) {
        header->steering_tag = (uint8_t)get(dw, f_low_byte);
        header->first_be = 0xf;
        header->last_be = header->length_dw > 1 ? 0xf : 0;
    } else {
        header->first_be = (uint8_t)get(dw, f_first_be);
        header->last_be = (uint8_t)get(dw, f_last_be);
    }
}

static void decode_address(const uint8_t *bytes, struct tlp_header *header)
{
    const bool is_64 = info_of(header)->header_dw == 4;
    const uint32_t high = is_64 ? load_dw(bytes + 8) : 0;
    const uint32_t low = load_dw(bytes + (is_64 ? 12 : 8));

    header->address = (uint64_t)high << 32 | (low & ~field_mask(f_hint));
    if (header->has_hints)
        header->hint = (uint8_t)get(low, f_hint);
}

static void decode_message(const uint8_t *bytes, struct tlp_header *header)
{
    const uint32_t dw1 = load_dw(bytes + 4), dw2 = load_dw(bytes + 8);

    header->requester = (uint16_t)get(dw1, f_requester);
    header->tag = (uint16_t)(header->tag | get(dw1, f_tag));
    header->msg_code = (uint8_t)get(dw1, f_low_byte);
    if (header->msg_routing == MSG_BY_ADDRESS) {
        decode_address(bytes, header);
        return;
    }
    header->msg_bits = (uint64_t)dw2 << 32 | load_dw(bytes + 12);
    if (header->msg_routing == MSG_BY_ID) {
        header->target = (uint16_t)get(dw2, f_target);
        header->msg_bits &= UINT64_MAX >> f_target.width;
    }
}

static void decode_completion(const uint8_t *bytes, struct tlp_header *header)
{
    const uint32_t dw1 = load_dw(bytes + 4), dw2 = load_dw(bytes + 8);
    const uint32_t byte_count = get(dw1, f_byte_count);

    header->completer = (uint16_t)get(dw1, f_completer);
    header->status = (uint8_t)get(dw1, f_status);
    header->bcm = get(dw1, f_bcm);
    header->byte_count = (uint16_t)(byte_count != 0 ? byte_count : PAGE_BYTES);
    header->requester = (uint16_t)get(dw2, f_requester);
    header->tag = (uint16_t)(header->tag | get(dw2, f_tag));
    header->lower_address = (uint8_t)get(dw2, f_lower_address);
}

/* All after the first dword; the header's bytes are there. */
static void decode_rest(const uint8_t *bytes, struct tlp_header *header)
{
    switch (info_of(header)->family) {
    case FAMILY_MEMORY:
    case FAMILY_ATOMIC:
    case FAMILY_IO:
        decode_request_dw(load_dw(bytes + 4), header);
        decode_address(bytes, header);
        break;
    case FAMILY_CONFIG:
        decode_request_dw(load_dw(bytes + 4), header);
        header->target = (uint16_t)get(load_dw(bytes + 8), f_target);
        header->register_dw = (uint16_t)get(load_dw(bytes + 8), f_register);
        break;
    case FAMILY_MESSAGE:
        decode_message(bytes, header);
        break;
    case FAMILY_COMPLETION:
        decode_completion(bytes, header);
        break;
    case FAMILIES:
        CHECK(false);
    }
}

/* The size that the first dword announces against the size that came (2.3). */
static enum tlp_defect size_defect(const struct tlp_header *header, size_t n_bytes)
{
    const size_t expected = tlp_header_wire_bytes(header);

    if (n_bytes == expected)
        return DEFECT_NONE;
    if (header->has_digest && n_bytes + DW_BYTES == expected)
        return DEFECT_DIGEST_MISSING;
    if (!header->has_digest && n_bytes == expected + DW_BYTES)
        return DEFECT_DIGEST_EXTRA;
    return n_bytes < expected ? DEFECT_SHORT : DEFECT_LONG;
}

enum tlp_defect tlp_header_decode(const uint8_t *bytes, size_t n_bytes,
                                  struct tlp_header *out_header)
{
    if (n_bytes < DW_BYTES)
        return DEFECT_SHORT;
    if ((bytes[0] & FMT_MASK) == FMT_PREFIX)
        return DEFECT_PREFIX;

    struct tlp_header header = {.kind = find_kind(bytes[0])};

    if (header.kind == TLPH_KINDS)
        return DEFECT_TYPE;
    decode_first_dw(load_dw(bytes), &header);

    const enum tlp_defect defect = size_defect(&header, n_bytes);

    if (defect != DEFECT_NONE)
        return defect;
    decode_rest(bytes, &header);
    if (header.has_digest)
        header.digest = load_dw(bytes + n_bytes - DW_BYTES);
    *out_header = header;
    return DEFECT_NONE;
}

static uint32_t encode_first_dw(const struct tlp_header *header)
{
    const struct tlp_header_info *info = info_of(header);
    const unsigned has = family_has[info->family];
    uint32_t first_byte = info->fmt_type;

    if (info->family == FAMILY_MESSAGE) {
        CHECK((header->msg_routing & info->fmt_type_mask) == 0);
        first_byte |= header->msg_routing;
    }

    uint32_t dw = put(f_first_byte, first_byte) | put(f_tc, header->tc) |
                  put(f_t9, (uint32_t)header->tag >> 9) | put(f_t8, header->tag >> 8 & 1) |
                  put(f_ro, header->relaxed_ordering) | put(f_ns, header->no_snoop) |
                  put(f_td, header->has_digest) | put(f_ep, header->poisoned);

    if (has & HAS_IDO)
        dw |= put(f_ido, header->id_ordering);
    if (has & HAS_LN)
        dw |= put(f_ln, header->notify);
    if (has & HAS_TH)
        dw |= put(f_th, header->has_hints);
    if (has & HAS_AT)
        dw |= put(f_at, header->address_type);
    if (has_length(info)) {
        CHECK(header->length_dw >= 1 && header->length_dw <= TLP_PAYLOAD_MAX_DW);
        dw |= put(f_length, header->length_dw % TLP_PAYLOAD_MAX_DW);
    }
    return dw;
}

static uint32_t encode_request_dw(const struct tlp_header *header)
{
    const uint32_t tag = tag_is_steering(header) ? header->steering_tag : header->tag & 0xff;
    const uint32_t enables = enables_are_steering(header) ? put(f_low_byte, header->steering_tag)
                                                          : put(f_last_be, header->last_be) |
                                                                put(f_first_be, header->first_be);

    return put(f_requester, header->requester) | put(f_tag, tag) | enables;
}

static void encode_address(const struct tlp_header *header, uint8_t *out_bytes)
{
    const uint32_t low =
        (uint32_t)header->address | put(f_hint, header->has_hints ? header->hint : 0);
    const uint32_t high = (uint32_t)(header->address >> 32);

    CHECK(header->address % DW_BYTES == 0);
    if (info_of(header)->header_dw == 4) {
        store_dw(out_bytes + 8, high);
        store_dw(out_bytes + 12, low);
    } else {
        CHECK(high == 0);
        store_dw(out_bytes + 8, low);
    }
}

static void encode_message(const struct tlp_header *header, uint8_t *out_bytes)
{
    store_dw(out_bytes + 4, put(f_requester, header->requester) | put(f_tag, header->tag & 0xff) |
                                put(f_low_byte, header->msg_code));
    if (header->msg_routing == MSG_BY_ADDRESS) {
        encode_address(header, out_bytes);
        return;
    }

    uint32_t dw2 = (uint32_t)(header->msg_bits >> 32);

    if (header->msg_routing == MSG_BY_ID) {
        CHECK(get(dw2, f_target) == 0);
        dw2 |= put(f_target, header->target);
    }
    store_dw(out_bytes + 8, dw2);
    store_dw(out_bytes + 12, (uint32_t)header->msg_bits);
}

static void encode_completion(const struct tlp_header *header, uint8_t *out_bytes)
{
    CHECK(header->byte_count >= 1 && header->byte_count <= PAGE_BYTES);
    store_dw(out_bytes + 4, put(f_completer, header->completer) | put(f_status, header->status) |
                                put(f_bcm, header->bcm) |
                                put(f_byte_count, header->byte_count % PAGE_BYTES));
    store_dw(out_bytes + 8, put(f_requester, header->requester) | put(f_tag, header->tag & 0xff) |
                                put(f_lower_address, header->lower_address));
}

size_t tlp_header_encode(const struct tlp_header *header, const uint8_t *payload,
                         uint8_t *out_bytes)
{
    const size_t header_bytes = tlp_header_bytes(header);
    const size_t payload_bytes = tlp_header_payload_bytes(header);

    store_dw(out_bytes, encode_first_dw(header));
    switch (info_of(header)->family) {
    case FAMILY_MEMORY:
    case FAMILY_ATOMIC:
    case FAMILY_IO:
        store_dw(out_bytes + 4, encode_request_dw(header));
        encode_address(header, out_bytes);
        break;
    case FAMILY_CONFIG:
        store_dw(out_bytes + 4, encode_request_dw(header));
        store_dw(out_bytes + 8,
                 put(f_target, header->target) | put(f_register, header->register_dw));
        break;
    case FAMILY_MESSAGE:
        encode_message(header, out_bytes);
        break;
    case FAMILY_COMPLETION:
        encode_completion(header, out_bytes);
        break;
    case FAMILIES:
        CHECK(false);
    }
    CHECK(payload != NULL || payload_bytes == 0);
    if (payload_bytes > 0)
        memcpy(out_bytes + header_bytes, payload, payload_bytes);
    if (header->has_digest)
        store_dw(out_bytes + header_bytes + payload_bytes, header->digest);
    return tlp_header_wire_bytes(header);
}

const char *tlp_defect_text(enum tlp_defect defect)
{
    static const char *const texts[DEFECTS] = {
        [DEFECT_NONE] = "well-formed",
        [DEFECT_PREFIX] = "begins with a TLP prefix, which is not supported",
        [DEFECT_TYPE] = "reserved Fmt and Type",
        [DEFECT_SHORT] = "shorter than its header says",
        [DEFECT_LONG] = "longer than its header says",
        [DEFECT_DIGEST_MISSING] = "TD is set but there is no digest",
        [DEFECT_DIGEST_EXTRA] = "a digest follows but TD is clear",
        [DEFECT_MPS] = "payload exceeds Max_Payload_Size",
        [DEFECT_PAGE] = "crosses a 4 KiB boundary",
        [DEFECT_BELOW_4GIB] = "64-bit format for an address below 4 GiB",
        [DEFECT_FIRST_BE] = "no byte of the first dword is enabled",
        [DEFECT_LAST_BE] = "last byte enables do not agree with the length",
        [DEFECT_BE_GAP] = "enabled bytes are not contiguous",
        [DEFECT_ONE_DW] = "an I/O or configuration request is longer than one dword",
        [DEFECT_TC] = "traffic class is not 0",
        [DEFECT_ATTR] = "an I/O or configuration request has attributes",
        [DEFECT_ATOMIC_LENGTH] = "no such operand size of an AtomicOp",
        [DEFECT_ATOMIC_ALIGNMENT] = "AtomicOp is not aligned to its operand",
        [DEFECT_CPL_STATUS] = "completion with data but without success",
        [DEFECT_CPL_BYTE_COUNT] = "completion carries more dwords than its byte count needs",
        [DEFECT_CPL_RCB] = "completion ends between two read completion boundaries",
        [DEFECT_MSG_ROUTING] = "the message code does not go with the routing",
        [DEFECT_MSG_DATA] = "the message code does not go with the data",
    };

    CHECK((unsigned)defect < DEFECTS);
    return texts[defect];
}
