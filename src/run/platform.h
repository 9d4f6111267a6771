/* platform.h - what a host's firmware finds, as a configuration describes it: the PCI trees of the
 * paper's prototype (Fig. 12 and 13). Behind the root port of a host that attaches to a switch is
 * its private virtual switch: management endpoint, upstream bridge, and on the bus behind that a
 * bridge for each device that the host owns, then one for each slot that VFs are lent to or moved
 * to. Here are only lists; run/build_pci.c makes hardware of them, run/lspci.c a tree without a
 * clock. */
#ifndef POOLSIM_RUN_PLATFORM_H
#define POOLSIM_RUN_PLATFORM_H

#include "base/arena.h"
#include "base/err.h"
#include "config/config.h"
#include "host/enumerate.h"
#include "host/pci_node.h"

enum {
    PLATFORM_ROOT_PORT_DEVICE = 1, /* 00:01.0 */
    PLATFORM_UPSTREAM_FUNCTION = 1,
    PLATFORM_ROOT_PORT_BUSES = 4, /* that firmware keeps behind the root port (Fig. 13) */
    PLATFORM_BRIDGES_MOST = 32,   /* devices on the bus behind the upstream bridge */
};

/* A hot-plug slot of a host, for VFs of one device. */
struct platform_slot {
    uint32_t device;
    uint32_t number; /* as lend[].slot and moves[].slot name it */
    uint32_t n_vfs;  /* in it when all is booted */
};

/* The slots of @host in the order of their bridges: by device, then by number. In @arena. */
struct platform_slot *platform_slots(const struct config *config, uint32_t host,
                                     struct arena *arena, uint32_t *out_n);
/* Slots that the host shows besides those @n_slots, always empty (hotplug.slots). */
uint32_t platform_spare_slots(const struct cfg_host *host, uint32_t n_slots);
/* Devices that @host owns behind its switch, in the order of their bridges; each has bridge number
 * 0 and on, the slots follow. */
uint32_t platform_owned(const struct config *config, uint32_t host);
/* False, with @err set, if the host would see more bridges than a bus has places for. */
bool platform_fits(const struct config *config, uint32_t host, struct err *err);

/* ---- nodes ---- */

/* A list under construction, each node with options of its own. */
struct platform_nodes {
    struct pci_node *nodes;
    struct preset_options *options; /* by node */
    uint32_t n, capacity;
};

void platform_nodes_init(struct platform_nodes *list, struct arena *arena, uint32_t capacity);
/* A node with its preset's options, which the caller may change; returns its index. */
uint32_t platform_add(struct platform_nodes *list, enum preset preset, uint8_t device,
                      uint8_t function, int32_t behind);
/* Host bridge and root port, whose index it returns. */
uint32_t platform_add_root(struct platform_nodes *list, const struct cfg_host *host);
/* Management endpoint and upstream bridge behind @behind; returns the bridge's index. */
uint32_t platform_add_upstream(struct platform_nodes *list, int32_t behind);
/* The bridge number @number behind it. @is_slot: VFs come and go there. */
uint32_t platform_add_downstream(struct platform_nodes *list, uint32_t upstream, uint8_t number,
                                 bool is_slot);
/* The host's own tree (hosts[].pci); returns the index of its first node. */
uint32_t platform_add_own(struct platform_nodes *list, const struct cfg_host *host);

/* ---- devices ---- */

enum preset platform_preset(const struct cfg_device *device);
void platform_pf_options(const struct cfg_device *device, struct preset_options *out);
void platform_vf_options(const struct cfg_device *device, struct preset_options *out);
/* Whether the Users' slots for a device forward ARI. */
bool platform_has_ari(const struct config *config, const struct cfg_device *device);
const struct cfgspace_layout *platform_layout(struct arena *arena, enum preset preset,
                                              const struct preset_options *options);

/* How @host's software enumerates; its waits are the caller's to set. */
struct enumerate_options platform_enumerate_options(const struct config *config, uint32_t host);

#endif
