/* An operation comes from a driver's submit function, goes to traffic_finish. */
#include "workload/driver.h"

#include <string.h>

/* A doorbell's context: function, bell, attachment, news. */
enum {
    CONTEXT_NUMBER_SHIFT = 16,
    CONTEXT_ATTACHMENT_SHIFT = 24,
    CONTEXT_NEWS_SHIFT = 32,
    DOORBELL_BYTES = 4
};

static void on_end(void *self, const struct op *op)
{
    struct op_record record = {
        .born_ps = op->born_ps,
        .done_ps = op->at_ps,
        .flow = op->flow,
        .bytes = op->bytes,
        .failed = op->failed,
    };
    memcpy(record.part_ps, op->part_ps, sizeof record.part_ps);
    traffic_finish(self, &record);
}

bool driver_ops_init(struct op_pool *ops, uint32_t capacity, struct traffic *traffic)
{
    if (!op_pool_init(ops, capacity))
        return false;
    ops->on_end = on_end;
    ops->self = traffic;
    return true;
}

uint32_t driver_begin(struct traffic *traffic, struct op_pool *ops, uint32_t flow, uint64_t born_ps,
                      uint32_t bytes)
{
    const struct flow *f = &traffic->flows[flow];
    uint32_t index = op_take(ops, born_ps);
    struct op *op = op_get(ops, index);
    op->flow = flow;
    op->bytes = bytes;
    op->function = f->function;
    op->user = endpoint_user(f->ep, f->function);
    op->address = f->buffer_address;
    if (ops->in_use == ops->capacity) {
        traffic->overflowed = true;
        sim_stop(traffic->fabric->sim);
    }
    return index;
}

/* ---- doorbells ---- */

static uint64_t bell_context(const struct driver_function *f, enum driver_bell bell)
{
    return (uint64_t)f->attachment << CONTEXT_ATTACHMENT_SHIFT |
           (uint64_t)bell << CONTEXT_NUMBER_SHIFT | f->function;
}

uint16_t driver_rung_function(const struct request *request)
{
    return (uint16_t)request->context;
}

/* Writes the doorbell for @news entries more. If the write before is still waiting for its turn at
 * the CPU, it takes the new value along instead: software computes the value when it gets there. */
static void ring_bell(struct driver_function *f, enum driver_bell bell, uint32_t news)
{
    struct root_complex *rc = f->rc;
    struct request_pool *requests = &rc->fabric->requests;
    uint64_t added = (uint64_t)news << CONTEXT_NEWS_SHIFT;
    f->count[bell] += news;
    /* A request has nothing to arrive before it is issued. */
    if (f->bell[bell] && request_get(requests, f->bell[bell])->to_arrive == 0) {
        request_get(requests, f->bell[bell])->value = f->count[bell];
        request_get(requests, f->bell[bell])->context += added;
        return;
    }
    uint32_t at = request_take(requests);
    struct request *request = request_get(requests, at);
    request->kind = REQUEST_MMIO_WRITE;
    request->born_ps = rc->fabric->sim->now_ps;
    request->address = f->bar_address + f->device->registers[bell];
    request->bytes = DOORBELL_BYTES;
    request->value = f->count[bell];
    request->function = f->function;
    request->traffic_class = f->traffic_class;
    request->owner = &f->device->bell_owner;
    request->context = bell_context(f, bell) | added;
    f->bell[bell] = at;
    root_complex_mmio(rc, at);
}

void driver_return(struct driver_function *f, uint32_t entries)
{
    ring_bell(f, DRIVER_BELL_RETURN, entries);
}

/* ---- the ring ---- */

/* Moves what waits into the ring. */
static void fill_ring(struct driver_function *f)
{
    struct op_pool *ops = f->device->ops;
    uint32_t news = 0;
    for (; f->waiting.n && f->in_ring < f->device->entries - 1; news++) {
        op_fifo_push(ops, &f->unannounced, op_fifo_pop(ops, &f->waiting));
        f->in_ring++;
    }
    if (news)
        ring_bell(f, DRIVER_BELL_SUBMIT, news);
}

void driver_submit(struct driver_function *f, uint32_t op)
{
    op_fifo_push(f->device->ops, &f->waiting, op);
    fill_ring(f);
}

void driver_free_entries(struct driver_function *f, uint32_t entries)
{
    f->in_ring -= entries < f->in_ring ? entries : f->in_ring;
    fill_ring(f);
}

/* The device knows of @news operations more; or, if the doorbell was refused, never will. */
static void announce(struct driver_function *f, const struct request *bell, uint32_t news,
                     struct op_fifo *announced)
{
    struct op_pool *ops = f->device->ops;
    bool refused = bell->status != TLP_SC;
    for (uint32_t i = 0; i < news; i++) {
        uint32_t index = op_fifo_pop(ops, &f->unannounced);
        struct op *op = op_get(ops, index);
        op_step(op, bell, LAT_SOURCE);
        if (refused) {
            op->failed = true;
            op_end(ops, index);
        } else {
            op_fifo_push(ops, announced, index);
        }
    }
    if (!refused)
        return;
    f->count[DRIVER_BELL_SUBMIT] -= news;
    driver_free_entries(f, news);
}

void driver_rang(struct driver_function *f, uint32_t at, const struct request *request,
                 struct op_fifo *announced)
{
    uint8_t bell = (uint8_t)(request->context >> CONTEXT_NUMBER_SHIFT);
    bool is_current =
        f->rc && f->attachment == (uint8_t)(request->context >> CONTEXT_ATTACHMENT_SHIFT);
    if (is_current && f->bell[bell] == at)
        f->bell[bell] = 0;
    /* What could not be given back is told again by the next doorbell, which has the whole count.
     */
    if (is_current && bell == DRIVER_BELL_SUBMIT)
        announce(f, request, (uint32_t)(request->context >> CONTEXT_NEWS_SHIFT), announced);
    request_give_back(f->device->requests, at);
}

uint32_t driver_reap(const struct driver_function *f, const struct request *request,
                     struct op_fifo *finished, uint32_t n)
{
    struct op_pool *ops = f->device->ops;
    for (uint32_t i = 0; i < n; i++) {
        /* Without data: the interrupt is one of before driver_detach. */
        if (!finished->head || !op_get(ops, finished->head)->moved)
            return i;
        uint32_t index = op_fifo_pop(ops, finished);
        struct op *op = op_get(ops, index);
        op_step(op, request, LAT_DEVICE);
        op->failed |= request->status != TLP_SC || !f->rc;
        op_end(ops, index);
    }
    return n;
}

void driver_detach(struct driver_function *f)
{
    uint64_t now_ps = f->rc->fabric->sim->now_ps;
    op_fifo_fail(f->device->ops, &f->waiting, LAT_SOURCE, now_ps);
    op_fifo_fail(f->device->ops, &f->unannounced, LAT_SOURCE, now_ps);
    memset(f->count, 0, sizeof f->count);
    memset(f->bell, 0, sizeof f->bell);
    f->in_ring = 0;
    f->rc = NULL;
}

bool driver_attach(struct driver_function *f, struct driver_device *device, struct flow *flow)
{
    flow->driver = f;
    CHECK(!f->rc || f->rc == flow->rc);
    if (f->rc)
        return false;
    f->attachment++;
    f->device = device;
    f->rc = flow->rc;
    f->bar_address = flow->bar_address;
    f->function = flow->function;
    f->traffic_class = flow->class->traffic_class;
    return true;
}
