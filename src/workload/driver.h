/* driver.h - what the drivers share: operations that begin and end as traffic, the ring through
 * which they go to the device, and its doorbells. An operation waits until the ring has room,
 * enters it, and is announced when the doorbell write that tells of it has arrived. A driver's own
 * function begins with struct driver_function, its own device with struct driver_device. */
#ifndef POOLSIM_WORKLOAD_DRIVER_H
#define POOLSIM_WORKLOAD_DRIVER_H

#include "fabric/op.h"
#include "workload/traffic.h"

/* A pool whose operations end as operations of @traffic. Free with op_pool_fini. */
bool driver_ops_init(struct op_pool *ops, uint32_t capacity, struct traffic *traffic);
/* A new operation of @flow. The one that fills the pool stops the simulation as overloaded
 * (traffic.overflowed). */
uint32_t driver_begin(struct traffic *traffic, struct op_pool *ops, uint32_t flow, uint64_t born_ps,
                      uint32_t bytes);

/* The doorbell of the ring that operations enter, and that of what the driver gives back. */
enum driver_bell { DRIVER_BELL_SUBMIT, DRIVER_BELL_RETURN, DRIVER_BELLS };

struct driver_device { /* what the functions of one device share */
    struct op_pool *ops;
    struct request_pool *requests;
    uint32_t entries;                 /* of the ring; one less can be used */
    uint64_t registers[DRIVER_BELLS]; /* offsets of the doorbells */
    struct request_owner bell_owner;  /* its on_done ends in driver_rang */
    struct request_owner interrupt_owner;
};

struct driver_function {
    struct driver_device *device;
    struct root_complex *rc; /* NULL: not attached */
    uint64_t bar_address;
    struct op_fifo waiting;       /* for room in the ring */
    struct op_fifo unannounced;   /* in the ring, their doorbell on its way */
    uint32_t in_ring;             /* entries in use */
    uint32_t count[DRIVER_BELLS]; /* running counts of entries, what the doorbells tell */
    uint32_t bell[DRIVER_BELLS];  /* newest doorbell write, if not ended */
    uint16_t function;
    uint8_t traffic_class;
    uint8_t attachment; /* counts driver_attach, so that doorbells of an earlier one are known */
};

/* Makes @flow use the function, which is @device's. False if another flow did before: both must
 * have the same host then. */
bool driver_attach(struct driver_function *f, struct driver_device *device, struct flow *flow);
/* The host lets go of the function: what waits for the ring or was not yet announced fails now. The
 * caller has paused the flows and ends what is on the other side of the ring. Doorbells and
 * interrupts that are still under way find nothing to do. */
void driver_detach(struct driver_function *f);
/* The operation waits for room in the ring. */
void driver_submit(struct driver_function *f, uint32_t op);
/* @entries of the ring are free again: all that are in use at most, as an interrupt of before
 * driver_detach tells of entries that are nobody's. */
void driver_free_entries(struct driver_function *f, uint32_t entries);
/* Gives @entries back to the device by the other doorbell. */
void driver_return(struct driver_function *f, uint32_t entries);

/* The function whose doorbell @request was, in bell_owner's on_done. */
uint16_t driver_rung_function(const struct request *request);
/* That doorbell has arrived, or was refused: what it told of is @announced to the device, or has
 * failed. Gives the request back. */
void driver_rang(struct driver_function *f, uint32_t at, const struct request *request,
                 struct op_fifo *announced);
/* The interrupt @request tells that the first @n of @finished are: they end, and fail when the
 * driver has let go of the function. Returns how many there were: an interrupt of before a reset of
 * the function finds fewer, or none. */
uint32_t driver_reap(const struct driver_function *f, const struct request *request,
                     struct op_fifo *finished, uint32_t n);

#endif
