/* moves_rig.h - a small pool whose hosts and devices are made by hand: every TLP that they send is
 * a test's, and whatever reaches them is shown to it. Between them is the real switch with live
 * tables, views, proxy tags and assignments. All hosts give out the same bus numbers and addresses,
 * so that only the tables tell one domain from another.
 *
 * Ports 0 .. hosts-1 are host ports, the devices' come behind them. Device d hangs in every host's
 * view behind the downstream bridge 02:d.0: in its Owner's as itself, with its PF at bus 3+2d and
 * its VFs behind that or on the next bus; in the others' as a slot of emulated functions. */
#ifndef POOLSIM_SYSTEM_MOVES_RIG_H
#define POOLSIM_SYSTEM_MOVES_RIG_H

#include "fabric/port.h"
#include "fabric/switch_config.h"

enum {
    MOVES_HOSTS = 4,
    MOVES_DEVICES = 3,
    MOVES_VFS = 5,           /* of a device */
    MOVES_SLOT_FUNCTIONS = 3 /* of a User's slot */
};
enum { MOVES_PORTS = MOVES_HOSTS + MOVES_DEVICES, MOVES_POOL = MOVES_DEVICES * MOVES_VFS };
enum { MOVES_TLPS = 4096, MOVES_REQUESTS = 2048 };
enum { MOVES_BAR_BYTES = 1 << 14, MOVES_PROXY_RID = 0x101, MOVES_FLR_PS = 3000000 };

struct moves_shape {
    uint32_t hosts, devices;
    uint32_t owner[MOVES_DEVICES];
    uint32_t vfs[MOVES_DEVICES];
    bool far[MOVES_DEVICES];      /* VFs are on the bus behind the PF's */
    uint32_t cam[MOVES_DEVICES];  /* CAM entries; fewer than VFs: fetched from the table */
    uint32_t credits, proxy_tags; /* headers of a link; tags of a device port */
    bool cut_through, voq, pipelined;
};

struct moves_rig;
struct moves_ops {
    /* A TLP's last byte is at port @port, now; the callee owns it. */
    void (*on_arrival)(void *self, uint32_t port, uint32_t index);
    /* An event that moves_later scheduled. */
    void (*on_event)(void *self, uint32_t a, uint64_t b);
    void *self;
};

struct moves_vf {
    uint32_t device, number; /* in the device */
    uint32_t host, function; /* who has it where; host is moves_rig.shape.hosts: the Owner */
};

struct moves_host {
    struct switch_view view;
    struct hierarchy_function functions[2 + MOVES_DEVICES];
    struct switch_branch branches[MOVES_DEVICES];
    struct cfg_emu emus[MOVES_DEVICES][MOVES_SLOT_FUNCTIONS];
    struct switch_vf vfs[MOVES_DEVICES][MOVES_SLOT_FUNCTIONS];
    struct route route;
    struct route_window windows[2 * MOVES_DEVICES];
};

struct moves_rig {
    struct component component;
    struct moves_shape shape;
    struct moves_ops ops;
    struct sim sim;
    struct fabric fabric;
    struct link_params link;
    struct link in[MOVES_PORTS], out[MOVES_PORTS]; /* to the switch and from it */
    struct port source[MOVES_PORTS];
    struct pcie_switch sw;
    struct moves_host hosts[MOVES_HOSTS];
    struct moves_vf vfs[MOVES_POOL];
    uint32_t first_vf[MOVES_DEVICES], n_vfs;
    struct assignment assignments[MOVES_POOL];
    struct assignment_table table;
    char *at, *end; /* of the memory that is left */
};

/* Layouts and memory that all rigs share; free with moves_rig_exit. */
void moves_rig_enter(void);
void moves_rig_exit(void);

/* All VFs are their Owners'. */
void moves_rig_init(struct moves_rig *rig, const struct moves_shape *shape,
                    const struct moves_ops *ops);
void moves_rig_fini(struct moves_rig *rig);
/* True if every TLP, request, credit, tag and count is back. */
bool moves_rig_is_conserved(const struct moves_rig *rig);

void moves_later(struct moves_rig *rig, uint64_t at_ps, uint32_t a, uint64_t b);
void moves_send(struct moves_rig *rig, uint32_t port, uint32_t index);

/* ---- what the tables are made of; a test's own judgement has its own formulas ---- */

uint16_t moves_pf_rid(uint32_t device);
uint16_t moves_owner_rid(const struct moves_rig *rig, uint32_t vf);
uint64_t moves_owner_bar(const struct moves_rig *rig, uint32_t vf);
uint64_t moves_pf_bar(uint32_t device);
uint16_t moves_user_rid(uint32_t device, uint32_t function);
/* Where the User's software puts the function's BAR. */
uint64_t moves_user_bar(uint32_t device, uint32_t function);
/* Offset of Device Control of a VF. */
uint16_t moves_devctl(void);

/* ---- what a pool manager does to the tables, each at once ---- */

/* The entries of @vf as function @function of host @host's slot, and the command LOAD. */
void moves_load(struct moves_rig *rig, uint32_t vf, uint32_t host, uint32_t function);
/* Those entries go, and the VF is its Owner's. @keep_stale: the old User's stay. */
void moves_invalidate(struct moves_rig *rig, uint32_t vf, bool keep_stale);
/* The switch sends an FLR to the VF. */
void moves_flr(struct moves_rig *rig, uint32_t vf);

#endif
