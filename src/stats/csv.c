#include "stats/csv.h"
#include "base/check.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

char *csv_format_double(double value, char *buf, size_t size)
{
    CHECK(size >= 32);
    buf[0] = '\0';
    if (!isfinite(value))
        return buf;
    for (int digits = 15; digits <= 17;
         digits++) { /* 15 always fit a decimal, 17 always a double */
        snprintf(buf, size, "%.*g", digits, value);
        if (strtod(buf, NULL) == value)
            break;
    }
    return buf;
}

static void begin_field(struct csv *csv)
{
    CHECK(csv->column < csv->columns);
    if (csv->column++ > 0)
        fputc(',', csv->out.file);
}

void csv_text(struct csv *csv, const char *text)
{
    begin_field(csv);
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, csv->out.file);
        return;
    }
    fputc('"', csv->out.file);
    for (const char *c = text; *c; c++) {
        if (*c == '"')
            fputc('"', csv->out.file);
        fputc(*c, csv->out.file);
    }
    fputc('"', csv->out.file);
}

void csv_u64(struct csv *csv, uint64_t value)
{
    begin_field(csv);
    fprintf(csv->out.file, "%" PRIu64, value);
}

void csv_double(struct csv *csv, double value)
{
    char buf[32];

    begin_field(csv);
    fputs(csv_format_double(value, buf, sizeof(buf)), csv->out.file);
}

void csv_end_row(struct csv *csv)
{
    CHECK(csv->column == csv->columns);
    fputc('\n', csv->out.file);
    csv->column = 0;
}

bool csv_open(struct csv *csv, const char *path, unsigned columns, const char *const *header,
              struct err *err)
{
    struct csv opened = {.columns = columns};

    CHECK(columns > 0);
    if (!outfile_open(&opened.out, path, err))
        return false;
    for (unsigned i = 0; i < columns; i++)
        csv_text(&opened, header[i]);
    csv_end_row(&opened);
    *csv = opened;
    return true;
}

bool csv_commit(struct csv *csv, struct err *err)
{
    CHECK(csv->column == 0);
    return outfile_commit(&csv->out, err);
}

void csv_abort(struct csv *csv)
{
    outfile_abort(&csv->out);
}
