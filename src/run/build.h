/* build.h - from a configuration to connected components.
 * With boot.mode none, numbering (which bus, RID and address everything gets in the Owner's and the
 * User's domains) is numbering.c's, and tables.c puts the same into the switches' tables that
 * firmware, drivers and the pool manager would. With software (mode fast or tlp) there are
 * configuration spaces and empty tables instead (build_pci.h), and two components more than there
 * are nodes and traffic: the software plane, and what breaks (boot.h). */
#ifndef POOLSIM_RUN_BUILD_H
#define POOLSIM_RUN_BUILD_H

#include "base/arena.h"
#include "config/config.h"
#include "des/sim.h"
#include "fabric/endpoint.h"
#include "fabric/op.h"
#include "fabric/root_complex.h"
#include "fabric/switch.h"
#include "run/build_pci.h"
#include "run/numbering.h"
#include "stats/collect.h"
#include "workload/traffic.h"

/* One direction between a node and the switch (or, direct attachment, the host) above it. */
struct model_link {
    struct link link;
    struct link_params params;
    char name[64];
};

struct model {
    const struct config *config;
    struct arena arena;
    struct sim sim;
    struct fabric fabric;
    struct numbering numbering;
    struct root_complex *hosts;
    struct endpoint *devices;
    struct pcie_switch *switches;
    uint32_t n_links;
    struct model_link
        *links; /* even: towards the devices; odd: the other direction of the one before */
    struct traffic traffic;
    struct flow *flows;
    struct collect_flow *flow_of; /* workload and host of each flow */
    struct arrival_trace *traces; /* of each workload that replays one */
    uint32_t *first_port;         /* of each switch, in a numbering of the ports of all switches */
    uint32_t n_switch_ports;
    const uint32_t **weights; /* of each switch, for its arbiters; NULL: none needed */
    uint32_t *origins;        /* of each device, the first that stands for the same one */
    void **drivers;           /* of each device that has a driver; NULL otherwise */
    struct op_pool ops;       /* operations of drivers */
    struct pci_model *pci;    /* configuration spaces; NULL: there are none (boot.mode none) */
};

/* @with_pci: with configuration spaces, which software needs: boot.mode fast or tlp (build_pci.h).
 * @order_seed: 0 builds in the configuration's order, anything else in a random one; results do not
 * depend on it. On failure nothing is left behind. @out must not be moved afterwards. */
bool model_build(const struct config *config, bool with_pci, uint64_t order_seed, struct model *out,
                 struct err *err);
void model_free(struct model *model);
/* Zeroed memory that lives as long as the model, aligned to 64 bytes; at least one element. */
void *model_take(struct model *model, size_t count, size_t element_bytes);

/* True if operations may be lost for good and without a fault of the simulation: something breaks,
 * or VFs move in a wrong order. What waits for ever is then no deadlock. */
bool model_may_lose(const struct config *config);

/* Checks what must hold when all traffic has ended: every TLP and request is back in its pool,
 * every credit at home. */
bool model_is_conserved(const struct model *model);

#endif
