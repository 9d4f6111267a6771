/* Pauses of flows and hosts that let go of a function and take it again. What these do not pin:
 * what a device does with what it holds when it is reset. */
#include "rig.h"

#include "workload/driver_nic.h"
#include "workload/driver_nvme.h"
#include <CUnit/CUnit.h>

void suite_traffic(void);

enum { BYTES = 256 };
#define GAP_PS    (7 * RIG_US)
#define PAUSE_PS  (100 * RIG_US + 3)
#define RESUME_PS (555 * RIG_US + 1)

static const struct rig_options null_device = {.kind = DEVICE_KIND_NULL, .n_functions = 2};
static const struct rig_options nic = {
    .kind = DEVICE_KIND_NIC,
    .n_functions = 2,
    .params.nic =
        {
            .line_bps = UINT64_C(1000000000),
            .frame_gap_bytes = 24,
            .ring_entries = 8,
            .descriptor_bytes = 16,
            .descriptor_batch = 4,
            .write_back_batch = 4,
            .write_back_timeout_ps = RIG_US,
            .moderation_ps = 10 * RIG_US,
            .processing_ps = 20000,
            .buffer_bytes = 64 << 10,
        },
};

static struct rig rig;

static void stop(void)
{
    rig_drain(&rig);
    rig_fini(&rig);
}

/* ---- pauses ---- */

/* Arrivals go on where they were, by as much later as the pause was long. */
static void test_open_loop(void)
{
    rig_init(&rig, &null_device);
    uint32_t flow = rig_add_flow(&rig, 0, traffic_dma_write, BYTES, 0, GAP_PS);
    rig_start(&rig);
    rig_run(&rig, PAUSE_PS);
    traffic_pause(&rig.traffic, flow);
    rig_run(&rig, RESUME_PS);
    traffic_resume(&rig.traffic, flow);
    rig_run(&rig, RESUME_PS + 100 * RIG_US);
    stop();
    CU_ASSERT_FATAL(rig.n_records > 20);
    for (uint32_t i = 0; i < rig.n_records; i++) {
        uint64_t due_ps = i * GAP_PS;
        CU_ASSERT_EQUAL(rig.records[i].born_ps,
                        due_ps < PAUSE_PS ? due_ps : due_ps + RESUME_PS - PAUSE_PS);
    }
}

/* A flow that is paused from the start begins its process when it is resumed. */
static void test_late_start(void)
{
    rig_init(&rig, &null_device);
    uint32_t early = rig_add_flow(&rig, 0, traffic_dma_write, BYTES, 0, GAP_PS);
    uint32_t late = rig_add_flow(&rig, 1, traffic_dma_write, BYTES, 0, GAP_PS);
    rig.flows[late].paused = true;
    rig_start(&rig);
    rig_run(&rig, PAUSE_PS);
    CU_ASSERT_EQUAL(rig.ended[late], 0);
    CU_ASSERT(rig.ended[early] > 0);
    traffic_pause(&rig.traffic, early);
    traffic_resume(&rig.traffic, late);
    uint32_t before = rig.n_records;
    rig_run(&rig, RESUME_PS);
    stop();
    for (uint32_t i = before; i < rig.n_records; i++)
        CU_ASSERT_EQUAL(rig.records[i].born_ps, PAUSE_PS + (i - before) * GAP_PS);
    CU_ASSERT_EQUAL(rig.n_records - before, (RESUME_PS - PAUSE_PS + GAP_PS - 1) / GAP_PS);
}

/* Never more than the depth, and as many again after a pause that was too short for the operations
 * under way to end. */
static void test_closed_loop(void)
{
    enum { DEPTH = 3 };
    rig_init(&rig, &null_device);
    uint32_t flow = rig_add_flow(&rig, 0, traffic_dma_read, BYTES, DEPTH, 0);
    rig.classes[flow].think_ps = 90000;
    rig_start(&rig);
    for (uint64_t at_ps = RIG_US; at_ps < 60 * RIG_US; at_ps += 77777) {
        rig_run(&rig, at_ps);
        CU_ASSERT(rig.flows[flow].under_way <= DEPTH);
        traffic_pause(&rig.traffic, flow);
        rig_run(&rig, at_ps + (at_ps / 77777 % 9) * 7000);
        uint64_t started = rig.traffic.started;
        traffic_resume(&rig.traffic, flow);
        CU_ASSERT(rig.flows[flow].under_way <= DEPTH);
        rig_run(&rig, rig.sim.now_ps + 1);
        CU_ASSERT_EQUAL(rig.flows[flow].under_way, DEPTH);
        CU_ASSERT(rig.traffic.started - started <= DEPTH);
    }
    stop();
    CU_ASSERT_EQUAL(rig.flows[flow].under_way, 0);
}

/* Times of a flow count from traffic_start. */
static void test_base(void)
{
    enum { STARTS_NS = 900, STOPS_NS = 30000 };
    rig_init(&rig, &null_device);
    uint32_t open = rig_add_flow(&rig, 0, traffic_dma_write, BYTES, 0, RIG_US);
    uint32_t closed = rig_add_flow(&rig, 1, traffic_dma_read, BYTES, 1, 0);
    rig.classes[closed].start_ps = STARTS_NS * RIG_NS;
    rig.classes[closed].stop_ps = STOPS_NS * RIG_NS;
    rig.flows[open].arrival.stop_ps = STOPS_NS * RIG_NS;
    rig.sim.now_ps = RESUME_PS;
    rig_start(&rig);
    rig_run(&rig, RESUME_PS + 100 * RIG_US);
    stop();
    uint64_t first_ps[2] = {UINT64_MAX, UINT64_MAX};
    uint64_t last_ps[2] = {0, 0};
    for (uint32_t i = 0; i < rig.n_records; i++) {
        const struct op_record *record = &rig.records[i];
        if (record->born_ps < first_ps[record->flow])
            first_ps[record->flow] = record->born_ps;
        if (record->born_ps > last_ps[record->flow])
            last_ps[record->flow] = record->born_ps;
    }
    CU_ASSERT_EQUAL(first_ps[open], RESUME_PS);
    CU_ASSERT_EQUAL(last_ps[open], RESUME_PS + (STOPS_NS - 1000) * RIG_NS);
    CU_ASSERT_EQUAL(first_ps[closed], RESUME_PS + STARTS_NS * RIG_NS);
    CU_ASSERT(last_ps[closed] < RESUME_PS + STOPS_NS * RIG_NS);
    CU_ASSERT(last_ps[closed] > RESUME_PS + STOPS_NS * RIG_NS - 2 * RIG_US);
}

/* ---- letting go ---- */

/* Far more frames than the ring holds wait in the driver. When the host lets go, they fail; what
 * the device had fetched goes its way, its interrupts find nobody, and the next driver starts anew.
 */
static void test_detach(void)
{
    rig_init(&rig, &nic);
    uint32_t flow = rig_add_flow(&rig, 1, driver_nic_transmit, 1000, 0, RIG_US);
    uint32_t back = rig_add_flow(&rig, 1, driver_nic_receive, 1000, 0, 50 * RIG_US);
    rig_start(&rig);
    for (uint64_t round = 1; round < 40; round++) {
        rig_run(&rig, round * 200 * RIG_US + round * 12345);
        traffic_pause(&rig.traffic, flow);
        traffic_pause(&rig.traffic, back);
        driver_kinds[rig.kind].detach(rig.driver, 1);
        if (round % 3)
            rig_run(&rig, rig.sim.now_ps + round * 300000);
        driver_kinds[rig.kind].attach(rig.driver, &rig.flows[flow]);
        driver_kinds[rig.kind].attach(rig.driver, &rig.flows[back]);
        traffic_resume(&rig.traffic, flow);
        traffic_resume(&rig.traffic, back);
    }
    uint64_t well = rig.ended[flow] - rig.failed[flow];
    stop();
    CU_ASSERT(rig.failed[flow] > 100);
    CU_ASSERT(well > 200);
    CU_ASSERT(rig.ended[back] > 50);
}

void suite_traffic(void)
{
    CU_pSuite suite = CU_add_suite("traffic", NULL, NULL);
    CU_add_test(suite, "an open loop goes on after a pause", test_open_loop);
    CU_add_test(suite, "a flow that comes later", test_late_start);
    CU_add_test(suite, "a closed loop keeps its depth over pauses", test_closed_loop);
    CU_add_test(suite, "times count from the start of traffic", test_base);
    CU_add_test(suite, "a host lets go of a function and takes it again", test_detach);
}
