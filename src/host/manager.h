/* manager.h - the pool manager: lends VFs when the hosts are up, and moves them between hosts'
 * slots later (paper Fig. 9 and 10; system.md). It is software on a host, and reaches the switch's
 * pooling hardware by struct pool_control.
 *
 * To a host the functions of a slot are one card. So a move takes the cards of both slots out of
 * use, the one that a VF leaves and the one that it comes to, and puts back what is in them then:
 *
 *   NOTIFY      buttons, or messages to the hosts' agents; surprise: the cards just go
 *   UNBIND      the hosts' drivers leave, the slots have no power
 *   STOP        the switch passes no new request of the VFs in the slot that one leaves
 *   DRAIN       until nothing is in flight in both slots, at most drain_limit_ps
 *   FLR         and its patience
 *   INVALIDATE  the table entries of the old place
 *   LOAD        those of the new place, with a new epoch
 *   PRESENCE    the card comes: interrupt of the new User's port
 *   HOT_ADD     that host's hot-plug driver and enumeration
 *   DRIVER      its VF drivers, until the workload runs
 *
 * Each step's time is recorded. Steps can be left out or done in the wrong order, to study what
 * goes wrong then. */
#ifndef POOLSIM_HOST_MANAGER_H
#define POOLSIM_HOST_MANAGER_H

#include "base/err.h"
#include "host/plane.h"

/* The pooling hardware, as the manager's register accesses reach it; each function is called in the
 * kernel at that time. @vf is the VF's number in the pool. */
struct pool_control {
    void (*stop)(void *self, uint32_t vf);
    uint32_t (*in_flight)(void *self, uint32_t vf);
    void (*reset)(void *self, uint32_t vf);
    void (*invalidate)(void *self, uint32_t vf);
    /* Writes the entries of @vf as function @function of slot @slot of @host; a new epoch. */
    void (*load)(void *self, uint32_t vf, uint32_t host, uint32_t slot, uint32_t function);
    /* The slot's card comes or goes: presence and link of the virtual port, its interrupt; one that
     * goes sends no more (Bus Master off), one that comes has been reset. */
    void (*set_card)(void *self, uint32_t host, uint32_t slot, bool present);
    void (*press_button)(void *self, uint32_t host, uint32_t slot);
    /* The host has turned power and power indicator off: the card may be taken, and not before
     * (pciehp ignores what comes earlier). Becoming so also raises the manager's slot_vector. */
    bool (*is_off)(void *self, uint32_t host, uint32_t slot);
    /* All lends are in use: what the run waits for before it measures. */
    void (*booted)(void *self);
    /* Move number @move begins. */
    void (*moving)(void *self, uint32_t move);
    void *self;
};

enum manager_order { MANAGER_GRACEFUL, MANAGER_SURPRISE, MANAGER_IMMEDIATE };

enum manager_fault {
    MANAGER_CORRECT,
    MANAGER_INVALIDATE_FIRST, /* entries go before anything is stopped or drained */
    MANAGER_NO_DRAIN,
    MANAGER_NO_FLR,
    MANAGER_STALE_ENTRY, /* the old entries stay */
};

enum manager_step {
    MANAGER_NOTIFY,
    MANAGER_UNBIND,
    MANAGER_STOP,
    MANAGER_DRAIN,
    MANAGER_FLR,
    MANAGER_INVALIDATE,
    MANAGER_LOAD,
    MANAGER_PRESENCE,
    MANAGER_HOT_ADD,
    MANAGER_DRIVER,
    MANAGER_STEPS
};

const char *manager_step_name(enum manager_step step);

/* What was done when, of one move; begin and end 0: not done. */
struct manager_record {
    uint64_t begin_ps[MANAGER_STEPS], end_ps[MANAGER_STEPS];
    uint32_t in_flight; /* when it was stopped */
    uint32_t abandoned; /* still in flight when patience with draining was over */
    bool done;
};

struct manager_move {
    uint64_t at_ps;     /* from the end of boot */
    uint32_t vf, n_vfs; /* the first, and how many; all from one slot */
    uint32_t to;        /* number of a slot, below */
    enum manager_order order;
    enum manager_fault fault;
    uint32_t from; /* the slot that they leave; valid once it has begun */
    struct manager_record record;
};

struct manager_slot {
    uint32_t host, slot;
    struct plane_actor *agent; /* of the host; needed for immediate moves */
    uint32_t *vfs;             /* in it, by function number; room for all of the pool */
    uint32_t n_vfs;
    /* the manager's own */
    bool is_up, is_down;  /* its host says so; taken note of once */
    uint64_t added_ps[2]; /* begin and end of its last hot-add */
};

struct manager {
    /* set by whoever makes it */
    struct pool_control control;
    uint32_t n_pfs;               /* that tell when their VFs are there */
    uint32_t n_hosts;             /* that tell when they are up */
    struct plane_actor *listener; /* is told the end of boot; NULL: nobody is */
    struct manager_slot *slots;
    uint32_t n_slots;
    uint32_t slot_vector;       /* of its host */
    struct manager_move *moves; /* by at_ps */
    uint32_t n_moves;
    uint64_t access_ps;      /* the CPU's work around one order to the hardware */
    uint64_t poll_ps;        /* between two looks at what is in flight */
    uint64_t drain_limit_ps; /* at most; then what is left is abandoned */
    uint64_t flr_ps;         /* from FLR to the next access: 100 ms (6.6.2) */
    uint64_t power_limit_ps; /* patience with a host that is asked to let go of a slot */
    /* its own */
    uint32_t pfs_ready, hosts_up;
    uint64_t lend_ps, lent_ps; /* begin and end of loading what is lent at boot */
    uint64_t booted_ps;
};

/* The code of the manager's actor; its argument is the manager. Comes back when all moves are done.
 */
void manager_run(struct plane_actor *self, void *argument);

#endif
