/* traffic.h - operations of workloads: when they are due, what they ask for, and what they took.
 * An operation is due by its flow's arrival process (open loop, timed from the intended arrival) or
 * when an earlier one of the flow has ended (closed loop). It goes to the submit function of its
 * kind: straight to the DMA engine of the device or to the CPU's MMIO (traffic.c), or to the driver
 * of a device kind (driver_*.c), which calls traffic_finish at its end. */
#ifndef POOLSIM_WORKLOAD_TRAFFIC_H
#define POOLSIM_WORKLOAD_TRAFFIC_H

#include "base/dist.h"
#include "des/latency.h"
#include "fabric/endpoint.h"
#include "fabric/root_complex.h"
#include "workload/arrival.h"

struct traffic;
struct flow;

/* How an operation of one kind starts: at @born_ps, which is now. */
typedef void traffic_submit_fn(struct traffic *traffic, uint32_t flow, uint64_t born_ps,
                               uint32_t bytes);

extern traffic_submit_fn traffic_dma_read, traffic_dma_write, traffic_mmio_read, traffic_mmio_write;

/* What the functions of one workload share. */
struct flow_class {
    traffic_submit_fn *submit;
    const struct dist *size_bytes;
    bool closed; /* closed loop: depth operations in flight, think_ps between */
    uint32_t depth;
    uint64_t think_ps;
    uint64_t start_ps;
    uint64_t stop_ps; /* 0: until the end */
    uint8_t traffic_class;
};

/* One function running one workload. */
struct flow {
    const struct flow_class *class;
    struct root_complex *rc;
    struct endpoint *ep;
    void *driver; /* of the device kind, shared by the flows of one function; NULL for direct
                     operations */
    uint64_t bar_address;    /* the function's registers, in the host's domain */
    uint64_t buffer_address; /* in the host's memory */
    uint16_t function;
    /* The function is not with this host, or has no driver: nothing is due. Set before
     * traffic_start, the flow waits for its first traffic_resume. */
    bool paused;
    uint8_t generation;     /* of its due events: those of before a pause are void */
    uint32_t under_way;     /* operations started and not ended */
    uint64_t left_ps;       /* open loop, paused: from the resumption to the next arrival */
    struct arrival arrival; /* open loop */
    struct rng rng;
};

struct traffic {
    struct component component;
    struct fabric *fabric;
    struct flow *flows;
    uint32_t n_flows;
    bool stopped;    /* no operation starts any more: the run drains */
    bool overflowed; /* more operations waited than there is room for: the simulation was stopped */
    uint64_t started, ended; /* operations */
    uint64_t offered_bytes;  /* of the operations started */
    uint64_t base_ps;        /* traffic_start; the times of flows and arrivals count from here */
    uint64_t window_from_ps; /* see traffic_open_window */
    uint64_t window_to_ps;
    uint64_t window_born;       /* operations born in the window */
    struct request_owner owner; /* of the direct operations' requests */
};

/* @flows: the caller's, filled but for arrival and rng of closed loops; the array must not move. */
void traffic_init(struct traffic *traffic, struct fabric *fabric, struct flow *flows,
                  uint32_t n_flows);
/* Schedules the first operation of every flow that is not paused. Starts, stops and arrivals of all
 * flows count from now. */
void traffic_start(struct traffic *traffic);
/* Nothing of @flow is due from now on. What is under way goes on, and ends or fails by its own. */
void traffic_pause(struct traffic *traffic, uint32_t flow);
/* The flow goes on: its arrival process where it was paused, as if no time had passed, or from its
 * beginning; a closed loop with as many operations as its depth has room for. */
void traffic_resume(struct traffic *traffic, uint32_t flow);
/* Operations born from @from_ps on, before @to_ps, are counted in window_born. */
void traffic_open_window(struct traffic *traffic, uint64_t from_ps, uint64_t to_ps);
void traffic_stop(struct traffic *traffic);

/* An operation has ended: hands the record to the trace and, in a closed loop, makes room for the
 * next one.
 * @record->done_ps may lie ahead of the clock. */
void traffic_finish(struct traffic *traffic, const struct op_record *record);

#endif
