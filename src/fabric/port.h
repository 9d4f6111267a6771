/* port.h - the transmit side of a host or device: queues per VC and class in front of its link.
 * A TLP comes from root_complex.c or endpoint.c (port_submit), waits for credits, for its turn by
 * the ordering table and for the wire, and goes to link_send. The port keeps at most a transmit
 * buffer's worth committed to the wire, so that later decisions stay open; it needs one event per
 * several TLPs under load and none without. */
#ifndef POOLSIM_FABRIC_PORT_H
#define POOLSIM_FABRIC_PORT_H

#include "fabric/pick.h"

/* Wire backlog up to which TLPs are committed, and down to which it drains before the port looks
 * again. */
enum { PORT_HIGH_BYTES = 2048, PORT_LOW_BYTES = 1024 };

struct port {
    struct fabric *fabric;
    struct link *link;
    const struct component *owner; /* gets the port's events and calls port_pump */
    uint32_t event_kind;
    uint32_t queued;
    uint64_t wake_ps; /* earliest event under way; UINT64_MAX: none */
    uint64_t high_ticks;
    uint64_t low_ticks;
    uint64_t stalled_since_ps; /* lacking only credits since; 0: not */
    struct tlp_fifo fifos[FABRIC_VCS_MAX * CLASSES];
};

/* Events of @event_kind for @owner must be passed to port_pump. */
void port_init(struct port *port, struct fabric *fabric, struct link *link,
               const struct component *owner, uint32_t event_kind);
/* Takes TLP @index; its account must not reach beyond now. */
void port_submit(struct port *port, uint32_t index);
/* Sends what can be sent now, and sees to it that the owner is woken when more can. */
void port_pump(struct port *port);
/* True if a TLP of queue @q submitted now would wait neither behind others of its queue nor long
 * for the wire. */
bool port_has_room(const struct port *port, uint32_t q);
bool port_wire_is_full(const struct port *port);
/* Schedules the owner's event for the time when the wire has drained enough, if none is under way.
 */
void port_wake_when_drained(struct port *port);
void port_report(const struct port *port, const char *name, FILE *out);

#endif
