/* pf_driver.h - the Owner's driver of a physical function: starts it and makes its virtual
 * functions appear (SR-IOV 3.3.3; Linux: sriov_numvfs). */
#ifndef POOLSIM_HOST_PF_DRIVER_H
#define POOLSIM_HOST_PF_DRIVER_H

#include "host/machine.h"

struct pf_driver_params {
    uint32_t ordinal;  /* which of the host's SR-IOV functions, by routing ID */
    uint16_t vfs;      /* to enable */
    uint64_t probe_ps; /* the CPU's work to start the PF */
};

/* The host's PFs in the order of their routing IDs; NULL: it has fewer. */
struct pci_function *pf_driver_find(const struct pci_tree *tree, uint32_t ordinal);
/* Starts the PF and its VFs; returns the PF's routing ID. Fails the plane when there is no such PF
 * or it cannot have that many VFs. */
uint16_t pf_driver_start(struct plane_actor *self, struct machine *machine,
                         const struct pf_driver_params *params);

#endif
