/* The documents against the tree: the YAML in README.md loads, its command lines load what they
 * name with the overrides that they give, and every file, make target and subcommand that a
 * document names exists. Nothing that a user can call is missing from README.md.
 * Not pinned: the prose, and the excerpts of output. */
#include "config/config.h"

#include "base/check.h"

#include <CUnit/CUnit.h>
#include <ctype.h>
#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void suite_readme(void);

static const char readme[] = "README.md";

/* What a path is written with; a star stands for any number of files. */
static const char path_chars[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./*";
static const char word_chars[] = "abcdefghijklmnopqrstuvwxyz-";

static char *read_file(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CHECK(getdelim(&text, &size, '\0', file) > 0);
    fclose(file);
    return text;
}

static void complain(const char *document, const char *what, const char *text)
{
    fprintf(stderr, "%s: %s \"%s\"\n", document, what, text);
    CU_FAIL("a document and the tree disagree");
}

/* ---- fenced blocks ---- */

struct block {
    char language[8];
    const char *text;
    size_t length;
};

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end ? end + 1 : line + strlen(line);
}

/* The next ``` block from *@at on, which moves behind it. */
static bool next_block(const char **at, struct block *out)
{
    const char *line = *at;
    while (*line && strncmp(line, "```", 3) != 0)
        line = next_line(line);
    if (!*line)
        return false;
    snprintf(out->language, sizeof out->language, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
    out->text = next_line(line);
    const char *end = out->text;
    while (*end && strncmp(end, "```", 3) != 0)
        end = next_line(end);
    CU_ASSERT_FATAL(*end != '\0');
    out->length = (size_t)(end - out->text);
    *at = next_line(end);
    return true;
}

/* ---- YAML ---- */

/* A block that begins with "name:" is a whole configuration; one that does not goes on with the
 * last that does. */
struct example {
    char name[64];
    char *text; /* with all that goes on with it; owned */
};

enum { EXAMPLES = 8 };

static void load_text(const struct example *example, size_t n_sets, const char *const *sets)
{
    struct config *config = NULL;
    struct err err;
    if (config_load_text(readme, example->text, strlen(example->text), n_sets, sets, &config,
                         &err)) {
        config_free(config);
        return;
    }
    err_print(&err, stderr);
    complain(readme, "does not load:", example->text);
}

/* Loads every YAML block of @text; returns how many examples there are. */
static size_t load_examples(const char *text, struct example examples[EXAMPLES])
{
    size_t n = 0;
    struct block block;
    while (next_block(&text, &block)) {
        if (strcmp(block.language, "yaml") != 0)
            continue;
        char *whole = NULL;
        if (sscanf(block.text, "name: %63s", examples[n].name) == 1) {
            CU_ASSERT_FATAL(n + 1 < EXAMPLES);
            CHECK(asprintf(&whole, "%.*s", (int)block.length, block.text) > 0);
            n++;
        } else {
            CU_ASSERT_FATAL(n > 0);
            char *before = examples[n - 1].text;
            CHECK(asprintf(&whole, "%s%.*s", before, (int)block.length, block.text) > 0);
            free(before);
        }
        examples[n - 1].text = whole;
        load_text(&examples[n - 1], 0, NULL);
    }
    return n;
}

static void test_yaml_loads(void)
{
    struct example examples[EXAMPLES];
    char *text = read_file(readme);
    size_t n = load_examples(text, examples);
    CU_ASSERT(n > 0);
    while (n > 0)
        free(examples[--n].text);
    free(text);
}

/* ---- command lines ---- */

enum { WORDS = 32 };

static bool takes_argument(const char *option)
{
    static const char *const options[] = {"--set", "--seed", "-o", "-j"};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (strcmp(option, options[i]) == 0)
            return true;
    return false;
}

/* The shell's word without its quotes; NULL at the end of the command. */
static char *next_word(char **rest)
{
    char *word = strtok_r(NULL, " ", rest);
    if (!word || strchr("|>#&", *word))
        return NULL;
    if (*word == '\'' && word[strlen(word) - 1] == '\'') {
        word[strlen(word) - 1] = '\0';
        word++;
    }
    return word;
}

/* A file that is wrong on purpose: README.md shows what is said about it. */
static void refuse_file(const char *file, const struct err *err)
{
    char message[1024];
    snprintf(message, sizeof message, "\n%s:%" PRIu32 ":%" PRIu32 ": %s\n", file, err->line,
             err->column, err->message);
    char *text = read_file(readme);
    if (!strstr(text, message))
        complain(readme, "does not show the message", message);
    free(text);
}

/* @file is there, or it is DIR/NAME.yaml of an example. */
static void load_file(const char *file, const struct example *examples, size_t n_examples,
                      size_t n_sets, const char *const *sets)
{
    const char *base = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
    for (size_t i = 0; i < n_examples; i++) {
        const size_t length = strlen(examples[i].name);
        if (strncmp(base, examples[i].name, length) == 0 && !strcmp(base + length, ".yaml")) {
            load_text(&examples[i], n_sets, sets);
            return;
        }
    }
    struct config *config = NULL;
    struct err err;
    if (config_load(file, n_sets, sets, &config, &err)) {
        config_free(config);
        if (strstr(file, "/bad/"))
            complain(readme, "loads, but should not:", file);
    } else if (strstr(file, "/bad/")) {
        refuse_file(file, &err);
    } else {
        err_print(&err, stderr);
        complain(readme, "a command does not load", file);
    }
}

/* Loads what one line "build/poolsim ..." would; false if it takes no file. */
static bool try_command(char *line, const struct example *examples, size_t n_examples)
{
    const char *sets[WORDS], *file = NULL;
    size_t n_sets = 0;
    char *rest = NULL;
    strtok_r(line, " ", &rest);
    const char *subcommand = next_word(&rest);
    if (!subcommand || *subcommand == '-' || strcmp(subcommand, "schema") == 0)
        return false;
    for (const char *word; (word = next_word(&rest));) {
        const char *argument = takes_argument(word) ? next_word(&rest) : NULL;
        if (strcmp(word, "--set") == 0 && n_sets < WORDS)
            sets[n_sets++] = argument;
        else if (*word != '-')
            file = word;
    }
    if (!file)
        complain(readme, "a command without a file:", subcommand);
    else
        load_file(file, examples, n_examples, n_sets, sets);
    return true;
}

static void test_commands_load(void)
{
    static const char program[] = "build/poolsim ";
    struct example examples[EXAMPLES];
    char *text = read_file(readme);
    size_t n_examples = load_examples(text, examples);
    unsigned tried = 0;
    struct block block;
    for (const char *at = text; next_block(&at, &block);) {
        const char *end = block.text + block.length;
        if (strcmp(block.language, "sh") != 0)
            continue;
        for (const char *line = block.text; line < end; line = next_line(line)) {
            if (strncmp(line, program, sizeof program - 1) != 0)
                continue;
            char *copy = strndup(line, strcspn(line, "\n"));
            CHECK(copy);
            tried += try_command(copy, examples, n_examples);
            free(copy);
        }
    }
    CU_ASSERT(tried >= 3);
    while (n_examples > 0)
        free(examples[--n_examples].text);
    free(text);
}

/* ---- files ---- */

static bool exists(const char *path)
{
    glob_t found;
    bool is_there = glob(path, GLOB_NOSORT, NULL, &found) == 0;
    globfree(&found);
    return is_there;
}

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* Whether a word with a slash means a file of the tree, and not a unit or a file that a run
 * writes. */
static bool is_path(const char *word)
{
    static const char *const folders[] = {"src/", "tests/", "configs/", ".ci/"};
    static const char *const ends[] = {".c", ".h", ".yaml", ".sh"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (strncmp(word, folders[i], strlen(folders[i])) == 0)
            return true;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_in(word, ends[i]))
            return strncmp(word, "build/", 6) != 0;
    return false;
}

/* Paths start at the top of the tree, or at the document's own @folder. */
static unsigned check_paths(const char *folder)
{
    char document[64], path[256], below[320];
    snprintf(document, sizeof document, "%s%s", folder, readme);
    char *text = read_file(document);
    unsigned n = 0;
    for (const char *at = text; *at;) {
        size_t length = strspn(at, path_chars);
        snprintf(path, sizeof path, "%.*s", (int)length, at);
        at += length + (length == 0);
        while (ends_in(path, "."))
            path[strlen(path) - 1] = '\0';
        if (!strchr(path, '/') || !is_path(path))
            continue;
        n++;
        snprintf(below, sizeof below, "%s%s", folder, path);
        if (!exists(path) && !exists(below))
            complain(document, "there is no", path);
    }
    free(text);
    return n;
}

static void test_files_exist(void)
{
    CU_ASSERT(check_paths("") >= 10);
    CU_ASSERT(check_paths("src/") >= 10);
    CU_ASSERT(check_paths("tests/") >= 3);
    CU_ASSERT(is_path("configs/none.yaml") && !exists("configs/none.yaml"));
}

/* ---- make targets and subcommands ---- */

/* The lower-case word at @at in @out; "" if there is none or it is a variable. */
static const char *word_at(const char *at, char out[32])
{
    size_t length = strspn(at, word_chars);
    bool is_word = length < 32 && !isalnum((unsigned char)at[length]) && at[length] != '=';
    snprintf(out, 32, "%.*s", is_word ? (int)length : 0, at);
    return out;
}

/* Whether @text holds @before, @word and @after in a row. */
static bool holds(const char *text, const char *before, const char *word, const char *after)
{
    char pattern[128];
    snprintf(pattern, sizeof pattern, "%s%s%s", before, word, after);
    return strstr(text, pattern) != NULL;
}

/* Every word behind @call in @document is defined in @source, between @before and @after. */
static unsigned check_calls(const char *document, const char *call, const char *source,
                            const char *before, const char *after)
{
    char word[32];
    char *text = read_file(document), *definitions = read_file(source);
    unsigned n = 0;
    for (const char *at = text; (at = strstr(at, call)); at++) {
        if (!*word_at(at + strlen(call), word))
            continue;
        n++;
        if (*word != '-' && !holds(definitions, before, word, after))
            complain(document, call, word);
    }
    free(text);
    free(definitions);
    return n;
}

/* The other way round: README.md says "@call word" for every line of @source that begins with
 * @before, a word and @after. */
static unsigned check_complete(const char *source, const char *before, const char *after,
                               const char *mark, const char *call)
{
    char word[32];
    char *text = read_file(readme), *definitions = read_file(source);
    unsigned n = 0;
    for (const char *line = definitions; *line; line = next_line(line)) {
        const char *end = next_line(line), *marked = strstr(line, mark);
        if (strncmp(line, before, strlen(before)) != 0 || !marked || marked >= end)
            continue;
        word_at(line + strlen(before), word);
        if (!*word || strncmp(line + strlen(before) + strlen(word), after, strlen(after)) != 0)
            continue;
        n++;
        if (!holds(text, call, word, ""))
            complain(readme, "does not mention", word);
    }
    free(text);
    free(definitions);
    return n;
}

static void test_make_targets(void)
{
    CU_ASSERT(check_calls(readme, "`make ", "Makefile", "\n", ":") > 0);
    CU_ASSERT(check_calls(readme, "\nmake ", "Makefile", "\n", ":") > 0);
    check_calls("tests/README.md", "`make ", "Makefile", "\n", ":");
    CU_ASSERT(check_complete("Makefile", "", ":", "## ", "make ") >= 5);
}

static void test_subcommands(void)
{
    CU_ASSERT(check_calls(readme, "`poolsim ", "src/main.c", "\n    {\"", "\",") > 0);
    CU_ASSERT(check_calls(readme, "build/poolsim ", "src/main.c", "\n    {\"", "\",") > 0);
    CU_ASSERT(check_complete("src/main.c", "    {\"", "\",", "", "poolsim ") >= 5);
}

void suite_readme(void)
{
    CU_pSuite suite = CU_add_suite("readme", NULL, NULL);
    CU_add_test(suite, "its YAML loads", test_yaml_loads);
    CU_add_test(suite, "its commands load their files", test_commands_load);
    CU_add_test(suite, "files that are named exist", test_files_exist);
    CU_add_test(suite, "make targets exist and are named", test_make_targets);
    CU_add_test(suite, "subcommands exist and are named", test_subcommands);
}
