/* The header bits of TLPs in flight: every kind against the bytes that the Base Specification's
 * figures give (written out here), and all legal accesses against an independent count of their
 * byte enables. Not pinned: digest, poison and processing hints, which a TLP in flight has not. */
#include "pcie/tlp_check.h"
#include "pcie/tlp_to_header.h"

#include <CUnit/CUnit.h>
#include <string.h>

void suite_tlp_to_header(void);

static const struct {
    const char *name;
    struct tlp tlp;
    uint8_t bytes[TLP_HEADER_MAX_BYTES];
} cases[] = {
    {"MRd, 3DW",
     {.kind = TLP_MEM_READ, .address = 0x12345678, .bytes = 64, .requester = 0x0410, .tag = 0x21},
     {0x00, 0, 0, 16, 0x04, 0x10, 0x21, 0xff, 0x12, 0x34, 0x56, 0x78}},
    {"MRd, 4DW, ten-bit tag, TC and RO",
     {.kind = TLP_MEM_READ,
      .address = 0x9abcdef012,
      .bytes = 1,
      .requester = 0x0100,
      .tag = 0x3ff,
      .attr = TLP_ATTR_RO | 5},
     {0x20, 0xd8, 0x20, 1, 0x01, 0x00, 0xff, 0x04, 0, 0, 0, 0x9a, 0xbc, 0xde, 0xf0, 0x10}},
    {"MWr across dwords, IDO",
     {.kind = TLP_MEM_WRITE, .address = 0x1003, .bytes = 6, .tag = 9, .attr = TLP_ATTR_IDO},
     {0x40, 0x04, 0, 3, 0, 0, 0, 0x18, 0, 0, 0x10, 0x00}},
    {"CfgRd0 of one byte",
     {.kind = TLP_CFG_READ, .cfg = {.offset = 0x13e, .target = 0x0300}, .bytes = 1, .tag = 7},
     {0x04, 0, 0, 1, 0, 0, 7, 0x04, 0x03, 0x00, 0x01, 0x3c}},
    {"CfgWr1 of two bytes",
     {.kind = TLP_CFG_WRITE,
      .cfg = {.offset = 0x06, .target = 0x0411, .type = 1},
      .bytes = 2,
      .requester = 0x0008},
     {0x45, 0, 0, 1, 0x00, 0x08, 0, 0x0c, 0x04, 0x11, 0x00, 0x04}},
    {"IORd",
     {.kind = TLP_IO_READ, .address = 0xcfc, .bytes = 4},
     {0x02, 0, 0, 1, 0, 0, 0, 0x0f, 0, 0, 0x0c, 0xfc}},
    {"IOWr",
     {.kind = TLP_IO_WRITE, .address = 0x81, .bytes = 1},
     {0x42, 0, 0, 1, 0, 0, 0, 0x02, 0, 0, 0, 0x80}},
    {"ERR_FATAL",
     {.kind = TLP_MSG,
      .msg = {.code = MESSAGE_ERR_FATAL, .routing = MSG_TO_ROOT},
      .requester = 0x0300},
     {0x30, 0, 0, 0, 0x03, 0x00, 0, 0x33}},
    {"Set_Slot_Power_Limit",
     {.kind = TLP_MSG_DATA,
      .msg = {.code = MESSAGE_SET_SLOT_POWER_LIMIT, .routing = MSG_LOCAL},
      .bytes = 4},
     {0x74, 0, 0, 1, 0, 0, 0, 0x50}},
    {"a message by ID",
     {.kind = TLP_MSG, .msg = {.code = 0x7e, .routing = MSG_BY_ID, .target = 0x1234}},
     {0x32, 0, 0, 0, 0, 0, 0, 0x7e, 0x12, 0x34}},
    {"FetchAdd of 8 bytes",
     {.kind = TLP_FETCH_ADD, .address = 0x2008, .bytes = 8, .tag = 3},
     {0x4c, 0, 0, 2, 0, 0, 3, 0xff, 0, 0, 0x20, 0x08}},
    {"CAS of 4 bytes beyond 4 GiB",
     {.kind = TLP_COMPARE_SWAP, .address = 0x100002004, .bytes = 8},
     {0x6e, 0, 0, 2, 0, 0, 0, 0xff, 0, 0, 0, 1, 0, 0, 0x20, 0x04}},
    {"Swap of 4 bytes",
     {.kind = TLP_SWAP, .address = 0x2004, .bytes = 4},
     {0x4d, 0, 0, 1, 0, 0, 0, 0x0f, 0, 0, 0x20, 0x04}},
    {"CplD",
     {.kind = TLP_CPL_DATA,
      .cpl = {.lower_address = 0x41, .completer = 0x0300, .bytes_left = 5},
      .bytes = 5,
      .requester = 0x0008,
      .tag = 0x1a},
     {0x4a, 0, 0, 2, 0x03, 0x00, 0x00, 0x05, 0x00, 0x08, 0x1a, 0x41}},
    {"Cpl, unsupported request",
     {.kind = TLP_CPL, .cpl = {.status = TLP_UR, .bytes_left = 4}, .bytes = 4, .requester = 0x0008},
     {0x0a, 0, 0, 0, 0, 0, 0x20, 0x04, 0x00, 0x08}},
};

static void every_kind_has_the_bits_of_the_specification(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static const uint8_t payload[4 * TLP_PAYLOAD_MAX_DW];
        static uint8_t bytes[TLP_WIRE_MAX_BYTES];
        struct tlp_header header;
        memset(bytes, 0xa5, sizeof bytes);
        tlp_to_header(&cases[i].tlp, &header);
        tlp_header_encode(&header, payload, bytes);
        bool good = !memcmp(bytes, cases[i].bytes, tlp_header_bytes(&header));
        if (!good)
            fprintf(stderr, "%s\n", cases[i].name);
        CU_ASSERT(good);
        CU_ASSERT_EQUAL(tlp_check(&header, &(struct tlp_limits){256, 64}), DEFECT_NONE);
        CU_ASSERT_EQUAL(tlp_header_payload_bytes(&header), tlp_wire_payload_bytes(&cases[i].tlp));
    }
}

static void enables_cover_the_bytes_of_the_access(void)
{
    unsigned wrong = 0;

    for (unsigned address = 0x100; address < 0x108; address++) {
        for (unsigned bytes = 1; bytes <= 64; bytes++) {
            const struct tlp tlp = {
                .kind = TLP_MEM_WRITE, .address = address, .bytes = (uint16_t)bytes};
            struct tlp_header header;
            unsigned enabled = 0, first = UINT32_MAX;

            tlp_to_header(&tlp, &header);
            for (unsigned i = 0; i < 4U * header.length_dw; i++) {
                const unsigned be = i < 4                            ? header.first_be
                                    : i / 4 == header.length_dw - 1U ? header.last_be
                                                                     : 0xf;

                if (!(be >> i % 4 & 1))
                    continue;
                enabled++;
                first = first == UINT32_MAX ? i : first;
            }
            wrong += enabled != bytes || header.address + first != address;
            wrong += tlp_check(&header, &(struct tlp_limits){256, 64}) != DEFECT_NONE;
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

void suite_tlp_to_header(void)
{
    CU_pSuite suite = CU_add_suite("tlp_to_header", NULL, NULL);

    CU_add_test(suite, "every kind has the bits of the specification",
                every_kind_has_the_bits_of_the_specification);
    CU_add_test(suite, "enables cover the bytes of the access",
                enables_cover_the_bytes_of_the_access);
}
