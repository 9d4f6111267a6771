#include "fabric/op.h"

#include <string.h>

bool op_pool_init(struct op_pool *pool, uint32_t capacity)
{
    memset(pool, 0, sizeof *pool);
    arena_init(&pool->memory);
    pool->ops = arena_alloc(&pool->memory, (size_t)capacity + 1, sizeof *pool->ops);
    pool->capacity = capacity;
    pool->fresh = 1;
    return pool->ops != NULL;
}

void op_pool_fini(struct op_pool *pool)
{
    arena_fini(&pool->memory);
    pool->ops = NULL;
}

uint32_t op_take(struct op_pool *pool, uint64_t born_ps)
{
    uint32_t index = pool->free_head;
    if (index) {
        pool->free_head = pool->ops[index].next;
    } else {
        CHECK(pool->fresh <= pool->capacity);
        index = pool->fresh++;
    }
    pool->in_use++;
    pool->ops[index] = (struct op){.born_ps = born_ps, .at_ps = born_ps};
    return index;
}

void op_end(struct op_pool *pool, uint32_t index)
{
    pool->on_end(pool->self, &pool->ops[index]);
    pool->ops[index].next = pool->free_head;
    pool->free_head = index;
    pool->in_use--;
}

void op_spend(struct op *op, enum latency_part part, uint64_t until_ps)
{
    CHECK(until_ps >= op->at_ps);
    op->part_ps[part] += until_ps - op->at_ps;
    op->at_ps = until_ps;
}

void op_fail(struct op_pool *pool, uint32_t index, enum latency_part waiting, uint64_t now_ps)
{
    struct op *op = op_get(pool, index);
    if (op->at_ps < now_ps)
        op_spend(op, waiting, now_ps);
    op->failed = true;
    op_end(pool, index);
}

void op_fifo_fail(struct op_pool *pool, struct op_fifo *fifo, enum latency_part waiting,
                  uint64_t now_ps)
{
    while (fifo->n)
        op_fail(pool, op_fifo_pop(pool, fifo), waiting, now_ps);
}

void op_step(struct op *op, const struct request *request, enum latency_part waiting)
{
    static const enum latency_part along_the_way[] = {
        LAT_ARBITRATE, LAT_CREDIT, LAT_SERIALISE, LAT_PROPAGATE,
        LAT_CROSSBAR,  LAT_REMAP,  LAT_MEMORY,
    };
    uint64_t part_ps[LAT_PARTS] = {0};
    if (request->issued_ps > op->at_ps)
        op_spend(op, waiting, request->issued_ps);
    if (request->done_ps <= op->at_ps)
        return;
    uint64_t shadow_ps = op->at_ps - request->issued_ps;
    request_add_parts(request, part_ps);
    for (size_t i = 0; i < sizeof along_the_way / sizeof along_the_way[0]; i++) {
        enum latency_part part = along_the_way[i];
        uint64_t hidden_ps = part_ps[part] < shadow_ps ? part_ps[part] : shadow_ps;
        shadow_ps -= hidden_ps;
        op->part_ps[part] += part_ps[part] - hidden_ps;
    }
    CHECK(shadow_ps == 0);
    op->at_ps = request->done_ps;
}
