/* format.h - numbers for people: a sensible count of digits and no more. Each returns @buf. */
#ifndef POOLSIM_RUN_FORMAT_H
#define POOLSIM_RUN_FORMAT_H

#include <stddef.h>
#include <stdint.h>

enum { FORMAT_BYTES = 32 }; /* enough room for any of these */

/* @digits significant digits, but never less than all digits before the point: 0.01234 12.35 1235
 * 123457. "-" for not a number. */
char *format_number(char buf[FORMAT_BYTES], double value, int digits);
/* Four significant digits and an SI letter: 999, 12.35k, 1.235M. */
char *format_count(char buf[FORMAT_BYTES], uint64_t count);
/* A share as percent: 0 %, 0.04 %, 98.7 %, 100 %. */
char *format_percent(char buf[FORMAT_BYTES], double share);
/* Seconds as a person says them: 4.5 ms, 3.0 s, 2 min 05 s, 1 h 02 min. */
char *format_duration(char buf[FORMAT_BYTES], double seconds);
/* Simulated time with four significant digits and its unit: 0 s, 12.35 ns, 5.001 s. */
char *format_ps(char buf[FORMAT_BYTES], uint64_t ps);

/* The unit in which a column of latencies reads best, chosen by its largest value: ns below 100 us,
 * else us, else ms. */
struct format_time_unit {
    const char *name;
    double ns; /* length of one */
};
struct format_time_unit format_time_unit(double largest_ns);

/* Rounds @n values to multiples of 10^-@decimals so that they still sum to the rounded @total: each
 * is cut down, and the largest remainders get what is missing. Meant for values that sum to @total
 * but for floating-point error. */
void format_apportion(size_t n, const double *values, double total, int decimals,
                      double *out_values, double *out_total);

#endif
