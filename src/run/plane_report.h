/* plane_report.h - what hosts' software did and saw in a run, as plain data: how each host booted,
 * how VFs moved, what went wrong meanwhile, what software saw of faults. Filled by run/run.c for a
 * run with a software plane (results.plane), written and printed by the functions at the end; a run
 * without has none of it.
 *
 * Times are picoseconds of the simulated clock, which begins with power on. Names and arrays are
 * borrowed: from the configuration, or from an arena that lives as long as the results. Zeroed
 * means nothing; what did not take place has begin and end 0. */
#ifndef POOLSIM_RUN_PLANE_REPORT_H
#define POOLSIM_RUN_PLANE_REPORT_H

#include "base/arena.h"
#include "host/manager.h"
#include <stdbool.h>
#include <stdint.h>

/* What a host goes through until its drivers are up, in this order. */
enum plane_boot_step {
    PLANE_BOOT_FIRMWARE,  /* power on, until its domain is numbered */
    PLANE_BOOT_PF_DRIVER, /* Owner: PF found and started */
    PLANE_BOOT_VFS,       /* Owner: VF Enable, until the VFs answer and are numbered */
    PLANE_BOOT_LEND,      /* the manager loads its entries, until its cards are present */
    PLANE_BOOT_HOT_ADD,   /* User: interrupt of the slot, until the card can be accessed */
    PLANE_BOOT_ENUMERATE, /* User: the card's functions are found and placed */
    PLANE_BOOT_VF_DRIVER, /* probe of its VFs, the first to the last */
    PLANE_BOOT_STEPS
};

struct plane_span {
    uint64_t begin_ps, end_ps;
};

struct plane_boot { /* of a host */
    const char *host;
    struct plane_span steps[PLANE_BOOT_STEPS]; /* plane_boot_add */
    uint64_t config_requests;                  /* of its software, up to the end of boot */
};

/* The first three are what no correct move may cause; the others what the switch did so that it did
 * not come to that. Counted by whoever fills it, as differences of the components' counters. */
struct plane_wrong {
    uint64_t misdelivered;        /* TLPs to a function or host that did not own it any more */
    uint64_t dropped_completions; /* whose requester was gone */
    uint64_t timeouts;            /* requests of CPUs and devices that no completion ended */
    uint64_t killed;              /* look-ups whose entry was written meanwhile */
    uint64_t stale;               /* completions to requests passed on that came too late */
    uint64_t undrained;           /* requests of or to VFs that were being drained */
};

struct plane_move {
    const char *vf;        /* "nic0.vf3"; several in one go: "nic0.vf4-7" */
    const char *from, *to; /* hosts */
    enum manager_order order;
    enum manager_fault fault;
    uint64_t asked_ps;
    struct manager_record record;
    struct plane_wrong wrong; /* from its first step up to that of the next move, or the end */
};

struct plane_fault {  /* as configured; it is marked in the timeline */
    const char *what; /* "nic0 link down", "owner reset" */
    uint64_t begin_ps;
    uint64_t end_ps; /* 0: for good */
};

struct plane_saw { /* what a host's software saw */
    const char *host;
    uint64_t timeouts;                     /* completion time-outs of its CPU's requests */
    uint64_t unsupported;                  /* completions with status UR */
    uint64_t aborted;                      /* with status CA */
    uint64_t links_down;                   /* link down or card gone, unannounced */
    uint64_t correctable, nonfatal, fatal; /* ERR_* messages that its root port logged (AER) */
    uint64_t contained;                    /* Downstream Port Containment was triggered */
};

struct plane_report {
    uint64_t booted_ps; /* all that is lent at boot is in use; 0: did not boot in simulated time */
    uint32_t n_boots, n_moves, n_faults, n_saws;
    struct plane_boot *boots;
    struct plane_move *moves; /* in the order in which they were made */
    struct plane_fault *faults;
    struct plane_saw *saws;
    struct plane_wrong wrong; /* from the end of boot to the end of the run */
    uint64_t hash;            /* over all times at which software went on, and why (plane_hash) */
    struct arena memory;      /* of the arrays and names that are the report's own */
};

const char *plane_boot_step_name(enum plane_boot_step step);
/* As the configuration calls them. */
const char *plane_order_name(enum manager_order order);
const char *plane_fault_name(enum manager_fault fault);

/* Notes that @boot was at @step from @begin_ps to @end_ps; a step that is done more than once (a
 * host with two slots) reaches from the first begin to the last end. */
void plane_boot_add(struct plane_boot *boot, enum plane_boot_step step, uint64_t begin_ps,
                    uint64_t end_ps);

/* When the host's last step ended. */
uint64_t plane_boot_end_ps(const struct plane_boot *boot);

/* Nothing went wrong; nothing was seen. */
bool plane_wrong_is_none(const struct plane_wrong *wrong);
bool plane_saw_is_none(const struct plane_saw *saw);

/* From the first step's begin to the last one's end; 0 and 0 for a move that was not begun. */
struct plane_span plane_move_span(const struct plane_move *move);
/* From when it was asked for until the VF is in use; 0 if it never was. */
uint64_t plane_move_latency_ps(const struct plane_move *move);

#endif
