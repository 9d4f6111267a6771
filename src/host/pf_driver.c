#include "host/pf_driver.h"

struct pci_function *pf_driver_find(const struct pci_tree *tree, uint32_t ordinal)
{
    struct pci_function *function = pci_tree_first(tree);
    for (; function; function = pci_tree_next(tree, function))
        if (function->sriov && !function->pf && ordinal-- == 0)
            return function;
    return NULL;
}

void pf_driver_start(struct plane_actor *self, struct machine *machine, struct pci_function *pf,
                     const struct pf_driver_params *params, uint64_t *out_started_ps)
{
    struct err err;
    machine_enter(machine, self);
    plane_compute(self, params->probe_ps);
    enumerate_set_error_reporting(&machine->pci, pf, params->reports_errors);
    enumerate_set_bus_master(&machine->pci, pf, true);
    *out_started_ps = plane_now_ps(self);
    if (params->vfs && !enumerate_enable_vfs(&machine->pci, pf, params->vfs, &err))
        plane_fail(self, &err);
    machine_leave(machine);
}
