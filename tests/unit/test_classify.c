/* Classification: every row of the model's table, and what must hold of any such table.
 * Not pinned: how the look-ups are made. */
#include "pool/classify.h"

#include <CUnit/CUnit.h>

void suite_classify(void);

static const bool no = false, yes = true;

static bool is_answered(enum pool_kind kind)
{
    return kind == POOL_MEM_READ || kind == POOL_CONFIG || kind == POOL_IO;
}

/* The verdict for what may not go on: the requester of a non-posted request waits for an answer. */
static enum pool_verdict refusal(enum pool_kind kind)
{
    return is_answered(kind) ? POOL_UNSUPPORTED : POOL_DROP;
}

static void downstream_table(void)
{
    static const struct {
        const char *row;
        enum pool_kind kind;
        bool hit, owner, lent;
        enum pool_verdict verdict;
    } cases[] = {
        {"MMIO read of a lent VF by its User", POOL_MEM_READ, yes, no, yes, POOL_REMAP},
        {"MMIO write of a lent VF by its User", POOL_MEM_WRITE, yes, no, yes, POOL_REMAP},
        {"MMIO read miss", POOL_MEM_READ, no, no, no, POOL_UNSUPPORTED},
        {"MMIO write miss", POOL_MEM_WRITE, no, no, no, POOL_DROP},
        {"reply to a User's VF's DMA read", POOL_COMPLETION, yes, no, yes, POOL_REMAP},
        {"stray completion", POOL_COMPLETION, no, no, no, POOL_DROP},
        {"pass-through of a VF's configuration", POOL_CONFIG, yes, no, yes, POOL_REMAP},
        {"configuration of an absent function", POOL_CONFIG, no, no, no, POOL_UNSUPPORTED},
        {"a VF has no I/O space", POOL_IO, yes, no, yes, POOL_UNSUPPORTED},
        {"I/O by a User", POOL_IO, no, no, no, POOL_UNSUPPORTED},
        {"a User's messages end at its virtual port", POOL_MESSAGE, yes, no, yes, POOL_DROP},
        {"a User's broadcast", POOL_MESSAGE, no, no, no, POOL_DROP},
        {"the Owner reads its PF", POOL_MEM_READ, no, yes, no, POOL_PASS},
        {"the Owner writes its PF", POOL_MEM_WRITE, no, yes, no, POOL_PASS},
        {"the Owner answers its PF", POOL_COMPLETION, no, yes, no, POOL_PASS},
        {"the Owner configures its PF", POOL_CONFIG, no, yes, no, POOL_PASS},
        {"the Owner's I/O", POOL_IO, no, yes, no, POOL_PASS},
        {"the Owner's messages", POOL_MESSAGE, no, yes, no, POOL_PASS},
        {"the Owner reads a lent VF", POOL_MEM_READ, no, yes, yes, POOL_UNSUPPORTED},
        {"the Owner writes a lent VF", POOL_MEM_WRITE, no, yes, yes, POOL_DROP},
        {"the Owner answers a lent VF", POOL_COMPLETION, no, yes, yes, POOL_DROP},
        {"the Owner configures a lent VF", POOL_CONFIG, no, yes, yes, POOL_UNSUPPORTED},
        {"the Owner's I/O to a lent VF", POOL_IO, no, yes, yes, POOL_UNSUPPORTED},
        {"the Owner's message to a lent VF", POOL_MESSAGE, no, yes, yes, POOL_DROP},
        {"a table entry counts before ownership", POOL_MEM_READ, yes, yes, no, POOL_REMAP},
    };

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CU_ASSERT_EQUAL(
            classify_downstream(cases[i].kind, cases[i].hit, cases[i].owner, cases[i].lent),
            cases[i].verdict);
}

static void upstream_table(void)
{
    static const struct {
        enum pool_kind kind;
        enum pool_verdict hit, miss;
    } cases[] = {
        {POOL_MEM_READ, POOL_REMAP, POOL_PASS},   {POOL_MEM_WRITE, POOL_REMAP, POOL_PASS},
        {POOL_COMPLETION, POOL_REMAP, POOL_PASS}, {POOL_MESSAGE, POOL_REMAP, POOL_PASS},
        {POOL_IO, POOL_UNSUPPORTED, POOL_PASS},   {POOL_CONFIG, POOL_UNSUPPORTED, POOL_UNSUPPORTED},
    };

    CU_ASSERT_EQUAL(sizeof cases / sizeof cases[0], POOL_KINDS);
    for (unsigned i = 0; i < POOL_KINDS; i++) {
        CU_ASSERT_EQUAL(classify_upstream(cases[i].kind, true), cases[i].hit);
        CU_ASSERT_EQUAL(classify_upstream(cases[i].kind, false), cases[i].miss);
    }
}

/* Isolation: who is neither in a table nor the Owner gets nothing through; nothing is re-mapped
 * without an entry; a lent VF is closed to its Owner; every refused request that waits is answered
 * and no other. */
static void no_one_slips_through(void)
{
    for (enum pool_kind kind = 0; kind < POOL_KINDS; kind++)
        for (unsigned bits = 0; bits < 8; bits++) {
            const bool hit = bits & 1, owner = bits & 2, lent = bits & 4;
            const enum pool_verdict verdict = classify_downstream(kind, hit, owner, lent);

            if (!hit && (!owner || lent))
                CU_ASSERT_EQUAL(verdict, refusal(kind));
            if (!hit)
                CU_ASSERT_NOT_EQUAL(verdict, POOL_REMAP);
            if (hit)
                CU_ASSERT_NOT_EQUAL(verdict, POOL_PASS);
            if (verdict == POOL_UNSUPPORTED || verdict == POOL_DROP)
                CU_ASSERT_EQUAL(verdict, refusal(kind));
            if (!owner)
                CU_ASSERT_EQUAL(verdict, classify_downstream(kind, hit, owner, !lent));
        }
    for (enum pool_kind kind = 0; kind < POOL_KINDS; kind++) {
        CU_ASSERT_NOT_EQUAL(classify_upstream(kind, true), POOL_PASS);
        CU_ASSERT_NOT_EQUAL(classify_upstream(kind, false), POOL_REMAP);
    }
}

/* ---- every row of the table ---- */

static void every_row_agrees_with_the_short_form(void)
{
    static const struct {
        enum pool_tlp tlp;
        enum pool_kind kind;
    } pairs[] = {
        {POOL_TLP_READ, POOL_MEM_READ},   {POOL_TLP_WRITE, POOL_MEM_WRITE},
        {POOL_TLP_ATOMIC, POOL_MEM_READ}, {POOL_TLP_COMPLETION, POOL_COMPLETION},
        {POOL_TLP_IO, POOL_IO},           {POOL_TLP_MSG_VENDOR, POOL_MESSAGE},
    };
    static const enum pool_action of_verdict[] = {[POOL_PASS] = POOL_ACT_FORWARD,
                                                  [POOL_REMAP] = POOL_ACT_REMAP,
                                                  [POOL_UNSUPPORTED] = POOL_ACT_UR,
                                                  [POOL_DROP] = POOL_ACT_DROP};

    for (unsigned i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        for (unsigned bits = 0; bits < 8; bits++) {
            struct pool_query query = {
                .tlp = pairs[i].tlp, .hit = bits & 1, .owner = bits & 2, .lent = bits & 4};

            CU_ASSERT_EQUAL(classify_tlp(&query),
                            of_verdict[classify_upstream(pairs[i].kind, query.hit)]);
            query.downstream = true;
            CU_ASSERT_EQUAL(
                classify_tlp(&query),
                of_verdict[classify_downstream(pairs[i].kind, query.hit, query.owner, query.lent)]);
        }
}

static void configuration_and_messages(void)
{
    static const struct {
        const char *name;
        struct pool_query query;
        enum pool_action action;
    } cases[] = {
        {"a virtual bridge", {POOL_TLP_CONFIG, true, .config = POOL_CONFIG_BRIDGE}, POOL_ACT_LOCAL},
        {"the shadow's IDs",
         {POOL_TLP_CONFIG, true, .config = POOL_CONFIG_USER, .shadow = CFG_EMU_ANSWER},
         POOL_ACT_EMULATE},
        {"MSI-X control",
         {POOL_TLP_CONFIG, true, .config = POOL_CONFIG_USER, .shadow = CFG_EMU_PASS},
         POOL_ACT_PROXY},
        {"the command register",
         {POOL_TLP_CONFIG, true, .config = POOL_CONFIG_USER, .shadow = CFG_EMU_MIXED},
         POOL_ACT_PROXY},
        {"after an FLR",
         {POOL_TLP_CONFIG, true, .config = POOL_CONFIG_USER, .shadow = CFG_EMU_CRS},
         POOL_ACT_CRS},
        {"a function that was taken away",
         {POOL_TLP_CONFIG, true, .config = POOL_CONFIG_USER, .shadow = CFG_EMU_UR},
         POOL_ACT_UR},
        {"nobody", {POOL_TLP_CONFIG, true, .config = POOL_CONFIG_ABSENT}, POOL_ACT_UR},
        {"the Owner's PF", {POOL_TLP_CONFIG, true, .config = POOL_CONFIG_OWNED}, POOL_ACT_FORWARD},
        {"a VF that it lent", {POOL_TLP_CONFIG, true, .config = POOL_CONFIG_LENT}, POOL_ACT_UR},
        {"a device configures", {POOL_TLP_CONFIG, false, .hit = true}, POOL_ACT_UR},
        {"the answer of a passed request",
         {POOL_TLP_COMPLETION, false, .hit = true, .proxied = true},
         POOL_ACT_REHEAD},
        {"the same without an entry",
         {POOL_TLP_COMPLETION, false, .proxied = true},
         POOL_ACT_REHEAD},
        {"a User's slot power limit", {POOL_TLP_MSG_PORT, true, .hit = false}, POOL_ACT_LOCAL},
        {"the Owner's", {POOL_TLP_MSG_PORT, true, .owner = true}, POOL_ACT_FORWARD},
        {"a VF's error", {POOL_TLP_MSG_ERROR, false, .hit = true}, POOL_ACT_REMAP},
        {"the PF's error", {POOL_TLP_MSG_ERROR, false, .hit = false}, POOL_ACT_FORWARD},
        {"a host sends an error", {POOL_TLP_MSG_ERROR, true, .owner = true}, POOL_ACT_DROP},
        {"a VF wakes", {POOL_TLP_MSG_PME, false, .hit = true}, POOL_ACT_REMAP},
        {"a VF has no INTx", {POOL_TLP_MSG_INTX, false, .hit = true}, POOL_ACT_DROP},
        {"the PF's INTx", {POOL_TLP_MSG_INTX, false, .hit = false}, POOL_ACT_FORWARD},
        {"a device limits its slot's power",
         {POOL_TLP_MSG_PORT, false, .hit = false},
         POOL_ACT_DROP},
    };

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (classify_tlp(&cases[i].query) != cases[i].action)
            CU_FAIL(cases[i].name);
}

static bool is_posted(enum pool_tlp tlp)
{
    return tlp == POOL_TLP_WRITE || tlp >= POOL_TLP_MSG_PORT;
}

/* Of all that the look-ups can say: who holds no entry and owns nothing gets nothing through; a
 * lent VF is closed to its Owner; what waits for an answer gets one, what does not gets none. */
static void no_row_lets_anyone_slip_through(void)
{
    for (unsigned n = 0; n < POOL_TLPS * 32 * POOL_CONFIGS * 5; n++) {
        const struct pool_query query = {
            .tlp = n % POOL_TLPS,
            .downstream = n / POOL_TLPS & 1,
            .hit = n / POOL_TLPS & 2,
            .owner = n / POOL_TLPS & 4,
            .lent = n / POOL_TLPS & 8,
            .proxied = n / POOL_TLPS & 16,
            .config = n / POOL_TLPS / 32 % POOL_CONFIGS,
            .shadow = n / POOL_TLPS / 32 / POOL_CONFIGS,
        };
        const enum pool_action action = classify_tlp(&query);
        const bool config = query.tlp == POOL_TLP_CONFIG && query.downstream;

        if (action == POOL_ACT_FORWARD && query.downstream)
            CU_ASSERT_TRUE(config ? query.config == POOL_CONFIG_OWNED
                                  : query.owner && !query.lent && !query.hit);
        if (action == POOL_ACT_FORWARD && !query.downstream)
            CU_ASSERT_FALSE(query.hit);
        if (action == POOL_ACT_REMAP)
            CU_ASSERT_TRUE(query.hit);
        if (action == POOL_ACT_PROXY || action == POOL_ACT_EMULATE || action == POOL_ACT_CRS)
            CU_ASSERT_TRUE(config && query.config == POOL_CONFIG_USER);
        if (action == POOL_ACT_REHEAD)
            CU_ASSERT_TRUE(query.tlp == POOL_TLP_COMPLETION && query.proxied && !query.downstream);
        if (action == POOL_ACT_UR || action == POOL_ACT_CRS || action == POOL_ACT_EMULATE)
            CU_ASSERT_TRUE(!is_posted(query.tlp) && query.tlp != POOL_TLP_COMPLETION);
        if (action == POOL_ACT_DROP)
            CU_ASSERT_TRUE(is_posted(query.tlp) || query.tlp == POOL_TLP_COMPLETION);
    }
}

void suite_classify(void)
{
    CU_pSuite suite = CU_add_suite("classify", NULL, NULL);

    CU_add_test(suite, "towards the devices", downstream_table);
    CU_add_test(suite, "towards the hosts", upstream_table);
    CU_add_test(suite, "no one slips through", no_one_slips_through);
    CU_add_test(suite, "every row agrees with the short form",
                every_row_agrees_with_the_short_form);
    CU_add_test(suite, "configuration and messages", configuration_and_messages);
    CU_add_test(suite, "no row lets anyone slip through", no_row_lets_anyone_slip_through);
}
