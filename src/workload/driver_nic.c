/* A frame comes from traffic.c (submit), goes through the rings to dev_nic.c; interrupts come from
 * root_complex.c. */
#include "workload/driver_nic.h"

#include "workload/driver.h"

enum { PAGE_BYTES = 4096 };

/* ---- doorbells ---- */

static void ring_bell(struct driver_nic_function *f, int direction, uint32_t news)
{
    static const uint64_t registers[NIC_DIRECTIONS] = {NIC_TRANSMIT_TAIL, NIC_RECEIVE_TAIL};
    f->tail[direction] += news;
    driver_ring(f->rc,
                &(struct driver_bell){.address = f->bar_address + registers[direction],
                                      .owner = &f->driver->bell_owner,
                                      .value = f->tail[direction],
                                      .function = f->function,
                                      .news = (uint16_t)news,
                                      .number = (uint8_t)direction,
                                      .traffic_class = f->traffic_class},
                &f->bell[direction]);
}

/* Moves waiting frames into the ring. */
static void fill_ring(struct driver_nic_function *f)
{
    struct driver_nic *driver = f->driver;
    uint32_t news = 0;
    for (; f->waiting.n && f->in_ring < driver->nic->params.ring_entries - 1; news++) {
        op_fifo_push(driver->ops, &f->unannounced, op_fifo_pop(driver->ops, &f->waiting));
        f->in_ring++;
    }
    if (news)
        ring_bell(f, NIC_TRANSMIT, news);
}

/* The device knows of @news frames more; or, if the doorbell was refused, never will. */
static void announce(struct driver_nic_function *f, const struct request *bell, uint32_t news)
{
    struct op_pool *ops = f->driver->ops;
    bool refused = bell->status != TLP_SC;
    for (uint32_t i = 0; i < news; i++) {
        uint32_t index = op_fifo_pop(ops, &f->unannounced);
        struct op *op = op_get(ops, index);
        op_step(op, bell, LAT_SOURCE);
        if (refused) {
            op->failed = true;
            op_end(ops, index);
        } else {
            op_fifo_push(ops, &f->memory.announced, index);
        }
    }
    if (!refused)
        return;
    f->in_ring -= news;
    f->tail[NIC_TRANSMIT] -= news;
    fill_ring(f);
}

static void on_bell(void *self, uint32_t at, struct request *request)
{
    struct driver_nic *driver = self;
    const struct driver_rung rung = driver_rung_of(request);
    struct driver_nic_function *f = &driver->functions[rung.function];
    if (f->bell[rung.number] == at)
        f->bell[rung.number] = 0;
    /* Receive buffers whose doorbell was refused are announced by the next one. */
    if (rung.number == NIC_TRANSMIT)
        announce(f, request, rung.news);
    request_give_back(&f->rc->fabric->requests, at);
}

/* ---- interrupts ---- */

static void on_interrupt(void *self, uint32_t at, struct request *request)
{
    struct driver_nic *driver = self;
    struct driver_nic_function *f = &driver->functions[request->function];
    uint32_t transmitted = (uint32_t)(request->context >> 32);
    uint32_t received = (uint32_t)request->context;
    for (uint32_t i = 0; i < received; i++) {
        uint32_t index = op_fifo_pop(driver->ops, &f->memory.received);
        struct op *op = op_get(driver->ops, index);
        CHECK(op->moved);
        op_step(op, request, LAT_DEVICE);
        op->failed |= request->status != TLP_SC;
        op_end(driver->ops, index);
    }
    request_give_back(&f->rc->fabric->requests, at);
    if (received)
        ring_bell(f, NIC_RECEIVE, received);
    CHECK(transmitted <= f->in_ring);
    f->in_ring -= transmitted;
    fill_ring(f);
}

/* ---- operations ---- */

static uint64_t rings_bytes(const struct dev_nic *nic)
{
    uint64_t bytes =
        (uint64_t)NIC_DIRECTIONS * nic->params.ring_entries * nic->params.descriptor_bytes;
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

static uint32_t begin(struct traffic *traffic, uint32_t flow, uint64_t born_ps, uint32_t bytes)
{
    const struct driver_nic_function *f = traffic->flows[flow].driver;
    uint32_t index = driver_begin(traffic, f->driver->ops, flow, born_ps, bytes);
    op_get(f->driver->ops, index)->address += rings_bytes(f->driver->nic);
    return index;
}

void driver_nic_transmit(struct traffic *traffic, uint32_t flow, uint64_t born_ps, uint32_t bytes)
{
    struct driver_nic_function *f = traffic->flows[flow].driver;
    op_fifo_push(f->driver->ops, &f->waiting, begin(traffic, flow, born_ps, bytes));
    fill_ring(f);
}

void driver_nic_receive(struct traffic *traffic, uint32_t flow, uint64_t born_ps, uint32_t bytes)
{
    const struct driver_nic_function *f = traffic->flows[flow].driver;
    dev_nic_receive(f->driver->nic, begin(traffic, flow, born_ps, bytes));
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
    driver->ops = ops;
    driver->functions = (void *)((char *)memory + round_up(sizeof *driver));
    driver->bell_owner = (struct request_owner){on_bell, driver};
    driver->interrupt_owner = (struct request_owner){on_interrupt, driver};
    dev_nic_set_interrupt_owner(driver->nic, &driver->interrupt_owner);
    return driver;
}

void driver_nic_attach(struct driver_nic *driver, struct flow *flow)
{
    struct driver_nic_function *f = &driver->functions[flow->function];
    flow->driver = f;
    CHECK(!f->rc || f->rc == flow->rc);
    if (f->rc)
        return;
    f->driver = driver;
    f->rc = flow->rc;
    f->bar_address = flow->bar_address;
    f->function = flow->function;
    f->traffic_class = flow->class->traffic_class;
    f->tail[NIC_RECEIVE] = driver->nic->params.ring_entries - 1;
    f->memory.rings_address = flow->buffer_address;
    dev_nic_attach(driver->nic, f->function, f->traffic_class, &f->memory);
}
