#include "stats/converge.h"
#include "base/check.h"
#include "stats/summary.h"

#include <math.h>
#include <stdlib.h>

/* Numbers of batches that the interval tries, best first; twice as many are tested for correlation.
 */
static const unsigned interval_batches[] = {30, 24, 20};
enum { INTERVALS = sizeof(interval_batches) / sizeof(interval_batches[0]), MOST_BATCHES = 60 };

/* 0.9 quantile of the normal law: the test's level is 10 %. */
#define NORMAL_90 1.2815515655446004
/* Spread of the batch means, relative to the mean, below which only rounding is left. */
#define ROUNDING_NOISE 1e-12

static const char *const reasons[] = {
    [CONVERGE_OK] = "warmed up, batches uncorrelated",
    [CONVERGE_TOO_SHORT] = "too few observations",
    [CONVERGE_DRIFTS] =
        "the mean still drifts: the warm-up is not over, or the load is more than can be served",
    [CONVERGE_CORRELATED] = "batches are still correlated: the run is too short for an interval",
};

void converge_init(struct converge *converge, uint32_t capacity)
{
    CHECK(capacity % 2 == 0 && capacity >= 2 * CONVERGE_LEAST_BATCHES);
    *converge = (struct converge){.per_batch = CONVERGE_FIRST_BATCH, .capacity = capacity};
    converge->batch = calloc(capacity, sizeof(*converge->batch));
    CHECK(converge->batch);
}

void converge_fini(struct converge *converge)
{
    free(converge->batch);
    *converge = (struct converge){0};
}

void converge_reset(struct converge *converge)
{
    converge->sum = 0;
    converge->filling = 0;
    converge->per_batch = CONVERGE_FIRST_BATCH;
    converge->n = 0;
}

static void merge_neighbours(struct converge *converge)
{
    converge->n /= 2;
    for (size_t i = 0; i < converge->n; i++) {
        const struct converge_batch *pair = &converge->batch[2 * i];
        converge->batch[i] = (struct converge_batch){pair[0].sum + pair[1].sum, pair[0].from_ps};
    }
    CHECK(converge->per_batch <= UINT32_MAX / 2);
    converge->per_batch *= 2;
}

void converge_close_batch(struct converge *converge)
{
    converge->batch[converge->n++] = (struct converge_batch){converge->sum, converge->from_ps};
    converge->sum = 0;
    converge->filling = 0;
    if (converge->n == converge->capacity)
        merge_neighbours(converge);
}

static double batch_mean(const struct converge *converge, uint32_t i)
{
    return converge->batch[i].sum / (double)converge->per_batch;
}

/* The d that minimises z(d), see the header. Mean and sum of squares of the suffix are updated
 * backwards (Welford), so that nothing cancels. */
static uint32_t mser_cut(const struct converge *converge)
{
    double mean = 0;
    double squares = 0;
    double least = HUGE_VAL;
    uint32_t cut = 0;

    for (uint32_t d = converge->n; d-- > 0;) {
        const double kept = (double)(converge->n - d);
        const double delta = batch_mean(converge, d) - mean;
        mean += delta / kept;
        squares += delta * (batch_mean(converge, d) - mean);
        const double noise = ROUNDING_NOISE * mean * ROUNDING_NOISE * mean * kept;
        const double z = (squares > noise ? squares : 0) / (kept * kept);
        if (d <= converge->n / 2 && z <= least) { /* of equals the earliest: it cuts least */
            least = z;
            cut = d;
        }
    }
    return cut;
}

struct group {
    double mean;
    double weight; /* number of batches in it: they differ by at most one */
};

/* Cuts batches @from .. n-1 into @groups of nearly equal length. Returns their mean and, out, the
 * weighted sum of squares about it: each mean has a variance inversely proportional to its weight.
 */
static double make_groups(const struct converge *converge, uint32_t from, unsigned groups,
                          struct group *group, double *out_squares)
{
    const uint64_t n = converge->n - from;
    double total = 0;
    double squares = 0;

    for (unsigned g = 0; g < groups; g++) {
        const uint32_t begin = from + (uint32_t)(n * g / groups);
        const uint32_t end = from + (uint32_t)(n * (g + 1) / groups);
        double sum = 0;
        for (uint32_t i = begin; i < end; i++)
            sum += batch_mean(converge, i);
        group[g] = (struct group){sum / (end - begin), end - begin};
        total += sum;
    }
    const double mean = total / (double)n;
    for (unsigned g = 0; g < groups; g++)
        squares += group[g].weight * pow(group[g].mean - mean, 2);
    if (squares <= (double)n * pow(ROUNDING_NOISE * mean, 2))
        squares = 0;
    *out_squares = squares;
    return mean;
}

/* Von Neumann's C of @groups batches. */
static double lag1_of(const struct converge *converge, uint32_t from, unsigned groups)
{
    struct group group[MOST_BATCHES];
    double squares = 0;
    double steps = 0;
    const double mean = make_groups(converge, from, groups, group, &squares);

    if (squares <= 0)
        return 0;
    double last = sqrt(group[0].weight) * (group[0].mean - mean);
    for (unsigned g = 1; g < groups; g++) {
        const double now = sqrt(group[g].weight) * (group[g].mean - mean);
        steps += pow(now - last, 2);
        last = now;
    }
    return 1 - steps / (2 * squares);
}

static bool is_correlated(double lag1, unsigned m)
{
    return lag1 > NORMAL_90 * sqrt((m - 2.0) / (m * (double)m - 1));
}

/* The interval of batches @from .. n-1, into an @out that already says what was cut. */
static void interval_from(const struct converge *converge, uint32_t from,
                          struct converge_result *out)
{
    struct group group[MOST_BATCHES];
    double squares = 0;

    if (converge->n - from < CONVERGE_LEAST_BATCHES) {
        if (converge->n > from)
            out->mean = make_groups(converge, from, 1, group, &squares);
        out->state = CONVERGE_TOO_SHORT;
        return;
    }
    out->state = CONVERGE_CORRELATED;
    for (unsigned i = 0; i < INTERVALS && out->state == CONVERGE_CORRELATED; i++) {
        out->batches = interval_batches[i];
        out->lag1 = lag1_of(converge, from, 2 * out->batches);
        if (!is_correlated(out->lag1, 2 * out->batches))
            out->state = CONVERGE_OK;
    }
    out->mean = make_groups(converge, from, out->batches, group, &squares);
    const double variance = squares / (out->batches - 1) / (converge->n - from);
    out->ci95 = summary_t95(out->batches - 1) * sqrt(variance);
}

static void start_result(const struct converge *converge, struct converge_result *out)
{
    *out = (struct converge_result){.observations = (uint64_t)converge->n * converge->per_batch};
    if (converge->n > 0)
        out->warmup_end_ps = converge->batch[0].from_ps;
}

void converge_evaluate(const struct converge *converge, struct converge_result *out)
{
    start_result(converge, out);
    if (converge->n >= CONVERGE_LEAST_BATCHES) {
        const uint32_t cut = mser_cut(converge);
        out->warmup_observations = (uint64_t)cut * converge->per_batch;
        out->warmup_end_ps = converge->batch[cut].from_ps;
        interval_from(converge, cut, out);
        if (cut > converge->n / 2 - converge->n / 16)
            out->state = CONVERGE_DRIFTS;
    } else {
        interval_from(converge, 0, out);
    }
    out->reason = reasons[out->state];
}

void converge_interval(const struct converge *converge, struct converge_result *out)
{
    start_result(converge, out);
    interval_from(converge, 0, out);
    out->reason = reasons[out->state];
}

bool converge_is_within(const struct converge_result *result, uint64_t ppm)
{
    return result->state == CONVERGE_OK && result->ci95 * 1e6 <= (double)ppm * fabs(result->mean);
}
