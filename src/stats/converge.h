/* converge.h - when has a run warmed up, and how precise is its mean? One pass over a series, in
 * constant memory.
 *
 * The series (latencies in order of completion) is kept as means of batches of equal numbers of
 * observations: 5 at first; when the array is full, neighbours are merged and batches hold twice as
 * many. So a run of any length leaves between capacity/2 and capacity batches, of 5 * 2^k
 * observations.
 *
 * Warm-up: MSER-5. Of n batch means Y the first d are cut, d = argmin over 0 <= d <= n/2 of
 *     z(d) = sum over i > d of (Y_i - mean of those)^2 / (n - d)^2,
 * the squared standard error of the mean of what remains: cutting a transient lowers it, cutting
 * good data raises it. K. P. White, "An effective truncation heuristic for bias reduction in
 * simulation output", Simulation 69(6), 1997; White and W. W. Franklin, "Stationarity tests and
 * MSER-5", WSC 2008. A minimum near n/2 (in the last eighth of the searched half) means that the
 * series still drifts: the run is too short, as White and as Hoad, Robinson and Davies
 * ("Automating warm-up length estimation", JORS 61, 2010) have it. The resolution is one batch, so
 * 1/(capacity/2) of the run.
 *
 * Interval: batch means (A. M. Law, "Simulation Modeling and Analysis", section 9.5.3). What
 * remains is cut into b batches, 30, else 24, else 20, and the half-width is t(0.975, b - 1) * s /
 * sqrt(b). Batches may only be treated as independent if they are long against the correlation of
 * the series. That is tested on 2b batches, of half the length, by von Neumann's ratio: C = 1 - sum
 * (x_i - x_(i-1))^2 / (2 sum (x_i - mean)^2) estimates their lag-1 correlation and has, without
 * any, nearly a normal law of variance (m - 2) / (m^2 - 1), m = 2b (G. S. Fishman and L. S.
 * Yarberry, "An implementation of the batch means method", INFORMS J. Computing 9(3), 1997).
 * One-sided at 10 %. Since doubling the length about halves what correlation is left, the b batches
 * of the interval are safer than what was tested. When all three b fail the run is too short and
 * the result says so; the half-width is then given for what it is worth. A run that stops as soon
 * as its interval is narrow enough covers slightly less than 95 % (Law, section 9.5.3). */
#ifndef POOLSIM_STATS_CONVERGE_H
#define POOLSIM_STATS_CONVERGE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    CONVERGE_FIRST_BATCH = 5,     /* observations: the 5 of MSER-5 */
    CONVERGE_LEAST_BATCHES = 120, /* shorter series are not judged */
};

struct converge_batch {
    double sum;
    uint64_t from_ps; /* time of its first observation */
};

/* Statistics of one series; init and fini around it. */
struct converge {
    double sum; /* of the batch that is filling */
    uint32_t filling;
    uint32_t per_batch; /* observations */
    uint64_t from_ps;
    uint32_t n; /* whole batches */
    uint32_t capacity;
    struct converge_batch *batch; /* owned */
};

enum converge_state {
    CONVERGE_OK,         /* warm-up found, batches uncorrelated */
    CONVERGE_TOO_SHORT,  /* fewer than CONVERGE_LEAST_BATCHES after the cut */
    CONVERGE_DRIFTS,     /* still in its transient (or overloaded) */
    CONVERGE_CORRELATED, /* even the longest batches are */
};

struct converge_result {
    enum converge_state state;
    const char *reason;    /* one clause for a person; static */
    uint64_t observations; /* in whole batches, with the warm-up */
    uint64_t warmup_observations;
    uint64_t warmup_end_ps; /* time of the first observation after the warm-up */
    double mean;            /* after the warm-up */
    double ci95;            /* half-width; 0 when too few remain */
    unsigned batches;       /* of the interval; 0 likewise */
    double lag1;            /* estimated correlation of batches of half that length */
};

/* @capacity: even, at least 2 * CONVERGE_LEAST_BATCHES; 16 bytes each. */
void converge_init(struct converge *converge, uint32_t capacity);
void converge_fini(struct converge *converge);
/* Forgets the series. */
void converge_reset(struct converge *converge);
void converge_close_batch(struct converge *converge); /* the slow path of converge_add */

/* Warm-up by MSER-5, then the interval of what remains. */
void converge_evaluate(const struct converge *converge, struct converge_result *out);
/* The interval of the whole series: for one that is known to begin after the warm-up. Never DRIFTS.
 */
void converge_interval(const struct converge *converge, struct converge_result *out);

/* Whether @result is OK and its half-width at most @ppm millionths of its mean. */
bool converge_is_within(const struct converge_result *result, uint64_t ppm);

/* Adds an observation; times do not decrease. */
static inline void converge_add(struct converge *converge, uint64_t time_ps, double value)
{
    if (converge->filling == 0)
        converge->from_ps = time_ps;
    converge->sum += value;
    if (++converge->filling == converge->per_batch)
        converge_close_batch(converge);
}

#endif
