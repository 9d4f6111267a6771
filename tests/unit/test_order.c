/* The ordering table against the specification's table 2-40, written out here in its own four rows
 * and columns. Not pinned: what a port makes of a permission that it need not use. */
#include "pcie/order.h"

#include <CUnit/CUnit.h>

void suite_order(void);

/* The table's rows and columns. */
enum spec_type { POSTED, READ, NONPOSTED_DATA, COMPLETION, SPEC_TYPES };

static const enum tlp_class class_of[SPEC_TYPES] = {CLASS_POSTED, CLASS_NONPOSTED, CLASS_NONPOSTED,
                                                    CLASS_COMPLETION};

/* An entry: Yes, Y/N, or No and what makes it Y/N. */
enum spec_entry {
    YES,
    EITHER,
    NO_UNLESS_RO_OR_IDO,   /* A2, C2, D2 */
    NO_UNLESS_IDO,         /* B2 */
    NO_IF_OF_SAME_REQUEST, /* D5 */
};

static const enum spec_entry spec_table[SPEC_TYPES][SPEC_TYPES] = {
    {NO_UNLESS_RO_OR_IDO, YES, YES, EITHER},
    {NO_UNLESS_IDO, EITHER, EITHER, EITHER},
    {NO_UNLESS_RO_OR_IDO, EITHER, EITHER, EITHER},
    {NO_UNLESS_RO_OR_IDO, YES, YES, NO_IF_OF_SAME_REQUEST},
};

static bool spec_may_pass(enum spec_entry entry, bool relaxed, bool other_id)
{
    switch (entry) {
    case YES:
    case EITHER:
        return true;
    case NO_UNLESS_RO_OR_IDO:
        return relaxed || other_id;
    case NO_UNLESS_IDO:
    case NO_IF_OF_SAME_REQUEST: /* two completers do not answer one request */
        return other_id;
    }
    return false;
}

/* A class may pass another when each of its types may pass each of the other's. */
static bool all_types_may_pass(enum tlp_class later, enum tlp_class earlier, bool relaxed,
                               bool other_id)
{
    for (unsigned row = 0; row < SPEC_TYPES; row++)
        for (unsigned column = 0; column < SPEC_TYPES; column++)
            if (class_of[row] == later && class_of[column] == earlier &&
                !spec_may_pass(spec_table[row][column], relaxed, other_id))
                return false;
    return true;
}

static bool all_types_must_pass(enum tlp_class later, enum tlp_class earlier)
{
    for (unsigned row = 0; row < SPEC_TYPES; row++)
        for (unsigned column = 0; column < SPEC_TYPES; column++)
            if (class_of[row] == later && class_of[column] == earlier &&
                spec_table[row][column] != YES)
                return false;
    return true;
}

static void decisions_follow_the_table(void)
{
    for (enum tlp_class later = 0; later < CLASSES; later++)
        for (enum tlp_class earlier = 0; earlier < CLASSES; earlier++)
            for (unsigned attributes = 0; attributes < 4; attributes++) {
                const bool relaxed = attributes & 1, other_id = attributes & 2;

                CU_ASSERT_EQUAL(order_may_pass(later, earlier, relaxed, other_id),
                                all_types_may_pass(later, earlier, relaxed, other_id));
            }
}

static void rules_follow_the_table(void)
{
    for (enum tlp_class later = 0; later < CLASSES; later++)
        for (enum tlp_class earlier = 0; earlier < CLASSES; earlier++) {
            const enum order_rule expected = all_types_must_pass(later, earlier) ? ORDER_MUST_PASS
                                             : all_types_may_pass(later, earlier, false, false)
                                                 ? ORDER_MAY_PASS
                                                 : ORDER_NO;

            CU_ASSERT_EQUAL(order_table[later][earlier], expected);
        }
}

/* Why the table is as it is: nothing that a posted or completion waits for may wait for a
 * non-posted (no cycle), and data is seen before the completion or flag that announces it. */
static void producer_and_consumer_agree(void)
{
    CU_ASSERT_EQUAL(order_table[CLASS_POSTED][CLASS_NONPOSTED], ORDER_MUST_PASS);
    CU_ASSERT_EQUAL(order_table[CLASS_COMPLETION][CLASS_NONPOSTED], ORDER_MUST_PASS);
    CU_ASSERT_FALSE(order_may_pass(CLASS_COMPLETION, CLASS_POSTED, false, false));
    CU_ASSERT_FALSE(order_may_pass(CLASS_POSTED, CLASS_POSTED, false, false));
    CU_ASSERT_FALSE(order_may_pass(CLASS_NONPOSTED, CLASS_POSTED, true, false));
}

void suite_order(void)
{
    CU_pSuite suite = CU_add_suite("order", NULL, NULL);

    CU_add_test(suite, "decisions follow table 2-40", decisions_follow_the_table);
    CU_add_test(suite, "rules follow table 2-40", rules_follow_the_table);
    CU_add_test(suite, "producer and consumer agree", producer_and_consumer_agree);
}
