#include "base/check.h"
#include "config/value.h"
#include <stdlib.h>
#include <string.h>

/* The row for one value of a distribution, with the limits of the whole. */
static struct schema_key value_key(const struct schema_key *key)
{
    return (struct schema_key){.name = key->type == TYPE_DIST_PS ? "latency" : "size",
                               .type = key->type == TYPE_DIST_PS ? TYPE_PS : TYPE_BYTES,
                               .min = key->min,
                               .max = key->max};
}

static bool read_double(const struct value_reader *reader, const struct yaml_node *node,
                        const char *what, double *out_value)
{
    char *end = NULL;
    const char *text = node->text;
    const bool digit =
        node->kind == YAML_SCALAR && ((*text >= '0' && *text <= '9') || *text == '.');
    const double value = digit ? strtod(text, &end) : 0;
    if (!end || *end || end == text || !(value <= 1e18))
        return value_refuse(reader, &node->mark, "%s: \"%.64s\" is not a number of 0 or more", what,
                            text);
    *out_value = value;
    return true;
}

/* One {latency: 400ns, weight: 0.9}. */
static bool read_part(const struct value_reader *reader, const struct schema_key *key,
                      const struct yaml_node *part, uint64_t *out_value, double *out_weight)
{
    const struct schema_key one = value_key(key);
    const struct yaml_node *value = yaml_get(part, one.name), *weight = yaml_get(part, "weight");
    if (part->kind != YAML_MAP || !value || !weight || part->n != 2 || value->kind != YAML_SCALAR)
        return value_refuse(reader, &part->mark, "each part is {%s: ..., weight: ...}", one.name);
    return value_parse_number(reader, &one, &value->mark, value->text, out_value) &&
           read_double(reader, weight, "weight", out_weight);
}

/* "[{size: 64B, weight: 0.5}, ...]", so that resolved.yaml keeps the weights as they were given. */
static char *mixture_text(const struct schema_key *key, const struct yaml_node *list)
{
    char *text = NULL;
    size_t size = 0;
    const struct schema_key one = value_key(key);
    FILE *out = open_memstream(&text, &size);
    CHECK(out);
    for (const struct yaml_node *part = list->first; part; part = part->next)
        fprintf(out, "%s{%s: %s, weight: %s}", part == list->first ? "[" : ", ", one.name,
                yaml_get(part, one.name)->text, yaml_get(part, "weight")->text);
    fputs("]", out);
    CHECK(fclose(out) == 0);
    return text;
}

static bool read_mixture(const struct value_reader *reader, const struct schema_key *key,
                         const struct yaml_node *list, char *base)
{
    if (list->kind != YAML_LIST || list->n == 0)
        return value_refuse(reader, &list->mark, "a mixture is a list of {%s: ..., weight: ...}",
                            value_key(key).name);
    uint64_t *value = calloc(list->n, sizeof *value);
    double *weight = calloc(list->n, sizeof *weight);
    CHECK(value && weight);
    bool good = true;
    size_t i = 0;
    for (const struct yaml_node *part = list->first; part && good; part = part->next, i++)
        good = read_part(reader, key, part, &value[i], &weight[i]);
    struct err err = {.line = 0};
    if (good && !dist_init_discrete((struct dist *)(void *)(base + key->offset), list->n, value,
                                    weight, &list->mark, &err))
        good = value_refuse(reader, &list->mark, "%s", err.message);
    if (good)
        *(char **)(void *)(base + key->aux) = mixture_text(key, list);
    free(value);
    free(weight);
    return good;
}

/* The points of a CDF within the configuration: [[413ns, 0.5], [426ns, 1]]. */
static bool read_points(const struct value_reader *reader, const struct schema_key *key,
                        const struct yaml_node *list, struct dist *dist)
{
    const struct schema_key one = value_key(key);
    if (list->n == 0)
        return value_refuse(reader, &list->mark,
                            "cdf: no points; give [[value, probability], ...]");
    *dist = (struct dist){.kind = DIST_EMPIRICAL, .n = list->n};
    dist->value = calloc(list->n, sizeof *dist->value);
    dist->cum = calloc(list->n, sizeof *dist->cum);
    CHECK(dist->value && dist->cum);
    size_t i = 0;
    for (const struct yaml_node *point = list->first; point; point = point->next, i++) {
        if (point->kind != YAML_LIST || point->n != 2 || point->first->kind != YAML_SCALAR)
            return value_refuse(reader, &point->mark, "cdf: each point is [value, probability]");
        if (!value_parse_number(reader, &one, &point->first->mark, point->first->text,
                                &dist->value[i]) ||
            !read_double(reader, point->last, "cdf", &dist->cum[i]))
            return false;
        const double last = i ? dist->cum[i - 1] : 0;
        if (dist->cum[i] > 1 || dist->cum[i] < last || (i && dist->value[i] < dist->value[i - 1]))
            return value_refuse(
                reader, &point->mark,
                "cdf: values and probabilities ascend, and the last probability is 1");
        dist->mean +=
            i ? (dist->cum[i] - last) * ((double)dist->value[i - 1] + (double)dist->value[i]) / 2
              : dist->cum[0] * (double)dist->value[0];
    }
    if (dist->cum[list->n - 1] < 1)
        return value_refuse(reader, &list->last->mark, "cdf: the last probability is 1");
    return true;
}

static bool read_cdf(const struct value_reader *reader, const struct schema_key *key,
                     const struct yaml_node *node, struct dist *dist)
{
    if (node->kind == YAML_LIST)
        return read_points(reader, key, node, dist);
    if (node->kind != YAML_SCALAR)
        return value_refuse(reader, &node->mark, "cdf: give a file or [[value, probability], ...]");
    char *path = value_join_path(reader, node->text);
    const bool good =
        value_check_file(reader, &node->mark, path) &&
        dist_init_file(dist, path, key->type == TYPE_DIST_PS ? 1000 : 1, &node->mark, reader->err);
    free(path);
    if (!good)
        return false;
    if (dist->value[0] < key->min || dist->value[dist->n - 1] > key->max) {
        const struct schema_key one = value_key(key);
        char min[VALUE_TEXT_MAX], max[VALUE_TEXT_MAX];
        return value_refuse(reader, &node->mark, "\"%.128s\" has values beyond %s to %s",
                            node->text, value_format_number(&one, key->min, min),
                            value_format_number(&one, key->max, max));
    }
    return true;
}

bool value_read_dist(const struct value_reader *reader, const struct schema_key *key,
                     const struct mark *mark, const struct yaml_node *node, const char *text,
                     char *base)
{
    struct dist *dist = (struct dist *)(void *)(base + key->offset);
    if (!node || node->kind == YAML_SCALAR) {
        const struct schema_key one = value_key(key);
        uint64_t value = 0;
        if (!value_parse_number(reader, &one, mark, text, &value))
            return false;
        dist_init_constant(dist, value);
        return true;
    }
    if (node->kind == YAML_LIST)
        return read_mixture(reader, key, node, base);
    const struct yaml_node *mixture = yaml_get(node, "mixture"), *cdf = yaml_get(node, "cdf");
    if (node->n != 1 || (!mixture && !cdf))
        return value_refuse(reader, &node->mark, "not %s", value_type(key->type)->expected);
    return mixture ? read_mixture(reader, key, mixture, base) : read_cdf(reader, key, cdf, dist);
}

struct dist value_copy_dist(const struct dist *dist)
{
    struct dist copy = *dist;
    if (dist->value) {
        copy.value = calloc(dist->n, sizeof *copy.value);
        CHECK(copy.value);
        memcpy(copy.value, dist->value, dist->n * sizeof *copy.value);
    }
    if (dist->cum) {
        copy.cum = calloc(dist->n, sizeof *copy.cum);
        CHECK(copy.cum);
        memcpy(copy.cum, dist->cum, dist->n * sizeof *copy.cum);
    }
    return copy;
}
