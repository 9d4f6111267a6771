/* Whole runs with the hosts' software: what they find does not depend on how software is coupled to
 * the fabric, nor on the order in which components are built; traffic after a boot by TLPs has the
 * latency that it has with numbers that are just there; 64 Users come up. Not pinned: how long a
 * boot takes. */
#include "../unit/forked.h"
#include "run/plane_report.h"
#include "run/run.h"

#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void suite_boot_run(void);

enum { SETS_MOST = 8, HOSTS_MOST = 128 };

struct job {
    const char *path;
    const char *sets[SETS_MOST];
    size_t n_sets;
    struct run_options options;
};

struct found {
    bool good;
    uint64_t hash, booted_ps, ops, failed, bytes, hops;
    double mean_ns, ci95_ns, gbps;
    uint32_t n_boots, n_moves, n_done;
    uint64_t timeouts, nonfatal;
    bool up[HOSTS_MOST]; /* drivers of lent VFs have started */
};

static void note_plane(const struct plane_report *plane, struct found *found)
{
    if (!plane)
        return;
    found->hash = plane->hash;
    found->booted_ps = plane->booted_ps;
    found->n_boots = plane->n_boots;
    found->n_moves = plane->n_moves;
    for (uint32_t h = 0; h < plane->n_boots && h < HOSTS_MOST; h++)
        found->up[h] = plane->boots[h].steps[PLANE_BOOT_VF_DRIVER].end_ps > 0;
    found->timeouts = plane->wrong.timeouts;
    for (uint32_t h = 0; h < plane->n_saws; h++)
        found->nonfatal += plane->saws[h].nonfatal;
    for (uint32_t m = 0; m < plane->n_moves; m++)
        found->n_done += plane->moves[m].record.done;
}

static void run_job(void *argument, void *out)
{
    struct job *job = argument;
    struct found *found = out;
    struct config *config = NULL;
    struct results *results = NULL;
    struct err err = {0};
    job->options.quiet = true;
    found->good = config_load(job->path, job->n_sets, job->sets, &config, &err) &&
                  run_config(config, &job->options, &results, &err);
    if (!found->good) {
        err_print(&err, stderr);
        return;
    }
    found->ops = results->total.ops;
    found->failed = results->total.failed;
    found->bytes = results->total.bytes;
    found->hops = results->tlp_hops;
    found->mean_ns = results->total.latency.mean_ns;
    found->ci95_ns = results->total.latency.ci95_ns;
    found->gbps = results->total.gbps;
    note_plane(results->plane, found);
    results_free(results);
    config_free(config);
}

static struct found run(struct job job)
{
    struct found found = {0};
    CU_ASSERT_TRUE_FATAL(forked(run_job, &job, &found, sizeof found));
    CU_ASSERT_TRUE_FATAL(found.good);
    return found;
}

static void same(const struct found *a, const struct found *b)
{
    CU_ASSERT_EQUAL(a->hash, b->hash);
    CU_ASSERT_EQUAL(a->booted_ps, b->booted_ps);
    CU_ASSERT_TRUE(a->ops == b->ops && a->failed == b->failed && a->bytes == b->bytes);
    CU_ASSERT_EQUAL(a->hops, b->hops);
    CU_ASSERT_TRUE(a->mean_ns == b->mean_ns); /* to the last bit */
}

/* Boot, then two moves under load. */
static const struct job reallocation = {
    .path = "tests/data/good/reallocation.yaml",
    .sets = {"run.duration=40ms", "run.max_duration=120ms", "moves.0.at=1ms", "moves.1.at=45ms",
             "moves.2.at=80ms", "workloads.*.bandwidth=50Mbps"},
    .n_sets = 6,
};

static void coupling_and_order_change_nothing(void)
{
    struct job job = reallocation;
    const struct found first = run(job);
    CU_ASSERT_EQUAL(first.n_moves, 3);
    CU_ASSERT_EQUAL(first.n_done, 3);
    CU_ASSERT_TRUE(first.hash != 0 && first.ops > 0);
    job.options.per_event = true;
    const struct found per_event = run(job);
    same(&first, &per_event);
    job.options.per_event = false;
    job.options.order_seed = 5;
    const struct found other_order = run(job);
    same(&first, &other_order);
    job.options.order_seed = 0;
    job.sets[job.n_sets++] = "run.seed=2";
    const struct found other_seed = run(job);
    CU_ASSERT_TRUE(other_seed.mean_ns != first.mean_ns);
}

/* The wires, the switch and the memory are the same; the phases of clocks are not. */
static void traffic_is_the_same_after_every_boot(void)
{
    struct job job = {
        .path = "configs/paper-testbed.yaml", .sets = {"boot.mode=none"}, .n_sets = 1};
    const struct found none = run(job);
    CU_ASSERT_EQUAL(none.booted_ps, 0);
    static const char *const modes[] = {"boot.mode=fast", "boot.mode=tlp"};
    for (int i = 0; i < 2; i++) {
        job.sets[0] = modes[i];
        const struct found found = run(job);
        CU_ASSERT_EQUAL(found.failed, 0);
        CU_ASSERT_TRUE(found.booted_ps > 100000000000);
        CU_ASSERT_TRUE(fabs(found.mean_ns - none.mean_ns) < none.ci95_ns + found.ci95_ns + 1);
        CU_ASSERT_TRUE(fabs(found.gbps / none.gbps - 1) < 0.05);
    }
}

/* Software that boots by calls goes on by calls. */
static void moves_after_a_fast_boot(void)
{
    struct job job = reallocation;
    job.sets[job.n_sets++] = "boot.mode=fast";
    const struct found found = run(job);
    CU_ASSERT_EQUAL(found.n_moves, 3);
    CU_ASSERT_EQUAL(found.n_done, 3);
    CU_ASSERT_EQUAL(found.timeouts, 0);
}

/* A stale entry leads completions astray; the VF that waits for them says so to its User, if the
 * PF's driver lets it. */
static void devices_report_their_time_outs(void)
{
    struct job job = {.path = "configs/reallocation.yaml",
                      .sets = {"manager.order=stale-entry", "pcie.aer=true"},
                      .n_sets = 2};
    const struct found told = run(job);
    CU_ASSERT_TRUE(told.timeouts > 0);
    CU_ASSERT_EQUAL(told.nonfatal, told.timeouts);
    job.sets[1] = "pcie.aer=false";
    const struct found untold = run(job);
    CU_ASSERT_EQUAL(untold.timeouts, told.timeouts);
    CU_ASSERT_EQUAL(untold.nonfatal, 0);
}

static void many_users(void)
{
    const struct job job = {.path = "tests/bench/boot-64x4.yaml"};
    const struct found found = run(job);
    CU_ASSERT_EQUAL(found.n_boots, 65);
    for (uint32_t h = 1; h < 65; h++)
        CU_ASSERT_TRUE(found.up[h]);
    CU_ASSERT_TRUE(found.ops > 256);
}

void suite_boot_run(void)
{
    CU_pSuite suite = CU_add_suite("boot_run", NULL, NULL);
    CU_ADD_TEST(suite, coupling_and_order_change_nothing);
    CU_ADD_TEST(suite, traffic_is_the_same_after_every_boot);
    CU_ADD_TEST(suite, moves_after_a_fast_boot);
    CU_ADD_TEST(suite, devices_report_their_time_outs);
    CU_ADD_TEST(suite, many_users);
}
