#include "host/plane_queue.h"

#include "base/check.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 256 };

static bool is_before(const struct plane_item *x, const struct plane_item *y)
{
    if (x->time_ps != y->time_ps)
        return x->time_ps < y->time_ps;
    if (x->order != y->order)
        return x->order < y->order;
    return x->sequence < y->sequence;
}

void plane_queue_init(struct plane_queue *queue)
{
    queue->n = 0;
    queue->capacity = FIRST_CAPACITY;
    queue->items = calloc(queue->capacity, sizeof *queue->items);
    CHECK(queue->items);
}

void plane_queue_fini(struct plane_queue *queue)
{
    free(queue->items);
    queue->items = NULL;
    queue->n = 0;
}

static void grow(struct plane_queue *queue)
{
    queue->capacity *= 2;
    queue->items = realloc(queue->items, queue->capacity * sizeof *queue->items);
    CHECK(queue->items);
}

void plane_queue_push(struct plane_queue *queue, const struct plane_item *item)
{
    if (queue->n == queue->capacity)
        grow(queue);
    size_t hole = queue->n++;
    for (; hole && is_before(item, &queue->items[(hole - 1) / 2]); hole = (hole - 1) / 2)
        queue->items[hole] = queue->items[(hole - 1) / 2];
    queue->items[hole] = *item;
}

struct plane_item plane_queue_pop(struct plane_queue *queue)
{
    CHECK(queue->n);
    struct plane_item first = queue->items[0];
    struct plane_item last = queue->items[--queue->n];
    size_t hole = 0;
    for (size_t child = 1; child < queue->n; child = 2 * hole + 1) {
        if (child + 1 < queue->n && is_before(&queue->items[child + 1], &queue->items[child]))
            child++;
        if (!is_before(&queue->items[child], &last))
            break;
        queue->items[hole] = queue->items[child];
        hole = child;
    }
    queue->items[hole] = last;
    return first;
}
