/* cap_acs.h - Access Control Services (Base Spec 7.7.11) without an egress control vector. */
#ifndef POOLSIM_PCIE_CAP_ACS_H
#define POOLSIM_PCIE_CAP_ACS_H

#include "pcie/cfgspace_layout.h"

/* @services: PCI_ACS_SV ... that software may enable; not PCI_ACS_EC. */
void cap_acs_add(struct cfgspace_layout *layout, unsigned offset, uint16_t services);
/* The services that are enabled; 0 without the capability. */
uint16_t cap_acs_enabled(const struct cfgspace *space);

#endif
