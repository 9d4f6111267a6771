/* A TLP comes from link.c (on_tlp), goes to link.c (link_send in apply_grant). See switch.h for the
 * cycle rules. */
#include "fabric/switch.h"

#include <inttypes.h>
#include <string.h>

enum { EV_TICK, EV_LATE_ARRIVAL };

/* ---- clock and ring
 * ---------------------------------------------------------------------------------------------- */

/* First cycle whose edge is at or after @ps. */
static uint64_t cycle_at_or_after(const struct pcie_switch *sw, uint64_t ps)
{
    if (!sw->period_rest)
        return (ps + sw->period_ps - 1) / sw->period_ps;
    uint64_t cycle = (uint64_t)((unsigned __int128)ps * sw->params.clock_hz / 1000000000000U);
    while (switch_cycle_ps(sw, cycle) < ps)
        cycle++;
    return cycle;
}

static uint64_t current_cycle(const struct pcie_switch *sw)
{
    uint64_t now_ps = sw->fabric->sim->now_ps;
    if (!sw->period_rest)
        return now_ps / sw->period_ps;
    uint64_t cycle = cycle_at_or_after(sw, now_ps);
    return switch_cycle_ps(sw, cycle) > now_ps ? cycle - 1 : cycle;
}

static struct switch_slot *slot_of(struct pcie_switch *sw, uint64_t cycle)
{
    struct switch_slot *slot = &sw->ring[cycle % SWITCH_RING];
    if (!slot->scheduled) {
        slot->scheduled = true;
        sim_at(sw->fabric->sim, switch_cycle_ps(sw, cycle), PHASE_DECIDE, &sw->component, EV_TICK,
               0, cycle);
    }
    return slot;
}

static void insert_arrival(struct pcie_switch *sw, uint32_t index, uint64_t cycle, uint64_t current)
{
    if (cycle - current >= SWITCH_RING) {
        uint64_t look_ps = switch_cycle_ps(sw, cycle - SWITCH_RING / 2);
        sim_at(sw->fabric->sim, look_ps, PHASE_UPDATE, &sw->component, EV_LATE_ARRIVAL, index,
               cycle);
        return;
    }
    struct switch_slot *slot = slot_of(sw, cycle);
    tlp_get(&sw->fabric->tlps, index)->next = slot->arrivals;
    slot->arrivals = index;
}

static void unlink_wake(struct pcie_switch *sw, uint32_t node)
{
    struct switch_wake *wake = &sw->wakes[node];
    if (wake->previous)
        sw->wakes[wake->previous - 1].next = wake->next;
    else
        sw->ring[wake->cycle % SWITCH_RING].wakes = wake->next;
    if (wake->next)
        sw->wakes[wake->next - 1].previous = wake->previous;
    wake->cycle = 0;
}

/* Wakes @node in @cycle unless it wakes before. Waking too early is harmless, so a far cycle is cut
 * to the ring. */
static void wake_in(struct pcie_switch *sw, uint32_t node, uint64_t cycle, uint64_t current)
{
    struct switch_wake *wake = &sw->wakes[node];
    if (cycle - current >= SWITCH_RING)
        cycle = current + SWITCH_RING - 1;
    if (wake->cycle && wake->cycle <= cycle)
        return;
    if (wake->cycle)
        unlink_wake(sw, node);
    struct switch_slot *slot = slot_of(sw, cycle);
    wake->cycle = cycle;
    wake->previous = 0;
    wake->next = slot->wakes;
    if (slot->wakes)
        sw->wakes[slot->wakes - 1].previous = node + 1;
    slot->wakes = node + 1;
}

static uint32_t ingress_node(const struct pcie_switch *sw, uint32_t ingress)
{
    return sw->n_ports + ingress;
}

/* ---- entry
 * -------------------------------------------------------------------------------------------------------
 */

static uint32_t beats_of(const struct pcie_switch *sw, const struct tlp *tlp)
{
    uint32_t bytes = tlp_wire_payload_bytes(tlp);
    uint32_t beats = (bytes + sw->params.datapath_bytes - 1) >> sw->beat_shift;
    return beats ? beats : 1;
}

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
    uint32_t header = sw->fabric->overhead_bytes[tlp->kind] - RATE_FRAMING_BYTES / 2;
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
    uint32_t beats = beats_of(sw, tlp);

    uint64_t streamable = streamable_ps(sw, in->link, tlp, beats, begin_ps, end_ps);
    uint64_t cycle = cycle_at_or_after(sw, streamable);
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
    insert_arrival(sw, index, ready, current_cycle(sw));
}

/* ---- receive buffer
 * ---------------------------------------------------------------------------------------------- */

static struct tlp_fifo *fifos_of(struct pcie_switch *sw, uint32_t egress, uint32_t ingress)
{
    size_t pair = sw->params.voq ? (size_t)egress * sw->n_ports + ingress : ingress;
    return &sw->fifos[pair * sw->fabric->vcs * CLASSES];
}

static void hold_bytes(struct switch_ingress *in, const struct fabric *fabric,
                       const struct tlp *tlp)
{
    enum tlp_class class = tlp_class_of(tlp);
    in->held_bytes[class] += fabric_wire_bytes(fabric, tlp) - RATE_FRAMING_BYTES;
    if (in->held_bytes[class] > in->most_bytes[class])
        in->most_bytes[class] = in->held_bytes[class];
}

static void release_bytes(struct switch_ingress *in, const struct fabric *fabric,
                          const struct tlp *tlp, uint64_t held_ps)
{
    enum tlp_class class = tlp_class_of(tlp);
    uint32_t bytes = fabric_wire_bytes(fabric, tlp) - RATE_FRAMING_BYTES;
    in->held_bytes[class] -= bytes;
    in->byte_ps[class] += bytes * held_ps / SWITCH_BYTE_PS;
}

static void decide_later(struct pcie_switch *sw, uint32_t egress)
{
    struct switch_egress *out = &sw->ports[egress].out;
    if (out->deciding_stamp == sw->stamp)
        return;
    out->deciding_stamp = sw->stamp;
    sw->deciding[sw->n_deciding++] = egress;
}

static void set_request(struct pcie_switch *sw, uint32_t egress, uint32_t ingress)
{
    uint64_t *word = &sw->requests[egress * sw->request_words + ingress / 64];
    uint64_t bit = UINT64_C(1) << ingress % 64;
    if (*word & bit)
        return;
    *word |= bit;
    sw->wants[ingress * sw->request_words + egress / 64] |= UINT64_C(1) << egress % 64;
    sw->ports[egress].out.requests++;
    sw->ports[ingress].in.wanted++;
}

static void clear_request(struct pcie_switch *sw, uint32_t egress, uint32_t ingress)
{
    sw->requests[egress * sw->request_words + ingress / 64] &= ~(UINT64_C(1) << ingress % 64);
    sw->wants[ingress * sw->request_words + egress / 64] &= ~(UINT64_C(1) << egress % 64);
    sw->ports[egress].out.requests--;
    sw->ports[ingress].in.wanted--;
}

/* True if some head of the ingress buffer goes to @egress. */
static bool has_request(struct pcie_switch *sw, uint32_t egress, uint32_t ingress)
{
    const struct tlp_fifo *fifos = fifos_of(sw, egress, ingress);
    for (uint32_t q = 0; q < sw->fabric->vcs * CLASSES; q++)
        if (fifos[q].head && tlp_get(&sw->fabric->tlps, fifos[q].head)->port == egress)
            return true;
    return false;
}

/* The TLP at the end of the pipeline waits for the crossbar; @egress decides as soon as the ingress
 * is free. */
static void enqueue(struct pcie_switch *sw, uint32_t ingress, uint32_t index, uint64_t cycle)
{
    struct switch_ingress *in = &sw->ports[ingress].in;
    struct tlp *tlp = tlp_get(&sw->fabric->tlps, index);
    struct tlp_fifo *fifo = &fifos_of(sw, tlp->port, ingress)[fabric_queue(sw->fabric, tlp)];
    hold_bytes(in, sw->fabric, tlp);
    bool is_head = !fifo->head;
    tlp_fifo_push(sw->fabric, fifo, index);
    if (!is_head)
        return;
    set_request(sw, tlp->port, ingress);
    if (in->crossbar_free_cycle > cycle)
        wake_in(sw, ingress_node(sw, ingress), in->crossbar_free_cycle, cycle);
    else
        decide_later(sw, tlp->port);
}

/* The pipeline of @ingress holds @index, which comes again in @cycle; all that arrive meanwhile
 * queue behind it. */
static void hold_arrival(struct pcie_switch *sw, struct switch_ingress *in, uint32_t index,
                         uint64_t cycle, uint64_t current)
{
    in->held = index;
    insert_arrival(sw, index, cycle, current);
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
        enqueue(sw, ingress, index, cycle);
        return;
    }
    if (waits_behind_fetch(sw, in, index))
        return;
    uint32_t q = fabric_queue(fabric, tlp);
    uint32_t data_units = credit_data_units(tlp_wire_payload_bytes(tlp));
    switch (switch_look_up(sw, ingress, tlp)) {
    case SWITCH_FORWARD:
        enqueue(sw, ingress, index, cycle);
        break;
    case SWITCH_FETCHING:
        hold_arrival(sw, in, index, cycle + sw->params.remap_miss_cycles, cycle);
        return;
    case SWITCH_ANSWERED:
        /* The request's buffer is free; the completion generator hands its completion on one cycle
         * later. */
        refuse(sw, ingress, tlp, q, data_units);
        insert_arrival(sw, index, cycle + 1, cycle);
        break;
    case SWITCH_DROPPED:
        refuse(sw, ingress, tlp, q, data_units);
        if (tlp_kinds[tlp->kind].class == CLASS_POSTED)
            fabric_end_posted(fabric, index, TLP_UR);
        else
            tlp_give_back(&fabric->tlps, index);
        break;
    }
    if (in->behind.head)
        hold_arrival(sw, in, tlp_fifo_pop(fabric, &in->behind), cycle + 1, cycle);
}

/* ---- crossbar
 * ----------------------------------------------------------------------------------------------------
 */

struct query { /* of one egress, by its arbiter */
    struct pcie_switch *sw;
    uint64_t cycle;
    uint32_t egress;
    uint32_t blocked; /* queues that lack only credits, over all requesters looked at */
};

static bool is_eligible(void *context, uint32_t ingress, uint64_t *out_age)
{
    struct query *query = context;
    struct pcie_switch *sw = query->sw;
    if (sw->ports[ingress].in.crossbar_free_cycle > query->cycle)
        return false;
    const struct tlp_fifo *fifos = fifos_of(sw, query->egress, ingress);
    const struct link *link = sw->ports[query->egress].out.link;
    int q = pick(sw->fabric, fifos, link, query->egress, &query->blocked);
    if (q == PICK_NONE)
        return false;
    *out_age = tlp_get(&sw->fabric->tlps, fifos[q].head)->at_ps;
    return true;
}

/* First cycle from @cycle on in which the egress can start another TLP: crossbar output and buffer
 * have room. */
static uint64_t egress_ready_cycle(const struct pcie_switch *sw, const struct switch_egress *out,
                                   uint64_t cycle)
{
    uint64_t ready = out->free_cycle > cycle ? out->free_cycle : cycle;
    if (out->link->free_ticks > out->buffer_ticks) {
        uint64_t drained_ps = link_ticks_to_ps(out->link->free_ticks - out->buffer_ticks);
        uint64_t drained = cycle_at_or_after(sw, drained_ps);
        drained = drained > sw->params.crossbar_cycles ? drained - sw->params.crossbar_cycles : 0;
        if (drained > ready)
            ready = drained;
    }
    return ready;
}

static void wait_for_credits(struct pcie_switch *sw, uint32_t egress, uint32_t blocked,
                             uint64_t cycle)
{
    struct switch_egress *out = &sw->ports[egress].out;
    if (blocked && !out->stalled_since_ps)
        out->stalled_since_ps = switch_cycle_ps(sw, cycle);
    for (; blocked; blocked &= blocked - 1) {
        uint64_t at_ps = link_credit_when(out->link, (uint32_t)__builtin_ctz(blocked));
        if (at_ps != UINT64_MAX)
            wake_in(sw, egress, cycle_at_or_after(sw, at_ps), cycle);
    }
}

static void on_credit(void *self, uint32_t egress, uint64_t at_ps)
{
    struct pcie_switch *sw = self;
    wake_in(sw, egress, cycle_at_or_after(sw, at_ps), current_cycle(sw));
}

/* Accept: an ingress chosen by several egress ports takes the first from its pointer on; the other
 * tries again. */
static void offer_grant(struct pcie_switch *sw, uint32_t egress, uint32_t ingress, uint64_t cycle)
{
    struct switch_ingress *in = &sw->ports[ingress].in;
    if (in->granted_to < 0) {
        in->granted_to = (int32_t)egress;
        sw->granting[sw->n_granting++] = ingress;
        return;
    }
    uint32_t n = sw->n_ports;
    uint32_t rival = (uint32_t)in->granted_to;
    uint32_t loser = egress;
    if ((egress + n - in->accept_pointer) % n < (rival + n - in->accept_pointer) % n) {
        in->granted_to = (int32_t)egress;
        loser = rival;
    }
    wake_in(sw, loser, cycle + 1, cycle);
}

static void decide(struct pcie_switch *sw, uint32_t egress, uint64_t cycle)
{
    struct switch_egress *out = &sw->ports[egress].out;
    if (!out->requests)
        return;
    uint64_t ready = egress_ready_cycle(sw, out, cycle);
    if (ready > cycle) {
        wake_in(sw, egress, ready, cycle);
        return;
    }
    for (uint32_t q = 0; q < sw->fabric->vcs * CLASSES; q++)
        link_credit_poll(&out->link->credit[q], sw->fabric->sim->now_ps);
    struct query query = {sw, cycle, egress, 0};
    struct arb_query ask = {is_eligible, &query};
    int32_t ingress = arb_pick(&out->arb, &sw->requests[egress * sw->request_words], &ask);
    if (ingress == ARB_NONE)
        wait_for_credits(sw, egress, query.blocked, cycle);
    else
        offer_grant(sw, egress, (uint32_t)ingress, cycle);
}

static void account_wait(struct switch_egress *out, struct tlp *tlp, uint64_t now_ps)
{
    if (out->stalled_since_ps) {
        out->link->credit_stall_ps += now_ps - out->stalled_since_ps;
        if (tlp->at_ps < out->stalled_since_ps)
            tlp_spend(tlp, PART_ARBITRATE, out->stalled_since_ps);
        tlp_spend(tlp, PART_CREDIT, now_ps);
        out->stalled_since_ps = 0;
    }
    tlp_spend(tlp, PART_ARBITRATE, now_ps);
}

/* A faster wire must not overtake the crossbar: the last beat has to be there when its turn comes.
 */
static uint64_t wire_ready_ps(const struct pcie_switch *sw, const struct link *link,
                              const struct tlp *tlp, uint64_t cycle, uint32_t beats)
{
    uint64_t exit = cycle + sw->params.crossbar_cycles;
    uint64_t first_ps = switch_cycle_ps(sw, exit);
    if (beats == 1)
        return first_ps;
    uint32_t before = fabric_wire_bytes(sw->fabric, tlp) -
                      (tlp_wire_payload_bytes(tlp) - ((beats - 1) << sw->beat_shift));
    uint64_t sent_ps = link_ticks_to_ps(link_ticks(link, before));
    uint64_t last_ps = switch_cycle_ps(sw, exit + beats - 1);
    return last_ps > first_ps + sent_ps ? last_ps - sent_ps : first_ps;
}

static void apply_grant(struct pcie_switch *sw, uint32_t ingress, uint64_t cycle)
{
    struct fabric *fabric = sw->fabric;
    struct switch_ingress *in = &sw->ports[ingress].in;
    uint32_t egress = (uint32_t)in->granted_to;
    struct switch_egress *out = &sw->ports[egress].out;
    struct tlp_fifo *fifos = fifos_of(sw, egress, ingress);
    uint32_t blocked = 0;
    int q = pick(fabric, fifos, out->link, egress, &blocked);
    CHECK(q != PICK_NONE);
    uint32_t index = tlp_fifo_pop(fabric, &fifos[q]);
    struct tlp *tlp = tlp_get(&fabric->tlps, index);
    uint32_t beats = beats_of(sw, tlp);
    uint32_t data_units = credit_data_units(tlp_wire_payload_bytes(tlp));
    uint64_t now_ps = fabric->sim->now_ps;
    bool was_generated = tlp->attr & TLP_ATTR_GENERATED; /* its credits went back already */
    tlp->attr &= (uint8_t)~TLP_ATTR_GENERATED;

    in->granted_to = -1;
    in->accept_pointer = egress + 1 == sw->n_ports ? 0 : egress + 1;
    in->crossbar_free_cycle = cycle + beats;
    out->free_cycle = cycle + beats;
    out->grants++;
    arb_granted(&out->arb, ingress);
    link_credit_consume(&out->link->credit[q], data_units);

    uint64_t gone_ps = switch_cycle_ps(sw, cycle + beats);
    release_bytes(in, fabric, tlp, gone_ps - tlp->at_ps);
    account_wait(out, tlp, now_ps);
    uint64_t ready_ps = wire_ready_ps(sw, out->link, tlp, cycle, beats);
    tlp_spend(tlp, PART_CROSSBAR, ready_ps);
    sim_note_progress(fabric->sim);
    trace_emit(&fabric->sim->trace, TR_SWITCH_OUT, sw->component.id, egress,
               switch_cycle_ps(sw, cycle + sw->params.crossbar_cycles), tlp);

    /* The next head may go elsewhere (without VOQ) or nowhere. */
    if (!has_request(sw, egress, ingress))
        clear_request(sw, egress, ingress);
    if (fifos[q].head)
        set_request(sw, tlp_get(&fabric->tlps, fifos[q].head)->port, ingress);
    if (in->wanted)
        wake_in(sw, ingress_node(sw, ingress), in->crossbar_free_cycle, cycle);
    if (!was_generated)
        link_credit_return(in->link, (uint32_t)q, data_units, gone_ps);
    link_send(out->link, index, ready_ps);
    if (out->requests)
        wake_in(sw, egress, egress_ready_cycle(sw, out, cycle + 1), cycle);
}

static void wake_ingress(struct pcie_switch *sw, uint32_t ingress)
{
    const uint64_t *wants = &sw->wants[ingress * sw->request_words];
    for (uint32_t word = 0; word < sw->request_words; word++)
        for (uint64_t bits = wants[word]; bits; bits &= bits - 1)
            decide_later(sw, word * 64 + (uint32_t)__builtin_ctzll(bits));
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
        uint32_t node = wake - 1;
        wake = sw->wakes[node].next;
        sw->wakes[node].cycle = 0;
        if (node < sw->n_ports)
            decide_later(sw, node);
        else
            wake_ingress(sw, node - sw->n_ports);
    }
    for (uint32_t i = 0; i < sw->n_deciding; i++)
        decide(sw, sw->deciding[i], cycle);
    for (uint32_t i = 0; i < sw->n_granting; i++)
        apply_grant(sw, sw->granting[i], cycle);
}

static void handle(struct component *self, struct sim *sim, const struct event *event)
{
    (void)sim;
    struct pcie_switch *sw = (struct pcie_switch *)self;
    switch (event->kind) {
    case EV_TICK:
        tick(sw, event->b);
        return;
    case EV_LATE_ARRIVAL:
        insert_arrival(sw, event->a, event->b, current_cycle(sw));
        return;
    default:
        CHECK(false);
    }
}

/* ---- life cycle
 * --------------------------------------------------------------------------------------------------
 */

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
           2 * bitmap_bytes(n_ports) + round_up(2 * n_ports * sizeof(struct switch_wake)) +
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
    sw->wants = (void *)at;
    at += bitmap_bytes(n_ports);
    sw->wakes = (void *)at;
    at += round_up(2 * n_ports * sizeof(struct switch_wake));
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
    out->sender = (struct link_sender){on_credit, sw, number};
}
