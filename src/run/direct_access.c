/* Each function takes a request at one place of its way, and hands it on to the next. */
#include "run/direct_access.h"

#include "base/check.h"
#include "run/tables.h"

#include <linux/pci_regs.h>

enum { RETRY_ID = 0xffff0001, DW_BYTES = 4 };

/* ---- configuration ---- */

static bool is_lent(const struct pcie_switch *sw, uint16_t port, uint16_t rid)
{
    const struct switch_tables *device = &sw->ports[port].tables;
    const struct id_map *all = device->id_backing ? device->id_backing : device->id_map;
    return all && id_map_find(all, (struct id_key){port, rid}) >= 0;
}

static enum tlp_status at_owned(struct model *model, uint32_t sw, uint16_t port,
                                const struct cfg_request *access, uint32_t *value)
{
    if (is_lent(&model->switches[sw], port, access->target))
        return TLP_UR;
    if (!access->is_read && access->type == 0)
        model->switches[sw].ports[port].tables.device_bus = (uint8_t)(access->target >> 8);
    return endpoint_config_access(pci_device_at(model, sw, port), access, value);
}

static uint32_t lanes(const struct cfg_request *access)
{
    return 8 * (access->offset % DW_BYTES);
}

static uint32_t cut(const struct cfg_request *access, uint32_t dword)
{
    return dword >> lanes(access) & UINT32_MAX >> (32 - 8 * access->bytes);
}

/* Goes on to the VF behind an emulated function. */
static enum tlp_status at_vf(struct model *model, uint32_t sw, uint16_t port, uint16_t owner_rid,
                             const struct cfg_request *access, uint32_t *value)
{
    struct cfg_request passed = *access;
    passed.target = owner_rid;
    passed.type = owner_rid >> 8 != model->switches[sw].ports[port].tables.device_bus;
    return endpoint_config_access(pci_device_at(model, sw, port), &passed, value);
}

static enum tlp_status read_lent(struct model *model, uint32_t sw,
                                 const struct switch_branch *branch, uint32_t function,
                                 const struct cfg_request *access, uint32_t *value)
{
    const struct cfg_emu *emu = &branch->functions[function];
    const uint16_t dw = access->offset / DW_BYTES;
    const struct cfg_emu_decision decision = cfg_emu_read(emu, dw);
    if (decision.outcome == CFG_EMU_UR || decision.outcome == CFG_EMU_CRS)
        return decision.outcome == CFG_EMU_UR ? TLP_UR : TLP_CRS;
    *value = cut(access, decision.data);
    if (decision.outcome == CFG_EMU_ANSWER)
        return TLP_SC;
    const enum tlp_status status =
        at_vf(model, sw, branch->port, branch->vfs[function].owner_rid, access, value);
    if (decision.outcome == CFG_EMU_MIXED)
        *value = cut(access, cfg_emu_merge(emu, dw, *value << lanes(access)));
    return status;
}

static enum tlp_status write_lent(struct model *model, uint32_t sw, uint32_t host_port,
                                  uint32_t leaf, uint32_t function,
                                  const struct cfg_request *access, uint32_t *value)
{
    const struct switch_branch *branch =
        &model->switches[sw].ports[host_port].tables.view->branches[leaf];
    const uint8_t enables = (uint8_t)(((1U << access->bytes) - 1) << access->offset % DW_BYTES);
    const uint16_t dw = access->offset / DW_BYTES;
    const struct cfg_emu_decision decision =
        cfg_emu_write(&branch->functions[function], dw, enables);
    if (decision.outcome == CFG_EMU_UR || decision.outcome == CFG_EMU_CRS)
        return decision.outcome == CFG_EMU_UR ? TLP_UR : TLP_CRS;
    switch_config_shadow_write(&model->switches[sw], host_port, leaf, function, dw,
                               *value << lanes(access), enables);
    if (decision.outcome == CFG_EMU_ANSWER)
        return TLP_SC;
    return at_vf(model, sw, branch->port, branch->vfs[function].owner_rid, access, value);
}

static enum tlp_status at_lent(struct model *model, uint32_t sw, uint32_t host_port, uint32_t leaf,
                               const struct cfg_request *access, uint32_t *value)
{
    const struct switch_branch *branch =
        &model->switches[sw].ports[host_port].tables.view->branches[leaf];
    const uint32_t function = access->target & 0xff;
    if (access->type != 0 || function >= branch->n_functions)
        return TLP_UR;
    if (access->is_read)
        return read_lent(model, sw, branch, function, access, value);
    return write_lent(model, sw, host_port, leaf, function, access, value);
}

static unsigned access_local(struct hierarchy *hierarchy, const struct hierarchy_target *target,
                             const struct cfg_request *access, uint32_t *value)
{
    if (!access->is_read)
        return hierarchy_write(hierarchy, target, (uint8_t)(access->target >> 8), access->offset,
                               access->bytes, *value);
    *value =
        cfgspace_read_sized(hierarchy_cfgspace(hierarchy, target), access->offset, access->bytes);
    return 0;
}

static enum tlp_status at_switch(struct model *model, uint32_t sw, uint32_t host_port,
                                 struct cfg_request access, uint32_t *value)
{
    struct switch_view *view = model->switches[sw].ports[host_port].tables.view;
    const struct hierarchy_target target = hierarchy_route(
        &view->hierarchy, access.type, (uint8_t)(access.target >> 8), (uint8_t)access.target);
    switch (target.hit) {
    case HIERARCHY_NONE:
        return TLP_UR;
    case HIERARCHY_LOCAL:
        switch_config_act(&model->switches[sw], host_port, &target,
                          access_local(&view->hierarchy, &target, &access, value));
        return TLP_SC;
    case HIERARCHY_EXTERNAL:
        access.type = target.type;
        if (view->branches[target.leaf].owned)
            return at_owned(model, sw, view->branches[target.leaf].port, &access, value);
        return at_lent(model, sw, host_port, target.leaf, &access, value);
    }
    CHECK(false);
}

static enum tlp_status behind_root_port(struct model *model, uint32_t host,
                                        const struct cfg_request *access, uint32_t *value)
{
    const struct config *config = model->config;
    if (config->hosts[host].switch_index >= 0)
        return at_switch(model, (uint32_t)config->hosts[host].switch_index,
                         tables_host_port(config, host), *access, value);
    for (uint32_t d = 0; d < config->n_devices; d++)
        if (config->devices[d].host_index == (int)host)
            return endpoint_config_access(&model->devices[d], access, value);
    return TLP_UR;
}

enum tlp_status direct_access_config(struct model *model, uint32_t host,
                                     const struct cfg_request *access, uint32_t *value)
{
    struct hierarchy *bus0 = &model->pci->hosts[host].bus0;
    const struct hierarchy_target target =
        hierarchy_route_host(bus0, (uint8_t)(access->target >> 8), (uint8_t)access->target);
    struct cfg_request passed = *access;
    switch (target.hit) {
    case HIERARCHY_NONE:
        return TLP_UR;
    case HIERARCHY_LOCAL:
        hierarchy_apply(bus0, &target, access_local(bus0, &target, access, value));
        return TLP_SC;
    case HIERARCHY_EXTERNAL:
        passed.type = target.type;
        return behind_root_port(model, host, &passed, value);
    }
    CHECK(false);
}

/* ---- memory: what matters to software that boots is the MSI-X tables ---- */

/* The device that @address of @host's domain leads to, and the address in its Owner's domain. */
static struct endpoint *find_target(struct model *model, uint32_t host, uint64_t *address)
{
    const struct config *config = model->config;
    const int index = config->hosts[host].switch_index;
    if (index < 0) {
        for (uint32_t d = 0; d < config->n_devices; d++)
            if (config->devices[d].host_index == (int)host)
                return &model->devices[d];
        return NULL;
    }
    const struct switch_tables *tables =
        &model->switches[index].ports[tables_host_port(config, host)].tables;
    uint64_t owner_address = *address;
    const struct addr_entry *entry =
        tables->addr_map ? addr_map_find(tables->addr_map, *address, &owner_address) : NULL;
    const int32_t port = entry           ? entry->port
                         : tables->owner ? route_address(tables->owner, *address)
                                         : ROUTE_NONE;
    *address = owner_address;
    return port == ROUTE_NONE ? NULL : pci_device_at(model, (uint32_t)index, (uint16_t)port);
}

static bool access_memory(struct model *model, struct plane_access *access)
{
    uint64_t address = access->address;
    const struct endpoint *ep = find_target(model, access->host, &address);
    if (!ep)
        return false;
    const struct endpoint_place place = endpoint_config_decode(ep, address);
    uint32_t value = (uint32_t)access->value;
    if (place.function == ep->params.n_functions)
        return false;
    if (access->kind == PLANE_MMIO_WRITE)
        return endpoint_config_write_msix(ep, &place, value);
    const bool read = endpoint_config_read_msix(ep, &place, &value);
    access->value = value;
    return read;
}

/* ---- the plane's side ---- */

static void issue(void *self, struct plane_access *access)
{
    struct direct_access *direct = self;
    const bool is_config = access->kind == PLANE_CFG_READ || access->kind == PLANE_CFG_WRITE;
    const struct cfg_request request = {.target = (uint16_t)(access->address >> 16),
                                        .offset = (uint16_t)access->address,
                                        .bytes = access->bytes,
                                        .is_read = access->kind == PLANE_CFG_READ};
    uint32_t value = (uint32_t)access->value;
    if (is_config) {
        const enum tlp_status status =
            direct_access_config(direct->model, access->host, &request, &value);
        const bool shows_retry =
            status == TLP_CRS && request.is_read && request.offset == PCI_VENDOR_ID;
        access->failed = status != TLP_SC && !shows_retry;
        access->value = shows_retry ? RETRY_ID : value;
    } else {
        access->failed = !access_memory(direct->model, access);
    }
    plane_done(direct->plane, access, direct->model->sim.now_ps);
}

struct plane_io direct_access_init(struct direct_access *self, struct model *model)
{
    *self = (struct direct_access){.model = model};
    return (struct plane_io){issue, self};
}
