/* An operation comes from a flow's arrival process, goes to endpoint.c, root_complex.c or a driver.
 */
#include "workload/traffic.h"

#include <string.h>

/* Share of the pools that is left to what the operations under way still need. */
enum { SPARE_SHARE = 16 };

/* ---- direct operations
 * ------------------------------------------------------------------------------------------- */

static uint32_t new_request(struct traffic *traffic, uint32_t flow, enum request_kind kind,
                            uint64_t born_ps, uint32_t bytes)
{
    struct flow *f = &traffic->flows[flow];
    uint32_t at = request_take(&traffic->fabric->requests);
    struct request *request = request_get(&traffic->fabric->requests, at);
    request->kind = (uint8_t)kind;
    request->born_ps = born_ps;
    request->bytes = bytes;
    request->function = f->function;
    request->traffic_class = f->class->traffic_class;
    request->owner = &traffic->owner;
    request->context = flow;
    return at;
}

static void start_dma(struct traffic *traffic, uint32_t flow, enum request_kind kind,
                      uint64_t born_ps, uint32_t bytes)
{
    uint32_t at = new_request(traffic, flow, kind, born_ps, bytes);
    const struct flow *f = &traffic->flows[flow];
    request_get(&traffic->fabric->requests, at)->user = endpoint_user(f->ep, f->function);
    request_get(&traffic->fabric->requests, at)->address = traffic->flows[flow].buffer_address;
    endpoint_dma(traffic->flows[flow].ep, at);
}

static void start_mmio(struct traffic *traffic, uint32_t flow, enum request_kind kind,
                       uint64_t born_ps, uint32_t bytes)
{
    uint32_t at = new_request(traffic, flow, kind, born_ps, bytes);
    request_get(&traffic->fabric->requests, at)->address = traffic->flows[flow].bar_address;
    root_complex_mmio(traffic->flows[flow].rc, at);
}

void traffic_dma_read(struct traffic *traffic, uint32_t flow, uint64_t born_ps, uint32_t bytes)
{
    start_dma(traffic, flow, REQUEST_DMA_READ, born_ps, bytes);
}

void traffic_dma_write(struct traffic *traffic, uint32_t flow, uint64_t born_ps, uint32_t bytes)
{
    start_dma(traffic, flow, REQUEST_DMA_WRITE, born_ps, bytes);
}

void traffic_mmio_read(struct traffic *traffic, uint32_t flow, uint64_t born_ps, uint32_t bytes)
{
    start_mmio(traffic, flow, REQUEST_MMIO_READ, born_ps, bytes);
}

void traffic_mmio_write(struct traffic *traffic, uint32_t flow, uint64_t born_ps, uint32_t bytes)
{
    start_mmio(traffic, flow, REQUEST_MMIO_WRITE, born_ps, bytes);
}

static void on_done(void *self, uint32_t at, struct request *request)
{
    struct traffic *traffic = self;
    struct op_record record = {
        .born_ps = request->born_ps,
        .done_ps = request->done_ps,
        .part_ps = {[LAT_SOURCE] = request->issued_ps - request->born_ps},
        .flow = (uint32_t)request->context,
        .bytes = request->bytes,
        .failed = request->status != TLP_SC,
    };
    request_add_parts(request, record.part_ps);
    request_give_back(&traffic->fabric->requests, at);
    traffic_finish(traffic, &record);
}

/* ---- flows
 * -------------------------------------------------------------------------------------------------------
 */

/* The traffic's component id is the last of all, so that an operation may start at the instant at
 * which another ends. The event's kind is the flow's generation. */
static void schedule(struct traffic *traffic, uint32_t flow, uint64_t at_ps)
{
    sim_at(traffic->fabric->sim, at_ps, PHASE_UPDATE, &traffic->component,
           traffic->flows[flow].generation, flow, at_ps);
}

static void schedule_next_arrival(struct traffic *traffic, uint32_t flow)
{
    struct flow *f = &traffic->flows[flow];
    uint64_t at_ps = arrival_next(&f->arrival, &f->rng);
    if (at_ps != ARRIVAL_NEVER)
        schedule(traffic, flow, at_ps);
}

/* @born_ps: when the operation was intended. */
static void start_operation(struct traffic *traffic, uint32_t flow, uint64_t born_ps)
{
    struct flow *f = &traffic->flows[flow];
    uint32_t bytes = f->class->closed ? 0 : arrival_bytes(&f->arrival);
    if (!bytes)
        bytes = (uint32_t)dist_sample(f->class->size_bytes, &f->rng);
    f->under_way++;
    traffic->started++;
    traffic->offered_bytes += bytes;
    if (born_ps >= traffic->window_from_ps && born_ps < traffic->window_to_ps)
        traffic->window_born++;
    sim_note_begin(traffic->fabric->sim);
    f->class->submit(traffic, flow, born_ps, bytes);
}

static bool may_start(const struct traffic *traffic, const struct flow *flow)
{
    const struct flow_class *class = flow->class;
    uint64_t since_ps = traffic->fabric->sim->now_ps - traffic->base_ps;
    return !traffic->stopped && !flow->paused && !(class->stop_ps && since_ps >= class->stop_ps);
}

/* False when the operations under way fill the pools: more is offered than is carried, and neither
 * credits nor anything else holds it back. */
static bool has_room(const struct traffic *traffic)
{
    const struct request_pool *requests = &traffic->fabric->requests;
    const struct tlp_pool *tlps = &traffic->fabric->tlps;
    return traffic->started - traffic->ended <
               requests->capacity - requests->capacity / SPARE_SHARE &&
           tlps->in_use < tlps->capacity - tlps->capacity / SPARE_SHARE;
}

static void handle(struct component *self, struct sim *sim, const struct event *event)
{
    struct traffic *traffic = (struct traffic *)self;
    uint32_t flow = event->a;
    const struct flow *f = &traffic->flows[flow];
    if (event->kind != f->generation || !may_start(traffic, f))
        return;
    if (!has_room(traffic)) {
        traffic->overflowed = true;
        sim_stop(sim);
        return;
    }
    start_operation(traffic, flow, event->b);
    if (!f->class->closed)
        schedule_next_arrival(traffic, flow);
}

void traffic_finish(struct traffic *traffic, const struct op_record *record)
{
    struct flow *flow = &traffic->flows[record->flow];
    flow->under_way--;
    traffic->ended++;
    sim_note_end(traffic->fabric->sim);
    trace_emit(&traffic->fabric->sim->trace, TR_OP_DONE, traffic->component.id, record->flow,
               record->done_ps, record);
    if (flow->class->closed && may_start(traffic, flow))
        schedule(traffic, record->flow, record->done_ps + flow->class->think_ps);
}

void traffic_init(struct traffic *traffic, struct fabric *fabric, struct flow *flows,
                  uint32_t n_flows)
{
    memset(traffic, 0, sizeof *traffic);
    traffic->component = (struct component){.name = "traffic", .handle = handle};
    traffic->fabric = fabric;
    traffic->flows = flows;
    traffic->n_flows = n_flows;
    traffic->window_to_ps = UINT64_MAX;
    traffic->owner = (struct request_owner){on_done, traffic};
}

static void start_closed(struct traffic *traffic, uint32_t flow)
{
    const struct flow *f = &traffic->flows[flow];
    uint64_t now_ps = traffic->fabric->sim->now_ps;
    uint64_t start_ps = traffic->base_ps + f->class->start_ps;
    for (uint32_t i = f->under_way; i < f->class->depth; i++)
        schedule(traffic, flow, start_ps > now_ps ? start_ps : now_ps);
}

void traffic_start(struct traffic *traffic)
{
    traffic->base_ps = traffic->fabric->sim->now_ps;
    for (uint32_t flow = 0; flow < traffic->n_flows; flow++) {
        struct flow *f = &traffic->flows[flow];
        if (!f->class->closed)
            arrival_shift(&f->arrival, traffic->base_ps);
        if (f->paused)
            continue;
        if (f->class->closed)
            start_closed(traffic, flow);
        else
            schedule_next_arrival(traffic, flow);
    }
}

void traffic_pause(struct traffic *traffic, uint32_t flow)
{
    struct flow *f = &traffic->flows[flow];
    const uint64_t now_ps = traffic->fabric->sim->now_ps;
    CHECK(!f->paused);
    f->paused = true;
    f->generation++;
    /* The next arrival has passed unheeded when all traffic was stopped. */
    f->left_ps = f->arrival.now_ps > now_ps ? f->arrival.now_ps - now_ps : 0;
}

void traffic_resume(struct traffic *traffic, uint32_t flow)
{
    struct flow *f = &traffic->flows[flow];
    struct arrival *arrival = &f->arrival;
    uint64_t now_ps = traffic->fabric->sim->now_ps;
    CHECK(f->paused);
    f->paused = false;
    if (traffic->stopped)
        return;
    if (f->class->closed) {
        start_closed(traffic, flow);
    } else if (!arrival->started) {
        arrival_delay(arrival, now_ps - traffic->base_ps);
        schedule_next_arrival(traffic, flow);
    } else if (!arrival_has_ended(arrival)) {
        arrival_delay(arrival, now_ps + f->left_ps - arrival->now_ps);
        if (!arrival_has_ended(arrival))
            schedule(traffic, flow, arrival->now_ps);
    }
}

void traffic_open_window(struct traffic *traffic, uint64_t from_ps, uint64_t to_ps)
{
    traffic->window_from_ps = from_ps;
    traffic->window_to_ps = to_ps;
    traffic->window_born = 0;
}

void traffic_stop(struct traffic *traffic)
{
    traffic->stopped = true;
}
