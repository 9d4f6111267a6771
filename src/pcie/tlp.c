#include "pcie/tlp.h"

#include <string.h>

const struct tlp_kind_info tlp_kinds[TLP_KINDS] = {
    [TLP_MEM_READ] = {"MRd", CLASS_NONPOSTED, false, true, 0},
    [TLP_MEM_WRITE] = {"MWr", CLASS_POSTED, true, true, 0},
    [TLP_CPL] = {"Cpl", CLASS_COMPLETION, false, false, 3},
    [TLP_CPL_DATA] = {"CplD", CLASS_COMPLETION, true, false, 3},
    [TLP_CFG_READ] = {"CfgRd", CLASS_NONPOSTED, false, true, 3},
    [TLP_CFG_WRITE] = {"CfgWr", CLASS_NONPOSTED, true, true, 3},
    [TLP_MSG] = {"Msg", CLASS_POSTED, false, true, 4},
    [TLP_MSG_DATA] = {"MsgD", CLASS_POSTED, true, true, 4},
    [TLP_IO_READ] = {"IORd", CLASS_NONPOSTED, false, true, 3},
    [TLP_IO_WRITE] = {"IOWr", CLASS_NONPOSTED, true, true, 3},
    [TLP_FETCH_ADD] = {"FetchAdd", CLASS_NONPOSTED, true, true, 0},
    [TLP_SWAP] = {"Swap", CLASS_NONPOSTED, true, true, 0},
    [TLP_COMPARE_SWAP] = {"CAS", CLASS_NONPOSTED, true, true, 0},
};

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

void tlp_spend_long(struct tlp *tlp, enum tlp_part part, uint64_t until_ps)
{
    CHECK(until_ps >= tlp->at_ps);
    CHECK((part == PART_CREDIT) | (part == PART_ARBITRATE));
    uint64_t sum = tlp->part_ps[part] + (until_ps - tlp->at_ps);
    uint8_t *high = part == PART_CREDIT ? &tlp->credit_high : &tlp->arbitrate_high;
    CHECK(*high + (sum >> 32) <= UINT8_MAX);
    *high = (uint8_t)(*high + (sum >> 32));
    tlp->part_ps[part] = (uint32_t)sum;
    tlp->at_ps = until_ps;
}
