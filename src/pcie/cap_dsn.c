#include "pcie/cap_dsn.h"

#include <linux/pci_regs.h>

enum { VERSION = 1, LOWER = 4, UPPER = 8, UPPER_SHIFT = 32 };

void cap_dsn_add(struct cfgspace_layout *layout, unsigned offset, uint64_t serial)
{
    cfgspace_layout_extended(layout, PCI_EXT_CAP_ID_DSN, VERSION, offset, PCI_EXT_CAP_DSN_SIZEOF);
    layout->dsn = (uint16_t)offset;
    cfgspace_layout_reg32(layout, offset + LOWER, (uint32_t)serial, 0, 0);
    cfgspace_layout_reg32(layout, offset + UPPER, (uint32_t)(serial >> UPPER_SHIFT), 0, 0);
}

uint64_t cap_dsn_serial(const struct cfgspace *space)
{
    const unsigned at = space->layout->dsn;

    if (!at)
        return 0;
    return cfgspace_get32(space, at + LOWER) | (uint64_t)cfgspace_get32(space, at + UPPER)
                                                   << UPPER_SHIFT;
}
