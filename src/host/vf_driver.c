#include "host/vf_driver.h"

#include <linux/pci_regs.h>

static struct vf_driver_use use_of(const struct machine *machine,
                                   const struct pci_function *function)
{
    return (struct vf_driver_use){
        .host = plane_host_of(machine->cfg.actor),
        .rid = function->rid,
        .bar_address = function->bar[0].base,
    };
}

/* ---- MSI-X (Base Spec 6.1.4) ---- */

static void write_vector(struct plane_actor *self, uint64_t entry_address, uint64_t address,
                         uint32_t data)
{
    plane_mmio_write(self, entry_address + PCI_MSIX_ENTRY_LOWER_ADDR, 4, (uint32_t)address);
    plane_mmio_write(self, entry_address + PCI_MSIX_ENTRY_UPPER_ADDR, 4, address >> 32);
    plane_mmio_write(self, entry_address + PCI_MSIX_ENTRY_DATA, 4, data);
    plane_mmio_write(self, entry_address + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, 0);
}

/* Masked as a whole while the table is filled, as Linux does it. */
static void set_up_msix(struct machine *machine, const struct pci_function *function, uint16_t msix,
                        const struct vf_driver_params *params)
{
    struct plane_actor *self = machine->cfg.actor;
    const struct cfg_access *access = &machine->access;
    uint16_t control = cfg_access_read16(access, function->rid, msix + PCI_MSIX_FLAGS);
    uint32_t table = cfg_access_read32(access, function->rid, msix + PCI_MSIX_TABLE);
    const struct pci_resource *bar = &function->bar[table & PCI_MSIX_TABLE_BIR];
    uint32_t vectors = (control & PCI_MSIX_FLAGS_QSIZE) + 1U;
    if (vectors > params->vectors)
        vectors = params->vectors;
    if ((table & PCI_MSIX_TABLE_BIR) >= PCI_BARS || !bar->assigned)
        return;
    control |= PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL;
    cfg_access_write16(access, function->rid, msix + PCI_MSIX_FLAGS, control);
    for (uint32_t i = 0; i < vectors; i++)
        write_vector(
            self, bar->base + (table & PCI_MSIX_TABLE_OFFSET) + (uint64_t)i * PCI_MSIX_ENTRY_SIZE,
            params->msi_address, params->msi_data + i);
    control &= (uint16_t)~PCI_MSIX_FLAGS_MASKALL;
    cfg_access_write16(access, function->rid, msix + PCI_MSIX_FLAGS, control);
}

/* ---- the workload ---- */

struct order { /* to start or stop */
    const struct vf_driver_params *params;
    struct vf_driver_use use;
};

static void start(void *target, struct plane_access *access)
{
    const struct order *order = target;
    (void)access;
    order->params->start(order->params->workload, &order->use);
}

static void stop(void *target, struct plane_access *access)
{
    const struct order *order = target;
    (void)access;
    order->params->stop(order->params->workload, &order->use);
}

/* ---- both ends ---- */

void vf_driver_probe(struct machine *machine, struct pci_function *function,
                     const struct vf_driver_params *params)
{
    struct plane_actor *self = machine->cfg.actor;
    struct order order = {params, use_of(machine, function)};
    uint16_t msix = probe_capability(&machine->access, function->rid, PCI_CAP_ID_MSIX);
    plane_compute(self, params->probe_ps);
    if (msix)
        set_up_msix(machine, function, msix, params);
    enumerate_set_bus_master(&machine->pci, function, true);
    plane_call(self, start, &order, 0);
}

void vf_driver_remove(struct machine *machine, struct pci_function *function,
                      const struct vf_driver_params *params, bool present)
{
    struct plane_actor *self = machine->cfg.actor;
    struct order order = {params, use_of(machine, function)};
    plane_call(self, stop, &order, 0);
    plane_compute(self, params->remove_ps);
    if (present)
        enumerate_set_bus_master(&machine->pci, function, false);
}
