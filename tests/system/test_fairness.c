/* Who gets how much of what is shared: equal Users of one device, weights, ages and priorities, at
 * the device's own arbiters and at a switch's egress. */
#include "scenario.h"

#include "run/run.h"

#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void suite_fairness(void);

enum { USERS_MOST = 24 };

#define RUN   "run: {warmup: 50us, duration: 300us, precision: 0%%}\n"
#define HOSTS "hosts:\n- {name: owner}\n- {name: u, count: %u}\n"

/* Jain's index from its definition. */
static double jain(const struct results *results)
{
    double sum = 0;
    double squares = 0;
    for (uint32_t h = 0; h < results->n_hosts; h++) {
        sum += results->hosts[h].gbps;
        squares += results->hosts[h].gbps * results->hosts[h].gbps;
    }
    return sum * sum / (results->n_hosts * squares);
}

/* N equal Users of one device, which @op saturates. */
static void check_equal_users(unsigned users, const char *op, unsigned bytes)
{
    struct config *config =
        scenario_load(RUN HOSTS "switches: [{name: sw}]\n"
                                "devices: [{name: d, owner: owner, vfs: %u}]\n"
                                "lend: [{device: d, to: u}]\n"
                                "workloads: [{op: %s, arrival: closed, depth: 32, size: %uB}]\n",
                      users, users, op, bytes);
    struct results *results = scenario_run(config, 0);
    CU_ASSERT_EQUAL(results->n_hosts, users);
    for (uint32_t h = 0; h < results->n_hosts; h++) {
        double share = results->hosts[h].gbps / results->total.gbps * users;
        CU_ASSERT_DOUBLE_EQUAL(share, 1, 0.01);
        if (fabs(share - 1) > 0.01)
            fprintf(stderr, "%u users, %s of %u B: %s has %.4f of its share\n", users, op, bytes,
                    results->hosts[h].name, share);
    }
    CU_ASSERT(results->fairness_jain > 0.9999);
    CU_ASSERT_DOUBLE_EQUAL(results->fairness_jain, jain(results), 1e-9);
    results_free(results);
    config_free(config);
}

static void test_equal_users(void)
{
    for (unsigned users = 1; users <= USERS_MOST; users++) {
        check_equal_users(users, "dma-write", 256);
        if (users % 5 != 3)
            continue;
        check_equal_users(users, "dma-read", 512);
        check_equal_users(users, "mmio-write", 256);
    }
}

/* Three Users with weights 1, 2 and 5, at the device's arbiter for DMA and at the switch's egress
 * to the device for MMIO. */
static void test_weighted_shares(void)
{
    static const double weights[] = {1, 2, 5};
    static const struct {
        const char *op, *device, *sw;
    } cases[] = {{"dma-write", "weighted", "round-robin"},
                 {"dma-read", "weighted", "round-robin"},
                 {"mmio-write", "round-robin", "weighted"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct config *config = scenario_load(
            RUN HOSTS "switches: [{name: sw, arbiter: %s}]\n"
                      "devices: [{name: d, owner: owner, vfs: 3, tags: 16, arbiter: %s}]\n"
                      "lend:\n- {device: d, vf: 0, to: u0, weight: 1}\n"
                      "- {device: d, vf: 1, to: u1, weight: 2}\n"
                      "- {device: d, vf: 2, to: u2, weight: 5}\n"
                      "workloads: [{op: %s, arrival: closed, depth: 64, size: 256B}]\n",
            3U, cases[i].sw, cases[i].device, cases[i].op);
        struct results *results = scenario_run(config, 0);
        for (uint32_t h = 0; h < 3; h++) {
            double share = results->hosts[h].gbps / results->total.gbps;
            CU_ASSERT_DOUBLE_EQUAL(share, weights[h] / 8, 0.01 * weights[h] / 8);
            if (fabs(share - weights[h] / 8) > 0.01 * weights[h] / 8)
                fprintf(stderr, "%s: %s has %.4f of all, expected %.4f\n", cases[i].op,
                        results->hosts[h].name, share, weights[h] / 8);
        }
        CU_ASSERT_DOUBLE_EQUAL(results->fairness_jain, 64.0 / (3 * 30), 0.005);
        results_free(results);
        config_free(config);
    }
}

/* Strict priority: the heaviest keeps its queue full and leaves nothing. */
static void test_priority_at_saturation(void)
{
    static const struct {
        const char *op, *device, *sw;
    } cases[] = {{"dma-write", "priority", "round-robin"},
                 {"dma-read", "priority", "round-robin"},
                 {"mmio-write", "round-robin", "priority"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct config *config = scenario_load(
            RUN HOSTS "switches: [{name: sw, arbiter: %s}]\n"
                      "devices: [{name: d, owner: owner, vfs: 3, tags: 16, arbiter: %s}]\n"
                      "lend:\n- {device: d, vf: 0, to: u0, weight: 1}\n"
                      "- {device: d, vf: 1, to: u1, weight: 9}\n"
                      "- {device: d, vf: 2, to: u2, weight: 8}\n"
                      "workloads: [{op: %s, arrival: closed, depth: 64, size: 256B}]\n",
            3U, cases[i].sw, cases[i].device, cases[i].op);
        struct model *model = scenario_build(config);
        struct scenario_ops ops = {0};
        size_t count[3] = {0};
        scenario_collect_ops(model, &ops);
        scenario_simulate(model, 300000000);
        /* What is under way at the start is granted before all have come. */
        for (size_t k = 0; k < ops.n; k++)
            count[model->flow_of[ops.ops[k].flow].host - 1] += ops.ops[k].done_ps > 50000000;
        CU_ASSERT(count[1] > 3000);
        CU_ASSERT_EQUAL(count[0], 0);
        CU_ASSERT_EQUAL(count[2], 0);
        scenario_finish(model);
        scenario_ops_fini(&ops);
        config_free(config);
    }
}

/* ---- open loop: who waits how long ---- */

enum { CLASSES_OF_LOAD = 3 };
static const double loads[CLASSES_OF_LOAD] = {0.2, 0.3, 0.35};

/* Mean waits in service times. */
struct waits {
    double of[CLASSES_OF_LOAD];
    double all;      /* over all writes */
    double ci95;     /* of that */
    double expected; /* by Pollaczek and Khinchine, whatever the order (Kleinrock) */
};

/* Poisson MMIO writes of three hosts contend for the device's link, which is slow against all else.
 * The heaviest weight is the first host's. The egress buffer holds one TLP behind that on the wire.
 */
static struct waits waits_under(const char *arbiter)
{
    struct config *config = scenario_load(
        "run: {warmup: 200us, duration: 150ms, precision: 0%%}\n" HOSTS
        "switches: [{name: sw, clock: 1GHz, datapath: 512B, egress_buffer: 288B, arbiter: %s, "
        "credits: {posted: {header: 127, data: infinite}}}]\n"
        "devices: [{name: d, owner: owner, vfs: 3, link: {rate: gen3x1, skp: no, dllp: no, "
        "update_interval: 0ns}}]\n"
        "lend:\n- {device: d, vf: 0, to: u0, weight: 3}\n- {device: d, vf: 1, to: u1, weight: 2}\n"
        "- {device: d, vf: 2, to: u2, weight: 1}\n"
        "workloads:\n- {op: mmio-write, host: u0, size: 256B, load: 20%%}\n"
        "- {op: mmio-write, host: u1, size: 256B, load: 30%%}\n"
        "- {op: mmio-write, host: u2, size: 256B, load: 35%%}\n",
        3U, arbiter);
    struct results *results = scenario_run(config, 0);
    const double service_ns = 280 * 8 / (8 * 128 / 130.0);
    const double load = loads[0] + loads[1] + loads[2];
    struct waits waits = {
        .all = results->total.part_ns[LAT_ARBITRATE] / service_ns,
        .ci95 = results->total.latency.ci95_ns / service_ns,
        .expected = load / (2 * (1 - load)),
    };
    for (int i = 0; i < CLASSES_OF_LOAD; i++)
        waits.of[i] = results->workloads[i].part_ns[LAT_ARBITRATE] / service_ns;
    results_free(results);
    config_free(config);
    return waits;
}

/* With equal sizes no arbiter that is never idle changes the mean wait, only whose it is. */
static void test_conservation_law(void)
{
    static const char *const arbiters[] = {"round-robin", "weighted", "age", "priority"};
    double first = 0;
    for (size_t i = 0; i < sizeof arbiters / sizeof arbiters[0]; i++) {
        struct waits waits = waits_under(arbiters[i]);
        CU_ASSERT(waits.ci95 > 0);
        CU_ASSERT(waits.ci95 < 0.05 * waits.expected);
        CU_ASSERT_DOUBLE_EQUAL(waits.all, waits.expected, waits.ci95);
        if (i == 0)
            first = waits.all;
        CU_ASSERT_DOUBLE_EQUAL(waits.all, first, 0.002 * first); /* the same arrivals */
    }
}

/* First come, first served: all wait alike, up to what the samples differ. */
static void test_age(void)
{
    struct waits waits = waits_under("age");
    for (int i = 0; i < CLASSES_OF_LOAD; i++)
        CU_ASSERT_DOUBLE_EQUAL(waits.of[i], waits.expected, 2 * waits.ci95);
}

/* Cobham: class k waits W0 / ((1 - s(k-1)) (1 - s(k))), s the loads up to it, when the server
 * chooses as it becomes free. The egress chooses up to one TLP ahead, so that those of the upper
 * classes may find one more before them, and the others gain by the conservation law. */
static void test_priority(void)
{
    struct waits waits = waits_under("priority");
    const double residual = (loads[0] + loads[1] + loads[2]) / 2;
    double before = 0;
    double cobham[CLASSES_OF_LOAD];
    for (int i = 0; i < CLASSES_OF_LOAD; i++) {
        cobham[i] = residual / ((1 - before) * (1 - before - loads[i]));
        before += loads[i];
    }
    for (int i = 0; i < 2; i++) {
        CU_ASSERT(waits.of[i] > cobham[i] - waits.ci95);
        CU_ASSERT(waits.of[i] < cobham[i] + 1 + waits.ci95);
    }
    CU_ASSERT(waits.of[2] < cobham[2] + waits.ci95);
    CU_ASSERT(waits.of[2] > cobham[2] - (loads[0] + loads[1]) / loads[2] - waits.ci95);
    CU_ASSERT(waits.of[0] < waits.of[1]);
    CU_ASSERT(waits.of[1] < waits.of[2]);
}

/* Round robin lets him who asks for less wait less; weights let the heavier wait less still. */
static void test_round_robin_and_weights(void)
{
    struct waits equal = waits_under("round-robin");
    struct waits weighted = waits_under("weighted");
    CU_ASSERT(equal.of[0] < equal.of[1]);
    CU_ASSERT(equal.of[1] < equal.of[2]);
    CU_ASSERT(weighted.of[0] < equal.of[0]);
    CU_ASSERT(weighted.of[2] > equal.of[2]);
}

/* Functions whose VC has no credits wait in front of the arbiter, not behind it: the port holds one
 * grant at most, whichever VC it is. */
static void test_blocked_vc(void)
{
    struct config *config = scenario_load(
        "name: blocked\n"
        "pcie: {vcs: 2, mps: 256B}\n"
        "hosts: [{name: h, memory: {bandwidth: 1Gbps}, credits: {posted: {header: 2, data: "
        "512B}}}]\n"
        "devices: [{name: d, kind: null, host: h, vfs: 4, dma_burst: 1KiB}]\n"
        "workloads:\n"
        "  - {op: dma-write, size: 4KiB, traffic_class: 1, bandwidth: 2Gbps, arrival: constant}\n");
    struct model *model = scenario_build(config);
    const struct endpoint *ep = &model->devices[0];
    uint32_t most = 0;

    scenario_simulate(model, 1);
    for (uint64_t us = 1; us <= 200; us++) {
        CU_ASSERT_EQUAL(sim_run(&model->sim, us * 1000000), SIM_TIME);
        if (ep->port.queued > most)
            most = ep->port.queued;
    }
    CU_ASSERT(ep->engines[ENGINE_WRITE].n_pending == 4); /* it was overloaded */
    CU_ASSERT(most > 0 && most <= 4);
    scenario_finish(model);
    config_free(config);
}

void suite_fairness(void)
{
    CU_pSuite suite = CU_add_suite("fairness", NULL, NULL);
    CU_add_test(suite, "equal Users of one device", test_equal_users);
    CU_add_test(suite, "weighted shares", test_weighted_shares);
    CU_add_test(suite, "priority at saturation", test_priority_at_saturation);
    CU_add_test(suite, "conservation law", test_conservation_law);
    CU_add_test(suite, "age", test_age);
    CU_add_test(suite, "priority", test_priority);
    CU_add_test(suite, "round robin and weights", test_round_robin_and_weights);
    CU_add_test(suite, "functions of a blocked VC", test_blocked_vc);
}
