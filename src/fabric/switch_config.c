/* A configuration request comes from switch_lookup.c; its answer goes to the crossbar as the
 * completion that it becomes, or it goes on to a device and its completion comes back here. */
#include "fabric/switch_config.h"

#include "fabric/switch_crossbar.h"
#include "fabric/switch_fault.h"
#include "fabric/switch_ring.h"
#include "pcie/cap_header.h"
#include "pcie/cap_msi.h"
#include "pcie/cap_slot.h"
#include "pcie/tlp_header.h"

#include <linux/pci_regs.h>

enum { MSI_BYTES = 4, DW_BYTES = 4 };

/* ---- answers ---- */

static enum switch_outcome answer(struct pcie_switch *sw, uint32_t ingress, struct tlp *tlp,
                                  uint16_t completer, enum tlp_status status)
{
    bool has_data = status == TLP_SC && tlp->kind == TLP_CFG_READ;
    tlp->kind = has_data ? TLP_CPL_DATA : TLP_CPL;
    tlp->attr |= TLP_ATTR_LAST | TLP_ATTR_GENERATED;
    tlp->bytes = DW_BYTES; /* Byte Count 4, Lower Address 0 (2.2.9) */
    tlp->cpl.lower_address = 0;
    tlp->cpl.completer = completer;
    tlp->cpl.bytes_left = DW_BYTES;
    tlp->cpl.status = (uint8_t)status;
    tlp->cpl.reserved = 0;
    tlp->port = (uint16_t)ingress;
    sw->unsupported += status == TLP_UR;
    return SWITCH_EMULATED;
}

uint64_t switch_config_answer_cycle(struct pcie_switch *sw, uint32_t ingress, uint64_t ready)
{
    struct switch_view *view = sw->ports[ingress].tables.view;
    if (!view)
        return ready + sw->params.emulation_cycles;
    if (ready < view->emulator_free_cycle)
        ready = view->emulator_free_cycle;
    view->emulator_free_cycle = ready + sw->params.emulation_cycles;
    return view->emulator_free_cycle;
}

/* ---- requests of the switch's own ---- */

void switch_config_on_own_done(void *self, uint32_t at, struct request *request)
{
    (void)request;
    struct pcie_switch *sw = self;
    request_give_back(&sw->fabric->requests, at);
}

/* A TLP of the switch's own for @egress, as if it had come in there. */
static struct tlp *new_tlp(struct pcie_switch *sw, enum request_kind kind, uint32_t bytes,
                           const struct request_owner *owner, uint32_t *out_index)
{
    struct fabric *fabric = sw->fabric;
    uint32_t at = request_take(&fabric->requests);
    struct request *request = request_get(&fabric->requests, at);
    uint32_t index = tlp_take(&fabric->tlps);
    struct tlp *tlp = tlp_get(&fabric->tlps, index);
    request->kind = (uint8_t)kind;
    request->bytes = request->to_arrive = bytes;
    request->born_ps = request->issued_ps = fabric->sim->now_ps;
    request->owner = owner;
    *tlp = (struct tlp){.request = at, .bytes = (uint16_t)bytes};
    tlp_account_begin(tlp, fabric->sim->now_ps);
    *out_index = index;
    return tlp;
}

static void send_own(struct pcie_switch *sw, uint32_t egress, uint32_t index)
{
    struct tlp *tlp = tlp_get(&sw->fabric->tlps, index);
    uint64_t cycle = switch_current_cycle(sw) + 1;
    tlp->port = (uint16_t)egress;
    tlp->attr |= TLP_ATTR_GENERATED;
    tlp_spend(tlp, PART_CROSSBAR, switch_cycle_ps(sw, cycle));
    trace_emit(&sw->fabric->sim->trace, TR_SWITCH_MADE, sw->component.id, egress, tlp->at_ps, tlp);
    switch_crossbar_enqueue(sw, egress, index, tlp_wire_payload_bytes(tlp), cycle);
}

void switch_config_interrupt(struct pcie_switch *sw, uint32_t host_port, uint32_t function)
{
    struct switch_view *view = sw->ports[host_port].tables.view;
    const struct cfgspace *space = &view->hierarchy.functions[function].space;
    if (!space->layout->msi || !cap_msi_enabled(space) || !cfgspace_bus_master(space))
        return;
    const struct request_owner *owner =
        sw->hooks.interrupt_owner ? sw->hooks.interrupt_owner : &sw->own_owner;
    uint32_t index;
    struct tlp *tlp = new_tlp(sw, REQUEST_MSI, MSI_BYTES, owner, &index);
    struct request *request = request_get(&sw->fabric->requests, tlp->request);
    request->context = (uint64_t)host_port << 32 | function;
    request->value = cap_msi_data(space, 0);
    tlp->kind = TLP_MEM_WRITE;
    tlp->attr = TLP_ATTR_MSI;
    tlp->address = cap_msi_address(space);
    tlp->requester = hierarchy_rid(&view->hierarchy, function, HIERARCHY_PF);
    sw->interrupts++;
    send_own(sw, host_port, index);
}

/* ---- emulated functions ---- */

void switch_config_map(struct pcie_switch *sw, uint32_t host_port, uint32_t branch,
                       uint32_t function)
{
    const struct switch_tables *tables = &sw->ports[host_port].tables;
    const struct switch_branch *b = &tables->view->branches[branch];
    const struct switch_vf *vf = &b->vfs[function];
    for (uint32_t n = 0; n < CFGSPACE_BARS; n++)
        switch_note_write(sw, tables->addr_map, vf->first_range + n);
    if (cfg_emu_map(&b->functions[function], tables->addr_map, vf->first_range, vf->owner_base,
                    b->port, vf->function) != ADDR_MAP_OK)
        sw->overlaps++;
}

/* How a request for a VF arrives at its device: Type 0 on the device's own bus, Type 1 behind it.
 */
static uint8_t type_at_device(const struct pcie_switch *sw, uint16_t port, uint16_t owner_rid)
{
    return owner_rid >> 8 != sw->ports[port].tables.device_bus;
}

static uint8_t epoch_of(const struct pcie_switch *sw, uint32_t function)
{
    return sw->assignments ? sw->assignments->functions[function].epoch : 0;
}

/* Makes the request one of the switch's to the VF behind @port. */
static void aim(const struct pcie_switch *sw, uint16_t port, uint16_t owner_rid, uint16_t tag,
                struct tlp *tlp)
{
    tlp->tag = tag;
    tlp->requester = sw->ports[port].tables.proxy_rid;
    tlp->cfg.target = owner_rid;
    tlp->cfg.type = type_at_device(sw, port, owner_rid);
    tlp->port = port;
}

/* The request goes on to the VF of @entry. False: no tag is free. */
static bool pass_on(struct pcie_switch *sw, const struct switch_branch *branch,
                    const struct switch_vf *vf, const struct proxy_entry *entry, struct tlp *tlp)
{
    const struct switch_tables *device = &sw->ports[branch->port].tables;
    int32_t tag = device->proxy ? proxy_tag_take(device->proxy, entry) : -1;
    if (tag < 0)
        return false;
    aim(sw, branch->port, vf->owner_rid, (uint16_t)tag, tlp);
    if (sw->assignments && !assignment_is_full(sw->assignments, vf->function, ASSIGNMENT_HOST))
        assignment_issue(sw->assignments, vf->function, ASSIGNMENT_HOST);
    return true;
}

void switch_config_on_ready(struct pcie_switch *sw, const struct event *event)
{
    struct switch_view *view = sw->ports[event->a].tables.view;
    struct switch_branch *branch = &view->branches[event->b >> 32];
    struct cfg_emu *emu = &branch->functions[(uint32_t)event->b];
    /* A later reset, or another function in its place, has an event of its own. */
    if (emu->model && emu->resets && --emu->resets == 0) {
        emu->ready = true;
        switch_note_write(sw, emu, SWITCH_FUNCTION_STATE);
    }
}

static void shadow_reset(struct pcie_switch *sw, uint32_t host_port, uint32_t branch,
                         uint32_t function)
{
    struct sim *sim = sw->fabric->sim;
    struct switch_branch *b = &sw->ports[host_port].tables.view->branches[branch];
    cfg_emu_reset(&b->functions[function]);
    b->functions[function].resets++;
    switch_note_write(sw, &b->functions[function], SWITCH_FUNCTION_ROWS);
    switch_config_map(sw, host_port, branch, function);
    sim_at(sim, sim->now_ps + sw->params.flr_ps + 1, PHASE_UPDATE, &sw->component, SWITCH_EV_READY,
           host_port, (uint64_t)branch << 32 | function);
}

/* A configuration write of the switch's own, of two bytes, to a VF; nobody waits for its end. */
static void write_vf(struct pcie_switch *sw, uint16_t port, uint16_t owner_rid, uint32_t function,
                     unsigned offset, uint16_t value)
{
    uint32_t index;
    struct tlp *tlp = new_tlp(sw, REQUEST_CFG_WRITE, 2, &sw->own_owner, &index);
    struct request *request = request_get(&sw->fabric->requests, tlp->request);
    request->value = value;
    request_expire(request, sw->fabric->sim->now_ps, 1, TLP_SC);
    request_give_back(&sw->fabric->requests, tlp->request);
    tlp->kind = TLP_CFG_WRITE;
    tlp->cfg.offset = (uint16_t)offset;
    aim(sw, port, owner_rid, (uint16_t)(PROXY_TAGS_MOST + function % PROXY_TAGS_MOST), tlp);
    send_own(sw, port, index);
}

void switch_config_flr_vf(struct pcie_switch *sw, uint16_t port, uint16_t owner_rid,
                          uint32_t function, const struct cfgspace_layout *vf)
{
    write_vf(sw, port, owner_rid, function, vf->express + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR);
}

void switch_config_quiesce_vf(struct pcie_switch *sw, uint16_t port, uint16_t owner_rid,
                              uint32_t function)
{
    write_vf(sw, port, owner_rid, function, PCI_COMMAND, 0);
}

void switch_config_flr(struct pcie_switch *sw, uint32_t host_port, uint32_t branch,
                       uint32_t function)
{
    const struct switch_branch *b = &sw->ports[host_port].tables.view->branches[branch];
    const struct switch_vf *vf = &b->vfs[function];
    const struct cfgspace_layout *layout = b->functions[function].model->vf;
    shadow_reset(sw, host_port, branch, function);
    switch_config_flr_vf(sw, b->port, vf->owner_rid, vf->function, layout);
}

static uint8_t byte_enables(const struct tlp *tlp)
{
    return (uint8_t)(((1U << tlp->bytes) - 1) << tlp->cfg.offset % DW_BYTES);
}

void switch_config_shadow_write(struct pcie_switch *sw, uint32_t host_port, uint32_t branch,
                                uint32_t function, uint16_t dw, uint32_t value,
                                uint8_t byte_enables)
{
    struct cfg_emu *emu = &sw->ports[host_port].tables.view->branches[branch].functions[function];
    unsigned effects = cfg_emu_apply(emu, dw, value, byte_enables);
    if (effects & CFG_EMU_RANGES)
        switch_config_map(sw, host_port, branch, function);
    if (effects & CFG_EMU_FLR)
        shadow_reset(sw, host_port, branch, function);
}

static void apply(struct pcie_switch *sw, uint32_t ingress, uint32_t branch, uint32_t function,
                  const struct tlp *tlp, uint32_t value)
{
    switch_config_shadow_write(sw, ingress, branch, function, tlp->cfg.offset / DW_BYTES,
                               value << 8 * (tlp->cfg.offset % DW_BYTES), byte_enables(tlp));
}

static enum switch_outcome to_user(struct pcie_switch *sw, uint32_t ingress, uint32_t branch,
                                   struct tlp *tlp)
{
    const struct switch_branch *b = &sw->ports[ingress].tables.view->branches[branch];
    struct request *request = request_get(&sw->fabric->requests, tlp->request);
    const uint16_t target = tlp->cfg.target, dw = tlp->cfg.offset / DW_BYTES;
    const uint32_t function = target & 0xff;
    if (tlp->cfg.type != 0 || function >= b->n_functions)
        return answer(sw, ingress, tlp, target, TLP_UR);
    const struct cfg_emu *emu = &b->functions[function];
    const struct switch_vf *vf = &b->vfs[function];
    bool is_read = tlp->kind == TLP_CFG_READ;
    const struct cfg_emu_decision decision =
        is_read ? cfg_emu_read(emu, dw) : cfg_emu_write(emu, dw, byte_enables(tlp));
    const struct pool_query query = {.tlp = POOL_TLP_CONFIG,
                                     .downstream = true,
                                     .config = POOL_CONFIG_USER,
                                     .shadow = decision.outcome};
    enum pool_action action = classify_tlp(&query);
    if (action == POOL_ACT_EMULATE) {
        if (is_read)
            request->value = decision.data >> 8 * (tlp->cfg.offset % DW_BYTES) &
                             (UINT32_MAX >> (32 - 8 * tlp->bytes));
        else
            apply(sw, ingress, branch, function, tlp, request->value);
        return answer(sw, ingress, tlp, target, TLP_SC);
    }
    if (action == POOL_ACT_PROXY && sw->assignments &&
        !assignment_admits(sw->assignments, vf->function)) {
        sw->undrained++;
        return answer(sw, ingress, tlp, target, TLP_CRS);
    }
    if (action != POOL_ACT_PROXY)
        return answer(sw, ingress, tlp, target, action == POOL_ACT_CRS ? TLP_CRS : TLP_UR);
    const struct proxy_entry entry = {.host_port = (uint16_t)ingress,
                                      .rid = tlp->requester,
                                      .tag = tlp->tag,
                                      .user_rid = target,
                                      .function = (uint16_t)vf->function,
                                      .user_function = (uint16_t)(branch << 8 | function),
                                      .dw = dw,
                                      .epoch = epoch_of(sw, vf->function),
                                      .merge = is_read && decision.outcome == CFG_EMU_MIXED};
    const struct tlp asked = *tlp;
    if (!pass_on(sw, b, vf, &entry, tlp))
        return answer(sw, ingress, tlp, target, TLP_CRS);
    if (!is_read)
        apply(sw, ingress, branch, function, &asked, request->value);
    return SWITCH_FORWARD;
}

/* ---- owned devices and the bridges ---- */

static bool is_lent(const struct pcie_switch *sw, uint16_t port, uint16_t rid)
{
    const struct switch_tables *device = &sw->ports[port].tables;
    const struct id_map *all = device->id_backing ? device->id_backing : device->id_map;
    return all && id_map_find(all, (struct id_key){port, rid}) >= 0;
}

static enum switch_outcome to_owned(struct pcie_switch *sw, uint32_t ingress, uint16_t port,
                                    struct tlp *tlp)
{
    const struct pool_query query = {
        .tlp = POOL_TLP_CONFIG,
        .downstream = true,
        .config = is_lent(sw, port, tlp->cfg.target) ? POOL_CONFIG_LENT : POOL_CONFIG_OWNED};
    if (classify_tlp(&query) != POOL_ACT_FORWARD)
        return answer(sw, ingress, tlp, tlp->cfg.target, TLP_UR);
    if (tlp->kind == TLP_CFG_WRITE && tlp->cfg.type == 0)
        sw->ports[port].tables.device_bus = (uint8_t)(tlp->cfg.target >> 8);
    tlp->port = port;
    return SWITCH_FORWARD;
}

static void route_window(struct route *route, const struct cfgspace *bridge,
                         struct cap_header_window window, uint16_t port)
{
    (void)bridge;
    if (window.base <= window.limit)
        route_add_window(route, window.base, window.limit, port);
}

void switch_config_route(struct pcie_switch *sw, uint32_t host_port)
{
    const struct switch_tables *tables = &sw->ports[host_port].tables;
    const struct hierarchy *hierarchy = &tables->view->hierarchy;
    struct route *route = tables->owner;
    if (!route)
        return;
    switch_note_write(sw, route, 0);
    route_init(route, route->windows, route->capacity);
    for (uint32_t i = 0; i < hierarchy->n; i++) {
        const struct hierarchy_function *f = &hierarchy->functions[i];
        if (f->leaf == HIERARCHY_NOBODY || !tables->view->branches[f->leaf].owned)
            continue;
        const struct cfgspace *bridge = &f->space;
        uint16_t port = tables->view->branches[f->leaf].port;
        uint8_t first = cap_header_secondary(bridge), last = cap_header_subordinate(bridge);
        if (first && first <= last)
            route_add_buses(route, first, last, port);
        if (!cfgspace_memory_enabled(bridge))
            continue;
        route_window(route, bridge, cap_header_memory_window(bridge), port);
        route_window(route, bridge, cap_header_prefetch_window(bridge), port);
    }
}

void switch_config_act(struct pcie_switch *sw, uint32_t ingress,
                       const struct hierarchy_target *target, unsigned effects)
{
    struct switch_view *view = sw->ports[ingress].tables.view;
    struct hierarchy_function *function = &view->hierarchy.functions[target->function];
    hierarchy_apply(&view->hierarchy, target, effects);
    if (effects & (CFGSPACE_BUSES | CFGSPACE_WINDOW | CFGSPACE_COMMAND))
        switch_config_route(sw, ingress);
    uint32_t leaf = function->leaf;
    if (effects & CFGSPACE_BUS_RESET && leaf != HIERARCHY_NOBODY && !view->branches[leaf].owned)
        for (uint32_t f = 0; f < view->branches[leaf].n_functions; f++)
            if (view->branches[leaf].functions[f].model)
                switch_config_flr(sw, ingress, leaf, f);
    if (effects & (CFGSPACE_DPC | CFGSPACE_DPC_TRIGGER) && leaf != HIERARCHY_NOBODY)
        switch_fault_on_dpc_write(sw, ingress, leaf, effects);
    if (effects & CFGSPACE_SLOT && cap_slot_complete_command(&function->space))
        switch_config_interrupt(sw, ingress, target->function);
    if (sw->hooks.on_effects)
        sw->hooks.on_effects(sw->hooks.self, ingress, target, effects);
}

static enum switch_outcome to_local(struct pcie_switch *sw, uint32_t ingress,
                                    const struct hierarchy_target *target, struct tlp *tlp)
{
    struct hierarchy *hierarchy = &sw->ports[ingress].tables.view->hierarchy;
    struct request *request = request_get(&sw->fabric->requests, tlp->request);
    const uint16_t asked = tlp->cfg.target, offset = tlp->cfg.offset;
    const uint8_t bytes = (uint8_t)tlp->bytes;
    if (tlp->kind == TLP_CFG_READ) {
        request->value = cfgspace_read_sized(hierarchy_cfgspace(hierarchy, target), offset, bytes);
    } else {
        unsigned effects = hierarchy_write(hierarchy, target, (uint8_t)(asked >> 8), offset, bytes,
                                           request->value);
        switch_note_write(sw, sw->ports[ingress].tables.view, 0);
        switch_config_act(sw, ingress, target, effects);
    }
    return answer(sw, ingress, tlp, asked, TLP_SC);
}

/* ---- from the hosts and the devices ---- */

static enum switch_outcome look_up_config(struct pcie_switch *sw, uint32_t ingress, struct tlp *tlp)
{
    const struct switch_tables *tables = &sw->ports[ingress].tables;
    const uint16_t asked = tlp->cfg.target;
    if (sw->ports[ingress].side == SWITCH_DEVICE)
        return answer(sw, ingress, tlp, asked, TLP_UR); /* they only go down (7.3.3) */
    if (!tables->view) {
        int32_t port = tables->owner ? route_id(tables->owner, asked) : ROUTE_NONE;
        if (port == ROUTE_NONE || sw->ports[port].down)
            return answer(sw, ingress, tlp, asked, TLP_UR);
        return to_owned(sw, ingress, (uint16_t)port, tlp);
    }
    CHECK(sw->live);
    const struct hierarchy_target target = hierarchy_route(&tables->view->hierarchy, tlp->cfg.type,
                                                           (uint8_t)(asked >> 8), (uint8_t)asked);
    switch (target.hit) {
    case HIERARCHY_NONE:
        return answer(sw, ingress, tlp, asked, TLP_UR);
    case HIERARCHY_LOCAL:
        return to_local(sw, ingress, &target, tlp);
    case HIERARCHY_EXTERNAL:
        tlp->cfg.type = target.type;
        CHECK(target.leaf < tables->view->n_branches);
        if (switch_fault_closes_branch(sw, &tables->view->branches[target.leaf]))
            return answer(sw, ingress, tlp, asked,
                          switch_fault_answer(sw, ingress, &tables->view->branches[target.leaf]));
        if (tables->view->branches[target.leaf].owned)
            return to_owned(sw, ingress, tables->view->branches[target.leaf].port, tlp);
        return to_user(sw, ingress, target.leaf, tlp);
    }
    CHECK(false);
}

static enum pool_tlp message_kind(const struct tlp *tlp)
{
    switch (tlp->msg.code) {
    case MESSAGE_ERR_COR:
    case MESSAGE_ERR_NONFATAL:
    case MESSAGE_ERR_FATAL:
        return POOL_TLP_MSG_ERROR;
    case MESSAGE_PM_PME:
    case MESSAGE_PME_TO_ACK:
        return POOL_TLP_MSG_PME;
    case MESSAGE_UNLOCK:
    case MESSAGE_PME_ACTIVE_STATE_NAK:
    case MESSAGE_PME_TURN_OFF:
    case MESSAGE_SET_SLOT_POWER_LIMIT:
        return POOL_TLP_MSG_PORT;
    default:
        /* Assert and Deassert_INTx are 0x20 to 0x27 (2.2.8.1). */
        return tlp->msg.code >> 3 == 0x20 >> 3 ? POOL_TLP_MSG_INTX : POOL_TLP_MSG_VENDOR;
    }
}

/* True if a message on its way up is an error that cuts the way off. */
static bool contains(struct pcie_switch *sw, uint32_t ingress, uint32_t egress, bool owned,
                     uint32_t function, uint16_t rid, const struct tlp *tlp)
{
    bool fatal = tlp->msg.code == MESSAGE_ERR_FATAL;
    return sw->ports[ingress].side == SWITCH_DEVICE &&
           (fatal || tlp->msg.code == MESSAGE_ERR_NONFATAL) &&
           switch_fault_on_error(sw, ingress, egress, owned, function, rid, fatal);
}

/* Messages towards the devices end at the host's own virtual ports unless they have a target. */
static enum switch_outcome look_up_message(struct pcie_switch *sw, uint32_t ingress,
                                           struct tlp *tlp)
{
    const struct switch_port *port = &sw->ports[ingress];
    struct pool_query query = {.tlp = message_kind(tlp), .downstream = port->side != SWITCH_DEVICE};
    int32_t egress = query.downstream ? ROUTE_NONE : port->tables.owner_port;
    uint16_t rid = tlp->requester;
    uint32_t function = 0;
    if (query.downstream) {
        if (tlp->msg.routing == MSG_BY_ID && port->tables.owner)
            egress = route_id(port->tables.owner, tlp->msg.target);
        query.owner = egress != ROUTE_NONE;
        query.lent = query.owner && is_lent(sw, (uint16_t)egress, tlp->msg.target);
    } else if (port->tables.id_map) {
        const struct id_map *all =
            port->tables.id_backing ? port->tables.id_backing : port->tables.id_map;
        int32_t entry = id_map_find(all, (struct id_key){(uint16_t)ingress, rid});
        if (entry >= 0 && !(sw->live && switch_is_killed(sw, all, (uint32_t)entry))) {
            const struct id_value *value = id_map_value(all, (uint32_t)entry);
            query.hit = true;
            egress = value->port;
            rid = value->rid;
            function = value->function;
        }
    }
    enum pool_action action = classify_tlp(&query);
    bool passes = action == POOL_ACT_REMAP || (action == POOL_ACT_FORWARD && egress != ROUTE_NONE);
    if (passes && sw->n_closed &&
        switch_fault_closes(sw, ingress, (uint32_t)egress, !query.hit, function) != TLP_SC) {
        sw->blocked++;
        sw->dropped++;
        return SWITCH_DROPPED;
    }
    if (passes && contains(sw, ingress, (uint32_t)egress, !query.hit, function, rid, tlp))
        return SWITCH_TAKEN;
    switch (action) {
    case POOL_ACT_REMAP:
        tlp->requester = rid;
        tlp->port = (uint16_t)egress;
        return SWITCH_FORWARD;
    case POOL_ACT_FORWARD:
        tlp->port = (uint16_t)egress;
        return egress == ROUTE_NONE ? SWITCH_TAKEN : SWITCH_FORWARD;
    case POOL_ACT_LOCAL:
        return SWITCH_TAKEN;
    case POOL_ACT_EMULATE:
    case POOL_ACT_PROXY:
    case POOL_ACT_REHEAD:
    case POOL_ACT_UR:
    case POOL_ACT_CRS:
    case POOL_ACT_DROP:
        break;
    }
    sw->dropped++;
    return SWITCH_DROPPED;
}

enum switch_outcome switch_config_look_up(struct pcie_switch *sw, uint32_t ingress, struct tlp *tlp)
{
    if (tlp_is_config(tlp))
        return look_up_config(sw, ingress, tlp);
    if (tlp_class_of(tlp) == CLASS_POSTED)
        return look_up_message(sw, ingress, tlp);
    /* No bridge here has an I/O window, no VF an I/O space. */
    return answer(sw, ingress, tlp, 0, TLP_UR);
}

/* What a User reads of a dword that both the VF and the shadow have bits of. */
static void merge(struct pcie_switch *sw, const struct proxy_entry *entry, const struct tlp *tlp)
{
    const struct switch_view *view = sw->ports[entry->host_port].tables.view;
    const struct switch_branch *branch = &view->branches[entry->user_function >> 8];
    struct request *request = request_get(&sw->fabric->requests, tlp->request);
    const unsigned shift = 8 * (request->address % DW_BYTES);
    uint32_t whole = cfg_emu_merge(&branch->functions[entry->user_function & 0xff], entry->dw,
                                   request->value << shift);
    request->value = whole >> shift & UINT32_MAX >> (32 - 8 * request->bytes);
}

/* The VF that completes, and its epoch now; a VF that is not lent any more is under no epoch. */
static bool find_completer(const struct pcie_switch *sw, uint32_t ingress, uint16_t rid,
                           uint32_t *out_function)
{
    const struct switch_tables *tables = &sw->ports[ingress].tables;
    const struct id_map *all = tables->id_backing ? tables->id_backing : tables->id_map;
    int32_t entry = all ? id_map_find(all, (struct id_key){(uint16_t)ingress, rid}) : -1;
    if (entry < 0)
        return false;
    *out_function = id_map_value(all, (uint32_t)entry)->function;
    return true;
}

bool switch_config_rehead(struct pcie_switch *sw, uint32_t ingress, struct tlp *tlp, bool *out_ends)
{
    struct proxy_tags *tags = sw->ports[ingress].tables.proxy;
    *out_ends = tlp->tag >= PROXY_TAGS_MOST;
    if (*out_ends)
        return true;
    const struct proxy_entry *waiting = proxy_tag_entry(tags, tlp->tag);
    uint32_t function = waiting ? waiting->function : 0;
    bool lent = find_completer(sw, ingress, tlp->cpl.completer, &function);
    uint8_t epoch = (uint8_t)(epoch_of(sw, function) + !lent);
    struct proxy_entry entry;
    if (proxy_tag_match(tags, tlp->tag, (uint16_t)function, epoch, &entry) != PROXY_MATCHED)
        return false;
    if (sw->assignments)
        assignment_complete(sw->assignments, function, ASSIGNMENT_HOST, entry.epoch);
    if (entry.merge && tlp->kind == TLP_CPL_DATA)
        merge(sw, &entry, tlp);
    tlp->requester = entry.rid;
    tlp->tag = entry.tag;
    tlp->cpl.completer = entry.user_rid;
    tlp->port = entry.host_port;
    return true;
}
