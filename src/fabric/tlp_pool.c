#include "fabric/tlp_pool.h"

#include <stdlib.h>
#include <string.h>

bool tlp_pool_init(struct tlp_pool *pool, uint32_t capacity)
{
    memset(pool, 0, sizeof *pool);
    /* One cache line each, and lazily mapped: capacity that is never reached costs no memory. */
    void *memory = NULL;
    if (posix_memalign(&memory, 64, capacity * sizeof(struct tlp)) != 0)
        return false;
    pool->tlps = memory;
    pool->capacity = capacity;
    pool->fresh = 1;
    return true;
}

void tlp_pool_fini(struct tlp_pool *pool)
{
    free(pool->tlps);
    pool->tlps = NULL;
}
