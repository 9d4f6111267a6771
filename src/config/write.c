#include "base/check.h"
#include "config/schema.h"
#include "config/value.h"
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- resolved.yaml ---- */

/* Where the lines of one section go. The first key of a list entry stands behind its dash. */
struct writer {
    FILE *out;
    int indent;
    bool dash;
};

static void begin_line(struct writer *w)
{
    if (w->dash)
        fprintf(w->out, "%*s- ", w->indent - 2, "");
    else
        fprintf(w->out, "%*s", w->indent, "");
    w->dash = false;
}

/* A scalar in double quotes. */
static void write_quoted(FILE *out, const char *text)
{
    putc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < 0x20 || *c == 0x7f)
            fprintf(out, "\\x%02x", *c);
        else
            putc(*c, out);
    }
    putc('"', out);
}

static void write_text(struct writer *w, const char *name, const char *text)
{
    if (!text)
        return;
    begin_line(w);
    fprintf(w->out, "%s: ", name);
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.%/";
    if (text[0] && !text[strspn(text, plain)] && text[0] != '-' && text[0] != '%')
        fputs(text, w->out);
    else
        write_quoted(w->out, text);
    putc('\n', w->out);
}

static void write_path(struct writer *w, const char *name, const char *path)
{
    char *absolute = path ? realpath(path, NULL) : NULL;
    write_text(w, name, absolute ? absolute : path);
    free(absolute);
}

static void write_dist(struct writer *w, const struct schema_key *key, const char *base)
{
    const struct dist *dist = (const struct dist *)(const void *)(base + key->offset);
    const char *mixture = *(char *const *)(const void *)(base + key->aux);
    const struct schema_key one = {.type = key->type == TYPE_DIST_PS ? TYPE_PS : TYPE_BYTES};
    char text[VALUE_TEXT_MAX];

    begin_line(w);
    fprintf(w->out, "%s: ", key->name);
    switch (dist->kind) {
    case DIST_CONSTANT:
        fputs(value_format_number(&one, dist->value[0], text), w->out);
        break;
    case DIST_DISCRETE:
        fputs(mixture, w->out);
        break;
    case DIST_EMPIRICAL:
        fputs("{cdf: [", w->out);
        for (size_t i = 0; i < dist->n; i++)
            fprintf(w->out, "%s[%s, %.17g]", i ? ", " : "",
                    value_format_number(&one, dist->value[i], text), dist->cum[i]);
        fputs("]}", w->out);
        break;
    }
    putc('\n', w->out);
}

/* Settings that the loader refuses because nothing reads them. */
static bool is_idle(const struct schema_section *section, const struct schema_key *key,
                    const void *base)
{
    if (section == &schema_device) {
        const struct block_device *block = base;
        return (strcmp(key->name, "nic") == 0 && block->device.kind != DEVICE_NIC) ||
               (strcmp(key->name, "nvme") == 0 && block->device.kind != DEVICE_NVME) ||
               (strcmp(key->name, "owner") == 0 && block->device.host_index >= 0) ||
               (strcmp(key->name, "stands_for") == 0 && !block->device.origin.device);
    }
    if (section == &schema_workload) {
        const struct block_workload *block = base;
        return (strcmp(key->name, "on") == 0 || strcmp(key->name, "off") == 0) &&
               block->workload.arrival != ARRIVAL_ONOFF;
    }
    return section == &schema_switch && strcmp(key->name, "uplink") == 0 &&
           ((const struct block_switch *)base)->sw.parent_index < 0;
}

static void write_key(struct writer *w, const struct schema_key *key, const char *base)
{
    const void *field = base + key->offset;
    char text[VALUE_TEXT_MAX];
    switch (key->type) {
    case TYPE_BOOL:
    case TYPE_ENUM:
    case TYPE_COUNT:
    case TYPE_PS:
    case TYPE_BYTES:
    case TYPE_UNITS:
    case TYPE_BPS:
    case TYPE_HZ:
    case TYPE_OPS:
    case TYPE_PPM:
    case TYPE_MILLI:
    case TYPE_LINK:
        if (!key->optional || ((const struct schema_optional *)field)->set)
            write_text(w, key->name, value_format(key, base, text));
        break;
    case TYPE_NAME:
    case TYPE_TEXT:
        write_text(w, key->name, *(char *const *)field);
        break;
    case TYPE_PATH:
        write_path(w, key->name, *(char *const *)field);
        break;
    case TYPE_NAMES:
    case TYPE_RANGE:
        write_text(w, key->name, ((const struct schema_ref *)field)->text);
        break;
    case TYPE_DIST_PS:
    case TYPE_DIST_BYTES:
        write_dist(w, key, base);
        break;
    case TYPE_SECTION:
    case TYPE_TEXTS:
    case TYPE_LIST:
        break; /* these hold no value of their own */
    }
}

/* All keys below @section; lists are written by those who know how many entries there are. */
static void write_section(struct writer *w, const struct schema_section *section, const char *base)
{
    struct {
        const struct schema_section *section;
        const struct schema_key *next;
        const char *base;
    } stack[SCHEMA_DEPTH_MAX] = {{section, section->keys, base}};
    size_t top = 1;
    for (;;) {
        const struct schema_key *key = stack[top - 1].next++;
        if (!key->name) {
            if (--top == 0)
                return;
            w->indent -= 2;
            continue;
        }
        if (is_idle(stack[top - 1].section, key, stack[top - 1].base))
            continue;
        if (key->type != TYPE_SECTION) {
            write_key(w, key, stack[top - 1].base);
            continue;
        }
        begin_line(w);
        fprintf(w->out, "%s:\n", key->name);
        w->indent += 2;
        CHECK(top < SCHEMA_DEPTH_MAX);
        stack[top].section = key->section;
        stack[top].next = key->section->keys;
        stack[top].base = stack[top - 1].base + key->offset;
        top++;
    }
}

static void write_entry(FILE *out, const struct schema_section *section, const void *block,
                        int indent)
{
    struct writer w = {.out = out, .indent = indent, .dash = true};
    write_section(&w, section, block);
}

/* One name when all @n elements share it, else all, in order; returns owned. @index gives an
 * element's. */
static char *join_names(const struct config *config, uint32_t first, uint32_t n,
                        const char *(*name_of)(const struct config *, uint32_t))
{
    char *text = NULL;
    size_t size;
    uint32_t same = 1;
    const char *name = name_of(config, first);
    while (same < n && strcmp(name_of(config, first + same), name) == 0)
        same++;
    FILE *out = open_memstream(&text, &size);
    CHECK(out);
    fputs(name, out);
    for (uint32_t k = 1; same < n && k < n; k++)
        fprintf(out, ", %s", name_of(config, first + k));
    CHECK(fclose(out) == 0);
    return text;
}

static const char *host_switch(const struct config *config, uint32_t i)
{
    const int index = config->hosts[i].switch_index;
    return index >= 0 ? config->switches[index].name : "none";
}

static const char *device_switch(const struct config *config, uint32_t i)
{
    const int index = config->devices[i].switch_index;
    return index >= 0 ? config->switches[index].name : "none";
}

static const char *device_host(const struct config *config, uint32_t i)
{
    return config->hosts[config->devices[i].host_index].name;
}

static const char *device_owner(const struct config *config, uint32_t i)
{
    return config->hosts[config->devices[i].owner_index].name;
}

/* The name of a group from that of its first member; returns owned. */
static char *stem_of(const char *name, uint32_t n)
{
    char *stem = strndup(name, strlen(name) - (n > 1 ? 1 : 0));
    CHECK(stem);
    return stem;
}

static void write_hosts(FILE *out, const struct config *config)
{
    fputs("hosts:\n", out);
    for (uint32_t i = 0, n; i < config->n_hosts; i += n) {
        n = 1;
        while (i + n < config->n_hosts && config->hosts[i + n].index_in_group == n)
            n++;
        struct block_host block = {.host = config->hosts[i], .count = n};
        char *sw = join_names(config, i, n, host_switch);
        block.host.name = stem_of(config->hosts[i].name, n);
        block.switch_ref.text = sw;
        write_entry(out, &schema_host, &block, 4);
        free(block.host.name);
        free(sw);
    }
}

static void write_switches(FILE *out, const struct config *config)
{
    if (config->n_switches > 0)
        fputs("switches:\n", out);
    for (uint32_t i = 0; i < config->n_switches; i++) {
        struct block_switch block = {.sw = config->switches[i]};
        const int parent = block.sw.parent_index;
        block.parent_ref.text = parent >= 0 ? config->switches[parent].name : "none";
        write_entry(out, &schema_switch, &block, 4);
    }
}

static void write_devices(FILE *out, const struct config *config)
{
    fputs("devices:\n", out);
    for (uint32_t i = 0, n; i < config->n_devices; i += n) {
        n = 1;
        while (i + n < config->n_devices && config->devices[i + n].index_in_group == n)
            n++;
        struct block_device block = {.device = config->devices[i], .count = n};
        const bool direct = block.device.host_index >= 0;
        char *place = join_names(config, i, n, direct ? device_host : device_switch);
        char *owner = join_names(config, i, n, device_owner);
        block.device.name = stem_of(config->devices[i].name, n);
        *(direct ? &block.host_ref : &block.switch_ref) = (struct schema_ref){.text = place};
        block.owner_ref.text = owner;
        write_entry(out, &schema_device, &block, 4);
        free(block.device.name);
        free(place);
        free(owner);
    }
}

static void write_lends(FILE *out, const struct config *config)
{
    if (config->n_lend_blocks > 0)
        fputs("lend:\n", out);
    for (uint32_t i = 0; i < config->n_lend_blocks; i++) {
        const struct cfg_lend_block *lend = &config->lend_blocks[i];
        const struct block_lend block = {.device_ref = {.text = lend->devices},
                                         .vf_ref = {.text = lend->vfs},
                                         .host_ref = {.text = lend->hosts},
                                         .weight = lend->weight,
                                         .round_robin = lend->round_robin};
        write_entry(out, &schema_lend, &block, 4);
    }
}

static void write_workloads(FILE *out, const struct config *config)
{
    fputs("workloads:\n", out);
    for (uint32_t i = 0; i < config->n_workloads; i++) {
        const struct cfg_workload *workload = &config->workloads[i];
        struct block_workload block = {.workload = *workload,
                                       .host_ref = {.text = workload->hosts},
                                       .device_ref = {.text = workload->devices},
                                       .vf_ref = {.text = workload->vfs}};
        const bool paced =
            workload->arrival != ARRIVAL_CLOSED && workload->arrival != ARRIVAL_TRACE;
        const struct schema_optional rate = {.value = workload->rate, .set = true};
        block.arrival = (struct schema_optional){.value = workload->arrival, .set = true};
        if (workload->arrival == ARRIVAL_CLOSED)
            block.depth = (struct schema_optional){.value = workload->depth, .set = true};
        if (paced && workload->rate_kind == RATE_OPS)
            block.ops = rate;
        if (paced && workload->rate_kind == RATE_BPS)
            block.bps = rate;
        if (paced && workload->rate_kind == RATE_LOAD)
            block.load = rate;
        write_entry(out, &schema_workload, &block, 4);
    }
}

static void write_sweep(FILE *out, const struct config *config)
{
    const struct cfg_sweep *sweep = &config->sweep;
    struct writer w = {.out = out, .indent = 2};
    fputs("sweep:\n", out);
    if (sweep->n_axes > 0)
        fputs("  axes:\n", out);
    for (uint32_t i = 0; i < sweep->n_axes; i++) {
        const struct block_axis block = {.axis = sweep->axes[i]};
        write_entry(out, &schema_axis, &block, 6);
        fputs("      values: [", out);
        for (uint32_t k = 0; k < sweep->axes[i].n; k++) {
            fputs(k ? ", " : "", out);
            write_quoted(out, sweep->axes[i].values[k]);
        }
        fputs("]\n", out);
    }
    write_section(&w, schema_find(&schema_root, "sweep")->section, (const char *)sweep);
}

void config_write_yaml(const struct config *config, FILE *out)
{
    struct writer w = {.out = out};
    for (const struct schema_key *key = schema_root.keys; key->name; key++) {
        if (key->type == TYPE_SECTION && strcmp(key->name, "sweep") != 0) {
            fprintf(out, "%s:\n", key->name);
            w.indent = 2;
            write_section(&w, key->section, (const char *)config + key->offset);
            w.indent = 0;
        } else {
            write_key(&w, key, (const char *)config);
        }
    }
    write_hosts(out, config);
    write_switches(out, config);
    write_devices(out, config);
    write_lends(out, config);
    write_workloads(out, config);
    write_sweep(out, config);
}

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
