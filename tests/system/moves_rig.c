#include "moves_rig.h"

#include "pcie/preset.h"

#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

enum { EV_PORT = 0, EV_ARRIVAL = MOVES_PORTS, EV_LATER };
enum { COMPONENT, SWITCH, COMPONENTS };
enum { EVENTS = 1 << 12, POOL_BYTES = 1 << 20, LAYOUT_BYTES = 1 << 17 };
enum { CLOCK_HZ = 250000000, PROPAGATION_PS = 5000, UP_BUS = 1, DOWN_BUS = 2 };
#define OWNER_BASE UINT32_C(0xe0000000)
#define USER_BASE  UINT32_C(0xf0000000)
enum { DEVICE_BYTES = 1 << 24, PF_OFFSET = 1 << 19, WINDOW_BYTES = 1 << 20 };

enum { MANAGEMENT, UPSTREAM, DOWNSTREAM, PF, VF, LAYOUTS };
static const enum preset presets[LAYOUTS] = {PRESET_SWITCH_MANAGEMENT, PRESET_SWITCH_UPSTREAM,
                                             PRESET_SWITCH_DOWNSTREAM, PRESET_82599,
                                             PRESET_82599_VF};

/* What costs time to build, and is the same for all. */
static struct shared {
    struct cfgspace_layout layouts[LAYOUTS];
    struct cfg_emu_model model;
    char *memory, *pool;
} shared;

void moves_rig_enter(void)
{
    shared.memory = aligned_alloc(64, LAYOUT_BYTES);
    shared.pool = aligned_alloc(64, POOL_BYTES);
    CHECK(shared.memory && shared.pool);
    char *at = shared.memory;
    for (int i = 0; i < LAYOUTS; i++) {
        struct preset_options options;
        preset_defaults(presets[i], &options);
        options.vfs = MOVES_VFS;
        CHECK(at + preset_memory_bytes(presets[i]) <= shared.memory + LAYOUT_BYTES);
        preset_build(presets[i], &options, &shared.layouts[i], (uint8_t *)at);
        at += (preset_memory_bytes(presets[i]) + 63) & ~(size_t)63;
    }
    struct cfgspace pf;
    cfgspace_init(&pf, &shared.layouts[PF], (uint8_t *)shared.pool);
    cfg_emu_model_init(&shared.model, &pf, &shared.layouts[VF], false);
}

void moves_rig_exit(void)
{
    free(shared.memory);
    free(shared.pool);
}

static void *take(struct moves_rig *rig, size_t bytes)
{
    char *at = rig->at;
    rig->at += (bytes + 63) & ~(size_t)63;
    CHECK(rig->at <= rig->end);
    memset(at, 0, bytes);
    return at;
}

/* ---- numbers ---- */

uint16_t moves_pf_rid(uint32_t device)
{
    return (uint16_t)((3 + 2 * device) << 8);
}

uint16_t moves_owner_rid(const struct moves_rig *rig, uint32_t vf)
{
    const struct moves_vf *v = &rig->vfs[vf];
    uint32_t bus = rig->shape.far[v->device] ? 0x100 : 0;
    return (uint16_t)(moves_pf_rid(v->device) + bus + 0x80 + 2 * v->number);
}

static uint64_t window_of(uint32_t device)
{
    return OWNER_BASE + (uint64_t)device * DEVICE_BYTES;
}

uint64_t moves_owner_bar(const struct moves_rig *rig, uint32_t vf)
{
    const struct moves_vf *v = &rig->vfs[vf];
    return window_of(v->device) + (uint64_t)v->number * MOVES_BAR_BYTES;
}

uint64_t moves_pf_bar(uint32_t device)
{
    return window_of(device) + PF_OFFSET;
}

uint16_t moves_user_rid(uint32_t device, uint32_t function)
{
    return (uint16_t)(moves_pf_rid(device) + function);
}

uint64_t moves_user_bar(uint32_t device, uint32_t function)
{
    /* The later a function, the lower, so that no offset is the same everywhere. */
    return USER_BASE + (uint64_t)device * DEVICE_BYTES +
           (uint64_t)(MOVES_SLOT_FUNCTIONS - function) * MOVES_BAR_BYTES;
}

uint16_t moves_devctl(void)
{
    return (uint16_t)(shared.layouts[VF].express + PCI_EXP_DEVCTL);
}

/* ---- ends ---- */

static void on_tlp(void *self, uint32_t port, uint32_t index, uint32_t payload, uint64_t begin_ps,
                   uint64_t end_ps)
{
    (void)begin_ps;
    struct moves_rig *rig = self;
    struct tlp *tlp = tlp_get(&rig->fabric.tlps, index);
    tlp_spend(tlp, PART_SERIALISE, end_ps);
    link_credit_return(&rig->out[port], fabric_queue(&rig->fabric, tlp), credit_data_units(payload),
                       end_ps);
    sim_at(&rig->sim, end_ps, PHASE_UPDATE, &rig->component, EV_ARRIVAL, index, port);
}

static void handle(struct component *self, struct sim *sim, const struct event *event)
{
    (void)sim;
    struct moves_rig *rig = (struct moves_rig *)self;
    if (event->kind < EV_ARRIVAL)
        port_pump(&rig->source[event->kind]);
    else if (event->kind == EV_ARRIVAL)
        rig->ops.on_arrival(rig->ops.self, (uint32_t)event->b, event->a);
    else
        rig->ops.on_event(rig->ops.self, event->a, event->b);
}

void moves_later(struct moves_rig *rig, uint64_t at_ps, uint32_t a, uint64_t b)
{
    sim_at(&rig->sim, at_ps, PHASE_UPDATE, &rig->component, EV_LATER, a, b);
}

void moves_send(struct moves_rig *rig, uint32_t port, uint32_t index)
{
    port_submit(&rig->source[port], index);
}

/* ---- building ---- */

static struct cfgspace *add_bridge(struct moves_rig *rig, struct hierarchy *view, uint32_t parent,
                                   uint8_t devfn, int layout)
{
    uint8_t *value = take(rig, shared.layouts[layout].bytes);
    uint32_t at = hierarchy_add(view, parent, devfn, &shared.layouts[layout], value);
    view->functions[at].captured_bus = parent == HIERARCHY_TOP ? UP_BUS : DOWN_BUS;
    return &view->functions[at].space;
}

static void number(struct cfgspace *bridge, uint32_t primary, uint32_t secondary, uint32_t last)
{
    cfgspace_write_sized(bridge, PCI_PRIMARY_BUS, 4, primary | secondary << 8 | last << 16);
    cfgspace_write_sized(bridge, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void make_view(struct moves_rig *rig, uint32_t h)
{
    struct moves_host *host = &rig->hosts[h];
    struct hierarchy *view = &host->view.hierarchy;
    const struct moves_shape *shape = &rig->shape;
    hierarchy_init(view, host->functions, 2 + MOVES_DEVICES, HIERARCHY_LINK);
    add_bridge(rig, view, HIERARCHY_TOP, 0, MANAGEMENT);
    number(add_bridge(rig, view, HIERARCHY_TOP, 1, UPSTREAM), UP_BUS, DOWN_BUS,
           2 + 2 * shape->devices);
    for (uint32_t d = 0; d < shape->devices; d++) {
        struct cfgspace *bridge = add_bridge(rig, view, 1, (uint8_t)(d << 3), DOWNSTREAM);
        uint64_t base = window_of(d), limit = base + WINDOW_BYTES - 1;
        bool owned = shape->owner[d] == h;
        number(bridge, DOWN_BUS, moves_pf_rid(d) >> 8, (moves_pf_rid(d) >> 8) + 1U);
        if (owned) {
            cfgspace_write_sized(bridge, PCI_MEMORY_BASE, 4,
                                 (uint32_t)(base >> 16) | (uint32_t)(limit & 0xfff00000U));
            cfgspace_write_sized(bridge, shared.layouts[DOWNSTREAM].express + PCI_EXP_DEVCTL2, 2,
                                 PCI_EXP_DEVCTL2_ARI); /* VFs are at device 16 of the PF's bus */
        }
        hierarchy_set_leaf(view, 2 + d, d);
        host->branches[d] = (struct switch_branch){.port = (uint16_t)(shape->hosts + d),
                                                   .owned = owned,
                                                   .n_functions = MOVES_SLOT_FUNCTIONS,
                                                   .functions = host->emus[d],
                                                   .vfs = host->vfs[d]};
    }
    host->view.branches = host->branches;
    host->view.n_branches = shape->devices;
}

static void make_tables(struct moves_rig *rig)
{
    const struct moves_shape *shape = &rig->shape;
    const uint32_t down = MOVES_DEVICES * MOVES_SLOT_FUNCTIONS;
    for (uint32_t h = 0; h < shape->hosts; h++) {
        struct switch_tables *tables = &rig->sw.ports[h].tables;
        make_view(rig, h);
        tables->view = &rig->hosts[h].view;
        tables->id_map = id_map_init(take(rig, id_map_bytes(down)), down);
        tables->addr_map =
            addr_map_init(take(rig, addr_map_bytes(down * CFGSPACE_BARS)), down * CFGSPACE_BARS);
        tables->lent = addr_map_init(take(rig, addr_map_bytes(MOVES_POOL)), MOVES_POOL);
        route_init(&rig->hosts[h].route, rig->hosts[h].windows, 2 * MOVES_DEVICES);
        tables->owner = &rig->hosts[h].route;
        switch_config_route(&rig->sw, h);
    }
    for (uint32_t d = 0; d < shape->devices; d++) {
        struct switch_tables *tables = &rig->sw.ports[shape->hosts + d].tables;
        tables->id_map = id_map_init(take(rig, id_map_bytes(shape->cam[d])), shape->cam[d]);
        if (shape->cam[d] < shape->vfs[d])
            tables->id_backing = id_map_init(take(rig, id_map_bytes(shape->vfs[d])), shape->vfs[d]);
        tables->vfs = id_map_init(take(rig, id_map_bytes(shape->vfs[d])), shape->vfs[d]);
        for (uint32_t i = 0; i < shape->vfs[d]; i++) {
            const uint32_t vf = rig->first_vf[d] + i;
            const struct id_key key = {(uint16_t)(shape->hosts + d), moves_owner_rid(rig, vf)};
            CHECK(id_map_write(tables->vfs, i, key, (struct id_value){.function = vf}) ==
                  ID_MAP_OK);
        }
        tables->owner_port = (uint16_t)shape->owner[d];
        tables->proxy =
            proxy_tag_init(take(rig, proxy_tag_bytes(shape->proxy_tags)), shape->proxy_tags);
        tables->proxy_rid = MOVES_PROXY_RID;
        tables->device_bus = (uint8_t)(moves_pf_rid(d) >> 8);
    }
}

static void make_ports(struct moves_rig *rig, uint32_t n)
{
    for (uint32_t p = 0; p < n; p++) {
        size_t bytes = link_memory_bytes(&rig->fabric, &rig->link);
        link_init(&rig->in[p], &rig->fabric, &rig->link, 2 * p, take(rig, bytes));
        link_init(&rig->out[p], &rig->fabric, &rig->link, 2 * p + 1, take(rig, bytes));
        link_pair(&rig->in[p], &rig->out[p]);
        port_init(&rig->source[p], &rig->fabric, &rig->in[p], &rig->component, EV_PORT + p);
        rig->out[p].receiver = (struct link_receiver){on_tlp, rig, p};
        switch_connect(&rig->sw, p, p < rig->shape.hosts ? SWITCH_HOST : SWITCH_DEVICE, &rig->in[p],
                       &rig->out[p], NULL);
    }
}

static void make_vfs(struct moves_rig *rig)
{
    for (uint32_t d = 0; d < rig->shape.devices; d++) {
        rig->first_vf[d] = rig->n_vfs;
        for (uint32_t i = 0; i < rig->shape.vfs[d]; i++)
            rig->vfs[rig->n_vfs++] =
                (struct moves_vf){.device = d, .number = i, .host = rig->shape.hosts};
    }
    assignment_init(&rig->table, rig->assignments, rig->n_vfs);
    rig->sw.assignments = &rig->table;
}

void moves_rig_init(struct moves_rig *rig, const struct moves_shape *shape,
                    const struct moves_ops *ops)
{
    const uint32_t n_ports = shape->hosts + shape->devices;
    const uint32_t data = 4 * shape->credits;
    const struct switch_params params = {.name = "switch",
                                         .clock_hz = CLOCK_HZ,
                                         .datapath_bytes = 32,
                                         .cut_through = shape->cut_through,
                                         .voq = shape->voq,
                                         .remap_pipelined = shape->pipelined,
                                         .remap_fetch = true,
                                         .egress_buffer_bytes = 512,
                                         .ingress_cycles = 2,
                                         .remap_cycles = 2,
                                         .edit_cycles = 1,
                                         .crossbar_cycles = 1,
                                         .remap_miss_cycles = 10,
                                         .flr_ps = MOVES_FLR_PS};
    memset(rig, 0, sizeof *rig);
    rig->component = (struct component){.name = "ends", .handle = handle};
    rig->shape = *shape;
    rig->ops = *ops;
    rig->at = shared.pool;
    rig->end = rig->at + POOL_BYTES;
    rig->link = (struct link_params){.name = "link",
                                     .gen = 3,
                                     .lanes = 8,
                                     .propagation_ps = PROPAGATION_PS,
                                     .header_credits = {shape->credits, shape->credits, 0},
                                     .data_credits = {data, data, 0}};
    sim_init(&rig->sim, COMPONENTS, EVENTS, UINT64_MAX);
    sim_add(&rig->sim, &rig->component, COMPONENT);
    rig->fabric = (struct fabric){.sim = &rig->sim, .vcs = 1, .mps_bytes = 256};
    fabric_set_overheads(&rig->fabric, true, false);
    CHECK(tlp_pool_init(&rig->fabric.tlps, MOVES_TLPS));
    CHECK(request_pool_init(&rig->fabric.requests, MOVES_REQUESTS));
    switch_init(&rig->sw, &rig->fabric, &params, n_ports,
                take(rig, switch_memory_bytes(&rig->fabric, &params, n_ports)));
    sim_add(&rig->sim, &rig->sw.component, SWITCH);
    make_ports(rig, n_ports);
    switch_set_live(&rig->sw, true);
    make_vfs(rig);
    make_tables(rig);
}

void moves_rig_fini(struct moves_rig *rig)
{
    sim_fini(&rig->sim);
    tlp_pool_fini(&rig->fabric.tlps);
    request_pool_fini(&rig->fabric.requests);
}

bool moves_rig_is_conserved(const struct moves_rig *rig)
{
    bool good = !rig->fabric.tlps.in_use && !rig->fabric.requests.in_use;
    for (uint32_t p = 0; p < rig->shape.hosts + rig->shape.devices; p++) {
        const struct proxy_tags *proxy = rig->sw.ports[p].tables.proxy;
        good = good && link_credits_are_home(&rig->in[p], &rig->link) &&
               link_credits_are_home(&rig->out[p], &rig->link) &&
               (!proxy || !proxy_tag_waiting(proxy));
    }
    for (uint32_t vf = 0; vf < rig->n_vfs; vf++)
        for (int side = 0; side < ASSIGNMENT_SIDES; side++)
            good = good && !rig->assignments[vf].in_flight[side];
    return good;
}

/* ---- the manager's hands ---- */

static void write_id(struct moves_rig *rig, struct id_map *map, uint32_t index, struct id_key key,
                     struct id_value value)
{
    switch_note_write(&rig->sw, map, index);
    CHECK(id_map_write(map, index, key, value) == ID_MAP_OK);
}

static void free_id(struct moves_rig *rig, struct id_map *map, uint32_t index)
{
    switch_note_write(&rig->sw, map, index);
    id_map_invalidate(map, index);
}

static uint32_t down_index(uint32_t device, uint32_t function)
{
    return device * MOVES_SLOT_FUNCTIONS + function;
}

static struct switch_tables *device_tables(struct moves_rig *rig, uint32_t device)
{
    return &rig->sw.ports[rig->shape.hosts + device].tables;
}

static void load_user(struct moves_rig *rig, uint32_t vf, uint32_t h, uint32_t function)
{
    const uint32_t d = rig->vfs[vf].device, index = down_index(d, function);
    struct moves_host *host = &rig->hosts[h];
    const struct id_key key = {(uint16_t)h, moves_user_rid(d, function)};
    const struct id_value value = {(uint16_t)(rig->shape.hosts + d), moves_owner_rid(rig, vf), vf};
    write_id(rig, rig->sw.ports[h].tables.id_map, index, key, value);
    host->vfs[d][function] = (struct switch_vf){.owner_rid = moves_owner_rid(rig, vf),
                                                .function = vf,
                                                .first_range = index * CFGSPACE_BARS,
                                                .owner_base = {moves_owner_bar(rig, vf)}};
    /* The second BAR is never given an address. */
    cfg_emu_load(&host->emus[d][function], &shared.model);
    cfg_emu_link(host->emus[d], MOVES_SLOT_FUNCTIONS);
}

void moves_load(struct moves_rig *rig, uint32_t vf, uint32_t host, uint32_t function)
{
    struct moves_vf *v = &rig->vfs[vf];
    const struct assignment_place place = {(uint16_t)host, (uint16_t)v->device, (uint16_t)function};
    struct switch_tables *device = device_tables(rig, v->device);
    struct addr_map *lent = rig->sw.ports[rig->shape.owner[v->device]].tables.lent;
    const struct addr_entry entry = {.user_base = moves_owner_bar(rig, vf),
                                     .owner_base = moves_owner_bar(rig, vf),
                                     .log2_bytes = 14};
    CHECK(assignment_do(&rig->table, vf, ASSIGNMENT_LOAD, &place) == ASSIGNMENT_OK);
    write_id(rig, device->id_backing ? device->id_backing : device->id_map, v->number,
             (struct id_key){(uint16_t)(rig->shape.hosts + v->device), moves_owner_rid(rig, vf)},
             (struct id_value){(uint16_t)host, moves_user_rid(v->device, function), vf});
    switch_note_write(&rig->sw, lent, vf);
    CHECK(addr_map_write(lent, vf, &entry) == ADDR_MAP_OK);
    load_user(rig, vf, host, function);
    v->host = host;
    v->function = function;
}

static void free_user(struct moves_rig *rig, uint32_t device, uint32_t h, uint32_t function)
{
    struct moves_host *host = &rig->hosts[h];
    struct switch_tables *tables = &rig->sw.ports[h].tables;
    const uint32_t index = down_index(device, function);
    free_id(rig, tables->id_map, index);
    for (uint32_t n = 0; n < CFGSPACE_BARS; n++) {
        switch_note_write(&rig->sw, tables->addr_map, index * CFGSPACE_BARS + n);
        addr_map_invalidate(tables->addr_map, index * CFGSPACE_BARS + n);
    }
    cfg_emu_unload(&host->emus[device][function]);
    cfg_emu_link(host->emus[device], MOVES_SLOT_FUNCTIONS);
}

void moves_invalidate(struct moves_rig *rig, uint32_t vf, bool keep_stale)
{
    struct moves_vf *v = &rig->vfs[vf];
    struct switch_tables *device = device_tables(rig, v->device);
    struct addr_map *lent = rig->sw.ports[rig->shape.owner[v->device]].tables.lent;
    const struct id_key key = {(uint16_t)(rig->shape.hosts + v->device), moves_owner_rid(rig, vf)};
    if (device->id_backing)
        free_id(rig, device->id_backing, v->number);
    int32_t entry = id_map_find(device->id_map, key);
    if (entry >= 0)
        free_id(rig, device->id_map, (uint32_t)entry);
    switch_note_write(&rig->sw, lent, vf);
    addr_map_invalidate(lent, vf);
    if (!keep_stale)
        free_user(rig, v->device, v->host, v->function);
    v->host = rig->shape.hosts;
}

void moves_flr(struct moves_rig *rig, uint32_t vf)
{
    const struct moves_vf *v = &rig->vfs[vf];
    switch_config_flr(&rig->sw, v->host, v->device, v->function);
}
