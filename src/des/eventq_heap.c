#include "base/check.h"
#include "des/eventq.h"

#include <stdlib.h>

void eventq_heap_init(struct eventq_heap *heap, size_t capacity)
{
    /* calloc of a large block maps it lazily: capacity that is never reached costs no memory. */
    heap->events = calloc(capacity, sizeof *heap->events);
    CHECK(heap->events);
    heap->n = 0;
    heap->capacity = capacity;
}

void eventq_heap_fini(struct eventq_heap *heap)
{
    free(heap->events);
    heap->events = NULL;
}

void eventq_heap_push(struct eventq_heap *heap, const struct event *event)
{
    CHECK(heap->n < heap->capacity);
    struct event added = *event;
    size_t hole = heap->n++;
    while (hole > 0) {
        size_t parent = (hole - 1) / 4;
        if (!event_before(&added, &heap->events[parent]))
            break;
        heap->events[hole] = heap->events[parent];
        hole = parent;
    }
    heap->events[hole] = added;
}

/* The earliest of the up to four children of @hole, whose first is @child < n. */
static size_t earliest_child(const struct eventq_heap *heap, size_t child)
{
    size_t end = child + 4 < heap->n ? child + 4 : heap->n;
    size_t best = child;
    for (size_t i = child + 1; i < end; i++)
        best = event_before(&heap->events[i], &heap->events[best]) ? i : best;
    return best;
}

bool eventq_heap_pop(struct eventq_heap *heap, struct event *out)
{
    if (heap->n == 0)
        return false;
    *out = heap->events[0];
    if (--heap->n == 0)
        return true;
    struct event last = heap->events[heap->n];
    size_t hole = 0;
    for (size_t child = 1; child < heap->n; child = 4 * hole + 1) {
        size_t best = earliest_child(heap, child);
        if (!event_before(&heap->events[best], &last))
            break;
        heap->events[hole] = heap->events[best];
        hole = best;
    }
    heap->events[hole] = last;
    return true;
}
