/* Credit gates against 64-bit counters that never wrap.
 * Not pinned: when a receiver returns credits. */
#include "pcie/credit.h"
#include "splitmix.h"

#include <CUnit/CUnit.h>

void suite_credit(void);

static void advertised_maxima(void)
{
    CU_ASSERT_EQUAL(credit_max_units(CREDIT_HEADER_BITS), 127);
    CU_ASSERT_EQUAL(credit_max_units(CREDIT_DATA_BITS), 2047);
}

/* The gate must agree with the reference on every answer, whatever the lap. */
static void run_laps(unsigned bits, uint32_t advertised, uint32_t most_units, uint64_t seed)
{
    struct credit_gate gate;
    uint64_t state = seed, granted = advertised, consumed = 0;
    uint32_t held = 0; /* in the receiver's buffer */

    credit_init(&gate, bits, advertised);
    while (consumed < (UINT64_C(1000) << bits)) {
        const uint32_t units = splitmix_below(&state, most_units + 1);
        const bool fits = units <= granted - consumed;

        CU_ASSERT_EQUAL(credit_available(&gate), granted - consumed);
        CU_ASSERT_EQUAL(credit_allows(&gate, units), fits);
        if (fits) {
            credit_consume(&gate, units);
            consumed += units;
            held += units;
        }
        if (!fits || splitmix_below(&state, 4) == 0) {
            const uint32_t freed = splitmix_below(&state, held + 1);

            credit_grant(&gate, freed);
            granted += freed;
            held -= freed;
        }
        CU_ASSERT(gate.limit <= gate.mask && gate.consumed <= gate.mask);
    }
}

static void gates_agree_with_a_reference_over_many_laps(void)
{
    static const uint32_t header_units[] = {1, 2, 63, 64, 127};
    static const uint32_t data_units[] = {16, 256, 1024, 2047};

    for (unsigned i = 0; i < sizeof header_units / sizeof header_units[0]; i++)
        run_laps(CREDIT_HEADER_BITS, header_units[i], 1, i);
    for (unsigned i = 0; i < sizeof data_units / sizeof data_units[0]; i++)
        run_laps(CREDIT_DATA_BITS, data_units[i], 17, i);
}

static void the_last_unit_is_usable_and_no_more(void)
{
    struct credit_gate gate;

    credit_init(&gate, CREDIT_DATA_BITS, 2047);
    CU_ASSERT_TRUE(credit_allows(&gate, 2047));
    CU_ASSERT_FALSE(credit_allows(&gate, 2048));
    credit_consume(&gate, 2047);
    CU_ASSERT_TRUE(credit_allows(&gate, 0));
    CU_ASSERT_FALSE(credit_allows(&gate, 1));
    credit_grant(&gate, 1);
    CU_ASSERT_TRUE(credit_allows(&gate, 1));
    CU_ASSERT_FALSE(credit_allows(&gate, 2));
}

static void zero_at_init_is_infinite(void)
{
    struct credit_gate gate;

    credit_init(&gate, CREDIT_HEADER_BITS, 0);
    for (unsigned i = 0; i < 1000; i++) {
        CU_ASSERT_TRUE(credit_allows(&gate, 255));
        credit_consume(&gate, 255);
    }
}

static void payload_in_units(void)
{
    static const struct {
        uint32_t bytes, units;
    } cases[] = {{0, 0}, {1, 1}, {4, 1}, {16, 1}, {17, 2}, {64, 4}, {256, 16}, {4096, 256}};

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CU_ASSERT_EQUAL(credit_data_units(cases[i].bytes), cases[i].units);
}

void suite_credit(void)
{
    CU_pSuite suite = CU_add_suite("credit", NULL, NULL);

    CU_add_test(suite, "advertised maxima", advertised_maxima);
    CU_add_test(suite, "gates agree with 64-bit counters over many laps",
                gates_agree_with_a_reference_over_many_laps);
    CU_add_test(suite, "the last unit is usable", the_last_unit_is_usable_and_no_more);
    CU_add_test(suite, "0 at InitFC is infinite", zero_at_init_is_infinite);
    CU_add_test(suite, "payload in units", payload_in_units);
}
