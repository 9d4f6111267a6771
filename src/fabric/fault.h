/* fault.h - links that go down and come back, and resets of devices that the Owner's reset brings
 * (Base Spec 2.9, 3.2, 6.6.1).
 * A link that can go down has a watcher between its two senders and receivers: a TLP comes from
 * link_send, and goes to the receiver when its first byte arrives, or is lost there because the
 * link has been down meanwhile; what is sent on a link that is down is lost, too. Nobody hears of
 * that: a posted request ends as TLP_LOST, anything else leaves its requester waiting for its
 * time-out. A lost TLP gives its credits back, so that both ends begin anew with all that their
 * receivers have free. A TLP whose first byte has arrived is received.
 *
 * A link that is watched and stays up changes no result.
 *
 * What happens at the ends: the device is reset (hot reset: PF and VFs, VF Enable is clear, the bus
 * number forgotten; what it was doing ends as aborted); the switch answers for a port without a
 * link (switch_fault.h); a root complex answers its CPU for a root port without one. Live tables
 * only. */
#ifndef POOLSIM_FABRIC_FAULT_H
#define POOLSIM_FABRIC_FAULT_H

#include "fabric/endpoint.h"
#include "fabric/root_complex.h"
#include "fabric/switch.h"

struct fault_link;

struct fault_way { /* one direction */
    struct fault_link *at;
    struct link *link;
    struct link_receiver receiver; /* that would be link's */
    uint32_t number;               /* of all ways */
};

struct fault_link {
    struct faults *faults;
    struct fault_way ways[2];
    struct pcie_switch *sw; /* NULL: the device attaches to the root complex directly */
    uint32_t port;
    struct endpoint *ep;     /* what hangs on the port, */
    struct root_complex *rc; /* one of both; or both without a switch */
    bool down;
    uint16_t downs; /* so far, modulo 2^16 */
    uint64_t lost;  /* TLPs */
};

struct faults {
    struct component component;
    struct fabric *fabric;
    struct fault_link *links; /* the caller's */
    uint32_t n_links, capacity;
};

/* The caller gives the component its id in the simulation, below that of whoever begins new
 * requests when others end. @links: room for @capacity. */
void faults_init(struct faults *faults, struct fabric *fabric, struct fault_link *links,
                 uint32_t capacity);
/* Watches the link of a connected switch port, with the device or the root complex on it; before
 * the first TLP. Returns its number. */
uint32_t faults_watch_device(struct faults *faults, struct pcie_switch *sw, uint32_t port,
                             struct endpoint *ep);
uint32_t faults_watch_host(struct faults *faults, struct pcie_switch *sw, uint32_t port,
                           struct root_complex *rc);

/* The same of a link without a switch. */
uint32_t faults_watch_direct(struct faults *faults, struct root_complex *rc, struct endpoint *ep);

/* Surprise link down, and up again. Of a device: it is reset, every host's slot for it shows Data
 * Link Layer State Changed, and what is sent to it gets UR from the switch. Of a host: its private
 * bridges are reset and its VFs get an FLR; devices that it owns are reset with it, as by
 * fault_owner_reset. Without a switch the device is reset and the root complex answers for it.
 * @contained (down of a device): the Users' slots are cut off, too, until switch_fault_contain
 * releases them, whatever the link does. */
void fault_link_down(struct faults *faults, uint32_t number, bool contained);
void fault_link_up(struct faults *faults, uint32_t number);

/* Hot reset of the device on link @number, by a secondary-bus reset above it: its link is down
 * until fault_device_ready, but nobody else is told. @contained: the Users' slots are cut off
 * before, and see their links go; without, what they send is lost and they time out, and behind the
 * reset the device knows nothing of its VFs. */
void fault_device_reset(struct faults *faults, uint32_t number, bool contained);
void fault_device_ready(struct faults *faults, uint32_t number);
/* The host at @host_port resets: so are its private bridges, and every watched device that it owns
 * as by fault_device_reset, until fault_owner_ready. */
void fault_owner_reset(struct faults *faults, struct pcie_switch *sw, uint32_t host_port,
                       bool contained);
void fault_owner_ready(struct faults *faults, struct pcie_switch *sw, uint32_t host_port);

#endif
