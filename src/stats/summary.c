#include "stats/summary.h"
#include "base/check.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

double summary_t95(size_t freedom)
{
    CHECK(freedom > 0);
    return gsl_cdf_tdist_Pinv(0.975, (double)freedom);
}

void summary_of(size_t n, const double *value, struct summary *out)
{
    *out = (struct summary){.n = n};
    if (n == 0)
        return;
    out->mean = gsl_stats_mean(value, 1, n);
    gsl_stats_minmax(&out->min, &out->max, value, 1, n);
    if (n == 1)
        return;
    out->deviation = gsl_stats_sd_m(value, 1, n, out->mean);
    out->ci95 = summary_t95(n - 1) * out->deviation / sqrt((double)n);
}

/* Divided by the largest value first, so that no square overflows. */
double summary_jain(size_t n, const double *value)
{
    if (n == 0)
        return 1;
    const double top = gsl_stats_max(value, 1, n);
    double sum = 0;
    double squares = 0;

    if (top <= 0)
        return 1;
    for (size_t i = 0; i < n; i++) {
        const double share = value[i] / top;
        CHECK(share >= 0);
        sum += share;
        squares += share * share;
    }
    return sum * sum / ((double)n * squares);
}
