/* A command comes from traffic.c (submit), goes through the queues to dev_nvme.c; interrupts come
 * from root_complex.c. */
#include "workload/driver_nvme.h"

static void on_bell(void *self, uint32_t at, struct request *request)
{
    struct driver_nvme *driver = self;
    struct driver_nvme_function *f = &driver->functions[driver_rung_function(request)];
    driver_rang(&f->base, at, request, &f->memory.announced);
}

static void on_interrupt(void *self, uint32_t at, struct request *request)
{
    struct driver_nvme *driver = self;
    struct driver_nvme_function *f = &driver->functions[request->function];
    uint32_t completed = (uint32_t)request->context;
    completed = driver_reap(&f->base, request, &f->memory.completed, completed);
    request_give_back(driver->base.requests, at);
    if (!f->base.rc)
        return;
    if (completed)
        driver_return(&f->base, completed);
    driver_free_entries(&f->base, completed);
}

/* ---- operations ---- */

static uint64_t whole_pages(const struct dev_nvme *nvme, uint64_t bytes)
{
    return (bytes + nvme->params.page_bytes - 1) / nvme->params.page_bytes *
           nvme->params.page_bytes;
}

/* The queues, and behind them a page for PRP lists. */
static uint64_t queues_bytes(const struct dev_nvme *nvme)
{
    return whole_pages(nvme, (uint64_t)nvme->params.queue_entries *
                                 (NVME_COMMAND_BYTES + NVME_COMPLETION_BYTES));
}

static void submit(struct traffic *traffic, uint32_t flow, uint64_t born_ps, uint32_t bytes,
                   enum nvme_command command)
{
    struct driver_nvme_function *f = traffic->flows[flow].driver;
    const struct driver_nvme *driver = (const struct driver_nvme *)f->base.device;
    uint32_t index = driver_begin(traffic, driver->base.ops, flow, born_ps, bytes);
    struct op *op = op_get(driver->base.ops, index);
    op->kind = (uint8_t)command;
    op->address += queues_bytes(driver->nvme) + driver->nvme->params.page_bytes;
    driver_submit(&f->base, index);
}

void driver_nvme_read(struct traffic *traffic, uint32_t flow, uint64_t born_ps, uint32_t bytes)
{
    submit(traffic, flow, born_ps, bytes, NVME_READ);
}

void driver_nvme_write(struct traffic *traffic, uint32_t flow, uint64_t born_ps, uint32_t bytes)
{
    submit(traffic, flow, born_ps, bytes, NVME_WRITE);
}

/* ---- life cycle ---- */

static size_t round_up(size_t bytes)
{
    return (bytes + 63) & ~(size_t)63;
}

size_t driver_nvme_memory_bytes(uint32_t n_functions)
{
    return round_up(sizeof(struct driver_nvme)) +
           (size_t)n_functions * sizeof(struct driver_nvme_function);
}

struct driver_nvme *driver_nvme_init(void *memory, struct endpoint *ep, struct op_pool *ops)
{
    struct driver_nvme *driver = memory;
    driver->nvme = ep->params.device;
    driver->functions = (void *)((char *)memory + round_up(sizeof *driver));
    driver->base = (struct driver_device){
        .ops = ops,
        .requests = &ep->fabric->requests,
        .entries = driver->nvme->params.queue_entries,
        .registers = {NVME_SUBMISSION_TAIL, NVME_COMPLETION_HEAD},
        .bell_owner = {on_bell, driver},
        .interrupt_owner = {on_interrupt, driver},
    };
    dev_nvme_set_interrupt_owner(driver->nvme, &driver->base.interrupt_owner);
    return driver;
}

void driver_nvme_attach(struct driver_nvme *driver, struct flow *flow)
{
    struct driver_nvme_function *f = &driver->functions[flow->function];
    if (!driver_attach(&f->base, &driver->base, flow))
        return;
    f->memory.queues_address = flow->buffer_address;
    f->memory.prp_list_address = flow->buffer_address + queues_bytes(driver->nvme);
    dev_nvme_attach(driver->nvme, f->base.function, f->base.traffic_class, &f->memory);
}

void driver_nvme_detach(struct driver_nvme *driver, uint16_t function)
{
    driver_detach(&driver->functions[function].base);
}
