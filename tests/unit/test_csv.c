/* Result files: quoting, numbers that read back, JSON, and that a file appears whole or not at all.
 */
#include "stats/csv.h"
#include "stats/json.h"

#include <CUnit/CUnit.h>
#include <dirent.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void suite_csv(void);

static char folder[32];
static char path[64];

static int make_folder(void)
{
    snprintf(folder, sizeof(folder), "/tmp/poolsim-csv-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof(path), "%s/out", folder);
    return 0;
}

static int remove_folder(void)
{
    (void)unlink(path);
    return rmdir(folder); /* fails when a temporary file is left */
}

static unsigned count_files(void)
{
    DIR *dir = opendir(folder);
    unsigned n = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
    for (const struct dirent *entry; (entry = readdir(dir));)
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

static void check_file(const char *expected)
{
    static char text[4096];
    FILE *file = fopen(path, "r");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    CU_ASSERT_STRING_EQUAL(text, expected);
}

static void test_table(void)
{
    static const char *const header[] = {"name", "count", "mean_ns"};
    static const struct {
        const char *text;
        uint64_t count;
        double mean;
    } rows[] = {
        {"plain", 0, 0.1},         {"a,b", UINT64_MAX, -1.5},
        {"says \"hi\"", 1, 1e300}, {"two\nlines", 2, (double)NAN},
        {"", 3, 100000},           {"return\r", 4, (double)INFINITY},
    };
    struct csv csv;
    struct err err;

    CU_ASSERT_FATAL(csv_open(&csv, path, 3, header, &err));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        csv_text(&csv, rows[i].text);
        csv_u64(&csv, rows[i].count);
        csv_double(&csv, rows[i].mean);
        csv_end_row(&csv);
    }
    CU_ASSERT_EQUAL(access(path, F_OK), -1); /* not before it is whole */
    CU_ASSERT(csv_commit(&csv, &err));
    check_file("name,count,mean_ns\n"
               "plain,0,0.1\n"
               "\"a,b\",18446744073709551615,-1.5\n"
               "\"says \"\"hi\"\"\",1,1e+300\n"
               "\"two\nlines\",2,\n"
               ",3,100000\n"
               "\"return\r\",4,\n");
    CU_ASSERT_EQUAL(count_files(), 1);
}

static void test_abort_keeps_the_old(void)
{
    static const char *const header[] = {"x"};
    struct csv csv;
    struct err err;

    CU_ASSERT_FATAL(csv_open(&csv, path, 1, header, &err));
    CU_ASSERT(csv_commit(&csv, &err));
    CU_ASSERT_FATAL(csv_open(&csv, path, 1, header, &err));
    csv_text(&csv, "new");
    csv_end_row(&csv);
    csv_abort(&csv);
    csv_abort(&csv);
    check_file("x\n");
    CU_ASSERT_EQUAL(count_files(), 1);
}

static void test_refused(void)
{
    static const char *const header[] = {"x"};
    struct outfile out = {0};
    struct csv csv = {.columns = 77};
    struct err err;

    CU_ASSERT_FALSE(csv_open(&csv, "/nonexistent/file.csv", 1, header, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "cannot write \"/nonexistent/file.csv\": No such"));
    CU_ASSERT_EQUAL(csv.columns, 77);

    /* A folder stands where the file should go: found at the commit, and nothing is left behind. */
    const unsigned before = count_files();
    CU_ASSERT_FATAL(outfile_open(&out, folder, &err));
    fputs("text", out.file);
    CU_ASSERT_FALSE(outfile_commit(&out, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "cannot write"));
    CU_ASSERT_EQUAL(count_files(), before);
    CU_ASSERT_PTR_NULL(out.file);
}

/* What is written must have reached the disk, or the commit says so: /dev/full fails every write,
 * at once when unbuffered, at the last flush otherwise. */
static void test_full_disk(void)
{
    static const int buffering[] = {_IONBF, _IOFBF};

    for (size_t i = 0; i < sizeof(buffering) / sizeof(buffering[0]); i++) {
        struct outfile out = {0};
        struct err err;
        CU_ASSERT_FATAL(outfile_open(&out, path, &err));
        CU_ASSERT_PTR_NOT_NULL_FATAL(freopen("/dev/full", "w", out.file));
        CU_ASSERT_EQUAL(setvbuf(out.file, NULL, buffering[i], BUFSIZ), 0);
        fputs("text", out.file);
        CU_ASSERT_FALSE(outfile_commit(&out, &err));
        CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "cannot write"));
    }
}

static void test_doubles_read_back(void)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.1, "0.1"},        {1.0 / 3, "0.3333333333333333"},      {123456789, "123456789"},
        {2.5e-9, "2.5e-09"}, {DBL_MAX, "1.7976931348623157e+308"}, {-0.0, "-0"},
        {(double)NAN, ""},
    };
    char buf[32];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        csv_format_double(cases[i].value, buf, sizeof(buf));
        CU_ASSERT_STRING_EQUAL(buf, cases[i].text);
        if (isfinite(cases[i].value))
            CU_ASSERT_EQUAL(strtod(buf, NULL), cases[i].value);
    }
    uint64_t bits = 1;
    for (unsigned i = 0; i < 10000; i++) {
        double value;
        bits = bits * UINT64_C(6364136223846793005) + 1442695040888963407;
        memcpy(&value, &bits, sizeof(value));
        if (isfinite(value))
            CU_ASSERT_EQUAL(strtod(csv_format_double(value, buf, sizeof(buf)), NULL), value);
    }
}

static void test_json(void)
{
    json_t *root = json_new_object();
    json_t *list = json_new_array();
    struct err err;

    json_put_text(root, "title", "a \"pool\"");
    json_put_text(root, "none", NULL);
    json_put_u64(root, "ops", 9223372036854775807);
    json_put_u64(root, "seed", UINT64_MAX);
    json_put_double(root, "mean_ns", 0.1);
    json_put_double(root, "nan", (double)NAN);
    json_put_bool(root, "converged", true);
    json_append(list, json_integer(3));
    json_put(root, "a_list", list);
    CU_ASSERT(json_write_file(root, path, &err));
    json_decref(root);
    check_file("{\n"
               "  \"title\": \"a \\\"pool\\\"\",\n"
               "  \"none\": null,\n"
               "  \"ops\": 9223372036854775807,\n"
               "  \"seed\": \"18446744073709551615\",\n"
               "  \"mean_ns\": 0.1,\n"
               "  \"nan\": null,\n"
               "  \"converged\": true,\n"
               "  \"a_list\": [\n"
               "    3\n"
               "  ]\n"
               "}\n");
}

void suite_csv(void)
{
    CU_pSuite suite = CU_add_suite("csv", make_folder, remove_folder);

    CU_add_test(suite, "table", test_table);
    CU_add_test(suite, "abort keeps the old file", test_abort_keeps_the_old);
    CU_add_test(suite, "refused", test_refused);
    CU_add_test(suite, "full disk", test_full_disk);
    CU_add_test(suite, "doubles read back", test_doubles_read_back);
    CU_add_test(suite, "JSON", test_json);
}
