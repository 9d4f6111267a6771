/* Warm-up and interval: coverage and cuts on series whose truth is known.
 * Not pinned: coverage on series far from normal or with memory longer than a run. */
#include "base/rng.h"
#include "stats/converge.h"
#include "stats/summary.h"

#include <CUnit/CUnit.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>

void suite_converge(void);

#define MEAN 500.0
#define PHI  0.9

enum { CAPACITY = 4096, REPLICATIONS = 400 };

/* AR(1): correlated like waiting times (lag k: PHI^k), with a known mean; starts @offset away from
 * it. */
static void add_series(struct converge *converge, struct rng *rng, unsigned n, double offset)
{
    double x = offset + gsl_ran_gaussian(&rng->gsl, 100 / sqrt(1 - PHI * PHI));

    for (unsigned i = 0; i < n; i++) {
        converge_add(converge, 1000 * (uint64_t)i, MEAN + x);
        x = PHI * x + gsl_ran_gaussian(&rng->gsl, 100);
    }
}

static void seed(struct rng *rng, const char *what, unsigned replication)
{
    char name[64];

    snprintf(name, sizeof(name), "%s-%u", what, replication);
    rng_init(rng, 2024, name);
}

/* Number of replications whose interval holds the mean, of those that say OK; with an MSER cut or
 * without. */
static unsigned count_covering(unsigned n, uint32_t capacity, bool cut, unsigned *out_ok)
{
    unsigned covering = 0;
    unsigned ok = 0;
    struct converge converge;

    converge_init(&converge, capacity);
    for (unsigned r = 0; r < REPLICATIONS; r++) {
        struct rng rng;
        struct converge_result result;
        seed(&rng, "coverage", r);
        converge_reset(&converge);
        add_series(&converge, &rng, n, 0);
        (cut ? converge_evaluate : converge_interval)(&converge, &result);
        if (result.state != CONVERGE_OK)
            continue;
        ok++;
        covering += fabs(result.mean - MEAN) <= result.ci95;
    }
    converge_fini(&converge);
    *out_ok = ok;
    return covering;
}

/* Of 400 intervals of 95 % between 361 and 393 hold the mean, but for 1 chance in 1000 either way
 * (binomial). */
static void test_coverage(void)
{
    static const struct {
        unsigned n;
        uint32_t capacity;
        bool cut;
    } cases[] = {
        {20000, CAPACITY, false}, {50000, CAPACITY, false}, {50000, CAPACITY, true},
        {50000, 512, false},      {52345, 512, true},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned ok = 0;
        const unsigned covering = count_covering(cases[i].n, cases[i].capacity, cases[i].cut, &ok);
        CU_ASSERT(ok >= REPLICATIONS * 85 / 100);
        CU_ASSERT(gsl_cdf_binomial_P(covering, 0.95, ok) > 0.001);
        CU_ASSERT(gsl_cdf_binomial_Q(covering, 0.95, ok) > 0.001);
    }
}

/* White noise: the correlation test refuses hardly any (each of three at 10 %, nearly nested). */
static void test_independent_series(void)
{
    unsigned refused = 0;
    struct converge converge;

    converge_init(&converge, CAPACITY);
    for (unsigned r = 0; r < REPLICATIONS; r++) {
        struct rng rng;
        struct converge_result result;
        seed(&rng, "white", r);
        converge_reset(&converge);
        for (unsigned i = 0; i < 5000; i++)
            converge_add(&converge, i, gsl_ran_gaussian(&rng.gsl, 1));
        converge_interval(&converge, &result);
        refused += result.state != CONVERGE_OK;
    }
    converge_fini(&converge);
    CU_ASSERT(refused <= REPLICATIONS * 6 / 100);
}

/* A run much shorter than the memory of its series must not pretend to know its mean. */
static void test_correlated(void)
{
    struct converge converge;
    struct converge_result result;
    double x = 0;
    unsigned ok = 0;

    converge_init(&converge, CAPACITY);
    for (unsigned r = 0; r < 100; r++) {
        struct rng rng;
        seed(&rng, "slow", r);
        converge_reset(&converge);
        for (unsigned i = 0; i < 2000; i++) {
            converge_add(&converge, i, x);
            x = 0.999 * x + gsl_ran_gaussian(&rng.gsl, 1);
        }
        converge_interval(&converge, &result);
        ok += result.state == CONVERGE_OK;
        CU_ASSERT_FALSE(result.state == CONVERGE_OK && result.lag1 > 0.25);
    }
    CU_ASSERT(ok <= 2);
    converge_fini(&converge);
}

/* An exponential transient of 2,000 observations' time constant in 100,000: the cut lies where it
 * has died down, and the mean is then free of bias; without the cut it is not. */
static void test_transient_is_cut(void)
{
    struct converge converge;
    struct converge_result result;
    double bias_cut = 0;
    double bias_whole = 0;
    enum { RUNS = 20, N = 100000, TIME_CONSTANT = 2000, LATEST = 12 * TIME_CONSTANT };

    converge_init(&converge, CAPACITY);
    for (unsigned r = 0; r < RUNS; r++) {
        struct rng rng;
        seed(&rng, "transient", r);
        converge_reset(&converge);
        double x = 0;
        for (unsigned i = 0; i < N; i++) {
            const double transient = -400 * exp(-(double)i / TIME_CONSTANT);
            converge_add(&converge, 10 * (uint64_t)i, MEAN + x + transient);
            x = PHI * x + gsl_ran_gaussian(&rng.gsl, 40);
        }
        converge_evaluate(&converge, &result);
        CU_ASSERT_NOT_EQUAL(result.state, CONVERGE_DRIFTS);
        CU_ASSERT(result.warmup_observations > TIME_CONSTANT);
        CU_ASSERT(result.warmup_observations < LATEST);
        CU_ASSERT_EQUAL(result.warmup_end_ps, 10 * result.warmup_observations);
        bias_cut += (result.mean - MEAN) / RUNS;
        converge_interval(&converge, &result);
        bias_whole += (result.mean - MEAN) / RUNS;
    }
    CU_ASSERT(fabs(bias_cut) < 2);
    CU_ASSERT(bias_whole < -6); /* -400 * 2000 / 100000 = -8 */
    converge_fini(&converge);
}

/* A queue that grows without end: never warm. */
static void test_drift(void)
{
    struct converge converge;
    struct converge_result result;

    converge_init(&converge, CAPACITY);
    for (unsigned r = 0; r < 20; r++) {
        struct rng rng;
        seed(&rng, "drift", r);
        converge_reset(&converge);
        for (unsigned i = 0; i < 50000; i++)
            converge_add(&converge, i, i / 50.0 + gsl_ran_gaussian(&rng.gsl, 100));
        converge_evaluate(&converge, &result);
        CU_ASSERT_EQUAL(result.state, CONVERGE_DRIFTS);
        CU_ASSERT_FALSE(converge_is_within(&result, 1000000));
    }
    converge_fini(&converge);
}

/* Unloaded paths give a constant latency; rounding noise is no transient. */
static void test_constant(void)
{
    static const double value[] = {0, 1, 1234567.1, 0.1, 1e15};
    static const unsigned length[] = {600, 20479, 20480, 100001};
    struct converge converge;
    struct converge_result result;

    converge_init(&converge, CAPACITY);
    for (size_t i = 0; i < sizeof(value) / sizeof(value[0]); i++)
        for (size_t k = 0; k < sizeof(length) / sizeof(length[0]); k++) {
            converge_reset(&converge);
            for (unsigned j = 0; j < length[k]; j++)
                converge_add(&converge, 7 + j, value[i]);
            converge_evaluate(&converge, &result);
            CU_ASSERT_EQUAL(result.state, CONVERGE_OK);
            CU_ASSERT_EQUAL(result.warmup_observations, 0);
            CU_ASSERT_EQUAL(result.warmup_end_ps, 7);
            CU_ASSERT_EQUAL(result.ci95, 0.0);
            CU_ASSERT_DOUBLE_EQUAL(result.mean, value[i], 1e-9 * value[i]);
            CU_ASSERT(converge_is_within(&result, 1));
        }
    converge_fini(&converge);
}

static void test_too_short(void)
{
    struct converge converge;
    struct converge_result result;

    converge_init(&converge, CAPACITY);
    converge_evaluate(&converge, &result);
    CU_ASSERT_EQUAL(result.state, CONVERGE_TOO_SHORT);
    CU_ASSERT_EQUAL(result.observations, 0);
    CU_ASSERT_EQUAL(result.mean, 0.0);
    for (unsigned i = 0; i < 5 * CONVERGE_LEAST_BATCHES - 1; i++)
        converge_add(&converge, i, 3);
    converge_evaluate(&converge, &result);
    CU_ASSERT_EQUAL(result.state, CONVERGE_TOO_SHORT);
    CU_ASSERT_EQUAL(result.ci95, 0.0);
    CU_ASSERT_EQUAL(result.batches, 0);
    CU_ASSERT_DOUBLE_EQUAL(result.mean, 3, 1e-12);
    CU_ASSERT_FALSE(converge_is_within(&result, 1000000));
    converge_add(&converge, 1000, 3);
    converge_evaluate(&converge, &result);
    CU_ASSERT_EQUAL(result.state, CONVERGE_OK);
    converge_fini(&converge);
}

/* Merging neighbours loses nothing: the mean of whole batches is that of their observations. */
static void test_merging_keeps_the_mean(void)
{
    struct converge converge;
    struct converge_result result;
    double sum = 0;

    converge_init(&converge, 2 * CONVERGE_LEAST_BATCHES);
    const unsigned n = 5 * 2 * CONVERGE_LEAST_BATCHES * 64;
    for (unsigned i = 0; i < n; i++) {
        const double value = (double)(i * 2654435761U % 1000);
        sum += value;
        converge_add(&converge, i, value);
    }
    converge_interval(&converge, &result);
    CU_ASSERT_EQUAL(converge.n, CONVERGE_LEAST_BATCHES);
    CU_ASSERT_EQUAL(result.observations, n);
    CU_ASSERT_DOUBLE_EQUAL(result.mean, sum / n, 1e-9);
    converge_fini(&converge);
}

static void test_within(void)
{
    struct converge_result result = {.state = CONVERGE_OK, .mean = 200, .ci95 = 2};

    CU_ASSERT(converge_is_within(&result, 10000));
    CU_ASSERT_FALSE(converge_is_within(&result, 9999));
    result.state = CONVERGE_CORRELATED;
    CU_ASSERT_FALSE(converge_is_within(&result, 10000));
}

static void test_summary(void)
{
    static const double sample[] = {2, 4, 4, 4, 5, 5, 7, 9};
    struct summary summary;

    summary_of(8, sample, &summary);
    CU_ASSERT_DOUBLE_EQUAL(summary.mean, 5, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(summary.deviation, sqrt(32.0 / 7), 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(summary.ci95, 2.364624 * sqrt(32.0 / 7 / 8), 1e-6); /* t table: 7 */
    CU_ASSERT_EQUAL(summary.min, 2.0);
    CU_ASSERT_EQUAL(summary.max, 9.0);
    summary_of(1, sample, &summary);
    CU_ASSERT_EQUAL(summary.ci95, 0.0);
    CU_ASSERT_EQUAL(summary.mean, 2.0);
    summary_of(0, NULL, &summary);
    CU_ASSERT_EQUAL(summary.mean, 0.0);
}

static void test_jain(void)
{
    static const struct {
        const char *name;
        size_t n;
        double value[4];
        double expected;
    } cases[] = {
        {"nobody", 0, {0}, 1},
        {"all idle", 3, {0, 0, 0}, 1},
        {"equal", 4, {7, 7, 7, 7}, 1},
        {"one has all", 4, {0, 5, 0, 0}, 0.25},
        {"half of them", 4, {3, 3, 0, 0}, 0.5},
        {"by hand", 3, {1, 2, 3}, 36.0 / 42},
        {"no overflow", 2, {1e200, 1e200}, 1},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        CU_ASSERT_DOUBLE_EQUAL(summary_jain(cases[i].n, cases[i].value), cases[i].expected, 1e-12);
}

void suite_converge(void)
{
    CU_pSuite suite = CU_add_suite("converge", NULL, NULL);

    CU_add_test(suite, "coverage of the interval", test_coverage);
    CU_add_test(suite, "independent series", test_independent_series);
    CU_add_test(suite, "correlated series", test_correlated);
    CU_add_test(suite, "transient is cut", test_transient_is_cut);
    CU_add_test(suite, "drift", test_drift);
    CU_add_test(suite, "constant series", test_constant);
    CU_add_test(suite, "too short", test_too_short);
    CU_add_test(suite, "merging keeps the mean", test_merging_keeps_the_mean);
    CU_add_test(suite, "within", test_within);
    CU_add_test(suite, "summary", test_summary);
    CU_add_test(suite, "Jain's index", test_jain);
}
