/* cap_msi.h - Message Signalled Interrupts (Base Spec 7.7.1). */
#ifndef POOLSIM_PCIE_CAP_MSI_H
#define POOLSIM_PCIE_CAP_MSI_H

#include "pcie/cfgspace_layout.h"

struct cap_msi_options {
    uint8_t log2_vectors; /* 0 to 5: how many it asks for */
    bool is_64, maskable;
};

void cap_msi_add(struct cfgspace_layout *layout, unsigned offset,
                 const struct cap_msi_options *options);

bool cap_msi_enabled(const struct cfgspace *space);
unsigned cap_msi_vectors(const struct cfgspace *space); /* as software allowed */
uint64_t cap_msi_address(const struct cfgspace *space);
/* The data of @vector's message: its low bits replace those that software left for them. */
uint32_t cap_msi_data(const struct cfgspace *space, unsigned vector);
bool cap_msi_masked(const struct cfgspace *space, unsigned vector);
/* The hardware's side of a masked interrupt; without per-vector masking nothing happens. */
void cap_msi_set_pending(struct cfgspace *space, unsigned vector, bool pending);

#endif
