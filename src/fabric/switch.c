/* A TLP comes from link.c (on_tlp), goes through the look-up to switch_crossbar.c. See switch.h for
 * the cycle rules. */
#include "fabric/switch.h"

#include "fabric/switch_crossbar.h"
#include "fabric/switch_ring.h"
#include <inttypes.h>
#include <string.h>

/* ---- entry ---- */

/* When the TLP could enter if the pipeline were free and had no clock: all its beats follow without
 * a gap. */
static uint64_t streamable_ps(const struct pcie_switch *sw, const struct link *link,
                              const struct tlp *tlp, uint32_t beats, uint64_t begin_ps,
                              uint64_t end_ps)
{
    if (!sw->params.cut_through)
        return end_ps;
    uint32_t payload = tlp_wire_payload_bytes(tlp);
    uint32_t first = payload < sw->params.datapath_bytes ? payload : sw->params.datapath_bytes;
    uint32_t header = sw->fabric->overhead_bytes[tlp->kind] - sw->fabric->tail_bytes;
    uint64_t first_beat_ps = begin_ps + link_ticks_to_ps(link_ticks(link, header + first));
    uint64_t others_ps = switch_cycle_ps(sw, beats - 1);
    uint64_t last_beat_ps = end_ps > others_ps ? end_ps - others_ps : 0;
    return first_beat_ps > last_beat_ps ? first_beat_ps : last_beat_ps;
}

static void on_tlp(void *self, uint32_t number, uint32_t index, uint64_t begin_ps, uint64_t end_ps)
{
    struct pcie_switch *sw = self;
    const struct switch_params *params = &sw->params;
    struct switch_ingress *in = &sw->ports[number].in;
    struct tlp *tlp = tlp_get(&sw->fabric->tlps, index);
    uint32_t beats = switch_beats(sw, tlp);

    uint64_t streamable = streamable_ps(sw, in->link, tlp, beats, begin_ps, end_ps);
    uint64_t cycle = switch_cycle_at_or_after(sw, streamable);
    tlp_spend(tlp, PART_SERIALISE, streamable);
    tlp_spend(tlp, PART_CROSSBAR, switch_cycle_ps(sw, cycle));
    if (cycle < in->free_cycle) {
        cycle = in->free_cycle;
        tlp_spend(tlp, PART_ARBITRATE, switch_cycle_ps(sw, cycle));
    }
    in->free_cycle = cycle + beats;
    trace_emit(&sw->fabric->sim->trace, TR_SWITCH_IN, sw->component.id, number, tlp->at_ps, tlp);

    uint64_t lookup = cycle + params->ingress_cycles;
    tlp_spend(tlp, PART_CROSSBAR, switch_cycle_ps(sw, lookup));
    if (lookup < in->lookup_free_cycle)
        lookup = in->lookup_free_cycle;
    in->lookup_free_cycle = lookup + (params->remap_pipelined ? 1 : params->remap_cycles);
    uint64_t ready = lookup + params->remap_cycles + params->edit_cycles;
    tlp_spend(tlp, PART_REMAP, switch_cycle_ps(sw, ready));
    tlp->port = (uint16_t)number;
    switch_ring_arrive(sw, index, ready, switch_current_cycle(sw));
}

/* ---- end of the pipeline ---- */

/* The pipeline of @ingress holds @index, which comes again in @cycle; all that arrive meanwhile
 * queue behind it. */
static void hold_arrival(struct pcie_switch *sw, struct switch_ingress *in, uint32_t index,
                         uint64_t cycle, uint64_t current)
{
    in->held = index;
    switch_ring_arrive(sw, index, cycle, current);
}

/* True if the TLP has to wait behind a fetch, in order; it is queued then. */
static bool waits_behind_fetch(struct pcie_switch *sw, struct switch_ingress *in, uint32_t index)
{
    if (in->held == index) {
        in->held = 0;
        tlp_spend(tlp_get(&sw->fabric->tlps, index), PART_REMAP, sw->fabric->sim->now_ps);
        return false;
    }
    if (!in->held)
        return false;
    tlp_fifo_push(sw->fabric, &in->behind, index);
    return true;
}

static void refuse(struct pcie_switch *sw, uint32_t ingress, const struct tlp *tlp, uint32_t q,
                   uint32_t data_units)
{
    struct fabric *fabric = sw->fabric;
    trace_emit(&fabric->sim->trace, TR_REFUSED, sw->component.id, ingress, tlp->at_ps, tlp);
    link_credit_return(sw->ports[ingress].in.link, q, data_units, fabric->sim->now_ps);
}

/* The TLP has come to the end of the ingress pipeline. */
static void arrive(struct pcie_switch *sw, uint32_t index, uint64_t cycle)
{
    struct fabric *fabric = sw->fabric;
    struct tlp *tlp = tlp_get(&fabric->tlps, index);
    uint32_t ingress = tlp->port;
    struct switch_ingress *in = &sw->ports[ingress].in;
    if (tlp->attr & TLP_ATTR_GENERATED) {
        tlp_spend(tlp, PART_CROSSBAR, fabric->sim->now_ps);
        switch_crossbar_enqueue(sw, ingress, index, cycle);
        return;
    }
    if (waits_behind_fetch(sw, in, index))
        return;
    uint32_t q = fabric_queue(fabric, tlp);
    uint32_t data_units = credit_data_units(tlp_wire_payload_bytes(tlp));
    switch (switch_look_up(sw, ingress, tlp)) {
    case SWITCH_FORWARD:
        switch_crossbar_enqueue(sw, ingress, index, cycle);
        break;
    case SWITCH_FETCHING:
        hold_arrival(sw, in, index, cycle + sw->params.remap_miss_cycles, cycle);
        return;
    case SWITCH_ANSWERED:
        /* The request's buffer is free; the completion generator hands its completion on one cycle
         * later. */
        refuse(sw, ingress, tlp, q, data_units);
        switch_ring_arrive(sw, index, cycle + 1, cycle);
        break;
    case SWITCH_DROPPED:
        refuse(sw, ingress, tlp, q, data_units);
        if (tlp_class_of(tlp) == CLASS_POSTED)
            fabric_end_posted(fabric, index, TLP_UR);
        else
            tlp_give_back(&fabric->tlps, index);
        break;
    }
    if (in->behind.head)
        hold_arrival(sw, in, tlp_fifo_pop(fabric, &in->behind), cycle + 1, cycle);
}

static void tick(struct pcie_switch *sw, uint64_t cycle)
{
    struct switch_slot *slot = &sw->ring[cycle % SWITCH_RING];
    uint32_t arrival = slot->arrivals;
    uint32_t wake = slot->wakes;
    *slot = (struct switch_slot){0};
    sw->ticks++;
    sw->stamp++;
    sw->n_deciding = 0;
    sw->n_granting = 0;
    while (arrival) {
        uint32_t next = tlp_get(&sw->fabric->tlps, arrival)->next;
        arrive(sw, arrival, cycle);
        arrival = next;
    }
    while (wake) {
        uint32_t egress = wake - 1;
        wake = sw->wakes[egress].next;
        sw->wakes[egress].cycle = 0;
        switch_crossbar_decide(sw, egress, cycle);
    }
    switch_crossbar_run(sw, cycle);
}

static void handle(struct component *self, struct sim *sim, const struct event *event)
{
    (void)sim;
    struct pcie_switch *sw = (struct pcie_switch *)self;
    switch (event->kind) {
    case SWITCH_EV_TICK:
        tick(sw, event->b);
        return;
    case SWITCH_EV_LATE_ARRIVAL:
        switch_ring_arrive(sw, event->a, event->b, switch_current_cycle(sw));
        return;
    default:
        CHECK(false);
    }
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

static size_t fifo_bytes(const struct fabric *fabric, const struct switch_params *params,
                         uint32_t n_ports)
{
    size_t pairs = params->voq ? (size_t)n_ports * n_ports : n_ports;
    return round_up(pairs * fabric->vcs * CLASSES * sizeof(struct tlp_fifo));
}

static size_t bitmap_bytes(uint32_t n_ports)
{
    return round_up((size_t)n_ports * ((n_ports + 63) / 64) * sizeof(uint64_t));
}

size_t switch_memory_bytes(const struct fabric *fabric, const struct switch_params *params,
                           uint32_t n_ports)
{
    return round_up(n_ports * sizeof(struct switch_port)) + fifo_bytes(fabric, params, n_ports) +
           bitmap_bytes(n_ports) + round_up(n_ports * sizeof(struct switch_wake)) +
           2 * round_up(n_ports * sizeof(uint32_t));
}

void switch_init(struct pcie_switch *sw, struct fabric *fabric, const struct switch_params *params,
                 uint32_t n_ports, void *memory)
{
    CHECK(params->datapath_bytes && !(params->datapath_bytes & (params->datapath_bytes - 1)));
    char *at = memory;
    memset(sw, 0, sizeof *sw);
    sw->component = (struct component){.name = params->name, .handle = handle, .report = report};
    sw->fabric = fabric;
    sw->params = *params;
    sw->n_ports = n_ports;
    sw->request_words = (n_ports + 63) / 64;
    sw->period_ps = 1000000000000U / params->clock_hz;
    sw->period_rest = 1000000000000U % params->clock_hz;
    sw->beat_shift = (uint32_t)__builtin_ctz(params->datapath_bytes);
    sw->ports = (void *)at;
    at += round_up(n_ports * sizeof(struct switch_port));
    sw->fifos = (void *)at;
    at += fifo_bytes(fabric, params, n_ports);
    sw->requests = (void *)at;
    at += bitmap_bytes(n_ports);
    sw->wakes = (void *)at;
    at += round_up(n_ports * sizeof(struct switch_wake));
    sw->deciding = (void *)at;
    at += round_up(n_ports * sizeof(uint32_t));
    sw->granting = (void *)at;
}

void switch_connect(struct pcie_switch *sw, uint32_t number, enum switch_side side, struct link *in,
                    struct link *out, const uint32_t *weights)
{
    struct switch_port *port = &sw->ports[number];
    port->side = side;
    port->in.link = in;
    port->in.granted_to = -1;
    port->out.link = out;
    port->out.buffer_ticks = link_ticks(out, sw->params.egress_buffer_bytes);
    arb_init(&port->out.arb, sw->params.arbiter, sw->n_ports, weights);
    in->receiver = (struct link_receiver){on_tlp, sw, number};
    out->sender = (struct link_sender){switch_crossbar_on_credit, sw, number};
}
