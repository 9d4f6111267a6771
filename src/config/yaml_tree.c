#include "config/yaml_tree.h"
#include "base/check.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* Nodes and strings live in chunks that are freed together. */
struct chunk {
    struct chunk *next;
    size_t used, size;
    _Alignas(16) char bytes[];
};

struct yaml_tree {
    struct chunk *chunks;
    struct yaml_node *root;
    uint32_t n_nodes;
};

static void *take(struct yaml_tree *tree, size_t size)
{
    enum { CHUNK_BYTES = 1 << 16 };
    size = (size + 15) & ~(size_t)15;
    struct chunk *chunk = tree->chunks;
    if (!chunk || chunk->size - chunk->used < size) {
        const size_t room = size > CHUNK_BYTES ? size : CHUNK_BYTES;
        chunk = malloc(sizeof *chunk + room);
        CHECK(chunk);
        *chunk = (struct chunk){.next = tree->chunks, .size = room};
        tree->chunks = chunk;
    }
    void *memory = chunk->bytes + chunk->used;
    chunk->used += size;
    return memory;
}

const char *yaml_text(struct yaml_tree *tree, const char *text, size_t length)
{
    char *copy = take(tree, length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

struct yaml_node *yaml_new(struct yaml_tree *tree, enum yaml_kind kind, const struct mark *mark)
{
    struct yaml_node *node = take(tree, sizeof *node);
    *node = (struct yaml_node){.kind = kind, .mark = *mark, .text = ""};
    tree->n_nodes++;
    return node;
}

static void append(struct yaml_node *parent, struct yaml_node *child)
{
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    parent->n++;
}

struct yaml_node *yaml_tree_root(const struct yaml_tree *tree)
{
    return tree->root;
}

const char *yaml_kind_name(enum yaml_kind kind)
{
    switch (kind) {
    case YAML_SCALAR:
        return "a value";
    case YAML_LIST:
        return "a list";
    case YAML_MAP:
        return "a mapping";
    }
    return "";
}

struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    if (!map || map->kind != YAML_MAP)
        return NULL;
    struct yaml_node *child = map->first;
    while (child && strcmp(child->key, key) != 0)
        child = child->next;
    return child;
}

struct yaml_node *yaml_at(const struct yaml_node *list, size_t index)
{
    struct yaml_node *child = list ? list->first : NULL;
    while (child && index-- > 0)
        child = child->next;
    return child;
}

struct mark yaml_key_mark(const struct yaml_node *node)
{
    if (!node->key)
        return node->mark;
    return (struct mark){
        .file = node->mark.file, .line = node->key_line, .column = node->key_column};
}

void yaml_tree_free(struct yaml_tree *tree)
{
    if (!tree)
        return;
    for (struct chunk *chunk = tree->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(tree);
}

void yaml_tree_adopt(struct yaml_tree *tree, struct yaml_tree *from)
{
    struct chunk **end = &tree->chunks;
    while (*end)
        end = &(*end)->next;
    *end = from->chunks;
    tree->n_nodes += from->n_nodes;
    free(from);
}

/* A copy of @node alone, without children and outside any chain; strings are shared. */
static struct yaml_node *copy_one(struct yaml_tree *tree, const struct yaml_node *node)
{
    struct yaml_node *copy = yaml_new(tree, node->kind, &node->mark);
    copy->key = node->key;
    copy->key_line = node->key_line;
    copy->key_column = node->key_column;
    copy->text = node->text;
    copy->quoted = node->quoted;
    return copy;
}

enum copy_result { COPY_DONE, COPY_TOO_MANY, COPY_TOO_DEEP };

/* Deep copy; @depth is the number of collections around the copy. */
static enum copy_result copy_all(struct yaml_tree *tree, const struct yaml_node *node,
                                 uint32_t depth, struct yaml_node **out_copy)
{
    struct {
        const struct yaml_node *next; /* next child to copy */
        struct yaml_node *into;
    } stack[YAML_DEPTH_MAX];
    uint32_t top = 0;

    if (tree->n_nodes >= YAML_NODES_MAX)
        return COPY_TOO_MANY;
    struct yaml_node *copy = copy_one(tree, node);
    if (node->kind != YAML_SCALAR) {
        if (depth >= YAML_DEPTH_MAX)
            return COPY_TOO_DEEP;
        stack[top].next = node->first;
        stack[top++].into = copy;
    }
    while (top > 0) {
        const struct yaml_node *child = stack[top - 1].next;
        if (!child) {
            top--;
            continue;
        }
        if (tree->n_nodes >= YAML_NODES_MAX)
            return COPY_TOO_MANY;
        stack[top - 1].next = child->next;
        struct yaml_node *twin = copy_one(tree, child);
        append(stack[top - 1].into, twin);
        if (child->kind == YAML_SCALAR)
            continue;
        if (depth + top >= YAML_DEPTH_MAX)
            return COPY_TOO_DEEP;
        stack[top].next = child->first;
        stack[top++].into = twin;
    }
    *out_copy = copy;
    return COPY_DONE;
}

bool yaml_put(struct yaml_tree *tree, struct yaml_node *map, const char *key,
              const struct yaml_node *value, uint32_t depth)
{
    struct yaml_node *copy;
    CHECK(map->kind == YAML_MAP);
    if (copy_all(tree, value, depth, &copy) != COPY_DONE)
        return false;
    copy->key = yaml_text(tree, key, strlen(key));
    copy->key_line = value->mark.line;
    copy->key_column = value->mark.column;

    struct yaml_node *old = yaml_get(map, key);
    if (!old) {
        append(map, copy);
        return true;
    }
    copy->next = old->next;
    if (map->last == old)
        map->last = copy;
    struct yaml_node **link = &map->first;
    while (*link != old)
        link = &(*link)->next;
    *link = copy;
    return true;
}

/* ---- from libyaml's events to the tree ---- */

struct anchor {
    const char *name;
    const struct yaml_node *node;
    bool open; /* its node is still being read: an alias to it would be a cycle */
};

struct builder {
    struct yaml_tree *tree;
    const char *file;
    struct err *err;
    uint32_t depth; /* open collections */
    struct {
        struct yaml_node *node;
        const char *key; /* read, waiting for its value */
        uint32_t key_line, key_column;
        size_t anchor; /* of the node, or NO_ANCHOR */
    } stack[YAML_DEPTH_MAX];
    struct anchor *anchors;
    size_t n_anchors;
    uint32_t n_documents;
};

static const size_t NO_ANCHOR = SIZE_MAX;

static struct mark mark_of(const struct builder *b, const yaml_mark_t *mark)
{
    return (struct mark){
        .file = b->file, .line = (uint32_t)mark->line + 1, .column = (uint32_t)mark->column + 1};
}

/* @out_anchor: the index of the anchor @name (NULL: none) that now stands for @node. */
static bool add_anchor(struct builder *b, const yaml_char_t *name, const struct yaml_node *node,
                       bool open, size_t *out_anchor)
{
    const char *text = (const char *)name;
    size_t i = 0;
    *out_anchor = NO_ANCHOR;
    if (!text)
        return true;
    while (i < b->n_anchors && strcmp(b->anchors[i].name, text) != 0)
        i++;
    if (i == YAML_ANCHORS_MAX)
        return err_at(b->err, &node->mark, "more than %d anchors", (int)YAML_ANCHORS_MAX);
    if (i == b->n_anchors)
        b->n_anchors++;
    b->anchors[i] = (struct anchor){yaml_text(b->tree, text, strlen(text)), node, open};
    *out_anchor = i;
    return true;
}

/* Hands @node, complete or just begun, to the collection that is open. */
static bool place(struct builder *b, struct yaml_node *node)
{
    if (b->depth == 0) {
        b->tree->root = node;
        return true;
    }
    struct yaml_node *parent = b->stack[b->depth - 1].node;
    if (parent->kind == YAML_LIST) {
        node->key = NULL;
        append(parent, node);
        return true;
    }
    const char **key = &b->stack[b->depth - 1].key;
    if (*key) {
        node->key = *key;
        node->key_line = b->stack[b->depth - 1].key_line;
        node->key_column = b->stack[b->depth - 1].key_column;
        append(parent, node);
        *key = NULL;
        return true;
    }
    if (node->kind != YAML_SCALAR)
        return err_at(b->err, &node->mark, "a key is plain text, not %s",
                      yaml_kind_name(node->kind));
    for (const struct yaml_node *child = parent->first; child; child = child->next)
        if (strcmp(child->key, node->text) == 0)
            return err_at(b->err, &node->mark, "%s: the key is given twice; first in line %u",
                          node->text, child->key_line);
    if (parent->n == YAML_KEYS_MAX)
        return err_at(b->err, &node->mark, "a mapping has at most %d keys", (int)YAML_KEYS_MAX);
    *key = node->text;
    b->stack[b->depth - 1].key_line = node->mark.line;
    b->stack[b->depth - 1].key_column = node->mark.column;
    return true;
}

static bool check_budget(struct builder *b, const struct mark *mark)
{
    if (b->tree->n_nodes < YAML_NODES_MAX)
        return true;
    return err_at(b->err, mark, "more than %d values once aliases are expanded",
                  (int)YAML_NODES_MAX);
}

static bool copy_at(struct builder *b, const struct yaml_node *node, const struct mark *mark,
                    struct yaml_node **out_copy)
{
    switch (copy_all(b->tree, node, b->depth, out_copy)) {
    case COPY_DONE:
        return true;
    case COPY_TOO_MANY:
        return err_at(b->err, mark, "more than %d values once aliases are expanded",
                      (int)YAML_NODES_MAX);
    case COPY_TOO_DEEP:
        break;
    }
    return err_at(b->err, mark, "nested deeper than %d levels once aliases are expanded",
                  (int)YAML_DEPTH_MAX);
}

static bool on_scalar(struct builder *b, const yaml_event_t *event)
{
    const struct mark mark = mark_of(b, &event->start_mark);
    const char *text = (const char *)event->data.scalar.value;
    const size_t length = event->data.scalar.length;
    if (event->data.scalar.tag)
        return err_at(b->err, &mark, "tag \"%s\": tags mean nothing here, leave it out",
                      (const char *)event->data.scalar.tag);
    if (memchr(text, '\0', length))
        return err_at(b->err, &mark, "text holds a NUL character");
    if (!check_budget(b, &mark))
        return false;
    struct yaml_node *node = yaml_new(b->tree, YAML_SCALAR, &mark);
    node->text = yaml_text(b->tree, text, length);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    size_t anchor;
    return add_anchor(b, event->data.scalar.anchor, node, false, &anchor) && place(b, node);
}

static bool on_start(struct builder *b, enum yaml_kind kind, const yaml_event_t *event,
                     const yaml_char_t *anchor, const yaml_char_t *tag)
{
    const struct mark mark = mark_of(b, &event->start_mark);
    if (tag)
        return err_at(b->err, &mark, "tag \"%s\": tags mean nothing here, leave it out",
                      (const char *)tag);
    if (b->depth == YAML_DEPTH_MAX)
        return err_at(b->err, &mark, "nested deeper than %d levels", (int)YAML_DEPTH_MAX);
    if (!check_budget(b, &mark))
        return false;
    struct yaml_node *node = yaml_new(b->tree, kind, &mark);
    size_t index;
    if (!place(b, node) || !add_anchor(b, anchor, node, true, &index))
        return false;
    b->stack[b->depth].node = node;
    b->stack[b->depth].key = NULL;
    b->stack[b->depth].anchor = index;
    b->depth++;
    return true;
}

static bool on_alias(struct builder *b, const yaml_event_t *event)
{
    const struct mark mark = mark_of(b, &event->start_mark);
    const char *name = (const char *)event->data.alias.anchor;
    const struct anchor *anchor = NULL;
    for (size_t i = 0; i < b->n_anchors; i++)
        if (strcmp(b->anchors[i].name, name) == 0)
            anchor = &b->anchors[i];
    if (!anchor)
        return err_at(b->err, &mark, "*%s: no anchor &%s before this line", name, name);
    if (anchor->open)
        return err_at(b->err, &mark,
                      "*%s: the alias stands inside its own anchor, an endless cycle", name);
    struct yaml_node *copy;
    return copy_at(b, anchor->node, &mark, &copy) && place(b, copy);
}

/* Adds to @map what @from has and @map lacks. */
static bool merge_map(struct builder *b, struct yaml_node *map, const struct yaml_node *from)
{
    if (from->kind != YAML_MAP)
        return err_at(b->err, &from->mark,
                      "<<: %s cannot be merged; give a mapping or a list of mappings",
                      yaml_kind_name(from->kind));
    for (const struct yaml_node *child = from->first; child; child = child->next) {
        struct yaml_node *copy = NULL;
        if (yaml_get(map, child->key))
            continue;
        if (map->n == YAML_KEYS_MAX)
            return err_at(b->err, &child->mark, "a mapping has at most %d keys",
                          (int)YAML_KEYS_MAX);
        if (!copy_at(b, child, &child->mark, &copy))
            return false;
        CHECK(copy);
        append(map, copy);
    }
    return true;
}

/* Takes the merge key out of a finished mapping; the mapping's own keys win, then earlier merges.
 */
static bool apply_merge(struct builder *b, struct yaml_node *map)
{
    struct yaml_node *before = NULL, *merge = map->first;
    while (merge && strcmp(merge->key, "<<") != 0) {
        before = merge;
        merge = merge->next;
    }
    if (!merge)
        return true;
    if (before)
        before->next = merge->next;
    else
        map->first = merge->next;
    if (map->last == merge)
        map->last = before;
    map->n--;
    if (merge->kind != YAML_LIST)
        return merge_map(b, map, merge);
    for (const struct yaml_node *from = merge->first; from; from = from->next)
        if (!merge_map(b, map, from))
            return false;
    return true;
}

static bool on_end(struct builder *b)
{
    CHECK(b->depth > 0);
    const size_t anchor = b->stack[b->depth - 1].anchor;
    struct yaml_node *node = b->stack[b->depth - 1].node;
    if (anchor != NO_ANCHOR && b->anchors[anchor].node == node)
        b->anchors[anchor].open = false;
    b->depth--;
    return node->kind != YAML_MAP || apply_merge(b, node);
}

static bool on_document(struct builder *b, const yaml_event_t *event)
{
    const struct mark mark = mark_of(b, &event->start_mark);
    if (b->n_documents++ > 0)
        return err_at(b->err, &mark, "a second document begins; a file describes one simulation");
    return true;
}

static bool on_event(struct builder *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return on_document(b, event);
    case YAML_SCALAR_EVENT:
        return on_scalar(b, event);
    case YAML_ALIAS_EVENT:
        return on_alias(b, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(b, YAML_LIST, event, event->data.sequence_start.anchor,
                        event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return on_start(b, YAML_MAP, event, event->data.mapping_start.anchor,
                        event->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_end(b);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return true;
}

/* The character at a place, to explain libyaml's refusals. */
static char char_at(const char *text, size_t length, const yaml_mark_t *mark)
{
    size_t line = 0, column = 0;
    for (size_t i = 0; i < length; i++) {
        if (line == mark->line && column == mark->column)
            return text[i];
        if (text[i] == '\n') {
            line++;
            column = 0;
        } else if (((unsigned char)text[i] & 0xC0) != 0x80) {
            column++;
        }
    }
    return '\0';
}

static bool refuse(const struct builder *b, const yaml_parser_t *parser, const char *text,
                   size_t length)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return err_at(b->err, NULL, "out of memory");
    struct mark mark = mark_of(b, &parser->problem_mark);
    if (parser->error != YAML_READER_ERROR) {
        const bool tab = char_at(text, length, &parser->problem_mark) == '\t';
        return err_at(b->err, &mark, "not YAML: %s%s%s%s", parser->context ? parser->context : "",
                      parser->context ? ", " : "", parser->problem,
                      tab ? " (a tab: indent with spaces)" : "");
    }
    /* libyaml gives only an offset here */
    mark.line = mark.column = 1;
    for (size_t i = 0; i < parser->problem_offset && i < length; i++) {
        if (text[i] == '\n') {
            mark.line++;
            mark.column = 1;
        } else if (((unsigned char)text[i] & 0xC0) != 0x80) {
            mark.column++;
        }
    }
    return err_at(b->err, &mark, "byte 0x%02x: %s; a configuration is UTF-8 text",
                  parser->problem_offset < length ? (unsigned char)text[parser->problem_offset]
                                                  : 0U,
                  parser->problem);
}

bool yaml_tree_parse(const char *file, const char *text, size_t length, struct yaml_tree **out_tree,
                     struct err *err)
{
    struct builder b = {.file = file, .err = err};
    yaml_parser_t parser;
    bool good = true, done = false;

    if (length > YAML_BYTES_MAX)
        return err_at(err, &(struct mark){.file = file}, "longer than %d MiB",
                      (int)(YAML_BYTES_MAX >> 20));
    b.tree = calloc(1, sizeof *b.tree);
    b.anchors = calloc(YAML_ANCHORS_MAX, sizeof *b.anchors);
    CHECK(b.tree && b.anchors);
    CHECK(yaml_parser_initialize(&parser));
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    while (good && !done) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            good = refuse(&b, &parser, text, length);
            break;
        }
        done = event.type == YAML_STREAM_END_EVENT;
        good = on_event(&b, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    free(b.anchors);
    if (good)
        *out_tree = b.tree;
    else
        yaml_tree_free(b.tree);
    return good;
}

bool yaml_tree_read(const char *path, struct yaml_tree **out_tree, struct err *err)
{
    const struct mark mark = {.file = path};
    FILE *file = fopen(path, "rb");
    if (!file)
        return err_at(err, &mark, "cannot be opened: %s", strerror(errno));
    char *text = malloc(YAML_BYTES_MAX + 1);
    CHECK(text);
    const size_t length = fread(text, 1, YAML_BYTES_MAX + 1, file);
    const bool good = ferror(file) ? err_at(err, &mark, "cannot be read: %s", strerror(errno))
                                   : yaml_tree_parse(path, text, length, out_tree, err);
    free(text);
    fclose(file);
    return good;
}
