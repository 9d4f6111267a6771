/* endpoint.h - an SR-IOV device as the fabric sees it: functions, DMA engines, tags, registers.
 * A request comes from the device kind (dev_*.c) or, for the null device, from a workload
 * (endpoint_dma). It waits in its function's queue; the read and the write engine take turns, each
 * serves the functions by its arbiter, dma_burst bytes at a time; TLPs cut by MPS, MRRS and 4 KiB
 * go to port_submit. Reads need a tag each. Completions come from link.c (on_tlp), free the tag and
 * end the request. MMIO comes from link.c too: writes reach the device kind's on_register_write,
 * reads are answered after mmio_read_ps. What a device does besides is its kind's: one row of
 * registry.c. */
#ifndef POOLSIM_FABRIC_ENDPOINT_H
#define POOLSIM_FABRIC_ENDPOINT_H

#include "fabric/arb.h"
#include "fabric/port.h"

struct endpoint;
struct endpoint_config; /* endpoint_config.h */

/* Kinds of event that belong to the device kind start here. */
enum { EV_DEVICE = 16 };

/* The behaviour of a device kind; NULL where it has none. */
struct device_ops {
    /* A register of @function was written, at the clock's time. */
    void (*on_register_write)(struct endpoint *ep, uint16_t function, uint64_t offset,
                              uint32_t value);
    /* An event that the kind scheduled for &ep->component with kind EV_DEVICE or above. */
    void (*on_event)(struct endpoint *ep, const struct event *event);
    void (*report)(const struct endpoint *ep, FILE *out);
    /* @function is being reset. The first call, with @begin, bids the kind to start nothing more
     * for it; then what waits in the engines and all outstanding reads end as aborted; at the
     * second call the kind fails what it still holds, as if it had never had a driver. Posted
     * writes that are on their way end later. */
    void (*on_reset)(struct endpoint *ep, uint16_t function, bool begin);
};

struct endpoint_params {
    const char *name;
    uint32_t n_functions; /* VF 0.., then the PF */
    uint32_t tags;
    uint32_t dma_burst_bytes;
    enum arb_kind arbiter;
    const uint32_t *weights; /* per function, for weighted and priority arbitration; borrowed */
    uint64_t mmio_read_ps;
    uint64_t completion_timeout_ps; /* of a read; 0: none */
    struct endpoint_config
        *config; /* NULL: numbers and addresses are fixed, as follows; borrowed */
    uint64_t
        bar_base; /* of function 0 in the Owner's domain; function f at bar_base + f x bar_bytes */
    uint64_t bar_bytes;
    const struct device_ops *ops;
    void *device; /* the kind's own state; borrowed */
};

struct request_fifo {
    uint32_t head;
    uint32_t tail;
};

struct endpoint_function { /* hot, 32 bytes or less */
    uint16_t rid;          /* in the Owner's domain */
    struct request_fifo reads;
    struct request_fifo writes;
    uint8_t user; /* counts endpoint_new_user; never 0 */
};

struct endpoint_tag { /* one read TLP in flight */
    uint64_t issued_ps;
    uint32_t request;
    uint32_t bytes_left; /* 0: the tag is free */
    uint16_t next_free;
};

enum { ENGINE_READ, ENGINE_WRITE, ENGINES };

struct dma_engine {
    struct arb arb;
    uint64_t *pending; /* bitmap of functions with requests */
    uint32_t n_pending;
};

struct endpoint {
    struct component component;
    struct fabric *fabric;
    struct endpoint_params params;
    struct port port;
    struct link *in;
    struct endpoint_function *functions;
    struct dma_engine engines[ENGINES];
    uint32_t turn; /* engine that goes first */
    struct endpoint_tag *tags;
    uint16_t free_tag; /* list head; params.tags = none */
    uint32_t tags_in_use;
    bool timeout_event;   /* one is under way */
    uint64_t timed_out;   /* reads */
    uint64_t unexpected;  /* completions dropped */
    uint64_t misdirected; /* TLPs that belong to none of its functions */
    uint64_t foreign;     /* TLPs of DMA that an earlier user of the function had asked for */
};

size_t endpoint_memory_bytes(const struct endpoint_params *params);
/* @rids: of each function, in the Owner's domain. @memory: zeroed. */
void endpoint_init(struct endpoint *ep, struct fabric *fabric, const struct endpoint_params *params,
                   const uint16_t *rids, void *memory);
void endpoint_connect(struct endpoint *ep, struct link *in, struct link *out);

/* Starts a DMA read, DMA write or interrupt: @request has kind, function, address, bytes, born_ps
 * and owner set. It is issued_ps when its first TLP is cut; until then it waits in its function's
 * queue. */
void endpoint_dma(struct endpoint *ep, uint32_t at);
/* What waits in the engines for @function, and its outstanding reads, end now with status
 * TLP_ABORTED; the device kind's on_reset is told. Writes that are partly issued end when that part
 * has arrived, as aborted. */
void endpoint_abort(struct endpoint *ep, uint16_t function);
/* Reads of @function that wait for completions: none, and its Transactions Pending is off (Base
 * Spec 7.5.3.5). Looks at all tags. */
uint32_t endpoint_pending(const struct endpoint *ep, uint16_t function);
/* @function is given to another host now. DMA that was asked for before is counted as foreign when
 * it goes all the same: nobody has reset the function. */
void endpoint_new_user(struct endpoint *ep, uint32_t function);
/* What whoever asks for DMA notes in request.user; 0 while the function is no bus master: what is
 * asked for then is of the host that makes it one. */
uint8_t endpoint_user(const struct endpoint *ep, uint32_t function);
/* Serves what can go now: a function may have become a bus master. */
void endpoint_pump(struct endpoint *ep);

#endif
