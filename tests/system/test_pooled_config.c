/* A pooled device as its hosts find it: two hosts, a multi-root switch and an SR-IOV device, with
 * everything done by TLPs from the root complexes on. Exact times of configuration accesses to each
 * kind of target, every row of the TLP table that has to do with them, FLR and CRS, time-outs; at
 * the end nothing is left anywhere. Not pinned: which registers the presets have. */
#include "fabric/dev_null.h"
#include "fabric/endpoint_config.h"
#include "fabric/root_complex.h"
#include "fabric/switch_config.h"
#include "pcie/preset.h"
#include "pcie/tlp_header.h"

#include <CUnit/CUnit.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

void suite_pooled_config(void);

enum { OWNER, USER, HOSTS, DEVICE = HOSTS, PORTS };
enum { TLPS = 1 << 12, REQUESTS = 1 << 12, EVENTS = 1 << 14 };
enum { VFS = 8, LENT = 2, SLOTS_MOST = 8, TAGS = 8, PROXY_TAGS = 4, T = 4000 };
enum { PROPAGATION_PS = 5000, LOCAL_PS = 70000, ACCESS_PS = 250000, FLR_PS = 3000000 };
enum { REQUEST_BYTES = 20, DATA_BYTES = 24, EMULATOR_CYCLES = 4, THROUGH_CYCLES = 6 };
enum { MANAGEMENT = 0x100, UPSTREAM = 0x101, DOWNSTREAM = 0x200, PF = 0x300, VF0 = 0x480 };
enum { ROOT_PORT = 0x08, PROXY_RID = UPSTREAM };
enum { OWNER_VF_BAR = 0xe0000000, VF_BYTES = 16384, USER_BAR = 0xf0000000U };

static const struct {
    uint32_t vf; /* of the device */
} lent[LENT] = {{1}, {3}};

struct node { /* a host */
    struct root_complex rc;
    struct hierarchy bus0;
    struct hierarchy_function bus0_functions[2];
    struct switch_view view;
    struct hierarchy_function view_functions[3];
    struct switch_branch branch;
};

struct pool {
    struct sim sim;
    struct fabric fabric;
    struct link_params params;
    struct link up[PORTS], down[PORTS]; /* to and from the switch */
    struct pcie_switch sw;
    struct node hosts[HOSTS];
    struct endpoint ep;
    struct route route;
    struct route_window windows[4];
    struct cfg_emu_model model;
    struct cfg_emu emus[LENT];
    struct switch_vf vfs[LENT];
    struct assignment assignments[VFS];
    struct assignment_table table;
    struct dist memory_read;
    struct cfgspace_layout layouts[PRESET_COUNT];
    void *memory[64];
    uint32_t n_memory;
    bool done;
    struct request ended;
    uint32_t messages[HOSTS];
    uint16_t message_from[HOSTS];
    uint32_t interrupts;
    struct request_owner owner, interrupt_owner;
};

static struct pool pool;

static void *take(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
    CU_ASSERT_FATAL(pool.n_memory < sizeof pool.memory / sizeof pool.memory[0]);
    memset(memory, 0, (bytes + 63) & ~(size_t)63);
    pool.memory[pool.n_memory++] = memory;
    return memory;
}

static const struct cfgspace_layout *layout(enum preset preset)
{
    struct cfgspace_layout *layout = &pool.layouts[preset];
    struct preset_options options;
    if (layout->bytes)
        return layout;
    preset_defaults(preset, &options);
    if (preset == PRESET_82599)
        options.vfs = VFS;
    if (preset == PRESET_SWITCH_DOWNSTREAM)
        options.slot = options.hot_plug = options.card = true;
    preset_build(preset, &options, layout, take(preset_memory_bytes(preset)));
    return layout;
}

static uint32_t add(struct hierarchy *hierarchy, uint32_t parent, uint8_t devfn, enum preset preset)
{
    return hierarchy_add(hierarchy, parent, devfn, layout(preset), take(preset_bytes(preset)));
}

static void on_done(void *self, uint32_t at, struct request *request)
{
    (void)self;
    pool.done = true;
    pool.ended = *request;
    request_give_back(&pool.fabric.requests, at);
    sim_stop(&pool.sim);
}

static void on_interrupt(void *self, uint32_t at, struct request *request)
{
    (void)self, (void)request;
    pool.interrupts++;
    request_give_back(&pool.fabric.requests, at);
}

static void on_message(void *self, const struct tlp *tlp)
{
    const struct node *node = self;
    pool.messages[node - pool.hosts]++;
    pool.message_from[node - pool.hosts] = tlp->requester;
}

static void make_host(uint32_t h, uint64_t timeout_ps)
{
    struct node *node = &pool.hosts[h];
    const struct root_complex_params params = {
        .name = h == OWNER ? "owner" : "user",
        .read_latency_ps = &pool.memory_read,
        .outstanding_reads = 4,
        .mmio_outstanding = 8,
        .config_local_ps = LOCAL_PS,
        .completion_timeout_ps = timeout_ps,
    };
    root_complex_init(&node->rc, &pool.fabric, &params, 1, take(4 * sizeof(uint64_t)));
    node->rc.hierarchy = &node->bus0;
    node->rc.hooks = (struct root_complex_hooks){.on_message = on_message, .self = node};
    root_complex_connect(&node->rc, &pool.down[h], &pool.up[h]);
    sim_add(&pool.sim, &node->rc.component, h);
    hierarchy_init(&node->bus0, node->bus0_functions, 2, 0);
    add(&node->bus0, HIERARCHY_TOP, 0, PRESET_HOST_BRIDGE);
    hierarchy_set_leaf(&node->bus0, add(&node->bus0, HIERARCHY_TOP, ROOT_PORT, PRESET_ROOT_PORT),
                       0);
    struct hierarchy *view = &node->view.hierarchy;
    hierarchy_init(view, node->view_functions, 3, HIERARCHY_LINK);
    add(view, HIERARCHY_TOP, 0, PRESET_SWITCH_MANAGEMENT);
    uint32_t upstream = add(view, HIERARCHY_TOP, 1, PRESET_SWITCH_UPSTREAM);
    hierarchy_set_leaf(view, add(view, upstream, 0, PRESET_SWITCH_DOWNSTREAM), 0);
    node->branch = (struct switch_branch){.port = DEVICE, .owned = h == OWNER};
    node->view.branches = &node->branch;
    node->view.n_branches = 1;
    pool.sw.ports[h].tables.view = &node->view;
}

static void make_device(uint64_t timeout_ps)
{
    const struct endpoint_config_params config = {.pf = layout(PRESET_82599),
                                                  .vf = layout(PRESET_82599_VF),
                                                  .config_read_ps = ACCESS_PS,
                                                  .flr_ps = FLR_PS};
    struct endpoint_params params = {
        .name = "device",
        .n_functions = VFS + 1,
        .tags = TAGS,
        .dma_burst_bytes = 4096,
        .mmio_read_ps = 100000,
        .completion_timeout_ps = timeout_ps,
        .ops = &dev_null_ops,
        .config = endpoint_config_init(take(endpoint_config_memory_bytes(&config, VFS + 1)),
                                       &config, VFS + 1),
    };
    static const uint16_t rids[VFS + 1];
    endpoint_init(&pool.ep, &pool.fabric, &params, rids, take(endpoint_memory_bytes(&params)));
    endpoint_connect(&pool.ep, &pool.down[DEVICE], &pool.up[DEVICE]);
    sim_add(&pool.sim, &pool.ep.component, DEVICE);
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
                                         .flr_ps = FLR_PS};
    switch_init(&pool.sw, &pool.fabric, &params, PORTS,
                take(switch_memory_bytes(&pool.fabric, &params, PORTS)));
    sim_add(&pool.sim, &pool.sw.component, PORTS);
    for (uint32_t p = 0; p < PORTS; p++) {
        for (int way = 0; way < 2; way++) {
            struct link *link = way ? &pool.down[p] : &pool.up[p];
            link_init(link, &pool.fabric, &pool.params, 2 * p + (uint32_t)way,
                      take(link_memory_bytes(&pool.fabric, &pool.params)));
        }
        link_pair(&pool.up[p], &pool.down[p]);
        switch_connect(&pool.sw, p, p == DEVICE ? SWITCH_DEVICE : SWITCH_HOST, &pool.up[p],
                       &pool.down[p], NULL);
    }
    switch_set_live(&pool.sw, true);
    route_init(&pool.route, pool.windows, 4);
    struct switch_tables *device = &pool.sw.ports[DEVICE].tables;
    device->id_map = id_map_init(take(id_map_bytes(LENT)), LENT);
    device->owner_port = OWNER;
    device->proxy = proxy_tag_init(take(proxy_tag_bytes(PROXY_TAGS)), PROXY_TAGS);
    device->proxy_rid = PROXY_RID;
    pool.sw.ports[OWNER].tables.owner = &pool.route;
    pool.sw.ports[USER].tables.id_map = id_map_init(take(id_map_bytes(LENT)), LENT);
    pool.sw.ports[USER].tables.addr_map =
        addr_map_init(take(addr_map_bytes(LENT * CFGSPACE_BARS)), LENT * CFGSPACE_BARS);
    pool.interrupt_owner = (struct request_owner){on_interrupt, NULL};
    pool.sw.hooks.interrupt_owner = &pool.interrupt_owner;
    assignment_init(&pool.table, pool.assignments, VFS);
    pool.sw.assignments = &pool.table;
}

static void make_pool(uint64_t timeout_ps)
{
    memset(&pool, 0, sizeof pool);
    sim_init(&pool.sim, PORTS + 1, EVENTS, UINT64_MAX);
    pool.fabric = (struct fabric){
        .sim = &pool.sim, .vcs = 1, .mps_bytes = 256, .mrrs_bytes = 512, .rcb_bytes = 64};
    fabric_set_overheads(&pool.fabric, true, false);
    CU_ASSERT_FATAL(tlp_pool_init(&pool.fabric.tlps, TLPS));
    CU_ASSERT_FATAL(request_pool_init(&pool.fabric.requests, REQUESTS));
    pool.params = (struct link_params){.name = "link",
                                       .gen = 3,
                                       .lanes = 8,
                                       .propagation_ps = PROPAGATION_PS,
                                       .header_credits = {16, 16, 0},
                                       .data_credits = {64, 64, 0}};
    pool.owner = (struct request_owner){on_done, NULL};
    dist_init_constant(&pool.memory_read, 200000);
    make_switch();
    for (uint32_t h = 0; h < HOSTS; h++)
        make_host(h, timeout_ps);
    make_device(timeout_ps);
}

/* Nothing may be left. */
static void end_pool(void)
{
    CU_ASSERT_EQUAL(sim_run(&pool.sim, UINT64_MAX), SIM_EMPTY);
    CU_ASSERT_EQUAL(pool.fabric.tlps.in_use, 0);
    CU_ASSERT_EQUAL(pool.fabric.requests.in_use, 0);
    CU_ASSERT_EQUAL(proxy_tag_waiting(pool.sw.ports[DEVICE].tables.proxy), 0);
    for (uint32_t f = 0; f < VFS; f++)
        for (int side = 0; side < ASSIGNMENT_SIDES; side++)
            CU_ASSERT_EQUAL(pool.assignments[f].in_flight[side], 0);
    for (uint32_t p = 0; p < PORTS; p++)
        CU_ASSERT(link_credits_are_home(&pool.up[p], &pool.params) &&
                  link_credits_are_home(&pool.down[p], &pool.params));
    sim_fini(&pool.sim);
    tlp_pool_fini(&pool.fabric.tlps);
    request_pool_fini(&pool.fabric.requests);
    dist_fini(&pool.memory_read);
    for (uint32_t i = 0; i < pool.n_memory; i++)
        free(pool.memory[i]);
}

/* ---- software ---- */

static uint32_t new_request(enum request_kind kind, uint64_t address, uint32_t bytes,
                            uint32_t value)
{
    uint32_t at = request_take(&pool.fabric.requests);
    struct request *request = request_get(&pool.fabric.requests, at);
    request->kind = (uint8_t)kind;
    request->address = address;
    request->bytes = bytes;
    request->value = value;
    request->born_ps = pool.sim.now_ps;
    request->owner = &pool.owner;
    pool.done = false;
    return at;
}

static enum tlp_status wait_done(void)
{
    while (!pool.done)
        CU_ASSERT_EQUAL_FATAL(sim_run(&pool.sim, UINT64_MAX), SIM_STOPPED);
    return (enum tlp_status)pool.ended.status;
}

static enum tlp_status access_config(uint32_t h, enum request_kind kind, uint16_t bdf,
                                     unsigned offset, uint32_t bytes, uint32_t value)
{
    root_complex_config(&pool.hosts[h].rc,
                        new_request(kind, (uint64_t)bdf << 16 | offset, bytes, value));
    return wait_done();
}

static uint32_t config_read(uint32_t h, uint16_t bdf, unsigned offset, uint32_t bytes)
{
    CU_ASSERT_EQUAL(access_config(h, REQUEST_CFG_READ, bdf, offset, bytes, 0), TLP_SC);
    return pool.ended.value;
}

static void config_write(uint32_t h, uint16_t bdf, unsigned offset, uint32_t bytes, uint32_t value)
{
    CU_ASSERT_EQUAL(access_config(h, REQUEST_CFG_WRITE, bdf, offset, bytes, value), TLP_SC);
}

static enum tlp_status access_memory(uint32_t h, enum request_kind kind, uint64_t address)
{
    root_complex_mmio(&pool.hosts[h].rc, new_request(kind, address, 4, 0));
    return wait_done();
}

static void number_buses(uint32_t h, uint8_t last)
{
    config_write(h, ROOT_PORT, PCI_PRIMARY_BUS, 4, 0x000100U | (uint32_t)last << 16);
    config_write(h, UPSTREAM, PCI_PRIMARY_BUS, 4, 0x000201U | (uint32_t)last << 16);
    config_write(h, DOWNSTREAM, PCI_PRIMARY_BUS, 4, 0x000302U | (uint32_t)last << 16);
    config_write(h, UPSTREAM, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    config_write(h, DOWNSTREAM, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void boot_owner(void)
{
    unsigned sriov = layout(PRESET_82599)->sriov;
    number_buses(OWNER, 4);
    config_write(OWNER, DOWNSTREAM, PCI_MEMORY_BASE, 4, 0xe0f0e000);
    config_write(OWNER, PF, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    config_write(OWNER, PF, sriov + PCI_SRIOV_BAR, 4, OWNER_VF_BAR);
    config_write(OWNER, PF, sriov + PCI_SRIOV_NUM_VF, 2, VFS);
    config_write(OWNER, PF, sriov + PCI_SRIOV_CTRL, 2, PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE);
}

/* What the manager does: the tables of the lent VFs. */
static void lend(void)
{
    struct switch_tables *device = &pool.sw.ports[DEVICE].tables;
    struct switch_tables *user = &pool.sw.ports[USER].tables;
    struct switch_branch *branch = &pool.hosts[USER].branch;
    cfg_emu_model_init(&pool.model, endpoint_config_space(&pool.ep, VFS), layout(PRESET_82599_VF),
                       false);
    branch->functions = pool.emus;
    branch->vfs = pool.vfs;
    branch->n_functions = LENT;
    for (uint32_t f = 0; f < LENT; f++) {
        uint32_t vf = lent[f].vf;
        uint16_t rid = (uint16_t)(VF0 + 2 * vf), user_rid = (uint16_t)(PF + f);
        struct assignment_place place = {USER, 0, (uint16_t)f};
        cfg_emu_load(&pool.emus[f], &pool.model);
        pool.vfs[f] = (struct switch_vf){rid, vf, f * CFGSPACE_BARS, {0}};
        pool.vfs[f].owner_base[0] = OWNER_VF_BAR + vf * (uint64_t)VF_BYTES;
        switch_note_write(&pool.sw, device->id_map, f);
        switch_note_write(&pool.sw, user->id_map, f);
        CU_ASSERT_EQUAL(id_map_write(device->id_map, f, (struct id_key){DEVICE, rid},
                                     (struct id_value){USER, user_rid, vf}),
                        ID_MAP_OK);
        CU_ASSERT_EQUAL(id_map_write(user->id_map, f, (struct id_key){USER, user_rid},
                                     (struct id_value){DEVICE, rid, vf}),
                        ID_MAP_OK);
        assignment_do(&pool.table, vf, ASSIGNMENT_LOAD, &place);
        assignment_do(&pool.table, vf, ASSIGNMENT_ATTACH, NULL);
    }
    cfg_emu_link(pool.emus, LENT);
}

static void boot_user(void)
{
    number_buses(USER, 3);
    for (uint32_t i = 0; i < LENT; i++) {
        const uint16_t f = (uint16_t)i;
        config_write(USER, PF + f, PCI_BASE_ADDRESS_0, 4, USER_BAR + f * VF_BYTES);
        config_write(USER, PF + f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    }
}

static void boot(uint64_t timeout_ps)
{
    make_pool(timeout_ps);
    boot_owner();
    lend();
    boot_user();
}

/* ---- tests ---- */

static uint64_t wire_ps(uint32_t bytes)
{
    return link_ticks_to_ps(link_ticks(&pool.up[0], bytes));
}

/* From the wire into the switch and out of it: to the first byte on the next wire. */
static uint64_t through_ps(uint64_t sent_ps, uint32_t bytes, uint64_t cycles)
{
    uint64_t there_ps = sent_ps + wire_ps(bytes) + PROPAGATION_PS;
    return ((there_ps + T - 1) / T + cycles) * T;
}

static void accesses_take_exactly_their_time(void)
{
    boot(0);
    const uint16_t local[] = {ROOT_PORT, 0x28};
    for (int i = 0; i < 2; i++) {
        uint64_t begin_ps = pool.sim.now_ps;
        access_config(OWNER, REQUEST_CFG_READ, local[i], PCI_VENDOR_ID, 4, 0);
        CU_ASSERT_EQUAL(pool.ended.status, i ? TLP_UR : TLP_SC);
        CU_ASSERT_EQUAL(pool.ended.done_ps - begin_ps, LOCAL_PS);
    }
    /* Management endpoint, bridges, an emulated register: the switch answers. */
    const uint16_t switched[] = {MANAGEMENT, UPSTREAM, DOWNSTREAM, PF};
    for (int i = 0; i < 4; i++) {
        uint64_t begin_ps = pool.sim.now_ps;
        config_read(USER, switched[i], PCI_VENDOR_ID, 4);
        uint64_t out_ps = through_ps(begin_ps, REQUEST_BYTES, THROUGH_CYCLES + EMULATOR_CYCLES);
        CU_ASSERT_EQUAL(pool.ended.done_ps, out_ps + wire_ps(DATA_BYTES) + PROPAGATION_PS);
        CU_ASSERT_EQUAL(pool.ended.done_ps, pool.sim.now_ps);
    }
    /* A register that passes on to the VF, and the Owner's to its PF: the device answers. */
    for (int i = 0; i < HOSTS; i++) {
        uint64_t begin_ps = pool.sim.now_ps;
        config_read((uint32_t)i, PF, layout(PRESET_82599_VF)->express + PCI_EXP_DEVCTL, 2);
        uint64_t down_ps = through_ps(begin_ps, REQUEST_BYTES, THROUGH_CYCLES);
        uint64_t back_ps = down_ps + wire_ps(REQUEST_BYTES) + PROPAGATION_PS + ACCESS_PS;
        uint64_t up_ps = through_ps(back_ps, DATA_BYTES, THROUGH_CYCLES);
        CU_ASSERT_EQUAL(pool.ended.done_ps, up_ps + wire_ps(DATA_BYTES) + PROPAGATION_PS);
    }
    end_pool();
}

static void each_host_finds_what_it_may(void)
{
    boot(0);
    uint32_t vf_id = 0x10ed8086, pf_id = 0x10fb8086;
    CU_ASSERT_EQUAL(config_read(OWNER, PF, PCI_VENDOR_ID, 4), pf_id);
    CU_ASSERT_EQUAL(config_read(OWNER, VF0, PCI_VENDOR_ID, 4), UINT32_MAX); /* a bare VF */
    CU_ASSERT_EQUAL(config_read(OWNER, VF0 + 4, PCI_COMMAND, 2), 0);
    for (uint32_t i = 0; i < LENT; i++) {
        const uint16_t f = (uint16_t)i;
        uint32_t vf = lent[f].vf;
        CU_ASSERT_EQUAL(config_read(USER, PF + f, PCI_VENDOR_ID, 4), vf_id);
        CU_ASSERT_EQUAL(config_read(USER, PF + f, PCI_DEVICE_ID, 2), vf_id >> 16);
        CU_ASSERT_EQUAL(config_read(USER, PF + f, PCI_BASE_ADDRESS_0, 4) & ~0xfU,
                        USER_BAR + f * VF_BYTES);
        /* Memory enable is the shadow's, bus master the VF's. */
        CU_ASSERT_EQUAL(config_read(USER, PF + f, PCI_COMMAND, 2),
                        PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
        CU_ASSERT_EQUAL(cfgspace_get16(endpoint_config_space(&pool.ep, vf), PCI_COMMAND),
                        PCI_COMMAND_MASTER);
        CU_ASSERT_EQUAL(config_read(USER, PF + f, PCI_COMMAND, 1), 6);
        /* The Owner may not touch it. */
        CU_ASSERT_EQUAL(access_config(OWNER, REQUEST_CFG_READ, (uint16_t)(VF0 + 2 * vf), 0, 4, 0),
                        TLP_UR);
        CU_ASSERT_EQUAL(access_config(OWNER, REQUEST_CFG_WRITE, (uint16_t)(VF0 + 2 * vf), 4, 2, 0),
                        TLP_UR);
        CU_ASSERT(cfgspace_bus_master(endpoint_config_space(&pool.ep, vf)));
        CU_ASSERT_EQUAL(access_memory(USER, REQUEST_MMIO_READ, USER_BAR + f * VF_BYTES + 8),
                        TLP_SC);
    }
    static const uint16_t absent[HOSTS][3] = {{0x301, VF0 + 1, 0x500}, {PF + LENT, 0x400, VF0}};
    for (uint32_t h = 0; h < HOSTS; h++)
        for (int i = 0; i < 3; i++)
            CU_ASSERT_EQUAL(access_config(h, REQUEST_CFG_READ, absent[h][i], 0, 4, 0), TLP_UR);
    CU_ASSERT_EQUAL(access_memory(OWNER, REQUEST_MMIO_READ, OWNER_VF_BAR + 8), TLP_SC);
    CU_ASSERT_EQUAL(access_memory(USER, REQUEST_MMIO_READ, OWNER_VF_BAR + 8), TLP_UR);
    CU_ASSERT_EQUAL(access_memory(USER, REQUEST_MMIO_WRITE, OWNER_VF_BAR + 8), TLP_UR);
    CU_ASSERT_EQUAL(pool.sw.stale + pool.sw.undrained + pool.sw.overlaps, 0);
    end_pool();
}

static void memory_enable_and_bars_of_a_user_open_and_shut_its_ranges(void)
{
    boot(0);
    CU_ASSERT_EQUAL(access_memory(USER, REQUEST_MMIO_READ, USER_BAR), TLP_SC);
    config_write(USER, PF, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    CU_ASSERT_EQUAL(access_memory(USER, REQUEST_MMIO_READ, USER_BAR), TLP_UR);
    config_write(USER, PF, PCI_BASE_ADDRESS_0, 4, 0x80000000);
    config_write(USER, PF, PCI_COMMAND, 2, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
    CU_ASSERT_EQUAL(access_memory(USER, REQUEST_MMIO_READ, USER_BAR), TLP_UR);
    CU_ASSERT_EQUAL(access_memory(USER, REQUEST_MMIO_READ, 0x80000000), TLP_SC);
    end_pool();
}

static enum tlp_status dma_read(uint16_t function)
{
    uint32_t at = new_request(REQUEST_DMA_READ, 0x1000, 64, 0);
    request_get(&pool.fabric.requests, at)->function = function;
    endpoint_dma(&pool.ep, at);
    return wait_done();
}

static void a_reset_function_asks_for_a_retry_until_it_is_ready(void)
{
    boot(0);
    unsigned devctl = layout(PRESET_82599_VF)->express + PCI_EXP_DEVCTL;
    for (int by_bus = 0; by_bus < 2; by_bus++) {
        CU_ASSERT_EQUAL(dma_read(1), TLP_SC);
        if (by_bus) {
            config_write(USER, DOWNSTREAM, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_CTL_BUS_RESET);
            config_write(USER, DOWNSTREAM, PCI_BRIDGE_CONTROL, 2, 0);
        } else {
            config_write(USER, PF, devctl, 2, PCI_EXP_DEVCTL_BCR_FLR);
        }
        uint64_t reset_ps = pool.sim.now_ps;
        CU_ASSERT_EQUAL(access_config(USER, REQUEST_CFG_READ, PF, PCI_VENDOR_ID, 4, 0), TLP_CRS);
        /* The neighbour is reset by the bus alone, the Owner's VFs by neither. */
        CU_ASSERT_EQUAL(access_config(USER, REQUEST_CFG_READ, PF + 1, PCI_VENDOR_ID, 4, 0),
                        by_bus ? TLP_CRS : TLP_SC);
        CU_ASSERT_EQUAL(config_read(OWNER, VF0, PCI_VENDOR_ID, 4), UINT32_MAX);
        while (access_config(USER, REQUEST_CFG_READ, PF, PCI_VENDOR_ID, 4, 0) == TLP_CRS)
            CU_ASSERT_FATAL(pool.sim.now_ps < reset_ps + 2 * FLR_PS);
        CU_ASSERT(pool.sim.now_ps >= reset_ps + FLR_PS - RATE_TICKS_PER_PS * 1000);
        /* The VF itself was reset a little later. */
        while (access_config(USER, REQUEST_CFG_READ, PF + 1, PCI_COMMAND, 2, 0) == TLP_CRS ||
               access_config(USER, REQUEST_CFG_READ, PF, PCI_COMMAND, 2, 0) == TLP_CRS)
            CU_ASSERT_FATAL(pool.sim.now_ps < reset_ps + 2 * FLR_PS);
        CU_ASSERT_FALSE(cfgspace_bus_master(endpoint_config_space(&pool.ep, 1)));
        CU_ASSERT_EQUAL(config_read(USER, PF, PCI_BASE_ADDRESS_0, 4) & ~0xfU, 0);
        CU_ASSERT_EQUAL(access_memory(USER, REQUEST_MMIO_READ, USER_BAR), TLP_UR);
        boot_user();
    }
    CU_ASSERT_EQUAL(access_memory(USER, REQUEST_MMIO_READ, USER_BAR), TLP_SC);
    end_pool();
}

static void errors_go_to_whom_they_concern(void)
{
    boot(0);
    unsigned devctl = layout(PRESET_82599)->express + PCI_EXP_DEVCTL;
    config_write(OWNER, PF, devctl, 2, PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE);
    for (uint32_t f = 0; f <= VFS; f++) {
        struct cfgspace *space = endpoint_config_space(&pool.ep, f);
        cfgspace_set16(space, space->layout->express + PCI_EXP_DEVCTL,
                       PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE);
        uint32_t before[HOSTS] = {pool.messages[OWNER], pool.messages[USER]};
        endpoint_config_error(&pool.ep, f, PCI_ERR_UNC_COMP_TIME);
        CU_ASSERT_EQUAL(sim_run(&pool.sim, UINT64_MAX), SIM_EMPTY);
        bool is_lent = f == lent[0].vf || f == lent[1].vf;
        uint32_t host = is_lent ? USER : OWNER;
        uint16_t from = f == VFS  ? PF
                        : is_lent ? (uint16_t)(PF + (f == lent[1].vf))
                                  : (uint16_t)(VF0 + 2 * f);
        CU_ASSERT_EQUAL(pool.messages[host], before[host] + 1);
        CU_ASSERT_EQUAL(pool.messages[1 - host], before[1 - host]);
        CU_ASSERT_EQUAL(pool.message_from[host], from);
    }
    end_pool();
}

static void a_completion_that_is_late_is_dropped(void)
{
    enum { SHORT_PS = 300000 };
    make_pool(SHORT_PS); /* a passed-on access takes longer than that, a local one does not */
    number_buses(OWNER, 4);
    struct root_complex *rc = &pool.hosts[OWNER].rc;
    uint64_t begin_ps = pool.sim.now_ps;
    CU_ASSERT_EQUAL(access_config(OWNER, REQUEST_CFG_READ, PF, PCI_VENDOR_ID, 4, 0), TLP_TIMEOUT);
    CU_ASSERT_EQUAL(pool.ended.done_ps, begin_ps + SHORT_PS);
    CU_ASSERT_EQUAL(rc->timeouts, 1);
    CU_ASSERT_EQUAL(rc->unexpected, 0);
    CU_ASSERT_EQUAL(pool.fabric.requests.in_use, 1); /* its place is kept */
    CU_ASSERT_EQUAL(rc->busy_tags[0], 1);            /* and its tag */
    /* What is issued meanwhile is not mistaken for it. */
    CU_ASSERT_EQUAL(config_read(OWNER, MANAGEMENT, PCI_VENDOR_ID, 4), 0x808610ee);
    CU_ASSERT_EQUAL(sim_run(&pool.sim, UINT64_MAX), SIM_EMPTY);
    CU_ASSERT_EQUAL(rc->unexpected, 1);
    CU_ASSERT_EQUAL(rc->busy_tags[0], 0);
    end_pool();
}

static void the_switch_interrupts_for_its_bridges(void)
{
    enum { DOWNSTREAM_FUNCTION = 2 };
    boot(0);
    struct cfgspace *slot = &pool.hosts[USER].view_functions[DOWNSTREAM_FUNCTION].space;
    switch_config_interrupt(&pool.sw, USER, DOWNSTREAM_FUNCTION);
    CU_ASSERT_EQUAL(sim_run(&pool.sim, UINT64_MAX), SIM_EMPTY);
    CU_ASSERT_EQUAL(pool.interrupts, 0); /* MSI is off */
    config_write(USER, DOWNSTREAM, slot->layout->msi + PCI_MSI_ADDRESS_LO, 4, 0xfee00000);
    config_write(USER, DOWNSTREAM, slot->layout->msi + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
    switch_config_interrupt(&pool.sw, USER, DOWNSTREAM_FUNCTION);
    CU_ASSERT_EQUAL(sim_run(&pool.sim, UINT64_MAX), SIM_EMPTY);
    CU_ASSERT_EQUAL(pool.interrupts, 1);
    CU_ASSERT_EQUAL(pool.hosts[USER].rc.interrupts, 1);
    CU_ASSERT_EQUAL(pool.hosts[OWNER].rc.interrupts, 0);
    end_pool();
}

static void a_draining_function_takes_nothing_new_and_loses_nothing(void)
{
    boot(0);
    uint32_t vf = lent[0].vf;
    root_complex_mmio(&pool.hosts[USER].rc, new_request(REQUEST_MMIO_READ, USER_BAR, 4, 0));
    CU_ASSERT_EQUAL(sim_run(&pool.sim, pool.sim.now_ps + 60000), SIM_TIME);
    CU_ASSERT_EQUAL(pool.assignments[vf].in_flight[ASSIGNMENT_HOST], 1);
    CU_ASSERT_EQUAL(assignment_do(&pool.table, vf, ASSIGNMENT_DRAIN, NULL), ASSIGNMENT_OK);
    CU_ASSERT_FALSE(assignment_drain_ack(&pool.table, vf));
    CU_ASSERT_EQUAL(wait_done(), TLP_SC);
    CU_ASSERT(assignment_drain_ack(&pool.table, vf));
    CU_ASSERT_EQUAL(access_memory(USER, REQUEST_MMIO_READ, USER_BAR), TLP_UR);
    CU_ASSERT_EQUAL(dma_read((uint16_t)vf), TLP_UR);
    CU_ASSERT_EQUAL(dma_read((uint16_t)lent[1].vf), TLP_SC);
    CU_ASSERT_EQUAL(pool.sw.undrained, 2);
    end_pool();
}

void suite_pooled_config(void)
{
    CU_pSuite suite = CU_add_suite("pooled_config", NULL, NULL);

    CU_add_test(suite, "accesses take exactly their time", accesses_take_exactly_their_time);
    CU_add_test(suite, "each host finds what it may", each_host_finds_what_it_may);
    CU_add_test(suite, "memory enable and BARs of a User open and shut its ranges",
                memory_enable_and_bars_of_a_user_open_and_shut_its_ranges);
    CU_add_test(suite, "a reset function asks for a retry until it is ready",
                a_reset_function_asks_for_a_retry_until_it_is_ready);
    CU_add_test(suite, "errors go to whom they concern", errors_go_to_whom_they_concern);
    CU_add_test(suite, "a completion that is late is dropped",
                a_completion_that_is_late_is_dropped);
    CU_add_test(suite, "the switch interrupts for its bridges",
                the_switch_interrupts_for_its_bridges);
    CU_add_test(suite, "a draining function takes nothing new and loses nothing",
                a_draining_function_takes_nothing_new_and_loses_nothing);
}
