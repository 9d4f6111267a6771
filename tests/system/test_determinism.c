/* The same seed gives the same results to the last bit, whatever the order in which components are
 * built; another seed gives others. Every run checks in passing that TLPs, requests and credits are
 * conserved. Not pinned: equality between machines. */
#include "scenario.h"

#include "run/run.h"

#include <CUnit/CUnit.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void suite_determinism(void);

/* ---- results as text ---- */

static void write_latency(FILE *out, const struct result_latency *latency)
{
    fprintf(out, " %" PRIu64 " %a %a %a %a %a %a %a", latency->count, latency->mean_ns,
            latency->ci95_ns, latency->p50_ns, latency->p90_ns, latency->p99_ns, latency->p999_ns,
            latency->max_ns);
}

static void write_flow(FILE *out, const struct result_flow *flow)
{
    fprintf(out, "%s %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %a %a", flow->name, flow->op, flow->ops,
            flow->failed, flow->bytes, flow->gbps, flow->mops);
    write_latency(out, &flow->latency);
    write_latency(out, &flow->fabric);
    for (int part = 0; part < LAT_PARTS; part++)
        fprintf(out, " %a", flow->part_ns[part]);
    for (uint32_t ppm = 0; ppm <= 1000000; ppm += 6250)
        fprintf(out, " %" PRIu64, histogram_quantile(flow->histogram, ppm));
    fputc('\n', out);
}

static void write_parts(FILE *out, const struct results *r)
{
    for (uint32_t i = 0; i < r->n_links; i++) {
        const struct result_link *link = &r->links[i];
        fprintf(out, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %a %a %a\n", link->name,
                link->tlps, link->payload_bytes, link->wire_bytes, link->dllps, link->utilisation,
                link->dllp_share, link->credit_stall_ns);
    }
    for (uint32_t i = 0; i < r->n_buffers; i++)
        fprintf(out, "%s %s %a %" PRIu64 "\n", r->buffers[i].name, r->buffers[i].class_name,
                r->buffers[i].mean_bytes, r->buffers[i].max_bytes);
    for (uint32_t i = 0; i < r->n_id_maps; i++)
        fprintf(out, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", r->id_maps[i].name,
                r->id_maps[i].hits, r->id_maps[i].misses, r->id_maps[i].fetches);
    for (uint32_t i = 0; i < r->n_timeline; i++)
        fprintf(out, "%a %a %a\n", r->timeline[i].time_us, r->timeline[i].gbps,
                r->timeline[i].latency_mean_ns);
    for (uint32_t i = 0; r->host_gbps && i < r->n_hosts * r->n_timeline; i++)
        fprintf(out, "%a\n", r->host_gbps[i]);
}

/* All fields but the machine's: wall clock and memory. Floating point to the last bit. */
static char *text_of(const struct results *r)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    CHECK(out);
    fprintf(out,
            "%s %d %s %a %a %a %a %a %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
            " %a\n",
            r->name, r->converged, r->convergence, r->simulated_us, r->warmup_us, r->measured_us,
            r->offered_gbps, r->fairness_jain, r->unsupported_requests, r->dropped_tlps,
            r->interrupts, r->tlp_hops, r->events, r->bytes_per_tlp);
    write_flow(out, &r->total);
    for (uint32_t w = 0; w < r->n_workloads; w++)
        write_flow(out, &r->workloads[w]);
    for (uint32_t h = 0; h < r->n_hosts; h++)
        write_flow(out, &r->hosts[h]);
    write_parts(out, r);
    fclose(out);
    return text;
}

static char *run_text(const struct config *config, uint64_t order_seed)
{
    struct results *results = scenario_run(config, order_seed);
    CU_ASSERT(results->total.ops > 100);
    char *text = text_of(results);
    results_free(results);
    return text;
}

/* ---- topologies ---- */

static const char *const topologies[] = {
    /* every direct kind of operation over one switch, reads in random time, small buffers */
    "hosts:\n- {name: owner}\n- {name: u, count: 3, memory: {latency: [{latency: 400ns, weight: "
    "0.9}, {latency: 1us, weight: 0.1}], outstanding: 4}}\n"
    "switches: [{name: sw, credits: {posted: {header: 3, data: 1KiB}, non_posted: {header: 2}, "
    "completion: {header: 4, data: 1KiB}}}]\n"
    "devices: [{name: d, count: 2, owner: owner, vfs: 6, tags: 12}]\n"
    "lend: [{device: d, to: u}]\n"
    "workloads:\n- {op: dma-write, load: 30%, size: 300B}\n"
    "- {op: dma-read, arrival: closed, depth: 3, size: 3000B}\n"
    "- {op: mmio-write, rate: 500kops, size: 8B}\n- {op: mmio-read, rate: 100kops, size: 4B}\n",
    /* a cascade of unlike switches, a CAM that is too small, head-of-line blocking */
    "hosts:\n- {name: h, count: 3, switch: root}\n"
    "switches:\n- {name: root, id_map: {entries: 2, on_miss: fetch, fetch_cycles: 30}, clock: "
    "300MHz}\n"
    "- {name: leaf0, parent: root, uplink: gen4x8, arbiter: age}\n"
    "- {name: leaf1, parent: leaf0, mode: store-and-forward, voq: false}\n"
    "devices: [{name: d, count: 2, switch: [leaf0, leaf1], owner: h1, vfs: 6}]\n"
    "lend: [{device: d, to: h}]\n"
    "workloads:\n- {op: dma-write, load: 40%, size: 256B}\n"
    "- {op: dma-read, arrival: on-off, load: 30%, on: 5us, off: 15us, size: 2KiB}\n",
    /* direct attachment beside a pool, virtual channels, digests, relaxed and ID-based ordering */
    "pcie: {vcs: 2, ecrc: true, relaxed_ordering: true, id_based_ordering: true}\n"
    "hosts:\n- {name: alone}\n- {name: h, count: 4}\n"
    "switches: [{name: sw, arbiter: weighted, mode: store-and-forward}]\n"
    "devices:\n- {name: near, host: alone, vfs: 2}\n"
    "- {name: d, count: 2, switch: sw, owner: h0, vfs: 8, arbiter: priority}\n"
    "lend: [{device: d, vf: 0..5, to: h1..h3, deal: round-robin, weight: 3}]\n"
    "workloads:\n- {op: dma-write, load: 45%, size: 256B}\n"
    "- {op: dma-read, load: 30%, size: 512B, traffic_class: 1}\n",
    /* real devices */
    "hosts:\n- {name: owner}\n- {name: u, count: 3}\n"
    "switches: [{name: sw}]\n"
    "devices:\n- {name: nic, kind: nic, owner: owner, vfs: 3}\n"
    "- {name: ssd, kind: nvme, owner: owner, vfs: 3, nvme: {read: 5us, write: 3us}}\n"
    "lend:\n- {device: nic, to: u}\n- {device: ssd, to: u}\n"
    "workloads:\n- {op: transmit, load: 5%, size: 1500B}\n- {op: receive, load: 5%, size: "
    "1500B}\n- {op: read, depth: 4, size: 4KiB}\n- {op: write, depth: 2, size: 4KiB}\n",
};
enum { TOPOLOGIES = sizeof topologies / sizeof topologies[0] };

static struct config *load(size_t topology, unsigned seed)
{
    return scenario_load("run: {seed: %u, warmup: 20us, duration: 100us, precision: 0%%}\n%s", seed,
                         topologies[topology]);
}

static void test_same_seed(void)
{
    for (size_t i = 0; i < TOPOLOGIES; i++) {
        struct config *config = load(i, 1);
        char *first = run_text(config, 0);
        char *second = run_text(config, 0);
        CU_ASSERT_STRING_EQUAL(first, second);
        free(first);
        free(second);
        config_free(config);
    }
}

static void test_other_seed(void)
{
    for (size_t i = 0; i < TOPOLOGIES; i++) {
        struct config *one = load(i, 1);
        struct config *two = load(i, 2);
        char *first = run_text(one, 0);
        char *second = run_text(two, 0);
        CU_ASSERT_STRING_NOT_EQUAL(first, second);
        free(first);
        free(second);
        config_free(one);
        config_free(two);
    }
}

static void test_build_order(void)
{
    for (size_t i = 0; i < TOPOLOGIES; i++) {
        struct config *config = load(i, 1);
        char *first = run_text(config, 0);
        for (uint64_t order_seed = 1; order_seed <= 5; order_seed++) {
            char *shuffled = run_text(config, order_seed);
            CU_ASSERT_STRING_EQUAL(first, shuffled);
            free(shuffled);
        }
        free(first);
        config_free(config);
    }
}

void suite_determinism(void)
{
    CU_pSuite suite = CU_add_suite("determinism", NULL, NULL);
    CU_add_test(suite, "same seed, same results", test_same_seed);
    CU_add_test(suite, "other seed, other results", test_other_seed);
    CU_add_test(suite, "build order changes nothing", test_build_order);
}
