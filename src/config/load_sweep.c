#include "base/check.h"
#include "config/load.h"
#include "config/override.h"
#include <stdlib.h>
#include <string.h>

static char *copy_text(const char *text)
{
    char *copy = strdup(text);
    CHECK(copy);
    return copy;
}

static bool load_axis(struct loader *loader, const struct yaml_node *node, struct cfg_axis *axis)
{
    struct value_reader *reader = &loader->reader;
    const struct schema_key *key;
    struct block_axis block = {.axis = {.key = NULL}};
    const bool good = value_read_section(reader, &schema_axis, node, &block);
    axis->key = block.axis.key;
    if (!good)
        return false;
    axis->mark = value_place(node, "key");
    const struct yaml_node *values = yaml_get(node, "values");
    if (!override_find(loader->tree, axis->key, &axis->mark, &key, loader->err))
        return false;
    if (values->n == 0)
        return value_refuse(reader, &values->mark, "values: the list is empty");
    axis->values = calloc(values->n, sizeof *axis->values);
    CHECK(axis->values);
    const size_t outer = value_enter(reader, "values");
    for (const struct yaml_node *value = values->first; value; value = value->next) {
        if (value->kind != YAML_SCALAR || (!value->text[0] && !value->quoted))
            return value_refuse(reader, &value->mark,
                                "%s is not a value; quote YAML that is more than one word",
                                yaml_kind_name(value->kind));
        if (!value_check_text(reader, key, &value->mark, value->text))
            return false;
        axis->values[axis->n++] = copy_text(value->text);
    }
    value_leave(reader, outer);
    return true;
}

static bool check_plot_key(const struct loader *loader, const char *name, const char *key)
{
    const struct cfg_sweep *sweep = &loader->config->sweep;
    const struct mark mark = value_place(yaml_get(loader->root, "sweep"),
                                         strcmp(name, "x") == 0 ? "plot.x" : "plot.series");
    for (uint32_t i = 0; i < sweep->n_axes; i++)
        if (strcmp(sweep->axes[i].key, key) == 0)
            return true;
    return err_at(loader->err, &mark, "sweep.plot.%s: \"%.128s\" is not the key of an axis", name,
                  key);
}

/* Fills in the plot's axes and checks them. */
static bool settle_plot(const struct loader *loader)
{
    struct cfg_sweep *sweep = &loader->config->sweep;
    if (sweep->n_axes > 0 && !sweep->x)
        sweep->x = copy_text(sweep->axes[0].key);
    for (uint32_t i = 0; i < sweep->n_axes && sweep->n_axes == 2 && !sweep->series; i++)
        if (strcmp(sweep->axes[i].key, sweep->x) != 0)
            sweep->series = copy_text(sweep->axes[i].key);
    return (!sweep->x || check_plot_key(loader, "x", sweep->x)) &&
           (!sweep->series || check_plot_key(loader, "series", sweep->series));
}

bool load_sweep(struct loader *loader)
{
    struct cfg_sweep *sweep = &loader->config->sweep;
    const struct yaml_node *list = yaml_get(yaml_get(loader->root, "sweep"), "axes");
    uint64_t points = sweep->replications;
    sweep->axes = calloc(list ? list->n + 1 : 1, sizeof *sweep->axes);
    CHECK(sweep->axes);
    const size_t outer = value_enter(&loader->reader, "sweep");
    value_enter(&loader->reader, "axes");
    for (const struct yaml_node *node = list ? list->first : NULL; node; node = node->next) {
        const size_t inner = value_enter_index(&loader->reader, sweep->n_axes);
        struct cfg_axis *axis = &sweep->axes[sweep->n_axes++];
        if (!load_axis(loader, node, axis))
            return false;
        for (struct cfg_axis *other = sweep->axes; other < axis; other++)
            if (strcmp(other->key, axis->key) == 0)
                return value_refuse(&loader->reader, &axis->mark,
                                    "\"%.128s\" is swept already in line %u", axis->key,
                                    other->mark.line);
        points *= axis->n;
        if (points > LOAD_POINTS_MAX)
            return value_refuse(&loader->reader, &axis->mark, "the sweep has more than %d points",
                                (int)LOAD_POINTS_MAX);
        value_leave(&loader->reader, inner);
    }
    value_leave(&loader->reader, outer);
    return settle_plot(loader);
}

void load_free_axes(struct cfg_sweep *sweep)
{
    for (uint32_t i = 0; i < sweep->n_axes; i++) {
        for (uint32_t k = 0; k < sweep->axes[i].n; k++)
            free(sweep->axes[i].values[k]);
        free(sweep->axes[i].values);
        free(sweep->axes[i].key);
    }
    free(sweep->axes);
}
