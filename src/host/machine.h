/* machine.h - what the software of one host shares: its PCI domain, which one actor at a time
 * changes (Linux: pci_lock_rescan_remove), and what its steps cost. */
#ifndef POOLSIM_HOST_MACHINE_H
#define POOLSIM_HOST_MACHINE_H

#include "host/enumerate.h"
#include "host/plane.h"

struct machine_params {
    struct arena *arena; /* for the tree of functions */
    struct enumerate_options enumerate;
    uint64_t power_on_ps; /* from power to firmware's first access */
    uint64_t access_ps;   /* the CPU's work around one configuration access */
};

struct machine {
    struct machine_params params;
    struct enumeration pci;
    struct plane_mutex lock;
    struct plane_cfg cfg; /* its actor is the one that has entered */
    struct cfg_access access;
};

/* @machine must not move: the access points into it. */
void machine_init(struct machine *machine, const struct machine_params *params);
/* From enter to leave the domain is @self's. */
void machine_enter(struct machine *machine, struct plane_actor *self);
void machine_leave(struct machine *machine);

#endif
