/* Small whole simulations of one NVMe controller behind one link. What these do not pin: which of
 * two functions goes first, and latencies under load beyond their order. */
#include "rig.h"

#include "workload/driver_nvme.h"
#include <CUnit/CUnit.h>

void suite_nvme(void);

#define PROCESSING_PS  RIG_US
#define FLASH_READ_PS  (80 * RIG_US)
#define FLASH_WRITE_PS (20 * RIG_US)

enum { BLOCK_BYTES = 512, PAGE_BYTES = 4096 };

static struct rig rig;
static struct dist flash_read, flash_write;

static struct rig_options plain_options(void)
{
    dist_init_constant(&flash_read, FLASH_READ_PS);
    dist_init_constant(&flash_write, FLASH_WRITE_PS);
    return (struct rig_options){
        .kind = DEVICE_KIND_NVME,
        .n_functions = 4,
        .params.nvme =
            {
                .name = "flash",
                .seed = 1,
                .queue_entries = 256,
                .block_bytes = BLOCK_BYTES,
                .page_bytes = PAGE_BYTES,
                .read_ps = &flash_read,
                .write_ps = &flash_write,
                .channels = 32,
                .processing_ps = PROCESSING_PS,
            },
    };
}

static void free_options(void)
{
    dist_fini(&flash_read);
    dist_fini(&flash_write);
}

static uint64_t sum_ended(void)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < rig.n_flows; i++)
        sum += rig.ended[i];
    return sum;
}

/* ---- unloaded latency ---- */

static const uint32_t sizes[] = {1, 512, 513, 4096, 8192, 8193, 12288, 65536};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static uint32_t whole_blocks(uint32_t bytes)
{
    return (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
}

/* Doorbell to the command's being understood. */
static uint64_t begin_ps(uint32_t bytes)
{
    uint32_t pages = (whole_blocks(bytes) + PAGE_BYTES - 1) / PAGE_BYTES;
    uint64_t time_ps = rig_doorbell_ps() + rig_read_ps(NVME_COMMAND_BYTES) + PROCESSING_PS;
    return pages > 2 ? time_ps + rig_read_ps((pages - 1) * NVME_PRP_BYTES) : time_ps;
}

static uint32_t report_bytes(void)
{
    return rig_write_bytes(NVME_COMPLETION_BYTES) + rig_write_bytes(DEV_MSI_BYTES);
}

static void test_read_alone(void)
{
    const struct rig_options options = plain_options();
    for (int i = 0; i < SIZES; i++) {
        struct op_record op = rig_single(&options, driver_nvme_read, sizes[i]);
        uint32_t bytes = rig_write_bytes(whole_blocks(sizes[i])) + report_bytes();
        CU_ASSERT_EQUAL(op.done_ps - op.born_ps,
                        begin_ps(sizes[i]) + FLASH_READ_PS + rig_wire_ps(bytes) + RIG_MSI_PS);
        CU_ASSERT_EQUAL(op.part_ps[LAT_DEVICE], PROCESSING_PS + FLASH_READ_PS);
        CU_ASSERT_EQUAL(op.part_ps[LAT_SOURCE], 0);
        CU_ASSERT_EQUAL(op.bytes, sizes[i]);
        CU_ASSERT(!op.failed);
    }
    free_options();
}

static void test_write_alone(void)
{
    const struct rig_options options = plain_options();
    for (int i = 0; i < SIZES; i++) {
        struct op_record op = rig_single(&options, driver_nvme_write, sizes[i]);
        uint64_t expected_ps = begin_ps(sizes[i]) + rig_read_ps(whole_blocks(sizes[i])) +
                               FLASH_WRITE_PS + rig_wire_ps(report_bytes()) + RIG_MSI_PS;
        CU_ASSERT_EQUAL(op.done_ps - op.born_ps, expected_ps);
        CU_ASSERT(!op.failed);
    }
    free_options();
}

/* With no time for processing and flash, events of one instant are taken in place. */
static void test_no_time(void)
{
    struct rig_options options = plain_options();
    struct dist nothing;
    dist_init_constant(&nothing, 0);
    options.params.nvme.read_ps = &nothing;
    options.params.nvme.processing_ps = 0;
    struct op_record op = rig_single(&options, driver_nvme_read, 4096);
    CU_ASSERT_EQUAL(op.done_ps - op.born_ps,
                    rig_doorbell_ps() + rig_read_ps(NVME_COMMAND_BYTES) +
                        rig_wire_ps(rig_write_bytes(4096) + report_bytes()) + RIG_MSI_PS);
    CU_ASSERT_EQUAL(op.part_ps[LAT_DEVICE], 0);
    dist_fini(&nothing);
    free_options();
}

/* ---- rate and shares ---- */

/* Two channels serve two commands per flash time, functions in turns whatever their depth. */
static void test_channels(void)
{
    struct rig_options options = plain_options();
    options.params.nvme.channels = 2;
    rig_init(&rig, &options);
    for (uint32_t f = 0; f < options.n_functions; f++)
        rig_add_flow(&rig, (uint16_t)f, driver_nvme_read, 4096, 8 + 8 * f, 0);
    rig.from_ps = 4 * RIG_MS;
    rig.to_ps = 4 * RIG_MS + 400 * FLASH_READ_PS;
    rig_start(&rig);
    rig_run(&rig, rig.to_ps);
    CU_ASSERT(sum_ended() >= 799 && sum_ended() <= 801);
    for (uint32_t f = 0; f < options.n_functions; f++)
        CU_ASSERT(rig.ended[f] >= 199 && rig.ended[f] <= 201);
    rig_drain(&rig);
    rig_fini(&rig);
    free_options();
}

/* The link is the bottleneck: every byte of it is used, and N functions share it equally. */
static void test_link_shares(void)
{
    struct rig_options options = plain_options();
    options.params.nvme.channels = 1024;
    rig_init(&rig, &options);
    for (uint32_t f = 0; f < options.n_functions; f++)
        rig_add_flow(&rig, (uint16_t)f, driver_nvme_read, 16384, 100, 0);
    rig.from_ps = 2 * RIG_MS;
    rig.to_ps = 22 * RIG_MS;
    rig_start(&rig);
    rig_run(&rig, rig.to_ps);
    /* Upwards also go a PRP list's and a command's share of read requests. */
    uint64_t wire_bytes = rig_write_bytes(16384) + report_bytes();
    uint64_t least_ps = (rig_wire_ps(1 << 20) - RIG_PROPAGATION_PS) * wire_bytes >> 20;
    uint64_t most = (rig.to_ps - rig.from_ps) / least_ps;
    CU_ASSERT(sum_ended() <= most && sum_ended() * 1000 >= most * 990);
    for (uint32_t f = 0; f < options.n_functions; f++) {
        uint64_t share = rig.ended[f] * options.n_functions;
        CU_ASSERT(share * 100 >= sum_ended() * 99 && share * 100 <= sum_ended() * 101);
    }
    rig_drain(&rig);
    rig_fini(&rig);
    free_options();
}

/* ---- queues ---- */

static void test_full_queue_waits(void)
{
    struct rig_options options = plain_options();
    options.params.nvme.queue_entries = 4;
    rig_init(&rig, &options);
    rig_add_flow(&rig, 0, driver_nvme_write, 512, 20, 0);
    rig_start(&rig);
    const struct driver_nvme_function *f = rig.flows[0].driver;
    rig_run(&rig, 1);
    CU_ASSERT_EQUAL(f->base.in_ring, 3);
    CU_ASSERT_EQUAL(f->base.waiting.n, 17);
    rig_drain(&rig);
    CU_ASSERT_EQUAL(f->base.in_ring, 0);
    CU_ASSERT_EQUAL(rig.ended[0], 20);
    for (uint32_t i = 0; i < 20; i++)
        CU_ASSERT_EQUAL(rig.records[i].part_ps[LAT_SOURCE] > 0, i >= 1);
    rig_fini(&rig);
    free_options();
}

/* Commands whose doorbells wait for the CPU's turn are announced, and fetched, together. */
static void test_commands_are_batched(void)
{
    struct rig_options options = plain_options();
    rig_init(&rig, &options);
    rig_add_flow(&rig, 0, driver_nvme_read, 512, 9, 0);
    rig_start(&rig);
    rig_run(&rig, 1);
    rig_drain(&rig);
    CU_ASSERT_EQUAL(rig.ended[0], 9);
    CU_ASSERT_EQUAL(rig.rc.reads, 2); /* one command, then eight: 64 and 512 bytes */
    rig_fini(&rig);
    free_options();
}

/* The driver is slow to give completion entries back: completions wait for room. */
static void test_full_completion_queue(void)
{
    struct rig_options options = plain_options();
    options.params.nvme.queue_entries = 4;
    rig_init(&rig, &options);
    rig_add_flow(&rig, 0, driver_nvme_write, 512, 3, 0);
    struct dev_nvme *nvme = rig.ep.params.device;
    nvme->functions[0].completion_head -= 2; /* two old ones lie there still */
    rig_start(&rig);
    rig_run(&rig, 1);
    rig_drain(&rig);
    CU_ASSERT_EQUAL_FATAL(rig.ended[0], 3);
    /* The first one's handler gives back all three entries. */
    CU_ASSERT(rig.records[1].done_ps - rig.records[0].done_ps > rig_doorbell_ps() + RIG_MSI_PS);
    CU_ASSERT(rig.records[2].done_ps - rig.records[1].done_ps < RIG_MSI_PS);
    rig_fini(&rig);
    free_options();
}

/* ---- errors and company ---- */

static void test_refused_doorbells(void)
{
    struct rig_options options = plain_options();
    options.params.nvme.queue_entries = 4;
    rig_init(&rig, &options);
    rig_add_flow(&rig, 0, driver_nvme_read, 512, 20, 0);
    rig.flows[0].bar_address -= 1 << 20;
    rig_start(&rig);
    rig_run(&rig, 100 * RIG_NS);
    rig_drain(&rig);
    CU_ASSERT_EQUAL(rig.ended[0], 0);
    CU_ASSERT(rig.failed[0] >= 20);
    CU_ASSERT_EQUAL(((const struct driver_nvme_function *)rig.flows[0].driver)->base.in_ring, 0);
    rig_fini(&rig);
    free_options();
}

/* Flash times that differ widely, queues that are too short, reads and writes on all functions. */
static void test_everything_at_once(void)
{
    struct rig_options options = plain_options();
    struct dist flash;
    struct err err;
    const uint64_t values[] = {0, 5 * RIG_US, 300 * RIG_US};
    const double weights[] = {0.2, 0.6, 0.2};
    CU_ASSERT_FATAL(dist_init_discrete(&flash, 3, values, weights, NULL, &err));
    options.params.nvme.read_ps = &flash;
    options.params.nvme.queue_entries = 8;
    rig_init(&rig, &options);
    for (uint32_t f = 0; f < options.n_functions; f++) {
        rig_add_flow(&rig, (uint16_t)f, driver_nvme_read, 4096, 10, 0);
        rig_add_flow(&rig, (uint16_t)f, driver_nvme_write, 20000, 3, 0);
        rig_add_flow(&rig, (uint16_t)f, driver_nvme_read, 512, 0, 50 * RIG_US);
    }
    rig_start(&rig);
    rig_run(&rig, 5 * RIG_MS);
    rig_drain(&rig);
    const struct dev_nvme *nvme = rig.ep.params.device;
    CU_ASSERT_EQUAL(nvme->counters.commands[NVME_READ] + nvme->counters.commands[NVME_WRITE],
                    rig.traffic.ended);
    CU_ASSERT_EQUAL(nvme->channels_busy, 0);
    rig_fini(&rig);
    dist_fini(&flash);
    free_options();
}

void suite_nvme(void)
{
    CU_pSuite suite = CU_add_suite("nvme", NULL, NULL);
    CU_add_test(suite, "a read alone takes the sum of its stages", test_read_alone);
    CU_add_test(suite, "and a write", test_write_alone);
    CU_add_test(suite, "stages that take no time", test_no_time);
    CU_add_test(suite, "channels bound the rate and serve functions in turns", test_channels);
    CU_add_test(suite, "functions share the link equally", test_link_shares);
    CU_add_test(suite, "with a full queue operations wait", test_full_queue_waits);
    CU_add_test(suite, "commands are fetched together", test_commands_are_batched);
    CU_add_test(suite, "with a full completion queue completions wait", test_full_completion_queue);
    CU_add_test(suite, "refused doorbells fail their operations", test_refused_doorbells);
    CU_add_test(suite, "everything at once", test_everything_at_once);
}
