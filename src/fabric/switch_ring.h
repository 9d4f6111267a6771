/* switch_ring.h - the switch's clock and its ring of cycles: what the next SWITCH_RING cycles have
 * to do. The first entry for a cycle schedules the switch's one event of it. */
#ifndef POOLSIM_FABRIC_SWITCH_RING_H
#define POOLSIM_FABRIC_SWITCH_RING_H

#include "fabric/switch.h"

/* First cycle whose edge is at or after @ps. */
uint64_t switch_cycle_at_or_after(const struct pcie_switch *sw, uint64_t ps);
/* The cycle in which the simulation's clock is. */
uint64_t switch_current_cycle(const struct pcie_switch *sw);

/* Puts @egress into the ring at @cycle, wherever it was. */
void switch_ring_move(struct pcie_switch *sw, uint32_t egress, uint64_t cycle);

/* @egress decides in @cycle, which is to come, unless it decides before. Deciding too early is
 * harmless, so a far cycle is cut to the ring. */
static inline void switch_ring_wake(struct pcie_switch *sw, uint32_t egress, uint64_t cycle)
{
    /* 0, not in the ring, is the greatest here. */
    if (sw->wakes[egress].cycle - 1 >= cycle)
        switch_ring_move(sw, egress, cycle);
}

#endif
