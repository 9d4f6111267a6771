#include "fabric/registry.h"

#include "fabric/dev_null.h"

#include <string.h>

static size_t null_memory_bytes(uint32_t n_functions)
{
    (void)n_functions;
    return 0;
}

static void null_init(void *memory, struct endpoint *ep, uint32_t n_functions,
                      const struct device_params *params, struct op_pool *ops)
{
    (void)memory, (void)ep, (void)n_functions, (void)params, (void)ops;
}

static void nic_init(void *memory, struct endpoint *ep, uint32_t n_functions,
                     const struct device_params *params, struct op_pool *ops)
{
    dev_nic_init(memory, ep, n_functions, &params->nic, ops);
}

static void nvme_init(void *memory, struct endpoint *ep, uint32_t n_functions,
                      const struct device_params *params, struct op_pool *ops)
{
    dev_nvme_init(memory, ep, n_functions, &params->nvme, ops);
}

const struct device_kind device_kinds[DEVICE_KINDS] = {
    [DEVICE_KIND_NULL] = {"null", "does nothing by itself: tests the fabric alone", &dev_null_ops,
                          null_memory_bytes, null_init},
    [DEVICE_KIND_NIC] = {"nic", "SR-IOV network controller after the Intel 82599", &dev_nic_ops,
                         dev_nic_memory_bytes, nic_init},
    [DEVICE_KIND_NVME] = {"nvme", "SR-IOV NVMe controller with flash behind it", &dev_nvme_ops,
                          dev_nvme_memory_bytes, nvme_init},
};

const struct device_kind *registry_find(const char *name)
{
    for (int i = 0; i < DEVICE_KINDS; i++)
        if (strcmp(device_kinds[i].name, name) == 0)
            return &device_kinds[i];
    return NULL;
}
