/* Links at saturation against the ceilings that the Base Specification's rates leave: framing,
 * headers, Acks, UpdateFCs and SKP ordered sets. Writes fill both directions at once, so that each
 * carries what acknowledges and credits the other; reads fill the way down with completions while
 * their requests go up. Then pooling against direct attachment. */
#include "scenario.h"

#include "run/run.h"

#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void suite_ceilings(void);

enum { MPS = 256, MRRS = 512 };

/* ---- theory ---- */

struct line {
    unsigned gen, lanes;
};

/* Rates of a generation (Base Spec 4.2), and what takes its share of the symbols. */
struct symbols {
    double gigatransfers, code;
    double ack_delay;              /* of the Ack latency limit, symbol times (3.6.3.1) */
    double skp_symbols, skp_every; /* 4.2.7 */
};
static const struct symbols symbols[] = {
    [1] = {2.5, 8.0 / 10, 19, 4, 1538},         [2] = {5, 8.0 / 10, 70, 4, 1538},
    [3] = {8, 128.0 / 130, 115, 16, 370 * 16},  [4] = {16, 128.0 / 130, 115, 16, 370 * 16},
    [5] = {32, 128.0 / 130, 115, 16, 370 * 16},
};

static double raw_gbps(struct line line)
{
    return symbols[line.gen].gigatransfers * line.lanes * symbols[line.gen].code;
}

/* Eight data bits; ten on the wire with 8b/10b. */
static double symbol_ns(struct line line)
{
    return (line.gen <= 2 ? 10 : 8) / symbols[line.gen].gigatransfers;
}

/* Latency limit of Acks and UpdateFCs with MPS 256, symbol times. */
static double limit_symbols(struct line line)
{
    double factor = line.lanes <= 4 ? 1.4 : line.lanes == 8 ? 2.5 : 3.0;
    return floor((MPS + 28) * factor / line.lanes) + symbols[line.gen].ack_delay;
}

static double skp_share(struct line line)
{
    return symbols[line.gen].skp_symbols / symbols[line.gen].skp_every;
}

/* Share of the wire that one DLLP of 8 bytes per @period_ns takes. */
static double dllp_share(struct line line, double period_ns)
{
    return 8 * 8 / raw_gbps(line) / period_ns;
}

/* As references give it: an Ack and an UpdateFC per limit, as on links that are wide enough for
 * many TLPs in between. */
static double published_tlp_gbps(struct line line)
{
    double limit_ns = limit_symbols(line) * symbol_ns(line);
    return raw_gbps(line) * (1 - 2 * dllp_share(line, limit_ns) - skp_share(line));
}

/* What is left for TLPs of @bytes, for each @back of which one comes in the other direction. Its
 * Ack goes with the first that ends past the limit, its UpdateFC at the limit or with it when they
 * are rarer. The TLPs' own period depends on that: a fixed point. */
static double tlp_gbps(struct line line, double bytes, double back)
{
    double limit_ns = limit_symbols(line) * symbol_ns(line);
    double left = 1 - skp_share(line);
    for (int i = 0; i < 20; i++) {
        double period_ns = back * bytes * 8 / (raw_gbps(line) * left);
        double ack_ns = ceil(limit_ns / period_ns) * period_ns;
        double update_ns = fmax(limit_ns, period_ns);
        left = 1 - skp_share(line) - dllp_share(line, ack_ns) - dllp_share(line, update_ns);
    }
    return raw_gbps(line) * left;
}

enum { WRITE_BYTES = MPS + 16 + 8, COMPLETION_BYTES = MPS + 12 + 8 };

static double write_gbps(struct line line)
{
    return tlp_gbps(line, WRITE_BYTES, 1) * MPS / WRITE_BYTES;
}

/* A read for each two completions. */
static double read_gbps(struct line line)
{
    return tlp_gbps(line, COMPLETION_BYTES, (double)MRRS / MPS) * MPS / COMPLETION_BYTES;
}

/* ---- measurement ---- */

/* Long enough for some thousand TLPs: @us is the time of a thousand. */
#define RUN "run: {warmup: %uus, duration: %uus, precision: 0%%}\n"
#define CREDITS                                                                                    \
    "credits: {posted: {header: 127, data: 32752B}, non_posted: {header: 127}, "                   \
    "completion: {header: 127, data: 32752B}}"
#define HOST "memory: {latency: 300ns, outstanding: 512, write_latency: 0ns}, mmio: {gap: 0ns}"

static const char write_loads[] =
    "- {name: up, op: dma-write, arrival: closed, depth: 256, size: 256B}\n"
    "- {name: down, op: mmio-write, arrival: closed, depth: 256, size: 256B}\n";
static const char read_loads[] =
    "- {name: read, op: dma-read, arrival: closed, depth: 512, size: 512B}\n";

static unsigned thousand_us(struct line line)
{
    return 1 + (unsigned)(1000 * WRITE_BYTES * 8 / raw_gbps(line) / 1000);
}

static struct results *run_direct(struct line line, const char *loads, struct config **out)
{
    *out = scenario_load(RUN "hosts: [{name: h, " CREDITS ", " HOST "}]\n"
                             "devices: [{name: d, host: h, vfs: 1, tags: 1024, " CREDITS
                             ", link: gen%ux%u}]\n"
                             "workloads:\n%s",
                         thousand_us(line), 4 * thousand_us(line), line.gen, line.lanes, loads);
    return scenario_run(*out, 0);
}

static struct results *run_pooled(struct line line, unsigned users, const char *loads,
                                  struct config **out)
{
    *out = scenario_load(RUN "hosts:\n- {name: owner}\n"
                             "- {name: u, count: %u, link: gen%ux%u, " CREDITS ", " HOST "}\n"
                             "switches: [{name: sw, clock: 1GHz, datapath: 128B, " CREDITS "}]\n"
                             "devices: [{name: d, owner: owner, vfs: %u, tags: 1024, " CREDITS
                             ", link: gen%ux%u}]\n"
                             "lend: [{device: d, to: u}]\n"
                             "workloads:\n%s",
                         thousand_us(line), 4 * thousand_us(line), users, line.gen, line.lanes,
                         users, line.gen, line.lanes, loads);
    return scenario_run(*out, 0);
}

static void expect(const char *what, struct line line, double actual, double expected, double most)
{
    CU_ASSERT(scenario_relative_error(actual, expected) <= most);
    if (scenario_relative_error(actual, expected) > most)
        fprintf(stderr, "gen%ux%u %s: %.3f Gb/s, expected %.3f\n", line.gen, line.lanes, what,
                actual, expected);
}

static double link_gbps(const struct results *results, uint64_t bytes)
{
    return (double)bytes * 8e-3 / results->measured_us;
}

static const struct line lines[] = {{3, 8}, {1, 1}, {1, 4},  {1, 16}, {2, 1}, {2, 4}, {2, 8},
                                    {3, 1}, {3, 4}, {3, 16}, {4, 1},  {4, 4}, {4, 8}, {4, 16},
                                    {5, 1}, {5, 4}, {5, 8},  {5, 16}, {5, 12}};
enum { LINES = sizeof lines / sizeof lines[0] };

static void test_published_ceilings(void)
{
    const struct line line = {3, 8};
    expect("TLPs, an Ack and an UpdateFC per limit", line, published_tlp_gbps(line), 62.23, 0.001);
    expect("TLPs by the refined formula", line, tlp_gbps(line, WRITE_BYTES, 1), 62.23, 0.001);
    expect("writes by the refined formula", line, write_gbps(line), 56.90, 0.001);
    expect("reads by the refined formula", line, read_gbps(line), 57.72, 0.001);
}

static void test_writes(void)
{
    for (size_t i = 0; i < LINES; i++) {
        struct config *config;
        struct results *results = run_direct(lines[i], write_loads, &config);
        CU_ASSERT_EQUAL(results->n_links, 2);
        for (int direction = 0; direction < 2; direction++) {
            const struct result_link *link = &results->links[direction];
            expect("TLPs", lines[i], link_gbps(results, link->wire_bytes),
                   tlp_gbps(lines[i], WRITE_BYTES, 1), 0.005);
            expect("write payload", lines[i], link_gbps(results, link->payload_bytes),
                   write_gbps(lines[i]), 0.005);
        }
        results_free(results);
        config_free(config);
    }
}

static void test_reads(void)
{
    for (size_t i = 0; i < LINES; i++) {
        struct config *config;
        struct results *results = run_direct(lines[i], read_loads, &config);
        expect("read payload", lines[i], link_gbps(results, results->links[0].payload_bytes),
               read_gbps(lines[i]), 0.005);
        results_free(results);
        config_free(config);
    }
}

/* Payload on the device's link, both directions, which is the last of the links. */
static double device_gbps(const struct results *results)
{
    const struct result_link *links = &results->links[results->n_links - 2];
    return link_gbps(results, links[0].payload_bytes + links[1].payload_bytes);
}

/* NEC, HOTI 2010: three hosts that share one device get at least 99 % of what one gets directly. */
static void test_pooling_costs_no_bandwidth(void)
{
    static const struct line shared[] = {{2, 4}, {3, 4}, {3, 8}, {3, 16}, {4, 8}, {4, 16}, {5, 16}};
    static const char *const loads[] = {write_loads, read_loads};
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++) {
        for (size_t kind = 0; kind < 2; kind++) {
            struct config *config;
            struct results *results = run_direct(shared[i], loads[kind], &config);
            const double direct = device_gbps(results);
            results_free(results);
            config_free(config);
            for (unsigned users = 1; users <= 3; users += 2) {
                results = run_pooled(shared[i], users, loads[kind], &config);
                CU_ASSERT(device_gbps(results) >= 0.99 * direct);
                CU_ASSERT(device_gbps(results) <= 1.005 * direct);
                if (device_gbps(results) < 0.99 * direct)
                    fprintf(stderr, "gen%ux%u, %u users, %s: %.3f of %.3f Gb/s\n", shared[i].gen,
                            shared[i].lanes, users, results->workloads[0].name,
                            device_gbps(results), direct);
                results_free(results);
                config_free(config);
            }
        }
    }
}

void suite_ceilings(void)
{
    CU_pSuite suite = CU_add_suite("ceilings", NULL, NULL);
    CU_add_test(suite, "the formula gives the published ceilings", test_published_ceilings);
    CU_add_test(suite, "writes in both directions", test_writes);
    CU_add_test(suite, "reads", test_reads);
    CU_add_test(suite, "pooling costs no bandwidth", test_pooling_costs_no_bandwidth);
}
