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

enum { PICK_NONE = -1 };

/* The queue (VC x 3 + class) whose head may be sent on @link now, or PICK_NONE. @fifos: one per
 * queue; the account of each TLP in them ends at its arrival there, which gives their age. @port:
 * only heads whose tlp.port equals it compete (the others still hold back what may not pass them);
 * PICK_ANY_PORT: all. A higher VC goes first; within a VC the oldest that has credits and may pass
 * every older one. @out_blocked gets a bit for each queue that lacked only credits.
 * link_credit_poll must have been done. */
enum { PICK_ANY_PORT = 0x10000 };
int pick(const struct fabric *fabric, const struct tlp_fifo *fifos, const struct link *link,
         uint32_t port, uint32_t *out_blocked);

#endif
