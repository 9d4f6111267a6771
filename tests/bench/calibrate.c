/* calibrate.c - how fast this machine is right now, by two loops that never change: one bound by
 * the latency of integer multiplication, one by that of memory. Rates of two machines, or of one
 * noisy machine at two times, compare as multiples of these. */
#include "bench.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    REPETITIONS = 5,
    INTEGER_STEPS = 20000000,
    CHASE_LOG2_ENTRIES = 23, /* 32 MiB of 4-byte links: beyond any private cache */
    CHASE_STEPS = 1000000,
};

static const uint64_t multiplier = UINT64_C(6364136223846793005);
static const uint64_t increment = UINT64_C(1442695040888963407);

static double integer_ns(uint64_t *state)
{
    uint64_t x = *state;
    const uint64_t begin = bench_cpu_ns();
    for (uint32_t i = 0; i < INTEGER_STEPS; i++)
        x = (x ^ x >> 29) * multiplier + increment;
    const uint64_t end = bench_cpu_ns();
    *state = x;
    return (double)(end - begin) / INTEGER_STEPS;
}

static double chase_ns(const uint32_t *links, uint32_t *at)
{
    uint32_t place = *at;
    const uint64_t begin = bench_cpu_ns();
    for (uint32_t i = 0; i < CHASE_STEPS; i++)
        place = links[place];
    const uint64_t end = bench_cpu_ns();
    *at = place;
    return (double)(end - begin) / CHASE_STEPS;
}

bool bench_calibrate(void)
{
    const uint32_t n = 1U << CHASE_LOG2_ENTRIES;
    uint32_t *links = malloc(n * sizeof *links);
    if (!links) {
        fprintf(stderr, "bench: out of memory\n");
        return false;
    }
    /* A linear congruence modulo a power of two, with these constants, is one cycle through all. */
    for (uint32_t i = 0; i < n; i++)
        links[i] = (uint32_t)(i * multiplier + increment) & (n - 1);
    uint64_t state = 1;
    uint32_t at = 0;
    double best_integer = 1e9;
    double best_chase = 1e9;
    for (int i = 0; i < REPETITIONS; i++) {
        const double integer = integer_ns(&state);
        const double chase = chase_ns(links, &at);
        best_integer = integer < best_integer ? integer : best_integer;
        best_chase = chase < best_chase ? chase : best_chase;
    }
    free(links);
    /* Read, so that no compiler may leave the loops out. */
    CHECK(at < n && state != 0);
    printf("bench: calibration integer_ns=%.3f memory_ns=%.2f\n", best_integer, best_chase);
    return true;
}
