/* drivers.h - the one table of drivers: what a host needs to use a device of a kind that has
 * queues. Its rows follow fabric/registry.h. */
#ifndef POOLSIM_WORKLOAD_DRIVERS_H
#define POOLSIM_WORKLOAD_DRIVERS_H

#include "fabric/registry.h"
#include "workload/driver.h"

struct driver_kind {
    /* State of the drivers of all functions of one device, wherever their hosts are; NULL: this
     * kind has no driver. */
    size_t (*memory_bytes)(uint32_t n_functions);
    /* Makes it in @memory, which is zeroed and aligned to 64 bytes, after endpoint_init; borrows
     * everything. */
    void (*init)(void *memory, struct endpoint *ep, struct op_pool *ops);
    /* Makes @flow use the driver: before it starts, all else of it being set. */
    void (*attach)(void *memory, struct flow *flow);
    /* The host lets go of @function, whose flows are paused. */
    void (*detach)(void *memory, uint16_t function);
};

extern const struct driver_kind driver_kinds[DEVICE_KINDS];

#endif
