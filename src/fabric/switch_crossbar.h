/* switch_crossbar.h - the receive buffers of the switch and the crossbar behind them. A TLP comes
 * from the end of the ingress pipeline (switch_crossbar_enqueue) and goes to link_send of its
 * egress. */
#ifndef POOLSIM_FABRIC_SWITCH_CROSSBAR_H
#define POOLSIM_FABRIC_SWITCH_CROSSBAR_H

#include "fabric/switch.h"

/* TLP @index with @payload on the wire, which comes to the end of @ingress's pipeline in cycle
 * @ready, waits for the crossbar; its egress decides as soon as it, the ingress and the egress are
 * ready. */
void switch_crossbar_enqueue(struct pcie_switch *sw, uint32_t ingress, uint32_t index,
                             uint32_t payload, uint64_t ready);
/* Grants, accepts and sends for the egress ports that wake in @cycle: @wakes is the first + 1. */
void switch_crossbar_run(struct pcie_switch *sw, uint32_t wakes, uint64_t cycle);
/* struct link_sender's on_credit. */
void switch_crossbar_on_credit(void *self, uint32_t egress, uint64_t at_ps);

#endif
