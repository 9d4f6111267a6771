/* cap_pm.h - PCI Power Management Interface (PM 1.2; Base Spec 7.5.2). The power state is one of D0
 * and D3hot unless the options have PCI_PM_CAP_D1 or _D2. */
#ifndef POOLSIM_PCIE_CAP_PM_H
#define POOLSIM_PCIE_CAP_PM_H

#include "pcie/cfgspace_layout.h"

struct cap_pm_options {
    uint16_t capabilities; /* PCI_PM_CAP_...; the version in bits 2:0 */
    bool no_soft_reset;    /* D3hot to D0 keeps the registers */
};

void cap_pm_add(struct cfgspace_layout *layout, unsigned offset,
                const struct cap_pm_options *options);
/* 0 to 3: the D-state that software chose; 0 without the capability. */
unsigned cap_pm_state(const struct cfgspace *space);

#endif
