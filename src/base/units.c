#include "base/units.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;

/* A unit and how many base units it is. Tables end with a NULL name; their first @n_shown rows
 * ascend in steps of 1000 and are what the formatters choose from. */
struct unit {
    const char *name;
    uint64_t scale;
};

#define K  UINT64_C(1000)
#define KI UINT64_C(1024)

static const struct unit time_units[] = {
    {"ps", 1}, {"ns", K}, {"us", K *K}, {"ms", K *K *K}, {"s", K *K *K *K}, {NULL, 0},
};
static const struct unit byte_units[] = {
    {"", 1},
    {"B", 1},
    {"KiB", KI},
    {"MiB", KI *KI},
    {"GiB", KI *KI *KI},
    {"TiB", KI *KI *KI *KI},
    {"kB", K},
    {"MB", K *K},
    {"GB", K *K *K},
    {"TB", K *K *K *K},
    {NULL, 0},
};
static const struct unit rate_units[] = {
    {"bps", 1},
    {"kbps", K},
    {"Mbps", K *K},
    {"Gbps", K *K *K},
    {"Tbps", K *K *K *K},
    {"b/s", 1},
    {"kb/s", K},
    {"Mb/s", K *K},
    {"Gb/s", K *K *K},
    {"Tb/s", K *K *K *K},
    {"B/s", 8},
    {"kB/s", 8 * K},
    {"MB/s", 8 * K *K},
    {"GB/s", 8 * K *K *K},
    {"TB/s", 8 * K *K *K *K},
    {"KiB/s", 8 * KI},
    {"MiB/s", 8 * KI *KI},
    {"GiB/s", 8 * KI *KI *KI},
    {"TiB/s", 8 * KI *KI *KI *KI},
    {NULL, 0},
};
static const struct unit frequency_units[] = {
    {"Hz", 1}, {"kHz", K}, {"MHz", K *K}, {"GHz", K *K *K}, {NULL, 0},
};
static const struct unit operation_units[] = {
    {"ops", K},           {"kops", K *K},         {"Mops", K *K *K},
    {"Gops", K *K *K *K}, {"ops/s", K},           {"kops/s", K *K},
    {"Mops/s", K *K *K},  {"Gops/s", K *K *K *K}, {NULL, 0},
};
static const struct unit fraction_units[] = {{"%", K * 10}, {"", K *K}, {NULL, 0}};
static const struct unit milli_units[] = {{"", K}, {NULL, 0}};
static const struct unit count_units[] = {{"", 1}, {NULL, 0}};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads "digits[.digits]" as @out_mantissa / @out_divisor in lowest power of ten; returns what
 * follows, or NULL. */
static const char *parse_decimal(const char *text, uint64_t *out_mantissa, uint64_t *out_divisor)
{
    uint64_t mantissa = 0, divisor = 1;
    const char *p = text;
    for (; is_digit(*p); p++) {
        if (__builtin_mul_overflow(mantissa, 10, &mantissa) ||
            __builtin_add_overflow(mantissa, (uint64_t)(*p - '0'), &mantissa))
            return NULL;
    }
    if (p == text)
        return NULL;
    if (*p == '.' && is_digit(p[1])) {
        const char *end = p + 1;
        while (is_digit(*end))
            end++;
        const char *last = end;
        while (last[-1] == '0')
            last--;
        for (p++; p < last; p++) {
            if (__builtin_mul_overflow(mantissa, 10, &mantissa) ||
                __builtin_add_overflow(mantissa, (uint64_t)(*p - '0'), &mantissa) ||
                __builtin_mul_overflow(divisor, 10, &divisor))
                return NULL;
        }
        p = end;
    }
    *out_mantissa = mantissa;
    *out_divisor = divisor;
    return p;
}

static bool parse_quantity(const char *text, const struct unit *units, uint64_t *out_value)
{
    uint64_t mantissa, divisor;
    const char *p = parse_decimal(text, &mantissa, &divisor);
    if (!p)
        return false;
    const char *name = p;
    while (*name == ' ')
        name++;
    if (!*name && name != p)
        return false;
    for (const struct unit *unit = units; unit->name; unit++) {
        if (strcmp(name, unit->name) != 0)
            continue;
        const u128 value = (u128)mantissa * unit->scale;
        if (value % divisor || value / divisor > UINT64_MAX)
            return false;
        *out_value = (uint64_t)(value / divisor);
        return true;
    }
    return false;
}

bool units_parse_ps(const char *text, uint64_t *out_ps)
{
    if (strcmp(text, "0") == 0) {
        *out_ps = 0;
        return true;
    }
    return parse_quantity(text, time_units, out_ps);
}

bool units_parse_bytes(const char *text, uint64_t *out_bytes)
{
    return parse_quantity(text, byte_units, out_bytes);
}

bool units_parse_bps(const char *text, uint64_t *out_bps)
{
    return parse_quantity(text, rate_units, out_bps);
}

bool units_parse_hz(const char *text, uint64_t *out_hz)
{
    return parse_quantity(text, frequency_units, out_hz);
}

bool units_parse_ops(const char *text, uint64_t *out_mops)
{
    return parse_quantity(text, operation_units, out_mops);
}

bool units_parse_ppm(const char *text, uint64_t *out_ppm)
{
    return parse_quantity(text, fraction_units, out_ppm);
}

bool units_parse_milli(const char *text, uint64_t *out_milli)
{
    return parse_quantity(text, milli_units, out_milli);
}

bool units_parse_count(const char *text, uint64_t *out_count)
{
    return !strchr(text, '.') && parse_quantity(text, count_units, out_count);
}

bool units_parse_link(const char *text, unsigned *out_gen, unsigned *out_lanes)
{
    static const struct {
        const char *name;
        unsigned lanes;
    } widths[] = {{"x1", 1}, {"x2", 2}, {"x4", 4}, {"x8", 8}, {"x12", 12}, {"x16", 16}};

    if (strncmp(text, "gen", 3) != 0 || text[3] < '1' || text[3] > '5')
        return false;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        if (strcmp(text + 4, widths[i].name) == 0) {
            *out_gen = (unsigned)(text[3] - '0');
            *out_lanes = widths[i].lanes;
            return true;
        }
    }
    return false;
}

/* Reads plain digits; returns what follows, or NULL. */
static const char *parse_digits(const char *text, uint64_t *out_value)
{
    uint64_t value = 0;
    const char *p = text;
    for (; is_digit(*p); p++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
            return NULL;
    }
    if (p == text)
        return NULL;
    *out_value = value;
    return p;
}

bool units_parse_range(const char *text, uint64_t *out_first, uint64_t *out_last)
{
    uint64_t first, last;
    const char *p = parse_digits(text, &first);
    if (!p)
        return false;
    last = first;
    if (strncmp(p, "..", 2) == 0)
        p = parse_digits(p + 2, &last);
    if (!p || *p || last < first)
        return false;
    *out_first = first;
    *out_last = last;
    return true;
}

/* @thousandths / 1000 without trailing zeros. */
static char *format_thousandths(uint64_t thousandths, const char *unit, char *buf, size_t size)
{
    const uint64_t whole = thousandths / K;
    const unsigned rest = (unsigned)(thousandths % K);
    if (rest == 0)
        snprintf(buf, size, "%" PRIu64 "%s", whole, unit);
    else if (rest % 100 == 0)
        snprintf(buf, size, "%" PRIu64 ".%u%s", whole, rest / 100, unit);
    else if (rest % 10 == 0)
        snprintf(buf, size, "%" PRIu64 ".%02u%s", whole, rest / 10, unit);
    else
        snprintf(buf, size, "%" PRIu64 ".%03u%s", whole, rest, unit);
    return buf;
}

/* The largest of the first @n units that @value reaches and expresses with at most three decimals.
 */
static char *format_decimal(uint64_t value, const struct unit *units, size_t n, char *buf,
                            size_t size)
{
    for (size_t i = n; i-- > 1;) {
        const uint64_t scale = units[i].scale;
        if (value >= scale && value % (scale / K) == 0)
            return format_thousandths(value / (scale / K), units[i].name, buf, size);
    }
    snprintf(buf, size, "%" PRIu64 "%s", value, units[0].name);
    return buf;
}

char *units_format_ps(uint64_t ps, char *buf, size_t size)
{
    return format_decimal(ps, ps ? time_units : time_units + 1, ps ? 5 : 1, buf, size);
}

char *units_format_bps(uint64_t bps, char *buf, size_t size)
{
    return format_decimal(bps, rate_units, 5, buf, size);
}

char *units_format_hz(uint64_t hz, char *buf, size_t size)
{
    return format_decimal(hz, frequency_units, 4, buf, size);
}

char *units_format_bytes(uint64_t bytes, char *buf, size_t size)
{
    static const struct unit shown[] = {
        {"TiB", KI * KI * KI * KI}, {"TB", K * K * K * K}, {"GiB", KI * KI * KI}, {"GB", K * K * K},
        {"MiB", KI * KI},           {"MB", K * K},         {"KiB", KI},           {"B", 1},
    };
    size_t i = 0;
    while (bytes < shown[i].scale || bytes % shown[i].scale) {
        if (shown[i].scale == 1)
            break;
        i++;
    }
    snprintf(buf, size, "%" PRIu64 "%s", bytes / shown[i].scale, shown[i].name);
    return buf;
}

char *units_format_ops(uint64_t mops, char *buf, size_t size)
{
    for (size_t i = 4; i-- > 1;) {
        const uint64_t scale = operation_units[i].scale;
        if (mops >= scale && mops % (scale / K) == 0)
            return format_thousandths(mops / (scale / K), operation_units[i].name, buf, size);
    }
    return format_thousandths(mops, operation_units[0].name, buf, size);
}

char *units_format_ppm(uint64_t ppm, char *buf, size_t size)
{
    const uint64_t whole = ppm / 10000;
    unsigned rest = (unsigned)(ppm % 10000);
    int digits = 4;
    while (digits > 0 && rest % 10 == 0) {
        rest /= 10;
        digits--;
    }
    if (digits == 0)
        snprintf(buf, size, "%" PRIu64 "%%", whole);
    else
        snprintf(buf, size, "%" PRIu64 ".%0*u%%", whole, digits, rest);
    return buf;
}

char *units_format_milli(uint64_t milli, char *buf, size_t size)
{
    return format_thousandths(milli, "", buf, size);
}
