#include "base/check.h"
#include "config/load.h"
#include <stdlib.h>
#include <string.h>

/* One index per element of a group: what @ref names is shared by all, or has one for each. */
static bool resolve_each(const struct loader *loader, const char *list, size_t group,
                         const struct load_group *groups, const char *key, enum name_kind kind,
                         const struct schema_ref *ref, uint32_t **out_each)
{
    char path[96];
    uint32_t *each = NULL, n = 0;
    const uint32_t count = groups[group].n;
    snprintf(path, sizeof path, "%s.%zu.%s", list, group, key);
    if (!names_resolve(&loader->names, kind, ref->text, path, &ref->mark, &each, &n, loader->err))
        return false;
    CHECK(each && n > 0);
    if (n != 1 && n != count) {
        free(each);
        return load_refuse(loader, list, groups, group, key,
                           "%u names for %u; give one, or one for each", n, count);
    }
    if (n != count) {
        const uint32_t shared = each[0];
        free(each);
        each = malloc(count * sizeof *each);
        CHECK(each);
        for (uint32_t k = 0; k < count; k++)
            each[k] = shared;
    }
    *out_each = each;
    return true;
}

static bool is_none(const struct schema_ref *ref)
{
    return ref->text && strcmp(ref->text, "none") == 0;
}

/* Each switch remembers who walked up over it first; whoever meets his own step walks in a circle.
 */
static bool check_no_cycle(const struct loader *loader)
{
    const struct config *config = loader->config;
    uint32_t *walked = calloc((size_t)config->n_switches + 1, sizeof *walked);
    CHECK(walked);
    bool good = true;
    for (uint32_t i = 0; good && i < config->n_switches; i++) {
        int k = (int)i;
        while (k >= 0 && walked[k] == 0) {
            walked[k] = i + 1;
            k = config->switches[k].parent_index;
        }
        if (k >= 0 && walked[k] == i + 1)
            good = load_refuse(loader, "switches", loader->switch_groups, i, "parent",
                               "the parents of \"%s\" lead around in a circle; one switch has none",
                               config->switches[i].name);
    }
    free(walked);
    return good;
}

static bool attach_switches(struct loader *loader)
{
    struct config *config = loader->config;
    for (uint32_t i = 0; i < config->n_switches; i++) {
        const struct schema_ref *ref = &loader->switch_blocks[i].parent_ref;
        uint32_t *parent = NULL;
        config->switches[i].parent_index = -1;
        if (!ref->text || is_none(ref)) {
            if (yaml_get(loader->switch_groups[i].node, "uplink") && !ref->text)
                return load_refuse(loader, "switches", loader->switch_groups, i, "uplink",
                                   "a root switch has no uplink; name its parent");
            continue;
        }
        if (!resolve_each(loader, "switches", i, loader->switch_groups, "parent", NAME_SWITCH, ref,
                          &parent))
            return false;
        CHECK(parent);
        config->switches[i].parent_index = (int)parent[0];
        free(parent);
    }
    return check_no_cycle(loader);
}

uint32_t attach_root(const struct config *config, int index)
{
    CHECK(index >= 0);
    while (config->switches[index].parent_index >= 0)
        index = config->switches[index].parent_index;
    return (uint32_t)index;
}

/* The root switch if there is only one, else -1. */
static int only_root(const struct config *config)
{
    int found = -1;
    for (uint32_t i = 0; i < config->n_switches; i++) {
        if (config->switches[i].parent_index >= 0)
            continue;
        if (found >= 0)
            return -1;
        found = (int)i;
    }
    return found;
}

static bool attach_device_group(struct loader *loader, size_t group, uint32_t *direct_device)
{
    struct config *config = loader->config;
    const struct load_group *groups = loader->device_groups;
    const struct block_device *block = &loader->device_blocks[group];
    uint32_t *each = NULL;
    const bool direct = block->host_ref.text;

    if (direct && block->switch_ref.text && !is_none(&block->switch_ref))
        return load_refuse(loader, "devices", groups, group, "host",
                           "a device attaches to a switch or directly to a host, not to both");
    if (!direct && !block->switch_ref.text && config->n_switches != 1)
        return load_refuse(loader, "devices", groups, group, NULL,
                           "name the switch of \"%s\", or its host to attach it directly",
                           config->devices[groups[group].first].name);
    if (!direct && !block->switch_ref.text) {
        for (uint32_t k = 0; k < groups[group].n; k++)
            config->devices[groups[group].first + k].switch_index = 0;
        return true;
    }
    if (!resolve_each(loader, "devices", group, groups, direct ? "host" : "switch",
                      direct ? NAME_HOST : NAME_SWITCH,
                      direct ? &block->host_ref : &block->switch_ref, &each))
        return false;
    CHECK(each);
    bool good = true;
    for (uint32_t k = 0; good && k < groups[group].n; k++) {
        struct cfg_device *device = &config->devices[groups[group].first + k];
        if (!direct) {
            device->switch_index = (int)each[k];
            continue;
        }
        if (direct_device[each[k]])
            good = load_refuse(loader, "devices", groups, group, "host",
                               "\"%s\" has one root port and \"%s\" is attached to it already",
                               config->hosts[each[k]].name,
                               config->devices[direct_device[each[k]] - 1].name);
        direct_device[each[k]] = groups[group].first + k + 1;
        device->host_index = device->owner_index = (int)each[k];
    }
    free(each);
    return good;
}

static bool attach_host_group(struct loader *loader, size_t group, const uint32_t *direct_device)
{
    struct config *config = loader->config;
    const struct load_group *groups = loader->host_groups;
    const struct schema_ref *ref = &loader->host_blocks[group].switch_ref;
    const int fallback = only_root(config);
    uint32_t *each = NULL;

    if (ref->text && !is_none(ref) &&
        !resolve_each(loader, "hosts", group, groups, "switch", NAME_SWITCH, ref, &each))
        return false;
    bool good = true;
    for (uint32_t k = 0; good && k < groups[group].n; k++) {
        const uint32_t index = groups[group].first + k;
        struct cfg_host *host = &config->hosts[index];
        const uint32_t device = direct_device[index];
        if (each && device)
            good =
                load_refuse(loader, "hosts", groups, group, "switch",
                            "\"%s\" has device \"%s\" on its root port; attach the device to the "
                            "switch, or write switch: none",
                            host->name, config->devices[device - 1].name);
        else if (each && config->switches[each[k]].parent_index >= 0)
            good = load_refuse(
                loader, "hosts", groups, group, "switch",
                "\"%s\" is cascaded below another switch; hosts attach to root switches",
                config->switches[each[k]].name);
        else if (host->n_pci && !device && (is_none(ref) || host->platform == PLATFORM_NONE))
            host->switch_index = -1; /* it has functions of its own */
        else if (is_none(ref) && !device)
            good =
                load_refuse(loader, "hosts", groups, group, "switch",
                            "\"%s\" has no switch, and no device names it as its host", host->name);
        else if (!each && !device && fallback < 0)
            good = load_refuse(loader, "hosts", groups, group, NULL,
                               "name the root switch of \"%s\"", host->name);
        else
            host->switch_index = each ? (int)each[k] : device ? -1 : fallback;
    }
    free(each);
    return good;
}

/* The first host of each root switch, plus 1. */
static uint32_t *first_hosts(const struct config *config)
{
    uint32_t *first = calloc((size_t)config->n_switches + 1, sizeof *first);
    CHECK(first);
    for (uint32_t i = config->n_hosts; i-- > 0;)
        if (config->hosts[i].switch_index >= 0)
            first[config->hosts[i].switch_index] = i + 1;
    return first;
}

static bool attach_owner_group(struct loader *loader, size_t group, const uint32_t *first)
{
    struct config *config = loader->config;
    const struct load_group *groups = loader->device_groups;
    const struct schema_ref *ref = &loader->device_blocks[group].owner_ref;
    uint32_t *each = NULL;

    if (ref->text &&
        !resolve_each(loader, "devices", group, groups, "owner", NAME_HOST, ref, &each))
        return false;
    bool good = true;
    for (uint32_t k = 0; good && k < groups[group].n; k++) {
        struct cfg_device *device = &config->devices[groups[group].first + k];
        if (device->host_index >= 0) {
            if (each && each[k] != (uint32_t)device->host_index)
                good = load_refuse(loader, "devices", groups, group, "owner",
                                   "a device that attaches directly belongs to its host, \"%s\"",
                                   config->hosts[device->host_index].name);
            continue;
        }
        const uint32_t root = attach_root(config, device->switch_index);
        if (!each && !first[root])
            good = load_refuse(loader, "devices", groups, group, NULL,
                               "no host attaches to root switch \"%s\" to own \"%s\"",
                               config->switches[root].name, device->name);
        else if (each && config->hosts[each[k]].switch_index != (int)root)
            good =
                load_refuse(loader, "devices", groups, group, "owner",
                            "\"%s\" does not attach to \"%s\", the root switch of \"%s\"",
                            config->hosts[each[k]].name, config->switches[root].name, device->name);
        else
            device->owner_index = each ? (int)each[k] : (int)first[root] - 1;
    }
    free(each);
    return good;
}

bool attach_all(struct loader *loader)
{
    const struct config *config = loader->config;
    if (!attach_switches(loader))
        return false;
    uint32_t *direct_device = calloc((size_t)config->n_hosts + 1, sizeof *direct_device);
    CHECK(direct_device);
    bool good = true;
    for (size_t g = 0; good && g < loader->n_device_groups; g++)
        good = attach_device_group(loader, g, direct_device);
    for (size_t g = 0; good && g < loader->n_host_groups; g++)
        good = attach_host_group(loader, g, direct_device);
    free(direct_device);
    uint32_t *first = good ? first_hosts(config) : NULL;
    for (size_t g = 0; good && g < loader->n_device_groups; g++)
        good = attach_owner_group(loader, g, first);
    free(first);
    return good;
}
