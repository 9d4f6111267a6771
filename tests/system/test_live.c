/* Tables that are written while TLPs pass (switch_set_live): with no writes the results are those
 * of a switch that looks up ahead, bit for bit; a write acts from the next cycle on and kills the
 * matches of the look-ups under way, no earlier and no later. Not pinned: in which order refused
 * TLPs give their buffers back. */
#include "../unit/dies.h"
#include "../unit/splitmix.h"
#include "bench_fabric.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

void suite_live(void);

enum { T = 4000, PORTS = 4, TLPS = 4000, DEVICE = 3, ENTRIES = 8 };

/* ---- no writes ---- */

static const struct variant {
    const char *name;
    bool voq, cut_through, pipelined;
    uint32_t credits;
    uint64_t clock_hz;
} variants[] = {
    {"VOQ, cut-through", true, true, true, 8, 250000000},
    {"one credit, odd clock", true, true, true, 1, 333333333},
    {"FIFO, store and forward", false, false, true, 4, 250000000},
    {"look-ups not pipelined", true, true, false, 4, 250000000},
};

static struct bench *random_bench(const struct variant *variant, bool live)
{
    struct link_params link = bench_link(3, 8, 1000);
    struct switch_params params = bench_switch();
    uint64_t state = 7, at_ps = 5000;

    for (int class = 0; class < CLASSES; class ++) {
        link.header_credits[class] = variant->credits;
        link.data_credits[class] = 64;
    }
    params.voq = variant->voq;
    params.cut_through = variant->cut_through;
    params.remap_pipelined = variant->pipelined;
    params.clock_hz = variant->clock_hz;
    struct bench *bench = bench_new(PORTS, 1, &link, &link);
    bench_add_switch(bench, &params, NULL);
    switch_set_live(bench->sw, live);
    for (unsigned n = 0; n < TLPS; n++) {
        const enum tlp_kind kind = (enum tlp_kind)splitmix_below(&state, TLP_CPL_DATA + 1);

        bench_at(bench, at_ps, splitmix_below(&state, PORTS), splitmix_below(&state, PORTS), kind,
                 1 + splitmix_below(&state, 253));
        at_ps += splitmix_below(&state, 40000);
    }
    CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
    return bench;
}

static void without_writes_nothing_changes(void)
{
    for (size_t v = 0; v < sizeof variants / sizeof variants[0]; v++) {
        struct bench *ahead = random_bench(&variants[v], false);
        struct bench *live = random_bench(&variants[v], true);
        unsigned wrong = 0;

        CU_ASSERT_EQUAL(ahead->n_arrivals, TLPS);
        CU_ASSERT_EQUAL(live->n_arrivals, TLPS);
        /* The order of what different ports do in one cycle means nothing. */
        for (uint32_t i = 0; i < TLPS; i++) {
            const struct bench_arrival *a = &ahead->arrivals[i];
            const struct bench_arrival *b = bench_arrival_of(live, a->serial);
            struct tlp x = a->tlp, y = b->tlp;

            x.next = y.next = 0;
            wrong += a->port != b->port || a->begin_ps != b->begin_ps || a->end_ps != b->end_ps ||
                     memcmp(&x, &y, sizeof x) != 0;
        }
        for (uint32_t p = 0; p < PORTS; p++) {
            const struct switch_ingress *a = &ahead->sw->ports[p].in, *b = &live->sw->ports[p].in;

            wrong += memcmp(a->most_bytes, b->most_bytes, sizeof a->most_bytes) != 0;
            wrong += memcmp(a->byte_ps, b->byte_ps, sizeof a->byte_ps) != 0;
            wrong += ahead->sw->ports[p].out.grants != live->sw->ports[p].out.grants;
        }
        CU_ASSERT_EQUAL(wrong, 0);
        CU_ASSERT(live->sim.events > ahead->sim.events);
        bench_free(ahead);
        bench_free(live);
    }
}

/* A host that writes to nobody, one write after the other. */
struct writer {
    struct bench *bench;
    struct request_owner owner;
    unsigned left;
};

static void write_to_nobody(struct writer *writer)
{
    struct fabric *fabric = &writer->bench->fabric;
    const uint32_t index = tlp_take(&fabric->tlps), at = request_take(&fabric->requests);
    struct request *request = request_get(&fabric->requests, at);
    struct tlp *tlp = tlp_get(&fabric->tlps, index);

    request->owner = &writer->owner;
    request->bytes = request->to_arrive = 64;
    memset(tlp, 0, sizeof *tlp);
    tlp->kind = TLP_MEM_WRITE;
    tlp->bytes = 64;
    tlp->address = (uint64_t)(PORTS + 1) << 32;
    tlp->request = at;
    tlp_account_begin(tlp, fabric->sim->now_ps);
    port_submit(&writer->bench->source[0], index);
}

static void write_next(void *self, uint32_t at, struct request *request)
{
    struct writer *writer = self;
    (void)request;
    request_give_back(&writer->bench->fabric.requests, at);
    if (writer->left && --writer->left)
        write_to_nobody(writer);
}

/* That a write is refused ends it, which may bring the next one into the pipeline at once; it has
 * one look-up as any other. */
static void refused_ones_are_followed(void)
{
    enum { WRITES = 200 };
    const struct link_params link = bench_link(3, 8, 0);
    const struct switch_params params = bench_switch();

    for (unsigned live = 0; live < 2; live++) {
        struct bench *bench = bench_new(PORTS, 1, &link, &link);
        struct writer writer = {bench, {write_next, &writer}, WRITES};
        bench_add_switch(bench, &params, NULL);
        switch_set_live(bench->sw, live);
        CHECK(request_pool_init(&bench->fabric.requests, 4));
        write_to_nobody(&writer);
        CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
        CU_ASSERT_EQUAL(writer.left, 0);
        CU_ASSERT_EQUAL(bench->sw->dropped, WRITES);
        CU_ASSERT_EQUAL(bench->fabric.requests.in_use, 0);
        request_pool_fini(&bench->fabric.requests);
        bench_free(bench);
    }
}

/* ---- writes ---- */

/* Port 0 is a host's whose map leads to the device at port 3. */
struct stage {
    struct bench *bench;
    struct addr_map *map;
    void *memory;
};

/* What one TLP meets when the entry that it needs is written at a time. */
enum change { CHANGE_NONE, CHANGE_ADD, CHANGE_REMOVE, CHANGE_REWRITE, CHANGE_OTHER };

static const struct addr_entry lent = {
    .user_base = 0x10000, .owner_base = 0x900000, .port = DEVICE, .log2_bytes = 12};
static const struct addr_entry other = {
    .user_base = 0x20000, .owner_base = 0xa00000, .port = DEVICE, .log2_bytes = 12};

static void change_map(struct stage *stage, enum change change)
{
    uint32_t index = change == CHANGE_OTHER ? 1 : 0;

    switch_note_write(stage->bench->sw, stage->map, index);
    if (change == CHANGE_REMOVE)
        addr_map_invalidate(stage->map, index);
    else
        CHECK(addr_map_write(stage->map, index, index ? &other : &lent) == ADDR_MAP_OK);
}

static struct stage new_stage(bool live, bool present)
{
    const struct link_params link = bench_link(5, 16, 1000);
    const struct switch_params params = bench_switch();
    struct stage stage = {.bench = bench_new(PORTS, 1, &link, &link)};

    stage.bench->past_port = true;
    bench_add_switch(stage.bench, &params, NULL);
    switch_set_live(stage.bench->sw, live);
    stage.memory = calloc(1, addr_map_bytes(ENTRIES));
    CHECK(stage.memory);
    stage.map = addr_map_init(stage.memory, ENTRIES);
    stage.bench->sw->ports[0].tables.addr_map = stage.map;
    stage.bench->sw->ports[0].tables.owner = NULL;
    if (present)
        CHECK(addr_map_write(stage.map, 0, &lent) == ADDR_MAP_OK);
    return stage;
}

static void free_stage(struct stage *stage)
{
    bench_free(stage->bench);
    free(stage->memory);
}

/* Sends a read that enters in a known cycle, makes @change at @offset_cycles behind the begin of
 * its look-up, plus @offset_ps; true if the device gets it. */
static bool reaches_device(enum change change, int offset_cycles, int offset_ps)
{
    struct stage stage = new_stage(true, change != CHANGE_ADD);
    struct bench *bench = stage.bench;

    bench_at(bench, 10 * T, 0, 0, TLP_MEM_READ, 4)->address = lent.user_base + 8;
    /* Its first byte takes a microsecond's fraction; the entry cycle is read from a first run. */
    struct stage rehearsal = new_stage(true, true);
    bench_at(rehearsal.bench, 10 * T, 0, 0, TLP_MEM_READ, 4)->address = lent.user_base + 8;
    CU_ASSERT_EQUAL(bench_run(rehearsal.bench), SIM_EMPTY);
    const uint64_t lookup_ps = bench_entered_ps(rehearsal.bench, 1) + 2 * T;
    free_stage(&rehearsal);

    const uint64_t at_ps = lookup_ps + (uint64_t)(offset_cycles * T + offset_ps);
    CU_ASSERT_EQUAL(sim_run(&bench->sim, at_ps), SIM_TIME);
    if (change != CHANGE_NONE)
        change_map(&stage, change);
    const enum sim_result result = bench_run(bench);
    CU_ASSERT_EQUAL(result, SIM_EMPTY);
    CU_ASSERT_EQUAL(bench->n_arrivals, 1);
    const bool there = bench->arrivals[0].port == DEVICE;
    CU_ASSERT_EQUAL(bench->arrivals[0].tlp.kind, there ? TLP_MEM_READ : TLP_CPL);
    if (there)
        CU_ASSERT_EQUAL(bench->arrivals[0].tlp.address, lent.owner_base + 8);
    free_stage(&stage);
    return there;
}

/* The look-up takes cycles 0 and 1; a write in cycle t is seen by look-ups that begin in t + 1, and
 * kills what matched before and is not out. */
static void a_write_acts_in_its_cycle_and_not_before(void)
{
    static const struct {
        const char *name;
        enum change change;
        int cycle, ps;
        bool passes;
    } cases[] = {
        {"no write", CHANGE_NONE, 0, 0, true},
        {"added in the cycle before", CHANGE_ADD, -1, 0, true},
        {"added at the end of the cycle before", CHANGE_ADD, 0, -1, true},
        {"added in the first cycle", CHANGE_ADD, 0, 0, false},
        {"added in the second cycle", CHANGE_ADD, 1, 0, false},
        {"added at the very end", CHANGE_ADD, 2, -1, false},
        {"removed in the cycle before", CHANGE_REMOVE, -1, 0, false},
        {"removed in the first cycle", CHANGE_REMOVE, 0, 0, false},
        {"removed in the second cycle", CHANGE_REMOVE, 2, -2, false},
        {"removed when it is out", CHANGE_REMOVE, 2, 0, true},
        {"rewritten in the cycle before", CHANGE_REWRITE, 0, -1, true},
        {"rewritten in the first cycle", CHANGE_REWRITE, 0, 0, false},
        {"rewritten in the second cycle", CHANGE_REWRITE, 2, -2, false},
        {"rewritten when it is out", CHANGE_REWRITE, 2, 0, true},
        {"another entry in the first cycle", CHANGE_OTHER, 0, 0, true},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const bool there = reaches_device(cases[i].change, cases[i].cycle, cases[i].ps);

        if (there != cases[i].passes)
            fprintf(stderr, "%s\n", cases[i].name);
        CU_ASSERT_EQUAL(there, cases[i].passes);
    }
}

static void write_behind_a_look_up_ahead(void *argument)
{
    const bool *late = argument;
    struct stage stage = new_stage(false, true);

    bench_at(stage.bench, 10 * T, 0, 0, TLP_MEM_READ, 4)->address = lent.user_base;
    if (*late)
        CHECK(bench_run(stage.bench) == SIM_EMPTY);
    else
        CHECK(sim_run(&stage.bench->sim, 10 * T + 1) == SIM_TIME);
    change_map(&stage, CHANGE_REMOVE);
    free_stage(&stage);
}

static void tables_that_are_not_live_are_not_written_behind_look_ups_ahead(void)
{
    bool late = true, early = false;
    char text[DIES_TEXT_BYTES];

    write_behind_a_look_up_ahead(&late);
    CU_ASSERT(dies(write_behind_a_look_up_ahead, &early, text));
}

void suite_live(void)
{
    CU_pSuite suite = CU_add_suite("live", NULL, NULL);

    CU_add_test(suite, "refused ones are followed", refused_ones_are_followed);
    CU_add_test(suite, "without writes nothing changes", without_writes_nothing_changes);
    CU_add_test(suite, "a write acts in its cycle and not before",
                a_write_acts_in_its_cycle_and_not_before);
    CU_add_test(suite, "tables that are not live are not written behind look-ups ahead",
                tables_that_are_not_live_are_not_written_behind_look_ups_ahead);
}
