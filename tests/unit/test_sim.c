/* The event loop: order, limits, stop, stall, and the trace.
 * Not pinned: the wording of the report. */
#include "base/check.h"
#include "des/sim.h"
#include "dies.h"
#include "splitmix.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

void suite_sim(void);

enum { COMPONENTS = 5, MOST_EVENTS = 4096, LOG = 100000, NEVER = 0 };

struct entry {
    uint64_t time_ps;
    uint32_t phase, component, number;
};

struct world;

struct actor {
    struct component component;
    struct world *world;
};

/* Actors log what they get, and do what the event's kind says. */
enum act { NOTHING, SPAWN, STOP, MOVE, BEGIN, END };

struct world {
    struct sim sim;
    struct actor actors[COMPONENTS];
    struct entry *log;
    uint32_t n;
    uint32_t spawned; /* events scheduled so far */
    uint64_t state;
};

static struct world *world_of(struct component *component)
{
    return ((struct actor *)component)->world;
}

static enum sim_phase phase_of(const struct event *event)
{
    return (enum sim_phase)(event->order >> (EVENT_COMPONENT_BITS + EVENT_SEQUENCE_BITS));
}

static void spawn(struct world *world, uint64_t time_ps, enum sim_phase phase, uint32_t component,
                  enum act act)
{
    sim_at(&world->sim, time_ps, phase, &world->actors[component].component, act, world->spawned++,
           0);
}

/* One to two events with a later key, anywhere that the rule allows. */
static void spawn_children(struct world *world, const struct event *event, uint32_t self)
{
    const uint32_t children = world->spawned < LOG - 2 ? 1 + (world->sim.queue.n < 50) : 0;

    for (uint32_t i = 0; i < children; i++) {
        const enum sim_phase phase = (enum sim_phase)splitmix_below(&world->state, 3);
        const uint32_t target = splitmix_below(&world->state, COMPONENTS);
        const bool is_later =
            phase > phase_of(event) || (phase == phase_of(event) && target >= self);
        const uint64_t wait_ps = splitmix_below(&world->state, 3) * 1000;

        spawn(world, event->time_ps + (wait_ps || is_later ? wait_ps : 1), phase, target, SPAWN);
    }
}

static void handle(struct component *self, struct sim *sim, const struct event *event)
{
    struct world *world = world_of(self);

    CHECK(sim == &world->sim && world->n < LOG);
    world->log[world->n++] =
        (struct entry){sim->now_ps, (uint32_t)phase_of(event), self->id, event->a};
    CHECK(sim->now_ps == event->time_ps && strcmp(sim->at_work, self->name) == 0);
    switch ((enum act)event->kind) {
    case NOTHING:
        return;
    case SPAWN:
        spawn_children(world, event, self->id);
        return;
    case STOP:
        sim_stop(sim);
        return;
    case MOVE:
        sim_note_progress(sim);
        return;
    case BEGIN:
        sim_note_begin(sim);
        return;
    case END:
        sim_note_end(sim);
        return;
    }
    CHECK(false);
}

static void report(const struct component *self, FILE *out)
{
    fprintf(out, "%s waits\n", self->name);
}

static void world_init(struct world *world, uint64_t progress_limit_ps)
{
    static const char *const names[COMPONENTS] = {"zero", "one", "two", "three", "four"};
    /* Not the order of the ids: it must not matter. */
    static const uint32_t build_order[COMPONENTS] = {3, 0, 4, 2, 1};

    *world = (struct world){.state = 11};
    world->log = calloc(LOG, sizeof *world->log);
    CU_ASSERT_PTR_NOT_NULL_FATAL(world->log);
    sim_init(&world->sim, COMPONENTS, MOST_EVENTS, progress_limit_ps);
    for (uint32_t i = 0; i < COMPONENTS; i++) {
        struct actor *actor = &world->actors[build_order[i]];

        actor->world = world;
        actor->component = (struct component){.name = names[build_order[i]],
                                              .handle = handle,
                                              .report = build_order[i] % 2 ? report : NULL};
        sim_add(&world->sim, &actor->component, build_order[i]);
    }
}

static void world_fini(struct world *world)
{
    sim_fini(&world->sim);
    free(world->log);
}

static bool entry_before(const struct entry *x, const struct entry *y)
{
    if (x->time_ps != y->time_ps)
        return x->time_ps < y->time_ps;
    if (x->phase != y->phase)
        return x->phase < y->phase;
    if (x->component != y->component)
        return x->component < y->component;
    return x->number < y->number;
}

static void events_run_by_time_phase_component_and_sequence(void)
{
    struct world world;
    unsigned wrong = 0;

    world_init(&world, NEVER);
    for (unsigned i = 0; i < 2000; i++)
        spawn(&world, 1000 + splitmix_below(&world.state, 20),
              (enum sim_phase)splitmix_below(&world.state, 3),
              splitmix_below(&world.state, COMPONENTS), NOTHING);
    CU_ASSERT_EQUAL(sim_run(&world.sim, UINT64_MAX), SIM_EMPTY);
    CU_ASSERT_EQUAL(world.n, 2000);
    CU_ASSERT_EQUAL(world.sim.events, 2000);
    for (uint32_t i = 1; i < world.n; i++)
        wrong += !entry_before(&world.log[i - 1], &world.log[i]);
    CU_ASSERT_EQUAL(wrong, 0);
    world_fini(&world);
}

static void events_that_events_schedule_keep_the_order(void)
{
    struct world world;
    unsigned wrong = 0;

    world_init(&world, NEVER);
    spawn(&world, 0, PHASE_UPDATE, 0, SPAWN);
    CU_ASSERT_EQUAL(sim_run(&world.sim, UINT64_MAX), SIM_EMPTY);
    CU_ASSERT(world.n > LOG / 2);
    CU_ASSERT_EQUAL(world.n, world.spawned);
    for (uint32_t i = 1; i < world.n; i++)
        wrong += !entry_before(&world.log[i - 1], &world.log[i]);
    CU_ASSERT_EQUAL(wrong, 0);
    world_fini(&world);
}

struct reach { /* an event at (100, DECIDE, 2) schedules this one */
    uint64_t time_ps;
    enum sim_phase phase;
    uint32_t component;
    bool is_later;
};

static const struct reach reaches[] = {
    {99, PHASE_OBSERVE, 4, false}, {0, PHASE_OBSERVE, 4, false}, {100, PHASE_UPDATE, 4, false},
    {100, PHASE_DECIDE, 1, false}, {100, PHASE_DECIDE, 2, true}, {100, PHASE_DECIDE, 3, true},
    {100, PHASE_OBSERVE, 0, true}, {101, PHASE_UPDATE, 0, true},
};

struct reacher {
    struct component component;
    const struct reach *reach;
    struct component targets[COMPONENTS];
    uint64_t arrived_ps;
};

static void on_arrival(struct component *self, struct sim *sim, const struct event *event)
{
    (void)event;
    CHECK(self->id < COMPONENTS);
    sim_stop(sim);
}

static void on_reach(struct component *self, struct sim *sim, const struct event *event)
{
    struct reacher *reacher = (struct reacher *)self;
    const struct reach *reach = reacher->reach;

    if (event->kind == 1) { /* its own event came back */
        sim_stop(sim);
        return;
    }
    struct component *target = &reacher->targets[reach->component];
    sim_at(sim, reach->time_ps, reach->phase, reach->component == self->id ? self : target, 1, 0,
           0);
}

static void run_reach(void *argument)
{
    struct reacher reacher = {.component = {.name = "reacher", .handle = on_reach},
                              .reach = argument};
    struct sim sim;

    sim_init(&sim, COMPONENTS, 10, NEVER);
    for (uint32_t i = 0; i < COMPONENTS; i++) {
        reacher.targets[i] = (struct component){.name = "target", .handle = on_arrival};
        sim_add(&sim, i == 2 ? &reacher.component : &reacher.targets[i], i);
    }
    sim_at(&sim, 100, PHASE_DECIDE, &reacher.component, 0, 0, 0);
    CHECK(sim_run(&sim, UINT64_MAX) == SIM_STOPPED);
    CHECK(sim.now_ps == reacher.reach->time_ps);
    sim_fini(&sim);
}

static void only_strictly_later_keys_may_be_scheduled(void)
{
    char text[DIES_TEXT_BYTES];

    for (unsigned i = 0; i < sizeof reaches / sizeof reaches[0]; i++) {
        struct reach reach = reaches[i];

        if (reach.is_later) {
            run_reach(&reach);
        } else {
            CU_ASSERT(dies(run_reach, &reach, text));
            CU_ASSERT_PTR_NOT_NULL(strstr(text, "at 100 ps in reacher"));
        }
    }
}

static void a_run_ends_before_its_limit(void)
{
    struct world world;

    world_init(&world, NEVER);
    spawn(&world, 99, PHASE_OBSERVE, 4, NOTHING);
    spawn(&world, 100, PHASE_OBSERVE, 4, NOTHING);
    spawn(&world, 300, PHASE_UPDATE, 0, NOTHING);
    CU_ASSERT_EQUAL(sim_run(&world.sim, 100), SIM_TIME);
    CU_ASSERT_EQUAL(world.n, 1);
    CU_ASSERT_EQUAL(world.sim.now_ps, 100);
    CU_ASSERT_EQUAL(sim_run(&world.sim, 100), SIM_TIME); /* nothing more */
    CU_ASSERT_EQUAL(world.n, 1);
    CU_ASSERT_EQUAL(sim_run(&world.sim, 101), SIM_TIME);
    CU_ASSERT_EQUAL(world.n, 2);
    CU_ASSERT_EQUAL(world.sim.now_ps, 101);
    /* Between runs anything from now on may be scheduled, also before what was put back. */
    spawn(&world, 101, PHASE_UPDATE, 0, NOTHING);
    spawn(&world, 250, PHASE_UPDATE, 1, NOTHING);
    CU_ASSERT_EQUAL(sim_run(&world.sim, UINT64_MAX), SIM_EMPTY);
    CU_ASSERT_EQUAL(world.n, 5);
    CU_ASSERT_EQUAL(world.log[2].time_ps, 101);
    CU_ASSERT_EQUAL(world.log[3].time_ps, 250);
    CU_ASSERT_EQUAL(world.log[4].time_ps, 300);
    CU_ASSERT_EQUAL(world.sim.now_ps, 300);
    CU_ASSERT_EQUAL(world.sim.events, 5);
    world_fini(&world);
}

static void many_short_runs_are_one_long_run(void)
{
    struct world whole, parts;

    world_init(&whole, NEVER);
    world_init(&parts, NEVER);
    spawn(&whole, 0, PHASE_UPDATE, 0, SPAWN);
    spawn(&parts, 0, PHASE_UPDATE, 0, SPAWN);
    CU_ASSERT_EQUAL(sim_run(&whole.sim, UINT64_MAX), SIM_EMPTY);
    for (uint64_t until_ps = 0; sim_run(&parts.sim, until_ps) == SIM_TIME; until_ps += 700)
        ;
    CU_ASSERT_EQUAL(parts.n, whole.n);
    CU_ASSERT_EQUAL(memcmp(parts.log, whole.log, whole.n * sizeof *whole.log), 0);
    world_fini(&whole);
    world_fini(&parts);
}

static void stop_ends_the_run_after_the_event(void)
{
    struct world world;

    world_init(&world, NEVER);
    spawn(&world, 5, PHASE_UPDATE, 1, STOP);
    spawn(&world, 5, PHASE_UPDATE, 1, NOTHING);
    CU_ASSERT_EQUAL(sim_run(&world.sim, 10), SIM_STOPPED);
    CU_ASSERT_EQUAL(world.n, 1);
    CU_ASSERT_EQUAL(sim_run(&world.sim, 10), SIM_EMPTY);
    CU_ASSERT_EQUAL(world.n, 2);
    world_fini(&world);
}

/* BEGIN at 10, then idle events every 10 ps: with a limit of 50 the one at 70 is the first too
 * late. */
static void what_does_not_move_within_the_limit_is_stalled(void)
{
    struct world world;

    world_init(&world, 50);
    spawn(&world, 10, PHASE_UPDATE, 0, BEGIN);
    for (uint64_t at_ps = 20; at_ps <= 200; at_ps += 10)
        spawn(&world, at_ps, PHASE_UPDATE, 1, NOTHING);
    CU_ASSERT_EQUAL(sim_run(&world.sim, UINT64_MAX), SIM_STALLED);
    CU_ASSERT_EQUAL(world.sim.now_ps, 70);
    world_fini(&world);
}

static void what_moves_or_ends_is_not_stalled(void)
{
    struct world world;

    world_init(&world, 50);
    spawn(&world, 10, PHASE_UPDATE, 0, BEGIN);
    spawn(&world, 60, PHASE_UPDATE, 0, MOVE); /* the last moment */
    spawn(&world, 110, PHASE_UPDATE, 0, END);
    spawn(&world, 1000, PHASE_UPDATE, 0, BEGIN); /* waits from here on, not from 110 on */
    spawn(&world, 1050, PHASE_UPDATE, 0, END);
    spawn(&world, 9999, PHASE_UPDATE, 0, NOTHING);
    CU_ASSERT_EQUAL(sim_run(&world.sim, UINT64_MAX), SIM_EMPTY);
    CU_ASSERT_EQUAL(world.sim.now_ps, 9999);
    world_fini(&world);
}

static void an_empty_queue_with_something_under_way_is_stalled(void)
{
    struct world world;
    char text[1000] = "";

    world_init(&world, 1000000);
    spawn(&world, 10, PHASE_UPDATE, 0, BEGIN);
    spawn(&world, 20, PHASE_UPDATE, 0, BEGIN);
    spawn(&world, 30, PHASE_UPDATE, 0, END);
    spawn(&world, 40, PHASE_UPDATE, 0, NOTHING);
    CU_ASSERT_EQUAL(sim_run(&world.sim, UINT64_MAX), SIM_STALLED);

    FILE *out = fmemopen(text, sizeof text, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    sim_report(&world.sim, out);
    fclose(out);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "at 40 ps: 1 things"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "30 ps"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "one waits\nthree waits\n")); /* by id */
    CU_ASSERT_PTR_NULL(strstr(text, "two"));
    world_fini(&world);
}

static void add_twice(void *unused)
{
    struct component component = {.name = "c", .handle = on_arrival};
    struct sim sim;

    (void)unused;
    sim_init(&sim, 2, 10, NEVER);
    sim_add(&sim, &component, 1);
    sim_add(&sim, &component, 1);
}

static void add_beyond(void *unused)
{
    struct component component = {.name = "c", .handle = on_arrival};
    struct sim sim;

    (void)unused;
    sim_init(&sim, 2, 10, NEVER);
    sim_add(&sim, &component, 2);
}

static void an_id_is_given_once_and_in_range(void)
{
    char text[DIES_TEXT_BYTES];

    CU_ASSERT(dies(add_twice, NULL, text));
    CU_ASSERT(dies(add_beyond, NULL, text));
}

struct reader {
    uint32_t calls[TR_KINDS];
    struct trace_record last;
};

static void read_record(void *self, const struct trace_record *record)
{
    struct reader *reader = self;

    reader->calls[record->kind]++;
    reader->last = *record;
}

static void each_reader_gets_the_kinds_that_it_asked_for(void)
{
    static const uint32_t masks[TRACE_READERS] = {
        1U << TR_OP_DONE, 1U << TR_REFUSED | 1U << TR_LINK_SEND, 0, (1U << TR_DELIVERED) - 1};
    struct reader readers[TRACE_READERS] = {0};
    struct trace trace = {0};
    const int body = 1;

    for (unsigned i = 0; i < TRACE_READERS; i++)
        trace_subscribe(&trace, masks[i], read_record, &readers[i]);
    for (uint32_t kind = 0; kind < TR_KINDS; kind++)
        for (uint32_t times = 0; times <= kind; times++)
            trace_emit(&trace, (enum trace_kind)kind, 7, 8, 9, &body);
    for (unsigned i = 0; i < TRACE_READERS; i++) {
        for (uint32_t kind = 0; kind < TR_KINDS; kind++)
            CU_ASSERT_EQUAL(readers[i].calls[kind], masks[i] >> kind & 1 ? kind + 1 : 0);
    }
    CU_ASSERT_EQUAL(readers[0].last.component, 7);
    CU_ASSERT_EQUAL(readers[0].last.port, 8);
    CU_ASSERT_EQUAL(readers[0].last.time_ps, 9);
    CU_ASSERT_PTR_EQUAL(readers[0].last.body, &body);
}

/* A mask test stands before the call: a broken reader of another kind is never reached. */
static void an_unread_kind_calls_nobody(void)
{
    struct trace trace = {0};

    trace_emit(&trace, TR_DELIVERED, 0, 0, 0, NULL); /* nobody at all */
    trace_subscribe(&trace, 1U << TR_REFUSED, NULL, NULL);
    for (uint32_t kind = 0; kind < TR_REFUSED; kind++)
        trace_emit(&trace, (enum trace_kind)kind, 0, 0, 0, NULL);
    CU_ASSERT_EQUAL(trace.mask, 1U << TR_REFUSED);
}

static void subscribe_too_often(void *unused)
{
    struct trace trace = {0};

    (void)unused;
    for (unsigned i = 0; i <= TRACE_READERS; i++)
        trace_subscribe(&trace, 1, read_record, NULL);
}

static void readers_are_bounded(void)
{
    char text[DIES_TEXT_BYTES];

    CU_ASSERT(dies(subscribe_too_often, NULL, text));
}

/* Components that tick with periods of their own, and move each other's ticks now and then; beside
 * each, a twin does the same by events. Both must be called at the same times in the same order. */
enum { TICKERS = 3, TICK_STEPS = 3000 };

struct ticker {
    struct component component;
    struct ticking *ticking;
    uint32_t number;
    uint64_t next_ps; /* of the twin, that ignores older events: UINT64_MAX: none */
};

struct ticking {
    struct sim sim;
    struct ticker tickers[TICKERS];
    bool by_events;
    uint64_t state;
    uint32_t n;
    uint64_t time_ps[TICK_STEPS];
    uint32_t who[TICK_STEPS];
};

static void set_next(struct ticker *ticker, uint64_t time_ps)
{
    struct sim *sim = &ticker->ticking->sim;

    ticker->next_ps = time_ps;
    if (!ticker->ticking->by_events)
        sim_set_tick(sim, &ticker->component, time_ps);
    else if (time_ps != UINT64_MAX)
        sim_at(sim, time_ps, PHASE_DECIDE, &ticker->component, 0, 0, 0);
}

static void on_tick(struct component *self, struct sim *sim, const struct event *event)
{
    struct ticker *ticker = (struct ticker *)self;
    struct ticking *ticking = ticker->ticking;

    if (event->kind == 1 && ticker->next_ps > sim->now_ps) { /* an event among the ticks */
        set_next(ticker, sim->now_ps + splitmix_below(&ticking->state, 3));
        return;
    }
    if (event->kind == 1 || ticker->next_ps != event->time_ps)
        return;
    ticking->time_ps[ticking->n] = sim->now_ps;
    ticking->who[ticking->n++] = ticker->number;
    if (ticking->n == TICK_STEPS) {
        sim_stop(sim);
        return;
    }
    const uint64_t wait_ps = splitmix_below(&ticking->state, 4) * 5000;
    struct ticker *other = &ticking->tickers[splitmix_below(&ticking->state, TICKERS)];
    set_next(ticker, wait_ps ? sim->now_ps + wait_ps : UINT64_MAX);
    if (other->number != ticker->number)
        set_next(other, sim->now_ps + 1 + splitmix_below(&ticking->state, 9000));
    sim_at(sim, sim->now_ps + splitmix_below(&ticking->state, 9000) + 1, PHASE_UPDATE,
           &other->component, 1, 0, 0);
}

static void run_ticking(struct ticking *ticking, bool by_events)
{
    *ticking = (struct ticking){.by_events = by_events, .state = 3};
    sim_init(&ticking->sim, TICKERS, 4 * TICK_STEPS, NEVER);
    for (uint32_t i = 0; i < TICKERS; i++) {
        ticking->tickers[i] = (struct ticker){
            .component = {.name = "ticker", .handle = on_tick, .has_ticks = !by_events},
            .ticking = ticking,
            .number = i,
            .next_ps = UINT64_MAX};
        sim_add(&ticking->sim, &ticking->tickers[i].component, i);
    }
    CU_ASSERT_EQUAL(sim_run(&ticking->sim, 10), SIM_EMPTY);
    set_next(&ticking->tickers[1], 100);
    CU_ASSERT_EQUAL(sim_run(&ticking->sim, 100), SIM_TIME);
    CU_ASSERT_EQUAL(ticking->n, 0);
    CU_ASSERT_EQUAL(sim_run(&ticking->sim, UINT64_MAX), SIM_STOPPED);
    sim_fini(&ticking->sim);
}

static void ticks_run_as_events_do(void)
{
    struct ticking *ticking = calloc(2, sizeof *ticking);

    CU_ASSERT_PTR_NOT_NULL_FATAL(ticking);
    run_ticking(&ticking[0], false);
    run_ticking(&ticking[1], true);
    CU_ASSERT_EQUAL(ticking[0].n, TICK_STEPS);
    CU_ASSERT_EQUAL(memcmp(ticking[0].time_ps, ticking[1].time_ps, sizeof ticking[0].time_ps), 0);
    CU_ASSERT_EQUAL(memcmp(ticking[0].who, ticking[1].who, sizeof ticking[0].who), 0);
    free(ticking);
}

static void tick_in_the_past(void *unused)
{
    struct sim sim;
    struct component component = {.name = "ticker", .handle = handle, .has_ticks = true};

    (void)unused;
    sim_init(&sim, 1, 10, NEVER);
    sim_add(&sim, &component, 0);
    CHECK(sim_run(&sim, 1) == SIM_EMPTY);
    sim.now_ps = 100;
    sim_set_tick(&sim, &component, 99);
}

static void a_tick_is_later_than_now(void)
{
    char text[DIES_TEXT_BYTES];

    CU_ASSERT(dies(tick_in_the_past, NULL, text));
}

void suite_sim(void)
{
    CU_pSuite suite = CU_add_suite("sim", NULL, NULL);

    CU_add_test(suite, "events run by time, phase, component and sequence",
                events_run_by_time_phase_component_and_sequence);
    CU_add_test(suite, "events that events schedule keep the order",
                events_that_events_schedule_keep_the_order);
    CU_add_test(suite, "only strictly later keys may be scheduled",
                only_strictly_later_keys_may_be_scheduled);
    CU_add_test(suite, "a run ends before its limit", a_run_ends_before_its_limit);
    CU_add_test(suite, "many short runs are one long run", many_short_runs_are_one_long_run);
    CU_add_test(suite, "stop ends the run after the event", stop_ends_the_run_after_the_event);
    CU_add_test(suite, "what does not move within the limit is stalled",
                what_does_not_move_within_the_limit_is_stalled);
    CU_add_test(suite, "what moves or ends is not stalled", what_moves_or_ends_is_not_stalled);
    CU_add_test(suite, "an empty queue with something under way is stalled and reported",
                an_empty_queue_with_something_under_way_is_stalled);
    CU_add_test(suite, "an id is given once and in range", an_id_is_given_once_and_in_range);
    CU_add_test(suite, "each reader gets the kinds that it asked for",
                each_reader_gets_the_kinds_that_it_asked_for);
    CU_add_test(suite, "an unread kind calls nobody", an_unread_kind_calls_nobody);
    CU_add_test(suite, "readers are bounded", readers_are_bounded);
    CU_add_test(suite, "ticks run as events do", ticks_run_as_events_do);
    CU_add_test(suite, "a tick is later than now", a_tick_is_later_than_now);
}
