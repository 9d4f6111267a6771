/* Tests the result folder of a run, from results made by hand. Does not pin how pages and plots
 * look. */
#include "base/check.h"
#include "run/datafiles.h"
#include "run/folder.h"
#include "run/format.h"
#include "run/output.h"
#include "run/process.h"
#include "run/report.h"
#include "run/run_plots.h"
#include "run/table.h"
#include "run/topology.h"

#include <CUnit/CUnit.h>
#include <ftw.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void suite_output(void);

/* ---- a small pool and what its run found ---- */

enum { HOSTS = 3, WORKLOADS = 2, LINKS = 4, BINS = 20 };

struct fixture {
    struct config *config;
    struct results results;
    struct result_flow flows[WORKLOADS], host_flows[HOSTS];
    struct result_link links[LINKS];
    struct result_buffer buffers[1];
    struct result_id_map id_maps[1];
    struct result_point timeline[BINS];
    double host_gbps[HOSTS * BINS];
    struct histogram histograms[WORKLOADS];
    char dir[64];
};

static const char *const host_names[HOSTS] = {"owner", "user0", "user1"};
static const char *const workload_names[WORKLOADS] = {"web", "bulk-1"};

static const char pool_yaml[] = "name: test\n"
                                "title: 'A test of <pages> & \"quotes\"'\n"
                                "hosts: [{name: owner}, {name: user, count: 2}]\n"
                                "switches: [{name: sw}]\n"
                                "devices: [{name: nic0, kind: nic, owner: owner}]\n"
                                "lend:\n"
                                "  - {device: nic0, vf: 0..3, to: user0}\n"
                                "  - {device: nic0, vf: 4..7, to: user1}\n"
                                "workloads:\n"
                                "  - {name: web, op: transmit, load: 10%}\n"
                                "  - {name: bulk-1, op: receive, load: 10%}\n";

static struct config *pool_new(void)
{
    struct config *config = NULL;
    struct err err;
    if (!config_load_text("configs/test.yaml", pool_yaml, strlen(pool_yaml), 0, NULL, &config,
                          &err)) {
        err_print(&err, stderr);
        CHECK(config);
    }
    return config;
}

static struct result_latency latency_of(const struct histogram *histogram)
{
    return (struct result_latency){.count = histogram->count,
                                   .mean_ns = histogram_mean(histogram) / 1000,
                                   .ci95_ns = 1.25,
                                   .p50_ns = (double)histogram_quantile(histogram, 500000) / 1000,
                                   .p90_ns = (double)histogram_quantile(histogram, 900000) / 1000,
                                   .p99_ns = (double)histogram_quantile(histogram, 990000) / 1000,
                                   .p999_ns = (double)histogram_quantile(histogram, 999000) / 1000,
                                   .max_ns = (double)histogram->max / 1000};
}

/* Latencies of 600 ns and an exponential tail, by a fixed recurrence. */
static void fill_flow(struct fixture *fixture, int i)
{
    struct histogram *histogram = &fixture->histograms[i];
    struct result_flow *flow = &fixture->flows[i];
    uint64_t state = 88172645463325252U + (uint64_t)i;
    for (int k = 0; k < 20000; k++) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        double uniform = (double)(state >> 11) / 9007199254740992.0;
        histogram_record(histogram,
                         (uint64_t)(600000 + 200000 * i - 90000 * (1 + i) * log(1 - uniform)));
    }
    *flow = (struct result_flow){.name = workload_names[i],
                                 .op = i ? "dma_write" : "dma_read",
                                 .ops = histogram->count,
                                 .bytes = histogram->count * 512,
                                 .gbps = 20.5 + i,
                                 .mops = 5.0049 + i,
                                 .histogram = histogram};
    flow->latency = latency_of(histogram);
    flow->fabric = flow->latency;
    for (int part = 0; part < LAT_PARTS; part++)
        flow->part_ns[part] =
            flow->latency.mean_ns * (part + 1) / (LAT_PARTS * (LAT_PARTS + 1) / 2.0);
}

static void fill_results(struct fixture *fixture)
{
    static const char *const link_names[LINKS] = {"nic0->sw", "sw->nic0", "sw->user0", "sw->user1"};
    struct results *results = &fixture->results;
    *results = (struct results){.name = fixture->config->name,
                                .config_path = fixture->config->path,
                                .seed = UINT64_MAX,
                                .converged = true,
                                .convergence = "mean latency within 0.8 % (asked 1 %)",
                                .simulated_us = 2000,
                                .warmup_us = 300,
                                .measured_us = 1700,
                                .offered_gbps = 42,
                                .n_workloads = WORKLOADS,
                                .n_hosts = HOSTS,
                                .n_links = LINKS,
                                .n_buffers = 1,
                                .n_id_maps = 1,
                                .n_timeline = BINS,
                                .workloads = fixture->flows,
                                .hosts = fixture->host_flows,
                                .fairness_jain = 0.99987,
                                .links = fixture->links,
                                .buffers = fixture->buffers,
                                .id_maps = fixture->id_maps,
                                .timeline = fixture->timeline,
                                .host_gbps = fixture->host_gbps,
                                .interrupts = 1234,
                                .tlp_hops = 12345678,
                                .events = 9000000,
                                .wall_s = 1.5,
                                .rss_mib = 12.25,
                                .bytes_per_tlp = 64};
    for (int i = 0; i < WORKLOADS; i++)
        fill_flow(fixture, i);
    results->total = fixture->flows[0];
    results->total.name = "total";
    results->total.op = "";
    for (int i = 0; i < HOSTS; i++)
        fixture->host_flows[i] = (struct result_flow){
            .name = host_names[i], .op = "", .ops = 100, .gbps = i ? 20.5 + 0.5 * i : 0, .mops = 5};
    for (int i = 0; i < LINKS; i++) {
        fixture->links[i] = (struct result_link){.tlps = 1000,
                                                 .wire_bytes = 1,
                                                 .utilisation = 0.2 * (i + 1),
                                                 .dllp_share = 0.021,
                                                 .credit_stall_ns = 5000 * i};
        snprintf(fixture->links[i].name, sizeof fixture->links[i].name, "%s", link_names[i]);
    }
    fixture->buffers[0] =
        (struct result_buffer){.name = "sw.in.user0", .class_name = "posted", .mean_bytes = 12.5};
    fixture->id_maps[0] = (struct result_id_map){.name = "sw.nic0", .hits = 40000, .misses = 1};
    for (int i = 0; i < BINS; i++)
        fixture->timeline[i] =
            (struct result_point){100.0 * i, 40 + sin(i), i == 7 ? 0 : 700 + 20 * cos(i)};
    for (int i = 0; i < HOSTS * BINS; i++)
        fixture->host_gbps[i] = i < BINS ? 0 : 20 + sin(i);
}

static struct fixture *fixture_new(void)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    CHECK(fixture);
    fixture->config = pool_new();
    fill_results(fixture);
    snprintf(fixture->dir, sizeof fixture->dir, "/tmp/poolsim-output-XXXXXX");
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
    for (int i = 0; i < WORKLOADS; i++)
        histogram_fini(&fixture->histograms[i]);
    config_free(fixture->config);
    free(fixture);
}

static bool has_program(const char *name)
{
    char message[64];
    const char *const argv[] = {name, "-V", NULL};
    return process_run("/", argv, message, sizeof message) != PROCESS_MISSING;
}

static size_t count_of(const char *text, const char *needle)
{
    size_t n = 0;
    for (const char *at = strstr(text, needle); at; at = strstr(at + 1, needle))
        n++;
    return n;
}

/* ---- summary.json ---- */

static void test_summary_holds_every_result(void)
{
    struct fixture *fixture = fixture_new();
    struct err err;
    json_t *made = report_json(fixture->config, &fixture->results);
    CU_ASSERT_TRUE_FATAL(output_json(made, fixture->dir, "summary.json", &err));
    char *text = folder_read(fixture->dir, "summary.json");
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    json_t *read = json_loads(text, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(read);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(read, "seed")),
                           "18446744073709551615");
    CU_ASSERT_TRUE(json_is_true(json_object_get(read, "converged")));
    CU_ASSERT_EQUAL(json_array_size(json_object_get(read, "timeline")), BINS);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(read, "tlp_hops")), 12345678);
    const json_t *flow = json_array_get(json_object_get(read, "workloads"), 1);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(flow, "name")), workload_names[1]);
    double sum = 0;
    const char *key;
    json_t *part;
    json_object_foreach(json_object_get(flow, "part_ns"), key, part) sum += json_number_value(part);
    CU_ASSERT_DOUBLE_EQUAL(sum, fixture->flows[1].latency.mean_ns, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(report_metric(read, "latency_p99_ns"),
                           fixture->results.total.latency.p99_ns, 1e-9);
    CU_ASSERT_EQUAL(report_metric(read, "web.gbps"), 20.5);
    CU_ASSERT_EQUAL(report_metric(read, "host.user1.gbps"), 21.5);
    CU_ASSERT_EQUAL(report_metric(read, "fairness_jain"), 0.99987);
    CU_ASSERT_EQUAL(report_metric(read, "link.sw->user1.utilisation"), 0.8);
    CU_ASSERT_TRUE(isnan(report_metric(read, "no_such_metric")));
    CU_ASSERT_TRUE(isnan(report_metric(read, "wall_s"))); /* the machine's, not the model's */
    json_decref(read);
    json_decref(made);
    free(text);
    fixture_free(fixture);
}

static void test_not_a_number_is_null(void)
{
    struct fixture *fixture = fixture_new();
    fixture->results.fairness_jain = (double)NAN;
    json_t *summary = report_json(fixture->config, &fixture->results);
    CU_ASSERT_TRUE(json_is_null(json_object_get(summary, "fairness_jain")));
    json_decref(summary);
    fixture_free(fixture);
}

/* ---- the folder ---- */

static double cell_value(const char *line, int column)
{
    char *end = NULL;
    for (int i = 0; i < column; i++) {
        line = strchr(line, ',');
        CHECK(line);
        line++;
    }
    double value = strtod(line, &end);
    CU_ASSERT_TRUE(end > line && (*end == ',' || *end == '\0'));
    return value;
}

/* The cdf of each workload rises from 0 to 1, the ccdf is its complement, and the counts sum to the
 * operations. */
static void check_histogram_file(const char *dir)
{
    char *text = folder_read(dir, "histogram.csv");
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    double previous = 0, count = 0;
    char *rest = text;
    CU_ASSERT_PTR_NOT_NULL_FATAL(strsep(&rest, "\n"));
    for (char *line = strsep(&rest, "\n"); line && !strncmp(line, "web,", 4);
         line = strsep(&rest, "\n")) {
        double low = cell_value(line, 1), high = cell_value(line, 2);
        double cdf = cell_value(line, 4), ccdf = cell_value(line, 5);
        CU_ASSERT_TRUE(low <= high);
        CU_ASSERT_TRUE(cdf >= previous);
        CU_ASSERT_DOUBLE_EQUAL(cdf + ccdf, 1, 1e-12);
        count += cell_value(line, 3);
        previous = cdf;
    }
    CU_ASSERT_EQUAL(previous, 1);
    CU_ASSERT_EQUAL(count, 20000);
    free(text);
}

/* Every bin of every host, in order, as it was given. */
static void check_host_timeline_file(const struct fixture *fixture)
{
    char *text = folder_read(fixture->dir, "host_timeline.csv");
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    char *rest = text;
    CU_ASSERT_STRING_EQUAL(strsep(&rest, "\n"), "host,time_us,gbps");
    for (int h = 0; h < HOSTS; h++)
        for (int i = 0; i < BINS; i++) {
            const char *line = strsep(&rest, "\n");
            CU_ASSERT_TRUE(!strncmp(line, host_names[h], strlen(host_names[h])));
            CU_ASSERT_EQUAL(cell_value(line, 1), fixture->timeline[i].time_us);
            CU_ASSERT_EQUAL(cell_value(line, 2), fixture->host_gbps[h * BINS + i]);
        }
    CU_ASSERT_STRING_EQUAL(rest, "");
    free(text);
}

static void check_svg(const char *dir, const char *name)
{
    char *text = folder_read(dir, name);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "<svg"));
    CU_ASSERT_EQUAL(count_of(text, "<g "), count_of(text, "</g>"));
    const char *last = text + strlen(text) - strlen("</svg>");
    while (last > text && strncmp(last, "</svg>", 6) != 0)
        last--;
    CU_ASSERT_TRUE(last > text && strspn(last + 6, " \n") == strlen(last + 6));
    free(text);
}

/* Nothing is loaded from elsewhere: what looks like an address is only ever the name of an XML
 * namespace. */
static void check_page(const char *dir)
{
    char *page = folder_read(dir, "index.html");
    CU_ASSERT_PTR_NOT_NULL_FATAL(page);
    for (const char *at = strstr(page, "http"); at; at = strstr(at + 1, "http"))
        CU_ASSERT_TRUE(at - page > 20 && memmem(at - 13, 13, "xmlns", 5) != NULL);
    CU_ASSERT_EQUAL(count_of(page, "src=\"//"), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "A test of &lt;pages&gt; &amp; &quot;quotes&quot;"));
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "prefers-color-scheme:dark"));
    CU_ASSERT_EQUAL(count_of(page, "<figure"), count_of(page, "</figure>"));
    CU_ASSERT_EQUAL(count_of(page, "<svg"), count_of(page, "</svg>"));
    CU_ASSERT_EQUAL(count_of(page, "<?xml"), 0);
    CU_ASSERT_EQUAL(count_of(page, "<!DOCTYPE"), 1);
    free(page);
}

static void test_folder_is_complete(void)
{
    static const char *const files[] = {"index.html",    "summary.json",      "results.csv",
                                        "histogram.csv", "decomposition.csv", "hosts.csv",
                                        "links.csv",     "timeline.csv",      "host_timeline.csv",
                                        "resolved.yaml", "topology.dot"};
    struct fixture *fixture = fixture_new();
    struct err err = {0};
    FILE *warnings = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(warnings);
    bool written = output_write(fixture->config, &fixture->results, fixture->dir, warnings, &err);
    CU_ASSERT_TRUE_FATAL(written);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *text = folder_read(fixture->dir, files[i]);
        CU_ASSERT_PTR_NOT_NULL(text);
        CU_ASSERT_TRUE(text && (*text || !strcmp(files[i], "resolved.yaml")));
        free(text);
    }
    check_histogram_file(fixture->dir);
    check_host_timeline_file(fixture);
    if (has_program("gnuplot")) {
        check_svg(fixture->dir, "plots/latency_cdf.svg");
        check_svg(fixture->dir, "plots/latency_ccdf.svg");
        check_svg(fixture->dir, "plots/decomposition.svg");
        check_svg(fixture->dir, "plots/hosts.svg");
        check_svg(fixture->dir, "plots/links.svg");
        check_svg(fixture->dir, "plots/timeline.svg");
        check_svg(fixture->dir, "plots/host_timeline.svg");
    }
    if (has_program("dot"))
        check_svg(fixture->dir, "topology.svg");
    check_page(fixture->dir);
    if (has_program("gnuplot") && has_program("dot"))
        CU_ASSERT_EQUAL(ftell(warnings), 0);
    fclose(warnings);
    fixture_free(fixture);
}

/* Without their timelines (there are too many hosts) the file has no row, and there is no figure.
 */
static void test_many_hosts_have_no_timeline(void)
{
    struct fixture *fixture = fixture_new();
    struct err err = {0};
    fixture->results.host_gbps = NULL;
    CU_ASSERT_TRUE_FATAL(
        output_write(fixture->config, &fixture->results, fixture->dir, stderr, &err));
    char *text = folder_read(fixture->dir, "host_timeline.csv");
    char *script = folder_read(fixture->dir, "plots/host_timeline.gp");
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_STRING_EQUAL(text, "host,time_us,gbps\n");
    CU_ASSERT_PTR_NULL(script);
    free(script);
    free(text);
    fixture_free(fixture);
}

/* An empty PATH has neither gnuplot nor dot: a warning, no stale drawing, and a page all the same.
 */
static void test_without_gnuplot(void)
{
    struct fixture *fixture = fixture_new();
    struct err err = {0};
    char *path = strdup(getenv("PATH")), *text = NULL, plots[PATH_MAX], stale[PATH_MAX];
    size_t bytes = 0;
    CU_ASSERT_TRUE_FATAL(folder_path(plots, fixture->dir, "plots", &err) &&
                         folder_make(plots, &err));
    CU_ASSERT_TRUE_FATAL(folder_path(stale, plots, "hosts.svg", &err));
    FILE *old = fopen(stale, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(old);
    fclose(old);
    FILE *warnings = open_memstream(&text, &bytes);
    CU_ASSERT_PTR_NOT_NULL_FATAL(warnings);
    setenv("PATH", "/nonexistent", 1);
    bool written = output_write(fixture->config, &fixture->results, fixture->dir, warnings, &err);
    setenv("PATH", path, 1);
    fclose(warnings);
    CU_ASSERT_TRUE(written);
    CU_ASSERT_EQUAL(count_of(text, "gnuplot is not installed"), 1);
    CU_ASSERT_EQUAL(count_of(text, "dot (Graphviz) is not installed"), 1);
    CU_ASSERT_NOT_EQUAL(access(stale, F_OK), 0);
    check_page(fixture->dir);
    free(text);
    free(path);
    fixture_free(fixture);
}

static void test_folder_that_cannot_be_made(void)
{
    struct fixture *fixture = fixture_new();
    struct err err = {0};
    CU_ASSERT_FALSE(
        output_write(fixture->config, &fixture->results, "/proc/nowhere", stderr, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "/proc/nowhere"));
    fixture_free(fixture);
}

/* ---- the table ---- */

static void test_table_fits_and_sums(void)
{
    struct fixture *fixture = fixture_new();
    char *text = NULL, *rest;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    fixture->flows[1].gbps = 0.0992637;
    table_print(&fixture->results, "results/test/index.html", out);
    fclose(out);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "converged: mean latency within 0.8 %"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Jain's index 0.9999"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, " 0.0993 ")); /* 7 columns, of which one is blank */
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "40000 hits, 1 misses"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "results/test/index.html"));
    char *row = strstr(text, "= mean\nweb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(row);
    double sum = 0;
    row = strstr(row, " ns ") + 3;
    for (int part = 0; part < LAT_PARTS; part++)
        sum += strtod(row, &row);
    double mean = strtod(row, &row);
    CU_ASSERT_EQUAL(*row, '\n');
    CU_ASSERT_TRUE(mean > 0);
    CU_ASSERT_DOUBLE_EQUAL(sum, mean, 1e-6);
    rest = text;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
        CU_ASSERT_TRUE(table_width(line) <= TABLE_COLUMNS);
    free(text);
    fixture_free(fixture);
}

static void test_not_converged_is_told(void)
{
    struct fixture *fixture = fixture_new();
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    fixture->results.converged = false;
    table_print(&fixture->results, NULL, out);
    fclose(out);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "NOT CONVERGED: "));
    free(text);
    fixture_free(fixture);
}

static void test_formats(void)
{
    static const struct {
        double value;
        int digits;
        const char *expected;
    } numbers[] = {{0, 4, "0"},
                   {1234.56, 4, "1235"},
                   {12.3456, 4, "12.35"},
                   {0.012345, 4, "0.01235"},
                   {123456.7, 4, "123457"},
                   {-2.5, 2, "-2.5"},
                   {9.9996, 4, "10.000"},
                   {1e-9, 2, "0.0000"}};
    static const struct {
        uint64_t count;
        const char *expected;
    } counts[] = {
        {0, "0"},           {9999, "9999"},         {10000, "10.00k"},     {999949, "999.9k"},
        {999999, "1.000M"}, {1234567890, "1.235G"}, {UINT64_MAX, "18.45E"}};
    static const struct {
        double seconds;
        const char *expected;
    } durations[] = {{0.254, "0.25 s"},    {3.21, "3.2 s"},     {59.4, "59 s"},
                     {59.6, "1 min 00 s"}, {125, "2 min 05 s"}, {3720, "1 h 02 min"}};
    char buf[FORMAT_BYTES];
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        CU_ASSERT_STRING_EQUAL(format_number(buf, numbers[i].value, numbers[i].digits),
                               numbers[i].expected);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        CU_ASSERT_STRING_EQUAL(format_count(buf, counts[i].count), counts[i].expected);
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++)
        CU_ASSERT_STRING_EQUAL(format_duration(buf, durations[i].seconds), durations[i].expected);
    CU_ASSERT_STRING_EQUAL(format_number(buf, (double)NAN, 3), "-");
    CU_ASSERT_STRING_EQUAL(format_percent(buf, 1), "100 %");
    CU_ASSERT_STRING_EQUAL(format_percent(buf, 0.0004), "0.04 %");
}

static void test_apportion_sums(void)
{
    static const double values[] = {0.04, 0.04, 0.04, 0.04, 99.84};
    double rounded[5], total, sum = 0;
    format_apportion(5, values, 100, 1, rounded, &total);
    for (int i = 0; i < 5; i++) {
        sum += rounded[i];
        CU_ASSERT_TRUE(fabs(rounded[i] - values[i]) < 0.1);
    }
    CU_ASSERT_DOUBLE_EQUAL(total, 100, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(sum, total, 1e-9);
}

static void test_cells_count_characters(void)
{
    static const struct {
        const char *text;
        const char *left, *right;
    } cells[] = {{"ab", "ab    ", "    ab"},
                 {"µs", "µs    ", "    µs"},
                 {"abcdefgh", "abcd..", "abcd.."},
                 {"±±±±±±±", "±±±±..", "±±±±.."}};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        char *text = NULL, expected[64];
        size_t bytes = 0;
        FILE *out = open_memstream(&text, &bytes);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        table_cell_left(out, cells[i].text, 6);
        putc('|', out);
        table_cell_right(out, cells[i].text, 6);
        fclose(out);
        snprintf(expected, sizeof expected, "%s|%s", cells[i].left, cells[i].right);
        CU_ASSERT_STRING_EQUAL(text, expected);
        free(text);
    }
}

/* ---- the picture ---- */

/* Valid until the next call. */
static const char *dot_of(const struct config *config)
{
    static char text[1 << 14];
    FILE *out = fmemopen(text, sizeof text, "w");
    CHECK(out);
    topology_write_dot(config, out);
    CHECK(fclose(out) == 0);
    return text;
}

static void test_topology_names_borrowers(void)
{
    struct fixture *fixture = fixture_new();
    const char *dot = dot_of(fixture->config);
    CU_ASSERT_PTR_NOT_NULL(strstr(dot, "host, Owner"));
    CU_ASSERT_PTR_NOT_NULL(strstr(dot, "VF 0–3 → user0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(dot, "VF 4–7 → user1"));
    CU_ASSERT_EQUAL(count_of(dot, " -> "), 4);
    fixture_free(fixture);
}

static void test_topology_collapses_many_hosts(void)
{
    enum { MANY = 1024 };
    struct fixture *fixture = fixture_new();
    struct cfg_host *many = calloc(MANY, sizeof *many);
    CHECK(many);
    for (unsigned i = 0; i < MANY; i++) {
        many[i] = (struct cfg_host){.index_in_group = i, .link = {.gen = 3, .lanes = 8}};
        CHECK(asprintf(&many[i].name, "h%u", i) > 0);
    }
    struct config config = *fixture->config;
    config.hosts = many;
    config.n_hosts = MANY;
    const char *dot = dot_of(&config);
    CU_ASSERT_PTR_NOT_NULL(strstr(dot, "1024 hosts"));
    CU_ASSERT_PTR_NOT_NULL(strstr(dot, "1024 × gen3 x8"));
    CU_ASSERT_PTR_NOT_NULL(strstr(dot, "8 VFs lent"));
    CU_ASSERT_EQUAL(count_of(dot, " -> "), 2);
    for (unsigned i = 0; i < MANY; i++)
        free(many[i].name);
    free(many);
    fixture_free(fixture);
}

void suite_output(void)
{
    CU_pSuite suite = CU_add_suite("output", NULL, NULL);
    CU_add_test(suite, "summary.json holds every result", test_summary_holds_every_result);
    CU_add_test(suite, "not a number is null", test_not_a_number_is_null);
    CU_add_test(suite, "folder is complete and needs no network", test_folder_is_complete);
    CU_add_test(suite, "many hosts have no timeline", test_many_hosts_have_no_timeline);
    CU_add_test(suite, "missing gnuplot and dot are warnings", test_without_gnuplot);
    CU_add_test(suite, "folder that cannot be made", test_folder_that_cannot_be_made);
    CU_add_test(suite, "table fits 100 columns and its parts sum", test_table_fits_and_sums);
    CU_add_test(suite, "not converged is told", test_not_converged_is_told);
    CU_add_test(suite, "formats", test_formats);
    CU_add_test(suite, "apportioned parts sum", test_apportion_sums);
    CU_add_test(suite, "cells count characters", test_cells_count_characters);
    CU_add_test(suite, "topology names borrowers", test_topology_names_borrowers);
    CU_add_test(suite, "topology collapses many hosts", test_topology_collapses_many_hosts);
}
