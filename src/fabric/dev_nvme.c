/* A command comes from a driver's doorbell, goes to the flash and back to the driver's interrupt.
 */
#include "fabric/dev_nvme.h"

#include <inttypes.h>

enum { EV_PROCESSED = EV_DEVICE, EV_FLASH_DONE };

enum { PRP_ENTRIES_IN_COMMAND = 2 }; /* more pages than that need a list */

static uint64_t now_of(const struct dev_nvme *nvme)
{
    return nvme->ep->fabric->sim->now_ps;
}

static void later(struct dev_nvme *nvme, uint64_t at_ps, uint32_t kind, uint32_t a)
{
    sim_at(nvme->ep->fabric->sim, at_ps, PHASE_UPDATE, &nvme->ep->component, kind, a, 0);
}

/* The operation's function is being reset, or was since the device took it. */
static bool is_dead(const struct dev_nvme *nvme, const struct op *op)
{
    const struct nvme_function *f = &nvme->functions[op->function];
    return f->resetting || op->resets != f->resets;
}

static void start(struct dev_nvme *nvme, uint32_t function, const struct dev_transfer *what)
{
    struct dev_transfer transfer = *what;
    transfer.function = (uint16_t)function;
    transfer.traffic_class = nvme->functions[function].traffic_class;
    dev_start(nvme->ep, &transfer);
}

static uint32_t blocks_bytes(const struct dev_nvme *nvme, const struct op *op)
{
    uint32_t block_bytes = nvme->params.block_bytes;
    return (op->bytes + block_bytes - 1) / block_bytes * block_bytes;
}

/* A request of @op has ended. */
static struct op *end_step(struct dev_nvme *nvme, uint32_t index, const struct request *request)
{
    struct op *op = op_get(nvme->ops, index);
    op_step(op, request, LAT_DEVICE);
    op->failed |= request->status != TLP_SC;
    return op;
}

/* ---- completions ---- */

/* Completes what the completion queue has room for, with an interrupt each. */
static void pump_completions(struct dev_nvme *nvme, uint32_t function)
{
    struct nvme_function *f = &nvme->functions[function];
    uint32_t entries = nvme->params.queue_entries;
    while (!f->resetting && f->for_room.n &&
           f->completion_tail - f->completion_head < entries - 1) {
        uint64_t entry = f->completion_tail++ % entries;
        uint64_t address = f->memory->queues_address + (uint64_t)entries * NVME_COMMAND_BYTES +
                           entry * NVME_COMPLETION_BYTES;
        op_fifo_push(nvme->ops, &f->memory->completed, op_fifo_pop(nvme->ops, &f->for_room));
        start(nvme, function,
              &(struct dev_transfer){.kind = REQUEST_DMA_WRITE,
                                     .bytes = NVME_COMPLETION_BYTES,
                                     .address = address,
                                     .owner = &nvme->completion_owner});
        nvme->counters.interrupts++;
        start(nvme, function,
              &(struct dev_transfer){.kind = REQUEST_MSI,
                                     .bytes = DEV_MSI_BYTES,
                                     .address = DEV_MSI_ADDRESS,
                                     .owner = nvme->interrupt_owner,
                                     .context = 1});
    }
}

static void on_completion_written(void *self, uint32_t at, struct request *request)
{
    (void)request;
    struct dev_nvme *nvme = self;
    request_give_back(&nvme->ep->fabric->requests, at);
}

/* ---- data and flash ---- */

static void move_data(struct dev_nvme *nvme, uint32_t index, enum request_kind kind)
{
    const struct op *op = op_get(nvme->ops, index);
    start(nvme, op->function,
          &(struct dev_transfer){.kind = kind,
                                 .bytes = blocks_bytes(nvme, op),
                                 .address = op->address,
                                 .owner = &nvme->data_owner,
                                 .context = index,
                                 .op = op});
}

/* The flash has served the command: its channel is free. */
static void leave_flash(struct dev_nvme *nvme, uint32_t index)
{
    const struct op *op = op_get(nvme->ops, index);
    uint32_t function = op->function;
    nvme->channels_busy--;
    if (is_dead(nvme, op)) {
        op_fail(nvme->ops, index, LAT_DEVICE, now_of(nvme));
        return;
    }
    nvme->counters.commands[op->kind]++;
    nvme->counters.bytes[op->kind] += blocks_bytes(nvme, op);
    if (op->kind == NVME_READ)
        move_data(nvme, index, REQUEST_DMA_WRITE);
    op_fifo_push(nvme->ops, &nvme->functions[function].for_room, index);
    pump_completions(nvme, function);
}

static void pump_flash(struct dev_nvme *nvme)
{
    while (nvme->channels_busy < nvme->params.channels) {
        int32_t next = dev_turns_next(&nvme->flash);
        if (next == ARB_NONE)
            return;
        uint32_t function = (uint32_t)next;
        struct op_fifo *fifo = &nvme->functions[function].for_channel;
        uint32_t index = op_fifo_pop(nvme->ops, fifo);
        dev_turns_take(&nvme->flash, function);
        dev_turns_set(&nvme->flash, function, fifo->n > 0);
        nvme->channels_busy++;
        bool is_read = op_get(nvme->ops, index)->kind == NVME_READ;
        uint64_t flash_ps =
            dist_sample(is_read ? nvme->params.read_ps : nvme->params.write_ps, &nvme->rng);
        if (flash_ps)
            later(nvme, now_of(nvme) + flash_ps, EV_FLASH_DONE, index);
        else
            leave_flash(nvme, index);
    }
}

static void enter_flash(struct dev_nvme *nvme, uint32_t index)
{
    uint32_t function = op_get(nvme->ops, index)->function;
    op_fifo_push(nvme->ops, &nvme->functions[function].for_channel, index);
    dev_turns_set(&nvme->flash, function, true);
    pump_flash(nvme);
}

static void on_data(void *self, uint32_t at, struct request *request)
{
    struct dev_nvme *nvme = self;
    uint32_t index = (uint32_t)request->context;
    struct op *op = end_step(nvme, index, request);
    op->moved = true;
    request_give_back(&nvme->ep->fabric->requests, at);
    /* A read's command is also in a queue of its function, until a reset has emptied that. */
    bool alone = op->kind == NVME_WRITE || op->resets != nvme->functions[op->function].resets;
    if (alone && is_dead(nvme, op))
        op_fail(nvme->ops, index, LAT_DEVICE, now_of(nvme));
    else if (op->kind == NVME_WRITE)
        enter_flash(nvme, index);
}

/* ---- commands ---- */

/* The controller knows where all of the command's data are. */
static void serve(struct dev_nvme *nvme, uint32_t index)
{
    const struct op *op = op_get(nvme->ops, index);
    if (is_dead(nvme, op))
        op_fail(nvme->ops, index, LAT_DEVICE, now_of(nvme));
    else if (op->kind == NVME_WRITE)
        move_data(nvme, index, REQUEST_DMA_READ);
    else
        enter_flash(nvme, index);
}

static void on_prp_list(void *self, uint32_t at, struct request *request)
{
    struct dev_nvme *nvme = self;
    uint32_t index = (uint32_t)request->context;
    end_step(nvme, index, request);
    request_give_back(&nvme->ep->fabric->requests, at);
    serve(nvme, index);
}

/* Memory pages that the command's data lie in. */
static uint32_t pages_of(const struct dev_nvme *nvme, const struct op *op)
{
    uint32_t page_bytes = nvme->params.page_bytes;
    uint64_t offset = op->address % page_bytes;
    return (uint32_t)((offset + blocks_bytes(nvme, op) + page_bytes - 1) / page_bytes);
}

static void on_processed(struct dev_nvme *nvme, uint32_t index)
{
    const struct op *op = op_get(nvme->ops, index);
    if (is_dead(nvme, op)) {
        op_fail(nvme->ops, index, LAT_DEVICE, now_of(nvme));
        return;
    }
    uint32_t pages = pages_of(nvme, op);
    if (pages <= PRP_ENTRIES_IN_COMMAND) {
        serve(nvme, index);
        return;
    }
    start(nvme, op->function,
          &(struct dev_transfer){
              .kind = REQUEST_DMA_READ,
              .bytes = (pages - 1) * NVME_PRP_BYTES, /* the command holds the first page's entry */
              .address = nvme->functions[op->function].memory->prp_list_address,
              .owner = &nvme->prp_owner,
              .context = index,
              .op = op});
}

/* All take equally long: they leave in the order in which they came, processing_ps after the end of
 * their fetch, which is where their account stands. */
static void pump_processing(struct dev_nvme *nvme)
{
    while (nvme->processing.head) {
        const struct op *op = op_get(nvme->ops, nvme->processing.head);
        uint64_t done_ps = op->at_ps + nvme->params.processing_ps;
        if (done_ps > now_of(nvme)) {
            if (!nvme->processing_event)
                later(nvme, done_ps, EV_PROCESSED, 0);
            nvme->processing_event = true;
            return;
        }
        on_processed(nvme, op_fifo_pop(nvme->ops, &nvme->processing));
    }
}

static void fetch(struct dev_nvme *nvme, uint32_t function)
{
    struct nvme_function *f = &nvme->functions[function];
    uint32_t first;
    if (f->resetting)
        return;
    uint32_t n =
        dev_ring_begin_fetch(&f->submission, nvme->params.queue_entries, NVME_FETCH_BATCH, &first);
    if (n)
        start(nvme, function,
              &(struct dev_transfer){.kind = REQUEST_DMA_READ,
                                     .bytes = n * NVME_COMMAND_BYTES,
                                     .address = f->memory->queues_address +
                                                (uint64_t)first * NVME_COMMAND_BYTES,
                                     .owner = &nvme->fetch_owner});
}

static void on_fetched(void *self, uint32_t at, struct request *request)
{
    struct dev_nvme *nvme = self;
    uint32_t function = request->function;
    struct nvme_function *f = &nvme->functions[function];
    for (uint32_t n = dev_ring_end_fetch(&f->submission); n; n--) {
        uint32_t index = op_fifo_pop(nvme->ops, &f->memory->announced);
        end_step(nvme, index, request)->resets = f->resets;
        op_fifo_push(nvme->ops, &nvme->processing, index);
    }
    request_give_back(&nvme->ep->fabric->requests, at);
    fetch(nvme, function);
    pump_processing(nvme);
}

/* ---- what the endpoint calls ---- */

static void on_register_write(struct endpoint *ep, uint16_t function, uint64_t offset,
                              uint32_t value)
{
    struct dev_nvme *nvme = ep->params.device;
    struct nvme_function *f = &nvme->functions[function];
    if (!f->memory)
        return;
    if (offset == NVME_SUBMISSION_TAIL) {
        dev_ring_announce(&f->submission, value, f->memory->announced.n - f->submission.fetching);
        fetch(nvme, function);
    } else if (offset == NVME_COMPLETION_HEAD) {
        f->completion_head = value;
        pump_completions(nvme, function);
    }
}

static void on_event(struct endpoint *ep, const struct event *event)
{
    struct dev_nvme *nvme = ep->params.device;
    switch (event->kind) {
    case EV_PROCESSED:
        nvme->processing_event = false;
        pump_processing(nvme);
        return;
    case EV_FLASH_DONE:
        leave_flash(nvme, event->a);
        pump_flash(nvme);
        return;
    default:
        CHECK(false);
    }
}

static void report(const struct endpoint *ep, FILE *out)
{
    const struct dev_nvme *nvme = ep->params.device;
    if (nvme->processing.n || nvme->channels_busy || nvme->flash.n)
        fprintf(out,
                "%s: %" PRIu32 " commands are processed, %" PRIu32 " of %" PRIu32
                " flash channels are busy, %" PRIu32 " functions wait for one\n",
                ep->component.name, nvme->processing.n, nvme->channels_busy, nvme->params.channels,
                nvme->flash.n);
}

/* ---- reset ---- */

/* Commands that the flash has served: those whose data are on their way to memory end when these
 * have arrived. */
static void fail_served(const struct dev_nvme *nvme, struct op_fifo *fifo)
{
    while (fifo->n) {
        uint32_t index = op_fifo_pop(nvme->ops, fifo);
        if (op_get(nvme->ops, index)->moved)
            op_fail(nvme->ops, index, LAT_DEVICE, now_of(nvme));
    }
}

static void forget(struct dev_nvme *nvme, uint32_t function)
{
    struct nvme_function *f = &nvme->functions[function];
    op_fifo_fail(nvme->ops, &f->for_channel, LAT_DEVICE, now_of(nvme));
    dev_turns_set(&nvme->flash, function, false);
    fail_served(nvme, &f->for_room);
    if (f->memory) {
        op_fifo_fail(nvme->ops, &f->memory->announced, LAT_DEVICE, now_of(nvme));
        fail_served(nvme, &f->memory->completed);
    }
    *f = (struct nvme_function){.resets = (uint8_t)(f->resets + 1)};
}

static void on_reset(struct endpoint *ep, uint16_t function, bool begin)
{
    struct dev_nvme *nvme = ep->params.device;
    nvme->functions[function].resetting = true;
    if (!begin)
        forget(nvme, function);
}

const struct device_ops dev_nvme_ops = {on_register_write, on_event, report, on_reset};

/* ---- life cycle ---- */

static size_t round_up(size_t bytes)
{
    return (bytes + 63) & ~(size_t)63;
}

size_t dev_nvme_memory_bytes(uint32_t n_functions)
{
    return round_up(sizeof(struct dev_nvme)) +
           round_up((size_t)n_functions * sizeof(struct nvme_function)) +
           round_up(dev_turns_words(n_functions) * sizeof(uint64_t));
}

struct dev_nvme *dev_nvme_init(void *memory, struct endpoint *ep, uint32_t n_functions,
                               const struct dev_nvme_params *params, struct op_pool *ops)
{
    struct dev_nvme *nvme = memory;
    char *at = (char *)memory + round_up(sizeof *nvme);
    CHECK(params->queue_entries > 1 && params->block_bytes > 0 && params->page_bytes > 0 &&
          params->channels > 0);
    nvme->ep = ep;
    nvme->params = *params;
    nvme->ops = ops;
    nvme->functions = (void *)at;
    at += round_up((size_t)n_functions * sizeof(struct nvme_function));
    dev_turns_init(&nvme->flash, n_functions, (void *)at);
    rng_init(&nvme->rng, params->seed, params->name);
    nvme->fetch_owner = (struct request_owner){on_fetched, nvme};
    nvme->prp_owner = (struct request_owner){on_prp_list, nvme};
    nvme->data_owner = (struct request_owner){on_data, nvme};
    nvme->completion_owner = (struct request_owner){on_completion_written, nvme};
    return nvme;
}

void dev_nvme_set_interrupt_owner(struct dev_nvme *nvme, const struct request_owner *owner)
{
    nvme->interrupt_owner = owner;
}

void dev_nvme_attach(struct dev_nvme *nvme, uint16_t function, uint8_t traffic_class,
                     struct nvme_memory *memory)
{
    struct nvme_function *f = &nvme->functions[function];
    if (f->memory)
        return; /* not reset since the driver before: it goes on with what it has */
    f->memory = memory;
    f->traffic_class = traffic_class;
}
