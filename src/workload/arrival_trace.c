#include "workload/arrival_trace.h"
#include "base/check.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEADER "time_ns,bytes"

enum { PS_PER_NS = 1000, DECIMALS = 3 };

struct reader {
    struct mark at;
    const char *line;
    bool header_allowed;
    size_t capacity;
    struct arrival_trace trace; /* what has been read so far */
};

/* Points the mark at @c, which lies in the line. */
static const struct mark *mark_at(struct reader *reader, const char *c)
{
    reader->at.column = (uint32_t)(c - reader->line) + 1;
    return &reader->at;
}

static const char *skip_blanks(const char *c)
{
    while (*c == ' ' || *c == '\t')
        c++;
    return c;
}

/* Appends a digit to *value; false when that is above @most. */
static bool append_digit(uint64_t *value, char digit, uint64_t most)
{
    const uint64_t add = (uint64_t)(digit - '0');

    if (*value > (most - add) / 10)
        return false;
    *value = *value * 10 + add;
    return true;
}

/* Reads a time at *c and moves *c behind it. */
static bool read_time(struct reader *reader, const char **c, uint64_t *out_ps, struct err *err)
{
    const char *start = *c;
    const char *p = start;
    uint64_t ps = 0;
    unsigned decimals = 0;
    bool fits = true;

    for (; isdigit((unsigned char)*p); p++)
        fits = fits && append_digit(&ps, *p, INT64_MAX);
    if (p == start)
        return err_at(err, mark_at(reader, start), "not a time; give nanoseconds such as 1250.5");
    if (*p == '.')
        for (p++; isdigit((unsigned char)*p); p++, decimals++)
            if (decimals < DECIMALS)
                fits = fits && append_digit(&ps, *p, INT64_MAX);
    if (decimals > DECIMALS)
        return err_at(err, mark_at(reader, start),
                      "%.*s ns is no whole number of picoseconds; give at most three decimals",
                      (int)(p - start), start);
    for (; decimals < DECIMALS; decimals++)
        fits = fits && append_digit(&ps, '0', INT64_MAX);
    if (!fits)
        return err_at(err, mark_at(reader, start), "%.*s ns is too late; give at most 2^63 ps",
                      (int)(p - start), start);
    *out_ps = ps;
    *c = p;
    return true;
}

static bool read_bytes(struct reader *reader, const char **c, uint32_t *out_bytes, struct err *err)
{
    const char *p = *c;
    uint64_t bytes = 0;
    bool fits = true;

    for (; isdigit((unsigned char)*p); p++)
        fits = fits && append_digit(&bytes, *p, UINT32_MAX);
    if (p == *c || !fits || bytes == 0)
        return err_at(err, mark_at(reader, *c), "not a size; give a whole number of bytes, 1 to %u",
                      UINT32_MAX);
    *out_bytes = (uint32_t)bytes;
    *c = p;
    return true;
}

static void append(struct reader *reader, struct arrival_record record)
{
    struct arrival_trace *trace = &reader->trace;

    if (trace->n == reader->capacity) {
        reader->capacity = reader->capacity ? 2 * reader->capacity : 256;
        trace->record = realloc(trace->record, reader->capacity * sizeof(*trace->record));
        CHECK(trace->record);
    }
    CHECK(trace->n < UINT32_MAX);
    trace->record[trace->n++] = record;
}

static bool read_record(struct reader *reader, const char *start, struct err *err)
{
    const struct arrival_trace *trace = &reader->trace;
    struct arrival_record record = {0};
    const char *c = start;

    if (!read_time(reader, &c, &record.time_ps, err))
        return false;
    c = skip_blanks(c);
    if (*c != ',')
        return err_at(err, mark_at(reader, c), "a comma and a size in bytes must follow the time");
    c = skip_blanks(c + 1);
    if (!read_bytes(reader, &c, &record.bytes, err))
        return false;
    c = skip_blanks(c);
    if (*c)
        return err_at(err, mark_at(reader, c),
                      "unexpected \"%s\" after the size; lines are " HEADER, c);
    if (trace->n > 0 && record.time_ps < trace->record[trace->n - 1].time_ps)
        return err_at(err, mark_at(reader, start),
                      "time goes back by %llu ps; sort the lines by time",
                      (unsigned long long)(trace->record[trace->n - 1].time_ps - record.time_ps));
    append(reader, record);
    return true;
}

static bool read_line(struct reader *reader, char *line, struct err *err)
{
    size_t length = strlen(line);

    while (length > 0 && isspace((unsigned char)line[length - 1]))
        line[--length] = '\0';
    reader->line = line;
    const char *start = skip_blanks(line);
    if (!*start || *start == '#')
        return true;
    if (isalpha((unsigned char)*start) && reader->header_allowed) {
        reader->header_allowed = false;
        if (strcmp(start, HEADER) != 0)
            return err_at(err, mark_at(reader, start), "header \"%s\"; the columns are " HEADER,
                          start);
        return true;
    }
    reader->header_allowed = false;
    return read_record(reader, start, err);
}

bool arrival_trace_load(struct arrival_trace *trace, const char *path, const struct mark *mark,
                        struct err *err)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return err_at(err, mark, "cannot read \"%s\": %s", path, strerror(errno));

    struct reader reader = {.at = {.file = path}, .header_allowed = true};
    char *line = NULL;
    size_t size = 0;
    bool good = true;
    while (good && getline(&line, &size, file) >= 0) {
        reader.at.line++;
        good = read_line(&reader, line, err);
    }
    if (good && ferror(file))
        good = err_at(err, mark, "cannot read \"%s\": %s", path, strerror(errno));
    if (good && reader.trace.n == 0)
        good = err_at(err, &(struct mark){.file = path, .line = reader.at.line},
                      "no arrivals; give lines of " HEADER);
    free(line);
    fclose(file);
    if (!good) {
        arrival_trace_fini(&reader.trace);
        return false;
    }
    *trace = reader.trace;
    return true;
}

void arrival_trace_fini(struct arrival_trace *trace)
{
    free(trace->record);
    *trace = (struct arrival_trace){0};
}
