/* root_complex.h - a host: root port, memory, and the CPU's side of MMIO and interrupts.
 * A TLP comes from link.c (on_tlp). DMA writes go to memory; DMA reads wait for one of its
 * outstanding slots, then for its latency, and return as completions cut at the RCB and MPS
 * (port_submit); interrupts reach the CPU's handler after the interrupt latency; completions end
 * the CPU's MMIO reads. MMIO requests of the CPU leave through port_submit. Memory: requests are
 * taken in order of arrival, one after another at its bandwidth; a read holds a slot from then
 * until its data are ready. A posted write is visible write_latency after it was taken. */
#ifndef POOLSIM_FABRIC_ROOT_COMPLEX_H
#define POOLSIM_FABRIC_ROOT_COMPLEX_H

#include "base/dist.h"
#include "base/rng.h"
#include "fabric/port.h"

struct root_complex_params {
    const char *name;
    const struct dist *read_latency_ps;
    uint32_t outstanding_reads;
    uint64_t memory_bps; /* 0 = infinite */
    uint64_t write_latency_ps;
    uint64_t mmio_gap_ps;
    uint32_t mmio_outstanding;
    uint64_t msi_latency_ps;
};

struct root_complex {
    struct component component;
    struct fabric *fabric;
    struct root_complex_params params;
    struct port port;
    struct link *in; /* that DMA arrives on */
    struct rng rng;
    uint64_t memory_free_ps; /* memory takes the next request from here on */
    uint64_t memory_rest;    /* remainder of the exact rate, bit-picoseconds modulo memory_bps */
    uint64_t *slots;         /* min-heap: when each of the busy read slots is free */
    uint32_t n_slots;
    uint64_t mmio_free_ps;         /* the CPU may issue the next MMIO request from here on */
    uint32_t mmio_reads;           /* in flight */
    uint32_t mmio_head, mmio_tail; /* requests that wait to be issued */
    bool mmio_event;               /* an issue event is under way */
    /* counters */
    uint64_t reads, writes, interrupts;
};

/* @slots: caller's memory for outstanding_reads times. */
void root_complex_init(struct root_complex *rc, struct fabric *fabric,
                       const struct root_complex_params *params, uint64_t seed, uint64_t *slots);
void root_complex_connect(struct root_complex *rc, struct link *in, struct link *out);
/* The CPU's access to a device register: @request has kind, address, bytes, born_ps and owner set.
 */
void root_complex_mmio(struct root_complex *rc, uint32_t at);

#endif
