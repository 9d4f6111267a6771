/* histogram.h - mergeable log-linear histogram of 64-bit values, after HdrHistogram
 * (hdrhistogram.org).
 *
 * Buckets: every power of two is cut into S = 128 equal buckets, so that value v with its highest
 * bit at e >= 7 lies in a bucket of width w = 2^(e-7); values below 2S have a bucket of their own.
 * Index: (e-7) * S + (v >> (e-7)), which runs on without gaps from 0 to 7,423. Error bound: a
 * bucket begins at S*w or above, and a quantile is reported as its middle, at most w/2 from any
 * value in it: |reported - true| <= w/2 <= true / (2S) = true / 256, so 0.4 %. Count, sum (128
 * bits), minimum and maximum are exact.
 *
 * Memory: only the span of octaves that occurred, 1 KiB each (latencies between 250 ns and 250 us
 * take 10 KiB, all of 64 bits 58 KiB); histogram_record allocates when a value leaves the span, a
 * dozen times in a run. */
#ifndef POOLSIM_STATS_HISTOGRAM_H
#define POOLSIM_STATS_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

enum {
    HISTOGRAM_SUB_BITS = 7,
    HISTOGRAM_SUB_BUCKETS = 1 << HISTOGRAM_SUB_BITS,
    HISTOGRAM_BUCKETS = (64 - HISTOGRAM_SUB_BITS + 1) * HISTOGRAM_SUB_BUCKETS,
    HISTOGRAM_ERROR_INVERSE = 2 * HISTOGRAM_SUB_BUCKETS, /* relative error is at most 1 / this */
};

__extension__ typedef unsigned __int128 histogram_sum; /* 2^64 values of 64 bits each */

/* Zero-initialised is empty and ready; histogram_fini frees. Read min and max through the functions
 * below. */
struct histogram {
    uint64_t *bucket; /* counts of buckets first .. first + span - 1; owned */
    uint32_t first;   /* multiple of HISTOGRAM_SUB_BUCKETS */
    uint32_t span;
    uint64_t count;
    uint64_t min_inverted; /* ~minimum, so that zero means none yet */
    uint64_t max;
    histogram_sum sum;
};

/* A bucket that is not empty: values low .. high, both included. */
struct histogram_bucket {
    uint64_t low, high;
    uint64_t count;
    uint32_t next; /* where histogram_next goes on */
};

void histogram_fini(struct histogram *histogram);
/* Empties it and keeps the memory. */
void histogram_reset(struct histogram *histogram);
/* Adds all of @from to @into; the same result as if every value had been recorded there. */
void histogram_merge(struct histogram *into, const struct histogram *from);
/* The slow path of histogram_record: extends the span to @index. */
void histogram_extend(struct histogram *histogram, uint32_t index);

/* Value of rank ceil(count * ppm / 1e6), at least 1, within 1/256 and within [min, max]; 0 when
 * empty. The rank is computed in integers: p99.9 is 999000. */
uint64_t histogram_quantile(const struct histogram *histogram, uint32_t ppm);
uint64_t histogram_min(const struct histogram *histogram); /* 0 when empty */
double histogram_mean(const struct histogram *histogram);  /* 0 when empty */
/* Steps through the buckets that are not empty, ascending, from a zero-initialised @bucket; false
 * at the end. */
bool histogram_next(const struct histogram *histogram, struct histogram_bucket *bucket);

static inline uint32_t histogram_index(uint64_t value)
{
    const uint32_t highest = 63U - (uint32_t)__builtin_clzll(value | HISTOGRAM_SUB_BUCKETS);
    const uint32_t shift = highest - HISTOGRAM_SUB_BITS;

    return (shift << HISTOGRAM_SUB_BITS) + (uint32_t)(value >> shift);
}

static inline void histogram_record(struct histogram *histogram, uint64_t value)
{
    const uint32_t index = histogram_index(value);

    if (__builtin_expect(index - histogram->first >= histogram->span,
                         0)) /* also when below first: it wraps */
        histogram_extend(histogram, index);
    histogram->bucket[index - histogram->first]++;
    histogram->count++;
    histogram->sum += value;
    if (histogram->max < value)
        histogram->max = value;
    if (histogram->min_inverted < ~value)
        histogram->min_inverted = ~value;
}

#endif
