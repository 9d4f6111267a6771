/* Transmit ports: a source, its link, and a sink that frees what it gets when the test says so.
 * Not pinned: the order of TLPs that may pass each other and all have credits. */
#include "../unit/splitmix.h"
#include "bench_fabric.h"

#include <CUnit/CUnit.h>
#include <string.h>

void suite_port(void);

enum { UNTIL_PS = 100000000 }; /* longer than anything here takes */

/* One source and sink; @headers credits of each class, each with 64 bytes of data; 0: infinite. */
static struct bench *port_bench(uint32_t posted, uint32_t nonposted, uint32_t completion,
                                uint32_t vcs)
{
    struct link_params link = bench_link(3, 8, 5000);
    const uint32_t headers[CLASSES] = {posted, nonposted, completion};

    for (int class = 0; class < CLASSES; class ++) {
        link.header_credits[class] = headers[class];
        link.data_credits[class] = 4 * headers[class];
    }
    struct bench *bench = bench_new(1, vcs, &link, &link);
    bench_connect(bench);
    return bench;
}

static struct tlp *at(struct bench *bench, uint64_t at_ps, enum tlp_kind kind, uint8_t attr)
{
    struct tlp *tlp = bench_at(bench, at_ps, 0, 0, kind, 64);

    tlp->attr = attr;
    return tlp;
}

/* @expected: serial numbers in the order of arrival, one digit each. */
static bool has_order(const struct bench *bench, const char *expected)
{
    char order[100];
    uint32_t n = 0;

    for (; n < bench->n_arrivals && n < sizeof order - 1; n++)
        order[n] = (char)('0' + bench->arrivals[n].serial);
    order[n] = '\0';
    return strcmp(order, expected) == 0;
}

/* Three TLPs; the receiver has one credit of the first one's class and none of it comes back until
 * all have been tried. */
static const struct {
    const char *name;
    enum tlp_kind stuck, later;
    uint8_t attr;
    const char *before, *after; /* what arrives before, and in the end */
} cells[] = {
    {"a read waits behind posted", TLP_MEM_WRITE, TLP_MEM_READ, 0, "1", "123"},
    {"RO does not help a read", TLP_MEM_WRITE, TLP_MEM_READ, TLP_ATTR_RO, "1", "123"},
    {"IDO helps a read", TLP_MEM_WRITE, TLP_MEM_READ, TLP_ATTR_IDO, "13", "132"},
    {"a completion waits behind posted", TLP_MEM_WRITE, TLP_CPL_DATA, 0, "1", "123"},
    {"RO helps a completion", TLP_MEM_WRITE, TLP_CPL_DATA, TLP_ATTR_RO, "13", "132"},
    {"IDO helps a completion", TLP_MEM_WRITE, TLP_CPL_DATA, TLP_ATTR_IDO, "13", "132"},
    {"posted must pass reads", TLP_MEM_READ, TLP_MEM_WRITE, 0, "13", "132"},
    {"completions must pass reads", TLP_MEM_READ, TLP_CPL, 0, "13", "132"},
    {"posted passes completions", TLP_CPL, TLP_MEM_WRITE, 0, "13", "132"},
    {"reads pass completions", TLP_CPL, TLP_MEM_READ, 0, "13", "132"},
};

static void what_passes_a_tlp_without_credits(void)
{
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        struct bench *bench = port_bench(1, 1, 1, 1);

        bench->keep_credits = true;
        at(bench, 1000, cells[i].stuck, 0);
        at(bench, 2000, cells[i].stuck, 0);
        struct tlp *later = at(bench, 3000, cells[i].later, cells[i].attr);
        later->requester = 77 << 8; /* neither source nor sink */
        if (!tlp_kinds[later->kind].is_request)
            later->cpl.completer = 77 << 8;
        bench_run(bench);
        bool good = has_order(bench, cells[i].before);
        bench_free_all(bench, UNTIL_PS);
        bench->keep_credits = false;
        CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
        good = good && has_order(bench, cells[i].after);
        if (!good)
            CU_FAIL(cells[i].name);
        bench_free(bench);
    }
}

/* A class takes its own credits, header and data, and nobody else's. */
static void credits_are_per_class(void)
{
    struct bench *bench = port_bench(3, 2, 1, 1);

    bench->keep_credits = true;
    for (uint64_t n = 0; n < 5; n++) {
        at(bench, 1000 + n, TLP_MEM_READ, 0);
        at(bench, 1000 + n, TLP_CPL, 0);
    }
    for (uint64_t n = 0; n < 5; n++)
        at(bench, 2000 + n, TLP_MEM_WRITE, 0);
    bench_run(bench);
    uint32_t arrived[CLASSES] = {0};
    for (uint32_t i = 0; i < bench->n_arrivals; i++)
        arrived[tlp_class_of(&bench->arrivals[i].tlp)]++;
    CU_ASSERT_EQUAL(arrived[CLASS_POSTED], 3);
    CU_ASSERT_EQUAL(arrived[CLASS_NONPOSTED], 2);
    CU_ASSERT_EQUAL(arrived[CLASS_COMPLETION], 1);
    CU_ASSERT_EQUAL(bench->source[0].queued, 9);
    bench_free(bench);
}

static void data_credits_count_for_themselves(void)
{
    struct bench *bench = port_bench(2, 1, 1, 1); /* 8 units of posted data */

    bench->keep_credits = true;
    at(bench, 1000, TLP_MEM_WRITE, 0)->bytes = 96; /* 6 */
    at(bench, 2000, TLP_MEM_WRITE, 0)->bytes = 33; /* 3: does not fit */
    bench_run(bench);
    CU_ASSERT(has_order(bench, "1"));
    bench_free_all(bench, UNTIL_PS);
    bench->keep_credits = false;
    CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
    CU_ASSERT(has_order(bench, "12"));
    bench_free(bench);
}

/* The sender goes on in the very picosecond in which the UpdateFC is there. */
static void credits_wake_the_sender_at_once(void)
{
    struct bench *bench = port_bench(1, 1, 1, 1);

    bench->drain_ps = 777777;
    at(bench, 1000, TLP_MEM_WRITE, 0);
    at(bench, 1000, TLP_MEM_WRITE, 0);
    CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
    const uint64_t there_ps = bench->arrivals[0].end_ps + 777777 + bench->in[0].dllp_flight_ps;
    const struct tlp *second = &bench->arrivals[1].tlp;
    CU_ASSERT_EQUAL(bench->arrivals[1].begin_ps, there_ps + 5000);
    CU_ASSERT_EQUAL(tlp_part_ps(second, PART_CREDIT), there_ps - 1000);
    CU_ASSERT_EQUAL(tlp_part_ps(second, PART_PROPAGATE), 5000);
    CU_ASSERT_EQUAL(bench->in[0].credit_stall_ps, there_ps - 1000);
    bench_free(bench);
}

/* The wire is full up to the transmit buffer; what comes meanwhile on a higher VC goes first. */
static void a_higher_virtual_channel_goes_first(void)
{
    struct bench *bench = port_bench(0, 0, 0, 3);

    for (unsigned n = 0; n < 100; n++)
        at(bench, 1000, TLP_MEM_WRITE, n % 3 == 2 ? 2 : n % 3 == 1 ? 0 : 1);
    CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
    const uint32_t committed = PORT_HIGH_BYTES / (64 + 24) + 1;
    unsigned wrong = 0;
    for (uint32_t i = committed + 1; i < bench->n_arrivals; i++)
        wrong += (bench->arrivals[i].tlp.attr & TLP_ATTR_TC_MASK) >
                 (bench->arrivals[i - 1].tlp.attr & TLP_ATTR_TC_MASK);
    CU_ASSERT_EQUAL(bench->n_arrivals, 100);
    CU_ASSERT_EQUAL(wrong, 0);
    bench_free(bench);
}

/* Decisions stay open until the wire needs them, and yet it never idles. */
static void the_wire_is_kept_full_and_no_fuller(void)
{
    struct bench *bench = port_bench(0, 0, 0, 1);
    uint64_t bytes = 0;
    unsigned wrong = 0;

    for (unsigned n = 0; n < 1000; n++)
        at(bench, 0, TLP_MEM_WRITE, 0)->bytes = (uint16_t)(4 + n % 60 * 4);
    for (uint64_t until_ps = 1000; sim_run(&bench->sim, until_ps) == SIM_TIME; until_ps += 1000) {
        const uint64_t most_ticks =
            (until_ps * RATE_TICKS_PER_PS) + link_ticks(&bench->in[0], PORT_HIGH_BYTES + 264);
        wrong += bench->in[0].free_ticks > most_ticks;
    }
    for (uint32_t n = 0; n < 1000; n++) {
        wrong += bench->arrivals[n].begin_ps !=
                 5000 + link_ticks_to_ps(bytes * bench->in[0].ticks_per_byte);
        bytes += 24 + bench->arrivals[n].tlp.bytes;
    }
    CU_ASSERT_EQUAL(bench->n_arrivals, 1000);
    CU_ASSERT_EQUAL(wrong, 0);
    bench_free(bench);
}

static void room_is_a_free_queue_and_a_wire_that_is_not_full(void)
{
    struct bench *bench = port_bench(1, 0, 1, 1);

    bench->keep_credits = true;
    CU_ASSERT(port_has_room(&bench->source[0], CLASS_POSTED));
    at(bench, 1000, TLP_MEM_WRITE, 0);
    at(bench, 1000, TLP_MEM_WRITE, 0);
    bench_run(bench);
    CU_ASSERT_FALSE(port_has_room(&bench->source[0], CLASS_POSTED));
    CU_ASSERT(port_has_room(&bench->source[0], CLASS_NONPOSTED));
    CU_ASSERT_FALSE(port_wire_is_full(&bench->source[0]));
    bench_free(bench);
}

static void the_report_names_what_waits(void)
{
    struct bench *bench = port_bench(1, 1, 1, 1);
    char text[500] = "";
    FILE *out = fmemopen(text, sizeof text, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    bench->keep_credits = true;
    port_report(&bench->source[0], "idle", out);
    at(bench, 1000, TLP_MEM_WRITE, 0);
    at(bench, 2000, TLP_MEM_WRITE, 0);
    at(bench, 3000, TLP_MEM_READ, 0);
    CU_ASSERT_EQUAL(bench_run(bench), SIM_STALLED);
    port_report(&bench->source[0], "busy", out);
    fclose(out);
    CU_ASSERT_PTR_NULL(strstr(text, "idle"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "busy: 2 TLPs"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "MWr since 2000 ps; credits 0 header"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "MRd since 3000 ps; credits 1 header"));
    bench_free(bench);
}

/* ---- random traffic ---- */

struct soak {
    uint32_t posted, nonposted, completion, vcs;
    uint64_t drain_ps;
};

static const struct soak soaks[] = {
    {1, 1, 1, 1, 0},      {1, 1, 1, 8, 50000},   {8, 2, 1, 2, 20000}, {0, 1, 0, 1, 100000},
    {1, 0, 8, 3, 100000}, {32, 32, 32, 1, 1000}, {0, 0, 0, 1, 0},
};

/* Older posted TLPs of one VC arrive first, and each class keeps its order. */
static unsigned count_overtakers(const struct bench *bench)
{
    uint32_t last[FABRIC_VCS_MAX][CLASSES] = {{0}};
    unsigned wrong = 0;

    for (uint32_t i = 0; i < bench->n_arrivals; i++) {
        const struct tlp *tlp = &bench->arrivals[i].tlp;
        const uint32_t serial = bench->arrivals[i].serial;
        uint32_t *of_vc = last[fabric_vc(&bench->fabric, tlp)];
        const enum tlp_class class = tlp_class_of(tlp);

        wrong += of_vc[class] >= serial;
        if (class == CLASS_POSTED)
            wrong += of_vc[CLASS_NONPOSTED] > serial || of_vc[CLASS_COMPLETION] > serial;
        of_vc[class] = serial;
    }
    return wrong;
}

static void run_soak(const struct soak *soak, uint64_t seed)
{
    enum { TLPS = 10000 };
    struct bench *bench = port_bench(soak->posted, soak->nonposted, soak->completion, soak->vcs);
    uint64_t state = seed, at_ps = 1000;
    unsigned wrong = 0;

    bench->drain_ps = soak->drain_ps;
    for (unsigned n = 0; n < TLPS; n++) {
        struct tlp *tlp = at(bench, at_ps, (enum tlp_kind)splitmix_below(&state, TLP_CPL_DATA + 1),
                             (uint8_t)splitmix_below(&state, soak->vcs));
        tlp->bytes = (uint16_t)(1 + splitmix_below(&state, 61));
        at_ps += 1 + splitmix_below(&state, n / 1000 % 2 ? 60000 : 2000);
    }
    CU_ASSERT_EQUAL(bench_run(bench), SIM_EMPTY);
    CU_ASSERT_EQUAL(bench->n_arrivals, TLPS);
    for (uint32_t i = 0; i < bench->n_arrivals; i++) {
        const struct bench_arrival *arrival = &bench->arrivals[i];
        uint64_t sum_ps = 0;

        for (int part = 0; part < TLP_PARTS; part++)
            sum_ps += tlp_part_ps(&arrival->tlp, (enum tlp_part)part);
        wrong += sum_ps != arrival->begin_ps - bench->born_ps[arrival->serial];
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(count_overtakers(bench), 0);
    CU_ASSERT_EQUAL(bench->source[0].queued, 0);
    CU_ASSERT_EQUAL(bench->fabric.tlps.in_use, 0);
    CU_ASSERT(link_credits_are_home(&bench->in[0], &bench->in_params));
    bench_free(bench);
}

static void random_traffic_is_ordered_complete_and_never_stuck(void)
{
    for (size_t i = 0; i < sizeof soaks / sizeof soaks[0]; i++)
        run_soak(&soaks[i], i);
}

void suite_port(void)
{
    CU_pSuite suite = CU_add_suite("port", NULL, NULL);

    CU_add_test(suite, "what passes a TLP without credits", what_passes_a_tlp_without_credits);
    CU_add_test(suite, "credits are per class", credits_are_per_class);
    CU_add_test(suite, "data credits count for themselves", data_credits_count_for_themselves);
    CU_add_test(suite, "credits wake the sender at once", credits_wake_the_sender_at_once);
    CU_add_test(suite, "a higher virtual channel goes first", a_higher_virtual_channel_goes_first);
    CU_add_test(suite, "the wire is kept full and no fuller", the_wire_is_kept_full_and_no_fuller);
    CU_add_test(suite, "room is a free queue and a wire that is not full",
                room_is_a_free_queue_and_a_wire_that_is_not_full);
    CU_add_test(suite, "the report names what waits", the_report_names_what_waits);
    CU_add_test(suite, "random traffic is ordered, complete and never stuck",
                random_traffic_is_ordered_complete_and_never_stuck);
}
