#include "config/names.h"
#include "base/check.h"
#include "base/units.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = {"host", "switch", "device"};

void names_add(struct names *names, const struct name *name)
{
    if (names->n == names->size) {
        names->size = names->size ? 2 * names->size : 64;
        names->all = realloc(names->all, names->size * sizeof *names->all);
        CHECK(names->all);
    }
    names->all[names->n++] = *name;
}

/* By text, then by place, so that of two equal names the later one is at fault. */
static int compare(const void *a, const void *b)
{
    const struct name *left = a, *right = b;
    const int order = strcmp(left->text, right->text);
    if (order)
        return order;
    if (left->mark.line != right->mark.line)
        return left->mark.line < right->mark.line ? -1 : 1;
    return left->mark.column < right->mark.column ? -1 : left->mark.column > right->mark.column;
}

bool names_finish(struct names *names, struct err *err)
{
    if (names->n > 0)
        qsort(names->all, names->n, sizeof *names->all, compare);
    for (size_t i = 1; i < names->n; i++) {
        const struct name *first = &names->all[i - 1], *second = &names->all[i];
        if (strcmp(first->text, second->text) == 0)
            return err_at(err, &second->mark, "the name \"%s\" is taken by a %s in line %u",
                          second->text, kind_names[first->kind], first->mark.line);
    }
    return true;
}

void names_fini(struct names *names)
{
    free(names->all);
    *names = (struct names){0};
}

static int compare_text(const void *text, const void *name)
{
    return strcmp(text, ((const struct name *)name)->text);
}

struct resolver {
    const struct names *names;
    enum name_kind kind;
    const char *path;
    const struct mark *mark;
    struct err *err;
    uint32_t *list;
    uint32_t n, size;
};

static bool add_name(struct resolver *r, const char *text)
{
    const struct name *name =
        r->names->n ? bsearch(text, r->names->all, r->names->n, sizeof *name, compare_text) : NULL;
    if (!name)
        return err_at(r->err, r->mark, "%s: there is no %s \"%s\"", r->path, kind_names[r->kind],
                      text);
    if (name->kind != r->kind)
        return err_at(r->err, r->mark, "%s: \"%s\" is a %s, not a %s", r->path, text,
                      kind_names[name->kind], kind_names[r->kind]);
    if (name->n > NAMES_MAX - r->n)
        return err_at(r->err, r->mark, "%s: more than %d names", r->path, (int)NAMES_MAX);
    while (r->size - r->n < name->n) {
        r->size = r->size ? 2 * r->size : 16;
        r->list = realloc(r->list, r->size * sizeof *r->list);
        CHECK(r->list);
    }
    for (uint32_t i = 0; i < name->n; i++)
        r->list[r->n++] = name->first + i;
    return true;
}

/* "user0..user3", both with the same stem. */
static bool add_range(struct resolver *r, const char *text, const char *dots)
{
    size_t stem = (size_t)(dots - text);
    while (stem > 0 && text[stem - 1] >= '0' && text[stem - 1] <= '9')
        stem--;
    const char *from_digits = text + stem;
    const char *to = dots + 2;
    char number[64];
    uint64_t first, last;
    const size_t digits = (size_t)(dots - from_digits);
    if (stem == 0 || digits == 0 || digits > 9 || strncmp(text, to, stem) != 0 ||
        strlen(to + stem) > 9)
        return err_at(r->err, r->mark, "%s: \"%s\" is not a range of names; write user0..user3",
                      r->path, text);
    snprintf(number, sizeof number, "%.*s..%s", (int)digits, from_digits, to + stem);
    if (!units_parse_range(number, &first, &last) || last - first >= NAMES_MAX)
        return err_at(r->err, r->mark, "%s: \"%s\" is not a range of names; write user0..user3",
                      r->path, text);
    for (uint64_t k = first; k <= last; k++) {
        char name[128];
        snprintf(name, sizeof name, "%.*s%" PRIu64, (int)stem, text, k);
        if (!add_name(r, name))
            return false;
    }
    return true;
}

static bool add_item(struct resolver *r, const char *item)
{
    if (strlen(item) >= 100)
        return err_at(r->err, r->mark, "%s: \"%.100s...\" is longer than a name", r->path, item);
    const char *dots = strstr(item, "..");
    return dots ? add_range(r, item, dots) : add_name(r, item);
}

bool names_resolve(const struct names *names, enum name_kind kind, const char *text,
                   const char *path, const struct mark *mark, uint32_t **out_list, uint32_t *out_n,
                   struct err *err)
{
    struct resolver r = {
        .names = names, .kind = kind, .path = path, .mark = mark, .err = err, .list = NULL};
    char *copy = strdup(text), *rest = copy;
    CHECK(copy);
    bool good = true;
    while (good && rest) {
        char *item = strsep(&rest, ",");
        item += strspn(item, " ");
        size_t length = strlen(item);
        while (length > 0 && item[length - 1] == ' ')
            item[--length] = '\0';
        good = add_item(&r, item);
    }
    free(copy);
    if (!good) {
        free(r.list);
        return false;
    }
    *out_list = r.list;
    *out_n = r.n;
    return true;
}
