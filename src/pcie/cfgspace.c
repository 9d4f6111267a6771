#include "pcie/cfgspace.h"
#include "base/check.h"
#include "pcie/cap_dpc.h"
#include "pcie/cap_express.h"
#include "pcie/cap_header.h"
#include "pcie/cap_sriov.h"

#include <linux/pci_regs.h>
#include <string.h>

enum { DOUBLEWORD_BYTES = 4 };

static uint32_t load32(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void store32(uint8_t *bytes, uint32_t value)
{
    for (unsigned i = 0; i < DOUBLEWORD_BYTES; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
}

void cfgspace_init(struct cfgspace *space, const struct cfgspace_layout *layout, uint8_t *value)
{
    space->layout = layout;
    space->value = value;
    cfgspace_reset(space, CFGSPACE_RESET_COLD);
}

void cfgspace_reset(struct cfgspace *space, enum cfgspace_reset_kind kind)
{
    const struct cfgspace_layout *layout = space->layout;

    for (unsigned i = 0; i < layout->bytes; i++) {
        uint8_t keep = 0;

        if (kind != CFGSPACE_RESET_COLD)
            keep = layout->sticky_mask[i];
        if (kind == CFGSPACE_RESET_FLR)
            keep |= layout->flr_mask[i];
        space->value[i] = (uint8_t)((space->value[i] & keep) | (layout->reset[i] & ~keep));
    }
}

uint32_t cfgspace_read(const struct cfgspace *space, uint16_t offset)
{
    CHECK(offset % DOUBLEWORD_BYTES == 0 && offset < CFGSPACE_BYTES);
    return offset < space->layout->bytes ? load32(space->value + offset) : 0;
}

static uint32_t enabled_bits(uint8_t byte_enables)
{
    uint32_t bits = 0;

    for (unsigned i = 0; i < DOUBLEWORD_BYTES; i++)
        if (byte_enables & 1U << i)
            bits |= UINT32_C(0xff) << 8 * i;
    return bits;
}

/* What follows from the write beyond the bits that it changed. */
static unsigned triggers(struct cfgspace *space, unsigned offset, uint32_t old, uint32_t written,
                         uint32_t enabled)
{
    const enum cfgspace_kind kind = (enum cfgspace_kind)space->layout->kind[offset / 4];

    switch (kind) {
    case CFGSPACE_KIND_DEVICE:
        return cap_express_on_device_write(space, written & enabled);
    case CFGSPACE_KIND_LINK:
        return cap_express_on_link_write(space, old, written & enabled);
    case CFGSPACE_KIND_SLOT:
        return cap_express_on_slot_write(enabled);
    case CFGSPACE_KIND_BRIDGE_CONTROL:
        return cap_header_on_bridge_control_write(space, old);
    case CFGSPACE_KIND_DPC:
        return offset == space->layout->dpc + (unsigned)PCI_EXP_DPC_CAP
                   ? cap_dpc_on_control_write(written & enabled)
                   : 0;
    case CFGSPACE_KIND_SRIOV_CONTROL:
    case CFGSPACE_KIND_SRIOV_PAGE:
        return cap_sriov_on_write(space, offset, old);
    case CFGSPACE_KIND_PLAIN:
    case CFGSPACE_KIND_COMMAND:
    case CFGSPACE_KIND_BAR:
    case CFGSPACE_KIND_BUSES:
    case CFGSPACE_KIND_WINDOW:
    case CFGSPACE_KIND_POWER:
    case CFGSPACE_KIND_MSI:
    case CFGSPACE_KIND_MSIX:
    case CFGSPACE_KIND_DEVICE2:
    case CFGSPACE_KIND_ROOT:
    case CFGSPACE_KIND_AER:
    case CFGSPACE_KIND_ACS:
    case CFGSPACE_KIND_SRIOV_VFS:
    case CFGSPACE_KIND_VF_BAR:
    case CFGSPACE_KIND_COUNT:
        break;
    }
    return 0;
}

/* The bits of the doubleword that software may write now. */
static uint32_t writable(const struct cfgspace *space, unsigned offset)
{
    const uint32_t mask = load32(space->layout->write_mask + offset);
    const uint8_t kind = space->layout->kind[offset / 4];

    return kind >= CFGSPACE_KIND_SRIOV_CONTROL ? mask & cap_sriov_unlocked(space, offset) : mask;
}

unsigned cfgspace_write(struct cfgspace *space, uint16_t offset, uint32_t value,
                        uint8_t byte_enables)
{
    const struct cfgspace_layout *layout = space->layout;
    const uint32_t enabled = enabled_bits(byte_enables);
    uint32_t old, mask, now;
    unsigned effects = 0;

    CHECK(offset % DOUBLEWORD_BYTES == 0 && offset < CFGSPACE_BYTES);
    if (offset >= layout->bytes)
        return 0;
    old = load32(space->value + offset);
    mask = writable(space, offset) & enabled;
    now = (old & ~mask) | (value & mask);
    now &= ~(value & enabled & load32(layout->w1c_mask + offset));
    store32(space->value + offset, now);
    if (now != old)
        effects = 1U << layout->kind[offset / 4] & ~(1U << CFGSPACE_KIND_PLAIN);
    return effects | triggers(space, offset, old, value, enabled);
}

uint32_t cfgspace_read_sized(const struct cfgspace *space, uint16_t offset, uint8_t bytes)
{
    const unsigned shift = 8 * (offset % DOUBLEWORD_BYTES);
    const uint32_t value =
        cfgspace_read(space, (uint16_t)(offset - offset % DOUBLEWORD_BYTES)) >> shift;

    CHECK((bytes == 1 || bytes == 2 || bytes == 4) && offset % bytes == 0);
    return bytes == DOUBLEWORD_BYTES ? value : value & ((1U << 8 * bytes) - 1);
}

unsigned cfgspace_write_sized(struct cfgspace *space, uint16_t offset, uint8_t bytes,
                              uint32_t value)
{
    const unsigned first = offset % DOUBLEWORD_BYTES;
    const unsigned enables = ((1U << bytes) - 1) << first;

    CHECK((bytes == 1 || bytes == 2 || bytes == 4) && offset % bytes == 0);
    return cfgspace_write(space, (uint16_t)(offset - first), value << 8 * first, (uint8_t)enables);
}

uint8_t cfgspace_get8(const struct cfgspace *space, unsigned offset)
{
    return offset < space->layout->bytes ? space->value[offset] : 0;
}

uint16_t cfgspace_get16(const struct cfgspace *space, unsigned offset)
{
    return (uint16_t)(cfgspace_get8(space, offset) | cfgspace_get8(space, offset + 1) << 8);
}

uint32_t cfgspace_get32(const struct cfgspace *space, unsigned offset)
{
    return cfgspace_get16(space, offset) | (uint32_t)cfgspace_get16(space, offset + 2) << 16;
}

void cfgspace_set8(struct cfgspace *space, unsigned offset, uint8_t value)
{
    CHECK(offset < space->layout->bytes);
    space->value[offset] = value;
}

void cfgspace_set16(struct cfgspace *space, unsigned offset, uint16_t value)
{
    cfgspace_set8(space, offset, (uint8_t)value);
    cfgspace_set8(space, offset + 1, (uint8_t)(value >> 8));
}

void cfgspace_set32(struct cfgspace *space, unsigned offset, uint32_t value)
{
    cfgspace_set16(space, offset, (uint16_t)value);
    cfgspace_set16(space, offset + 2, (uint16_t)(value >> 16));
}

uint64_t cfgspace_bar_bytes(const struct cfgspace_layout *layout, unsigned n)
{
    CHECK(n < CFGSPACE_BARS);
    return layout->bar[n].log2_bytes ? UINT64_C(1) << layout->bar[n].log2_bytes : 0;
}

uint64_t cfgspace_bar(const struct cfgspace *space, unsigned n)
{
    const uint64_t bytes = cfgspace_bar_bytes(space->layout, n);
    const unsigned offset = PCI_BASE_ADDRESS_0 + DOUBLEWORD_BYTES * n;
    uint64_t address;

    if (!bytes)
        return 0;
    address = cfgspace_get32(space, offset);
    if (space->layout->bar[n].is_64)
        address |= (uint64_t)cfgspace_get32(space, offset + DOUBLEWORD_BYTES) << 32;
    return address & ~(bytes - 1);
}

void cfgspace_set_bar(struct cfgspace *space, unsigned n, uint64_t address)
{
    const uint64_t bytes = cfgspace_bar_bytes(space->layout, n);
    const unsigned offset = PCI_BASE_ADDRESS_0 + DOUBLEWORD_BYTES * n;
    const uint32_t flags = load32(space->layout->reset + offset);

    CHECK(bytes && address % bytes == 0);
    CHECK(space->layout->bar[n].is_64 || address <= UINT32_MAX);
    cfgspace_set32(space, offset, (uint32_t)address | flags);
    if (space->layout->bar[n].is_64)
        cfgspace_set32(space, offset + DOUBLEWORD_BYTES, (uint32_t)(address >> 32));
}

bool cfgspace_memory_enabled(const struct cfgspace *space)
{
    return cfgspace_get16(space, PCI_COMMAND) & PCI_COMMAND_MEMORY;
}

bool cfgspace_bus_master(const struct cfgspace *space)
{
    return cfgspace_get16(space, PCI_COMMAND) & PCI_COMMAND_MASTER;
}
