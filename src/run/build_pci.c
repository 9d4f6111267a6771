#include "run/build_pci.h"

#include "base/check.h"
#include "run/build.h"
#include "run/tables.h"

bool pci_can_be(const struct config *config, struct err *err)
{
    for (uint32_t s = 0; s < config->n_switches; s++)
        if (config->switches[s].parent_index >= 0)
            return err_at(err, &config->switches[s].mark,
                          "\"%s\" is cascaded, which software does not enumerate; attach its "
                          "devices to the root switch, or use boot: none",
                          config->switches[s].name);
    for (uint32_t h = 0; h < config->n_hosts; h++) {
        const struct cfg_host *host = &config->hosts[h];
        if (host->platform != PLATFORM_SANDY_BRIDGE && host->switch_index >= 0)
            return err_at(err, &host->mark,
                          "\"%s\" attaches to a switch, but has no platform to find it by "
                          "(platform: sandy-bridge)",
                          host->name);
        if (host->switch_index >= 0 && !platform_fits(config, h, err))
            return false;
    }
    return true;
}

/* ---- hosts ---- */

static void build_nodes(struct model *model, struct hierarchy *hierarchy, int root_bus,
                        const struct platform_nodes *list)
{
    hierarchy_init(hierarchy, model_take(model, list->n, sizeof(struct hierarchy_function)),
                   list->n, root_bus);
    CHECK(pci_node_build(hierarchy, &model->arena, list->nodes, list->n));
}

/* A slot's functions, all absent. */
static void make_slot(struct model *model, const struct platform_slot *slot,
                      struct switch_branch *branch)
{
    const struct cfg_device *device = &model->config->devices[slot->device];
    const uint32_t most = platform_has_ari(model->config, device)
                              ? (uint32_t)CFG_EMU_ARI_FUNCTIONS
                              : (uint32_t)CFG_EMU_SLOT_FUNCTIONS;
    const uint32_t n = device->vfs < most ? device->vfs : most;
    *branch = (struct switch_branch){
        .port = (uint16_t)tables_device_port(model->config, slot->device),
        .most_functions = n,
        .functions = model_take(model, n, sizeof *branch->functions),
        .vfs = model_take(model, n, sizeof *branch->vfs),
    };
}

static void make_view(struct model *model, uint32_t h)
{
    const struct config *config = model->config;
    struct pci_host *host = &model->pci->hosts[h];
    struct platform_nodes list;
    uint32_t n = 0;
    host->slots = platform_slots(config, h, &model->arena, &host->n_slots);
    host->n_owned = platform_owned(config, h);
    host->view.n_branches = host->n_owned + host->n_slots;
    host->view.branches = model_take(model, host->view.n_branches, sizeof *host->view.branches);
    const uint32_t spare = platform_spare_slots(&config->hosts[h], host->n_slots);
    platform_nodes_init(&list, &model->arena, PCI_DOWNSTREAM + host->view.n_branches + spare);
    const uint32_t upstream = platform_add_upstream(&list, PCI_NODE_TOP);
    for (uint32_t d = 0; d < config->n_devices; d++)
        if (config->devices[d].owner_index == (int)h && config->devices[d].switch_index >= 0)
            host->view.branches[n++] = (struct switch_branch){
                .port = (uint16_t)tables_device_port(config, d), .owned = true};
    for (uint32_t s = 0; s < host->n_slots; s++)
        make_slot(model, &host->slots[s], &host->view.branches[n++]);
    for (uint32_t b = 0; b < n; b++) {
        const uint32_t at =
            platform_add_downstream(&list, upstream, (uint8_t)b, b >= host->n_owned);
        list.nodes[at].external = b < host->n_owned; /* a card is in the slot */
        list.nodes[at].leaf = b;
    }
    for (uint32_t b = n; b < n + spare; b++)
        platform_add_downstream(&list, upstream, (uint8_t)b, true);
    build_nodes(model, &host->view.hierarchy, HIERARCHY_LINK, &list);
    for (uint32_t b = host->n_owned; b < n; b++)
        hierarchy_set_leaf(&host->view.hierarchy, PCI_DOWNSTREAM + b, b);
}

/* True if something is behind the host's root port. */
static bool is_connected(const struct config *config, uint32_t h)
{
    if (config->hosts[h].switch_index >= 0)
        return true;
    for (uint32_t d = 0; d < config->n_devices; d++)
        if (config->devices[d].host_index == (int)h)
            return true;
    return false;
}

static void make_bus0(struct model *model, uint32_t h)
{
    const struct cfg_host *host = &model->config->hosts[h];
    struct platform_nodes list;
    platform_nodes_init(&list, &model->arena, 2 + host->n_pci);
    if (host->platform == PLATFORM_SANDY_BRIDGE) {
        const uint32_t port = platform_add_root(&list, host);
        list.nodes[port].external = is_connected(model->config, h);
    }
    platform_add_own(&list, host);
    build_nodes(model, &model->pci->hosts[h].bus0, 0, &list);
}

void pci_make_host(struct model *model, uint32_t host)
{
    model->hosts[host].hierarchy = &model->pci->hosts[host].bus0;
}

/* ---- devices ---- */

static void make_layouts(struct model *model, uint32_t d)
{
    const struct cfg_device *device = &model->config->devices[d];
    struct pci_device *out = &model->pci->devices[d];
    const enum preset preset = platform_preset(device);
    struct preset_options pf, vf;
    platform_pf_options(device, &pf);
    platform_vf_options(device, &vf);
    out->pf = platform_layout(&model->arena, preset, &pf);
    out->vf = platform_layout(&model->arena, preset_vf(preset), &vf);
    const struct cfgspace reset = {out->pf, out->pf->reset};
    cfg_emu_model_init(&out->emulated, &reset, out->vf, platform_has_ari(model->config, device));
}

struct endpoint_config *pci_make_device(struct model *model, uint32_t d)
{
    const struct cfg_device *device = &model->config->devices[d];
    const struct endpoint_config_params params = {.pf = model->pci->devices[d].pf,
                                                  .vf = model->pci->devices[d].vf,
                                                  .config_read_ps = device->config_read_ps,
                                                  .flr_ps = device->flr_ps,
                                                  .vf_ready_ps = device->vf_ready_ps};
    const uint32_t n_functions = model->numbering.devices[d].n_functions;
    return endpoint_config_init(
        model_take(model, 1, endpoint_config_memory_bytes(&params, n_functions)), &params,
        n_functions);
}

struct endpoint *pci_device_at(const struct model *model, uint32_t sw, uint16_t port)
{
    for (uint32_t d = 0; d < model->config->n_devices; d++)
        if (model->config->devices[d].switch_index == (int)sw &&
            tables_device_port(model->config, d) == port)
            return &model->devices[d];
    CHECK(false);
}

/* ---- tables ---- */

/* VFs that @host may hold at one time or another. */
static uint32_t most_lent(const struct config *config, uint32_t host)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < config->n_lends; i++)
        n += config->lends[i].host == host;
    for (uint32_t i = 0; i < config->n_moves; i++)
        if (config->moves[i].host == host)
            n += config->moves[i].n_vfs;
    return n;
}

static uint32_t lent_of(const struct config *config, uint32_t owner)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < config->n_lends; i++)
        n += config->devices[config->lends[i].device].owner_index == (int)owner;
    return n;
}

static struct id_map *new_id_map(struct model *model, uint32_t entries)
{
    return id_map_init(model_take(model, 1, id_map_bytes(entries)), entries);
}

static struct addr_map *new_addr_map(struct model *model, uint32_t entries)
{
    return addr_map_init(model_take(model, 1, addr_map_bytes(entries)), entries);
}

static void make_host_tables(struct model *model, uint32_t h)
{
    const struct config *config = model->config;
    const uint32_t sw = (uint32_t)config->hosts[h].switch_index;
    struct pci_host *host = &model->pci->hosts[h];
    struct switch_tables *tables = &model->switches[sw].ports[tables_host_port(config, h)].tables;
    const uint32_t lent = most_lent(config, h), lends = lent_of(config, h);
    tables->view = &host->view;
    if (lent) {
        tables->id_map = new_id_map(model, lent);
        tables->addr_map = new_addr_map(model, lent * CFGSPACE_BARS);
    }
    if (host->n_owned) {
        /* a window of either kind of memory for each bridge */
        const uint32_t windows = 2 * host->n_owned;
        tables->owner = model_take(model, 1, sizeof *tables->owner);
        route_init(tables->owner, model_take(model, windows, sizeof(struct route_window)), windows);
    }
    if (lends)
        tables->lent = new_addr_map(model, lends * CFGSPACE_BARS);
}

static void make_device_tables(struct model *model, uint32_t d)
{
    const struct config *config = model->config;
    const struct cfg_device *device = &config->devices[d];
    const uint32_t sw = (uint32_t)device->switch_index;
    const struct cfg_switch *params = &config->switches[sw];
    struct switch_tables *tables = &model->switches[sw].ports[tables_device_port(config, d)].tables;
    uint32_t lent = 0;
    for (uint32_t i = 0; i < config->n_lends; i++)
        lent += config->lends[i].device == d;
    tables->owner_port = (uint16_t)tables_host_port(config, (uint32_t)device->owner_index);
    tables->proxy = proxy_tag_init(model_take(model, 1, proxy_tag_bytes(params->proxy_tags)),
                                   params->proxy_tags);
    /* The Owner's upstream bridge on the first bus behind its root port; any requester that is not
     * another's will do until a VF is lent (pool_hw.c). */
    tables->proxy_rid = 1 << 8 | PLATFORM_UPSTREAM_FUNCTION;
    if (!lent)
        return;
    tables->vfs = new_id_map(model, device->vfs);
    tables->id_map = new_id_map(model, params->id_map_entries);
    if (params->id_map_miss == ID_MAP_MISS_FETCH)
        tables->id_backing = new_id_map(model, lent);
}

void pci_make_tables(struct model *model)
{
    const struct config *config = model->config;
    const uint32_t n = model->numbering.n_functions;
    for (uint32_t s = 0; s < config->n_switches; s++) {
        assignment_init(&model->pci->assignments[s],
                        model_take(model, n, sizeof(struct assignment)), n);
        model->switches[s].assignments = &model->pci->assignments[s];
        switch_set_live(&model->switches[s], true);
    }
    for (uint32_t h = 0; h < config->n_hosts; h++)
        if (config->hosts[h].switch_index >= 0)
            make_host_tables(model, h);
    for (uint32_t d = 0; d < config->n_devices; d++)
        if (config->devices[d].switch_index >= 0)
            make_device_tables(model, d);
}

void pci_make(struct model *model)
{
    const struct config *config = model->config;
    struct pci_model *pci = model_take(model, 1, sizeof *pci);
    model->pci = pci;
    pci->hosts = model_take(model, config->n_hosts, sizeof *pci->hosts);
    pci->devices = model_take(model, config->n_devices, sizeof *pci->devices);
    pci->assignments = model_take(model, config->n_switches, sizeof *pci->assignments);
    for (uint32_t d = 0; d < config->n_devices; d++)
        make_layouts(model, d);
    for (uint32_t h = 0; h < config->n_hosts; h++) {
        make_bus0(model, h);
        if (config->hosts[h].switch_index >= 0)
            make_view(model, h);
    }
}
