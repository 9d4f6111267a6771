/* A TLP comes from link.c (on_tlp), goes through the look-up to switch_crossbar.c. See switch.h for
 * the cycle rules. */
#include "fabric/switch.h"

#include "fabric/switch_config.h"
#include "fabric/switch_crossbar.h"
#include "fabric/switch_live.h"
#include "fabric/switch_ring.h"
#include <inttypes.h>
#include <string.h>

/* ---- entry ---- */

/* How the beats of a TLP of @kind with @payload follow its first byte and precede its last. */
static __attribute__((noinline)) void
set_pace(const struct pcie_switch *sw, struct switch_ingress *in, uint32_t kind, uint32_t payload)
{
    const struct link *link = in->link;
    uint32_t beats = switch_beats(sw, payload);
    uint32_t first = payload < sw->params.datapath_bytes ? payload : sw->params.datapath_bytes;
    uint32_t header = sw->fabric->overhead_bytes[kind] - sw->fabric->tail_bytes;
    uint64_t lead_ps = link_ticks_to_ps(link_ticks(link, header + first));
    if (beats > 2) {
        /* A short last beat may come sooner after the last whole one than a cycle. */
        uint32_t whole = header + ((beats - 1) << sw->beat_shift);
        uint64_t whole_ps = link_ticks_to_ps(link_ticks(link, whole));
        uint64_t before_ps = switch_cycle_ps(sw, beats - 2);
        if (whole_ps > lead_ps + before_ps)
            lead_ps = whole_ps - before_ps;
    }
    in->pace = (struct switch_pace){.kind = kind,
                                    .payload = payload,
                                    .beats = beats,
                                    .lead_ps = lead_ps,
                                    .others_ps = switch_cycle_ps(sw, beats - 1)};
}

/* When the TLP could enter if the pipeline were free and had no clock: all its beats follow without
 * a gap. Most are as long as the one before. */
static uint64_t streamable_ps(const struct pcie_switch *sw, struct switch_ingress *in,
                              uint32_t kind, uint32_t payload, uint64_t begin_ps, uint64_t end_ps)
{
    if (in->pace.kind != kind || in->pace.payload != payload)
        set_pace(sw, in, kind, payload);
    if (!sw->params.cut_through)
        return end_ps;
    uint64_t first_beat_ps = begin_ps + in->pace.lead_ps;
    uint64_t others_ps = in->pace.others_ps;
    uint64_t last_beat_ps = end_ps > others_ps ? end_ps - others_ps : 0;
    return first_beat_ps > last_beat_ps ? first_beat_ps : last_beat_ps;
}

/* The cycle in which the first beat enters. The account then ends there, or before it: what is left
 * is the crossbar's part. */
static uint64_t enter(const struct pcie_switch *sw, struct switch_ingress *in, struct tlp *tlp,
                      uint32_t payload, uint64_t begin_ps, uint64_t end_ps)
{
    uint64_t streamable = streamable_ps(sw, in, tlp->kind, payload, begin_ps, end_ps);
    uint64_t cycle = switch_cycle_at_or_after(sw, streamable);
    tlp_spend(tlp, PART_SERIALISE, streamable);
    if (cycle < in->free_cycle) {
        tlp_spend(tlp, PART_CROSSBAR, switch_cycle_ps(sw, cycle));
        cycle = in->free_cycle;
        tlp_spend(tlp, PART_ARBITRATE, switch_cycle_ps(sw, cycle));
    }
    in->free_cycle = cycle + in->pace.beats;
    return cycle;
}

/* The end of the pipeline of a TLP whose look-up could start in @lookup. An entry that the CAM had
 * to fetch holds the pipeline up; so does every look-up where they are not pipelined. */
static uint64_t leave_pipeline(const struct switch_params *params, struct switch_ingress *in,
                               uint64_t lookup, bool fetched)
{
    uint64_t extra = fetched ? params->remap_miss_cycles : 0;
    if (lookup < in->lookup_free_cycle)
        lookup = in->lookup_free_cycle;
    in->lookup_free_cycle = lookup + extra + (params->remap_pipelined ? 1 : params->remap_cycles);
    return lookup + extra + params->remap_cycles + params->edit_cycles;
}

static void refuse(struct pcie_switch *sw, uint32_t ingress, const struct tlp *tlp, uint32_t q,
                   uint32_t data_units)
{
    struct fabric *fabric = sw->fabric;
    trace_emit(&fabric->sim->trace, TR_REFUSED, sw->component.id, ingress, tlp->at_ps, tlp);
    link_credit_return(sw->ports[ingress].in.link, q, data_units, tlp->at_ps);
}

/* What came as a TLP of @kind with @payload is not simply forwarded: its buffer is free. True if it
 * goes on as a completion, from *ready on; else it ends here. */
static __attribute__((noinline)) bool divert(struct pcie_switch *sw, uint32_t number,
                                             uint32_t index, enum switch_outcome outcome,
                                             uint32_t kind, uint32_t payload, uint64_t *ready)
{
    struct fabric *fabric = sw->fabric;
    struct tlp *tlp = tlp_get(&fabric->tlps, index);
    uint32_t q = fabric_vc(fabric, tlp) * CLASSES + tlp_class_of_kind(kind);
    uint32_t data_units = credit_data_units(payload);
    bool is_posted = tlp_class_of(tlp) == CLASS_POSTED;
    switch (outcome) {
    case SWITCH_ANSWERED: /* the completion generator hands it on one cycle later */
        refuse(sw, number, tlp, q, data_units);
        ++*ready;
        break;
    case SWITCH_EMULATED:
        link_credit_return(sw->ports[number].in.link, q, data_units, tlp->at_ps);
        *ready = switch_config_answer_cycle(sw, number, *ready);
        trace_emit(&fabric->sim->trace, TR_SWITCH_MADE, sw->component.id, number,
                   switch_cycle_ps(sw, *ready), tlp);
        break;
    case SWITCH_TAKEN:
        trace_emit(&fabric->sim->trace, TR_SWITCH_TAKEN, sw->component.id, number, tlp->at_ps, tlp);
        link_credit_return(sw->ports[number].in.link, q, data_units, tlp->at_ps);
        if (is_posted)
            fabric_end_posted(fabric, index, TLP_SC);
        else
            fabric_lose(fabric, index); /* of a request of the switch's own */
        return false;
    case SWITCH_DROPPED:
        refuse(sw, number, tlp, q, data_units);
        if (is_posted)
            fabric_end_posted(fabric, index, TLP_UR);
        else
            fabric_lose(fabric, index);
        return false;
    case SWITCH_FORWARD:
        CHECK(false);
    }
    tlp_spend(tlp, PART_CROSSBAR, switch_cycle_ps(sw, *ready));
    return true;
}

/* The look-up that could begin in @lookup, where the TLP's account stands, and what follows it. */
static void look_up(struct pcie_switch *sw, uint32_t number, uint32_t index, uint32_t payload,
                    uint64_t lookup)
{
    struct fabric *fabric = sw->fabric;
    struct switch_ingress *in = &sw->ports[number].in;
    struct tlp *tlp = tlp_get(&fabric->tlps, index);
    uint32_t kind = tlp->kind;
    bool fetched;
    enum switch_outcome outcome = switch_look_up(sw, number, tlp, &fetched);
    uint64_t ready = leave_pipeline(&sw->params, in, lookup, fetched);
    tlp_spend(tlp, PART_REMAP, switch_cycle_ps(sw, ready));
    if (__builtin_expect(outcome != SWITCH_FORWARD, 0)) {
        if (!divert(sw, number, index, outcome, kind, payload, &ready))
            return;
        payload = tlp_wire_payload_bytes(tlp);
    }
    switch_crossbar_enqueue(sw, number, index, payload, ready);
}

/* The whole way through the pipeline is known when the TLP is sent to here, and as long as nobody
 * writes tables, what they say too: they are read now for the cycle of the look-up. A switch whose
 * tables are live waits for that cycle (switch_live.c). */
static void on_tlp(void *self, uint32_t number, uint32_t index, uint32_t payload, uint64_t begin_ps,
                   uint64_t end_ps)
{
    struct pcie_switch *sw = self;
    struct fabric *fabric = sw->fabric;
    struct switch_ingress *in = &sw->ports[number].in;
    struct tlp *tlp = tlp_get(&fabric->tlps, index);
    uint64_t cycle = enter(sw, in, tlp, payload, begin_ps, end_ps);
    trace_emit(&fabric->sim->trace, TR_SWITCH_IN, sw->component.id, number,
               switch_cycle_ps(sw, cycle), tlp);

    uint64_t lookup = cycle + sw->params.ingress_cycles;
    tlp_spend(tlp, PART_CROSSBAR, switch_cycle_ps(sw, lookup));
    if (__builtin_expect(sw->live, 0))
        switch_live_enter(sw, number, index, lookup);
    else
        look_up(sw, number, index, payload, lookup);
}

void switch_finish_look_up(struct pcie_switch *sw, uint32_t ingress, uint32_t index,
                           uint64_t lookup)
{
    const struct tlp *tlp = tlp_get(&sw->fabric->tlps, index);
    look_up(sw, ingress, index, tlp_wire_payload_bytes(tlp), lookup);
}

/* ---- cycle ---- */

static void handle(struct component *self, struct sim *sim, const struct event *event)
{
    (void)sim;
    struct pcie_switch *sw = (struct pcie_switch *)self;
    if (__builtin_expect(event->kind != SWITCH_EV_CYCLE, 0)) {
        if (event->kind == SWITCH_EV_READY)
            switch_config_on_ready(sw, event);
        else
            switch_live_on_event(sw, event);
        return;
    }
    uint32_t wakes = switch_ring_begin(sw);
    sw->ticks++;
    switch_crossbar_run(sw, wakes, sw->seen_cycle);
    switch_ring_end(sw);
}

/* ---- life cycle ---- */

static void report(const struct component *self, FILE *out)
{
    const struct pcie_switch *sw = (const struct pcie_switch *)self;
    for (uint32_t p = 0; p < sw->n_ports; p++) {
        const struct switch_port *port = &sw->ports[p];
        if (port->out.requests)
            fprintf(out, "%s: egress %" PRIu32 " (%s) is wanted by %" PRIu32 " ports%s\n",
                    self->name, p, port->out.link->name, port->out.requests,
                    port->out.stalled_since_ps ? " and lacks credits" : "");
        for (int class = 0; class < CLASSES; class ++)
            if (port->in.held_bytes[class])
                fprintf(out, "%s: ingress %" PRIu32 " holds %" PRIu32 " B of class %d\n",
                        self->name, p, port->in.held_bytes[class], class);
    }
}

static size_t round_up(size_t bytes)
{
    return (bytes + 63) & ~(size_t)63;
}

static size_t groups_of(const struct switch_params *params, uint32_t n_ports)
{
    return params->voq ? (size_t)n_ports * n_ports : n_ports;
}

static size_t fifos_bytes(const struct fabric *fabric, size_t groups)
{
    return round_up(groups * fabric->vcs * CLASSES * sizeof(struct tlp_fifo));
}

static size_t bitmap_bytes(uint32_t n_ports)
{
    return round_up((size_t)n_ports * ((n_ports + 63) / 64) * sizeof(uint64_t));
}

size_t switch_memory_bytes(const struct fabric *fabric, const struct switch_params *params,
                           uint32_t n_ports)
{
    size_t groups = groups_of(params, n_ports);
    return round_up(n_ports * sizeof(struct switch_port)) + fifos_bytes(fabric, groups) +
           round_up(groups * sizeof(uint64_t)) + bitmap_bytes(n_ports) +
           round_up((n_ports + 1) * sizeof(struct switch_wake)) +
           round_up(n_ports * sizeof(uint64_t)) + round_up(n_ports * sizeof(uint32_t)) +
           round_up(SWITCH_WRITES * sizeof(struct switch_write));
}

void switch_init(struct pcie_switch *sw, struct fabric *fabric, const struct switch_params *params,
                 uint32_t n_ports, void *memory)
{
    CHECK(params->datapath_bytes && !(params->datapath_bytes & (params->datapath_bytes - 1)));
    char *at = memory;
    memset(sw, 0, sizeof *sw);
    sw->component = (struct component){
        .name = params->name, .handle = handle, .report = report, .has_ticks = true};
    sw->tick_cycle = UINT64_MAX;
    sw->fabric = fabric;
    sw->params = *params;
    if (!params->emulation_cycles)
        sw->params.emulation_cycles = CFG_EMU_LATENCY_CYCLES;
    sw->own_owner = (struct request_owner){switch_config_on_own_done, sw};
    sw->n_ports = n_ports;
    sw->request_words = (n_ports + 63) / 64;
    sw->period_ps = 1000000000000U / params->clock_hz;
    sw->period_rest = 1000000000000U % params->clock_hz;
    sw->cycles_per_2_64_ps =
        (uint64_t)(((unsigned __int128)params->clock_hz << 64) / 1000000000000U);
    sw->beat_shift = (uint32_t)__builtin_ctz(params->datapath_bytes);
    sw->looks_ahead =
        params->voq && params->arbiter == ARB_KIND_ROUND_ROBIN && sw->request_words == 1;
    sw->ports = (void *)at;
    at += round_up(n_ports * sizeof(struct switch_port));
    size_t groups = groups_of(params, n_ports);
    sw->n_queues = fabric->vcs * CLASSES;
    sw->egress_stride = params->voq ? n_ports : 0;
    sw->fifos = (void *)at;
    at += fifos_bytes(fabric, groups);
    sw->ready_ps = (void *)at;
    at += round_up(groups * sizeof(uint64_t));
    sw->requests = (void *)at;
    at += bitmap_bytes(n_ports);
    sw->crossbar_free_ps = (void *)at;
    at += round_up(n_ports * sizeof(uint64_t));
    sw->wakes = (void *)at;
    at += round_up((n_ports + 1) * sizeof(struct switch_wake));
    sw->granting = (void *)at;
    at += round_up(n_ports * sizeof(uint32_t));
    sw->writes = (void *)at;
}

void switch_connect(struct pcie_switch *sw, uint32_t number, enum switch_side side, struct link *in,
                    struct link *out, const uint32_t *weights)
{
    struct switch_port *port = &sw->ports[number];
    port->side = side;
    port->in.link = in;
    port->in.pace.kind = TLP_KINDS;
    port->in.granted_to = -1;
    port->out.link = out;
    port->out.buffer_ticks = link_ticks(out, sw->params.egress_buffer_bytes);
    uint64_t beat_ticks = link_ticks(out, sw->params.datapath_bytes);
    port->out.wire_is_fast = beat_ticks < (sw->period_ps + 1) * RATE_TICKS_PER_PS;
    arb_init(&port->out.arb, sw->params.arbiter, sw->n_ports, weights);
    in->receiver = (struct link_receiver){on_tlp, sw, number};
    out->sender = (struct link_sender){switch_crossbar_on_credit, sw, number};
}
