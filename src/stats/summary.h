/* summary.h - numbers that sum up other numbers: of replications, of batches, of hosts. */
#ifndef POOLSIM_STATS_SUMMARY_H
#define POOLSIM_STATS_SUMMARY_H

#include <stddef.h>

/* Of independent values, e.g. one result of every replication. */
struct summary {
    size_t n;
    double mean;
    double deviation; /* of the sample, divisor n - 1; 0 below two values */
    double ci95; /* half-width of the 95 % interval of the mean (Student's t); 0 below two values */
    double min, max;
};

/* All zero when @n is 0. */
void summary_of(size_t n, const double *value, struct summary *out);

/* 0.975 quantile of Student's t with @freedom degrees: the factor of a 95 % interval. */
double summary_t95(size_t freedom);

/* Jain's fairness index (Jain, Chiu, Hawe 1984): (sum x)^2 / (n * sum x^2), of values not below 0.
 * 1 when all are equal, 1/n when one has everything; 1 when there is nothing to share. */
double summary_jain(size_t n, const double *value);

#endif
