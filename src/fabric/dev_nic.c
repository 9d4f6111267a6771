/* A frame to transmit comes from a driver's doorbell, goes to the line; one to receive comes from
 * the line, goes to the driver's memory and interrupt. */
#include "fabric/dev_nic_reset.h"

#include <inttypes.h>

enum { EV_ENGINE = EV_DEVICE, EV_LINE, EV_WRITE_BACK, EV_INTERRUPT }; /* a: direction or function */

static uint64_t now_of(const struct dev_nic *nic)
{
    return nic->ep->fabric->sim->now_ps;
}

static void later(struct dev_nic *nic, uint64_t at_ps, uint32_t kind, uint32_t a, uint64_t b)
{
    sim_at(nic->ep->fabric->sim, at_ps, PHASE_UPDATE, &nic->ep->component, kind, a, b);
}

/* The operation's function was reset since the device took it. */
static bool is_stale(const struct dev_nic *nic, const struct op *op)
{
    return op->resets != nic->functions[op->function].resets;
}

static uint64_t entry_address(const struct dev_nic *nic, uint32_t function, int direction,
                              uint32_t entry)
{
    uint64_t first = direction == NIC_RECEIVE ? nic->params.ring_entries : 0;
    return nic->functions[function].memory->rings_address +
           (first + entry) * nic->params.descriptor_bytes;
}

/* ---- interrupts ---- */

static void send_interrupt(struct dev_nic *nic, uint32_t function)
{
    struct nic_function *f = &nic->functions[function];
    uint64_t transmitted = f->queues[NIC_TRANSMIT].reported;
    uint64_t received = f->queues[NIC_RECEIVE].reported;
    f->queues[NIC_TRANSMIT].reported = 0;
    f->queues[NIC_RECEIVE].reported = 0;
    f->next_interrupt_ps = now_of(nic) + nic->params.moderation_ps;
    nic->counters.interrupts++;
    dev_start(nic->ep, &(struct dev_transfer){.kind = REQUEST_MSI,
                                              .function = (uint16_t)function,
                                              .traffic_class = f->traffic_class,
                                              .bytes = DEV_MSI_BYTES,
                                              .address = DEV_MSI_ADDRESS,
                                              .owner = nic->interrupt_owner,
                                              .context = transmitted << 32 | received});
}

/* Something was reported: interrupts now, or when the moderation interval has passed. */
static void raise_interrupt(struct dev_nic *nic, uint32_t function)
{
    struct nic_function *f = &nic->functions[function];
    if (f->resetting)
        return;
    if (now_of(nic) >= f->next_interrupt_ps) {
        send_interrupt(nic, function);
    } else if (!f->timer) {
        f->timer = true;
        later(nic, f->next_interrupt_ps, EV_INTERRUPT, function, 0);
    }
}

static void on_moderation_over(struct dev_nic *nic, uint32_t function)
{
    struct nic_function *f = &nic->functions[function];
    f->timer = false;
    if (f->queues[NIC_TRANSMIT].reported || f->queues[NIC_RECEIVE].reported)
        raise_interrupt(nic, function);
}

/* ---- write-back ---- */

static void write_back(struct dev_nic *nic, uint32_t function, int direction)
{
    struct nic_function *f = &nic->functions[function];
    struct nic_queue *queue = &f->queues[direction];
    queue->reported += queue->used;
    while (queue->used) {
        uint32_t entry = queue->written % nic->params.ring_entries;
        uint32_t n = queue->used;
        if (n > nic->params.ring_entries - entry)
            n = nic->params.ring_entries - entry;
        queue->used = (uint16_t)(queue->used - n);
        queue->written += n;
        dev_start(nic->ep,
                  &(struct dev_transfer){.kind = REQUEST_DMA_WRITE,
                                         .function = (uint16_t)function,
                                         .traffic_class = f->traffic_class,
                                         .bytes = n * nic->params.descriptor_bytes,
                                         .address = entry_address(nic, function, direction, entry),
                                         .owner = &nic->write_back_owner});
    }
    raise_interrupt(nic, function);
}

/* A descriptor has done its service. */
static void use_descriptor(struct dev_nic *nic, uint32_t function, int direction)
{
    struct nic_queue *queue = &nic->functions[function].queues[direction];
    if (!nic->functions[function].memory)
        return; /* it was reset meanwhile */
    if (++queue->used == nic->params.write_back_batch || !nic->params.write_back_timeout_ps) {
        write_back(nic, function, direction);
        return;
    }
    if (queue->used > 1)
        return;
    queue->write_back_due_ps = now_of(nic) + nic->params.write_back_timeout_ps;
    if (!queue->timer)
        later(nic, queue->write_back_due_ps, EV_WRITE_BACK, function, (uint64_t)direction);
    queue->timer = true;
}

/* One event serves the batch that waits now, though it may have been scheduled for one before that
 * filled in time. */
static void on_write_back_timer(struct dev_nic *nic, uint32_t function, int direction)
{
    struct nic_queue *queue = &nic->functions[function].queues[direction];
    queue->timer = false;
    if (!queue->used)
        return;
    if (queue->write_back_due_ps <= now_of(nic)) {
        write_back(nic, function, direction);
        return;
    }
    queue->timer = true;
    later(nic, queue->write_back_due_ps, EV_WRITE_BACK, function, (uint64_t)direction);
}

static void on_written_back(void *self, uint32_t at, struct request *request)
{
    (void)request;
    struct dev_nic *nic = self;
    request_give_back(&nic->ep->fabric->requests, at);
}

/* ---- descriptors ---- */

/* Fetches the next batch when there is one and the chip has room for it. */
static void fetch(struct dev_nic *nic, uint32_t function, int direction)
{
    const struct nic_function *f = &nic->functions[function];
    struct nic_queue *queue = &nic->functions[function].queues[direction];
    uint32_t on_chip = direction == NIC_TRANSMIT ? queue->engine.n : queue->on_chip;
    uint32_t entry;
    if (on_chip > nic->params.descriptor_batch || f->resetting)
        return;
    uint32_t n = dev_ring_begin_fetch(&queue->ring, nic->params.ring_entries,
                                      nic->params.descriptor_batch, &entry);
    if (n)
        dev_start(nic->ep,
                  &(struct dev_transfer){.kind = REQUEST_DMA_READ,
                                         .function = (uint16_t)function,
                                         .traffic_class = f->traffic_class,
                                         .bytes = n * nic->params.descriptor_bytes,
                                         .address = entry_address(nic, function, direction, entry),
                                         .owner = &nic->fetch_owner[direction]});
}

static bool has_room(const struct dev_nic *nic, int direction, uint32_t bytes)
{
    uint32_t used = nic->engines[direction].buffered_bytes;
    return !used || (uint64_t)used + bytes <= nic->params.buffer_bytes;
}

/* Whether the function has something that the engine could work on. */
static void update_engine_turn(struct dev_nic *nic, uint32_t function, int direction)
{
    const struct nic_queue *queue = &nic->functions[function].queues[direction];
    bool waits = queue->engine.n && (direction == NIC_TRANSMIT || queue->on_chip);
    dev_turns_set(&nic->engines[direction].turns, function, waits);
}

/* The engine knows where the frame's data are: moves them. */
static void start_data(struct dev_nic *nic, int direction)
{
    uint32_t index = nic->engines[direction].op;
    const struct op *op = op_get(nic->ops, index);
    uint32_t function = op->function;
    struct nic_function *f = &nic->functions[function];
    nic->engines[direction].op = 0;
    if (f->resetting || is_stale(nic, op)) {
        nic->engines[direction].buffered_bytes -= op->bytes;
        op_fail(nic->ops, index, LAT_DEVICE, now_of(nic));
        return;
    }
    if (direction == NIC_TRANSMIT)
        op_fifo_push(nic->ops, &f->queues[NIC_TRANSMIT].line, index);
    else
        op_fifo_push(nic->ops, &f->memory->received, index);
    dev_start(nic->ep, &(struct dev_transfer){.kind = direction == NIC_TRANSMIT ? REQUEST_DMA_READ
                                                                                : REQUEST_DMA_WRITE,
                                              .function = (uint16_t)function,
                                              .traffic_class = f->traffic_class,
                                              .bytes = op->bytes,
                                              .address = op->address,
                                              .owner = &nic->data_owner[direction],
                                              .context = index,
                                              .op = op});
    if (direction == NIC_RECEIVE)
        use_descriptor(nic, function, NIC_RECEIVE);
    fetch(nic, function, direction);
}

static void pump_engine(struct dev_nic *nic, int direction)
{
    struct nic_engine *engine = &nic->engines[direction];
    while (!engine->op) {
        int32_t next = dev_turns_next(&engine->turns);
        if (next == ARB_NONE)
            return;
        uint32_t function = (uint32_t)next;
        struct nic_queue *queue = &nic->functions[function].queues[direction];
        uint32_t bytes = op_get(nic->ops, queue->engine.head)->bytes;
        if (direction == NIC_TRANSMIT) {
            /* The others wait too, or small frames would keep a large one out for ever. */
            if (!has_room(nic, NIC_TRANSMIT, bytes))
                return;
            engine->buffered_bytes += bytes;
        } else {
            queue->on_chip--;
        }
        dev_turns_take(&engine->turns, function);
        engine->op = op_fifo_pop(nic->ops, &queue->engine);
        update_engine_turn(nic, function, direction);
        if (nic->params.processing_ps)
            later(nic, now_of(nic) + nic->params.processing_ps, EV_ENGINE, (uint32_t)direction, 0);
        else
            start_data(nic, direction);
    }
}

static void on_transmit_fetched(void *self, uint32_t at, struct request *request)
{
    struct dev_nic *nic = self;
    uint32_t function = request->function;
    struct nic_function *f = &nic->functions[function];
    struct nic_queue *queue = &f->queues[NIC_TRANSMIT];
    for (uint32_t n = dev_ring_end_fetch(&queue->ring); n; n--) {
        uint32_t index = op_fifo_pop(nic->ops, &f->memory->announced);
        struct op *op = op_get(nic->ops, index);
        op_step(op, request, LAT_DEVICE);
        op->failed |= request->status != TLP_SC;
        op->resets = f->resets;
        op_fifo_push(nic->ops, &queue->engine, index);
    }
    request_give_back(&nic->ep->fabric->requests, at);
    update_engine_turn(nic, function, NIC_TRANSMIT);
    fetch(nic, function, NIC_TRANSMIT);
    pump_engine(nic, NIC_TRANSMIT);
}

static void on_receive_fetched(void *self, uint32_t at, struct request *request)
{
    struct dev_nic *nic = self;
    uint32_t function = request->function;
    struct nic_queue *queue = &nic->functions[function].queues[NIC_RECEIVE];
    queue->on_chip = (uint16_t)(queue->on_chip + dev_ring_end_fetch(&queue->ring));
    request_give_back(&nic->ep->fabric->requests, at);
    update_engine_turn(nic, function, NIC_RECEIVE);
    fetch(nic, function, NIC_RECEIVE);
    pump_engine(nic, NIC_RECEIVE);
}

/* ---- line ---- */

__extension__ typedef unsigned __int128 wide;

/* Puts a frame of @bytes on the line behind the one before, and not so early that it would end
 * before @earliest_end_ps or begin before @earliest_ps; returns its end. */
static uint64_t occupy_line(const struct dev_nic *nic, struct nic_line *line, uint32_t bytes,
                            uint64_t earliest_ps, uint64_t earliest_end_ps)
{
    const uint64_t ps_per_s = 1000000000000U;
    if (line->free_ps < earliest_ps) {
        line->free_ps = earliest_ps;
        line->rest = 0;
    }
    wide bit_ps = (wide)((uint64_t)bytes + nic->params.frame_gap_bytes) * 8 * ps_per_s + line->rest;
    line->free_ps += (uint64_t)(bit_ps / nic->params.line_bps);
    line->rest = (uint64_t)(bit_ps % nic->params.line_bps);
    if (line->free_ps < earliest_end_ps) {
        line->free_ps = earliest_end_ps;
        line->rest = 0;
    }
    return line->free_ps;
}

/* Takes the next frame off its function's queue. */
static uint32_t next_frame(struct dev_nic *nic, int direction)
{
    struct nic_line *line = &nic->lines[direction];
    int32_t next = dev_turns_next(&line->turns);
    if (next == ARB_NONE)
        return 0;
    uint32_t function = (uint32_t)next;
    struct op_fifo *fifo = &nic->functions[function].queues[direction].line;
    dev_turns_take(&line->turns, function);
    uint32_t index = op_fifo_pop(nic->ops, fifo);
    bool ready = fifo->head && (direction == NIC_RECEIVE || op_get(nic->ops, fifo->head)->moved);
    dev_turns_set(&line->turns, function, ready);
    return index;
}

static void pump_transmit_line(struct dev_nic *nic)
{
    struct nic_line *line = &nic->lines[NIC_TRANSMIT];
    if (line->op)
        return;
    line->op = next_frame(nic, NIC_TRANSMIT);
    if (!line->op)
        return;
    uint32_t bytes = op_get(nic->ops, line->op)->bytes;
    later(nic, occupy_line(nic, line, bytes, now_of(nic), 0), EV_LINE, NIC_TRANSMIT, 0);
}

static void count_frame(struct dev_nic *nic, int direction, uint32_t bytes)
{
    nic->counters.frames[direction]++;
    nic->counters.bytes[direction] += bytes;
}

/* The last bit is on the line: the operation has ended. */
static void on_transmitted(struct dev_nic *nic)
{
    uint32_t index = nic->lines[NIC_TRANSMIT].op;
    struct op *op = op_get(nic->ops, index);
    uint32_t function = op->function;
    nic->lines[NIC_TRANSMIT].op = 0;
    nic->engines[NIC_TRANSMIT].buffered_bytes -= op->bytes;
    count_frame(nic, NIC_TRANSMIT, op->bytes);
    CHECK(op->moved);
    bool stale = is_stale(nic, op);
    op->failed |= stale;
    op_spend(op, LAT_DEVICE, now_of(nic));
    op_end(nic->ops, index);
    if (!stale)
        use_descriptor(nic, function, NIC_TRANSMIT);
    pump_transmit_line(nic);
    pump_engine(nic, NIC_TRANSMIT);
}

static void on_transmit_data(void *self, uint32_t at, struct request *request)
{
    struct dev_nic *nic = self;
    uint32_t index = (uint32_t)request->context;
    struct op *op = op_get(nic->ops, index);
    op_step(op, request, LAT_DEVICE);
    op->failed |= request->status != TLP_SC;
    op->moved = true;
    request_give_back(&nic->ep->fabric->requests, at);
    /* Reads may end out of order, frames leave in order. */
    if (nic->functions[op->function].queues[NIC_TRANSMIT].line.head == index)
        dev_turns_set(&nic->lines[NIC_TRANSMIT].turns, op->function, true);
    pump_transmit_line(nic);
}

static void on_receive_data(void *self, uint32_t at, struct request *request)
{
    struct dev_nic *nic = self;
    struct op *op = op_get(nic->ops, (uint32_t)request->context);
    op_step(op, request, LAT_DEVICE);
    op->failed |= request->status != TLP_SC;
    op->moved = true;
    nic->engines[NIC_RECEIVE].buffered_bytes -= op->bytes;
    if (is_stale(nic, op))
        op_fail(nic->ops, (uint32_t)request->context, LAT_DEVICE, now_of(nic));
    request_give_back(&nic->ep->fabric->requests, at);
}

/* The last bit of a frame has arrived. */
static void take_frame(struct dev_nic *nic, uint32_t index)
{
    struct op *op = op_get(nic->ops, index);
    uint32_t function = op->function;
    struct nic_queue *queue = &nic->functions[function].queues[NIC_RECEIVE];
    uint32_t descriptors = queue->on_chip + queue->ring.fetching + queue->ring.available;
    bool no_descriptor = is_stale(nic, op) || queue->engine.n >= descriptors;
    count_frame(nic, NIC_RECEIVE, op->bytes);
    op_spend(op, LAT_SOURCE, now_of(nic));
    if (no_descriptor || !has_room(nic, NIC_RECEIVE, op->bytes)) {
        nic->counters.dropped_no_descriptor += no_descriptor;
        nic->counters.dropped_no_room += !no_descriptor;
        op->failed = true;
        op_end(nic->ops, index);
        return;
    }
    nic->engines[NIC_RECEIVE].buffered_bytes += op->bytes;
    op_fifo_push(nic->ops, &queue->engine, index);
    update_engine_turn(nic, function, NIC_RECEIVE);
    pump_engine(nic, NIC_RECEIVE);
}

static void pump_receive_line(struct dev_nic *nic)
{
    struct nic_line *line = &nic->lines[NIC_RECEIVE];
    while (!line->op) {
        uint32_t index = next_frame(nic, NIC_RECEIVE);
        if (!index)
            return;
        uint32_t bytes = op_get(nic->ops, index)->bytes;
        uint64_t end_ps = occupy_line(nic, line, bytes, 0, now_of(nic));
        if (end_ps == now_of(nic)) {
            take_frame(nic, index);
        } else {
            line->op = index;
            later(nic, end_ps, EV_LINE, NIC_RECEIVE, 0);
        }
    }
}

static void on_arrived(struct dev_nic *nic)
{
    uint32_t index = nic->lines[NIC_RECEIVE].op;
    nic->lines[NIC_RECEIVE].op = 0;
    take_frame(nic, index);
    pump_receive_line(nic);
}

void dev_nic_receive(struct dev_nic *nic, uint32_t index)
{
    struct op *op = op_get(nic->ops, index);
    uint16_t function = op->function;
    op->resets = nic->functions[function].resets;
    op_fifo_push(nic->ops, &nic->functions[function].queues[NIC_RECEIVE].line, index);
    dev_turns_set(&nic->lines[NIC_RECEIVE].turns, function, true);
    pump_receive_line(nic);
}

/* ---- what the endpoint calls ---- */

static void on_register_write(struct endpoint *ep, uint16_t function, uint64_t offset,
                              uint32_t value)
{
    struct dev_nic *nic = ep->params.device;
    struct nic_function *f = &nic->functions[function];
    if (!f->memory)
        return;
    if (offset == NIC_TRANSMIT_TAIL) {
        struct dev_ring *ring = &f->queues[NIC_TRANSMIT].ring;
        dev_ring_announce(ring, value, f->memory->announced.n - ring->fetching);
        fetch(nic, function, NIC_TRANSMIT);
    } else if (offset == NIC_RECEIVE_TAIL) {
        dev_ring_announce(&f->queues[NIC_RECEIVE].ring, value, nic->params.ring_entries - 1);
        fetch(nic, function, NIC_RECEIVE);
    }
}

static void on_event(struct endpoint *ep, const struct event *event)
{
    struct dev_nic *nic = ep->params.device;
    switch (event->kind) {
    case EV_ENGINE:
        start_data(nic, (int)event->a);
        pump_engine(nic, (int)event->a);
        return;
    case EV_LINE:
        if (event->a == NIC_TRANSMIT)
            on_transmitted(nic);
        else
            on_arrived(nic);
        return;
    case EV_WRITE_BACK:
        on_write_back_timer(nic, event->a, (int)event->b);
        return;
    case EV_INTERRUPT:
        on_moderation_over(nic, event->a);
        return;
    default:
        CHECK(false);
    }
}

static void report(const struct endpoint *ep, FILE *out)
{
    const struct dev_nic *nic = ep->params.device;
    static const char *const names[NIC_DIRECTIONS] = {"transmit", "receive"};
    for (int d = 0; d < NIC_DIRECTIONS; d++)
        if (nic->engines[d].turns.n || nic->lines[d].turns.n || nic->engines[d].buffered_bytes)
            fprintf(out,
                    "%s: %s: %" PRIu32 " functions wait for the descriptor engine, %" PRIu32
                    " for the line; %" PRIu32 " bytes are buffered\n",
                    ep->component.name, names[d], nic->engines[d].turns.n, nic->lines[d].turns.n,
                    nic->engines[d].buffered_bytes);
}

/* ---- reset ---- */

static void on_reset(struct endpoint *ep, uint16_t function, bool begin)
{
    struct dev_nic *nic = ep->params.device;
    nic->functions[function].resetting = true;
    if (begin)
        return;
    dev_nic_forget(nic, function);
    for (int d = 0; d < NIC_DIRECTIONS; d++)
        pump_engine(nic, d); /* the buffer has room again */
}

const struct device_ops dev_nic_ops = {on_register_write, on_event, report, on_reset};

/* ---- life cycle ---- */

static size_t round_up(size_t bytes)
{
    return (bytes + 63) & ~(size_t)63;
}

static size_t bitmap_bytes(uint32_t n_functions)
{
    return round_up(dev_turns_words(n_functions) * sizeof(uint64_t));
}

size_t dev_nic_memory_bytes(uint32_t n_functions)
{
    return round_up(sizeof(struct dev_nic)) +
           round_up((size_t)n_functions * sizeof(struct nic_function)) +
           2 * (size_t)NIC_DIRECTIONS * bitmap_bytes(n_functions);
}

struct dev_nic *dev_nic_init(void *memory, struct endpoint *ep, uint32_t n_functions,
                             const struct dev_nic_params *params, struct op_pool *ops)
{
    struct dev_nic *nic = memory;
    char *at = (char *)memory + round_up(sizeof *nic);
    CHECK(params->line_bps > 0 && params->ring_entries > 1 && params->descriptor_batch > 0 &&
          params->write_back_batch > 0);
    nic->ep = ep;
    nic->params = *params;
    nic->ops = ops;
    nic->functions = (void *)at;
    at += round_up((size_t)n_functions * sizeof(struct nic_function));
    for (int d = 0; d < NIC_DIRECTIONS; d++) {
        dev_turns_init(&nic->engines[d].turns, n_functions, (void *)at);
        at += bitmap_bytes(n_functions);
        dev_turns_init(&nic->lines[d].turns, n_functions, (void *)at);
        at += bitmap_bytes(n_functions);
    }
    nic->fetch_owner[NIC_TRANSMIT] = (struct request_owner){on_transmit_fetched, nic};
    nic->fetch_owner[NIC_RECEIVE] = (struct request_owner){on_receive_fetched, nic};
    nic->data_owner[NIC_TRANSMIT] = (struct request_owner){on_transmit_data, nic};
    nic->data_owner[NIC_RECEIVE] = (struct request_owner){on_receive_data, nic};
    nic->write_back_owner = (struct request_owner){on_written_back, nic};
    return nic;
}

void dev_nic_set_interrupt_owner(struct dev_nic *nic, const struct request_owner *owner)
{
    nic->interrupt_owner = owner;
}

void dev_nic_attach(struct dev_nic *nic, uint16_t function, uint8_t traffic_class,
                    struct nic_memory *memory)
{
    struct nic_function *f = &nic->functions[function];
    struct nic_queue *receive = &f->queues[NIC_RECEIVE];
    uint32_t posted = nic->params.ring_entries - 1;
    uint32_t on_chip =
        posted < nic->params.descriptor_batch ? posted : nic->params.descriptor_batch;
    if (f->memory)
        return; /* not reset since the driver before: it goes on with what it has */
    f->memory = memory;
    f->traffic_class = traffic_class;
    receive->ring.fetched = on_chip;
    receive->ring.available = posted - on_chip;
    receive->on_chip = (uint16_t)on_chip;
}
