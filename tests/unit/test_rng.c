/* Random streams: GSL's recurrence on our own state, independence of streams, uniformity.
 * Not pinned: the quality of taus2 itself. */
#include "base/rng.h"

#include <CUnit/CUnit.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void suite_rng(void);

/* L'Ecuyer's recurrence as the GSL manual prints it, run beside the library from the same state:
 * proves that the three words lie where we write them. */
static void test_state_is_taus2(void)
{
    struct rng rng;

    rng_init(&rng, 42, "layout");
    uint32_t s1 = (uint32_t)rng.state[0];
    uint32_t s2 = (uint32_t)rng.state[1];
    uint32_t s3 = (uint32_t)rng.state[2];
    CU_ASSERT(s1 > 1 && s2 > 7 && s3 > 15);
    for (int i = 0; i < 1000; i++) {
        s1 = ((s1 & 4294967294U) << 12) ^ (((s1 << 13) ^ s1) >> 19);
        s2 = ((s2 & 4294967288U) << 4) ^ (((s2 << 2) ^ s2) >> 25);
        s3 = ((s3 & 4294967280U) << 17) ^ (((s3 << 3) ^ s3) >> 11);
        CU_ASSERT_EQUAL_FATAL(gsl_rng_get(&rng.gsl), s1 ^ s2 ^ s3);
    }
}

static void test_same_seed_same_numbers(void)
{
    struct rng a, b;

    rng_init(&a, 7, "host0");
    rng_init(&b, 7, "host0");
    for (int i = 0; i < 1000; i++)
        CU_ASSERT_EQUAL_FATAL(rng_uniform(&a), rng_uniform(&b));
}

static int compare_u64(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* As many streams as a large pool has functions, under four seeds: no two start alike, though 32
 * bits of seed would make some collide. */
static void test_streams_differ(void)
{
    enum { STREAMS = 65536, ALL = 4 * STREAMS };
    uint64_t *first = calloc(ALL, sizeof(*first));
    char name[32];

    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    for (unsigned i = 0; i < ALL; i++) {
        struct rng rng;
        snprintf(name, sizeof(name), "vf%u", i % STREAMS);
        rng_init(&rng, i / STREAMS, name);
        first[i] = gsl_rng_get(&rng.gsl) << 32;
        first[i] |= gsl_rng_get(&rng.gsl);
    }
    qsort(first, ALL, sizeof(*first), compare_u64);
    for (unsigned i = 1; i < ALL; i++)
        CU_ASSERT_NOT_EQUAL_FATAL(first[i], first[i - 1]);
    free(first);
}

/* The hash names result files, so its values may never change. */
static void test_hash(void)
{
    static const struct {
        uint64_t seed;
        const char *text;
    } cases[] = {{0, ""}, {0, "a"}, {0, "b"}, {1, ""}, {1, "a"}, {0, "ab"}, {0, "ba"}};
    enum { CASES = sizeof(cases) / sizeof(cases[0]) };

    for (unsigned i = 0; i < CASES; i++)
        for (unsigned j = 0; j < i; j++)
            CU_ASSERT_NOT_EQUAL(rng_hash(cases[i].seed, cases[i].text),
                                rng_hash(cases[j].seed, cases[j].text));
    CU_ASSERT_EQUAL(rng_hash(0, ""), UINT64_C(0x9775a911a90dcf7a));
    CU_ASSERT_EQUAL(rng_hash(1, "vf0"), UINT64_C(0xe09d9c6181eee82b));
}

static double chi_square_uniform(double (*draw)(struct rng *), struct rng *rng)
{
    enum { BINS = 1000, DRAWS = 1000000 };
    static unsigned count[BINS];
    double chi = 0;

    for (unsigned i = 0; i < BINS; i++)
        count[i] = 0;
    for (unsigned i = 0; i < DRAWS; i++) {
        const double u = draw(rng);
        CU_ASSERT_FATAL(u >= 0 && u < 1);
        count[(unsigned)(u * BINS)]++;
    }
    for (unsigned i = 0; i < BINS; i++)
        chi += pow(count[i] - (double)DRAWS / BINS, 2) / ((double)DRAWS / BINS);
    return gsl_cdf_chisq_Q(chi, BINS - 1);
}

/* Neither too uneven nor, which a faulty generator may be, too even. */
static void test_uniform(void)
{
    struct rng rng;

    rng_init(&rng, 1, "uniform");
    const double p = chi_square_uniform(rng_uniform, &rng);
    const double p53 = chi_square_uniform(rng_uniform53, &rng);
    CU_ASSERT(p > 0.001 && p < 0.999);
    CU_ASSERT(p53 > 0.001 && p53 < 0.999);
}

/* First draws of neighbouring names are uncorrelated: |r| sqrt(n) is standard normal. */
static void test_neighbours_uncorrelated(void)
{
    enum { STREAMS = 20000 };
    char name[32];
    double sum = 0;
    double last = 0;

    for (unsigned i = 0; i <= STREAMS; i++) {
        struct rng rng;
        snprintf(name, sizeof(name), "host%u", i);
        rng_init(&rng, 5, name);
        const double u = (rng_uniform(&rng) - 0.5) * sqrt(12);
        if (i > 0)
            sum += u * last;
        last = u;
    }
    CU_ASSERT(fabs(sum) / sqrt(STREAMS) < 3.5);
}

void suite_rng(void)
{
    CU_pSuite suite = CU_add_suite("rng", NULL, NULL);

    CU_add_test(suite, "state is that of taus2", test_state_is_taus2);
    CU_add_test(suite, "same seed, same numbers", test_same_seed_same_numbers);
    CU_add_test(suite, "65,536 streams differ", test_streams_differ);
    CU_add_test(suite, "hash", test_hash);
    CU_add_test(suite, "uniform", test_uniform);
    CU_add_test(suite, "neighbouring streams are uncorrelated", test_neighbours_uncorrelated);
}
