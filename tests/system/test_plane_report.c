/* Tests what results show of hosts' software, from a report made by hand: the numbers of the files
 * are those of the report, what is drawn and printed names them, and a run without software shows
 * nothing. Does not pin how pages, plots and tables look. */
#include "base/check.h"
#include "run/folder.h"
#include "run/format.h"
#include "run/output.h"
#include "run/plane_output.h"
#include "run/process.h"
#include "run/report.h"
#include "run/table.h"

#include <CUnit/CUnit.h>
#include <ftw.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void suite_plane_report(void);

/* ---- a pool that boots, moves two VFs and has a fault ---- */

#define US UINT64_C(1000000)
#define MS (1000 * US)

enum { HOSTS = 2, BINS = 40, BOOTED_MS = 250 };

struct fixture {
    struct config *config;
    struct results results;
    struct result_flow hosts[HOSTS];
    struct result_point timeline[BINS];
    double host_gbps[HOSTS * BINS];
    struct plane_report plane;
    struct plane_boot boots[HOSTS + 1];
    struct plane_move moves[2];
    struct plane_fault faults[1];
    struct plane_saw saws[HOSTS];
    char dir[64];
};

static const char pool_yaml[] = "name: test\n"
                                "hosts: [{name: owner}, {name: user, count: 2}]\n"
                                "switches: [{name: sw}]\n"
                                "devices: [{name: nic0, kind: nic, owner: owner}]\n"
                                "lend: [{device: nic0, to: user}]\n"
                                "workloads: [{name: web, op: transmit, load: 10%}]\n";

static void fill_boots(struct fixture *fixture)
{
    struct plane_boot *boots = fixture->boots;
    boots[0] = (struct plane_boot){.host = "owner", .config_requests = 1234};
    plane_boot_add(&boots[0], PLANE_BOOT_FIRMWARE, 0, 12 * MS);
    plane_boot_add(&boots[0], PLANE_BOOT_PF_DRIVER, 12 * MS, 14 * MS);
    plane_boot_add(&boots[0], PLANE_BOOT_VFS, 14 * MS, 120 * MS);
    for (int i = 1; i <= HOSTS; i++) {
        struct plane_boot *boot = &boots[i];
        *boot = (struct plane_boot){.host = i == 1 ? "user0" : "user1", .config_requests = 400};
        plane_boot_add(boot, PLANE_BOOT_FIRMWARE, 0, 8 * MS);
        plane_boot_add(boot, PLANE_BOOT_LEND, 120 * MS, 120 * MS + 40 * US);
        plane_boot_add(boot, PLANE_BOOT_HOT_ADD, 120 * MS + 40 * US, 221 * MS);
        plane_boot_add(boot, PLANE_BOOT_ENUMERATE, 221 * MS, 230 * MS);
        plane_boot_add(boot, PLANE_BOOT_VF_DRIVER, 230 * MS, (uint64_t)(240 + 5 * i) * MS);
    }
}

static void do_step(struct plane_move *move, enum manager_step step, uint64_t begin_ps,
                    uint64_t end_ps)
{
    move->record.begin_ps[step] = begin_ps;
    move->record.end_ps[step] = end_ps;
}

/* The first takes 600 us from when it is asked for, the second waits for it and is not finished. */
static void fill_moves(struct fixture *fixture)
{
    const uint64_t at_ps = BOOTED_MS * MS + 500 * US;
    struct plane_move *move = &fixture->moves[0];
    *move =
        (struct plane_move){.vf = "nic0.vf3", .from = "user0", .to = "user1", .asked_ps = at_ps};
    do_step(move, MANAGER_NOTIFY, at_ps + 2 * US, at_ps + 4 * US);
    do_step(move, MANAGER_UNBIND, at_ps + 4 * US, at_ps + 150 * US);
    do_step(move, MANAGER_STOP, at_ps + 150 * US, at_ps + 154 * US);
    do_step(move, MANAGER_DRAIN, at_ps + 154 * US, at_ps + 200 * US);
    do_step(move, MANAGER_FLR, at_ps + 200 * US, at_ps + 300 * US);
    do_step(move, MANAGER_INVALIDATE, at_ps + 300 * US, at_ps + 304 * US);
    do_step(move, MANAGER_LOAD, at_ps + 304 * US, at_ps + 309 * US);
    do_step(move, MANAGER_PRESENCE, at_ps + 309 * US, at_ps + 311 * US);
    do_step(move, MANAGER_HOT_ADD, at_ps + 320 * US, at_ps + 500 * US);
    do_step(move, MANAGER_DRIVER, at_ps + 500 * US, at_ps + 600 * US);
    move->record.in_flight = 7;
    move->record.done = true;
    move = &fixture->moves[1];
    *move = (struct plane_move){.vf = "nic0.vf4-7",
                                .from = "user1",
                                .to = "user0",
                                .order = MANAGER_SURPRISE,
                                .fault = MANAGER_STALE_ENTRY,
                                .asked_ps = at_ps + 100 * US,
                                .wrong = {.misdelivered = 5, .killed = 1}};
    do_step(move, MANAGER_NOTIFY, at_ps + 601 * US, at_ps + 602 * US);
}

static void fill_report(struct fixture *fixture)
{
    fill_boots(fixture);
    fill_moves(fixture);
    fixture->faults[0] = (struct plane_fault){
        .what = "nic0 link down", .begin_ps = BOOTED_MS * MS + 1500 * US, .end_ps = 0};
    fixture->saws[0] = (struct plane_saw){.host = "user0", .timeouts = 3, .fatal = 1};
    fixture->saws[1] = (struct plane_saw){.host = "user1"};
    fixture->plane = (struct plane_report){.booted_ps = BOOTED_MS * MS,
                                           .n_boots = HOSTS + 1,
                                           .n_moves = 2,
                                           .n_faults = 1,
                                           .n_saws = HOSTS,
                                           .boots = fixture->boots,
                                           .moves = fixture->moves,
                                           .faults = fixture->faults,
                                           .saws = fixture->saws,
                                           .wrong = {.misdelivered = 5, .killed = 1, .stale = 2}};
}

static struct fixture *fixture_new(void)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct err err;
    CHECK(fixture);
    if (!config_load_text("test.yaml", pool_yaml, strlen(pool_yaml), 0, NULL, &fixture->config,
                          &err)) {
        err_print(&err, stderr);
        CHECK(fixture->config);
    }
    fill_report(fixture);
    for (int h = 0; h < HOSTS; h++)
        fixture->hosts[h] = (struct result_flow){.name = h ? "user1" : "user0", .op = ""};
    for (int i = 0; i < BINS; i++)
        fixture->timeline[i] = (struct result_point){50.0 * i + 25, 20, 700};
    for (int i = 0; i < HOSTS * BINS; i++)
        fixture->host_gbps[i] = 10 + sin(i);
    fixture->results = (struct results){.name = "test",
                                        .n_hosts = HOSTS,
                                        .n_timeline = BINS,
                                        .hosts = fixture->hosts,
                                        .timeline = fixture->timeline,
                                        .host_gbps = fixture->host_gbps,
                                        .plane = &fixture->plane};
    fixture->results.total = (struct result_flow){.name = "total", .op = ""};
    snprintf(fixture->dir, sizeof fixture->dir, "/tmp/poolsim-plane-XXXXXX");
    CHECK(mkdtemp(fixture->dir));
    return fixture;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status, (void)type, (void)ftw;
    return remove(path);
}

static void fixture_free(struct fixture *fixture)
{
    if (!getenv("POOLSIM_KEEP"))
        nftw(fixture->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    config_free(fixture->config);
    free(fixture);
}

static void write_folder(struct fixture *fixture)
{
    struct err err = {0};
    FILE *warnings = tmpfile();
    CHECK(warnings);
    bool written = output_write(fixture->config, &fixture->results, fixture->dir, warnings, &err);
    CU_ASSERT_TRUE_FATAL(written);
    const char *const argv[] = {"gnuplot", "-V", NULL};
    char message[64];
    if (process_run("/", argv, message, sizeof message) != PROCESS_MISSING)
        CU_ASSERT_EQUAL(ftell(warnings), 0);
    fclose(warnings);
}

/* ---- the report itself ---- */

static void test_spans(void)
{
    struct plane_boot boot = {.host = "h"};
    plane_boot_add(&boot, PLANE_BOOT_HOT_ADD, 500, 700);
    plane_boot_add(&boot, PLANE_BOOT_HOT_ADD, 300, 600);
    plane_boot_add(&boot, PLANE_BOOT_FIRMWARE, 0, 200);
    CU_ASSERT_EQUAL(boot.steps[PLANE_BOOT_HOT_ADD].begin_ps, 300);
    CU_ASSERT_EQUAL(boot.steps[PLANE_BOOT_HOT_ADD].end_ps, 700);
    CU_ASSERT_EQUAL(boot.steps[PLANE_BOOT_FIRMWARE].begin_ps, 0);
    CU_ASSERT_EQUAL(plane_boot_end_ps(&boot), 700);

    struct plane_move move = {.asked_ps = 100};
    CU_ASSERT_EQUAL(plane_move_span(&move).end_ps, 0);
    do_step(&move, MANAGER_STOP, 400, 450);
    do_step(&move, MANAGER_INVALIDATE, 150, 160); /* done first: a wrong order */
    CU_ASSERT_EQUAL(plane_move_span(&move).begin_ps, 150);
    CU_ASSERT_EQUAL(plane_move_span(&move).end_ps, 450);
    CU_ASSERT_EQUAL(plane_move_latency_ps(&move), 0);
    move.record.done = true;
    CU_ASSERT_EQUAL(plane_move_latency_ps(&move), 350);
}

/* One count at a time is enough not to be nothing. */
static void test_nothing_is_all_zeros(void)
{
    struct plane_wrong wrong = {0};
    struct plane_saw saw = {.host = "h"};
    CU_ASSERT_TRUE(plane_wrong_is_none(&wrong));
    CU_ASSERT_TRUE(plane_saw_is_none(&saw));
    uint64_t *const counts[] = {&wrong.misdelivered, &wrong.dropped_completions, &wrong.timeouts};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        *counts[i] = 1;
        CU_ASSERT_FALSE(plane_wrong_is_none(&wrong));
        *counts[i] = 0;
    }
    wrong = (struct plane_wrong){.killed = 1, .stale = 1, .undrained = 1}; /* it was held off */
    CU_ASSERT_TRUE(plane_wrong_is_none(&wrong));
    uint64_t *const seen[] = {&saw.timeouts,    &saw.unsupported, &saw.aborted, &saw.links_down,
                              &saw.correctable, &saw.nonfatal,    &saw.fatal,   &saw.contained};
    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++) {
        *seen[i] = 1;
        CU_ASSERT_FALSE(plane_saw_is_none(&saw));
        *seen[i] = 0;
    }
}

static void test_format_ps(void)
{
    static const struct {
        uint64_t ps;
        const char *expected;
    } cases[] = {{0, "0 s"},
                 {999, "999 ps"},
                 {1000, "1.000 ns"},
                 {123456, "123.5 ns"},
                 {999960, "1.000 us"},
                 {5001000000000, "5.001 s"},
                 {7200000000000000, "7200 s"}};
    char buf[FORMAT_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CU_ASSERT_STRING_EQUAL(format_ps(buf, cases[i].ps), cases[i].expected);
}

/* ---- summary and metrics ---- */

static void test_metrics(void)
{
    static const struct {
        const char *key;
        double value;
    } metrics[] = {
        {"plane.booted_us", 250000},
        {"plane.config_requests", 2034},
        {"plane.moves_asked", 2},
        {"plane.moves_done", 1},
        {"plane.move_latency_mean_us", 600},
        {"plane.move_latency_max_us", 600},
        {"plane.misdelivered", 5},
        {"plane.stale", 2},
        {"boot.owner.config_requests", 1234},
        {"boot.user1.up_us", 250000},
        {"boot.user0.step_us_hot_add", 100960},
        {"move.0.asked_us", 500},
        {"move.0.latency_us", 600},
        {"move.0.step_us_drain", 46},
        {"move.0.in_flight", 7},
        {"move.1.misdelivered", 5},
        {"saw.user0.completion_timeouts", 3},
        {"saw.user0.errors_fatal", 1},
        {"saw.user1.errors_fatal", 0},
    };
    struct fixture *fixture = fixture_new();
    json_t *summary = report_json(fixture->config, &fixture->results);
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++)
        CU_ASSERT_DOUBLE_EQUAL(report_metric(summary, metrics[i].key), metrics[i].value, 1e-9);
    /* Not finished, not done, and of a host that boots without that step. */
    CU_ASSERT_TRUE(isnan(report_metric(summary, "move.1.latency_us")));
    CU_ASSERT_TRUE(isnan(report_metric(summary, "move.1.step_us_drain")));
    CU_ASSERT_TRUE(isnan(report_metric(summary, "boot.owner.step_us_hot_add")));
    json_decref(summary);
    fixture->results.plane = NULL;
    summary = report_json(fixture->config, &fixture->results);
    CU_ASSERT_PTR_NULL(json_object_get(summary, "plane"));
    CU_ASSERT_TRUE(isnan(report_metric(summary, "plane.misdelivered")));
    json_decref(summary);
    fixture_free(fixture);
}

/* ---- the folder ---- */

static void check_file(const char *dir, const char *name, const char *expected)
{
    char *text = folder_read(dir, name);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_STRING_EQUAL(text, expected);
    free(text);
}

static void check_has(const char *dir, const char *name, const char *needle)
{
    char *text = folder_read(dir, name);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, needle));
    free(text);
}

static void test_files(void)
{
    struct fixture *fixture = fixture_new();
    write_folder(fixture);
    check_file(fixture->dir, "boot.csv",
               "host,step,begin_us,end_us,config_requests\n"
               "owner,firmware,0,12000,1234\n"
               "owner,pf_driver,12000,14000,1234\n"
               "owner,vfs,14000,120000,1234\n"
               "user0,firmware,0,8000,400\n"
               "user0,lend,120000,120040,400\n"
               "user0,hot_add,120040,221000,400\n"
               "user0,enumerate,221000,230000,400\n"
               "user0,vf_driver,230000,245000,400\n"
               "user1,firmware,0,8000,400\n"
               "user1,lend,120000,120040,400\n"
               "user1,hot_add,120040,221000,400\n"
               "user1,enumerate,221000,230000,400\n"
               "user1,vf_driver,230000,250000,400\n");
    check_file(fixture->dir, "moves.csv",
               "move,vf,from,to,how,order,asked_us,step,begin_us,end_us\n"
               "0,nic0.vf3,user0,user1,graceful,correct,500,notify,502,504\n"
               "0,nic0.vf3,user0,user1,graceful,correct,500,unbind,504,650\n"
               "0,nic0.vf3,user0,user1,graceful,correct,500,stop,650,654\n"
               "0,nic0.vf3,user0,user1,graceful,correct,500,drain,654,700\n"
               "0,nic0.vf3,user0,user1,graceful,correct,500,flr,700,800\n"
               "0,nic0.vf3,user0,user1,graceful,correct,500,invalidate,800,804\n"
               "0,nic0.vf3,user0,user1,graceful,correct,500,load,804,809\n"
               "0,nic0.vf3,user0,user1,graceful,correct,500,presence,809,811\n"
               "0,nic0.vf3,user0,user1,graceful,correct,500,hot_add,820,1000\n"
               "0,nic0.vf3,user0,user1,graceful,correct,500,driver,1000,1100\n"
               "1,nic0.vf4-7,user1,user0,surprise,stale-entry,600,notify,1101,1102\n");
    check_file(fixture->dir, "saw.csv",
               "host,completion_timeouts,unsupported_requests,completer_aborts,links_down,"
               "errors_correctable,errors_nonfatal,errors_fatal,contained\n"
               "user0,3,0,0,0,0,0,1,0\n"
               "user1,0,0,0,0,0,0,0,0\n");
    check_has(fixture->dir, "index.html", "nic0.vf4-7: user1 to user0");
    check_has(fixture->dir, "index.html", "href=\"moves.csv\"");
    fixture_free(fixture);
}

/* Moves and faults are marked where they were, from the end of boot; the hosts of a move are shaded
 * from its first step to its last. */
static void test_timeline_has_marks(void)
{
    static const char *const marks[] = {
        "set arrow 100 from first 500, graph 0 to first 500, graph 1 nohead",
        "set label 100 'nic0.vf3 to user1'",
        "set arrow 101 from first 600, graph 0",
        "set label 101 'nic0.vf4-7 to user0'",
        "set arrow 102 from first 1500, graph 0",
        "set label 102 'nic0 link down'",
        "set object 100 rectangle from first 502, graph 0 to first 1100, graph 1",
        "set object 101 rectangle from first 1101, graph 0 to first 1102, graph 1",
        "time from the end of boot",
    };
    struct fixture *fixture = fixture_new();
    write_folder(fixture);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        check_has(fixture->dir, "plots/host_timeline.gp", marks[i]);
    check_has(fixture->dir, "plots/timeline.gp", marks[0]);
    fixture_free(fixture);
}

/* A run without software in the same folder leaves none of it, and shows none. */
static void test_without_software(void)
{
    static const char *const files[] = {"boot.csv",      "moves.csv",      "saw.csv",
                                        "plots/boot.gp", "plots/moves.gp", "plots/boot.svg"};
    struct fixture *fixture = fixture_new();
    write_folder(fixture);
    fixture->results.plane = NULL;
    write_folder(fixture);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *text = folder_read(fixture->dir, files[i]);
        CU_ASSERT_PTR_NULL(text);
        free(text);
    }
    char *page = folder_read(fixture->dir, "index.html");
    CU_ASSERT_PTR_NOT_NULL_FATAL(page);
    CU_ASSERT_PTR_NULL(strstr(page, "moves.csv"));
    CU_ASSERT_PTR_NULL(strstr(page, "Boot"));
    free(page);
    fixture_free(fixture);
}

/* ---- standard output ---- */

static char *printed(const struct plane_report *plane)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    CHECK(out);
    plane_print(plane, out);
    fclose(out);
    return text;
}

/* Nothing is wider than the table, whatever the names. Cuts @text up. */
static void check_width(char *text)
{
    for (char *line = strsep(&text, "\n"); line; line = strsep(&text, "\n"))
        CU_ASSERT_TRUE(table_width(line) <= TABLE_COLUMNS);
}

static void test_print(void)
{
    static const char *const texts[] = {
        "all in use after 250.0 ms",
        "nic0.vf3   user0 to user1   graceful",
        "at 500.0 us",
        "in use 600.0 us later",
        "drain 46.00 us",
        "NOT FINISHED",
        "stale-entry",
        "5 TLPs mis-delivered",
        "user0       completion time-outs 3   fatal errors 1\n",
        "1234\n",
        "held off      0 requests while draining   1 look-ups killed",
    };
    struct fixture *fixture = fixture_new();
    char *text = printed(&fixture->plane);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CU_ASSERT_PTR_NOT_NULL(strstr(text, texts[i]));
    check_width(text);
    free(text);

    fixture->plane.wrong = (struct plane_wrong){0};
    text = printed(&fixture->plane);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "went wrong    nothing\n"));
    free(text);

    text = printed(&(const struct plane_report){0});
    CU_ASSERT_STRING_EQUAL(text, "");
    free(text);
    fixture_free(fixture);
}

/* Long names and long lists: cut, wrapped, and told where the rest is. */
static void test_many_moves(void)
{
    enum { MANY = 100 };
    static const char name[] = "a-network-card-whose-name-fills-the-line.vf100-255";
    struct fixture *fixture = fixture_new();
    struct plane_move *moves = calloc(MANY, sizeof *moves);
    CHECK(moves);
    for (int i = 0; i < MANY; i++) {
        moves[i] = fixture->moves[0];
        moves[i].vf = moves[i].from = moves[i].to = name;
        moves[i].fault = MANAGER_INVALIDATE_FIRST;
        moves[i].record.abandoned = UINT32_MAX;
    }
    fixture->plane.moves = moves;
    fixture->plane.n_moves = MANY;
    write_folder(fixture);
    char *text = printed(&fixture->plane);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "and 84 more moves in moves.csv"));
    check_width(text);
    free(text);
    free(moves);
    fixture_free(fixture);
}

void suite_plane_report(void)
{
    CU_pSuite suite = CU_add_suite("plane_report", NULL, NULL);
    CU_add_test(suite, "spans of boot and moves", test_spans);
    CU_add_test(suite, "nothing is all zeros", test_nothing_is_all_zeros);
    CU_add_test(suite, "simulated times", test_format_ps);
    CU_add_test(suite, "metrics of boot, moves and faults", test_metrics);
    CU_add_test(suite, "files hold the report", test_files);
    CU_add_test(suite, "timeline has marks", test_timeline_has_marks);
    CU_add_test(suite, "without software there is nothing", test_without_software);
    CU_add_test(suite, "printed summary", test_print);
    CU_add_test(suite, "many moves", test_many_moves);
}
