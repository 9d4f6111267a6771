/* A frame comes from traffic.c (submit), goes through the rings to dev_nic.c; interrupts come from
 * root_complex.c. */
#include "workload/driver_nic.h"

enum { PAGE_BYTES = 4096 };

static void on_bell(void *self, uint32_t at, struct request *request)
{
    struct driver_nic *driver = self;
    struct driver_nic_function *f = &driver->functions[driver_rung_function(request)];
    driver_rang(&f->base, at, request, &f->memory.announced);
}

static void on_interrupt(void *self, uint32_t at, struct request *request)
{
    struct driver_nic *driver = self;
    struct driver_nic_function *f = &driver->functions[request->function];
    uint32_t transmitted = (uint32_t)(request->context >> 32);
    uint32_t received = (uint32_t)request->context;
    received = driver_reap(&f->base, request, &f->memory.received, received);
    request_give_back(driver->base.requests, at);
    if (!f->base.rc)
        return;
    if (received)
        driver_return(&f->base, received);
    driver_free_entries(&f->base, transmitted);
}

/* ---- operations ---- */

static uint64_t rings_bytes(const struct dev_nic *nic)
{
    uint64_t bytes =
        (uint64_t)NIC_DIRECTIONS * nic->params.ring_entries * nic->params.descriptor_bytes;
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

static const struct driver_nic *driver_of(const struct driver_nic_function *f)
{
    return (const struct driver_nic *)f->base.device;
}

static uint32_t begin(struct traffic *traffic, uint32_t flow, uint64_t born_ps, uint32_t bytes)
{
    const struct driver_nic *driver = driver_of(traffic->flows[flow].driver);
    struct op_pool *ops = driver->base.ops;
    uint32_t index = driver_begin(traffic, ops, flow, born_ps, bytes);
    op_get(ops, index)->address += rings_bytes(driver->nic);
    return index;
}

void driver_nic_transmit(struct traffic *traffic, uint32_t flow, uint64_t born_ps, uint32_t bytes)
{
    struct driver_nic_function *f = traffic->flows[flow].driver;
    driver_submit(&f->base, begin(traffic, flow, born_ps, bytes));
}

void driver_nic_receive(struct traffic *traffic, uint32_t flow, uint64_t born_ps, uint32_t bytes)
{
    const struct driver_nic *driver = driver_of(traffic->flows[flow].driver);
    dev_nic_receive(driver->nic, begin(traffic, flow, born_ps, bytes));
}

/* ---- life cycle ---- */

static size_t round_up(size_t bytes)
{
    return (bytes + 63) & ~(size_t)63;
}

size_t driver_nic_memory_bytes(uint32_t n_functions)
{
    return round_up(sizeof(struct driver_nic)) +
           (size_t)n_functions * sizeof(struct driver_nic_function);
}

struct driver_nic *driver_nic_init(void *memory, struct endpoint *ep, struct op_pool *ops)
{
    struct driver_nic *driver = memory;
    driver->nic = ep->params.device;
    driver->functions = (void *)((char *)memory + round_up(sizeof *driver));
    driver->base = (struct driver_device){
        .ops = ops,
        .requests = &ep->fabric->requests,
        .entries = driver->nic->params.ring_entries,
        .registers = {NIC_TRANSMIT_TAIL, NIC_RECEIVE_TAIL},
        .bell_owner = {on_bell, driver},
        .interrupt_owner = {on_interrupt, driver},
    };
    dev_nic_set_interrupt_owner(driver->nic, &driver->base.interrupt_owner);
    return driver;
}

void driver_nic_attach(struct driver_nic *driver, struct flow *flow)
{
    struct driver_nic_function *f = &driver->functions[flow->function];
    if (!driver_attach(&f->base, &driver->base, flow))
        return;
    f->base.count[DRIVER_BELL_RETURN] = driver->nic->params.ring_entries - 1;
    f->memory.rings_address = flow->buffer_address;
    dev_nic_attach(driver->nic, f->base.function, f->base.traffic_class, &f->memory);
}

void driver_nic_detach(struct driver_nic *driver, uint16_t function)
{
    driver_detach(&driver->functions[function].base);
}
