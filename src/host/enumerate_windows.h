/* enumerate_windows.h - gives every BAR and every bridge window its addresses (PCI-PCI bridges
 * 3.2.5.6 to 3.2.5.10).
 * Bottom up, a bridge's window is as large as what is behind it needs, in whole MiB (I/O: 4 KiB)
 * and at least what is kept for hot-plug; top down, places are given inside the window above.
 * On a bus the largest alignment goes first, then the larger, then the lower routing ID and
 * register, each to the lowest free place: the same functions always get the same addresses.
 * Prefetchable 64-bit BARs go into the prefetchable window where all bridges above have one of 64
 * bits, all other memory below 4 GiB. I/O is not needed by PCI Express: a BAR for which there is no
 * place stays unassigned. */
#ifndef POOLSIM_HOST_ENUMERATE_WINDOWS_H
#define POOLSIM_HOST_ENUMERATE_WINDOWS_H

#include "base/err.h"
#include "host/pci_tree.h"

/* Places all that has no place yet on @top and behind its bridges, inside top->window, and writes
 * BARs, windows and Command registers: memory and I/O as far as something was placed; bridges also
 * Bus Master, which in endpoints is the driver's. @hotplug_bytes: at least that behind a
 * hot-plug capable port. Fails when memory is too small, and has then written nothing of the bus
 * where it is. */
bool enumerate_windows_assign(struct pci_tree *tree, struct pci_bus *top,
                              const uint64_t hotplug_bytes[PCI_SPACES], struct err *err);
/* Writes a bridge's windows, all closed. */
void enumerate_windows_close(const struct pci_tree *tree, const struct pci_function *bridge);

#endif
