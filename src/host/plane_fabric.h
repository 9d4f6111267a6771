/* plane_fabric.h - accesses of software as requests of the hosts' root complexes: configuration and
 * MMIO by TLPs. An access comes from plane.c (plane_io), goes to root_complex_cpu.c; its end comes
 * back by the request's owner. What ends with an error, or not in time, is failed; a retry
 * (Configuration Request Retry Status) of a vendor ID reads 0x0001 as a root port that shows
 * retries to software makes it (Base Spec 2.3.2), any other is failed, too. */
#ifndef POOLSIM_HOST_PLANE_FABRIC_H
#define POOLSIM_HOST_PLANE_FABRIC_H

#include "fabric/root_complex.h"
#include "host/plane.h"

struct plane_fabric_counts { /* of one host's accesses */
    uint64_t issued, timeouts, unsupported, aborted;
};

struct plane_fabric {
    struct plane *plane; /* set after plane_new */
    struct fabric *fabric;
    struct root_complex *hosts; /* by the number of the plane's host */
    struct request_owner owner;
    struct plane_access **accesses; /* by number; owned */
    uint32_t n_accesses;
    struct plane_fabric_counts *counts; /* [host] so far; owned */
};

/* @hosts: @n_hosts of them. @self must not move; free with plane_fabric_fini. Returns what
 * plane_params.io is to be. */
struct plane_io plane_fabric_init(struct plane_fabric *self, struct fabric *fabric,
                                  struct root_complex *hosts, uint32_t n_hosts);
void plane_fabric_fini(struct plane_fabric *self);

#endif
