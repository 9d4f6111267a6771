/* rng.h - one random stream per component (GSL taus2), seeded by hash(master seed, component name).
 * A component draws the same numbers whatever else is simulated, so that sweep points share common
 * random numbers. */
#ifndef POOLSIM_BASE_RNG_H
#define POOLSIM_BASE_RNG_H

#include <gsl/gsl_rng.h>
#include <stdint.h>

/* The generator's state lies inside, so that a stream costs no allocation. Must not be copied or
 * moved after rng_init: gsl.state points into it. */
struct rng {
    gsl_rng gsl;
    uint64_t state[3];
};

void rng_init(struct rng *rng, uint64_t master_seed, const char *name);

/* Uniform in [0, 1), a multiple of 2^-32: one draw. */
double rng_uniform(struct rng *rng);
/* Uniform in (0, 1) with 53 random bits: two draws, for laws whose rare values matter (heavy
 * tails). */
double rng_uniform53(struct rng *rng);
/* 64-bit hash of (seed, text), also used for ids of sweep points. FNV-1a with a final mix. */
uint64_t rng_hash(uint64_t seed, const char *text);

#endif
