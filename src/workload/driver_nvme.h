/* driver_nvme.h - the host's side of dev_nvme.h: one queue pair per function.
 * A command takes an entry of the submission queue and rings the doorbell; with as many outstanding
 * as the queues hold it waits in the driver (LAT_SOURCE). The interrupt handler ends the operations
 * of the completions that it finds, gives their entries back by the completion head doorbell, and
 * submits what waits with one doorbell.
 * The flows of one function share its queues. PRP lists and data lie at the flow's buffer_address
 * behind the queues, each at a page's start. */
#ifndef POOLSIM_WORKLOAD_DRIVER_NVME_H
#define POOLSIM_WORKLOAD_DRIVER_NVME_H

#include "fabric/dev_nvme.h"
#include "workload/driver.h"

struct driver_nvme_function {
    struct driver_function base; /* both queues; what is returned are completion entries */
    struct nvme_memory memory;
};
_Static_assert(sizeof(struct driver_nvme_function) <= 128,
               "with the device's, 256 bytes a function");

struct driver_nvme { /* all functions of one device */
    struct driver_device base;
    struct dev_nvme *nvme;
    struct driver_nvme_function *functions;
};

size_t driver_nvme_memory_bytes(uint32_t n_functions);
/* @memory: zeroed, aligned to 64 bytes. @ep is initialised. Returns the driver, at the start of
 * @memory. */
struct driver_nvme *driver_nvme_init(void *memory, struct endpoint *ep, struct op_pool *ops);
/* Makes @flow one of the driver's and sets flow->driver; all else of the flow is set before. The
 * flows of one function have the same host; the first one's traffic class holds for all. */
void driver_nvme_attach(struct driver_nvme *driver, struct flow *flow);
/* The host of @function's flows lets go of it: see driver_detach. What the device holds is ended by
 * its reset. */
void driver_nvme_detach(struct driver_nvme *driver, uint16_t function);

extern traffic_submit_fn driver_nvme_read, driver_nvme_write;

#endif
