/* Located errors: what is kept, what is cut, how it prints. */
#include "base/err.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

void suite_err(void);

/* What err_print writes; the caller frees it. */
static char *printed(const struct err *err)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    err_print(err, out);
    fclose(out);
    return text;
}

static void prints_what_is_known(void)
{
    static const struct {
        struct mark mark;
        const char *text;
    } cases[] = {
        {{"a.yaml", 3, 7}, "a.yaml:3:7: no 5\n"},
        {{"a.yaml", 3, 0}, "a.yaml:3: no 5\n"},
        {{"a.yaml", 0, 0}, "a.yaml: no 5\n"},
        {{NULL, 3, 7}, "3:7: no 5\n"},
        {{NULL, 0, 0}, "no 5\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err;
        CU_ASSERT_FALSE(err_at(&err, &cases[i].mark, "no %d", 5));
        char *text = printed(&err);
        CU_ASSERT_STRING_EQUAL(text, cases[i].text);
        free(text);
    }
    struct err err;
    CU_ASSERT_FALSE(err_at(&err, NULL, "no %d", 5));
    CU_ASSERT_STRING_EQUAL(err.message, "no 5");
    CU_ASSERT(err.file[0] == '\0' && err.line == 0 && err.column == 0);
}

static void long_messages_end_in_dots(void)
{
    struct err err;
    char text[2000];
    memset(text, 'x', sizeof text);
    for (size_t length = 505; length < 520; length++) {
        err_at(&err, NULL, "%.*s", (int)length, text);
        const size_t kept = strlen(err.message);
        CU_ASSERT_EQUAL(kept, length < sizeof err.message ? length : sizeof err.message - 1);
        const bool dots = strcmp(err.message + kept - 3, "...") == 0;
        CU_ASSERT_EQUAL(dots, length >= sizeof err.message);
    }
}

static void long_paths_keep_their_end(void)
{
    struct err err;
    char path[1000];
    for (size_t i = 0; i < sizeof path; i++)
        path[i] = (char)('a' + i % 26);
    for (size_t length = 250; length < 262; length++) {
        memcpy(path + length - 5, ".yaml", 6);
        err_at(&err, &(struct mark){.file = path, .line = 1, .column = 1}, "x");
        const size_t kept = strlen(err.file);
        CU_ASSERT_EQUAL(kept, length < sizeof err.file ? length : sizeof err.file - 1);
        CU_ASSERT_STRING_EQUAL(err.file + kept - 5, ".yaml");
        CU_ASSERT_EQUAL(strncmp(err.file, "...", 3) == 0, length >= sizeof err.file);
    }
}

void suite_err(void)
{
    CU_pSuite suite = CU_add_suite("err", NULL, NULL);
    CU_add_test(suite, "prints what is known", prints_what_is_known);
    CU_add_test(suite, "long messages end in dots", long_messages_end_in_dots);
    CU_add_test(suite, "long paths keep their end", long_paths_keep_their_end);
}
