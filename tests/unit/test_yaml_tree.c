/* The tree of a YAML text. Its refusals are pinned by tests/data/bad; here is what it must
 * understand, its limits, and that random text neither crashes it nor leaks. */
#include "config/yaml_tree.h"
#include "splitmix.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

void suite_yaml_tree(void);

/* One line for a tree: {a: 1, b: [2, 3]}; the tree's depth limit bounds the recursion. */
static void show(const struct yaml_node *node, FILE *out) /* NOLINT(misc-no-recursion) */
{
    if (!node) {
        fputs("none", out);
        return;
    }
    if (node->kind == YAML_SCALAR) {
        fprintf(out, node->quoted ? "'%s'" : "%s", node->text);
        return;
    }
    uint32_t n = 0;
    fputs(node->kind == YAML_LIST ? "[" : "{", out);
    for (const struct yaml_node *child = node->first; child; child = child->next, n++) {
        fprintf(out, "%s%s%s", n ? ", " : "", child->key ? child->key : "", child->key ? ": " : "");
        show(child, out);
    }
    CU_ASSERT_EQUAL(n, node->n);
    fputs(node->kind == YAML_LIST ? "]" : "}", out);
}

static bool parse(const char *text, struct yaml_tree **out_tree, struct err *err)
{
    return yaml_tree_parse("t.yaml", text, strlen(text), out_tree, err);
}

static void understands(void)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"", "none"},
        {"# only a comment\n", "none"},
        {"a", "a"},
        {"a: 1\nb: [2, 'x', {c: \"d e\"}]\n", "{a: 1, b: [2, 'x', {c: 'd e'}]}"},
        {"a:\n- 1\n- 2\n", "{a: [1, 2]}"},
        {"a: |\n  two\n  lines\n", "{a: 'two\nlines\n'}"},
        {"a:\nb: ~\n", "{a: , b: ~}"},
        {"a: &x 1\nb: *x\n", "{a: 1, b: 1}"},
        {"a: &x [1, 2]\nb: {c: *x}\n", "{a: [1, 2], b: {c: [1, 2]}}"},
        {"a: &x 1\nb: &x 2\nc: *x\n", "{a: 1, b: 2, c: 2}"},
        {"a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\n", "{a: {p: 1, q: 2}, b: {q: 3, p: 1}}"},
        {"b: {q: 3, <<: {p: 1, q: 2}}\n", "{b: {q: 3, p: 1}}"},
        {"b: {<<: [{p: 1}, {p: 2, r: 4}]}\n", "{b: {p: 1, r: 4}}"},
        {"b: {<<: {<<: {p: 1}, q: 2}}\n", "{b: {q: 2, p: 1}}"},
        {"b: {<<: {}}\n", "{b: {}}"},
        {"\xEF\xBB\xBF"
         "caf\xC3\xA9: \xE2\x82\xAC\n",
         "{caf\xC3\xA9: \xE2\x82\xAC}"},
        {"---\na: 1\n...\n", "{a: 1}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct yaml_tree *tree = NULL;
        struct err err;
        CU_ASSERT_TRUE_FATAL(parse(cases[i].text, &tree, &err));
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        show(yaml_tree_root(tree), out);
        fclose(out);
        CU_ASSERT_STRING_EQUAL(text, cases[i].shown);
        free(text);
        yaml_tree_free(tree);
    }
}

static void marks_are_where_things_stand(void)
{
    struct yaml_tree *tree = NULL;
    struct err err;
    CU_ASSERT_TRUE_FATAL(parse("a: 1\nbc:\n  - x\n  - {d: &n 5}\ne: *n\n", &tree, &err));
    const struct yaml_node *root = yaml_tree_root(tree), *list = yaml_get(root, "bc");
    const struct yaml_node *d = yaml_get(yaml_at(list, 1), "d");
    CU_ASSERT(root->mark.line == 1 && root->mark.column == 1);
    CU_ASSERT(list->key_line == 2 && list->key_column == 1);
    CU_ASSERT(list->mark.line == 3 && list->mark.column == 3);
    CU_ASSERT(d->mark.line == 4 && d->mark.column == 9);
    CU_ASSERT_STRING_EQUAL(d->mark.file, "t.yaml");
    const struct yaml_node *e = yaml_get(root, "e"); /* an alias stands where its anchor does */
    CU_ASSERT(e->mark.line == 4 && e->key_line == 5);
    CU_ASSERT_PTR_NULL(yaml_at(list, 2));
    CU_ASSERT_PTR_NULL(yaml_get(root, "none"));
    CU_ASSERT_PTR_NULL(yaml_get(list, "a"));
    CU_ASSERT_PTR_NULL(yaml_get(NULL, "a"));
    yaml_tree_free(tree);
}

static void edits_touch_one_copy(void)
{
    struct yaml_tree *tree = NULL;
    struct err err;
    CU_ASSERT_TRUE_FATAL(parse("a: &x {p: 1, q: 2}\nb: *x\n", &tree, &err));
    struct yaml_node *root = yaml_tree_root(tree), *b = yaml_get(root, "b");
    CU_ASSERT_TRUE(yaml_put(tree, b, "p", yaml_get(root, "a"), 0)); /* in place of the first */
    CU_ASSERT_TRUE(yaml_put(tree, b, "r", yaml_get(yaml_get(root, "a"), "q"), 0));
    CU_ASSERT_STRING_EQUAL(yaml_get(yaml_get(root, "a"), "p")->text, "1");
    CU_ASSERT_STRING_EQUAL(b->first->key, "p");
    CU_ASSERT_STRING_EQUAL(yaml_get(b->first, "q")->text, "2");
    CU_ASSERT_STRING_EQUAL(b->last->key, "r");
    CU_ASSERT_EQUAL(b->n, 3);
    yaml_tree_free(tree);
}

/* @n times @piece, between @before and @after; owned by the caller. */
static char *repeat(const char *before, const char *piece, size_t n, const char *after)
{
    char *text = malloc(strlen(before) + n * strlen(piece) + strlen(after) + 1);
    char *end = stpcpy(text, before);
    for (size_t i = 0; i < n; i++)
        end = stpcpy(end, piece);
    stpcpy(end, after);
    return text;
}

static void limits(void)
{
    static const struct {
        const char *before, *piece, *after;
        size_t most;
    } cases[] = {
        {"", "[", "", YAML_DEPTH_MAX}, /* whose error is then the missing end */
        {"#", "x", "\n", YAML_BYTES_MAX - 2},
        {"[", "a,", "]", YAML_NODES_MAX - 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t over = 0; over < 2; over++) {
            char *text =
                repeat(cases[i].before, cases[i].piece, cases[i].most + over, cases[i].after);
            struct yaml_tree *tree = NULL;
            struct err err = {.message = ""};
            const bool good = parse(text, &tree, &err);
            CU_ASSERT_EQUAL(good, over == 0 && i > 0);
            if (i == 0)
                CU_ASSERT_EQUAL(strstr(err.message, "deeper") != NULL, over == 1);
            if (good)
                yaml_tree_free(tree);
            else
                CU_ASSERT_PTR_NULL(tree);
            free(text);
        }
}

static void files(void)
{
    struct yaml_tree *tree = NULL;
    struct err err;
    CU_ASSERT_FALSE(yaml_tree_read("tests/data/no-such-file.yaml", &tree, &err));
    CU_ASSERT_STRING_EQUAL(err.file, "tests/data/no-such-file.yaml");
    CU_ASSERT_STRING_EQUAL(err.message, "cannot be opened: No such file or directory");
    CU_ASSERT_FALSE(yaml_tree_read("tests/data", &tree, &err));
    CU_ASSERT_STRING_EQUAL(err.message, "cannot be read: Is a directory");
    CU_ASSERT_PTR_NULL(tree);
    CU_ASSERT_TRUE_FATAL(yaml_tree_read("tests/data/good/minimal.yaml", &tree, &err));
    CU_ASSERT_PTR_NOT_NULL(yaml_get(yaml_tree_root(tree), "hosts"));
    yaml_tree_free(tree);
}

static void random_text_is_safe(void)
{
    static const char *const pieces[] = {"a", "b: ", "- ",  "\n",    "  ",  "[",    "]",
                                         "{", "}",   ", ",  "&x ",   "*x ", "<<: ", "\"",
                                         "'", "# ",  "|\n", "---\n", "? ",  "1",    ":"};
    uint64_t state = 3;
    for (unsigned n = 0; n < 20000; n++) {
        char text[256] = "", *end = text;
        struct yaml_tree *tree = NULL;
        struct err err = {.line = 0};
        for (size_t length = splitmix(&state) % 24; length > 0; length--)
            end = stpcpy(end, pieces[splitmix(&state) % (sizeof pieces / sizeof *pieces)]);
        if (parse(text, &tree, &err))
            yaml_tree_free(tree);
        else
            CU_ASSERT(err.line > 0 && err.column > 0 && err.message[0]);
    }
}

void suite_yaml_tree(void)
{
    CU_pSuite suite = CU_add_suite("yaml_tree", NULL, NULL);
    CU_add_test(suite, "understands", understands);
    CU_add_test(suite, "marks are where things stand", marks_are_where_things_stand);
    CU_add_test(suite, "edits touch one copy", edits_touch_one_copy);
    CU_add_test(suite, "limits", limits);
    CU_add_test(suite, "files", files);
    CU_add_test(suite, "random text is safe", random_text_is_safe);
}
