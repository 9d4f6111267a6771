/* pci_rig.h - a host with a local PCI tree, its software and pciutils, for tests of enumeration. */
#ifndef POOLSIM_SYSTEM_PCI_RIG_H
#define POOLSIM_SYSTEM_PCI_RIG_H

#include "host/enumerate.h"
#include "host/pci_node.h"
#include "pcie/hierarchy.h"

enum { PCI_RIG_FUNCTIONS = 96 };

struct pci_rig {
    struct arena arena;
    struct hierarchy hierarchy;
    struct hierarchy_function memory[PCI_RIG_FUNCTIONS];
    struct cfg_access access;
    struct enumeration host;
    struct enumerate_options options; /* time goes to waited_ps */
    struct err err;
    uint64_t waited_ps;
};

/* A root complex with bus 0; nothing is enumerated yet. */
void pci_rig_init(struct pci_rig *rig, const struct pci_node *nodes, uint32_t n);
void pci_rig_fini(struct pci_rig *rig);
/* Prints the error and fails the test if firmware does not succeed. */
void pci_rig_boot(struct pci_rig *rig);
/* A function that must be in the software's tree. */
struct pci_function *pci_rig_at(struct pci_rig *rig, uint16_t rid);
/* What `lspci -vt` prints of the dump of every function in the tree. VFs carry the IDs that the
 * kernel gives them, since their own read all ones. @out is empty when lspci fails. */
void pci_rig_lspci_tree(struct pci_rig *rig, char *out, size_t size);

/* What must hold after any enumeration: every function is reached at one routing ID, buses nest,
 * BARs do not overlap and lie in all windows above, and requests to them arrive. Returns the number
 * of violations and prints each. */
unsigned pci_rig_violations(struct pci_rig *rig);

#endif
