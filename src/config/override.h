/* override.h - "--set a.b=c": edits of the YAML tree before it is loaded.
 * A path walks the schema: keys of mappings, and for lists an index, a name (of an entry, or the
 * stem of a group) or
 * "*" for every entry. Mappings and keys that the file lacks are created; list entries are not. The
 * value is YAML. */
#ifndef POOLSIM_CONFIG_OVERRIDE_H
#define POOLSIM_CONFIG_OVERRIDE_H

#include "config/schema.h"
#include "config/yaml_tree.h"

/* Applies "path=value". Errors are placed in the override's own text, as file "--set". */
bool override_apply(struct yaml_tree *tree, const char *text, struct err *err);

/* Whether @path (as in an override, placed at @mark) names something in @tree; the tree stays as it
 * is. */
bool override_find(const struct yaml_tree *tree, const char *path, const struct mark *mark,
                   const struct schema_key **out_key, struct err *err);

#endif
