#include "workload/drivers.h"

#include "workload/driver_nic.h"
#include "workload/driver_nvme.h"

static void nic_init(void *memory, struct endpoint *ep, struct op_pool *ops)
{
    driver_nic_init(memory, ep, ops);
}

static void nic_attach(void *memory, struct flow *flow)
{
    driver_nic_attach(memory, flow);
}

static void nic_detach(void *memory, uint16_t function)
{
    driver_nic_detach(memory, function);
}

static void nvme_init(void *memory, struct endpoint *ep, struct op_pool *ops)
{
    driver_nvme_init(memory, ep, ops);
}

static void nvme_attach(void *memory, struct flow *flow)
{
    driver_nvme_attach(memory, flow);
}

static void nvme_detach(void *memory, uint16_t function)
{
    driver_nvme_detach(memory, function);
}

const struct driver_kind driver_kinds[DEVICE_KINDS] = {
    [DEVICE_KIND_NULL] = {NULL, NULL, NULL, NULL},
    [DEVICE_KIND_NIC] = {driver_nic_memory_bytes, nic_init, nic_attach, nic_detach},
    [DEVICE_KIND_NVME] = {driver_nvme_memory_bytes, nvme_init, nvme_attach, nvme_detach},
};
