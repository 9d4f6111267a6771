/* eventq.h - the pending-event set: a total order over (time, phase, component, sequence).
 * Two queues with one contract. eventq_heap is a 4-ary heap: simple, the reference that tests
 * compare against. eventq is a calendar of time buckets over two such heaps and is what sim.c uses:
 * an event of the current bucket lies in the near heap, one within the horizon in an unsorted
 * bucket list found by bitmap, one beyond it in the far heap. `make bench` prints both on the hold
 * model and on recorded real traffic; the calendar took 0.31 to 0.97 of the heap's time but in two
 * cases: 1.14 with 16 events at bimodal distances, 1.19 with 65,536 VFs' arrivals all far ahead,
 * since a switch's ticks, which were near, are not queued (sim_set_tick). Capacity is fixed at
 * init; pushing beyond it is a CHECK. */
#ifndef POOLSIM_DES_EVENTQ_H
#define POOLSIM_DES_EVENTQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EVENT_PHASE_BITS = 2, EVENT_COMPONENT_BITS = 22, EVENT_SEQUENCE_BITS = 40 };

struct event {
    uint64_t time_ps;
    uint64_t order; /* phase 63:62, component 61:40, sequence 39:0 */
    uint32_t kind;  /* the component's own */
    uint32_t a;     /* the component's own */
    uint64_t b;     /* the component's own */
};

static inline bool event_before(const struct event *x, const struct event *y)
{
    unsigned __int128 kx = (unsigned __int128)x->time_ps << 64 | x->order;
    unsigned __int128 ky = (unsigned __int128)y->time_ps << 64 | y->order;
    return kx < ky;
}

struct eventq_heap {
    struct event *events;
    size_t n;
    size_t capacity;
};

void eventq_heap_init(struct eventq_heap *heap, size_t capacity);
void eventq_heap_fini(struct eventq_heap *heap);
void eventq_heap_push(struct eventq_heap *heap, const struct event *event);
/* Takes the earliest event; false when empty. */
bool eventq_heap_pop(struct eventq_heap *heap, struct event *out);

enum {
    EVENTQ_BUCKET_LOG2_PS = 12, /* 4096 ps: one cycle at 250 MHz, so few events share a bucket */
    EVENTQ_BUCKETS = 4096,      /* horizon 16.8 us */
};

struct eventq_node {
    struct event event;
    uint32_t next;
};

struct eventq {
    uint64_t current;     /* absolute number of the bucket that the near heap holds */
    uint64_t earliest_ps; /* no event is earlier: a bound that costs nothing to ask */
    size_t n;
    size_t capacity;
    uint64_t summary; /* bit w: occupied[w] is not 0 */
    uint64_t occupied[EVENTQ_BUCKETS / 64];
    uint32_t head[EVENTQ_BUCKETS]; /* node index, 0 = none */
    struct eventq_node *nodes;     /* node 0 is unused */
    uint32_t free_head;
    uint32_t fresh; /* first node never used */
    struct eventq_heap near;
    struct eventq_heap far;
};

void eventq_init(struct eventq *q, size_t capacity);
void eventq_fini(struct eventq *q);
/* Pushes what belongs into the current bucket or beyond the horizon. */
void eventq_push_slow(struct eventq *q, const struct event *event);
bool eventq_pop(struct eventq *q, struct event *out);
/* Takes the earliest event if its key is below (@time_ps, @order); false when there is none. */
bool eventq_pop_before(struct eventq *q, uint64_t time_ps, uint64_t order, struct event *out);

static inline void eventq_push(struct eventq *q, const struct event *event)
{
    uint64_t bucket = event->time_ps >> EVENTQ_BUCKET_LOG2_PS;
    uint32_t node = q->free_head;
    q->earliest_ps = event->time_ps < q->earliest_ps ? event->time_ps : q->earliest_ps;
    if (bucket - q->current - 1 >= EVENTQ_BUCKETS - 1 || !node || q->n >= q->capacity) {
        const struct event copy = *event; /* so that the event itself need not be in memory */
        eventq_push_slow(q, &copy);
        return;
    }
    size_t slot = bucket % EVENTQ_BUCKETS;
    q->n++;
    q->free_head = q->nodes[node].next;
    q->nodes[node].event = *event;
    q->nodes[node].next = q->head[slot];
    q->head[slot] = node;
    q->occupied[slot / 64] |= UINT64_C(1) << slot % 64;
    q->summary |= UINT64_C(1) << slot / 64;
}

#endif
