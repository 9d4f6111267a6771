/* classify.h - owner or user packet, and what the pooling logic does with it (paper Fig. 5; the
 * table "What the pooling logic does with each TLP" of the model). Pure decision on the look-up
 * results, no state. */
#ifndef POOLSIM_POOL_CLASSIFY_H
#define POOLSIM_POOL_CLASSIFY_H

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

#endif
