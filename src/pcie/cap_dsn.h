/* cap_dsn.h - Device Serial Number (Base Spec 7.9.3). */
#ifndef POOLSIM_PCIE_CAP_DSN_H
#define POOLSIM_PCIE_CAP_DSN_H

#include "pcie/cfgspace_layout.h"

void cap_dsn_add(struct cfgspace_layout *layout, unsigned offset, uint64_t serial);
/* 0 without the capability. */
uint64_t cap_dsn_serial(const struct cfgspace *space);

#endif
