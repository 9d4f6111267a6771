/* CHECK: what it prints, and that it aborts.
 * Not pinned: the line number and the wording around time and component. */
#include "base/check.h"
#include "dies.h"

#include <CUnit/CUnit.h>
#include <string.h>

void suite_check(void);

static const uint64_t now_ps = 18446744073709551615U;
static const char *const switch_name = "switch-7";
static const char *const nobody = NULL;

static void fail_without_context(void *unused)
{
    (void)unused;
    CHECK(1 + 1 == 3);
}

static void fail_at_work(void *unused)
{
    (void)unused;
    check_set_context(&now_ps, &switch_name);
    CHECK(now_ps == 0);
}

static void fail_between_events(void *unused)
{
    (void)unused;
    check_set_context(&now_ps, &nobody);
    CHECK(now_ps == 0);
}

static void fail_forgotten(void *unused)
{
    (void)unused;
    check_set_context(&now_ps, &switch_name);
    check_set_context(NULL, NULL);
    CHECK(now_ps == 0);
}

static void hold(void *out_evaluated)
{
    int *evaluated = out_evaluated;
    CHECK(++*evaluated);
}

static void a_failed_check_tells_condition_and_place(void)
{
    char text[DIES_TEXT_BYTES];

    CU_ASSERT(dies(fail_without_context, NULL, text));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "1 + 1 == 3"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, __FILE__));
    CU_ASSERT_PTR_NULL(strstr(text, " ps"));
}

static void a_failed_check_tells_time_and_component(void)
{
    char text[DIES_TEXT_BYTES];

    CU_ASSERT(dies(fail_at_work, NULL, text));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "now_ps == 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "at 18446744073709551615 ps"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, " ps in switch-7"));
}

static void between_events_there_is_time_but_no_component(void)
{
    char text[DIES_TEXT_BYTES];

    CU_ASSERT(dies(fail_between_events, NULL, text));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "at 18446744073709551615 ps"));
    CU_ASSERT_PTR_NULL(strstr(text, " ps in "));
}

static void the_context_can_be_forgotten(void)
{
    char text[DIES_TEXT_BYTES];

    CU_ASSERT(dies(fail_forgotten, NULL, text));
    CU_ASSERT_PTR_NULL(strstr(text, " ps"));
    CU_ASSERT_PTR_NULL(strstr(text, "switch-7"));
}

static void a_check_that_holds_is_evaluated_once(void)
{
    int evaluated = 0;
    char text[DIES_TEXT_BYTES];

    hold(&evaluated);
    CU_ASSERT_EQUAL(evaluated, 1);
    CU_ASSERT_FALSE(dies(hold, &evaluated, text));
    CU_ASSERT_STRING_EQUAL(text, "");
}

void suite_check(void)
{
    CU_pSuite suite = CU_add_suite("check", NULL, NULL);

    CU_add_test(suite, "a failed CHECK tells condition and place",
                a_failed_check_tells_condition_and_place);
    CU_add_test(suite, "a failed CHECK tells time and component",
                a_failed_check_tells_time_and_component);
    CU_add_test(suite, "between events there is time but no component",
                between_events_there_is_time_but_no_component);
    CU_add_test(suite, "the context can be forgotten", the_context_can_be_forgotten);
    CU_add_test(suite, "a CHECK that holds is evaluated once and says nothing",
                a_check_that_holds_is_evaluated_once);
}
