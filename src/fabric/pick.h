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
    /* Whether it is empty cannot be predicted, so there is no branch: behind tail 0, the next of no
     * TLP is set. */
    tlp_get(&fabric->tlps, fifo->tail)->next = index;
    tlp_get(&fabric->tlps, index)->next = 0;
    fifo->head |= index & -(uint32_t)(fifo->head == 0);
    fifo->tail = index;
}

static inline uint32_t tlp_fifo_pop(struct fabric *fabric, struct tlp_fifo *fifo)
{
    uint32_t index = fifo->head;
    fifo->head = tlp_get(&fabric->tlps, index)->next;
    fifo->tail &= -(uint32_t)(fifo->head != 0);
    return index;
}

enum { PICK_NONE = -1, PICK_ANY_PORT = 0x10000 };

/* When it is, and what a choice that found nothing, or did not find all, has to wait for. */
struct pick_wait {
    uint64_t now_ps;
    uint64_t ready_ps; /* the least arrival time of a head that has not arrived yet, if it is less
                          than before */
    uint32_t blocked;  /* gets a bit for each queue whose head lacked only credits */
    uint32_t payload;  /* on the wire, of the head that was chosen */
};

/* The queue (VC x 3 + class) whose head may be sent on @link now, or PICK_NONE. @fifos: one per
 * queue; the account of each TLP in them ends at its arrival there, which gives their age and may
 * lie ahead of now. @port: only heads whose tlp.port equals it compete (the others still hold back
 * what may not pass them); PICK_ANY_PORT: all. A higher VC goes first; within a VC the oldest that
 * has credits and may pass every older one. */
static inline int pick(const struct fabric *fabric, const struct tlp_fifo *fifos,
                       const struct link *link, uint32_t port, struct pick_wait *wait);

/* The same where heads of several classes may compete. */
int pick_among(const struct fabric *fabric, const struct tlp_fifo *fifos, const struct link *link,
               uint32_t port, struct pick_wait *wait);

/* The classes of one VC that have a head, a bit each. */
static inline uint32_t pick_waiting(const struct tlp_fifo *of_vc)
{
    return (uint32_t)(of_vc[CLASS_POSTED].head != 0) << CLASS_POSTED |
           (uint32_t)(of_vc[CLASS_NONPOSTED].head != 0) << CLASS_NONPOSTED |
           (uint32_t)(of_vc[CLASS_COMPLETION].head != 0) << CLASS_COMPLETION;
}

/* True if @tlp, the head of queue @q, competes for @port, has arrived and has credits. */
static inline bool pick_can_go(const struct link *link, const struct tlp *tlp, uint32_t q,
                               uint32_t port, struct pick_wait *wait)
{
    if (port != PICK_ANY_PORT && tlp->port != port)
        return false;
    if (tlp->at_ps > wait->now_ps) {
        if (tlp->at_ps < wait->ready_ps)
            wait->ready_ps = tlp->at_ps;
        return false;
    }
    uint32_t payload = tlp_wire_payload_bytes(tlp);
    if (link_credit_allows(&link->credit[q], credit_data_units(payload), wait->now_ps)) {
        wait->payload = payload;
        return true;
    }
    wait->blocked |= 1U << q;
    return false;
}

static inline int pick(const struct fabric *fabric, const struct tlp_fifo *fifos,
                       const struct link *link, uint32_t port, struct pick_wait *wait)
{
    uint32_t waiting = pick_waiting(fifos);
    if (__builtin_expect(fabric->vcs != 1 || (waiting & (waiting - 1)), 0))
        return pick_among(fabric, fifos, link, port, wait);
    if (!waiting)
        return PICK_NONE;
    /* Only one head waits: there is no ordering to look at. */
    uint32_t q = (uint32_t)__builtin_ctz(waiting);
    return pick_can_go(link, tlp_get(&fabric->tlps, fifos[q].head), q, port, wait) ? (int)q
                                                                                   : PICK_NONE;
}

#endif
