#include "fabric/request.h"

#include <string.h>

_Static_assert((int)LAT_SERIALISE == (int)PART_SERIALISE + 1 &&
                   (int)LAT_MEMORY == (int)PART_MEMORY + 1,
               "the parts of a TLP follow LAT_SOURCE in the same order");

bool request_pool_init(struct request_pool *pool, uint32_t capacity)
{
    memset(pool, 0, sizeof *pool);
    arena_init(&pool->memory);
    pool->requests = arena_alloc(&pool->memory, capacity, sizeof *pool->requests);
    pool->capacity = capacity;
    pool->fresh = 1;
    return pool->requests != NULL;
}

void request_pool_fini(struct request_pool *pool)
{
    arena_fini(&pool->memory);
    pool->requests = NULL;
}

uint32_t request_take(struct request_pool *pool)
{
    uint32_t index = pool->free_head;
    if (index) {
        pool->free_head = pool->requests[index].next;
    } else {
        CHECK(pool->fresh < pool->capacity);
        index = pool->fresh++;
    }
    pool->in_use++;
    memset(&pool->requests[index], 0, sizeof pool->requests[index]);
    return index;
}

static void free_request(struct request_pool *pool, uint32_t index)
{
    pool->requests[index].next = pool->free_head;
    pool->free_head = index;
    pool->in_use--;
}

void request_give_back(struct request_pool *pool, uint32_t index)
{
    if (__builtin_expect(pool->requests[index].ghosts != 0, 0)) {
        CHECK(pool->requests[index].ghosts > 0);
        pool->requests[index].kind = REQUEST_GONE;
        return;
    }
    free_request(pool, index);
}

void request_lay(struct request_pool *pool, uint32_t index)
{
    struct request *request = &pool->requests[index];
    if (index >= pool->fresh)
        return; /* of nobody: tests send TLPs by hand */
    request->ghosts--;
    if (request->kind == REQUEST_GONE && request->ghosts == 0)
        free_request(pool, index);
}

void request_expire(struct request *request, uint64_t now_ps, uint16_t ghosts,
                    enum tlp_status status)
{
    uint64_t waited_ps = now_ps - request->issued_ps;
    request->ghosts = (int16_t)(request->ghosts + ghosts);
    request->status = (uint8_t)status;
    request->done_ps = now_ps;
    memset(request->part_ps, 0, sizeof request->part_ps);
    request->credit_high = 0;
    CHECK(waited_ps >> 40 == 0);
    request->part_ps[PART_ARBITRATE] = (uint32_t)waited_ps;
    request->arbitrate_high = (uint8_t)(waited_ps >> 32);
}

bool request_arrived(struct request *request, const struct tlp *tlp, uint32_t bytes)
{
    CHECK(bytes <= request->to_arrive);
    if (tlp->at_ps >= request->done_ps) {
        request->done_ps = tlp->at_ps;
        memcpy(request->part_ps, tlp->part_ps, sizeof request->part_ps);
        request->credit_high = tlp->credit_high;
        request->arbitrate_high = tlp->arbitrate_high;
    }
    request->to_arrive -= bytes;
    return request->to_arrive == 0;
}

void request_add_parts(const struct request *request, uint64_t part_ps[LAT_PARTS])
{
    for (int part = 0; part < TLP_PARTS; part++)
        part_ps[LAT_SERIALISE + part] += request->part_ps[part];
    part_ps[LAT_CREDIT] += (uint64_t)request->credit_high << 32;
    part_ps[LAT_ARBITRATE] += (uint64_t)request->arbitrate_high << 32;
}
