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

/* @cycle, or the ring's last cycle if @cycle is beyond it. */
uint64_t switch_ring_cut(const struct pcie_switch *sw, uint64_t cycle);
/* Takes @egress out of the ring. */
void switch_ring_unlink(struct pcie_switch *sw, uint32_t egress);
/* The next tick is that of @cycle. */
void switch_ring_set_tick(struct pcie_switch *sw, uint64_t cycle);

/* @egress decides in @cycle, which is to come, unless it decides before. Deciding too early is
 * harmless, so a far cycle is cut to the ring. */
static inline void switch_ring_wake(struct pcie_switch *sw, uint32_t egress, uint64_t cycle)
{
    struct switch_wake *wake = &sw->wakes[egress + 1];
    /* 0, not in the ring, is the greatest here. */
    if (wake->cycle - 1 < cycle)
        return;
    if (__builtin_expect(cycle - sw->seen_cycle >= SWITCH_RING - 2, 0))
        cycle = switch_ring_cut(sw, cycle);
    if (__builtin_expect(wake->cycle != 0, 0))
        switch_ring_unlink(sw, egress);
    uint32_t at = cycle % SWITCH_RING;
    uint32_t next = sw->ring[at];
    *wake = (struct switch_wake){.cycle = cycle, .next = next};
    sw->wakes[next].previous = egress + 1; /* of wake 0, nobody's, if there is none */
    sw->ring[at] = egress + 1;
    sw->cycles_due[at / 64] |= UINT64_C(1) << at % 64;
    if (__builtin_expect(cycle < sw->tick_cycle, 0))
        switch_ring_set_tick(sw, cycle);
}

#endif
