#include "config/override.h"
#include "base/check.h"
#include "base/units.h"
#include <stdlib.h>
#include <string.h>

enum { SEGMENT_MAX = 64, PATH_MAX_BYTES = 256 };

/* The nodes that the path names so far: several after "*", none where the file lacks a mapping and
 * @tree is NULL. */
struct walk {
    struct yaml_tree *tree; /* to create in; NULL: only look */
    struct yaml_node **nodes;
    size_t n;
    struct mark mark;
    const char *path;
    struct err *err;
};

static bool refuse(const struct walk *walk, const char *message, const char *name)
{
    return err_at(walk->err, &walk->mark, "%s: %s%s", walk->path, name, message);
}

/* Takes the segment up to the next dot. */
static bool next_segment(const struct walk *walk, const char **rest, char segment[SEGMENT_MAX])
{
    const size_t length = strcspn(*rest, ".");
    if (length == 0 || length >= SEGMENT_MAX)
        return refuse(walk, "not a path; write keys with dots between, like run.seed", "");
    memcpy(segment, *rest, length);
    segment[length] = '\0';
    *rest += length + ((*rest)[length] == '.' ? 1 : 0);
    return true;
}

/* Makes @node a mapping: a short form becomes the key that it stands for. */
static bool open_mapping(const struct walk *walk, const struct schema_section *section,
                         struct yaml_node *node)
{
    if (node->kind == YAML_MAP)
        return true;
    if (!section->short_key || node->kind != YAML_SCALAR)
        return node->kind == YAML_SCALAR && !node->text[0]
                   ? (node->kind = YAML_MAP, true)
                   : refuse(walk, " is no mapping in the file", section->name);
    struct yaml_node *map = yaml_new(walk->tree, YAML_MAP, &node->mark);
    if (!yaml_put(walk->tree, map, section->short_key, node, 0))
        return refuse(walk, " is too large", section->name);
    node->kind = YAML_MAP;
    node->first = map->first;
    node->last = map->last;
    node->n = map->n;
    return true;
}

/* From each mapping to its child @key, which is created. */
static bool step_key(struct walk *walk, const struct schema_section *section,
                     const struct schema_key *key)
{
    size_t n = 0;
    for (size_t i = 0; i < walk->n; i++) {
        struct yaml_node *node = walk->nodes[i];
        if (walk->tree && !open_mapping(walk, section, node))
            return false;
        struct yaml_node *child = yaml_get(node, key->name);
        if (!child && walk->tree && key->type == TYPE_SECTION) {
            const struct yaml_node *map = yaml_new(walk->tree, YAML_MAP, &walk->mark);
            if (!yaml_put(walk->tree, node, key->name, map, 0))
                return refuse(walk, " is too large", section->name);
            child = yaml_get(node, key->name);
        }
        if (child)
            walk->nodes[n++] = child;
        else if (key->type == TYPE_LIST)
            return refuse(walk, " has no entries in the file", key->name);
    }
    walk->n = n;
    return true;
}

/* Whether @text is @stem and then decimal digits. */
static bool is_member(const char *text, const char *stem)
{
    const size_t length = strlen(stem);
    return strncmp(text, stem, length) == 0 && text[length] &&
           strspn(text + length, "0123456789") == strlen(text + length);
}

static bool no_entry(const struct walk *walk, const struct yaml_node *list, const char *segment)
{
    for (const struct yaml_node *entry = list->first; entry; entry = entry->next) {
        const struct yaml_node *name = yaml_get(entry, "name");
        if (name && yaml_get(entry, "count") && is_member(segment, name->text))
            return err_at(
                walk->err, &walk->mark,
                "%s: the hosts or devices of a group share their settings; name it \"%s\"",
                walk->path, name->text);
    }
    return err_at(walk->err, &walk->mark,
                  "%s: no entry \"%s\"; give an index below %u, a name or *", walk->path, segment,
                  list->n);
}

/* From a list to the entries that @segment names. */
static bool step_list(struct walk *walk, const char *segment)
{
    uint64_t index;
    if (walk->n != 1 || walk->nodes[0]->kind != YAML_LIST)
        return refuse(walk, "the file has no such list", "");
    struct yaml_node *list = walk->nodes[0];
    if (strcmp(segment, "*") == 0) {
        walk->n = 0;
        walk->nodes = realloc(walk->nodes, (list->n + 1) * sizeof(struct yaml_node *));
        CHECK(walk->nodes);
        for (struct yaml_node *entry = list->first; entry; entry = entry->next)
            walk->nodes[walk->n++] = entry;
        return walk->n > 0 || no_entry(walk, list, segment);
    }
    struct yaml_node *found = NULL;
    if (units_parse_count(segment, &index)) {
        found = yaml_at(list, index);
    } else {
        for (struct yaml_node *entry = list->first; entry && !found; entry = entry->next) {
            const struct yaml_node *name = yaml_get(entry, "name");
            if (name && strcmp(name->text, segment) == 0)
                found = entry;
        }
    }
    if (!found)
        return no_entry(walk, list, segment);
    walk->nodes[0] = found;
    return true;
}

/* Walks all of the path; in the end @walk holds the mappings around the last key, *@out_section
 * their section, or, for a path that ends at a list entry, the error. */
static bool walk_path(struct walk *walk, const struct schema_section **out_section,
                      const struct schema_key **out_key)
{
    const struct schema_section *section = &schema_root;
    const char *rest = walk->path;
    char segment[SEGMENT_MAX], hint[320];

    if (strlen(walk->path) >= PATH_MAX_BYTES)
        return err_at(walk->err, &walk->mark, "longer than any path");
    for (;;) {
        if (!next_segment(walk, &rest, segment))
            return false;
        const struct schema_key *key = schema_find(section, segment);
        if (!key)
            return err_at(walk->err, &walk->mark, "%s: unknown key \"%s\"; %s", walk->path, segment,
                          schema_suggest_key(section, segment, hint, sizeof hint));
        if (!*rest) {
            *out_section = section;
            *out_key = key;
            return true;
        }
        if (key->type != TYPE_SECTION && key->type != TYPE_LIST)
            return refuse(walk, " holds a value; the path ends there", segment);
        if (!step_key(walk, section, key))
            return false;
        section = key->section;
        if (key->type == TYPE_LIST) {
            if (!next_segment(walk, &rest, segment) || !step_list(walk, segment))
                return false;
            if (!*rest)
                return refuse(walk, " is a whole entry; name one of its keys", segment);
        }
    }
}

/* Reads the text after "=", placed where it stands in the override. */
static bool parse_value(struct yaml_tree *tree, const char *text, size_t key_length,
                        struct yaml_node **out_value, struct err *err)
{
    struct yaml_tree *value;
    char *padded = strdup(text);
    CHECK(padded);
    memset(padded, ' ', key_length + 1);
    const bool good = yaml_tree_parse("--set", padded, strlen(padded), &value, err);
    free(padded);
    if (!good)
        return false;
    *out_value = yaml_tree_root(value);
    yaml_tree_adopt(tree, value);
    return true;
}

bool override_apply(struct yaml_tree *tree, const char *text, struct err *err)
{
    const struct mark mark = {.file = "--set", .line = 1, .column = 1};
    const char *equals = strchr(text, '=');
    const struct schema_section *section;
    const struct schema_key *key;
    struct yaml_node *value;

    if (!equals || equals == text)
        return err_at(err, &mark, "\"%.128s\" is not path=value, like run.seed=7", text);
    if (!yaml_tree_root(tree) || yaml_tree_root(tree)->kind != YAML_MAP)
        return true; /* loading will refuse the file itself */
    char *path = strndup(text, (size_t)(equals - text));
    struct walk walk = {.tree = tree, .n = 1, .mark = mark, .path = path, .err = err};
    walk.nodes = malloc(sizeof *walk.nodes);
    CHECK(path && walk.nodes);
    walk.nodes[0] = yaml_tree_root(tree);

    bool good = parse_value(tree, text, strlen(path), &value, err);
    if (good && !value)
        good = refuse(&walk, "no value after =", "");
    good = good && walk_path(&walk, &section, &key);
    for (size_t i = 0; good && i < walk.n; i++)
        good = open_mapping(&walk, section, walk.nodes[i]) &&
               (yaml_put(tree, walk.nodes[i], key->name, value, 0) ||
                refuse(&walk, "the value is too large", ""));
    free(walk.nodes);
    free(path);
    return good;
}

bool override_find(const struct yaml_tree *tree, const char *path, const struct mark *mark,
                   const struct schema_key **out_key, struct err *err)
{
    const struct schema_section *section;
    struct walk walk = {.n = 1, .mark = *mark, .path = path, .err = err};
    walk.nodes = malloc(sizeof *walk.nodes);
    CHECK(walk.nodes);
    walk.nodes[0] = yaml_tree_root(tree);
    const bool good = walk_path(&walk, &section, out_key);
    free(walk.nodes);
    return good;
}
