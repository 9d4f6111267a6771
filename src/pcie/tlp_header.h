/* tlp_header.h - transaction layer packets as the exact bytes of the wire (Base Spec 2.2).
 * A TLP is a header of 3 or 4 dwords, 0 to 1024 dwords of payload and, if TD is set, one digest
 * dword (ECRC); all fields big-endian. TLP prefixes are refused. decode reads the fields and needs
 * nothing but the bytes; encode is its inverse; tlp_check.h applies the rules by which a receiver
 * calls a TLP malformed. The simulator itself moves the compact struct tlp (tlp.h); this form is
 * for what must meet real bytes. */
#ifndef POOLSIM_PCIE_TLP_HEADER_H
#define POOLSIM_PCIE_TLP_HEADER_H

#include "pcie/order.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TLP_HEADER_MAX_BYTES = 16,
    TLP_PAYLOAD_MAX_DW = 1024,
    TLP_WIRE_MAX_BYTES = TLP_HEADER_MAX_BYTES + 4 * TLP_PAYLOAD_MAX_DW + 4,
};

/* The mnemonics of table 2-3. */
enum tlp_header_kind {
    TLPH_MRD_32,
    TLPH_MRD_64,
    TLPH_MRDLK_32,
    TLPH_MRDLK_64,
    TLPH_MWR_32,
    TLPH_MWR_64,
    TLPH_IORD,
    TLPH_IOWR,
    TLPH_CFGRD_0,
    TLPH_CFGWR_0,
    TLPH_CFGRD_1,
    TLPH_CFGWR_1,
    TLPH_MSG,
    TLPH_MSGD,
    TLPH_CPL,
    TLPH_CPLD,
    TLPH_CPLLK,
    TLPH_CPLDLK,
    TLPH_FETCHADD_32,
    TLPH_FETCHADD_64,
    TLPH_SWAP_32,
    TLPH_SWAP_64,
    TLPH_CAS_32,
    TLPH_CAS_64,
    TLPH_KINDS
};

/* Kinds whose headers have the same layout and rules. */
enum tlp_family {
    FAMILY_MEMORY,
    FAMILY_ATOMIC,
    FAMILY_IO,
    FAMILY_CONFIG,
    FAMILY_MESSAGE,
    FAMILY_COMPLETION,
    FAMILIES
};

enum tlp_routing { ROUTE_BY_ADDRESS, ROUTE_BY_ID, ROUTE_BY_MESSAGE };

/* What encode and decode know of a kind. */
struct tlp_header_info {
    const char *name;
    uint8_t fmt_type; /* the first byte: Fmt 7:5, Type 4:0 */
    uint8_t
        fmt_type_mask; /* the bits of it that name the kind; messages keep their routing there */
    uint8_t header_dw;
    bool has_data;
    enum tlp_class class;
    enum tlp_family family;
    enum tlp_routing routing;
};
extern const struct tlp_header_info tlp_header_kinds[TLPH_KINDS];

/* Where a message goes: r[2:0] of the type (table 2-20). 6 and 7 are reserved and end at the
 * receiver. */
enum tlp_msg_routing {
    MSG_TO_ROOT,
    MSG_BY_ADDRESS,
    MSG_BY_ID,
    MSG_BROADCAST,
    MSG_LOCAL,
    MSG_GATHERED,
    MSG_RESERVED_6,
    MSG_RESERVED_7
};

/* Fields that a kind does not have are 0 after decode and ignored by encode, and so are reserved
 * bits. IDs are bus 15:8, device 7:3, function 2:0. */
struct tlp_header {
    enum tlp_header_kind kind;

    /* All kinds. */
    uint8_t tc;            /* traffic class */
    bool relaxed_ordering; /* Attr[1] */
    bool no_snoop;         /* Attr[0] */
    bool id_ordering;      /* Attr[2] */
    bool notify;           /* LN: memory requests and completions */
    bool has_hints;        /* TH: memory and atomic requests; see hint and steering_tag */
    bool has_digest;       /* TD */
    bool poisoned;         /* EP */
    uint8_t address_type;  /* AT: 0 untranslated, 1 translation request, 2 translated */
    uint16_t length_dw;    /* 1..1024: payload, or what a read asks for; 0 for Cpl and Msg */
    uint16_t requester;
    uint16_t tag; /* 10 bits: T9, T8 and Tag[7:0] */
    uint32_t digest;

    /* Requests other than messages. Under TH reads and atomics send a steering tag in place of the
     * byte enables; the enables are then as implied, all ones. */
    uint8_t first_be;
    uint8_t last_be;
    /* Memory, atomic and I/O requests, messages by address: a multiple of 4. */
    uint64_t address;
    uint8_t hint;         /* PH, with TH */
    uint8_t steering_tag; /* ST, with TH; a write sends it in place of Tag[7:0], which is then 0 */
    /* Configuration requests, messages by ID. */
    uint16_t target;
    uint16_t register_dw; /* configuration: extended register and register number, 0..1023 */

    /* Completions. */
    uint16_t completer;
    uint8_t status;      /* enum tlp_status of tlp.h; any other value means UR (2.2.9) */
    bool bcm;            /* byte count modified, by a PCI-X completer */
    uint16_t byte_count; /* 1..4096 */
    uint8_t lower_address;

    /* Messages. */
    uint8_t msg_routing; /* enum tlp_msg_routing */
    uint8_t msg_code;
    uint64_t msg_bits; /* header bytes 8 to 15 without what address or target hold */
};

/* Why a TLP is malformed. */
enum tlp_defect {
    DEFECT_NONE,
    /* From tlp_header_decode: the bytes are no TLP. */
    DEFECT_PREFIX,
    DEFECT_TYPE,
    DEFECT_SHORT,
    DEFECT_LONG,
    DEFECT_DIGEST_MISSING,
    DEFECT_DIGEST_EXTRA,
    /* From tlp_check: a TLP that breaks a rule. */
    DEFECT_MPS,
    DEFECT_PAGE,
    DEFECT_BELOW_4GIB,
    DEFECT_FIRST_BE,
    DEFECT_LAST_BE,
    DEFECT_BE_GAP,
    DEFECT_ONE_DW,
    DEFECT_TC,
    DEFECT_ATTR,
    DEFECT_ATOMIC_LENGTH,
    DEFECT_ATOMIC_ALIGNMENT,
    DEFECT_CPL_STATUS,
    DEFECT_CPL_BYTE_COUNT,
    DEFECT_CPL_RCB,
    DEFECT_MSG_ROUTING,
    DEFECT_MSG_DATA,
    DEFECTS
};

/* What is wrong, as a sentence without a full stop. Static. */
const char *tlp_defect_text(enum tlp_defect defect);

/* Reads the TLP that fills @bytes exactly. Never reads past @n_bytes. On a defect @out_header is
 * untouched. */
enum tlp_defect tlp_header_decode(const uint8_t *bytes, size_t n_bytes,
                                  struct tlp_header *out_header);

/* Sizes on the wire: header; payload; header, payload and digest. */
size_t tlp_header_bytes(const struct tlp_header *header);
size_t tlp_header_payload_bytes(const struct tlp_header *header);
size_t tlp_header_wire_bytes(const struct tlp_header *header);

/* Writes the TLP and returns its size. @payload: tlp_header_payload_bytes of them, in the order of
 * the wire; may be NULL if there are none. @out_bytes has room for tlp_header_wire_bytes. Rules of
 * tlp_check may be broken, but every field must fit its bits. */
size_t tlp_header_encode(const struct tlp_header *header, const uint8_t *payload,
                         uint8_t *out_bytes);

#endif
