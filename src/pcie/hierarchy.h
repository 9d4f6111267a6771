/* hierarchy.h - functions on buses: who answers a configuration request, or an address (Base Spec
 * 7.3; PCI-PCI bridges 3.2.5; SR-IOV 2.1.2).
 * A tree of functions that routes as the hardware does, by the registers that software has written
 * and by nothing else: a Type 1 request goes down the bridge whose secondary to subordinate numbers
 * hold the bus and becomes Type 0 at the secondary, a downstream port lets only device 0 through
 * unless ARI forwarding is on, a function on a link captures its bus number from every Type 0 write
 * that its device takes, VFs answer at the PF's routing ID + First VF Offset + i x VF Stride while
 * VF Enable is set. Nobody there means an unsupported request.
 * A bridge leads to functions of the same tree or, as an external leaf, to a link beyond which
 * somebody else routes on. One tree serves a root complex (bus 0, its root ports and all that is
 * local to the host) and, without a bus number of its own, a switch as one host sees it.
 * No clock and no allocation: functions lie in the caller's array and are known by their index. */
#ifndef POOLSIM_PCIE_HIERARCHY_H
#define POOLSIM_PCIE_HIERARCHY_H

#include "pcie/cfg_access.h"
#include "pcie/cfgspace.h"

#define HIERARCHY_TOP    UINT32_MAX /* as a parent: the first bus of the tree */
#define HIERARCHY_NOBODY UINT32_MAX /* as a function or a leaf: none */

enum {
    HIERARCHY_LINK = -1, /* as a root bus: the tree hangs on a link, and captures its bus number */
    HIERARCHY_PF = -1    /* as a VF: the function itself */
};

struct hierarchy_function {
    struct cfgspace space;
    struct cfgspace *vf; /* [vfs] its virtual functions, borrowed; NULL: none */
    uint16_t vfs;
    uint8_t devfn;
    uint8_t captured_bus;
    bool present;    /* hot-plug: whoever is absent, and all behind it, does not answer */
    uint32_t leaf;   /* of a bridge that leads out of the tree: the caller's name of the link */
    uint32_t parent; /* the bridge whose secondary bus it is on, or HIERARCHY_TOP */
    uint32_t first;  /* on its secondary bus, in the order of devfn */
    uint32_t next;   /* on the same bus */
};

struct hierarchy {
    struct hierarchy_function *functions; /* [capacity], the caller's */
    uint32_t n, capacity;
    uint32_t first;   /* on the first bus */
    int16_t root_bus; /* number of the first bus, or HIERARCHY_LINK */
};

/* An empty tree. @root_bus: the number of a root complex's first bus, where any device number can
 * be and nothing is captured; or HIERARCHY_LINK. */
void hierarchy_init(struct hierarchy *hierarchy, struct hierarchy_function *memory,
                    uint32_t capacity, int root_bus);
/* Adds a function just powered up at @devfn of the secondary bus of @parent and returns its index.
 * @value holds layout->bytes. The place must be free, the parent a bridge without a leaf. */
uint32_t hierarchy_add(struct hierarchy *hierarchy, uint32_t parent, uint8_t devfn,
                       const struct cfgspace_layout *layout, uint8_t *value);
/* Gives a physical function its @vfs virtual ones, which the caller has initialised. */
void hierarchy_set_vfs(struct hierarchy *hierarchy, uint32_t function, struct cfgspace *vf,
                       uint16_t vfs);
/* Makes a bridge without children lead to the link @leaf. */
void hierarchy_set_leaf(struct hierarchy *hierarchy, uint32_t function, uint32_t leaf);
/* Plugs a function in, powered up anew with everything behind it, or pulls it out. */
void hierarchy_set_present(struct hierarchy *hierarchy, uint32_t function, bool present);

enum hierarchy_hit {
    HIERARCHY_NONE,    /* unsupported request */
    HIERARCHY_LOCAL,   /* a function of the tree */
    HIERARCHY_EXTERNAL /* goes on over a link */
};

struct hierarchy_target {
    enum hierarchy_hit hit;
    uint32_t function; /* local: who; external: the bridge that sends it on */
    int32_t vf;        /* local: which of the function's VFs, or HIERARCHY_PF */
    uint32_t leaf;     /* external */
    uint8_t type; /* configuration: 0 or 1, as it arrives at the function or leaves on the link */
    uint8_t bar;  /* address, local: which BAR, or VF BAR */
    uint64_t offset; /* address, local: from the begin of the BAR */
};

/* A configuration request that arrives at the first bus with @type 0 or 1. */
struct hierarchy_target hierarchy_route(const struct hierarchy *hierarchy, uint8_t type,
                                        uint8_t bus, uint8_t devfn);
/* The same as the host of a root complex makes it: Type 0 for the first bus, else Type 1. */
struct hierarchy_target hierarchy_route_host(const struct hierarchy *hierarchy, uint8_t bus,
                                             uint8_t devfn);

enum hierarchy_space { HIERARCHY_MEMORY, HIERARCHY_IO };
/* A memory or I/O request that comes down to the first bus: bridges by their windows, functions by
 * their BARs, both while their Command register lets them; VFs while VF MSE is set. A BAR at
 * address 0 is one that is not set. Expansion ROMs are not decoded. */
struct hierarchy_target hierarchy_route_address(const struct hierarchy *hierarchy,
                                                enum hierarchy_space space, uint64_t address);

/* The configuration space that a local target means. */
struct cfgspace *hierarchy_cfgspace(const struct hierarchy *hierarchy,
                                    const struct hierarchy_target *target);
/* A configuration write at a local target of a route to @bus; its effects as cfgspace_write_sized
 * gives them. A Type 0 write leaves @bus with every function of the device. */
unsigned hierarchy_write(struct hierarchy *hierarchy, const struct hierarchy_target *target,
                         uint8_t bus, uint16_t offset, uint8_t bytes, uint32_t value);
/* Does at once what effects of a write ask for where time does not matter: FLR, hot reset of all
 * that is behind a bridge, reset of the VFs that are enabled. */
void hierarchy_apply(struct hierarchy *hierarchy, const struct hierarchy_target *target,
                     unsigned effects);
/* Bus, device and function: of a PF or VF on a link by the bus that it captured, on a root
 * complex's first bus by its number. */
uint16_t hierarchy_rid(const struct hierarchy *hierarchy, uint32_t function, int32_t vf);

/* Configuration accesses of the host of a root complex, done at once: routed, written, applied.
 * Beyond an external leaf nobody answers. */
struct cfg_access hierarchy_access(struct hierarchy *hierarchy);

#endif
