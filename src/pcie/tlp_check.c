#include "pcie/tlp_check.h"

#include "base/check.h"
#include "pcie/tlp.h"

enum { DW_BYTES = 4, QW_BYTES = 8, PAGE_BYTES = 4096, BE_ALL = 0xf };

/* ---- memory and atomic requests ---- */

static enum tlp_defect check_address(const struct tlp_header *header)
{
    const uint64_t offset = header->address % PAGE_BYTES;

    if (offset + (uint64_t)header->length_dw * DW_BYTES > PAGE_BYTES)
        return DEFECT_PAGE; /* 2.2.7 */
    /* 2.2.4.1: below 4 GiB the 3DW format is the only one. */
    if (tlp_header_kinds[header->kind].header_dw == 4 && header->address >> 32 == 0)
        return DEFECT_BELOW_4GIB;
    return DEFECT_NONE;
}

/* 1111, 1110, 1100 or 1000: the enabled bytes reach the next dword. */
static bool reaches_up(unsigned enables)
{
    const unsigned disabled = ~enables & BE_ALL;

    return (disabled & (disabled + 1)) == 0;
}

/* 1111, 0111, 0011 or 0001: the enabled bytes follow on the dword before. */
static bool reaches_down(unsigned enables)
{
    return (enables & (enables + 1)) == 0;
}

/* 2.2.5. A single dword may have any enables, even none; of two dwords that make an aligned
 * quadword each may have gaps; all else is one run of bytes. */
static enum tlp_defect check_enables(const struct tlp_header *header)
{
    if (header->length_dw == 1)
        return header->last_be == 0 ? DEFECT_NONE : DEFECT_LAST_BE;
    if (header->first_be == 0)
        return DEFECT_FIRST_BE;
    if (header->last_be == 0)
        return DEFECT_LAST_BE;
    if (header->length_dw == 2 && header->address % QW_BYTES == 0)
        return DEFECT_NONE;
    return reaches_up(header->first_be) && reaches_down(header->last_be) ? DEFECT_NONE
                                                                         : DEFECT_BE_GAP;
}

static enum tlp_defect check_memory(const struct tlp_header *header)
{
    const enum tlp_defect defect = check_address(header);

    return defect != DEFECT_NONE ? defect : check_enables(header);
}

/* 2.2.7: operands of 32 or 64 bits, compare-and-swap also of 128 and with two of them, naturally
 * aligned. The byte enables are reserved. */
static enum tlp_defect check_atomic(const struct tlp_header *header)
{
    const bool is_cas = header->kind == TLPH_CAS_32 || header->kind == TLPH_CAS_64;
    const unsigned operand_dw = is_cas ? header->length_dw / 2U : header->length_dw;
    const unsigned widest_dw = is_cas ? 4 : 2;
    const bool power_of_two = operand_dw != 0 && (operand_dw & (operand_dw - 1)) == 0;

    if (!power_of_two || operand_dw > widest_dw || (is_cas && header->length_dw % 2 != 0))
        return DEFECT_ATOMIC_LENGTH;
    if (header->address % ((uint64_t)operand_dw * DW_BYTES) != 0)
        return DEFECT_ATOMIC_ALIGNMENT;
    return check_address(header);
}

/* ---- I/O and configuration requests (2.2.7) ---- */

static enum tlp_defect check_one_dw(const struct tlp_header *header)
{
    if (header->tc != 0)
        return DEFECT_TC;
    if (header->relaxed_ordering || header->no_snoop)
        return DEFECT_ATTR;
    if (header->length_dw != 1)
        return DEFECT_ONE_DW;
    if (header->last_be != 0)
        return DEFECT_LAST_BE;
    return DEFECT_NONE;
}

/* ---- completions (2.2.9, 2.3.1.1, 2.3.2) ---- */

static enum tlp_defect check_completion(const struct tlp_header *header, uint32_t rcb_bytes)
{
    if (!tlp_header_kinds[header->kind].has_data)
        return DEFECT_NONE;
    if (header->status != TLP_SC)
        return DEFECT_CPL_STATUS;
    if (header->bcm)
        return DEFECT_NONE; /* the count is another one */

    const unsigned lead_bytes = header->lower_address % DW_BYTES;
    const unsigned payload_bytes = header->length_dw * (unsigned)DW_BYTES;
    const unsigned end = header->lower_address - lead_bytes + payload_bytes;

    if (header->byte_count <= payload_bytes - lead_bytes) {
        /* The last one of its request: no dword more than its bytes need. */
        const unsigned needed_dw = (lead_bytes + header->byte_count + DW_BYTES - 1) / DW_BYTES;

        return header->length_dw == needed_dw ? DEFECT_NONE : DEFECT_CPL_BYTE_COUNT;
    }
    /* More will follow: it ends on a boundary. */
    return rcb_bytes == 0 || end % rcb_bytes == 0 ? DEFECT_NONE : DEFECT_CPL_RCB;
}

/* ---- messages (2.2.8) ---- */

enum { TO_ROOT = 1 << MSG_TO_ROOT, BY_ID = 1 << MSG_BY_ID, BROADCAST = 1 << MSG_BROADCAST };
enum { LOCAL = 1 << MSG_LOCAL, GATHERED = 1 << MSG_GATHERED };
enum { VENDOR = TO_ROOT | BY_ID | BROADCAST | LOCAL };

/* A row holds for the codes first to last. */
struct message_rule {
    uint8_t first_code;
    uint8_t last_code;
    uint8_t routings;  /* bit r: may have routing r */
    bool default_tc;   /* must have TC 0 */
    bool without_data; /* may be Msg */
    uint8_t data_dw;   /* may be MsgD of so many dwords; 0: not; ANY_DW: whatever the length */
};
enum { ANY_DW = UINT8_MAX };

static const struct message_rule message_rules[] = {
    {0x00, 0x00, BROADCAST, true, true, 0},    /* Unlock */
    {0x01, 0x01, BY_ID, false, false, 2},      /* Invalidate Request (ATS) */
    {0x02, 0x02, BY_ID, false, true, 0},       /* Invalidate Completion (ATS) */
    {0x04, 0x04, TO_ROOT, false, true, 0},     /* Page Request (PRI) */
    {0x05, 0x05, BY_ID, false, true, 0},       /* PRG Response (PRI) */
    {0x10, 0x10, LOCAL, true, true, 0},        /* LTR */
    {0x12, 0x12, LOCAL, true, true, 0},        /* OBFF */
    {0x14, 0x14, LOCAL, true, true, 0},        /* PM_Active_State_Nak */
    {0x18, 0x18, TO_ROOT, true, true, 0},      /* PM_PME */
    {0x19, 0x19, BROADCAST, true, true, 0},    /* PME_Turn_Off */
    {0x1b, 0x1b, GATHERED, true, true, 0},     /* PME_TO_Ack */
    {0x20, 0x27, LOCAL, true, true, 0},        /* Assert_INTA to D, Deassert_INTA to D */
    {0x30, 0x31, TO_ROOT, true, true, 0},      /* ERR_COR, ERR_NONFATAL */
    {0x33, 0x33, TO_ROOT, true, true, 0},      /* ERR_FATAL */
    {0x40, 0x41, LOCAL, false, true, 0},       /* Attention Indicator Off, On: ignored messages */
    {0x43, 0x45, LOCAL, false, true, 0},       /* Attention Blink, Power Indicator Off, On */
    {0x47, 0x48, LOCAL, false, true, 0},       /* Power Indicator Blink, Attention Button */
    {0x50, 0x50, LOCAL, true, false, 1},       /* Set_Slot_Power_Limit */
    {0x52, 0x52, LOCAL, true, true, 0},        /* PTM Request */
    {0x53, 0x53, LOCAL, true, true, 1},        /* PTM Response, ResponseD */
    {0x7e, 0x7f, VENDOR, false, true, ANY_DW}, /* Vendor_Defined type 0 and 1 */
};

static const struct message_rule *find_message(uint8_t code)
{
    for (unsigned i = 0; i < sizeof message_rules / sizeof message_rules[0]; i++)
        if (code >= message_rules[i].first_code && code <= message_rules[i].last_code)
            return &message_rules[i];
    return NULL;
}

static enum tlp_defect check_message(const struct tlp_header *header)
{
    const struct message_rule *rule = find_message(header->msg_code);

    if (rule == NULL || header->msg_routing >= MSG_RESERVED_6)
        return DEFECT_NONE;
    if ((rule->routings >> header->msg_routing & 1) == 0)
        return DEFECT_MSG_ROUTING;
    if (rule->default_tc && header->tc != 0)
        return DEFECT_TC;

    const bool fits = header->kind == TLPH_MSG
                          ? rule->without_data
                          : rule->data_dw == ANY_DW || rule->data_dw == header->length_dw;

    return fits ? DEFECT_NONE : DEFECT_MSG_DATA;
}

/* ---- */

enum tlp_defect tlp_check(const struct tlp_header *header, const struct tlp_limits *limits)
{
    CHECK((unsigned)header->kind < TLPH_KINDS);
    if (limits->mps_bytes != 0 && tlp_header_payload_bytes(header) > limits->mps_bytes)
        return DEFECT_MPS;

    enum tlp_defect defect = DEFECT_NONE;

    switch (tlp_header_kinds[header->kind].family) {
    case FAMILY_MEMORY:
        defect = check_memory(header);
        break;
    case FAMILY_ATOMIC:
        defect = check_atomic(header);
        break;
    case FAMILY_IO:
    case FAMILY_CONFIG:
        defect = check_one_dw(header);
        break;
    case FAMILY_MESSAGE:
        defect = check_message(header);
        break;
    case FAMILY_COMPLETION:
        defect = check_completion(header, limits->rcb_bytes);
        break;
    case FAMILIES:
        CHECK(false);
    }
    return defect;
}
