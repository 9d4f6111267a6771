#include "config/cross.h"
#include "base/check.h"
#include "base/units.h"
#include "config/pci.h"
#include <inttypes.h>
#include <stdlib.h>

/* Worst case besides the payload: a 4DW header, a digest, and sequence number, LCRC and framing. */
enum { OVERHEAD_BYTES = 16 + 4 + 12, UNIT_BYTES = 16 };

static bool check_run(const struct loader *loader)
{
    const struct cfg_run *run = &loader->config->run;
    if (run->max_duration_ps >= run->duration_ps)
        return true;
    const struct mark mark = value_place(yaml_get(loader->root, "run"), "max_duration");
    char text[UNITS_TEXT_MAX];
    return err_at(loader->err, &mark, "run.max_duration: shorter than duration, which is %s",
                  units_format_ps(run->duration_ps, text, sizeof text));
}

static bool check_not_empty(const struct loader *loader)
{
    static const char *const lists[] = {"hosts", "devices", "workloads"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const struct yaml_node *list = yaml_get(loader->root, lists[i]);
        if (!list && pci_any(loader))
            continue;
        if (!list)
            return err_at(loader->err, &loader->root->mark, "\"%s\" is missing: %s", lists[i],
                          schema_find(&schema_root, lists[i])->help);
        if (list->n == 0)
            return err_at(loader->err, &list->mark,
                          "%s: the list is empty; give at least one entry", lists[i]);
    }
    return true;
}

/* A port that cannot take the programmed payload, or whose buffer never holds one, would hang the
 * fabric. */
static bool check_port(const struct loader *loader, const char *list,
                       const struct load_group *groups, size_t group, uint32_t max_payload_bytes,
                       const struct cfg_credits *credits)
{
    static const struct {
        unsigned class;
        const char *path;
    } carriers[] = {{0, "credits.posted.data"}, {2, "credits.completion.data"}};
    const uint32_t mps = loader->config->pcie.mps_bytes;

    if (mps > max_payload_bytes)
        return load_refuse(loader, list, groups, group, "max_payload",
                           "%uB is below pcie.mps, %uB; raise this or lower that",
                           max_payload_bytes, mps);
    for (size_t i = 0; i < sizeof carriers / sizeof *carriers; i++) {
        const uint32_t units = credits->data[carriers[i].class];
        if (units && units * UNIT_BYTES < mps)
            return load_refuse(
                loader, list, groups, group, carriers[i].path,
                "%uB never hold a payload of pcie.mps, %uB; a TLP would wait forever",
                units * UNIT_BYTES, mps);
    }
    return true;
}

static bool check_switch(const struct loader *loader, size_t i)
{
    const struct cfg_switch *sw = &loader->switch_blocks[i].sw;
    const uint32_t needed = loader->config->pcie.mps_bytes + OVERHEAD_BYTES;
    if (!check_port(loader, "switches", loader->switch_groups, i, sw->max_payload_bytes,
                    &sw->credits))
        return false;
    return sw->egress_buffer_bytes >= needed ||
           load_refuse(loader, "switches", loader->switch_groups, i, "egress_buffer",
                       "%uB never hold a TLP of pcie.mps; give at least %uB",
                       sw->egress_buffer_bytes, needed);
}

static bool check_device(const struct loader *loader, size_t group)
{
    const struct load_group *groups = loader->device_groups;
    const struct cfg_device *device = &loader->device_blocks[group].device;
    if (device->kind != DEVICE_NIC && yaml_get(groups[group].node, "nic"))
        return load_refuse(loader, "devices", groups, group, "nic",
                           "only kind: nic has these settings");
    if (device->kind != DEVICE_NVME && yaml_get(groups[group].node, "nvme"))
        return load_refuse(loader, "devices", groups, group, "nvme",
                           "only kind: nvme has these settings");
    if (device->nic.descriptor_batch > device->nic.ring_entries)
        return load_refuse(loader, "devices", groups, group, "nic.descriptor_batch",
                           "more than the ring's %u descriptors", device->nic.ring_entries);
    if (device->nic.write_back_batch > device->nic.ring_entries)
        return load_refuse(loader, "devices", groups, group, "nic.write_back_batch",
                           "more than the ring's %u descriptors", device->nic.ring_entries);
    if (device->flr_ps > loader->config->manager.flr_ps)
        return load_refuse(loader, "devices", groups, group, "flr",
                           "longer than manager.flr, after which the device is used again");
    if (device->vf_ready_ps > loader->config->boot.vf_enable_ps)
        return load_refuse(loader, "devices", groups, group, "vf_ready",
                           "longer than boot.vf_enable, after which the VFs are used");
    return check_port(loader, "devices", groups, group, device->max_payload_bytes,
                      &device->credits);
}

bool cross_check_parts(const struct loader *loader)
{
    if (!check_not_empty(loader) || !check_run(loader))
        return false;
    for (size_t i = 0; i < loader->n_host_groups; i++)
        if (!check_port(loader, "hosts", loader->host_groups, i,
                        loader->host_blocks[i].host.max_payload_bytes,
                        &loader->host_blocks[i].host.credits))
            return false;
    for (size_t i = 0; i < loader->n_switch_groups; i++)
        if (!check_switch(loader, i))
            return false;
    for (size_t i = 0; i < loader->n_device_groups; i++)
        if (!check_device(loader, i))
            return false;
    return true;
}

/* What hangs at one port of a root switch: a device, or a cascaded switch with all below it. */
struct branch {
    uint32_t lent;         /* VFs of its devices that are lent */
    uint32_t first_device; /* + 1; 0: none yet */
};

/* The port of the root switch that leads to device @d, as an index into the branches: those of the
 * devices come first, then those of the switches. */
static uint32_t branch_of(const struct config *config, uint32_t d)
{
    const struct cfg_switch *switches = config->switches;
    int sw = config->devices[d].switch_index;
    if (switches[sw].parent_index < 0)
        return d;
    while (switches[switches[sw].parent_index].parent_index >= 0)
        sw = switches[sw].parent_index;
    return config->n_devices + (uint32_t)sw;
}

/* Every lent VF needs its entry in the CAM of the root switch's port that its device is behind. */
static bool check_id_map(const struct loader *loader, uint32_t d, struct branch *branch)
{
    const struct config *config = loader->config;
    const struct cfg_device *device = &config->devices[d];
    const uint32_t root = attach_root(config, device->switch_index);
    const struct cfg_switch *sw = &config->switches[root];
    for (uint32_t vf = loader->vf_base[d]; vf < loader->vf_base[d + 1]; vf++)
        branch->lent += loader->vf_lend[vf] != 0;
    if (branch->lent <= sw->id_map_entries || sw->id_map_miss != ID_MAP_MISS_REJECT)
        return true;
    const bool shared = branch->first_device != d + 1;
    return load_refuse(loader, "switches", loader->switch_groups, root, "id_map.entries",
                       "%u entries for %u lent VFs of \"%s\"%s; give more, or on_miss: fetch",
                       sw->id_map_entries, branch->lent, device->name,
                       shared ? " and what shares its port" : "");
}

/* A miss in that CAM is the Owner's traffic, so there is one Owner behind a port. */
static bool check_one_owner(const struct loader *loader, uint32_t d, const struct branch *branch)
{
    const struct config *config = loader->config;
    const struct cfg_device *device = &config->devices[d];
    const struct cfg_device *first = &config->devices[branch->first_device - 1];
    if (device->owner_index == first->owner_index)
        return true;
    const size_t group = load_group_of(loader->device_groups, loader->n_device_groups, d);
    return load_refuse(
        loader, "devices", loader->device_groups, group, "owner",
        "\"%s\" shares a port of the root switch with \"%s\", which \"%s\" owns; devices "
        "below one cascaded switch have one Owner",
        device->name, first->name, config->hosts[first->owner_index].name);
}

static bool check_branches(const struct loader *loader)
{
    const struct config *config = loader->config;
    struct branch *branches =
        calloc((size_t)config->n_devices + config->n_switches + 1, sizeof *branches);
    CHECK(branches);
    bool good = true;
    for (uint32_t d = 0; good && d < config->n_devices; d++) {
        if (config->devices[d].switch_index < 0)
            continue;
        struct branch *branch = &branches[branch_of(config, d)];
        if (!branch->first_device)
            branch->first_device = d + 1;
        good = check_one_owner(loader, d, branch) && check_id_map(loader, d, branch);
    }
    free(branches);
    return good;
}

/* Every size must suit the operation on every device that it runs on. */
static bool check_size(const struct loader *loader, size_t index, const struct cfg_device *device,
                       uint64_t bytes)
{
    const struct cfg_workload *workload = &loader->config->workloads[index];
    const uint32_t mps = loader->config->pcie.mps_bytes;
    switch (workload->op) {
    case OP_MMIO_READ:
    case OP_MMIO_WRITE:
        if (bytes > mps)
            return load_refuse(loader, "workloads", loader->workload_groups, index, "size",
                               "%" PRIu64 "B; a register access is one TLP, at most pcie.mps, %uB",
                               bytes, mps);
        return true;
    case OP_TRANSMIT:
    case OP_RECEIVE:
        if (bytes > device->nic.buffer_bytes)
            return load_refuse(loader, "workloads", loader->workload_groups, index, "size",
                               "%" PRIu64 "B do not fit the packet buffer of \"%s\", %uB", bytes,
                               device->name, device->nic.buffer_bytes);
        return true;
    case OP_READ:
    case OP_WRITE:
        if (bytes % device->nvme.block_bytes && workload->size_bytes.kind != DIST_EMPIRICAL)
            return load_refuse(loader, "workloads", loader->workload_groups, index, "size",
                               "%" PRIu64 "B are not whole blocks of \"%s\", %uB each", bytes,
                               device->name, device->nvme.block_bytes);
        return true;
    case OP_DMA_WRITE:
    case OP_DMA_READ:
        break;
    }
    return true;
}

static bool check_sizes(const struct loader *loader, size_t index)
{
    const struct config *config = loader->config;
    const struct cfg_workload *workload = &config->workloads[index];
    uint32_t last = UINT32_MAX;
    if (workload->arrival == ARRIVAL_TRACE)
        return true; /* the trace has the sizes */
    for (uint32_t t = 0; t < workload->n_targets; t++) {
        const struct cfg_device *device = &config->devices[workload->targets[t].device];
        if (workload->targets[t].device == last)
            continue;
        last = workload->targets[t].device;
        for (size_t i = 0; i < workload->size_bytes.n; i++)
            if (!check_size(loader, index, device, workload->size_bytes.value[i]))
                return false;
    }
    return true;
}

static bool check_workload(const struct loader *loader, size_t index)
{
    const struct cfg_workload *workload = &loader->config->workloads[index];
    const struct load_group *groups = loader->workload_groups;
    const struct yaml_node *node = groups[index].node;
    if (workload->arrival != ARRIVAL_ONOFF && (yaml_get(node, "on") || yaml_get(node, "off")))
        return load_refuse(loader, "workloads", groups, index, yaml_get(node, "on") ? "on" : "off",
                           "only arrival: on-off has periods");
    if (workload->arrival != ARRIVAL_CLOSED && workload->think_ps)
        return load_refuse(loader, "workloads", groups, index, "think",
                           "only arrival: closed has a think time");
    if (workload->stop_ps && workload->stop_ps <= workload->start_ps)
        return load_refuse(loader, "workloads", groups, index, "stop", "not after start");
    return check_sizes(loader, index);
}

bool cross_check_traffic(const struct loader *loader)
{
    if (!check_branches(loader))
        return false;
    for (size_t i = 0; i < loader->n_workload_groups; i++)
        if (!check_workload(loader, i))
            return false;
    return true;
}
