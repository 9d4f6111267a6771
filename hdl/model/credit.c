/* Lock-step model of credit: the gates of src/pcie/credit.h. */
#define PORT_LIST "credit.def"
#include "lockstep_ports.h"

#include "pcie/credit.h"
#include "pcie/order.h"

struct credits {
    struct credit_gate header[CLASSES], data[CLASSES];
    uint32_t header_out[CLASSES], data_out[CLASSES]; /* taken, and not yet freed by the receiver */
};

/* Nothing may start before InitFC: no credits, and not infinite. */
static void init(void *state)
{
    struct credits *credits = state;

    for (int class = 0; class < CLASSES; class ++) {
        credits->header[class] = (struct credit_gate){.mask = (1U << CREDIT_HEADER_BITS) - 1};
        credits->data[class] = (struct credit_gate){.mask = (1U << CREDIT_DATA_BITS) - 1};
        credits->header_out[class] = credits->data_out[class] = 0;
    }
}

static bool allows(const struct credits *credits, uint32_t class, uint32_t units)
{
    return credit_allows(&credits->header[class], 1) && credit_allows(&credits->data[class], units);
}

static void outputs(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care)
{
    for (uint32_t q = 0; q < N_QUERIES; q++) {
        const uint32_t class = (uint32_t)port_get_at(in, &in_ports[IN_query_class], q * 2, 2);
        const uint32_t units = (uint32_t)port_get_at(in, &in_ports[IN_query_data], q * 12, 12);

        port_set_at(out, &out_ports[OUT_allow], q, 1, allows(state, class, units));
    }
    CARE(allow);
}

static void tick(void *state, const struct vector *in, const struct vector *out)
{
    struct credits *credits = state;

    (void)out;
    if (GET_IN(rst)) {
        init(credits);
        return;
    }
    for (uint32_t class = 0; class < CLASSES; class ++) {
        if (!(GET_IN(update_valid) >> class & 1))
            continue;
        const uint32_t header =
            (uint32_t)port_get_at(in, &in_ports[IN_update_header], class * 8, 8);
        const uint32_t data = (uint32_t)port_get_at(in, &in_ports[IN_update_data], class * 12, 12);

        credit_grant(&credits->header[class], header);
        credit_grant(&credits->data[class], data);
        credits->header_out[class] -= header;
        credits->data_out[class] -= data;
    }
    if (GET_IN(take_valid)) {
        const uint32_t class = (uint32_t)GET_IN(take_class);

        credit_consume(&credits->header[class], 1);
        credit_consume(&credits->data[class], (uint32_t)GET_IN(take_data));
        credits->header_out[class] += 1;
        credits->data_out[class] += (uint32_t)GET_IN(take_data);
    }
    if (GET_IN(init_valid)) {
        const uint32_t class = (uint32_t)GET_IN(init_class);

        credit_init(&credits->header[class], CREDIT_HEADER_BITS, (uint32_t)GET_IN(init_header));
        credit_init(&credits->data[class], CREDIT_DATA_BITS, (uint32_t)GET_IN(init_data));
        credits->header_out[class] = credits->data_out[class] = 0;
    }
}

/* A receiver frees what was sent only; TLPs start when they may. */
static void stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    const struct credits *credits = state;
    uint32_t class = draw_below(rng, CLASSES);
    const uint32_t units = draw_below(rng, one_in(rng, 4) ? 256 : 9);

    (void)out;
    SET_IN(take_valid, allows(credits, class, units) && !one_in(rng, 4));
    SET_IN(take_class, class);
    SET_IN(take_data, units);
    for (class = 0; class < CLASSES; class ++) {
        port_set_at(in, &in_ports[IN_update_valid], class, 1, one_in(rng, 6));
        port_set_at(in, &in_ports[IN_update_header], class * 8, 8,
                    draw_below(rng, credits->header_out[class] % 128 + 1));
        port_set_at(in, &in_ports[IN_update_data], class * 12, 12,
                    draw_below(rng, credits->data_out[class] % 2048 + 1));
    }
    SET_IN(init_valid, one_in(rng, 500));
    SET_IN(init_class, draw_below(rng, CLASSES));
    SET_IN(init_header, one_in(rng, 8) ? 0 : draw_below(rng, 128));
    SET_IN(init_data, one_in(rng, 8) ? 0 : draw_below(rng, 2048));
    for (uint32_t q = 0; q < N_QUERIES; q++) {
        port_set_at(in, &in_ports[IN_query_class], q * 2, 2, draw_below(rng, CLASSES));
        port_set_at(in, &in_ports[IN_query_data], q * 12, 12,
                    draw_below(rng, one_in(rng, 4) ? 2048 : 64));
    }
}

FAMILY(credit, struct credits);
