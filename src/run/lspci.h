/* lspci.h - what a host sees on PCI once it and the pool are up: `lspci -F` reads the dump. */
#ifndef POOLSIM_RUN_LSPCI_H
#define POOLSIM_RUN_LSPCI_H

#include "run/boot.h"

/* Every function that the host's software has found, with its registers as they are now. */
void lspci_write(const struct boot *boot, uint32_t host, FILE *out);

#endif
