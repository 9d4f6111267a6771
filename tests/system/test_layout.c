/* C and Verilog agree on every bit of the tables: Icarus elaborates a module over the header that
 * is made from src/pool/layout.def and prints every parameter; it loads a .memh of C's, prints each
 * field of each entry, and writes the table back for C to read. The header is $POOL_LAYOUT_SVH, or
 * build/hdl/pool_layout.svh. Not pinned: that other tools take the header (hdl/ lints it). */
#include "../unit/splitmix.h"
#include "base/check.h"
#include "pool/memh.h"

#include <CUnit/CUnit.h>
#include <ftw.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void suite_layout(void);

enum { ENTRIES = 7 };

static struct pool_entry written[POOL_TABLES][ENTRIES];

static FILE *create(const char *dir, const char *name, const char *suffix)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s%s", dir, name, suffix);
    FILE *file = fopen(path, "w");
    CHECK(file);
    return file;
}

static char *upper(const char *name)
{
    static char text[32];
    size_t i = 0;

    for (; name[i] && i + 1 < sizeof text; i++)
        text[i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A' : name[i]);
    text[i] = 0;
    return text;
}

static void write_module(const char *dir)
{
    FILE *out = create(dir, "layout", ".sv");

    fprintf(out, "`include \"pool_layout.svh\"\nmodule layout;\n");
    for (unsigned t = 0; t < POOL_TABLES; t++)
        fprintf(out, "logic [pool_layout::%s_W-1:0] mem%u[0:%d];\n", upper(pool_tables[t].name), t,
                ENTRIES - 1);
    fprintf(out, "initial begin\n");
    for (unsigned t = 0; t < POOL_TABLES; t++) {
        const struct pool_table *table = &pool_tables[t];
        const char *name = upper(table->name);

        fprintf(out, "$display(\"%%0d\", pool_layout::%s_W);\n", name);
        fprintf(out, "$readmemh(\"%s/%s.memh\", mem%u);\n", dir, table->name, t);
        for (unsigned f = 0; f < table->n_fields; f++) {
            const char *field = table->fields[f].name;

            fprintf(out, "$display(\"%%0d %%0d\", pool_layout::%s_%s_LSB, pool_layout::%s_%s_W);\n",
                    name, field, name, field);
            for (unsigned i = 0; i < ENTRIES; i++)
                fprintf(out,
                        "$display(\"%%h\", mem%u[%u][pool_layout::%s_%s_LSB +: "
                        "pool_layout::%s_%s_W]);\n",
                        t, i, name, field, name, field);
        }
        fprintf(out, "$writememh(\"%s/%s.back\", mem%u);\n", dir, table->name, t);
    }
    fprintf(out, "end\nendmodule\n");
    CHECK(fclose(out) == 0);
}

static void write_tables(const char *dir)
{
    uint64_t rng = 21;

    for (unsigned t = 0; t < POOL_TABLES; t++) {
        const struct pool_table *table = &pool_tables[t];
        FILE *out = create(dir, table->name, ".memh");

        for (unsigned i = 0; i < ENTRIES; i++)
            for (unsigned f = 0; f < table->n_fields; f++)
                pool_entry_set(&written[t][i], table->fields[f].lsb, table->fields[f].width,
                               splitmix(&rng) >> (64 - table->fields[f].width));
        memh_write(table, written[t], ENTRIES, out);
        CHECK(fclose(out) == 0);
    }
}

/* The next number in what was said, in @base. */
static uint64_t next_number(FILE *said, int base)
{
    char word[32] = "", *end = NULL;

    CU_ASSERT_EQUAL_FATAL(fscanf(said, "%31s", word), 1);
    const uint64_t value = strtoull(word, &end, base);
    CU_ASSERT_TRUE(end != word && *end == 0);
    return value;
}

static void compare_numbers(FILE *said)
{
    for (unsigned t = 0; t < POOL_TABLES; t++) {
        const struct pool_table *table = &pool_tables[t];

        CU_ASSERT_EQUAL(next_number(said, 10), table->width);
        for (unsigned f = 0; f < table->n_fields; f++) {
            const struct pool_field *field = &table->fields[f];

            CU_ASSERT_EQUAL(next_number(said, 10), field->lsb);
            CU_ASSERT_EQUAL(next_number(said, 10), field->width);
            for (unsigned i = 0; i < ENTRIES; i++)
                CU_ASSERT_EQUAL(next_number(said, 16),
                                pool_entry_get(&written[t][i], field->lsb, field->width));
        }
    }
}

static void compare_written_back(const char *dir)
{
    static char text[8192];

    for (unsigned t = 0; t < POOL_TABLES; t++) {
        char path[128];
        struct pool_entry back[ENTRIES];
        struct err err = {0};

        snprintf(path, sizeof path, "%s/%s.back", dir, pool_tables[t].name);
        FILE *in = fopen(path, "r");
        CU_ASSERT_PTR_NOT_NULL_FATAL(in);
        const size_t bytes = fread(text, 1, sizeof text, in);
        fclose(in);
        CU_ASSERT_TRUE(memh_read(&pool_tables[t], text, bytes, path, back, ENTRIES, &err));
        CU_ASSERT_EQUAL(memcmp(back, written[t], sizeof back), 0);
    }
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status, (void)type, (void)ftw;
    return remove(path);
}

static void c_and_verilog_agree(void)
{
    const char *header = getenv("POOL_LAYOUT_SVH");
    char dir[] = "/tmp/poolsim-layout-XXXXXX", folder[256], command[768];

    CHECK(mkdtemp(dir));
    snprintf(folder, sizeof folder, "%s", header ? header : "build/hdl/pool_layout.svh");
    write_tables(dir);
    write_module(dir);
    snprintf(command, sizeof command,
             "iverilog -g2012 -Wall -Wno-timescale -I%s -s layout -o %s/layout.vvp %s/layout.sv "
             "2>&1 && vvp -n %s/layout.vvp",
             dirname(folder), dir, dir, dir);
    /* NOLINTNEXTLINE(cert-env33-c): two tools in a row, on paths of our own */
    FILE *said = popen(command, "r");
    CHECK(said);
    compare_numbers(said);
    CU_ASSERT_EQUAL(fgetc(said), '\n');
    CU_ASSERT_EQUAL(fgetc(said), EOF);
    CU_ASSERT_EQUAL(pclose(said), 0);
    compare_written_back(dir);
    nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void suite_layout(void)
{
    CU_pSuite suite = CU_add_suite("layout", NULL, NULL);

    CU_add_test(suite, "C and Verilog agree on every bit", c_and_verilog_agree);
}
