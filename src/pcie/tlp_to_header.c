#include "pcie/tlp_to_header.h"

enum { DW_BYTES = 4, ALL_BYTES = 0xf };

static enum tlp_header_kind kind_of(const struct tlp *tlp)
{
    const bool wide = tlp_kinds[tlp->kind].header_dw == 0 && tlp->address >> 32;

    switch ((enum tlp_kind)tlp->kind) {
    case TLP_MEM_READ:
        return wide ? TLPH_MRD_64 : TLPH_MRD_32;
    case TLP_MEM_WRITE:
        return wide ? TLPH_MWR_64 : TLPH_MWR_32;
    case TLP_CPL:
        return TLPH_CPL;
    case TLP_CPL_DATA:
        return TLPH_CPLD;
    case TLP_CFG_READ:
        return tlp->cfg.type ? TLPH_CFGRD_1 : TLPH_CFGRD_0;
    case TLP_CFG_WRITE:
        return tlp->cfg.type ? TLPH_CFGWR_1 : TLPH_CFGWR_0;
    case TLP_MSG:
        return TLPH_MSG;
    case TLP_MSG_DATA:
        return TLPH_MSGD;
    case TLP_IO_READ:
        return TLPH_IORD;
    case TLP_IO_WRITE:
        return TLPH_IOWR;
    case TLP_FETCH_ADD:
        return wide ? TLPH_FETCHADD_64 : TLPH_FETCHADD_32;
    case TLP_SWAP:
        return wide ? TLPH_SWAP_64 : TLPH_SWAP_32;
    case TLP_COMPARE_SWAP:
        return wide ? TLPH_CAS_64 : TLPH_CAS_32;
    case TLP_KINDS:
        break;
    }
    CHECK(false);
}

/* First and last byte enables of @bytes from @offset in their first dword on (2.2.5). */
static void set_enables(struct tlp_header *header, unsigned offset, unsigned bytes)
{
    const unsigned end = offset + bytes; /* from the first dword's begin */
    const unsigned dw = (end + DW_BYTES - 1) / DW_BYTES;

    header->length_dw = (uint16_t)dw;
    header->first_be = ALL_BYTES & ALL_BYTES << offset;
    if (dw == 1)
        header->first_be &= (uint8_t)(ALL_BYTES >> (DW_BYTES - end));
    else
        header->last_be = (uint8_t)(ALL_BYTES >> (dw * DW_BYTES - end));
}

static void set_completion(const struct tlp *tlp, struct tlp_header *header)
{
    header->completer = tlp->cpl.completer;
    header->status = tlp->cpl.status;
    header->byte_count = tlp->cpl.bytes_left;
    header->lower_address = tlp->cpl.lower_address & 0x7f;
    header->length_dw = (uint16_t)(tlp_wire_payload_bytes(tlp) / DW_BYTES);
}

void tlp_to_header(const struct tlp *tlp, struct tlp_header *out)
{
    struct tlp_header header = {.kind = kind_of(tlp)};
    const struct tlp_header_info *info = &tlp_header_kinds[header.kind];

    header.tc = tlp->attr & TLP_ATTR_TC_MASK;
    header.relaxed_ordering = tlp->attr & TLP_ATTR_RO;
    header.id_ordering = tlp->attr & TLP_ATTR_IDO;
    header.requester = tlp->requester;
    header.tag = info->class == CLASS_POSTED ? 0 : tlp->tag;
    switch (info->family) {
    case FAMILY_ATOMIC:
        header.length_dw = tlp->bytes / DW_BYTES;
        header.first_be = ALL_BYTES;
        header.last_be = header.length_dw > 1 ? ALL_BYTES : 0;
        header.address = tlp->address;
        break;
    case FAMILY_MEMORY:
    case FAMILY_IO:
        set_enables(&header, tlp->address % DW_BYTES, tlp->bytes);
        header.address = tlp->address & ~(uint64_t)(DW_BYTES - 1);
        break;
    case FAMILY_CONFIG:
        set_enables(&header, tlp->cfg.offset % DW_BYTES, tlp->bytes);
        header.target = tlp->cfg.target;
        header.register_dw = tlp->cfg.offset / DW_BYTES;
        break;
    case FAMILY_MESSAGE:
        header.msg_routing = tlp->msg.routing;
        header.msg_code = tlp->msg.code;
        header.target = tlp->msg.routing == MSG_BY_ID ? tlp->msg.target : 0;
        header.length_dw = (uint16_t)(tlp_wire_payload_bytes(tlp) / DW_BYTES);
        break;
    case FAMILY_COMPLETION:
        set_completion(tlp, &header);
        break;
    case FAMILIES:
        CHECK(false);
    }
    *out = header;
}
