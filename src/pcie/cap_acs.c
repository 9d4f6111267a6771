#include "pcie/cap_acs.h"
#include "base/check.h"

#include <linux/pci_regs.h>

enum {
    VERSION = 1,
    SERVICES = PCI_ACS_SV | PCI_ACS_TB | PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF | PCI_ACS_DT
};

void cap_acs_add(struct cfgspace_layout *layout, unsigned offset, uint16_t services)
{
    CHECK(!(services & ~SERVICES));
    cfgspace_layout_extended(layout, PCI_EXT_CAP_ID_ACS, VERSION, offset, PCI_ACS_EGRESS_CTL_V);
    layout->acs = (uint16_t)offset;
    cfgspace_layout_reg16(layout, offset + PCI_ACS_CAP, services, 0, 0);
    cfgspace_layout_reg16(layout, offset + PCI_ACS_CTRL, 0, services, 0);
    cfgspace_layout_kind(layout, offset + PCI_ACS_CAP, 4, CFGSPACE_KIND_ACS);
}

uint16_t cap_acs_enabled(const struct cfgspace *space)
{
    const unsigned at = space->layout->acs;

    return at ? cfgspace_get16(space, at + PCI_ACS_CTRL) : 0;
}
