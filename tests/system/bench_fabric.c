#include "bench_fabric.h"

#include <stdlib.h>
#include <string.h>

enum { EV_SEND = BENCH_PORTS }; /* below: wakes the transmit port of that number */

struct link_params bench_link(unsigned gen, unsigned lanes, uint64_t propagation_ps)
{
    return (struct link_params){
        .name = "link", .gen = gen, .lanes = lanes, .propagation_ps = propagation_ps};
}

struct switch_params bench_switch(void)
{
    return (struct switch_params){.name = "switch",
                                  .clock_hz = 250000000,
                                  .datapath_bytes = 32,
                                  .cut_through = true,
                                  .voq = true,
                                  .remap_pipelined = true,
                                  .arbiter = ARB_KIND_ROUND_ROBIN,
                                  .egress_buffer_bytes = 1024,
                                  .ingress_cycles = 2,
                                  .remap_cycles = 2,
                                  .edit_cycles = 1,
                                  .crossbar_cycles = 1,
                                  .remap_miss_cycles = 50};
}

static void *take(struct bench *bench, size_t bytes)
{
    void *memory = calloc(1, bytes ? bytes : 1);

    CHECK(memory && bench->n_memory < sizeof bench->memory / sizeof bench->memory[0]);
    bench->memory[bench->n_memory++] = memory;
    return memory;
}

/* ---- sinks and sources ---- */

static void free_tlp(const struct bench_sink *sink, const struct tlp *tlp, uint64_t at_ps)
{
    link_credit_return(sink->link, fabric_queue(&sink->bench->fabric, tlp),
                       credit_data_units(tlp_wire_payload_bytes(tlp)), at_ps);
}

static void on_tlp(void *self, uint32_t port, uint32_t index, uint32_t payload, uint64_t begin_ps,
                   uint64_t end_ps)
{
    const struct bench_sink *sink = self;
    struct bench *bench = sink->bench;
    const struct tlp *tlp = tlp_get(&bench->fabric.tlps, index);

    CHECK(bench->n_arrivals < BENCH_TLPS && tlp->at_ps == begin_ps && port == sink->port);
    CHECK(payload == tlp_wire_payload_bytes(tlp));
    bench->arrivals[bench->n_arrivals++] =
        (struct bench_arrival){tlp->request, port, begin_ps, end_ps, *tlp};
    if (!bench->keep_credits)
        free_tlp(sink, tlp, end_ps + bench->drain_ps);
    tlp_give_back(&bench->fabric.tlps, index);
    sim_note_end(&bench->sim);
}

static void handle(struct component *self, struct sim *sim, const struct event *event)
{
    struct bench *bench = (struct bench *)self;

    if (event->kind < EV_SEND) {
        port_pump(&bench->source[event->kind]);
        return;
    }
    const uint32_t from = (uint32_t)event->b;
    struct tlp *tlp = tlp_get(&bench->fabric.tlps, event->a);
    sim_note_begin(sim);
    tlp_account_begin(tlp, sim->now_ps);
    if (bench->past_port)
        link_send(&bench->in[from], event->a, tlp_wire_payload_bytes(tlp), sim->now_ps);
    else
        port_submit(&bench->source[from], event->a);
}

static void read_trace(void *self, const struct trace_record *record)
{
    struct bench *bench = self;
    const struct tlp *tlp = record->body;

    if (record->kind == TR_REFUSED) {
        bench->n_refused++;
        return;
    }
    CHECK(bench->n_crossings < 2 * BENCH_TLPS);
    bench->crossings[bench->n_crossings++] = (struct bench_crossing){
        record->kind == TR_SWITCH_OUT, tlp->request, record->port, record->time_ps, *tlp};
}

/* ---- building ---- */

static void end_in_sink(struct bench *bench, struct link *link, uint32_t p)
{
    bench->sink[p] = (struct bench_sink){bench, p, link};
    link->receiver = (struct link_receiver){on_tlp, &bench->sink[p], p};
}

static void init_port(struct bench *bench, uint32_t p)
{
    const struct link_params *in = &bench->in_params, *out = &bench->out_params;

    link_init(&bench->in[p], &bench->fabric, in, 2 * p,
              take(bench, link_memory_bytes(&bench->fabric, in)));
    link_init(&bench->out[p], &bench->fabric, out, 2 * p + 1,
              take(bench, link_memory_bytes(&bench->fabric, out)));
    link_pair(&bench->in[p], &bench->out[p]);
    port_init(&bench->source[p], &bench->fabric, &bench->in[p], &bench->component, p);
    end_in_sink(bench, &bench->out[p], p);
}

struct bench *bench_new(uint32_t n_ports, uint32_t vcs, const struct link_params *in,
                        const struct link_params *out)
{
    struct bench *bench = calloc(1, sizeof *bench);

    CHECK(bench && n_ports <= BENCH_PORTS);
    bench->component = (struct component){.name = "bench", .handle = handle};
    bench->n_ports = n_ports;
    bench->in_params = *in;
    bench->out_params = *out;
    sim_init(&bench->sim, 2, 4 * BENCH_TLPS, UINT64_MAX);
    sim_add(&bench->sim, &bench->component, 0);
    bench->fabric = (struct fabric){.sim = &bench->sim, .vcs = vcs, .mps_bytes = 4096};
    fabric_set_overheads(&bench->fabric, true, false);
    CHECK(tlp_pool_init(&bench->fabric.tlps, BENCH_TLPS + 1));
    bench->arrivals = calloc(BENCH_TLPS, sizeof *bench->arrivals);
    bench->crossings = calloc(2 * BENCH_TLPS, sizeof *bench->crossings);
    CHECK(bench->arrivals && bench->crossings);
    for (uint32_t p = 0; p < n_ports; p++)
        init_port(bench, p);
    return bench;
}

void bench_free(struct bench *bench)
{
    for (uint32_t i = 0; i < bench->n_memory; i++)
        free(bench->memory[i]);
    tlp_pool_fini(&bench->fabric.tlps);
    sim_fini(&bench->sim);
    free(bench->arrivals);
    free(bench->crossings);
    free(bench->sw);
    free(bench);
}

void bench_connect(struct bench *bench)
{
    for (uint32_t p = 0; p < bench->n_ports; p++)
        end_in_sink(bench, &bench->in[p], p);
}

void bench_add_switch(struct bench *bench, const struct switch_params *params,
                      const uint32_t *weights)
{
    bench->sw = calloc(1, sizeof *bench->sw);
    CHECK(bench->sw);
    switch_init(bench->sw, &bench->fabric, params, bench->n_ports,
                take(bench, switch_memory_bytes(&bench->fabric, params, bench->n_ports)));
    sim_add(&bench->sim, &bench->sw->component, 1);
    for (uint32_t p = 0; p < bench->n_ports; p++) {
        struct route *route = &bench->routes[p];

        switch_connect(bench->sw, p, SWITCH_HOST, &bench->in[p], &bench->out[p], weights);
        route_init(route, bench->windows[p], BENCH_PORTS);
        for (uint32_t to = 0; to < bench->n_ports; to++) {
            const uint64_t base = (uint64_t)to << 32;

            CHECK(route_add_window(route, base, base + UINT32_MAX, (uint16_t)to));
            CHECK(route_add_buses(route, (uint8_t)to, (uint8_t)to, (uint16_t)to));
        }
        bench->sw->ports[p].tables.owner = route;
    }
    trace_subscribe(&bench->sim.trace, 1U << TR_SWITCH_IN | 1U << TR_SWITCH_OUT | 1U << TR_REFUSED,
                    read_trace, bench);
}

/* ---- running ---- */

struct tlp *bench_at(struct bench *bench, uint64_t at_ps, uint32_t from, uint32_t to,
                     enum tlp_kind kind, uint32_t bytes)
{
    const uint32_t index = tlp_take(&bench->fabric.tlps);
    struct tlp *tlp = tlp_get(&bench->fabric.tlps, index);

    memset(tlp, 0, sizeof *tlp);
    tlp->kind = (uint8_t)kind;
    tlp->bytes = (uint16_t)bytes;
    tlp->request = ++bench->serial;
    bench->born_ps[bench->serial] = at_ps;
    if (tlp_kinds[kind].is_request) {
        tlp->address = (uint64_t)to << 32;
        tlp->requester = (uint16_t)(from << 8);
    } else {
        tlp->requester = (uint16_t)(to << 8);
        tlp->cpl.completer = (uint16_t)(from << 8);
    }
    sim_at(&bench->sim, at_ps, PHASE_UPDATE, &bench->component, EV_SEND, index, from);
    return tlp;
}

uint32_t bench_last(const struct bench *bench)
{
    return bench->serial;
}

enum sim_result bench_run(struct bench *bench)
{
    return sim_run(&bench->sim, UINT64_MAX);
}

void bench_free_all(const struct bench *bench, uint64_t at_ps)
{
    for (uint32_t i = 0; i < bench->n_arrivals; i++)
        free_tlp(&bench->sink[bench->arrivals[i].port], &bench->arrivals[i].tlp, at_ps);
}

const struct bench_arrival *bench_arrival_of(const struct bench *bench, uint32_t serial)
{
    for (uint32_t i = 0; i < bench->n_arrivals; i++)
        if (bench->arrivals[i].serial == serial)
            return &bench->arrivals[i];
    return NULL;
}

static uint64_t crossed_ps(const struct bench *bench, uint32_t serial, bool is_out)
{
    for (uint32_t i = 0; i < bench->n_crossings; i++)
        if (bench->crossings[i].serial == serial && bench->crossings[i].is_out == is_out)
            return bench->crossings[i].time_ps;
    return UINT64_MAX;
}

uint64_t bench_entered_ps(const struct bench *bench, uint32_t serial)
{
    return crossed_ps(bench, serial, false);
}

uint64_t bench_left_ps(const struct bench *bench, uint32_t serial)
{
    return crossed_ps(bench, serial, true);
}
