/* tlp_pool.h - every TLP in flight, in one fixed block of memory; a TLP is known by its index. */
#ifndef POOLSIM_FABRIC_TLP_POOL_H
#define POOLSIM_FABRIC_TLP_POOL_H

#include "base/arena.h"
#include "pcie/tlp.h"

/* Index 0 is no TLP: its account ends at UINT64_MAX, behind that of all others. */
struct tlp_pool {
    struct tlp *tlps;
    uint32_t capacity;
    uint32_t fresh; /* first index never used: all before it were once in use at the same time */
    uint32_t free_head;
    uint32_t in_use;
    struct arena memory; /* has the TLPs: lazily mapped */
};

/* @capacity: indices 0 to @capacity - 1, so one TLP less. False: no memory. */
bool tlp_pool_init(struct tlp_pool *pool, uint32_t capacity);
void tlp_pool_fini(struct tlp_pool *pool);

static inline struct tlp *tlp_get(const struct tlp_pool *pool, uint32_t index)
{
    return &pool->tlps[index];
}

/* A TLP with unspecified content; the pool must have one left. */
static inline uint32_t tlp_take(struct tlp_pool *pool)
{
    uint32_t index = pool->free_head;
    if (index) {
        pool->free_head = pool->tlps[index].next;
    } else {
        CHECK(pool->fresh < pool->capacity);
        index = pool->fresh++;
    }
    pool->in_use++;
    return index;
}

static inline void tlp_give_back(struct tlp_pool *pool, uint32_t index)
{
    pool->tlps[index].next = pool->free_head;
    pool->free_head = index;
    pool->in_use--;
}

#endif
