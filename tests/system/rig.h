/* rig.h - the smallest whole simulation of a device: one host, one link, one device directly
 * attached, and the flows that a test adds. The numbers of host and link are fixed here, so that a
 * test can compute what a path must take. Every operation that ends is checked (its parts sum to
 * its time) and counted. */
#ifndef POOLSIM_SYSTEM_RIG_H
#define POOLSIM_SYSTEM_RIG_H

#include "workload/drivers.h"

#define RIG_NS UINT64_C(1000)
#define RIG_US UINT64_C(1000000)
#define RIG_MS UINT64_C(1000000000)

/* Gen3 x8; requests have 4DW headers, completions 3DW, both 8 bytes of framing. */
enum {
    RIG_MPS_BYTES = 256,
    RIG_MRRS_BYTES = 512,
    RIG_RCB_BYTES = 64,
    RIG_REQUEST_BYTES = 24,
    RIG_COMPLETION_BYTES = 20,
    RIG_PROPAGATION_PS = 10000,
    RIG_MEMORY_READ_PS = 300000,
    RIG_MEMORY_WRITE_PS = 50000,
    RIG_MSI_PS = 500000,
    RIG_MMIO_GAP_PS = 20000,
    RIG_FLOWS_MOST = 16,
    RIG_RECORDS_MOST = 4096,
    RIG_FUNCTIONS_MOST = 8,
    RIG_ID_SPARE = 2, /* for a component of the test's own */
};

struct rig {
    struct sim sim;
    struct fabric fabric;
    struct dist memory_read;
    struct root_complex rc;
    struct endpoint ep;
    struct link_params link_params[2]; /* to the device, to the host */
    struct link links[2];
    struct traffic traffic;
    struct op_pool ops;
    enum device_kind_id kind;
    uint32_t n_functions;
    void *driver;
    void *memory[8]; /* to be freed */
    uint32_t n_memory;
    uint32_t n_flows;
    struct flow flows[RIG_FLOWS_MOST];
    struct flow_class classes[RIG_FLOWS_MOST];
    struct dist sizes[RIG_FLOWS_MOST];
    struct arrival_process processes[RIG_FLOWS_MOST];
    /* of the operations that ended with from_ps <= done_ps < to_ps (at first: all) */
    uint64_t from_ps, to_ps;
    uint64_t ended[RIG_FLOWS_MOST];
    uint64_t failed[RIG_FLOWS_MOST];
    uint32_t n_records; /* the first ones of all */
    struct op_record records[RIG_RECORDS_MOST];
    uint32_t n_msi; /* interrupts as they leave the device */
    uint64_t msi_ps[RIG_RECORDS_MOST];
};

struct rig_options {
    enum device_kind_id kind;
    struct device_params params;
    uint32_t n_functions;
    unsigned gen, lanes;            /* 0: gen3 x8 */
    const struct dist *memory_read; /* NULL: RIG_MEMORY_READ_PS; borrowed */
};

void rig_init(struct rig *rig, const struct rig_options *options);
/* A closed loop of @depth operations, or with @gap_ps above 0 an open one with an arrival every
 * @gap_ps. Returns the flow's number. */
uint32_t rig_add_flow(struct rig *rig, uint16_t function, traffic_submit_fn *submit, uint32_t bytes,
                      uint32_t depth, uint64_t gap_ps);
/* Attaches the flows to the driver and starts them. */
void rig_start(struct rig *rig);
/* Runs until the clock stands at @until_ps. */
void rig_run(struct rig *rig, uint64_t until_ps);
/* Lets no operation start any more, runs to the end, and checks that all that was begun has ended
 * and nothing is left anywhere. */
void rig_drain(struct rig *rig);
void rig_fini(struct rig *rig);

/* One operation of @bytes, alone in the world. */
struct op_record rig_single(const struct rig_options *options, traffic_submit_fn *submit,
                            uint32_t bytes);

/* What the host and link make of things, without the simulator. */
/* Bytes on the idle wire, one after another, and the flight of the last. */
uint64_t rig_wire_ps(uint32_t bytes);
/* An MMIO write of a doorbell. */
uint64_t rig_doorbell_ps(void);
/* A DMA read of @bytes from a multiple of 4 KiB on: request to last completion. */
uint64_t rig_read_ps(uint32_t bytes);
/* Wire bytes of a DMA write of @bytes from a multiple of 4 KiB on. */
uint32_t rig_write_bytes(uint32_t bytes);

#endif
