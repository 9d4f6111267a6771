/* sim.h - clock and event loop. Knows nothing of PCIe.
 * Events run in the total order (time, phase, component id, sequence). A handler schedules only
 * strictly later keys, so that what happens at one instant does not depend on the order in which
 * components were built: phase 0 updates state, phase 1 decides, phase 2 observes, as non-blocking
 * assignment does in hardware. Component ids are given by the caller from the configuration's
 * order, never from the order of construction.
 *
 * A component with a clock of its own, which knows its next tick and often changes its mind, keeps
 * that in a place of its own instead of the queue (sim_set_tick): a tick is an event like others in
 * every respect, but moving it is a store, and the queue is left to what cannot be foreseen. */
#ifndef POOLSIM_DES_SIM_H
#define POOLSIM_DES_SIM_H

#include "des/eventq.h"
#include "des/trace.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum sim_phase { PHASE_UPDATE, PHASE_DECIDE, PHASE_OBSERVE };

struct sim;

struct component {
    const char *name;
    uint32_t id;
    void (*handle)(struct component *self, struct sim *sim, const struct event *event);
    /* Prints what waits and why, for the report when nothing moves; NULL: has nothing to say. */
    void (*report)(const struct component *self, FILE *out);
    bool has_ticks; /* it calls sim_set_tick */
    uint32_t tick;  /* where its tick is kept; sim_add's */
};

struct sim_tick { /* the key of a pending tick; UINT64_MAX, ...: none */
    uint64_t time_ps;
    uint64_t order;
};

enum sim_result {
    SIM_TIME,    /* reached the time asked for */
    SIM_EMPTY,   /* no event is left */
    SIM_STOPPED, /* sim_stop was called */
    SIM_STALLED, /* something waits but nothing has moved for the progress limit */
};

struct sim {
    uint64_t now_ps;
    uint64_t key_order; /* of the event at work */
    uint64_t sequence;
    uint64_t events;   /* run so far */
    uint64_t moved_ps; /* when something last moved (sim_note_progress) */
    uint64_t waiting;  /* things under way, that must move within the limit */
    uint64_t progress_limit_ps;
    uint64_t stall_deadline_ps; /* nothing can be called stalled up to here */
    bool stop;
    const char *at_work; /* component at work, for CHECK */
    uint32_t n_components;
    struct component **components;
    struct sim_tick next_tick; /* the earliest */
    struct sim_tick *ticks;    /* of each component that has them */
    uint32_t n_ticks;
    uint32_t *earliest_tick; /* winner tree: 1 is the root, n_ticks + i the leaf of ticks[i] */
    struct trace trace;
    struct eventq queue;
};

/* @max_events: bound on events pending at once. @components: room for ids 0..@n_components-1. */
void sim_init(struct sim *sim, uint32_t n_components, size_t max_events,
              uint64_t progress_limit_ps);
void sim_fini(struct sim *sim);
/* Gives @component the id; each id once. Borrows. */
void sim_add(struct sim *sim, struct component *component, uint32_t id);

/* Schedules an event; its key must be later than that of the event at work. */
void sim_at(struct sim *sim, uint64_t time_ps, enum sim_phase phase, const struct component *target,
            uint32_t kind, uint32_t a, uint64_t b);

/* Moves the one tick of @target, an event of phase PHASE_DECIDE and kind 0, to @time_ps, later than
 * the event at work as for sim_at; UINT64_MAX: it has none. Who handles a tick sets the next. */
void sim_set_tick(struct sim *sim, const struct component *target, uint64_t time_ps);

/* Runs every event earlier than @until_ps; SIM_TIME leaves the clock at @until_ps. */
enum sim_result sim_run(struct sim *sim, uint64_t until_ps);
void sim_stop(struct sim *sim);

/* A thing (an operation, a TLP) has begun to wait for the fabric, or has arrived. */
static inline void sim_note_begin(struct sim *sim)
{
    if (sim->waiting++ == 0)
        sim->moved_ps = sim->now_ps;
}
static inline void sim_note_end(struct sim *sim)
{
    sim->waiting--;
    sim->moved_ps = sim->now_ps;
}
static inline void sim_note_progress(struct sim *sim)
{
    sim->moved_ps = sim->now_ps;
}

/* Every component's state, for SIM_STALLED and for debugging. */
void sim_report(const struct sim *sim, FILE *out);

#endif
