/* plane_actor.h - the inside of plane.h, shared by the coupling (plane.c) and the wrappers that
 * actors call (plane_calls.c). */
#ifndef POOLSIM_HOST_PLANE_ACTOR_H
#define POOLSIM_HOST_PLANE_ACTOR_H

#include "host/engine.h"
#include "host/plane.h"
#include "host/plane_queue.h"

enum plane_item_kind {
    PLANE_ITEM_ANSWER,    /* a: actor */
    PLANE_ITEM_INTERRUPT, /* a: vector, of the host of the order */
    PLANE_ITEM_MESSAGE,   /* a: receiver, value: the letter */
    PLANE_ITEM_TIMEOUT,   /* a: actor, value: number of its wait */
};

enum plane_wait {
    PLANE_RUNS,
    PLANE_WAITS_ANSWER,    /* wait_for: the access's kind; wait_at: its address */
    PLANE_WAITS_INTERRUPT, /* wait_for: vector */
    PLANE_WAITS_MESSAGE,
    PLANE_SLEEPS,   /* wait_at: until then */
    PLANE_COMPUTES, /* wait_at: until then at least; the same for the next */
    PLANE_SENDS,
};

struct plane_letter { /* a message under way or not yet read */
    struct plane_message message;
    struct plane_letter *next;
};

struct plane_access_slot {
    struct plane_access access;
    struct plane_access_slot *older; /* of all that were ever made */
};

struct plane_actor {
    struct plane *plane;
    const char *name;
    struct engine_thread *thread;
    void (*code)(struct plane_actor *self, void *argument);
    void *argument;
    struct plane_letter *letters, *last_letter; /* earliest first */
    uint64_t sequence;                          /* of what it has sent into the kernel or network */
    uint64_t hash;
    uint64_t wait_number; /* counts its waits, for time-outs of earlier ones */
    uint64_t wait_at;
    uint32_t wait_for;
    enum plane_wait wait;
    uint32_t host;
    uint32_t number;
    bool daemon, finished, timed_out;
};

struct plane_vector {
    bool raised;
    struct plane_actor *waits;
};

struct plane_host_state {
    struct plane_host params;
    struct plane_vector *vectors;
    uint64_t told; /* sequence of the kernel's news for it */
};

struct plane {
    struct component component;
    struct sim *sim;
    struct engine *engine;
    struct plane_io io;
    enum plane_coupling coupling;
    uint64_t message_latency_ps;
    uint64_t message_bps;
    uint64_t lookahead_ps; /* the smallest cpu_to_rc_ps */
    struct plane_host_state *hosts;
    uint32_t n_hosts;
    uint32_t n_actors;
    uint32_t unfinished; /* actors that are no daemons */
    struct plane_actor **actors;
    uint64_t *busy_ps;  /* of each actor: its native activity cannot end before; UINT64_MAX: none */
    uint64_t kernel_ps; /* every event before it has run */
    struct plane_queue news;     /* for software */
    struct plane_queue requests; /* for the kernel */
    struct plane_access_slot *accesses;
    struct plane_access *free_access;
    uint64_t finished_ps;
    uint64_t rounds;
    bool has_news; /* since the kernel was last let run */
    bool stop;     /* plane_stop was called */
    bool has_spawned;
    bool failed;
    struct err err; /* when failed */
    bool told_finished;
};

/* The access reaches the kernel when it has passed from the CPU to the root complex. */
void plane_submit(struct plane_actor *actor, struct plane_access *access);
void plane_give_back(struct plane *plane, struct plane_access *access);

/* FNV-1a over the bytes of @value. */
static inline uint64_t plane_mix(uint64_t hash, uint64_t value)
{
    for (unsigned i = 0; i < sizeof value; i++)
        hash = (hash ^ (value >> (8 * i) & 0xff)) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
