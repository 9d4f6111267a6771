/* bridge.h - registers of the private virtual bridges as the switch's table holds them (paper Fig.
 * 3 and 12; system.md "bridge"). A bridge's registers live in its configuration space; this is the
 * view of them that routing needs (Base Spec 7.5.1.3, 7.5.3.10 on). Bridge 0 of a host port is its
 * virtual upstream bridge, the others the virtual downstream ones. No clock, no allocation. */
#ifndef POOLSIM_POOL_BRIDGE_H
#define POOLSIM_POOL_BRIDGE_H

#include "pcie/cfgspace.h"
#include "pool/tables.h"

#include <stdbool.h>
#include <stdint.h>

struct bridge_regs {
    uint16_t command; /* PCI_COMMAND_* */
    uint8_t primary, secondary, subordinate;
    uint64_t mem_base, mem_limit;   /* of the window below 4 GiB; limit: last address */
    uint64_t pref_base, pref_limit; /* of the prefetchable one; a limit below its base: closed */
    uint16_t control;               /* PCI_BRIDGE_CTL_* */
    bool ari_forwarding;
    uint16_t slot_control, slot_status; /* PCI_EXP_SLTCTL_*, PCI_EXP_SLTSTA_*; 0 without a slot */
    bool msi_enable;
    uint64_t msi_address;
    uint16_t msi_data;
};

/* Reads them from the configuration space of a bridge. */
void bridge_view(const struct cfgspace *space, struct bridge_regs *out);
/* True if a memory request from above to @address passes down: memory enabled, inside a window. */
bool bridge_forwards_address(const struct bridge_regs *regs, uint64_t address);
/* True if a bus at or below the bridge's secondary has number @bus. */
bool bridge_forwards_bus(const struct bridge_regs *regs, uint8_t bus);
/* True if requests from below pass up: bus master enabled, and the secondary bus is not in reset.
 */
bool bridge_forwards_up(const struct bridge_regs *regs);
/* How a configuration request to @bus leaves the bridge: 0 or 1 for Type 0 or 1 (7.3.3); the bus is
 * one that it forwards. */
unsigned bridge_config_type(const struct bridge_regs *regs, uint8_t bus);

void bridge_pack(uint16_t host_port, uint16_t bridge, const struct bridge_regs *regs,
                 struct pool_entry *out);
bool bridge_unpack(const struct pool_entry *entry, uint16_t *out_host_port, uint16_t *out_bridge,
                   struct bridge_regs *out);

#endif
