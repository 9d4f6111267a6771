#include "pool/memh.h"

#include <string.h>

static unsigned digits_of(const struct pool_table *table)
{
    return (table->width + 3U) / 4;
}

size_t memh_format(const struct pool_table *table, const struct pool_entry *entry,
                   char out[MEMH_LINE_BYTES])
{
    const unsigned digits = digits_of(table);

    for (unsigned i = 0; i < digits; i++)
        out[i] = "0123456789abcdef"[pool_entry_get(entry, 4 * (digits - 1 - i), 4)];
    out[digits] = '\n';
    out[digits + 1] = 0;
    return digits + 1;
}

void memh_write(const struct pool_table *table, const struct pool_entry *entries,
                uint32_t n_entries, FILE *out)
{
    char line[MEMH_LINE_BYTES];

    for (uint32_t i = 0; i < n_entries; i++) {
        memh_format(table, &entries[i], line);
        fputs(line, out);
    }
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* One line without its end. */
struct line {
    const char *at, *end;
    const char *start;
    struct mark mark;
};

static bool refuse_character(struct line *line, const struct pool_table *table, struct err *err)
{
    const char c = *line->at;

    line->mark.column = (uint32_t)(line->at - line->start) + 1;
    if (c == 'x' || c == 'X' || c == 'z' || c == 'Z')
        return err_at(err, &line->mark,
                      "an unknown bit '%c'; every bit of an entry of %s must be known", c,
                      table->name);
    if (c == '@')
        return err_at(err, &line->mark, "an address; give every entry of %s, in order",
                      table->name);
    if (c >= '!' && c <= '~')
        return err_at(err, &line->mark, "'%c' is not a hexadecimal digit", c);
    return err_at(err, &line->mark, "byte 0x%02x is not a hexadecimal digit", (unsigned char)c);
}

static void skip_blanks(struct line *line)
{
    while (line->at < line->end && is_blank(*line->at))
        line->at++;
    if (line->end - line->at >= 2 && line->at[0] == '/' && line->at[1] == '/')
        line->at = line->end;
}

/* The digits at the start of @line, which holds nothing else. */
static bool read_entry(struct line *line, const struct pool_table *table, struct pool_entry *out,
                       struct err *err)
{
    const unsigned digits = digits_of(table);
    const char *first = line->at;
    struct pool_entry entry = {0};

    line->mark.column = (uint32_t)(first - line->start) + 1;
    const struct mark at_first = line->mark;
    for (; line->at < line->end && digit_value(*line->at) >= 0; line->at++) {
        const size_t place = (size_t)(line->at - first);

        if (place < digits)
            pool_entry_set(&entry, 4 * (digits - 1 - (unsigned)place), 4,
                           (uint64_t)digit_value(*line->at));
    }
    const size_t found = (size_t)(line->at - first);
    skip_blanks(line);
    if (line->at < line->end && digit_value(*line->at) < 0)
        return refuse_character(line, table, err);
    if (line->at < line->end) {
        line->mark.column = (uint32_t)(line->at - line->start) + 1;
        return err_at(err, &line->mark, "a second entry in one line");
    }
    if (found != digits)
        return err_at(err, &at_first, "%zu digits; an entry of %s has %u", found, table->name,
                      digits);
    if (table->width % 4 != 0 && pool_entry_get(&entry, table->width, 4U - table->width % 4U) != 0)
        return err_at(err, &at_first, "the first digit is too large; an entry of %s has %u bits",
                      table->name, table->width);
    *out = entry;
    return true;
}

bool memh_read(const struct pool_table *table, const char *text, size_t text_bytes,
               const char *file, struct pool_entry *out_entries, uint32_t n_entries,
               struct err *err)
{
    const char *const end = text + text_bytes;
    uint32_t n = 0, number = 1;

    for (const char *at = text; at < end; number++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        struct line line = {at, newline ? newline : end, at, {file, number, 1}};

        at = newline ? newline + 1 : end;
        skip_blanks(&line);
        if (line.at == line.end)
            continue;
        if (n == n_entries) {
            line.mark.column = (uint32_t)(line.at - line.start) + 1;
            return err_at(err, &line.mark, "one entry too many; %s has %u", table->name, n_entries);
        }
        if (!read_entry(&line, table, &out_entries[n], err))
            return false;
        n++;
    }
    if (n != n_entries)
        return err_at(err, &(struct mark){file, number, 1}, "ends after %u entries; %s has %u", n,
                      table->name, n_entries);
    return true;
}
