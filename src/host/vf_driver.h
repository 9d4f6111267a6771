/* vf_driver.h - the driver of one function that a host uses, a VF of its own or a lent one: they
 * look alike. Probe: MSI-X by MMIO and configuration writes, Bus Master, then the workload of that
 * function starts. Remove is the way back. All of it is done by an actor that has entered its
 * machine (machine_enter). */
#ifndef POOLSIM_HOST_VF_DRIVER_H
#define POOLSIM_HOST_VF_DRIVER_H

#include "host/machine.h"

/* A function as the workload knows it. */
struct vf_driver_use {
    uint32_t host;
    uint16_t rid;         /* in the host's domain */
    uint64_t bar_address; /* of BAR 0, likewise */
};

struct vf_driver_params {
    uint64_t probe_ps, remove_ps; /* the CPU's work */
    uint64_t msi_address;         /* where the host takes interrupts */
    uint32_t msi_data;            /* of the first vector, the next ones count up */
    uint32_t vectors;             /* that the driver uses, if the function has as many */
    /* Start and stop what the workload does by that function; called in the kernel. */
    void (*start)(void *workload, const struct vf_driver_use *use);
    void (*stop)(void *workload, const struct vf_driver_use *use);
    void *workload;
};

void vf_driver_probe(struct machine *machine, struct pci_function *function,
                     const struct vf_driver_params *params);
/* @present: the function still answers and is told to be quiet. */
void vf_driver_remove(struct machine *machine, struct pci_function *function,
                      const struct vf_driver_params *params, bool present);

#endif
