/* pick.h - which of the waiting TLPs of one source may go next: credits and the ordering table.
 * Used by the transmit ports of hosts and devices and by the switch for each pair of ingress and
 * egress. */
#ifndef POOLSIM_FABRIC_PICK_H
#define POOLSIM_FABRIC_PICK_H

#include "fabric/link.h"

struct tlp_fifo { /* TLP indices linked by tlp.next; 0, 0 is empty */
    uint32_t head;
    uint32_t tail;
};

static inline void tlp_fifo_push(struct fabric *fabric, struct tlp_fifo *fifo, uint32_t index)
{
    tlp_get(&fabric->tlps, index)->next = 0;
    if (fifo->tail)
        tlp_get(&fabric->tlps, fifo->tail)->next = index;
    else
        fifo->head = index;
    fifo->tail = index;
}

static inline uint32_t tlp_fifo_pop(struct fabric *fabric, struct tlp_fifo *fifo)
{
    uint32_t index = fifo->head;
    fifo->head = tlp_get(&fabric->tlps, index)->next;
    if (!fifo->head)
        fifo->tail = 0;
    return index;
}

enum { PICK_NONE = -1, PICK_ANY_PORT = 0x10000 };

/* The queue (VC x 3 + class) whose head may be sent on @link now, or PICK_NONE. @fifos: one per
 * queue; the account of each TLP in them ends at its arrival there, which gives their age. @port:
 * only heads whose tlp.port equals it compete (the others still hold back what may not pass them);
 * PICK_ANY_PORT: all. A higher VC goes first; within a VC the oldest that has credits and may pass
 * every older one. @out_blocked gets a bit for each queue that lacked only credits.
 * link_credit_poll must have been done. */
static inline int pick(const struct fabric *fabric, const struct tlp_fifo *fifos,
                       const struct link *link, uint32_t port, uint32_t *out_blocked);

/* The same where heads of several classes may compete. */
int pick_among(const struct fabric *fabric, const struct tlp_fifo *fifos, const struct link *link,
               uint32_t port, uint32_t *out_blocked);

/* The classes of one VC that have a head, a bit each. */
static inline uint32_t pick_waiting(const struct tlp_fifo *of_vc)
{
    return (uint32_t)(of_vc[CLASS_POSTED].head != 0) << CLASS_POSTED |
           (uint32_t)(of_vc[CLASS_NONPOSTED].head != 0) << CLASS_NONPOSTED |
           (uint32_t)(of_vc[CLASS_COMPLETION].head != 0) << CLASS_COMPLETION;
}

/* Only the head of queue @q waits: there is no ordering to look at. */
static inline int pick_alone(const struct fabric *fabric, const struct tlp_fifo *fifos,
                             const struct link *link, uint32_t q, uint32_t port,
                             uint32_t *out_blocked)
{
    const struct tlp *tlp = tlp_get(&fabric->tlps, fifos[q].head);
    if (port != PICK_ANY_PORT && tlp->port != port)
        return PICK_NONE;
    if (link_credit_allows(&link->credit[q], credit_data_units(tlp_wire_payload_bytes(tlp))))
        return (int)q;
    *out_blocked |= 1U << q;
    return PICK_NONE;
}

static inline int pick(const struct fabric *fabric, const struct tlp_fifo *fifos,
                       const struct link *link, uint32_t port, uint32_t *out_blocked)
{
    uint32_t waiting = pick_waiting(fifos);
    if (__builtin_expect(fabric->vcs != 1 || (waiting & (waiting - 1)), 0))
        return pick_among(fabric, fifos, link, port, out_blocked);
    if (!waiting)
        return PICK_NONE;
    return pick_alone(fabric, fifos, link, (uint32_t)__builtin_ctz(waiting), port, out_blocked);
}

#endif
