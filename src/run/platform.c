#include "run/platform.h"

#include "base/check.h"

#include <stdlib.h>

/* ---- slots ---- */

static int compare_slots(const void *a, const void *b)
{
    const struct platform_slot *x = a, *y = b;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

struct platform_slot *platform_slots(const struct config *config, uint32_t host,
                                     struct arena *arena, uint32_t *out_n)
{
    uint32_t most = 0, n = 0, kept = 0;
    for (uint32_t i = 0; i < config->n_lends; i++)
        most += config->lends[i].host == host;
    for (uint32_t i = 0; i < config->n_moves; i++)
        most += config->moves[i].host == host;
    struct platform_slot *slots = arena_alloc(arena, most ? most : 1, sizeof *slots);
    CHECK(slots);
    for (uint32_t i = 0; i < config->n_lends; i++)
        if (config->lends[i].host == host)
            slots[n++] = (struct platform_slot){config->lends[i].device, config->lends[i].slot, 1};
    for (uint32_t i = 0; i < config->n_moves; i++)
        if (config->moves[i].host == host)
            slots[n++] = (struct platform_slot){config->moves[i].device, config->moves[i].slot, 0};
    qsort(slots, n, sizeof *slots, compare_slots);
    for (uint32_t i = 0; i < n; i++) {
        if (kept > 0 && compare_slots(&slots[kept - 1], &slots[i]) == 0)
            slots[kept - 1].n_vfs += slots[i].n_vfs;
        else
            slots[kept++] = slots[i];
    }
    *out_n = kept;
    return slots;
}

uint32_t platform_spare_slots(const struct cfg_host *host, uint32_t n_slots)
{
    const struct cfg_hotplug *hotplug = &host->hotplug;
    return hotplug->slots_auto || hotplug->slots < n_slots ? 0 : hotplug->slots - n_slots;
}

uint32_t platform_owned(const struct config *config, uint32_t host)
{
    uint32_t n = 0;
    for (uint32_t d = 0; d < config->n_devices; d++)
        n += config->devices[d].owner_index == (int)host && config->devices[d].host_index < 0;
    return n;
}

bool platform_fits(const struct config *config, uint32_t host, struct err *err)
{
    struct arena scratch;
    uint32_t bridges;
    arena_init(&scratch);
    platform_slots(config, host, &scratch, &bridges);
    arena_fini(&scratch);
    bridges += platform_spare_slots(&config->hosts[host], bridges);
    bridges += platform_owned(config, host);
    return bridges <= PLATFORM_BRIDGES_MOST ||
           err_at(err, &config->hosts[host].mark,
                  "\"%s\" would see %u bridges behind one; a bus has place for %d",
                  config->hosts[host].name, bridges, (int)PLATFORM_BRIDGES_MOST);
}

/* ---- nodes ---- */

void platform_nodes_init(struct platform_nodes *list, struct arena *arena, uint32_t capacity)
{
    *list = (struct platform_nodes){.nodes = arena_alloc(arena, capacity, sizeof *list->nodes),
                                    .options = arena_alloc(arena, capacity, sizeof *list->options),
                                    .capacity = capacity};
    CHECK(list->nodes && list->options);
}

uint32_t platform_add(struct platform_nodes *list, enum preset preset, uint8_t device,
                      uint8_t function, int32_t behind)
{
    const uint32_t index = list->n++;
    CHECK(index < list->capacity);
    preset_defaults(preset, &list->options[index]);
    list->nodes[index] = (struct pci_node){.preset = preset,
                                           .device = device,
                                           .function = function,
                                           .behind = behind,
                                           .options = &list->options[index]};
    return index;
}

uint32_t platform_add_root(struct platform_nodes *list, const struct cfg_host *host)
{
    platform_add(list, PRESET_HOST_BRIDGE, 0, 0, PCI_NODE_TOP);
    const uint32_t port =
        platform_add(list, PRESET_ROOT_PORT, PLATFORM_ROOT_PORT_DEVICE, 0, PCI_NODE_TOP);
    list->options[port].link_gen = (uint8_t)host->link.gen;
    list->options[port].link_width = (uint8_t)host->link.lanes;
    return port;
}

uint32_t platform_add_upstream(struct platform_nodes *list, int32_t behind)
{
    platform_add(list, PRESET_SWITCH_MANAGEMENT, 0, 0, behind);
    return platform_add(list, PRESET_SWITCH_UPSTREAM, 0, PLATFORM_UPSTREAM_FUNCTION, behind);
}

uint32_t platform_add_downstream(struct platform_nodes *list, uint32_t upstream, uint8_t number,
                                 bool is_slot)
{
    const uint32_t index =
        platform_add(list, PRESET_SWITCH_DOWNSTREAM, number, 0, (int32_t)upstream);
    list->options[index].slot_number = (uint16_t)(number + 1);
    list->options[index].port = number;
    list->options[index].button = is_slot;
    return index;
}

uint32_t platform_add_own(struct platform_nodes *list, const struct cfg_host *host)
{
    const uint32_t first = list->n;
    for (uint32_t i = 0; i < host->n_pci; i++) {
        const struct cfg_pci *pci = &host->pci[i];
        const int32_t behind = pci->behind < 0 ? PCI_NODE_TOP : (int32_t)first + pci->behind;
        const uint32_t index =
            platform_add(list, (enum preset)pci->preset, pci->device, pci->function, behind);
        struct preset_options *options = &list->options[index];
        list->nodes[index].absent = !pci->plugged;
        if (pci->has_slot)
            options->slot_number = pci->slot;
        if (pci->has_vfs)
            options->vfs = pci->vfs;
        if (pci->has_msix)
            options->msix_vectors = pci->msix;
    }
    return first;
}

/* ---- devices ---- */

enum preset platform_preset(const struct cfg_device *device)
{
    switch (device->kind) {
    case DEVICE_NIC:
        return PRESET_82599;
    case DEVICE_NVME:
        return PRESET_NVME;
    case DEVICE_NULL:
        break;
    }
    return PRESET_NULL;
}

static uint8_t log2_of(uint64_t bytes)
{
    uint8_t log2 = 0;
    while (UINT64_C(1) << log2 < bytes)
        log2++;
    return log2;
}

void platform_pf_options(const struct cfg_device *device, struct preset_options *out)
{
    preset_defaults(platform_preset(device), out);
    if (out->vfs < device->vfs)
        out->vfs = (uint16_t)device->vfs;
    out->vf_bar_log2_bytes = log2_of(device->bar_bytes);
    out->link_gen = (uint8_t)device->link.gen;
    out->link_width = (uint8_t)device->link.lanes;
}

void platform_vf_options(const struct cfg_device *device, struct preset_options *out)
{
    preset_defaults(preset_vf(platform_preset(device)), out);
    out->link_gen = (uint8_t)device->link.gen;
    out->link_width = (uint8_t)device->link.lanes;
    if (device->msix)
        out->msix_vectors = (uint16_t)device->msix;
}

bool platform_has_ari(const struct config *config, const struct cfg_device *device)
{
    return device->ari && device->switch_index >= 0 &&
           !config->switches[device->switch_index].ari_hidden;
}

const struct cfgspace_layout *platform_layout(struct arena *arena, enum preset preset,
                                              const struct preset_options *options)
{
    struct cfgspace_layout *layout = arena_alloc(arena, 1, sizeof *layout);
    uint8_t *memory = arena_alloc(arena, 1, preset_memory_bytes(preset));
    CHECK(layout && memory);
    preset_build(preset, options, layout, memory);
    return layout;
}

struct enumerate_options platform_enumerate_options(const struct config *config, uint32_t host)
{
    const struct cfg_host *h = &config->hosts[host];
    struct enumerate_options options = enumerate_defaults();
    options.max_payload_bytes = (uint16_t)config->pcie.mps_bytes;
    options.vf_enable_ps = config->boot.vf_enable_ps;
    options.host[PCI_MEMORY].bytes = h->window_bytes;
    options.host[PCI_PREFETCH].bytes = h->window64_bytes;
    options.hotplug_bytes[PCI_MEMORY] = h->hotplug.window_bytes;
    options.hotplug_bytes[PCI_PREFETCH] = h->hotplug.window_bytes;
    if (h->switch_index >= 0)
        options.root_port_buses = PLATFORM_ROOT_PORT_BUSES;
    return options;
}
