#include "base/dist.h"
#include "base/check.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Values above this are not whole numbers in a double any more: 2^53 ps are 2.5 hours. */
#define LARGEST_VALUE 0x1p53
/* How far from 1 the last cumulative probability of a file may be: such files are rounded. */
#define LAST_TOLERANCE 1e-4

static void *allocate(size_t n, size_t size)
{
    CHECK(n > 0);
    void *memory = calloc(n, size);
    CHECK(memory);
    return memory;
}

void dist_init_constant(struct dist *dist, uint64_t value)
{
    *dist = (struct dist){.kind = DIST_CONSTANT, .n = 1, .mean = (double)value};
    dist->value = allocate(1, sizeof(*dist->value));
    dist->value[0] = value;
}

void dist_fini(struct dist *dist)
{
    free(dist->value);
    free(dist->cum);
    *dist = (struct dist){0};
}

bool dist_init_discrete(struct dist *dist, size_t n, const uint64_t *value, const double *weight,
                        const struct mark *mark, struct err *err)
{
    double total = 0;
    double weighted = 0;
    size_t last = 0; /* the last value that can occur */

    for (size_t i = 0; i < n; i++) {
        if (!isfinite(weight[i]) || weight[i] < 0)
            return err_at(err, mark, "weight %g of value %llu; a weight is 0 or more", weight[i],
                          (unsigned long long)value[i]);
        if (weight[i] > 0)
            last = i;
        total += weight[i];
        weighted += weight[i] * (double)value[i];
    }
    if (!(total > 0) || !isfinite(total))
        return err_at(err, mark, "the weights sum to %g; give at least one above 0", total);

    *dist = (struct dist){.kind = DIST_DISCRETE, .n = n, .mean = weighted / total};
    dist->value = allocate(n, sizeof(*dist->value));
    dist->cum = allocate(n, sizeof(*dist->cum));
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += weight[i];
        dist->value[i] = value[i];
        /* Rounding must neither leave a gap below 1 nor give the zero-weight values behind the last
         * a chance. */
        dist->cum[i] = i >= last ? 1.0 : fmin(sum / total, 1.0);
    }
    return true;
}

/* ---- Files ---- */

struct reader {
    struct mark at;   /* line and column being read */
    uint64_t scale;   /* file units to ours */
    unsigned columns; /* of the first line; 0 before it */
    size_t capacity;
    struct dist dist; /* what has been read so far */
};

static bool starts_number(const char *text)
{
    if (*text == '+' || *text == '-')
        text++;
    if (*text == '.')
        text++;
    return isdigit((unsigned char)*text);
}

static bool is_separator(char c)
{
    return c == ',' || isspace((unsigned char)c);
}

/* Splits @line into at most 3 numbers; their columns go to @column. 0 on a fault, which is in @err.
 */
static unsigned parse_numbers(struct reader *reader, const char *line, double number[3],
                              uint32_t column[3], struct err *err)
{
    unsigned n = 0;

    for (const char *c = line;;) {
        while (is_separator(*c))
            c++;
        if (!*c)
            break;
        reader->at.column = (uint32_t)(c - line) + 1;
        char *end = NULL;
        const bool number_here = starts_number(c);
        const double x = number_here ? strtod(c, &end) : 0;
        if (!number_here || (*end && !is_separator(*end)) || !isfinite(x)) {
            err_at(err, &reader->at, "not a number; give value and cumulative probability");
            return 0;
        }
        if (n == 3) {
            err_at(err, &reader->at, "a fourth column; give value and cumulative probability");
            return 0;
        }
        column[n] = reader->at.column;
        number[n++] = x;
        c = end;
    }
    if (n < 2) {
        err_at(err, &reader->at, "one column; give value and cumulative probability");
        return 0;
    }
    return n;
}

static bool check_point(struct reader *reader, double value, double cum, const uint32_t *column,
                        struct err *err)
{
    const struct dist *dist = &reader->dist;
    const double last_cum = dist->n ? dist->cum[dist->n - 1] : 0;

    reader->at.column = column[0];
    if (value < 0 || value > LARGEST_VALUE / (double)reader->scale)
        return err_at(err, &reader->at, "value %g is out of range; give 0 to %g", value,
                      LARGEST_VALUE / (double)reader->scale);
    reader->at.column = column[1];
    if (cum < 0 || cum > 1 + LAST_TOLERANCE)
        return err_at(err, &reader->at, "cumulative probability %g; give 0 to 1", cum);
    if (cum < last_cum && last_cum > 1 - LAST_TOLERANCE)
        return err_at(err, &reader->at, "a second curve starts here; keep one in a file");
    if (cum < last_cum)
        return err_at(err, &reader->at, "cumulative probability falls from %g to %g", last_cum,
                      cum);
    reader->at.column = column[0];
    if (dist->n && llround(value * (double)reader->scale) < (long long)dist->value[dist->n - 1])
        return err_at(err, &reader->at, "values must ascend: %g comes after a larger one", value);
    return true;
}

static bool read_line(struct reader *reader, const char *line, struct err *err)
{
    struct dist *dist = &reader->dist;
    double number[3];
    uint32_t column[3];
    const char *start = line + strspn(line, " \t");

    if (!starts_number(start))
        return true;
    const unsigned n = parse_numbers(reader, line, number, column, err);
    if (n == 0)
        return false;
    if (reader->columns == 0)
        reader->columns = n;
    if (n != reader->columns)
        return err_at(err, &reader->at, "%u columns, but the lines above have %u", n,
                      reader->columns);

    if (!check_point(reader, number[n - 2], number[n - 1], &column[n - 2], err))
        return false;
    if (dist->n == reader->capacity) {
        reader->capacity = reader->capacity ? 2 * reader->capacity : 64;
        dist->value = realloc(dist->value, reader->capacity * sizeof(*dist->value));
        dist->cum = realloc(dist->cum, reader->capacity * sizeof(*dist->cum));
        CHECK(dist->value && dist->cum);
    }
    dist->value[dist->n] = (uint64_t)llround(number[n - 2] * (double)reader->scale);
    dist->cum[dist->n] = fmin(number[n - 1], 1.0);
    dist->n++;
    return true;
}

/* The area between two points is a trapezium; the first point may carry an atom. */
static double interpolated_mean(const struct dist *dist)
{
    double mean = dist->cum[0] * (double)dist->value[0];

    for (size_t i = 1; i < dist->n; i++)
        mean += (dist->cum[i] - dist->cum[i - 1]) *
                ((double)dist->value[i - 1] + (double)dist->value[i]) / 2;
    return mean;
}

static bool finish(struct reader *reader, struct err *err)
{
    struct dist *dist = &reader->dist;

    reader->at.column = 0;
    if (dist->n == 0)
        return err_at(err, &reader->at,
                      "no points; give lines of a value and a cumulative probability");
    if (dist->cum[dist->n - 1] < 1 - LAST_TOLERANCE)
        return err_at(err, &reader->at, "the last cumulative probability is %g, not 1",
                      dist->cum[dist->n - 1]);
    /* All points that are as high as the last one are the end of the curve. */
    const double top = dist->cum[dist->n - 1];
    for (size_t i = dist->n; i-- > 0 && dist->cum[i] >= top;)
        dist->cum[i] = 1;
    dist->kind = DIST_EMPIRICAL;
    dist->mean = interpolated_mean(dist);
    return true;
}

bool dist_init_file(struct dist *dist, const char *path, uint64_t scale, const struct mark *mark,
                    struct err *err)
{
    CHECK(scale > 0);
    FILE *file = fopen(path, "r");
    if (!file)
        return err_at(err, mark, "cannot read \"%s\": %s", path, strerror(errno));

    struct reader reader = {.at = {.file = path}, .scale = scale};
    char *line = NULL;
    size_t size = 0;
    bool good = true;
    while (good && getline(&line, &size, file) >= 0) {
        reader.at.line++;
        good = read_line(&reader, line, err);
    }
    if (good && ferror(file))
        good = err_at(err, mark, "cannot read \"%s\": %s", path, strerror(errno));
    good = good && finish(&reader, err);
    free(line);
    fclose(file);
    if (!good) {
        dist_fini(&reader.dist);
        return false;
    }
    *dist = reader.dist;
    return true;
}

/* ---- Sampling ---- */

/* First point whose cumulative probability lies above @u. The last is 1 and @u below 1, so there is
 * one. The loop has no branch on the data: its direction is random, and a mispredicted one costs
 * more than the whole search. */
static size_t find_point(const struct dist *dist, double u)
{
    const double *base = dist->cum;

    for (size_t n = dist->n; n > 1;) {
        const size_t half = n / 2;
        base += u >= base[half - 1] ? half : 0;
        n -= half;
    }
    return (size_t)(base - dist->cum);
}

uint64_t dist_sample(const struct dist *dist, struct rng *rng)
{
    if (dist->kind == DIST_CONSTANT)
        return dist->value[0];

    const double u = rng_uniform(rng);
    const size_t i = find_point(dist, u);
    if (dist->kind == DIST_DISCRETE || i == 0)
        return dist->value[i];

    const double below = dist->cum[i - 1];
    const double share = (u - below) / (dist->cum[i] - below);
    const uint64_t span = dist->value[i] - dist->value[i - 1];
    return dist->value[i - 1] + (uint64_t)(share * (double)span + 0.5);
}
