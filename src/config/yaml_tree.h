/* yaml_tree.h - one YAML document as a tree of nodes that know their place (YAML 1.1 as libyaml
 * reads it). Aliases are expanded into copies and merge keys ("<<") are applied, so that a reader
 * sees plain mappings, lists and scalars, and may edit one without touching another. A copy keeps
 * the place of what it was copied from. Refused, each with its place: what libyaml refuses, text
 * that is not UTF-8, a second document, doubled keys, keys that are not scalars, tags, cycles of
 * aliases, and whatever exceeds the limits below. */
#ifndef POOLSIM_CONFIG_YAML_TREE_H
#define POOLSIM_CONFIG_YAML_TREE_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    YAML_BYTES_MAX = 4 << 20, /* length of a file */
    YAML_DEPTH_MAX = 64,      /* nesting, after aliases are expanded */
    YAML_NODES_MAX = 1 << 20, /* nodes, after aliases are expanded */
    YAML_KEYS_MAX = 256,      /* keys of one mapping */
    YAML_ANCHORS_MAX = 1024,
};

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

/* Children form a chain in the order of the file; in a mapping each child carries its key. */
struct yaml_node {
    const char *key;  /* NULL unless the parent is a mapping */
    const char *text; /* scalar: its value, never NULL */
    struct yaml_node *first, *last, *next;
    struct mark mark; /* where the value begins */
    uint32_t key_line, key_column;
    uint32_t n; /* children */
    enum yaml_kind kind;
    bool quoted; /* scalar written in quotes or as a block */
};

struct yaml_tree;

/* Reads @length bytes of @text. @file is what marks name; it is borrowed and must outlive the tree
 * and every copy of its marks. A document without content gives a tree whose root is NULL. Free
 * with yaml_tree_free. */
bool yaml_tree_parse(const char *file, const char *text, size_t length, struct yaml_tree **out_tree,
                     struct err *err);
/* The same from the file @path, which is borrowed as @file is. */
bool yaml_tree_read(const char *path, struct yaml_tree **out_tree, struct err *err);
void yaml_tree_free(struct yaml_tree *tree);

struct yaml_node *yaml_tree_root(const struct yaml_tree *tree);
const char *yaml_kind_name(enum yaml_kind kind); /* "a value", "a list", "a mapping" */

/* The child of mapping @map under @key, or NULL; also NULL when @map is NULL or no mapping. */
struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* Child @index of a list or mapping, or NULL. */
struct yaml_node *yaml_at(const struct yaml_node *list, size_t index);
/* The place of the key, which for a list's child is that of its value. */
struct mark yaml_key_mark(const struct yaml_node *node);

/* Editing, for overrides. Nodes and strings belong to the tree. */
struct yaml_node *yaml_new(struct yaml_tree *tree, enum yaml_kind kind, const struct mark *mark);
const char *yaml_text(struct yaml_tree *tree, const char *text, size_t length);
/* Moves the nodes and strings of @from, which is freed, to @tree; its root stays outside any chain.
 */
void yaml_tree_adopt(struct yaml_tree *tree, struct yaml_tree *from);
/* Puts a deep copy of @value under @key of @map, in place of what was there. False when the node
 * budget is spent or the copy would nest too deep below @depth. */
bool yaml_put(struct yaml_tree *tree, struct yaml_node *map, const char *key,
              const struct yaml_node *value, uint32_t depth);

#endif
