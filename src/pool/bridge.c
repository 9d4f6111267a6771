#include "pool/bridge.h"

#include "base/check.h"

#include <linux/pci_regs.h>

enum { WINDOW_LOG2_BYTES = 20 };

static const uint64_t window_ones = (UINT64_C(1) << WINDOW_LOG2_BYTES) - 1;

static void view_windows(const struct cfgspace *space, struct bridge_regs *out)
{
    const uint64_t mem_base = cfgspace_get16(space, PCI_MEMORY_BASE) & PCI_MEMORY_RANGE_MASK;
    const uint64_t mem_limit = cfgspace_get16(space, PCI_MEMORY_LIMIT) & PCI_MEMORY_RANGE_MASK;
    const uint64_t pref_base = cfgspace_get16(space, PCI_PREF_MEMORY_BASE);
    const uint64_t pref_limit = cfgspace_get16(space, PCI_PREF_MEMORY_LIMIT);

    out->mem_base = mem_base << 16;
    out->mem_limit = mem_limit << 16 | window_ones;
    out->pref_base = (pref_base & (uint64_t)PCI_PREF_RANGE_MASK) << 16;
    out->pref_limit = (pref_limit & (uint64_t)PCI_PREF_RANGE_MASK) << 16 | window_ones;
    out->pref_base |= (uint64_t)cfgspace_get32(space, PCI_PREF_BASE_UPPER32) << 32;
    out->pref_limit |= (uint64_t)cfgspace_get32(space, PCI_PREF_LIMIT_UPPER32) << 32;
}

static void view_msi(const struct cfgspace *space, struct bridge_regs *out)
{
    const unsigned msi = space->layout->msi;

    if (!msi)
        return;
    const uint16_t flags = cfgspace_get16(space, msi + PCI_MSI_FLAGS);

    out->msi_enable = flags & PCI_MSI_FLAGS_ENABLE;
    out->msi_address = cfgspace_get32(space, msi + PCI_MSI_ADDRESS_LO);
    if (flags & PCI_MSI_FLAGS_64BIT) {
        out->msi_address |= (uint64_t)cfgspace_get32(space, msi + PCI_MSI_ADDRESS_HI) << 32;
        out->msi_data = cfgspace_get16(space, msi + PCI_MSI_DATA_64);
    } else {
        out->msi_data = cfgspace_get16(space, msi + PCI_MSI_DATA_32);
    }
}

void bridge_view(const struct cfgspace *space, struct bridge_regs *out)
{
    const unsigned express = space->layout->express;

    CHECK(space->layout->is_bridge);
    *out = (struct bridge_regs){
        .command = cfgspace_get16(space, PCI_COMMAND),
        .primary = cfgspace_get8(space, PCI_PRIMARY_BUS),
        .secondary = cfgspace_get8(space, PCI_SECONDARY_BUS),
        .subordinate = cfgspace_get8(space, PCI_SUBORDINATE_BUS),
        .control = cfgspace_get16(space, PCI_BRIDGE_CONTROL),
    };
    view_windows(space, out);
    view_msi(space, out);
    if (!express)
        return;
    out->ari_forwarding = cfgspace_get16(space, express + PCI_EXP_DEVCTL2) & PCI_EXP_DEVCTL2_ARI;
    if (cfgspace_get16(space, express + PCI_EXP_FLAGS) & PCI_EXP_FLAGS_SLOT) {
        out->slot_control = cfgspace_get16(space, express + PCI_EXP_SLTCTL);
        out->slot_status = cfgspace_get16(space, express + PCI_EXP_SLTSTA);
    }
}

bool bridge_forwards_address(const struct bridge_regs *regs, uint64_t address)
{
    return (regs->command & PCI_COMMAND_MEMORY) &&
           ((address >= regs->mem_base && address <= regs->mem_limit) ||
            (address >= regs->pref_base && address <= regs->pref_limit));
}

bool bridge_forwards_bus(const struct bridge_regs *regs, uint8_t bus)
{
    return bus >= regs->secondary && bus <= regs->subordinate;
}

bool bridge_forwards_up(const struct bridge_regs *regs)
{
    return (regs->command & PCI_COMMAND_MASTER) && !(regs->control & PCI_BRIDGE_CTL_BUS_RESET);
}

unsigned bridge_config_type(const struct bridge_regs *regs, uint8_t bus)
{
    CHECK(bridge_forwards_bus(regs, bus));
    return bus != regs->secondary;
}

void bridge_pack(uint16_t host_port, uint16_t bridge, const struct bridge_regs *regs,
                 struct pool_entry *out)
{
    *out = (struct pool_entry){0};
    POOL_SET(out, BRIDGE, KEY_PORT, host_port);
    POOL_SET(out, BRIDGE, KEY_BRIDGE, bridge);
    POOL_SET(out, BRIDGE, COMMAND, regs->command);
    POOL_SET(out, BRIDGE, PRIMARY, regs->primary);
    POOL_SET(out, BRIDGE, SECONDARY, regs->secondary);
    POOL_SET(out, BRIDGE, SUBORDINATE, regs->subordinate);
    POOL_SET(out, BRIDGE, MEM_BASE, regs->mem_base >> WINDOW_LOG2_BYTES);
    POOL_SET(out, BRIDGE, MEM_LIMIT, regs->mem_limit >> WINDOW_LOG2_BYTES);
    POOL_SET(out, BRIDGE, PREF_BASE, regs->pref_base >> WINDOW_LOG2_BYTES);
    POOL_SET(out, BRIDGE, PREF_LIMIT, regs->pref_limit >> WINDOW_LOG2_BYTES);
    POOL_SET(out, BRIDGE, CONTROL, regs->control);
    POOL_SET(out, BRIDGE, ARI_FORWARDING, regs->ari_forwarding);
    POOL_SET(out, BRIDGE, SLOT_CONTROL, regs->slot_control);
    POOL_SET(out, BRIDGE, SLOT_STATUS, regs->slot_status);
    POOL_SET(out, BRIDGE, MSI_ENABLE, regs->msi_enable);
    POOL_SET(out, BRIDGE, MSI_ADDRESS, regs->msi_address);
    POOL_SET(out, BRIDGE, MSI_DATA, regs->msi_data);
    POOL_SET(out, BRIDGE, VALID, 1);
}

bool bridge_unpack(const struct pool_entry *entry, uint16_t *out_host_port, uint16_t *out_bridge,
                   struct bridge_regs *out)
{
    if (!POOL_GET(entry, BRIDGE, VALID))
        return false;
    *out_host_port = (uint16_t)POOL_GET(entry, BRIDGE, KEY_PORT);
    *out_bridge = (uint16_t)POOL_GET(entry, BRIDGE, KEY_BRIDGE);
    *out = (struct bridge_regs){
        .command = (uint16_t)POOL_GET(entry, BRIDGE, COMMAND),
        .primary = (uint8_t)POOL_GET(entry, BRIDGE, PRIMARY),
        .secondary = (uint8_t)POOL_GET(entry, BRIDGE, SECONDARY),
        .subordinate = (uint8_t)POOL_GET(entry, BRIDGE, SUBORDINATE),
        .mem_base = POOL_GET(entry, BRIDGE, MEM_BASE) << WINDOW_LOG2_BYTES,
        .mem_limit = POOL_GET(entry, BRIDGE, MEM_LIMIT) << WINDOW_LOG2_BYTES | window_ones,
        .pref_base = POOL_GET(entry, BRIDGE, PREF_BASE) << WINDOW_LOG2_BYTES,
        .pref_limit = POOL_GET(entry, BRIDGE, PREF_LIMIT) << WINDOW_LOG2_BYTES | window_ones,
        .control = (uint16_t)POOL_GET(entry, BRIDGE, CONTROL),
        .ari_forwarding = POOL_GET(entry, BRIDGE, ARI_FORWARDING) != 0,
        .slot_control = (uint16_t)POOL_GET(entry, BRIDGE, SLOT_CONTROL),
        .slot_status = (uint16_t)POOL_GET(entry, BRIDGE, SLOT_STATUS),
        .msi_enable = POOL_GET(entry, BRIDGE, MSI_ENABLE) != 0,
        .msi_address = POOL_GET(entry, BRIDGE, MSI_ADDRESS),
        .msi_data = (uint16_t)POOL_GET(entry, BRIDGE, MSI_DATA),
    };
    return true;
}
