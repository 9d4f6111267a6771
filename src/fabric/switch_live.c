/* A TLP comes from switch.c, waits for the cycles of its look-up, and goes back there. */
#include "fabric/switch_live.h"

#include "fabric/switch_ring.h"

/* The first TLP of the pipeline could begin its look-up in @lookup; the one before may hold it up.
 * The look-up is done behind all that happens in its last cycle, and before the next one. */
static void schedule_first(struct pcie_switch *sw, uint32_t ingress, uint64_t lookup)
{
    uint64_t free_cycle = sw->ports[ingress].in.lookup_free_cycle;
    uint64_t begin = lookup < free_cycle ? free_cycle : lookup;
    uint64_t end_ps = switch_cycle_ps(sw, begin + sw->params.remap_cycles);
    sw->ports[ingress].in.lookup_due_ps = end_ps - 1;
    sw->lookups_due[begin % SWITCH_LOOKUPS]++;
    sim_at(sw->fabric->sim, end_ps - 1, PHASE_OBSERVE, &sw->component, SWITCH_EV_LOOK_UP, ingress,
           begin);
}

/* The buffer holds it from when it was sent, as without live tables. */
static void hold(struct pcie_switch *sw, uint32_t ingress, const struct tlp *tlp)
{
    struct switch_ingress *in = &sw->ports[ingress].in;
    enum tlp_class class = tlp_class_of(tlp);
    in->held_bytes[class] += fabric_wire_bytes(sw->fabric, tlp) - RATE_FRAMING_BYTES;
    if (in->held_bytes[class] > in->most_bytes[class])
        in->most_bytes[class] = in->held_bytes[class];
}

/* The crossbar's queues, or who refuses it, now count for themselves. */
static void release(struct pcie_switch *sw, uint32_t ingress, const struct tlp *tlp)
{
    sw->ports[ingress].in.held_bytes[tlp_class_of(tlp)] -=
        fabric_wire_bytes(sw->fabric, tlp) - RATE_FRAMING_BYTES;
}

void switch_live_enter(struct pcie_switch *sw, uint32_t ingress, uint32_t index, uint64_t lookup)
{
    struct tlp_fifo *pipeline = &sw->ports[ingress].in.pipeline;
    bool is_first = !pipeline->head;
    hold(sw, ingress, tlp_get(&sw->fabric->tlps, index));
    tlp_fifo_push(sw->fabric, pipeline, index);
    if (is_first)
        schedule_first(sw, ingress, lookup);
}

/* The look-up of the first TLP in @ingress's pipeline, that is due now. */
static void look_up_first(struct pcie_switch *sw, uint32_t ingress)
{
    struct tlp_fifo *pipeline = &sw->ports[ingress].in.pipeline;
    CHECK(pipeline->head);
    sw->ports[ingress].in.lookup_due_ps = 0;
    sw->lookups_due[sw->lookup_cycle % SWITCH_LOOKUPS]--;
    uint32_t index = tlp_fifo_pop(sw->fabric, pipeline);
    release(sw, ingress, tlp_get(&sw->fabric->tlps, index));
    /* What is refused may bring the next TLP at once, which has an event of its own if it is alone.
     */
    const uint32_t next = pipeline->head;
    switch_finish_look_up(sw, ingress, index, sw->lookup_cycle);
    if (next)
        schedule_first(sw, ingress,
                       switch_cycle_at_or_after(sw, tlp_get(&sw->fabric->tlps, next)->at_ps));
}

/* Look-ups of one cycle are done in the order of their ports, as the hardware's lanes have it: two
 * of them may take tags of one device. */
void switch_live_on_event(struct pcie_switch *sw, const struct event *event)
{
    const uint64_t now_ps = sw->fabric->sim->now_ps;
    CHECK(event->kind == SWITCH_EV_LOOK_UP);
    if (sw->ports[event->a].in.lookup_due_ps != now_ps)
        return; /* it was done with another's */
    sw->lookup_cycle = event->b;
    if (sw->lookups_due[event->b % SWITCH_LOOKUPS] == 1) {
        look_up_first(sw, event->a);
        return;
    }
    for (uint32_t p = 0; p < sw->n_ports; p++)
        if (sw->ports[p].in.lookup_due_ps == now_ps)
            look_up_first(sw, p);
}

/* True if a look-up has been done whose last cycle is not over. */
static bool looked_ahead(const struct pcie_switch *sw)
{
    for (uint32_t p = 0; p < sw->n_ports; p++) {
        uint64_t next = sw->ports[p].in.lookup_free_cycle;
        if (next &&
            switch_cycle_ps(sw, next - 1 + sw->params.remap_cycles) > sw->fabric->sim->now_ps)
            return true;
    }
    return false;
}

void switch_set_live(struct pcie_switch *sw, bool live)
{
    if (live == sw->live)
        return;
    CHECK(!looked_ahead(sw));
    for (uint32_t p = 0; p < sw->n_ports; p++)
        CHECK(!sw->ports[p].in.pipeline.head);
    sw->live = live;
}

void switch_note_write(struct pcie_switch *sw, const void *table, uint32_t index)
{
    if (!sw->live) {
        CHECK(!looked_ahead(sw)); /* it should have been live */
        return;
    }
    uint64_t cycle = switch_current_cycle(sw);
    struct switch_write *write = &sw->writes[sw->n_writes++ % SWITCH_WRITES];
    /* The one that is forgotten must be older than any look-up under way. */
    CHECK(sw->n_writes <= SWITCH_WRITES || write->cycle + sw->params.remap_cycles < cycle);
    *write = (struct switch_write){table, index, cycle};
    const struct sim *sim = sw->fabric->sim;
    trace_emit(&sim->trace, TR_SWITCH_WRITE, sw->component.id, 0, sim->now_ps, write);
}

enum assignment_result switch_command(struct pcie_switch *sw, uint32_t function,
                                      enum assignment_command command,
                                      const struct assignment_place *place)
{
    const struct sim *sim = sw->fabric->sim;
    const struct switch_command done = {
        function, command, place ? *place : sw->assignments->functions[function].place};
    const enum assignment_result result = assignment_do(sw->assignments, function, command, place);
    if (result == ASSIGNMENT_OK)
        trace_emit(&sim->trace, TR_SWITCH_COMMAND, sw->component.id, done.place.host_port,
                   sim->now_ps, &done);
    return result;
}

bool switch_is_killed(struct pcie_switch *sw, const void *table, uint32_t index)
{
    for (uint32_t i = sw->n_writes, kept = SWITCH_WRITES; i && kept; i--, kept--) {
        const struct switch_write *write = &sw->writes[(i - 1) % SWITCH_WRITES];
        if (write->cycle < sw->lookup_cycle)
            return false;
        if (write->table == table && write->index == index) {
            sw->killed++;
            return true;
        }
    }
    return false;
}
