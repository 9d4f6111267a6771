#include "run/format.h"

#include <math.h>
#include <stdio.h>

char *format_number(char buf[FORMAT_BYTES], double value, int digits)
{
    if (!isfinite(value)) {
        snprintf(buf, FORMAT_BYTES, "-");
        return buf;
    }
    int whole = value == 0 ? 1 : (int)floor(log10(fabs(value))) + 1;
    int decimals = digits - whole;
    if (decimals < 0)
        decimals = 0;
    if (decimals > digits + 2)
        decimals = digits + 2;
    if (value == 0)
        decimals = 0;
    if (fabs(value) >= 1e15)
        snprintf(buf, FORMAT_BYTES, "%.*e", digits - 1, value);
    else
        snprintf(buf, FORMAT_BYTES, "%.*f", decimals, value);
    return buf;
}

char *format_count(char buf[FORMAT_BYTES], uint64_t count)
{
    static const char letters[] = {'k', 'M', 'G', 'T', 'P', 'E'};
    if (count < 10000) {
        snprintf(buf, FORMAT_BYTES, "%llu", (unsigned long long)count);
        return buf;
    }
    double value = (double)count / 1000;
    size_t letter = 0;
    while (value >= 999.95 && letter + 1 < sizeof letters) {
        value /= 1000;
        letter++;
    }
    snprintf(buf, FORMAT_BYTES, "%.*f%c",
             value < 10    ? 3
             : value < 100 ? 2
                           : 1,
             value, letters[letter]);
    return buf;
}

char *format_percent(char buf[FORMAT_BYTES], double share)
{
    double percent = share * 100;
    if (!isfinite(percent))
        snprintf(buf, FORMAT_BYTES, "-");
    else if (percent == 0 || fabs(percent - 100) < 5e-3)
        snprintf(buf, FORMAT_BYTES, "%.0f %%", percent);
    else
        snprintf(buf, FORMAT_BYTES, "%.*f %%", fabs(percent) < 1 ? 2 : 1, percent);
    return buf;
}

char *format_duration(char buf[FORMAT_BYTES], double seconds)
{
    if (!(seconds >= 0) || seconds > 1e9)
        snprintf(buf, FORMAT_BYTES, "-");
    else if (seconds < 0.0995)
        snprintf(buf, FORMAT_BYTES, "%.2g ms", seconds * 1000);
    else if (seconds < 10)
        snprintf(buf, FORMAT_BYTES, "%.*f s", seconds < 1 ? 2 : 1, seconds);
    else if (seconds < 59.5)
        snprintf(buf, FORMAT_BYTES, "%.0f s", seconds);
    else if (seconds < 3599.5)
        snprintf(buf, FORMAT_BYTES, "%d min %02d s", (int)lround(seconds) / 60,
                 (int)lround(seconds) % 60);
    else
        snprintf(buf, FORMAT_BYTES, "%d h %02d min", (int)lround(seconds / 60) / 60,
                 (int)lround(seconds / 60) % 60);
    return buf;
}

char *format_ps(char buf[FORMAT_BYTES], uint64_t ps)
{
    static const char *const units[] = {"ps", "ns", "us", "ms", "s"};
    double value = (double)ps;
    size_t unit = 0;
    while (value >= 999.95 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1000;
        unit++;
    }
    int decimals = unit == 0 || value >= 999.95 ? 0 : value >= 99.995 ? 1 : value >= 9.9995 ? 2 : 3;
    snprintf(buf, FORMAT_BYTES, "%.*f %s", decimals, value, ps ? units[unit] : "s");
    return buf;
}

struct format_time_unit format_time_unit(double largest_ns)
{
    if (largest_ns < 1e5)
        return (struct format_time_unit){"ns", 1};
    if (largest_ns < 1e8)
        return (struct format_time_unit){"us", 1e3};
    return (struct format_time_unit){"ms", 1e6};
}

void format_apportion(size_t n, const double *values, double total, int decimals,
                      double *out_values, double *out_total)
{
    double step = pow(10, -decimals);
    double wanted = round(total / step), sum = 0;
    for (size_t i = 0; i < n; i++) {
        out_values[i] = floor(values[i] / step + 1e-9);
        sum += out_values[i];
    }
    long missing = lround(wanted - sum);
    for (size_t given = 0; given < n && (long)given < missing; given++) {
        size_t best = 0;
        for (size_t i = 1; i < n; i++)
            if (values[i] / step - out_values[i] > values[best] / step - out_values[best])
                best = i;
        out_values[best]++;
    }
    for (size_t i = 0; i < n; i++)
        out_values[i] *= step;
    *out_total = wanted * step;
}
