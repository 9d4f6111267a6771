/* Functions that are reset at any time, and reads that are given up: everything ends once, nothing
 * is left anywhere, and neighbours notice nothing but their share. What these do not pin: how many
 * operations a reset costs. */
#include "rig.h"

#include "../unit/splitmix.h"
#include "fabric/fault.h"
#include "workload/driver_nic.h"
#include "workload/driver_nvme.h"
#include <CUnit/CUnit.h>

void suite_reset(void);

enum { ROUNDS = 120, VICTIM = 1, NEIGHBOUR = 0, BYTES = 1000 };

static struct rig rig;
static struct dist flash_ps;

static struct rig_options nic_options(uint64_t processing_ps)
{
    return (struct rig_options){
        .kind = DEVICE_KIND_NIC,
        .n_functions = 3,
        .params.nic =
            {
                .line_bps = UINT64_C(10000000000),
                .frame_gap_bytes = 24,
                .ring_entries = 16,
                .descriptor_bytes = 16,
                .descriptor_batch = 4,
                .write_back_batch = 4,
                .write_back_timeout_ps = RIG_US,
                .moderation_ps = 3 * RIG_US,
                .processing_ps = processing_ps,
                .buffer_bytes = 4 << 10,
            },
    };
}

static struct rig_options nvme_options(uint64_t processing_ps)
{
    dist_init_constant(&flash_ps, 4 * RIG_US);
    return (struct rig_options){
        .kind = DEVICE_KIND_NVME,
        .n_functions = 3,
        .params.nvme =
            {
                .name = "nvme",
                .seed = 1,
                .queue_entries = 8,
                .block_bytes = 512,
                .page_bytes = 4096,
                .read_ps = &flash_ps,
                .write_ps = &flash_ps,
                .channels = 2,
                .processing_ps = processing_ps,
            },
    };
}

/* Two flows of the victim, and the same of a neighbour. */
static void load(const struct rig_options *options)
{
    bool is_nic = options->kind == DEVICE_KIND_NIC;
    traffic_submit_fn *out = is_nic ? driver_nic_transmit : driver_nvme_write;
    traffic_submit_fn *in = is_nic ? driver_nic_receive : driver_nvme_read;
    rig_init(&rig, options);
    for (uint16_t function = 0; function < 2; function++) {
        rig_add_flow(&rig, function, out, 5 * BYTES, 3, 0);
        rig_add_flow(&rig, function, in, 13 * BYTES, 0, 8 * RIG_US);
    }
    rig_start(&rig);
}

enum { FIRST_FLOW_OF_VICTIM = 2 };

static void let_go(void)
{
    for (uint32_t flow = FIRST_FLOW_OF_VICTIM; flow < rig.n_flows; flow++)
        traffic_pause(&rig.traffic, flow);
    driver_kinds[rig.kind].detach(rig.driver, VICTIM);
}

static void take(void)
{
    for (uint32_t flow = FIRST_FLOW_OF_VICTIM; flow < rig.n_flows; flow++) {
        driver_kinds[rig.kind].attach(rig.driver, &rig.flows[flow]);
        traffic_resume(&rig.traffic, flow);
    }
}

/* The host lets go before or after the reset, at random times; then all of the victim's operations
 * have ended, but for data that are on their way, and a driver starts anew. */
static void reset_at_random(const struct rig_options *options)
{
    uint64_t state = 1;
    load(options);
    for (int round = 0; round < ROUNDS; round++) {
        rig_run(&rig, rig.sim.now_ps + 1 + splitmix_below(&state, 40 * RIG_US));
        bool first = splitmix_below(&state, 2);
        if (first)
            let_go();
        if (splitmix_below(&state, 2))
            rig_run(&rig, rig.sim.now_ps + 1 + splitmix_below(&state, RIG_US));
        endpoint_abort(&rig.ep, VICTIM);
        if (!first)
            let_go();
        if (splitmix_below(&state, 2)) {
            rig_run(&rig, rig.sim.now_ps + 30 * RIG_US); /* data and interrupts have arrived */
            for (uint32_t flow = FIRST_FLOW_OF_VICTIM; flow < rig.n_flows; flow++)
                CU_ASSERT_EQUAL(rig.flows[flow].under_way, 0);
        }
        take();
    }
    rig_drain(&rig);
    for (uint32_t flow = 0; flow < FIRST_FLOW_OF_VICTIM; flow++) {
        CU_ASSERT(rig.ended[flow] > ROUNDS);
        CU_ASSERT_EQUAL(rig.failed[flow], 0);
    }
    for (uint32_t flow = FIRST_FLOW_OF_VICTIM; flow < rig.n_flows; flow++) {
        CU_ASSERT(rig.failed[flow] > 0);
        CU_ASSERT(rig.ended[flow] > 0);
    }
    rig_fini(&rig);
}

static void test_nic(void)
{
    struct rig_options options = nic_options(20000);
    reset_at_random(&options);
}

static void test_nic_without_processing(void)
{
    struct rig_options options = nic_options(0);
    reset_at_random(&options);
}

static void test_nvme(void)
{
    struct rig_options options = nvme_options(300000);
    reset_at_random(&options);
    dist_fini(&flash_ps);
}

static void test_nvme_without_processing(void)
{
    struct rig_options options = nvme_options(0);
    reset_at_random(&options);
    dist_fini(&flash_ps);
}

/* ---- time-outs ---- */

/* Memory takes longer than the device waits: each read fails exactly one time-out after its first
 * TLP's issue, and the completion that comes then is dropped. */
static void test_time_out(void)
{
    enum { TIMEOUT_NS = 10000, READS = 4 };
    struct dist slow;
    dist_init_constant(&slow, 25 * RIG_US);
    struct rig_options options = {.kind = DEVICE_KIND_NULL, .n_functions = 1, .memory_read = &slow};
    rig_init(&rig, &options);
    rig.ep.params.completion_timeout_ps = TIMEOUT_NS * RIG_NS;
    rig_add_flow(&rig, 0, traffic_dma_read, 2048, READS, 0);
    rig_start(&rig);
    rig_run(&rig, 500 * RIG_US);
    rig_drain(&rig);
    CU_ASSERT(rig.failed[0] > 20 * READS);
    CU_ASSERT_EQUAL(rig.ended[0], 0);
    CU_ASSERT_EQUAL(rig.ep.timed_out, rig.failed[0]);
    CU_ASSERT_EQUAL(rig.ep.unexpected, rig.failed[0] * (2048 / RIG_MPS_BYTES));
    for (uint32_t i = 0; i < rig.n_records; i++) {
        const struct op_record *record = &rig.records[i];
        uint64_t took_ps = record->done_ps - record->born_ps - record->part_ps[LAT_SOURCE];
        CU_ASSERT_EQUAL(took_ps, TIMEOUT_NS * RIG_NS);
    }
    rig_fini(&rig);
    dist_fini(&slow);
}

/* Memory that is mostly quick: a read that is served in time is not given up, and each that is not
 * leaves its completions behind, which no other read takes for its own. */
static void test_some_time_out(void)
{
    struct dist mixed;
    const uint64_t latency_ps[] = {300000, 30 * RIG_US};
    const double weight[] = {0.95, 0.05};
    CU_ASSERT_FATAL(dist_init_discrete(&mixed, 2, latency_ps, weight, NULL, NULL));
    struct rig_options options = {
        .kind = DEVICE_KIND_NULL, .n_functions = 2, .memory_read = &mixed};
    rig_init(&rig, &options);
    rig.ep.params.completion_timeout_ps = 10 * RIG_US;
    rig_add_flow(&rig, 0, traffic_dma_read, 3000, 8, 0);
    rig_add_flow(&rig, 1, traffic_dma_read, 64, 8, 0);
    rig_start(&rig);
    rig_run(&rig, 3 * RIG_MS);
    rig_drain(&rig);
    for (int flow = 0; flow < 2; flow++) {
        CU_ASSERT(rig.failed[flow] > 20);
        CU_ASSERT(rig.ended[flow] > rig.failed[flow]);
    }
    CU_ASSERT(rig.ep.unexpected >= rig.failed[0] + rig.failed[1]);
    rig_fini(&rig);
    dist_fini(&mixed);
}

/* ---- losses ---- */

/* Stands before the receiver of a link and loses completions, @in_100 of 100. */
struct thief {
    struct link_receiver receiver;
    struct link *link;
    uint64_t state, lost;
    uint32_t in_100;
};

static void lose_some(void *self, uint32_t port, uint32_t index, uint32_t payload,
                      uint64_t begin_ps, uint64_t end_ps)
{
    struct thief *thief = self;
    struct fabric *fabric = thief->link->fabric;
    const struct tlp *tlp = tlp_get(&fabric->tlps, index);
    if (tlp_is_request(tlp) || splitmix_below(&thief->state, 100) >= thief->in_100) {
        thief->receiver.on_tlp(thief->receiver.self, port, index, payload, begin_ps, end_ps);
        return;
    }
    link_credit_return(thief->link, fabric_queue(fabric, tlp), credit_data_units(payload), end_ps);
    fabric_lose(fabric, index);
    thief->lost++;
}

static void set_thief(struct thief *thief, struct link *link, uint32_t in_100)
{
    *thief = (struct thief){link->receiver, link, 1, 0, in_100};
    link->receiver = (struct link_receiver){lose_some, thief, link->receiver.port};
}

/* Whichever completion of a read is lost, the first, a middle or the last one, the read times out
 * and no other does. */
static void test_device_loses_completions(void)
{
    struct thief thief;
    struct rig_options options = {.kind = DEVICE_KIND_NULL, .n_functions = 1};
    rig_init(&rig, &options);
    rig.ep.params.completion_timeout_ps = 10 * RIG_US;
    set_thief(&thief, &rig.links[0], 5);
    rig_add_flow(&rig, 0, traffic_dma_read, 512, 4, 0);
    rig_start(&rig);
    rig_run(&rig, 10 * RIG_MS);
    rig_drain(&rig);
    CU_ASSERT(thief.lost > 100);
    CU_ASSERT(rig.failed[0] > thief.lost / 2 && rig.failed[0] <= thief.lost);
    CU_ASSERT_EQUAL(rig.ep.timed_out, rig.failed[0]);
    CU_ASSERT(rig.ended[0] > rig.failed[0]);
    rig_fini(&rig);
}

/* Many more than a CPU has tags: each comes back. */
static void test_cpu_loses_completions(void)
{
    struct thief thief;
    struct rig_options options = {.kind = DEVICE_KIND_NULL, .n_functions = 1};
    rig_init(&rig, &options);
    rig.rc.params.completion_timeout_ps = 10 * RIG_US;
    set_thief(&thief, &rig.links[1], 50);
    rig_add_flow(&rig, 0, traffic_mmio_read, 4, 8, 0);
    rig_start(&rig);
    rig_run(&rig, 4 * RIG_MS);
    rig_drain(&rig);
    CU_ASSERT(thief.lost > 3 * ROOT_COMPLEX_TAGS);
    CU_ASSERT_EQUAL(rig.failed[0], thief.lost);
    CU_ASSERT_EQUAL(rig.rc.timeouts, thief.lost);
    CU_ASSERT(rig.ended[0] > thief.lost / 2);
    rig_fini(&rig);
}

/* The link between a host and its device breaks while both use it: all ends, as aborted, lost,
 * refused at once or timed out, and goes on when it is back. */
static void test_direct_link_breaks(void)
{
    struct faults faults;
    struct fault_link link;
    struct rig_options options = {.kind = DEVICE_KIND_NULL, .n_functions = 2};
    rig_init(&rig, &options);
    rig.rc.params.completion_timeout_ps = 10 * RIG_US;
    rig.ep.params.completion_timeout_ps = 10 * RIG_US;
    faults_init(&faults, &rig.fabric, &link, 1);
    sim_add(&rig.sim, &faults.component, RIG_ID_SPARE);
    CU_ASSERT_EQUAL(faults_watch_direct(&faults, &rig.rc, &rig.ep), 0);
    traffic_submit_fn *const kinds[] = {traffic_dma_read, traffic_dma_write, traffic_mmio_read,
                                        traffic_mmio_write};
    for (uint16_t i = 0; i < 4; i++)
        rig_add_flow(&rig, i % 2, kinds[i], i < 2 ? 3000 : 8, 0, RIG_US);
    rig_start(&rig);
    for (int i = 0; i < 20; i++) {
        uint64_t failed = 0, ended = 0;
        rig_run(&rig, rig.sim.now_ps + 7 * RIG_US + (uint64_t)i * 13 * RIG_NS);
        for (uint32_t flow = 0; flow < rig.n_flows; flow++)
            failed -= rig.failed[flow];
        fault_link_down(&faults, 0, false);
        rig_run(&rig, rig.sim.now_ps + 30 * RIG_US);
        for (uint32_t flow = 0; flow < rig.n_flows; flow++)
            failed += rig.failed[flow];
        CU_ASSERT(failed > 40);
        fault_link_up(&faults, 0);
        for (uint32_t flow = 0; flow < rig.n_flows; flow++)
            ended -= rig.ended[flow];
        rig_run(&rig, rig.sim.now_ps + 30 * RIG_US);
        for (uint32_t flow = 0; flow < rig.n_flows; flow++)
            ended += rig.ended[flow];
        CU_ASSERT(ended > 80);
    }
    CU_ASSERT(link.lost > 0);
    CU_ASSERT(rig.rc.cut_off > 20);
    rig_drain(&rig);
    rig_fini(&rig);
}

void suite_reset(void)
{
    CU_pSuite suite = CU_add_suite("reset", NULL, NULL);
    CU_add_test(suite, "a network function reset under load", test_nic);
    CU_add_test(suite, "and when its steps take no time", test_nic_without_processing);
    CU_add_test(suite, "an NVMe function reset under load", test_nvme);
    CU_add_test(suite, "and when its steps take no time", test_nvme_without_processing);
    CU_add_test(suite, "every read times out", test_time_out);
    CU_add_test(suite, "some reads time out", test_some_time_out);
    CU_add_test(suite, "a device's completions are lost", test_device_loses_completions);
    CU_add_test(suite, "a CPU's completions are lost", test_cpu_loses_completions);
    CU_add_test(suite, "a direct link breaks", test_direct_link_breaks);
}
