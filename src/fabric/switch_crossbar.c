/* A TLP comes from switch.c (switch_crossbar_enqueue), goes to link.c (link_send in apply_grant).
 * See switch.h for the cycle rules. */
#include "fabric/switch_crossbar.h"

#include "fabric/switch_ring.h"

/* ---- receive buffer ---- */

static uint32_t ingress_node(const struct pcie_switch *sw, uint32_t ingress)
{
    return sw->n_ports + ingress;
}

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

void switch_crossbar_decide(struct pcie_switch *sw, uint32_t egress)
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

void switch_crossbar_enqueue(struct pcie_switch *sw, uint32_t ingress, uint32_t index,
                             uint64_t cycle)
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
        switch_ring_wake(sw, ingress_node(sw, ingress), in->crossbar_free_cycle, cycle);
    else
        switch_crossbar_decide(sw, tlp->port);
}

/* ---- crossbar ---- */

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
        uint64_t drained = switch_cycle_at_or_after(sw, drained_ps);
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
            switch_ring_wake(sw, egress, switch_cycle_at_or_after(sw, at_ps), cycle);
    }
}

void switch_crossbar_on_credit(void *self, uint32_t egress, uint64_t at_ps)
{
    struct pcie_switch *sw = self;
    switch_ring_wake(sw, egress, switch_cycle_at_or_after(sw, at_ps), switch_current_cycle(sw));
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
    switch_ring_wake(sw, loser, cycle + 1, cycle);
}

static void decide(struct pcie_switch *sw, uint32_t egress, uint64_t cycle)
{
    struct switch_egress *out = &sw->ports[egress].out;
    if (!out->requests)
        return;
    uint64_t ready = egress_ready_cycle(sw, out, cycle);
    if (ready > cycle) {
        switch_ring_wake(sw, egress, ready, cycle);
        return;
    }
    for (uint32_t q = 0; q < sw->fabric->vcs * CLASSES; q++)
        link_credit_poll(&out->link->credit[q], sw->fabric->sim->now_ps);
    struct query query = {sw, cycle, egress, 0};
    struct arb_query ask = {is_eligible, &query};
    int32_t ingress = arb_pick(&out->arb, &sw->requests[(size_t)egress * sw->request_words], &ask);
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
    uint32_t beats = switch_beats(sw, tlp);
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
        switch_ring_wake(sw, ingress_node(sw, ingress), in->crossbar_free_cycle, cycle);
    if (!was_generated)
        link_credit_return(in->link, (uint32_t)q, data_units, gone_ps);
    link_send(out->link, index, ready_ps);
    if (out->requests)
        switch_ring_wake(sw, egress, egress_ready_cycle(sw, out, cycle + 1), cycle);
}

void switch_crossbar_wake_ingress(struct pcie_switch *sw, uint32_t ingress)
{
    const uint64_t *wants = &sw->wants[(size_t)ingress * sw->request_words];
    for (uint32_t word = 0; word < sw->request_words; word++)
        for (uint64_t bits = wants[word]; bits; bits &= bits - 1)
            switch_crossbar_decide(sw, word * 64 + (uint32_t)__builtin_ctzll(bits));
}

void switch_crossbar_run(struct pcie_switch *sw, uint64_t cycle)
{
    for (uint32_t i = 0; i < sw->n_deciding; i++)
        decide(sw, sw->deciding[i], cycle);
    for (uint32_t i = 0; i < sw->n_granting; i++)
        apply_grant(sw, sw->granting[i], cycle);
}
