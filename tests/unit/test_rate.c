/* Rates against the specification's tables and their defining formulas.
 * Not pinned: when a simulated port sends its SKP sets. */
#include "pcie/rate.h"

#include <CUnit/CUnit.h>

void suite_rate(void);

static const unsigned lanes[] = {1, 2, 4, 8, 12, 16};
enum { WIDTHS = sizeof lanes / sizeof lanes[0], GENERATIONS = 5 };

static const uint64_t giga_transfers[GENERATIONS + 1] = {0, 0, 5, 8, 16, 32}; /* gen 1 is 2.5 */

static uint64_t mega_transfers(unsigned gen)
{
    return gen == 1 ? 2500 : giga_transfers[gen] * 1000;
}

/* ticks x transfers x lanes x payload share = 8 bits, cross-multiplied so that nothing is rounded.
 */
static void byte_time_is_exact(void)
{
    for (unsigned gen = 1; gen <= GENERATIONS; gen++)
        for (unsigned w = 0; w < WIDTHS; w++) {
            const uint64_t payload = gen <= 2 ? 8 : 128, total = gen <= 2 ? 10 : 130;
            const uint64_t ticks = rate_ticks_per_byte(gen, lanes[w]);

            /* Transfers are counted per microsecond. */
            CU_ASSERT_EQUAL(ticks * mega_transfers(gen) * lanes[w] * payload,
                            8 * total * RATE_TICKS_PER_PS * UINT64_C(1000000));
        }
    CU_ASSERT_EQUAL(rate_ticks_per_byte(1, 1), 4000 * RATE_TICKS_PER_PS);
    CU_ASSERT_EQUAL(rate_ticks_per_byte(5, 16), 24375); /* 15.869 ps */
}

static void raw_rates_are_those_of_the_standard(void)
{
    static const struct {
        unsigned gen, lanes;
        uint64_t bps;
    } cases[] = {
        {1, 1, 2000000000},  {2, 4, 16000000000},   {3, 1, 7876923076},    {3, 8, 63015384615},
        {4, 2, 31507692307}, {4, 12, 189046153846}, {5, 16, 504123076923},
    };

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CU_ASSERT_EQUAL(rate_bps(cases[i].gen, cases[i].lanes), cases[i].bps);
    for (unsigned gen = 1; gen <= GENERATIONS; gen++)
        for (unsigned w = 0; w < WIDTHS; w++) {
            /* One second of bytes is one second of ticks, up to the rounding of bps. */
            const uint64_t second = UINT64_C(1000000000000) * RATE_TICKS_PER_PS;
            const uint64_t used = rate_bps(gen, lanes[w]) * rate_ticks_per_byte(gen, lanes[w]);

            CU_ASSERT(used <= 8 * second && 8 * second - used < rate_ticks_per_byte(gen, lanes[w]));
        }
}

static void symbol_times(void)
{
    static const uint32_t ps[GENERATIONS + 1] = {0, 4000, 2000, 1000, 500, 250};

    for (unsigned gen = 1; gen <= GENERATIONS; gen++)
        CU_ASSERT_EQUAL(rate_symbol_ps(gen), ps[gen]);
}

/* Tables 3-7 to 3-9 of the specification, gen 1; the other generations add a constant. x12 at 512
 * and up is the formula's value: floor((MPS + 28) x 2.0 / 12) + 19. */
static void ack_limits_are_the_tables(void)
{
    static const struct {
        uint32_t mps;
        uint32_t symbols[WIDTHS];
    } gen1[] = {
        {128, {237, 128, 73, 67, 58, 48}},        {256, {416, 217, 118, 107, 90, 72}},
        {512, {559, 289, 154, 86, 109, 86}},      {1024, {1071, 545, 282, 150, 194, 150}},
        {2048, {2095, 1057, 538, 278, 365, 278}}, {4096, {4143, 2081, 1050, 534, 706, 534}},
    };
    static const uint32_t more[GENERATIONS + 1] = {0, 0, 51, 96, 96, 96};

    for (unsigned gen = 1; gen <= GENERATIONS; gen++)
        for (unsigned m = 0; m < sizeof gen1 / sizeof gen1[0]; m++)
            for (unsigned w = 0; w < WIDTHS; w++)
                CU_ASSERT_EQUAL(rate_ack_limit_symbols(gen, lanes[w], gen1[m].mps),
                                gen1[m].symbols[w] + more[gen]);
    CU_ASSERT_EQUAL(rate_ack_limit_symbols(3, 8, 256), 203);
}

static void skip_sets_take_their_share(void)
{
    for (unsigned gen = 1; gen <= GENERATIONS; gen++) {
        CU_ASSERT_EQUAL(rate_skp_symbols(gen), gen <= 2 ? 4 : 16);
        CU_ASSERT_EQUAL(rate_skp_interval_symbols(gen), gen <= 2 ? 1538 : 5920);
    }
}

void suite_rate(void)
{
    CU_pSuite suite = CU_add_suite("rate", NULL, NULL);

    CU_add_test(suite, "a byte takes whole ticks, exactly", byte_time_is_exact);
    CU_add_test(suite, "raw rates", raw_rates_are_those_of_the_standard);
    CU_add_test(suite, "symbol times", symbol_times);
    CU_add_test(suite, "Ack limits equal the specification's tables", ack_limits_are_the_tables);
    CU_add_test(suite, "SKP sets", skip_sets_take_their_share);
}
