/* endpoint_registers.h - a device as the target of MMIO: which function and BAR an address leads
 * to, register writes to the device kind, register reads and refusals back as completions.
 * endpoint.c calls these when their time has come. */
#ifndef POOLSIM_FABRIC_ENDPOINT_REGISTERS_H
#define POOLSIM_FABRIC_ENDPOINT_REGISTERS_H

#include "fabric/endpoint.h"

/* A write that no function reacts to: it ends on arrival, refused if it is in no function. */
void endpoint_take_write(struct endpoint *ep, uint32_t index);
/* A write arrives now: in the MSI-X table, or the device kind's registers. */
void endpoint_write_register(struct endpoint *ep, uint32_t index);
/* A read is answered now. */
void endpoint_read_register(struct endpoint *ep, uint32_t index);
/* A non-posted request that no function takes (I/O, AtomicOps) is answered UR now. */
void endpoint_refuse(struct endpoint *ep, uint32_t index);

#endif
