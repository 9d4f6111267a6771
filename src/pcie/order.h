/* order.h - the ordering table of transactions in one traffic class (Base Spec 2.4.1, table 2-40)
 * as data. */
#ifndef POOLSIM_PCIE_ORDER_H
#define POOLSIM_PCIE_ORDER_H

#include <stdbool.h>

/* Credit and ordering classes; the index order of every array of three in the project. */
enum tlp_class { CLASS_POSTED, CLASS_NONPOSTED, CLASS_COMPLETION, CLASSES };

enum order_rule {
    ORDER_MUST_PASS, /* must be able to, or the fabric can deadlock */
    ORDER_MAY_PASS,
    ORDER_NO, /* may not, unless an attribute relaxes it */
};

/* [later][earlier]. Reads and non-posted requests with data share a class, and so do completions of
 * one request and of different ones; the table holds what is allowed to all of a class. */
extern const enum order_rule order_table[CLASSES][CLASSES];

/* True if a later TLP of class @later may pass an earlier one of class @earlier. @relaxed: the
 * later one has RO set;
 * @other_id: it has IDO set and another requester (completions: completer) than the earlier one. */
bool order_may_pass(enum tlp_class later, enum tlp_class earlier, bool relaxed, bool other_id);

#endif
