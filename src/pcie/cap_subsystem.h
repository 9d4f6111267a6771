/* cap_subsystem.h - Subsystem IDs of a bridge, whose header has no room for them (Base Spec
 * 7.9.23). */
#ifndef POOLSIM_PCIE_CAP_SUBSYSTEM_H
#define POOLSIM_PCIE_CAP_SUBSYSTEM_H

#include "pcie/cfgspace_layout.h"

void cap_subsystem_add(struct cfgspace_layout *layout, unsigned offset, uint16_t vendor,
                       uint16_t device);

#endif
