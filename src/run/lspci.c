#include "run/lspci.h"

#include "base/check.h"
#include "pcie/cfgspace_layout.h"
#include "pcie/lspci_dump.h"
#include "run/platform.h"

#include <stdlib.h>
#include <string.h>

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
    struct platform_nodes list;
    struct platform_slot *slots;
    uint32_t n_slots;
    uint32_t *bridges; /* [slot] its port's index in the tree */
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

static void add_device(struct view *view, const struct cfg_device *device, uint32_t port)
{
    struct preset_options *vf_options = allocate(view, 1, sizeof *vf_options);
    const uint32_t index = platform_add(&view->list, platform_preset(device), 0, 0, (int32_t)port);
    platform_pf_options(device, &view->list.options[index]);
    platform_vf_options(device, vf_options);
    view->list.nodes[index].vf_options = vf_options;
    view->owned[view->n_owned++] = (struct owned){index, (uint16_t)device->vfs};
}

/* The private switch: bridges to the devices that the host owns, then its slots. */
static bool add_switch(struct view *view, uint32_t root_port, struct err *err)
{
    const struct config *config = view->config;
    uint8_t bridges = 0;
    if (!platform_fits(config, view->host_index, err))
        return false;
    const uint32_t upstream = platform_add_upstream(&view->list, (int32_t)root_port);
    for (uint32_t d = 0; d < config->n_devices; d++)
        if (config->devices[d].owner_index == (int)view->host_index)
            add_device(view, &config->devices[d],
                       platform_add_downstream(&view->list, upstream, bridges++, false));
    for (uint32_t s = 0; s < view->n_slots; s++)
        view->bridges[s] = platform_add_downstream(&view->list, upstream, bridges++, true);
    return true;
}

static bool add_platform(struct view *view, struct err *err)
{
    const struct config *config = view->config;
    const uint32_t port = platform_add_root(&view->list, view->host);
    if (view->host->switch_index >= 0)
        return add_switch(view, port, err);
    for (uint32_t d = 0; d < config->n_devices; d++)
        if (config->devices[d].host_index == (int)view->host_index)
            add_device(view, &config->devices[d], port);
    return true;
}

static void add_own_tree(struct view *view)
{
    const uint32_t first = platform_add_own(&view->list, view->host);
    for (uint32_t i = 0; i < view->host->n_pci; i++) {
        const struct cfg_pci *pci = &view->host->pci[i];
        if (pci->vfs_enabled && pci->plugged)
            view->owned[view->n_owned++] = (struct owned){first + i, pci->vfs_enabled};
    }
}

/* ---- slots ---- */

/* The emulated functions of a slot, packed from 0 on. */
static void plug_in(struct view *view, const struct platform_slot *slot, uint32_t bridge)
{
    const struct cfg_device *device = &view->config->devices[slot->device];
    const enum preset preset = platform_preset(device);
    struct preset_options pf_options, vf_options;
    platform_pf_options(device, &pf_options);
    platform_vf_options(device, &vf_options);
    const struct cfgspace_layout *pf = platform_layout(&view->arena, preset, &pf_options);
    const struct cfgspace_layout *vf =
        platform_layout(&view->arena, preset_vf(preset), &vf_options);
    for (uint32_t i = 0; i < slot->n_vfs; i++) {
        const struct preset_user_options options = {
            .multifunction = slot->n_vfs > 1,
            .hide_ari = !platform_has_ari(view->config, device),
            .next_function = (uint8_t)(i + 1 < slot->n_vfs ? i + 1 : 0)};
        struct cfgspace_layout *layout = allocate(view, 1, sizeof *layout);
        preset_build_user_vf(pf, vf, &options, layout,
                             allocate(view, 1, cfgspace_layout_memory_bytes(vf->bytes)));
        hierarchy_add(&view->hierarchy, bridge, (uint8_t)i, layout,
                      allocate(view, 1, layout->bytes));
    }
}

/* ---- software ---- */

static void no_time(void *self, uint64_t ps)
{
    (void)self, (void)ps;
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
    struct enumerate_options options = platform_enumerate_options(view->config, view->host_index);
    options.wait.wait = no_time;
    if (!enumerate_boot(&view->software, &view->arena, &view->access, &options, err))
        return false;
    for (uint32_t i = 0; i < view->n_owned; i++)
        if (view->owned[i].vfs > 0 &&
            !enumerate_enable_vfs(&view->software, known(view, view->owned[i].function),
                                  view->owned[i].vfs, err))
            return false;
    for (uint32_t s = 0; s < view->n_slots; s++) {
        plug_in(view, &view->slots[s], view->bridges[s]);
        if (!enumerate_hot_add(&view->software, known(view, view->bridges[s]), err))
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
    view->slots = platform_slots(config, view->host_index, &view->arena, &view->n_slots);
    view->bridges = allocate(view, view->n_slots, sizeof *view->bridges);
    for (uint32_t s = 0; s < view->n_slots; s++)
        functions += view->slots[s].n_vfs;
    /* a platform of 4, a bridge and a device for each that it may own, a bridge for each slot */
    platform_nodes_init(&view->list, &view->arena,
                        4 + 2 * config->n_devices + view->n_slots + view->host->n_pci);
    view->owned = allocate(view, config->n_devices + view->host->n_pci, sizeof *view->owned);
    if (view->host->platform == PLATFORM_SANDY_BRIDGE && !add_platform(view, err))
        return false;
    add_own_tree(view);
    functions += view->list.n;
    hierarchy_init(&view->hierarchy, allocate(view, functions, sizeof(struct hierarchy_function)),
                   functions, 0);
    CHECK(pci_node_build(&view->hierarchy, &view->arena, view->list.nodes, view->list.n));
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
