/* op.h - one operation of a workload on a device with queues: a frame, a disk command.
 * The driver (workload/driver_*.c) takes it from the pool and puts it into a ring; a doorbell
 * announces it; the device (dev_*.c) fetches it, moves its data and reports it. It stands for its
 * own descriptor, so that a ring costs a few counters and not a struct per entry. It is in one fifo
 * at a time.
 *
 * Its account is a chain of steps. Each step is a request; what lies between the end of one and the
 * issue of the next is waiting in the driver or the device. The parts sum exactly to at_ps -
 * born_ps at any time. */
#ifndef POOLSIM_FABRIC_OP_H
#define POOLSIM_FABRIC_OP_H

#include "base/arena.h"
#include "fabric/request.h"
#include <stdbool.h>
#include <stdint.h>

struct op {
    uint64_t born_ps; /* intended */
    uint64_t at_ps;   /* the account covers the time up to here */
    uint64_t part_ps[LAT_PARTS];
    uint64_t address; /* of its data, in the memory of its host */
    uint32_t flow;
    uint32_t bytes; /* of data */
    uint32_t next;  /* link in the fifo that it is in */
    uint16_t function;
    uint8_t kind;   /* the device kind's */
    bool moved;     /* its data have been read or written */
    uint8_t user;   /* endpoint_user of its function when it began */
    bool failed;    /* a step ended with an error status, or it was dropped */
    uint8_t resets; /* of its function when the device took it: fewer than now make it stale, and
                       whoever touches it next ends it */
};

struct op_pool {
    struct op *ops; /* index 0 is no operation */
    uint32_t capacity;
    uint32_t fresh;
    uint32_t free_head;
    uint32_t in_use;
    /* Told of each operation that has ended, at op->at_ps, which may lie ahead of the clock. */
    void (*on_end)(void *self, const struct op *op);
    void *self;
    struct arena memory; /* has the operations: lazily mapped */
};

/* @capacity bounds the operations that wait or are under way at once. */
bool op_pool_init(struct op_pool *pool, uint32_t capacity);
void op_pool_fini(struct op_pool *pool);
/* A new operation, due at @born_ps; all other fields are zero. */
uint32_t op_take(struct op_pool *pool, uint64_t born_ps);
/* The operation has ended: tells on_end and gives it back. It must be in no fifo. */
void op_end(struct op_pool *pool, uint32_t index);

/* The operation fails at @now_ps, or where its account stands if that lies ahead; the time since
 * its last step was spent on @waiting. It must be in no fifo. */
void op_fail(struct op_pool *pool, uint32_t index, enum latency_part waiting, uint64_t now_ps);

static inline struct op *op_get(const struct op_pool *pool, uint32_t index)
{
    return &pool->ops[index];
}

/* Accounts the time up to @until_ps to @part. */
void op_spend(struct op *op, enum latency_part part, uint64_t until_ps);

/* Adds a step: @request, a part of the operation, has ended. The time before its issue was spent
 * waiting, which is @waiting's. Posted requests follow each other without waiting for one another's
 * arrival; so much of the request's way as it went in the shadow of the step before is left out,
 * beginning with its waiting and ending with memory, which is the order along the way. */
void op_step(struct op *op, const struct request *request, enum latency_part waiting);

struct op_fifo { /* operation indices linked by op.next; all 0 is empty */
    uint32_t head;
    uint32_t tail;
    uint32_t n;
};

static inline void op_fifo_push(struct op_pool *pool, struct op_fifo *fifo, uint32_t index)
{
    op_get(pool, index)->next = 0;
    if (fifo->tail)
        op_get(pool, fifo->tail)->next = index;
    else
        fifo->head = index;
    fifo->tail = index;
    fifo->n++;
}

static inline uint32_t op_fifo_pop(struct op_pool *pool, struct op_fifo *fifo)
{
    uint32_t index = fifo->head;
    CHECK(fifo->n > 0);
    fifo->head = op_get(pool, index)->next;
    if (!fifo->head)
        fifo->tail = 0;
    fifo->n--;
    return index;
}

/* Every operation in @fifo fails. */
void op_fifo_fail(struct op_pool *pool, struct op_fifo *fifo, enum latency_part waiting,
                  uint64_t now_ps);

#endif
