#include "base/progress.h"

#include <inttypes.h>
#include <math.h>
#include <time.h>
#include <unistd.h>

enum {
    REDRAW_MS = 100, /* least time between two drawings */
    LINE_COLUMNS =
        79 /* fits the narrowest usual terminal without a wrap, which \r could not take back */
};

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void progress_init(struct progress *progress, FILE *out, const char *label, uint64_t total,
                   const char *unit)
{
    FILE *terminal = out && isatty(fileno(out)) ? out : NULL;
    progress_init_at(progress, terminal, label, total, unit, now_ms());
}

void progress_update(struct progress *progress, uint64_t done)
{
    if (progress->out)
        progress_update_at(progress, done, now_ms());
}

void progress_done(struct progress *progress)
{
    if (!progress->drawn)
        return;
    fputs("\r\033[K", progress->out);
    fflush(progress->out);
    progress->drawn = false;
}

void progress_init_at(struct progress *progress, FILE *out, const char *label, uint64_t total,
                      const char *unit, uint64_t now)
{
    /* A job that ends within the first interval shows nothing. */
    *progress = (struct progress){.out = out,
                                  .label = label,
                                  .unit = unit,
                                  .total = total,
                                  .start_ms = now,
                                  .next_draw_ms = now + REDRAW_MS};
}

void progress_update_at(struct progress *progress, uint64_t done, uint64_t now)
{
    if (!progress->out || now < progress->next_draw_ms)
        return;
    char line[LINE_COLUMNS + 1];
    progress_format(progress, done, now - progress->start_ms, line, sizeof(line));
    fprintf(progress->out, "\r%s\033[K", line);
    fflush(progress->out);
    progress->next_draw_ms = now + REDRAW_MS;
    progress->drawn = true;
}

/* Three significant digits and a prefix: 1234567 is "1.23M". */
static void format_rate(double rate, char *buf, size_t size)
{
    static const char *const prefixes[] = {"", "k", "M", "G", "T"};
    size_t i = 0;
    while (rate >= 999.5 && i + 1 < sizeof(prefixes) / sizeof(prefixes[0])) {
        rate /= 1000;
        i++;
    }
    int decimals = rate < 9.995 ? 2 : rate < 99.95 ? 1 : 0;
    snprintf(buf, size, "%.*f%s/s", decimals, rate, prefixes[i]);
}

static void format_left(double seconds, char *buf, size_t size)
{
    if (seconds >= 360000) { /* 100 hours: no estimate, or no rate yet */
        snprintf(buf, size, "-:--");
        return;
    }
    unsigned left = (unsigned)(seconds + 0.5);
    if (left < 3600)
        snprintf(buf, size, "%u:%02u", left / 60, left % 60);
    else
        snprintf(buf, size, "%u:%02u:%02u", left / 3600, left / 60 % 60, left % 60);
}

char *progress_format(const struct progress *progress, uint64_t done, uint64_t elapsed_ms,
                      char *buf, size_t size)
{
    char rate_text[24], left_text[24], count_text[80] = "";
    double rate = elapsed_ms ? (double)done * 1000 / (double)elapsed_ms : 0;
    format_rate(rate, rate_text, sizeof(rate_text));
    if (!progress->total) {
        snprintf(buf, size, "%s  %" PRIu64 " %s  %s", progress->label, done, progress->unit,
                 rate_text);
        return buf;
    }
    if (done > progress->total)
        done = progress->total;
    double left_s = rate > 0 ? (double)(progress->total - done) / rate : HUGE_VAL;
    format_left(left_s, left_text, sizeof(left_text));
    if (*progress->unit)
        snprintf(count_text, sizeof(count_text), "  %" PRIu64 "/%" PRIu64 " %s  %s", done,
                 progress->total, progress->unit, rate_text);
    /* 100 % is only said when all is done, also where the quotient rounds to it. */
    unsigned percent = (unsigned)((double)done * 100 / (double)progress->total);
    if (percent == 100 && done < progress->total)
        percent = 99;
    snprintf(buf, size, "%s  %u %%%s  %s left", progress->label, percent, count_text, left_text);
    return buf;
}
