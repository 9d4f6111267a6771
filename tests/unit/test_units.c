/* Quantities as text. Not pinned: which of several exact forms a formatter chooses, beyond the
 * table. */
#include "base/units.h"
#include "splitmix.h"

#include <CUnit/CUnit.h>
#include <string.h>

void suite_units(void);

typedef bool parser(const char *text, uint64_t *out_value);
typedef char *formatter(uint64_t value, char *buf, size_t size);

static const struct {
    parser *parse;
    const char *text;
    uint64_t value;
} accepted[] = {
    {units_parse_ps, "0", 0},
    {units_parse_ps, "1ps", 1},
    {units_parse_ps, "1.5us", 1500000},
    {units_parse_ps, "150 ns", 150000},
    {units_parse_ps, "0.000000000001s", 1},
    {units_parse_ps, "1.50000000000000000000000000000ns", 1500},
    {units_parse_ps, "18446744073709551615ps", UINT64_MAX},
    {units_parse_ps, "18446744.073709551615s", UINT64_MAX},
    {units_parse_bytes, "64", 64},
    {units_parse_bytes, "64B", 64},
    {units_parse_bytes, "4KiB", 4096},
    {units_parse_bytes, "1.5 KiB", 1536},
    {units_parse_bytes, "16777215TiB", UINT64_C(16777215) << 40},
    {units_parse_bytes, "20GB", UINT64_C(20000000000)},
    {units_parse_bps, "10Gbps", UINT64_C(10000000000)},
    {units_parse_bps, "2.5Gb/s", UINT64_C(2500000000)},
    {units_parse_bps, "20GB/s", UINT64_C(160000000000)},
    {units_parse_bps, "1MiB/s", 8 * 1048576},
    {units_parse_hz, "250MHz", 250000000},
    {units_parse_hz, "156.25MHz", 156250000},
    {units_parse_ops, "1Mops", 1000000000},
    {units_parse_ops, "0.001ops", 1},
    {units_parse_ops, "1.5kops/s", 1500000},
    {units_parse_ppm, "80%", 800000},
    {units_parse_ppm, "0.8", 800000},
    {units_parse_ppm, "0.0001%", 1},
    {units_parse_ppm, "1", 1000000},
    {units_parse_milli, "1.5", 1500},
    {units_parse_count, "0", 0},
    {units_parse_count, "007", 7},
    {units_parse_count, "18446744073709551615", UINT64_MAX},
};

static const struct {
    parser *parse;
    const char *text;
} refused[] = {
    {units_parse_ps, ""},
    {units_parse_ps, "5"},
    {units_parse_ps, "ns"},
    {units_parse_ps, "-1ns"},
    {units_parse_ps, "+1ns"},
    {units_parse_ps, "0.1ps"},
    {units_parse_ps, "0.0001ns"},
    {units_parse_ps, "1.ns"},
    {units_parse_ps, ".5ns"},
    {units_parse_ps, "1e3ns"},
    {units_parse_ps, " 1ns"},
    {units_parse_ps, "1ns "},
    {units_parse_ps, "1 "},
    {units_parse_ps, "1NS"},
    {units_parse_ps, "1nss"},
    {units_parse_ps, "18446744073709551616ps"},
    {units_parse_ps, "18446745s"},
    {units_parse_ps, "0.00000000000000000001s"},
    {units_parse_bytes, "0.5"},
    {units_parse_bytes, "0.3KiB"},
    {units_parse_bytes, "16777216TiB"},
    {units_parse_bytes, "1kb"},
    {units_parse_bps, "10"},
    {units_parse_bps, "10GB"},
    {units_parse_hz, "4ns"},
    {units_parse_ops, "5"},
    {units_parse_ops, "0.0001ops"},
    {units_parse_ppm, "80 percent"},
    {units_parse_ppm, "0.00001%"},
    {units_parse_ppm, "0.0000001"},
    {units_parse_milli, "1.0005"},
    {units_parse_count, "1.0"},
    {units_parse_count, "0x10"},
    {units_parse_count, "18446744073709551616"},
};

static void exact_values(void)
{
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        uint64_t value = ~accepted[i].value;
        CU_ASSERT_TRUE(accepted[i].parse(accepted[i].text, &value));
        CU_ASSERT_EQUAL(value, accepted[i].value);
    }
}

static void refusals_leave_outputs(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        uint64_t value = 4711;
        CU_ASSERT_FALSE(refused[i].parse(refused[i].text, &value));
        CU_ASSERT_EQUAL(value, 4711);
    }
}

static void links(void)
{
    static const char *const bad[] = {"",        "gen3",    "gen0x8",  "gen6x8",
                                      "gen3x3",  "gen3x32", "gen3x8 ", "Gen3x8",
                                      "gen33x8", "gen3 x8", "x8",      "gen3x"};
    static const unsigned widths[] = {1, 2, 4, 8, 12, 16};
    unsigned gen = 7, lanes = 7;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CU_ASSERT_FALSE(units_parse_link(bad[i], &gen, &lanes));
    CU_ASSERT(gen == 7 && lanes == 7);
    for (unsigned g = 1; g <= 5; g++)
        for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
            char text[16];
            snprintf(text, sizeof text, "gen%ux%u", g, widths[w]);
            CU_ASSERT_TRUE(units_parse_link(text, &gen, &lanes));
            CU_ASSERT(gen == g && lanes == widths[w]);
        }
}

static void ranges(void)
{
    static const char *const bad[] = {"",      "..",  "1..",  "..3",  "3..1",
                                      "1...3", "1-3", "a..b", "1..3 "};
    uint64_t first = 7, last = 7;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CU_ASSERT_FALSE(units_parse_range(bad[i], &first, &last));
    CU_ASSERT(first == 7 && last == 7);
    CU_ASSERT(units_parse_range("3", &first, &last) && first == 3 && last == 3);
    CU_ASSERT(units_parse_range("0..7", &first, &last) && first == 0 && last == 7);
    CU_ASSERT(units_parse_range("5..5", &first, &last) && first == 5 && last == 5);
}

static void formats(void)
{
    static const struct {
        formatter *format;
        uint64_t value;
        const char *text;
    } cases[] = {
        {units_format_ps, 0, "0ns"},
        {units_format_ps, 1, "1ps"},
        {units_format_ps, 1500, "1.5ns"},
        {units_format_ps, 1500000, "1.5us"},
        {units_format_ps, 1234567, "1234.567ns"},
        {units_format_ps, UINT64_C(2000000000), "2ms"},
        {units_format_bytes, 0, "0B"},
        {units_format_bytes, 1500, "1500B"},
        {units_format_bytes, 4096, "4KiB"},
        {units_format_bytes, 20000000, "20MB"},
        {units_format_bps, UINT64_C(10000000000), "10Gbps"},
        {units_format_bps, 2500000000, "2.5Gbps"},
        {units_format_hz, 250000000, "250MHz"},
        {units_format_ops, 1500000, "1.5kops"},
        {units_format_ops, 1, "0.001ops"},
        {units_format_ppm, 800000, "80%"},
        {units_format_ppm, 1, "0.0001%"},
        {units_format_ppm, 12500, "1.25%"},
        {units_format_milli, 1500, "1.5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[UNITS_TEXT_MAX];
        CU_ASSERT_STRING_EQUAL(cases[i].format(cases[i].value, text, sizeof text), cases[i].text);
    }
}

/* Every value comes back from its text, however many bits it has. */
static void round_trip(void)
{
    static const struct {
        formatter *format;
        parser *parse;
    } pairs[] = {
        {units_format_ps, units_parse_ps},       {units_format_bytes, units_parse_bytes},
        {units_format_bps, units_parse_bps},     {units_format_hz, units_parse_hz},
        {units_format_ops, units_parse_ops},     {units_format_ppm, units_parse_ppm},
        {units_format_milli, units_parse_milli},
    };
    uint64_t state = 1, scale = 1;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        for (unsigned n = 0; n < 4000; n++) {
            const uint64_t random = splitmix(&state);
            const uint64_t value = (random >> (n % 64)) / scale * scale;
            char text[UNITS_TEXT_MAX];
            uint64_t again = ~value;
            scale = n % 3 == 0 ? 1000 : n % 3 == 1 ? 1024 : 1;
            CU_ASSERT(strlen(pairs[i].format(value, text, sizeof text)) < sizeof text - 1);
            CU_ASSERT_TRUE(pairs[i].parse(text, &again));
            CU_ASSERT_EQUAL(again, value);
        }
}

void suite_units(void)
{
    CU_pSuite suite = CU_add_suite("units", NULL, NULL);
    CU_add_test(suite, "exact values", exact_values);
    CU_add_test(suite, "refusals leave outputs", refusals_leave_outputs);
    CU_add_test(suite, "links", links);
    CU_add_test(suite, "ranges", ranges);
    CU_add_test(suite, "formats", formats);
    CU_add_test(suite, "round trip", round_trip);
}
