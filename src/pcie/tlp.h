/* tlp.h - a TLP in flight: one cache line, taken from a fixed pool and known by its index
 * (fabric/tlp_pool.h).
 * It holds what the fabric acts on and the account of where its time went; the wire-exact header
 * with every field of the specification is struct tlp_header (tlp_header.h), and tlp_to_header.h
 * makes it from this. Payload bytes are not carried, only their number; the four bytes that a
 * configuration, I/O or register access moves are in its request (fabric/request.h: value). */
#ifndef POOLSIM_PCIE_TLP_H
#define POOLSIM_PCIE_TLP_H

#include "base/check.h"
#include "pcie/order.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bit 0 is payload, bit 1 is completion; the numbers that are left out name nothing. */
enum tlp_kind {
    TLP_MEM_READ = 0,
    TLP_MEM_WRITE = 1,
    TLP_CPL = 2,
    TLP_CPL_DATA = 3,
    TLP_CFG_READ = 4,
    TLP_CFG_WRITE = 5,
    TLP_MSG = 8,
    TLP_MSG_DATA = 9,
    TLP_IO_READ = 12,
    TLP_IO_WRITE = 13,
    TLP_FETCH_ADD = 17, /* AtomicOps: bytes is the payload, of a compare-and-swap both operands */
    TLP_SWAP = 21,
    TLP_COMPARE_SWAP = 25,
    TLP_KINDS
};

enum tlp_status {
    /* Completion status (2.2.9). */
    TLP_SC = 0,
    TLP_UR = 1,
    TLP_CRS = 2,
    TLP_CA = 4,
    /* How else a request can end; never on the wire. */
    TLP_TIMEOUT = 0x80, /* its completion did not come in time */
    TLP_ABORTED = 0x81, /* the requesting function was reset */
    TLP_LOST = 0x82,    /* posted: a link went down that it was on */
};

/* Message codes (2.2.8). */
enum tlp_message {
    MESSAGE_UNLOCK = 0x00,
    MESSAGE_PME_ACTIVE_STATE_NAK = 0x14,
    MESSAGE_PM_PME = 0x18,
    MESSAGE_PME_TURN_OFF = 0x19,
    MESSAGE_PME_TO_ACK = 0x1b,
    MESSAGE_ERR_COR = 0x30,
    MESSAGE_ERR_NONFATAL = 0x31,
    MESSAGE_ERR_FATAL = 0x33,
    MESSAGE_SET_SLOT_POWER_LIMIT = 0x50,
};

enum {
    TLP_ATTR_TC_MASK = 0x07,
    TLP_ATTR_RO = 0x08,        /* relaxed ordering */
    TLP_ATTR_IDO = 0x10,       /* ID-based ordering */
    TLP_ATTR_MSI = 0x20,       /* an interrupt: the address lies in the host's MSI window */
    TLP_ATTR_LAST = 0x40,      /* completions: the last one of its request */
    TLP_ATTR_GENERATED = 0x80, /* inside a switch: a completion that it made itself */
};

/* Parts of the account that a TLP carries itself; see enum latency_part of des/latency.h, whose
 * order this is. */
enum tlp_part {
    PART_SERIALISE,
    PART_PROPAGATE,
    PART_CREDIT,
    PART_ARBITRATE,
    PART_CROSSBAR,
    PART_REMAP,
    PART_MEMORY,
    TLP_PARTS
};

struct tlp {
    union {
        uint64_t address; /* memory, I/O and atomic requests: of the first byte */
        struct {
            uint16_t lower_address; /* of the first byte: low bits as in address */
            uint16_t completer;
            uint16_t bytes_left; /* byte count field: this completion's and all later ones' */
            uint8_t status;
            uint8_t reserved;
        } cpl;
        struct {
            uint16_t offset; /* of the first byte in configuration space; bytes is 1, 2 or 4 */
            uint16_t target; /* RID that is asked */
            uint8_t type;    /* 0 or 1 */
            uint8_t reserved[3];
        } cfg;
        struct {
            uint16_t zero;   /* a message's payload begins on a dword */
            uint16_t target; /* with MSG_BY_ID (tlp_header.h) */
            uint8_t code;    /* enum tlp_message */
            uint8_t routing; /* enum tlp_msg_routing */
            uint8_t reserved[2];
        } msg;
    };
    uint64_t at_ps;              /* the account covers the time up to here */
    uint32_t part_ps[TLP_PARTS]; /* low 32 bits each */
    uint8_t credit_high;         /* bits 39:32 of the two parts that can be long: 1.1 s */
    uint8_t arbitrate_high;
    uint16_t requester; /* RID in the domain that it travels through */
    uint32_t next;      /* link in the queue that owns it */
    uint32_t request;   /* the requester's transaction (fabric/request.h) */
    uint16_t tag;
    uint16_t bytes; /* payload; of a read, the bytes asked for */
    uint16_t port;  /* inside a switch: ingress port, from the look-up on egress port */
    uint8_t kind;
    uint8_t attr;
};
_Static_assert(sizeof(struct tlp) == 64, "a TLP is one cache line");

/* What the fabric needs to know of a kind, as data. */
struct tlp_kind_info {
    const char *name;
    enum tlp_class class;
    bool has_data; /* carries payload */
    bool is_request;
    uint8_t header_dw; /* 0: 3, or 4 for an address beyond 4 GiB */
};
extern const struct tlp_kind_info tlp_kinds[TLP_KINDS]; /* name NULL: there is no such kind */

/* The numbers of enum tlp_kind are chosen so that these need no branch and no table. tlp_kinds says
 * the same, and a test holds them to it. */
static inline enum tlp_class tlp_class_of_kind(uint32_t kind)
{
    /* Two bits a kind; posted is 0. */
    const uint64_t np = CLASS_NONPOSTED, completion = CLASS_COMPLETION;
    const uint64_t classes = np << 2 * TLP_MEM_READ | completion << 2 * TLP_CPL |
                             completion << 2 * TLP_CPL_DATA | np << 2 * TLP_CFG_READ |
                             np << 2 * TLP_CFG_WRITE | np << 2 * TLP_IO_READ |
                             np << 2 * TLP_IO_WRITE | np << 2 * TLP_FETCH_ADD | np << 2 * TLP_SWAP |
                             np << 2 * TLP_COMPARE_SWAP;
    return (enum tlp_class)(classes >> 2 * kind & 3);
}

static inline enum tlp_class tlp_class_of(const struct tlp *tlp)
{
    return tlp_class_of_kind(tlp->kind);
}

static inline bool tlp_is_request(const struct tlp *tlp)
{
    return !(tlp->kind & 2);
}

static inline bool tlp_is_config(const struct tlp *tlp)
{
    return (tlp->kind & ~1) == TLP_CFG_READ;
}

/* Payload on the wire: none for reads and completions without data. */
static inline uint32_t tlp_payload_bytes(const struct tlp *tlp)
{
    return tlp->bytes & -(uint32_t)(tlp->kind & 1);
}

/* Payload as it occupies the wire and the data path: whole dwords, the first and last partly
 * enabled (2.2.2). The low bits of address and cpl.lower_address share their place. */
static inline uint32_t tlp_wire_payload_bytes(const struct tlp *tlp)
{
    uint32_t offset = tlp->cpl.lower_address & 3;
    return ((offset + tlp->bytes + 3) & ~3U) & -(uint32_t)(tlp->kind & 1);
}

/* Carries into the high bits of a part that can be long, and checks that time did not run
 * backwards. */
__attribute__((cold, noinline)) void tlp_spend_long(struct tlp *tlp, enum tlp_part part,
                                                    uint64_t until_ps);

/* Accounts the time up to @until_ps to @part. */
static inline void tlp_spend(struct tlp *tlp, enum tlp_part part, uint64_t until_ps)
{
    uint64_t spent = until_ps - tlp->at_ps; /* huge if time ran backwards */
    uint64_t sum = tlp->part_ps[part] + spent;
    if (__builtin_expect((sum | spent) >> 32 != 0, 0)) {
        tlp_spend_long(tlp, part, until_ps);
        return;
    }
    tlp->part_ps[part] = (uint32_t)sum;
    tlp->at_ps = until_ps;
}

static inline uint64_t tlp_part_ps(const struct tlp *tlp, enum tlp_part part)
{
    uint64_t high = part == PART_CREDIT      ? tlp->credit_high
                    : part == PART_ARBITRATE ? tlp->arbitrate_high
                                             : 0;
    return high << 32 | tlp->part_ps[part];
}

/* Starts an empty account at @at_ps. */
void tlp_account_begin(struct tlp *tlp, uint64_t at_ps);
/* Continues @from's account in @tlp, as a completion does its request's. */
void tlp_account_copy(struct tlp *tlp, const struct tlp *from);

#endif
