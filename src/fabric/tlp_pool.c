#include "fabric/tlp_pool.h"

#include <string.h>

bool tlp_pool_init(struct tlp_pool *pool, uint32_t capacity)
{
    memset(pool, 0, sizeof *pool);
    /* One cache line each, and lazily mapped: capacity that is never reached costs no memory. */
    arena_init(&pool->memory);
    pool->tlps = arena_alloc_aligned(&pool->memory, capacity, sizeof(struct tlp), ARENA_CACHE_LINE);
    pool->capacity = capacity;
    pool->fresh = 1;
    if (!pool->tlps)
        return false;
    pool->tlps[0].at_ps = UINT64_MAX;
    return true;
}

void tlp_pool_fini(struct tlp_pool *pool)
{
    arena_fini(&pool->memory);
    pool->tlps = NULL;
}
