/* tlp_to_header.h - the exact header (Base Spec 2.2) of a TLP in flight, for recorders and for the
 * comparison with hardware. */
#ifndef POOLSIM_PCIE_TLP_TO_HEADER_H
#define POOLSIM_PCIE_TLP_TO_HEADER_H

#include "pcie/tlp.h"
#include "pcie/tlp_header.h"

/* An address beyond 4 GiB makes the header one of 4DW, whatever the fabric takes all of them to be.
 * Byte enables and Length follow from address and bytes. No digest, no snoop hint, not poisoned.
 * What a message carries in header bytes 8 to 15 beside a target is 0. */
void tlp_to_header(const struct tlp *tlp, struct tlp_header *out);

#endif
