/* Arbiters against models that look at every requester in turn.
 * Not pinned: how often eligible is asked. */
#include "../unit/dies.h"
#include "../unit/splitmix.h"
#include "fabric/arb.h"

#include <CUnit/CUnit.h>
#include <string.h>

void suite_arb(void);

enum { MOST = 200, ROUNDS = 20000 };

static const uint32_t sizes[] = {1, 2, 3, 63, 64, 65, 127, 128, 129, MOST};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

/* One cycle's requests. */
struct cycle {
    uint64_t requests[(MOST + 63) / 64];
    bool eligible[MOST];
    uint64_t age[MOST];
    unsigned asked_without_request;
};

static bool is_eligible(void *context, uint32_t requester, uint64_t *out_age)
{
    struct cycle *cycle = context;

    cycle->asked_without_request += !(cycle->requests[requester / 64] >> requester % 64 & 1);
    if (cycle->eligible[requester])
        *out_age = cycle->age[requester];
    return cycle->eligible[requester];
}

/* Requests of some density, of which some are not eligible; few ages, so that there are ties. */
static void draw(struct cycle *cycle, uint32_t n, uint64_t *state)
{
    const uint32_t density = splitmix_below(state, 5);

    memset(cycle, 0, sizeof *cycle);
    for (uint32_t i = 0; i < n; i++) {
        const bool requests = splitmix_below(state, 4) < density;

        cycle->requests[i / 64] |= (uint64_t)requests << i % 64;
        cycle->eligible[i] = requests && splitmix_below(state, 3) > 0;
        cycle->age[i] = splitmix_below(state, 8);
    }
}

static int32_t pick_of(const struct arb *arb, struct cycle *cycle)
{
    const struct arb before = *arb;
    const int32_t picked = arb_pick(arb, cycle->requests, is_eligible, cycle);

    CU_ASSERT_EQUAL(memcmp(&before, arb, sizeof before), 0);
    return picked;
}

/* First eligible one from @from on, around once. */
static int32_t next_of(const struct cycle *cycle, uint32_t n, uint32_t from)
{
    for (uint32_t i = 0; i < n; i++)
        if (cycle->eligible[(from + i) % n])
            return (int32_t)((from + i) % n);
    return ARB_NONE;
}

/* The one with the highest @rank; of several the first from @from on. */
static int32_t best_of(const struct cycle *cycle, uint32_t n, uint32_t from, const uint64_t *rank)
{
    int32_t best = ARB_NONE;

    for (uint32_t i = 0; i < n; i++) {
        const uint32_t at = (from + i) % n;
        if (cycle->eligible[at] && (best == ARB_NONE || rank[at] > rank[best]))
            best = (int32_t)at;
    }
    return best;
}

static void round_robin_takes_the_next_one(void)
{
    uint64_t state = 1;
    unsigned wrong = 0;

    for (unsigned s = 0; s < SIZES; s++) {
        const uint32_t n = sizes[s];
        uint32_t pointer = 0;
        struct arb arb;

        arb_init(&arb, ARB_KIND_ROUND_ROBIN, n, NULL);
        for (unsigned round = 0; round < ROUNDS / n + 500; round++) {
            struct cycle cycle;

            draw(&cycle, n, &state);
            const int32_t expected = next_of(&cycle, n, pointer);
            wrong += pick_of(&arb, &cycle) != expected;
            wrong += cycle.asked_without_request;
            if (expected != ARB_NONE && splitmix_below(&state, 4) > 0) { /* else: not accepted */
                arb_granted(&arb, (uint32_t)expected);
                pointer = ((uint32_t)expected + 1) % n;
            }
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

/* Whoever keeps requesting is served once in n grants, whatever the others do. */
static void round_robin_starves_nobody(void)
{
    enum { N = 67 };
    uint64_t state = 2;
    struct arb arb;
    unsigned waited = 0, longest = 0;

    arb_init(&arb, ARB_KIND_ROUND_ROBIN, N, NULL);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct cycle cycle;

        draw(&cycle, N, &state);
        cycle.requests[0] |= 1U << 5;
        cycle.eligible[5] = true;
        const int32_t picked = pick_of(&arb, &cycle);
        CU_ASSERT_FATAL(picked != ARB_NONE);
        arb_granted(&arb, (uint32_t)picked);
        waited = picked == 5 ? 0 : waited + 1;
        longest = waited > longest ? waited : longest;
    }
    CU_ASSERT(longest < N);
}

static void weighted_grants_in_a_row(void)
{
    static const uint32_t weight[] = {1, 3, 2, 5};
    static const uint32_t expected[] = {0, 1, 1, 1, 2, 2, 3, 3, 3, 3, 3};
    enum { N = 4, LAP = sizeof expected / sizeof expected[0] };
    struct cycle cycle = {.requests = {15}, .eligible = {true, true, true, true}};
    struct arb arb;

    arb_init(&arb, ARB_KIND_WEIGHTED, N, weight);
    for (unsigned i = 0; i < 5 * LAP; i++) {
        const int32_t picked = pick_of(&arb, &cycle);

        CU_ASSERT_EQUAL((uint32_t)picked, expected[i % LAP]);
        arb_granted(&arb, (uint32_t)picked);
    }
}

/* Who has grants left but nothing to send gives up its turn. */
static void weighted_gives_up_a_turn_that_is_not_used(void)
{
    uint64_t state = 3;
    unsigned wrong = 0;

    for (unsigned s = 0; s < SIZES; s++) {
        const uint32_t n = sizes[s];
        uint32_t weight[MOST], turn = 0, left;
        struct arb arb;

        for (uint32_t i = 0; i < n; i++)
            weight[i] = 1 + splitmix_below(&state, 4);
        left = weight[0];
        arb_init(&arb, ARB_KIND_WEIGHTED, n, weight);
        for (unsigned round = 0; round < ROUNDS / n + 500; round++) {
            struct cycle cycle;

            draw(&cycle, n, &state);
            const int32_t expected = next_of(&cycle, n, turn);
            wrong += pick_of(&arb, &cycle) != expected;
            if (expected == ARB_NONE)
                continue;
            arb_granted(&arb, (uint32_t)expected);
            if ((uint32_t)expected != turn)
                left = weight[expected];
            turn = (uint32_t)expected;
            if (--left == 0) {
                turn = (turn + 1) % n;
                left = weight[turn];
            }
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void weights_share_a_full_egress(void)
{
    static const uint32_t weight[] = {7, 1, 4};
    struct cycle cycle = {.requests = {7}, .eligible = {true, true, true}};
    unsigned grants[3] = {0};
    struct arb arb;

    arb_init(&arb, ARB_KIND_WEIGHTED, 3, weight);
    for (unsigned i = 0; i < 12 * 1000; i++) {
        const int32_t picked = pick_of(&arb, &cycle);

        grants[picked]++;
        arb_granted(&arb, (uint32_t)picked);
    }
    for (unsigned i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(grants[i], 1000 * weight[i]);
}

static void age_and_priority_take_the_best_and_ties_in_turn(void)
{
    uint64_t state = 4;
    unsigned wrong = 0;

    for (unsigned s = 0; s < 2 * SIZES; s++) {
        const bool by_age = s % 2;
        const uint32_t n = sizes[s / 2];
        uint32_t weight[MOST], pointer = 0;
        uint64_t rank[MOST];
        struct arb arb;

        for (uint32_t i = 0; i < n; i++)
            weight[i] = splitmix_below(&state, 4) ? splitmix_below(&state, 3) : UINT32_MAX;
        arb_init(&arb, by_age ? ARB_KIND_AGE : ARB_KIND_PRIORITY, n, by_age ? NULL : weight);
        for (unsigned round = 0; round < ROUNDS / n + 500; round++) {
            struct cycle cycle;

            draw(&cycle, n, &state);
            for (uint32_t i = 0; i < n; i++)
                rank[i] = by_age ? UINT64_MAX - cycle.age[i] : weight[i];
            const int32_t expected = best_of(&cycle, n, pointer, rank);
            wrong += pick_of(&arb, &cycle) != expected;
            wrong += cycle.asked_without_request;
            if (expected == ARB_NONE)
                continue;
            arb_granted(&arb, (uint32_t)expected);
            pointer = ((uint32_t)expected + 1) % n;
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void init_without_weights(void *kind)
{
    struct arb arb;

    arb_init(&arb, *(enum arb_kind *)kind, 4, NULL);
}

static void weights_are_asked_for_where_they_count(void)
{
    char text[DIES_TEXT_BYTES];

    for (enum arb_kind kind = ARB_KIND_ROUND_ROBIN; kind < ARB_KINDS; kind++) {
        const bool needs = kind == ARB_KIND_WEIGHTED || kind == ARB_KIND_PRIORITY;
        CU_ASSERT_EQUAL(dies(init_without_weights, &kind, text), needs);
    }
}

void suite_arb(void)
{
    CU_pSuite suite = CU_add_suite("arb", NULL, NULL);

    CU_add_test(suite, "round robin takes the next one", round_robin_takes_the_next_one);
    CU_add_test(suite, "round robin starves nobody", round_robin_starves_nobody);
    CU_add_test(suite, "weighted grants come in a row", weighted_grants_in_a_row);
    CU_add_test(suite, "weighted gives up a turn that is not used",
                weighted_gives_up_a_turn_that_is_not_used);
    CU_add_test(suite, "weights share a full egress", weights_share_a_full_egress);
    CU_add_test(suite, "age and priority take the best, and ties in turn",
                age_and_priority_take_the_best_and_ties_in_turn);
    CU_add_test(suite, "weights are asked for where they count",
                weights_are_asked_for_where_they_count);
}
