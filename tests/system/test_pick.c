/* The choice among waiting TLPs against the ordering rules, written out for each pair of TLPs.
 * Not pinned: what wait->blocked holds when something can go. */
#include "../unit/splitmix.h"
#include "bench_fabric.h"

#include <CUnit/CUnit.h>
#include <string.h>

void suite_pick(void);

enum { VCS = 3, QUEUES = VCS * CLASSES, TLPS = 40 };

struct stage {
    struct fabric fabric;
    struct link link;
    struct link_credit credit[QUEUES];
    struct tlp_fifo fifos[QUEUES];
    uint32_t n; /* TLPs, indices from 1 */
};

static struct tlp *at(const struct stage *stage, uint32_t index)
{
    return tlp_get(&stage->fabric.tlps, index);
}

static void stage_init(struct stage *stage, uint32_t vcs)
{
    *stage = (struct stage){.fabric = {.vcs = vcs}};
    CU_ASSERT_FATAL(tlp_pool_init(&stage->fabric.tlps, TLPS + 1));
    stage->link.credit = stage->credit;
    for (uint32_t q = 0; q < QUEUES; q++) {
        credit_init(&stage->credit[q].header, CREDIT_HEADER_BITS, 1);
        credit_init(&stage->credit[q].data, CREDIT_DATA_BITS, 4);
    }
}

static void stage_clear(struct stage *stage)
{
    memset(stage->fifos, 0, sizeof stage->fifos);
    while (stage->n)
        tlp_give_back(&stage->fabric.tlps, stage->n--);
    tlp_pool_fini(&stage->fabric.tlps);
    CU_ASSERT_FATAL(tlp_pool_init(&stage->fabric.tlps, TLPS + 1));
}

static struct tlp *add(struct stage *stage, enum tlp_kind kind, uint64_t at_ps, uint8_t attr)
{
    const uint32_t index = tlp_take(&stage->fabric.tlps);
    struct tlp *tlp = at(stage, index);

    memset(tlp, 0, sizeof *tlp);
    stage->n++;
    tlp->kind = (uint8_t)kind;
    tlp->attr = attr;
    tlp->at_ps = at_ps;
    tlp->bytes = 64;
    tlp_fifo_push(&stage->fabric, &stage->fifos[fabric_queue(&stage->fabric, tlp)], index);
    return tlp;
}

static int choose(const struct stage *stage, uint32_t *out_blocked)
{
    struct pick_wait wait = {.now_ps = UINT64_MAX};
    const int q = pick(&stage->fabric, stage->fifos, &stage->link, PICK_ANY_PORT, &wait);

    *out_blocked = wait.blocked;
    return q;
}

/* Table 2-40 of the Base Specification, for two TLPs of one traffic class of which @earlier came
 * before. */
static bool may_pass(const struct tlp *later, const struct tlp *earlier)
{
    const uint16_t id = tlp_kinds[later->kind].is_request ? later->requester : later->cpl.completer;
    const bool ido = later->attr & TLP_ATTR_IDO && id != earlier->requester;

    if (earlier->kind != TLP_MEM_WRITE)
        return true; /* A3, A5, B3 to B5, D3: must or may */
    switch (tlp_kinds[later->kind].class) {
    case CLASS_NONPOSTED:
        return ido; /* B2 */
    case CLASS_COMPLETION:
        return ido || later->attr & TLP_ATTR_RO; /* D2 */
    case CLASS_POSTED:
    case CLASSES:
        break;
    }
    return false;
}

/* In doubt, that is at one instant, posted TLPs came first: nothing may overtake them. */
static bool came_before(const struct tlp *x, const struct tlp *y)
{
    return x->at_ps < y->at_ps || (x->at_ps == y->at_ps && x->kind == TLP_MEM_WRITE);
}

static bool has_credits(const struct stage *stage, const struct tlp *tlp)
{
    const struct link_credit *credit = &stage->credit[fabric_queue(&stage->fabric, tlp)];
    const uint32_t units = credit_data_units(tlp_wire_payload_bytes(tlp));

    return (credit->header.infinite || credit_available(&credit->header) >= 1) &&
           (credit->data.infinite || credit_available(&credit->data) >= units);
}

static bool naive_may_go(const struct stage *stage, uint32_t vc, const struct tlp *tlp)
{
    for (uint32_t class = 0; class < CLASSES; class ++) {
        if (class == tlp_class_of(tlp))
            continue;
        for (uint32_t i = stage->fifos[vc * CLASSES + class].head; i; i = at(stage, i)->next)
            if (came_before(at(stage, i), tlp) && !may_pass(tlp, at(stage, i)))
                return false;
    }
    return true;
}

static int naive_pick(const struct stage *stage, uint32_t port, uint32_t *out_blocked)
{
    for (uint32_t vc = stage->fabric.vcs; vc-- > 0;) {
        int best = PICK_NONE;

        for (uint32_t q = vc * CLASSES; q < (vc + 1) * CLASSES; q++) {
            if (!stage->fifos[q].head)
                continue;
            const struct tlp *tlp = at(stage, stage->fifos[q].head);
            if ((port != PICK_ANY_PORT && tlp->port != port) || !naive_may_go(stage, vc, tlp))
                continue;
            if (!has_credits(stage, tlp))
                *out_blocked |= 1U << q;
            else if (best == PICK_NONE || tlp->at_ps < at(stage, stage->fifos[best].head)->at_ps)
                best = (int)q;
        }
        if (best != PICK_NONE)
            return best;
    }
    return PICK_NONE;
}

static void draw(struct stage *stage, uint64_t *state)
{
    uint64_t at_ps = 100;

    for (uint32_t q = 0; q < QUEUES; q++) {
        credit_init(&stage->credit[q].header, CREDIT_HEADER_BITS, splitmix_below(state, 3));
        credit_init(&stage->credit[q].data, CREDIT_DATA_BITS, splitmix_below(state, 4));
        if (splitmix_below(state, 3) == 0 && !stage->credit[q].header.infinite)
            credit_consume(&stage->credit[q].header, credit_available(&stage->credit[q].header));
    }
    for (uint32_t n = splitmix_below(state, 12); n > 0; n--) {
        const uint32_t attr = splitmix_below(state, VCS) |
                              (splitmix_below(state, 2) ? TLP_ATTR_RO : 0U) |
                              (splitmix_below(state, 2) ? TLP_ATTR_IDO : 0U);
        struct tlp *tlp = add(stage, (enum tlp_kind)splitmix_below(state, TLP_CPL_DATA + 1), at_ps,
                              (uint8_t)attr);

        at_ps += splitmix_below(state, 2);
        tlp->bytes = (uint16_t)(1 + splitmix_below(state, 64));
        tlp->requester = (uint16_t)splitmix_below(state, 3);
        if (!tlp_kinds[tlp->kind].is_request)
            tlp->cpl.completer = (uint16_t)splitmix_below(state, 3);
        tlp->port = (uint16_t)splitmix_below(state, 2);
    }
}

static void choices_agree_with_the_rules_written_out(void)
{
    uint64_t state = 1;
    unsigned wrong = 0, none = 0;

    for (uint32_t vcs = 1; vcs <= VCS; vcs++) {
        struct stage stage;

        stage_init(&stage, vcs);
        for (unsigned run = 0; run < 100000; run++) {
            const uint32_t port = run % 3 == 2 ? PICK_ANY_PORT : run % 3;
            struct pick_wait wait = {.now_ps = UINT64_MAX};
            uint32_t naive_blocked = 0;

            draw(&stage, &state);
            const int expected = naive_pick(&stage, port, &naive_blocked);
            wrong += pick(&stage.fabric, stage.fifos, &stage.link, port, &wait) != expected;
            wrong += expected == PICK_NONE && wait.blocked != naive_blocked;
            none += expected == PICK_NONE;
            stage_clear(&stage);
        }
        tlp_pool_fini(&stage.fabric.tlps);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(none > 10000);
}

/* The six cells of the table that matter for deadlock and for the producer and consumer. */
static const struct {
    const char *name;
    enum tlp_kind first, second;
    uint8_t attr; /* of the second */
    bool passes;
} cells[] = {
    {"posted passes a stuck read", TLP_MEM_READ, TLP_MEM_WRITE, 0, true},
    {"posted passes a stuck completion", TLP_CPL_DATA, TLP_MEM_WRITE, 0, true},
    {"a completion passes a stuck read", TLP_MEM_READ, TLP_CPL_DATA, 0, true},
    {"a read passes a stuck completion", TLP_CPL_DATA, TLP_MEM_READ, 0, true},
    {"a read never passes posted", TLP_MEM_WRITE, TLP_MEM_READ, TLP_ATTR_RO, false},
    {"a read of another ID passes posted", TLP_MEM_WRITE, TLP_MEM_READ, TLP_ATTR_IDO, true},
    {"a completion does not pass posted", TLP_MEM_WRITE, TLP_CPL, 0, false},
    {"a relaxed completion passes posted", TLP_MEM_WRITE, TLP_CPL, TLP_ATTR_RO, true},
    {"a completion of another ID passes posted", TLP_MEM_WRITE, TLP_CPL, TLP_ATTR_IDO, true},
};

static void what_passes_a_stuck_tlp(void)
{
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        struct stage stage;
        uint32_t blocked;

        stage_init(&stage, 1);
        const struct tlp *first = add(&stage, cells[i].first, 10, 0);
        struct tlp *second = add(&stage, cells[i].second, 20, cells[i].attr);
        second->requester = 7;
        if (!tlp_kinds[second->kind].is_request)
            second->cpl.completer = 7;
        const uint32_t stuck = fabric_queue(&stage.fabric, first);
        credit_consume(&stage.credit[stuck].header, 1);
        const int expected = cells[i].passes ? (int)fabric_queue(&stage.fabric, second) : PICK_NONE;
        if (choose(&stage, &blocked) != expected)
            CU_FAIL(cells[i].name);
        CU_ASSERT_EQUAL(blocked, 1U << stuck);
        tlp_pool_fini(&stage.fabric.tlps);
    }
}

static void one_id_among_the_older_holds_back(void)
{
    struct stage stage;
    uint32_t blocked;

    stage_init(&stage, 1);
    for (uint64_t n = 0; n < 5; n++)
        add(&stage, TLP_MEM_WRITE, 10 + n, 0)->requester = (uint16_t)(100 + n);
    credit_consume(&stage.credit[CLASS_POSTED].header, 1);
    struct tlp *read = add(&stage, TLP_MEM_READ, 14, TLP_ATTR_IDO);
    read->requester = 103;
    CU_ASSERT_EQUAL(choose(&stage, &blocked), PICK_NONE);
    read->requester = 105;
    CU_ASSERT_EQUAL(choose(&stage, &blocked), CLASS_NONPOSTED);
    tlp_pool_fini(&stage.fabric.tlps);
}

/* A write and then a read, both at one instant: the read must not overtake the write. */
static void posted_of_the_same_instant_goes_first(void)
{
    static const enum tlp_kind others[] = {TLP_MEM_READ, TLP_CPL, TLP_CPL_DATA};

    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct stage stage;
        uint32_t blocked;

        stage_init(&stage, 1);
        add(&stage, TLP_MEM_WRITE, 10, 0);
        add(&stage, others[i], 10, 0);
        CU_ASSERT_EQUAL(choose(&stage, &blocked), CLASS_POSTED);
        credit_consume(&stage.credit[CLASS_POSTED].data, 1);
        CU_ASSERT_EQUAL(choose(&stage, &blocked), PICK_NONE);
        tlp_pool_fini(&stage.fabric.tlps);
    }
}

static void fifos_keep_their_order(void)
{
    struct stage stage;
    struct tlp_fifo fifo = {0, 0};
    uint32_t taken[TLPS], in = 0, out = 0;
    uint64_t state = 2;

    stage_init(&stage, 1);
    for (unsigned i = 0; i < TLPS; i++)
        taken[i] = tlp_take(&stage.fabric.tlps);
    for (unsigned i = 0; i < 10000; i++) {
        if (in - out < TLPS && (in == out || splitmix_below(&state, 2))) {
            tlp_fifo_push(&stage.fabric, &fifo, taken[in++ % TLPS]);
        } else {
            CU_ASSERT_EQUAL(tlp_fifo_pop(&stage.fabric, &fifo), taken[out++ % TLPS]);
        }
        CU_ASSERT_EQUAL(fifo.head == 0, in == out);
        CU_ASSERT_EQUAL(fifo.tail == 0, in == out);
    }
    tlp_pool_fini(&stage.fabric.tlps);
}

void suite_pick(void)
{
    CU_pSuite suite = CU_add_suite("pick", NULL, NULL);

    CU_add_test(suite, "choices agree with the rules written out",
                choices_agree_with_the_rules_written_out);
    CU_add_test(suite, "what passes a stuck TLP", what_passes_a_stuck_tlp);
    CU_add_test(suite, "one ID among the older holds back", one_id_among_the_older_holds_back);
    CU_add_test(suite, "posted of the same instant goes first",
                posted_of_the_same_instant_goes_first);
    CU_add_test(suite, "FIFOs keep their order", fifos_keep_their_order);
}
