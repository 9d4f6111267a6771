/* cap_ari.h - Alternative Routing-ID Interpretation (Base Spec 7.8.8): function numbers of 8 bits.
 * Software walks a device's functions along Next Function Number, 0 ends the list; VFs are not in
 * it. */
#ifndef POOLSIM_PCIE_CAP_ARI_H
#define POOLSIM_PCIE_CAP_ARI_H

#include "pcie/cfgspace_layout.h"

void cap_ari_add(struct cfgspace_layout *layout, unsigned offset, uint8_t next_function);
/* 0 without the capability. */
uint8_t cap_ari_next_function(const struct cfgspace *space);
/* The hardware's side: what an emulator shows instead. */
void cap_ari_set_next_function(struct cfgspace *space, uint8_t next_function);

#endif
