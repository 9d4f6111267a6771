/* driver_nic.h - the host's side of dev_nic.h: one transmit and one receive ring per function.
 * Transmit: a frame takes a descriptor of the ring and rings the doorbell; with the ring full it
 * waits in the driver (LAT_SOURCE). The descriptor is free again when the interrupt after its
 * write-back is handled; what waits then enters the ring with one doorbell. The operation ends
 * before that, with the last bit on the line.
 * Receive: the ring is full of empty buffers at the start; the interrupt handler ends the
 * operations of the frames that it finds, and gives as many buffers back with one doorbell.
 * The flows of one function share its rings. Frames lie at the flow's buffer_address behind the
 * rings, at a page's start. */
#ifndef POOLSIM_WORKLOAD_DRIVER_NIC_H
#define POOLSIM_WORKLOAD_DRIVER_NIC_H

#include "fabric/dev_nic.h"
#include "workload/driver.h"

struct driver_nic_function {
    struct driver_function base; /* the transmit ring; what is returned are receive buffers */
    struct nic_memory memory;
};
_Static_assert(sizeof(struct driver_nic_function) <= 112,
               "with the device's, 256 bytes a function");

struct driver_nic { /* all functions of one device */
    struct driver_device base;
    struct dev_nic *nic;
    struct driver_nic_function *functions;
};

size_t driver_nic_memory_bytes(uint32_t n_functions);
/* @memory: zeroed, aligned to 64 bytes. @ep is initialised. Returns the driver, at the start of
 * @memory. */
struct driver_nic *driver_nic_init(void *memory, struct endpoint *ep, struct op_pool *ops);
/* Makes @flow one of the driver's and sets flow->driver; all else of the flow is set before. The
 * flows of one function have the same host; the first one's traffic class holds for all. */
void driver_nic_attach(struct driver_nic *driver, struct flow *flow);
/* The host of @function's flows lets go of it: see driver_detach. What the device holds is ended by
 * its reset. */
void driver_nic_detach(struct driver_nic *driver, uint16_t function);

extern traffic_submit_fn driver_nic_transmit, driver_nic_receive;

#endif
