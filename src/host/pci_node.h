/* pci_node.h - a description of a local PCI tree, and the functions that it stands for.
 * A list in which a bridge comes before what is behind it, as a configuration file gives it. */
#ifndef POOLSIM_HOST_PCI_NODE_H
#define POOLSIM_HOST_PCI_NODE_H

#include "base/arena.h"
#include "pcie/hierarchy.h"
#include "pcie/preset.h"

enum { PCI_NODE_TOP = -1 }; /* as .behind: on the first bus */

struct pci_node {
    enum preset preset;
    uint8_t device, function;
    int32_t behind; /* index of the bridge in the list, or PCI_NODE_TOP */
    bool absent;    /* not plugged in yet */
    bool external;  /* a bridge that leads to the link @leaf, and has nothing behind it here */
    uint32_t leaf;
    const struct preset_options *options;    /* NULL: the preset's own */
    const struct preset_options *vf_options; /* of its VFs; the same */
};

/* Adds @n functions to @hierarchy, the first one at index hierarchy->n, the others following in the
 * order of the list, with memory from @arena. What the list says by itself is not asked of the
 * options: Multifunction where a device has several functions, a card in the slot where somebody is
 * behind the port. A PF brings as many VFs as its options say. False when memory is out. */
bool pci_node_build(struct hierarchy *hierarchy, struct arena *arena, const struct pci_node *nodes,
                    uint32_t n);

#endif
