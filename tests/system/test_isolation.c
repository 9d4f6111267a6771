/* Nobody reaches what the assignment does not give him. Random pools, in which CPUs and functions
 * aim at each other's registers and memory, at lent and unlent VFs, at PFs and at nothing; whatever
 * a TLP reaches is judged by a map that the test keeps from its own choice of lends. Then the CAM
 * that is smaller than its table. What firmware gives out (addresses, RIDs) is taken from the
 * model's numbering; the switches' tables are not looked at. */
#include "scenario.h"

#include <CUnit/CUnit.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void suite_isolation(void);

enum { HOSTS_MOST = 5, DEVICES_MOST = 4, VFS_MOST = 8, POOLS = 60, KEPT = -1, NOBODY = -1 };

/* ---- a random pool ---- */

struct pool {
    unsigned hosts, devices;
    unsigned vfs[DEVICES_MOST];
    int owner[DEVICES_MOST];
    int lent_to[DEVICES_MOST][VFS_MOST]; /* a host, or KEPT by the Owner */
    bool below[DEVICES_MOST];            /* on a cascaded switch */
    unsigned cam_entries;                /* 0: enough */
};

static unsigned below(struct rng *rng, unsigned n)
{
    return (unsigned)(rng_uniform(rng) * n);
}

static struct pool random_pool(struct rng *rng)
{
    struct pool pool = {.hosts = 2 + below(rng, HOSTS_MOST - 1),
                        .devices = 1 + below(rng, DEVICES_MOST),
                        .cam_entries = below(rng, 2) ? 1 + below(rng, 4) : 0};
    for (unsigned d = 0; d < pool.devices; d++) {
        pool.vfs[d] = 1 + below(rng, VFS_MOST);
        pool.owner[d] = (int)below(rng, pool.hosts);
        pool.below[d] = below(rng, 3) == 0;
        if (pool.below[d]) /* a cascaded switch is in one Owner's domain */
            pool.owner[d] = 0;
        for (unsigned vf = 0; vf < pool.vfs[d]; vf++) {
            int to = (int)below(rng, pool.hosts);
            pool.lent_to[d][vf] = below(rng, 4) == 0 || to == pool.owner[d] ? KEPT : to;
        }
    }
    /* At least one lend, for the workloads to select. */
    pool.lent_to[0][0] = (pool.owner[0] + 1) % (int)pool.hosts;
    return pool;
}

static struct config *pool_config(const struct pool *pool, uint64_t seed)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    CHECK(out);
    fprintf(out, "devices:\n");
    for (unsigned d = 0; d < pool->devices; d++)
        fprintf(out, "- {name: d%u, switch: %s, owner: h%d, vfs: %u}\n", d,
                pool->below[d] ? "leaf" : "root", pool->owner[d], pool->vfs[d]);
    fprintf(out, "lend:\n");
    for (unsigned d = 0; d < pool->devices; d++)
        for (unsigned vf = 0; vf < pool->vfs[d]; vf++)
            if (pool->lent_to[d][vf] != KEPT)
                fprintf(out, "- {device: d%u, vf: %u, to: h%d}\n", d, vf, pool->lent_to[d][vf]);
    fclose(out);
    struct config *config = scenario_load(
        "run: {seed: %" PRIu64 "}\n"
        "hosts: [{name: h, count: %u, switch: root}]\n"
        "switches:\n- {name: root, id_map: {entries: %u, on_miss: fetch, fetch_cycles: 20}}\n"
        "- {name: leaf, parent: root}\n"
        "%s"
        "workloads:\n"
        "- {op: mmio-read, rate: 3Mops, size: 4B}\n- {op: mmio-write, rate: 3Mops, size: 8B}\n"
        "- {op: dma-read, rate: 1Mops, size: 700B}\n- {op: dma-write, rate: 1Mops, size: 600B}\n",
        seed, pool->hosts, pool->cam_entries ? pool->cam_entries : 64, text);
    free(text);
    return config;
}

/* ---- who may reach what ---- */

/* A function of a device; the PF is number vfs. */
struct target {
    int device; /* NOBODY: refused */
    unsigned function;
};

static int host_of(const struct pool *pool, struct target target)
{
    if (target.function < pool->vfs[target.device] &&
        pool->lent_to[target.device][target.function] != KEPT)
        return pool->lent_to[target.device][target.function];
    return pool->owner[target.device];
}

/* Where @address leads that @host's CPU gives: to one of its own, or nowhere. */
static struct target target_of(const struct pool *pool, const struct model *model, int host,
                               uint64_t address)
{
    for (unsigned d = 0; d < pool->devices; d++) {
        const uint64_t bar_bytes = model->config->devices[d].bar_bytes;
        for (unsigned f = 0; f <= pool->vfs[d]; f++) {
            struct target target = {(int)d, f};
            uint64_t base = numbering_address(&model->numbering, model->config, d, f);
            if (host_of(pool, target) == host && address >= base && address - base < bar_bytes)
                return target;
        }
    }
    return (struct target){NOBODY, 0};
}

/* ---- aims and verdicts ---- */

struct aim {              /* of one flow */
    int host;             /* whose CPU asks, or whose memory the device must reach */
    struct target target; /* what the CPU must reach; the function that does DMA */
};

struct judge {
    const struct pool *pool;
    const struct model *model;
    struct aim *aims;
    size_t delivered, astray, refused, wrong_status;
    size_t expected_ur, expected_drops, ops;
};

/* Any address that a CPU may think of. */
static uint64_t random_address(const struct pool *pool, const struct model *model, struct rng *rng)
{
    unsigned d = below(rng, pool->devices);
    unsigned f = below(rng, pool->vfs[d] + 1);
    uint64_t bar_bytes = model->config->devices[d].bar_bytes;
    uint64_t offset = below(rng, (unsigned)bar_bytes / 8) * 8;
    switch (below(rng, 4)) {
    case 0: /* as the one whom it is assigned to sees it */
        return numbering_address(&model->numbering, model->config, d, f) + offset;
    case 1: /* as its Owner sees it, lent or not */
        return model->numbering.devices[d].bar_base + f * bar_bytes + offset;
    case 2: /* near the end of the User's ranges */
        return numbering_address(&model->numbering, model->config, 0, 0) +
               below(rng, 2 * VFS_MOST * DEVICES_MOST) * bar_bytes + offset;
    default:
        return (uint64_t)(rng_uniform(rng) * 1e18) * 8;
    }
}

/* True if @address lies in the window of a device that @host owns, but in none of its functions:
 * what then answers UR is the device itself. */
static bool is_in_hole(const struct pool *pool, const struct model *model, int host,
                       uint64_t address)
{
    for (unsigned d = 0; d < pool->devices; d++) {
        const struct numbering_device *window = &model->numbering.devices[d];
        uint64_t functions_bytes = (pool->vfs[d] + 1) * model->config->devices[d].bar_bytes;
        if (pool->owner[d] == host && address >= window->bar_base + functions_bytes &&
            address < window->bar_base + window->bar_span)
            return true;
    }
    return false;
}

/* Gives every flow an asker and an aim of its own. */
static void aim_flows(const struct pool *pool, struct model *model, struct aim *aims,
                      struct rng *rng)
{
    for (uint32_t i = 0; i < model->traffic.n_flows; i++) {
        struct flow *flow = &model->flows[i];
        enum cfg_op op = model->config->workloads[model->flow_of[i].workload].op;
        if (op == OP_MMIO_READ || op == OP_MMIO_WRITE) {
            aims[i].host = (int)below(rng, pool->hosts);
            flow->rc = &model->hosts[aims[i].host];
            do {
                flow->bar_address = random_address(pool, model, rng);
                aims[i].target = target_of(pool, model, aims[i].host, flow->bar_address);
            } while (is_in_hole(pool, model, aims[i].host, flow->bar_address));
        } else {
            aims[i].target.device = (int)below(rng, pool->devices);
            aims[i].target.function = below(rng, pool->vfs[aims[i].target.device] + 1);
            aims[i].host = host_of(pool, aims[i].target);
            flow->ep = &model->devices[aims[i].target.device];
            flow->function = (uint16_t)aims[i].target.function;
        }
    }
}

/* The RID that a function's requests bear where they arrive. */
static uint16_t rid_of(const struct judge *judge, struct target target)
{
    const struct numbering *numbering = &judge->model->numbering;
    const struct numbering_function *f =
        &numbering->functions[numbering->devices[target.device].first_function + target.function];
    bool lent = target.function < judge->pool->vfs[target.device] &&
                judge->pool->lent_to[target.device][target.function] != KEPT;
    return lent ? f->user_rid : f->owner_rid;
}

/* True if @tlp may arrive at component @at. */
static bool is_allowed(const struct judge *judge, const struct tlp *tlp, uint32_t at)
{
    const struct request *request = request_get(&judge->model->fabric.requests, tlp->request);
    const struct aim *aim = &judge->aims[request->context];
    const uint32_t host = (uint32_t)aim->host;
    const uint32_t device = judge->pool->hosts + (uint32_t)aim->target.device;
    const bool answer = tlp->kind == TLP_CPL || tlp->kind == TLP_CPL_DATA;
    if (request->kind == REQUEST_DMA_READ || request->kind == REQUEST_DMA_WRITE)
        return answer ? at == device : at == host && tlp->requester == rid_of(judge, aim->target);
    if (answer)
        return at == host && (tlp->cpl.status == TLP_UR) == (aim->target.device == NOBODY) &&
               (tlp->cpl.status == TLP_UR || tlp->cpl.completer == rid_of(judge, aim->target));
    if (aim->target.device == NOBODY || at != device)
        return false;
    const struct cfg_device *d = &judge->model->config->devices[aim->target.device];
    uint64_t base = judge->model->numbering.devices[aim->target.device].bar_base +
                    aim->target.function * d->bar_bytes;
    return tlp->address >= base && tlp->address - base < d->bar_bytes;
}

static void judge_record(void *reader, const struct trace_record *record)
{
    struct judge *judge = reader;
    if (record->kind == TR_REFUSED) {
        judge->refused++;
    } else if (record->kind == TR_DELIVERED) {
        judge->delivered++;
        judge->astray += !is_allowed(judge, record->body, record->component);
    } else if (record->kind == TR_OP_DONE) {
        const struct op_record *op = record->body;
        const struct model *model = judge->model;
        bool refused = judge->aims[op->flow].target.device == NOBODY;
        judge->ops++;
        judge->wrong_status += op->failed != refused;
        if (refused &&
            model->config->workloads[model->flow_of[op->flow].workload].op == OP_MMIO_READ)
            judge->expected_ur++;
        else if (refused)
            judge->expected_drops++;
    }
}

static void check_pool(const struct pool *pool, struct rng *rng, struct judge *total)
{
    struct config *config = pool_config(pool, 1 + below(rng, 1000000));
    struct model *model = scenario_build(config);
    struct judge judge = {.pool = pool, .model = model};
    judge.aims = calloc(model->traffic.n_flows, sizeof *judge.aims);
    CHECK(judge.aims);
    aim_flows(pool, model, judge.aims, rng);
    trace_subscribe(&model->sim.trace, 1U << TR_DELIVERED | 1U << TR_REFUSED | 1U << TR_OP_DONE,
                    judge_record, &judge);
    scenario_simulate(model, 20000000);
    traffic_stop(&model->traffic);
    sim_run(&model->sim, UINT64_MAX);
    uint64_t unsupported = 0;
    uint64_t dropped = 0;
    for (uint32_t s = 0; s < config->n_switches; s++) {
        unsupported += model->switches[s].unsupported;
        dropped += model->switches[s].dropped;
    }
    CU_ASSERT(judge.ops > 50);
    CU_ASSERT_EQUAL(judge.astray, 0);
    CU_ASSERT_EQUAL(judge.wrong_status, 0);
    CU_ASSERT_EQUAL(unsupported, judge.expected_ur);
    CU_ASSERT_EQUAL(dropped, judge.expected_drops);
    CU_ASSERT_EQUAL(judge.refused, unsupported + dropped);
    total->delivered += judge.delivered;
    total->refused += judge.refused;
    free(judge.aims);
    scenario_finish(model);
    config_free(config);
}

static void test_random_pools(void)
{
    struct rng rng;
    struct judge total = {0};
    rng_init(&rng, 1, "isolation");
    for (int i = 0; i < POOLS; i++) {
        struct pool pool = random_pool(&rng);
        check_pool(&pool, &rng, &total);
    }
    CU_ASSERT(total.delivered > 10000); /* both happen often */
    CU_ASSERT(total.refused > 1000);
}

/* ---- a CAM smaller than its table ---- */

enum { LENT = 12, FETCH_CYCLES = 37, CYCLE_PS = 4000, CAM_SLOTS_MOST = 16 };

/* Writes of twelve VFs, one at a time in an irregular order: VF i every 1 + i % 5 rounds of 20 us,
 * at its own time of the round. */
static struct model *start_cam(unsigned entries, struct scenario_ops *ops, struct config **out)
{
    char workloads[LENT * 96];
    int used = 0;
    for (unsigned vf = 0; vf < LENT; vf++)
        used += snprintf(workloads + used, sizeof workloads - (size_t)used,
                         "- {op: dma-write, vf: %u, arrival: constant, rate: %uops, start: %uus, "
                         "size: 64B}\n",
                         vf, 60000 / (1 + vf % 5) * 50 / 60, 1 + vf);
    *out = scenario_load("hosts: [{name: owner}, {name: u}]\n"
                         "switches: [{name: sw, id_map: {entries: %u, on_miss: fetch, "
                         "fetch_cycles: %d}}]\n"
                         "devices: [{name: d, owner: owner, vfs: %d}]\n"
                         "lend: [{device: d, to: u}]\nworkloads:\n%s",
                         entries, FETCH_CYCLES, LENT, workloads);
    struct model *model = scenario_build(*out);
    scenario_collect_ops(model, ops);
    scenario_simulate(model, 2000000000);
    return model;
}

/* First in, first out; true if @vf was there. */
struct cam {
    unsigned slots[CAM_SLOTS_MOST];
    unsigned entries, next;
};

static bool cam_has(struct cam *cam, unsigned vf)
{
    for (unsigned i = 0; i < cam->entries; i++)
        if (cam->slots[i] == vf)
            return true;
    cam->slots[cam->next] = vf;
    cam->next = (cam->next + 1) % cam->entries;
    return false;
}

static void check_cam(unsigned entries)
{
    struct scenario_ops plain = {0};
    struct scenario_ops ops = {0};
    struct config *plain_config;
    struct config *config;
    struct model *plain_model = start_cam(64, &plain, &plain_config);
    struct model *model = start_cam(entries, &ops, &config);
    struct cam cam = {.entries = entries};
    struct cam large = {.entries = CAM_SLOTS_MOST};
    uint64_t misses = 0;
    memset(cam.slots, 0xff, sizeof cam.slots);
    memset(large.slots, 0xff, sizeof large.slots);
    CU_ASSERT_EQUAL_FATAL(ops.n, plain.n);
    for (size_t i = 0; i < ops.n; i++) {
        unsigned vf = model->flows[ops.ops[i].flow].function;
        bool hit = cam_has(&cam, vf);
        uint64_t first_ps = cam_has(&large, vf) ? 0 : FETCH_CYCLES * CYCLE_PS;
        uint64_t fetch_ps = hit ? 0 : FETCH_CYCLES * CYCLE_PS;
        misses += !hit;
        CU_ASSERT_EQUAL(ops.ops[i].born_ps, plain.ops[i].born_ps);
        CU_ASSERT_EQUAL(ops.ops[i].done_ps - fetch_ps, plain.ops[i].done_ps - first_ps);
    }
    const struct switch_port *port = &model->switches[0].ports[2];
    CU_ASSERT_EQUAL(port->id_misses, misses);
    CU_ASSERT_EQUAL(port->id_fetches, misses);
    CU_ASSERT_EQUAL(port->id_hits, ops.n - misses);
    CU_ASSERT(misses >= LENT);
    scenario_finish(model);
    scenario_finish(plain_model);
    scenario_ops_fini(&ops);
    scenario_ops_fini(&plain);
    config_free(config);
    config_free(plain_config);
}

static void test_small_cam(void)
{
    for (unsigned entries = 1; entries <= LENT + 1; entries++)
        check_cam(entries);
}

void suite_isolation(void)
{
    CU_pSuite suite = CU_add_suite("isolation", NULL, NULL);
    CU_add_test(suite, "random pools", test_random_pools);
    CU_add_test(suite, "a CAM smaller than its table", test_small_cam);
}
