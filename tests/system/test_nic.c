/* Small whole simulations of one network controller behind one link. What these do not pin: which
 * of two functions goes first, and latencies under load beyond their order. */
#include "rig.h"

#include "workload/driver_nic.h"
#include <CUnit/CUnit.h>
#include <string.h>

void suite_nic(void);

enum { FRAME_GAP_BYTES = 24, DESCRIPTOR_BYTES = 16, PROCESSING_PS = 20000 };
#define TEN_GBPS UINT64_C(10000000000)

static const struct rig_options plain = {
    .kind = DEVICE_KIND_NIC,
    .n_functions = 4,
    .params.nic =
        {
            .line_bps = TEN_GBPS,
            .frame_gap_bytes = FRAME_GAP_BYTES,
            .ring_entries = 512,
            .descriptor_bytes = DESCRIPTOR_BYTES,
            .descriptor_batch = 8,
            .write_back_batch = 8,
            .write_back_timeout_ps = RIG_US,
            .moderation_ps = 0,
            .processing_ps = PROCESSING_PS,
            .buffer_bytes = 512 << 10,
        },
};

static struct rig rig;

/* Time of a frame on the line; 800 ps a byte at 10 Gb/s. */
static uint64_t line_ps(uint32_t bytes)
{
    return (uint64_t)(bytes + FRAME_GAP_BYTES) * 8 * 1000000000000U / TEN_GBPS;
}

static const struct nic_counters *counters(void)
{
    return &((const struct dev_nic *)rig.ep.params.device)->counters;
}

/* ---- unloaded latency ---- */

static const uint32_t sizes[] = {60, 64, 256, 257, 511, 512, 1000, 1500, 4096, 9000};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static void test_transmit_alone(void)
{
    for (int i = 0; i < SIZES; i++) {
        struct op_record op = rig_single(&plain, driver_nic_transmit, sizes[i]);
        uint64_t expected_ps = rig_doorbell_ps() + rig_read_ps(DESCRIPTOR_BYTES) + PROCESSING_PS +
                               rig_read_ps(sizes[i]) + line_ps(sizes[i]);
        CU_ASSERT_EQUAL(op.done_ps - op.born_ps, expected_ps);
        CU_ASSERT_EQUAL(op.part_ps[LAT_DEVICE], PROCESSING_PS + line_ps(sizes[i]));
        CU_ASSERT_EQUAL(op.part_ps[LAT_SOURCE], 0);
        CU_ASSERT_EQUAL(op.part_ps[LAT_PROPAGATE], UINT64_C(5) * RIG_PROPAGATION_PS);
        CU_ASSERT(!op.failed);
    }
}

/* The write-back timeout outlasts the frame's way: interrupt behind write-back. */
static void test_receive_alone(void)
{
    for (int i = 0; i < SIZES; i++) {
        struct op_record op = rig_single(&plain, driver_nic_receive, sizes[i]);
        uint32_t report_bytes = rig_write_bytes(DESCRIPTOR_BYTES) + rig_write_bytes(DEV_MSI_BYTES);
        uint64_t begin_ps = PROCESSING_PS + RIG_US;
        uint64_t data_ps = PROCESSING_PS + rig_wire_ps(rig_write_bytes(sizes[i]));
        if (data_ps - RIG_PROPAGATION_PS > begin_ps)
            continue; /* the next test's matter */
        CU_ASSERT_EQUAL(op.done_ps - op.born_ps, begin_ps + rig_wire_ps(report_bytes) + RIG_MSI_PS);
        CU_ASSERT_EQUAL(op.part_ps[LAT_DEVICE],
                        begin_ps - (data_ps - PROCESSING_PS) - RIG_MEMORY_WRITE_PS);
        CU_ASSERT_EQUAL(op.part_ps[LAT_MEMORY], RIG_MEMORY_WRITE_PS + RIG_MSI_PS);
        CU_ASSERT(!op.failed);
    }
}

/* Without timeout, frame, write-back and interrupt follow each other on the wire. */
static void test_receive_at_once(void)
{
    struct rig_options options = plain;
    options.params.nic.write_back_timeout_ps = 0;
    for (int i = 0; i < SIZES; i++) {
        struct op_record op = rig_single(&options, driver_nic_receive, sizes[i]);
        uint32_t bytes = rig_write_bytes(sizes[i]) + rig_write_bytes(DESCRIPTOR_BYTES) +
                         rig_write_bytes(DEV_MSI_BYTES);
        /* The fetch of the next descriptors gets its turn when the wire does not take all. */
        if (bytes > PORT_HIGH_BYTES)
            bytes += RIG_REQUEST_BYTES;
        CU_ASSERT_EQUAL(op.done_ps - op.born_ps, PROCESSING_PS + rig_wire_ps(bytes) + RIG_MSI_PS);
    }
}

/* With no time for processing, events of one instant are taken in place. */
static void test_no_processing(void)
{
    struct rig_options options = plain;
    options.params.nic.processing_ps = 0;
    options.params.nic.write_back_timeout_ps = 0;
    struct op_record op = rig_single(&options, driver_nic_transmit, 100);
    CU_ASSERT_EQUAL(op.done_ps - op.born_ps, rig_doorbell_ps() + rig_read_ps(DESCRIPTOR_BYTES) +
                                                 rig_read_ps(100) + line_ps(100));
    op = rig_single(&options, driver_nic_receive, 100);
    uint32_t bytes =
        rig_write_bytes(100) + rig_write_bytes(DESCRIPTOR_BYTES) + rig_write_bytes(DEV_MSI_BYTES);
    CU_ASSERT_EQUAL(op.done_ps - op.born_ps, rig_wire_ps(bytes) + RIG_MSI_PS);
}

/* ---- line rate and shares ---- */

/* @ended frames of @bytes in @time_ps keep a line busy, and no more than that. */
static void check_line_rate(uint64_t ended, uint32_t bytes, uint64_t time_ps)
{
    uint64_t expected = time_ps / line_ps(bytes);
    CU_ASSERT(ended >= expected - 1 && ended <= expected + 1);
}

static void check_shares(uint64_t total)
{
    for (uint32_t f = 0; f < plain.n_functions; f++) {
        uint64_t share = rig.ended[f] * plain.n_functions;
        CU_ASSERT(share * 100 >= total * 99 && share * 100 <= total * 101);
    }
}

static uint64_t sum_ended(void)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < rig.n_flows; i++)
        sum += rig.ended[i];
    return sum;
}

static void test_transmit_line_rate(void)
{
    static const uint32_t bytes[] = {1500, 9000, 256};
    for (int i = 0; i < 3; i++) {
        rig_init(&rig, &plain);
        for (uint16_t f = 0; f < plain.n_functions; f++) /* deeper queues get no more */
            rig_add_flow(&rig, f, driver_nic_transmit, bytes[i], 64 + 64U * f, 0);
        rig.from_ps = RIG_MS / 2;
        rig.to_ps = 5 * RIG_MS / 2;
        rig_start(&rig);
        rig_run(&rig, rig.to_ps);
        check_line_rate(sum_ended(), bytes[i], rig.to_ps - rig.from_ps);
        check_shares(sum_ended());
        rig_drain(&rig);
        rig_fini(&rig);
    }
}

/* The sender of function 0 offers ten times what the others do: all get the same. Nothing is
 * dropped: what the line does not take waits before it. */
static void test_receive_line_rate(void)
{
    const uint32_t bytes = 1500;
    rig_init(&rig, &plain);
    for (uint16_t f = 0; f < plain.n_functions; f++)
        rig_add_flow(&rig, f, driver_nic_receive, bytes, 0, line_ps(bytes) * (f ? 3 : 1) / 2);
    rig.from_ps = RIG_MS / 2;
    rig.to_ps = 5 * RIG_MS / 2;
    rig_start(&rig);
    rig_run(&rig, rig.to_ps);
    uint64_t expected = (rig.to_ps - rig.from_ps) / line_ps(bytes);
    CU_ASSERT(sum_ended() * 1000 >= expected * 995 && sum_ended() * 1000 <= expected * 1005);
    check_shares(sum_ended());
    CU_ASSERT_EQUAL(counters()->dropped_no_room + counters()->dropped_no_descriptor, 0);
    rig_drain(&rig);
    rig_fini(&rig);
}

/* 7 bytes at 3 Gb/s are no whole number of picoseconds: the remainder is carried. */
static void test_line_rate_is_exact(void)
{
    struct rig_options options = plain;
    options.params.nic.line_bps = 3000000000;
    options.params.nic.frame_gap_bytes = 0;
    const uint32_t bytes = 259;
    rig_init(&rig, &options);
    rig_add_flow(&rig, 0, driver_nic_transmit, bytes, 64, 0);
    rig_start(&rig);
    rig_run(&rig, RIG_MS);
    rig_drain(&rig);
    CU_ASSERT_FATAL(rig.n_records > 1100);
    uint64_t bit_ps = 1000 * (uint64_t)bytes * 8 * 1000000000000U;
    uint64_t elapsed_ps = rig.records[1100].done_ps - rig.records[100].done_ps;
    CU_ASSERT(elapsed_ps == bit_ps / 3000000000U || elapsed_ps == bit_ps / 3000000000U + 1);
    rig_fini(&rig);
}

/* ---- order ---- */

/* Memory answers some reads late, but frames of a function leave in order. */
static void test_frames_stay_in_order(void)
{
    struct dist memory_read;
    const uint64_t values[] = {200 * RIG_NS, 3 * RIG_US};
    const double weights[] = {0.8, 0.2};
    struct err err;
    CU_ASSERT_FATAL(dist_init_discrete(&memory_read, 2, values, weights, NULL, &err));
    struct rig_options options = plain;
    options.memory_read = &memory_read;
    rig_init(&rig, &options);
    rig_add_flow(&rig, 0, driver_nic_transmit, 200, 0, 400 * RIG_NS);
    rig_add_flow(&rig, 1, driver_nic_transmit, 300, 0, 500 * RIG_NS);
    rig_start(&rig);
    rig_run(&rig, RIG_MS / 2);
    rig_drain(&rig);
    uint64_t next_ps[2] = {0, 0}; /* when the next frame of each flow was due */
    CU_ASSERT(rig.n_records > 2000);
    for (uint32_t i = 0; i < rig.n_records; i++) {
        uint32_t flow = rig.records[i].flow;
        CU_ASSERT_EQUAL(rig.records[i].born_ps, next_ps[flow]);
        next_ps[flow] += (flow ? 500 : 400) * RIG_NS;
    }
    rig_fini(&rig);
    dist_fini(&memory_read);
}

/* ---- interrupts ---- */

static void test_moderation(void)
{
    struct rig_options options = plain;
    options.params.nic.moderation_ps = 50 * RIG_US;
    rig_init(&rig, &options);
    rig_add_flow(&rig, 0, driver_nic_receive, 500, 0, 2 * RIG_US);
    rig_start(&rig);
    rig_run(&rig, 2 * RIG_MS);
    rig_drain(&rig);
    CU_ASSERT(rig.n_msi >= 39 && rig.n_msi <= 42);
    CU_ASSERT_EQUAL(rig.n_msi, counters()->interrupts);
    for (uint32_t i = 1; i < rig.n_msi; i++) {
        /* Both may have waited for the wire, for a frame's time at most. */
        uint64_t gap_ps = rig.msi_ps[i] - rig.msi_ps[i - 1];
        CU_ASSERT(gap_ps + 200 * RIG_NS >= 50 * RIG_US && gap_ps <= 51 * RIG_US);
    }
    /* Frames wait for the interrupt: half the interval in the mean, and that is the device's. */
    uint64_t sum_ps = 0;
    for (uint32_t i = 0; i < rig.n_records; i++)
        sum_ps += rig.records[i].part_ps[LAT_DEVICE];
    CU_ASSERT(sum_ps > rig.n_records * (20 * RIG_US) && sum_ps < rig.n_records * (30 * RIG_US));
    rig_fini(&rig);
}

/* Full batches are written back at once: 8 frames at one interrupt, the timeout unused. */
static void test_write_back_batches(void)
{
    struct rig_options options = plain;
    options.params.nic.write_back_timeout_ps = 100 * RIG_US;
    rig_init(&rig, &options);
    rig_add_flow(&rig, 0, driver_nic_receive, 500, 0, 2 * RIG_US);
    rig_start(&rig);
    rig_run(&rig, 320 * RIG_US);
    CU_ASSERT(rig.n_msi >= 19 && rig.n_msi <= 20);
    rig_drain(&rig);
    CU_ASSERT_EQUAL(rig.n_msi, 20);
    rig_fini(&rig);
}

/* ---- full rings and buffers ---- */

static void test_full_ring_waits(void)
{
    struct rig_options options = plain;
    options.params.nic.ring_entries = 8;
    rig_init(&rig, &options);
    rig_add_flow(&rig, 0, driver_nic_transmit, 1500, 100, 0);
    rig_start(&rig);
    const struct driver_nic_function *f = rig.flows[0].driver;
    rig_run(&rig, 1);
    CU_ASSERT_EQUAL(f->base.in_ring, 7);
    CU_ASSERT_EQUAL(f->base.waiting.n, 93);
    rig_drain(&rig);
    CU_ASSERT_EQUAL(f->base.in_ring, 0);
    CU_ASSERT_EQUAL(rig.ended[0], 100);
    /* One doorbell at once; another for all who came while the CPU was not ready for it; later
     * ones when there is room. */
    CU_ASSERT_EQUAL(rig.records[0].part_ps[LAT_SOURCE], 0);
    for (uint32_t i = 1; i < 7; i++)
        CU_ASSERT_EQUAL(rig.records[i].part_ps[LAT_SOURCE], RIG_MMIO_GAP_PS);
    for (uint32_t i = 7; i < 100; i++)
        CU_ASSERT(rig.records[i].part_ps[LAT_SOURCE] > RIG_MSI_PS);
    rig_fini(&rig);
}

/* A packet buffer of one frame admits one at a time, or one that is larger alone. */
static void test_small_transmit_buffer(void)
{
    struct rig_options options = plain;
    options.params.nic.buffer_bytes = 2048;
    rig_init(&rig, &options);
    rig_add_flow(&rig, 0, driver_nic_transmit, 1500, 50, 0);
    rig_add_flow(&rig, 1, driver_nic_transmit, 9000, 50, 0);
    rig_start(&rig);
    rig_run(&rig, 1);
    rig_drain(&rig);
    CU_ASSERT_EQUAL(rig.ended[0], 50);
    CU_ASSERT_EQUAL(rig.ended[1], 50);
    rig_fini(&rig);
}

/* The link is slower than the line: frames that find no room are dropped, counted, and end. */
static void test_receive_drops(void)
{
    struct rig_options options = plain;
    options.gen = 1;
    options.lanes = 1;
    options.params.nic.buffer_bytes = 16384;
    rig_init(&rig, &options);
    rig_add_flow(&rig, 0, driver_nic_receive, 1500, 0, 2 * line_ps(1500));
    rig_add_flow(&rig, 1, driver_nic_receive, 1500, 0, 2 * line_ps(1500));
    rig_start(&rig);
    rig_run(&rig, RIG_MS);
    CU_ASSERT(((const struct dev_nic *)rig.ep.params.device)->engines[NIC_RECEIVE].buffered_bytes <=
              16384);
    rig_drain(&rig);
    CU_ASSERT(counters()->dropped_no_room > 0);
    CU_ASSERT_EQUAL(counters()->dropped_no_descriptor, 0);
    CU_ASSERT_EQUAL(rig.failed[0] + rig.failed[1], counters()->dropped_no_room);
    CU_ASSERT_EQUAL(sum_ended() + rig.failed[0] + rig.failed[1], rig.traffic.started);
    /* 2 Gb/s of wire carry 1500 of 1644 and some bytes */
    CU_ASSERT(sum_ended() > 120 && sum_ended() < 167 + 12);
    rig_fini(&rig);
}

/* Interrupts come too seldom for the ring: it runs empty. */
static void test_receive_empty_ring(void)
{
    struct rig_options options = plain;
    options.params.nic.ring_entries = 16;
    options.params.nic.moderation_ps = 100 * RIG_US;
    rig_init(&rig, &options);
    rig_add_flow(&rig, 0, driver_nic_receive, 1500, 0, 2 * RIG_US);
    rig_add_flow(&rig, 1, driver_nic_receive, 1500, 0, 20 * RIG_US); /* not its neighbour's fault */
    rig_start(&rig);
    rig_run(&rig, RIG_MS);
    rig_drain(&rig);
    CU_ASSERT(rig.failed[0] > 0);
    CU_ASSERT_EQUAL(rig.failed[1], 0);
    CU_ASSERT_EQUAL(counters()->dropped_no_room, 0);
    CU_ASSERT_EQUAL(rig.failed[0], counters()->dropped_no_descriptor);
    rig_fini(&rig);
}

/* ---- errors and company ---- */

/* Doorbells that reach no function: the operations fail, and the ring is usable again. */
static void test_refused_doorbells(void)
{
    struct rig_options options = plain;
    options.params.nic.ring_entries = 8;
    rig_init(&rig, &options);
    rig_add_flow(&rig, 0, driver_nic_transmit, 1500, 20, 0);
    rig.flows[0].bar_address -= 1 << 20;
    rig_start(&rig);
    struct driver_nic_function *f = rig.flows[0].driver;
    rig_run(&rig, 100 * RIG_NS);
    CU_ASSERT_EQUAL(rig.ended[0], 0);
    CU_ASSERT(rig.failed[0] > 7);
    CU_ASSERT(rig.ep.misdirected > 0);
    f->base.bar_address += 1 << 20; /* from here on they arrive */
    rig_run(&rig, 100 * RIG_US);
    CU_ASSERT(rig.ended[0] > 20);
    rig_drain(&rig);
    const struct dev_nic *nic = rig.ep.params.device;
    CU_ASSERT_EQUAL(f->base.in_ring, 0);
    CU_ASSERT_EQUAL(nic->functions[0].queues[NIC_TRANSMIT].ring.fetched,
                    f->base.count[DRIVER_BELL_SUBMIT]);
    CU_ASSERT_EQUAL(nic->functions[0].queues[NIC_TRANSMIT].ring.fetched, rig.ended[0]);
    rig_fini(&rig);
}

/* Both directions on all functions, small rings, everything at once. */
static void test_everything_at_once(void)
{
    struct rig_options options = plain;
    options.params.nic.ring_entries = 32;
    options.params.nic.moderation_ps = 5 * RIG_US;
    rig_init(&rig, &options);
    for (uint16_t f = 0; f < plain.n_functions; f++) {
        rig_add_flow(&rig, f, driver_nic_transmit, 1500, 40, 0);
        rig_add_flow(&rig, f, driver_nic_transmit, 64, 3, 0);
        rig_add_flow(&rig, f, driver_nic_receive, 700, 0, 3 * RIG_US);
    }
    rig_start(&rig);
    rig_run(&rig, 2 * RIG_MS);
    rig_drain(&rig);
    CU_ASSERT_EQUAL(counters()->frames[NIC_TRANSMIT] + counters()->frames[NIC_RECEIVE],
                    rig.traffic.ended);
    rig_fini(&rig);
}

void suite_nic(void)
{
    CU_pSuite suite = CU_add_suite("nic", NULL, NULL);
    CU_add_test(suite, "a frame alone takes the sum of its stages to be transmitted",
                test_transmit_alone);
    CU_add_test(suite, "and to be received", test_receive_alone);
    CU_add_test(suite, "frame, write-back and interrupt follow each other", test_receive_at_once);
    CU_add_test(suite, "stages that take no time", test_no_processing);
    CU_add_test(suite, "transmit reaches the line rate in equal shares", test_transmit_line_rate);
    CU_add_test(suite, "receive reaches the line rate in equal shares", test_receive_line_rate);
    CU_add_test(suite, "the line rate is exact", test_line_rate_is_exact);
    CU_add_test(suite, "frames of a function stay in order", test_frames_stay_in_order);
    CU_add_test(suite, "interrupts keep the moderation interval", test_moderation);
    CU_add_test(suite, "full batches are written back at once", test_write_back_batches);
    CU_add_test(suite, "with a full ring operations wait", test_full_ring_waits);
    CU_add_test(suite, "a small transmit buffer", test_small_transmit_buffer);
    CU_add_test(suite, "frames without room are dropped and counted", test_receive_drops);
    CU_add_test(suite, "frames without descriptor are dropped and counted",
                test_receive_empty_ring);
    CU_add_test(suite, "refused doorbells fail their operations", test_refused_doorbells);
    CU_add_test(suite, "everything at once", test_everything_at_once);
}
