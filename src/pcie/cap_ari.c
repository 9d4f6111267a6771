#include "pcie/cap_ari.h"
#include "base/check.h"

#include <linux/pci_regs.h>

enum { VERSION = 1, NEXT_FUNCTION = PCI_ARI_CAP + 1 };

void cap_ari_add(struct cfgspace_layout *layout, unsigned offset, uint8_t next_function)
{
    cfgspace_layout_extended(layout, PCI_EXT_CAP_ID_ARI, VERSION, offset, PCI_EXT_CAP_ARI_SIZEOF);
    layout->ari = (uint16_t)offset;
    cfgspace_layout_reg8(layout, offset + NEXT_FUNCTION, next_function, 0, 0);
    /* What an emulator wrote there stays. */
    cfgspace_layout_sticky32(layout, offset + PCI_ARI_CAP, UINT16_MAX);
}

uint8_t cap_ari_next_function(const struct cfgspace *space)
{
    const unsigned at = space->layout->ari;

    return at ? cfgspace_get8(space, at + NEXT_FUNCTION) : 0;
}

void cap_ari_set_next_function(struct cfgspace *space, uint8_t next_function)
{
    CHECK(space->layout->ari);
    cfgspace_set8(space, space->layout->ari + (unsigned)NEXT_FUNCTION, next_function);
}
