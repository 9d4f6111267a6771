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

void suite_classify(void)
{
    CU_pSuite suite = CU_add_suite("classify", NULL, NULL);

    CU_add_test(suite, "towards the devices", downstream_table);
    CU_add_test(suite, "towards the hosts", upstream_table);
    CU_add_test(suite, "no one slips through", no_one_slips_through);
}
