/* request.h - one transaction of a requester: a DMA read or write of a device, an MMIO or
 * configuration access of a CPU, an interrupt, a message. It may become many TLPs; it ends when the
 * last of them has arrived. The latency account of the TLP that arrives last is the account of the
 * request, since that TLP is what the request waited for.
 *
 * A request can also end without its completions: by a time-out, or because its function was reset.
 * The TLPs that it leaves behind are its ghosts. They are dropped wherever they come to an end
 * (request_lay), and until then nobody else gets the request's place: what they carry can never
 * be taken for another's. */
#ifndef POOLSIM_FABRIC_REQUEST_H
#define POOLSIM_FABRIC_REQUEST_H

#include "base/arena.h"
#include "des/latency.h"
#include "pcie/tlp.h"
#include <stdint.h>

enum request_kind {
    REQUEST_DMA_READ,
    REQUEST_DMA_WRITE,
    REQUEST_MMIO_READ,
    REQUEST_MMIO_WRITE,
    REQUEST_MSI,
    REQUEST_CFG_READ,
    REQUEST_CFG_WRITE,
    REQUEST_MESSAGE,
    REQUEST_GONE, /* given back, and kept from others by its ghosts */
};

struct request;

/* Called once when request @index has ended, at request->done_ps for reads; for posted requests the
 * call may come as soon as done_ps is known, before that time. The callee owns the request and
 * gives it back with request_give_back. */
struct request_owner {
    void (*on_done)(void *self, uint32_t index, struct request *request);
    void *self;
};

struct request {
    uint64_t born_ps;   /* intended */
    uint64_t issued_ps; /* left the requester's queue */
    uint64_t done_ps;   /* latest arrival so far */
    uint64_t address;   /* of the next byte to issue, in the requester's domain; configuration: BDF
                           << 16 | offset; a message: its code (enum tlp_message) */
    const struct request_owner *owner;
    uint64_t context;            /* the owner's */
    uint32_t part_ps[TLP_PARTS]; /* account of the latest arrival */
    uint8_t credit_high, arbitrate_high;
    uint8_t kind;
    uint8_t status; /* worst completion status, or how else it ended (enum tlp_status) */
    uint32_t bytes;
    uint32_t to_issue;  /* bytes not yet in TLPs */
    uint32_t to_arrive; /* bytes not yet arrived */
    uint32_t next;      /* link in the queue that owns it */
    uint32_t value;     /* MMIO, I/O and configuration: what is written, or has been read */
    uint16_t function;  /* the requester's function number */
    int16_t ghosts;     /* last TLPs under way that nobody waits for; below 0: that were lost and
                           somebody still waits for */
    uint8_t traffic_class;
    uint8_t user;   /* DMA: endpoint_user of the function when it was asked for */
    bool in_flight; /* of the CPU: non-posted, issued, and not completed */
};

struct request_pool {
    struct request *requests; /* index 0 is no request */
    uint32_t capacity;
    uint32_t fresh;
    uint32_t free_head;
    uint32_t in_use;
    struct arena
        memory; /* has the requests: lazily mapped, so that room costs nothing until used */
};

bool request_pool_init(struct request_pool *pool, uint32_t capacity);
void request_pool_fini(struct request_pool *pool);
uint32_t request_take(struct request_pool *pool);
void request_give_back(struct request_pool *pool, uint32_t index);
/* The last TLP of one of the request's chains of request and completions ends here, and is not
 * taken by who waits for it. */
void request_lay(struct request_pool *pool, uint32_t index);
/* Nobody waits for @ghosts such chains any more; @now_ps: the request's account ends there, as
 * waiting. */
void request_expire(struct request *request, uint64_t now_ps, uint16_t ghosts,
                    enum tlp_status status);

static inline struct request *request_get(const struct request_pool *pool, uint32_t index)
{
    return &pool->requests[index];
}

/* @bytes of the request have arrived at @tlp's accounted time. True if they were the last. */
bool request_arrived(struct request *request, const struct tlp *tlp, uint32_t bytes);

/* Adds the request's account to @part_ps (indexed by enum latency_part), without the time before
 * its issue. */
void request_add_parts(const struct request *request, uint64_t part_ps[LAT_PARTS]);

#endif
