/* The clock and the ring of cycles; see switch_ring.h. */
#include "fabric/switch_ring.h"

/* The cycle that contains @ps: a multiplication by the clock's frequency in cycles per 2^64 ps,
 * rounded down. That and the rounding of edges down to whole ps leave it at most two cycles short.
 */
static uint64_t cycle_of(const struct pcie_switch *sw, uint64_t ps)
{
    uint64_t cycle = (uint64_t)((unsigned __int128)ps * sw->cycles_per_2_64_ps >> 64);
    cycle += switch_cycle_ps(sw, cycle + 1) <= ps;
    cycle += switch_cycle_ps(sw, cycle + 1) <= ps;
    return cycle;
}

uint64_t switch_cycle_at_or_after(const struct pcie_switch *sw, uint64_t ps)
{
    uint64_t cycle = cycle_of(sw, ps);
    return cycle + (switch_cycle_ps(sw, cycle) < ps);
}

uint64_t switch_current_cycle(const struct pcie_switch *sw)
{
    return cycle_of(sw, sw->fabric->sim->now_ps);
}

static struct switch_slot *slot_of(struct pcie_switch *sw, uint64_t cycle)
{
    struct switch_slot *slot = &sw->ring[cycle % SWITCH_RING];
    if (!slot->scheduled) {
        slot->scheduled = true;
        sim_at(sw->fabric->sim, switch_cycle_ps(sw, cycle), PHASE_DECIDE, &sw->component, 0, 0,
               cycle);
    }
    return slot;
}

static void unlink_wake(struct pcie_switch *sw, uint32_t egress)
{
    struct switch_wake *wake = &sw->wakes[egress];
    if (wake->previous)
        sw->wakes[wake->previous - 1].next = wake->next;
    else
        sw->ring[wake->cycle % SWITCH_RING].wakes = wake->next;
    if (wake->next)
        sw->wakes[wake->next - 1].previous = wake->previous;
    wake->cycle = 0;
}

void switch_ring_move(struct pcie_switch *sw, uint32_t egress, uint64_t cycle)
{
    struct switch_wake *wake = &sw->wakes[egress];
    uint64_t now_ps = sw->fabric->sim->now_ps;
    if (switch_cycle_ps(sw, cycle) - now_ps >= (SWITCH_RING - 1) * sw->period_ps)
        cycle = switch_current_cycle(sw) + SWITCH_RING - 1;
    if (wake->cycle)
        unlink_wake(sw, egress);
    struct switch_slot *slot = slot_of(sw, cycle);
    wake->cycle = cycle;
    wake->previous = 0;
    wake->next = slot->wakes;
    if (slot->wakes)
        sw->wakes[slot->wakes - 1].previous = egress + 1;
    slot->wakes = egress + 1;
}
