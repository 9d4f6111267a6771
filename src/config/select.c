#include "base/check.h"
#include "base/units.h"
#include "config/load.h"
#include "config/origin.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static char *copy_ref(const struct schema_ref *ref)
{
    char *copy = ref->text ? strdup(ref->text) : NULL;
    CHECK(copy || !ref->text);
    return copy;
}

/* ---- lends ---- */

struct dealer {
    const struct loader *loader;
    const struct block_lend *block;
    size_t index; /* of the entry of `lend:` */
    uint32_t *devices, n_devices;
    uint32_t *hosts, n_hosts;
    uint64_t n; /* VFs to deal */
};

static void vf_range(const struct loader *loader, const struct schema_ref *ref, uint32_t device,
                     uint64_t *out_first, uint64_t *out_end)
{
    *out_first = 0;
    *out_end = loader->config->devices[device].vfs;
    if (ref->text) {
        CHECK(units_parse_range(ref->text, out_first, out_end));
        ++*out_end;
    }
}

/* Whether all VFs of the entry exist and can be dealt; counts them. */
static bool count_vfs(struct dealer *d)
{
    const struct config *config = d->loader->config;
    for (uint32_t i = 0; i < d->n_devices; i++) {
        const struct cfg_device *device = &config->devices[d->devices[i]];
        uint64_t first, end;
        vf_range(d->loader, &d->block->vf_ref, d->devices[i], &first, &end);
        if (device->host_index >= 0)
            return load_refuse(d->loader, "lend", d->loader->lend_groups, d->index, "device",
                               "\"%s\" attaches directly to \"%s\", which has all its VFs",
                               device->name, config->hosts[device->host_index].name);
        if (end > device->vfs && device->vfs == 0)
            return load_refuse(d->loader, "lend", d->loader->lend_groups, d->index, "vf",
                               "\"%s\" has no VFs", device->name);
        if (end > device->vfs)
            return load_refuse(d->loader, "lend", d->loader->lend_groups, d->index, "vf",
                               "\"%s\" has only VFs 0..%u", device->name, device->vfs - 1);
        d->n += end - first;
    }
    if (d->n == 0)
        return load_refuse(d->loader, "lend", d->loader->lend_groups, d->index, NULL,
                           "lends no VF; \"%s\" has none", config->devices[d->devices[0]].name);
    if (d->n % d->n_hosts)
        return load_refuse(d->loader, "lend", d->loader->lend_groups, d->index, "to",
                           "%" PRIu64 " VFs do not divide evenly among %u hosts; %" PRIu64
                           " would be left over",
                           d->n, d->n_hosts, d->n % d->n_hosts);
    return true;
}

static bool lend_one(const struct dealer *d, uint32_t device_index, uint32_t vf, uint64_t turn)
{
    struct config *config = d->loader->config;
    const struct cfg_device *device = &config->devices[device_index];
    const uint64_t share = d->n / d->n_hosts;
    const uint32_t host = d->hosts[d->block->round_robin ? turn % d->n_hosts : turn / share];
    uint32_t *slot = &d->loader->vf_lend[d->loader->vf_base[device_index] + vf];
    if (*slot) {
        const struct mark first = config_lend_mark(config, *slot - 1);
        return load_refuse(d->loader, "lend", d->loader->lend_groups, d->index, "vf",
                           "VF %u of \"%s\" is lent twice; first to \"%s\" in line %u", vf,
                           device->name, config->hosts[config->lends[*slot - 1].host].name,
                           first.line);
    }
    const uint32_t root = attach_root(config, device->switch_index);
    if (config->hosts[host].switch_index != (int)root)
        return load_refuse(d->loader, "lend", d->loader->lend_groups, d->index, "to",
                           "\"%s\" does not attach to \"%s\", the root switch of \"%s\"",
                           config->hosts[host].name, config->switches[root].name, device->name);
    config->lends[config->n_lends++] = (struct cfg_lend){.device = device_index,
                                                         .host = host,
                                                         .vf = (uint16_t)vf,
                                                         .weight = d->block->weight,
                                                         .slot = d->block->slot};
    *slot = config->n_lends;
    return true;
}

static bool deal(struct dealer *d)
{
    struct config *config = d->loader->config;
    if (!count_vfs(d))
        return false;
    config->lend_blocks[config->n_lend_blocks++] =
        (struct cfg_lend_block){.mark = d->loader->lend_groups[d->index].node->mark,
                                .devices = copy_ref(&d->block->device_ref),
                                .vfs = copy_ref(&d->block->vf_ref),
                                .hosts = copy_ref(&d->block->host_ref),
                                .first = config->n_lends,
                                .n = (uint32_t)d->n,
                                .weight = d->block->weight,
                                .slot = d->block->slot,
                                .round_robin = d->block->round_robin};
    uint64_t turn = 0;
    for (uint32_t i = 0; i < d->n_devices; i++) {
        uint64_t first, end;
        vf_range(d->loader, &d->block->vf_ref, d->devices[i], &first, &end);
        for (uint64_t vf = first; vf < end; vf++, turn++)
            if (!lend_one(d, d->devices[i], (uint32_t)vf, turn))
                return false;
    }
    return true;
}

/* Reads one entry of `lend:` and deals it. */
static bool lend_entry(struct loader *loader, size_t index)
{
    struct block_lend block = {.weight = 0};
    struct dealer d = {.loader = loader, .block = &block, .index = index};
    struct value_reader *reader = &loader->reader;
    const size_t outer = value_enter(reader, "lend");
    value_enter_index(reader, index);
    bool good = value_read_section(reader, &schema_lend, loader->lend_groups[index].node, &block);
    if (good) {
        const size_t inner = value_enter(reader, "device");
        good = names_resolve(&loader->names, NAME_DEVICE, block.device_ref.text, reader->path,
                             &block.device_ref.mark, &d.devices, &d.n_devices, loader->err);
        value_leave(reader, inner);
    }
    if (good) {
        const size_t inner = value_enter(reader, "to");
        good = names_resolve(&loader->names, NAME_HOST, block.host_ref.text, reader->path,
                             &block.host_ref.mark, &d.hosts, &d.n_hosts, loader->err);
        value_leave(reader, inner);
    }
    value_leave(reader, outer);
    good = good && deal(&d);
    free(d.devices);
    free(d.hosts);
    return good;
}

/* Numbers all VFs through all devices. */
static bool number_vfs(struct loader *loader)
{
    const struct config *config = loader->config;
    uint64_t n = 0;
    loader->vf_base = calloc((size_t)config->n_devices + 1, sizeof *loader->vf_base);
    CHECK(loader->vf_base);
    for (uint32_t i = 0; i < config->n_devices; i++) {
        loader->vf_base[i] = (uint32_t)n;
        n += config->devices[i].vfs;
        if (n > LOAD_VFS_MAX)
            return load_refuse(loader, "devices", loader->device_groups,
                               load_group_of(loader->device_groups, loader->n_device_groups, i),
                               "vfs", "more than %d VFs in all", (int)LOAD_VFS_MAX);
    }
    loader->vf_base[config->n_devices] = (uint32_t)n;
    loader->vf_lend = calloc((size_t)n + 1, sizeof *loader->vf_lend);
    CHECK(loader->vf_lend);
    return true;
}

bool select_lends(struct loader *loader)
{
    struct config *config = loader->config;
    if (!number_vfs(loader))
        return false;
    /* no VF is lent twice, so there is room */
    config->lends = calloc((size_t)loader->vf_base[config->n_devices] + 1, sizeof *config->lends);
    config->lend_blocks = calloc(loader->n_lend_groups + 1, sizeof *config->lend_blocks);
    CHECK(config->lends && config->lend_blocks);
    for (size_t i = 0; i < loader->n_lend_groups; i++)
        if (!lend_entry(loader, i))
            return false;
    struct cfg_lend *shrunk =
        realloc(config->lends, (config->n_lends + 1U) * sizeof *config->lends);
    CHECK(shrunk);
    config->lends = shrunk;
    return true;
}

/* ---- functions of workloads ---- */

struct selector {
    const struct loader *loader;
    const struct block_workload *block;
    bool *hosts;          /* NULL: every host, for VFs that are lent or direct */
    uint32_t *devices, n; /* ascending */
};

/* The host that runs the workload on a VF, or -1. */
static int holder(const struct selector *s, uint32_t device_index, uint32_t vf)
{
    const struct config *config = s->loader->config;
    const struct cfg_device *device = &config->devices[device_index];
    const uint32_t lend = s->loader->vf_lend[s->loader->vf_base[device_index] + vf];
    int host = device->host_index;
    if (lend)
        host = (int)config->lends[lend - 1].host;
    else if (host < 0 && s->hosts) /* its own VFs only if the Owner is named */
        host = device->owner_index;
    return host >= 0 && (!s->hosts || s->hosts[host]) ? host : -1;
}

/* Counts the selected functions, and fills @targets unless it is NULL. */
static uint32_t collect(const struct selector *s, struct cfg_target *targets)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        uint64_t first = 0, last = UINT64_MAX;
        const uint32_t device = s->devices[i];
        const struct cfg_device *d = &s->loader->config->devices[device];
        CHECK(!s->block->vf_ref.text || units_parse_range(s->block->vf_ref.text, &first, &last));
        for (uint32_t vf = 0; vf < d->vfs; vf++) {
            const uint32_t number = origin_vf(d, vf);
            const int host = number >= first && number <= last ? holder(s, device, vf) : -1;
            if (host < 0)
                continue;
            if (targets)
                targets[n] =
                    (struct cfg_target){.device = device, .vf = vf, .host = (uint32_t)host};
            n++;
        }
    }
    return n;
}

static bool op_fits(enum cfg_op op, enum cfg_device_kind kind)
{
    switch (op) {
    case OP_TRANSMIT:
    case OP_RECEIVE:
        return kind == DEVICE_NIC;
    case OP_READ:
    case OP_WRITE:
        return kind == DEVICE_NVME;
    case OP_DMA_WRITE:
    case OP_DMA_READ:
    case OP_MMIO_WRITE:
    case OP_MMIO_READ:
        break;
    }
    return true;
}

/* Marks what the selector names, or with no selector everything. */
static bool mark_named(const struct selector *s, size_t index, const char *key, enum name_kind kind,
                       const struct schema_ref *ref, bool *marks, uint32_t n_marks)
{
    char path[64];
    uint32_t *list, n;
    if (!ref->text) {
        memset(marks, true, n_marks);
        return true;
    }
    snprintf(path, sizeof path, "workloads.%zu.%s", index, key);
    if (!names_resolve(&s->loader->names, kind, ref->text, path, &ref->mark, &list, &n,
                       s->loader->err))
        return false;
    for (uint32_t i = 0; i < n; i++)
        marks[list[i]] = true;
    free(list);
    return true;
}

static bool select_devices(struct selector *s, size_t index)
{
    const struct loader *loader = s->loader;
    const struct config *config = loader->config;
    const enum cfg_op op = s->block->workload.op;
    bool *marks = calloc((size_t)config->n_devices + 1, sizeof *marks);
    s->devices = calloc((size_t)config->n_devices + 1, sizeof *s->devices);
    CHECK(marks && s->devices);
    bool good = mark_named(s, index, "device", NAME_DEVICE, &s->block->device_ref, marks,
                           config->n_devices);
    for (uint32_t i = 0; good && i < config->n_devices; i++) {
        if (!marks[i])
            continue;
        if (op_fits(op, config->devices[i].kind))
            s->devices[s->n++] = i;
        else if (s->block->device_ref.text)
            good = load_refuse(loader, "workloads", loader->workload_groups, index, "op",
                               "\"%s\" is no %s, the only kind that does this",
                               config->devices[i].name,
                               op == OP_TRANSMIT || op == OP_RECEIVE ? "nic" : "nvme");
    }
    free(marks);
    return good;
}

static bool select_hosts(struct selector *s, size_t index)
{
    if (!s->block->host_ref.text)
        return true;
    s->hosts = calloc((size_t)s->loader->config->n_hosts + 1, sizeof *s->hosts);
    CHECK(s->hosts);
    return mark_named(s, index, "host", NAME_HOST, &s->block->host_ref, s->hosts,
                      s->loader->config->n_hosts);
}

bool select_targets(struct loader *loader, size_t index)
{
    struct cfg_workload *workload = &loader->config->workloads[index];
    struct selector s = {.loader = loader, .block = &loader->workload_blocks[index]};
    bool good = select_devices(&s, index) && select_hosts(&s, index);
    if (good) {
        const uint32_t n = collect(&s, NULL);
        uint64_t all = n;
        for (size_t i = 0; i < index; i++)
            all += loader->config->workloads[i].n_targets;
        if (n == 0)
            good =
                load_refuse(loader, "workloads", loader->workload_groups, index, NULL,
                            "selects no function: its hosts have no such VF of a fitting device");
        else if (all > LOAD_TARGETS_MAX)
            good = load_refuse(loader, "workloads", loader->workload_groups, index, NULL,
                               "more than %d functions in all workloads", (int)LOAD_TARGETS_MAX);
        if (good && n > 0) {
            workload->targets = malloc(n * sizeof *workload->targets);
            CHECK(workload->targets);
            workload->n_targets = collect(&s, workload->targets);
            workload->hosts = copy_ref(&s.block->host_ref);
            workload->devices = copy_ref(&s.block->device_ref);
            workload->vfs = copy_ref(&s.block->vf_ref);
        }
    }
    free(s.devices);
    free(s.hosts);
    return good;
}

/* ---- functions that come to a workload's hosts later ---- */

static bool selects_device(const struct selector *s, uint32_t device)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (s->devices[i] == device)
            return true;
    return false;
}

static bool is_listed(const struct cfg_target *list, uint32_t n, const struct cfg_target *target)
{
    for (uint32_t i = 0; i < n; i++)
        if (list[i].device == target->device && list[i].vf == target->vf &&
            list[i].host == target->host)
            return true;
    return false;
}

/* What one move brings. */
static void add_visits(const struct selector *s, const struct cfg_move *move,
                       struct cfg_workload *workload)
{
    uint64_t first = 0, last = UINT64_MAX;
    CHECK(!s->block->vf_ref.text || units_parse_range(s->block->vf_ref.text, &first, &last));
    if (!selects_device(s, move->device) || (s->hosts && !s->hosts[move->host]))
        return;
    for (uint32_t vf = move->first_vf; vf < move->first_vf + move->n_vfs; vf++) {
        const struct cfg_target visit = {.device = move->device, .vf = vf, .host = move->host};
        if (vf >= first && vf <= last &&
            !is_listed(workload->targets, workload->n_targets, &visit) &&
            !is_listed(workload->visits, workload->n_visits, &visit))
            workload->visits[workload->n_visits++] = visit;
    }
}

bool select_visits(struct loader *loader, size_t index)
{
    const struct config *config = loader->config;
    struct cfg_workload *workload = &loader->config->workloads[index];
    struct selector s = {.loader = loader, .block = &loader->workload_blocks[index]};
    size_t most = 0;
    for (uint32_t m = 0; m < config->n_moves; m++)
        most += config->moves[m].n_vfs;
    if (most == 0)
        return true;
    const bool good = select_devices(&s, index) && select_hosts(&s, index);
    workload->visits = calloc(most, sizeof *workload->visits);
    CHECK(workload->visits);
    for (uint32_t m = 0; good && m < config->n_moves; m++)
        add_visits(&s, &config->moves[m], workload);
    free(s.devices);
    free(s.hosts);
    return good;
}
