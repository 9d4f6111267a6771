#include "run/lspci.h"

#include "base/check.h"
#include "pcie/cfgspace_layout.h"
#include "pcie/lspci_dump.h"

#include <string.h>

/* Registers that are not in one place, put together: an emulated function's. */
struct shown {
    struct cfgspace_layout layout;
    uint8_t value[CFGSPACE_BYTES];
};

static const struct cfgspace *local(const struct hierarchy *hierarchy,
                                    const struct hierarchy_target *target)
{
    return hierarchy_cfgspace(hierarchy, target);
}

/* A function of a device, by its routing ID in the Owner's domain. */
static const struct cfgspace *of_device(const struct endpoint *ep, uint16_t rid)
{
    for (uint32_t f = 0; f < ep->params.n_functions; f++)
        if (ep->functions[f].rid == rid)
            return endpoint_config_space(ep, f);
    CHECK(false);
}

/* What the User reads: the shadow's bits and the VF's. */
static const struct cfgspace *of_slot(const struct boot *boot, uint32_t sw,
                                      const struct switch_branch *branch, uint32_t function,
                                      struct shown *shown, struct cfgspace *out)
{
    const struct cfg_emu *emu = &branch->functions[function];
    const struct cfgspace *vf =
        of_device(pci_device_at(boot->model, sw, branch->port), branch->vfs[function].owner_rid);
    shown->layout = *vf->layout;
    *out = (struct cfgspace){&shown->layout, shown->value};
    for (uint16_t dw = 0; dw < vf->layout->bytes / 4; dw++) {
        const struct cfg_emu_decision decision = cfg_emu_read(emu, dw);
        const uint32_t below = cfgspace_read(vf, (uint16_t)(4 * dw));
        uint32_t value = decision.data;
        if (decision.outcome == CFG_EMU_PASS)
            value = below;
        else if (decision.outcome == CFG_EMU_MIXED)
            value = cfg_emu_merge(emu, dw, below);
        cfgspace_set32(out, 4U * dw, value);
    }
    return out;
}

static const struct cfgspace *behind_root_port(const struct boot *boot, uint32_t host, uint8_t type,
                                               uint16_t rid, struct shown *shown,
                                               struct cfgspace *out)
{
    const struct config *config = boot->model->config;
    const int sw = config->hosts[host].switch_index;
    for (uint32_t d = 0; sw < 0 && d < config->n_devices; d++)
        if (config->devices[d].host_index == (int)host)
            return of_device(&boot->model->devices[d], rid);
    CHECK(sw >= 0);
    const struct switch_view *view = &boot->model->pci->hosts[host].view;
    const struct hierarchy_target target =
        hierarchy_route(&view->hierarchy, type, (uint8_t)(rid >> 8), (uint8_t)rid);
    if (target.hit == HIERARCHY_LOCAL)
        return local(&view->hierarchy, &target);
    CHECK(target.hit == HIERARCHY_EXTERNAL);
    const struct switch_branch *branch = &view->branches[target.leaf];
    if (branch->owned)
        return of_device(pci_device_at(boot->model, (uint32_t)sw, branch->port), rid);
    return of_slot(boot, (uint32_t)sw, branch, rid & 0xff, shown, out);
}

static const struct cfgspace *find(const struct boot *boot, uint32_t host, uint16_t rid,
                                   struct shown *shown, struct cfgspace *out)
{
    const struct hierarchy *bus0 = &boot->model->pci->hosts[host].bus0;
    const struct hierarchy_target target =
        hierarchy_route_host(bus0, (uint8_t)(rid >> 8), (uint8_t)rid);
    if (target.hit == HIERARCHY_LOCAL)
        return local(bus0, &target);
    CHECK(target.hit == HIERARCHY_EXTERNAL);
    return behind_root_port(boot, host, target.type, rid, shown, out);
}

void lspci_write(const struct boot *boot, uint32_t host, FILE *out)
{
    const struct pci_tree *tree = &boot->hosts[host].machine.pci.tree;
    struct shown shown, shown_pf;
    struct cfgspace memory, memory_pf;
    for (struct pci_function *f = pci_tree_first(tree); f; f = pci_tree_next(tree, f)) {
        char text[32];
        const struct cfgspace *space = find(boot, host, f->rid, &shown, &memory);
        snprintf(text, sizeof text, "%04x:%04x", f->vendor, f->device);
        if (f->pf)
            lspci_dump_vf(out, 0, f->rid, text, space,
                          find(boot, host, f->pf->rid, &shown_pf, &memory_pf));
        else
            lspci_dump_function(out, 0, f->rid, text, space);
    }
}
