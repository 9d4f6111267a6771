/* engine.h - what we use of SimGrid: threads of software on hosts with CPUs, and a management
 * network. Nothing else of this program sees SimGrid's headers.
 * One unit of SimGrid's time is 1 ps, exact up to 2^53 ps (2.5 h). CPUs have the speed 1 and the
 * network's links the bandwidth 1, so that amounts of work are times too: what they take when
 * nobody else is served. A process has one engine for all its life (SimGrid cannot make a second),
 * so a program that needs several forks. The caller owns the loop: nothing moves but in engine_run
 * and engine_settle. */
#ifndef POOLSIM_HOST_ENGINE_H
#define POOLSIM_HOST_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

struct engine_host {
    const char *name;
    uint32_t cores;
};

struct engine;
struct engine_thread;

/* Makes the process's engine with @hosts, each with a link of its own to the hub of the management
 * network. NULL if the process has had an engine before. */
struct engine *engine_new(const struct engine_host *hosts, uint32_t n_hosts);
/* Frees what is ours. Threads that still wait are left behind in SimGrid, which the process's end
 * removes. */
void engine_free(struct engine *engine);

/* A thread that runs @code(@argument) on host @host from the next engine_settle on. Owned by the
 * engine. */
struct engine_thread *engine_spawn(struct engine *engine, uint32_t host, const char *name,
                                   void (*code)(void *argument), void *argument);

/* Up to which time threads have run. */
uint64_t engine_now_ps(void);
/* Runs all threads up to and including @until_ps. */
void engine_run(uint64_t until_ps);
/* Runs what can run at this very instant. */
void engine_settle(void);

/* ---- in a thread ---- */

/* Waits for one engine_release, or takes one that came before. */
void engine_block(struct engine_thread *self);
void engine_sleep_until(uint64_t time_ps);
/* Occupies one core of the thread's host for @ps; longer if the host has more threads at work than
 * cores. Ends on a whole picosecond. */
void engine_compute(uint64_t ps);
/* Occupies the links from the thread's host to @host for @ps, longer if they are shared. */
void engine_transfer(struct engine_thread *self, uint32_t host, uint64_t ps);

/* ---- outside ---- */

void engine_release(struct engine_thread *thread);

#endif
