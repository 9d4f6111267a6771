/* Arrival processes: exact constant rates, laws against theory with fixed seeds, traces and their
 * errors. Not pinned: where in its cycle an on/off process starts. */
#include "workload/arrival.h"

#include <CUnit/CUnit.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void suite_arrival(void);

static const struct mark here = {.file = "some.yaml", .line = 3, .column = 9};

/* Arrival k of the constant process is at start + floor(k * den / num), to the picosecond and for
 * ever. */
static void test_constant_never_drifts(void)
{
    static const struct {
        const char *name;
        uint64_t num, den;
    } cases[] = {
        {"10 M/s", 10000000, 1000000000000},
        {"3 per 10 ps", 3, 10},
        {"1e9 + 7 milli-operations/s", 1000000007, 1000000000000000},
        {"a remainder near 2^63", INT64_MAX, UINT64_MAX},
        {"gen3 x16, 256 bytes", 126030769230, 2048000000000000},
    };
    enum { ARRIVALS = 10000000 };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arrival_process process;
        struct arrival arrival;
        const uint64_t start = 12345;
        uint64_t wrong = 0;
        arrival_process_init(&process, ARRIVE_CONSTANT, cases[i].num, cases[i].den, NULL, NULL);
        arrival_init(&arrival, &process, start, 0);
        for (uint64_t k = 0; k < ARRIVALS; k++) {
            const uint64_t exact =
                start + (uint64_t)((arrival_wide)k * cases[i].den / cases[i].num);
            wrong += arrival_next(&arrival, NULL) != exact;
        }
        CU_ASSERT_EQUAL(wrong, 0);
    }
}

static void test_poisson(void)
{
    enum { ARRIVALS = 1000000, BINS = 50 };
    struct arrival_process process;
    struct arrival arrival;
    struct rng rng;
    const double mean = 1e12 / 3e6; /* 3 M/s: 333,333.3 ps */
    unsigned count[BINS] = {0};
    double sum = 0;
    double squares = 0;
    uint64_t last = 0;

    rng_init(&rng, 1, "poisson");
    arrival_process_init(&process, ARRIVE_POISSON, 3000000, 1000000000000, NULL, NULL);
    arrival_init(&arrival, &process, 0, 0);
    for (unsigned i = 0; i < ARRIVALS; i++) {
        const uint64_t now = arrival_next(&arrival, &rng);
        const double gap = (double)(now - last);
        last = now;
        sum += gap;
        squares += gap * gap;
        count[(unsigned)fmin(-expm1(-(gap + 0.5) / mean) * BINS, BINS - 1)]++;
    }
    double chi = 0;
    for (unsigned k = 0; k < BINS; k++)
        chi += pow(count[k] - (double)ARRIVALS / BINS, 2) / ((double)ARRIVALS / BINS);
    const double p = gsl_cdf_chisq_Q(chi, BINS - 1);
    CU_ASSERT(p > 0.001 && p < 0.999);
    CU_ASSERT(fabs(sum / ARRIVALS / mean - 1) < 4 / sqrt(ARRIVALS));
    const double variance = squares / ARRIVALS - pow(sum / ARRIVALS, 2);
    CU_ASSERT(fabs(variance / (mean * mean) - 1) < 4 * sqrt(8.0 / ARRIVALS));
}

/* Poisson with a mean gap of 0.7 ps: rounding each gap would be off by far; the carried fraction
 * keeps the rate. */
static void test_poisson_rounding(void)
{
    enum { ARRIVALS = 1000000 };
    struct arrival_process process;
    struct arrival arrival;
    struct rng rng;
    uint64_t last = 0;

    rng_init(&rng, 1, "rounding");
    arrival_process_init(&process, ARRIVE_POISSON, 10, 7, NULL, NULL);
    arrival_init(&arrival, &process, 0, 0);
    for (unsigned i = 0; i < ARRIVALS; i++)
        last = arrival_next(&arrival, &rng);
    CU_ASSERT(fabs((double)last / (0.7 * ARRIVALS) - 1) < 4 / sqrt(ARRIVALS));
}

/* On 100 ns, off 300 ns at 10 M/s in the mean: 4 arrivals a cycle at 25 ns, by hand. */
static void test_onoff_constant_periods(void)
{
    const struct arrival_period on = {ARRIVE_PERIOD_CONSTANT, 100000, 0, 0};
    const struct arrival_period off = {ARRIVE_PERIOD_CONSTANT, 300000, 0, 0};
    static const uint64_t offset[] = {0,      25000,  50000,  75000, 100000,
                                      425000, 450000, 475000, 500000};
    struct arrival_process process;
    struct arrival arrival;
    struct rng rng;

    rng_init(&rng, 1, "onoff");
    arrival_process_init(&process, ARRIVE_ONOFF, 10000000, 1000000000000, &on, &off);
    arrival_init(&arrival, &process, 1000, 0);
    const uint64_t start = arrival_next(&arrival, &rng);
    CU_ASSERT(start == 1000 || start == 301000); /* in an on period, or behind an off period */
    for (unsigned i = 1; i < sizeof(offset) / sizeof(offset[0]); i++)
        CU_ASSERT_EQUAL(arrival_next(&arrival, &rng), start + offset[i]);
    uint64_t last = 0;
    for (unsigned i = 9; i <= 1000000; i++)
        last = arrival_next(&arrival, &rng);
    CU_ASSERT_EQUAL(last, start + 249999 * UINT64_C(400000) + 100000);
}

static void test_onoff_mean_rate(void)
{
    static const struct {
        const char *name;
        enum arrival_law law;
        struct arrival_period on, off;
        double tolerance; /* 4 deviations of the periods' sum */
    } cases[] = {
        {"exponential",
         ARRIVE_ONOFF,
         {ARRIVE_PERIOD_EXPONENTIAL, 2000000, 0, 0},
         {ARRIVE_PERIOD_EXPONENTIAL, 6000000, 0, 0},
         0.02},
        {"exponential, Poisson",
         ARRIVE_ONOFF_POISSON,
         {ARRIVE_PERIOD_EXPONENTIAL, 2000000, 0, 0},
         {ARRIVE_PERIOD_EXPONENTIAL, 6000000, 0, 0},
         0.02},
        {"Pareto 2.5",
         ARRIVE_ONOFF,
         {ARRIVE_PERIOD_PARETO, 2000000, 2500, 0},
         {ARRIVE_PERIOD_PARETO, 6000000, 2500, 0},
         0.02},
        {"periods shorter than a gap",
         ARRIVE_ONOFF,
         {ARRIVE_PERIOD_EXPONENTIAL, 7001, 0, 0},
         {ARRIVE_PERIOD_CONSTANT, 999, 0, 0},
         0.01},
    };
    enum { ARRIVALS = 2000000 };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arrival_process process;
        struct arrival arrival;
        struct rng rng;
        uint64_t last = 0;
        bool falls = false;
        rng_init(&rng, 3, cases[i].name);
        arrival_process_init(&process, cases[i].law, 5000000, 1000000000000, &cases[i].on,
                             &cases[i].off);
        arrival_init(&arrival, &process, 0, 0);
        for (unsigned k = 0; k < ARRIVALS; k++) {
            const uint64_t now = arrival_next(&arrival, &rng);
            falls |= now < last;
            last = now;
        }
        CU_ASSERT_FALSE(falls);
        CU_ASSERT(fabs(ARRIVALS / ((double)last * 5e-6) - 1) < cases[i].tolerance);
    }
}

/* Mean and deviation of drawn periods, and the index of the Pareto tail by Hill's estimator over
 * the largest 2 %, whose relative deviation is 1/sqrt(k). */
static int compare_descending(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x < y) - (x > y);
}

static double hill(double *length, unsigned n, unsigned k)
{
    double sum = 0;

    qsort(length, n, sizeof(*length), compare_descending);
    for (unsigned i = 0; i < k; i++)
        sum += log(length[i] / length[k]);
    return k / sum;
}

static void test_pareto_tail(void)
{
    static const uint32_t shape_milli[] = {1200, 1500, 2500};
    enum { PERIODS = 500000, LARGEST = 10000 };
    double *length = calloc(PERIODS, sizeof(*length));

    CU_ASSERT_PTR_NOT_NULL_FATAL(length);
    for (size_t i = 0; i < sizeof(shape_milli) / sizeof(shape_milli[0]); i++) {
        const struct arrival_period pareto = {ARRIVE_PERIOD_PARETO, 1000000, shape_milli[i], 0};
        const double shape = shape_milli[i] / 1000.0;
        struct arrival_process process;
        struct rng rng;
        float fraction = 0;
        rng_init(&rng, 4, "pareto");
        arrival_process_init(&process, ARRIVE_ONOFF, 1, 1000000, &pareto, &pareto);
        double least = 1e18;
        for (unsigned k = 0; k < PERIODS; k++) {
            length[k] = (double)arrival_draw_period(&process.on, &rng, &fraction);
            least = fmin(least, length[k]);
        }
        CU_ASSERT(fabs(least / process.on.least_ps - 1) < 1e-4);
        CU_ASSERT(fabs(hill(length, PERIODS, LARGEST) / shape - 1) < 4 / sqrt(LARGEST));
    }
    free(length);
}

/* The mean of the cut Pareto law, integrated by the substitution u = exp(-t), is the one asked for:
 * with shape 1.1 an uncut law would put a seventh of its mean where nobody sees it. */
static void test_pareto_mean(void)
{
    static const uint32_t shape_milli[] = {1001, 1100, 1500, 3000};
    enum { STEPS = 200000 };

    for (size_t i = 0; i < sizeof(shape_milli) / sizeof(shape_milli[0]); i++) {
        const struct arrival_period pareto = {ARRIVE_PERIOD_PARETO, 1000000, shape_milli[i], 0};
        struct arrival_process process;
        const double end = 32 * log(2);
        double integral = 0;
        arrival_process_init(&process, ARRIVE_ONOFF, 1, 1000000, &pareto, &pareto);
        for (unsigned k = 0; k < STEPS; k++) {
            const double t = end * (k + 0.5) / STEPS;
            integral += exp(t * 1000.0 / shape_milli[i] - t) * end / STEPS;
        }
        CU_ASSERT(fabs(process.on.least_ps * integral / 1e6 - 1) < 1e-6);
    }
}

static void test_exponential_periods(void)
{
    enum { PERIODS = 1000000 };
    const struct arrival_period period = {ARRIVE_PERIOD_EXPONENTIAL, 5, 0,
                                          0}; /* a few ps: rounding shows */
    struct rng rng;
    float fraction = 0;
    double sum = 0;

    rng_init(&rng, 5, "periods");
    for (unsigned i = 0; i < PERIODS; i++)
        sum += (double)arrival_draw_period(&period, &rng, &fraction);
    CU_ASSERT(fabs(sum / PERIODS / 5 - 1) < 4 / sqrt(PERIODS));
}

static void test_stop_and_end_of_time(void)
{
    struct arrival_process process;
    struct arrival arrival;

    arrival_process_init(&process, ARRIVE_CONSTANT, 1, 100, NULL, NULL);
    arrival_init(&arrival, &process, 50, 250);
    CU_ASSERT_EQUAL(arrival_next(&arrival, NULL), 50);
    CU_ASSERT_EQUAL(arrival_next(&arrival, NULL), 150);
    CU_ASSERT_EQUAL(arrival_next(&arrival, NULL), ARRIVAL_NEVER); /* 250 is the end itself */
    CU_ASSERT_EQUAL(arrival_next(&arrival, NULL), ARRIVAL_NEVER);
    arrival_init(&arrival, &process, 50, 50);
    CU_ASSERT_EQUAL(arrival_next(&arrival, NULL), ARRIVAL_NEVER);
    arrival_init(&arrival, &process, UINT64_MAX - 150, 0);
    CU_ASSERT_EQUAL(arrival_next(&arrival, NULL), UINT64_MAX - 150);
    CU_ASSERT_EQUAL(arrival_next(&arrival, NULL), UINT64_MAX - 50);
    CU_ASSERT_EQUAL(arrival_next(&arrival, NULL), ARRIVAL_NEVER);
    CU_ASSERT_EQUAL(arrival_next(&arrival, NULL), ARRIVAL_NEVER);
}

/* An on/off process must find its end although its next arrival is further than time itself. */
static void test_onoff_ends(void)
{
    const struct arrival_period period = {ARRIVE_PERIOD_CONSTANT, UINT64_C(1) << 50, 0, 0};
    struct arrival_process process;
    struct arrival arrival;
    struct rng rng;

    rng_init(&rng, 6, "ends");
    arrival_process_init(&process, ARRIVE_ONOFF, 1, UINT64_C(1) << 63, &period, &period);
    arrival_init(&arrival, &process, 0, 0);
    CU_ASSERT_NOT_EQUAL(arrival_next(&arrival, &rng), ARRIVAL_NEVER);
    CU_ASSERT_NOT_EQUAL(arrival_next(&arrival, &rng), ARRIVAL_NEVER);
    CU_ASSERT_EQUAL(arrival_next(&arrival, &rng), ARRIVAL_NEVER);
    arrival_process_init(&process, ARRIVE_ONOFF_POISSON, 1, UINT64_MAX, &period, &period);
    arrival_init(&arrival, &process, 0, 1000);
    CU_ASSERT_EQUAL(arrival_next(&arrival, &rng), ARRIVAL_NEVER);
}

static void test_trace(void)
{
    static const struct arrival_record expected[] = {
        {0, 64}, {12500, 1500}, {12500, 64}, {1000000001, 9000}};
    struct arrival_trace trace;
    struct arrival_process process;
    struct arrival a, b;
    struct err err;

    CU_ASSERT_FATAL(arrival_trace_load(&trace, "tests/data/trace/good.csv", &here, &err));
    CU_ASSERT_EQUAL(trace.n, 4);
    arrival_process_init_trace(&process, &trace);
    arrival_init(&a, &process, 7000, 0);
    arrival_init(&b, &process, 0, 12501);
    CU_ASSERT_EQUAL(arrival_bytes(&a), 0);
    for (unsigned i = 0; i < 4; i++) { /* two functions share the trace, each at its own place */
        CU_ASSERT_EQUAL(arrival_next(&a, NULL), 7000 + expected[i].time_ps);
        CU_ASSERT_EQUAL(arrival_bytes(&a), expected[i].bytes);
        CU_ASSERT_EQUAL(arrival_next(&b, NULL), i < 3 ? expected[i].time_ps : ARRIVAL_NEVER);
    }
    CU_ASSERT_EQUAL(arrival_next(&a, NULL), ARRIVAL_NEVER);
    CU_ASSERT_EQUAL(arrival_next(&a, NULL), ARRIVAL_NEVER);
    arrival_trace_fini(&trace);

    CU_ASSERT_FATAL(arrival_trace_load(&trace, "tests/data/trace/no_header.csv", &here, &err));
    CU_ASSERT_EQUAL(trace.n, 2);
    CU_ASSERT_EQUAL(trace.record[1].time_ps, 6000);
    CU_ASSERT_EQUAL(trace.record[1].bytes, UINT32_MAX);
    arrival_trace_fini(&trace);
}

static void test_trace_refused(void)
{
    static const struct {
        const char *file;
        uint32_t line, column;
        const char *expected;
    } cases[] = {
        {"empty", 0, 0, "no arrivals"},
        {"only_header", 2, 0, "no arrivals"},
        {"header_swapped", 1, 1, "header \"bytes,time_ns\"; the columns are time_ns,bytes"},
        {"header_twice", 2, 1, "not a time"},
        {"header_late", 2, 1, "not a time"},
        {"backwards", 4, 1, "time goes back by 1 ps"},
        {"negative_time", 2, 1, "not a time"},
        {"exponent", 2, 2, "a comma and a size"},
        {"too_fine", 3, 3, "1.0005 ns is no whole number of picoseconds"},
        {"too_late", 2, 1, "too late"},
        {"way_too_late", 2, 1, "too late"},
        {"one_column", 2, 4, "a comma and a size"},
        {"semicolon", 2, 4, "a comma and a size"},
        {"no_bytes", 2, 5, "not a size"},
        {"zero_bytes", 2, 5, "not a size"},
        {"negative_bytes", 2, 6, "not a size"},
        {"too_many_bytes", 2, 5, "not a size"},
        {"fraction_of_bytes", 2, 7, "unexpected \".5\""},
        {"third_column", 2, 7, "unexpected \",read\""},
        {"unit", 2, 4, "a comma and a size"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arrival_trace trace = {.n = 77};
        struct err err = {0};
        char path[128];
        snprintf(path, sizeof(path), "tests/data/trace/%s.csv", cases[i].file);
        CU_ASSERT_FALSE_FATAL(arrival_trace_load(&trace, path, &here, &err));
        CU_ASSERT_STRING_EQUAL(err.file, path);
        CU_ASSERT_EQUAL(err.line, cases[i].line);
        CU_ASSERT_EQUAL(err.column, cases[i].column);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.message, cases[i].expected));
        CU_ASSERT_EQUAL(trace.n, 77);
    }

    struct arrival_trace trace;
    struct err err;
    CU_ASSERT_FALSE(arrival_trace_load(&trace, "tests/data/trace/none.csv", &here, &err));
    CU_ASSERT_STRING_EQUAL(err.file, "some.yaml");
}

void suite_arrival(void)
{
    CU_pSuite suite = CU_add_suite("arrival", NULL, NULL);

    CU_add_test(suite, "a constant rate never drifts", test_constant_never_drifts);
    CU_add_test(suite, "Poisson", test_poisson);
    CU_add_test(suite, "Poisson keeps fractions", test_poisson_rounding);
    CU_add_test(suite, "on/off of constant periods", test_onoff_constant_periods);
    CU_add_test(suite, "on/off keeps the mean rate", test_onoff_mean_rate);
    CU_add_test(suite, "Pareto tail", test_pareto_tail);
    CU_add_test(suite, "Pareto mean", test_pareto_mean);
    CU_add_test(suite, "exponential periods", test_exponential_periods);
    CU_add_test(suite, "stop and end of time", test_stop_and_end_of_time);
    CU_add_test(suite, "on/off ends", test_onoff_ends);
    CU_add_test(suite, "trace", test_trace);
    CU_add_test(suite, "traces, refused", test_trace_refused);
}
