#include "host/pf_driver.h"

struct pci_function *pf_driver_find(const struct pci_tree *tree, uint32_t ordinal)
{
    struct pci_function *function = pci_tree_first(tree);
    for (; function; function = pci_tree_next(tree, function))
        if (function->sriov && !function->pf && ordinal-- == 0)
            return function;
    return NULL;
}

uint16_t pf_driver_start(struct plane_actor *self, struct machine *machine,
                         const struct pf_driver_params *params)
{
    struct err err;
    machine_enter(machine, self);
    struct pci_function *pf = pf_driver_find(&machine->pci.tree, params->ordinal);
    if (!pf) {
        err_at(&err, NULL, "%s: found no SR-IOV function number %u", plane_name_of(self),
               params->ordinal);
        plane_fail(self, &err);
    }
    plane_compute(self, params->probe_ps);
    enumerate_set_bus_master(&machine->pci, pf, true);
    if (params->vfs && !enumerate_enable_vfs(&machine->pci, pf, params->vfs, &err))
        plane_fail(self, &err);
    uint16_t rid = pf->rid;
    machine_leave(machine);
    return rid;
}
