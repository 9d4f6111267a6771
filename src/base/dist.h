/* dist.h - a distribution over non-negative integers (picoseconds or bytes), sampled with one
 * uniform draw. Constant (which draws nothing); discrete (weights); or continuous empirical (a CDF
 * with linear interpolation between its points, as the files of pcie-bench give). The mean is exact
 * for the first two and the interpolated mean for the third. */
#ifndef POOLSIM_BASE_DIST_H
#define POOLSIM_BASE_DIST_H

#include "base/err.h"
#include "base/rng.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dist_kind { DIST_CONSTANT, DIST_DISCRETE, DIST_EMPIRICAL };

struct dist {
    enum dist_kind kind;
    size_t n;        /* points; 1 for constant */
    uint64_t *value; /* ascending for empirical; owned */
    double *cum;     /* cumulative probability of value[i], last is 1; owned; NULL for constant */
    double mean;
};

void dist_init_constant(struct dist *dist, uint64_t value);
/* Weights need not sum to 1; a weight that is negative, or all zero, is an error. */
bool dist_init_discrete(struct dist *dist, size_t n, const uint64_t *value, const double *weight,
                        const struct mark *mark, struct err *err);
/* Two white-space or comma separated columns: value (times @scale: 1000 for ns to ps) and
 * cumulative probability. Lines that do not start with a number are skipped; with three numeric
 * columns the second and third are taken (the pcie-bench layout: cycles ns cdf). Both columns must
 * not fall, the probability must end at 1 (within 1e-4), and a file holds one curve: a probability
 * that starts again is an error. A first probability above 0 is an atom at the first value. @mark
 * is where the file was named; errors inside it are located in the file. */
bool dist_init_file(struct dist *dist, const char *path, uint64_t scale, const struct mark *mark,
                    struct err *err);
void dist_fini(struct dist *dist);
uint64_t dist_sample(const struct dist *dist, struct rng *rng);

#endif
