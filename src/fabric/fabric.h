/* fabric.h - what all parts of one simulated fabric share: the kernel, the pools, and the
 * programmed PCIe parameters.
 *
 * Functions on the way of every TLP that other files call are declared in a header as usual, which
 * makes them external, and defined inline, which tells LTO to put them into their callers. */
#ifndef POOLSIM_FABRIC_FABRIC_H
#define POOLSIM_FABRIC_FABRIC_H

#include "des/sim.h"
#include "fabric/request.h"
#include "fabric/tlp_pool.h"
#include "pcie/rate.h"

enum { FABRIC_VCS_MAX = 8 };

struct fabric {
    struct sim *sim;
    struct tlp_pool tlps;
    struct request_pool requests;
    uint32_t mps_bytes;
    uint32_t mrrs_bytes;
    uint32_t rcb_bytes;
    uint32_t vcs;
    uint8_t dma_attr;                   /* RO and IDO bits of DMA requests */
    uint16_t overhead_bytes[TLP_KINDS]; /* header, digest and framing on the wire, by kind */
    uint16_t tail_bytes;                /* of it, behind the payload: digest and LCRC */
    uint64_t hops;                      /* TLPs sent, over all links */
};

/* @address64: memory requests and AtomicOps have 4DW headers. @ecrc: every TLP carries a digest. */
static inline void fabric_set_overheads(struct fabric *fabric, bool address64, bool ecrc)
{
    uint16_t common = (uint16_t)(RATE_FRAMING_BYTES + (ecrc ? 4 : 0));
    fabric->tail_bytes = (uint16_t)(RATE_FRAMING_BYTES / 2 + (ecrc ? 4 : 0));
    for (int kind = 0; kind < TLP_KINDS; kind++) {
        unsigned header_dw = tlp_kinds[kind].header_dw;
        if (!header_dw)
            header_dw = address64 ? 4 : 3;
        fabric->overhead_bytes[kind] = (uint16_t)(common + 4 * header_dw);
    }
}

/* All bytes that a TLP takes on the wire. */
static inline uint32_t fabric_wire_bytes(const struct fabric *fabric, const struct tlp *tlp)
{
    return fabric->overhead_bytes[tlp->kind] + tlp_wire_payload_bytes(tlp);
}

/* The VC that a traffic class maps to. */
static inline uint32_t fabric_vc_of_class(const struct fabric *fabric, uint32_t traffic_class)
{
    return fabric->vcs == 1 ? 0 : traffic_class % fabric->vcs;
}

static inline uint32_t fabric_vc(const struct fabric *fabric, const struct tlp *tlp)
{
    return fabric_vc_of_class(fabric, tlp->attr & TLP_ATTR_TC_MASK);
}

/* Index of the TLP's queue and credit pool: VC x 3 + class. */
static inline uint32_t fabric_queue(const struct fabric *fabric, const struct tlp *tlp)
{
    return fabric_vc(fabric, tlp) * CLASSES + tlp_class_of(tlp);
}

/* A posted TLP has ended its way at its accounted time, at its target or dropped with status UR: it
 * is given back, and its request ends when it was the last. */
void fabric_end_posted(struct fabric *fabric, uint32_t index, enum tlp_status status);
/* A non-posted request or a completion ends its way without reaching who waits for it. */
void fabric_lose(struct fabric *fabric, uint32_t index);

#endif
