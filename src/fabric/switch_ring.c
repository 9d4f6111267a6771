/* The clock and the ring of cycles; see switch_ring.h. */
#include "fabric/switch_ring.h"

void switch_ring_set_tick(struct pcie_switch *sw, uint64_t cycle)
{
    sw->tick_cycle = cycle;
    sim_set_tick(sw->fabric->sim, &sw->component, switch_cycle_ps(sw, cycle));
}

uint32_t switch_ring_begin(struct pcie_switch *sw)
{
    uint32_t at = sw->tick_cycle % SWITCH_RING;
    uint32_t wakes = sw->ring[at];
    sw->ring[at] = 0;
    sw->cycles_due[at / 64] &= ~(UINT64_C(1) << at % 64);
    sw->seen_cycle = sw->tick_cycle;
    sw->tick_cycle = 0;
    return wakes;
}

void switch_ring_end(struct pcie_switch *sw)
{
    uint64_t next = sw->seen_cycle + 1;
    uint32_t from = next % SWITCH_RING;
    uint64_t bits = sw->cycles_due[from / 64] & UINT64_MAX << from % 64;
    /* Once around, and the first word again for what lies in front of @from there. */
    for (uint32_t word = from / 64, looked = 0;; bits = sw->cycles_due[word]) {
        if (bits) {
            uint32_t at = word * 64 + (uint32_t)__builtin_ctzll(bits);
            switch_ring_set_tick(sw, next + (at - from) % SWITCH_RING);
            return;
        }
        if (looked++ == SWITCH_RING / 64)
            break;
        word = (word + 1) % (SWITCH_RING / 64);
    }
    sw->tick_cycle = UINT64_MAX;
    sim_set_tick(sw->fabric->sim, &sw->component, UINT64_MAX);
}

void switch_ring_unlink(struct pcie_switch *sw, uint32_t egress)
{
    struct switch_wake *wake = &sw->wakes[egress + 1];
    if (wake->previous)
        sw->wakes[wake->previous].next = wake->next;
    else
        sw->ring[wake->cycle % SWITCH_RING] = wake->next;
    sw->wakes[wake->next].previous = wake->previous;
    wake->cycle = 0;
}

uint64_t switch_ring_cut(const struct pcie_switch *sw, uint64_t cycle)
{
    uint64_t now_ps = sw->fabric->sim->now_ps;
    if (switch_cycle_ps(sw, cycle) - now_ps < (SWITCH_RING - 1) * sw->period_ps)
        return cycle;
    return switch_cycle_at_or_after(sw, now_ps + 1) - 1 + SWITCH_RING - 1;
}
