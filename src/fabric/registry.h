/* registry.h - the one table of device kinds. To add a kind: write dev_x.{h,c} after dev_null, add
 * its row here, and if it has queues its driver's in workload/drivers.c. */
#ifndef POOLSIM_FABRIC_REGISTRY_H
#define POOLSIM_FABRIC_REGISTRY_H

#include "fabric/dev_nic.h"
#include "fabric/dev_nvme.h"

enum device_kind_id { DEVICE_KIND_NULL, DEVICE_KIND_NIC, DEVICE_KIND_NVME, DEVICE_KINDS };

/* Of the kind that is asked for, the others are ignored. */
struct device_params {
    struct dev_nic_params nic;
    struct dev_nvme_params nvme;
};

struct device_kind {
    const char *name;
    const char *about;            /* one line */
    const struct device_ops *ops; /* for endpoint_params.ops */
    /* State of a device with @n_functions; 0: it has none. */
    size_t (*memory_bytes)(uint32_t n_functions);
    /* Makes the state for endpoint_params.device in @memory, which is zeroed and aligned to 64
     * bytes, before or after endpoint_init; borrows everything. */
    void (*init)(void *memory, struct endpoint *ep, uint32_t n_functions,
                 const struct device_params *params, struct op_pool *ops);
};

extern const struct device_kind device_kinds[DEVICE_KINDS];

/* The kind of this name, or NULL. */
const struct device_kind *registry_find(const char *name);

#endif
