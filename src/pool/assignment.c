#include "pool/assignment.h"

#include "base/check.h"

#include <string.h>

enum { PORT_LIMIT = 1 << POOL_ASSIGNMENT_PORT_W, SLOT_LIMIT = 1 << POOL_ASSIGNMENT_SLOT_W };

/* The state in which a command is accepted, and where it leads. */
static const struct {
    uint8_t from, to;
} steps[ASSIGNMENT_COMMANDS] = {
    [ASSIGNMENT_NONE] = {ASSIGNMENT_STATES, ASSIGNMENT_STATES},
    [ASSIGNMENT_LOAD] = {ASSIGNMENT_FREE, ASSIGNMENT_LOADING},
    [ASSIGNMENT_ATTACH] = {ASSIGNMENT_LOADING, ASSIGNMENT_ASSIGNED},
    [ASSIGNMENT_DRAIN] = {ASSIGNMENT_ASSIGNED, ASSIGNMENT_DRAINING},
    [ASSIGNMENT_RESET] = {ASSIGNMENT_DRAINING, ASSIGNMENT_RESETTING},
    [ASSIGNMENT_RESET_DONE] = {ASSIGNMENT_RESETTING, ASSIGNMENT_INVALIDATING},
    [ASSIGNMENT_RELEASE] = {ASSIGNMENT_INVALIDATING, ASSIGNMENT_FREE},
    [ASSIGNMENT_ABANDON] = {ASSIGNMENT_STATES, ASSIGNMENT_FREE},
};

void assignment_init(struct assignment_table *table, struct assignment *memory,
                     uint32_t n_functions)
{
    CHECK(n_functions <= 1U << POOL_ASSIGNMENT_KEY_FUNCTION_W);
    memset(memory, 0, n_functions * sizeof *memory);
    *table = (struct assignment_table){n_functions, memory};
}

static bool same_place(const struct assignment_place *a, const struct assignment_place *b)
{
    return a->host_port == b->host_port && a->slot == b->slot &&
           a->user_function == b->user_function;
}

int32_t assignment_at(const struct assignment_table *table, const struct assignment_place *place)
{
    for (uint32_t i = 0; i < table->n_functions; i++)
        if (table->functions[i].state != ASSIGNMENT_FREE &&
            same_place(&table->functions[i].place, place))
            return (int32_t)i;
    return -1;
}

static bool nothing_in_flight(const struct assignment *a)
{
    return a->in_flight[ASSIGNMENT_HOST] == 0 && a->in_flight[ASSIGNMENT_DEVICE] == 0;
}

enum assignment_result assignment_judge(const struct assignment_table *table, uint32_t function,
                                        enum assignment_command command,
                                        const struct assignment_place *place)
{
    CHECK((unsigned)command < ASSIGNMENT_COMMANDS);
    if (command == ASSIGNMENT_NONE)
        return ASSIGNMENT_OK;
    if (function >= table->n_functions)
        return ASSIGNMENT_RANGE;
    const struct assignment *a = &table->functions[function];

    if (command == ASSIGNMENT_ABANDON)
        return a->state == ASSIGNMENT_FREE ? ASSIGNMENT_WRONG_STATE : ASSIGNMENT_OK;
    if (a->state != steps[command].from)
        return ASSIGNMENT_WRONG_STATE;
    if (command == ASSIGNMENT_RESET && !nothing_in_flight(a))
        return ASSIGNMENT_IN_FLIGHT;
    if (command == ASSIGNMENT_LOAD) {
        if (place->host_port >= PORT_LIMIT || place->slot >= SLOT_LIMIT)
            return ASSIGNMENT_RANGE;
        if (assignment_at(table, place) >= 0)
            return ASSIGNMENT_DUPLICATE;
    }
    return ASSIGNMENT_OK;
}

/* What an accepted command does. */
static void apply(struct assignment_table *table, uint32_t function,
                  enum assignment_command command, const struct assignment_place *place)
{
    if (command == ASSIGNMENT_NONE)
        return;
    struct assignment *a = &table->functions[function];

    a->state = steps[command].to;
    if (command == ASSIGNMENT_LOAD)
        a->place = *place;
    if (a->state == ASSIGNMENT_FREE)
        *a = (struct assignment){.state = ASSIGNMENT_FREE, .epoch = (uint8_t)(a->epoch + 1)};
}

enum assignment_result assignment_do(struct assignment_table *table, uint32_t function,
                                     enum assignment_command command,
                                     const struct assignment_place *place)
{
    const enum assignment_result result = assignment_judge(table, function, command, place);

    if (result == ASSIGNMENT_OK)
        apply(table, function, command, place);
    return result;
}

bool assignment_drain_ack(const struct assignment_table *table, uint32_t function)
{
    CHECK(function < table->n_functions);
    const struct assignment *a = &table->functions[function];

    return a->state == ASSIGNMENT_DRAINING && nothing_in_flight(a);
}

bool assignment_admits(const struct assignment_table *table, uint32_t function)
{
    CHECK(function < table->n_functions);
    return table->functions[function].state == ASSIGNMENT_ASSIGNED;
}

uint8_t assignment_issue(struct assignment_table *table, uint32_t function,
                         enum assignment_side side)
{
    CHECK(assignment_admits(table, function));
    struct assignment *a = &table->functions[function];

    CHECK(a->in_flight[side] < ASSIGNMENT_MOST_IN_FLIGHT);
    a->in_flight[side]++;
    return a->epoch;
}

bool assignment_complete(struct assignment_table *table, uint32_t function,
                         enum assignment_side side, uint8_t epoch)
{
    CHECK(function < table->n_functions);
    struct assignment *a = &table->functions[function];

    if (a->epoch != epoch || a->in_flight[side] == 0)
        return false;
    a->in_flight[side]--;
    return true;
}

void assignment_forget(struct assignment_table *table, uint32_t function)
{
    CHECK(function < table->n_functions);
    memset(table->functions[function].in_flight, 0, sizeof table->functions[function].in_flight);
}

enum assignment_result assignment_tick(struct assignment_table *table,
                                       const struct assignment_cycle *cycle)
{
    const enum assignment_result result =
        assignment_judge(table, cycle->function, cycle->command, &cycle->place);
    bool admitted[ASSIGNMENT_SIDES];

    for (unsigned side = 0; side < ASSIGNMENT_SIDES; side++)
        admitted[side] =
            cycle->issue[side] && assignment_admits(table, cycle->issue_function[side]);
    for (unsigned side = 0; side < ASSIGNMENT_SIDES; side++) {
        if (cycle->complete[side]) {
            struct assignment *a = &table->functions[cycle->complete_function[side]];

            CHECK(cycle->complete_function[side] < table->n_functions);
            if (a->in_flight[side] > 0)
                a->in_flight[side]--;
        }
        if (admitted[side])
            assignment_issue(table, cycle->issue_function[side], side);
    }
    /* Last, so that a release also clears what the same cycle counted. */
    if (result == ASSIGNMENT_OK)
        apply(table, cycle->function, cycle->command, &cycle->place);
    return result;
}

void assignment_pack(const struct assignment_table *table, uint32_t function,
                     struct pool_entry *out)
{
    CHECK(function < table->n_functions);
    const struct assignment *a = &table->functions[function];

    *out = (struct pool_entry){0};
    POOL_SET(out, ASSIGNMENT, KEY_FUNCTION, function);
    POOL_SET(out, ASSIGNMENT, PORT, a->place.host_port);
    POOL_SET(out, ASSIGNMENT, SLOT, a->place.slot);
    POOL_SET(out, ASSIGNMENT, USER_FUNCTION, a->place.user_function);
    POOL_SET(out, ASSIGNMENT, STATE, a->state);
    POOL_SET(out, ASSIGNMENT, EPOCH, a->epoch);
    POOL_SET(out, ASSIGNMENT, VALID, 1);
}

bool assignment_unpack(struct assignment_table *table, const struct pool_entry *entry)
{
    const uint64_t function = POOL_GET(entry, ASSIGNMENT, KEY_FUNCTION);
    const uint64_t state = POOL_GET(entry, ASSIGNMENT, STATE);

    if (!POOL_GET(entry, ASSIGNMENT, VALID) || function >= table->n_functions ||
        state >= ASSIGNMENT_STATES)
        return false;
    table->functions[function] = (struct assignment){
        .place = {(uint16_t)POOL_GET(entry, ASSIGNMENT, PORT),
                  (uint16_t)POOL_GET(entry, ASSIGNMENT, SLOT),
                  (uint16_t)POOL_GET(entry, ASSIGNMENT, USER_FUNCTION)},
        .state = (uint8_t)state,
        .epoch = (uint8_t)POOL_GET(entry, ASSIGNMENT, EPOCH),
    };
    return true;
}
