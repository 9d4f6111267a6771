/* The rules for malformed TLPs: one case or more for each, byte enables against all patterns, and
 * that what the project itself splits is well-formed. Not pinned: which of several broken rules is
 * named. */
#include "pcie/split.h"
#include "pcie/tlp.h"
#include "pcie/tlp_check.h"
#include "splitmix.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void suite_tlp_check(void);

static const struct tlp_limits limits_256_64 = {.mps_bytes = 256, .rcb_bytes = 64};

/* Headers of requests, messages and completions with what the rules look at. */
#define REQUEST(k, n, at, first, last)                                                             \
    {                                                                                              \
        .kind = (k), .length_dw = (n), .address = (at), .first_be = (first), .last_be = (last)     \
    }
#define ATOMIC(k, n, at)                                                                           \
    {                                                                                              \
        .kind = (k), .length_dw = (n), .address = (at)                                             \
    }
#define COMPLETION(n, low, count)                                                                  \
    {                                                                                              \
        .kind = TLPH_CPLD, .length_dw = (n), .lower_address = (low), .byte_count = (count)         \
    }
#define MESSAGE(code, route)                                                                       \
    {                                                                                              \
        .kind = TLPH_MSG, .msg_code = (code), .msg_routing = (route)                               \
    }
#define MESSAGE_TC(code, route, class)                                                             \
    {                                                                                              \
        .kind = TLPH_MSG, .msg_code = (code), .msg_routing = (route), .tc = (class)                \
    }
#define MESSAGE_DATA(code, route, n)                                                               \
    {                                                                                              \
        .kind = TLPH_MSGD, .msg_code = (code), .msg_routing = (route), .length_dw = (n)            \
    }

static const struct {
    const char *name;
    struct tlp_header header;
    enum tlp_defect defect;
} cases[] = {
    /* Payload size: 64 dwords are 256 bytes. A read may ask for more. */
    {"write of MPS", REQUEST(TLPH_MWR_32, 64, 0, 0xf, 0xf), DEFECT_NONE},
    {"write over MPS", REQUEST(TLPH_MWR_32, 65, 0, 0xf, 0xf), DEFECT_MPS},
    {"read of a page", REQUEST(TLPH_MRD_32, 1024, 0, 0xf, 0xf), DEFECT_NONE},
    {"completion over MPS", COMPLETION(65, 0, 260), DEFECT_MPS},
    {"message over MPS", MESSAGE_DATA(0x7e, MSG_BROADCAST, 65), DEFECT_MPS},

    /* 4 KiB. */
    {"to the end of a page", REQUEST(TLPH_MWR_32, 2, 0x1ff8, 0xf, 0xf), DEFECT_NONE},
    {"over the end of a page", REQUEST(TLPH_MWR_32, 2, 0x1ffc, 0xf, 0x1), DEFECT_PAGE},
    {"read over the end of a page", REQUEST(TLPH_MRD_32, 1024, 4, 0xf, 0xf), DEFECT_PAGE},
    {"locked read over it", REQUEST(TLPH_MRDLK_32, 3, 0xff8, 0xf, 0xf), DEFECT_PAGE},
    {"over the end of memory", REQUEST(TLPH_MRD_64, 2, UINT64_MAX - 3, 0xf, 0xf), DEFECT_PAGE},

    /* Formats. */
    {"first address of 4DW", REQUEST(TLPH_MRD_64, 1, 0x100000000, 0xf, 0), DEFECT_NONE},
    {"4DW below 4 GiB", REQUEST(TLPH_MRD_64, 1, 0xfffffffc, 0xf, 0), DEFECT_BELOW_4GIB},
    {"atomic 4DW below 4 GiB", ATOMIC(TLPH_SWAP_64, 1, 0x1000), DEFECT_BELOW_4GIB},

    /* Byte enables; all patterns are below. */
    {"one dword, no byte", REQUEST(TLPH_MRD_32, 1, 0, 0, 0), DEFECT_NONE},
    {"one dword, last enables", REQUEST(TLPH_MWR_32, 1, 0, 0xf, 1), DEFECT_LAST_BE},
    {"two dwords, no first", REQUEST(TLPH_MWR_32, 2, 0, 0, 0xf), DEFECT_FIRST_BE},
    {"two dwords, no last", REQUEST(TLPH_MWR_32, 2, 0, 0xf, 0), DEFECT_LAST_BE},
    {"aligned quadword with gaps", REQUEST(TLPH_MWR_32, 2, 8, 0x5, 0xa), DEFECT_NONE},
    {"other two dwords with gaps", REQUEST(TLPH_MWR_32, 2, 4, 0x5, 0xa), DEFECT_BE_GAP},
    {"gap behind the first", REQUEST(TLPH_MWR_32, 3, 0, 0x7, 0xf), DEFECT_BE_GAP},
    {"gap before the last", REQUEST(TLPH_MWR_32, 3, 0, 0xf, 0xe), DEFECT_BE_GAP},

    /* I/O and configuration. */
    {"I/O read", REQUEST(TLPH_IORD, 1, 0xcf8, 0x5, 0), DEFECT_NONE},
    {"I/O of two dwords", REQUEST(TLPH_IOWR, 2, 0xcf8, 0xf, 0), DEFECT_ONE_DW},
    {"I/O with last enables", REQUEST(TLPH_IORD, 1, 0xcf8, 0xf, 0xf), DEFECT_LAST_BE},
    {"I/O with TC", {.kind = TLPH_IORD, .length_dw = 1, .tc = 1}, DEFECT_TC},
    {"I/O relaxed", {.kind = TLPH_IOWR, .length_dw = 1, .relaxed_ordering = true}, DEFECT_ATTR},
    {"configuration write", REQUEST(TLPH_CFGWR_0, 1, 0, 0x3, 0), DEFECT_NONE},
    {"of two dwords", REQUEST(TLPH_CFGRD_1, 2, 0, 0xf, 0), DEFECT_ONE_DW},
    {"with last enables", REQUEST(TLPH_CFGRD_0, 1, 0, 0xf, 1), DEFECT_LAST_BE},
    {"with TC", {.kind = TLPH_CFGWR_1, .length_dw = 1, .tc = 7}, DEFECT_TC},
    {"no snoop", {.kind = TLPH_CFGRD_0, .length_dw = 1, .no_snoop = true}, DEFECT_ATTR},

    /* Atomic operations; all lengths are below. */
    {"FetchAdd of 32 bits", ATOMIC(TLPH_FETCHADD_32, 1, 0x1004), DEFECT_NONE},
    {"FetchAdd of 96 bits", ATOMIC(TLPH_FETCHADD_32, 3, 0x1000), DEFECT_ATOMIC_LENGTH},
    {"Swap of 128 bits", ATOMIC(TLPH_SWAP_64, 4, 0x100001000), DEFECT_ATOMIC_LENGTH},
    {"Swap between quadwords", ATOMIC(TLPH_SWAP_32, 2, 0x1004), DEFECT_ATOMIC_ALIGNMENT},
    {"CAS of 128 bits", ATOMIC(TLPH_CAS_64, 8, 0x100001ff0), DEFECT_PAGE},
    {"CAS of one operand", ATOMIC(TLPH_CAS_32, 1, 0x1000), DEFECT_ATOMIC_LENGTH},

    /* Completions. */
    {"the whole read", COMPLETION(64, 0, 256), DEFECT_NONE},
    {"to a boundary, more follow", COMPLETION(8, 0x20, 4096), DEFECT_NONE},
    {"between boundaries, more follow", COMPLETION(7, 0x20, 4096), DEFECT_CPL_RCB},
    {"one byte", COMPLETION(1, 3, 1), DEFECT_NONE},
    {"two bytes over two dwords", COMPLETION(2, 3, 2), DEFECT_NONE},
    {"a dword too many", COMPLETION(2, 0, 4), DEFECT_CPL_BYTE_COUNT},
    {"no byte for the last dword", COMPLETION(3, 3, 5), DEFECT_CPL_BYTE_COUNT},
    {"data without success",
     {.kind = TLPH_CPLD, .length_dw = 1, .byte_count = 4, .status = TLP_UR},
     DEFECT_CPL_STATUS},
    {"modified byte count",
     {.kind = TLPH_CPLD, .length_dw = 4, .byte_count = 4, .bcm = true},
     DEFECT_NONE},
    {"retry", {.kind = TLPH_CPL, .byte_count = 4, .status = TLP_CRS}, DEFECT_NONE},
    {"a reserved status", {.kind = TLPH_CPL, .byte_count = 4, .status = 7}, DEFECT_NONE},

    /* Messages. */
    {"Unlock", MESSAGE(0x00, MSG_BROADCAST), DEFECT_NONE},
    {"Unlock to the root", MESSAGE(0x00, MSG_TO_ROOT), DEFECT_MSG_ROUTING},
    {"Unlock with TC", MESSAGE_TC(0x00, MSG_BROADCAST, 1), DEFECT_TC},
    {"Assert_INTA", MESSAGE(0x20, MSG_LOCAL), DEFECT_NONE},
    {"Deassert_INTD", MESSAGE(0x27, MSG_LOCAL), DEFECT_NONE},
    {"INTx to the root", MESSAGE(0x20, MSG_TO_ROOT), DEFECT_MSG_ROUTING},
    {"INTx with TC", MESSAGE_TC(0x24, MSG_LOCAL, 3), DEFECT_TC},
    {"INTx with data", MESSAGE_DATA(0x20, MSG_LOCAL, 1), DEFECT_MSG_DATA},
    {"PM_PME", MESSAGE(0x18, MSG_TO_ROOT), DEFECT_NONE},
    {"PM_PME, local", MESSAGE(0x18, MSG_LOCAL), DEFECT_MSG_ROUTING},
    {"PME_Turn_Off", MESSAGE(0x19, MSG_BROADCAST), DEFECT_NONE},
    {"PME_TO_Ack", MESSAGE(0x1b, MSG_GATHERED), DEFECT_NONE},
    {"PME_TO_Ack, not gathered", MESSAGE(0x1b, MSG_TO_ROOT), DEFECT_MSG_ROUTING},
    {"ERR_COR", MESSAGE(0x30, MSG_TO_ROOT), DEFECT_NONE},
    {"ERR_FATAL with TC", MESSAGE_TC(0x33, MSG_TO_ROOT, 1), DEFECT_TC},
    {"slot power", MESSAGE_DATA(0x50, MSG_LOCAL, 1), DEFECT_NONE},
    {"slot power without data", MESSAGE(0x50, MSG_LOCAL), DEFECT_MSG_DATA},
    {"slot power of two dwords", MESSAGE_DATA(0x50, MSG_LOCAL, 2), DEFECT_MSG_DATA},
    {"PTM Response", MESSAGE(0x53, MSG_LOCAL), DEFECT_NONE},
    {"PTM ResponseD", MESSAGE_DATA(0x53, MSG_LOCAL, 1), DEFECT_NONE},
    {"Invalidate Request", MESSAGE_DATA(0x01, MSG_BY_ID, 2), DEFECT_NONE},
    {"Page Request with TC", MESSAGE_TC(0x04, MSG_TO_ROOT, 5), DEFECT_NONE},
    {"vendor-defined", MESSAGE(0x7e, MSG_BY_ID), DEFECT_NONE},
    {"vendor-defined with data", MESSAGE_DATA(0x7f, MSG_TO_ROOT, 17), DEFECT_NONE},
    {"vendor-defined, gathered", MESSAGE(0x7e, MSG_GATHERED), DEFECT_MSG_ROUTING},
    {"unknown code", MESSAGE_TC(0x66, MSG_LOCAL, 4), DEFECT_NONE},
    {"reserved routing", MESSAGE(0x20, MSG_RESERVED_7), DEFECT_NONE},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static void each_rule_is_found(void)
{
    bool seen[DEFECTS] = {false};

    for (unsigned i = 0; i < CASES; i++) {
        const enum tlp_defect defect = tlp_check(&cases[i].header, &limits_256_64);

        CU_ASSERT_EQUAL(defect, cases[i].defect);
        if (defect != cases[i].defect)
            fprintf(stderr, "  %s: %s\n", cases[i].name, tlp_defect_text(defect));
        seen[cases[i].defect] = true;
    }
    for (unsigned defect = DEFECT_MPS; defect < DEFECTS; defect++)
        CU_ASSERT_TRUE(seen[defect]);
}

static void zero_limits_leave_rules_out(void)
{
    static const struct tlp_header large = REQUEST(TLPH_MWR_32, 1024, 0, 0xf, 0xf);
    static const struct tlp_header between = COMPLETION(7, 0x20, 4096);
    static const struct tlp_limits none = {0, 0};

    CU_ASSERT_EQUAL(tlp_check(&large, &none), DEFECT_NONE);
    CU_ASSERT_EQUAL(tlp_check(&between, &none), DEFECT_NONE);
}

/* All enables of 1 to 4 dwords at both alignments, against the rule said of single bytes: the
 * enabled bytes of the whole request are one run, or the request lies in one dword or one aligned
 * quadword. */
static void all_byte_enables(void)
{
    for (unsigned n = 1; n <= 4; n++)
        for (unsigned at = 0; at <= 4; at += 4)
            for (unsigned enables = 0; enables <= UINT8_MAX; enables++) {
                const unsigned first = enables & 0xf, last = enables >> 4;
                const struct tlp_header header =
                    REQUEST(TLPH_MWR_32, (uint16_t)n, at, (uint8_t)first, (uint8_t)last);
                unsigned bytes = first, runs = 0;

                for (unsigned dw = 1; dw < n; dw++)
                    bytes |= (dw == n - 1 ? last : 0xfU) << (4 * dw);
                for (unsigned byte = 0; byte < 4 * n; byte++)
                    runs += (bytes >> byte & 1) && (byte == 0 || !(bytes >> (byte - 1) & 1));

                const bool legal = n == 1   ? last == 0
                                   : n == 2 ? first && last && (at % 8 == 0 || runs == 1)
                                            : first && last && runs == 1;

                CU_ASSERT_EQUAL(tlp_check(&header, &limits_256_64) == DEFECT_NONE, legal);
            }
}

static void all_atomic_lengths(void)
{
    static const struct {
        enum tlp_header_kind kind;
        uint16_t lengths_dw[3]; /* 0: no more */
        unsigned operands;
    } kinds[] = {
        {TLPH_FETCHADD_32, {1, 2, 0}, 1},
        {TLPH_SWAP_32, {1, 2, 0}, 1},
        {TLPH_CAS_32, {2, 4, 8}, 2},
    };

    for (unsigned k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        for (uint16_t n = 1; n <= 64; n++)
            for (unsigned at = 0; at < 64; at += 4) {
                const struct tlp_header header = ATOMIC(kinds[k].kind, n, at);
                bool known = false;

                for (unsigned i = 0; i < 3; i++)
                    known |= kinds[k].lengths_dw[i] == n;
                const enum tlp_defect expected = !known ? DEFECT_ATOMIC_LENGTH
                                                 : at % (4U * n / kinds[k].operands) != 0
                                                     ? DEFECT_ATOMIC_ALIGNMENT
                                                     : DEFECT_NONE;

                CU_ASSERT_EQUAL(tlp_check(&header, &limits_256_64), expected);
            }
}

/* Enables of the bytes @from to @to - 1 (0 to 4) of a dword. */
static uint8_t enables(unsigned from, unsigned to)
{
    return (uint8_t)((1U << to) - (1U << from));
}

static struct tlp_header memory_request(enum tlp_header_kind kind, uint64_t at, uint32_t bytes)
{
    const unsigned lead = at % 4, dw = (lead + bytes + 3) / 4;
    const unsigned end = (lead + bytes - 1) % 4 + 1;
    struct tlp_header header = REQUEST(kind, (uint16_t)dw, at - lead, 0, 0);

    header.first_be = enables(lead, dw == 1 ? end : 4);
    header.last_be = dw == 1 ? 0 : enables(0, end);
    return header;
}

/* What split makes is well-formed at the same limits: requests, and every completion of a read. */
static void what_is_split_is_well_formed(void)
{
    uint64_t state = 11;

    for (unsigned round = 0; round < 20000; round++) {
        const struct tlp_limits limits = {.mps_bytes = 128U << splitmix_below(&state, 6),
                                          .rcb_bytes = 64U << splitmix_below(&state, 2)};
        uint64_t at = splitmix(&state) >> 30 | UINT64_C(1) << 32;
        const uint32_t bytes = 1 + splitmix_below(&state, 4096);
        const uint32_t piece = split_request(at, bytes, limits.mps_bytes);
        const struct tlp_header write = memory_request(TLPH_MWR_64, at, piece);

        CU_ASSERT_EQUAL_FATAL(tlp_check(&write, &limits), DEFECT_NONE);

        uint32_t left = split_request(at, bytes, 4096);
        const struct tlp_header read = memory_request(TLPH_MRD_64, at, left);

        CU_ASSERT_EQUAL_FATAL(tlp_check(&read, &limits), DEFECT_NONE);
        while (left > 0) {
            const uint32_t part = split_completion(at, left, limits.mps_bytes, limits.rcb_bytes);
            const struct tlp_header completion = COMPLETION((uint16_t)((at % 4 + part + 3) / 4),
                                                            (uint8_t)(at & 0x7f), (uint16_t)left);

            CU_ASSERT_EQUAL_FATAL(tlp_check(&completion, &limits), DEFECT_NONE);
            at += part;
            left -= part;
        }
    }
}

/* The vectors were made of random addresses: those that run over a page, and no others, are
 * malformed. */
static void vectors_are_well_formed_but_for_pages(void)
{
    static const struct tlp_limits limits = {.mps_bytes = 4096, .rcb_bytes = 0};
    FILE *file = fopen("tests/data/tlp/vectors.txt", "r");
    static char line[4 * TLP_WIRE_MAX_BYTES];
    static uint8_t bytes[TLP_WIRE_MAX_BYTES];
    unsigned malformed = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    while (fgets(line, sizeof line, file)) {
        const size_t n_bytes = strcspn(line, " ") / 2;
        const char *address = strstr(line, "\"address\": \""),
                   *dw = strstr(line, "\"length_dw\": ");
        const bool memory = strstr(line, "\"MEM_") != NULL;
        bool crosses = false;
        struct tlp_header header;

        for (size_t i = 0; i < n_bytes; i++) {
            const char digits[] = {line[2 * i], line[2 * i + 1], '\0'};

            bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
        }
        if (memory && address && dw)
            crosses = strtoull(address + strlen("\"address\": \""), NULL, 16) % 4096 +
                          4 * strtoull(dw + strlen("\"length_dw\": "), NULL, 10) >
                      4096;
        CU_ASSERT_EQUAL_FATAL(tlp_header_decode(bytes, n_bytes, &header), DEFECT_NONE);
        CU_ASSERT_EQUAL(tlp_check(&header, &limits), crosses ? DEFECT_PAGE : DEFECT_NONE);
        malformed += crosses;
    }
    CU_ASSERT_EQUAL(malformed, 8);
    fclose(file);
}

void suite_tlp_check(void)
{
    CU_pSuite suite = CU_add_suite("tlp_check", NULL, NULL);

    CU_add_test(suite, "each rule is found", each_rule_is_found);
    CU_add_test(suite, "limits of 0 leave rules out", zero_limits_leave_rules_out);
    CU_add_test(suite, "all byte enables", all_byte_enables);
    CU_add_test(suite, "all lengths and alignments of AtomicOps", all_atomic_lengths);
    CU_add_test(suite, "what is split is well-formed", what_is_split_is_well_formed);
    CU_add_test(suite, "vectors", vectors_are_well_formed_but_for_pages);
}
