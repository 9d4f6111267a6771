/* The switch cycle by cycle, as switch.h tells it: what may happen in a cycle and not one before,
 * in fabrics of a few ports with one switch; then random traffic, whose trace an independent
 * checker judges. Not pinned: which of two ports that tie goes first beyond what the arbiter and
 * accept pointers say; the pooling tables themselves (test_classify, test_id_map, test_addr_map).
 */
#include "../unit/splitmix.h"
#include "bench_fabric.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

void suite_switch(void);

enum {
    T = 4000,            /* cycle of 250 MHz */
    HEADER_TO_EXIT = 6,  /* 2 + 2 + 1 + 1 cycles */
    WRITE_OVERHEAD = 24, /* 16 header, 8 framing */
    PROPAGATION_PS = 1000
};

/* A fast link on both sides. */
static struct bench *fast_bench(const struct switch_params *params)
{
    const struct link_params link = bench_link(5, 16, PROPAGATION_PS);
    struct bench *bench = bench_new(6, 1, &link, &link);

    bench->past_port = true;
    bench_add_switch(bench, params, NULL);
    return bench;
}

static uint32_t send(struct bench *bench, uint64_t at_ps, uint32_t from, uint32_t to,
                     uint32_t payload)
{
    bench_at(bench, at_ps, from, to, payload ? TLP_MEM_WRITE : TLP_MEM_READ, payload ? payload : 4);
    return bench_last(bench);
}

static uint64_t cycles_inside(const struct bench *bench, uint32_t serial)
{
    return (bench_left_ps(bench, serial) - bench_entered_ps(bench, serial)) / T;
}

/* ---- entry and way through ---- */

/* Smallest cycle from which each beat is there when its turn comes. */
static uint64_t naive_entry_cycle(const struct bench *bench, bool cut_through, uint64_t begin_ps,
                                  uint32_t payload)
{
    const struct link *link = &bench->in[0];
    const uint32_t beats = payload > 32 ? (payload + 31) / 32 : 1;
    const uint64_t end_ps = begin_ps + link_ticks_to_ps(link_ticks(link, WRITE_OVERHEAD + payload));
    uint64_t cycle = 0;

    for (uint32_t beat = 0; beat < beats; beat++) {
        const uint32_t bytes = WRITE_OVERHEAD - bench->fabric.tail_bytes + (beat + 1) * 32;
        const uint64_t there_ps = beat + 1 == beats || !cut_through
                                      ? end_ps
                                      : begin_ps + link_ticks_to_ps(link_ticks(link, bytes));
        const uint32_t wait = cut_through ? beat : 0;

        while ((cycle + wait) * T < there_ps)
            cycle++;
    }
    return cycle;
}

static const struct {
    unsigned gen, lanes;
} in_links[] = {{1, 1}, {2, 4}, {3, 8}, {3, 16}, {5, 16}};

static void an_uncontended_tlp_leaves_six_cycles_after_it_entered(void)
{
    uint64_t state = 1;

    for (unsigned i = 0; i < 2 * sizeof in_links / sizeof in_links[0]; i++) {
        const struct link_params in = bench_link(in_links[i / 2].gen, in_links[i / 2].lanes, 1234);
        const struct link_params out = bench_link(5, 16, 0);
        struct switch_params params = bench_switch();
        uint64_t at_ps = 1000000, sent_ps[501];
        uint32_t payload[501];
        unsigned wrong = 0;

        params.cut_through = i % 2;
        struct bench *bench = bench_new(3, 1, &in, &out);
        bench->past_port = true;
        bench_add_switch(bench, &params, NULL);
        for (unsigned n = 1; n <= 500; n++) {
            payload[n] = 4 * splitmix_below(&state, 129);
            sent_ps[n] = at_ps;
            send(bench, at_ps, 0, 1 + n % 2, payload[n]);
            at_ps += 5000000 + splitmix_below(&state, 2 * T);
        }
        CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
        for (uint32_t n = 1; n <= 500; n++) {
            const uint64_t cycle =
                naive_entry_cycle(bench, params.cut_through, sent_ps[n] + 1234, payload[n]);

            wrong += bench_entered_ps(bench, n) != cycle * T;
            wrong += bench_left_ps(bench, n) != (cycle + HEADER_TO_EXIT) * T;
            wrong += bench_arrival_of(bench, n)->begin_ps < (cycle + HEADER_TO_EXIT) * T;
        }
        CU_ASSERT_EQUAL(wrong, 0);
        bench_free(bench);
    }
}

static uint64_t edge_ps(uint64_t clock_hz, uint64_t cycle)
{
    return (uint64_t)((unsigned __int128)cycle * 1000000000000U / clock_hz);
}

/* Its last byte on an edge, and one picosecond behind it. */
static void the_edge_itself_is_in_time_and_a_picosecond_later_is_not(void)
{
    static const uint64_t clocks_hz[] = {250000000, 333000000, 333333333};

    for (unsigned i = 0; i < sizeof clocks_hz / sizeof clocks_hz[0]; i++) {
        struct switch_params params = bench_switch();

        params.cut_through = false;
        params.clock_hz = clocks_hz[i];
        struct bench *bench = fast_bench(&params);
        const uint64_t flight_ps =
            PROPAGATION_PS + link_ticks_to_ps(link_ticks(&bench->in[0], WRITE_OVERHEAD + 64));
        for (uint64_t n = 0; n < 300; n++) {
            const uint64_t at_ps = edge_ps(clocks_hz[i], 1000 + 20 * n) - flight_ps;

            send(bench, at_ps, 0, 1, 64);
            send(bench, at_ps + 1, 2, 3, 64);
        }
        CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
        for (uint32_t n = 0; n < 300; n++) {
            CU_ASSERT_EQUAL(bench_entered_ps(bench, 2 * n + 1),
                            edge_ps(clocks_hz[i], 1000 + 20 * n));
            CU_ASSERT_EQUAL(bench_entered_ps(bench, 2 * n + 2),
                            edge_ps(clocks_hz[i], 1001 + 20 * n));
        }
        bench_free(bench);
    }
}

static void cut_through_is_ahead_of_store_and_forward(void)
{
    uint64_t left_ps[2];

    for (unsigned cut_through = 0; cut_through < 2; cut_through++) {
        const struct link_params link = bench_link(1, 4, 0); /* 1 byte per ns */
        struct switch_params params = bench_switch();

        params.cut_through = cut_through;
        struct bench *bench = bench_new(2, 1, &link, &link);
        bench->past_port = true;
        bench_add_switch(bench, &params, NULL);
        send(bench, 0, 0, 1, 4096 - 128);
        CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
        left_ps[cut_through] = bench_left_ps(bench, 1);
        bench_free(bench);
    }
    /* The last byte comes 3,992 ns after the first; 124 beats of 4 ns, of which the last may not be
     * early. */
    CU_ASSERT_EQUAL(left_ps[0], UINT64_C(998) * T + 6 * T);
    CU_ASSERT_EQUAL(left_ps[1], (UINT64_C(998) - 123) * T + 6 * T);
}

static void pipeline_lengths_are_what_is_asked_for(void)
{
    struct switch_params params = bench_switch();

    params.ingress_cycles = 7;
    params.remap_cycles = 11;
    params.edit_cycles = 3;
    params.crossbar_cycles = 5;
    struct bench *bench = fast_bench(&params);
    const uint32_t tlp = send(bench, 5000, 0, 1, 128);
    CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
    CU_ASSERT_EQUAL(cycles_inside(bench, tlp), 7 + 11 + 3 + 5);
    bench_free(bench);
}

/* The wire takes the first byte when the last beat will be there in time, and not before. */
static void a_fast_wire_does_not_overtake_the_crossbar(void)
{
    const struct switch_params params = bench_switch();

    for (uint32_t payload = 4; payload <= 512; payload += 4) {
        struct bench *bench = fast_bench(&params);
        const uint32_t beats = (payload + 31) / 32;
        const uint32_t tlp = send(bench, 5000, 0, 1, payload);

        CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
        const uint64_t left_ps = bench_left_ps(bench, tlp);
        const uint64_t last_beat_ps = left_ps + (beats - 1) * T;
        const uint32_t before = WRITE_OVERHEAD + (beats - 1) * 32;
        const uint64_t before_ps = link_ticks_to_ps(link_ticks(&bench->out[1], before));
        const uint64_t expected_ps =
            beats == 1 || last_beat_ps - before_ps < left_ps ? left_ps : last_beat_ps - before_ps;
        const uint64_t start_ps = bench_arrival_of(bench, tlp)->begin_ps - PROPAGATION_PS;
        /* Up to the digest and LCRC, which follow the last beat's bytes. */
        CU_ASSERT(start_ps >= left_ps);
        CU_ASSERT(start_ps <= expected_ps + link_ticks_to_ps(link_ticks(&bench->out[1], 8)));
        CU_ASSERT(start_ps + link_ticks_to_ps(link_ticks(&bench->out[1], before)) >= last_beat_ps);
        bench_free(bench);
    }
}

/* ---- contention ---- */

static void a_tlp_holds_its_egress_for_its_beats(void)
{
    for (uint32_t beats = 1; beats <= 16; beats++) {
        const struct switch_params params = bench_switch();
        struct bench *bench = fast_bench(&params);
        uint32_t tlp[4];

        for (uint32_t from = 0; from < 4; from++)
            tlp[from] = send(bench, 5000, from, 5, 32 * beats);
        CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
        for (uint32_t from = 0; from < 4; from++)
            CU_ASSERT_EQUAL(cycles_inside(bench, tlp[from]), HEADER_TO_EXIT + from * beats);
        bench_free(bench);
    }
}

/* Egress 1 and 2 become free in one cycle, and ingress 0 has something for both. */
static void an_ingress_accepts_one_grant_and_is_held_for_its_beats(void)
{
    for (uint32_t beats = 1; beats <= 16; beats++) {
        const struct switch_params params = bench_switch();
        struct bench *bench = fast_bench(&params);

        const uint32_t block_1 = send(bench, 5000, 4, 1, 2048);
        const uint32_t block_2 = send(bench, 5000, 5, 2, 2048);
        const uint32_t to_2 = send(bench, 9000, 0, 2, 32 * beats); /* came first, yet: */
        const uint32_t to_1 = send(bench, 9001, 0, 1, 32 * beats); /* the accept pointer is at 0 */
        CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
        const uint64_t left_ps = bench_left_ps(bench, block_1) + 64 * T;
        CU_ASSERT_EQUAL(bench_left_ps(bench, block_2), bench_left_ps(bench, block_1));
        CU_ASSERT_EQUAL(bench_left_ps(bench, to_1), left_ps);
        CU_ASSERT_EQUAL(bench_left_ps(bench, to_2), left_ps + beats * T);
        bench_free(bench);
    }
}

/* The egress that was not accepted takes another ingress in the next cycle. */
static void a_grant_that_is_not_accepted_goes_elsewhere_a_cycle_later(void)
{
    const struct switch_params params = bench_switch();
    struct bench *bench = fast_bench(&params);

    const uint32_t block_1 = send(bench, 5000, 4, 1, 2048);
    send(bench, 5000, 5, 2, 2048);
    const uint32_t to_1 = send(bench, 9000, 0, 1, 256);
    const uint32_t to_2 = send(bench, 9001, 0, 2, 256);
    const uint32_t other = send(bench, 9001, 3, 2, 256);
    CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
    const uint64_t left_ps = bench_left_ps(bench, block_1) + 64 * T;
    CU_ASSERT_EQUAL(bench_left_ps(bench, to_1), left_ps);
    CU_ASSERT_EQUAL(bench_left_ps(bench, to_2), left_ps + (1 + 8) * T); /* behind the other */
    CU_ASSERT_EQUAL(bench_left_ps(bench, other), left_ps + T);
    bench_free(bench);
}

/* One ingress has much for two egress ports: it accepts them in turn. */
static void an_ingress_accepts_in_turn(void)
{
    const struct switch_params params = bench_switch();
    struct bench *bench = fast_bench(&params);
    uint32_t tlp[6];

    const uint32_t block_1 = send(bench, 5000, 4, 1, 2048);
    send(bench, 5000, 5, 2, 2048);
    for (uint32_t n = 0; n < 6; n++)
        tlp[n] = send(bench, 9000 + n, 0, n < 3 ? 1 : 2, 64);
    CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
    const uint64_t left_ps = bench_left_ps(bench, block_1) + 64 * T;
    for (uint32_t n = 0; n < 6; n++)
        CU_ASSERT_EQUAL(bench_left_ps(bench, tlp[n]), left_ps + (n % 3 * 2 + n / 3) * 2 * T);
    bench_free(bench);
}

/* A stream from one ingress to one egress moves one beat in each cycle, whatever the sizes. */
static void a_stream_has_no_gaps(void)
{
    struct switch_params params = bench_switch();
    uint64_t state = 2, beats = 0;
    unsigned wrong = 0;

    params.egress_buffer_bytes = 1 << 20;
    struct bench *bench = fast_bench(&params);
    for (unsigned n = 1; n <= 2000; n++)
        send(bench, 5000, 0, 1, 4 * splitmix_below(&state, 65));
    CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
    for (uint32_t n = 1; n <= 2000; n++) {
        const uint32_t payload = tlp_wire_payload_bytes(&bench_arrival_of(bench, n)->tlp);

        wrong += bench_left_ps(bench, n) != bench_left_ps(bench, 1) + beats * T;
        wrong += bench_entered_ps(bench, n) != bench_entered_ps(bench, 1) + beats * T;
        beats += payload > 32 ? (payload + 31) / 32 : 1;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    bench_free(bench);
}

/* Disjoint pairs do not disturb each other: every port moves a beat in each cycle. */
static void disjoint_streams_run_side_by_side(void)
{
    struct switch_params params = bench_switch();
    unsigned wrong = 0;

    params.egress_buffer_bytes = 1 << 20;
    struct bench *bench = fast_bench(&params);
    for (unsigned n = 0; n < 600; n++)
        send(bench, 5000, n % 6, (n + 1) % 6, 256);
    CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
    for (uint32_t n = 0; n < 600; n++)
        wrong += bench_left_ps(bench, n + 1) != bench_left_ps(bench, 1) + n / 6 * UINT64_C(8) * T;
    CU_ASSERT_EQUAL(wrong, 0);
    bench_free(bench);
}

/* ---- head of line, buffers and credits ---- */

/* Egress 1 has one header credit and its sink frees nothing; behind its second TLP one for egress 2
 * waits or not. */
static void only_a_fifo_has_head_of_line_blocking(void)
{
    for (unsigned voq = 0; voq < 2; voq++) {
        const struct link_params in = bench_link(5, 16, 0);
        struct link_params out = bench_link(5, 16, 0);
        struct switch_params params = bench_switch();

        for (int class = 0; class < CLASSES; class ++)
            out.header_credits[class] = 1;
        params.voq = voq;
        struct bench *bench = bench_new(3, 1, &in, &out);
        bench->past_port = true;
        bench->keep_credits = true;
        bench_add_switch(bench, &params, NULL);
        send(bench, 5000, 0, 1, 32);
        const uint32_t stuck = send(bench, 100000, 0, 1, 32);
        const uint32_t behind = send(bench, 200000, 0, 2, 32);
        bench_run(bench);
        CU_ASSERT_EQUAL(bench_left_ps(bench, stuck), UINT64_MAX);
        if (voq)
            CU_ASSERT_EQUAL(cycles_inside(bench, behind), HEADER_TO_EXIT)
        else
            CU_ASSERT_EQUAL(bench_left_ps(bench, behind), UINT64_MAX)

        /* The credit comes back: what was stuck leaves in the first cycle that sees it, the other
         * behind it. */
        const uint64_t freed_ps = 300001;
        bench_free_all(bench, freed_ps);
        bench_run(bench);
        const uint64_t there_ps = freed_ps + bench->out[1].dllp_flight_ps;
        CU_ASSERT_EQUAL(bench_left_ps(bench, stuck), (there_ps + T - 1) / T * T + T);
        if (!voq)
            CU_ASSERT_EQUAL(bench_left_ps(bench, behind), bench_left_ps(bench, stuck) + T);
        bench_free(bench);
    }
}

/* With a slow egress link: a TLP leaves in the first cycle in which what is still to be sent fits
 * the buffer. */
static void the_egress_buffer_is_used_and_not_exceeded(void)
{
    static const uint32_t buffers[] = {160, 1024, 5000};

    for (unsigned i = 0; i < sizeof buffers / sizeof buffers[0]; i++) {
        const struct link_params in = bench_link(5, 16, 0), out = bench_link(1, 4, 0);
        struct switch_params params = bench_switch();
        uint64_t expected_ps = 0, state = 3;
        unsigned wrong = 0;

        params.egress_buffer_bytes = buffers[i];
        struct bench *bench = bench_new(2, 1, &in, &out);
        bench->past_port = true;
        bench_add_switch(bench, &params, NULL);
        for (unsigned n = 1; n <= 300; n++)
            send(bench, 5000, 0, 1, 4 + 4 * splitmix_below(&state, 128));
        CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
        for (uint32_t n = 1; n <= 300; n++) {
            const struct bench_arrival *arrival = bench_arrival_of(bench, n);
            const uint64_t beats = (tlp_wire_payload_bytes(&arrival->tlp) + 31) / 32;
            const uint64_t left_ps = bench_left_ps(bench, n);
            const uint64_t drained_ps = arrival->end_ps - buffers[i] * UINT64_C(1000);

            wrong += n > 1 && left_ps != expected_ps;
            expected_ps = left_ps + beats * T;
            if (arrival->end_ps > buffers[i] * UINT64_C(1000) && drained_ps > expected_ps)
                expected_ps = (drained_ps + T - 1) / T * T;
        }
        CU_ASSERT_EQUAL(wrong, 0);
        bench_free(bench);
    }
}

/* ---- look-ups ---- */

static void an_unpipelined_look_up_spaces_tlps(void)
{
    for (unsigned pipelined = 0; pipelined < 2; pipelined++) {
        struct switch_params params = bench_switch();

        params.remap_pipelined = pipelined;
        params.remap_cycles = 5;
        struct bench *bench = fast_bench(&params);
        for (unsigned n = 1; n <= 50; n++)
            send(bench, 5000, 0, 1 + n % 3, 4);
        CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
        for (uint32_t n = 1; n <= 50; n++)
            CU_ASSERT_EQUAL(bench_left_ps(bench, n),
                            bench_left_ps(bench, 1) +
                                (n - 1) * (pipelined ? 1U : 5U) * UINT64_C(4000));
        bench_free(bench);
    }
}

enum { FUNCTIONS = 4 };

/* Port 0 becomes a device port: function f's RID 0x100 + f belongs to host port 1 + f % 2 as RID f.
 * The CAM has one entry of them all. */
static void make_device(struct bench *bench, void **out_cam, void **out_all)
{
    struct switch_port *port = &bench->sw->ports[0];

    *out_cam = malloc(id_map_bytes(1));
    *out_all = malloc(id_map_bytes(FUNCTIONS));
    CU_ASSERT_FATAL(*out_cam && *out_all);
    port->side = SWITCH_DEVICE;
    port->tables = (struct switch_tables){.id_map = id_map_init(*out_cam, 1),
                                          .id_backing = id_map_init(*out_all, FUNCTIONS),
                                          .owner_port = 3};
    for (unsigned f = 0; f < FUNCTIONS; f++) {
        const struct id_key key = {0, (uint16_t)(0x100 + f)};
        const struct id_value value = {(uint16_t)(1 + f % 2), (uint16_t)f, f};

        CU_ASSERT_EQUAL(id_map_write(port->tables.id_backing, f, key, value), ID_MAP_OK);
    }
}

static uint32_t send_from_function(struct bench *bench, uint64_t at_ps, uint16_t f)
{
    struct tlp *tlp = bench_at(bench, at_ps, 0, 0, TLP_MEM_WRITE, 32);

    tlp->requester = (uint16_t)(0x100 + f);
    return bench_last(bench);
}

static void a_fetch_holds_its_pipeline_and_keeps_the_order(void)
{
    struct switch_params params = bench_switch();
    void *cam, *all;

    params.remap_fetch = true;
    struct bench *bench = fast_bench(&params);
    make_device(bench, &cam, &all);
    const uint32_t miss = send_from_function(bench, 5000, 0);
    const uint32_t hit = send_from_function(bench, 5000, 0);
    const uint32_t miss_2 = send_from_function(bench, 5000, 2);
    const uint32_t hit_2 = send_from_function(bench, 5000, 2);
    const uint32_t foreign = send_from_function(bench, 5000, 9); /* in no table: the Owner's */
    const uint32_t miss_1 = send_from_function(bench, 1000000, 1);
    CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);

    CU_ASSERT_EQUAL(cycles_inside(bench, miss), HEADER_TO_EXIT + 50);
    CU_ASSERT_EQUAL(bench_left_ps(bench, hit), bench_left_ps(bench, miss) + T);
    CU_ASSERT_EQUAL(bench_left_ps(bench, miss_2), bench_left_ps(bench, hit) + (1 + 50) * T);
    CU_ASSERT_EQUAL(bench_left_ps(bench, hit_2), bench_left_ps(bench, miss_2) + T);
    CU_ASSERT_EQUAL(bench_left_ps(bench, foreign), bench_left_ps(bench, hit_2) + T);
    CU_ASSERT_EQUAL(cycles_inside(bench, miss_1), HEADER_TO_EXIT + 50);
    CU_ASSERT_EQUAL(bench->sw->ports[0].id_fetches, 3);
    CU_ASSERT_EQUAL(bench_arrival_of(bench, hit)->port, 1);
    CU_ASSERT_EQUAL(bench_arrival_of(bench, miss_1)->port, 2);
    CU_ASSERT_EQUAL(bench_arrival_of(bench, foreign)->port, 3);
    CU_ASSERT_EQUAL(bench_arrival_of(bench, hit_2)->tlp.requester, 2);
    CU_ASSERT_EQUAL(bench_arrival_of(bench, foreign)->tlp.requester, 0x109);
    bench_free(bench);
    free(cam);
    free(all);
}

/* TLPs come without a pause while entries are fetched: none overtakes another on its way to one
 * host. */
static void many_fetches_keep_the_order(void)
{
    struct switch_params params = bench_switch();
    void *cam, *all;
    uint64_t state = 4;
    uint32_t last[BENCH_PORTS] = {0};
    unsigned wrong = 0;

    params.remap_fetch = true;
    params.remap_miss_cycles = 7;
    struct bench *bench = fast_bench(&params);
    make_device(bench, &cam, &all);
    for (uint64_t n = 0; n < 5000; n++)
        send_from_function(bench, 5000 + n * splitmix_below(&state, 40000),
                           (uint16_t)splitmix_below(&state, FUNCTIONS + 1));
    CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
    CU_ASSERT_EQUAL(bench->n_arrivals, 5000);
    uint32_t position[5001] = {0}, n_in = 0;
    for (uint32_t i = 0; i < bench->n_crossings; i++)
        if (!bench->crossings[i].is_out)
            position[bench->crossings[i].serial] = ++n_in;
    for (uint32_t i = 0; i < bench->n_arrivals; i++) {
        const struct bench_arrival *arrival = &bench->arrivals[i];

        wrong += position[arrival->serial] <= last[arrival->port];
        last[arrival->port] = position[arrival->serial];
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(bench->sw->ports[0].id_fetches > 1000);
    bench_free(bench);
    free(cam);
    free(all);
}

/* ---- refusals ---- */

static void an_unsupported_read_is_answered_a_cycle_later(void)
{
    struct link_params in = bench_link(5, 16, 0), out = bench_link(5, 16, 0);
    const struct switch_params params = bench_switch();

    in.header_credits[CLASS_NONPOSTED] = 2;
    struct bench *bench = bench_new(3, 1, &in, &out);
    bench_add_switch(bench, &params, NULL);
    struct tlp *tlp = bench_at(bench, 5000, 1, 0, TLP_MEM_READ, 256);
    tlp->address = (UINT64_C(77) << 32) + 0x1234;
    tlp->tag = 99;
    CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);

    CU_ASSERT_EQUAL(cycles_inside(bench, 1), HEADER_TO_EXIT + 1);
    CU_ASSERT_EQUAL_FATAL(bench->n_arrivals, 1);
    const struct bench_arrival *arrival = &bench->arrivals[0];
    CU_ASSERT_EQUAL(arrival->port, 1);
    CU_ASSERT_EQUAL(arrival->tlp.kind, TLP_CPL);
    CU_ASSERT_EQUAL(arrival->tlp.cpl.status, TLP_UR);
    CU_ASSERT_EQUAL(arrival->tlp.cpl.bytes_left, 256);
    CU_ASSERT_EQUAL(arrival->tlp.cpl.lower_address, 0x34);
    CU_ASSERT_EQUAL(arrival->tlp.requester, 0x100);
    CU_ASSERT_EQUAL(arrival->tlp.tag, 99);
    CU_ASSERT_EQUAL(arrival->tlp.attr, TLP_ATTR_LAST);
    CU_ASSERT_EQUAL(bench->sw->unsupported, 1);
    CU_ASSERT_EQUAL(bench->n_refused, 1);
    CU_ASSERT(link_credits_are_home(&bench->in[1], &in));
    bench_free(bench);
}

static void on_done(void *self, uint32_t index, struct request *request)
{
    struct bench *bench = self;

    CU_ASSERT_EQUAL(request->status, TLP_UR);
    request_give_back(&bench->fabric.requests, index);
    sim_note_end(&bench->sim);
}

/* A write and a completion that belong nowhere free their buffers and are gone. */
static void what_belongs_nowhere_is_dropped(void)
{
    struct link_params in = bench_link(5, 16, 0), out = bench_link(5, 16, 0);
    const struct switch_params params = bench_switch();

    in.header_credits[CLASS_POSTED] = in.header_credits[CLASS_COMPLETION] = 2;
    in.data_credits[CLASS_POSTED] = in.data_credits[CLASS_COMPLETION] = 20;
    struct bench *bench = bench_new(3, 1, &in, &out);
    bench_add_switch(bench, &params, NULL);
    CU_ASSERT_FATAL(request_pool_init(&bench->fabric.requests, 4));
    const struct request_owner owner = {on_done, bench};
    const uint32_t request = request_take(&bench->fabric.requests);
    *request_get(&bench->fabric.requests, request) =
        (struct request){.owner = &owner, .bytes = 64, .to_arrive = 64};
    struct tlp *write = bench_at(bench, 5000, 1, 0, TLP_MEM_WRITE, 64);
    CU_ASSERT_EQUAL(write->request, request);
    write->address = UINT64_C(77) << 32;
    bench_at(bench, 5000, 1, 0, TLP_CPL_DATA, 64)->requester = 77 << 8;
    const enum sim_result result = bench_run(bench);

    CU_ASSERT_EQUAL(result,
                    SIM_STALLED); /* for the bench the dropped completion is still on its way */
    CU_ASSERT_EQUAL(bench->sim.waiting, 1);
    CU_ASSERT_EQUAL(bench->n_arrivals, 0);
    CU_ASSERT_EQUAL(bench->n_refused, 2);
    CU_ASSERT_EQUAL(bench->sw->dropped, 2);
    CU_ASSERT_EQUAL(bench->fabric.tlps.in_use, 0);
    CU_ASSERT_EQUAL(bench->fabric.requests.in_use, 0);
    CU_ASSERT(link_credits_are_home(&bench->in[1], &in));
    request_pool_fini(&bench->fabric.requests);
    bench_free(bench);
}

/* ---- clock and ring ---- */

/* A period of 3003.003... ps: edges lie on whole picoseconds below, and never drift. */
static void a_fractional_clock_keeps_its_edges(void)
{
    static const uint64_t clocks_hz[] = {333000000, 333333333, 1000000007, 1000003, 1000000000};

    for (unsigned i = 0; i < sizeof clocks_hz / sizeof clocks_hz[0]; i++) {
        struct switch_params params = bench_switch();
        const uint64_t hz = clocks_hz[i];
        const uint64_t second_ps = UINT64_C(1000000000000);

        params.clock_hz = hz;
        struct bench *bench = fast_bench(&params);
        for (uint64_t n = 0; n < 200; n++)
            send(bench, n * (7 * second_ps / 1000 + 12345), 0, 1, 4);
        CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
        for (uint32_t n = 1; n <= 200; n++) {
            const uint64_t arrived_ps =
                bench->born_ps[n] + PROPAGATION_PS +
                link_ticks_to_ps(link_ticks(&bench->in[0], WRITE_OVERHEAD + 4));
            const uint64_t about = (uint64_t)((unsigned __int128)arrived_ps * hz / second_ps);
            uint64_t cycle = about > 2 ? about - 2 : 0;

            while (edge_ps(hz, cycle) < arrived_ps)
                cycle++;
            CU_ASSERT_EQUAL(bench_entered_ps(bench, n), edge_ps(hz, cycle));
            CU_ASSERT_EQUAL(bench_left_ps(bench, n), edge_ps(hz, cycle + HEADER_TO_EXIT));
        }
        bench_free(bench);
    }
}

/* A TLP is announced when it takes the wire, which may be many rings ahead of its arrival. */
static void a_long_flight_reaches_beyond_the_ring(void)
{
    for (uint64_t cycles = SWITCH_RING - 20; cycles < 6 * SWITCH_RING; cycles += 7) {
        const struct link_params in = bench_link(5, 16, cycles * T), out = bench_link(5, 16, 0);
        const struct switch_params params = bench_switch();
        struct bench *bench = bench_new(2, 1, &in, &out);

        bench->past_port = true;
        bench_add_switch(bench, &params, NULL);
        const uint32_t first = send(bench, 1000, 0, 1, 4);
        const uint32_t second = send(bench, 1000 + 10 * T, 0, 1, 4);
        CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
        CU_ASSERT_EQUAL(bench_entered_ps(bench, first), (cycles + 1) * T);
        CU_ASSERT_EQUAL(cycles_inside(bench, first), HEADER_TO_EXIT);
        CU_ASSERT_EQUAL(bench_entered_ps(bench, second), (cycles + 11) * T);
        CU_ASSERT_EQUAL(cycles_inside(bench, second), HEADER_TO_EXIT);
        bench_free(bench);
    }
}

/* The egress waits for a TLP that is far away; one that is sent later comes sooner. */
static void an_egress_wakes_for_the_nearest(void)
{
    for (uint64_t far = 20; far <= 3 * SWITCH_RING; far += 101) {
        const struct switch_params params = bench_switch();
        struct bench *bench = fast_bench(&params);

        bench->in[0].propagation_ps += far * T;
        const uint32_t from_afar = send(bench, 1000, 0, 2, 32);
        const uint32_t from_near = send(bench, 1000 + far * T / 2, 1, 2, 32);
        CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
        CU_ASSERT_EQUAL(cycles_inside(bench, from_near), HEADER_TO_EXIT);
        CU_ASSERT_EQUAL(cycles_inside(bench, from_afar), HEADER_TO_EXIT);
        bench_free(bench);
    }
}

/* The egress link drains more slowly than the ring looks ahead, and so do credits come back. */
static void a_slow_egress_wakes_beyond_the_ring(void)
{
    const struct link_params in = bench_link(5, 16, 0);
    struct link_params out = bench_link(1, 1, 30000000);
    struct switch_params params = bench_switch();

    out.header_credits[CLASS_POSTED] = 1;
    out.data_credits[CLASS_POSTED] = 256;
    params.egress_buffer_bytes = 160;
    struct bench *bench = bench_new(2, 1, &in, &out);
    bench->past_port = true;
    bench_add_switch(bench, &params, NULL);
    for (unsigned n = 0; n < 20; n++)
        send(bench, 5000, 0, 1, 2048); /* 8 us each, then 30 us there and back */
    CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
    CU_ASSERT_EQUAL(bench->n_arrivals, 20);
    for (uint32_t n = 2; n <= 20; n++) {
        const uint64_t credit_ps = bench->arrivals[n - 2].end_ps + bench->out[1].dllp_flight_ps;
        CU_ASSERT_EQUAL(bench_left_ps(bench, n), (credit_ps + T - 1) / T * T + T);
    }
    bench_free(bench);
}

/* ---- random traffic ---- */

static const struct soak {
    const char *name;
    enum arb_kind arbiter;
    bool voq, cut_through;
    uint32_t vcs;
    uint32_t headers; /* credits everywhere; data enough for one TLP each */
    uint64_t clock_hz;
    unsigned gen, lanes;
    uint32_t payload; /* at most */
} soaks[] = {
    {"round robin", ARB_KIND_ROUND_ROBIN, true, true, 1, 8, 250000000, 3, 16, 256},
    {"one credit", ARB_KIND_ROUND_ROBIN, true, true, 1, 1, 250000000, 3, 16, 256},
    {"FIFO", ARB_KIND_ROUND_ROBIN, false, true, 1, 4, 250000000, 3, 16, 256},
    {"FIFO, one credit", ARB_KIND_ROUND_ROBIN, false, false, 1, 1, 250000000, 3, 4, 128},
    {"weighted", ARB_KIND_WEIGHTED, true, true, 1, 8, 250000000, 4, 8, 512},
    {"age", ARB_KIND_AGE, true, true, 1, 8, 250000000, 4, 8, 512},
    {"age, FIFO, two VCs", ARB_KIND_AGE, false, true, 2, 2, 250000000, 4, 8, 64},
    {"priority", ARB_KIND_PRIORITY, true, false, 1, 8, 333000000, 5, 16, 512},
    {"eight VCs", ARB_KIND_ROUND_ROBIN, true, true, 8, 2, 333000000, 5, 8, 256},
    {"slow links", ARB_KIND_AGE, true, true, 2, 4, 1000000000, 1, 1, 64},
};

enum { SOAK_TLPS = 20000, SOAK_PORTS = 6 };

static void soak_send(struct bench *bench, const struct soak *soak, uint64_t *state)
{
    const uint64_t byte_ps = link_ticks_to_ps(link_ticks(&bench->in[0], 1000)) / 1000 + 1;
    const uint64_t step_ps = byte_ps * (40 + soak->payload) / SOAK_PORTS;
    uint64_t at_ps = 5000;

    for (unsigned n = 0; n < SOAK_TLPS; n++) {
        const enum tlp_kind kind = (enum tlp_kind)splitmix_below(state, TLP_CPL_DATA + 1);
        /* Half of the time everybody wants port 0. */
        const uint32_t to = n / 1000 % 2 ? splitmix_below(state, SOAK_PORTS) : 0;
        struct tlp *tlp = bench_at(bench, at_ps, splitmix_below(state, SOAK_PORTS), to, kind,
                                   1 + splitmix_below(state, soak->payload - 3));
        tlp->attr = (uint8_t)splitmix_below(state, soak->vcs);
        at_ps += splitmix(state) % (n / 2000 % 2 ? 4 * step_ps : step_ps);
    }
}

struct passage {
    uint32_t ingress, egress, order; /* order of entry at its ingress */
    uint8_t vc;
    enum tlp_class class;
    unsigned in, out;
};

/* What entered before on the same way and has not yet left holds back what must not pass it. */
static unsigned count_overtakers(const struct bench *bench, struct passage *passages)
{
    unsigned wrong = 0;
    /* The latest entry of each class that has left, for each way. */
    static uint32_t left[SOAK_PORTS][SOAK_PORTS][FABRIC_VCS_MAX][CLASSES];

    memset(left, 0, sizeof left);
    for (uint32_t i = 0; i < bench->n_crossings; i++) {
        const struct bench_crossing *crossing = &bench->crossings[i];
        struct passage *passage = &passages[crossing->serial];

        if (!crossing->is_out) {
            passage->ingress = crossing->port;
            passage->order = i + 1;
            passage->vc = (uint8_t)fabric_vc(&bench->fabric, &crossing->tlp);
            passage->class = tlp_class_of(&crossing->tlp);
            passage->in++;
            continue;
        }
        passage->egress = crossing->port;
        passage->out++;
        wrong += passage->in != 1 || passage->out != 1;
        uint32_t *way = left[passage->ingress][passage->egress][passage->vc];
        /* Nothing of its own class that is younger has left; and for posted nothing at all that is
         * younger. */
        wrong += way[passage->class] > passage->order;
        if (passage->class == CLASS_POSTED)
            wrong +=
                way[CLASS_NONPOSTED] > passage->order || way[CLASS_COMPLETION] > passage->order;
        way[passage->class] = passage->order;
    }
    return wrong;
}

static unsigned count_lost_or_doubled(const struct bench *bench, const struct passage *passages)
{
    static uint8_t arrived[BENCH_TLPS + 1];
    unsigned wrong = 0;

    memset(arrived, 0, sizeof arrived);
    for (uint32_t i = 0; i < bench->n_arrivals; i++) {
        const struct bench_arrival *arrival = &bench->arrivals[i];
        const struct passage *passage = &passages[arrival->serial];
        uint64_t sum_ps = 0;

        arrived[arrival->serial]++;
        for (int part = 0; part < TLP_PARTS; part++)
            sum_ps += tlp_part_ps(&arrival->tlp, (enum tlp_part)part);
        wrong += sum_ps != arrival->begin_ps - bench->born_ps[arrival->serial];
        wrong += arrival->port != passage->egress;
    }
    for (uint32_t serial = 1; serial <= SOAK_TLPS; serial++)
        wrong += arrived[serial] != 1 || passages[serial].out != 1;
    return wrong;
}

/* Nobody holds a datapath that somebody else holds: beats of one ingress, and of one egress, never
 * overlap. */
static unsigned count_collisions(const struct bench *bench, const struct passage *passages)
{
    uint64_t egress_free_ps[SOAK_PORTS] = {0}, ingress_free_ps[SOAK_PORTS] = {0};
    unsigned wrong = 0;

    for (uint32_t i = 0; i < bench->n_crossings; i++) {
        const struct bench_crossing *crossing = &bench->crossings[i];

        if (!crossing->is_out)
            continue;
        const uint32_t ingress = passages[crossing->serial].ingress;
        const uint32_t payload = tlp_wire_payload_bytes(&crossing->tlp);
        const uint64_t beats = payload > 32 ? (payload + 31) / 32 : 1;
        const uint64_t hz = bench->sw->params.clock_hz;
        uint64_t cycle = (uint64_t)((unsigned __int128)crossing->time_ps * hz / 1000000000000U);

        while (edge_ps(hz, cycle) < crossing->time_ps)
            cycle++;
        wrong += edge_ps(hz, cycle) != crossing->time_ps;
        wrong += crossing->time_ps < egress_free_ps[crossing->port];
        wrong += crossing->time_ps < ingress_free_ps[ingress];
        egress_free_ps[crossing->port] = ingress_free_ps[ingress] = edge_ps(hz, cycle + beats);
    }
    return wrong;
}

static void run_soak(const struct soak *soak, uint64_t seed)
{
    static const uint32_t weights[SOAK_PORTS] = {1, 2, 3, 1, 5, 2};
    struct link_params link = bench_link(soak->gen, soak->lanes, 10000);
    struct switch_params params = bench_switch();
    struct passage *passages = calloc(BENCH_TLPS + 1, sizeof *passages);
    uint64_t state = seed;
    unsigned wrong = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(passages);
    for (int class = 0; class < CLASSES; class ++) {
        link.header_credits[class] = soak->headers;
        link.data_credits[class] = soak->headers * soak->payload / 16;
    }
    link.dllp = link.skp = true;
    link.update_interval_ps = 20000;
    link.ack_interval_ps = 30000;
    params.arbiter = soak->arbiter;
    params.voq = soak->voq;
    params.cut_through = soak->cut_through;
    params.clock_hz = soak->clock_hz;
    struct bench *bench = bench_new(SOAK_PORTS, soak->vcs, &link, &link);
    bench->drain_ps = 15000;
    bench_add_switch(bench, &params, weights);
    soak_send(bench, soak, &state);
    CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);

    CU_ASSERT_EQUAL(bench->n_arrivals, SOAK_TLPS);
    wrong += count_overtakers(bench, passages);
    wrong += count_lost_or_doubled(bench, passages);
    wrong += count_collisions(bench, passages);
    CU_ASSERT_EQUAL(bench->fabric.tlps.in_use, 0);
    for (uint32_t p = 0; p < SOAK_PORTS; p++) {
        CU_ASSERT(link_credits_are_home(&bench->in[p], &link));
        CU_ASSERT(link_credits_are_home(&bench->out[p], &link));
        for (int class = 0; class < CLASSES; class ++)
            CU_ASSERT_EQUAL(bench->sw->ports[p].in.held_bytes[class], 0);
    }
    if (wrong)
        CU_FAIL(soak->name);
    bench_free(bench);
    free(passages);
}

static void random_traffic_is_ordered_and_complete(void)
{
    for (size_t i = 0; i < sizeof soaks / sizeof soaks[0]; i++)
        run_soak(&soaks[i], i);
}

void suite_switch(void)
{
    CU_pSuite suite = CU_add_suite("switch", NULL, NULL);

    CU_add_test(suite, "an uncontended TLP leaves six cycles after it entered",
                an_uncontended_tlp_leaves_six_cycles_after_it_entered);
    CU_add_test(suite, "the edge itself is in time, and a picosecond later is not",
                the_edge_itself_is_in_time_and_a_picosecond_later_is_not);
    CU_add_test(suite, "cut-through is ahead of store-and-forward",
                cut_through_is_ahead_of_store_and_forward);
    CU_add_test(suite, "pipeline lengths are what is asked for",
                pipeline_lengths_are_what_is_asked_for);
    CU_add_test(suite, "a fast wire does not overtake the crossbar",
                a_fast_wire_does_not_overtake_the_crossbar);
    CU_add_test(suite, "a TLP holds its egress for its beats",
                a_tlp_holds_its_egress_for_its_beats);
    CU_add_test(suite, "an ingress accepts one grant and is held for its beats",
                an_ingress_accepts_one_grant_and_is_held_for_its_beats);
    CU_add_test(suite, "a grant that is not accepted goes elsewhere a cycle later",
                a_grant_that_is_not_accepted_goes_elsewhere_a_cycle_later);
    CU_add_test(suite, "an ingress accepts in turn", an_ingress_accepts_in_turn);
    CU_add_test(suite, "a stream has no gaps", a_stream_has_no_gaps);
    CU_add_test(suite, "disjoint streams run side by side", disjoint_streams_run_side_by_side);
    CU_add_test(suite, "only a FIFO has head-of-line blocking",
                only_a_fifo_has_head_of_line_blocking);
    CU_add_test(suite, "the egress buffer is used and not exceeded",
                the_egress_buffer_is_used_and_not_exceeded);
    CU_add_test(suite, "an unpipelined look-up spaces TLPs", an_unpipelined_look_up_spaces_tlps);
    CU_add_test(suite, "a fetch holds its pipeline and keeps the order",
                a_fetch_holds_its_pipeline_and_keeps_the_order);
    CU_add_test(suite, "many fetches keep the order", many_fetches_keep_the_order);
    CU_add_test(suite, "an unsupported read is answered a cycle later",
                an_unsupported_read_is_answered_a_cycle_later);
    CU_add_test(suite, "what belongs nowhere is dropped", what_belongs_nowhere_is_dropped);
    CU_add_test(suite, "a fractional clock keeps its edges", a_fractional_clock_keeps_its_edges);
    CU_add_test(suite, "a long flight reaches beyond the ring",
                a_long_flight_reaches_beyond_the_ring);
    CU_add_test(suite, "an egress wakes for the nearest", an_egress_wakes_for_the_nearest);
    CU_add_test(suite, "a slow egress wakes beyond the ring", a_slow_egress_wakes_beyond_the_ring);
    CU_add_test(suite, "random traffic is ordered and complete",
                random_traffic_is_ordered_and_complete);
}
