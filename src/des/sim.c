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
    eventq_init(&sim->queue, max_events);
    check_set_context(&sim->now_ps, &sim->at_work);
}

void sim_fini(struct sim *sim)
{
    check_set_context(NULL, NULL);
    eventq_fini(&sim->queue);
    free(sim->components);
    sim->components = NULL;
}

void sim_add(struct sim *sim, struct component *component, uint32_t id)
{
    CHECK(id < sim->n_components && !sim->components[id]);
    component->id = id;
    sim->components[id] = component;
}

void sim_at(struct sim *sim, uint64_t time_ps, enum sim_phase phase, const struct component *target,
            uint32_t kind, uint32_t a, uint64_t b)
{
    uint64_t order = (uint64_t)phase << (EVENT_COMPONENT_BITS + EVENT_SEQUENCE_BITS) |
                     (uint64_t)target->id << EVENT_SEQUENCE_BITS | ++sim->sequence;
    CHECK((time_ps > sim->now_ps) | ((time_ps == sim->now_ps) & (order > sim->key_order)));
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

enum sim_result sim_run(struct sim *sim, uint64_t until_ps)
{
    struct event event;
    sim->stop = false;
    while (eventq_pop(&sim->queue, &event)) {
        if (event.time_ps >= until_ps) {
            eventq_push(&sim->queue, &event);
            sim->now_ps = until_ps;
            sim->key_order = 0;
            return SIM_TIME;
        }
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
