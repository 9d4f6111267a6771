/* trace.h - the one stream of what happened: components emit typed records, readers subscribe by
 * kind. Statistics, golden traces and viewers all read this stream. An unread kind costs one test
 * of a mask. */
#ifndef POOLSIM_DES_TRACE_H
#define POOLSIM_DES_TRACE_H

#include <stdint.h>

enum trace_kind {
    TR_OP_DONE,    /* body: struct op_record; time is done_ps, which may lie ahead of the clock */
    TR_LINK_SEND,  /* a TLP's first byte takes the wire at time; body: the TLP as sent */
    TR_SWITCH_IN,  /* a TLP enters a switch's pipeline; time is that cycle's edge; body: the TLP */
    TR_SWITCH_OUT, /* its first beat leaves the crossbar; body: the TLP as it leaves */
    TR_DELIVERED,  /* a TLP reaches an end of the fabric; time is its last byte's; body: the TLP */
    TR_REFUSED,    /* a TLP is answered UR or dropped by the pooling logic; body: the TLP */
    /* What else one has to know to follow a switch cycle by cycle (fabric/switch.h). */
    TR_SWITCH_STEERED, /* what no re-map table decides passes on; body: the TLP, port its egress */
    TR_SWITCH_BARRED, /* the tables let it pass, but its way is closed or its VF not to be used; the
                         TLP is refused; body: the TLP as it came */
    TR_SWITCH_MADE,   /* a switch's answer or a TLP of its own waits from time on; body: likewise */
    TR_SWITCH_TAKEN,  /* a TLP ends in a switch as it should; body: the TLP */
    TR_SWITCH_ROOM,   /* the egress can start the next TLP from time on; no body */
    TR_SWITCH_WRITE,  /* a table is about to be written; body: struct switch_write */
    TR_SWITCH_COMMAND, /* a VF's assignment has gone a step on; body: struct switch_command */
    TR_SWITCH_CLOSED,  /* a fault has closed or opened a way of the port; no body */
    TR_CREDIT,         /* an UpdateFC has come to the sender of link component, for queue port, at
                          time, which may be past; body: struct link_update */
    TR_KINDS
};

struct trace_record {
    enum trace_kind kind;
    uint32_t component; /* id of the component that emits */
    uint32_t port;      /* its port or link number */
    uint64_t time_ps;
    const void *body; /* borrowed until the reader returns */
};

typedef void trace_reader_fn(void *reader, const struct trace_record *record);

enum { TRACE_READERS = 4 };

struct trace {
    uint32_t mask; /* union of the readers' masks */
    uint32_t n_readers;
    struct {
        trace_reader_fn *read;
        void *reader;
        uint32_t mask;
    } readers[TRACE_READERS];
};

/* @mask: bit k subscribes to kind k. At most TRACE_READERS readers. */
void trace_subscribe(struct trace *trace, uint32_t mask, trace_reader_fn *read, void *reader);
void trace_deliver(const struct trace *trace, const struct trace_record *record);
/* trace_emit of a kind that is read: out of line and cold, so that an unread kind costs its
 * emitters neither registers nor room. */
__attribute__((cold, noinline)) void trace_emit_read(const struct trace *trace,
                                                     enum trace_kind kind, uint32_t component,
                                                     uint32_t port, uint64_t time_ps,
                                                     const void *body);

static inline void trace_emit(const struct trace *trace, enum trace_kind kind, uint32_t component,
                              uint32_t port, uint64_t time_ps, const void *body)
{
    if (__builtin_expect(trace->mask >> kind & 1, 0))
        trace_emit_read(trace, kind, component, port, time_ps, body);
}

#endif
