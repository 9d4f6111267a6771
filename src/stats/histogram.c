#include "stats/histogram.h"
#include "base/check.h"

#include <stdlib.h>
#include <string.h>

/* One octave above the first two has SUB_BUCKETS buckets from 2 * SUB_BUCKETS on; the index of the
 * first bucket of an octave is a multiple of SUB_BUCKETS. */
static uint64_t bucket_low(uint32_t index)
{
    const uint32_t block = index >> HISTOGRAM_SUB_BITS;
    const uint32_t shift = block > 0 ? block - 1 : 0;

    return (uint64_t)(index - (shift << HISTOGRAM_SUB_BITS)) << shift;
}

static uint64_t bucket_high(uint32_t index)
{
    return index + 1 < HISTOGRAM_BUCKETS ? bucket_low(index + 1) - 1 : UINT64_MAX;
}

void histogram_fini(struct histogram *histogram)
{
    free(histogram->bucket);
    *histogram = (struct histogram){0};
}

void histogram_reset(struct histogram *histogram)
{
    if (histogram->span > 0)
        memset(histogram->bucket, 0, histogram->span * sizeof(*histogram->bucket));
    histogram->count = 0;
    histogram->min_inverted = 0;
    histogram->max = 0;
    histogram->sum = 0;
}

void histogram_extend(struct histogram *histogram, uint32_t index)
{
    const uint32_t block = index / HISTOGRAM_SUB_BUCKETS * HISTOGRAM_SUB_BUCKETS;
    uint32_t first = block;
    uint32_t end = block + HISTOGRAM_SUB_BUCKETS;

    CHECK(index < HISTOGRAM_BUCKETS);
    if (histogram->span > 0) {
        const uint32_t old_end = histogram->first + histogram->span;
        first = first < histogram->first ? first : histogram->first;
        end = end > old_end ? end : old_end;
    }
    uint64_t *bucket = calloc(end - first, sizeof(*bucket));
    CHECK(bucket);
    if (histogram->span > 0)
        memcpy(bucket + (histogram->first - first), histogram->bucket,
               histogram->span * sizeof(*bucket));
    free(histogram->bucket);
    histogram->bucket = bucket;
    histogram->first = first;
    histogram->span = end - first;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    if (from->count == 0)
        return;
    if (into->span == 0 || from->first < into->first)
        histogram_extend(into, from->first);
    if (from->first + from->span > into->first + into->span)
        histogram_extend(into, from->first + from->span - 1);
    uint64_t *bucket = into->bucket + (from->first - into->first);
    for (uint32_t i = 0; i < from->span; i++)
        bucket[i] += from->bucket[i];
    into->count += from->count;
    into->sum += from->sum;
    if (into->max < from->max)
        into->max = from->max;
    if (into->min_inverted < from->min_inverted)
        into->min_inverted = from->min_inverted;
}

uint64_t histogram_min(const struct histogram *histogram)
{
    return histogram->count > 0 ? ~histogram->min_inverted : 0;
}

double histogram_mean(const struct histogram *histogram)
{
    return histogram->count > 0 ? (double)histogram->sum / (double)histogram->count : 0;
}

uint64_t histogram_quantile(const struct histogram *histogram, uint32_t ppm)
{
    CHECK(ppm <= 1000000);
    if (histogram->count == 0)
        return 0;
    const histogram_sum scaled = (histogram_sum)histogram->count * ppm;
    uint64_t rank = (uint64_t)((scaled + 999999) / 1000000);
    rank = rank > 0 ? rank : 1;

    uint64_t seen = 0;
    uint32_t i = 0;
    for (;; i++) {
        CHECK(i < histogram->span); /* the buckets sum to count */
        seen += histogram->bucket[i];
        if (seen >= rank)
            break;
    }
    const uint64_t low = bucket_low(histogram->first + i);
    const uint64_t middle = low + (bucket_high(histogram->first + i) - low) / 2;
    const uint64_t min = histogram_min(histogram);
    if (middle < min)
        return min;
    return middle < histogram->max ? middle : histogram->max;
}

bool histogram_next(const struct histogram *histogram, struct histogram_bucket *bucket)
{
    uint32_t i = bucket->next;

    while (i < histogram->span && histogram->bucket[i] == 0)
        i++;
    if (i >= histogram->span)
        return false;
    bucket->low = bucket_low(histogram->first + i);
    bucket->high = bucket_high(histogram->first + i);
    bucket->count = histogram->bucket[i];
    bucket->next = i + 1;
    return true;
}
