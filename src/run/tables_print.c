/* Prints the tables of a folder that tables_files.c wrote, or that the Verilog's testbench did. */
#include "pool/assignment.h"
#include "pool/memh.h"
#include "run/folder.h"
#include "run/tables_files.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ENTRIES = 1 << 24 };

static const char *const state_names[ASSIGNMENT_STATES] = {"free",     "loading",   "assigned",
                                                           "draining", "resetting", "invalidating"};

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

enum { VALUE_BYTES = 24 };

/* RIDs as bus:device.function, small numbers in decimal, all else in hexadecimal. */
static void format_value(const struct pool_field *field, uint64_t value, char text[VALUE_BYTES])
{
    static const char *const decimal[] = {"PORT", "FUNCTION", "BRIDGE", "SLOT", "LOG2_BYTES",
                                          "TAG",  "EPOCH",    "DW",     "PASS", "MERGE"};
    if (ends_with(field->name, "RID")) {
        snprintf(text, VALUE_BYTES, "%02x:%02x.%x", (unsigned)(value >> 8),
                 (unsigned)(value >> 3 & 0x1f), (unsigned)(value & 7));
        return;
    }
    if (strcmp(field->name, "STATE") == 0 && value < ASSIGNMENT_STATES) {
        snprintf(text, VALUE_BYTES, "%s", state_names[value]);
        return;
    }
    for (size_t i = 0; i < sizeof decimal / sizeof *decimal; i++)
        if (ends_with(field->name, decimal[i])) {
            snprintf(text, VALUE_BYTES, "%" PRIu64, value);
            return;
        }
    snprintf(text, VALUE_BYTES, "%0*" PRIx64, (field->width + 3) / 4, value);
}

/* As wide as the name and as the longest value of its kind. */
static int column_width(const struct pool_field *field)
{
    int name = (int)strlen(field->name), digits = (field->width + 3) / 4;
    int value = strcmp(field->name, "STATE") == 0 ? (int)strlen("invalidating")
                : ends_with(field->name, "RID")   ? (int)strlen("00:00.0")
                                                  : digits;
    return name > value ? name : value;
}

/* Valid, and of a shadow more than constant zeros, which most of it is. */
static bool is_worth_a_line(const struct pool_table *table, const struct pool_entry *entry)
{
    if (!pool_entry_get(entry, 0, 1))
        return false;
    return table != &pool_tables[POOL_CFG_SHADOW] || POOL_GET(entry, CFG_SHADOW, PASS) ||
           (POOL_GET(entry, CFG_SHADOW, DATA) | POOL_GET(entry, CFG_SHADOW, WRITE_MASK) |
            POOL_GET(entry, CFG_SHADOW, W1C_MASK)) != 0;
}

static void print_entries(const struct pool_table *table, const struct pool_entry *entries,
                          uint32_t n, FILE *out)
{
    char text[VALUE_BYTES];
    uint32_t valid = 0, shown = 0;
    for (uint32_t i = 0; i < n; i++) {
        valid += pool_entry_get(&entries[i], 0, 1) != 0;
        shown += is_worth_a_line(table, &entries[i]);
    }
    fprintf(out, ", %" PRIu32 " of %" PRIu32 " entries valid\n", valid, n);
    if (shown == 0)
        return;
    fprintf(out, "%8s", "");
    for (unsigned f = 0; f + 1 < table->n_fields; f++)
        fprintf(out, "  %*s", column_width(&table->fields[f]), table->fields[f].name);
    fputc('\n', out);
    for (uint32_t i = 0; i < n; i++) {
        if (!is_worth_a_line(table, &entries[i]))
            continue;
        fprintf(out, "%8" PRIu32, i);
        for (unsigned f = 0; f + 1 < table->n_fields; f++) {
            const struct pool_field *field = &table->fields[f];
            format_value(field, pool_entry_get(&entries[i], field->lsb, field->width), text);
            fprintf(out, "  %*s", column_width(field), text);
        }
        fputc('\n', out);
    }
}

/* A row of the manifest, whose strings it borrows. */
struct row {
    const char *file, *table, *role, *sw;
    json_int_t port, entries, width;
    enum pool_table_id id;
};

static bool read_row(json_t *json, size_t index, const char *path, struct row *out, struct err *err)
{
    json_error_t why;
    const struct mark mark = {path, 0, 0};
    *out = (struct row){0};
    if (json_unpack_ex(json, &why, 0, "{s:s, s:s, s?s, s?s, s?I, s:I, s:I}", "file", &out->file,
                       "table", &out->table, "role", &out->role, "switch", &out->sw, "port",
                       &out->port, "entries", &out->entries, "width", &out->width) != 0)
        return err_at(err, &mark, "table %zu: %s", index, why.text);
    out->id = pool_table_named(out->table);
    if (out->id == POOL_TABLES)
        return err_at(err, &mark, "table %zu: there is no kind of table called \"%s\"", index,
                      out->table);
    if (out->width != pool_tables[out->id].width)
        return err_at(err, &mark,
                      "table %zu: entries of %s have %u bits, not %" JSON_INTEGER_FORMAT, index,
                      out->table, pool_tables[out->id].width, out->width);
    if (out->entries < 0 || out->entries > MOST_ENTRIES)
        return err_at(err, &mark, "table %zu: a table has 0 to %d entries", index, MOST_ENTRIES);
    if (strchr(out->file, '/'))
        return err_at(err, &mark, "table %zu: \"%s\" must name a file in the same folder", index,
                      out->file);
    return true;
}

static bool print_row(const struct row *row, const char *dir, FILE *out, struct err *err)
{
    char path[PATH_MAX];
    if (!folder_path(path, dir, row->file, err))
        return false;
    const struct mark mark = {path, 0, 0};
    char *text = folder_read(dir, row->file);
    if (!text)
        return err_at(err, &mark, "cannot be read");
    uint32_t n = (uint32_t)row->entries;
    struct pool_entry *entries = calloc(n ? n : 1, sizeof *entries);
    bool good = entries
                    ? memh_read(&pool_tables[row->id], text, strlen(text), path, entries, n, err)
                    : err_at(err, &mark, "no memory for %" PRIu32 " entries", n);
    if (good) {
        fprintf(out, "\n%s%s%s", row->table, row->role ? ", " : "", row->role ? row->role : "");
        if (row->sw)
            fprintf(out, ", port %" JSON_INTEGER_FORMAT " of %s", row->port, row->sw);
        print_entries(&pool_tables[row->id], entries, n, out);
    }
    free(entries);
    free(text);
    return good;
}

static bool print_all(json_t *manifest, const char *path, const char *dir, FILE *out,
                      struct err *err)
{
    json_t *tables = json_object_get(manifest, "tables");
    const char *name = json_string_value(json_object_get(manifest, "name"));
    if (!json_is_array(tables))
        return err_at(err, &(struct mark){path, 1, 1},
                      "\"tables\" is missing; give an array of tables");
    fprintf(out, "%s: %zu tables\n", name ? name : dir, json_array_size(tables));
    for (size_t i = 0; i < json_array_size(tables); i++) {
        struct row row;
        if (!read_row(json_array_get(tables, i), i, path, &row, err) ||
            !print_row(&row, dir, out, err))
            return false;
    }
    return true;
}

bool tables_files_print(const char *dir, FILE *out, struct err *err)
{
    char path[PATH_MAX];
    json_error_t why;
    if (!folder_path(path, dir, "manifest.json", err))
        return false;
    json_t *manifest = json_load_file(path, 0, &why);
    if (!manifest) {
        const struct mark mark = {path, why.line > 0 ? (uint32_t)why.line : 0,
                                  why.line > 0 && why.column > 0 ? (uint32_t)why.column : 0};
        return err_at(err, &mark, "%s", why.text);
    }
    bool good = print_all(manifest, path, dir, out, err);
    json_decref(manifest);
    return good;
}
