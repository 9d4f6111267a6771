/* queue.c - the two event queues of des/eventq.h against each other: on the hold model (take the
 * earliest event, put one back a random while later; Jones 1986) and on what real runs ask of them.
 * Both take turns in one process; the best of several turns counts. The calls go through pointers,
 * which costs both the same and makes the ratio milder than it is inside the kernel. */
#include "bench.h"

#include "base/check.h"
#include "base/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TURNS = 7,
    HOLDS = 200000,
    RECORDED_STEPS = 300000,
    INCREMENTS = 1 << 14, /* drawn before the clock starts, used again and again */
    COMPONENTS = 64,
};

union queue {
    struct eventq_heap heap;
    struct eventq calendar;
};

struct queue_kind {
    void (*init)(union queue *queue, size_t capacity);
    void (*fini)(union queue *queue);
    void (*push)(union queue *queue, const struct event *event);
    bool (*pop)(union queue *queue, struct event *out);
};

static void heap_init(union queue *queue, size_t capacity)
{
    eventq_heap_init(&queue->heap, capacity);
}
static void heap_fini(union queue *queue)
{
    eventq_heap_fini(&queue->heap);
}
static void heap_push(union queue *queue, const struct event *event)
{
    eventq_heap_push(&queue->heap, event);
}
static bool heap_pop(union queue *queue, struct event *out)
{
    return eventq_heap_pop(&queue->heap, out);
}

static void calendar_init(union queue *queue, size_t capacity)
{
    eventq_init(&queue->calendar, capacity);
}
static void calendar_fini(union queue *queue)
{
    eventq_fini(&queue->calendar);
}
static void calendar_push(union queue *queue, const struct event *event)
{
    eventq_push(&queue->calendar, event);
}
static bool calendar_pop(union queue *queue, struct event *out)
{
    return eventq_pop(&queue->calendar, out);
}

enum { HEAP, CALENDAR, KINDS };
static const struct queue_kind kinds[KINDS] = {
    [HEAP] = {heap_init, heap_fini, heap_push, heap_pop},
    [CALENDAR] = {calendar_init, calendar_fini, calendar_push, calendar_pop},
};

/* What one turn found: CPU time, and a hash of the order in which events came out. */
struct turn {
    uint64_t ns;
    uint64_t hash;
};

static uint64_t mix(uint64_t hash, const struct event *event)
{
    return (hash ^ event->time_ps ^ event->order) * UINT64_C(0x9e3779b97f4a7c15);
}

/* ---- the hold model ---- */

/* Laws of the increment, whose mean is what a port or a flow of a real run waits. */
static uint64_t exponential_ps(struct rng *rng)
{
    return (uint64_t)(-1e6 * log1p(-rng_uniform53(rng))); /* 1 us */
}
/* Nine in ten are a serialisation, one is a flash read: beyond the calendar's horizon. */
static uint64_t bimodal_ps(struct rng *rng)
{
    const double choice = rng_uniform(rng);
    return (uint64_t)(choice < 0.9 ? 1e5 * rng_uniform(rng) : 1e8 * rng_uniform(rng));
}
/* Edges of a 250 MHz clock: many ties. */
static uint64_t clocked_ps(struct rng *rng)
{
    return 4000 * (1 + (uint64_t)(64 * rng_uniform(rng)));
}

static const struct law {
    const char *name;
    uint64_t (*draw_ps)(struct rng *rng);
} laws[] = {
    {"hold-exponential", exponential_ps},
    {"hold-bimodal", bimodal_ps},
    {"hold-clocked", clocked_ps},
};
static const uint32_t sizes[] = {16, 64, 256, 1024, 16384, 65536};

static void set_key(struct event *event, uint64_t time_ps, uint64_t sequence)
{
    event->time_ps = time_ps;
    event->order = sequence % COMPONENTS << EVENT_SEQUENCE_BITS | sequence;
}

static struct turn hold(const struct queue_kind *kind, uint32_t n, const uint64_t *increments_ps)
{
    union queue queue;
    struct event event = {0};
    struct turn turn = {0};
    uint64_t sequence = 0;
    kind->init(&queue, n);
    for (uint32_t i = 0; i < n; i++, sequence++) {
        set_key(&event, increments_ps[i % INCREMENTS] + i % 997, sequence);
        kind->push(&queue, &event);
    }
    /* Every event is replaced twice before the clock starts, so that the queue is in its stride. */
    uint64_t begin_ns = bench_cpu_ns();
    for (uint32_t i = 0; i < 2 * n + HOLDS; i++, sequence++) {
        if (i == 2 * n)
            begin_ns = bench_cpu_ns();
        CHECK(kind->pop(&queue, &event));
        turn.hash = mix(turn.hash, &event);
        set_key(&event, event.time_ps + increments_ps[sequence * 7 % INCREMENTS], sequence);
        kind->push(&queue, &event);
    }
    turn.ns = bench_cpu_ns() - begin_ns;
    kind->fini(&queue);
    return turn;
}

/* ---- real traffic ---- */

static struct turn replay(const struct queue_kind *kind, const struct recording *recording)
{
    union queue queue;
    struct event event;
    struct turn turn = {0};
    uint64_t entered = 0;
    kind->init(&queue, recording->pushed[recording->n_steps]);
    uint64_t begin_ns = 0;
    for (uint32_t step = 0; step <= recording->n_steps; step++) {
        if (step > 0) {
            CHECK(kind->pop(&queue, &event));
            turn.hash = mix(turn.hash, &event);
        } else {
            begin_ns = bench_cpu_ns();
        }
        for (; entered < recording->pushed[step]; entered++)
            kind->push(&queue, &recording->events[entered]);
    }
    turn.ns = bench_cpu_ns() - begin_ns;
    kind->fini(&queue);
    return turn;
}

/* ---- turns ---- */

struct contest {
    uint64_t best_ns[KINDS];
    uint64_t hash[KINDS];
};

static void contest_count(struct contest *contest, int kind, struct turn turn)
{
    if (!contest->best_ns[kind] || turn.ns < contest->best_ns[kind])
        contest->best_ns[kind] = turn.ns;
    contest->hash[kind] = turn.hash;
}

static void contest_print(const struct contest *contest, const char *name, double pending,
                          uint32_t holds)
{
    CHECK(contest->hash[HEAP] == contest->hash[CALENDAR]);
    const double heap_ns = (double)contest->best_ns[HEAP] / holds;
    const double calendar_ns = (double)contest->best_ns[CALENDAR] / holds;
    printf("bench: queue %s n=%.0f heap_ns=%.1f calendar_ns=%.1f ratio=%.3f\n", name, pending,
           heap_ns, calendar_ns, calendar_ns / heap_ns);
}

static void bench_law(const struct law *law)
{
    static uint64_t increments_ps[INCREMENTS];
    struct rng rng;
    rng_init(&rng, 1, law->name);
    for (size_t i = 0; i < INCREMENTS; i++)
        increments_ps[i] = law->draw_ps(&rng);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct contest contest = {0};
        for (int i = 0; i < TURNS * KINDS; i++)
            contest_count(&contest, i % KINDS, hold(&kinds[i % KINDS], sizes[s], increments_ps));
        contest_print(&contest, law->name, sizes[s], HOLDS);
    }
}

static bool bench_file(const char *path)
{
    struct recording recording;
    struct contest contest = {0};
    if (!recording_make(&recording, path, RECORDED_STEPS))
        return false;
    for (int i = 0; i < TURNS * KINDS; i++)
        contest_count(&contest, i % KINDS, replay(&kinds[i % KINDS], &recording));
    contest_print(&contest, recording.name, recording_pending(&recording), recording.n_steps);
    recording_fini(&recording);
    return true;
}

bool bench_queues(size_t n_files, char *const *files)
{
    for (size_t i = 0; i < sizeof laws / sizeof *laws; i++)
        bench_law(&laws[i]);
    for (size_t i = 0; i < n_files; i++)
        if (!bench_file(files[i]))
            return false;
    return true;
}
