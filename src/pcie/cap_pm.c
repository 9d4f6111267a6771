#include "pcie/cap_pm.h"

#include <linux/pci_regs.h>

void cap_pm_add(struct cfgspace_layout *layout, unsigned offset,
                const struct cap_pm_options *options)
{
    const bool pme = options->capabilities & PCI_PM_CAP_PME_MASK;
    const uint16_t reset = options->no_soft_reset ? PCI_PM_CTRL_NO_SOFT_RESET : 0;
    uint16_t bits = PCI_PM_CTRL_STATE_MASK;

    if (pme)
        bits |= PCI_PM_CTRL_PME_ENABLE;
    cfgspace_layout_capability(layout, PCI_CAP_ID_PM, offset, PCI_PM_SIZEOF);
    layout->pm = (uint16_t)offset;
    cfgspace_layout_reg16(layout, offset + PCI_PM_PMC, options->capabilities, 0, 0);
    cfgspace_layout_reg16(layout, offset + PCI_PM_CTRL, reset, bits,
                          pme ? PCI_PM_CTRL_PME_STATUS : 0);
    cfgspace_layout_kind(layout, offset + PCI_PM_CTRL, 4, CFGSPACE_KIND_POWER);
    if (options->capabilities & PCI_PM_CAP_PME_D3cold)
        cfgspace_layout_sticky32(layout, offset + PCI_PM_CTRL,
                                 PCI_PM_CTRL_PME_ENABLE | PCI_PM_CTRL_PME_STATUS);
}

unsigned cap_pm_state(const struct cfgspace *space)
{
    if (!space->layout->pm)
        return 0;
    return cfgspace_get16(space, space->layout->pm + (unsigned)PCI_PM_CTRL) &
           PCI_PM_CTRL_STATE_MASK;
}
