/* pci_tree.h - what a host's software knows of its PCI functions: the result of enumeration, which
 * drivers and lspci read.
 * Buses by their number, on each its functions in the order of their routing IDs. A VF is listed on
 * the bus of its PF, also where its routing ID has a higher bus number. All memory is the arena's;
 * what hot-plug removes is used again. */
#ifndef POOLSIM_HOST_PCI_TREE_H
#define POOLSIM_HOST_PCI_TREE_H

#include "base/arena.h"
#include "pcie/cfg_access.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PCI_BARS = 6,
    PCI_ROM = PCI_BARS, /* the expansion ROM, beside the BARs; sized and placed, never enabled */
    PCI_BUSES = 256
};

/* Address spaces that bridges have windows for. */
enum pci_space {
    PCI_IO,
    PCI_MEMORY,   /* below 4 GiB */
    PCI_PREFETCH, /* prefetchable, 64 bits */
    PCI_SPACES
};

struct pci_window {
    uint64_t base, bytes; /* 0 bytes: closed */
};

/* A BAR or a bridge's window: a range that needs a place. */
struct pci_resource {
    uint64_t bytes; /* 0: there is none. Of a VF BAR: the ranges of all TotalVFs */
    uint64_t align; /* of a VF BAR: the bytes of one VF's range */
    uint64_t base;
    bool assigned; /* base is valid, and in the register */
    bool is_64, prefetch, io;
    struct pci_resource *next; /* while places are given */
};

struct pci_bus;

struct pci_function {
    uint16_t rid; /* bus << 8 | device << 3 | function */
    uint16_t vendor, device;
    uint32_t class_code; /* 24 bits */
    uint8_t header;      /* PCI_HEADER_TYPE_NORMAL or _BRIDGE */
    uint8_t port;        /* PCI_EXP_TYPE_..., valid if there is an express capability */
    bool multifunction;
    bool hotplug;                 /* a port with a hot-plug capable slot */
    uint16_t express, ari, sriov; /* offsets of capabilities; 0: none */
    uint16_t max_payload_bytes;   /* supported */
    struct pci_resource bar[PCI_BARS + 1];
    /* A physical function. */
    struct pci_resource vf_bar[PCI_BARS];
    uint16_t total_vfs, vfs; /* possible, enabled */
    uint16_t vf_offset, vf_stride, vf_device;
    /* A virtual one: bar[] has its share of vf_bar[]. */
    struct pci_function *pf;
    uint16_t vf_index;
    /* A bridge. */
    struct pci_resource window[PCI_SPACES];
    struct pci_bus *behind;

    struct pci_bus *bus;
    struct pci_function *next; /* on the bus */
};

struct pci_bus {
    uint8_t number;              /* secondary number of the bridge */
    uint8_t last;                /* its subordinate number */
    struct pci_function *bridge; /* NULL: the first bus of the domain */
    struct pci_function *first;
    struct pci_window window[PCI_SPACES]; /* what lies behind the bridge must be in here */
    bool usable[PCI_SPACES];              /* whether every bridge on the way has such a window */
    struct pci_bus *next;                 /* among those to be used again */
};

struct pci_tree {
    struct arena *arena;
    struct cfg_access access;
    struct pci_bus *bus[PCI_BUSES]; /* NULL: no such bus, or one that only VFs are on */
    uint8_t first_bus;
    struct pci_bus *free_buses;
    struct pci_function *free_functions;
};

void pci_tree_init(struct pci_tree *tree, struct arena *arena, const struct cfg_access *access,
                   uint8_t first_bus);
/* NULL when there is none. */
struct pci_function *pci_tree_find(const struct pci_tree *tree, uint16_t rid);
/* The first function, and the one after @function, NULL after the last: buses by their numbers. */
struct pci_function *pci_tree_first(const struct pci_tree *tree);
struct pci_function *pci_tree_next(const struct pci_tree *tree,
                                   const struct pci_function *function);
/* True if a bus is a link: one device only (Base Spec 7.3.1). */
bool pci_bus_is_link(const struct pci_bus *bus);

/* Enumeration's side. An empty function or bus; NULL when memory is out. The place must be free. */
struct pci_function *pci_tree_add_function(struct pci_tree *tree, struct pci_bus *bus,
                                           uint16_t rid);
struct pci_bus *pci_tree_add_bus(struct pci_tree *tree, struct pci_function *bridge,
                                 uint8_t number);
/* Forgets the VFs of @pf; everything behind a bus's bridge, whose bus stays. */
void pci_tree_remove_vfs(struct pci_tree *tree, struct pci_function *pf);
void pci_tree_remove_all(struct pci_tree *tree, struct pci_bus *bus);

#endif
