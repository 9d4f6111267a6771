/* pool_hw.h - the pool manager's hand on the switches (host/manager.h, struct pool_control): what
 * its orders do to the tables, the emulated functions, the slots and the VFs of a model that has
 * configuration spaces. Every table write is told to the switch (switch_note_write). Entries are
 * the lowest free ones. An entry of a VF's new place that a table refuses, because a stale one of
 * its old place is there, is not written, as the hardware would not.
 *
 * The routing ID of a lent function in its User's domain follows the bus number of its slot, so the
 * entries are written again when the User's software numbers that bus. */
#ifndef POOLSIM_RUN_POOL_HW_H
#define POOLSIM_RUN_POOL_HW_H

#include "host/manager.h"
#include "run/build.h"

#define POOL_HW_NONE UINT32_MAX

/* One function of the pool; its index is that of numbering.functions. */
struct pool_hw_vf {
    uint32_t device, vf;
    uint32_t host;     /* whom it is lent to, or POOL_HW_NONE */
    uint32_t slot;     /* of that host */
    uint32_t function; /* in the slot */
    /* What it has in the tables, or POOL_HW_NONE. */
    uint32_t up;   /* entry of id_up at the device's port */
    uint32_t down; /* row of the host's port: one entry of id_down, CFGSPACE_BARS of addr_map */
    uint32_t lent; /* row of the Owner's map of lent ranges, CFGSPACE_BARS entries */
    bool fresh;    /* loaded since its slot's card went: no need to reset it */
};

/* What the software plane is told of, in the kernel at that time. */
struct pool_hw_hooks {
    /* Interrupt @vector of @host reaches its CPU. */
    void (*interrupt)(void *self, uint32_t host, uint32_t vector, uint64_t time_ps);
    void (*slot_is_off)(void *self, uint32_t host, uint32_t slot);
    void (*booted)(void *self); /* all lends are in use */
    void (*moving)(void *self, uint32_t move);
    void *self;
};

struct pool_hw_switch;

struct pool_hw {
    struct model *model;
    struct pool_hw_vf *vfs;
    struct pool_hw_switch *switches;
    struct pool_hw_hooks hooks;
};

/* @hw must not move. */
void pool_hw_init(struct pool_hw *hw, struct model *model, const struct pool_hw_hooks *hooks);
struct pool_control pool_hw_control(struct pool_hw *hw);
/* The function of the pool that @host knows by @rid, its own or a lent one, as an index into
 * numbering.functions; POOL_HW_NONE: none. */
uint32_t pool_hw_find(const struct pool_hw *hw, uint32_t host, uint16_t rid);

#endif
