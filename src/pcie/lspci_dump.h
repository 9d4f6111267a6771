/* lspci_dump.h - functions as `lspci -F FILE` reads them.
 * One block a function: "BB:DD.F text" (with "DDDD:" before it in a PCI domain other than 0), then
 * lines of an offset and 16 bytes, then an empty line. A conventional function's dump ends at 0xff,
 * one with extended capabilities at 0xfff. */
#ifndef POOLSIM_PCIE_LSPCI_DUMP_H
#define POOLSIM_PCIE_LSPCI_DUMP_H

#include "pcie/cfgspace.h"
#include <stdio.h>

/* Appends one function at @bdf (bus << 8 | device << 3 | function) to @file; errors stay in
 * ferror(@file). @text names it for a person and holds no line break; lspci shows its own. */
void lspci_dump_function(FILE *file, uint32_t domain, uint16_t bdf, const char *text,
                         const struct cfgspace *space);
/* The same for a VF as its owner's kernel names it: a VF's own vendor and device ID read all ones,
 * by which lspci -F could only call it illegal. The dump has the IDs of @pf's SR-IOV capability. */
void lspci_dump_vf(FILE *file, uint32_t domain, uint16_t bdf, const char *text,
                   const struct cfgspace *vf, const struct cfgspace *pf);

#endif
