/* A VF changes hands in order, and never while something is in flight unless it is abandoned;
 * places are unique; late completions are known by their epoch. Random commands, issues and
 * completions against counts kept apart, and the cycle form against the step form. Not pinned: who
 * commands when. */
#include "pool/assignment.h"
#include "splitmix.h"

#include <CUnit/CUnit.h>
#include <string.h>

void suite_assignment(void);

enum { FUNCTIONS = 6 };

static const struct assignment_place here = {1, 2, 3}, there = {1, 2, 4};

static void the_orderly_way(void)
{
    struct assignment memory[2];
    struct assignment_table table;

    assignment_init(&table, memory, 2);
    CU_ASSERT_EQUAL(assignment_do(&table, 0, ASSIGNMENT_LOAD, &here), ASSIGNMENT_OK);
    CU_ASSERT_EQUAL(assignment_do(&table, 1, ASSIGNMENT_LOAD, &here), ASSIGNMENT_DUPLICATE);
    CU_ASSERT_EQUAL(assignment_do(&table, 1, ASSIGNMENT_LOAD, &there), ASSIGNMENT_OK);
    CU_ASSERT_EQUAL(assignment_do(&table, 0, ASSIGNMENT_LOAD, &here), ASSIGNMENT_WRONG_STATE);
    CU_ASSERT_FALSE(assignment_admits(&table, 0));
    CU_ASSERT_EQUAL(assignment_do(&table, 0, ASSIGNMENT_ATTACH, NULL), ASSIGNMENT_OK);
    CU_ASSERT_TRUE(assignment_admits(&table, 0));
    CU_ASSERT_EQUAL(assignment_at(&table, &here), 0);

    const uint8_t epoch = assignment_issue(&table, 0, ASSIGNMENT_DEVICE);
    CU_ASSERT_EQUAL(assignment_issue(&table, 0, ASSIGNMENT_HOST), epoch);
    CU_ASSERT_EQUAL(assignment_do(&table, 0, ASSIGNMENT_RESET, NULL), ASSIGNMENT_WRONG_STATE);
    CU_ASSERT_EQUAL(assignment_do(&table, 0, ASSIGNMENT_DRAIN, NULL), ASSIGNMENT_OK);
    CU_ASSERT_FALSE(assignment_admits(&table, 0));
    CU_ASSERT_FALSE(assignment_drain_ack(&table, 0));
    CU_ASSERT_EQUAL(assignment_do(&table, 0, ASSIGNMENT_RESET, NULL), ASSIGNMENT_IN_FLIGHT);
    CU_ASSERT_TRUE(assignment_complete(&table, 0, ASSIGNMENT_HOST, epoch));
    CU_ASSERT_FALSE(assignment_complete(&table, 0, ASSIGNMENT_HOST, epoch));
    CU_ASSERT_EQUAL(assignment_do(&table, 0, ASSIGNMENT_RESET, NULL), ASSIGNMENT_IN_FLIGHT);
    CU_ASSERT_TRUE(assignment_complete(&table, 0, ASSIGNMENT_DEVICE, epoch));
    CU_ASSERT_TRUE(assignment_drain_ack(&table, 0));
    CU_ASSERT_EQUAL(assignment_do(&table, 0, ASSIGNMENT_RESET, NULL), ASSIGNMENT_OK);
    CU_ASSERT_FALSE(assignment_drain_ack(&table, 0));
    CU_ASSERT_EQUAL(assignment_do(&table, 0, ASSIGNMENT_RELEASE, NULL), ASSIGNMENT_WRONG_STATE);
    CU_ASSERT_EQUAL(assignment_do(&table, 0, ASSIGNMENT_RESET_DONE, NULL), ASSIGNMENT_OK);
    CU_ASSERT_EQUAL(assignment_do(&table, 0, ASSIGNMENT_RELEASE, NULL), ASSIGNMENT_OK);
    CU_ASSERT_EQUAL(assignment_at(&table, &here), -1);
    CU_ASSERT_EQUAL(memory[0].epoch, (uint8_t)(epoch + 1));
    CU_ASSERT_EQUAL(assignment_do(&table, 2, ASSIGNMENT_DRAIN, NULL), ASSIGNMENT_RANGE);
    CU_ASSERT_EQUAL(
        assignment_do(&table, 0, ASSIGNMENT_LOAD, &(struct assignment_place){4096, 0, 0}),
        ASSIGNMENT_RANGE);
    CU_ASSERT_EQUAL(
        assignment_do(&table, 0, ASSIGNMENT_LOAD, &(struct assignment_place){0, 4096, 0}),
        ASSIGNMENT_RANGE);
}

static void abandoned_requests_are_stale(void)
{
    struct assignment memory[1];
    struct assignment_table table;

    assignment_init(&table, memory, 1);
    CU_ASSERT_EQUAL(assignment_do(&table, 0, ASSIGNMENT_ABANDON, NULL), ASSIGNMENT_WRONG_STATE);
    assignment_do(&table, 0, ASSIGNMENT_LOAD, &here);
    assignment_do(&table, 0, ASSIGNMENT_ATTACH, NULL);
    const uint8_t old = assignment_issue(&table, 0, ASSIGNMENT_HOST);
    CU_ASSERT_EQUAL(assignment_do(&table, 0, ASSIGNMENT_ABANDON, NULL), ASSIGNMENT_OK);
    assignment_do(&table, 0, ASSIGNMENT_LOAD, &there);
    assignment_do(&table, 0, ASSIGNMENT_ATTACH, NULL);
    const uint8_t young = assignment_issue(&table, 0, ASSIGNMENT_HOST);
    CU_ASSERT_NOT_EQUAL(old, young);
    CU_ASSERT_FALSE(assignment_complete(&table, 0, ASSIGNMENT_HOST, old));
    CU_ASSERT_TRUE(assignment_complete(&table, 0, ASSIGNMENT_HOST, young));
}

/* ---- random ---- */

struct naive {
    unsigned state, in_flight[2], epoch;
    struct assignment_place place;
};

static struct assignment_place random_place(uint64_t *rng)
{
    return (struct assignment_place){(uint16_t)splitmix_below(rng, 2),
                                     (uint16_t)splitmix_below(rng, 2),
                                     (uint16_t)splitmix_below(rng, 2)};
}

static enum assignment_result naive_command(struct naive all[FUNCTIONS], unsigned f,
                                            enum assignment_command command,
                                            struct assignment_place place)
{
    static const unsigned from[] = {
        [ASSIGNMENT_LOAD] = 0,  [ASSIGNMENT_ATTACH] = 1,     [ASSIGNMENT_DRAIN] = 2,
        [ASSIGNMENT_RESET] = 3, [ASSIGNMENT_RESET_DONE] = 4, [ASSIGNMENT_RELEASE] = 5};
    struct naive *n = &all[f];

    if (command == ASSIGNMENT_NONE)
        return ASSIGNMENT_OK;
    if (command == ASSIGNMENT_ABANDON ? n->state == 0 : n->state != from[command])
        return ASSIGNMENT_WRONG_STATE;
    if (command == ASSIGNMENT_RESET && n->in_flight[0] + n->in_flight[1] > 0)
        return ASSIGNMENT_IN_FLIGHT;
    if (command == ASSIGNMENT_LOAD) {
        for (unsigned i = 0; i < FUNCTIONS; i++)
            if (all[i].state != 0 && memcmp(&all[i].place, &place, sizeof place) == 0)
                return ASSIGNMENT_DUPLICATE;
        n->place = place;
    }
    n->state = command == ASSIGNMENT_ABANDON ? 0 : (n->state + 1) % 6;
    if (n->state == 0) {
        n->in_flight[0] = n->in_flight[1] = 0;
        n->epoch = (n->epoch + 1) % 256;
    }
    return ASSIGNMENT_OK;
}

static void compare(const struct assignment_table *table, const struct naive all[FUNCTIONS])
{
    for (unsigned f = 0; f < FUNCTIONS; f++) {
        const struct assignment *a = &table->functions[f];

        CU_ASSERT_EQUAL(a->state, all[f].state);
        CU_ASSERT_EQUAL(a->epoch, all[f].epoch);
        CU_ASSERT_EQUAL(a->in_flight[0], all[f].in_flight[0]);
        CU_ASSERT_EQUAL(a->in_flight[1], all[f].in_flight[1]);
        CU_ASSERT_EQUAL(assignment_admits(table, f), all[f].state == ASSIGNMENT_ASSIGNED);
        CU_ASSERT_EQUAL(assignment_drain_ack(table, f),
                        all[f].state == ASSIGNMENT_DRAINING &&
                            all[f].in_flight[0] + all[f].in_flight[1] == 0);
        if (all[f].state != 0)
            CU_ASSERT_EQUAL(assignment_at(table, &all[f].place), (int32_t)f);
    }
}

/* One cycle: the command is judged by the state before, the counts move, then it is done. */
static void random_cycles(void)
{
    uint64_t rng = 5;
    struct assignment memory[FUNCTIONS];
    struct assignment_table table;
    struct naive all[FUNCTIONS] = {0};
    unsigned reached[ASSIGNMENT_STATES] = {0}, refused_in_flight = 0;

    assignment_init(&table, memory, FUNCTIONS);
    for (unsigned n = 0; n < 60000; n++) {
        struct assignment_cycle cycle = {.function = splitmix_below(&rng, FUNCTIONS),
                                         .place = random_place(&rng)};
        struct naive after[FUNCTIONS];
        const struct naive *f = &all[cycle.function];

        /* Mostly the step that is due, seldom the end of everything. */
        cycle.command =
            splitmix_below(&rng, 4) ? f->state + 1 : splitmix_below(&rng, ASSIGNMENT_ABANDON);
        if (splitmix_below(&rng, 64) == 0)
            cycle.command = ASSIGNMENT_ABANDON;
        for (unsigned side = 0; side < 2; side++) {
            cycle.issue[side] = splitmix_below(&rng, 2);
            cycle.complete[side] = splitmix_below(&rng, 2);
            cycle.issue_function[side] = splitmix_below(&rng, FUNCTIONS);
            cycle.complete_function[side] = splitmix_below(&rng, FUNCTIONS);
        }
        memcpy(after, all, sizeof after);
        const enum assignment_result expected =
            naive_command(after, cycle.function, cycle.command, cycle.place);
        for (unsigned side = 0; side < 2; side++) {
            struct naive *done = &all[cycle.complete_function[side]];
            struct naive *asks = &all[cycle.issue_function[side]];
            const bool admitted = cycle.issue[side] && asks->state == ASSIGNMENT_ASSIGNED;

            if (cycle.complete[side] && done->in_flight[side] > 0)
                done->in_flight[side]--;
            asks->in_flight[side] += admitted;
        }
        for (unsigned i = 0; i < FUNCTIONS; i++)
            if (after[i].epoch == all[i].epoch)
                memcpy(after[i].in_flight, all[i].in_flight, sizeof after[i].in_flight);
        memcpy(all, after, sizeof all);

        CU_ASSERT_EQUAL(assignment_tick(&table, &cycle), expected);
        compare(&table, all);
        refused_in_flight += expected == ASSIGNMENT_IN_FLIGHT;
        reached[all[cycle.function].state]++;
    }
    for (unsigned s = 0; s < ASSIGNMENT_STATES; s++)
        CU_ASSERT_TRUE(reached[s] > 100);
    CU_ASSERT_TRUE(refused_in_flight > 100);
}

/* The promise that the moves rest on: from the reset on nothing is in flight. */
static void random_steps(void)
{
    uint64_t rng = 6;
    struct assignment memory[FUNCTIONS];
    struct assignment_table table;
    struct naive all[FUNCTIONS] = {0};

    assignment_init(&table, memory, FUNCTIONS);
    for (unsigned n = 0; n < 60000; n++) {
        const uint32_t f = splitmix_below(&rng, FUNCTIONS);
        const enum assignment_side side = splitmix_below(&rng, 2);
        const struct assignment_place place = random_place(&rng);
        const enum assignment_command command = splitmix_below(&rng, ASSIGNMENT_COMMANDS);
        const uint8_t epoch = (uint8_t)(all[f].epoch - (splitmix_below(&rng, 4) == 0));

        switch (splitmix_below(&rng, 3)) {
        case 0:
            if (command == ASSIGNMENT_ABANDON && splitmix_below(&rng, 16))
                break;
            CU_ASSERT_EQUAL(assignment_do(&table, f, command, &place),
                            naive_command(all, f, command, place));
            break;
        case 1:
            if (all[f].state != ASSIGNMENT_ASSIGNED)
                break;
            CU_ASSERT_EQUAL(assignment_issue(&table, f, side), all[f].epoch);
            all[f].in_flight[side]++;
            break;
        default: {
            const bool counts = epoch == all[f].epoch && all[f].in_flight[side] > 0;
            CU_ASSERT_EQUAL(assignment_complete(&table, f, side, epoch), counts);
            all[f].in_flight[side] -= counts;
        }
        }
        compare(&table, all);
        for (unsigned i = 0; i < FUNCTIONS; i++)
            if (memory[i].state == ASSIGNMENT_RESETTING || memory[i].state == ASSIGNMENT_FREE)
                CU_ASSERT_EQUAL(memory[i].in_flight[0] + memory[i].in_flight[1], 0);
    }
}

static void packs_and_unpacks(void)
{
    struct assignment memory[FUNCTIONS], back_memory[FUNCTIONS];
    struct assignment_table table, back;
    struct pool_entry entry;

    assignment_init(&table, memory, FUNCTIONS);
    assignment_init(&back, back_memory, FUNCTIONS);
    assignment_do(&table, 5, ASSIGNMENT_LOAD, &here);
    assignment_do(&table, 5, ASSIGNMENT_ABANDON, NULL);
    assignment_do(&table, 5, ASSIGNMENT_LOAD, &there);
    for (uint32_t f = 0; f < FUNCTIONS; f++) {
        assignment_pack(&table, f, &entry);
        CU_ASSERT_TRUE(assignment_unpack(&back, &entry));
    }
    CU_ASSERT_EQUAL(memcmp(memory, back_memory, sizeof memory), 0);
    POOL_SET(&entry, ASSIGNMENT, STATE, 7);
    CU_ASSERT_FALSE(assignment_unpack(&back, &entry));
    POOL_SET(&entry, ASSIGNMENT, STATE, 0);
    POOL_SET(&entry, ASSIGNMENT, KEY_FUNCTION, FUNCTIONS);
    CU_ASSERT_FALSE(assignment_unpack(&back, &entry));
    CU_ASSERT_FALSE(assignment_unpack(&back, &(struct pool_entry){0}));
}

void suite_assignment(void)
{
    CU_pSuite suite = CU_add_suite("assignment", NULL, NULL);

    CU_add_test(suite, "the orderly way", the_orderly_way);
    CU_add_test(suite, "abandoned requests are stale", abandoned_requests_are_stale);
    CU_add_test(suite, "random cycles", random_cycles);
    CU_add_test(suite, "random steps", random_steps);
    CU_add_test(suite, "packs and unpacks", packs_and_unpacks);
}
