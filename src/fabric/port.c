/* A TLP comes from root_complex.c or endpoint.c, goes to link.c. */
#include "fabric/port.h"

#include <inttypes.h>
#include <string.h>

static void on_credit(void *self, uint32_t number, uint64_t at_ps);

void port_init(struct port *port, struct fabric *fabric, struct link *link,
               const struct component *owner, uint32_t event_kind)
{
    memset(port, 0, sizeof *port);
    port->fabric = fabric;
    port->link = link;
    port->owner = owner;
    port->event_kind = event_kind;
    port->wake_ps = UINT64_MAX;
    port->high_ticks = link_ticks(link, PORT_HIGH_BYTES);
    port->low_ticks = link_ticks(link, PORT_LOW_BYTES);
    link->sender = (struct link_sender){on_credit, port, 0};
}

static void wake_at(struct port *port, uint64_t at_ps)
{
    if (at_ps >= port->wake_ps)
        return;
    port->wake_ps = at_ps;
    sim_at(port->fabric->sim, at_ps, PHASE_UPDATE, port->owner, port->event_kind, 0, 0);
}

static void on_credit(void *self, uint32_t number, uint64_t at_ps)
{
    (void)number;
    wake_at(self, at_ps);
}

bool port_wire_is_full(const struct port *port)
{
    return port->link->free_ticks >
           port->fabric->sim->now_ps * RATE_TICKS_PER_PS + port->high_ticks;
}

bool port_has_room(const struct port *port, uint32_t q)
{
    return !port->fifos[q].head && !port_wire_is_full(port);
}

void port_wake_when_drained(struct port *port)
{
    uint64_t at_ps = link_ticks_to_ps(port->link->free_ticks - port->low_ticks);
    wake_at(port, at_ps > port->fabric->sim->now_ps ? at_ps : port->fabric->sim->now_ps + 1);
}

/* Nothing can go: wait for the credits that the blocked queues lack. */
static void wait_for_credits(struct port *port, uint32_t blocked)
{
    if (blocked && !port->stalled_since_ps)
        port->stalled_since_ps = port->fabric->sim->now_ps;
    for (; blocked; blocked &= blocked - 1) {
        uint64_t at_ps = link_credit_when(port->link, (uint32_t)__builtin_ctz(blocked));
        if (at_ps != UINT64_MAX)
            wake_at(port, at_ps);
    }
}

static void send_head(struct port *port, uint32_t q)
{
    struct fabric *fabric = port->fabric;
    uint64_t now_ps = fabric->sim->now_ps;
    uint32_t index = tlp_fifo_pop(fabric, &port->fifos[q]);
    struct tlp *tlp = tlp_get(&fabric->tlps, index);
    uint32_t payload = tlp_wire_payload_bytes(tlp);
    link_credit_consume(&port->link->credit[q], credit_data_units(payload));
    port->queued--;
    if (port->stalled_since_ps) {
        port->link->credit_stall_ps += now_ps - port->stalled_since_ps;
        if (tlp->at_ps < port->stalled_since_ps)
            tlp_spend(tlp, PART_ARBITRATE, port->stalled_since_ps);
        tlp_spend(tlp, PART_CREDIT, now_ps);
        port->stalled_since_ps = 0;
    }
    link_send(port->link, index, payload, now_ps);
}

void port_pump(struct port *port)
{
    if (port->fabric->sim->now_ps >= port->wake_ps)
        port->wake_ps = UINT64_MAX;
    while (port->queued) {
        if (port_wire_is_full(port)) {
            port_wake_when_drained(port);
            return;
        }
        struct pick_wait wait = {.now_ps = port->fabric->sim->now_ps};
        int q = pick(port->fabric, port->fifos, port->link, PICK_ANY_PORT, &wait);
        if (q == PICK_NONE) {
            wait_for_credits(port, wait.blocked);
            return;
        }
        send_head(port, (uint32_t)q);
    }
}

/* Nothing waits, the wire has room and credits are there: the usual case, without the queues. */
static bool send_at_once(struct port *port, uint32_t index, const struct tlp *tlp, uint32_t q)
{
    struct link_credit *credit = &port->link->credit[q];
    uint64_t now_ps = port->fabric->sim->now_ps;
    uint32_t payload = tlp_wire_payload_bytes(tlp);
    uint32_t data_units = credit_data_units(payload);
    if (port->queued || port_wire_is_full(port))
        return false;
    if (!link_credit_allows(credit, data_units, now_ps))
        return false;
    link_credit_consume(credit, data_units);
    link_send(port->link, index, payload, now_ps);
    return true;
}

inline void port_submit(struct port *port, uint32_t index)
{
    struct tlp *tlp = tlp_get(&port->fabric->tlps, index);
    uint32_t q = fabric_queue(port->fabric, tlp);
    if (send_at_once(port, index, tlp, q))
        return;
    tlp_spend(tlp, PART_ARBITRATE, port->fabric->sim->now_ps);
    tlp_fifo_push(port->fabric, &port->fifos[q], index);
    port->queued++;
    port_pump(port);
}

void port_report(const struct port *port, const char *name, FILE *out)
{
    if (!port->queued)
        return;
    fprintf(out, "%s: %" PRIu32 " TLPs wait to be sent on %s\n", name, port->queued,
            port->link->name);
    for (uint32_t q = 0; q < port->fabric->vcs * CLASSES; q++) {
        if (!port->fifos[q].head)
            continue;
        const struct tlp *tlp = tlp_get(&port->fabric->tlps, port->fifos[q].head);
        fprintf(out, "  VC%u %s since %" PRIu64 " ps; credits %u header, %u data\n", q / CLASSES,
                tlp_kinds[tlp->kind].name, tlp->at_ps,
                credit_available(&port->link->credit[q].header),
                credit_available(&port->link->credit[q].data));
    }
}
