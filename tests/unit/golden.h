/* golden.h - configuration spaces from the output of lspci -xxxx. */
#ifndef POOLSIM_UNIT_GOLDEN_H
#define POOLSIM_UNIT_GOLDEN_H

#include "pcie/cfgspace.h"

/* The function whose line begins with @name ("10000:03:00.0"); bytes that the file does not give
 * are 0. False if it is not there. */
bool golden_load(const char *path, const char *name, uint8_t out_bytes[CFGSPACE_BYTES]);

#endif
