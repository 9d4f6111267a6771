/* splitmix.h - random bits for property tests: SplitMix64, fixed seeds, no library. */
#ifndef POOLSIM_UNIT_SPLITMIX_H
#define POOLSIM_UNIT_SPLITMIX_H

#include <stdint.h>

/* @state holds the seed at first. */
static inline uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15U;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

/* 0 to @n - 1, near enough to uniform for small @n. */
static inline uint32_t splitmix_below(uint64_t *state, uint32_t n)
{
    return (uint32_t)(splitmix(state) % n);
}

#endif
