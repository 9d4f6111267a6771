/* pf_driver.h - the Owner's driver of a physical function: starts it and makes its virtual
 * functions appear (SR-IOV 3.3.3; Linux: sriov_numvfs). */
#ifndef POOLSIM_HOST_PF_DRIVER_H
#define POOLSIM_HOST_PF_DRIVER_H

#include "host/machine.h"

struct pf_driver_params {
    uint16_t vfs;        /* to enable */
    bool reports_errors; /* by messages to the root port */
    uint64_t probe_ps;   /* the CPU's work to start the PF */
};

/* The host's PFs in the order of their routing IDs; NULL: it has fewer. */
struct pci_function *pf_driver_find(const struct pci_tree *tree, uint32_t ordinal);
/* Starts @pf, at *out_started_ps, then its VFs. Fails the plane when it cannot have that many. */
void pf_driver_start(struct plane_actor *self, struct machine *machine, struct pci_function *pf,
                     const struct pf_driver_params *params, uint64_t *out_started_ps);

#endif
