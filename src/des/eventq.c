#include "des/eventq.h"
#include "base/check.h"

#include <stdlib.h>
#include <string.h>

static uint64_t bucket_of(uint64_t time_ps)
{
    return time_ps >> EVENTQ_BUCKET_LOG2_PS;
}

void eventq_init(struct eventq *q, size_t capacity)
{
    CHECK(capacity < UINT32_MAX);
    memset(q, 0, sizeof *q);
    q->capacity = capacity;
    q->nodes = calloc(capacity + 1, sizeof *q->nodes);
    CHECK(q->nodes);
    q->fresh = 1;
    q->earliest_ps = UINT64_MAX;
    eventq_heap_init(&q->near, capacity);
    eventq_heap_init(&q->far, capacity);
}

void eventq_fini(struct eventq *q)
{
    free(q->nodes);
    q->nodes = NULL;
    eventq_heap_fini(&q->near);
    eventq_heap_fini(&q->far);
}

static void push_bucket(struct eventq *q, uint64_t bucket, const struct event *event)
{
    uint32_t node = q->free_head;
    if (node)
        q->free_head = q->nodes[node].next;
    else
        node = q->fresh++;
    size_t slot = bucket % EVENTQ_BUCKETS;
    q->nodes[node].event = *event;
    q->nodes[node].next = q->head[slot];
    q->head[slot] = node;
    q->occupied[slot / 64] |= UINT64_C(1) << slot % 64;
    q->summary |= UINT64_C(1) << slot / 64;
}

void eventq_push_slow(struct eventq *q, const struct event *event)
{
    CHECK(q->n < q->capacity);
    q->n++;
    uint64_t bucket = bucket_of(event->time_ps);
    if (bucket <= q->current)
        eventq_heap_push(&q->near, event);
    else if (bucket - q->current < EVENTQ_BUCKETS)
        push_bucket(q, bucket, event);
    else
        eventq_heap_push(&q->far, event);
}

/* Distance in buckets from the current one to the next occupied one, or EVENTQ_BUCKETS if there is
 * none. */
static uint64_t next_occupied(const struct eventq *q)
{
    if (!q->summary)
        return EVENTQ_BUCKETS;
    size_t here = q->current % EVENTQ_BUCKETS;
    size_t word = here / 64;
    /* Bits behind @here in its own word come first, then the words behind it, then the wrapped
     * ones. */
    uint64_t bits = q->occupied[word] & ~((UINT64_C(2) << here % 64) - 1);
    if (!bits) {
        uint64_t later = word == 63 ? 0 : q->summary & ~((UINT64_C(2) << word) - 1);
        word = (size_t)__builtin_ctzll(later ? later : q->summary);
        bits = q->occupied[word];
    }
    size_t slot = word * 64 + (size_t)__builtin_ctzll(bits);
    return slot > here ? slot - here : slot + EVENTQ_BUCKETS - here;
}

static void free_node(struct eventq *q, uint32_t node)
{
    q->nodes[node].next = q->free_head;
    q->free_head = node;
}

/* Empties the current bucket's list and returns its first node. */
static uint32_t take_bucket(struct eventq *q)
{
    size_t slot = q->current % EVENTQ_BUCKETS;
    uint32_t node = q->head[slot];
    q->head[slot] = 0;
    q->occupied[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    if (!q->occupied[slot / 64])
        q->summary &= ~(UINT64_C(1) << slot / 64);
    return node;
}

static void open_bucket(struct eventq *q, uint32_t node)
{
    while (node) {
        uint32_t next = q->nodes[node].next;
        eventq_heap_push(&q->near, &q->nodes[node].event);
        free_node(q, node);
        node = next;
    }
}

/* Moves what has come within the horizon out of the far heap. */
static void draw_from_far(struct eventq *q)
{
    struct event event;
    while (q->far.n && bucket_of(q->far.events[0].time_ps) - q->current < EVENTQ_BUCKETS) {
        eventq_heap_pop(&q->far, &event);
        uint64_t bucket = bucket_of(event.time_ps);
        if (bucket == q->current)
            eventq_heap_push(&q->near, &event);
        else
            push_bucket(q, bucket, &event);
    }
}

/* With an empty near heap: moves the earliest non-empty bucket's events there, if that bucket
 * begins at or before @time_ps. */
static bool open_next_bucket(struct eventq *q, uint64_t time_ps)
{
    uint64_t distance = next_occupied(q);
    if (distance == EVENTQ_BUCKETS && q->far.n)
        distance = bucket_of(q->far.events[0].time_ps) - q->current;
    uint64_t begin_ps = (q->current + distance) << EVENTQ_BUCKET_LOG2_PS;
    if (begin_ps > time_ps) {
        q->earliest_ps = begin_ps;
        return false;
    }
    q->current += distance;
    open_bucket(q, take_bucket(q));
    if (q->far.n)
        draw_from_far(q);
    return true;
}

bool eventq_pop_before(struct eventq *q, uint64_t time_ps, uint64_t order, struct event *out)
{
    const struct event limit = {.time_ps = time_ps, .order = order};
    if (q->n == 0) {
        q->earliest_ps = UINT64_MAX;
        return false;
    }
    if (q->near.n == 0 && !open_next_bucket(q, time_ps))
        return false;
    q->earliest_ps = q->near.events[0].time_ps;
    if (!event_before(&q->near.events[0], &limit))
        return false;
    q->n--;
    return eventq_heap_pop(&q->near, out);
}

bool eventq_pop(struct eventq *q, struct event *out)
{
    return eventq_pop_before(q, UINT64_MAX, UINT64_MAX, out);
}
