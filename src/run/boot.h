/* boot.h - the hosts' software in a model that has configuration spaces (boot.mode fast or tlp):
 * firmware, drivers, hot-plug slots, agents, and the pool manager with its schedule of moves, as
 * actors of host/ made from a configuration. Their accesses become TLPs of the hosts' root
 * complexes, or function calls; a function's workload runs from when its driver starts until that
 * leaves.
 *
 * boot_run replaces sim_run: it advances software with the model. All flows wait for the end of
 * boot, which is when every lend is in use; then traffic begins. */
#ifndef POOLSIM_RUN_BOOT_H
#define POOLSIM_RUN_BOOT_H

#include "des/sim.h"
#include "fabric/fault.h"
#include "host/agent.h"
#include "host/manager.h"
#include "host/plane_fabric.h"
#include "run/build.h"
#include "run/direct_access.h"
#include "run/pool_hw.h"

struct boot;
struct boot_breakage;

#define BOOT_UNWATCHED UINT32_MAX

enum boot_way {
    BOOT_BY_TLPS,
    BOOT_BY_CALLS, /* accesses are function calls that take no time (direct_access.h) */
};

struct boot_span { /* begin and end of a step, ps; 0 and 0: not done */
    uint64_t begin_ps, end_ps;
};

/* What one host's software is and did. */
struct boot_host {
    struct boot *boot;
    uint32_t host;
    struct machine machine;
    struct vf_driver_params driver;
    struct hotplug_params hotplug;
    struct hotplug_slot *slots;
    struct plane_actor **slot_actors;
    uint32_t n_slots;
    struct agent agent;
    struct boot_span firmware, pf_driver, vfs, own_drivers;
    struct boot_span hot_add, enumerate, vf_drivers; /* of its slots, at boot */
    struct plane_fabric_counts at_boot;              /* its accesses up to the end of boot */
    uint64_t correctable, nonfatal, fatal;           /* ERR_* messages that its root port has had */
};

/* What no correct move may cause, and what the switches did about it, so far. */
struct boot_wrong {
    uint64_t misdelivered, dropped_completions, timeouts, killed, stale, undrained;
};

struct boot {
    struct model *model;
    struct pool_hw hw;
    enum boot_way way;
    struct plane_fabric io; /* BOOT_BY_TLPS */
    struct direct_access direct;
    struct plane *plane;
    struct boot_host *hosts;
    struct manager manager;
    /* What breaks (boot_faults.h). */
    struct faults faults;
    uint32_t *device_link, *host_link; /* numbers in faults, or BOOT_UNWATCHED */
    struct boot_breakage *breakages;   /* by time */
    uint32_t n_breakages;
    struct plane_actor *manager_actor;
    struct boot_wrong wrong_at_boot;
    struct boot_wrong *wrong_at_move; /* when each move began */
    bool is_up; /* boot has ended: times of workloads and moves count from here */
};

/* As boot.mode says; with none, which matters to poolsim tables and lspci, by calls. */
enum boot_way boot_way_of(const struct config *config);
/* Makes the software of @model, in @boot, which must not move. Fails if the process had a software
 * plane before: fork for each run. */
bool boot_init(struct boot *boot, struct model *model, enum boot_way way,
               enum plane_coupling coupling, struct err *err);
void boot_fini(struct boot *boot);
struct boot_wrong boot_wrong_now(const struct boot *boot);

/* Until every host is up and all that is lent is in use. False with @err set if that does not come
 * about; *out_stalled tells that the model does not move, and @err is not set. */
bool boot_power_up(struct boot *boot, bool *out_stalled, struct err *err);
/* Advances software and model to @until_ps as sim_run does; before the end of boot it returns when
 * that is reached. *out_failed: software could not go on, and @err says why. */
enum sim_result boot_run(struct boot *boot, uint64_t until_ps, bool *out_failed, struct err *err);

/* Builds the model of @config and has its hosts come up, as boot.mode says: by TLPs, or by function
 * calls. On failure nothing is left behind. */
bool boot_pool(struct boot *boot, struct model *model, const struct config *config,
               struct err *err);

#endif
