/* plane.h - the software plane: sequential software on simulated hosts, coupled with the kernel
 * that simulates the fabric.
 * Software is actors, each bound to a host; an actor is plain C code that calls the blocking
 * wrappers below and sees the simulated time pass meanwhile. The fabric is the kernel (des/sim.h).
 * plane_run advances both.
 *
 * What an actor does at time t reaches the kernel at t + its host's cpu_to_rc_ps: a request of the
 * CPU at the root complex. What the kernel has for software (an answer, an interrupt) it gives to
 * plane_done and plane_raise, which stop the kernel at that instant; the actors that wait for it go
 * on at the same time. While an actor computes, sleeps or sends, the kernel runs at most the
 * smallest cpu_to_rc_ps beyond the earliest time at which it can end, so nothing ever arrives in
 * the kernel's past.
 *
 * The order of all that happens is a total one that neither the coupling nor the order of building
 * changes: news of one instant reach software by (host, news before messages before time-outs,
 * actor, sequence), requests of one instant reach the kernel by (host, actor, sequence). Both
 * couplings therefore give the same plane_hash. */
#ifndef POOLSIM_HOST_PLANE_H
#define POOLSIM_HOST_PLANE_H

#include "base/err.h"
#include "des/sim.h"
#include "pcie/cfg_access.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum plane_coupling {
    PLANE_RUN_AHEAD, /* the kernel runs to the next event that software can see */
    PLANE_PER_EVENT, /* software's clock follows every event: slow, the reference for the other */
};

enum { PLANE_FOREVER = 0, PLANE_MESSAGE_ARGUMENTS = 4 };

struct plane;
struct plane_actor;

struct plane_host {
    const char *name;
    uint32_t cores;
    uint32_t vectors;      /* interrupts that software can wait for: 0..vectors-1 */
    uint64_t cpu_to_rc_ps; /* at least 1 */
};

enum plane_access_kind {
    PLANE_CFG_READ,
    PLANE_CFG_WRITE,
    PLANE_MMIO_READ,
    PLANE_MMIO_WRITE, /* posted: the actor does not wait for its end */
    PLANE_CALL,
    PLANE_LOCK,
    PLANE_UNLOCK, /* not waited for either */
};

/* One access of an actor, on its way through the kernel. */
struct plane_access {
    uint64_t address; /* configuration: BDF 31:16, offset 15:0 */
    uint64_t value;   /* written, or read: all ones when failed */
    enum plane_access_kind kind;
    uint32_t host;
    uint8_t bytes;
    bool failed; /* nobody answered, or with an error */
    /* the plane's */
    uint32_t number; /* of all accesses that can be under way at once: small, from 0 on */
    struct plane_actor *actor;
    void (*call)(void *self, struct plane_access *access);
    void *self;
    struct plane_access *next;
};

/* How accesses get into the fabric: called at the time at which they reach the root complex. Each
 * ends in one plane_done, at once or later. */
struct plane_io {
    void (*issue)(void *self, struct plane_access *access);
    void *self;
};

struct plane_params {
    const struct plane_host *hosts;
    uint32_t n_hosts;
    enum plane_coupling coupling;
    struct plane_io io;
    uint64_t message_latency_ps; /* of the management network, at least the largest cpu_to_rc_ps */
    uint64_t message_bps;        /* of each host's link to it; messages of one host share it */
};

/* Joins @sim as component @id. NULL, with @err set, if this process had a plane before: SimGrid
 * allows one, fork for more. Copies @params but for names. */
struct plane *plane_new(struct sim *sim, uint32_t id, const struct plane_params *params,
                        struct err *err);
void plane_free(struct plane *plane);

/* A new actor on @host that runs @code from the next plane_run on. @name is borrowed. Software has
 * finished when all actors but daemons (which serve others for ever) have come back from @code. */
struct plane_actor *plane_spawn(struct plane *plane, uint32_t host, const char *name, bool daemon,
                                void (*code)(struct plane_actor *self, void *argument),
                                void *argument);

enum plane_result {
    PLANE_TIME,     /* reached the time asked for */
    PLANE_FINISHED, /* software has finished, at plane_finished_ps; told once, then runs on */
    PLANE_EMPTY,    /* software has finished and the kernel has no event left */
    PLANE_STOPPED,  /* a component called sim_stop or plane_stop */
    PLANE_STALLED,  /* as SIM_STALLED */
    PLANE_DEADLOCK, /* actors wait for what can never come: plane_explain names it */
    PLANE_FAILED,   /* an actor called plane_fail: plane_explain has its error */
};

/* Runs every event of the kernel before @until_ps, and software with it. */
enum plane_result plane_run(struct plane *plane, uint64_t until_ps);
/* When the last actor that is no daemon came back. */
uint64_t plane_finished_ps(const struct plane *plane);
/* What each actor is at, a line each; for PLANE_DEADLOCK with what is wrong before. */
void plane_report(const struct plane *plane, FILE *out);
/* Fills @err with what an actor said in plane_fail, or with who waits for what. Always false. */
bool plane_explain(const struct plane *plane, struct err *err);
/* Over every time at which any actor got to go on, and why. */
uint64_t plane_hash(const struct plane *plane);
/* How often software's clock was moved. */
uint64_t plane_rounds(const struct plane *plane);

/* ---- for the kernel's components ---- */

/* @access has ended at @done_ps, now or later. */
void plane_done(struct plane *plane, struct plane_access *access, uint64_t done_ps);
/* Interrupt @vector of @host reaches the CPU at @time_ps, now or later. One that nobody waits for
 * is kept; a second of the same vector is then the same. */
void plane_raise(struct plane *plane, uint32_t host, uint32_t vector, uint64_t time_ps);

/* plane_run comes back when this instant is over. */
void plane_stop(struct plane *plane);

/* ---- for actors: every one of these may let time pass ---- */

uint32_t plane_cfg_read(struct plane_actor *self, uint16_t bdf, uint16_t offset, uint8_t bytes);
void plane_cfg_write(struct plane_actor *self, uint16_t bdf, uint16_t offset, uint8_t bytes,
                     uint32_t value);
uint64_t plane_mmio_read(struct plane_actor *self, uint64_t address, uint8_t bytes);
void plane_mmio_write(struct plane_actor *self, uint64_t address, uint8_t bytes, uint64_t value);
/* Has @call(@target, access) run in the kernel, as what it does to hardware or to the workload, and
 * waits for it. @value goes with the access; returns the value that @call left in it. */
uint64_t plane_call(struct plane_actor *self,
                    void (*call)(void *target, struct plane_access *access), void *target,
                    uint64_t value);

/* Waits until @vector of its host is raised, at most @timeout_ps (PLANE_FOREVER: without limit).
 * False when that passed; a time-out is never shorter than the smallest cpu_to_rc_ps. One actor at
 * a time waits for a vector. */
bool plane_wait_interrupt(struct plane_actor *self, uint32_t vector, uint64_t timeout_ps);
void plane_sleep(struct plane_actor *self, uint64_t ps);
/* Uses one core of its host for @ps, longer when more actors than cores compute. */
void plane_compute(struct plane_actor *self, uint64_t ps);

struct plane_message {
    const struct plane_actor *from; /* set by plane_send */
    uint32_t kind;                  /* the actors' own */
    uint32_t bytes;                 /* on the network */
    uint64_t argument[PLANE_MESSAGE_ARGUMENTS];
};

/* Sends over the management network; goes on when the message has left the host. */
void plane_send(struct plane_actor *self, struct plane_actor *to,
                const struct plane_message *message);
/* The earliest message for it, waiting at most @timeout_ps for one; false when that passed. */
bool plane_receive(struct plane_actor *self, uint64_t timeout_ps, struct plane_message *out);

/* Actors of one host that share something take turns, first come, first served. Zeroed: free. To
 * take it is a call as plane_call is. */
struct plane_mutex {
    bool taken;
    struct plane_access *first, *last; /* who waits for it */
};
void plane_lock(struct plane_actor *self, struct plane_mutex *mutex);
void plane_unlock(struct plane_actor *self, struct plane_mutex *mutex);

/* Software cannot go on: ends plane_run with the first error told, and this actor for good. */
_Noreturn void plane_fail(struct plane_actor *self, const struct err *err);

/* Configuration space as @self reaches it. Each access first computes for @compute_ps. The struct
 * must outlive what is returned; @actor may be changed, when another one goes on with its work. */
struct plane_cfg {
    struct plane_actor *actor;
    uint64_t compute_ps;
};
struct cfg_access plane_cfg_access(struct plane_cfg *cfg);

uint64_t plane_now_ps(const struct plane_actor *self);
uint32_t plane_host_of(const struct plane_actor *self);
const char *plane_name_of(const struct plane_actor *self);

#endif
