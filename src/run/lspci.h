/* lspci.h - what a host sees on PCI once it and the pool are up: `lspci -F` reads the dump.
 * The host's functions are put together as its configuration says (platform, own tree, private
 * switch, devices that it owns, slots with the VFs that it is lent at the start) and enumerated by
 * the hosts' own software (host/enumerate.h), configuration accesses being function calls: VFs are
 * enabled, cards are added. Switches cascaded below the root switch are not seen. */
#ifndef POOLSIM_RUN_LSPCI_H
#define POOLSIM_RUN_LSPCI_H

#include "config/config.h"

/* Fails when the host's software does: buses, windows or VFs do not suffice. */
bool lspci_write(const struct config *config, uint32_t host, FILE *out, struct err *err);

#endif
