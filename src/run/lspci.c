#include "run/lspci.h"

#include "base/check.h"
#include "host/enumerate.h"
#include "host/pci_node.h"
#include "pcie/cfgspace_layout.h"
#include "pcie/lspci_dump.h"

#include <stdlib.h>
#include <string.h>

enum {
    ROOT_PORT_BUSES = 4, /* that firmware keeps behind the port to the pool (paper Fig. 13) */
    MOST_BRIDGES = 32,   /* devices on the bus behind the upstream bridge */
};

/* Some VFs of one device in one slot. */
struct card {
    uint32_t device, slot;
    uint32_t n;
    uint32_t bridge; /* index of the slot's port in the tree */
};

/* A PF whose driver enables VFs. */
struct owned {
    uint32_t function; /* index in the tree */
    uint16_t vfs;
};

struct view {
    const struct config *config;
    const struct cfg_host *host;
    uint32_t host_index;
    struct arena arena;
    struct pci_node *nodes;
    struct preset_options *options; /* by node */
    uint32_t n, capacity;
    struct card *cards;
    uint32_t n_cards;
    struct owned *owned;
    uint32_t n_owned;
    struct hierarchy hierarchy;
    struct cfg_access access;
    struct enumeration software;
};

static void *allocate(struct view *view, size_t n, size_t bytes)
{
    void *memory = arena_alloc(&view->arena, n ? n : 1, bytes);
    CHECK(memory);
    return memory;
}

/* ---- what there is ---- */

static void find_cards(struct view *view)
{
    const struct config *config = view->config;
    uint32_t most = 0;
    for (uint32_t i = 0; i < config->n_lends; i++)
        most += config->lends[i].host == view->host_index;
    view->cards = allocate(view, most, sizeof *view->cards);
    for (uint32_t d = 0; most > 0 && d < config->n_devices; d++) {
        const uint32_t first = view->n_cards;
        for (uint32_t i = 0; i < config->n_lends; i++) {
            const struct cfg_lend *lend = &config->lends[i];
            if (lend->device != d || lend->host != view->host_index)
                continue;
            uint32_t k = first;
            while (k < view->n_cards && view->cards[k].slot != lend->slot)
                k++;
            if (k == view->n_cards)
                view->cards[view->n_cards++] = (struct card){.device = d, .slot = lend->slot};
            view->cards[k].n++;
        }
    }
}

/* A node with its preset's options, which the caller may change; returns its index. */
static uint32_t add_node(struct view *view, enum preset preset, uint8_t device, uint8_t function,
                         int32_t behind)
{
    const uint32_t index = view->n++;
    CHECK(index < view->capacity);
    preset_defaults(preset, &view->options[index]);
    view->nodes[index] = (struct pci_node){.preset = preset,
                                           .device = device,
                                           .function = function,
                                           .behind = behind,
                                           .options = &view->options[index]};
    return index;
}

static enum preset preset_of(const struct cfg_device *device)
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

static void set_device_options(const struct cfg_device *device, struct preset_options *options)
{
    if (options->vfs < device->vfs)
        options->vfs = (uint16_t)device->vfs;
    options->vf_bar_log2_bytes = log2_of(device->bar_bytes);
    options->link_gen = (uint8_t)device->link.gen;
    options->link_width = (uint8_t)device->link.lanes;
}

static void add_device(struct view *view, const struct cfg_device *device, uint32_t port)
{
    const uint32_t index = add_node(view, preset_of(device), 0, 0, (int32_t)port);
    set_device_options(device, &view->options[index]);
    view->owned[view->n_owned++] = (struct owned){index, (uint16_t)device->vfs};
}

static uint32_t add_downstream(struct view *view, uint32_t upstream, uint8_t number)
{
    const uint32_t index = add_node(view, PRESET_SWITCH_DOWNSTREAM, number, 0, (int32_t)upstream);
    view->options[index].slot_number = (uint16_t)(number + 1);
    view->options[index].port = number;
    return index;
}

/* The private switch: bridges to the devices that the host owns, then its slots. */
static bool add_switch(struct view *view, uint32_t root_port, struct err *err)
{
    const struct config *config = view->config;
    uint8_t bridges = 0;
    add_node(view, PRESET_SWITCH_MANAGEMENT, 0, 0, (int32_t)root_port);
    const uint32_t upstream = add_node(view, PRESET_SWITCH_UPSTREAM, 0, 1, (int32_t)root_port);
    uint32_t wanted = view->n_cards;
    for (uint32_t d = 0; d < config->n_devices; d++)
        wanted += config->devices[d].owner_index == (int)view->host_index;
    if (wanted > MOST_BRIDGES)
        return err_at(err, &view->host->mark,
                      "\"%s\" would see %u bridges behind one; a bus has place for %d",
                      view->host->name, wanted, (int)MOST_BRIDGES);
    for (uint32_t d = 0; d < config->n_devices; d++)
        if (config->devices[d].owner_index == (int)view->host_index)
            add_device(view, &config->devices[d], add_downstream(view, upstream, bridges++));
    for (uint32_t c = 0; c < view->n_cards; c++)
        view->cards[c].bridge = add_downstream(view, upstream, bridges++);
    return true;
}

static bool add_platform(struct view *view, struct err *err)
{
    const struct config *config = view->config;
    add_node(view, PRESET_HOST_BRIDGE, 0, 0, PCI_NODE_TOP);
    const uint32_t port = add_node(view, PRESET_ROOT_PORT, 1, 0, PCI_NODE_TOP);
    view->options[port].link_gen = (uint8_t)view->host->link.gen;
    view->options[port].link_width = (uint8_t)view->host->link.lanes;
    if (view->host->switch_index >= 0)
        return add_switch(view, port, err);
    for (uint32_t d = 0; d < config->n_devices; d++)
        if (config->devices[d].host_index == (int)view->host_index)
            add_device(view, &config->devices[d], port);
    return true;
}

static void add_own_tree(struct view *view)
{
    const uint32_t first = view->n;
    for (uint32_t i = 0; i < view->host->n_pci; i++) {
        const struct cfg_pci *pci = &view->host->pci[i];
        const int32_t behind = pci->behind < 0 ? PCI_NODE_TOP : (int32_t)first + pci->behind;
        const uint32_t index =
            add_node(view, (enum preset)pci->preset, pci->device, pci->function, behind);
        struct preset_options *options = &view->options[index];
        view->nodes[index].absent = !pci->plugged;
        if (pci->has_slot)
            options->slot_number = pci->slot;
        if (pci->has_vfs)
            options->vfs = pci->vfs;
        if (pci->has_msix)
            options->msix_vectors = pci->msix;
        if (pci->vfs_enabled && pci->plugged)
            view->owned[view->n_owned++] = (struct owned){index, pci->vfs_enabled};
    }
}

/* ---- cards ---- */

static const struct cfgspace_layout *build_layout(struct view *view, enum preset preset,
                                                  const struct preset_options *options)
{
    struct cfgspace_layout *layout = allocate(view, 1, sizeof *layout);
    preset_build(preset, options, layout, allocate(view, 1, preset_memory_bytes(preset)));
    return layout;
}

/* The emulated functions of a slot, packed from 0 on. */
static void plug_in(struct view *view, const struct card *card)
{
    const struct config *config = view->config;
    const struct cfg_device *device = &config->devices[card->device];
    const struct cfg_switch *sw = &config->switches[view->host->switch_index];
    const enum preset preset = preset_of(device);
    struct preset_options pf_options, vf_options;
    preset_defaults(preset, &pf_options);
    set_device_options(device, &pf_options);
    preset_defaults(preset_vf(preset), &vf_options);
    vf_options.link_gen = pf_options.link_gen;
    vf_options.link_width = pf_options.link_width;
    if (device->msix)
        vf_options.msix_vectors = (uint16_t)device->msix;
    const struct cfgspace_layout *pf = build_layout(view, preset, &pf_options);
    const struct cfgspace_layout *vf = build_layout(view, preset_vf(preset), &vf_options);
    for (uint32_t i = 0; i < card->n; i++) {
        const struct preset_user_options options = {.multifunction = card->n > 1,
                                                    .hide_ari = sw->ari_hidden || !device->ari,
                                                    .next_function =
                                                        (uint8_t)(i + 1 < card->n ? i + 1 : 0)};
        struct cfgspace_layout *layout = allocate(view, 1, sizeof *layout);
        preset_build_user_vf(pf, vf, &options, layout,
                             allocate(view, 1, cfgspace_layout_memory_bytes(vf->bytes)));
        hierarchy_add(&view->hierarchy, card->bridge, (uint8_t)i, layout,
                      allocate(view, 1, layout->bytes));
    }
}

/* ---- software ---- */

static void no_time(void *self, uint64_t ps)
{
    (void)self, (void)ps;
}

static struct enumerate_options software_options(const struct view *view)
{
    struct enumerate_options options = enumerate_defaults();
    options.wait.wait = no_time;
    options.max_payload_bytes = (uint16_t)view->config->pcie.mps_bytes;
    options.host[PCI_MEMORY].bytes = view->host->window_bytes;
    options.host[PCI_PREFETCH].bytes = view->host->window64_bytes;
    options.hotplug_bytes[PCI_MEMORY] = view->host->hotplug.window_bytes;
    options.hotplug_bytes[PCI_PREFETCH] = view->host->hotplug.window_bytes;
    if (view->host->switch_index >= 0)
        options.root_port_buses = ROOT_PORT_BUSES;
    return options;
}

static struct pci_function *known(const struct view *view, uint32_t function)
{
    struct pci_function *found = pci_tree_find(
        &view->software.tree, hierarchy_rid(&view->hierarchy, function, HIERARCHY_PF));
    CHECK(found);
    return found;
}

/* All drivers at work. */
static bool boot(struct view *view, struct err *err)
{
    const struct enumerate_options options = software_options(view);
    if (!enumerate_boot(&view->software, &view->arena, &view->access, &options, err))
        return false;
    for (uint32_t i = 0; i < view->n_owned; i++)
        if (view->owned[i].vfs > 0 &&
            !enumerate_enable_vfs(&view->software, known(view, view->owned[i].function),
                                  view->owned[i].vfs, err))
            return false;
    for (uint32_t c = 0; c < view->n_cards; c++) {
        plug_in(view, &view->cards[c]);
        if (!enumerate_hot_add(&view->software, known(view, view->cards[c].bridge), err))
            return false;
    }
    return true;
}

static void dump(const struct view *view, FILE *out)
{
    const struct pci_tree *tree = &view->software.tree;
    for (struct pci_function *f = pci_tree_first(tree); f; f = pci_tree_next(tree, f)) {
        const struct hierarchy_target target =
            hierarchy_route_host(&view->hierarchy, (uint8_t)(f->rid >> 8), (uint8_t)f->rid);
        char text[32];
        CHECK(target.hit == HIERARCHY_LOCAL);
        const struct cfgspace *space = hierarchy_cfgspace(&view->hierarchy, &target);
        snprintf(text, sizeof text, "%04x:%04x", f->vendor, f->device);
        if (target.vf == HIERARCHY_PF)
            lspci_dump_function(out, 0, f->rid, text, space);
        else
            lspci_dump_vf(out, 0, f->rid, text, space,
                          &view->hierarchy.functions[target.function].space);
    }
}

static bool build(struct view *view, struct err *err)
{
    const struct config *config = view->config;
    uint32_t functions = 0;
    find_cards(view);
    for (uint32_t c = 0; c < view->n_cards; c++)
        functions += view->cards[c].n;
    /* a platform of 4, a bridge and a device for each that it may own, a bridge for each card */
    view->capacity = 4 + 2 * config->n_devices + view->n_cards + view->host->n_pci;
    view->nodes = allocate(view, view->capacity, sizeof *view->nodes);
    view->options = allocate(view, view->capacity, sizeof *view->options);
    view->owned = allocate(view, config->n_devices + view->host->n_pci, sizeof *view->owned);
    if (view->host->platform == PLATFORM_SANDY_BRIDGE && !add_platform(view, err))
        return false;
    add_own_tree(view);
    struct hierarchy_function *memory = allocate(view, view->n + functions, sizeof *memory);
    hierarchy_init(&view->hierarchy, memory, view->n + functions, 0);
    CHECK(pci_node_build(&view->hierarchy, &view->arena, view->nodes, view->n));
    view->access = hierarchy_access(&view->hierarchy);
    return boot(view, err);
}

bool lspci_write(const struct config *config, uint32_t host, FILE *out, struct err *err)
{
    struct view *view = calloc(1, sizeof *view);
    CHECK(view);
    view->config = config;
    view->host = &config->hosts[host];
    view->host_index = host;
    arena_init(&view->arena);
    const bool good = build(view, err);
    if (good)
        dump(view, out);
    arena_fini(&view->arena);
    free(view);
    return good;
}
