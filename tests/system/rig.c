#include "rig.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

enum { TO_DEVICE, TO_HOST };
enum { ID_HOST, ID_DEVICE, ID_TRAFFIC = RIG_ID_SPARE + 1, IDS };
enum { TLPS = 1 << 16, REQUESTS = 1 << 18, EVENTS = 1 << 16, OPS = 1 << 16 };
enum { TAGS = 64, READ_SLOTS = 64, BURST_BYTES = 4096, BAR_BYTES = 16384 };
/* When an operation that is alone begins: the line has been idle for long. */
#define ALONE_PS (50 * RIG_US)
#define BAR_BASE UINT64_C(0x100000000)
#define BUFFERS  UINT64_C(0x200000000)

static void *take(struct rig *rig, size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
    memset(memory, 0, (bytes + 63) & ~(size_t)63);
    CU_ASSERT_FATAL(rig->n_memory < sizeof rig->memory / sizeof rig->memory[0]);
    rig->memory[rig->n_memory++] = memory;
    return memory;
}

static void read_op(struct rig *rig, const struct op_record *record)
{
    uint64_t sum_ps = 0;
    for (int part = 0; part < LAT_PARTS; part++)
        sum_ps += record->part_ps[part];
    CU_ASSERT_EQUAL(sum_ps, record->done_ps - record->born_ps);
    if (record->done_ps >= rig->from_ps && record->done_ps < rig->to_ps) {
        if (record->failed)
            rig->failed[record->flow]++;
        else
            rig->ended[record->flow]++;
    }
    if (rig->n_records < RIG_RECORDS_MOST)
        rig->records[rig->n_records++] = *record;
}

static void read_trace(void *reader, const struct trace_record *record)
{
    struct rig *rig = reader;
    if (record->kind == TR_OP_DONE) {
        read_op(rig, record->body);
        return;
    }
    const struct tlp *tlp = record->body;
    if (tlp->attr & TLP_ATTR_MSI && rig->n_msi < RIG_RECORDS_MOST)
        rig->msi_ps[rig->n_msi++] = record->time_ps;
}

static void init_fabric(struct rig *rig)
{
    struct fabric *fabric = &rig->fabric;
    fabric->sim = &rig->sim;
    CU_ASSERT_FATAL(tlp_pool_init(&fabric->tlps, TLPS));
    CU_ASSERT_FATAL(request_pool_init(&fabric->requests, REQUESTS));
    fabric->mps_bytes = RIG_MPS_BYTES;
    fabric->mrrs_bytes = RIG_MRRS_BYTES;
    fabric->rcb_bytes = RIG_RCB_BYTES;
    fabric->vcs = 1;
    fabric_set_overheads(fabric, true, false);
}

static void init_links(struct rig *rig, const struct rig_options *options)
{
    for (int i = 0; i < 2; i++) {
        rig->link_params[i] = (struct link_params){
            .name = i == TO_DEVICE ? "host->device" : "device->host",
            .gen = options->gen ? options->gen : 3,
            .lanes = options->lanes ? options->lanes : 8,
            .propagation_ps = RIG_PROPAGATION_PS,
            .header_credits = {64, 64, 0}, /* the ends take every completion */
            .data_credits = {1024, 64, 0},
        };
        void *memory = take(rig, link_memory_bytes(&rig->fabric, &rig->link_params[i]));
        link_init(&rig->links[i], &rig->fabric, &rig->link_params[i], (uint32_t)i, memory);
    }
    link_pair(&rig->links[TO_DEVICE], &rig->links[TO_HOST]);
}

static void init_host(struct rig *rig, const struct dist *memory_read)
{
    const struct root_complex_params params = {
        .name = "host",
        .read_latency_ps = memory_read,
        .outstanding_reads = READ_SLOTS,
        .write_latency_ps = RIG_MEMORY_WRITE_PS,
        .mmio_gap_ps = RIG_MMIO_GAP_PS,
        .mmio_outstanding = 8,
        .msi_latency_ps = RIG_MSI_PS,
    };
    root_complex_init(&rig->rc, &rig->fabric, &params, 1, take(rig, READ_SLOTS * sizeof(uint64_t)));
    root_complex_connect(&rig->rc, &rig->links[TO_HOST], &rig->links[TO_DEVICE]);
    sim_add(&rig->sim, &rig->rc.component, ID_HOST);
}

static void init_device(struct rig *rig, const struct rig_options *options)
{
    const struct device_kind *kind = &device_kinds[options->kind];
    const uint16_t rids[RIG_FUNCTIONS_MOST] = {0x100, 0x101, 0x102, 0x103,
                                               0x104, 0x105, 0x106, 0x107};
    struct endpoint_params params = {
        .name = "device",
        .n_functions = options->n_functions,
        .tags = TAGS,
        .dma_burst_bytes = BURST_BYTES,
        .arbiter = ARB_KIND_ROUND_ROBIN,
        .mmio_read_ps = 100000,
        .bar_base = BAR_BASE,
        .bar_bytes = BAR_BYTES,
        .ops = kind->ops,
        .device = take(rig, kind->memory_bytes(options->n_functions)),
    };
    endpoint_init(&rig->ep, &rig->fabric, &params, rids, take(rig, endpoint_memory_bytes(&params)));
    endpoint_connect(&rig->ep, &rig->links[TO_DEVICE], &rig->links[TO_HOST]);
    sim_add(&rig->sim, &rig->ep.component, ID_DEVICE);
    kind->init(params.device, &rig->ep, options->n_functions, &options->params, &rig->ops);
    if (!driver_kinds[options->kind].memory_bytes)
        return;
    rig->driver = take(rig, driver_kinds[options->kind].memory_bytes(options->n_functions));
    driver_kinds[options->kind].init(rig->driver, &rig->ep, &rig->ops);
}

void rig_init(struct rig *rig, const struct rig_options *options)
{
    memset(rig, 0, sizeof *rig);
    CU_ASSERT_FATAL(options->n_functions <= RIG_FUNCTIONS_MOST);
    rig->to_ps = UINT64_MAX;
    rig->kind = options->kind;
    rig->n_functions = options->n_functions;
    sim_init(&rig->sim, IDS, EVENTS, RIG_MS);
    init_fabric(rig);
    init_links(rig, options);
    dist_init_constant(&rig->memory_read, RIG_MEMORY_READ_PS);
    init_host(rig, options->memory_read ? options->memory_read : &rig->memory_read);
    CU_ASSERT_FATAL(driver_ops_init(&rig->ops, OPS, &rig->traffic));
    init_device(rig, options);
    trace_subscribe(&rig->sim.trace, 1U << TR_OP_DONE | 1U << TR_LINK_SEND, read_trace, rig);
}

uint32_t rig_add_flow(struct rig *rig, uint16_t function, traffic_submit_fn *submit, uint32_t bytes,
                      uint32_t depth, uint64_t gap_ps)
{
    uint32_t number = rig->n_flows++;
    CU_ASSERT_FATAL(number < RIG_FLOWS_MOST);
    struct flow *flow = &rig->flows[number];
    struct flow_class *class = &rig->classes[number];
    dist_init_constant(&rig->sizes[number], bytes);
    *class = (struct flow_class){
        .submit = submit,
        .size_bytes = &rig->sizes[number],
        .closed = gap_ps == 0,
        .depth = depth,
    };
    flow->class = class;
    flow->rc = &rig->rc;
    flow->ep = &rig->ep;
    flow->function = function;
    flow->bar_address = BAR_BASE + (uint64_t)function * BAR_BYTES;
    flow->buffer_address = BUFFERS + number * UINT64_C(0x1000000);
    rng_init(&flow->rng, 1, "flow");
    if (gap_ps) {
        arrival_process_init(&rig->processes[number], ARRIVE_CONSTANT, 1, gap_ps, NULL, NULL);
        arrival_init(&flow->arrival, &rig->processes[number], 0, 0);
    }
    return number;
}

void rig_start(struct rig *rig)
{
    traffic_init(&rig->traffic, &rig->fabric, rig->flows, rig->n_flows);
    sim_add(&rig->sim, &rig->traffic.component, ID_TRAFFIC);
    for (uint32_t i = 0; rig->driver && i < rig->n_flows; i++)
        driver_kinds[rig->kind].attach(rig->driver, &rig->flows[i]);
    traffic_start(&rig->traffic);
}

void rig_run(struct rig *rig, uint64_t until_ps)
{
    enum sim_result result = sim_run(&rig->sim, until_ps);
    if (result == SIM_STALLED)
        sim_report(&rig->sim, stderr);
    CU_ASSERT_FATAL(result == SIM_TIME || result == SIM_EMPTY);
    rig->sim.now_ps = until_ps;
}

void rig_drain(struct rig *rig)
{
    traffic_stop(&rig->traffic);
    enum sim_result result = sim_run(&rig->sim, UINT64_MAX);
    if (result != SIM_EMPTY)
        sim_report(&rig->sim, stderr);
    CU_ASSERT_EQUAL(result, SIM_EMPTY);
    CU_ASSERT_EQUAL(rig->traffic.started, rig->traffic.ended);
    CU_ASSERT_EQUAL(rig->ops.in_use, 0);
    CU_ASSERT_EQUAL(rig->fabric.requests.in_use, 0);
    CU_ASSERT_EQUAL(rig->fabric.tlps.in_use, 0);
    CU_ASSERT_EQUAL(rig->ep.tags_in_use, 0);
    for (int i = 0; i < 2; i++)
        CU_ASSERT(link_credits_are_home(&rig->links[i], &rig->link_params[i]));
}

void rig_fini(struct rig *rig)
{
    sim_fini(&rig->sim);
    op_pool_fini(&rig->ops);
    tlp_pool_fini(&rig->fabric.tlps);
    request_pool_fini(&rig->fabric.requests);
    dist_fini(&rig->memory_read);
    for (uint32_t i = 0; i < rig->n_flows; i++)
        dist_fini(&rig->sizes[i]);
    for (uint32_t i = 0; i < rig->n_memory; i++)
        free(rig->memory[i]);
}

struct op_record rig_single(const struct rig_options *options, traffic_submit_fn *submit,
                            uint32_t bytes)
{
    static struct rig rig;
    rig_init(&rig, options);
    rig_add_flow(&rig, 0, submit, bytes, 1, 0);
    rig.classes[0].start_ps = ALONE_PS;
    rig_start(&rig);
    rig_run(&rig, ALONE_PS + 1); /* one operation starts, the next one does not */
    rig_drain(&rig);
    CU_ASSERT_EQUAL_FATAL(rig.n_records, 1);
    struct op_record record = rig.records[0];
    rig_fini(&rig);
    return record;
}

/* ---- references ---- */

static uint64_t ticks(uint32_t bytes)
{
    return (uint64_t)bytes * rate_ticks_per_byte(3, 8);
}

static uint64_t ticks_to_ps(uint64_t t)
{
    return (t + RATE_TICKS_PER_PS - 1) / RATE_TICKS_PER_PS;
}

uint64_t rig_wire_ps(uint32_t bytes)
{
    return ticks_to_ps(ticks(bytes)) + RIG_PROPAGATION_PS;
}

uint64_t rig_doorbell_ps(void)
{
    return rig_wire_ps(RIG_REQUEST_BYTES + 4);
}

uint64_t rig_read_ps(uint32_t bytes)
{
    uint64_t free_ticks = 0;
    for (uint32_t requests = 1; bytes; requests++) {
        uint64_t ready_ps = rig_wire_ps(requests * RIG_REQUEST_BYTES) + RIG_MEMORY_READ_PS;
        uint32_t left = bytes < RIG_MRRS_BYTES ? bytes : RIG_MRRS_BYTES;
        bytes -= left;
        while (left) {
            uint32_t n = left < RIG_MPS_BYTES ? left : RIG_MPS_BYTES;
            uint64_t ready_ticks = ready_ps * RATE_TICKS_PER_PS;
            free_ticks = free_ticks > ready_ticks ? free_ticks : ready_ticks;
            free_ticks += ticks(RIG_COMPLETION_BYTES + ((n + 3) & ~3U));
            left -= n;
        }
    }
    return ticks_to_ps(free_ticks) + RIG_PROPAGATION_PS;
}

uint32_t rig_write_bytes(uint32_t bytes)
{
    uint32_t tlps = (bytes + RIG_MPS_BYTES - 1) / RIG_MPS_BYTES;
    return ((bytes + 3) & ~3U) + tlps * RIG_REQUEST_BYTES;
}
