/* One direction of a link against exact fractions, and its credits against a receiver that is
 * modelled one unit and one UpdateFC at a time. Not pinned: where inside a busy period a DLLP or
 * SKP goes out, only that it takes its bytes. */
#include "../unit/splitmix.h"
#include "bench_fabric.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

void suite_link(void);

static const unsigned widths[] = {1, 2, 4, 8, 12, 16};
enum { WIDTHS = sizeof widths / sizeof widths[0], GENS = 5 };

struct arrivals {
    uint32_t n;
    uint64_t begin_ps, end_ps; /* of the last one */
};

static void on_tlp(void *self, uint32_t port, uint32_t tlp, uint32_t payload, uint64_t begin_ps,
                   uint64_t end_ps)
{
    struct arrivals *arrivals = self;

    (void)port, (void)tlp, (void)payload;
    *arrivals = (struct arrivals){arrivals->n + 1, begin_ps, end_ps};
}

struct wakes {
    uint32_t n;
    uint64_t at_ps;
};

static void on_credit(void *self, uint32_t port, uint64_t at_ps)
{
    struct wakes *wakes = self;

    CU_ASSERT_EQUAL(port, 9);
    *wakes = (struct wakes){wakes->n + 1, at_ps};
}

/* Both directions of one link, with a receiver that only notes; one TLP is sent again and again. */
struct wire {
    struct sim sim;
    struct fabric fabric;
    struct link_params params;
    struct link there, back;
    void *memory[2];
    struct arrivals arrived, arrived_back;
    struct wakes wakes;
    uint32_t tlp;
};

static struct wire *wire_new(const struct link_params *params, uint32_t vcs)
{
    struct wire *wire = calloc(1, sizeof *wire);

    CU_ASSERT_PTR_NOT_NULL_FATAL(wire);
    sim_init(&wire->sim, 1, 1, 0);
    wire->fabric = (struct fabric){.sim = &wire->sim, .vcs = vcs};
    fabric_set_overheads(&wire->fabric, true, false);
    CU_ASSERT_FATAL(tlp_pool_init(&wire->fabric.tlps, 2));
    wire->tlp = tlp_take(&wire->fabric.tlps);
    wire->params = *params;
    for (int i = 0; i < 2; i++) {
        wire->memory[i] = calloc(1, link_memory_bytes(&wire->fabric, params));
        CU_ASSERT_PTR_NOT_NULL_FATAL(wire->memory[i]);
        link_init(i ? &wire->back : &wire->there, &wire->fabric, params, 0, wire->memory[i]);
    }
    link_pair(&wire->there, &wire->back);
    wire->there.receiver = (struct link_receiver){on_tlp, &wire->arrived, 0};
    wire->back.receiver = (struct link_receiver){on_tlp, &wire->arrived_back, 0};
    wire->there.sender = (struct link_sender){on_credit, &wire->wakes, 9};
    return wire;
}

static void wire_free(struct wire *wire)
{
    sim_fini(&wire->sim);
    tlp_pool_fini(&wire->fabric.tlps);
    free(wire->memory[0]);
    free(wire->memory[1]);
    free(wire);
}

static struct tlp *put(struct wire *wire, struct link *link, uint64_t ready_ps, uint32_t payload)
{
    struct tlp *tlp = tlp_get(&wire->fabric.tlps, wire->tlp);

    *tlp = (struct tlp){.kind = payload ? TLP_MEM_WRITE : TLP_MEM_READ, .bytes = (uint16_t)payload};
    tlp_account_begin(tlp, ready_ps);
    link_send(link, wire->tlp, tlp_wire_payload_bytes(tlp), ready_ps);
    return tlp;
}

/* Time of @bytes in ps, rounded up, from the transfer rate and the line code. */
static uint64_t exact_ps(unsigned gen, unsigned lanes, uint64_t bytes)
{
    static const uint64_t symbol_ps[] = {0, 3200, 1600, 1000, 500, 250}; /* 8 bits on one lane */
    const uint64_t coded = gen < 3 ? 10 : 130, data = gen < 3 ? 8 : 128;
    const unsigned __int128 over = (unsigned __int128)bytes * symbol_ps[gen] * coded;
    const uint64_t under = data * lanes;

    return (uint64_t)((over + under - 1) / under);
}

/* ---- serialisation ---- */

static void back_to_back_tlps_never_drift(void)
{
    for (unsigned gen = 1; gen <= GENS; gen++) {
        for (unsigned w = 0; w < WIDTHS; w++) {
            const struct link_params params = bench_link(gen, widths[w], 12345);
            struct wire *wire = wire_new(&params, 1);
            uint64_t state = gen, bytes = 0;
            unsigned wrong = 0;

            for (unsigned i = 0; i < 50000; i++) {
                const uint32_t payload = 4 * splitmix_below(&state, 1025);

                put(wire, &wire->there, 0, payload);
                wrong += wire->arrived.begin_ps != 12345 + exact_ps(gen, widths[w], bytes);
                bytes += 24 + payload;
                wrong += wire->arrived.end_ps != 12345 + exact_ps(gen, widths[w], bytes);
            }
            CU_ASSERT_EQUAL(wrong, 0);
            CU_ASSERT_EQUAL(wire->there.wire_bytes, bytes);
            CU_ASSERT_EQUAL(wire->there.payload_bytes, bytes - 24 * 50000);
            CU_ASSERT_EQUAL(wire->there.tlps, 50000);
            CU_ASSERT_EQUAL(wire->arrived.n, 50000);
            wire_free(wire);
        }
    }
}

/* A TLP that is ready before the wire is free takes it at its exact fraction of a picosecond. */
static void an_idle_wire_starts_at_once(void)
{
    const struct link_params params = bench_link(5, 12, 1000);
    struct wire *wire = wire_new(&params, 1);
    const uint64_t end_ps = exact_ps(5, 12, 24 + 100);

    put(wire, &wire->there, 0, 100);
    CU_ASSERT_EQUAL(wire->arrived.end_ps, end_ps + 1000);
    struct tlp *tlp = put(wire, &wire->there, end_ps - 1, 100);
    CU_ASSERT_EQUAL(wire->arrived.begin_ps, end_ps + 1000);
    CU_ASSERT_EQUAL(wire->arrived.end_ps, exact_ps(5, 12, UINT64_C(2) * 124) + 1000);
    CU_ASSERT_EQUAL(tlp_part_ps(tlp, PART_ARBITRATE), 1);
    CU_ASSERT_EQUAL(tlp_part_ps(tlp, PART_PROPAGATE), 1000);
    CU_ASSERT_EQUAL(tlp->at_ps, wire->arrived.begin_ps);
    tlp = put(wire, &wire->there, 1000000, 100);
    CU_ASSERT_EQUAL(wire->arrived.begin_ps, 1001000);
    CU_ASSERT_EQUAL(wire->arrived.end_ps, 1001000 + end_ps);
    CU_ASSERT_EQUAL(tlp_part_ps(tlp, PART_ARBITRATE), 0);
    wire_free(wire);
}

/* ---- SKP ---- */

/* Under full load each SKP ordered set delays the stream by its symbols, and nothing else does;
 * several when one TLP lasts for several intervals, as 4 KiB on one lane do. */
static void skp_share(uint32_t payload)
{
    for (unsigned gen = 1; gen <= GENS; gen++) {
        for (unsigned w = 0; w < WIDTHS; w++) {
            struct link_params params = bench_link(gen, widths[w], 0);
            const uint64_t interval_bytes =
                (uint64_t)rate_skp_interval_symbols(gen) * widths[w]; /* a symbol on all lanes */
            const uint64_t skp_bytes = (uint64_t)rate_skp_symbols(gen) * widths[w];
            uint64_t bytes = 0;
            unsigned wrong = 0;

            params.skp = true;
            struct wire *wire = wire_new(&params, 1);
            for (unsigned i = 0; i < 20000; i++) {
                put(wire, &wire->there, 0, payload);
                bytes += payload + 24;
                const uint64_t total = bytes + wire->there.skps * skp_bytes;
                wrong += wire->arrived.end_ps != exact_ps(gen, widths[w], total);
                /* One for each interval that began before this TLP could start. */
                const uint64_t start = total - payload - 24;
                wrong += wire->there.skps > start / interval_bytes ||
                         wire->there.skps + 1 < start / interval_bytes;
            }
            CU_ASSERT_EQUAL(wrong, 0);
            CU_ASSERT(wire->there.skps > 0);
            wire_free(wire);
        }
    }
}

static void skp_takes_its_share_of_a_busy_wire(void)
{
    skp_share(256);
    skp_share(4096);
}

static void skp_costs_nothing_on_an_idle_wire(void)
{
    struct link_params params = bench_link(3, 4, 0);
    const uint64_t interval_ps = exact_ps(3, 4, UINT64_C(4) * 370 * 16);

    params.skp = true;
    struct wire *wire = wire_new(&params, 1);
    for (uint64_t i = 1; i <= 100; i++) {
        put(wire, &wire->there, i * 10 * interval_ps, 64);
        CU_ASSERT_EQUAL(wire->arrived.begin_ps, i * 10 * interval_ps);
    }
    CU_ASSERT(wire->there.skps >= 999 && wire->there.skps <= 1000);
    wire_free(wire);
}

/* ---- DLLP ---- */

static void an_ack_goes_out_once_per_interval(void)
{
    static const uint64_t intervals_ps[] = {0, 1, 100000, 1000000};

    for (unsigned i = 0; i < sizeof intervals_ps / sizeof intervals_ps[0]; i++) {
        struct link_params params = bench_link(3, 8, 500);
        uint64_t last_ack_ps = 0, acks = 0, state = i;

        params.dllp = true;
        params.ack_interval_ps = intervals_ps[i];
        struct wire *wire = wire_new(&params, 1);
        for (unsigned n = 0; n < 10000; n++) {
            put(wire, &wire->there, n * UINT64_C(30000) + splitmix_below(&state, 20000), 128);
            const bool acked = wire->back.dllps > acks;
            const bool is_due = n == 0 || wire->arrived.end_ps >= last_ack_ps + intervals_ps[i];

            CU_ASSERT_EQUAL(acked, is_due);
            acks += acked;
            CU_ASSERT_EQUAL(wire->back.dllps, acks);
            last_ack_ps = acked ? wire->arrived.end_ps : last_ack_ps;
        }
        CU_ASSERT_EQUAL(wire->there.dllps, 0);
        wire_free(wire);
    }
}

static void an_ack_is_due_at_the_end_of_the_interval(void)
{
    for (uint64_t early_ps = 0; early_ps < 2; early_ps++) {
        struct link_params params = bench_link(1, 1, 0);

        params.ack_interval_ps = 500000 + early_ps;
        struct wire *wire = wire_new(&params, 1);
        put(wire, &wire->there, 0, 0);
        put(wire, &wire->there, 500000, 0); /* ends 500,000 ps after the first */
        CU_ASSERT_EQUAL(wire->back.dllps, early_ps ? 1 : 2);
        wire_free(wire);
    }
}

/* A DLLP of 8 bytes fills a gap that is there anyway; without one it delays the next TLP. */
static void dllps_fill_gaps_and_delay_only_a_full_wire(void)
{
    struct link_params params = bench_link(1, 1, 0);
    const uint64_t dllp_ps = UINT64_C(8) * 4000, tlp_ps = UINT64_C(24) * 4000;

    params.dllp = true;
    struct wire *wire = wire_new(&params, 1);
    put(wire, &wire->there, 0, 0); /* owes an Ack on the way back */
    put(wire, &wire->back, 0, 0);
    CU_ASSERT_EQUAL(wire->arrived_back.begin_ps, dllp_ps);
    put(wire, &wire->there, 10 * tlp_ps, 0);
    put(wire, &wire->back, dllp_ps + tlp_ps + dllp_ps, 0); /* the gap is just wide enough */
    CU_ASSERT_EQUAL(wire->arrived_back.begin_ps, dllp_ps + tlp_ps + dllp_ps);
    put(wire, &wire->there, 20 * tlp_ps, 0);
    put(wire, &wire->there, 30 * tlp_ps, 0); /* two owed, one and a half fit */
    put(wire, &wire->back, dllp_ps + tlp_ps + dllp_ps + tlp_ps + 3 * dllp_ps / 2, 0);
    CU_ASSERT_EQUAL(wire->arrived_back.begin_ps, 2 * dllp_ps + 2 * tlp_ps + 2 * dllp_ps);
    wire_free(wire);
}

static void dllps_can_be_free(void)
{
    const struct link_params params = bench_link(1, 1, 0);
    struct wire *wire = wire_new(&params, 1);

    put(wire, &wire->there, 0, 0);
    put(wire, &wire->back, 0, 0);
    CU_ASSERT_EQUAL(wire->arrived_back.begin_ps, 0);
    CU_ASSERT_EQUAL(wire->back.dllps, 1);
    wire_free(wire);
}

/* ---- credits ---- */

enum { HEADERS = 16, DATA = 200, MODEL_UPDATES = 200000 };

/* The receiver's side of one queue as the specification tells it: an UpdateFC goes out when units
 * are freed, but not before the interval since the last one has passed, and carries all that is
 * freed by then. */
struct model {
    uint32_t n;
    struct {
        uint64_t sent_ps;
        uint32_t header, data;
    } updates[MODEL_UPDATES];
};

static void model_free(struct model *model, uint64_t interval_ps, uint64_t freed_ps, uint32_t data)
{
    const uint64_t last_ps = model->n ? model->updates[model->n - 1].sent_ps : 0;

    CHECK(model->n < MODEL_UPDATES);
    if (model->n == 0 || freed_ps > last_ps) {
        const uint64_t earliest_ps = model->n ? last_ps + interval_ps : 0;

        model->updates[model->n].sent_ps = freed_ps > earliest_ps ? freed_ps : earliest_ps;
        model->updates[model->n].header = 0;
        model->updates[model->n++].data = 0;
    }
    model->updates[model->n - 1].header++;
    model->updates[model->n - 1].data += data;
}

static void available_at(const struct model *model, uint64_t sent_until_ps, uint32_t *out_header,
                         uint32_t *out_data)
{
    for (uint32_t i = 0; i < model->n && model->updates[i].sent_ps <= sent_until_ps; i++) {
        *out_header += model->updates[i].header;
        *out_data += model->updates[i].data;
    }
}

/* What is sent is freed after a random time, in order. UpdateFCs are taken in sometimes at once and
 * sometimes as late as the link likes. */
static void run_credits(struct wire *wire, struct model *model, uint32_t q, uint64_t *state)
{
    struct link_credit *credit = &wire->there.credit[q];
    uint64_t now_ps = 1, freed_ps = 0;
    uint32_t used_header = 0, used_data = 0;
    unsigned wrong = 0, sent = 0, blocked = 0;

    model->n = 0;
    for (unsigned step = 0; step < 3000; step++) {
        uint32_t header = HEADERS, data = DATA;
        const uint32_t units = splitmix_below(state, 17);

        now_ps += splitmix_below(state, 20000);
        available_at(model, now_ps - wire->there.dllp_flight_ps, &header, &data);
        if (now_ps < wire->there.dllp_flight_ps)
            header = HEADERS, data = DATA;
        if (splitmix_below(state, 2)) {
            link_credit_take_in(credit, now_ps);
            wrong += credit_available(&credit->header) != header - used_header;
            wrong += credit_available(&credit->data) != data - used_data;
        }
        const bool fits = header > used_header && units <= data - used_data;
        wrong += link_credit_allows(credit, units, now_ps) != fits;
        if (!fits) {
            blocked++;
            continue;
        }
        link_credit_consume(&wire->there.credit[q], units);
        used_header++;
        used_data += units;
        sent++;
        if (freed_ps < now_ps)
            freed_ps = now_ps;
        freed_ps += splitmix_below(state, 3) * splitmix_below(state, 20000);
        link_credit_return(&wire->there, q, units, freed_ps);
        model_free(model, wire->params.update_interval_ps, freed_ps, units);
        wrong += !link_credits_are_home(&wire->there, &wire->params);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(sent > 1000 && blocked > 0);
    CU_ASSERT_EQUAL(wire->back.dllps, model->n);
}

static void credits_come_back_as_a_naive_receiver_returns_them(void)
{
    static const uint64_t intervals_ps[] = {0, 1, 5000, 60000};
    struct model *model = malloc(sizeof *model);
    uint64_t state = 6;

    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    for (unsigned i = 0; i < sizeof intervals_ps / sizeof intervals_ps[0]; i++) {
        for (uint32_t q = 0; q < 2 * CLASSES; q++) {
            struct link_params params = bench_link(3, 4, 7000);

            params.update_interval_ps = intervals_ps[i];
            for (int class = 0; class < CLASSES; class ++) {
                params.header_credits[class] = HEADERS;
                params.data_credits[class] = DATA;
            }
            struct wire *wire = wire_new(&params, 2);
            CU_ASSERT_EQUAL(wire->there.dllp_flight_ps, exact_ps(3, 4, 8) + 7000);
            run_credits(wire, model, q, &state);
            wire_free(wire);
        }
    }
    free(model);
}

static struct wire *credit_wire(uint64_t interval_ps)
{
    struct link_params params = bench_link(1, 1, 1000);

    params.dllp = true;
    params.update_interval_ps = interval_ps;
    params.header_credits[CLASS_POSTED] = 3;
    params.data_credits[CLASS_POSTED] = 30;
    return wire_new(&params, 1);
}

enum { FLIGHT_PS = 8 * 4000 + 1000 };

static void use(struct wire *wire, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        link_credit_consume(&wire->there.credit[CLASS_POSTED], 10);
}

static uint32_t headers_at(struct wire *wire, uint64_t at_ps)
{
    link_credit_take_in(&wire->there.credit[CLASS_POSTED], at_ps);
    return credit_available(&wire->there.credit[CLASS_POSTED].header);
}

static void an_update_arrives_at_its_time_and_not_before(void)
{
    struct wire *wire = credit_wire(0);

    use(wire, 3);
    link_credit_return(&wire->there, CLASS_POSTED, 10, 500);
    CU_ASSERT_EQUAL(link_credit_when(&wire->there, CLASS_POSTED), 500 + FLIGHT_PS);
    CU_ASSERT_EQUAL(headers_at(wire, 500 + FLIGHT_PS - 1), 0);
    CU_ASSERT_EQUAL(headers_at(wire, 500 + FLIGHT_PS), 1);
    wire_free(wire);
}

static void without_an_interval_each_instant_has_its_update(void)
{
    struct wire *wire = credit_wire(0);

    use(wire, 3);
    link_credit_return(&wire->there, CLASS_POSTED, 10, 500);
    link_credit_return(&wire->there, CLASS_POSTED, 10, 500); /* the same one takes it along */
    link_credit_return(&wire->there, CLASS_POSTED, 10, 501);
    CU_ASSERT_EQUAL(wire->back.dllps, 2);
    CU_ASSERT_EQUAL(headers_at(wire, 500 + FLIGHT_PS), 2);
    CU_ASSERT_EQUAL(headers_at(wire, 501 + FLIGHT_PS), 3);
    wire_free(wire);
}

static void updates_within_the_interval_become_one(void)
{
    struct wire *wire = credit_wire(10000);

    use(wire, 3);
    link_credit_return(&wire->there, CLASS_POSTED, 10, 500);
    link_credit_return(&wire->there, CLASS_POSTED, 10, 501);
    link_credit_return(&wire->there, CLASS_POSTED, 10, 10500);
    CU_ASSERT_EQUAL(wire->back.dllps, 2);
    CU_ASSERT_EQUAL(headers_at(wire, 500 + FLIGHT_PS), 1);
    CU_ASSERT_EQUAL(headers_at(wire, 10500 + FLIGHT_PS - 1), 1);
    CU_ASSERT_EQUAL(headers_at(wire, 10500 + FLIGHT_PS), 3);
    use(wire, 1);
    link_credit_return(&wire->there, CLASS_POSTED, 10, 20501); /* the interval is over */
    CU_ASSERT_EQUAL(link_credit_when(&wire->there, CLASS_POSTED), 20501 + FLIGHT_PS);
    wire_free(wire);
}

/* A switch may tell of a buffer that is free now after one that will be free later. */
static void credits_told_out_of_order_are_never_early_and_never_lost(void)
{
    static const uint64_t intervals_ps[] = {0, 3000, 40000};
    uint64_t state = 8;

    for (unsigned i = 0; i < sizeof intervals_ps / sizeof intervals_ps[0]; i++) {
        struct wire *wire = credit_wire(intervals_ps[i]);
        uint64_t now_ps = 1, last_at_ps = 0;

        for (unsigned run = 0; run < 2000; run++) {
            uint64_t freed_ps[3], latest_ps = 0;

            use(wire, 3);
            for (unsigned n = 0; n < 3; n++) {
                freed_ps[n] = now_ps + splitmix_below(&state, 10000);
                latest_ps = freed_ps[n] > latest_ps ? freed_ps[n] : latest_ps;
                link_credit_return(&wire->there, CLASS_POSTED, 10, freed_ps[n]);
                CU_ASSERT(link_credits_are_home(&wire->there, &wire->params) == (n == 2));
            }
            for (uint64_t at_ps; headers_at(wire, now_ps) < 3; now_ps = at_ps) {
                uint32_t freed = 0;

                at_ps = link_credit_when(&wire->there, CLASS_POSTED);
                CU_ASSERT_FATAL(at_ps != UINT64_MAX && at_ps > now_ps && at_ps > last_at_ps);
                CU_ASSERT(at_ps <= latest_ps + intervals_ps[i] + FLIGHT_PS);
                for (unsigned n = 0; n < 3; n++)
                    freed += freed_ps[n] + FLIGHT_PS <= at_ps;
                CU_ASSERT(headers_at(wire, at_ps) <= freed);
                last_at_ps = at_ps;
            }
        }
        wire_free(wire);
    }
}

static void a_sender_without_credits_is_woken_once(void)
{
    struct wire *wire = credit_wire(0);

    use(wire, 3);
    CU_ASSERT_EQUAL(link_credit_when(&wire->there, CLASS_POSTED), UINT64_MAX);
    CU_ASSERT_EQUAL(wire->wakes.n, 0);
    link_credit_return(&wire->there, CLASS_POSTED, 10, 500);
    CU_ASSERT_EQUAL(wire->wakes.n, 1);
    CU_ASSERT_EQUAL(wire->wakes.at_ps, 500 + FLIGHT_PS);
    link_credit_return(&wire->there, CLASS_POSTED, 10, 600); /* nobody asked again */
    CU_ASSERT_EQUAL(wire->wakes.n, 1);
    CU_ASSERT_EQUAL(link_credit_when(&wire->there, CLASS_POSTED), 500 + FLIGHT_PS);
    link_credit_return(&wire->there, CLASS_POSTED, 10, 700); /* it knows of one under way */
    CU_ASSERT_EQUAL(wire->wakes.n, 1);
    wire_free(wire);
}

static void infinite_credits_never_travel(void)
{
    const struct link_params params = bench_link(1, 1, 1000);
    struct wire *wire = wire_new(&params, 1);

    for (uint32_t q = 0; q < CLASSES; q++) {
        for (unsigned n = 0; n < 5000; n++) {
            CU_ASSERT(link_credit_allows(&wire->there.credit[q], 256, n));
            link_credit_consume(&wire->there.credit[q], 256);
            link_credit_return(&wire->there, q, 256, n);
        }
    }
    CU_ASSERT_EQUAL(wire->back.dllps, 0);
    CU_ASSERT(link_credits_are_home(&wire->there, &params));
    wire_free(wire);
}

/* Infinite headers but counted data: the ring of updates must hold as many as there are units. */
static void counted_data_with_infinite_headers(void)
{
    struct link_params params = bench_link(1, 1, 1000);

    params.data_credits[CLASS_COMPLETION] = 16;
    struct wire *wire = wire_new(&params, 1);
    struct link_credit *credit = &wire->there.credit[CLASS_COMPLETION];
    for (unsigned run = 0; run < 100; run++) {
        const uint64_t now_ps = run * UINT64_C(1000000);

        for (unsigned n = 0; n < 16; n++)
            link_credit_consume(credit, 1);
        CU_ASSERT_FALSE(link_credit_allows(credit, 1, now_ps));
        CU_ASSERT(link_credit_allows(credit, 0, now_ps));
        for (unsigned n = 0; n < 16; n++)
            link_credit_return(&wire->there, CLASS_COMPLETION, 1, now_ps + 1 + n);
        CU_ASSERT(link_credit_allows(credit, 16, now_ps + 900000));
    }
    wire_free(wire);
}

void suite_link(void)
{
    CU_pSuite suite = CU_add_suite("link", NULL, NULL);

    CU_add_test(suite, "back-to-back TLPs never drift", back_to_back_tlps_never_drift);
    CU_add_test(suite, "an idle wire starts at once", an_idle_wire_starts_at_once);
    CU_add_test(suite, "SKP takes its share of a busy wire", skp_takes_its_share_of_a_busy_wire);
    CU_add_test(suite, "SKP costs nothing on an idle wire", skp_costs_nothing_on_an_idle_wire);
    CU_add_test(suite, "an Ack goes out once per interval", an_ack_goes_out_once_per_interval);
    CU_add_test(suite, "an Ack is due at the end of the interval",
                an_ack_is_due_at_the_end_of_the_interval);
    CU_add_test(suite, "DLLPs fill gaps and delay only a full wire",
                dllps_fill_gaps_and_delay_only_a_full_wire);
    CU_add_test(suite, "DLLPs can be free", dllps_can_be_free);
    CU_add_test(suite, "credits come back as a naive receiver returns them",
                credits_come_back_as_a_naive_receiver_returns_them);
    CU_add_test(suite, "an UpdateFC arrives at its time and not before",
                an_update_arrives_at_its_time_and_not_before);
    CU_add_test(suite, "without an interval each instant has its UpdateFC",
                without_an_interval_each_instant_has_its_update);
    CU_add_test(suite, "UpdateFCs within the interval become one",
                updates_within_the_interval_become_one);
    CU_add_test(suite, "credits told out of order are never early and never lost",
                credits_told_out_of_order_are_never_early_and_never_lost);
    CU_add_test(suite, "a sender without credits is woken once",
                a_sender_without_credits_is_woken_once);
    CU_add_test(suite, "infinite credits never travel", infinite_credits_never_travel);
    CU_add_test(suite, "counted data with infinite headers", counted_data_with_infinite_headers);
}
