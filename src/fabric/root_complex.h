/* root_complex.h - a host: root port, memory, and the CPU's side of MMIO, configuration and
 * interrupts.
 * A TLP comes from link.c (on_tlp in root_complex.c). DMA writes go to memory; DMA reads and
 * AtomicOps wait for one of its outstanding slots, then for its latency, and return as completions
 * cut at the RCB and MPS (port_submit); interrupts reach the CPU's handler after the interrupt
 * latency; completions end the CPU's requests. Memory: requests are taken in order of arrival, one
 * after another at its bandwidth; a read holds a slot from then until its data are ready. A posted
 * write is visible write_latency after it was taken.
 *
 * The CPU's requests (root_complex_cpu.c) leave in program order through port_submit, a gap apart;
 * at most mmio_outstanding non-posted ones are in flight. A configuration request is routed by the
 * registers of bus 0 (pcie/hierarchy.h): what is there answers after config_local_ps, as nobody
 * does (UR); what lies behind the root port leaves as Type 0 or Type 1. */
#ifndef POOLSIM_FABRIC_ROOT_COMPLEX_H
#define POOLSIM_FABRIC_ROOT_COMPLEX_H

#include "base/dist.h"
#include "base/rng.h"
#include "fabric/port.h"
#include "pcie/hierarchy.h"

enum { ROOT_COMPLEX_TAGS = 256 }; /* of the CPU's non-posted requests */

struct root_complex_params {
    const char *name;
    const struct dist *read_latency_ps;
    uint32_t outstanding_reads;
    uint64_t memory_bps; /* 0 = infinite */
    uint64_t write_latency_ps;
    uint64_t mmio_gap_ps;
    uint32_t mmio_outstanding; /* at most ROOT_COMPLEX_TAGS */
    uint64_t msi_latency_ps;
    uint64_t config_local_ps;       /* a request that bus 0 answers; at least 1 */
    uint64_t completion_timeout_ps; /* of the CPU's requests; 0: they wait for ever */
};

/* What software is told of at once; NULL: nobody. */
struct root_complex_hooks {
    /* A write of a local function's register had @effects (pcie/cfgspace.h); the clock stands at
     * it. Without this hook hierarchy_apply does what they ask for. */
    void (*on_effects)(void *self, const struct hierarchy_target *target, unsigned effects);
    /* A message (tlp->msg) has arrived, at tlp->at_ps, which may lie ahead of the clock. */
    void (*on_message)(void *self, const struct tlp *tlp);
    /* The root port's link has gone down, or is up again. */
    void (*on_link)(void *self, bool up);
    void *self;
};

struct root_complex_tag { /* that is taken */
    uint64_t until_ps;    /* its request was given up, and it is free from here on at the latest; 0:
                             it was not */
    uint32_t request;
};

struct root_complex {
    struct component component;
    struct fabric *fabric;
    struct root_complex_params params;
    struct root_complex_hooks hooks;
    struct hierarchy *hierarchy; /* bus 0; NULL: configuration requests find nobody. Borrowed */
    struct port port;
    struct link *in; /* that DMA arrives on */
    struct rng rng;
    uint64_t memory_free_ps; /* memory takes the next request from here on */
    uint64_t memory_rest;    /* remainder of the exact rate, bit-picoseconds modulo memory_bps */
    uint64_t *slots;         /* min-heap: when each of the busy read slots is free */
    uint32_t n_slots;
    uint64_t mmio_free_ps;         /* the CPU may issue the next request from here on */
    uint32_t mmio_reads;           /* non-posted requests in flight */
    uint32_t mmio_head, mmio_tail; /* requests that wait to be issued */
    bool mmio_event;               /* an issue event is under way */
    bool link_down;
    bool timeout_event;
    uint32_t flight_head, flight_tail; /* non-posted requests in the order of their issue */
    uint64_t busy_tags[ROOT_COMPLEX_TAGS / 64];
    struct root_complex_tag tags[ROOT_COMPLEX_TAGS];
    /* counters */
    uint64_t reads, writes, interrupts, messages;
    uint64_t unsupported; /* requests from devices that no host takes */
    uint64_t timeouts;
    uint64_t unexpected; /* completions that nobody waited for */
    uint64_t cut_off;    /* requests of the CPU that met a root port without a link */
};

/* @slots: caller's memory for outstanding_reads times. */
void root_complex_init(struct root_complex *rc, struct fabric *fabric,
                       const struct root_complex_params *params, uint64_t seed, uint64_t *slots);
void root_complex_connect(struct root_complex *rc, struct link *in, struct link *out);
/* The CPU's access to a device register: @request has kind, address, bytes, born_ps and owner set.
 */
void root_complex_mmio(struct root_complex *rc, uint32_t at);
/* The CPU's access to configuration space: @request has kind (REQUEST_CFG_READ, REQUEST_CFG_WRITE),
 * address (BDF << 16 | offset), bytes (1, 2 or 4, and offset a multiple of them), value of a write,
 * born_ps and owner set. The owner is called at done_ps; status says how it ended (UR when nobody
 * answered, CRS when the function asks for a retry), value what was read. */
void root_complex_config(struct root_complex *rc, uint32_t at);
/* The root port's link goes down or up. While it is down the root complex answers what the CPU
 * sends beyond it, as unsupported, after config_local_ps; Data Link Layer Link Active follows where
 * the root port reports it. */
void root_complex_set_link(struct root_complex *rc, bool up);

#endif
