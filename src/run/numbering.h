/* numbering.h - the numbers that enumeration would give: buses, RIDs and addresses, in every
 * domain. The Owner of a device sees it as its firmware numbers it: each device takes the next
 * buses of the Owner's domain, a NIC's VF i at First VF Offset 0x180 + 2 i as the 82599 without
 * ARI, other kinds at offset 1 + i. A User sees the VFs that are lent to it from one device as the
 * functions 0, 1, ... of one slot. Each slot has a bus behind those of the devices that the host
 * owns, from bus 3 on when it owns none (paper Fig. 13). Their BARs lie one behind the other in its
 * own address space. */
#ifndef POOLSIM_RUN_NUMBERING_H
#define POOLSIM_RUN_NUMBERING_H

#include "base/arena.h"
#include "base/err.h"
#include "config/config.h"

enum { NUMBERING_FIRST_BUS = 3, NUMBERING_OWN = UINT32_MAX };

/* One function (VF 0.., then the PF) of one device. */
struct numbering_function {
    uint16_t owner_rid;
    uint16_t user_rid;     /* lent: in the User's domain */
    uint32_t host;         /* whom it is lent to; NUMBERING_OWN: it stays with the Owner */
    uint32_t weight;       /* in weighted arbitration */
    uint64_t user_address; /* lent: its BAR in the User's domain */
};

struct numbering_device {
    uint8_t first_bus, last_bus; /* in the Owner's domain */
    uint32_t first_function;     /* index into functions */
    uint32_t n_functions;        /* VFs and the PF */
    uint64_t bar_base;           /* of function 0 in the Owner's domain */
    uint64_t bar_span;           /* of all functions together */
};

struct numbering {
    struct numbering_device *devices;
    struct numbering_function *functions;
    uint32_t n_functions;
    uint32_t *lent_to; /* VFs lent to each host */
};

/* Memory comes from @arena. Fails when a domain has no bus left. */
bool numbering_make(struct numbering *out, struct arena *arena, const struct config *config,
                    struct err *err);
/* Address of function @f's registers as the host that uses it sees them. */
uint64_t numbering_address(const struct numbering *numbering, const struct config *config,
                           uint32_t device, uint32_t function);

#endif
