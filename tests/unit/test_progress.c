/* test_progress.c - the text of the line, the redraw limit, and silence off a terminal.
 * Time is an argument everywhere but in the pseudo-terminal test, which does not look at it. */
#include "base/progress.h"
#include <CUnit/CUnit.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void suite_progress(void);

static void lines_read_as_promised(void)
{
    static const struct {
        const char *name;
        uint64_t total;
        const char *unit;
        uint64_t done, elapsed_ms;
        const char *expected;
    } cases[] = {
        {"middle", 20, "points", 9, 7500, "job  45 %  9/20 points  1.20/s  0:09 left"},
        {"nothing yet", 20, "points", 0, 500, "job  0 %  0/20 points  0.00/s  -:-- left"},
        {"at once", 20, "points", 5, 0, "job  25 %  5/20 points  0.00/s  -:-- left"},
        {"all", 20, "points", 20, 4000, "job  100 %  20/20 points  5.00/s  0:00 left"},
        {"too many", 20, "points", 25, 5000, "job  100 %  20/20 points  5.00/s  0:00 left"},
        {"never 100 early", UINT64_MAX, "", UINT64_MAX - 1, 1000, "job  99 %  0:00 left"},
        {"bare share", 1000, "", 250, 1000, "job  25 %  0:03 left"},
        {"unknown total", 0, "TLPs", 12345678, 1000, "job  12345678 TLPs  12.3M/s"},
        {"rate rounds up", 0, "TLPs", 9999, 1000, "job  9999 TLPs  10.0k/s"},
        {"rate takes the next prefix", 0, "x", 999600, 1000, "job  999600 x  1.00M/s"},
        {"hours", 7200, "", 1, 1000, "job  0 %  1:59:59 left"},
        {"100 hours", 360001, "", 1, 1000, "job  0 %  -:-- left"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct progress progress;
        char line[80];
        progress_init_at(&progress, NULL, "job", cases[i].total, cases[i].unit, 0);
        progress_format(&progress, cases[i].done, cases[i].elapsed_ms, line, sizeof(line));
        if (strcmp(line, cases[i].expected) != 0)
            fprintf(stderr, "%s: \"%s\", expected \"%s\"\n", cases[i].name, line,
                    cases[i].expected);
        CU_ASSERT_STRING_EQUAL(line, cases[i].expected);
    }
}

static void a_long_label_is_cut_to_the_line(void)
{
    struct progress progress;
    char label[200], line[80];
    memset(label, 'x', sizeof(label) - 1);
    label[sizeof(label) - 1] = '\0';
    progress_init_at(&progress, NULL, label, 10, "points", 0);
    progress_format(&progress, 1, 1000, line, sizeof(line));
    CU_ASSERT_EQUAL(strlen(line), sizeof(line) - 1);
}

/* 10 s of an update every millisecond: 99 drawings, none in the first 100 ms. */
static void redraws_are_ten_a_second(void)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    struct progress progress;
    progress_init_at(&progress, out, "job", 10000, "steps", 5000);
    for (uint64_t ms = 0; ms < 10000; ms++) {
        progress_update_at(&progress, ms, 5000 + ms);
        if (ms == 99)
            CU_ASSERT_EQUAL(length, 0);
    }
    progress_done(&progress);
    progress_done(&progress); /* erases once */
    fclose(out);
    size_t drawings = 0;
    for (const char *at = text; (at = strchr(at, '\r')) != NULL; at++)
        drawings++;
    CU_ASSERT_EQUAL(drawings, 99 + 1);
    CU_ASSERT_PTR_NULL(strchr(text, '\n'));
    CU_ASSERT(length > 4 && strcmp(text + length - 4, "\r\033[K") == 0);
    free(text);
}

static void a_file_or_nothing_stays_silent(void)
{
    FILE *file = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    FILE *const outs[] = {file, NULL};
    for (size_t i = 0; i < 2; i++) {
        struct progress progress;
        progress_init(&progress, outs[i], "job", 10, "points");
        CU_ASSERT_PTR_NULL(progress.out);
        progress_update_at(&progress, 5, UINT64_MAX);
        progress_done(&progress);
    }
    CU_ASSERT_EQUAL(ftell(file), 0);
    fclose(file);
}

static void a_terminal_is_written_to(void)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    CU_ASSERT_FATAL(master >= 0);
    CU_ASSERT_FATAL(grantpt(master) == 0 && unlockpt(master) == 0);
    FILE *terminal = fopen(ptsname(master), "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(terminal);
    struct progress progress;
    progress_init(&progress, terminal, "job", 2, "points");
    CU_ASSERT_PTR_EQUAL(progress.out, terminal);
    progress_update_at(&progress, 1, progress.start_ms + 1000);
    char text[200] = "";
    CU_ASSERT(read(master, text, sizeof(text) - 1) > 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\rjob  50 %  1/2 points  1.00/s  0:01 left\033[K"));
    progress_done(&progress);
    fclose(terminal);
    close(master);
}

void suite_progress(void)
{
    CU_pSuite suite = CU_add_suite("progress", NULL, NULL);
    CU_add_test(suite, "lines read as promised", lines_read_as_promised);
    CU_add_test(suite, "a long label is cut to the line", a_long_label_is_cut_to_the_line);
    CU_add_test(suite, "redraws are ten a second", redraws_are_ten_a_second);
    CU_add_test(suite, "a file or nothing stays silent", a_file_or_nothing_stays_silent);
    CU_add_test(suite, "a terminal is written to", a_terminal_is_written_to);
}
