/* switch_ring.h - the switch's clock and its ring of cycles: what the next SWITCH_RING cycles have
 * to do. A cycle ticks once something has been entered for it, even if that is moved away later. */
#ifndef POOLSIM_FABRIC_SWITCH_RING_H
#define POOLSIM_FABRIC_SWITCH_RING_H

#include "fabric/switch.h"

/* First cycle whose edge is at or after @ps. A multiplication by the clock's frequency in cycles
 * per 2^64 ps stands for the division; as that is rounded down, and so are edges to whole ps, the
 * product may be a cycle or two short, but hardly ever is. */
static inline uint64_t switch_cycle_at_or_after(const struct pcie_switch *sw, uint64_t ps)
{
    unsigned __int128 wide = (unsigned __int128)(ps + sw->period_ps - 1) * sw->cycles_per_2_64_ps;
    uint64_t cycle = (uint64_t)(wide >> 64);
    while (__builtin_expect(switch_cycle_ps(sw, cycle) < ps, 0))
        cycle++;
    return cycle;
}

/* The cycle in which the simulation's clock is. */
static inline uint64_t switch_current_cycle(const struct pcie_switch *sw)
{
    return switch_cycle_at_or_after(sw, sw->fabric->sim->now_ps + 1) - 1;
}

/* The cycle whose tick is at work begins; returns its wakes, first egress + 1. */
uint32_t switch_ring_begin(struct pcie_switch *sw);
/* It ends: the next one that is due will tick. */
void switch_ring_end(struct pcie_switch *sw);

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
