/* Lock-step model of classify: src/pool/classify.c itself. */
#define PORT_LIST "classify.def"
#include "lockstep_ports.h"

#include "pool/classify.h"

struct nothing {
    uint64_t drawn;
};

static void init(void *state)
{
    (void)state;
}

static void outputs(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care)
{
    const enum pool_kind kind = (enum pool_kind)GET_IN(kind);

    (void)state;
    EXPECT(verdict, GET_IN(downstream)
                        ? classify_downstream(kind, GET_IN(hit), GET_IN(owner), GET_IN(lent))
                        : classify_upstream(kind, GET_IN(hit)));
}

static void tick(void *state, const struct vector *in, const struct vector *out)
{
    (void)state;
    (void)in;
    (void)out;
}

/* All combinations, one after the other. */
static void stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    struct nothing *count = state;
    const uint64_t n = count->drawn++;

    (void)rng;
    (void)out;
    SET_IN(downstream, n);
    SET_IN(hit, n >> 1);
    SET_IN(owner, n >> 2);
    SET_IN(lent, n >> 3);
    SET_IN(kind, (n >> 4) % POOL_KINDS);
}

FAMILY(classify, struct nothing);
