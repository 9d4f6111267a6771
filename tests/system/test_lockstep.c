/* The event-driven switch beside the one that moves in every cycle (cosim/lockstep.h): what leaves
 * it, where, with which header and in which cycle is the same, on the paper's testbed, on random
 * pools, through a boot and moves of VFs, and for random TLPs under random stalls and table writes,
 * refusals included; what a record gets wrong is found, first difference first. Not pinned: what
 * configuration decides (it is steered as the record says), pipelines that no hardware has. */
#include "../unit/forked.h"
#include "../unit/splitmix.h"
#include "bench_fabric.h"
#include "cosim/compare.h"
#include "cosim/lockstep.h"
#include "run/record_tlps.h"
#include "run/run.h"
#include "scenario.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void suite_lockstep(void);

enum { T = 4000, PORTS = 5, OWNER = 0, FIRST_USER = 1, FIRST_DEVICE = 3, VFS = 8, TLPS = 6000 };

static char path[] = "/tmp/poolsim-lockstep-XXXXXX";

static void read_good(struct record *out)
{
    struct err err = {0};
    if (!record_read(path, out, &err)) {
        err_print(&err, stderr);
        CU_FAIL_FATAL("the record cannot be read");
    }
}

/* Compares the record in the file; its outputs must be all there. */
static struct compare compare_file(struct record *record)
{
    struct compare compare = {0};
    struct err err = {0};
    read_good(record);
    if (!compare_lockstep(record, stderr, &compare, &err)) {
        err_print(&err, stderr);
        CU_FAIL("the lock-step model cannot follow");
    }
    return compare;
}

static size_t count(const struct record *record, enum record_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < record->n_events; i++)
        n += record->events[i].kind == kind;
    return n;
}

static void expect_no_difference(uint64_t least_left)
{
    struct record record;
    const struct compare compare = compare_file(&record);
    CU_ASSERT_FALSE(compare.differs);
    CU_ASSERT(compare.left >= least_left);
    CU_ASSERT_EQUAL(compare.left, count(&record, RECORD_OUT));
    record_free(&record);
}

/* For the Verilog switch, which has a player of its own (hdl/cosim): into $POOLSIM_RECORDS. */
static void keep_record(const char *what, uint64_t seed)
{
    const char *folder = getenv("POOLSIM_RECORDS");
    char name[512];
    if (!folder)
        return;
    snprintf(name, sizeof name, "%s/%s-%" PRIu64 ".record", folder, what, seed);
    CHECK(unlink(name) == 0 || errno == ENOENT);
    FILE *in = fopen(path, "r"), *out = fopen(name, "w");
    CHECK(in && out);
    for (int c = fgetc(in); c != EOF; c = fgetc(in))
        fputc(c, out);
    CHECK(fclose(out) == 0 && fclose(in) == 0);
}

/* ---- whole simulations ---- */

static void run(void *config, void *out_good)
{
    const struct run_options options = {.quiet = true, .record_path = path};
    struct results *results = NULL;
    struct err err = {0};
    bool *good = out_good;
    *good = run_config(config, &options, &results, &err);
    if (*good)
        results_free(results);
    else
        err_print(&err, stderr);
}

static void run_recorded(struct config *config)
{
    bool good = false;
    CU_ASSERT_TRUE_FATAL(forked(run, config, &good, sizeof good));
    CU_ASSERT_TRUE_FATAL(good);
}

static void the_paper_testbed_agrees(void)
{
    struct config *config = scenario_load_file("configs/paper-testbed.yaml", NULL);
    run_recorded(config);
    config_free(config);
    expect_no_difference(50000);
}

/* Hosts boot by TLPs, which the switch answers and steers while its tables are written; then a VF
 * changes hands under load, and back. */
static void a_boot_and_moves_agree(void)
{
    struct record record;
    struct config *config = scenario_load(
        "run: {warmup: 0us, duration: 40ms, max_duration: 40ms, precision: 0%%}\n"
        "boot: tlp\n"
        "hosts:\n- {name: owner, link: gen2x8}\n"
        "- {name: user, count: 2, link: gen2x8, hotplug: {button: 3ms, power_off: 2ms, link: "
        "2ms}}\n"
        "switches: [{name: sw}]\n"
        "devices: [{name: nic, kind: nic, owner: owner, link: gen2x8, vfs: 8, flr: 1ms}]\n"
        "manager: {latency: 20us, flr: 2ms}\n"
        "lend: [{device: nic, vf: 0..3, to: user0}, {device: nic, vf: 4..7, to: user1}]\n"
        "moves:\n- {at: 2ms, device: nic, vf: 0, to: user1, how: immediate}\n"
        "- {at: 15ms, device: nic, vf: 0, to: user0, how: surprise}\n"
        "workloads: [{name: receive, op: receive, bandwidth: 1200Mbps, size: 300B}]\n");
    run_recorded(config);
    config_free(config);
    const struct compare compare = compare_file(&record);
    CU_ASSERT_FALSE(compare.differs);
    CU_ASSERT(count(&record, RECORD_OUT) > 40000);
    CU_ASSERT(count(&record, RECORD_MAKE) > 1000 && count(&record, RECORD_STEER) > 500);
    CU_ASSERT(count(&record, RECORD_WRITE) > 100 && count(&record, RECORD_TAKE) > 0);
    record_free(&record);
}

static unsigned below(uint64_t *state, unsigned n)
{
    return splitmix_below(state, n);
}

/* Some VFs of each device stay with its owner, the others go to a random host. */
static void write_lends(FILE *out, uint64_t *state, unsigned device, unsigned owner, unsigned hosts,
                        unsigned vfs)
{
    for (unsigned vf = 0; vf < vfs; vf++) {
        const unsigned to = below(state, hosts);
        if (to != owner)
            fprintf(out, "- {device: d%u, vf: %u, to: h%u}\n", device, vf, to);
    }
    fprintf(out, "- {device: d%u, vf: %u, to: h%u}\n", device, vfs, (owner + 1) % hosts);
}

static struct config *random_pool(uint64_t seed)
{
    uint64_t state = seed;
    const bool small = seed % 4 != 0; /* as the Verilog switch that plays records is */
    const unsigned hosts = 2 + below(&state, small ? 2 : 4);
    const unsigned devices = 1 + below(&state, small ? 2 : 4);
    unsigned owner[4], vfs[4];
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    CHECK(out);
    fprintf(out, "devices:\n");
    for (unsigned d = 0; d < devices; d++) {
        const bool is_below = below(&state, 3) == 0;
        owner[d] = is_below ? 0 : below(&state, hosts);
        vfs[d] = 1 + below(&state, 7);
        fprintf(out, "- {name: d%u, switch: %s, owner: h%u, vfs: %u, link: gen%ux%u}\n", d,
                is_below ? "leaf" : "root", owner[d], vfs[d] + 1, 1 + below(&state, 4),
                1U << below(&state, 5));
    }
    fprintf(out, "lend:\n");
    for (unsigned d = 0; d < devices; d++)
        write_lends(out, &state, d, owner[d], hosts, vfs[d]);
    fclose(out);
    const unsigned mps = 128U << below(&state, 3);
    struct config *config = scenario_load(
        "run: {seed: %" PRIu64 ", duration: 100us, max_duration: 100us, warmup: 0us}\n"
        "pcie: {mps: %uB, mrrs: 512B, relaxed_ordering: %s, id_based_ordering: %s}\n"
        "hosts: [{name: h, count: %u, switch: root, link: gen%ux%u}]\n"
        "switches:\n- {name: root, egress_buffer: %uB, credits: {posted: {header: 5, data: 4KiB},\n"
        "   non_posted: {header: 5}, completion: {header: 5, data: 4KiB}}}\n"
        "- {name: leaf, parent: root}\n"
        "%s"
        "workloads:\n"
        "- {op: mmio-read, rate: 1Mops, size: 4B}\n- {op: mmio-write, rate: 3Mops, size: 8B}\n"
        "- {op: dma-read, rate: 1Mops, size: 700B}\n- {op: dma-write, rate: 1Mops, size: 600B}\n",
        seed, mps, below(&state, 2) ? "true" : "false", below(&state, 2) ? "true" : "false", hosts,
        1 + below(&state, 5), 1U << below(&state, 5), mps + 32 + below(&state, 1000), text);
    free(text);
    return config;
}

/* Hosts boot by TLPs; then VFs change hands in every way, at any time, under load. */
static struct config *random_moves(uint64_t seed)
{
    static const char *const ways[] = {"graceful", "surprise", "immediate"};
    uint64_t state = seed;
    const unsigned devices = 1 + below(&state, 2), vfs = 2 + below(&state, 3);
    const unsigned mmio = 4 + below(&state, 12), dma = 4 + below(&state, 12);
    unsigned user[2][4], at_us = 1000;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    CHECK(out);
    fprintf(out, "devices:\n");
    for (unsigned d = 0; d < devices; d++)
        fprintf(out, "- {name: d%u, owner: owner, link: gen2x%u, vfs: %u, flr: 1ms}\n", d,
                4U << below(&state, 2), vfs);
    fprintf(out, "lend:\n");
    for (unsigned d = 0; d < devices; d++)
        for (unsigned vf = 0; vf < vfs; vf++) {
            user[d][vf] = below(&state, 2);
            fprintf(out, "- {device: d%u, vf: %u, to: user%u}\n", d, vf, user[d][vf]);
        }
    fprintf(out, "moves:\n");
    for (unsigned i = 0; i < 5; i++) {
        const unsigned d = below(&state, devices), vf = below(&state, vfs);
        user[d][vf] ^= 1;
        at_us += 10000 + below(&state, 10000);
        fprintf(out, "- {at: %uus, device: d%u, vf: %u, to: user%u, how: %s}\n", at_us, d, vf,
                user[d][vf], ways[below(&state, 3)]);
    }
    fclose(out);
    struct config *config = scenario_load(
        "run: {seed: %" PRIu64 ", warmup: 0us, duration: 110ms, max_duration: 110ms, "
        "precision: 0%%}\n"
        "boot: tlp\n"
        "hosts:\n- {name: owner, link: gen2x8}\n"
        "- {name: user, count: 2, link: gen2x8, hotplug: {button: 3ms, power_off: 2ms, link: "
        "2ms}}\n"
        "switches: [{name: sw}]\n"
        "manager: {latency: 20us, flr: 2ms}\n"
        "%s"
        "workloads:\n"
        "- {op: mmio-read, rate: %ukops, size: 4B}\n- {op: mmio-write, rate: %ukops, size: 8B}\n"
        "- {op: dma-read, rate: %ukops, size: 700B}\n- {op: dma-write, rate: %ukops, size: 600B}\n",
        seed, text, mmio, mmio, dma, dma);
    free(text);
    return config;
}

static void random_moves_agree(void)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct record record;
        struct config *config = random_moves(seed);
        run_recorded(config);
        keep_record("moves", seed);
        config_free(config);
        const struct compare compare = compare_file(&record);
        CU_ASSERT_FALSE(compare.differs);
        CU_ASSERT(count(&record, RECORD_OUT) > 2000);
        CU_ASSERT(count(&record, RECORD_COMMAND) > 20 && count(&record, RECORD_FUNCTION) > 10);
        record_free(&record);
    }
}

static void random_pools_agree(void)
{
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct config *config = random_pool(seed);
        run_recorded(config);
        keep_record("pool", seed);
        config_free(config);
        expect_no_difference(100);
    }
}

/* ---- random TLPs under random writes ---- */

/* Host 0 owns devices at ports 3 and 4 with four VFs each, which are lent to hosts 1 and 2. */
struct stage {
    struct bench *bench;
    struct id_map *up[PORTS], *down[PORTS];
    struct addr_map *map[PORTS], *lent;
    void *memory[16];
    unsigned n_memory;
    uint64_t rng;
};

static uint16_t device_of(unsigned vf)
{
    return (uint16_t)(FIRST_DEVICE + vf % 2);
}

static uint16_t owner_rid(unsigned vf)
{
    return (uint16_t)((unsigned)device_of(vf) << 8 | vf);
}

static uint16_t user_rid(unsigned vf)
{
    return (uint16_t)(0x0300 | vf);
}

/* Above and below 4 GiB on either side, so that headers change their size both ways. */
static uint64_t owner_base(unsigned vf)
{
    return (uint64_t)device_of(vf) << (vf % 2 ? 36 : 28) | vf << 12;
}

static uint64_t user_base(unsigned vf)
{
    return UINT64_C(1) << (vf % 4 < 2 ? 36 : 28) | vf << 12;
}

static void *take(struct stage *stage, size_t bytes)
{
    void *memory = calloc(1, bytes);
    CHECK(memory && stage->n_memory < sizeof stage->memory / sizeof stage->memory[0]);
    stage->memory[stage->n_memory++] = memory;
    return memory;
}

static struct id_map *new_ids(struct stage *stage)
{
    return id_map_init(take(stage, id_map_bytes(VFS)), VFS);
}

static struct addr_map *new_addresses(struct stage *stage)
{
    return addr_map_init(take(stage, addr_map_bytes(VFS)), VFS);
}

static void make_tables(struct stage *stage)
{
    struct pcie_switch *sw = stage->bench->sw;
    struct route *route = &stage->bench->routes[OWNER];

    route_init(route, stage->bench->windows[OWNER], BENCH_PORTS);
    for (uint32_t port = 0; port < PORTS; port++) {
        const uint16_t p = (uint16_t)port;
        struct switch_tables *tables = &sw->ports[p].tables;
        tables->owner = p == OWNER ? route : NULL;
        tables->owner_port = OWNER;
        if (p >= FIRST_DEVICE) {
            sw->ports[p].side = SWITCH_DEVICE;
            const uint64_t base = owner_base(p - FIRST_DEVICE) & ~(uint64_t)0xffff;
            CHECK(route_add_window(route, base, base | 0xffff, p));
            CHECK(route_add_buses(route, (uint8_t)p, (uint8_t)p, p));
            tables->id_map = stage->up[p] = new_ids(stage);
        } else if (p >= FIRST_USER) {
            tables->id_map = stage->down[p] = new_ids(stage);
            tables->addr_map = stage->map[p] = new_addresses(stage);
        }
    }
    sw->ports[OWNER].tables.lent = stage->lent = new_addresses(stage);
}

/* Sets or frees one entry of one table; entries need not fit together. */
static void write_table(struct stage *stage, bool tell)
{
    struct pcie_switch *sw = stage->bench->sw;
    const unsigned vf = below(&stage->rng, VFS);
    const uint16_t host = (uint16_t)(FIRST_USER + below(&stage->rng, 2)), device = device_of(vf);
    const bool set = below(&stage->rng, 3) != 0;
    struct addr_entry entry = {user_base(vf), owner_base(vf), vf, device, 12};
    void *const tables[] = {stage->up[device], stage->down[host], stage->map[host], stage->lent};
    const unsigned which = below(&stage->rng, 4);
    if (tell)
        switch_note_write(sw, tables[which], vf);
    if (which >= 2) {
        if (which == 3)
            entry.user_base = entry.owner_base;
        if (set)
            CHECK(addr_map_write(tables[which], vf, &entry) == ADDR_MAP_OK);
        else
            addr_map_invalidate(tables[which], vf);
        return;
    }
    const struct id_key key = {which ? host : device, which ? user_rid(vf) : owner_rid(vf)};
    const struct id_value value = {which ? device : host, which ? owner_rid(vf) : user_rid(vf), vf};
    if (set)
        CHECK(id_map_write(tables[which], vf, key, value) == ID_MAP_OK);
    else
        id_map_invalidate(tables[which], vf);
}

static uint16_t random_rid(struct stage *stage, uint32_t from, unsigned vf)
{
    if (below(&stage->rng, 8) == 0)
        return (uint16_t)below(&stage->rng, 0x600);
    return from == OWNER || from >= FIRST_DEVICE ? owner_rid(vf) : user_rid(vf);
}

/* From a host at the VFs as it sees them, from a device in the name of its VFs; some go astray. */
static void send_tlp(struct stage *stage, uint64_t at_ps)
{
    static const enum tlp_kind kinds[] = {TLP_MEM_READ, TLP_MEM_WRITE, TLP_CPL, TLP_CPL_DATA};
    const uint32_t from = below(&stage->rng, PORTS);
    const unsigned vf = from >= FIRST_DEVICE
                            ? 2 * below(&stage->rng, VFS / 2) + (from - FIRST_DEVICE)
                            : below(&stage->rng, VFS);
    const enum tlp_kind kind = kinds[below(&stage->rng, 4)];
    const uint32_t bytes =
        1 + below(&stage->rng, 253); /* from any byte on within Max_Payload_Size */
    struct tlp *tlp = bench_at(stage->bench, at_ps, from, 0, kind, bytes);
    request_get(&stage->bench->fabric.requests, tlp->request)->to_arrive = UINT32_MAX;
    tlp->attr = (uint8_t)(below(&stage->rng, 4) << 3 | below(&stage->rng, 8));
    tlp->tag = (uint16_t)below(&stage->rng, 1024);
    tlp->requester = random_rid(stage, from, vf);
    if (!tlp_kinds[kind].is_request) {
        tlp->cpl.completer = tlp->requester;
        tlp->cpl.bytes_left = (uint16_t)bytes;
        tlp->cpl.lower_address = (uint16_t)below(&stage->rng, 128);
        tlp->requester = random_rid(stage, from, vf);
        return;
    }
    tlp->address = (from == OWNER ? owner_base(vf) : user_base(vf)) + below(&stage->rng, 3000);
    if (below(&stage->rng, 8) == 0)
        tlp->address ^= UINT64_C(1) << (16 + below(&stage->rng, 32));
}

static void set_up_stage(struct stage *stage, uint64_t seed)
{
    *stage = (struct stage){.rng = seed};
    struct link_params in =
        bench_link(1 + below(&stage->rng, 4), 1U << below(&stage->rng, 5), 1000);
    struct switch_params params = bench_switch();
    struct link_params out = in;
    /* Often of one class only: hardware takes in one UpdateFC a cycle. And its receive buffers have
     * 16 slots. */
    const unsigned only = below(&stage->rng, CLASSES + 1);
    for (unsigned class = 0; class < CLASSES; class ++) {
        const bool finite = only == CLASSES || only == class;
        out.header_credits[class] = finite ? 1 + below(&stage->rng, 6) : 0;
        out.data_credits[class] = finite ? 17 + below(&stage->rng, 30) : 0;
        in.header_credits[class] = 1 + below(&stage->rng, 5);
        in.data_credits[class] = 17 + below(&stage->rng, 60);
    }
    params.egress_buffer_bytes = below(&stage->rng, 512);
    stage->bench = bench_new(PORTS, 1, &in, &out);
    stage->bench->fabric.mps_bytes = 256;
    stage->bench->drain_ps = below(&stage->rng, 200000);
    CHECK(request_pool_init(&stage->bench->fabric.requests, BENCH_TLPS + 1));
    bench_add_switch(stage->bench, &params, NULL);
    switch_set_live(stage->bench->sw, true);
    make_tables(stage);
    for (unsigned i = 0; i < 100; i++)
        write_table(stage, false);
}

static void tear_down_stage(struct stage *stage)
{
    for (unsigned i = 0; i < stage->n_memory; i++)
        free(stage->memory[i]);
    request_pool_fini(&stage->bench->fabric.requests);
    bench_free(stage->bench);
}

/* The clock goes on without events, too: what is written then is not in an earlier cycle. */
static void advance(struct sim *sim, uint64_t until_ps)
{
    if (sim_run(sim, until_ps) != SIM_TIME)
        sim->now_ps = until_ps;
}

/* Writes the file. Returns how many look-ups were killed by writes. */
static uint64_t record_stage(uint64_t seed)
{
    struct stage stage;
    set_up_stage(&stage, seed);
    const unsigned gap_ps = 2000 + below(&stage.rng, 60000);
    uint64_t at_ps = 100 * T;
    for (unsigned n = 0; n < TLPS; n++) {
        send_tlp(&stage, at_ps);
        at_ps += below(&stage.rng, gap_ps);
    }
    FILE *out = fopen(path, "w");
    CHECK(out);
    struct record_tlps *recording = record_tlps_begin(stage.bench->sw, out);
    for (uint64_t now_ps = T; now_ps < at_ps;) {
        now_ps += 1 + below(&stage.rng, 100000);
        advance(&stage.bench->sim, now_ps);
        for (unsigned n = below(&stage.rng, 4); n > 0; n--) {
            write_table(&stage, true);
            now_ps += T; /* hardware writes one entry a cycle */
            advance(&stage.bench->sim, now_ps);
        }
    }
    sim_run(&stage.bench->sim, UINT64_MAX);
    record_tlps_end(recording);
    CHECK(fclose(out) == 0);
    keep_record("random", seed);
    const uint64_t killed = stage.bench->sw->killed;
    tear_down_stage(&stage);
    return killed;
}

static void random_tlps_agree_under_random_writes(void)
{
    uint64_t killed = 0;
    size_t left = 0, answered = 0, dropped = 0, held = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct record record;
        killed += record_stage(seed);
        const struct compare compare = compare_file(&record);
        if (compare.differs)
            fprintf(stderr, "seed %" PRIu64 "\n", seed);
        CU_ASSERT_FALSE(compare.differs);
        left += count(&record, RECORD_OUT);
        answered += count(&record, RECORD_ANSWER);
        dropped += count(&record, RECORD_DROP);
        held += count(&record, RECORD_HOLD);
        CU_ASSERT(count(&record, RECORD_WRITE) > 200);
        record_free(&record);
    }
    CU_ASSERT(killed > 100 && left > 20 * TLPS / 3 && answered > 1000 && dropped > 1000);
    CU_ASSERT(held > 1000);
}

/* ---- what must be found ---- */

/* Changes one event of a good record; the first difference must be in its cycle, or in the one
 * where it should have been. */
static void differences_are_found(void)
{
    static const struct {
        const char *name;
        int cycles, ports;
        uint32_t header; /* bits of DW1 */
    } faults[] = {
        {"none", 0, 0, 0},
        {"a cycle late", 1, 0, 0},
        {"a cycle early", -1, 0, 0},
        {"another egress", 0, 1, 0},
        {"one bit of the header", 0, 0, 0x100},
    };

    record_stage(7);
    for (size_t f = 0; f < sizeof faults / sizeof faults[0]; f++) {
        struct record record;
        struct compare compare;
        struct err err = {0};
        char *said;
        size_t bytes;
        read_good(&record);
        size_t i = record.n_events / 2;
        while (record.events[i].kind != RECORD_OUT ||
               record.events[i - 1].cycle == record.events[i].cycle ||
               record.events[i + 1].cycle == record.events[i].cycle)
            i++;
        struct record_event *event = &record.events[i];
        const uint64_t at = event->cycle + (uint64_t)(faults[f].cycles < 0 ? -1 : 0);
        event->cycle += (uint64_t)faults[f].cycles;
        event->port = (uint16_t)((event->port + (uint32_t)faults[f].ports) % PORTS);
        event->tlp.header[1] ^= faults[f].header;
        FILE *out = open_memstream(&said, &bytes);
        CHECK(out);
        CU_ASSERT_TRUE(compare_lockstep(&record, out, &compare, &err));
        fclose(out);
        CU_ASSERT_EQUAL(compare.differs, f != 0);
        if (f != 0) {
            CU_ASSERT_EQUAL(compare.cycle, at);
            CU_ASSERT_PTR_NOT_NULL(strstr(said, "differs from the record in cycle"));
            CU_ASSERT_PTR_NOT_NULL(strstr(said, "\n  record: "));
            CU_ASSERT_PTR_NOT_NULL(strstr(said, "\n  the lock-step model: "));
        } else {
            CU_ASSERT_EQUAL(bytes, 0);
        }
        free(said);
        record_free(&record);
    }
}

/* A seed whose record has holds, which are seldom. */
static uint64_t with_holds(void)
{
    for (uint64_t seed = 1;; seed++) {
        struct record record;
        record_stage(seed);
        read_good(&record);
        const size_t holds = count(&record, RECORD_HOLD);
        record_free(&record);
        if (holds >= 8)
            return seed;
        CHECK(seed < 100);
    }
}

/* Leaving out a stall, a write or an entry must show as well. */
static void what_comes_in_matters(void)
{
    static const enum record_kind kinds[] = {RECORD_HOLD, RECORD_CREDIT, RECORD_WRITE, RECORD_IN};

    record_stage(with_holds());
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        struct record record;
        struct compare compare;
        struct err err = {0};
        char *said;
        size_t bytes, kept = 0;
        read_good(&record);
        for (size_t i = 0; i < record.n_events; i++)
            if (record.events[i].kind != kinds[k] || i % 4)
                record.events[kept++] = record.events[i];
        CU_ASSERT(kept < record.n_events);
        record.n_events = kept;
        FILE *out = open_memstream(&said, &bytes);
        CHECK(out);
        CU_ASSERT_TRUE(compare_lockstep(&record, out, &compare, &err));
        fclose(out);
        CU_ASSERT_TRUE(compare.differs);
        free(said);
        record_free(&record);
    }
}

static void what_is_not_the_hardware_is_refused(void)
{
    static const struct {
        const char *set, *expect;
    } cases[] = {
        {"switches.0.pipeline.remap=3", "has 2, 2, 1, 1"},
        {"switches.0.arbiter=age", "round-robin arbiter"},
        {"switches.0.voq=false", "virtual output queues"},
        {"pcie.vcs=2", "one virtual channel, not 2"},
        {"switches.0.pipeline.remap_pipelined=false", "look-ups are pipelined"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const sets[] = {cases[i].set, "run.duration=50us", "run.max_duration=50us",
                                    "run.warmup=0us", "boot.mode=none"};
        struct config *config = NULL;
        struct record record;
        struct lockstep *lockstep;
        struct err err = {0};
        if (!config_load("configs/paper-testbed.yaml", 5, sets, &config, &err)) {
            err_print(&err, stderr);
            CU_FAIL_FATAL("the configuration is not right");
        }
        run_recorded(config);
        config_free(config);
        read_good(&record);
        CU_ASSERT_FALSE_FATAL(lockstep_new(&record, &lockstep, &err));
        CU_ASSERT_PTR_NOT_NULL(strstr(err.message, cases[i].expect));
        record_free(&record);
    }
}

static void entries_one_over_the_other_are_refused(void)
{
    struct record record;
    struct lockstep *lockstep;
    struct err err = {0};
    FILE *out = fopen(path, "w");
    CHECK(out);
    fputs("poolsim-record 1\n"
          "switch sw ports 1 clock 250000000 datapath 32 mps 256 vcs 1\n"
          "pipeline 2 2 1 1\nways round-robin voq pipelined miss\nport 0 host\nevents\n"
          "in 10 0 1 40000010010000ff0000100000000000\n"
          "in 11 0 2 40000001010000ff0000100000000000\nend 11\n",
          out);
    fclose(out);
    read_good(&record);
    CU_ASSERT_FALSE(lockstep_new(&record, &lockstep, &err));
    CU_ASSERT_EQUAL(err.line, 8);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "up to cycle 11"));
    record_free(&record);
}

static int make_path(void)
{
    const int file = mkstemp(path);
    return file < 0 || close(file) != 0;
}

static int remove_path(void)
{
    return unlink(path);
}

void suite_lockstep(void)
{
    CU_pSuite suite = CU_add_suite("lockstep", make_path, remove_path);

    CU_add_test(suite, "the paper's testbed agrees", the_paper_testbed_agrees);
    CU_add_test(suite, "a boot and moves agree", a_boot_and_moves_agree);
    CU_add_test(suite, "random moves of VFs agree", random_moves_agree);
    CU_add_test(suite, "random pools agree", random_pools_agree);
    CU_add_test(suite, "random TLPs agree under random writes",
                random_tlps_agree_under_random_writes);
    CU_add_test(suite, "differences are found", differences_are_found);
    CU_add_test(suite, "what comes in matters", what_comes_in_matters);
    CU_add_test(suite, "what is not the hardware is refused", what_is_not_the_hardware_is_refused);
    CU_add_test(suite, "entries one over the other are refused",
                entries_one_over_the_other_are_refused);
}
