/* enumerate.h - what firmware and an operating system do to find and set up PCI functions (PCI-PCI
 * bridges 3.2.5; Base Spec 7.3; SR-IOV 2 and 3): numbers of buses, sizes and places of BARs and
 * windows, payload sizes, ARI, virtual functions, hot-plug slots. Sequential code over a pair of
 * read and write calls: it does not know whether they are function calls or TLPs that take their
 * time.
 *
 * Buses are numbered depth first: all functions of a bus are found, then the bus numbers that the
 * VFs of its PFs can reach are kept, then each bridge gets the next number and what is behind it is
 * numbered before its neighbour. So the numbers are those that Linux gives. */
#ifndef POOLSIM_HOST_ENUMERATE_H
#define POOLSIM_HOST_ENUMERATE_H

#include "host/enumerate_windows.h"
#include "host/pci_tree.h"
#include "host/probe.h"

/* Waits that SR-IOV 2.2.1 and 3.3.3.1 ask for; the first is the default of vf_enable_ps. */
#define ENUMERATE_VF_ENABLE_PS  UINT64_C(100000000000)
#define ENUMERATE_VF_DISABLE_PS UINT64_C(1000000000000)

struct enumerate_options {
    struct pci_window host[PCI_SPACES]; /* what the root complex sends to PCI */
    uint64_t hotplug_bytes[PCI_SPACES]; /* kept at least behind each hot-plug capable port */
    uint16_t max_payload_bytes;         /* no more than this */
    uint8_t first_bus, last_bus;        /* of the domain */
    uint8_t hotplug_buses;   /* kept at least behind each hot-plug capable port, besides its own */
    uint8_t root_port_buses; /* kept at least behind each root port, its own included */
    uint64_t vf_enable_ps;   /* from VF Enable to the first access to a VF */
    struct probe_wait wait;  /* how time passes */
};

/* A PC's: memory 0xc0000000 to 0xfebfffff, prefetchable 32 GiB above 4 GiB, I/O from 0x1000 on; 2
 * MiB of both kinds of memory behind a slot; buses 0 to 255, none kept. */
struct enumerate_options enumerate_defaults(void);

/* One host's PCI domain. */
struct enumeration {
    struct pci_tree tree;
    struct enumerate_options options;
};

/* Firmware: everything from the first bus down. Fails when bus numbers, windows or memory do not
 * suffice. */
bool enumerate_boot(struct enumeration *host, struct arena *arena, const struct cfg_access *access,
                    const struct enumerate_options *options, struct err *err);

/* The PF driver: @n VFs appear at their routing IDs and, found there, in the tree. Fails when the
 * PF has fewer, has some already, a bus number is not routed to it or a VF does not answer; no VF
 * is then enabled. */
bool enumerate_enable_vfs(struct enumeration *host, struct pci_function *pf, uint16_t n,
                          struct err *err);
void enumerate_disable_vfs(struct enumeration *host, struct pci_function *pf);

/* A card has come into the slot of the port @slot: finds what is behind it, in the buses and
 * windows that the port has. On failure nothing new is in the tree. */
bool enumerate_hot_add(struct enumeration *host, struct pci_function *slot, struct err *err);
/* The card leaves: forgets what is behind @slot. @present: it still answers, and is told to stop
 * (Bus Master off, INTx off). Pointers to what was there are dead. */
void enumerate_hot_remove(struct enumeration *host, struct pci_function *slot, bool present);

/* The PF's or endpoint's driver: lets it start requests of its own, or no longer. */
void enumerate_set_bus_master(const struct enumeration *host, const struct pci_function *function,
                              bool on);

/* A driver's: the function reports its errors by messages (Linux: pci_enable_pcie_error_reporting).
 * A PF's choice is its VFs', too (SR-IOV 3.5.4). Nothing on a function without PCI Express. */
void enumerate_set_error_reporting(const struct enumeration *host,
                                   const struct pci_function *function, bool on);

#endif
