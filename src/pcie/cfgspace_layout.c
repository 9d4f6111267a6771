#include "pcie/cfgspace_layout.h"
#include "base/check.h"

#include <linux/pci_regs.h>
#include <string.h>

enum {
    BYTE_ARRAYS = 5, /* reset and the four masks */
    EXTENDED_FIRST = 0x100,
    EXTENDED_NEXT_SHIFT = 20,
    EXTENDED_VERSION_SHIFT = 16
};

size_t cfgspace_layout_memory_bytes(uint16_t bytes)
{
    return (size_t)bytes * BYTE_ARRAYS + bytes / 4U;
}

void cfgspace_layout_init(struct cfgspace_layout *layout, uint16_t bytes, uint8_t *memory)
{
    CHECK(bytes >= PCI_STD_HEADER_SIZEOF && bytes % 4 == 0 && bytes <= CFGSPACE_BYTES);
    memset(layout, 0, sizeof *layout);
    memset(memory, 0, cfgspace_layout_memory_bytes(bytes));
    layout->bytes = bytes;
    layout->reset = memory;
    layout->write_mask = layout->reset + bytes;
    layout->w1c_mask = layout->write_mask + bytes;
    layout->sticky_mask = layout->w1c_mask + bytes;
    layout->flr_mask = layout->sticky_mask + bytes;
    layout->kind = layout->flr_mask + bytes;
}

void cfgspace_layout_reg8(struct cfgspace_layout *layout, unsigned offset, uint8_t reset,
                          uint8_t write_mask, uint8_t w1c_mask)
{
    CHECK(offset < layout->bytes && !(write_mask & w1c_mask));
    layout->reset[offset] = reset;
    layout->write_mask[offset] = write_mask;
    layout->w1c_mask[offset] = w1c_mask;
}

void cfgspace_layout_reg16(struct cfgspace_layout *layout, unsigned offset, uint16_t reset,
                           uint16_t write_mask, uint16_t w1c_mask)
{
    for (unsigned i = 0; i < 2; i++)
        cfgspace_layout_reg8(layout, offset + i, (uint8_t)(reset >> 8 * i),
                             (uint8_t)(write_mask >> 8 * i), (uint8_t)(w1c_mask >> 8 * i));
}

void cfgspace_layout_reg32(struct cfgspace_layout *layout, unsigned offset, uint32_t reset,
                           uint32_t write_mask, uint32_t w1c_mask)
{
    for (unsigned i = 0; i < 4; i++)
        cfgspace_layout_reg8(layout, offset + i, (uint8_t)(reset >> 8 * i),
                             (uint8_t)(write_mask >> 8 * i), (uint8_t)(w1c_mask >> 8 * i));
}

static void add32(uint8_t *bytes, uint32_t mask)
{
    for (unsigned i = 0; i < 4; i++)
        bytes[i] |= (uint8_t)(mask >> 8 * i);
}

void cfgspace_layout_sticky32(struct cfgspace_layout *layout, unsigned offset, uint32_t mask)
{
    CHECK(offset + 4 <= layout->bytes);
    add32(layout->sticky_mask + offset, mask);
}

void cfgspace_layout_keep_in_flr32(struct cfgspace_layout *layout, unsigned offset, uint32_t mask)
{
    CHECK(offset + 4 <= layout->bytes);
    add32(layout->flr_mask + offset, mask);
}

void cfgspace_layout_kind(struct cfgspace_layout *layout, unsigned offset, unsigned bytes,
                          enum cfgspace_kind kind)
{
    CHECK(offset + bytes <= layout->bytes && kind < CFGSPACE_KIND_COUNT);
    for (unsigned i = offset / 4; 4 * i < offset + bytes; i++)
        layout->kind[i] = (uint8_t)kind;
}

static bool is_unused(const struct cfgspace_layout *layout, unsigned offset, unsigned bytes)
{
    for (unsigned i = offset; i < offset + bytes; i++)
        if (layout->reset[i] || layout->write_mask[i] || layout->w1c_mask[i])
            return false;
    return true;
}

void cfgspace_layout_capability(struct cfgspace_layout *layout, uint8_t id, unsigned offset,
                                unsigned bytes)
{
    unsigned link = PCI_CAPABILITY_LIST;

    CHECK(offset >= PCI_STD_HEADER_SIZEOF && offset % 4 == 0);
    CHECK(offset + bytes <= layout->bytes && offset + bytes <= CFGSPACE_PCI_BYTES);
    CHECK(is_unused(layout, offset, bytes));
    while (layout->reset[link])
        link = layout->reset[link] + (unsigned)PCI_CAP_LIST_NEXT;
    layout->reset[link] = (uint8_t)offset;
    layout->reset[offset] = id;
    layout->reset[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
}

static uint32_t reset32(const struct cfgspace_layout *layout, unsigned offset)
{
    uint32_t value = 0;

    for (unsigned i = 4; i-- > 0;)
        value = value << 8 | layout->reset[offset + i];
    return value;
}

void cfgspace_layout_extended(struct cfgspace_layout *layout, uint16_t id, uint8_t version,
                              unsigned offset, unsigned bytes)
{
    const uint32_t header = id | (uint32_t)version << EXTENDED_VERSION_SHIFT;
    unsigned last = EXTENDED_FIRST;

    CHECK(offset >= EXTENDED_FIRST && offset % 4 == 0 && offset + bytes <= layout->bytes);
    CHECK(is_unused(layout, offset, bytes));
    if (offset != EXTENDED_FIRST) {
        CHECK(reset32(layout, EXTENDED_FIRST));
        while (PCI_EXT_CAP_NEXT(reset32(layout, last)))
            last = PCI_EXT_CAP_NEXT(reset32(layout, last));
        cfgspace_layout_reg32(layout, last, reset32(layout, last) | offset << EXTENDED_NEXT_SHIFT,
                              0, 0);
    }
    cfgspace_layout_reg32(layout, offset, header, 0, 0);
}
