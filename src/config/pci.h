/* pci.h - hosts' own PCI trees: lists of functions, read and checked. */
#ifndef POOLSIM_CONFIG_PCI_H
#define POOLSIM_CONFIG_PCI_H

#include "config/load.h"

/* Reads `pci:` of a group of hosts into its block. */
bool pci_read(struct loader *loader, size_t group);
/* Whether hosts can have at all what attaches to them; switch_index is settled. */
bool pci_check(const struct loader *loader);
/* True if some host has a tree of its own, so that a pool is not needed. */
bool pci_any(const struct loader *loader);

/* Gives @host, a copy of another one, its own list. */
void pci_copy(struct cfg_host *host);
void pci_free(struct cfg_host *host);

enum { PCI_FUNCTION_TEXT = 8 };
/* "1f.2" */
char *pci_format_function(const struct cfg_pci *pci, char buf[PCI_FUNCTION_TEXT]);

#endif
