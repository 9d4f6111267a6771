/* VFs that change hands in whole runs: hosts boot by TLPs, every kind of traffic runs, and the pool
 * manager moves VFs in every way. In the right order every move ends with the VF in use, and no TLP
 * is delivered to whom it is not for, no completion dropped and no request timed out, whatever the
 * load. In a wrong order that is counted. Throughput goes with the VFs. Not pinned: how long a move
 * takes, and how many requests the switch refuses of a host that lost its card by surprise. */
#include "../unit/forked.h"
#include "base/check.h"
#include "run/plane_report.h"
#include "run/run.h"

#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void suite_moves(void);

enum { TEXT_BYTES = 4096, USERS = 3, FIRST_MOVE_US = 300, MOVE_US = 2500, AFTER_US = 3000 };

/* ---- a run ---- */

enum load { LOAD_OPEN, LOAD_OPEN_HIGH, LOAD_CLOSED, LOAD_CLOSED_DEEP, LOADS };

static const struct traffic_kind {
    const char *op, *device, *size;
    const char *loads[LOADS];
} kinds[] = {
    {"dma-read", "'null'", "512B", {"bandwidth: 1Gbps", "load: 90%", "depth: 4", "depth: 64"}},
    {"dma-write", "'null'", "512B", {"bandwidth: 1Gbps", "load: 90%", "depth: 4", "depth: 64"}},
    {"mmio-read", "'null'", "4B", {"rate: 100kops", "rate: 2Mops", "depth: 4", "depth: 64"}},
    {"mmio-write", "'null'", "4B", {"rate: 100kops", "rate: 2Mops", "depth: 4", "depth: 64"}},
    {"receive", "nic", "1500B", {"bandwidth: 400Mbps", "load: 80%", "depth: 4", "depth: 64"}},
    {"transmit", "nic", "1500B", {"bandwidth: 400Mbps", "load: 80%", "depth: 4", "depth: 64"}},
    {"read", "nvme", "4KiB", {"rate: 3kops", "load: 40%", "depth: 4", "depth: 64"}},
    {"write", "nvme", "4KiB", {"rate: 3kops", "load: 40%", "depth: 4", "depth: 64"}},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

struct step {
    const char *vf;
    unsigned to; /* user */
};

enum { STEPS_MOST = 4 };

static const struct schedule {
    const char *name;
    unsigned vfs; /* the first half is user0's, the second user1's */
    const char *id_map;
    struct step steps[STEPS_MOST];
} schedules[] = {
    {"one VF", 8, "128", {{"0", 1}}},
    {"several at once", 8, "128", {{"0..2", 1}}},
    {"there and back, and there again", 8, "128", {{"0", 1}, {"0", 0}, {"0", 1}}},
    {"all that a slot has, to an empty one, and others into its place",
     8,
     "128",
     {{"0..3", 2}, {"4..7", 0}}},
    {"one, then all that are left", 8, "128", {{"0", 1}, {"1..3", 1}}},
    {"more functions than a slot has without ARI", 24, "128", {{"0..9", 1}}},
    {"entries that the CAM has to fetch", 8, "4, on_miss: fetch", {{"0..1", 1}, {"0..1", 0}}},
};
enum { SCHEDULES = sizeof schedules / sizeof *schedules };

struct job {
    const struct traffic_kind *kind;
    const struct schedule *schedule;
    const char *how, *order;
    enum load load;
    unsigned seed;
};

static unsigned steps_of(const struct schedule *schedule)
{
    unsigned n = 0;
    while (n < STEPS_MOST && schedule->steps[n].vf)
        n++;
    return n;
}

/* Software's delays are cut down, so that a move takes about a millisecond. */
static void describe(const struct job *job, FILE *out)
{
    const struct schedule *schedule = job->schedule;
    const unsigned half = schedule->vfs / 2, us = AFTER_US + MOVE_US * steps_of(schedule);
    fprintf(out,
            "name: moves\n"
            "run: {seed: %u, warmup: 100us, duration: %uus, max_duration: %uus, precision: 0%%, "
            "progress_limit: 100ms}\n"
            "boot: {mode: tlp, power_on: 10us, vf_enable: 10us, pf_probe: 10us, vf_probe: 20us, "
            "vf_remove: 10us}\n"
            "hosts:\n"
            "  - {name: owner, link: gen3x8}\n"
            "  - {name: user, count: %d, link: gen3x8,\n"
            "     hotplug: {button: 200us, power_off: 50us, link: 100us}}\n"
            "switches: [{name: sw, id_map: {entries: %s}}]\n"
            "devices:\n"
            "  - {name: d, kind: %s, owner: owner, link: gen3x8, vfs: %u, flr: 60us, vf_ready: "
            "8us}\n"
            "manager: {latency: 5us, flr: 100us, order: %s}\n"
            "lend:\n"
            "  - {device: d, vf: 0..%u, to: user0}\n"
            "  - {device: d, vf: %u..%u, to: user1}\n"
            "workloads: [{name: w, op: %s, %s, size: %s}]\n"
            "moves:\n",
            job->seed, us, us, USERS, schedule->id_map, job->kind->device, schedule->vfs,
            job->order, half - 1, half, 2 * half - 1, job->kind->op, job->kind->loads[job->load],
            job->kind->size);
    for (unsigned i = 0; i < steps_of(schedule); i++)
        fprintf(out, "  - {at: %uus, device: d, vf: %s, to: user%u, how: %s}\n",
                FIRST_MOVE_US + i * MOVE_US, schedule->steps[i].vf, schedule->steps[i].to,
                job->how);
}

struct found {
    bool ran;
    uint32_t asked, done;
    uint64_t ops;
    struct plane_wrong wrong;
    double before_gbps[USERS], after_gbps[USERS]; /* mean until the first move, and at the end */
};

/* Mean throughput of @host in the bins whose middle lies from @from_us to @to_us. */
static double mean_gbps(const struct results *results, uint32_t host, double from_us, double to_us)
{
    double sum = 0;
    unsigned n = 0;
    for (uint32_t i = 0; i < results->n_timeline; i++)
        if (results->timeline[i].time_us >= from_us && results->timeline[i].time_us < to_us) {
            sum += results->host_gbps[host * results->n_timeline + i];
            n++;
        }
    return n ? sum / n : 0;
}

static void note(const struct results *results, struct found *found)
{
    const struct plane_report *plane = results->plane;
    found->ran = true;
    found->ops = results->total.ops;
    found->wrong = plane->wrong;
    found->asked = plane->n_moves;
    for (uint32_t m = 0; m < plane->n_moves; m++)
        found->done += plane->moves[m].record.done;
    const double end_us = results->warmup_us + results->measured_us;
    for (uint32_t h = 0; h < results->n_hosts; h++) {
        const char *name = results->hosts[h].name;
        const unsigned user = (unsigned)(name[strlen(name) - 1] - '0');
        CHECK(user < USERS);
        found->before_gbps[user] = mean_gbps(results, h, 0, FIRST_MOVE_US);
        found->after_gbps[user] = mean_gbps(results, h, end_us - 1000, end_us);
    }
}

static void run_job(void *argument, void *out)
{
    const struct run_options options = {.quiet = true};
    struct config *config = NULL;
    struct results *results = NULL;
    struct err err = {0};
    char text[TEXT_BYTES] = "";
    FILE *yaml = fmemopen(text, sizeof text, "w");
    CHECK(yaml);
    describe(argument, yaml);
    fclose(yaml);
    if (config_load_text("moves.yaml", text, strlen(text), 0, NULL, &config, &err) &&
        run_config(config, &options, &results, &err))
        note(results, out);
    else
        err_print(&err, stderr);
    results_free(results);
    config_free(config);
}

static struct found run(const struct job *job)
{
    struct found found = {0};
    struct job copy = *job;
    CU_ASSERT_TRUE(forked(run_job, &copy, &found, sizeof found));
    return found;
}

/* ---- in the right order ---- */

static void check_correct(const struct job *job)
{
    const struct found found = run(job);
    const bool good = found.ran && found.ops > 0 && found.asked > 0 && found.done == found.asked &&
                      plane_wrong_is_none(&found.wrong);
    CU_ASSERT_TRUE(good);
    if (!good)
        fprintf(stderr,
                "moves: %s, %s, %s, %s, seed %u: %u of %u moves done, %llu mis-delivered, %llu "
                "dropped, %llu time-outs\n",
                job->kind->op, job->kind->loads[job->load], job->how, job->schedule->name,
                job->seed, found.done, found.asked, (unsigned long long)found.wrong.misdelivered,
                (unsigned long long)found.wrong.dropped_completions,
                (unsigned long long)found.wrong.timeouts);
}

/* Every kind of traffic under every load moved in every way, the schedules in turn. */
static void check_every_traffic(const char *how)
{
    unsigned seed = 1;
    for (size_t k = 0; k < KINDS; k++)
        for (unsigned load = 0; load < LOADS; load++, seed++)
            check_correct(&(const struct job){.kind = &kinds[k],
                                              .schedule = &schedules[seed % SCHEDULES],
                                              .how = how,
                                              .order = "correct",
                                              .load = (enum load)load,
                                              .seed = seed});
}

static void test_graceful(void)
{
    check_every_traffic("graceful");
}

static void test_immediate(void)
{
    check_every_traffic("immediate");
}

static void test_surprise(void)
{
    check_every_traffic("surprise");
}

/* Every schedule in every way, for traffic that comes from both sides. */
static void test_every_schedule(void)
{
    static const char *const ways[] = {"graceful", "immediate", "surprise"};
    static const unsigned traffic[] = {0, 4}; /* dma-read, receive */
    unsigned seed = 101;
    for (size_t s = 0; s < SCHEDULES; s++)
        for (size_t w = 0; w < sizeof ways / sizeof *ways; w++)
            for (size_t k = 0; k < sizeof traffic / sizeof *traffic; k++, seed++)
                check_correct(&(const struct job){.kind = &kinds[traffic[k]],
                                                  .schedule = &schedules[s],
                                                  .how = ways[w],
                                                  .order = "correct",
                                                  .load = (enum load)(seed % LOADS),
                                                  .seed = seed});
}

/* ---- in a wrong order ---- */

/* Such runs end, and what went wrong is counted. A move may never be done: a VF that was not
 * drained waits for ever for what came to nobody. */
static void test_wrong_orders_are_counted(void)
{
    static const struct {
        const char *order, *how;
        unsigned kind;
    } cases[] = {
        {"invalidate-before-drain", "graceful", 0},
        {"invalidate-before-drain", "graceful", 1},
        {"invalidate-before-drain", "graceful", 2},
        {"invalidate-before-drain", "graceful", 4},
        {"invalidate-before-drain", "graceful", 5},
        {"invalidate-before-drain", "graceful", 6},
        {"invalidate-before-drain", "immediate", 1},
        {"invalidate-before-drain", "immediate", 4},
        {"invalidate-before-drain", "immediate", 5},
        {"invalidate-before-drain", "surprise", 1},
        {"invalidate-before-drain", "surprise", 4},
        {"no-flr", "graceful", 1},
        {"no-flr", "graceful", 4},
        {"no-flr", "immediate", 5},
        {"no-flr", "surprise", 6},
        {"stale-entry", "graceful", 0},
        {"stale-entry", "graceful", 2},
        {"stale-entry", "immediate", 4},
        {"stale-entry", "surprise", 0},
        {"stale-entry", "surprise", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct job job = {.kind = &kinds[cases[i].kind],
                                .schedule = &schedules[0],
                                .how = cases[i].how,
                                .order = cases[i].order,
                                .load = LOAD_CLOSED_DEEP,
                                .seed = 7};
        const struct found found = run(&job);
        CU_ASSERT_TRUE(found.ran);
        CU_ASSERT_TRUE(found.wrong.misdelivered > 0);
        if (!found.wrong.misdelivered)
            fprintf(stderr, "moves: %s, %s, %s: nothing mis-delivered\n", cases[i].order,
                    cases[i].how, job.kind->op);
    }
}

static void run_file(void *argument, void *out)
{
    const struct run_options options = {.quiet = true};
    struct config *config = NULL;
    struct results *results = NULL;
    struct err err = {0};
    if (config_load(argument, 0, NULL, &config, &err) &&
        run_config(config, &options, &results, &err))
        note(results, out);
    else
        err_print(&err, stderr);
    results_free(results);
    config_free(config);
}

/* A command that a VF was given before it moved, without a reset, is never ended; the run is. */
static void test_runs_without_resets_end(void)
{
    char path[] = "tests/data/good/without-resets.yaml";
    struct found found = {0};
    CU_ASSERT_TRUE(forked(run_file, path, &found, sizeof found));
    CU_ASSERT_TRUE(found.ran && found.done == found.asked && found.ops > 0);
}

/* ---- throughput ---- */

/* user0's VFs go to user2, which had none, and user1's to user0. */
static void test_throughput_goes_along(void)
{
    static const char *const ways[] = {"graceful", "immediate", "surprise"};
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        const struct found found = run(&(const struct job){.kind = &kinds[1],
                                                           .schedule = &schedules[3],
                                                           .how = ways[w],
                                                           .order = "correct",
                                                           .load = LOAD_OPEN,
                                                           .seed = 3});
        CU_ASSERT_TRUE_FATAL(found.ran);
        CU_ASSERT_DOUBLE_EQUAL(found.before_gbps[0], 4, 0.8);
        CU_ASSERT_DOUBLE_EQUAL(found.before_gbps[1], 4, 0.8);
        CU_ASSERT_EQUAL(found.before_gbps[2], 0);
        CU_ASSERT_DOUBLE_EQUAL(found.after_gbps[0], 4, 0.8);
        CU_ASSERT_EQUAL(found.after_gbps[1], 0);
        CU_ASSERT_DOUBLE_EQUAL(found.after_gbps[2], 4, 0.8);
    }
}

void suite_moves(void)
{
    CU_pSuite suite = CU_add_suite("moves", NULL, NULL);
    CU_add_test(suite, "by the slots' buttons, nothing goes wrong", test_graceful);
    CU_add_test(suite, "by message, nothing goes wrong", test_immediate);
    CU_add_test(suite, "by surprise, nothing goes wrong", test_surprise);
    CU_add_test(suite, "every schedule", test_every_schedule);
    CU_add_test(suite, "wrong orders are counted", test_wrong_orders_are_counted);
    CU_add_test(suite, "runs without resets end", test_runs_without_resets_end);
    CU_add_test(suite, "throughput goes along", test_throughput_goes_along);
}
