/* Queues against queueing theory: the M/D/1 wait, the saturation of input-queued crossbars, the
 * knee of credit flow control, and work conservation. The laws are exact; where a finite run
 * estimates, its own confidence interval is the bound. */
#include "scenario.h"

#include "run/run.h"

#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void suite_queueing(void);

/* Gen3 x8 without SKP and DLLPs: ps per byte, and a write of 256 bytes with a 4DW header. */
static const double byte_ps = 8e12 * 130 / 128 / (8e9 * 8);
enum { WRITE_BYTES = 256 + 16 + 8, DLLP_BYTES = 8 };

#define PLAIN_LINK(propagation)                                                                    \
    "{rate: gen3x8, propagation: " propagation ", skp: no, dllp: no, update_interval: 0ns}"

/* ---- M/D/1 ---- */

/* Poisson writes of one TLP each onto one link: Pollaczek and Khinchine give the mean wait
 * rho S / (2 (1 - rho)) for a constant service time S. */
static void test_wait_of_md1(void)
{
    static const double loads[] = {0.3, 0.6, 0.8};
    const double service_ns = WRITE_BYTES * byte_ps / 1e3;
    for (size_t i = 0; i < sizeof loads / sizeof loads[0]; i++) {
        struct config *config = scenario_load(
            "run: {warmup: 200us, duration: 20ms, precision: 0%%}\n"
            "hosts: [{name: h, memory: {latency: 0ns, write_latency: 0ns}, credits: {posted: "
            "{header: infinite, data: infinite}}}]\n"
            "devices: [{name: d, host: h, vfs: 1, link: " PLAIN_LINK(
                "0ns") "}]\n"
                       "workloads: [{op: dma-write, load: %.0f%%, size: 256B}]\n",
            loads[i] * 100);
        struct results *results = scenario_run(config, 0);
        const double wait_ns = loads[i] * service_ns / (2 * (1 - loads[i]));
        const double measured_ns = results->total.latency.mean_ns - service_ns;
        CU_ASSERT(results->total.latency.ci95_ns > 0);
        CU_ASSERT(results->total.latency.ci95_ns < 0.05 * wait_ns);
        CU_ASSERT(fabs(measured_ns - wait_ns) <= results->total.latency.ci95_ns);
        CU_ASSERT_DOUBLE_EQUAL(results->links[1].utilisation, loads[i], 0.01 * loads[i]);
        if (fabs(measured_ns - wait_ns) > results->total.latency.ci95_ns)
            fprintf(stderr, "load %.1f: waits %.3f +- %.3f ns, expected %.3f\n", loads[i],
                    measured_ns, results->total.latency.ci95_ns, wait_ns);
        results_free(results);
        config_free(config);
    }
}

/* ---- crossbar ---- */

enum { PORTS = 16 };

/* Saturation throughput of an N x N crossbar whose inputs have one queue each, always full of cells
 * for uniformly drawn outputs: each output serves one of the heads that want it in every slot
 * (Karol, Hluchyj and Morgan, IEEE Trans. Commun. 35(12), 1987). */
static double head_of_line_throughput(void)
{
    enum { SLOTS = 200000 };
    struct rng rng;
    unsigned head[PORTS];
    uint64_t served = 0;
    rng_init(&rng, 1, "head of line");
    for (int i = 0; i < PORTS; i++)
        head[i] = (unsigned)(rng_uniform(&rng) * PORTS);
    for (int slot = 0; slot < SLOTS; slot++) {
        for (unsigned output = 0; output < PORTS; output++) {
            int wanting[PORTS];
            int n = 0;
            for (int i = 0; i < PORTS; i++)
                if (head[i] == output)
                    wanting[n++] = i;
            if (!n)
                continue;
            served++;
            head[wanting[(int)(rng_uniform(&rng) * n)]] = PORTS; /* gone */
        }
        for (int i = 0; i < PORTS; i++)
            if (head[i] == PORTS)
                head[i] = (unsigned)(rng_uniform(&rng) * PORTS);
    }
    return (double)served / SLOTS / PORTS;
}

/* Cells per output and cycle of a saturated 16 x 16 switch. A cell is a write of one beat, 32 bytes
 * in 56 on the wire: at gen5x16 a fifth of a cycle, so that the crossbar is the bottleneck. Each
 * device sends to all hosts, in the order of Poisson arrivals, which is a random one. Virtual
 * output queues are unbounded, as in the theory; with one queue only its head matters. */
static double crossbar_throughput(bool voq, double load)
{
    struct config *config = scenario_load(
        "run: {warmup: 100us, duration: 60us, precision: 0%%}\n"
        "hosts: [{name: h, count: 16, link: &fast {rate: gen5x16, propagation: 1ns, skp: no, "
        "dllp: no, update_interval: 0ns}, credits: {posted: {header: infinite, data: infinite}}}]\n"
        "switches: [{name: sw, clock: 250MHz, datapath: 32B, voq: %s, egress_buffer: 16KiB, "
        "credits: {posted: {header: %s, data: infinite}}}]\n"
        "devices: [{name: d, count: 16, vfs: 16, arbiter: age, link: *fast}]\n"
        "lend: [{device: d, to: h, deal: round-robin}]\n"
        "workloads: [{op: dma-write, arrival: poisson, rate: %.0fops, size: 32B}]\n",
        voq ? "true" : "false", voq ? "infinite" : "127", load * 250e6 / PORTS);
    struct results *results = scenario_run(config, 0);
    double cells = (double)results->total.ops / (results->measured_us * 250) / PORTS;
    results_free(results);
    config_free(config);
    return cells;
}

static void test_crossbar_saturation(void)
{
    const double theory = head_of_line_throughput();
    const double fifo = crossbar_throughput(false, 1.05);
    const double voq = crossbar_throughput(true, 1.05);
    CU_ASSERT(theory > 2 - sqrt(2.0)); /* the limit for many ports, from above */
    CU_ASSERT(theory < 0.6184);        /* their value for 8 */
    CU_ASSERT_DOUBLE_EQUAL(fifo, theory, 0.01);
    CU_ASSERT(voq > 0.98); /* what is missing, Poisson arrivals leave to some outputs */
    CU_ASSERT(voq <= 1.0001);
    CU_ASSERT_DOUBLE_EQUAL(crossbar_throughput(true, 0.9), 0.9, 0.009);
    CU_ASSERT_DOUBLE_EQUAL(crossbar_throughput(false, 0.55), 0.55, 0.0055);
}

/* ---- credits ---- */

/* A sender with C credits sends C packets per round trip at most: of its packet to the receiver and
 * of the UpdateFC back. */
static void test_credit_knee(void)
{
    const double packet_ps = WRITE_BYTES * byte_ps;
    const double trip_ps = packet_ps + DLLP_BYTES * byte_ps + 2 * 200e3;
    const unsigned units = 256 / 16;
    static const unsigned numbers[] = {1, 2, 5, 11, 12, 13, 14, 20};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const unsigned credits = numbers[i];
        const double expected = fmin(1, credits * packet_ps / trip_ps);
        for (int data = 0; data < 2; data++) {
            struct config *config = scenario_load(
                "run: {warmup: 10us, duration: 200us, precision: 0%%}\n"
                "hosts: [{name: h, memory: {latency: 0ns}, credits: {posted: {header: %s%.0u, "
                "data: %s%.0u%s}}}]\n"
                "devices: [{name: d, host: h, vfs: 1, link: " PLAIN_LINK(
                    "200ns") "}]\n"
                             "workloads: [{op: dma-write, arrival: closed, depth: 64, size: "
                             "256B}]\n",
                data ? "infinite" : "", data ? 0 : credits, data ? "" : "infinite",
                data ? credits * units * 16 : 0, data ? "B" : "");
            struct results *results = scenario_run(config, 0);
            CU_ASSERT(scenario_relative_error(results->links[1].utilisation, expected) <= 0.005);
            if (scenario_relative_error(results->links[1].utilisation, expected) > 0.005)
                fprintf(stderr, "%u %s credits: %.4f, expected %.4f\n", credits,
                        data ? "data" : "header", results->links[1].utilisation, expected);
            results_free(results);
            config_free(config);
        }
    }
}

/* ---- work conservation ---- */

enum { SENDS_MOST = 1 << 17, DEVICES = 6, CLOCK_PS = 4000, PIPELINE_CYCLES = 2 + 2 + 1 + 1 };

/* What went out on the host's link, in order: from when on it could have, and when it did. */
struct watch {
    const struct model *model;
    uint32_t link;
    uint64_t *could_ps; /* of each TLP in flight */
    size_t n;
    struct send {
        uint64_t could_ps, from_ps, to_ps;
    } sends[SENDS_MOST];
};

static void watch_tlp(void *reader, const struct trace_record *record)
{
    struct watch *watch = reader;
    const struct tlp *tlp = record->body;
    ptrdiff_t index = tlp - watch->model->fabric.tlps.tlps;
    if (record->kind == TR_SWITCH_IN) {
        watch->could_ps[index] = record->time_ps + PIPELINE_CYCLES * CLOCK_PS;
    } else if (record->component == watch->link && watch->n < SENDS_MOST) {
        watch->sends[watch->n++] = (struct send){
            .could_ps = watch->could_ps[index],
            .from_ps = record->time_ps,
            .to_ps = record->time_ps + (uint64_t)ceil((tlp->bytes + 24) * byte_ps),
        };
    }
}

/* Whenever the wire was idle before a TLP, neither it nor any later one could have gone before. */
static size_t idle_with_work(const struct watch *watch, size_t *out_gaps)
{
    uint64_t earliest_ps = UINT64_MAX;
    size_t faults = 0;
    *out_gaps = 0;
    for (size_t i = watch->n; i-- > 1;) {
        const struct send *send = &watch->sends[i];
        if (send->could_ps < earliest_ps)
            earliest_ps = send->could_ps;
        if (send->from_ps > watch->sends[i - 1].to_ps) {
            ++*out_gaps;
            faults += earliest_ps < send->from_ps;
        }
    }
    return faults;
}

/* Of these sizes each takes the crossbar less time than the wire, so that the wire alone decides.
 */
static void watch_link(const char *arbiter, bool voq, double load, size_t *out_gaps,
                       double *out_busy)
{
    struct config *config = scenario_load(
        "hosts: [{name: h, link: " PLAIN_LINK(
            "3ns") ", credits: {posted: {header: infinite, data: "
                   "infinite}}}]\n"
                   "switches: [{name: sw, arbiter: %s, voq: %s}]\n"
                   "devices: [{name: d, count: 6, vfs: 1, link: " PLAIN_LINK(
                       "5ns") "}]\n"
                              "workloads: [{op: dma-write, host: h, arrival: poisson, load: "
                              "%.3f%%, "
                              "size: [{size: 32B, weight: 1}, {size: 96B, weight: 1}, {size: "
                              "256B, weight: 2}]}]\n",
        arbiter, voq ? "true" : "false", load * 100 / DEVICES);
    struct model *model = scenario_build(config);
    struct watch *watch = calloc(1, sizeof *watch);
    CHECK(watch);
    watch->model = model;
    watch->link = 1; /* up from the switch to the first host */
    watch->could_ps = calloc(model->fabric.tlps.capacity, sizeof *watch->could_ps);
    CHECK(watch->could_ps);
    trace_subscribe(&model->sim.trace, 1U << TR_SWITCH_IN | 1U << TR_LINK_SEND, watch_tlp, watch);
    scenario_simulate(model, 1000000000);
    CU_ASSERT(watch->n > 20000);
    CU_ASSERT_EQUAL(idle_with_work(watch, out_gaps), 0);
    *out_busy = (double)model->links[1].link.wire_bytes * byte_ps / 1e9;
    scenario_finish(model);
    config_free(config);
    free(watch->could_ps);
    free(watch);
}

/* An egress with a TLP and credits is never idle, whatever the arbiter. */
static void test_work_conservation(void)
{
    static const char *const arbiters[] = {"round-robin", "weighted", "age", "priority"};
    for (size_t i = 0; i < sizeof arbiters / sizeof arbiters[0]; i++) {
        for (int voq = 0; voq < 2; voq++) {
            size_t gaps;
            double busy;
            watch_link(arbiters[i], voq, 0.8, &gaps, &busy);
            CU_ASSERT(gaps > 1000);
            CU_ASSERT_DOUBLE_EQUAL(busy, 0.8, 0.02);
            watch_link(arbiters[i], voq, 1.2, &gaps, &busy);
            CU_ASSERT(gaps < 20); /* at the start */
            CU_ASSERT_DOUBLE_EQUAL(busy, 1, 0.002);
        }
    }
}

void suite_queueing(void)
{
    CU_pSuite suite = CU_add_suite("queueing", NULL, NULL);
    CU_add_test(suite, "mean wait of M/D/1", test_wait_of_md1);
    CU_add_test(suite, "saturation of a crossbar", test_crossbar_saturation);
    CU_add_test(suite, "credit knee", test_credit_knee);
    CU_add_test(suite, "an egress with work is never idle", test_work_conservation);
}
