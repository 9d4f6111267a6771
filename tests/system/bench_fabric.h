/* bench_fabric.h - tiny fabrics by hand, for tests: sources that send given TLPs at given times,
 * and sinks that record what arrives and free it. A bench has n ports. In front of port p stands a
 * source with its transmit port and link, behind it the link to a sink; the two links of a port are
 * the two directions of one. Between them is either nothing (bench_connect: the source's link ends
 * in the sink of the same number) or a switch (bench_add_switch). */
#ifndef POOLSIM_SYSTEM_BENCH_FABRIC_H
#define POOLSIM_SYSTEM_BENCH_FABRIC_H

#include "fabric/port.h"
#include "fabric/switch.h"

enum { BENCH_PORTS = 8, BENCH_TLPS = 40000 };

struct bench_arrival {
    uint32_t serial; /* of the TLP, from 1 in the order of bench_at */
    uint32_t port;
    uint64_t begin_ps, end_ps;
    struct tlp tlp;
};

struct bench_crossing { /* a TLP enters or leaves the switch, from the trace */
    bool is_out;
    uint32_t serial;
    uint32_t port;
    uint64_t time_ps;
    struct tlp tlp;
};

struct bench;

struct bench_sink {
    struct bench *bench;
    uint32_t port;
    struct link *link; /* that it receives from */
};

struct bench {
    struct component component; /* sends, and wakes the transmit ports */
    struct sim sim;
    struct fabric fabric;
    uint32_t n_ports;
    struct link_params in_params, out_params; /* of every port: to the switch and from it */
    struct link in[BENCH_PORTS], out[BENCH_PORTS];
    struct port source[BENCH_PORTS];
    struct bench_sink sink[BENCH_PORTS];
    struct pcie_switch *sw;
    struct route routes[BENCH_PORTS];
    struct route_window windows[BENCH_PORTS][BENCH_PORTS];
    void *memory[2 * BENCH_PORTS + 1];
    uint32_t n_memory;
    bool past_port;    /* sources put TLPs on the wire themselves, at exactly the time asked for */
    bool keep_credits; /* sinks free nothing until bench_free_all */
    uint64_t drain_ps; /* a sink frees a TLP so long after its last byte */
    uint32_t serial;   /* TLPs created */
    uint64_t born_ps[BENCH_TLPS + 1]; /* by serial number: when it was ready at its source */
    uint32_t n_arrivals;
    uint32_t n_crossings;
    uint32_t n_refused;
    struct bench_arrival *arrivals;
    struct bench_crossing *crossings;
};

/* A link without DLLPs and SKPs and with infinite credits; 1 lane of gen 1 is 4000 ps per byte. */
struct link_params bench_link(unsigned gen, unsigned lanes, uint64_t propagation_ps);
/* A switch with the defaults of the paper's: 2, 2, 1, 1 cycles at 250 MHz, 32 bytes, cut-through,
 * VOQ. */
struct switch_params bench_switch(void);

/* Links get @in and @out; @vcs and address64 headers. Not yet connected. */
struct bench *bench_new(uint32_t n_ports, uint32_t vcs, const struct link_params *in,
                        const struct link_params *out);
void bench_free(struct bench *bench);
void bench_connect(struct bench *bench);
/* All ports are host ports with the same routes: port p has the addresses p << 32 and up, and bus
 * p. */
void bench_add_switch(struct bench *bench, const struct switch_params *params,
                      const uint32_t *weights);

/* A TLP of @kind towards port @to, ready at source @from at @at_ps. The pointer is good until the
 * simulation runs. */
struct tlp *bench_at(struct bench *bench, uint64_t at_ps, uint32_t from, uint32_t to,
                     enum tlp_kind kind, uint32_t bytes);
/* The serial number of the TLP made last. */
uint32_t bench_last(const struct bench *bench);
/* To the end; every TLP must have come out, unless credits are kept. */
enum sim_result bench_run(struct bench *bench);
/* Frees what the sinks hold, now or later. */
void bench_free_all(const struct bench *bench, uint64_t at_ps);

const struct bench_arrival *bench_arrival_of(const struct bench *bench, uint32_t serial);
/* When TLP @serial entered (its c0's edge), and when its first beat left. UINT64_MAX: it did not.
 */
uint64_t bench_entered_ps(const struct bench *bench, uint32_t serial);
uint64_t bench_left_ps(const struct bench *bench, uint32_t serial);

#endif
