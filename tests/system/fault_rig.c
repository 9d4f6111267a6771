#include "fault_rig.h"

#include "fabric/dev_null.h"

#include <CUnit/CUnit.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

enum { SWITCH_ID = RIG_PORTS, FAULTS_ID, IDS };
enum { TLPS = 1 << 14, REQUESTS = 1 << 14, EVENTS = 1 << 16, TAGS = 32, PROXY_TAGS = 32 };
enum { MANAGEMENT = 0x100, UPSTREAM = 0x101, LENT = 3, MSI_ADDRESS = 0xfee00000 };

struct fault_rig rig;

static const struct {
    uint32_t vf, host, function;
} lent[LENT] = {{0, RIG_USER1, 0}, {1, RIG_USER1, 1}, {2, RIG_USER2, 0}};

static void *take(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
    CU_ASSERT_FATAL(rig.n_memory < sizeof rig.memory / sizeof rig.memory[0]);
    memset(memory, 0, (bytes + 63) & ~(size_t)63);
    rig.memory[rig.n_memory++] = memory;
    return memory;
}

const struct cfgspace_layout *rig_layout(enum preset preset)
{
    struct cfgspace_layout *layout = &rig.layouts[preset];
    struct preset_options options;
    if (layout->bytes)
        return layout;
    preset_defaults(preset, &options);
    if (preset == PRESET_82599)
        options.vfs = RIG_VFS;
    if (preset == PRESET_SWITCH_DOWNSTREAM || preset == PRESET_ROOT_PORT)
        options.slot = options.hot_plug = options.card = true;
    options.dpc = rig.features & RIG_DPC;
    preset_build(preset, &options, layout, take(preset_memory_bytes(preset)));
    return layout;
}

struct cfgspace *rig_slot(uint32_t host)
{
    return &rig.hosts[host].view_functions[RIG_SLOT].space;
}

/* ---- software's ends ---- */

static void on_done(void *self, uint32_t at, struct request *request)
{
    (void)self;
    struct fault_rig_result *result = &rig.results[request->context];
    CU_ASSERT_FALSE(result->done);
    *result = (struct fault_rig_result){true, (enum tlp_status)request->status, request->value,
                                        request->born_ps, request->done_ps};
    request_give_back(&rig.fabric.requests, at);
}

static void on_interrupt(void *self, uint32_t at, struct request *request)
{
    (void)self;
    struct fault_rig_host *host = &rig.hosts[request->context >> 32];
    host->interrupts++;
    host->interrupt_ps = rig.sim.now_ps;
    request_give_back(&rig.fabric.requests, at);
}

static void on_message(void *self, const struct tlp *tlp)
{
    struct fault_rig_host *host = self;
    host->messages++;
    host->message_from = tlp->requester;
    host->message_code = tlp->msg.code;
}

/* ---- building ---- */

static uint32_t add(struct hierarchy *hierarchy, uint32_t parent, uint8_t devfn, enum preset preset)
{
    return hierarchy_add(hierarchy, parent, devfn, rig_layout(preset), take(preset_bytes(preset)));
}

static void make_host(uint32_t h)
{
    static const char *const names[RIG_HOSTS] = {"owner", "user1", "user2"};
    struct fault_rig_host *host = &rig.hosts[h];
    const struct root_complex_params params = {
        .name = names[h],
        .read_latency_ps = &rig.memory_read,
        .outstanding_reads = 16,
        .mmio_outstanding = 16,
        .config_local_ps = 70000,
        .completion_timeout_ps = RIG_CPU_TIMEOUT_PS,
    };
    root_complex_init(&host->rc, &rig.fabric, &params, 1, take(16 * sizeof(uint64_t)));
    host->rc.hierarchy = &host->bus0;
    host->rc.hooks = (struct root_complex_hooks){.on_message = on_message, .self = host};
    root_complex_connect(&host->rc, &rig.down[h], &rig.up[h]);
    sim_add(&rig.sim, &host->rc.component, h);
    hierarchy_init(&host->bus0, host->bus0_functions, 2, 0);
    add(&host->bus0, HIERARCHY_TOP, 0, PRESET_HOST_BRIDGE);
    hierarchy_set_leaf(&host->bus0,
                       add(&host->bus0, HIERARCHY_TOP, RIG_ROOT_PORT, PRESET_ROOT_PORT), 0);
    struct hierarchy *view = &host->view.hierarchy;
    hierarchy_init(view, host->view_functions, 3, HIERARCHY_LINK);
    add(view, HIERARCHY_TOP, 0, PRESET_SWITCH_MANAGEMENT);
    uint32_t upstream = add(view, HIERARCHY_TOP, 1, PRESET_SWITCH_UPSTREAM);
    hierarchy_set_leaf(view, add(view, upstream, 0, PRESET_SWITCH_DOWNSTREAM), 0);
    host->branch = (struct switch_branch){.port = RIG_DEVICE, .owned = h == RIG_OWNER};
    host->view.branches = &host->branch;
    host->view.n_branches = 1;
    rig.sw.ports[h].tables.view = &host->view;
}

static void make_device(void)
{
    const struct endpoint_config_params config = {.pf = rig_layout(PRESET_82599),
                                                  .vf = rig_layout(PRESET_82599_VF),
                                                  .config_read_ps = 250000,
                                                  .flr_ps = RIG_FLR_PS};
    struct endpoint_params params = {
        .name = "device",
        .n_functions = RIG_VFS + 1,
        .tags = TAGS,
        .dma_burst_bytes = 4096,
        .mmio_read_ps = 100000,
        .completion_timeout_ps = RIG_DEVICE_TIMEOUT_PS,
        .ops = &dev_null_ops,
        .config = endpoint_config_init(take(endpoint_config_memory_bytes(&config, RIG_VFS + 1)),
                                       &config, RIG_VFS + 1),
    };
    static const uint16_t rids[RIG_VFS + 1];
    endpoint_init(&rig.ep, &rig.fabric, &params, rids, take(endpoint_memory_bytes(&params)));
    endpoint_connect(&rig.ep, &rig.down[RIG_DEVICE], &rig.up[RIG_DEVICE]);
    sim_add(&rig.sim, &rig.ep.component, RIG_DEVICE);
}

static void connect_ports(void)
{
    for (uint32_t p = 0; p < RIG_PORTS; p++) {
        for (int way = 0; way < 2; way++) {
            struct link *link = way ? &rig.down[p] : &rig.up[p];
            link_init(link, &rig.fabric, &rig.params, 2 * p + (uint32_t)way,
                      take(link_memory_bytes(&rig.fabric, &rig.params)));
        }
        link_pair(&rig.up[p], &rig.down[p]);
        switch_connect(&rig.sw, p, p == RIG_DEVICE ? SWITCH_DEVICE : SWITCH_HOST, &rig.up[p],
                       &rig.down[p], NULL);
    }
}

static void make_switch(void)
{
    const struct switch_params params = {.name = "switch",
                                         .clock_hz = 250000000,
                                         .datapath_bytes = 32,
                                         .cut_through = true,
                                         .voq = true,
                                         .remap_pipelined = true,
                                         .egress_buffer_bytes = 1024,
                                         .ingress_cycles = 2,
                                         .remap_cycles = 2,
                                         .edit_cycles = 1,
                                         .crossbar_cycles = 1,
                                         .flr_ps = RIG_FLR_PS};
    switch_init(&rig.sw, &rig.fabric, &params, RIG_PORTS,
                take(switch_memory_bytes(&rig.fabric, &params, RIG_PORTS)));
    sim_add(&rig.sim, &rig.sw.component, SWITCH_ID);
    connect_ports();
    switch_set_live(&rig.sw, true);
    route_init(&rig.route, rig.windows, 4);
    struct switch_tables *device = &rig.sw.ports[RIG_DEVICE].tables;
    device->id_map = id_map_init(take(id_map_bytes(LENT)), LENT);
    device->owner_port = RIG_OWNER;
    device->proxy = proxy_tag_init(take(proxy_tag_bytes(PROXY_TAGS)), PROXY_TAGS);
    device->proxy_rid = UPSTREAM;
    rig.sw.ports[RIG_OWNER].tables.owner = &rig.route;
    for (uint32_t h = RIG_USER1; h < RIG_HOSTS; h++) {
        rig.sw.ports[h].tables.id_map = id_map_init(take(id_map_bytes(2)), 2);
        rig.sw.ports[h].tables.addr_map =
            addr_map_init(take(addr_map_bytes(2 * CFGSPACE_BARS)), 2 * CFGSPACE_BARS);
    }
    rig.interrupt_owner = (struct request_owner){on_interrupt, NULL};
    rig.sw.hooks.interrupt_owner = &rig.interrupt_owner;
    assignment_init(&rig.table, rig.assignments, RIG_VFS);
    rig.sw.assignments = &rig.table;
}

static void watch_links(void)
{
    faults_init(&rig.faults, &rig.fabric, rig.fault_links, RIG_PORTS);
    sim_add(&rig.sim, &rig.faults.component, FAULTS_ID);
    for (uint32_t h = 0; h < RIG_HOSTS; h++)
        CU_ASSERT_EQUAL(faults_watch_host(&rig.faults, &rig.sw, h, &rig.hosts[h].rc), h);
    CU_ASSERT_EQUAL(faults_watch_device(&rig.faults, &rig.sw, RIG_DEVICE, &rig.ep), RIG_DEVICE);
}

/* What the manager does: the tables of the lent VFs. */
static void lend(void)
{
    struct switch_tables *device = &rig.sw.ports[RIG_DEVICE].tables;
    cfg_emu_model_init(&rig.model, endpoint_config_space(&rig.ep, RIG_PF),
                       rig_layout(PRESET_82599_VF), false);
    for (uint32_t i = 0; i < LENT; i++) {
        const uint32_t vf = lent[i].vf, h = lent[i].host, f = lent[i].function;
        struct fault_rig_host *host = &rig.hosts[h];
        struct id_map *id_down = rig.sw.ports[h].tables.id_map;
        const uint16_t rid = (uint16_t)(RIG_VF0_RID + 2 * vf),
                       user_rid = (uint16_t)(RIG_PF_RID + f);
        const struct assignment_place place = {(uint16_t)h, 0, (uint16_t)f};
        host->branch.functions = host->emus;
        host->branch.vfs = host->vfs;
        host->branch.n_functions = f + 1;
        cfg_emu_load(&host->emus[f], &rig.model);
        cfg_emu_link(host->emus, f + 1);
        host->vfs[f] = (struct switch_vf){rid, vf, f * CFGSPACE_BARS, {0}};
        host->vfs[f].owner_base[0] = RIG_OWNER_BAR + vf * (uint64_t)RIG_BAR_BYTES;
        switch_note_write(&rig.sw, device->id_map, i);
        switch_note_write(&rig.sw, id_down, f);
        CU_ASSERT_EQUAL(id_map_write(device->id_map, i, (struct id_key){RIG_DEVICE, rid},
                                     (struct id_value){(uint16_t)h, user_rid, vf}),
                        ID_MAP_OK);
        CU_ASSERT_EQUAL(id_map_write(id_down, f, (struct id_key){(uint16_t)h, user_rid},
                                     (struct id_value){RIG_DEVICE, rid, vf}),
                        ID_MAP_OK);
        assignment_do(&rig.table, vf, ASSIGNMENT_LOAD, &place);
        assignment_do(&rig.table, vf, ASSIGNMENT_ATTACH, NULL);
    }
}

static void number_buses(uint32_t h, uint8_t last)
{
    const uint16_t ports[] = {RIG_ROOT_PORT, UPSTREAM, RIG_DOWNSTREAM_RID};
    const struct cfgspace_layout *slot = rig_layout(PRESET_SWITCH_DOWNSTREAM);
    for (uint8_t i = 0; i < 3; i++) {
        rig_write(h, ports[i], PCI_PRIMARY_BUS, 4, i | (i + 1U) << 8 | (uint32_t)last << 16);
        rig_write(h, ports[i], PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    }
    rig_write(h, RIG_DOWNSTREAM_RID, slot->msi + PCI_MSI_ADDRESS_LO, 4, MSI_ADDRESS);
    rig_write(h, RIG_DOWNSTREAM_RID, slot->msi + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
    rig_write(h, RIG_DOWNSTREAM_RID, slot->express + PCI_EXP_SLTCTL, 2,
              PCI_EXP_SLTCTL_HPIE | PCI_EXP_SLTCTL_DLLSCE | PCI_EXP_SLTCTL_PDCE);
}

void rig_enumerate_owner(void)
{
    unsigned sriov = rig_layout(PRESET_82599)->sriov;
    number_buses(RIG_OWNER, 4);
    rig_write(RIG_OWNER, RIG_DOWNSTREAM_RID, PCI_MEMORY_BASE, 4, 0xe0f0e000);
    rig_write(RIG_OWNER, RIG_PF_RID, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    rig_write(RIG_OWNER, RIG_PF_RID, sriov + PCI_SRIOV_BAR, 4, (uint32_t)RIG_OWNER_BAR);
    rig_write(RIG_OWNER, RIG_PF_RID, sriov + PCI_SRIOV_NUM_VF, 2, RIG_VFS);
    rig_write(RIG_OWNER, RIG_PF_RID, sriov + PCI_SRIOV_CTRL, 2,
              PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE);
    rig_write(RIG_OWNER, RIG_VF0_RID + 2 * 3, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
}

void rig_enumerate_user(uint32_t host)
{
    number_buses(host, 3);
    for (uint32_t f = 0; f < rig.hosts[host].branch.n_functions; f++) {
        const uint16_t rid = (uint16_t)(RIG_PF_RID + f);
        rig_write(host, rid, PCI_BASE_ADDRESS_0, 4, (uint32_t)RIG_USER_BAR + f * RIG_BAR_BYTES);
        rig_write(host, rid, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    }
}

void rig_boot(unsigned features)
{
    memset(&rig, 0, sizeof rig);
    rig.features = features;
    sim_init(&rig.sim, IDS, EVENTS, UINT64_MAX);
    rig.fabric = (struct fabric){
        .sim = &rig.sim, .vcs = 1, .mps_bytes = 256, .mrrs_bytes = 512, .rcb_bytes = 64};
    fabric_set_overheads(&rig.fabric, true, false);
    CU_ASSERT_FATAL(tlp_pool_init(&rig.fabric.tlps, TLPS));
    CU_ASSERT_FATAL(request_pool_init(&rig.fabric.requests, REQUESTS));
    rig.params = (struct link_params){.name = "link",
                                      .gen = 3,
                                      .lanes = 8,
                                      .propagation_ps = 5000,
                                      .header_credits = {16, 16, 0},
                                      .data_credits = {64, 64, 0}};
    rig.owner = (struct request_owner){on_done, NULL};
    dist_init_constant(&rig.memory_read, 200000);
    make_switch();
    for (uint32_t h = 0; h < RIG_HOSTS; h++)
        make_host(h);
    make_device();
    if (features & RIG_WATCHED)
        watch_links();
    rig_enumerate_owner();
    lend();
    rig_enumerate_user(RIG_USER1);
    rig_enumerate_user(RIG_USER2);
}

void rig_end(void)
{
    CU_ASSERT_EQUAL(sim_run(&rig.sim, UINT64_MAX), SIM_EMPTY);
    CU_ASSERT_EQUAL(rig.fabric.tlps.in_use, 0);
    CU_ASSERT_EQUAL(rig.fabric.requests.in_use, 0);
    CU_ASSERT_EQUAL(rig.ep.tags_in_use, 0);
    CU_ASSERT_EQUAL(proxy_tag_waiting(rig.sw.ports[RIG_DEVICE].tables.proxy), 0);
    for (uint32_t i = 0; i < rig.n_results; i++)
        CU_ASSERT(rig.results[i].done);
    for (uint32_t h = 0; h < RIG_HOSTS; h++)
        CU_ASSERT_EQUAL(rig.hosts[h].rc.mmio_reads, 0);
    for (uint32_t f = 0; f < RIG_VFS; f++)
        for (int side = 0; side < ASSIGNMENT_SIDES; side++)
            CU_ASSERT_EQUAL(rig.assignments[f].in_flight[side], 0);
    for (uint32_t p = 0; p < RIG_PORTS; p++)
        CU_ASSERT(link_credits_are_home(&rig.up[p], &rig.params) &&
                  link_credits_are_home(&rig.down[p], &rig.params));
    sim_fini(&rig.sim);
    tlp_pool_fini(&rig.fabric.tlps);
    request_pool_fini(&rig.fabric.requests);
    dist_fini(&rig.memory_read);
    for (uint32_t i = 0; i < rig.n_memory; i++)
        free(rig.memory[i]);
}

/* ---- accesses ---- */

void rig_run_for(uint64_t ps)
{
    const uint64_t until_ps = rig.sim.now_ps + ps;
    const enum sim_result result = sim_run(&rig.sim, until_ps);
    CHECK(result == SIM_TIME || result == SIM_EMPTY);
    rig.sim.now_ps = until_ps;
}

static uint32_t new_request(enum request_kind kind, uint64_t address, uint32_t bytes,
                            uint32_t value, uint32_t *out_at)
{
    uint32_t at = request_take(&rig.fabric.requests);
    struct request *request = request_get(&rig.fabric.requests, at);
    CU_ASSERT_FATAL(rig.n_results < RIG_RESULTS);
    request->kind = (uint8_t)kind;
    request->address = address;
    request->bytes = bytes;
    request->value = value;
    request->born_ps = rig.sim.now_ps;
    request->owner = &rig.owner;
    request->context = rig.n_results;
    *out_at = at;
    return rig.n_results++;
}

uint32_t rig_begin_config(uint32_t host, enum request_kind kind, uint16_t bdf, unsigned offset,
                          uint32_t bytes, uint32_t value)
{
    uint32_t at;
    uint32_t result = new_request(kind, (uint64_t)bdf << 16 | offset, bytes, value, &at);
    root_complex_config(&rig.hosts[host].rc, at);
    return result;
}

uint32_t rig_begin_memory(uint32_t host, enum request_kind kind, uint64_t address)
{
    uint32_t at;
    uint32_t result = new_request(kind, address, 4, 0, &at);
    root_complex_mmio(&rig.hosts[host].rc, at);
    return result;
}

uint32_t rig_begin_dma(uint32_t function, enum request_kind kind, uint32_t bytes)
{
    uint32_t at;
    uint32_t result = new_request(kind, 0x1000, bytes, 0, &at);
    request_get(&rig.fabric.requests, at)->function = (uint16_t)function;
    endpoint_dma(&rig.ep, at);
    return result;
}

const struct fault_rig_result *rig_wait(uint32_t result)
{
    const uint64_t patience_ps = rig.sim.now_ps + 4 * (uint64_t)RIG_CPU_TIMEOUT_PS;
    while (!rig.results[result].done && rig.sim.now_ps < patience_ps)
        rig_run_for(1000);
    CU_ASSERT_FATAL(rig.results[result].done);
    return &rig.results[result];
}

enum tlp_status rig_config(uint32_t host, enum request_kind kind, uint16_t bdf, unsigned offset,
                           uint32_t bytes, uint32_t value)
{
    return rig_wait(rig_begin_config(host, kind, bdf, offset, bytes, value))->status;
}

uint32_t rig_read(uint32_t host, uint16_t bdf, unsigned offset, uint32_t bytes)
{
    const struct fault_rig_result *result =
        rig_wait(rig_begin_config(host, REQUEST_CFG_READ, bdf, offset, bytes, 0));
    CU_ASSERT_EQUAL(result->status, TLP_SC);
    return result->value;
}

void rig_write(uint32_t host, uint16_t bdf, unsigned offset, uint32_t bytes, uint32_t value)
{
    CU_ASSERT_EQUAL(rig_config(host, REQUEST_CFG_WRITE, bdf, offset, bytes, value), TLP_SC);
}

enum tlp_status rig_memory(uint32_t host, enum request_kind kind, uint64_t address)
{
    return rig_wait(rig_begin_memory(host, kind, address))->status;
}

enum tlp_status rig_dma(uint32_t function, enum request_kind kind)
{
    return rig_wait(rig_begin_dma(function, kind, 64))->status;
}
