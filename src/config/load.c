#include "config/load.h"
#include "base/check.h"
#include "config/cross.h"
#include "config/moves.h"
#include "config/override.h"
#include "config/pci.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* A block begins with the struct of config.h that it fills, so that either can be freed by the
 * schema's row. */
_Static_assert(offsetof(struct block_host, host) == 0, "");
_Static_assert(offsetof(struct block_switch, sw) == 0, "");
_Static_assert(offsetof(struct block_device, device) == 0, "");
_Static_assert(offsetof(struct block_workload, workload) == 0, "");
_Static_assert(offsetof(struct block_axis, axis) == 0, "");

static void *allocate(size_t n, size_t size)
{
    void *memory = calloc(n ? n : 1, size);
    CHECK(memory);
    return memory;
}

static char *copy_text(const char *text)
{
    char *copy = strdup(text);
    CHECK(copy);
    return copy;
}

static char *copy_if_given(const char *text)
{
    return text ? copy_text(text) : NULL;
}

bool load_refuse(const struct loader *loader, const char *list, const struct load_group *groups,
                 size_t group, const char *path, const char *format, ...)
{
    char message[sizeof loader->err->message];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    const struct mark mark = value_place(groups[group].node, path);
    return err_at(loader->err, &mark, "%s.%zu%s%s: %s", list, group, path ? "." : "",
                  path ? path : "", message);
}

size_t load_group_of(const struct load_group *groups, size_t n_groups, uint32_t index)
{
    size_t low = 0;
    for (size_t n = n_groups; n > 1;) {
        const size_t half = n / 2;
        if (groups[low + half].first <= index)
            low += half;
        n -= half;
    }
    return low;
}

/* ---- lists of blocks ---- */

void load_find_groups(const struct loader *loader, const char *key, struct load_group **out_groups,
                      size_t *out_n)
{
    const struct yaml_node *list = yaml_get(loader->root, key);
    struct load_group *groups = allocate(list ? list->n : 0, sizeof *groups);
    uint32_t n = 0;
    for (const struct yaml_node *node = list ? list->first : NULL; node; node = node->next, n++)
        groups[n] = (struct load_group){.node = node, .first = n, .n = 1};
    *out_groups = groups;
    *out_n = n;
}

bool load_read_blocks(struct loader *loader, const char *key, const struct schema_section *section,
                      const struct load_group *groups, size_t n, void *blocks, size_t size)
{
    const size_t outer = value_enter(&loader->reader, key);
    for (size_t i = 0; i < n; i++) {
        const size_t inner = value_enter_index(&loader->reader, i);
        if (!value_read_section(&loader->reader, section, groups[i].node,
                                (char *)blocks + i * size))
            return false;
        value_leave(&loader->reader, inner);
    }
    value_leave(&loader->reader, outer);
    return true;
}

/* Lays groups of @count elements one after the other. */
static bool place_group(struct loader *loader, const char *list, struct load_group *groups,
                        size_t group, uint64_t count, uint32_t max)
{
    const uint64_t first = group ? groups[group - 1].first + (uint64_t)groups[group - 1].n : 0;
    if (first + count > max)
        return load_refuse(loader, list, groups, group, "count", "more than %u in all", max);
    groups[group].first = (uint32_t)first;
    groups[group].n = (uint32_t)count;
    return true;
}

/* "user" becomes "user3" in a group. */
static char *member_name(const char *stem, uint32_t k, uint32_t n)
{
    char *name = NULL;
    if (n == 1)
        return copy_text(stem);
    CHECK(asprintf(&name, "%s%u", stem, k) >= 0);
    return name;
}

static void add_names(struct loader *loader, enum name_kind kind, const struct load_group *group,
                      const char *stem, const char *member, uint32_t k)
{
    const struct mark mark = value_place(group->node, "name");
    if (group->n > 1 && k == 0)
        names_add(
            &loader->names,
            &(struct name){
                .text = stem, .kind = kind, .first = group->first, .n = group->n, .mark = mark});
    names_add(&loader->names,
              &(struct name){
                  .text = member, .kind = kind, .first = group->first + k, .n = 1, .mark = mark});
}

static bool load_hosts(struct loader *loader)
{
    struct config *config = loader->config;
    struct load_group *groups;
    load_find_groups(loader, "hosts", &loader->host_groups, &loader->n_host_groups);
    groups = loader->host_groups;
    loader->host_blocks = allocate(loader->n_host_groups, sizeof *loader->host_blocks);
    if (!load_read_blocks(loader, "hosts", &schema_host, groups, loader->n_host_groups,
                          loader->host_blocks, sizeof *loader->host_blocks))
        return false;
    for (size_t g = 0; g < loader->n_host_groups; g++) {
        if (!place_group(loader, "hosts", groups, g, loader->host_blocks[g].count, LOAD_HOSTS_MAX))
            return false;
        config->n_hosts = groups[g].first + groups[g].n;
        if (!pci_read(loader, g))
            return false;
    }
    config->hosts = allocate(config->n_hosts, sizeof *config->hosts);
    for (size_t g = 0; g < loader->n_host_groups; g++) {
        const struct cfg_host *block = &loader->host_blocks[g].host;
        for (uint32_t k = 0; k < groups[g].n; k++) {
            struct cfg_host *host = &config->hosts[groups[g].first + k];
            *host = *block;
            host->name = member_name(block->name, k, groups[g].n);
            host->index_in_group = k;
            host->mark = groups[g].node->mark;
            host->switch_index = -1;
            host->read_latency_ps = value_copy_dist(&block->read_latency_ps);
            pci_copy(host);
            host->read_latency_yaml = k == 0 ? copy_if_given(block->read_latency_yaml) : NULL;
            add_names(loader, NAME_HOST, &groups[g], block->name, host->name, k);
        }
    }
    return true;
}

static bool load_switches(struct loader *loader)
{
    struct config *config = loader->config;
    load_find_groups(loader, "switches", &loader->switch_groups, &loader->n_switch_groups);
    const struct load_group *groups = loader->switch_groups;
    loader->switch_blocks = allocate(loader->n_switch_groups, sizeof *loader->switch_blocks);
    if (!load_read_blocks(loader, "switches", &schema_switch, groups, loader->n_switch_groups,
                          loader->switch_blocks, sizeof *loader->switch_blocks))
        return false;
    if (loader->n_switch_groups > LOAD_SWITCHES_MAX)
        return load_refuse(loader, "switches", groups, LOAD_SWITCHES_MAX, NULL,
                           "more than %d in all", (int)LOAD_SWITCHES_MAX);
    config->n_switches = (uint32_t)loader->n_switch_groups;
    config->switches = allocate(config->n_switches, sizeof *config->switches);
    for (uint32_t i = 0; i < config->n_switches; i++) {
        config->switches[i] = loader->switch_blocks[i].sw;
        config->switches[i].name = copy_text(config->switches[i].name);
        config->switches[i].mark = groups[i].node->mark;
        config->switches[i].parent_index = -1;
        add_names(loader, NAME_SWITCH, &groups[i], NULL, config->switches[i].name, 0);
    }
    return true;
}

static void expand_device(struct cfg_device *device, const struct cfg_device *block,
                          const struct load_group *group, uint32_t k)
{
    *device = *block;
    device->name = member_name(block->name, k, group->n);
    device->index_in_group = k;
    device->mark = group->node->mark;
    device->switch_index = device->host_index = device->owner_index = -1;
    device->nvme.read_ps = value_copy_dist(&block->nvme.read_ps);
    device->nvme.write_ps = value_copy_dist(&block->nvme.write_ps);
    const bool first = k == 0;
    device->nvme.read_yaml = first ? copy_if_given(block->nvme.read_yaml) : NULL;
    device->nvme.write_yaml = first ? copy_if_given(block->nvme.write_yaml) : NULL;
    device->origin.device = copy_if_given(block->origin.device);
    device->origin.host = copy_if_given(block->origin.host);
    device->origin.vfs = copy_if_given(block->origin.vfs);
}

static bool load_devices(struct loader *loader)
{
    struct config *config = loader->config;
    struct load_group *groups;
    load_find_groups(loader, "devices", &loader->device_groups, &loader->n_device_groups);
    groups = loader->device_groups;
    loader->device_blocks = allocate(loader->n_device_groups, sizeof *loader->device_blocks);
    if (!load_read_blocks(loader, "devices", &schema_device, groups, loader->n_device_groups,
                          loader->device_blocks, sizeof *loader->device_blocks))
        return false;
    for (size_t g = 0; g < loader->n_device_groups; g++) {
        if (!place_group(loader, "devices", groups, g, loader->device_blocks[g].count,
                         LOAD_DEVICES_MAX))
            return false;
        config->n_devices = groups[g].first + groups[g].n;
    }
    config->devices = allocate(config->n_devices, sizeof *config->devices);
    for (size_t g = 0; g < loader->n_device_groups; g++) {
        const struct cfg_device *block = &loader->device_blocks[g].device;
        for (uint32_t k = 0; k < groups[g].n; k++) {
            struct cfg_device *device = &config->devices[groups[g].first + k];
            expand_device(device, block, &groups[g], k);
            add_names(loader, NAME_DEVICE, &groups[g], block->name, device->name, k);
        }
    }
    return true;
}

/* ---- workloads ---- */

/* Whether what was given suits how operations arrive. */
static bool check_arrival(const struct loader *loader, size_t index)
{
    const struct block_workload *block = &loader->workload_blocks[index];
    const struct cfg_workload *workload = &loader->config->workloads[index];
    const bool closed = workload->arrival == ARRIVAL_CLOSED;
    const bool trace = workload->arrival == ARRIVAL_TRACE;
    const struct {
        bool broken;
        const char *key, *message;
    } rules[] = {
        {closed && !block->depth.set, "arrival",
         "closed needs depth, the operations kept in flight"},
        {!closed && block->depth.set, "depth", "only arrival: closed has a depth"},
        {trace && !workload->trace_path, "arrival", "trace needs the key trace, a CSV file"},
        {!trace && workload->trace_path, "trace", "only arrival: trace reads a file"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].broken)
            return load_refuse(loader, "workloads", loader->workload_groups, index, rules[i].key,
                               "%s", rules[i].message);
    return true;
}

static bool check_rate(const struct loader *loader, size_t index)
{
    const struct block_workload *block = &loader->workload_blocks[index];
    const enum cfg_arrival arrival = loader->config->workloads[index].arrival;
    const bool paced = arrival != ARRIVAL_CLOSED && arrival != ARRIVAL_TRACE;
    const int n_rates = block->ops.set + block->bps.set + block->load.set;
    if (paced && n_rates != 1)
        return load_refuse(loader, "workloads", loader->workload_groups, index, NULL,
                           "give exactly one of rate, bandwidth and load");
    if (!paced && n_rates > 0)
        return load_refuse(loader, "workloads", loader->workload_groups, index,
                           block->ops.set   ? "rate"
                           : block->bps.set ? "bandwidth"
                                            : "load",
                           "%s sets its own pace; leave this out",
                           arrival == ARRIVAL_CLOSED ? "a closed loop" : "a trace");
    return true;
}

/* Settles how operations arrive from what was given. */
static bool settle_arrival(const struct loader *loader, size_t index)
{
    const struct block_workload *block = &loader->workload_blocks[index];
    struct cfg_workload *workload = &loader->config->workloads[index];
    workload->arrival = block->arrival.set     ? (enum cfg_arrival)block->arrival.value
                        : workload->trace_path ? ARRIVAL_TRACE
                        : block->depth.set     ? ARRIVAL_CLOSED
                                               : ARRIVAL_POISSON;
    workload->depth = (uint32_t)block->depth.value;
    workload->rate_kind = block->load.set ? RATE_LOAD : block->bps.set ? RATE_BPS : RATE_OPS;
    workload->rate = block->load.set  ? block->load.value
                     : block->bps.set ? block->bps.value
                                      : block->ops.value;
    return check_arrival(loader, index) && check_rate(loader, index);
}

static int compare_names(const void *a, const void *b)
{
    const struct cfg_workload *const *left = a, *const *right = b;
    const int order = strcmp((*left)->name, (*right)->name);
    return order ? order : (*left < *right ? -1 : *left > *right);
}

static bool check_workload_names(const struct loader *loader)
{
    const struct config *config = loader->config;
    const struct cfg_workload *sorted[LOAD_WORKLOADS_MAX] = {NULL};
    for (uint32_t i = 0; i < config->n_workloads; i++)
        sorted[i] = &config->workloads[i];
    qsort(sorted, config->n_workloads, sizeof *sorted, compare_names);
    for (uint32_t i = 1; i < config->n_workloads; i++)
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
            return load_refuse(loader, "workloads", loader->workload_groups,
                               (size_t)(sorted[i] - config->workloads), "name",
                               "the name \"%s\" is taken by the workload in line %u",
                               sorted[i]->name, sorted[i - 1]->mark.line);
    return true;
}

static bool load_workloads(struct loader *loader)
{
    struct config *config = loader->config;
    load_find_groups(loader, "workloads", &loader->workload_groups, &loader->n_workload_groups);
    const struct load_group *groups = loader->workload_groups;
    const size_t n = loader->n_workload_groups;
    if (n > LOAD_WORKLOADS_MAX)
        return load_refuse(loader, "workloads", groups, LOAD_WORKLOADS_MAX, NULL,
                           "more than %d in all", (int)LOAD_WORKLOADS_MAX);
    loader->workload_blocks = allocate(n, sizeof *loader->workload_blocks);
    config->workloads = allocate(n, sizeof *config->workloads);
    if (!load_read_blocks(loader, "workloads", &schema_workload, groups, n, loader->workload_blocks,
                          sizeof *loader->workload_blocks))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct cfg_workload *workload = &config->workloads[config->n_workloads++];
        *workload = loader->workload_blocks[i].workload; /* moves what it owns */
        memset(&loader->workload_blocks[i].workload, 0, sizeof *workload);
        loader->workload_blocks[i].workload.op = workload->op;
        workload->mark = groups[i].node->mark;
        if (!workload->name)
            CHECK(asprintf(&workload->name, "w%zu", i) >= 0);
        if (!settle_arrival(loader, i) || !select_targets(loader, i))
            return false;
    }
    return check_workload_names(loader);
}

static bool settle_visits(struct loader *loader)
{
    for (uint32_t i = 0; i < loader->config->n_workloads; i++)
        if (!select_visits(loader, i))
            return false;
    return true;
}

/* ---- the whole ---- */

static bool load_root(struct loader *loader)
{
    struct config *config = loader->config;
    if (!loader->root || (loader->root->kind == YAML_SCALAR && !loader->root->text[0]))
        return err_at(loader->err, &(struct mark){.file = config->path, .line = 1, .column = 1},
                      "the file is empty; give hosts, devices and workloads");
    if (!value_read_section(&loader->reader, &schema_root, loader->root, config))
        return false;
    if (!config->title)
        config->title = copy_text(config->name);
    if (config->run.max_duration_ps == 0)
        config->run.max_duration_ps = 10 * config->run.duration_ps;
    load_find_groups(loader, "lend", &loader->lend_groups, &loader->n_lend_groups);
    return load_hosts(loader) && load_switches(loader) && load_devices(loader) &&
           names_finish(&loader->names, loader->err) && cross_check_parts(loader) &&
           attach_all(loader) && pci_check(loader) && origin_read_all(loader) &&
           select_lends(loader) && load_workloads(loader) && cross_check_traffic(loader) &&
           moves_read(loader) && settle_visits(loader) && faults_read(loader) &&
           slots_check(loader) && load_sweep(loader);
}

static void free_blocks(struct loader *loader)
{
    for (size_t i = 0; loader->host_blocks && i < loader->n_host_groups; i++)
        load_free_host(&loader->host_blocks[i].host);
    for (size_t i = 0; loader->switch_blocks && i < loader->n_switch_groups; i++)
        value_free_section(&schema_switch, &loader->switch_blocks[i]);
    for (size_t i = 0; loader->device_blocks && i < loader->n_device_groups; i++)
        value_free_section(&schema_device, &loader->device_blocks[i]);
    for (size_t i = 0; loader->workload_blocks && i < loader->n_workload_groups; i++)
        value_free_section(&schema_workload, &loader->workload_blocks[i]);
    free(loader->host_blocks);
    free(loader->switch_blocks);
    free(loader->device_blocks);
    free(loader->workload_blocks);
    free(loader->host_groups);
    free(loader->switch_groups);
    free(loader->device_groups);
    free(loader->lend_groups);
    free(loader->workload_groups);
    free(loader->move_groups);
    free(loader->fault_groups);
    free(loader->vf_base);
    free(loader->vf_lend);
    names_fini(&loader->names);
}

/* Takes @tree and @config, whose path is set. */
static bool load_tree(struct yaml_tree *tree, struct config *config, size_t n_sets,
                      const char *const *sets, struct config **out, struct err *err)
{
    struct loader loader = {.config = config, .tree = tree, .err = err};
    const char *slash = strrchr(config->path, '/');
    char *folder = strndup(config->path, slash ? (size_t)(slash + 1 - config->path) : 0);
    CHECK(folder);
    loader.reader = (struct value_reader){.tree = tree, .folder = folder, .err = err};

    bool good = true;
    for (size_t i = 0; good && i < n_sets; i++)
        good = override_apply(tree, sets[i], err);
    loader.root = yaml_tree_root(tree);
    good = good && load_root(&loader);
    free_blocks(&loader);
    free(folder);
    yaml_tree_free(tree);
    if (good)
        *out = config;
    else
        config_free(config);
    return good;
}

bool config_load_text(const char *path, const char *text, size_t length, size_t n_sets,
                      const char *const *sets, struct config **out, struct err *err)
{
    struct config *config = allocate(1, sizeof *config);
    struct yaml_tree *tree;
    config->path = copy_text(path);
    if (yaml_tree_parse(config->path, text, length, &tree, err))
        return load_tree(tree, config, n_sets, sets, out, err);
    config_free(config);
    return false;
}

bool config_load(const char *path, size_t n_sets, const char *const *sets, struct config **out,
                 struct err *err)
{
    struct config *config = allocate(1, sizeof *config);
    struct yaml_tree *tree;
    config->path = copy_text(path);
    if (yaml_tree_read(config->path, &tree, err))
        return load_tree(tree, config, n_sets, sets, out, err);
    config_free(config);
    return false;
}

void load_free_lends(struct config *config)
{
    for (uint32_t i = 0; i < config->n_lend_blocks; i++) {
        free(config->lend_blocks[i].devices);
        free(config->lend_blocks[i].vfs);
        free(config->lend_blocks[i].hosts);
    }
    free(config->lend_blocks);
    free(config->lends);
}

void load_free_host(struct cfg_host *host)
{
    pci_free(host);
    value_free_section(&schema_host, host);
}

void load_free_devices(struct cfg_device *devices, uint32_t n)
{
    for (uint32_t i = 0; devices && i < n; i++) {
        free(devices[i].origin.vf);
        value_free_section(&schema_device, &devices[i]);
    }
    free(devices);
}

static void free_lists(struct config *config)
{
    for (uint32_t i = 0; i < config->n_workloads; i++) {
        struct cfg_workload *workload = &config->workloads[i];
        value_free_section(&schema_workload, workload);
        free(workload->targets);
        free(workload->visits);
        free(workload->hosts);
        free(workload->devices);
        free(workload->vfs);
    }
    load_free_lends(config);
    free(config->moves);
    free(config->faults);
    load_free_axes(&config->sweep);
    free(config->workloads);
}

void config_free(struct config *config)
{
    if (!config)
        return;
    free_lists(config);
    for (uint32_t i = 0; config->hosts && i < config->n_hosts; i++)
        load_free_host(&config->hosts[i]);
    for (uint32_t i = 0; config->switches && i < config->n_switches; i++)
        value_free_section(&schema_switch, &config->switches[i]);
    load_free_devices(config->devices, config->n_devices);
    free(config->hosts);
    free(config->switches);
    value_free_section(&schema_root, config);
    free(config->path);
    free(config);
}

uint32_t load_lend_block(const struct config *config, uint32_t lend)
{
    uint32_t low = 0;
    CHECK(lend < config->n_lends);
    for (uint32_t n = config->n_lend_blocks; n > 1;) {
        const uint32_t half = n / 2;
        if (config->lend_blocks[low + half].first <= lend)
            low += half;
        n -= half;
    }
    return low;
}

struct mark config_lend_mark(const struct config *config, uint32_t lend)
{
    return config->lend_blocks[load_lend_block(config, lend)].mark;
}
