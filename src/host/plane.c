/* An actor's access comes from plane_calls.c, waits in requests until the kernel reaches its time
 * (EV_ISSUE) and goes to plane_io; its end comes by plane_done, waits in news until software's
 * clock reaches its time, and lets the actor go on. */
#include "host/plane.h"

#include "base/check.h"
#include "host/plane_actor.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { EV_ISSUE };

static uint64_t least(uint64_t x, uint64_t y)
{
    return x < y ? x : y;
}

/* ---- the kernel's side ---- */

void plane_submit(struct plane_actor *actor, struct plane_access *access)
{
    struct plane *plane = actor->plane;
    uint64_t at_ps = engine_now_ps() + plane->hosts[actor->host].params.cpu_to_rc_ps;
    struct plane_item item = {
        .time_ps = at_ps,
        .order = plane_order(actor->host, PLANE_REQUESTS, actor->number),
        .sequence = ++actor->sequence,
        .object = access,
    };
    CHECK(at_ps >= plane->kernel_ps);
    plane_queue_push(&plane->requests, &item);
    sim_at(plane->sim, at_ps, PHASE_UPDATE, &plane->component, EV_ISSUE, 0, 0);
}

static void tell(struct plane *plane, const struct plane_item *item)
{
    CHECK(item->time_ps >= plane->sim->now_ps);
    plane_queue_push(&plane->news, item);
    plane->has_news = true;
    sim_stop(plane->sim);
}

static void tell_end(struct plane *plane, const struct plane_access *access, uint64_t done_ps)
{
    const struct plane_actor *actor = access->actor;
    const struct plane_item item = {
        .time_ps = done_ps,
        .order = plane_order(actor->host, PLANE_NEWS, 0),
        .sequence = ++plane->hosts[actor->host].told,
        .kind = PLANE_ITEM_ANSWER,
        .a = actor->number,
    };
    tell(plane, &item);
}

static void lock(struct plane *plane, struct plane_access *access)
{
    struct plane_mutex *mutex = access->self;
    if (!mutex->taken) {
        mutex->taken = true;
        tell_end(plane, access, plane->sim->now_ps);
        return;
    }
    access->next = NULL;
    if (mutex->first)
        mutex->last->next = access;
    else
        mutex->first = access;
    mutex->last = access;
}

static void unlock(struct plane *plane, struct plane_access *access)
{
    struct plane_mutex *mutex = access->self;
    struct plane_access *next = mutex->first;
    CHECK(mutex->taken);
    plane_give_back(plane, access);
    mutex->taken = next;
    if (!next)
        return;
    mutex->first = next->next;
    tell_end(plane, next, plane->sim->now_ps);
}

/* As many requests of one instant as there are events at it: the queue has their order, the events
 * only the number. */
static void handle(struct component *self, struct sim *sim, const struct event *event)
{
    struct plane *plane = (struct plane *)self;
    CHECK(event->kind == EV_ISSUE);
    struct plane_item item = plane_queue_pop(&plane->requests);
    CHECK(item.time_ps == sim->now_ps);
    struct plane_access *access = item.object;
    switch (access->kind) {
    case PLANE_CALL:
        access->call(access->self, access);
        tell_end(plane, access, sim->now_ps);
        return;
    case PLANE_LOCK:
        lock(plane, access);
        return;
    case PLANE_UNLOCK:
        unlock(plane, access);
        return;
    case PLANE_CFG_READ:
    case PLANE_CFG_WRITE:
    case PLANE_MMIO_READ:
    case PLANE_MMIO_WRITE:
        sim_note_begin(sim);
        plane->io.issue(plane->io.self, access);
        return;
    }
}

void plane_done(struct plane *plane, struct plane_access *access, uint64_t done_ps)
{
    sim_note_end(plane->sim);
    if (access->kind == PLANE_MMIO_WRITE)
        plane_give_back(plane, access);
    else
        tell_end(plane, access, done_ps);
}

void plane_raise(struct plane *plane, uint32_t host, uint32_t vector, uint64_t time_ps)
{
    CHECK(host < plane->n_hosts && vector < plane->hosts[host].params.vectors);
    const struct plane_item item = {
        .time_ps = time_ps,
        .order = plane_order(host, PLANE_NEWS, 0),
        .sequence = ++plane->hosts[host].told,
        .kind = PLANE_ITEM_INTERRUPT,
        .a = vector,
    };
    tell(plane, &item);
}

void plane_stop(struct plane *plane)
{
    plane->stop = true;
}

/* Runs the kernel up to @limit_ps, or to the end of the first instant that has news. */
static enum sim_result run_kernel(struct plane *plane, uint64_t limit_ps)
{
    struct sim *sim = plane->sim;
    uint64_t until_ps = limit_ps;
    for (;;) {
        plane->has_news = false;
        enum sim_result result = sim_run(sim, until_ps);
        if (result == SIM_STOPPED && plane->has_news) {
            until_ps = sim->now_ps + 1;
            continue;
        }
        /* With no event left time can pass, however much waits: software may bring some. */
        bool complete = result == SIM_TIME || result == SIM_EMPTY ||
                        (result == SIM_STALLED && sim->queue.n == 0);
        plane->kernel_ps = complete ? until_ps : sim->now_ps;
        return result;
    }
}

static uint64_t next_event_ps(struct sim *sim)
{
    struct event event;
    if (!eventq_pop(&sim->queue, &event))
        return UINT64_MAX;
    eventq_push(&sim->queue, &event);
    return event.time_ps;
}

/* ---- software's side ---- */

static void wake(struct plane_actor *actor)
{
    actor->wait_number++;
    engine_release(actor->thread);
}

static void take_interrupt(struct plane *plane, uint32_t host, uint32_t number)
{
    struct plane_vector *vector = &plane->hosts[host].vectors[number];
    vector->raised = true;
    if (vector->waits)
        wake(vector->waits);
    vector->waits = NULL;
}

static void take_message(struct plane *plane, const struct plane_item *item)
{
    struct plane_actor *to = plane->actors[item->a];
    struct plane_letter *letter = item->object;
    if (to->last_letter)
        to->last_letter->next = letter;
    else
        to->letters = letter;
    to->last_letter = letter;
    if (to->wait == PLANE_WAITS_MESSAGE && !to->letters->next)
        wake(to);
}

static void take_timeout(struct plane *plane, const struct plane_item *item)
{
    struct plane_actor *actor = plane->actors[item->a];
    if (actor->wait_number != item->value)
        return; /* what it waited for came before */
    if (actor->wait == PLANE_WAITS_INTERRUPT)
        plane->hosts[actor->host].vectors[actor->wait_for].waits = NULL;
    actor->timed_out = true;
    wake(actor);
}

/* Tells software what is due now; true if there was something. */
static bool take_news(struct plane *plane)
{
    uint64_t now_ps = engine_now_ps();
    bool any = false;
    while (plane_queue_first_ps(&plane->news) == now_ps && now_ps < plane->kernel_ps) {
        struct plane_item item = plane_queue_pop(&plane->news);
        any = true;
        switch ((enum plane_item_kind)item.kind) {
        case PLANE_ITEM_ANSWER:
            wake(plane->actors[item.a]);
            break;
        case PLANE_ITEM_INTERRUPT:
            take_interrupt(plane, (uint32_t)(item.order >> 32), item.a);
            break;
        case PLANE_ITEM_MESSAGE:
            take_message(plane, &item);
            break;
        case PLANE_ITEM_TIMEOUT:
            take_timeout(plane, &item);
            break;
        }
    }
    return any;
}

/* When the first actor that computes, sleeps or sends can have ended; UINT64_MAX: none does. */
static uint64_t next_busy_ps(const struct plane *plane)
{
    uint64_t first_ps = UINT64_MAX;
    for (uint32_t a = 0; a < plane->n_actors; a++)
        first_ps = least(first_ps, plane->busy_ps[a]);
    uint64_t now_ps = engine_now_ps();
    return first_ps < now_ps ? now_ps : first_ps;
}

/* ---- both ---- */

/* How far the kernel may run. News of one instant wait until the kernel has passed it, so that they
 * are complete; what an actor that is busy until then may ask for comes lookahead_ps later. */
static uint64_t kernel_limit(const struct plane *plane, uint64_t until_ps)
{
    uint64_t limit_ps = until_ps;
    uint64_t busy_ps = next_busy_ps(plane);
    uint64_t news_ps = plane_queue_first_ps(&plane->news);
    if (busy_ps != UINT64_MAX)
        limit_ps = least(limit_ps, busy_ps + plane->lookahead_ps);
    if (news_ps != UINT64_MAX)
        limit_ps = least(limit_ps, news_ps + 1);
    if (plane->coupling == PLANE_PER_EVENT) {
        uint64_t event_ps = next_event_ps(plane->sim);
        if (event_ps < limit_ps)
            limit_ps = event_ps + 1;
    }
    return limit_ps;
}

/* Lets software come up to the kernel, or to the next news. */
static void follow(struct plane *plane)
{
    uint64_t to_ps = least(plane_queue_first_ps(&plane->news), plane->kernel_ps);
    plane->rounds++;
    if (to_ps > engine_now_ps())
        engine_run(to_ps);
    if (take_news(plane))
        engine_settle();
}

static bool is_waiting_for_nothing(const struct plane *plane)
{
    return plane->news.n == 0 && next_busy_ps(plane) == UINT64_MAX;
}

/* Lets the kernel come as far as it may. False: plane_run ends with *out_result. */
static bool lead(struct plane *plane, uint64_t until_ps, enum plane_result *out_result)
{
    uint64_t limit_ps = kernel_limit(plane, until_ps);
    enum sim_result result = SIM_TIME;
    if (limit_ps > plane->kernel_ps)
        result = run_kernel(plane, limit_ps);
    if (plane->stop) {
        plane->stop = false;
        *out_result = PLANE_STOPPED;
        return false;
    }
    /* With no event left, things under way can only be stuck if software is, too. */
    bool idle = is_waiting_for_nothing(plane);
    switch (result) {
    case SIM_TIME:
        return true;
    case SIM_STOPPED:
        *out_result = PLANE_STOPPED;
        return false;
    case SIM_STALLED:
        *out_result = PLANE_STALLED;
        return !(idle || plane->sim->queue.n);
    case SIM_EMPTY:
        *out_result = plane->unfinished ? PLANE_DEADLOCK : PLANE_EMPTY;
        return !idle;
    }
    CHECK(false);
}

enum plane_result plane_run(struct plane *plane, uint64_t until_ps)
{
    enum plane_result result = PLANE_TIME;
    if (plane->has_spawned)
        engine_settle();
    plane->has_spawned = false;
    do {
        if (plane->unfinished == 0 && !plane->told_finished) {
            plane->told_finished = true;
            return PLANE_FINISHED;
        }
        if (!lead(plane, until_ps, &result))
            return result;
        follow(plane);
        if (plane->failed)
            return PLANE_FAILED;
    } while (plane->kernel_ps != until_ps || engine_now_ps() != until_ps);
    return PLANE_TIME;
}

/* ---- life cycle ---- */

static void report_component(const struct component *self, FILE *out)
{
    plane_report((const struct plane *)self, out);
}

static void init_host(struct plane *plane, uint32_t h, const struct plane_host *params)
{
    struct plane_host_state *host = &plane->hosts[h];
    CHECK(params->cpu_to_rc_ps > 0 && params->cores > 0);
    host->params = *params;
    host->vectors = calloc(params->vectors ? params->vectors : 1, sizeof *host->vectors);
    CHECK(host->vectors);
    plane->lookahead_ps = least(plane->lookahead_ps, params->cpu_to_rc_ps);
}

struct plane *plane_new(struct sim *sim, uint32_t id, const struct plane_params *params,
                        struct err *err)
{
    struct plane *plane = calloc(1, sizeof *plane);
    struct engine_host *hosts = calloc(params->n_hosts, sizeof *hosts);
    CHECK(plane && hosts && params->message_bps);
    for (uint32_t h = 0; h < params->n_hosts; h++)
        hosts[h] = (struct engine_host){params->hosts[h].name, params->hosts[h].cores};
    plane->engine = engine_new(hosts, params->n_hosts);
    free(hosts);
    if (!plane->engine) {
        free(plane);
        err_at(err, NULL, "a process can run the software plane once; fork for each run");
        return NULL;
    }
    plane->component =
        (struct component){.name = "software", .handle = handle, .report = report_component};
    plane->sim = sim;
    plane->io = params->io;
    plane->coupling = params->coupling;
    plane->message_latency_ps = params->message_latency_ps;
    plane->message_bps = params->message_bps;
    plane->n_hosts = params->n_hosts;
    plane->hosts = calloc(params->n_hosts, sizeof *plane->hosts);
    CHECK(plane->hosts);
    plane->lookahead_ps = UINT64_MAX;
    for (uint32_t h = 0; h < params->n_hosts; h++)
        init_host(plane, h, &params->hosts[h]);
    CHECK(plane->message_latency_ps >= plane->lookahead_ps);
    plane_queue_init(&plane->news);
    plane_queue_init(&plane->requests);
    sim_add(sim, &plane->component, id);
    return plane;
}

static void free_letters(struct plane_letter *letter)
{
    while (letter) {
        struct plane_letter *next = letter->next;
        free(letter);
        letter = next;
    }
}

/* What is still under way is found in the queues. */
static void free_items(struct plane *plane)
{
    while (plane->news.n) {
        struct plane_item item = plane_queue_pop(&plane->news);
        if (item.kind == PLANE_ITEM_MESSAGE)
            free(item.object);
    }
    plane_queue_fini(&plane->news);
    plane_queue_fini(&plane->requests);
}

void plane_free(struct plane *plane)
{
    free_items(plane);
    for (uint32_t a = 0; a < plane->n_actors; a++) {
        free_letters(plane->actors[a]->letters);
        free(plane->actors[a]);
    }
    for (uint32_t h = 0; h < plane->n_hosts; h++)
        free(plane->hosts[h].vectors);
    while (plane->accesses) {
        struct plane_access_slot *slot = plane->accesses;
        plane->accesses = slot->older;
        free(slot);
    }
    engine_free(plane->engine);
    free(plane->actors);
    free(plane->busy_ps);
    free(plane->hosts);
    free(plane);
}

uint64_t plane_finished_ps(const struct plane *plane)
{
    return plane->finished_ps;
}

uint64_t plane_rounds(const struct plane *plane)
{
    return plane->rounds;
}

uint64_t plane_hash(const struct plane *plane)
{
    uint64_t hash = 0;
    for (uint32_t a = 0; a < plane->n_actors; a++)
        hash = plane_mix(hash, plane->actors[a]->hash);
    return hash;
}
