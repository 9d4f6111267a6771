/* classify.h - owner or user packet, and what the pooling logic does with it (paper Fig. 5; the
 * table "What the pooling logic does with each TLP" of the model). Pure decision on the look-up
 * results, no state. */
#ifndef POOLSIM_POOL_CLASSIFY_H
#define POOLSIM_POOL_CLASSIFY_H

#include "pool/cfg_emu.h"

#include <stdbool.h>
#include <stdint.h>

/* What of a TLP matters to the decision. AtomicOps are POOL_MEM_READ: non-posted, by address. */
enum pool_kind {
    POOL_MEM_READ,
    POOL_MEM_WRITE,
    POOL_COMPLETION,
    POOL_CONFIG,
    POOL_IO,
    POOL_MESSAGE,
    POOL_KINDS
};

enum pool_verdict {
    POOL_PASS,        /* owner packet: route unchanged */
    POOL_REMAP,       /* user packet: rewrite and steer by the table entry */
    POOL_UNSUPPORTED, /* answer UR (non-posted requests) */
    POOL_DROP,        /* drop and count (posted requests, unexpected completions) */
};

/* A TLP from a host port towards the devices.
 * @hit: addr_map (memory) or id_down (completions, configuration) holds its target for this host.
 * @owner: this host owns the device routed to.
 * @lent: the Owner's target is a VF that is lent to a User. */
enum pool_verdict classify_downstream(enum pool_kind kind, bool hit, bool owner, bool lent);
/* A TLP from a device towards the hosts.
 * @hit: id_up holds its requester (requests) or completer (completions). */
enum pool_verdict classify_upstream(enum pool_kind kind, bool hit);

/* ---- every row of the table ---- */

enum pool_tlp {
    POOL_TLP_READ,       /* memory */
    POOL_TLP_WRITE,      /* memory; MSI and MSI-X among them */
    POOL_TLP_ATOMIC,     /* FetchAdd, Swap, CAS */
    POOL_TLP_COMPLETION, /* with data or without */
    POOL_TLP_CONFIG,     /* Type 0 or 1, read or write */
    POOL_TLP_IO,
    POOL_TLP_MSG_PORT,   /* power management, slot power limit, unlock: from a port to what is below
                          */
    POOL_TLP_MSG_ERROR,  /* ERR_COR, ERR_NONFATAL, ERR_FATAL */
    POOL_TLP_MSG_PME,    /* PM_PME, PME_TO_Ack */
    POOL_TLP_MSG_INTX,   /* a VF has none */
    POOL_TLP_MSG_VENDOR, /* routed by ID or to the root complex */
    POOL_TLPS
};

/* What a configuration request asks for, in the private view of the host that sends it. */
enum pool_config {
    POOL_CONFIG_ABSENT,
    POOL_CONFIG_BRIDGE, /* a virtual bridge of the host's, or the switch's management endpoint */
    POOL_CONFIG_USER,   /* an emulated function: a VF that is lent to this host */
    POOL_CONFIG_OWNED,  /* a function of a device that this host owns */
    POOL_CONFIG_LENT,   /* one of those that is lent to a User */
    POOL_CONFIGS
};

/* What the look-ups say of a TLP. */
struct pool_query {
    enum pool_tlp tlp;
    bool downstream;             /* from a host port */
    bool hit, owner, lent;       /* as above */
    enum pool_config config;     /* POOL_TLP_CONFIG, downstream */
    enum cfg_emu_outcome shadow; /* of POOL_CONFIG_USER */
    bool proxied;                /* upstream completion: a proxy tag waits for it (PROXY_MATCHED) */
};

enum pool_action {
    POOL_ACT_FORWARD, /* owner packet: unchanged */
    POOL_ACT_REMAP,   /* user packet: rewrite and steer by the table entry */
    POOL_ACT_LOCAL,   /* ends in a virtual bridge or port, which answers a request */
    POOL_ACT_EMULATE, /* the shadow answers */
    POOL_ACT_PROXY,   /* to the VF under a proxy tag; a write's emulated bits also to the shadow */
    POOL_ACT_REHEAD,  /* completion of such a request: back to its requester */
    POOL_ACT_UR,      /* answer: unsupported request */
    POOL_ACT_CRS,     /* answer: configuration request retry status */
    POOL_ACT_DROP     /* drop and count */
};

enum pool_action classify_tlp(const struct pool_query *query);

#endif
