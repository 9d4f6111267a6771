/* The calendar queue against the heap, and the heap against the order itself: the same pops in the
 * same order, whatever the workload.
 * Not pinned: which of near heap, bucket and far heap an event lies in; speed. */
#include "des/eventq.h"
#include "dies.h"
#include "splitmix.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>

void suite_eventq(void);

enum { CAPACITY = 5000, OPERATIONS = 1000000 };

#define HORIZON_PS ((uint64_t)EVENTQ_BUCKETS << EVENTQ_BUCKET_LOG2_PS)

struct pair {
    struct eventq queue;
    struct eventq_heap heap;
    uint64_t state;
    uint64_t sequence;
    uint64_t now_ps;
    uint64_t popped;
    unsigned wrong;
};

static void pair_init(struct pair *pair, uint64_t seed)
{
    *pair = (struct pair){.state = seed};
    eventq_init(&pair->queue, CAPACITY);
    eventq_heap_init(&pair->heap, CAPACITY);
}

static void pair_fini(struct pair *pair)
{
    eventq_fini(&pair->queue);
    eventq_heap_fini(&pair->heap);
}

/* Every order of phase and component; the sequence makes keys unique. */
static void push_at(struct pair *pair, uint64_t time_ps)
{
    const uint64_t phase = splitmix_below(&pair->state, 3);
    const uint64_t component = splitmix_below(&pair->state, 8) << 19;
    const struct event event = {time_ps,
                                phase << (EVENT_COMPONENT_BITS + EVENT_SEQUENCE_BITS) |
                                    component << EVENT_SEQUENCE_BITS | ++pair->sequence,
                                (uint32_t)pair->sequence * 3, (uint32_t)pair->sequence,
                                ~pair->sequence};

    eventq_push(&pair->queue, &event);
    eventq_heap_push(&pair->heap, &event);
}

static bool same(const struct event *x, const struct event *y)
{
    return x->time_ps == y->time_ps && x->order == y->order && x->kind == y->kind && x->a == y->a &&
           x->b == y->b;
}

static bool pop(struct pair *pair)
{
    struct event from_queue, from_heap;
    const bool got = eventq_pop(&pair->queue, &from_queue);

    pair->wrong += got != eventq_heap_pop(&pair->heap, &from_heap);
    if (!got)
        return false;
    pair->wrong += !same(&from_queue, &from_heap);
    pair->wrong += from_queue.b != ~(uint64_t)from_queue.a;
    pair->now_ps = from_queue.time_ps;
    pair->popped++;
    return true;
}

/* Increments of the hold model: all take the random state, whether they draw from it or not.
 * NOLINTBEGIN(readability-non-const-parameter) */
static uint64_t nothing(uint64_t *state)
{
    (void)state;
    return 0;
}
static uint64_t cycle(uint64_t *state)
{
    (void)state;
    return 4000;
}
/* NOLINTEND(readability-non-const-parameter) */
static uint64_t within_a_bucket(uint64_t *state)
{
    return splitmix_below(state, 64);
}
static uint64_t within_the_horizon(uint64_t *state)
{
    return splitmix(state) % HORIZON_PS;
}
static uint64_t around_the_horizon(uint64_t *state)
{
    return HORIZON_PS - 10000 + splitmix_below(state, 20000);
}
static uint64_t far_beyond(uint64_t *state)
{
    return splitmix(state) % (1000 * HORIZON_PS);
}
static uint64_t bucket_edges(uint64_t *state)
{
    const uint64_t buckets = splitmix_below(state, 2 * EVENTQ_BUCKETS);
    const uint64_t off = splitmix_below(state, 3);
    return (buckets << EVENTQ_BUCKET_LOG2_PS) + off;
}
/* Each power of two of time as likely as any other: 1 ps to 1 s. */
static uint64_t all_scales(uint64_t *state)
{
    return splitmix(state) >> (24 + splitmix_below(state, 40));
}

static const struct {
    const char *name;
    uint64_t (*increment_ps)(uint64_t *state);
    unsigned pending;
} holds[] = {
    {"nothing", nothing, 100},
    {"a cycle", cycle, 1000},
    {"within a bucket", within_a_bucket, 1000},
    {"within the horizon", within_the_horizon, CAPACITY},
    {"within the horizon, few", within_the_horizon, 2},
    {"around the horizon", around_the_horizon, 500},
    {"far beyond", far_beyond, 1000},
    {"far beyond, one", far_beyond, 1},
    {"edges of buckets", bucket_edges, 300},
    {"all scales", all_scales, 2000},
};

static void the_hold_model_pops_alike(void)
{
    for (size_t i = 0; i < sizeof holds / sizeof holds[0]; i++) {
        struct pair pair;

        pair_init(&pair, i);
        for (unsigned n = 0; n < holds[i].pending; n++)
            push_at(&pair, holds[i].increment_ps(&pair.state));
        for (unsigned n = 0; n < OPERATIONS; n++) {
            pop(&pair);
            push_at(&pair, pair.now_ps + holds[i].increment_ps(&pair.state));
        }
        while (pop(&pair))
            ;
        CU_ASSERT_EQUAL(pair.popped, OPERATIONS + holds[i].pending);
        if (pair.wrong)
            CU_FAIL(holds[i].name);
        pair_fini(&pair);
    }
}

/* Grows and shrinks, runs empty, gets bursts at one instant and pushes below the current bucket. */
static void a_random_walk_pops_alike(void)
{
    struct pair pair;

    pair_init(&pair, 77);
    for (unsigned n = 0; n < OPERATIONS; n++) {
        const uint32_t dice = splitmix_below(&pair.state, 1000);
        const bool growing = n / 20000 % 2 == 0;
        const bool full = pair.heap.n + 200 > CAPACITY;

        if (dice == 0 && !full) {
            const uint64_t at_ps = pair.now_ps + all_scales(&pair.state);
            for (int burst = 0; burst < 200; burst++)
                push_at(&pair, at_ps);
        } else if (dice < (growing ? 550U : 400U) && !full) {
            push_at(&pair,
                    pair.now_ps +
                        holds[dice % (sizeof holds / sizeof holds[0])].increment_ps(&pair.state));
        } else {
            pop(&pair);
        }
    }
    while (pop(&pair))
        ;
    CU_ASSERT_EQUAL(pair.wrong, 0);
    CU_ASSERT_EQUAL(pair.popped, pair.sequence);
    pair_fini(&pair);
}

/* What sim_run does at its time limit: takes an event, puts it back, and earlier ones come. */
static void an_event_can_be_put_back_and_preceded(void)
{
    struct eventq queue;
    struct event event, late = {10 * HORIZON_PS, 1, 0, 0, 0};

    eventq_init(&queue, 10);
    eventq_push(&queue, &late);
    CU_ASSERT(eventq_pop(&queue, &event));
    eventq_push(&queue, &event);
    for (uint64_t i = 4; i > 0; i--) {
        const struct event earlier = {i * 2 * HORIZON_PS, 2, 0, 0, 0};
        eventq_push(&queue, &earlier);
    }
    for (uint64_t i = 1; i <= 4; i++) {
        CU_ASSERT(eventq_pop(&queue, &event));
        CU_ASSERT_EQUAL(event.time_ps, i * 2 * HORIZON_PS);
    }
    CU_ASSERT(eventq_pop(&queue, &event));
    CU_ASSERT(same(&event, &late));
    CU_ASSERT_FALSE(eventq_pop(&queue, &event));
    eventq_fini(&queue);
}

/* Random traffic in which the limit falls before, on and behind the earliest key. The reference is
 * the heap's first event. */
static void events_are_taken_before_a_limit_only(void)
{
    struct pair pair;
    uint32_t taken = 0, refused = 0;

    pair_init(&pair, 5);
    for (uint32_t i = 0; i < 20000; i++) {
        const struct event *first = pair.heap.events;
        struct event event, expected;
        if (pair.heap.n < 50)
            push_at(&pair, pair.now_ps + 1 + splitmix_below(&pair.state, 3) * HORIZON_PS / 7 +
                               splitmix_below(&pair.state, 9000));
        const uint32_t kind = splitmix_below(&pair.state, 4);
        const uint64_t limit_ps =
            kind == 0 ? pair.now_ps + splitmix_below(&pair.state, 9000) : first->time_ps;
        const uint64_t order = first->order + kind - 2; /* one before, on it, one behind */
        const bool before =
            first->time_ps < limit_ps || (first->time_ps == limit_ps && first->order < order);
        pair.wrong += pair.queue.earliest_ps > first->time_ps;
        pair.wrong += eventq_pop_before(&pair.queue, limit_ps, order, &event) != before;
        pair.wrong += pair.queue.earliest_ps > first->time_ps;
        if (before) {
            pair.wrong += !eventq_heap_pop(&pair.heap, &expected) || !same(&event, &expected);
            pair.now_ps = expected.time_ps;
            taken++;
        } else {
            refused++;
        }
    }
    CU_ASSERT_EQUAL(pair.wrong, 0);
    CU_ASSERT(taken > 2000 && refused > 2000);
    pair_fini(&pair);
}

static int compare(const void *x, const void *y)
{
    return event_before(x, y) ? -1 : event_before(y, x);
}

static void the_heap_sorts(void)
{
    enum { N = 3000 };
    static struct event events[N];
    struct eventq_heap heap;
    uint64_t state = 5;
    unsigned wrong = 0;

    eventq_heap_init(&heap, N);
    for (unsigned i = 0; i < N; i++) {
        events[i] = (struct event){splitmix_below(&state, 50), splitmix(&state), i, i, i};
        eventq_heap_push(&heap, &events[i]);
    }
    qsort(events, N, sizeof events[0], compare);
    for (unsigned i = 0; i < N; i++) {
        struct event event;
        wrong += !eventq_heap_pop(&heap, &event) || !same(&event, &events[i]);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    eventq_heap_fini(&heap);
}

static void time_goes_before_order(void)
{
    const struct event early = {1, UINT64_MAX, 0, 0, 0};
    const struct event late = {2, 0, 0, 0, 0};
    const struct event later = {2, 1, 0, 0, 0};

    CU_ASSERT(event_before(&early, &late));
    CU_ASSERT(event_before(&late, &later));
    CU_ASSERT_FALSE(event_before(&late, &early));
    CU_ASSERT_FALSE(event_before(&late, &late));
}

struct fill {
    unsigned n;
    uint64_t step_ps;
};

static void fill_queue(void *argument)
{
    const struct fill *fill = argument;
    struct eventq queue;
    struct event event = {0, 0, 0, 0, 0};

    eventq_init(&queue, 100);
    for (unsigned i = 0; i < fill->n; i++) {
        event.time_ps = i * fill->step_ps;
        event.order = i;
        eventq_push(&queue, &event);
    }
    eventq_fini(&queue);
}

static void capacity_is_usable_and_no_more(void)
{
    static const uint64_t steps_ps[] = {0, 4096, HORIZON_PS};
    char text[DIES_TEXT_BYTES];

    for (unsigned i = 0; i < sizeof steps_ps / sizeof steps_ps[0]; i++) {
        struct fill exactly = {100, steps_ps[i]}, one_more = {101, steps_ps[i]};

        fill_queue(&exactly);
        CU_ASSERT(dies(fill_queue, &one_more, text));
    }
}

void suite_eventq(void)
{
    CU_pSuite suite = CU_add_suite("eventq", NULL, NULL);

    CU_add_test(suite, "time goes before order", time_goes_before_order);
    CU_add_test(suite, "the heap sorts", the_heap_sorts);
    CU_add_test(suite, "the hold model pops alike from both", the_hold_model_pops_alike);
    CU_add_test(suite, "a random walk pops alike from both", a_random_walk_pops_alike);
    CU_add_test(suite, "an event can be put back and preceded",
                an_event_can_be_put_back_and_preceded);
    CU_add_test(suite, "events are taken before a limit only",
                events_are_taken_before_a_limit_only);
    CU_add_test(suite, "the capacity is usable, and no more", capacity_is_usable_and_no_more);
}
