/* plane_queue.h - what is due when between software and the kernel, in an order that does not
 * depend on how the two are coupled: (time, host, class, actor, sequence), the sequence being
 * counted by whoever makes the entry: the actor for what it does, the kernel for what it tells. */
#ifndef POOLSIM_HOST_PLANE_QUEUE_H
#define POOLSIM_HOST_PLANE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* At one instant a host is told what has happened before it is told that its patience is over. */
enum plane_class { PLANE_NEWS, PLANE_MESSAGES, PLANE_TIMEOUTS, PLANE_REQUESTS };

struct plane_item {
    uint64_t time_ps;
    uint64_t order; /* host 63:32, class 31:28, actor 27:0 */
    uint64_t sequence;
    void *object; /* the user's, like all below */
    uint64_t value;
    uint32_t kind;
    uint32_t a;
};

static inline uint64_t plane_order(uint32_t host, enum plane_class class, uint32_t actor)
{
    return (uint64_t)host << 32 | (uint64_t) class << 28 | actor;
}

struct plane_queue { /* a binary heap that grows */
    struct plane_item *items;
    size_t n, capacity;
};

void plane_queue_init(struct plane_queue *queue);
void plane_queue_fini(struct plane_queue *queue);
void plane_queue_push(struct plane_queue *queue, const struct plane_item *item);
/* Takes the first; the queue is not empty. */
struct plane_item plane_queue_pop(struct plane_queue *queue);

/* When the first is due; UINT64_MAX when empty. */
static inline uint64_t plane_queue_first_ps(const struct plane_queue *queue)
{
    return queue->n ? queue->items[0].time_ps : UINT64_MAX;
}

#endif
