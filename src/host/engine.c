#include "host/engine.h"

#include "base/check.h"

#include <math.h>
#include <simgrid/actor.h>
#include <simgrid/engine.h>
#include <simgrid/exec.h>
#include <simgrid/host.h>
#include <simgrid/semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* SimGrid's own contexts switch stacks under the sanitizer's feet. */
#if defined(__SANITIZE_ADDRESS__)
#define CONTEXTS "--cfg=contexts/factory:thread"
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CONTEXTS "--cfg=contexts/factory:thread"
#endif
#endif
#ifndef CONTEXTS
#define CONTEXTS "--cfg=contexts/factory:raw"
#endif

enum { STACK_KIB = 256 };

struct engine_thread {
    struct engine_thread *next; /* the one spawned before */
    sg_sem_t released;
    struct engine *engine;
    sg_host_t host;
    void (*code)(void *argument);
    void *argument;
};

struct engine {
    sg_host_t *hosts;
    struct engine_thread *threads;
};

/* ---- platform ---- */

static void write_host(FILE *out, const struct engine_host *host, uint32_t number)
{
    fprintf(out, "<host id=\"host%u\" speed=\"1f\" core=\"%u\"/>\n", number, host->cores);
    fprintf(out,
            "<link id=\"link%u\" bandwidth=\"1Bps\" latency=\"0s\" "
            "sharing_policy=\"SPLITDUPLEX\"/>\n",
            number);
}

static void write_routes(FILE *out, uint32_t number)
{
    fprintf(out,
            "<route src=\"host%u\" dst=\"hub\" symmetrical=\"NO\">"
            "<link_ctn id=\"link%u\" direction=\"UP\"/></route>\n"
            "<route src=\"hub\" dst=\"host%u\" symmetrical=\"NO\">"
            "<link_ctn id=\"link%u\" direction=\"DOWN\"/></route>\n",
            number, number, number, number);
}

/* A star; SimGrid 3.32 aborts on its own Star zone, so this is a graph with one way between any
 * two. */
static void load_platform(const struct engine_host *hosts, uint32_t n_hosts)
{
    char path[32];
    int fd = memfd_create("platform.xml", 0);
    CHECK(fd >= 0);
    FILE *out = fdopen(fd, "w");
    CHECK(out);
    fprintf(out, "<?xml version=\"1.0\"?>\n"
                 "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
                 "<platform version=\"4.1\"><zone id=\"zone\" routing=\"DijkstraCache\">\n"
                 "<router id=\"hub\"/>\n");
    for (uint32_t h = 0; h < n_hosts; h++)
        write_host(out, &hosts[h], h);
    for (uint32_t h = 0; h < n_hosts; h++)
        write_routes(out, h);
    fprintf(out, "</zone></platform>\n");
    CHECK(fflush(out) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    simgrid_load_platform(path);
    fclose(out);
}

static struct engine *find_hosts(uint32_t n_hosts)
{
    char id[32];
    struct engine *engine = calloc(1, sizeof *engine);
    CHECK(engine);
    engine->hosts = calloc(n_hosts, sizeof(sg_host_t));
    CHECK(engine->hosts);
    for (uint32_t h = 0; h < n_hosts; h++) {
        snprintf(id, sizeof id, "host%u", h);
        engine->hosts[h] = sg_host_by_name(id);
        CHECK(engine->hosts[h]);
    }
    return engine;
}

struct engine *engine_new(const struct engine_host *hosts, uint32_t n_hosts)
{
    /* SimGrid's engine is a global of its library: this says whether that is taken. */
    static bool started;
    /* No latency in links (the solver aborts on it at this scale), no model of TCP. */
    char arguments[][64] = {
        "poolsim",
        "--cfg=network/model:CM02",
        "--cfg=network/crosstraffic:no",
        "--cfg=contexts/nthreads:1",
        CONTEXTS,
        "",
        "--log=root.thresh:error",
    };
    enum { COUNT = sizeof arguments / sizeof arguments[0] };
    char *argv[COUNT + 1] = {NULL};
    int argc = COUNT;
    if (started || n_hosts == 0)
        return NULL;
    snprintf(arguments[5], sizeof arguments[5], "--cfg=contexts/stack-size:%d", STACK_KIB);
    for (int i = 0; i < argc; i++)
        argv[i] = arguments[i];
    started = true;
    simgrid_init(&argc, argv);
    load_platform(hosts, n_hosts);
    return find_hosts(n_hosts);
}

void engine_free(struct engine *engine)
{
    while (engine->threads) {
        struct engine_thread *thread = engine->threads;
        engine->threads = thread->next;
        free(thread);
    }
    free(engine->hosts);
    free(engine);
}

/* ---- threads ---- */

static void run_thread(int argc, char **argv)
{
    (void)argc, (void)argv;
    struct engine_thread *thread = sg_actor_self_get_data();
    thread->code(thread->argument);
}

struct engine_thread *engine_spawn(struct engine *engine, uint32_t host, const char *name,
                                   void (*code)(void *argument), void *argument)
{
    struct engine_thread *thread = calloc(1, sizeof *thread);
    CHECK(thread);
    thread->next = engine->threads;
    engine->threads = thread;
    thread->engine = engine;
    thread->host = engine->hosts[host];
    thread->released = sg_sem_init(0);
    thread->code = code;
    thread->argument = argument;
    sg_actor_t actor = sg_actor_init(name, thread->host);
    sg_actor_set_data(actor, thread);
    sg_actor_start(actor, run_thread, 0, NULL);
    return thread;
}

/* ---- time ---- */

uint64_t engine_now_ps(void)
{
    return (uint64_t)ceil(simgrid_get_clock());
}

void engine_settle(void)
{
    simgrid_run_until(simgrid_get_clock());
}

void engine_run(uint64_t until_ps)
{
    double until = (double)until_ps;
    do
        simgrid_run_until(until);
    while (simgrid_get_clock() < until);
}

void engine_block(struct engine_thread *self)
{
    sg_sem_acquire(self->released);
}

void engine_release(struct engine_thread *thread)
{
    sg_sem_release(thread->released);
}

void engine_sleep_until(uint64_t time_ps)
{
    sg_actor_sleep_until((double)time_ps);
}

/* Shared resources finish between two picoseconds; software goes on at the next whole one. */
static void go_on_whole(void)
{
    double now = simgrid_get_clock();
    if (ceil(now) > now)
        sg_actor_sleep_until(ceil(now));
}

void engine_compute(uint64_t ps)
{
    sg_exec_t work = sg_actor_exec_init((double)ps);
    sg_exec_start(work);
    CHECK(sg_exec_wait_for(work, -1) == SG_OK);
    go_on_whole();
}

void engine_transfer(struct engine_thread *self, uint32_t host, uint64_t ps)
{
    sg_host_sendto(self->host, self->engine->hosts[host], (double)ps);
    go_on_whole();
}
