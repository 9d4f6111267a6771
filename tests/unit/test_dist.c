/* Distributions: exact means, sampled laws against their own probabilities (chi-square), and
 * refused input. */
#include "base/dist.h"

#include <CUnit/CUnit.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void suite_dist(void);

enum { DRAWS = 400000 };

static const struct mark here = {.file = "some.yaml", .line = 3, .column = 9};

/* Loads @text as a file. */
static bool load(struct dist *dist, const char *text, uint64_t scale, struct err *err)
{
    char path[] = "/tmp/poolsim-cdf-XXXXXX";
    const int fd = mkstemp(path);

    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_FATAL(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    const bool good = dist_init_file(dist, path, scale, &here, err);
    unlink(path);
    return good;
}

static void test_constant(void)
{
    struct dist dist;
    struct rng rng, untouched;

    rng_init(&rng, 1, "x");
    rng_init(&untouched, 1, "x");
    dist_init_constant(&dist, UINT64_C(123456789012));
    CU_ASSERT_EQUAL(dist.mean, 123456789012.0);
    for (int i = 0; i < 10; i++)
        CU_ASSERT_EQUAL(dist_sample(&dist, &rng), UINT64_C(123456789012));
    CU_ASSERT_EQUAL(rng_uniform(&rng), rng_uniform(&untouched));
    dist_fini(&dist);
}

static void test_discrete(void)
{
    static const uint64_t value[] = {64, 256, 512, 1024, 1500, 9000};
    static const double weight[] = {0, 5, 0, 3, 2, 0};
    struct dist dist;
    struct err err;
    struct rng rng;
    unsigned count[6] = {0};

    CU_ASSERT_FATAL(dist_init_discrete(&dist, 6, value, weight, &here, &err));
    CU_ASSERT_DOUBLE_EQUAL(dist.mean, (5 * 256 + 3 * 1024 + 2 * 1500) / 10.0, 1e-9);
    CU_ASSERT_EQUAL(dist.cum[5], 1.0);
    rng_init(&rng, 2, "discrete");
    for (unsigned i = 0; i < DRAWS; i++) {
        const uint64_t x = dist_sample(&dist, &rng);
        for (unsigned k = 0; k < 6; k++)
            count[k] += value[k] == x;
    }
    double chi = 0;
    for (unsigned k = 0; k < 6; k++) {
        const double expected = DRAWS * weight[k] / 10;
        if (weight[k] > 0)
            chi += pow(count[k] - expected, 2) / expected;
        else
            CU_ASSERT_EQUAL(count[k], 0);
    }
    CU_ASSERT_EQUAL(count[1] + count[3] + count[4], DRAWS);
    CU_ASSERT(gsl_cdf_chisq_Q(chi, 2) > 0.001);
    dist_fini(&dist);
}

/* Every number of points, so that the branch-free search meets every odd and even halving. */
static void test_discrete_sizes(void)
{
    enum { MOST = 40 };
    uint64_t value[MOST];
    double weight[MOST];
    struct rng rng;

    rng_init(&rng, 3, "sizes");
    for (size_t n = 1; n <= MOST; n++) {
        struct dist dist;
        struct err err;
        unsigned count[MOST] = {0};
        for (size_t i = 0; i < n; i++) {
            value[i] = i;
            weight[i] = (double)(1 + i % 3);
        }
        CU_ASSERT_FATAL(dist_init_discrete(&dist, n, value, weight, &here, &err));
        for (unsigned i = 0; i < 20000; i++) {
            const uint64_t x = dist_sample(&dist, &rng);
            CU_ASSERT_FATAL(x < n);
            count[x]++;
        }
        double total = 0;
        double chi = 0;
        for (size_t i = 0; i < n; i++)
            total += weight[i];
        for (size_t i = 0; i < n; i++)
            chi += pow(count[i] - 20000 * weight[i] / total, 2) / (20000 * weight[i] / total);
        if (n > 1)
            CU_ASSERT(gsl_cdf_chisq_Q(chi, (double)n - 1) > 1e-4);
        dist_fini(&dist);
    }
}

static void test_discrete_refused(void)
{
    static const struct {
        const char *name;
        double weight[2];
        const char *expected;
    } cases[] = {
        {"negative", {1, -1}, "weight -1 of value 20"},
        {"nothing", {0, 0}, "sum to 0"},
        {"not a number", {(double)NAN, 1}, "weight nan of value 10"},
        {"infinite", {1, (double)INFINITY}, "weight inf of value 20"},
    };
    static const uint64_t value[2] = {10, 20};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dist dist = {.n = 77};
        struct err err;
        CU_ASSERT_FALSE(dist_init_discrete(&dist, 2, value, cases[i].weight, &here, &err));
        CU_ASSERT_PTR_NOT_NULL(strstr(err.message, cases[i].expected));
        CU_ASSERT_EQUAL(err.line, 3);
        CU_ASSERT_EQUAL(dist.n, 77);
    }
}

/* An atom of 0.2 at 100 ns, a line to 200 ns, an atom of 0.1 there, and a line to 400 ns. */
static const char curve[] = "# a curve\n"
                            "  cycles       ns        cdf\n"
                            "test=LAT_DMA_RD trans_sz=64\n"
                            "     120      100 0.00000000\n"
                            "     120      100 0.20000000\n"
                            "     240      200 0.60000000\n"
                            "     240      200 0.70000000\n"
                            "\n"
                            "     480      400 0.99999990\n";

static double curve_cdf(double ns)
{
    if (ns < 100)
        return 0;
    if (ns < 200)
        return 0.2 + 0.4 * (ns - 100) / 100;
    return ns < 400 ? 0.7 + 0.3 * (ns - 200) / 200 : 1;
}

static void test_empirical(void)
{
    enum { BINS = 20 };
    struct dist dist;
    struct err err;
    struct rng rng;
    unsigned count[BINS] = {0};
    unsigned atom100 = 0;
    unsigned atom200 = 0;
    double sum = 0;

    CU_ASSERT_FATAL(load(&dist, curve, 1000, &err));
    const double mean = 1000 * (0.2 * 100 + 0.4 * 150 + 0.1 * 200 + 0.3 * 300);
    CU_ASSERT_DOUBLE_EQUAL(dist.mean, mean, 1e-6 * mean);
    CU_ASSERT_EQUAL(dist.kind, DIST_EMPIRICAL);
    rng_init(&rng, 4, "empirical");
    for (unsigned i = 0; i < DRAWS; i++) {
        const uint64_t ps = dist_sample(&dist, &rng);
        CU_ASSERT_FATAL(ps >= 100000 && ps <= 400000);
        sum += (double)ps;
        atom100 += ps == 100000;
        atom200 += ps == 200000;
        for (unsigned k = 0; k < BINS; k++)
            count[k] += (double)ps < 100000 + (k + 1) * 15000.5;
    }
    CU_ASSERT(fabs(sum / DRAWS - mean) < 4 * 90000 / sqrt(DRAWS)); /* deviation below 90 ns */
    CU_ASSERT(fabs(atom100 - 0.2 * DRAWS) < 4 * sqrt(0.16 * DRAWS));
    CU_ASSERT(fabs(atom200 - 0.1 * DRAWS) < 4 * sqrt(0.09 * DRAWS));
    for (unsigned k = 0; k < BINS; k++) /* Kolmogorov's bound at 0.001 */
        CU_ASSERT(fabs(count[k] / (double)DRAWS - curve_cdf(100 + (k + 1) * 15.0005)) <
                  1.95 / sqrt(DRAWS));
    dist_fini(&dist);
}

/* A curve that starts above 0 gives its first value that often, and lies below it never. */
static void test_first_atom(void)
{
    struct dist dist;
    struct err err;
    struct rng rng;
    unsigned atom = 0;

    CU_ASSERT_FATAL(load(&dist, "100 0.5\n300 1\n", 1000, &err));
    rng_init(&rng, 5, "atom");
    for (unsigned i = 0; i < DRAWS; i++) {
        const uint64_t ps = dist_sample(&dist, &rng);
        CU_ASSERT_FATAL(ps >= 100000 && ps <= 300000);
        atom += ps == 100000;
    }
    CU_ASSERT(fabs(atom - 0.5 * DRAWS) < 4 * sqrt(0.25 * DRAWS));
    dist_fini(&dist);
}

static void test_file_layouts(void)
{
    static const struct {
        const char *name, *text;
        size_t n;
        uint64_t last;
        double mean;
    } cases[] = {
        {"one atom", "7 1\n", 1, 7000, 7000},
        {"two columns", "1 0\n3 1\n", 2, 3000, 2000},
        {"commas and a header", "ns,cdf\n1,0.5\n3,1\n", 2, 3000, 1500},
        {"three columns", "9 1 0\n9 3 1\n", 2, 3000, 2000},
        {"fractions", "1.5,0\r\n2.25,1\r\n", 2, 2250, 1875},
        {"no last newline", "1 0\n3 1", 2, 3000, 2000},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dist dist;
        struct err err;
        CU_ASSERT_FATAL(load(&dist, cases[i].text, 1000, &err));
        CU_ASSERT_EQUAL(dist.n, cases[i].n);
        CU_ASSERT_EQUAL(dist.value[dist.n - 1], cases[i].last);
        CU_ASSERT_EQUAL(dist.cum[dist.n - 1], 1.0);
        CU_ASSERT_DOUBLE_EQUAL(dist.mean, cases[i].mean, 1e-6);
        dist_fini(&dist);
    }
}

static void test_file_refused(void)
{
    static const struct {
        const char *text;
        uint32_t line, column;
        const char *expected;
    } cases[] = {
        {"", 0, 0, "no points"},
        {"ns cdf\n", 1, 0, "no points"},
        {"1 0\n2 0.5\n", 2, 0, "last cumulative probability is 0.5"},
        {"1 0\n2 0.5\n3 0.4\n", 3, 3, "falls from 0.5 to 0.4"},
        {"1 0\n5 0.5\n3 1\n", 3, 1, "values must ascend"},
        {"1 0\n2 1\nnext=1\n1 0\n2 1\n", 4, 3, "a second curve"},
        {"1 0\n2 1.5\n", 2, 3, "probability 1.5"},
        {"1 -0.1\n2 1\n", 1, 3, "probability -0.1"},
        {"-1 0\n2 1\n", 1, 1, "out of range"},
        {"1e300 0\n2 1\n", 1, 1, "out of range"},
        {"1\n", 1, 1, "one column"},
        {"1 2 0.5 1\n", 1, 9, "fourth column"},
        {"1 0\n1 2 1\n", 2, 5, "3 columns, but the lines above have 2"},
        {"1 0\n2 1x\n", 2, 3, "not a number"},
        {"1 0\n2 x\n", 2, 3, "not a number"},
        {"1 0\n2 1e999\n", 2, 3, "not a number"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dist dist = {.n = 77};
        struct err err = {0};
        CU_ASSERT_FALSE_FATAL(load(&dist, cases[i].text, 1000, &err));
        CU_ASSERT_EQUAL(err.line, cases[i].line);
        CU_ASSERT_EQUAL(err.column, cases[i].column);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.message, cases[i].expected));
        CU_ASSERT_EQUAL(dist.n, 77);
    }

    struct dist dist;
    struct err err;
    CU_ASSERT_FALSE(dist_init_file(&dist, "tests/data/none.txt", 1, &here, &err));
    CU_ASSERT_STRING_EQUAL(err.file, "some.yaml");
    CU_ASSERT_EQUAL(err.line, 3);
}

void suite_dist(void)
{
    CU_pSuite suite = CU_add_suite("dist", NULL, NULL);

    CU_add_test(suite, "constant", test_constant);
    CU_add_test(suite, "discrete", test_discrete);
    CU_add_test(suite, "discrete of every size", test_discrete_sizes);
    CU_add_test(suite, "discrete, refused", test_discrete_refused);
    CU_add_test(suite, "empirical", test_empirical);
    CU_add_test(suite, "first atom", test_first_atom);
    CU_add_test(suite, "file layouts", test_file_layouts);
    CU_add_test(suite, "files, refused", test_file_refused);
}
