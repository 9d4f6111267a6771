#include "base/check.h"
#include "config/schema.h"
#include "config/value.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- reference ---- */

/* All sections, each once, parents first: a walk in breadth with the found sections as its queue.
 */
enum { SECTIONS_MAX = 64 };

static size_t find_sections(const struct schema_section *sections[SECTIONS_MAX],
                            const char *paths[SECTIONS_MAX], char *path_space, size_t path_size)
{
    size_t n = 1, used = 1;
    sections[0] = &schema_root;
    paths[0] = path_space;
    path_space[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        for (const struct schema_key *key = sections[i]->keys; key->name; key++) {
            if (!key->section)
                continue;
            CHECK(n < SECTIONS_MAX && used < path_size);
            sections[n] = key->section;
            paths[n++] = path_space + used;
            const int length =
                snprintf(path_space + used, path_size - used, "%s%s%s%s", paths[i],
                         paths[i][0] ? "." : "", key->name, key->type == TYPE_LIST ? ".N" : "");
            used += (size_t)length + 1;
        }
    }
    return n;
}

/* "1 to 8, power of two", or nothing. */
static void format_limits(const struct schema_key *key, char *buf, size_t size)
{
    const bool sizes = key->type == TYPE_DIST_BYTES;
    const struct schema_key number = {.type = sizes                       ? TYPE_BYTES
                                              : key->type == TYPE_DIST_PS ? TYPE_PS
                                                                          : key->type};
    char min[VALUE_TEXT_MAX], max[VALUE_TEXT_MAX];
    buf[0] = '\0';
    if (key->type == TYPE_ENUM) {
        size_t used = 0;
        for (const struct schema_name *name = key->names; name->name && used < size; name++)
            used +=
                (size_t)snprintf(buf + used, size - used, "%s%s", used ? " | " : "", name->name);
        return;
    }
    if (key->max)
        snprintf(buf, size, "%s to %s%s%s%s", value_format_number(&number, key->min, min),
                 value_format_number(&number, key->max, max),
                 key->power_of_2 ? ", a power of two" : "",
                 key->zero_word || key->auto_word ? ", or " : "",
                 key->zero_word   ? key->zero_word
                 : key->auto_word ? key->auto_word
                                  : "");
}

static void write_reference_key(FILE *out, const struct schema_key *key)
{
    char limits[256];
    format_limits(key, limits, sizeof limits);
    const char *fallback = key->required               ? "(required)"
                           : key->fallback             ? key->fallback
                           : key->type == TYPE_SECTION ? "{}"
                                                       : "-";
    fprintf(out, "  %-18s %-15s %-12s %s%s%s%s\n", key->name, value_type(key->type)->name, fallback,
            key->help, limits[0] ? " (" : "", limits, limits[0] ? ")" : "");
}

void config_write_reference(FILE *out)
{
    const struct schema_section *sections[SECTIONS_MAX];
    const char *paths[SECTIONS_MAX];
    char space[4096];
    const size_t n = find_sections(sections, paths, space, sizeof space);
    fputs("Keys of a configuration, by section: name, type, default, meaning (limits).\n"
          "A section's path is what --set writes before its keys; N is an index, a name or *.\n",
          out);
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "\n%s - %s\n", paths[i][0] ? paths[i] : "(top)", sections[i]->help);
        for (const struct schema_key *key = sections[i]->keys; key->name; key++)
            write_reference_key(out, key);
    }
    fputs("\nTypes\n", out);
    for (int type = TYPE_COUNT; type <= TYPE_DIST_BYTES; type++)
        fprintf(out, "  %-15s %s\n", value_type((enum schema_type)type)->name,
                value_type((enum schema_type)type)->expected);
}

/* ---- JSON Schema (draft 7) ---- */

static json_t *any_of(json_t *a, json_t *b)
{
    return json_pack("{s:[o,o]}", "anyOf", a, b);
}

static json_t *string_type(const char *pattern)
{
    json_t *type = json_pack("{s:s}", "type", "string");
    if (pattern)
        json_object_set_new(type, "pattern", json_string(pattern));
    return type;
}

static json_t *reference_to(const char *path)
{
    return json_pack("{s:s+}", "$ref", "#/definitions/", path[0] ? path : "top");
}

static json_t *enum_type(const struct schema_key *key)
{
    json_t *words = json_array();
    for (const struct schema_name *name = key->names; name->name; name++) {
        json_array_append_new(words, json_string(name->name));
        if (name->name[strspn(name->name, "0123456789")] == '\0')
            json_array_append_new(words, json_integer(strtol(name->name, NULL, 10)));
    }
    return json_pack("{s:o}", "enum", words);
}

static json_t *integer_type(const struct schema_key *key)
{
    json_t *type = json_pack("{s:s,s:I}", "type", "integer", "minimum", (json_int_t)key->min);
    if (key->max)
        json_object_set_new(type, "maximum", json_integer((json_int_t)key->max));
    return type;
}

static json_t *key_type(const struct schema_key *key, const char *path)
{
    const char *pattern = value_type(key->type)->pattern;
    switch (key->type) {
    case TYPE_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case TYPE_ENUM:
        return enum_type(key);
    case TYPE_COUNT:
        return integer_type(key);
    case TYPE_SECTION:
        return reference_to(path);
    case TYPE_LIST:
        return json_pack("{s:s,s:o}", "type", "array", "items", reference_to(path));
    case TYPE_TEXTS:
        return json_pack("{s:s,s:{s:[s,s,s]}}", "type", "array", "items", "type", "string",
                         "number", "boolean");
    case TYPE_DIST_PS:
    case TYPE_DIST_BYTES:
        return any_of(
            any_of(
                string_type(value_type(key->type == TYPE_DIST_PS ? TYPE_PS : TYPE_BYTES)->pattern),
                json_pack("{s:s}", "type", "integer")),
            json_pack("{s:[s,s]}", "type", "array", "object"));
    case TYPE_NAMES:
        return any_of(string_type(NULL),
                      json_pack("{s:s,s:o}", "type", "array", "items", string_type(NULL)));
    case TYPE_RANGE:
    case TYPE_BYTES:
    case TYPE_UNITS:
    case TYPE_PS:
        return any_of(string_type(pattern),
                      json_pack("{s:s,s:i}", "type", "integer", "minimum", 0));
    case TYPE_PPM:
    case TYPE_MILLI:
        return any_of(string_type(pattern), json_pack("{s:s,s:i}", "type", "number", "minimum", 0));
    case TYPE_BPS:
    case TYPE_HZ:
    case TYPE_OPS:
    case TYPE_LINK:
    case TYPE_NAME:
    case TYPE_TEXT:
    case TYPE_PATH:
        break;
    }
    return string_type(pattern);
}

static json_t *section_type(const struct schema_section *section, const char *path)
{
    json_t *properties = json_object(), *required = json_array();
    for (const struct schema_key *key = section->keys; key->name; key++) {
        char child[128];
        snprintf(child, sizeof child, "%s%s%s%s", path, path[0] ? "." : "", key->name,
                 key->type == TYPE_LIST ? ".N" : "");
        json_t *type = key_type(key, child);
        const char *word = key->zero_word ? key->zero_word : key->auto_word;
        if (word)
            type = any_of(type, json_pack("{s:s}", "const", word));
        /* beside a $ref all else is ignored */
        if (key->type == TYPE_SECTION)
            type = json_pack("{s:[o]}", "allOf", type);
        json_object_set_new(type, "description", json_string(key->help));
        if (key->fallback)
            json_object_set_new(type, "default", json_string(key->fallback));
        json_object_set_new(properties, key->name, type);
        if (key->required)
            json_array_append_new(required, json_string(key->name));
    }
    json_t *type = json_pack("{s:s,s:s,s:b,s:o}", "type", "object", "description", section->help,
                             "additionalProperties", 0, "properties", properties);
    if (json_array_size(required) > 0)
        json_object_set(type, "required", required);
    json_decref(required);
    if (!section->short_key)
        return type;
    const struct schema_key *short_key = schema_find(section, section->short_key);
    return any_of(type, key_type(short_key, path));
}

void config_write_json_schema(FILE *out)
{
    const struct schema_section *sections[SECTIONS_MAX];
    const char *paths[SECTIONS_MAX];
    char space[4096];
    const size_t n = find_sections(sections, paths, space, sizeof space);
    json_t *definitions = json_object();
    for (size_t i = 0; i < n; i++)
        json_object_set_new(definitions, paths[i][0] ? paths[i] : "top",
                            section_type(sections[i], paths[i]));
    json_t *schema = json_pack(
        "{s:s,s:s,s:s,s:o}", "$schema", "http://json-schema.org/draft-07/schema#", "title",
        "poolsim configuration", "$ref", "#/definitions/top", "definitions", definitions);
    CHECK(schema);
    json_dumpf(schema, out, JSON_INDENT(2));
    putc('\n', out);
    json_decref(schema);
}
