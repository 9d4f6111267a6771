#include "base/rng.h"
#include "base/check.h"

enum { WARM_UP_DRAWS = 6 }; /* as gsl_rng_set does */

/* Finaliser of MurmurHash3: every input bit reaches every output bit. */
static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    x ^= x >> 33;
    return x;
}

uint64_t rng_hash(uint64_t seed, const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ mix(seed + UINT64_C(0x9e3779b97f4a7c15));

    for (const char *c = text; *c; c++) {
        hash ^= (unsigned char)*c;
        hash *= UINT64_C(0x100000001b3);
    }
    return mix(hash);
}

/* gsl_rng_set keeps only 32 bits of its seed for taus2, and derives all three words of the state
 * from them: of 65,536 streams two would be equal with probability 0.4. So the words are set here,
 * from 96 independent bits; the generator needs them above 1, 7 and 15. */
void rng_init(struct rng *rng, uint64_t master_seed, const char *name)
{
    static const uint32_t least[3] = {2, 8, 16};
    unsigned long *word = (unsigned long *)(void *)rng->state;
    uint64_t hash = rng_hash(master_seed, name);

    CHECK(gsl_rng_taus2->size == sizeof(rng->state));
    _Static_assert(sizeof(unsigned long) == sizeof(rng->state[0]), "taus2 keeps three longs");
    rng->gsl.type = gsl_rng_taus2;
    rng->gsl.state = rng->state;
    for (unsigned i = 0; i < 3; i++) {
        hash += UINT64_C(0x9e3779b97f4a7c15);
        word[i] = (uint32_t)(mix(hash) >> 32);
        if (word[i] < least[i])
            word[i] += least[i];
    }
    for (unsigned i = 0; i < WARM_UP_DRAWS; i++)
        (void)gsl_rng_get(&rng->gsl);
}

double rng_uniform(struct rng *rng)
{
    return gsl_rng_uniform(&rng->gsl);
}

double rng_uniform53(struct rng *rng)
{
    const uint64_t high = gsl_rng_get(&rng->gsl) >> 5; /* 27 bits */
    const uint64_t low = gsl_rng_get(&rng->gsl) >> 6;  /* 26 bits */

    return ((double)(high << 26 | low) + 0.5) * 0x1p-53;
}
