/* The consumer of finished operations: window rules, exact sums, timeline, fairness, against a
 * plain recount. */
#include "base/rng.h"
#include "stats/collect.h"

#include <CUnit/CUnit.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

void suite_collect(void);

/* An operation of @flow with all its time in the device. */
static struct op_record make_op(uint32_t flow, uint64_t born_ps, uint64_t done_ps, uint32_t bytes)
{
    struct op_record op = {.born_ps = born_ps, .done_ps = done_ps, .flow = flow, .bytes = bytes};

    op.part_ps[LAT_DEVICE] = done_ps - born_ps;
    return op;
}

static void test_window(void)
{
    static const struct collect_flow flow[] = {{0, 0}};
    static const struct {
        const char *name;
        uint64_t born, done;
        bool failed;
        uint64_t ops, failures, measured, drained;
    } cases[] = {
        {"before", 500, 999, false, 0, 0, 0, 0},
        {"born before, finished inside", 999, 1000, false, 1, 0, 0, 0},
        {"inside", 1000, 1999, false, 1, 0, 1, 1},
        {"born inside, finished behind", 1999, 2000, false, 0, 0, 1, 1},
        {"across", 999, 2000, false, 0, 0, 0, 0},
        {"behind", 2000, 2001, false, 0, 0, 0, 0},
        {"failed inside", 1500, 1600, true, 0, 1, 0, 1},
        {"failed, born inside", 1500, 2600, true, 0, 0, 0, 1},
        {"failed before", 500, 600, true, 0, 0, 0, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct collect *collect = collect_new(1, flow, 1, 1);
        struct collect_account account = {0};
        struct op_record op = make_op(0, cases[i].born, cases[i].done, 64);
        op.failed = cases[i].failed;
        collect_begin(collect, 1000);
        collect_end(collect, 2000);
        collect_op(collect, &op);
        collect_sum(collect, COLLECT_ANY, COLLECT_ANY, &account);
        CU_ASSERT_EQUAL(account.ops, cases[i].ops);
        CU_ASSERT_EQUAL(account.bytes, 64 * cases[i].ops);
        CU_ASSERT_EQUAL(account.failed, cases[i].failures);
        CU_ASSERT_EQUAL(account.latency.count, cases[i].measured);
        CU_ASSERT_EQUAL(account.fabric.count, cases[i].measured);
        CU_ASSERT_EQUAL(collect_drained(collect), cases[i].drained);
        collect_account_fini(&account);
        collect_free(collect);
    }
}

enum { WORKLOADS = 3, HOSTS = 5, FLOWS = 40, OPS = 50000 };

struct recount {
    uint64_t ops, failed, bytes, max_ps;
    uint64_t part_ps[LAT_PARTS];
};

static void random_op(struct rng *rng, uint64_t now, struct op_record *op)
{
    *op = (struct op_record){.born_ps = now,
                             .done_ps = now,
                             .flow = (uint32_t)(rng_uniform(rng) * FLOWS),
                             .bytes = 1 + (uint32_t)(rng_uniform(rng) * 4096),
                             .failed = rng_uniform(rng) < 0.01};
    for (unsigned p = 0; p < LAT_PARTS; p++) {
        op->part_ps[p] = (uint64_t)(rng_uniform(rng) * 1e6);
        op->done_ps += op->part_ps[p];
    }
}

static void compare(const struct collect *collect, uint32_t workload, uint32_t host,
                    const struct recount *expected)
{
    struct collect_account account = {0};
    uint64_t parts = 0;

    collect_sum(collect, workload, host, &account);
    CU_ASSERT_EQUAL(account.ops, expected->ops);
    CU_ASSERT_EQUAL(account.failed, expected->failed);
    CU_ASSERT_EQUAL(account.bytes, expected->bytes);
    CU_ASSERT_EQUAL(account.latency.count, expected->ops);
    CU_ASSERT_EQUAL(account.latency.max, expected->max_ps);
    for (unsigned p = 0; p < LAT_PARTS; p++) {
        CU_ASSERT(account.part_ps[p] == expected->part_ps[p]);
        parts += expected->part_ps[p];
    }
    CU_ASSERT(account.latency.sum == parts);
    CU_ASSERT(account.fabric.sum == parts - expected->part_ps[LAT_SOURCE]);
    collect_account_fini(&account);
}

/* Every way to slice the accounts gives what counting by hand gives. */
static void test_sums(void)
{
    struct collect_flow flow[FLOWS];
    static struct recount by[WORKLOADS + 1][HOSTS + 1]; /* the last of each is ANY */
    struct rng rng;

    memset(by, 0, sizeof(by));
    rng_init(&rng, 1, "collect");
    for (uint32_t i = 0; i < FLOWS; i++) /* not every pair occurs, and host 4 is idle */
        flow[i] = (struct collect_flow){i % 7 % WORKLOADS, i % (HOSTS - 1)};
    struct collect *collect = collect_new(FLOWS, flow, WORKLOADS, HOSTS);
    for (unsigned i = 0; i < OPS; i++) {
        struct op_record op;
        random_op(&rng, 1000 * (uint64_t)i, &op);
        collect_op(collect, &op);
        for (unsigned way = 0; way < 4; way++) {
            struct recount *at = &by[way & 1 ? WORKLOADS : flow[op.flow].workload]
                                    [way & 2 ? HOSTS : flow[op.flow].host];
            at->failed += op.failed;
            if (op.failed)
                continue;
            at->ops++;
            at->bytes += op.bytes;
            const uint64_t latency_ps = op.done_ps - op.born_ps;
            at->max_ps = at->max_ps > latency_ps ? at->max_ps : latency_ps;
            for (unsigned p = 0; p < LAT_PARTS; p++)
                at->part_ps[p] += op.part_ps[p];
        }
    }
    for (uint32_t w = 0; w <= WORKLOADS; w++)
        for (uint32_t h = 0; h <= HOSTS; h++)
            compare(collect, w < WORKLOADS ? w : COLLECT_ANY, h < HOSTS ? h : COLLECT_ANY,
                    &by[w][h]);

    double sum = 0;
    double squares = 0;
    for (unsigned h = 0; h < HOSTS - 1; h++) {
        const double bytes = (double)by[WORKLOADS][h].bytes;
        sum += bytes;
        squares += bytes * bytes;
    }
    CU_ASSERT_DOUBLE_EQUAL(collect_fairness(collect), sum * sum / (4 * squares), 1e-12);
    CU_ASSERT_EQUAL(collect_drained(collect), OPS);
    collect_free(collect);
}

/* A warm-up, forgotten: the window's numbers are as if the run had begun there, and the timeline
 * still shows it. */
static void test_begin_forgets(void)
{
    static const struct collect_flow flow[] = {{0, 0}, {0, 1}};
    struct collect *collect = collect_new(2, flow, 1, 2);
    struct collect_account account = {0};
    struct converge_result result;
    const uint64_t cut = 10000000;
    size_t n = 0;
    uint64_t width_ps = 0;

    for (uint64_t t = 0; t < cut; t += 1000)
        collect_op(collect, &(struct op_record){.born_ps = t,
                                                .done_ps = t + 700,
                                                .part_ps = {[LAT_SOURCE] = 700},
                                                .bytes = 1});
    collect_warmup(collect, &result);
    CU_ASSERT_EQUAL(result.state, CONVERGE_OK);
    CU_ASSERT_DOUBLE_EQUAL(result.mean, 700, 1e-9);
    collect_begin(collect, cut);
    for (uint64_t t = cut; t < 2 * cut; t += 1000) {
        struct op_record op = make_op(t / 1000 % 2, t, t + 300, 10);
        collect_op(collect, &op);
    }
    collect_sum(collect, 0, COLLECT_ANY, &account);
    CU_ASSERT_EQUAL(account.ops, cut / 1000);
    CU_ASSERT_EQUAL(account.bytes, cut / 100);
    CU_ASSERT_EQUAL(account.latency.max, 300);
    CU_ASSERT_EQUAL(histogram_min(&account.latency), 300);
    CU_ASSERT(account.part_ps[LAT_SOURCE] == 0);
    CU_ASSERT(account.part_ps[LAT_DEVICE] == 300 * (histogram_sum)account.ops);
    for (uint32_t way = 0; way < 4; way++) {
        collect_interval(collect, way == 1 ? 0 : COLLECT_ANY, way >= 2 ? way - 2 : COLLECT_ANY,
                         &result);
        CU_ASSERT_EQUAL(result.state, CONVERGE_OK);
        CU_ASSERT_DOUBLE_EQUAL(result.mean, 300, 1e-9);
        CU_ASSERT_EQUAL(result.ci95, 0.0);
    }
    const struct collect_bin *bin = collect_timeline(collect, &n, &width_ps);
    uint64_t ops = 0;
    for (size_t i = 0; i < n; i++)
        ops += bin[i].ops;
    CU_ASSERT_EQUAL(ops, 2 * cut / 1000);
    CU_ASSERT(bin[0].latency_ps == 700 * (histogram_sum)bin[0].ops);
    CU_ASSERT(bin[n - 1].latency_ps == 300 * (histogram_sum)bin[n - 1].ops);
    collect_account_fini(&account);
    collect_free(collect);
}

/* Bins of the timeline hold what finished in them, after any number of widenings and after a jump.
 */
static void test_timeline(void)
{
    static const struct collect_flow flow[] = {{0, 0}};
    static const uint64_t step_ps[] = {1, 1000, 1000000, 3000000007};

    for (size_t s = 0; s < sizeof(step_ps) / sizeof(step_ps[0]); s++) {
        struct collect *collect = collect_new(1, flow, 1, 1);
        enum { FINISHED = 20000 };
        const uint64_t last = step_ps[s] * (FINISHED - 1);
        size_t n = 0;
        uint64_t width_ps = 0;
        for (uint64_t i = 0; i < FINISHED; i++) {
            struct op_record op = make_op(0, i * step_ps[s], i * step_ps[s], 3);
            collect_op(collect, &op);
        }
        const struct collect_bin *bin = collect_timeline(collect, &n, &width_ps);
        CU_ASSERT_EQUAL(n, last / width_ps + 1);
        CU_ASSERT(n <= COLLECT_BINS);
        CU_ASSERT(n > COLLECT_BINS / 2 || width_ps == 16384);
        for (uint64_t i = 0; i < n; i++) {
            const uint64_t end = (i + 1) * width_ps - 1;
            const uint64_t up_to = (end < last ? end : last) / step_ps[s] + 1;
            const uint64_t before = i > 0 ? (i * width_ps - 1) / step_ps[s] + 1 : 0;
            CU_ASSERT_EQUAL(bin[i].ops, up_to - before);
            CU_ASSERT_EQUAL(bin[i].bytes, 3 * bin[i].ops);
        }
        collect_free(collect);
    }
}

/* Each host's timeline has its bytes, in the bins of the run's: the hosts' sum to those, and a
 * plain recount of each agrees, after widenings. A host without a flow has none. */
static void test_host_timelines(void)
{
    enum { USERS = 4, IDLE = 2 };
    static const struct collect_flow flow[] = {{0, 3}, {0, 0}, {1, 0}, {1, 1}};
    struct collect *collect = collect_new(4, flow, 2, USERS);
    static struct op_record op[OPS];
    struct rng rng;
    size_t n = 0;
    uint64_t width_ps = 0;
    uint64_t time_ps = 0;

    rng_init(&rng, 7, "host timelines");
    for (size_t i = 0; i < OPS; i++) {
        time_ps += (uint64_t)(3000 * rng_uniform(&rng));
        op[i] = make_op((uint32_t)(4 * rng_uniform(&rng)), time_ps, time_ps,
                        (uint32_t)(4096 * rng_uniform(&rng)));
        collect_op(collect, &op[i]);
    }
    const struct collect_bin *bin = collect_timeline(collect, &n, &width_ps);
    CU_ASSERT(width_ps > 16384);
    CU_ASSERT_PTR_NULL(collect_host_timeline(collect, IDLE));
    for (size_t i = 0; i < n; i++) {
        uint64_t sum = 0;
        for (uint32_t h = 0; h < USERS; h++)
            sum += h == IDLE ? 0 : collect_host_timeline(collect, h)[i];
        CU_ASSERT_EQUAL(sum, bin[i].bytes);
    }
    for (uint32_t h = 0; h < USERS; h++) {
        uint64_t bytes[COLLECT_BINS] = {0};
        for (size_t i = 0; i < OPS; i++)
            bytes[op[i].done_ps / width_ps] += flow[op[i].flow].host == h ? op[i].bytes : 0;
        CU_ASSERT(h == IDLE || memcmp(bytes, collect_host_timeline(collect, h), sizeof bytes) == 0);
    }
    collect_free(collect);
}

/* As many hosts as have timelines, and one more. */
static void test_too_many_hosts(void)
{
    struct collect_flow flow[COLLECT_TIMELINE_HOSTS + 1];
    for (uint32_t i = 0; i <= COLLECT_TIMELINE_HOSTS; i++)
        flow[i] = (struct collect_flow){0, i};
    for (uint32_t n = COLLECT_TIMELINE_HOSTS; n <= COLLECT_TIMELINE_HOSTS + 1; n++) {
        struct collect *collect = collect_new(n, flow, 1, COLLECT_TIMELINE_HOSTS + 1);
        for (uint32_t i = 0; i < n; i++) {
            struct op_record op = make_op(i, 0, 5, i + 1);
            collect_op(collect, &op);
        }
        for (uint32_t i = 0; i < n; i++) {
            const uint64_t *bytes = collect_host_timeline(collect, i);
            CU_ASSERT(n <= COLLECT_TIMELINE_HOSTS ? bytes && bytes[0] == i + 1 : !bytes);
        }
        collect_free(collect);
    }
}

/* A timeline that begins late is one of the later operations, counted from there, with bins as
 * narrow as if nothing had been before. */
static void test_timeline_origin(void)
{
    static const struct collect_flow flow[] = {{0, 0}};
    enum { BEGIN = 700000123, LATER = 100 };
    struct collect *collect = collect_new(1, flow, 1, 1);
    size_t n = 0;
    uint64_t width_ps = 0;

    for (uint64_t t = 0; t < BEGIN; t += 1000000) {
        struct op_record op = make_op(0, t, t, 1);
        collect_op(collect, &op);
    }
    collect_begin_timeline(collect, BEGIN);
    (void)collect_timeline(collect, &n, &width_ps);
    CU_ASSERT_EQUAL(n, 0);
    for (uint64_t i = 0; i < LATER; i++) {
        struct op_record op = make_op(0, BEGIN + i * 16384, BEGIN + i * 16384, 8);
        collect_op(collect, &op);
    }
    const struct collect_bin *bin = collect_timeline(collect, &n, &width_ps);
    CU_ASSERT_EQUAL(width_ps, 16384);
    CU_ASSERT_EQUAL(n, LATER);
    for (size_t i = 0; i < n; i++) {
        CU_ASSERT_EQUAL(bin[i].ops, 1);
        CU_ASSERT_EQUAL(collect_host_timeline(collect, 0)[i], 8);
    }
    collect_free(collect);
}

/* Parts that miss the total by a picosecond stop the run. In a child, because a failed CHECK
 * aborts. */
static void test_parts_must_sum(void)
{
    static const struct collect_flow flow[] = {{0, 0}};
    static const struct rlimit no_core = {0, 0};

    for (int off = -1; off <= 1; off++) {
        int status = 0;
        fflush(NULL);
        const pid_t child = fork();
        CU_ASSERT_FATAL(child >= 0);
        if (child == 0) {
            struct op_record op = make_op(0, 100, 900, 64);
            op.part_ps[LAT_CREDIT] += (uint64_t)off;
            setrlimit(RLIMIT_CORE, &no_core);
            close(STDERR_FILENO);
            collect_op(collect_new(1, flow, 1, 1), &op);
            _exit(0);
        }
        CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
        if (off == 0)
            CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0)
        else
            CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

static void test_nothing(void)
{
    struct collect *collect = collect_new(0, NULL, 0, 0);
    struct collect_account account = {0};
    struct converge_result result;
    size_t n = 1;
    uint64_t width_ps = 0;

    collect_sum(collect, COLLECT_ANY, COLLECT_ANY, &account);
    CU_ASSERT_EQUAL(account.ops, 0);
    collect_interval(collect, COLLECT_ANY, COLLECT_ANY, &result);
    CU_ASSERT_EQUAL(result.state, CONVERGE_TOO_SHORT);
    CU_ASSERT_EQUAL(collect_fairness(collect), 1.0);
    (void)collect_timeline(collect, &n, &width_ps);
    CU_ASSERT_EQUAL(n, 0);
    collect_account_fini(&account);
    collect_free(collect);
    collect_free(NULL);
}

void suite_collect(void)
{
    CU_pSuite suite = CU_add_suite("collect", NULL, NULL);

    CU_add_test(suite, "window", test_window);
    CU_add_test(suite, "sums", test_sums);
    CU_add_test(suite, "begin forgets", test_begin_forgets);
    CU_add_test(suite, "timeline", test_timeline);
    CU_add_test(suite, "hosts' timelines", test_host_timelines);
    CU_add_test(suite, "too many hosts for timelines", test_too_many_hosts);
    CU_add_test(suite, "timeline from an origin", test_timeline_origin);
    CU_add_test(suite, "parts must sum", test_parts_must_sum);
    CU_add_test(suite, "nothing", test_nothing);
}
