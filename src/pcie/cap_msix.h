/* cap_msix.h - MSI-X (Base Spec 7.7.2). The vector table and the Pending Bit Array are in a BAR of
 * the function: the capability says where, whoever models the device holds them. */
#ifndef POOLSIM_PCIE_CAP_MSIX_H
#define POOLSIM_PCIE_CAP_MSIX_H

#include "pcie/cfgspace_layout.h"

enum { CAP_MSIX_VECTORS_MAX = 2048 };

/* A place in a BAR. */
struct cap_msix_place {
    uint8_t bar;
    uint32_t offset; /* a multiple of 8 */
};

struct cap_msix_options {
    uint16_t vectors; /* 1 to CAP_MSIX_VECTORS_MAX */
    struct cap_msix_place table, pba;
};

void cap_msix_add(struct cfgspace_layout *layout, unsigned offset,
                  const struct cap_msix_options *options);

/* All of these need the capability. */
unsigned cap_msix_vectors(const struct cfgspace *space);
bool cap_msix_enabled(const struct cfgspace *space);
bool cap_msix_function_masked(const struct cfgspace *space);
struct cap_msix_place cap_msix_table(const struct cfgspace *space);
struct cap_msix_place cap_msix_pba(const struct cfgspace *space);
uint32_t cap_msix_table_bytes(const struct cfgspace *space);
uint32_t cap_msix_pba_bytes(const struct cfgspace *space); /* whole quadwords */

#endif
