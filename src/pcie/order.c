#include "pcie/order.h"

/* Table 2-40 with its two non-posted rows and columns (reads, requests with data) as one. Posted
 * before completions (A5a) and non-posted before non-posted or completions are left to the
 * implementation. A completion may pass another one only when they answer different requests (D5);
 * the classes alone do not tell, so the table says no. */
const enum order_rule order_table[CLASSES][CLASSES] = {
    [CLASS_POSTED] = {[CLASS_POSTED] = ORDER_NO,
                      [CLASS_NONPOSTED] = ORDER_MUST_PASS,
                      [CLASS_COMPLETION] = ORDER_MAY_PASS},
    [CLASS_NONPOSTED] = {[CLASS_POSTED] = ORDER_NO,
                         [CLASS_NONPOSTED] = ORDER_MAY_PASS,
                         [CLASS_COMPLETION] = ORDER_MAY_PASS},
    [CLASS_COMPLETION] = {[CLASS_POSTED] = ORDER_NO,
                          [CLASS_NONPOSTED] = ORDER_MUST_PASS,
                          [CLASS_COMPLETION] = ORDER_NO},
};

/* What lifts an ORDER_NO. */
enum { BY_RELAXED = 1, BY_OTHER_ID = 2 };

static const unsigned char lifted[CLASSES][CLASSES] = {
    [CLASS_POSTED] = {[CLASS_POSTED] = BY_RELAXED | BY_OTHER_ID}, /* A2b */
    /* B2b: a read passes on its ID alone. C2b would let one with data pass on RO as well; the class
       has both. */
    [CLASS_NONPOSTED] = {[CLASS_POSTED] = BY_OTHER_ID},
    /* D2b. D5a: another completer answers another request; RO tells nothing about that. */
    [CLASS_COMPLETION] =
        {[CLASS_POSTED] = BY_RELAXED | BY_OTHER_ID, [CLASS_COMPLETION] = BY_OTHER_ID},
};

bool order_may_pass(enum tlp_class later, enum tlp_class earlier, bool relaxed, bool other_id)
{
    const unsigned reasons = (relaxed ? BY_RELAXED : 0U) | (other_id ? BY_OTHER_ID : 0U);

    return order_table[later][earlier] != ORDER_NO || (lifted[later][earlier] & reasons) != 0;
}
