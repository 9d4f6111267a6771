/* switch_fault.h - ports of the switch whose links are down, and private slots that are cut off
 * (Base Spec 2.9.1, 6.2.10, 6.7.3).
 * What the look-up sends to a port without a link ends there: requests that wait for an answer get
 * UR at once, everything else is dropped, and configuration requests to what is behind it find
 * nobody. Every host that has a slot there sees its Data Link Layer go, with the interrupt that it
 * has asked for. A host port without a link resets the host's private bridges, and its Users' VFs
 * by an FLR each.
 *
 * Containment is the same for one host's slot alone, as Downstream Port Containment does it: in
 * both directions, until it is released. It begins by order, or by an ERR message of a function
 * behind the slot where struct switch_branch says so; that message ends there. What is in flight
 * then has been lost, and its requester times out.
 *
 * Requires live tables. On a cascade the slots of the root switch know nothing of links below it.
 */
#ifndef POOLSIM_FABRIC_SWITCH_FAULT_H
#define POOLSIM_FABRIC_SWITCH_FAULT_H

#include "fabric/switch_config.h"

/* The link of @port goes down, or is up again. */
void switch_fault_set_port(struct pcie_switch *sw, uint32_t port, bool down);
/* A host's slot is cut off, or released. */
void switch_fault_contain(struct pcie_switch *sw, uint32_t host_port, uint32_t branch,
                          bool contained);
/* All slots for the device at @port but its Owner's. */
void switch_fault_contain_users(struct pcie_switch *sw, uint32_t port, bool contained);
/* Hot reset of a host's private bridges: registers as after reset, buses and windows gone; FLR of
 * the VFs that the host has. */
void switch_fault_reset_view(struct pcie_switch *sw, uint32_t host_port);
/* The device at @port has been reset, and answers nothing from before: what was in flight to and
 * from its functions, and what waits for proxied requests, is forgotten. */
void switch_fault_forget(struct pcie_switch *sw, uint32_t port);

/* ---- for the look-ups ---- */

/* TLP_SC, or what is answered to a request since nothing passes between @ingress and @egress, of or
 * to function @function of the pool; if @owned, of or to what the host owns. */
enum tlp_status switch_fault_closes(const struct pcie_switch *sw, uint32_t ingress, uint32_t egress,
                                    bool owned, uint32_t function);
/* The same for what is behind a slot. */
static inline bool switch_fault_closes_branch(const struct pcie_switch *sw,
                                              const struct switch_branch *branch)
{
    return branch->contained || sw->ports[branch->port].down;
}
/* What is answered for behind such a slot. */
enum tlp_status switch_fault_answer(const struct pcie_switch *sw, uint32_t host_port,
                                    const struct switch_branch *branch);
/* Software has written a slot's DPC Control or Status. */
void switch_fault_on_dpc_write(struct pcie_switch *sw, uint32_t host_port, uint32_t branch,
                               unsigned effects);
/* An ERR message is about to pass up to a host; true if it sets off containment, and ends here. */
bool switch_fault_on_error(struct pcie_switch *sw, uint32_t ingress, uint32_t host_port, bool owned,
                           uint32_t function, uint16_t rid, bool fatal);

#endif
