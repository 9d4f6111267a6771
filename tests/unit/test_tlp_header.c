/* The TLP codec against vectors of an independent one, hand-made bytes, and itself.
 * Not pinned: the value of a digest (carried, neither made nor verified). */
#include "pcie/tlp.h"
#include "pcie/tlp_header.h"
#include "splitmix.h"

#include <CUnit/CUnit.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void suite_tlp_header(void);

static bool same_header(const struct tlp_header *a, const struct tlp_header *b)
{
    return a->kind == b->kind && a->tc == b->tc && a->relaxed_ordering == b->relaxed_ordering &&
           a->no_snoop == b->no_snoop && a->id_ordering == b->id_ordering &&
           a->notify == b->notify && a->has_hints == b->has_hints &&
           a->has_digest == b->has_digest && a->poisoned == b->poisoned &&
           a->address_type == b->address_type && a->length_dw == b->length_dw &&
           a->requester == b->requester && a->tag == b->tag && a->digest == b->digest &&
           a->first_be == b->first_be && a->last_be == b->last_be && a->address == b->address &&
           a->hint == b->hint && a->steering_tag == b->steering_tag && a->target == b->target &&
           a->register_dw == b->register_dw && a->completer == b->completer &&
           a->status == b->status && a->bcm == b->bcm && a->byte_count == b->byte_count &&
           a->lower_address == b->lower_address && a->msg_routing == b->msg_routing &&
           a->msg_code == b->msg_code && a->msg_bits == b->msg_bits;
}

/* ---- vectors ---- */

static const struct {
    const char *name;
    enum tlp_header_kind kind;
} vector_types[] = {
    {"MEM_READ", TLPH_MRD_32},
    {"MEM_READ_64", TLPH_MRD_64},
    {"MEM_WRITE", TLPH_MWR_32},
    {"MEM_WRITE_64", TLPH_MWR_64},
    {"IO_READ", TLPH_IORD},
    {"IO_WRITE", TLPH_IOWR},
    {"CFG_READ_0", TLPH_CFGRD_0},
    {"CFG_WRITE_0", TLPH_CFGWR_0},
    {"CFG_READ_1", TLPH_CFGRD_1},
    {"CFG_WRITE_1", TLPH_CFGWR_1},
    {"CPL", TLPH_CPL},
    {"CPL_DATA", TLPH_CPLD},
    {"FETCH_ADD", TLPH_FETCHADD_32},
    {"FETCH_ADD_64", TLPH_FETCHADD_64},
    {"SWAP", TLPH_SWAP_32},
    {"SWAP_64", TLPH_SWAP_64},
    {"CAS", TLPH_CAS_32},
    {"CAS_64", TLPH_CAS_64},
};
enum { VECTOR_TYPES = sizeof vector_types / sizeof vector_types[0] };

static enum tlp_header_kind kind_of(const char *name)
{
    for (unsigned i = 0; i < VECTOR_TYPES; i++)
        if (strcmp(vector_types[i].name, name) == 0)
            return vector_types[i].kind;
    return TLPH_KINDS;
}

static size_t unhex(const char *hex, uint8_t *out_bytes)
{
    size_t n = 0;

    for (; hex[2 * n] != ' ' && hex[2 * n] != '\0'; n++) {
        const char digits[] = {hex[2 * n], hex[2 * n + 1], '\0'};

        out_bytes[n] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return n;
}

/* "bb:dd.f" in hexadecimal */
static uint16_t id_of(const json_t *fields, const char *key)
{
    const char *text = json_string_value(json_object_get(fields, key));

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    char *at = NULL;
    const unsigned long bus = strtoul(text, &at, 16);

    CU_ASSERT_EQUAL_FATAL(*at, ':');
    const unsigned long device = strtoul(at + 1, &at, 16);

    CU_ASSERT_EQUAL_FATAL(*at, '.');
    const unsigned long function = strtoul(at + 1, &at, 16);

    CU_ASSERT_EQUAL_FATAL(*at, '\0');
    return (uint16_t)(bus << 8 | device << 3 | function);
}

/* Fields that a line does not have stay as they are: 0. */
#define TAKE(out, fields, key)                                                                     \
    do {                                                                                           \
        if (json_object_get(fields, key))                                                          \
            (out) = (__typeof__(out))json_integer_value(json_object_get(fields, key));             \
    } while (0)

static uint8_t status_of(const char *name)
{
    static const struct {
        const char *name;
        uint8_t status;
    } statuses[] = {{"SC", TLP_SC}, {"UR", TLP_UR}, {"CRS", TLP_CRS}, {"CA", TLP_CA}};

    for (unsigned i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (strcmp(statuses[i].name, name) == 0)
            return statuses[i].status;
    CU_FAIL("unknown status");
    return 0xff;
}

static struct tlp_header header_of(const json_t *fields)
{
    struct tlp_header header = {.kind = kind_of(json_string_value(json_object_get(fields, "type"))),
                                .requester = id_of(fields, "requester")};
    unsigned attr = 0;

    CU_ASSERT_NOT_EQUAL_FATAL(header.kind, TLPH_KINDS);
    TAKE(attr, fields, "attr");
    header.id_ordering = attr & 4;
    header.relaxed_ordering = attr & 2;
    header.no_snoop = attr & 1;
    header.poisoned = json_integer_value(json_object_get(fields, "ep")) != 0;
    header.has_digest = json_integer_value(json_object_get(fields, "td")) != 0;
    TAKE(header.tc, fields, "tc");
    TAKE(header.tag, fields, "tag");
    TAKE(header.length_dw, fields, "length_dw");
    TAKE(header.first_be, fields, "first_be");
    TAKE(header.last_be, fields, "last_be");
    TAKE(header.register_dw, fields, "register");
    TAKE(header.byte_count, fields, "byte_count");
    TAKE(header.lower_address, fields, "lower_address");
    if (json_object_get(fields, "address"))
        header.address = strtoull(json_string_value(json_object_get(fields, "address")), NULL, 16);
    if (json_object_get(fields, "status"))
        header.status = status_of(json_string_value(json_object_get(fields, "status")));
    if (tlp_header_kinds[header.kind].family == FAMILY_CONFIG)
        header.target = id_of(fields, "completer");
    else if (json_object_get(fields, "completer"))
        header.completer = id_of(fields, "completer");
    return header;
}

static void expect_vector(const char *line, bool has_register)
{
    static uint8_t bytes[TLP_WIRE_MAX_BYTES], again[TLP_WIRE_MAX_BYTES];
    const size_t n_bytes = unhex(line, bytes);
    json_t *fields = json_loads(line + 2 * n_bytes, 0, NULL);
    struct tlp_header decoded;

    CU_ASSERT_PTR_NOT_NULL_FATAL(fields);
    struct tlp_header expected = header_of(fields);
    if (!has_register)
        expected.register_dw = 0;

    CU_ASSERT_EQUAL_FATAL(tlp_header_decode(bytes, n_bytes, &decoded), DEFECT_NONE);
    CU_ASSERT_TRUE(same_header(&decoded, &expected));
    CU_ASSERT_EQUAL(tlp_header_encode(&expected, bytes + tlp_header_bytes(&expected), again),
                    n_bytes);
    CU_ASSERT_EQUAL(memcmp(bytes, again, n_bytes), 0);
    json_decref(fields);
}

static void expect_file(const char *path, unsigned lines, bool has_register)
{
    FILE *file = fopen(path, "r");
    static char line[4 * TLP_WIRE_MAX_BYTES];
    unsigned count = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    for (; fgets(line, sizeof line, file); count++)
        expect_vector(line, has_register);
    CU_ASSERT_EQUAL(count, lines);
    fclose(file);
}

/* The bytes of vectors.txt carry register 0 whatever its fields say; config_registers.txt has the
 * same requests with their registers. */
static void vectors_decode_and_encode(void)
{
    expect_file("tests/data/tlp/vectors.txt", 200, false);
    expect_file("tests/data/tlp/config_registers.txt", 48, true);
}

/* ---- hand-made bytes for what the vectors do not have ---- */

static void known_bytes(void)
{
    static const struct {
        const char *name;
        const char *hex;
        struct tlp_header header;
    } cases[] = {
        {"Assert_INTB",
         "34000000010000210000000000000000",
         {.kind = TLPH_MSG, .requester = 0x0100, .msg_routing = MSG_LOCAL, .msg_code = 0x21}},
        {"ERR_FATAL",
         "30000000048000330000000000000000",
         {.kind = TLPH_MSG, .requester = 0x0480, .msg_routing = MSG_TO_ROOT, .msg_code = 0x33}},
        {"Set_Slot_Power_Limit",
         "74000001000000500000000000000000"
         "19000000",
         {.kind = TLPH_MSGD, .length_dw = 1, .msg_routing = MSG_LOCAL, .msg_code = 0x50}},
        {"vendor-defined, by ID, data",
         "72100001050012 7e 0308abcd 12345678"
         "00000000",
         {.kind = TLPH_MSGD,
          .tc = 1,
          .length_dw = 1,
          .requester = 0x0500,
          .tag = 0x12,
          .msg_routing = MSG_BY_ID,
          .msg_code = 0x7e,
          .target = 0x0308,
          .msg_bits = 0xabcd12345678}},
        {"message by address",
         "31000000 0500ff7f 00000001 fee00004",
         {.kind = TLPH_MSG,
          .requester = 0x0500,
          .tag = 0xff,
          .msg_routing = MSG_BY_ADDRESS,
          .msg_code = 0x7f,
          .address = 0x1fee00004}},
        {"translation request with digest",
         "00008401 0100010f fee01000 c0ffee11",
         {.kind = TLPH_MRD_32,
          .has_digest = true,
          .digest = 0xc0ffee11,
          .address_type = 1,
          .length_dw = 1,
          .requester = 0x0100,
          .tag = 1,
          .first_be = 0xf,
          .address = 0xfee01000}},
        {"read with hints: the enables' place holds the steering tag",
         "20010002 0100075a 00000002 80000003",
         {.kind = TLPH_MRD_64,
          .has_hints = true,
          .length_dw = 2,
          .requester = 0x0100,
          .tag = 7,
          .first_be = 0xf,
          .last_be = 0xf,
          .address = 0x280000000,
          .hint = 3,
          .steering_tag = 0x5a}},
        {"write with hints and notification: the tag's place does",
         "40030001 01005a0c 80000002 11223344",
         {.kind = TLPH_MWR_32,
          .notify = true,
          .has_hints = true,
          .length_dw = 1,
          .requester = 0x0100,
          .first_be = 0xc,
          .address = 0x80000000,
          .hint = 2,
          .steering_tag = 0x5a}},
        {"completer abort",
         "0a000000 01008004 02001200",
         {.kind = TLPH_CPL,
          .requester = 0x0200,
          .tag = 0x12,
          .completer = 0x0100,
          .status = TLP_CA,
          .byte_count = 4}},
        {"locked completion, byte count modified, of 4096 bytes",
         "4b000001 01001000 02001240 00000000",
         {.kind = TLPH_CPLDLK,
          .length_dw = 1,
          .requester = 0x0200,
          .tag = 0x12,
          .completer = 0x0100,
          .bcm = true,
          .byte_count = 4096,
          .lower_address = 0x40}},
        {"locked read of 1024 dwords",
         "01000000 010000ff 80000000",
         {.kind = TLPH_MRDLK_32,
          .length_dw = 1024,
          .requester = 0x0100,
          .first_be = 0xf,
          .last_be = 0xf,
          .address = 0x80000000}},
    };

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char hex[2 * TLP_HEADER_MAX_BYTES + 17] = "";
        uint8_t bytes[sizeof hex / 2], again[sizeof hex / 2];
        size_t n_hex = 0;
        struct tlp_header decoded;

        for (const char *c = cases[i].hex; *c != '\0'; c++)
            if (*c != ' ')
                hex[n_hex++] = *c;
        const size_t n_bytes = unhex(hex, bytes);

        CU_ASSERT_EQUAL_FATAL(tlp_header_decode(bytes, n_bytes, &decoded), DEFECT_NONE);
        CU_ASSERT_TRUE(same_header(&decoded, &cases[i].header));
        CU_ASSERT_EQUAL(
            tlp_header_encode(&cases[i].header, bytes + tlp_header_bytes(&decoded), again),
            n_bytes);
        CU_ASSERT_EQUAL(memcmp(bytes, again, n_bytes), 0);
    }
}

/* ---- the table ---- */

static void the_table_agrees_with_fmt(void)
{
    for (unsigned kind = 0; kind < TLPH_KINDS; kind++) {
        const struct tlp_header_info *info = &tlp_header_kinds[kind];
        const unsigned fmt = info->fmt_type >> 5;

        CU_ASSERT_PTR_NOT_NULL(info->name);
        CU_ASSERT_EQUAL(info->header_dw, fmt & 1 ? 4 : 3);
        CU_ASSERT_EQUAL(info->has_data, (fmt & 2) != 0);
        CU_ASSERT_EQUAL(info->fmt_type & ~info->fmt_type_mask, 0);
        CU_ASSERT_EQUAL(info->class == CLASS_COMPLETION, info->family == FAMILY_COMPLETION);
        CU_ASSERT_EQUAL(info->class == CLASS_POSTED,
                        info->family == FAMILY_MESSAGE ||
                            (info->family == FAMILY_MEMORY && info->has_data));
    }
}

/* Every first byte: those of table 2-3, listed here again, prefixes, and nothing else. */
static void first_bytes_are_known_or_refused(void)
{
    static const uint8_t known[] = {
        0x00, 0x20, 0x01, 0x21, 0x40, 0x60, 0x02, 0x42, 0x04, 0x44, 0x05, 0x45, 0x30,
        0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x70, 0x71, 0x72, 0x73, 0x74, 0x75,
        0x76, 0x77, 0x0a, 0x4a, 0x0b, 0x4b, 0x4c, 0x6c, 0x4d, 0x6d, 0x4e, 0x6e,
    };

    for (unsigned first = 0; first <= UINT8_MAX; first++) {
        const uint8_t bytes[TLP_HEADER_MAX_BYTES + 4] = {(uint8_t)first, 0, 0, 1};
        const size_t n_bytes = (first & 0x20 ? 16U : 12U) + (first & 0x40 ? 4U : 0U);
        struct tlp_header header;
        const enum tlp_defect expected = memchr(known, (int)first, sizeof known) ? DEFECT_NONE
                                         : first >> 5 == 4                       ? DEFECT_PREFIX
                                                                                 : DEFECT_TYPE;

        CU_ASSERT_EQUAL(tlp_header_decode(bytes, n_bytes, &header), expected);
    }
}

/* ---- round trips ---- */

/* Any header that encode accepts and decode gives back: fields of other kinds are 0. */
static struct tlp_header random_header(uint64_t *state, enum tlp_header_kind kind)
{
    const struct tlp_header_info *info = &tlp_header_kinds[kind];
    const enum tlp_family family = info->family;
    const bool request = family != FAMILY_COMPLETION && family != FAMILY_MESSAGE;
    const bool by_address =
        family == FAMILY_MEMORY || family == FAMILY_ATOMIC || family == FAMILY_IO;
    struct tlp_header h = {.kind = kind,
                           .tc = splitmix(state) & 7,
                           .relaxed_ordering = splitmix(state) & 1,
                           .no_snoop = splitmix(state) & 1,
                           .has_digest = splitmix(state) & 1,
                           .poisoned = splitmix(state) & 1,
                           .requester = (uint16_t)splitmix(state),
                           .tag = splitmix(state) & 0x3ff};

    if (info->has_data || request)
        h.length_dw = (uint16_t)(1 + splitmix_below(state, splitmix(state) & 1 ? 8 : 1024));
    if (h.has_digest)
        h.digest = (uint32_t)splitmix(state);
    if (family != FAMILY_IO && family != FAMILY_CONFIG)
        h.id_ordering = splitmix(state) & 1;
    if (family == FAMILY_MEMORY || family == FAMILY_COMPLETION)
        h.notify = splitmix(state) & 1;
    if (family == FAMILY_MEMORY || family == FAMILY_ATOMIC) {
        h.has_hints = splitmix(state) & 1;
        h.address_type = splitmix(state) & 3;
    }
    if (request) {
        h.first_be = splitmix(state) & 0xf;
        h.last_be = splitmix(state) & 0xf;
    }
    if (by_address)
        h.address =
            (info->header_dw == 4 ? splitmix(state) : (uint32_t)splitmix(state)) & ~UINT64_C(3);
    if (h.has_hints) {
        h.hint = splitmix(state) & 3;
        h.steering_tag = (uint8_t)splitmix(state);
        if (info->class == CLASS_POSTED) {
            h.tag &= 0x300;
        } else {
            h.first_be = 0xf;
            h.last_be = h.length_dw > 1 ? 0xf : 0;
        }
    }
    if (family == FAMILY_CONFIG) {
        h.target = (uint16_t)splitmix(state);
        h.register_dw = splitmix(state) & 0x3ff;
    }
    if (family == FAMILY_COMPLETION) {
        h.completer = (uint16_t)splitmix(state);
        h.status = splitmix(state) & 7;
        h.bcm = splitmix(state) & 1;
        h.byte_count = (uint16_t)(1 + splitmix_below(state, 4096));
        h.lower_address = splitmix(state) & 0x7f;
    }
    if (family == FAMILY_MESSAGE) {
        h.msg_routing = splitmix(state) & 7;
        h.msg_code = (uint8_t)splitmix(state);
        if (h.msg_routing == MSG_BY_ADDRESS)
            h.address = splitmix(state) & ~UINT64_C(3);
        else if (h.msg_routing == MSG_BY_ID)
            h.target = (uint16_t)splitmix(state);
        if (h.msg_routing != MSG_BY_ADDRESS)
            h.msg_bits = splitmix(state) >> (h.msg_routing == MSG_BY_ID ? 16 : 0);
    }
    return h;
}

static void random_headers_survive(void)
{
    static uint8_t payload[4 * TLP_PAYLOAD_MAX_DW], bytes[TLP_WIRE_MAX_BYTES];
    uint64_t state = 7;

    for (unsigned i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)splitmix(&state);
    for (unsigned round = 0; round < 100000; round++) {
        const struct tlp_header header =
            random_header(&state, (enum tlp_header_kind)(round % TLPH_KINDS));
        const size_t n_bytes = tlp_header_encode(&header, payload, bytes);
        struct tlp_header decoded;

        CU_ASSERT_EQUAL_FATAL(n_bytes, tlp_header_wire_bytes(&header));
        CU_ASSERT_EQUAL_FATAL(tlp_header_decode(bytes, n_bytes, &decoded), DEFECT_NONE);
        CU_ASSERT_TRUE_FATAL(same_header(&decoded, &header));
        CU_ASSERT_EQUAL_FATAL(
            memcmp(bytes + tlp_header_bytes(&decoded), payload, tlp_header_payload_bytes(&decoded)),
            0);
    }
}

/* Reserved bits of each kind, set: nothing changes. */
static void reserved_bits_do_not_matter(void)
{
    static const struct {
        enum tlp_header_kind kind;
        uint32_t reserved[4]; /* by dword */
    } cases[] = {
        {TLPH_MRD_32, {0, 0, 3, 0}},
        {TLPH_MWR_64, {0, 0, 0, 3}},
        {TLPH_FETCHADD_64, {0x20000, 0, 0, 3}},
        {TLPH_IORD, {0x70c00, 0, 3, 0}},
        {TLPH_CFGWR_1, {0x70c00, 0, 0xf003, 0}},
        {TLPH_MSG, {0x30fff, 0, 0, 0}},
        {TLPH_CPL, {0x10fff, 0, 0x80, 0}},
        {TLPH_CPLD, {0x10c00, 0, 0x80, 0}},
    };
    uint64_t state = 8;

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (unsigned round = 0; round < 100; round++) {
            static uint8_t bytes[TLP_WIRE_MAX_BYTES], payload[4 * TLP_PAYLOAD_MAX_DW];
            struct tlp_header header = random_header(&state, cases[i].kind), decoded;

            if (header.has_hints) /* then the low address bits are the hint */
                continue;
            const size_t n_bytes = tlp_header_encode(&header, payload, bytes);

            for (unsigned byte = 0; byte < tlp_header_bytes(&header); byte++)
                bytes[byte] |= (uint8_t)(cases[i].reserved[byte / 4] >> (24 - 8 * (byte % 4)));
            CU_ASSERT_EQUAL(tlp_header_decode(bytes, n_bytes, &decoded), DEFECT_NONE);
            CU_ASSERT_TRUE(same_header(&decoded, &header));
        }
}

/* ---- wrong sizes ---- */

/* From the end of its own block, so that a sanitizer sees a read past the end. */
static enum tlp_defect decode_block(const uint8_t *bytes, size_t n_bytes)
{
    const struct tlp_header before = {.kind = TLPH_CAS_64, .digest = 0x12345678};
    struct tlp_header header = before;
    uint8_t *block = malloc(n_bytes + 1);

    CU_ASSERT_PTR_NOT_NULL_FATAL(block);
    memcpy(block + 1, bytes, n_bytes);
    const enum tlp_defect defect = tlp_header_decode(block + 1, n_bytes, &header);

    if (defect != DEFECT_NONE)
        CU_ASSERT_TRUE(same_header(&header, &before));
    free(block);
    return defect;
}

static void wrong_sizes_are_refused(void)
{
    static uint8_t bytes[TLP_WIRE_MAX_BYTES + 16], payload[4 * TLP_PAYLOAD_MAX_DW];
    uint64_t state = 9;

    for (unsigned round = 0; round < 4 * TLPH_KINDS; round++) {
        struct tlp_header header =
            random_header(&state, (enum tlp_header_kind)(round % TLPH_KINDS));

        if (header.length_dw > 16)
            header.length_dw = 1 + header.length_dw % 16;
        const size_t n_bytes = tlp_header_encode(&header, payload, bytes);

        for (size_t n = 0; n <= n_bytes + 8; n++) {
            const enum tlp_defect expected =
                n == n_bytes                             ? DEFECT_NONE
                : header.has_digest && n + 4 == n_bytes  ? DEFECT_DIGEST_MISSING
                : !header.has_digest && n == n_bytes + 4 ? DEFECT_DIGEST_EXTRA
                : n < n_bytes                            ? DEFECT_SHORT
                                                         : DEFECT_LONG;

            CU_ASSERT_EQUAL(decode_block(bytes, n), expected);
        }
    }
}

static void largest_tlp_fits(void)
{
    static uint8_t bytes[TLP_WIRE_MAX_BYTES], payload[4 * TLP_PAYLOAD_MAX_DW];
    const struct tlp_header header = {.kind = TLPH_MWR_64, .has_digest = true, .length_dw = 1024};

    CU_ASSERT_EQUAL(tlp_header_encode(&header, payload, bytes), TLP_WIRE_MAX_BYTES);
    CU_ASSERT_EQUAL(decode_block(bytes, TLP_WIRE_MAX_BYTES), DEFECT_NONE);
    CU_ASSERT_EQUAL(decode_block(bytes, TLP_WIRE_MAX_BYTES - 8), DEFECT_SHORT);
}

static void defects_have_texts(void)
{
    for (unsigned a = 0; a < DEFECTS; a++) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(tlp_defect_text((enum tlp_defect)a));
        for (unsigned b = 0; b < a; b++)
            CU_ASSERT_STRING_NOT_EQUAL(tlp_defect_text((enum tlp_defect)a),
                                       tlp_defect_text((enum tlp_defect)b));
    }
}

void suite_tlp_header(void)
{
    CU_pSuite suite = CU_add_suite("tlp_header", NULL, NULL);

    CU_add_test(suite, "the table agrees with Fmt", the_table_agrees_with_fmt);
    CU_add_test(suite, "first bytes are known or refused", first_bytes_are_known_or_refused);
    CU_add_test(suite, "vectors decode and encode", vectors_decode_and_encode);
    CU_add_test(suite, "known bytes", known_bytes);
    CU_add_test(suite, "random headers survive", random_headers_survive);
    CU_add_test(suite, "reserved bits do not matter", reserved_bits_do_not_matter);
    CU_add_test(suite, "wrong sizes are refused", wrong_sizes_are_refused);
    CU_add_test(suite, "the largest TLP fits", largest_tlp_fits);
    CU_add_test(suite, "defects have texts", defects_have_texts);
}
