/* Histogram: bucket geometry, the error bound against sorted values, exact moments, merging. */
#include "base/rng.h"
#include "stats/histogram.h"

#include <CUnit/CUnit.h>
#include <math.h>
#include <stdlib.h>

void suite_histogram(void);

/* Indices run on without gaps and each bucket is as wide as its header says, at every edge of every
 * octave. */
static void test_geometry(void)
{
    struct histogram histogram = {0};
    struct histogram_bucket bucket = {0};
    uint64_t next = 0;
    uint32_t n = 0;

    CU_ASSERT_EQUAL(histogram_index(0), 0);
    CU_ASSERT_EQUAL(histogram_index(255), 255);
    CU_ASSERT_EQUAL(histogram_index(256), 256);
    CU_ASSERT_EQUAL(histogram_index(257), 256);
    CU_ASSERT_EQUAL(histogram_index(258), 257);
    CU_ASSERT_EQUAL(histogram_index(UINT64_MAX), HISTOGRAM_BUCKETS - 1);

    for (uint64_t low = 0;; low = next) { /* one value into every bucket there is */
        histogram_record(&histogram, low);
        uint64_t width = 1;
        while (low >= (uint64_t)HISTOGRAM_ERROR_INVERSE * width && width < UINT64_C(1) << 56)
            width *= 2;
        CU_ASSERT_EQUAL_FATAL(histogram_index(low), histogram_index(low + width - 1));
        next = low + width;
        if (next == 0)
            break;
        CU_ASSERT_EQUAL_FATAL(histogram_index(low) + 1, histogram_index(next));
    }
    next = 0;
    while (histogram_next(&histogram, &bucket)) {
        CU_ASSERT_EQUAL_FATAL(bucket.low, next);
        CU_ASSERT_EQUAL_FATAL(bucket.count, 1);
        CU_ASSERT_EQUAL_FATAL(histogram_index(bucket.low), n);
        CU_ASSERT_EQUAL_FATAL(histogram_index(bucket.high), n);
        next = bucket.high + 1;
        n++;
    }
    CU_ASSERT_EQUAL(n, HISTOGRAM_BUCKETS);
    CU_ASSERT_EQUAL(next, 0);
    histogram_fini(&histogram);
}

static int compare_u64(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

enum { VALUES = 20000 };

/* Values over the whole range or over a few octaves, as @spread says. */
static void draw_values(struct rng *rng, double spread, uint64_t *value)
{
    for (unsigned i = 0; i < VALUES; i++)
        value[i] = (uint64_t)(exp2(spread * rng_uniform(rng)) * (1 + rng_uniform(rng))) - 1;
}

static void test_quantile_error_bound(void)
{
    static const uint32_t ppm[] = {0, 1, 100000, 500000, 900000, 990000, 999000, 999999, 1000000};
    static const double spread[] = {3, 8, 12, 25, 62.9};
    uint64_t *value = calloc(VALUES, sizeof(*value));
    struct rng rng;

    CU_ASSERT_PTR_NOT_NULL_FATAL(value);
    rng_init(&rng, 1, "histogram");
    for (unsigned k = 0; k < sizeof(spread) / sizeof(spread[0]); k++) {
        struct histogram histogram = {0};
        histogram_sum sum = 0;
        draw_values(&rng, spread[k], value);
        for (unsigned i = 0; i < VALUES; i++) {
            histogram_record(&histogram, value[i]);
            sum += value[i];
        }
        qsort(value, VALUES, sizeof(*value), compare_u64);
        for (unsigned p = 0; p < sizeof(ppm) / sizeof(ppm[0]); p++) {
            uint64_t rank = ((uint64_t)VALUES * ppm[p] + 999999) / 1000000;
            rank = rank > 0 ? rank : 1;
            const uint64_t exact = value[rank - 1];
            const uint64_t found = histogram_quantile(&histogram, ppm[p]);
            const uint64_t off = found > exact ? found - exact : exact - found;
            CU_ASSERT(off <= exact / HISTOGRAM_ERROR_INVERSE);
        }
        CU_ASSERT_EQUAL(histogram.count, VALUES);
        CU_ASSERT(histogram.sum == sum);
        CU_ASSERT_EQUAL(histogram.max, value[VALUES - 1]);
        CU_ASSERT_EQUAL(histogram_min(&histogram), value[0]);
        CU_ASSERT_DOUBLE_EQUAL(histogram_mean(&histogram), (double)sum / VALUES, 1e-9);
        histogram_fini(&histogram);
    }
    free(value);
}

static bool same(const struct histogram *a, const struct histogram *b)
{
    struct histogram_bucket x = {0};
    struct histogram_bucket y = {0};

    while (histogram_next(a, &x)) {
        if (!histogram_next(b, &y) || x.low != y.low || x.count != y.count)
            return false;
    }
    return !histogram_next(b, &y) && a->count == b->count && a->sum == b->sum && a->max == b->max &&
           histogram_min(a) == histogram_min(b);
}

/* Merging any partition, in any order, gives what one histogram would have held. */
static void test_merge(void)
{
    enum { PARTS = 5 };
    uint64_t *value = calloc(VALUES, sizeof(*value));
    struct histogram whole = {0};
    struct histogram part[PARTS] = {{0}};
    struct histogram up = {0};
    struct histogram down = {0};
    struct rng rng;

    CU_ASSERT_PTR_NOT_NULL_FATAL(value);
    rng_init(&rng, 2, "merge");
    draw_values(&rng, 50, value);
    for (unsigned i = 0; i < VALUES; i++) {
        histogram_record(&whole, value[i]);
        histogram_record(&part[value[i] % 7 % (PARTS - 1)],
                         value[i]); /* the last part stays empty */
    }
    for (unsigned i = 0; i < PARTS; i++) {
        histogram_merge(&up, &part[i]);
        histogram_merge(&down, &part[PARTS - 1 - i]);
    }
    CU_ASSERT(same(&up, &whole));
    CU_ASSERT(same(&down, &whole));
    for (unsigned i = 0; i < PARTS; i++)
        histogram_fini(&part[i]);
    histogram_fini(&whole);
    histogram_fini(&up);
    histogram_fini(&down);
    free(value);
}

static void test_empty_and_reset(void)
{
    struct histogram histogram = {0};
    struct histogram_bucket bucket = {0};

    CU_ASSERT_EQUAL(histogram_quantile(&histogram, 500000), 0);
    CU_ASSERT_EQUAL(histogram_min(&histogram), 0);
    CU_ASSERT_EQUAL(histogram_mean(&histogram), 0.0);
    CU_ASSERT_FALSE(histogram_next(&histogram, &bucket));

    histogram_record(&histogram, 1000000);
    histogram_record(&histogram, 5);
    histogram_reset(&histogram);
    CU_ASSERT_EQUAL(histogram_quantile(&histogram, 500000), 0);
    CU_ASSERT_FALSE(histogram_next(&histogram, &bucket));
    histogram_record(&histogram, 300);
    CU_ASSERT_EQUAL(histogram_min(&histogram), 300);
    CU_ASSERT_EQUAL(histogram.max, 300);
    CU_ASSERT_EQUAL(histogram_quantile(&histogram, 999000), 300);
    histogram_fini(&histogram);
}

/* Ranks are whole-number arithmetic: of 1000 values p99.9 is the 999th, never the 1000th by
 * rounding. */
static void test_rank_is_exact(void)
{
    struct histogram histogram = {0};

    for (unsigned i = 0; i < 999; i++)
        histogram_record(&histogram, 10);
    histogram_record(&histogram, 200);
    CU_ASSERT_EQUAL(histogram_quantile(&histogram, 999000), 10);
    CU_ASSERT_EQUAL(histogram_quantile(&histogram, 999001), 200);
    histogram_fini(&histogram);
}

/* What a latency histogram costs: the octaves between its extremes. */
static void test_memory(void)
{
    struct histogram histogram = {0};

    for (uint64_t ps = 250000; ps < 250000000; ps += 997)
        histogram_record(&histogram, ps);
    CU_ASSERT(histogram.span * sizeof(*histogram.bucket) <= 12288);
    CU_ASSERT(sizeof(histogram) <= 64);
    histogram_fini(&histogram);
}

void suite_histogram(void)
{
    CU_pSuite suite = CU_add_suite("histogram", NULL, NULL);

    CU_add_test(suite, "geometry", test_geometry);
    CU_add_test(suite, "quantile error bound", test_quantile_error_bound);
    CU_add_test(suite, "merge", test_merge);
    CU_add_test(suite, "empty and reset", test_empty_and_reset);
    CU_add_test(suite, "ranks are exact", test_rank_is_exact);
    CU_add_test(suite, "memory", test_memory);
}
