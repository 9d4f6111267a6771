/* Records of what goes through a switch (cosim/record.h): a record says what the trace says, cycle
 * by cycle; reading and writing are inverse; whatever is not a record is refused at its place; a
 * table that is written while TLPs pass is in it with its new content; recording changes no result.
 * Not pinned: the order of lines. */
#include "../unit/splitmix.h"
#include "bench_fabric.h"
#include "cosim/record.h"
#include "run/record_tlps.h"
#include "run/run.h"
#include "scenario.h"

#include <CUnit/CUnit.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void suite_record(void);

enum { T = 4000, PORTS = 4, TLPS = 3000 };

static char path[] = "/tmp/poolsim-record-XXXXXX";

static void write_file(const char *text)
{
    FILE *out = fopen(path, "w");
    CHECK(out && fputs(text, out) >= 0 && fclose(out) == 0);
}

static void read_good(struct record *out)
{
    struct err err = {0};
    if (!record_read(path, out, &err)) {
        err_print(&err, stderr);
        CU_FAIL_FATAL("the record cannot be read");
    }
}

/* ---- random traffic of a bench ---- */

static struct bench *random_bench(uint64_t seed, uint32_t credits)
{
    struct link_params link = bench_link(2, 8, 1000);
    struct switch_params params = bench_switch();
    uint64_t state = seed, at_ps = 5000;

    params.egress_buffer_bytes = 128;
    for (int class = 0; class < CLASSES; class ++) {
        link.header_credits[class] = credits;
        link.data_credits[class] = 32;
    }
    struct bench *bench = bench_new(PORTS, 1, &link, &link);
    CHECK(request_pool_init(&bench->fabric.requests, BENCH_TLPS + 1));
    bench_add_switch(bench, &params, NULL);
    for (unsigned n = 0; n < TLPS; n++) {
        const enum tlp_kind kind = (enum tlp_kind)splitmix_below(&state, TLP_CPL_DATA + 1);
        const uint32_t bytes = 1 + splitmix_below(&state, 253);
        struct tlp *tlp = bench_at(bench, at_ps, splitmix_below(&state, PORTS),
                                   splitmix_below(&state, PORTS), kind, bytes);

        tlp->attr = (uint8_t)(splitmix_below(&state, 4) << 3);
        tlp->tag = (uint16_t)splitmix_below(&state, 1024);
        if (!tlp_kinds[kind].is_request)
            tlp->cpl.bytes_left = (uint16_t)bytes;
        at_ps += splitmix_below(&state, 20000);
    }
    return bench;
}

static void free_bench(struct bench *bench)
{
    request_pool_fini(&bench->fabric.requests);
    bench_free(bench);
}

static void record_bench(struct bench *bench)
{
    FILE *out = fopen(path, "w");
    CHECK(out);
    struct record_tlps *recording = record_tlps_begin(bench->sw, out);
    CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
    record_tlps_end(recording);
    CHECK(fclose(out) == 0);
}

static size_t count(const struct record *record, enum record_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < record->n_events; i++)
        n += record->events[i].kind == kind;
    return n;
}

/* Of TLP @serial. */
static const struct record_event *find(const struct record *record, enum record_kind kind,
                                       uint32_t serial)
{
    for (size_t i = 0; i < record->n_events; i++)
        if (record->events[i].kind == kind && record->events[i].tlp.serial == serial)
            return &record->events[i];
    return NULL;
}

/* ---- what a record says ---- */

static void a_record_says_what_the_trace_says(void)
{
    struct bench *bench = random_bench(3, 4);
    struct record record;
    unsigned wrong = 0;
    uint32_t serial = 0;

    record_bench(bench);
    read_good(&record);
    CU_ASSERT_EQUAL(record.n_ports, PORTS);
    CU_ASSERT_EQUAL(count(&record, RECORD_IN), TLPS);
    CU_ASSERT_EQUAL(count(&record, RECORD_OUT), TLPS);
    CU_ASSERT(count(&record, RECORD_CREDIT) > TLPS / 8);
    CU_ASSERT(count(&record, RECORD_HOLD) > TLPS / 8);
    for (uint32_t i = 0; i < bench->n_crossings; i++) {
        const struct bench_crossing *in = &bench->crossings[i];
        if (in->is_out)
            continue;
        const struct record_event *entry = find(&record, RECORD_IN, ++serial);
        const struct record_event *exit = find(&record, RECORD_OUT, serial);
        struct tlp_header header;
        CU_ASSERT_FATAL(entry && exit && record_unpack_header(exit->tlp.header, &header));
        wrong += entry->cycle * T != in->time_ps || entry->port != in->port;
        wrong += exit->cycle * T != bench_left_ps(bench, in->serial);
        wrong += exit->port != bench_arrival_of(bench, in->serial)->port;
        wrong += header.requester != in->tlp.requester ||
                 header.relaxed_ordering != ((in->tlp.attr & TLP_ATTR_RO) != 0);
    }
    CU_ASSERT_EQUAL(serial, TLPS);
    CU_ASSERT_EQUAL(wrong, 0);
    record_free(&record);
    free_bench(bench);
}

static int by_line(const void *a, const void *b)
{
    const struct record_event *x = a, *y = b;
    return (x->line > y->line) - (x->line < y->line);
}

static char *read_text(size_t *out_bytes)
{
    FILE *in = fopen(path, "r");
    CHECK(in && fseek(in, 0, SEEK_END) == 0);
    *out_bytes = (size_t)ftell(in);
    char *text = malloc(*out_bytes + 1);
    rewind(in);
    CHECK(text && fread(text, 1, *out_bytes, in) == *out_bytes);
    text[*out_bytes] = '\0';
    fclose(in);
    return text;
}

static void run_paper_testbed(const char *record_path, struct results **out)
{
    struct config *config = scenario_load_file("configs/paper-testbed.yaml", "run.duration=500us");
    const struct run_options options = {.quiet = true, .record_path = record_path};
    struct err err = {0};
    CU_ASSERT_FATAL(run_config(config, &options, out, &err));
    config_free(config);
}

static void reading_and_writing_are_inverse_and_change_nothing(void)
{
    struct results *plain, *recorded;
    struct record record;
    size_t bytes, written_bytes;
    char *written;

    run_paper_testbed(NULL, &plain);
    run_paper_testbed(path, &recorded);
    CU_ASSERT_EQUAL(plain->events, recorded->events);
    CU_ASSERT(plain->total.latency.mean_ns == recorded->total.latency.mean_ns);
    results_free(plain);
    results_free(recorded);
    read_good(&record);
    CU_ASSERT(count(&record, RECORD_OUT) > 1000);
    size_t entries = 0, routes = 0;
    for (size_t i = 0; i < record.n_events; i++) {
        if (record.events[i].kind != RECORD_WRITE)
            continue;
        const enum record_table table = record.events[i].write.table;
        entries += table <= RECORD_LENT;
        routes += table == RECORD_WINDOW || table == RECORD_BUS;
    }
    CU_ASSERT_EQUAL(entries, 8 + 4 * 4 + 8);
    CU_ASSERT_EQUAL(entries + routes, count(&record, RECORD_WRITE));
    CU_ASSERT(routes > 1);
    for (size_t i = 1; i < record.n_events; i++)
        CU_ASSERT_FATAL(record.events[i - 1].cycle <= record.events[i].cycle);
    qsort(record.events, record.n_events, sizeof *record.events, by_line);
    FILE *out = open_memstream(&written, &written_bytes);
    CHECK(out);
    record_write_head(&record, out);
    for (size_t i = 0; i < record.n_events; i++)
        record_write_event(&record.events[i], out);
    record_write_end(record.end_cycle, out);
    fclose(out);
    char *text = read_text(&bytes);
    CU_ASSERT_EQUAL(bytes, written_bytes);
    CU_ASSERT(bytes == written_bytes && memcmp(text, written, bytes) == 0);
    free(text);
    free(written);
    record_free(&record);
}

/* ---- tables written in mid-traffic ---- */

static void a_write_is_recorded_with_what_it_wrote(void)
{
    static const struct addr_entry lent = {
        .user_base = 0x10000, .owner_base = 0x900000, .port = 3, .log2_bytes = 12};
    const struct link_params link = bench_link(5, 16, 1000);
    const struct switch_params params = bench_switch();
    struct bench *bench = bench_new(PORTS, 1, &link, &link);
    struct record record;

    CHECK(request_pool_init(&bench->fabric.requests, BENCH_TLPS + 1));
    bench_add_switch(bench, &params, NULL);
    switch_set_live(bench->sw, true);
    void *memory = calloc(1, addr_map_bytes(8));
    struct addr_map *map = addr_map_init(memory, 8);
    bench->sw->ports[0].tables.addr_map = map;
    bench_at(bench, 100 * T, 0, 3, TLP_MEM_READ, 4);
    FILE *out = fopen(path, "w");
    CHECK(out);
    struct record_tlps *recording = record_tlps_begin(bench->sw, out);
    CHECK(sim_run(&bench->sim, 20 * T + 5) == SIM_TIME);
    switch_note_write(bench->sw, map, 5);
    CHECK(addr_map_write(map, 5, &lent) == ADDR_MAP_OK);
    CHECK(sim_run(&bench->sim, 31 * T - 1) == SIM_TIME);
    switch_note_write(bench->sw, map, 5);
    addr_map_invalidate(map, 5);
    switch_note_write(bench->sw, &bench->routes[1], 0);
    route_init(&bench->routes[1], bench->windows[1], BENCH_PORTS);
    CHECK(route_add_window(&bench->routes[1], 0x1000, 0x1fff, 2));
    CHECK(bench_run(bench) == SIM_EMPTY);
    record_tlps_end(recording);
    CHECK(fclose(out) == 0);

    read_good(&record);
    const struct record_event *writes[2] = {0};
    size_t n = 0, unrouted = 0, windows = 0;
    for (size_t i = 0; i < record.n_events; i++) {
        const struct record_event *event = &record.events[i];
        const struct pool_entry *entry = &event->write.entry;
        if (event->kind != RECORD_WRITE || event->cycle == 0)
            continue;
        if (event->write.table == RECORD_ADDR_MAP && n < 2)
            writes[n++] = event;
        if (event->write.table == RECORD_ADDR_MAP)
            continue;
        CU_ASSERT(event->cycle == 30 && event->port == 1);
        if (event->write.table == RECORD_BUS)
            unrouted += !POOL_GET(entry, BUS, VALID);
        else if (event->write.table == RECORD_WINDOW && POOL_GET(entry, WINDOW, VALID))
            windows += POOL_GET(entry, WINDOW, KEY_BASE) == 1 &&
                       POOL_GET(entry, WINDOW, KEY_LIMIT) == 1 &&
                       POOL_GET(entry, WINDOW, PORT) == 2;
    }
    CU_ASSERT_EQUAL_FATAL(n, 2);
    struct addr_entry entry;
    uint16_t port;
    CU_ASSERT_EQUAL(writes[0]->cycle, 20);
    CU_ASSERT_FATAL(pool_unpack_addr(&writes[0]->write.entry, &port, &entry));
    CU_ASSERT(port == 0 && entry.user_base == lent.user_base && writes[0]->write.index == 5);
    CU_ASSERT_EQUAL(writes[1]->cycle, 30);
    CU_ASSERT_FALSE(pool_unpack_addr(&writes[1]->write.entry, &port, &entry));
    CU_ASSERT(unrouted > 0 && windows == 1);
    record_free(&record);
    free(memory);
    free_bench(bench);
}

/* ---- what is no record ---- */

#define HEAD                                                                                       \
    "poolsim-record 1\n"                                                                           \
    "switch sw ports 3 clock 250000000 datapath 32 mps 256 vcs 1\n"                                \
    "pipeline 2 2 1 1\n"                                                                           \
    "ways round-robin voq pipelined miss\n"
#define PORT_LINES "port 0 host\nport 1 device 0\ncredits 1 posted 8 64\ntable id_up 1 16\n"
#define BODY       HEAD PORT_LINES "events\n"
#define READ_32    "00000001048000ff0000100000000000"

static const struct {
    const char *text, *expect;
} broken[] = {
    {"", "1:1: the record ends within its head"},
    {"poolsim-record 2\n", "1:16: version: 2 is not within 1 and 1"},
    {"poolsim-record 1 x\n", "1:18: the line should end here, before \"x\""},
    {"poolsim-record 1\nswitch sw port\n", "2:11: \"port\" is no ports"},
    {HEAD "port 3 host\n", "5:6: port: 3 is not within 0 and 2"},
    {HEAD "port 0 host\nport 0 host\n", "6:6: port 0 is named already"},
    {HEAD "credits 0 posted 1 1\n", "5:9: the head does not name port 0"},
    {HEAD "port 1 device 0\nevents\n", "6:1: port 1 belongs to port 0, which is no host's"},
    {HEAD "port 0 host", "6:1: the record ends within its head"},
    {BODY "in 7 0\n", "10:7: serial number is missing here"},
    {BODY "in 7 0 2 " READ_32 "\n", "10:8: serial number 2 instead of 1"},
    {BODY "in 0 0 1 " READ_32 "\n", "10:4: cycle: 0 is not within 1 and"},
    {BODY "in 7 2 1 " READ_32 "\n", "10:6: the head does not name port 2"},
    {BODY "in 7 0 1 1234\n", "10:10: a header has 4 hexadecimal digits instead of 32"},
    {BODY "in 7 0 1 ff000001048000ff0000100000000000\n", "10:10: this is no TLP's header"},
    {BODY "in 7 0 1 0000000104800Gff0000100000000000\n",
     "10:10: a header: 'G' is no hexadecimal digit"},
    {BODY "in 7 0 1 00000001048000ff0000100000000001\n", "10:10: this is no TLP's header"},
    {BODY "out 7 0 1 " READ_32 "\n", "10:9: serial number 1 instead of one up to 0"},
    {BODY "credit 7 1 sported 1 1\n", "10:12: \"sported\" is no class"},
    {BODY "hold 7 1 7\n", "10:10: end of the hold: 7 is not within 8"},
    {BODY "write 7 id_down 1 0 0\n", "10:17: port 1 has no table id_down"},
    {BODY "write 7 id_up 1 16 0\n", "10:17: index: 16 is not within 0 and 15"},
    {BODY "write 7 id_up 1 1 0000000000000000000\n" BODY, "11:1: \"poolsim-record\" is no event"},
    {BODY "write 7 id_up 1 1 0000480001030000005\n", "10:19: the entry is of port 0"},
    {BODY "write 7 id_up 1 1 0010480003030000005\n",
     "10:19: the entry leads to port 3, which is not there"},
    {BODY "function 7 0 65536 ready\n", "10:14: function: 65536 is not within 0 and 65535"},
    {BODY "function 7 0 1 gone\n", "10:16: \"gone\" is no state of a function"},
    {BODY "command 7 0 1 take 1 0\n", "10:15: \"take\" is no command"},
    {BODY "command 7 0 1 load 4096 0\n", "10:20: slot: 4096 is not within 0 and 4095"},
    {BODY "close 7 0 1\n", "10:11: the line should end here, before \"1\""},
    {BODY "in 7 0 1 " READ_32 "\n", "11:1: the record ends without its end"},
    {BODY "end 9\nin 7 0 1 " READ_32 "\n", "11:1: something stands behind the record's end"},
    {BODY "sneeze 9\n", "10:1: \"sneeze\" is no event"},
    {BODY "end 99999999999999999999\n", "10:5: cycle: 99999999999999999999 is not within"},
};

static void what_is_no_record_is_refused_at_its_place(void)
{
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct record record;
        struct err err = {0};
        char *said;
        size_t bytes;

        write_file(broken[i].text);
        CU_ASSERT_FALSE_FATAL(record_read(path, &record, &err));
        FILE *out = open_memstream(&said, &bytes);
        CHECK(out);
        err_print(&err, out);
        fclose(out);
        const char *place = strncmp(said, path, strlen(path)) == 0 ? said + strlen(path) + 1 : said;
        if (strncmp(place, broken[i].expect, strlen(broken[i].expect)) != 0) {
            fprintf(stderr, "expected %s, said %s", broken[i].expect, place);
            CU_FAIL("another complaint");
        }
        free(said);
    }
    struct record record;
    struct err err = {0};
    CU_ASSERT_FALSE(record_read("/nowhere/at/all", &record, &err));
    write_file(BODY "in 7 0 1 " READ_32 "\nend 7\n");
    read_good(&record);
    CU_ASSERT(record.n_events == 1 && record.n_serials == 1 && record.end_cycle == 7);
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

void suite_record(void)
{
    CU_pSuite suite = CU_add_suite("record", make_path, remove_path);

    CU_add_test(suite, "a record says what the trace says", a_record_says_what_the_trace_says);
    CU_add_test(suite, "reading and writing are inverse, and change nothing",
                reading_and_writing_are_inverse_and_change_nothing);
    CU_add_test(suite, "a write is recorded with what it wrote",
                a_write_is_recorded_with_what_it_wrote);
    CU_add_test(suite, "what is no record is refused at its place",
                what_is_no_record_is_refused_at_its_place);
}
