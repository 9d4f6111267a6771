#include "pcie/tlp.h"

#include <stdlib.h>
#include <string.h>

const struct tlp_kind_info tlp_kinds[TLP_KINDS] = {
    [TLP_MEM_READ] = {"MRd", CLASS_NONPOSTED, false, true},
    [TLP_MEM_WRITE] = {"MWr", CLASS_POSTED, true, true},
    [TLP_CPL] = {"Cpl", CLASS_COMPLETION, false, false},
    [TLP_CPL_DATA] = {"CplD", CLASS_COMPLETION, true, false},
};

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

void tlp_account_begin(struct tlp *tlp, uint64_t at_ps)
{
    tlp->at_ps = at_ps;
    memset(tlp->part_ps, 0, sizeof tlp->part_ps);
    tlp->credit_high = 0;
    tlp->arbitrate_high = 0;
}

void tlp_account_copy(struct tlp *tlp, const struct tlp *from)
{
    tlp->at_ps = from->at_ps;
    memcpy(tlp->part_ps, from->part_ps, sizeof tlp->part_ps);
    tlp->credit_high = from->credit_high;
    tlp->arbitrate_high = from->arbitrate_high;
}
