/* driver.h - what the drivers share: operations that begin and end as traffic, and doorbells. */
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

/* A doorbell write that tells of @news more entries. */
struct driver_bell {
    uint64_t address; /* of the register, in the host's domain */
    const struct request_owner *owner;
    uint32_t value;
    uint16_t function;
    uint16_t news;
    uint8_t number; /* which of the driver's bells */
    uint8_t traffic_class;
};

/* Writes the doorbell. If the write before, *@latest, is still waiting for its turn at the CPU, it
 * takes the new value along instead: software computes the value when it gets there. @latest: 0 or
 * the newest write, kept by the caller, who clears it in on_done if it is the one that has ended.
 */
void driver_ring(struct root_complex *rc, const struct driver_bell *bell, uint32_t *latest);

/* What a doorbell's request was about, in its on_done. */
struct driver_rung {
    uint32_t news;
    uint16_t function;
    uint8_t number;
};
struct driver_rung driver_rung_of(const struct request *request);

#endif
