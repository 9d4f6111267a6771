#include "des/sim.h"
#include "base/check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void sim_init(struct sim *sim, uint32_t n_components, size_t max_events, uint64_t progress_limit_ps)
{
    CHECK(n_components <= UINT32_C(1) << EVENT_COMPONENT_BITS);
    memset(sim, 0, sizeof *sim);
    sim->progress_limit_ps = progress_limit_ps;
    sim->n_components = n_components;
    sim->components = calloc(n_components ? n_components : 1, sizeof(struct component *));
    CHECK(sim->components);
    sim->next_tick.time_ps = UINT64_MAX;
    sim->ticks = calloc(n_components + 1, sizeof *sim->ticks);
    sim->earliest_tick = calloc(2 * ((size_t)n_components + 1), sizeof *sim->earliest_tick);
    CHECK(sim->ticks && sim->earliest_tick);
    eventq_init(&sim->queue, max_events);
    check_set_context(&sim->now_ps, &sim->at_work);
}

void sim_fini(struct sim *sim)
{
    check_set_context(NULL, NULL);
    eventq_fini(&sim->queue);
    free(sim->components);
    free(sim->ticks);
    free(sim->earliest_tick);
    sim->components = NULL;
    sim->ticks = NULL;
    sim->earliest_tick = NULL;
}

/* The key's part behind the time. */
static uint64_t order_of(enum sim_phase phase, const struct component *target, uint64_t sequence)
{
    return (uint64_t)phase << (EVENT_COMPONENT_BITS + EVENT_SEQUENCE_BITS) |
           (uint64_t)target->id << EVENT_SEQUENCE_BITS | sequence;
}

static bool is_later_than_now(const struct sim *sim, uint64_t time_ps, uint64_t order)
{
    return (time_ps > sim->now_ps) | ((time_ps == sim->now_ps) & (order > sim->key_order));
}

/* ---- ticks ---- */

static bool tick_before(const struct sim_tick *x, const struct sim_tick *y)
{
    return x->time_ps < y->time_ps || (x->time_ps == y->time_ps && x->order < y->order);
}

/* Plays the matches from leaf @tick up to the root again. */
static inline void replay_matches(struct sim *sim, uint32_t tick)
{
    uint32_t *winner = sim->earliest_tick;
    uint32_t node = sim->n_ticks + tick;
    uint32_t best = tick;
    for (winner[node] = best; node > 1; winner[node] = best) {
        uint32_t rival = winner[node ^ 1];
        best = tick_before(&sim->ticks[rival], &sim->ticks[best]) ? rival : best;
        node /= 2;
    }
    /* One by one: a load of both would have to wait for the store of one of them to reach memory.
     */
    sim->next_tick.time_ps = sim->ticks[best].time_ps;
    sim->next_tick.order = sim->ticks[best].order;
}

static void add_tick(struct sim *sim, struct component *component)
{
    component->tick = sim->n_ticks++;
    sim->ticks[component->tick] =
        (struct sim_tick){UINT64_MAX, order_of(PHASE_DECIDE, component, 0)};
    for (uint32_t tick = 0; tick < sim->n_ticks; tick++)
        replay_matches(sim, tick);
}

void sim_set_tick(struct sim *sim, const struct component *target, uint64_t time_ps)
{
    struct sim_tick *tick = &sim->ticks[target->tick];
    CHECK(is_later_than_now(sim, time_ps, tick->order));
    tick->time_ps = time_ps;
    replay_matches(sim, target->tick);
}

/* ---- events ---- */

void sim_add(struct sim *sim, struct component *component, uint32_t id)
{
    CHECK(id < sim->n_components && !sim->components[id]);
    component->id = id;
    sim->components[id] = component;
    if (component->has_ticks)
        add_tick(sim, component);
}

void sim_at(struct sim *sim, uint64_t time_ps, enum sim_phase phase, const struct component *target,
            uint32_t kind, uint32_t a, uint64_t b)
{
    uint64_t order = order_of(phase, target, ++sim->sequence);
    CHECK(is_later_than_now(sim, time_ps, order));
    struct event event = {time_ps, order, kind, a, b};
    eventq_push(&sim->queue, &event);
}

/* Called when now is beyond the deadline, which may be older than the last move. */
static bool is_stalled(struct sim *sim)
{
    if (sim->waiting && sim->now_ps - sim->moved_ps > sim->progress_limit_ps)
        return true;
    uint64_t from_ps = sim->waiting ? sim->moved_ps : sim->now_ps;
    uint64_t left_ps = UINT64_MAX - from_ps;
    sim->stall_deadline_ps =
        sim->progress_limit_ps < left_ps ? from_ps + sim->progress_limit_ps : UINT64_MAX;
    return false;
}

/* Takes the earliest event or tick before @until_ps; false if there is none. */
static bool take_next(struct sim *sim, uint64_t until_ps, struct event *event)
{
    struct sim_tick limit = sim->next_tick;
    bool is_tick = limit.time_ps < until_ps;
    if (!is_tick)
        limit = (struct sim_tick){until_ps, 0};
    if (sim->queue.earliest_ps <= limit.time_ps &&
        eventq_pop_before(&sim->queue, limit.time_ps, limit.order, event))
        return true;
    *event = (struct event){.time_ps = limit.time_ps, .order = limit.order};
    return is_tick;
}

enum sim_result sim_run(struct sim *sim, uint64_t until_ps)
{
    struct event event;
    sim->stop = false;
    while (take_next(sim, until_ps, &event)) {
        sim->now_ps = event.time_ps;
        sim->key_order = event.order;
        sim->events++;
        uint32_t id = event.order >> EVENT_SEQUENCE_BITS & ((1U << EVENT_COMPONENT_BITS) - 1);
        struct component *target = sim->components[id];
        sim->at_work = target->name;
        target->handle(target, sim, &event);
        if (__builtin_expect(sim->stop, 0))
            return SIM_STOPPED;
        if (__builtin_expect(sim->now_ps > sim->stall_deadline_ps, 0) && is_stalled(sim))
            return SIM_STALLED;
    }
    if (sim->queue.n || sim->next_tick.time_ps != UINT64_MAX) {
        sim->now_ps = until_ps;
        sim->key_order = 0;
        return SIM_TIME;
    }
    sim->at_work = NULL;
    return sim->waiting ? SIM_STALLED : SIM_EMPTY;
}

void sim_stop(struct sim *sim)
{
    sim->stop = true;
}

void sim_report(const struct sim *sim, FILE *out)
{
    fprintf(out,
            "at %" PRIu64 " ps: %" PRIu64 " things under way, nothing has moved since %" PRIu64
            " ps\n",
            sim->now_ps, sim->waiting, sim->moved_ps);
    for (uint32_t i = 0; i < sim->n_components; i++)
        if (sim->components[i] && sim->components[i]->report)
            sim->components[i]->report(sim->components[i], out);
}
