/* probe.h - asks one function what it is: IDs, capabilities, how large its BARs are (Base Spec
 * 7.5.1; SR-IOV 3.3). Nothing is placed or enabled. */
#ifndef POOLSIM_HOST_PROBE_H
#define POOLSIM_HOST_PROBE_H

#include "host/pci_tree.h"

/* How software lets time pass; NULL: it takes none. */
struct probe_wait {
    void (*wait)(void *self, uint64_t ps);
    void *self;
};

void probe_sleep(const struct probe_wait *wait, uint64_t ps);
/* True if a function answers at @rid. One that asks for a retry is asked again after 1 ms, 2 ms, 4
 * ms ... and given up after a minute, as Linux does. */
bool probe_is_there(const struct cfg_access *access, uint16_t rid, const struct probe_wait *wait);
/* Fills everything of @function, whose rid is set, but the PF's part and what is placed. */
void probe_function(const struct cfg_access *access, struct pci_function *function);
/* Of a PF: offset, stride and TotalVFs as they are with ARI Capable Hierarchy as @ari, which is
 * set. Sizes the VF BARs with pages of 4 KiB. VFs must be disabled. */
void probe_sriov(const struct cfg_access *access, struct pci_function *function, bool ari);
/* Offset of a capability, 0: none. */
uint16_t probe_capability(const struct cfg_access *access, uint16_t rid, uint8_t id);
uint16_t probe_extended_capability(const struct cfg_access *access, uint16_t rid, uint16_t id);

#endif
