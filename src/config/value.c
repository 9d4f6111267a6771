#include "config/value.h"
#include "base/check.h"
#include "base/units.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool parse_bool(const char *text, uint64_t *out_value);

/* Parsers and formatters of the number types, indexed by enum schema_type. */
static const struct {
    bool (*parse)(const char *text, uint64_t *out_value);
    char *(*format)(uint64_t value, char *buf, size_t size);
} numbers[] = {
    [TYPE_BOOL] = {parse_bool, NULL},
    [TYPE_ENUM] = {NULL, NULL},
    [TYPE_COUNT] = {units_parse_count, NULL},
    [TYPE_PS] = {units_parse_ps, units_format_ps},
    [TYPE_BYTES] = {units_parse_bytes, units_format_bytes},
    [TYPE_UNITS] = {units_parse_bytes, units_format_bytes},
    [TYPE_BPS] = {units_parse_bps, units_format_bps},
    [TYPE_HZ] = {units_parse_hz, units_format_hz},
    [TYPE_OPS] = {units_parse_ops, units_format_ops},
    [TYPE_PPM] = {units_parse_ppm, units_format_ppm},
    [TYPE_MILLI] = {units_parse_milli, units_format_milli},
};

#define DECIMAL "[0-9]+(\\.[0-9]+)? *"
#define NAMES   "[A-Za-z][A-Za-z0-9_-]*"

static const struct value_type types[] = {
    [TYPE_BOOL] = {"true or false", "true or false", NULL},
    [TYPE_ENUM] = {"word", "a known word", NULL},
    [TYPE_COUNT] = {"number", "a whole number", "^[0-9]+$"},
    [TYPE_PS] = {"time", "a time; give a number and ps, ns, us, ms or s",
                 "^(0|" DECIMAL "(ps|ns|us|ms|s))$"},
    [TYPE_BYTES] = {"size", "a size; give a number and B, KiB, MiB, GiB, kB, MB or GB",
                    "^" DECIMAL "([KMGT]iB|[kMGT]?B)?$"},
    [TYPE_UNITS] = {"size", "a size; give a number and B, KiB, MiB, kB or MB",
                    "^" DECIMAL "([KMGT]iB|[kMGT]?B)?$"},
    [TYPE_BPS] = {"bit rate", "a bit rate; give a number and Mbps, Gbps, MB/s, GB/s or the like",
                  "^" DECIMAL "([kMGT]?(bps|b/s|B/s)|[KMGT]iB/s)$"},
    [TYPE_HZ] = {"frequency", "a frequency; give a number and Hz, kHz, MHz or GHz",
                 "^" DECIMAL "[kMG]?Hz$"},
    [TYPE_OPS] = {"operation rate", "an operation rate; give a number and ops, kops, Mops or Gops",
                  "^" DECIMAL "[kMG]?ops(/s)?$"},
    [TYPE_PPM] = {"fraction", "a fraction; give a percentage like 80% or a number like 0.8",
                  "^" DECIMAL "%?$"},
    [TYPE_MILLI] = {"decimal", "a number with at most three decimals", "^" DECIMAL "$"},
    [TYPE_LINK] = {"link", "a link; give gen1 to gen5 and x1, x2, x4, x8, x12 or x16, like gen3x8",
                   "^gen[1-5]x(1|2|4|8|12|16)$"},
    [TYPE_NAME] = {"name",
                   "a name; give a letter, then letters, digits, _ and -, at most 48 in all",
                   "^" NAMES "$"},
    [TYPE_TEXT] = {"text", "text", NULL},
    [TYPE_PATH] = {"file", "a file name", NULL},
    [TYPE_NAMES] = {"names", "a name, a range like user0..user3, or a list of these", NULL},
    [TYPE_RANGE] = {"range", "a number or a range like 0..7", "^[0-9]+(\\.\\.[0-9]+)?$"},
    [TYPE_DIST_PS] = {"times",
                      "a time, a list of {latency, weight}, {mixture: list} or {cdf: file}", NULL},
    [TYPE_DIST_BYTES] = {"sizes",
                         "a size, a list of {size, weight}, {mixture: list} or {cdf: file}", NULL},
    [TYPE_TEXTS] = {"list", "a list of values", NULL},
    [TYPE_SECTION] = {"mapping", "a mapping", NULL},
    [TYPE_LIST] = {"list", "a list of mappings", NULL},
};

const struct value_type *value_type(enum schema_type type)
{
    return &types[type];
}

bool value_refuse(const struct value_reader *reader, const struct mark *mark, const char *format,
                  ...)
{
    char message[sizeof reader->err->message];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return err_at(reader->err, mark, "%s%s%s", reader->path, reader->path_length ? ": " : "",
                  message);
}

size_t value_enter(struct value_reader *reader, const char *name)
{
    const size_t before = reader->path_length;
    const int n = snprintf(reader->path + before, sizeof reader->path - before, "%s%s",
                           before ? "." : "", name);
    reader->path_length = before + (size_t)n;
    CHECK(n >= 0 && reader->path_length < sizeof reader->path); /* names are the schema's */
    return before;
}

size_t value_enter_index(struct value_reader *reader, size_t index)
{
    char text[24];
    snprintf(text, sizeof text, "%zu", index);
    return value_enter(reader, text);
}

void value_leave(struct value_reader *reader, size_t length)
{
    reader->path_length = length;
    reader->path[length] = '\0';
}

static char *copy_text(const char *text)
{
    char *copy = strdup(text);
    CHECK(copy);
    return copy;
}

/* ---- numbers ---- */

static bool parse_bool(const char *text, uint64_t *out_value)
{
    static const struct schema_name words[] = {{"true", 1}, {"false", 0}, {"yes", 1},
                                               {"no", 0},   {"on", 1},    {"off", 0}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(text, words[i].name) == 0) {
            *out_value = words[i].value;
            return true;
        }
    }
    return false;
}

static bool parse_enum(const struct value_reader *reader, const struct schema_key *key,
                       const struct mark *mark, const char *text, uint64_t *out_value)
{
    for (const struct schema_name *name = key->names; name->name; name++) {
        if (strcmp(name->name, text) == 0) {
            *out_value = name->value;
            return true;
        }
    }
    char hint[256];
    return value_refuse(reader, mark, "\"%.64s\" is not known; %s", text,
                        schema_suggest_name(key->names, text, hint, sizeof hint));
}

static bool check_limits(const struct value_reader *reader, const struct schema_key *key,
                         const struct mark *mark, const char *text, uint64_t value)
{
    char min[VALUE_TEXT_MAX], max[VALUE_TEXT_MAX];
    if (key->max && (value < key->min || value > key->max))
        return value_refuse(reader, mark, "%.64s is out of range; give %s to %s", text,
                            value_format_number(key, key->min, min),
                            value_format_number(key, key->max, max));
    if (key->power_of_2 && (value & (value - 1)))
        return value_refuse(reader, mark, "%.64s is not a power of two", text);
    return true;
}

bool value_parse_number(const struct value_reader *reader, const struct schema_key *key,
                        const struct mark *mark, const char *text, uint64_t *out_value)
{
    uint64_t value = 0;
    if (key->type == TYPE_ENUM)
        return parse_enum(reader, key, mark, text, out_value);
    if (key->zero_word && strcmp(text, key->zero_word) == 0) {
        *out_value = 0;
        return true;
    }
    if (!numbers[key->type].parse(text, &value)) {
        const char *word = key->zero_word ? key->zero_word : key->auto_word;
        return value_refuse(reader, mark, "\"%.64s\" is not %s%s%s", text,
                            value_type(key->type)->expected, word ? ", or " : "", word ? word : "");
    }
    if (key->type == TYPE_UNITS) {
        if (value % 16)
            return value_refuse(reader, mark, "%.64s is not a multiple of 16 bytes", text);
        value /= 16;
    }
    if (!check_limits(reader, key, mark, text, value))
        return false;
    *out_value = value;
    return true;
}

static void store(void *field, size_t size, uint64_t value)
{
    const uint8_t u8 = (uint8_t)value;
    const uint16_t u16 = (uint16_t)value;
    const uint32_t u32 = (uint32_t)value;
    const void *from = size == 1   ? (const void *)&u8
                       : size == 2 ? (const void *)&u16
                       : size == 4 ? (const void *)&u32
                                   : (const void *)&value;
    CHECK(size >= 8 || value >> (8 * size) == 0);
    memcpy(field, from, size);
}

static uint64_t fetch(const void *field, size_t size)
{
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    switch (size) {
    case 1:
        memcpy(&u8, field, 1);
        return u8;
    case 2:
        memcpy(&u16, field, 2);
        return u16;
    case 4:
        memcpy(&u32, field, 4);
        return u32;
    default:
        memcpy(&u64, field, 8);
        return u64;
    }
}

static bool read_number(const struct value_reader *reader, const struct schema_key *key,
                        const struct mark *mark, const char *text, char *base)
{
    uint64_t value = 0;
    if (key->auto_word) {
        const bool is_auto = strcmp(text, key->auto_word) == 0;
        *(bool *)(base + key->aux) = is_auto;
        if (is_auto)
            return true;
    }
    if (!value_parse_number(reader, key, mark, text, &value))
        return false;
    if (key->optional) {
        const struct schema_optional optional = {.value = value, .mark = *mark, .set = true};
        memcpy(base + key->offset, &optional, sizeof optional);
    } else {
        store(base + key->offset, key->size, value);
    }
    return true;
}

/* ---- text and references ---- */

char *value_join_path(const struct value_reader *reader, const char *name)
{
    char *path = NULL;
    CHECK(asprintf(&path, "%s%s", name[0] == '/' ? "" : reader->folder, name) >= 0);
    return path;
}

bool value_check_file(const struct value_reader *reader, const struct mark *mark, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return value_refuse(reader, mark,
                            "no file \"%.200s\"; names are relative to the configuration", path);
    if (!S_ISREG(status.st_mode))
        return value_refuse(reader, mark, "\"%.200s\" is not a file", path);
    return true;
}

static bool is_name(const char *text)
{
    const size_t length =
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    const bool letter = (text[0] | 0x20) >= 'a' && (text[0] | 0x20) <= 'z';
    return letter && !text[length] && length <= 48 && strcmp(text, "none") != 0;
}

/* A list of texts joined by ", ", so that everyone after sees one form. */
static bool join_list(const struct value_reader *reader, const struct schema_key *key,
                      const struct yaml_node *list, const char **out_text)
{
    size_t length = 0;
    for (const struct yaml_node *item = list->first; item; item = item->next) {
        if (item->kind != YAML_SCALAR)
            return value_refuse(reader, &item->mark, "not %s", value_type(key->type)->expected);
        length += strlen(item->text) + 2;
    }
    char *text = malloc(length + 1);
    CHECK(text);
    char *end = text;
    *end = '\0';
    for (const struct yaml_node *item = list->first; item; item = item->next)
        end = stpcpy(stpcpy(end, item == list->first ? "" : ", "), item->text);
    *out_text = yaml_text(reader->tree, text, (size_t)(end - text));
    free(text);
    return true;
}

static bool read_ref(const struct value_reader *reader, const struct schema_key *key,
                     const struct yaml_node *node, char *base)
{
    struct schema_ref ref = {.text = node->text, .mark = node->mark};
    uint64_t first, last;
    if (key->type == TYPE_NAMES && node->kind == YAML_LIST &&
        !join_list(reader, key, node, &ref.text))
        return false;
    if (!ref.text[0] || node->kind == YAML_MAP ||
        (key->type == TYPE_RANGE && node->kind == YAML_LIST))
        return value_refuse(reader, &node->mark, "not %s", value_type(key->type)->expected);
    if (key->type == TYPE_RANGE && !units_parse_range(node->text, &first, &last))
        return value_refuse(reader, &node->mark, "\"%.64s\" is not %s", node->text,
                            value_type(key->type)->expected);
    memcpy(base + key->offset, &ref, sizeof ref);
    return true;
}

static bool read_text(const struct value_reader *reader, const struct schema_key *key,
                      const struct mark *mark, const char *text, char *base)
{
    char **field = (char **)(void *)(base + key->offset);
    if (key->type == TYPE_NAME && !is_name(text))
        return value_refuse(reader, mark, "\"%.64s\" is not %s", text, types[TYPE_NAME].expected);
    if (key->type != TYPE_PATH) {
        *field = copy_text(text);
        return true;
    }
    *field = value_join_path(reader, text);
    memcpy(base + key->aux, mark, sizeof *mark);
    return value_check_file(reader, mark, *field);
}

static bool read_link(const struct value_reader *reader, const struct schema_key *key,
                      const struct mark *mark, const char *text, char *base)
{
    unsigned gen, lanes;
    if (!units_parse_link(text, &gen, &lanes))
        return value_refuse(reader, mark, "\"%.64s\" is not %s", text, types[TYPE_LINK].expected);
    memcpy(base + key->offset, &gen, sizeof gen);
    memcpy(base + key->aux, &lanes, sizeof lanes);
    return true;
}

/* ---- sections ---- */

/* Reads one key from @node, or its default when NULL. */
static bool read_key(struct value_reader *reader, const struct schema_key *key,
                     const struct yaml_node *node, char *base)
{
    static const struct mark nowhere = {.file = "default"};
    if (!node && !key->fallback)
        return true;
    const struct mark *mark = node ? &node->mark : &nowhere;
    const char *text = node ? node->text : key->fallback;
    if (node && node->kind == YAML_SCALAR && !node->text[0] && !node->quoted)
        return value_refuse(reader, mark, "no value; give %s", value_type(key->type)->expected);

    if (node && (key->type == TYPE_LIST || key->type == TYPE_TEXTS))
        return node->kind == YAML_LIST ||
               value_refuse(reader, mark, "%s is not %s", yaml_kind_name(node->kind),
                            value_type(key->type)->expected);
    if (key->type == TYPE_DIST_PS || key->type == TYPE_DIST_BYTES)
        return value_read_dist(reader, key, mark, node, text, base);
    if (node && (key->type == TYPE_NAMES || key->type == TYPE_RANGE))
        return read_ref(reader, key, node, base);
    if (node && node->kind != YAML_SCALAR)
        return value_refuse(reader, mark, "%s is not %s", yaml_kind_name(node->kind),
                            value_type(key->type)->expected);
    if (key->type < TYPE_LINK)
        return read_number(reader, key, mark, text, base);
    if (key->type == TYPE_LINK)
        return read_link(reader, key, mark, text, base);
    return read_text(reader, key, mark, text, base);
}

static bool check_keys(struct value_reader *reader, const struct schema_section *section,
                       const struct yaml_node *node)
{
    char hint[320];
    for (const struct yaml_node *child = node->first; child; child = child->next) {
        const struct mark mark = yaml_key_mark(child);
        if (!schema_find(section, child->key))
            return value_refuse(reader, &mark, "unknown key \"%.64s\"; %s", child->key,
                                schema_suggest_key(section, child->key, hint, sizeof hint));
    }
    for (const struct schema_key *key = section->keys; key->name; key++)
        if (key->required && !yaml_get(node, key->name))
            return value_refuse(reader, &node->mark, "\"%s\" is missing: %s", key->name, key->help);
    return true;
}

/* A section that is being walked; the schema bounds how many are open at once. */
struct frame {
    const struct schema_section *section;
    const struct schema_key *next;
    const struct yaml_node *node;
    char *base;
    size_t path_length; /* outside the section */
};

static bool check_section(struct value_reader *reader, const struct schema_section *section,
                          const struct yaml_node *node)
{
    if (!node)
        return true;
    if (node->kind == YAML_MAP)
        return check_keys(reader, section, node);
    if (node->kind == YAML_SCALAR && !node->text[0] && !node->quoted)
        return value_refuse(reader, &node->mark, "no value; give a mapping");
    if (!section->short_key)
        return value_refuse(reader, &node->mark, "%s is not a mapping of %s's keys",
                            yaml_kind_name(node->kind), section->name);
    return true;
}

bool value_read_section(struct value_reader *reader, const struct schema_section *section,
                        const struct yaml_node *node, void *base)
{
    struct frame stack[SCHEMA_DEPTH_MAX] = {
        {section, section->keys, node, base, reader->path_length}};
    size_t top = 1;
    if (!check_section(reader, section, node))
        return false;
    while (top > 0) {
        struct frame *frame = &stack[top - 1];
        const struct schema_key *key = frame->next++;
        if (!key->name) {
            value_leave(reader, frame->path_length);
            top--;
            continue;
        }
        const bool is_short = frame->node && frame->node->kind != YAML_MAP;
        const struct yaml_node *child = yaml_get(frame->node, key->name);
        if (is_short && strcmp(key->name, frame->section->short_key) == 0)
            child = frame->node;
        const size_t length = reader->path_length;
        if (!is_short)
            value_enter(reader, key->name);
        if (key->type != TYPE_SECTION) {
            if (!read_key(reader, key, child, frame->base))
                return false;
            value_leave(reader, length);
            continue;
        }
        if (!check_section(reader, key->section, child))
            return false;
        CHECK(top < SCHEMA_DEPTH_MAX);
        stack[top++] = (struct frame){key->section, key->section->keys, child,
                                      frame->base + key->offset, length};
    }
    return true;
}

void value_free_section(const struct schema_section *section, void *base)
{
    struct frame stack[SCHEMA_DEPTH_MAX] = {{section, section->keys, NULL, base, 0}};
    size_t top = 1;
    while (top > 0) {
        struct frame *frame = &stack[top - 1];
        const struct schema_key *key = frame->next++;
        if (!key->name) {
            top--;
            continue;
        }
        char *field = frame->base + key->offset;
        if (key->type == TYPE_SECTION) {
            CHECK(top < SCHEMA_DEPTH_MAX);
            stack[top++] = (struct frame){key->section, key->section->keys, NULL, field, 0};
        } else if (key->type == TYPE_NAME || key->type == TYPE_TEXT || key->type == TYPE_PATH) {
            free(*(char **)(void *)field);
        } else if (key->type == TYPE_DIST_PS || key->type == TYPE_DIST_BYTES) {
            dist_fini((struct dist *)(void *)field);
            free(*(char **)(void *)(frame->base + key->aux));
        }
    }
}

/* ---- back to text ---- */

char *value_format_number(const struct schema_key *key, uint64_t value, char buf[VALUE_TEXT_MAX])
{
    if (key->zero_word && value == 0) {
        snprintf(buf, VALUE_TEXT_MAX, "%s", key->zero_word);
    } else if (key->type == TYPE_ENUM) {
        const struct schema_name *name = key->names;
        while (name->name && name->value != value)
            name++;
        CHECK(name->name);
        snprintf(buf, VALUE_TEXT_MAX, "%s", name->name);
    } else if (key->type == TYPE_BOOL) {
        snprintf(buf, VALUE_TEXT_MAX, "%s", value ? "true" : "false");
    } else if (key->type == TYPE_COUNT) {
        snprintf(buf, VALUE_TEXT_MAX, "%" PRIu64, value);
    } else {
        CHECK(key->type < TYPE_LINK);
        numbers[key->type].format(key->type == TYPE_UNITS ? value * 16 : value, buf,
                                  VALUE_TEXT_MAX);
    }
    return buf;
}

char *value_format(const struct schema_key *key, const void *base, char buf[VALUE_TEXT_MAX])
{
    const char *field = (const char *)base + key->offset;
    if (key->type == TYPE_LINK) {
        const uint64_t gen = fetch(field, sizeof(unsigned));
        const uint64_t lanes = fetch((const char *)base + key->aux, sizeof(unsigned));
        snprintf(buf, VALUE_TEXT_MAX, "gen%" PRIu64 "x%" PRIu64, gen, lanes);
        return buf;
    }
    if (key->auto_word && *((const bool *)base + key->aux)) {
        snprintf(buf, VALUE_TEXT_MAX, "%s", key->auto_word);
        return buf;
    }
    if (key->optional)
        return value_format_number(
            key, ((const struct schema_optional *)(const void *)field)->value, buf);
    return value_format_number(key, fetch(field, key->size), buf);
}

bool value_check_text(const struct value_reader *reader, const struct schema_key *key,
                      const struct mark *mark, const char *text)
{
    uint64_t value;
    unsigned gen, lanes;
    if (key->type == TYPE_LINK)
        return units_parse_link(text, &gen, &lanes) ||
               value_refuse(reader, mark, "\"%.64s\" is not %s", text, types[TYPE_LINK].expected);
    if (key->type > TYPE_LINK || (key->auto_word && strcmp(text, key->auto_word) == 0))
        return true;
    return value_parse_number(reader, key, mark, text, &value);
}

struct mark value_place(const struct yaml_node *node, const char *path)
{
    struct mark mark = node->mark;
    while (path && *path) {
        char name[32];
        const size_t length = strcspn(path, ".");
        CHECK(length < sizeof name);
        memcpy(name, path, length);
        name[length] = '\0';
        node = yaml_get(node, name);
        if (!node)
            break;
        mark = node->mark;
        path += path[length] ? length + 1 : length;
    }
    return mark;
}
