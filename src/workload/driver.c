/* An operation comes from a driver's submit function, goes to traffic_finish. */
#include "workload/driver.h"

#include <string.h>

enum { CONTEXT_NUMBER_SHIFT = 16, CONTEXT_NEWS_SHIFT = 32, DOORBELL_BYTES = 4 };

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
    op->address = f->buffer_address;
    if (ops->in_use == ops->capacity) {
        traffic->overflowed = true;
        sim_stop(traffic->fabric->sim);
    }
    return index;
}

void driver_ring(struct root_complex *rc, const struct driver_bell *bell, uint32_t *latest)
{
    struct request_pool *requests = &rc->fabric->requests;
    uint64_t news = (uint64_t)bell->news << CONTEXT_NEWS_SHIFT;
    /* A request has nothing to arrive before it is issued. */
    if (*latest && request_get(requests, *latest)->to_arrive == 0) {
        request_get(requests, *latest)->value = bell->value;
        request_get(requests, *latest)->context += news;
        return;
    }
    uint32_t at = request_take(requests);
    struct request *request = request_get(requests, at);
    request->kind = REQUEST_MMIO_WRITE;
    request->born_ps = rc->fabric->sim->now_ps;
    request->address = bell->address;
    request->bytes = DOORBELL_BYTES;
    request->value = bell->value;
    request->function = bell->function;
    request->traffic_class = bell->traffic_class;
    request->owner = bell->owner;
    request->context = news | (uint64_t)bell->number << CONTEXT_NUMBER_SHIFT | bell->function;
    *latest = at;
    root_complex_mmio(rc, at);
}

struct driver_rung driver_rung_of(const struct request *request)
{
    return (struct driver_rung){
        .news = (uint32_t)(request->context >> CONTEXT_NEWS_SHIFT),
        .function = (uint16_t)request->context,
        .number = (uint8_t)(request->context >> CONTEXT_NUMBER_SHIFT),
    };
}
