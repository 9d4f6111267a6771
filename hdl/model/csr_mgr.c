/* Lock-step model of csr_mgr: src/pool/assignment.c, and two cycles to read. */
#define PORT_LIST "csr_mgr.def"
#include "lockstep_ports.h"

#include "base/check.h"
#include "pool/assignment.h"

enum { INDEX_W = 3 };

struct manager {
    struct assignment functions[N_FUNCTIONS];
    uint32_t read_index;
    struct pool_entry read; /* what the read port shows */
};

static struct assignment_table table_of(const void *state)
{
    struct manager *manager = (struct manager *)(uintptr_t)state;

    return (struct assignment_table){N_FUNCTIONS, manager->functions};
}

static void init(void *state)
{
    struct assignment_table table;

    assignment_init(&table, ((struct manager *)state)->functions, N_FUNCTIONS);
}

static struct assignment_cycle cycle_in(const struct vector *in)
{
    struct assignment_cycle cycle = {
        .function = (uint32_t)GET_IN(command_function),
        .command = (enum assignment_command)GET_IN(command),
        .place = {(uint16_t)GET_IN(place_port), (uint16_t)GET_IN(place_slot),
                  (uint16_t)GET_IN(place_function)},
    };

    for (uint32_t side = 0; side < ASSIGNMENT_SIDES; side++) {
        cycle.issue[side] = GET_IN(issue) >> side & 1;
        cycle.complete[side] = GET_IN(complete) >> side & 1;
        cycle.issue_function[side] =
            (uint32_t)port_get_at(in, &in_ports[IN_issue_function], side * INDEX_W, INDEX_W);
        cycle.complete_function[side] =
            (uint32_t)port_get_at(in, &in_ports[IN_complete_function], side * INDEX_W, INDEX_W);
    }
    return cycle;
}

static void outputs(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care)
{
    const struct manager *manager = state;
    const struct assignment_table table = table_of(state);
    const struct assignment_cycle cycle = cycle_in(in);
    uint64_t admits = 0, acks = 0, epochs = 0;

    for (uint32_t f = 0; f < N_FUNCTIONS; f++) {
        admits |= (uint64_t)assignment_admits(&table, f) << f;
        epochs |= (uint64_t)manager->functions[f].epoch << 8 * f;
        acks |= (uint64_t)assignment_drain_ack(&table, f) << f;
    }
    EXPECT(result, assignment_judge(&table, cycle.function, cycle.command, &cycle.place));
    EXPECT(admits, admits);
    EXPECT(epochs, epochs);
    EXPECT(drain_ack, acks);
    for (uint32_t at = 0; at < ASSIGNMENT_W; at += 32) {
        const uint32_t n = ASSIGNMENT_W - at < 32 ? ASSIGNMENT_W - at : 32;

        port_set_at(out, &out_ports[OUT_r_entry], at, n, pool_entry_get(&manager->read, at, n));
    }
    CARE(r_entry);
}

static void tick(void *state, const struct vector *in, const struct vector *out)
{
    struct manager *manager = state;
    struct assignment_table table = table_of(state);
    const struct assignment_cycle cycle = cycle_in(in);

    (void)out;
    assignment_pack(&table, manager->read_index, &manager->read);
    manager->read_index = (uint32_t)GET_IN(r_function);
    if (GET_IN(rst))
        init(state);
    else
        assignment_tick(&table, &cycle);
}

/* The next step of the VF's life, most of the time; few places; completions keep up with issues. */
static void stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    const struct manager *manager = state;
    const uint32_t function = draw_below(rng, N_FUNCTIONS);
    const uint32_t next_step = (uint32_t)manager->functions[function].state + 1;

    (void)out;
    SET_IN(command_function, one_in(rng, 32) ? draw(rng) : function);
    SET_IN(command, one_in(rng, 8)    ? ASSIGNMENT_NONE
                    : one_in(rng, 8)  ? draw(rng)
                    : one_in(rng, 64) ? ASSIGNMENT_ABANDON
                                      : next_step);
    SET_IN(place_port, draw_below(rng, 3));
    SET_IN(place_slot, draw_below(rng, 2));
    SET_IN(place_function, one_in(rng, 8) ? draw(rng) : draw_below(rng, 2));
    SET_IN(issue, draw(rng));
    SET_IN(issue_function, draw(rng));
    SET_IN(complete, draw(rng));
    SET_IN(complete_function, draw(rng));
    SET_IN(r_function, draw(rng));
}

FAMILY(csr_mgr, struct manager);
