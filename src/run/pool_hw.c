#include "run/pool_hw.h"

#include "base/check.h"
#include "fabric/switch_fault.h"
#include "pcie/cap_header.h"
#include "pcie/cap_slot.h"
#include "pcie/cap_sriov.h"
#include "run/tables.h"

#include <linux/pci_regs.h>

struct pool_hw_switch {
    struct pool_hw *hw;
    uint32_t *host;                       /* by port */
    struct request_owner interrupt_owner; /* of its own interrupts */
};

/* ---- who is where ---- */

static struct pcie_switch *switch_of(const struct pool_hw *hw, uint32_t host)
{
    return &hw->model->switches[hw->model->config->hosts[host].switch_index];
}

static uint16_t host_port(const struct pool_hw *hw, uint32_t host)
{
    return (uint16_t)tables_host_port(hw->model->config, host);
}

static uint16_t device_port(const struct pool_hw *hw, uint32_t device)
{
    return (uint16_t)tables_device_port(hw->model->config, device);
}

static uint32_t owner_of(const struct pool_hw *hw, const struct pool_hw_vf *vf)
{
    return (uint32_t)hw->model->config->devices[vf->device].owner_index;
}

static struct pci_host *pci_of(const struct pool_hw *hw, uint32_t host)
{
    return &hw->model->pci->hosts[host];
}

static uint32_t branch_of(const struct pool_hw *hw, uint32_t host, uint32_t slot)
{
    return pci_of(hw, host)->n_owned + slot;
}

static struct switch_branch *slot_branch(const struct pool_hw *hw, uint32_t host, uint32_t slot)
{
    return &pci_of(hw, host)->view.branches[branch_of(hw, host, slot)];
}

static struct cfgspace *slot_port(const struct pool_hw *hw, uint32_t host, uint32_t slot)
{
    const uint32_t function = PCI_DOWNSTREAM + branch_of(hw, host, slot);
    return &pci_of(hw, host)->view.hierarchy.functions[function].space;
}

static uint16_t owner_rid(const struct pool_hw *hw, const struct pool_hw_vf *vf)
{
    return hw->model->devices[vf->device].functions[vf->vf].rid;
}

/* ---- entries ---- */

static uint32_t free_id_entry(const struct id_map *map)
{
    for (uint32_t i = 0; i < id_map_entries(map); i++)
        if (!id_map_is_valid(map, i))
            return i;
    return POOL_HW_NONE;
}

static void write_id(struct pcie_switch *sw, struct id_map *map, uint32_t index, struct id_key key,
                     struct id_value value)
{
    switch_note_write(sw, map, index);
    (void)id_map_write(map, index, key, value); /* a refusal leaves it free */
}

static void free_id(struct pcie_switch *sw, struct id_map *map, uint32_t index)
{
    switch_note_write(sw, map, index);
    id_map_invalidate(map, index);
}

static struct id_map *all_up(const struct switch_tables *device)
{
    return device->id_backing ? device->id_backing : device->id_map;
}

/* A copy that the CAM has of an entry of its backing table is not valid any more. */
static void drop_cached(struct pcie_switch *sw, const struct switch_tables *device,
                        struct id_key key)
{
    const int32_t cached = device->id_backing ? id_map_find(device->id_map, key) : -1;
    if (cached >= 0)
        free_id(sw, device->id_map, (uint32_t)cached);
}

/* The function's routing ID in its User's domain; its bus is 0 until that is numbered. */
static uint16_t user_rid(const struct pool_hw *hw, const struct pool_hw_vf *vf)
{
    const uint8_t bus = cap_header_secondary(slot_port(hw, vf->host, vf->slot));
    return (uint16_t)((uint32_t)bus << 8 | vf->function);
}

/* Both directions of the ID map. */
static void write_ids(struct pool_hw *hw, struct pool_hw_vf *vf)
{
    struct pcie_switch *sw = switch_of(hw, vf->host);
    const uint16_t port = device_port(hw, vf->device), host = host_port(hw, vf->host);
    const struct switch_tables *device = &sw->ports[port].tables;
    struct id_map *up = all_up(device), *down = sw->ports[host].tables.id_map;
    const struct id_key up_key = {port, owner_rid(hw, vf)};
    const struct id_key down_key = {host, user_rid(hw, vf)};
    const uint32_t index = (uint32_t)(vf - hw->vfs);
    drop_cached(sw, device, up_key);
    if (vf->up != POOL_HW_NONE)
        write_id(sw, up, vf->up, up_key, (struct id_value){host, down_key.rid, index});
    if (id_map_is_valid(down, vf->down))
        free_id(sw, down, vf->down);
    if (down_key.rid >> 8)
        write_id(sw, down, vf->down, down_key, (struct id_value){port, up_key.rid, index});
}

/* The Owner is kept from the VF's ranges. */
static void protect(struct pool_hw *hw, const struct pool_hw_vf *vf, bool on)
{
    struct pcie_switch *sw = switch_of(hw, owner_of(hw, vf));
    struct addr_map *lent = sw->ports[host_port(hw, owner_of(hw, vf))].tables.lent;
    const struct endpoint *ep = &hw->model->devices[vf->device];
    const struct cfgspace *pf = endpoint_config_space(ep, ep->params.n_functions - 1);
    for (unsigned n = 0; n < CFGSPACE_BARS; n++) {
        const uint64_t bytes = cap_sriov_vf_bar_bytes(pf, n);
        const uint64_t base = cap_sriov_vf_bar(pf, n, vf->vf);
        const uint32_t entry = vf->lent * CFGSPACE_BARS + n;
        const struct addr_entry range = {.user_base = base,
                                         .owner_base = base,
                                         .function = (uint32_t)(vf - hw->vfs),
                                         .port = device_port(hw, vf->device),
                                         .log2_bytes =
                                             (uint8_t)(bytes ? __builtin_ctzll(bytes) : 0)};
        switch_note_write(sw, lent, entry);
        addr_map_invalidate(lent, entry);
        if (on && bytes && base)
            (void)addr_map_write(lent, entry, &range); /* as above */
    }
}

/* A row that no VF has; @used tells which of two tables. */
static uint32_t free_row(const struct pool_hw *hw, const struct pool_hw_vf *vf, bool is_lent)
{
    const uint32_t n = hw->model->numbering.n_functions;
    for (uint32_t row = 0;; row++) {
        bool taken = false;
        for (uint32_t i = 0; i < n && !taken; i++) {
            const struct pool_hw_vf *other = &hw->vfs[i];
            if (other->host == POOL_HW_NONE || other == vf)
                continue;
            taken = is_lent ? owner_of(hw, other) == owner_of(hw, vf) && other->lent == row
                            : other->host == vf->host && other->down == row;
        }
        if (!taken)
            return row;
    }
}

/* ---- orders ---- */

static struct assignment_table *assignments_of(const struct pool_hw *hw, uint32_t index)
{
    return switch_of(hw, owner_of(hw, &hw->vfs[index]))->assignments;
}

static void stop(void *self, uint32_t index)
{
    struct pool_hw *hw = self;
    switch_command(switch_of(hw, owner_of(hw, &hw->vfs[index])), index, ASSIGNMENT_DRAIN, NULL);
}

/* The switch counts what has passed its look-up and is not completed there. That leaves out what
 * the VF has sent and what comes back to it: both of them its own Transactions Pending tells, which
 * is read here at once. An FLR must not overtake either (Base Spec 6.6.2). */
static uint32_t in_flight(void *self, uint32_t index)
{
    const struct pool_hw *hw = self;
    const struct pool_hw_vf *vf = &hw->vfs[index];
    const struct assignment *a = &assignments_of(self, index)->functions[index];
    const uint32_t pending = endpoint_pending(&hw->model->devices[vf->device], (uint16_t)vf->vf);
    const uint32_t passed = a->in_flight[ASSIGNMENT_DEVICE];
    return a->in_flight[ASSIGNMENT_HOST] + (passed > pending ? passed : pending);
}

static void reset(void *self, uint32_t index)
{
    struct pool_hw *hw = self;
    const struct pool_hw_vf *vf = &hw->vfs[index];
    struct pcie_switch *sw = switch_of(hw, owner_of(hw, vf));
    /* Refused as long as something is in flight: then the assignment is abandoned in the end. */
    switch_command(sw, index, ASSIGNMENT_RESET, NULL);
    if (vf->host == POOL_HW_NONE)
        switch_config_flr_vf(sw, device_port(hw, vf->device), owner_rid(hw, vf), index,
                             hw->model->pci->devices[vf->device].vf);
    else
        switch_config_flr(sw, host_port(hw, vf->host), branch_of(hw, vf->host, vf->slot),
                          vf->function);
}

static void unload_function(struct pool_hw *hw, const struct pool_hw_vf *vf)
{
    struct switch_branch *branch = slot_branch(hw, vf->host, vf->slot);
    struct switch_vf *seen = &branch->vfs[vf->function];
    if (branch->functions[vf->function].model && seen->function == (uint32_t)(vf - hw->vfs))
        cfg_emu_unload(&branch->functions[vf->function]);
    switch_note_write(switch_of(hw, vf->host), &branch->functions[vf->function],
                      SWITCH_FUNCTION_STATE);
}

static void invalidate(void *self, uint32_t index)
{
    struct pool_hw *hw = self;
    struct pool_hw_vf *vf = &hw->vfs[index];
    if (vf->host == POOL_HW_NONE)
        return;
    struct pcie_switch *sw = switch_of(hw, vf->host);
    const struct switch_tables *device = &sw->ports[device_port(hw, vf->device)].tables;
    const struct switch_tables *host = &sw->ports[host_port(hw, vf->host)].tables;
    drop_cached(sw, device, (struct id_key){device_port(hw, vf->device), owner_rid(hw, vf)});
    if (vf->up != POOL_HW_NONE)
        free_id(sw, all_up(device), vf->up);
    free_id(sw, host->id_map, vf->down);
    for (uint32_t n = 0; n < CFGSPACE_BARS; n++) {
        switch_note_write(sw, host->addr_map, vf->down * CFGSPACE_BARS + n);
        addr_map_invalidate(host->addr_map, vf->down * CFGSPACE_BARS + n);
    }
    protect(hw, vf, false);
    unload_function(hw, vf);
    /* In the right order; otherwise the VF is still assigned until it is loaded anew. */
    if (switch_command(sw, index, ASSIGNMENT_RESET_DONE, NULL) == ASSIGNMENT_OK)
        CHECK(switch_command(sw, index, ASSIGNMENT_RELEASE, NULL) == ASSIGNMENT_OK);
    proxy_tag_retire_function(device->proxy, (uint16_t)index);
    proxy_tag_forget_function(device->proxy, (uint16_t)index);
    vf->host = vf->up = vf->down = vf->lent = POOL_HW_NONE;
}

/* What the switch keeps of the function behind its slot's bridge. */
static void load_function(struct pool_hw *hw, const struct pool_hw_vf *vf)
{
    struct switch_branch *branch = slot_branch(hw, vf->host, vf->slot);
    const struct endpoint *ep = &hw->model->devices[vf->device];
    const struct cfgspace *pf = endpoint_config_space(ep, ep->params.n_functions - 1);
    struct switch_vf *seen = &branch->vfs[vf->function];
    *seen = (struct switch_vf){.owner_rid = owner_rid(hw, vf),
                               .function = (uint32_t)(vf - hw->vfs),
                               .first_range = vf->down * CFGSPACE_BARS};
    for (unsigned n = 0; n < CFGSPACE_BARS; n++)
        seen->owner_base[n] = cap_sriov_vf_bar(pf, n, vf->vf);
    cfg_emu_load(&branch->functions[vf->function], &hw->model->pci->devices[vf->device].emulated);
    switch_note_write(switch_of(hw, vf->host), &branch->functions[vf->function],
                      SWITCH_FUNCTION_ROWS);
}

static void load(void *self, uint32_t index, uint32_t host, uint32_t slot, uint32_t function)
{
    struct pool_hw *hw = self;
    struct pool_hw_vf *vf = &hw->vfs[index];
    struct pcie_switch *sw = switch_of(hw, host);
    const uint16_t port = device_port(hw, vf->device);
    struct switch_tables *device = &sw->ports[port].tables;
    struct id_map *up = all_up(device);
    /* Bridge 0 of a host is its upstream bridge. */
    const struct assignment_place place = {
        host_port(hw, host), (uint16_t)(branch_of(hw, host, slot) + 1), (uint16_t)function};
    const bool stale = vf->host != POOL_HW_NONE;
    if (stale)
        unload_function(hw, vf);
    /* In the right order neither the VF nor its place is taken any more. */
    const int32_t before = assignment_at(sw->assignments, &place);
    switch_command(sw, index, ASSIGNMENT_ABANDON, NULL);
    if (before >= 0)
        switch_command(sw, (uint32_t)before, ASSIGNMENT_ABANDON, NULL);
    vf->host = host;
    vf->slot = slot;
    vf->function = function;
    vf->fresh = true;
    /* Of a VF that was not taken from its old place the old entry of that key is in the way. */
    vf->up = stale ? POOL_HW_NONE : free_id_entry(up);
    vf->down = free_row(hw, vf, false);
    vf->lent = stale ? vf->lent : free_row(hw, vf, true);
    device->proxy_rid =
        hierarchy_rid(&pci_of(hw, owner_of(hw, vf))->view.hierarchy, PCI_UPSTREAM, HIERARCHY_PF);
    switch_note_write(sw, device, 0);
    CHECK(id_map_write(device->vfs, vf->vf, (struct id_key){port, owner_rid(hw, vf)},
                       (struct id_value){.function = index}) == ID_MAP_OK);
    CHECK(switch_command(sw, index, ASSIGNMENT_LOAD, &place) == ASSIGNMENT_OK);
    load_function(hw, vf);
    write_ids(hw, vf);
    protect(hw, vf, true);
    CHECK(switch_command(sw, index, ASSIGNMENT_ATTACH, NULL) == ASSIGNMENT_OK);
    endpoint_new_user(&hw->model->devices[vf->device], vf->vf);
}

static void interrupt(struct pool_hw *hw, uint32_t host, uint32_t slot, bool due)
{
    if (due)
        switch_config_interrupt(switch_of(hw, host), host_port(hw, host),
                                PCI_DOWNSTREAM + branch_of(hw, host, slot));
}

/* A card that comes is powered up: what was in the slot before is as after a reset. */
static void power_up(struct pool_hw *hw, uint32_t host, uint32_t slot)
{
    struct switch_branch *branch = slot_branch(hw, host, slot);
    const uint32_t most = hw->model->numbering.n_functions;
    uint32_t n = 0;
    for (uint32_t i = 0; i < most; i++) {
        struct pool_hw_vf *vf = &hw->vfs[i];
        if (vf->host != host || vf->slot != slot)
            continue;
        if (!vf->fresh)
            switch_config_flr(switch_of(hw, host), host_port(hw, host), branch_of(hw, host, slot),
                              vf->function);
        vf->fresh = false;
        if (n <= vf->function)
            n = vf->function + 1;
    }
    branch->n_functions = n;
    cfg_emu_link(branch->functions, n);
    for (uint32_t f = 0; f < n; f++)
        switch_note_write(switch_of(hw, host), &branch->functions[f], SWITCH_FUNCTION_ROWS);
}

/* A card that is not there asks for nothing; a host that lost it by surprise has not told it. */
static void power_down(struct pool_hw *hw, uint32_t host, uint32_t slot)
{
    for (uint32_t i = 0; i < hw->model->numbering.n_functions; i++) {
        const struct pool_hw_vf *vf = &hw->vfs[i];
        if (vf->host == host && vf->slot == slot)
            switch_config_quiesce_vf(switch_of(hw, host), device_port(hw, vf->device),
                                     owner_rid(hw, vf), i);
    }
    slot_branch(hw, host, slot)->n_functions = 0;
}

static void set_card(void *self, uint32_t host, uint32_t slot, bool present)
{
    struct pool_hw *hw = self;
    const struct switch_branch *branch = slot_branch(hw, host, slot);
    const bool active = present && !switch_fault_closes_branch(switch_of(hw, host), branch);
    if (present)
        power_up(hw, host, slot);
    else
        power_down(hw, host, slot);
    switch_note_write(switch_of(hw, host), &pci_of(hw, host)->view, 0);
    interrupt(hw, host, slot, cap_slot_set_card(slot_port(hw, host, slot), present, active));
}

static void press_button(void *self, uint32_t host, uint32_t slot)
{
    struct pool_hw *hw = self;
    interrupt(hw, host, slot, cap_slot_press_button(slot_port(hw, host, slot)));
}

static bool is_off(void *self, uint32_t host, uint32_t slot)
{
    const struct cfgspace *port = slot_port(self, host, slot);
    const uint16_t control = cfgspace_get16(port, port->layout->express + PCI_EXP_SLTCTL);
    return !cap_slot_powered(port) && (control & PCI_EXP_SLTCTL_PIC) == PCI_EXP_SLTCTL_PWR_IND_OFF;
}

static void booted(void *self)
{
    struct pool_hw *hw = self;
    hw->hooks.booted(hw->hooks.self);
}

static void moving(void *self, uint32_t move)
{
    struct pool_hw *hw = self;
    hw->hooks.moving(hw->hooks.self, move);
}

struct pool_control pool_hw_control(struct pool_hw *hw)
{
    return (struct pool_control){stop,         in_flight, reset,  invalidate, load, set_card,
                                 press_button, is_off,    booted, moving,     hw};
}

/* ---- what the switch tells ---- */

static void on_interrupt(void *self, uint32_t at, struct request *request)
{
    const struct pool_hw_switch *s = self;
    struct pool_hw *hw = s->hw;
    const uint32_t host = s->host[request->context >> 32], vector = request->value;
    const uint64_t done_ps = request->done_ps;
    request_give_back(&hw->model->fabric.requests, at);
    hw->hooks.interrupt(hw->hooks.self, host, vector, done_ps);
}

/* The bus behind a slot has another number. */
static void renumber(struct pool_hw *hw, uint32_t host, uint32_t slot)
{
    for (uint32_t i = 0; i < hw->model->numbering.n_functions; i++)
        if (hw->vfs[i].host == host && hw->vfs[i].slot == slot)
            write_ids(hw, &hw->vfs[i]);
}

/* The Owner resets what is behind the bridge @branch. */
static void reset_device(struct pool_hw *hw, uint32_t host, uint32_t branch)
{
    const struct config *config = hw->model->config;
    for (uint32_t d = 0; d < config->n_devices; d++)
        if (config->devices[d].owner_index == (int)host && config->devices[d].switch_index >= 0 &&
            branch-- == 0)
            endpoint_config_hot_reset(&hw->model->devices[d]);
}

static void on_effects(void *self, uint32_t port, const struct hierarchy_target *target,
                       unsigned effects)
{
    const struct pool_hw_switch *s = self;
    struct pool_hw *hw = s->hw;
    const uint32_t host = s->host[port];
    if (target->function < PCI_DOWNSTREAM)
        return;
    const uint32_t branch = target->function - PCI_DOWNSTREAM;
    if (branch < pci_of(hw, host)->n_owned) {
        if (effects & CFGSPACE_BUS_RESET)
            reset_device(hw, host, branch);
        return;
    }
    const uint32_t slot = branch - pci_of(hw, host)->n_owned;
    if (slot >= pci_of(hw, host)->n_slots)
        return; /* a spare one */
    if (effects & CFGSPACE_BUSES)
        renumber(hw, host, slot);
    if (effects & CFGSPACE_SLOT && is_off(hw, host, slot))
        hw->hooks.slot_is_off(hw->hooks.self, host, slot);
}

uint32_t pool_hw_find(const struct pool_hw *hw, uint32_t host, uint16_t rid)
{
    for (uint32_t i = 0; i < hw->model->numbering.n_functions; i++) {
        const struct pool_hw_vf *vf = &hw->vfs[i];
        const bool lent = vf->host != POOL_HW_NONE;
        if (lent ? vf->host == host && user_rid(hw, vf) == rid
                 : owner_of(hw, vf) == host && owner_rid(hw, vf) == rid)
            return i;
    }
    return POOL_HW_NONE;
}

/* ---- life cycle ---- */

void pool_hw_init(struct pool_hw *hw, struct model *model, const struct pool_hw_hooks *hooks)
{
    const struct config *config = model->config;
    *hw = (struct pool_hw){.model = model, .hooks = *hooks};
    hw->vfs = model_take(model, model->numbering.n_functions, sizeof *hw->vfs);
    hw->switches = model_take(model, config->n_switches, sizeof *hw->switches);
    for (uint32_t d = 0; d < config->n_devices; d++)
        for (uint32_t f = 0; f < model->numbering.devices[d].n_functions; f++)
            hw->vfs[model->numbering.devices[d].first_function + f] =
                (struct pool_hw_vf){.device = d,
                                    .vf = f,
                                    .host = POOL_HW_NONE,
                                    .up = POOL_HW_NONE,
                                    .down = POOL_HW_NONE,
                                    .lent = POOL_HW_NONE};
    for (uint32_t s = 0; s < config->n_switches; s++) {
        struct pool_hw_switch *out = &hw->switches[s];
        out->hw = hw;
        out->host = model_take(model, tables_switch_ports(config, s), sizeof *out->host);
        out->interrupt_owner = (struct request_owner){on_interrupt, out};
        model->switches[s].hooks = (struct switch_hooks){on_effects, out, &out->interrupt_owner};
    }
    for (uint32_t h = 0; h < config->n_hosts; h++)
        if (config->hosts[h].switch_index >= 0)
            hw->switches[config->hosts[h].switch_index].host[tables_host_port(config, h)] = h;
}
