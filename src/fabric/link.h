/* link.h - one direction of a PCIe link: exact serialisation, propagation, DLLP and SKP tax, and
 * flow-control credits. A TLP comes from a port or a switch's crossbar, which has checked credits;
 * it goes to the receiver at once, with the times at which its first and last byte will arrive: a
 * link needs no event.
 *
 * Wire: start = max(ready, wire free + what DLLPs and SKP still owe); they fill idle gaps first and
 * delay TLPs only where those are back to back. An Ack goes out for a received TLP at most once per
 * Ack latency limit, an UpdateFC per class at most once per update interval (Base
 * Spec 3.6.3.1, 2.6.1.2); both travel on the reverse direction. Credits: freed units come back with
 * the UpdateFC that carries them, kept as a ring of (time, units) into which the sender looks when
 * it decides. A sender that is short of credits with none under way asks to be woken. NAK, replay
 * and error injection belong here: between the end of serialisation and the hand-over to the
 * receiver. */
#ifndef POOLSIM_FABRIC_LINK_H
#define POOLSIM_FABRIC_LINK_H

#include "fabric/fabric.h"
#include "pcie/credit.h"
#include <stdbool.h>
#include <stdint.h>

struct link;

/* The receiver of TLPs: the first byte arrives at @begin_ps, the last at @end_ps; @payload is what
 * it carries on the wire (tlp_wire_payload_bytes). It owns the TLP, whose account ends at
 * @begin_ps. Calls on one link come in the order of arrival. */
struct link_receiver {
    void (*on_tlp)(void *self, uint32_t port, uint32_t tlp, uint32_t payload, uint64_t begin_ps,
                   uint64_t end_ps);
    void *self;
    uint32_t port;
};

/* The sender, told that credits will arrive at @at_ps after link_credit_when said that none were
 * under way. */
struct link_sender {
    void (*on_credit)(void *self, uint32_t port, uint64_t at_ps);
    void *self;
    uint32_t port;
};

struct link_update { /* an UpdateFC under way */
    uint64_t at_ps;
    uint32_t header;
    uint32_t data;
};

struct link_credit { /* one VC and class */
    struct credit_gate header;
    struct credit_gate data;
    struct link_update *ring;
    uint32_t mask; /* capacity - 1 */
    uint32_t head; /* oldest update, counts up */
    uint32_t tail;
    bool waiting;            /* the sender asked to be woken */
    uint64_t last_update_ps; /* when the last UpdateFC was, or will be, sent */
    const struct link *link; /* that it is of */
};

struct link_params {
    const char *name;
    unsigned gen;
    unsigned lanes;
    uint64_t propagation_ps;
    bool skp;
    bool dllp;
    uint64_t ack_interval_ps;
    uint64_t update_interval_ps;
    uint32_t header_credits[CLASSES]; /* of the receiver, per VC; 0 = infinite */
    uint32_t data_credits[CLASSES];
};

struct link {
    struct fabric *fabric;
    uint64_t free_ticks;     /* the wire is free from here on (rate.h ticks) */
    uint64_t owed_ticks;     /* DLLPs and SKP not yet sent */
    uint64_t next_skp_ticks; /* UINT64_MAX: no SKP */
    uint64_t skp_interval_ticks;
    uint64_t propagation_ps;
    uint32_t ticks_per_byte;
    uint32_t skp_ticks;
    uint32_t dllp_ticks; /* 0: DLLPs are free */
    uint32_t id;
    struct link_receiver receiver;
    struct link_sender sender;
    struct link_credit *credit; /* [vcs x CLASSES] */
    struct link *reverse;
    uint64_t next_ack_ps;
    uint64_t ack_interval_ps;
    uint64_t update_interval_ps;
    uint64_t dllp_flight_ps; /* of an UpdateFC, from sending to use */
    /* counters */
    uint64_t tlps;
    uint64_t payload_bytes;
    uint64_t wire_bytes;
    uint64_t dllps;
    uint64_t skps;
    uint64_t credit_stall_ps; /* the sender had TLPs that lacked nothing but credits */
    const char *name;
};

/* Bytes of memory that link_init needs for the credits of @params, and the initialisation. */
size_t link_memory_bytes(const struct fabric *fabric, const struct link_params *params);
void link_init(struct link *link, struct fabric *fabric, const struct link_params *params,
               uint32_t id, void *memory);
/* Makes @a and @b the two directions of one link. */
void link_pair(struct link *a, struct link *b);

/* Sends TLP @index with @payload on the wire that is ready at @ready_ps and for which the sender
 * has consumed credits. */
void link_send(struct link *link, uint32_t index, uint32_t payload, uint64_t ready_ps);

/* Ticks that @bytes take on the wire. */
static inline uint64_t link_ticks(const struct link *link, uint32_t bytes)
{
    return (uint64_t)bytes * link->ticks_per_byte;
}
/* Whole picoseconds, rounded up, of @ticks. */
static inline uint64_t link_ticks_to_ps(uint64_t ticks)
{
    return (ticks + RATE_TICKS_PER_PS - 1) / RATE_TICKS_PER_PS;
}

/* Takes in the UpdateFCs of a queue that have arrived by now. */
void link_credit_take_in(struct link_credit *credit, uint64_t now_ps);
/* True if the credits that have been taken in suffice for a TLP with @data_units. */
static inline bool link_credit_suffices(const struct link_credit *credit, uint32_t data_units)
{
    unsigned header = credit_allows(&credit->header, 1); /* without a branch */
    unsigned data = credit_allows(&credit->data, data_units);
    return header & data;
}
/* True if a TLP with @data_units may be sent now. UpdateFCs only add to the credits, so they are
 * taken in only when it matters. */
static inline bool link_credit_allows(struct link_credit *credit, uint32_t data_units,
                                      uint64_t now_ps)
{
    if (__builtin_expect(link_credit_suffices(credit, data_units), 1))
        return true;
    link_credit_take_in(credit, now_ps);
    return link_credit_suffices(credit, data_units);
}
static inline void link_credit_consume(struct link_credit *credit, uint32_t data_units)
{
    credit_consume(&credit->header, 1);
    credit_consume(&credit->data, data_units);
}
/* When the next UpdateFC of queue @q arrives, after link_credit_allows said no; UINT64_MAX if none
 * is under way, and then the sender will be told. */
uint64_t link_credit_when(struct link *link, uint32_t q);
/* The receiver has freed the buffer of one TLP of queue @q at @freed_ps (now or later). */
void link_credit_return(struct link *link, uint32_t q, uint32_t data_units, uint64_t freed_ps);

/* True when every credit that @link ever handed out has come back or is under way. */
bool link_credits_are_home(const struct link *link, const struct link_params *params);

#endif
