/* value.h - from YAML nodes to the fields that the schema's rows describe, and back to text. */
#ifndef POOLSIM_CONFIG_VALUE_H
#define POOLSIM_CONFIG_VALUE_H

#include "config/schema.h"

enum { VALUE_TEXT_MAX = 64 };

/* Where reading stands. Messages begin with @path, which is written as for --set. */
struct value_reader {
    struct yaml_tree *tree; /* takes joined texts */
    const char *folder;     /* relative file names start here: "" or ending in a slash */
    struct err *err;
    size_t path_length;
    char path[192];
};

/* Refuses: "path: message" at @mark. Returns false. */
bool value_refuse(const struct value_reader *reader, const struct mark *mark, const char *format,
                  ...) __attribute__((format(printf, 3, 4)));

/* Adds @name to the path ("a" to "a.b"); returns the length to give to value_leave. */
size_t value_enter(struct value_reader *reader, const char *name);
size_t value_enter_index(struct value_reader *reader, size_t index);
void value_leave(struct value_reader *reader, size_t length);

/* Reads mapping @node (NULL: all defaults) into @base by @section: unknown and missing keys are
 * refused, TYPE_LIST and TYPE_TEXTS rows are only checked to be lists. @base was zero; on failure
 * and at its end of life it goes to value_free_section. */
bool value_read_section(struct value_reader *reader, const struct schema_section *section,
                        const struct yaml_node *node, void *base);
void value_free_section(const struct schema_section *section, void *base);

/* Whether a key of @type takes @text as its value; other than numbers and links, every text passes.
 */
bool value_check_text(const struct value_reader *reader, const struct schema_key *key,
                      const struct mark *mark, const char *text);

/* The number in the field of @key under @base as text; for TYPE_LINK its short form. Returns @buf.
 */
char *value_format(const struct schema_key *key, const void *base, char buf[VALUE_TEXT_MAX]);
char *value_format_number(const struct schema_key *key, uint64_t value, char buf[VALUE_TEXT_MAX]);

/* The parts of value_read_section that its two files share. */
bool value_parse_number(const struct value_reader *reader, const struct schema_key *key,
                        const struct mark *mark, const char *text, uint64_t *out_value);
bool value_read_dist(const struct value_reader *reader, const struct schema_key *key,
                     const struct mark *mark, const struct yaml_node *node, const char *text,
                     char *base);
/* File @name as seen from the configuration's folder; returns owned. */
char *value_join_path(const struct value_reader *reader, const char *name);
bool value_check_file(const struct value_reader *reader, const struct mark *mark, const char *path);

/* The place of the deepest part of dotted @path that @node has, for messages about fields. */
struct mark value_place(const struct yaml_node *node, const char *path);

/* Deep copy of a distribution. */
struct dist value_copy_dist(const struct dist *dist);

/* What a reader of messages, the reference and the JSON Schema should know about a type. */
struct value_type {
    const char *name;     /* in the reference: "time" */
    const char *expected; /* in messages: "a time; give a number and ps, ns, us, ms or s" */
    const char *pattern;  /* regular expression for the JSON Schema, or NULL */
};
const struct value_type *value_type(enum schema_type type);

#endif
