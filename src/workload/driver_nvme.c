/* A command comes from traffic.c (submit), goes through the queues to dev_nvme.c; interrupts come
 * from root_complex.c. */
#include "workload/driver_nvme.h"

#include "workload/driver.h"

/* ---- doorbells ---- */

static void ring_bell(struct driver_nvme_function *f, enum driver_nvme_bell bell, uint32_t news)
{
    static const uint64_t registers[NVME_BELLS] = {NVME_SUBMISSION_TAIL, NVME_COMPLETION_HEAD};
    f->count[bell] += news;
    driver_ring(f->rc,
                &(struct driver_bell){.address = f->bar_address + registers[bell],
                                      .owner = &f->driver->bell_owner,
                                      .value = f->count[bell],
                                      .function = f->function,
                                      .news = (uint16_t)news,
                                      .number = (uint8_t)bell,
                                      .traffic_class = f->traffic_class},
                &f->bell[bell]);
}

/* Submits waiting commands. */
static void fill_queue(struct driver_nvme_function *f)
{
    struct driver_nvme *driver = f->driver;
    uint32_t news = 0;
    for (; f->waiting.n && f->outstanding < driver->nvme->params.queue_entries - 1; news++) {
        op_fifo_push(driver->ops, &f->unannounced, op_fifo_pop(driver->ops, &f->waiting));
        f->outstanding++;
    }
    if (news)
        ring_bell(f, NVME_BELL_SUBMISSION, news);
}

/* The device knows of @news commands more; or, if the doorbell was refused, never will. */
static void announce(struct driver_nvme_function *f, const struct request *bell, uint32_t news)
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
    f->outstanding -= news;
    f->count[NVME_BELL_SUBMISSION] -= news;
    fill_queue(f);
}

static void on_bell(void *self, uint32_t at, struct request *request)
{
    struct driver_nvme *driver = self;
    const struct driver_rung rung = driver_rung_of(request);
    struct driver_nvme_function *f = &driver->functions[rung.function];
    if (f->bell[rung.number] == at)
        f->bell[rung.number] = 0;
    /* Completion entries whose doorbell was refused are given back by the next one. */
    if (rung.number == NVME_BELL_SUBMISSION)
        announce(f, request, rung.news);
    request_give_back(&f->rc->fabric->requests, at);
}

/* ---- interrupts ---- */

static void on_interrupt(void *self, uint32_t at, struct request *request)
{
    struct driver_nvme *driver = self;
    struct driver_nvme_function *f = &driver->functions[request->function];
    uint32_t completed = (uint32_t)request->context;
    for (uint32_t i = 0; i < completed; i++) {
        uint32_t index = op_fifo_pop(driver->ops, &f->memory.completed);
        struct op *op = op_get(driver->ops, index);
        CHECK(op->moved);
        op_step(op, request, LAT_DEVICE);
        op->failed |= request->status != TLP_SC;
        op_end(driver->ops, index);
    }
    request_give_back(&f->rc->fabric->requests, at);
    CHECK(completed <= f->outstanding);
    f->outstanding -= completed;
    ring_bell(f, NVME_BELL_COMPLETION, completed);
    fill_queue(f);
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
    const struct dev_nvme *nvme = f->driver->nvme;
    uint32_t index = driver_begin(traffic, f->driver->ops, flow, born_ps, bytes);
    struct op *op = op_get(f->driver->ops, index);
    op->kind = (uint8_t)command;
    op->address += queues_bytes(nvme) + nvme->params.page_bytes;
    op_fifo_push(f->driver->ops, &f->waiting, index);
    fill_queue(f);
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
    driver->ops = ops;
    driver->functions = (void *)((char *)memory + round_up(sizeof *driver));
    driver->bell_owner = (struct request_owner){on_bell, driver};
    driver->interrupt_owner = (struct request_owner){on_interrupt, driver};
    dev_nvme_set_interrupt_owner(driver->nvme, &driver->interrupt_owner);
    return driver;
}

void driver_nvme_attach(struct driver_nvme *driver, struct flow *flow)
{
    struct driver_nvme_function *f = &driver->functions[flow->function];
    flow->driver = f;
    CHECK(!f->rc || f->rc == flow->rc);
    if (f->rc)
        return;
    f->driver = driver;
    f->rc = flow->rc;
    f->bar_address = flow->bar_address;
    f->function = flow->function;
    f->traffic_class = flow->class->traffic_class;
    f->memory.queues_address = flow->buffer_address;
    f->memory.prp_list_address = flow->buffer_address + queues_bytes(driver->nvme);
    dev_nvme_attach(driver->nvme, f->function, f->traffic_class, &f->memory);
}
