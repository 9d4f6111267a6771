/* The baseline of a pool: direct attachment offers every function the same operations at the same
 * times, is written and loaded like any configuration, and saves exactly the switch and its link.
 * Not pinned: what the baseline's latency is under load. */
#include "scenario.h"

#include "config/direct.h"
#include "config/origin.h"
#include "run/plan.h"
#include "run/run.h"

#include <CUnit/CUnit.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void suite_direct(void);

#define US_PS UINT64_C(1000000)

static struct config *make_direct(struct config *config)
{
    struct err err = {.line = 0};
    if (!config_make_direct(config, &err)) {
        err_print(&err, stderr);
        CU_FAIL_FATAL("the pool has no baseline");
    }
    return config;
}

static char *written(const struct config *config)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    CHECK(out);
    config_write_yaml(config, out);
    CHECK(fclose(out) == 0);
    return text;
}

static struct config *read_back(const char *text)
{
    struct config *config = NULL;
    struct err err = {.line = 0};
    if (!config_load_text("resolved.yaml", text, strlen(text), 0, NULL, &config, &err)) {
        err_print(&err, stderr);
        CU_FAIL_FATAL("what was written does not load");
    }
    return config;
}

/* ---- what is offered ---- */

/* The operations of one function under one workload; the stream's name tells it in every form. */
struct offer {
    char stream[160];
    uint64_t ops, bytes;
    uint64_t born; /* the squares of all times of arrival, modulo 2^64: of no order */
};

static int compare_offers(const void *a, const void *b)
{
    return strcmp(((const struct offer *)a)->stream, ((const struct offer *)b)->stream);
}

static struct offer *name_offers(const struct config *config, uint32_t *out_n)
{
    uint32_t n = 0;
    for (uint32_t w = 0; w < config->n_workloads; w++)
        n += config->workloads[w].n_targets;
    struct offer *offers = calloc(n + 1U, sizeof *offers);
    CHECK(offers);
    *out_n = n;
    n = 0;
    for (uint32_t w = 0; w < config->n_workloads; w++) {
        for (uint32_t t = 0; t < config->workloads[w].n_targets; t++) {
            const struct cfg_target *target = &config->workloads[w].targets[t];
            const struct cfg_device *device = &config->devices[target->device];
            snprintf(offers[n++].stream, sizeof offers->stream, "%s/%s/%s/%u",
                     config->workloads[w].name, origin_host(config, device, target->host),
                     origin_device(device), origin_vf(device, target->vf));
        }
    }
    return offers;
}

/* Everything that arrives before @until_ps, sorted by stream; owned by the caller. A closed loop
 * offers what it is given time for: its operations are not counted. */
static struct offer *offered(const struct config *config, uint64_t until_ps, uint32_t *out_n)
{
    struct offer *offers = name_offers(config, out_n);
    struct scenario_ops ops = {NULL, 0, 0};
    struct model *model = scenario_build(config);
    scenario_collect_ops(model, &ops);
    scenario_simulate(model, until_ps);
    uint32_t *workload_of = calloc(*out_n + 1U, sizeof *workload_of);
    CHECK(workload_of);
    for (uint32_t f = 0; f < *out_n; f++)
        workload_of[f] = model->flow_of[f].workload;
    scenario_finish(model);
    for (size_t i = 0; i < ops.n; i++) {
        const struct op_record *op = &ops.ops[i];
        struct offer *offer = &offers[op->flow];
        if (config->workloads[workload_of[op->flow]].arrival == ARRIVAL_CLOSED ||
            op->born_ps >= until_ps)
            continue;
        offer->ops++;
        offer->bytes += op->bytes;
        offer->born += op->born_ps * op->born_ps;
    }
    free(workload_of);
    scenario_ops_fini(&ops);
    qsort(offers, *out_n, sizeof *offers, compare_offers);
    return offers;
}

static void expect_same_offers(const struct config *a, const struct config *b, uint64_t until_ps)
{
    uint32_t n, n_b;
    uint64_t ops = 0;
    struct offer *offers = offered(a, until_ps, &n);
    struct offer *others = offered(b, until_ps, &n_b);
    CU_ASSERT_EQUAL_FATAL(n, n_b);
    for (uint32_t i = 0; i < n; i++) {
        CU_ASSERT_STRING_EQUAL(offers[i].stream, others[i].stream);
        CU_ASSERT_EQUAL(offers[i].ops, others[i].ops);
        CU_ASSERT_EQUAL(offers[i].bytes, others[i].bytes);
        CU_ASSERT_EQUAL(offers[i].born, others[i].born);
        ops += offers[i].ops;
    }
    CU_ASSERT(ops > 50);
    free(offers);
    free(others);
}

static void expect_no_pool(const struct config *config)
{
    CU_ASSERT(config->n_switches == 0 && config->n_lends == 0 && config->sweep.n_axes == 0);
    CU_ASSERT_EQUAL(config->n_hosts, config->n_devices);
    for (uint32_t i = 0; i < config->n_hosts; i++) {
        CU_ASSERT_EQUAL(config->hosts[i].switch_index, -1);
        CU_ASSERT_EQUAL(config->devices[i].host_index, (int)i);
    }
}

/* The written form is the same configuration: text, functions and traffic. */
static void expect_comes_back(const struct config *config)
{
    char *once = written(config);
    struct config *again = read_back(once);
    char *twice = written(again);
    CU_ASSERT_STRING_EQUAL(once, twice);
    for (uint32_t w = 0; w < config->n_workloads; w++) {
        const struct cfg_workload *a = &config->workloads[w], *b = &again->workloads[w];
        CU_ASSERT_EQUAL_FATAL(a->n_targets, b->n_targets);
        CU_ASSERT(memcmp(a->targets, b->targets, a->n_targets * sizeof *a->targets) == 0);
    }
    free(once);
    free(twice);
    config_free(again);
}

static void offers_the_same_operations(void)
{
    /* One slow flash read may be all that is left at the end. */
    static const char patient[] = "run.progress_limit=10ms";
    static const struct {
        const char *path;
        uint64_t until_ps;
        uint32_t copies;
        const char *host, *device; /* of the last copy */
    } cases[] = {
        {"configs/paper-testbed.yaml", 200 * US_PS, 2, "user1", "nic-user1"},
        {"configs/nvme-pool.yaml", 1000 * US_PS, 32, "h7-ssd3", "ssd3-h7"},
        {"configs/crossbar-8x8.yaml", 100 * US_PS, 64, "h7-d7", "d7-h7"},
        {"configs/noisy-neighbour.yaml", 400 * US_PS, 2, "noisy", "dev-noisy"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config *pool = scenario_load_file(cases[i].path, patient);
        struct config *direct = make_direct(scenario_load_file(cases[i].path, patient));
        expect_no_pool(direct);
        CU_ASSERT_EQUAL_FATAL(direct->n_hosts, cases[i].copies);
        CU_ASSERT_STRING_EQUAL(direct->hosts[cases[i].copies - 1].name, cases[i].host);
        CU_ASSERT_STRING_EQUAL(direct->devices[cases[i].copies - 1].name, cases[i].device);
        CU_ASSERT_PTR_NOT_NULL(strstr(direct->title, ", direct attachment"));
        CU_ASSERT_STRING_EQUAL(direct->name + strlen(direct->name) - 7, "-direct");
        expect_same_offers(pool, direct, cases[i].until_ps);
        expect_comes_back(direct);
        config_free(pool);
        config_free(direct);
    }
}

static void runs_to_results(void)
{
    struct config *direct = make_direct(scenario_load_file("configs/paper-testbed.yaml", NULL));
    struct results *results = scenario_run(direct, 0);
    CU_ASSERT_STRING_EQUAL(results->name, "paper-testbed-direct");
    CU_ASSERT(results->total.ops > 1000 && results->unsupported_requests == 0);
    CU_ASSERT(results->n_id_maps == 0);
    results_free(results);
    config_free(direct);
}

/* Selectors that take part of what a host has, an Owner at work, VFs dealt in turn, names that
 * collide and are too long, and a device that was direct before. */
static const char mixed_yaml[] =
    "hosts:\n- {name: o}\n- {name: u, count: 2}\n- {name: u0-d1}\n- {name: alone}\n"
    "- {name: a_host_with_a_name_of_forty_characters_xx}\n"
    "switches:\n- {name: sw}\n"
    "devices:\n- {name: d, count: 2, vfs: 8}\n- {name: near, host: alone, vfs: 3}\n"
    "lend:\n"
    "- {device: d0..d1, vf: 0..5, deal: round-robin, weight: 2,\n"
    "   to: \"u, u0-d1, a_host_with_a_name_of_forty_characters_xx\"}\n"
    "workloads:\n"
    "- {name: all, op: dma-write, load: 30%}\n"
    "- {name: some, op: dma-read, device: d, vf: 2..4, rate: 200kops, arrival: constant}\n"
    "- {name: own, op: dma-write, host: o, device: d1, load: 10%}\n"
    "- {name: closed, op: dma-read, host: \"u1, alone\", depth: 2}\n";

static void keeps_what_selectors_chose(void)
{
    struct config *pool = scenario_load("%s", mixed_yaml);
    struct config *direct = make_direct(scenario_load("%s", mixed_yaml));
    expect_no_pool(direct);
    expect_same_offers(pool, direct, 200 * US_PS);
    expect_comes_back(direct);
    /* o has what is left of d1, two VFs; u0 the VFs 0 and 4 of d0 and 2 of d1 */
    CU_ASSERT_STRING_EQUAL(direct->devices[0].name, "d1-o");
    CU_ASSERT_STRING_EQUAL(direct->devices[0].origin.vfs, "6..7");
    CU_ASSERT_STRING_EQUAL(direct->devices[1].name, "d0-u0");
    CU_ASSERT_STRING_EQUAL(direct->devices[1].origin.vfs, "0, 4");
    CU_ASSERT_STRING_EQUAL(direct->hosts[2].name, "u0-d1-2"); /* u0-d1 is another's */
    CU_ASSERT_STRING_EQUAL(direct->devices[2].origin.vfs, "2");
    config_free(pool);
    config_free(direct);
}

/* A baseline is its own baseline, but for its name. */
static void is_its_own_baseline(void)
{
    struct config *once = make_direct(scenario_load("%s", mixed_yaml));
    struct config *twice = make_direct(make_direct(scenario_load("%s", mixed_yaml)));
    char *first = written(once), *second = written(twice);
    const char *hosts = strstr(first, "\nhosts:"), *same = strstr(second, "\nhosts:");
    CU_ASSERT_FATAL(hosts && same);
    CU_ASSERT_STRING_EQUAL(hosts, same);
    free(first);
    free(second);
    config_free(once);
    config_free(twice);
}

/* An Owner who lends VFs to itself has those in its copy; the others only when it uses them too. */
static const char owner_yaml[] = "hosts: [{name: o}]\n"
                                 "switches: [{name: sw}]\n"
                                 "devices: [{name: d, vfs: 4}]\n"
                                 "lend: [{device: d, vf: 0..1, to: o}]\n"
                                 "workloads:\n"
                                 "- {name: lent, op: dma-write, load: 10%}\n";
static const char both_yaml[] = "- {name: both, op: dma-read, host: o, load: 10%}\n";

static void leaves_out_what_is_not_lent(void)
{
    struct config *direct = make_direct(scenario_load("%s", owner_yaml));
    CU_ASSERT_EQUAL_FATAL(direct->n_devices, 1);
    CU_ASSERT_EQUAL(direct->devices[0].vfs, 2);
    CU_ASSERT_STRING_EQUAL(direct->devices[0].origin.vfs, "0..1");
    expect_comes_back(direct);
    config_free(direct);
}

static void refuses_what_cannot_be_told_apart(void)
{
    struct config *pool = scenario_load("%s%s", owner_yaml, both_yaml);
    char *before = written(pool);
    struct err err = {.line = 0};
    CU_ASSERT_FALSE(config_make_direct(pool, &err));
    CU_ASSERT_EQUAL(err.line, 6);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "\"lent\" runs on VFs that are lent to their Own"));
    char *after = written(pool);
    CU_ASSERT_STRING_EQUAL(before, after);
    free(before);
    free(after);
    config_free(pool);
}

/* ---- what the pool costs ---- */

/* Every latency is @expected_ps. */
static void expect_latency(const struct config *config, uint64_t expected_ps)
{
    struct scenario_ops ops = {NULL, 0, 0};
    struct model *model = scenario_build(config);
    scenario_collect_ops(model, &ops);
    scenario_simulate(model, 20 * US_PS);
    scenario_finish(model);
    CU_ASSERT(ops.n >= 19);
    for (size_t i = 0; i < ops.n; i++)
        CU_ASSERT_EQUAL(ops.ops[i].done_ps - ops.ops[i].born_ps, expected_ps);
    scenario_ops_fini(&ops);
}

/* One write of a single beat per microsecond, a multiple of the clock, so all meet it alike: the
 * pool adds the wait for its clock, its stages, and the host's link. */
static void pool_adds_its_stages_and_link(void)
{
    enum {
        CLOCK_PS = 4000,
        STAGES = 2 + 2 + 1 + 1,
        BYTES = 4 + 16 + 32 + 4, /* framing, header, payload, LCRC */
        WRITE_PS = 97000,
        DEVICE_FLIGHT_PS = 5001,
        HOST_FLIGHT_PS = 7000,
        START_PS = 1000,
    };
    static const char yaml[] =
        "hosts:\n- {name: o}\n- {name: u, link: {rate: gen3x8, propagation: 7ns, skp: false}, "
        "memory: {write_latency: 97ns}}\n"
        "switches:\n- {name: sw, clock: 250MHz, datapath: 32B}\n"
        "devices:\n- {name: d, vfs: 2, link: {rate: gen3x4, propagation: 5001ps, skp: false}}\n"
        "lend:\n- {device: d, vf: 1, to: u}\n"
        "workloads:\n"
        "- {op: dma-write, arrival: constant, rate: 1Mops, size: 32B, start: 1ns}\n";
    /* 8 GT/s, 128 of 130 bits: a byte on one lane takes 1015.625 ps */
    const uint64_t device_wire_ps = (BYTES * UINT64_C(1015625) / 4 + 999) / 1000;
    const uint64_t host_wire_ps = (BYTES * UINT64_C(1015625) / 8 + 999) / 1000;
    const uint64_t to_port_ps = device_wire_ps + DEVICE_FLIGHT_PS;
    const uint64_t wait_ps = (CLOCK_PS - (START_PS + to_port_ps) % CLOCK_PS) % CLOCK_PS;
    const uint64_t direct_ps = to_port_ps + WRITE_PS;
    struct config *pool = scenario_load("%s", yaml);
    struct config *direct = make_direct(scenario_load("%s", yaml));
    expect_latency(direct, direct_ps);
    expect_latency(pool, direct_ps + wait_ps + STAGES * CLOCK_PS + host_wire_ps + HOST_FLIGHT_PS);
    config_free(pool);
    config_free(direct);
}

/* ---- sweeps ---- */

/* Points are set in the pool and run as baselines: a key of the switch gives the same point twice.
 */
static void sweeps_the_pools_keys(void)
{
    struct plan *pool = NULL, *direct = NULL;
    struct config *config = NULL;
    struct err err;
    CU_ASSERT_FATAL(plan_make("configs/crossbar-8x8.yaml", 0, NULL, &pool, &err));
    CU_ASSERT_FATAL(plan_make_direct("configs/crossbar-8x8.yaml", 0, NULL, &direct, &err));
    CU_ASSERT_EQUAL_FATAL(direct->n_points, pool->n_points);
    CU_ASSERT_STRING_EQUAL(direct->config->name, "crossbar-8x8-direct");
    for (uint32_t i = 0; i < direct->n_points; i++) {
        CU_ASSERT_EQUAL(pool->points[i].same_as, i);
        CU_ASSERT_EQUAL(direct->points[i].same_as, i - i % 2);
        CU_ASSERT_STRING_NOT_EQUAL(direct->points[i].id, pool->points[i].id);
    }
    CU_ASSERT_FATAL(plan_load_point(direct, &direct->points[0], &config, &err));
    expect_no_pool(config);
    config_free(config);
    plan_free(pool);
    plan_free(direct);
}

void suite_direct(void)
{
    CU_pSuite suite = CU_add_suite("direct", NULL, NULL);
    CU_add_test(suite, "offers the same operations", offers_the_same_operations);
    CU_add_test(suite, "runs to results", runs_to_results);
    CU_add_test(suite, "keeps what selectors chose", keeps_what_selectors_chose);
    CU_add_test(suite, "is its own baseline", is_its_own_baseline);
    CU_add_test(suite, "leaves out what is not lent", leaves_out_what_is_not_lent);
    CU_add_test(suite, "refuses what cannot be told apart", refuses_what_cannot_be_told_apart);
    CU_add_test(suite, "pool adds its stages and link", pool_adds_its_stages_and_link);
    CU_add_test(suite, "sweeps the pool's keys", sweeps_the_pools_keys);
}
