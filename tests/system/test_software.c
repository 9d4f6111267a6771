/* Software as actors on three hosts with local PCI trees: the paper's Owner and Users boot, four
 * VFs are lent to each User, and VFs move between them by button, by message and by surprise. The
 * pooling hardware is a fake that writes down what it is told; functional trees answer.
 * Not pinned: absolute times beyond the delays that software itself chooses. */
#include "../unit/forked.h"
#include "host/agent.h"
#include "host/firmware.h"
#include "host/hotplug.h"
#include "host/manager.h"
#include "host/messages.h"
#include "host/pci_node.h"
#include "host/pf_driver.h"
#include "pcie/cap_slot.h"

#include <CUnit/CUnit.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

void suite_software(void);

enum {
    HOSTS = 3,
    VFS = 8,
    SLOT_FUNCTIONS = 8,
    MOST_FUNCTIONS = 24,
    DOWNSTREAM = 4, /* index of the node */
    CARD = 5,
    ORDERS = 400,
    MANAGER_VECTOR = 1,
    EV_END = 1
};

static const uint64_t ms_ps = 1000000000, us_ps = 1000000, latency_ps = 700000;

/* ---- hardware ---- */

static const struct preset_options ports = {.link_gen = 2,
                                            .link_width = 8,
                                            .max_payload_bytes = 256,
                                            .slot = true,
                                            .hot_plug = true,
                                            .button = true,
                                            .slot_number = 1};
static const struct preset_options users_function = {.link_gen = 2,
                                                     .link_width = 8,
                                                     .max_payload_bytes = 256,
                                                     .msix_vectors = 3,
                                                     .bar_log2_bytes = 14,
                                                     .msix_log2_bytes = 14};

struct world;

struct pc { /* one host: its hardware and its software */
    struct world *world;
    uint32_t number;
    struct hierarchy tree;
    struct hierarchy_function memory[MOST_FUNCTIONS];
    struct cfg_access hardware;
    struct machine machine;
    struct hotplug_slot slot;
    struct agent agent;
    struct plane_actor *slot_actor;
    uint32_t plugged; /* functions that a card in its slot has */
};

enum what { STOP, RESET, INVALIDATE, LOAD, CARD_IN, CARD_OUT, BUTTON, START, LEAVE };

struct entry {
    uint64_t time_ps;
    enum what what;
    uint32_t vf, host, function;
};

struct world {
    struct component component;
    struct sim sim;
    struct plane *plane;
    struct arena arena;
    struct pc pcs[HOSTS];
    struct manager manager;
    struct manager_slot slots[2];
    struct manager_move moves[2];
    struct hotplug_params hotplug;
    struct vf_driver_params driver;
    uint32_t vfs[2][VFS];
    struct entry log[ORDERS];
    uint32_t n_log;
    uint64_t stopped_ps; /* of the VF stopped last: it drains for a while */
    uint32_t running;    /* drivers */
    uint32_t move;       /* the last that began */
    uint32_t msix_writes, stray_writes;
    uint64_t booted_ps;
};

static void put(struct world *world, enum what what, uint32_t vf, uint32_t host, uint32_t function)
{
    if (world->n_log == ORDERS)
        abort();
    world->log[world->n_log++] = (struct entry){world->sim.now_ps, what, vf, host, function};
}

static struct cfgspace *port_of(struct world *world, uint32_t host)
{
    return &world->pcs[host].memory[DOWNSTREAM].space;
}

/* The port's own MSI, as software has set it up. */
static void interrupt(struct world *world, uint32_t host, bool due)
{
    struct cfgspace *port = port_of(world, host);
    if (!due)
        return;
    if (cfgspace_get16(port, port->layout->msi + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_ENABLE)
        plane_raise(world->plane, host, cfgspace_get16(port, port->layout->msi + PCI_MSI_DATA_64),
                    world->sim.now_ps + us_ps);
}

static bool is_slot_off(struct world *world, uint32_t host)
{
    const struct cfgspace *port = port_of(world, host);
    const uint16_t control = cfgspace_get16(port, port->layout->express + PCI_EXP_SLTCTL);
    return !cap_slot_powered(port) && (control & PCI_EXP_SLTCTL_PIC) == PCI_EXP_SLTCTL_PWR_IND_OFF;
}

static void access_cfg(struct world *world, struct plane_access *access)
{
    struct pc *pc = &world->pcs[access->host];
    const uint16_t bdf = (uint16_t)(access->address >> 16), offset = (uint16_t)access->address;
    const bool was_off = is_slot_off(world, access->host);
    if (access->kind == PLANE_CFG_READ)
        access->value = pc->hardware.read(pc->hardware.self, bdf, offset, access->bytes);
    else
        pc->hardware.write(pc->hardware.self, bdf, offset, access->bytes, (uint32_t)access->value);
    if (!was_off && is_slot_off(world, access->host))
        plane_raise(world->plane, 0, MANAGER_VECTOR, world->sim.now_ps + us_ps);
}

static void access_memory(struct world *world, const struct plane_access *access)
{
    const struct hierarchy_target target =
        hierarchy_route_address(&world->pcs[access->host].tree, HIERARCHY_MEMORY, access->address);
    if (target.hit == HIERARCHY_LOCAL)
        world->msix_writes++;
    else
        world->stray_writes++;
}

static void issue(void *self, struct plane_access *access)
{
    struct world *world = self;
    if (access->kind == PLANE_CFG_READ || access->kind == PLANE_CFG_WRITE)
        access_cfg(world, access);
    else
        access_memory(world, access);
    plane_done(world->plane, access, world->sim.now_ps + latency_ps);
}

static void no_event(struct component *self, struct sim *sim, const struct event *event)
{
    (void)self, (void)sim, (void)event;
    abort();
}

/* ---- the fake pooling hardware ---- */

static void stop(void *self, uint32_t vf)
{
    struct world *world = self;
    world->stopped_ps = world->sim.now_ps;
    put(world, STOP, vf, 0, 0);
}

static uint32_t in_flight(void *self, uint32_t vf)
{
    const struct world *world = self;
    return vf == 3 && world->sim.now_ps < world->stopped_ps + 50 * us_ps ? 5 : 0;
}

static void reset(void *self, uint32_t vf)
{
    put(self, RESET, vf, 0, 0);
}

static void invalidate(void *self, uint32_t vf)
{
    put(self, INVALIDATE, vf, 0, 0);
}

static void load(void *self, uint32_t vf, uint32_t host, uint32_t slot, uint32_t function)
{
    struct world *world = self;
    if (slot != 0)
        abort();
    if (world->pcs[host].plugged < function + 1)
        world->pcs[host].plugged = function + 1;
    put(world, LOAD, vf, host, function);
}

static void set_card(void *self, uint32_t host, uint32_t slot, bool present)
{
    struct world *world = self;
    struct pc *pc = &world->pcs[host];
    (void)slot;
    put(world, present ? CARD_IN : CARD_OUT, 0, host, 0);
    for (uint32_t f = 0; f < SLOT_FUNCTIONS; f++)
        hierarchy_set_present(&pc->tree, CARD + f, present && f < pc->plugged);
    if (!present)
        pc->plugged = 0;
    interrupt(world, host, cap_slot_set_card(port_of(world, host), present, present));
}

static void press_button(void *self, uint32_t host, uint32_t slot)
{
    struct world *world = self;
    (void)slot;
    put(world, BUTTON, 0, host, 0);
    interrupt(world, host, cap_slot_press_button(port_of(world, host)));
}

static bool is_off(void *self, uint32_t host, uint32_t slot)
{
    (void)slot;
    return is_slot_off(self, host);
}

static void booted(void *self)
{
    struct world *world = self;
    world->booted_ps = world->sim.now_ps;
}

static void moving(void *self, uint32_t move)
{
    struct world *world = self;
    world->move = move;
}

static void start_use(void *self, const struct vf_driver_use *use)
{
    struct world *world = self;
    world->running++;
    put(world, START, 0, use->host, use->rid);
}

static void stop_use(void *self, const struct vf_driver_use *use)
{
    struct world *world = self;
    world->running--;
    put(world, LEAVE, 0, use->host, use->rid);
}

/* ---- software ---- */

static void boot_owner(struct plane_actor *self, void *argument)
{
    struct pc *pc = argument;
    const struct pf_driver_params params = {.vfs = VFS, .probe_ps = 3 * ms_ps};
    uint64_t started_ps;
    firmware_boot(self, &pc->machine);
    struct pci_function *pf = pf_driver_find(&pc->machine.pci.tree, 0);
    pf_driver_start(self, &pc->machine, pf, &params, &started_ps);
    const struct plane_message ready = {
        .kind = NOTE_PF_READY, .bytes = NOTE_BYTES, .argument = {0, pf->rid}};
    plane_send(self, pc->agent.manager, &ready);
}

static void boot_user(struct plane_actor *self, void *argument)
{
    struct pc *pc = argument;
    const struct plane_message loaded = {.kind = NOTE_LOADED, .bytes = NOTE_BYTES};
    firmware_boot(self, &pc->machine);
    pc->slot.port = pci_tree_find(&pc->machine.pci.tree, 0x0200);
    plane_send(self, pc->slot_actor, &loaded);
}

/* Figure 12's Owner, Figure 13's Users with a slot for up to eight functions. */
static void make_pc(struct world *world, uint32_t h)
{
    struct pc *pc = &world->pcs[h];
    struct pci_node nodes[CARD + SLOT_FUNCTIONS] = {
        {.preset = PRESET_HOST_BRIDGE, .behind = PCI_NODE_TOP},
        {.preset = PRESET_ROOT_PORT, .device = 1, .behind = PCI_NODE_TOP},
        {.preset = PRESET_SWITCH_MANAGEMENT, .behind = 1},
        {.preset = PRESET_SWITCH_UPSTREAM, .function = 1, .behind = 1},
        {.preset = PRESET_SWITCH_DOWNSTREAM, .behind = 3, .options = &ports},
        {.preset = PRESET_82599, .behind = DOWNSTREAM},
    };
    struct preset_options options[SLOT_FUNCTIONS];
    for (uint32_t f = 0; h && f < SLOT_FUNCTIONS; f++) {
        options[f] = users_function;
        options[f].next_function = (uint8_t)((f + 1) % SLOT_FUNCTIONS);
        nodes[CARD + f] = (struct pci_node){.preset = PRESET_82599,
                                            .function = (uint8_t)f,
                                            .behind = DOWNSTREAM,
                                            .absent = true,
                                            .options = &options[f]};
    }
    hierarchy_init(&pc->tree, pc->memory, MOST_FUNCTIONS, 0);
    if (!pci_node_build(&pc->tree, &world->arena, nodes, h ? CARD + SLOT_FUNCTIONS : CARD + 1))
        abort();
    pc->world = world;
    pc->number = h;
    pc->hardware = hierarchy_access(&pc->tree);
    const struct machine_params params = {.arena = &world->arena,
                                          .enumerate = enumerate_defaults(),
                                          .power_on_ps = 10 * ms_ps,
                                          .access_ps = us_ps};
    machine_init(&pc->machine, &params);
}

static void spawn_user(struct world *world, uint32_t h, struct plane_actor *manager)
{
    struct pc *pc = &world->pcs[h];
    pc->slot = (struct hotplug_slot){.machine = &pc->machine,
                                     .manager = manager,
                                     .params = &world->hotplug,
                                     .driver = &world->driver,
                                     .vector = 0};
    pc->agent = (struct agent){&pc->machine, &pc->slot, 1, manager};
    pc->slot_actor = plane_spawn(world->plane, h, "hot-plug driver", true, hotplug_run, &pc->slot);
    world->slots[h - 1] = (struct manager_slot){
        .host = h,
        .agent = plane_spawn(world->plane, h, "agent", true, agent_run, &pc->agent),
        .vfs = world->vfs[h - 1],
    };
    plane_spawn(world->plane, h, "boot", false, boot_user, pc);
}

static void make_plane(struct world *world, enum plane_coupling coupling)
{
    struct err err;
    const struct plane_host hosts[HOSTS] = {
        {"owner", 2, 2, 100000}, {"user0", 2, 2, 100000}, {"user1", 2, 2, 100000}};
    const struct plane_params params = {
        .hosts = hosts,
        .n_hosts = HOSTS,
        .coupling = coupling,
        .io = {issue, world},
        .message_latency_ps = 20 * us_ps,
        .message_bps = 1000000000,
    };
    world->plane = plane_new(&world->sim, 1, &params, &err);
    if (!world->plane)
        abort();
}

static struct world *make_world(enum plane_coupling coupling)
{
    struct world *world = calloc(1, sizeof *world);
    if (!world)
        abort();
    sim_init(&world->sim, 2, 4096, 1000 * ms_ps);
    arena_init(&world->arena);
    world->component = (struct component){.name = "hardware", .handle = no_event};
    sim_add(&world->sim, &world->component, 0);
    for (uint32_t h = 0; h < HOSTS; h++)
        make_pc(world, h);
    make_plane(world, coupling);
    world->hotplug = hotplug_defaults();
    world->driver = (struct vf_driver_params){.probe_ps = 2 * ms_ps,
                                              .remove_ps = ms_ps,
                                              .msi_address = 0xfee00000,
                                              .msi_data = 32,
                                              .vectors = 3,
                                              .start = start_use,
                                              .stop = stop_use,
                                              .workload = world};
    world->manager = (struct manager){
        .control = {stop, in_flight, reset, invalidate, load, set_card, press_button, is_off,
                    booted, moving, world},
        .n_pfs = 1,
        .slots = world->slots,
        .n_slots = 2,
        .slot_vector = MANAGER_VECTOR,
        .moves = world->moves,
        .access_ps = us_ps,
        .poll_ps = 10 * us_ps,
        .drain_limit_ps = 10 * ms_ps,
        .flr_ps = 100 * ms_ps,
        .power_limit_ps = 60000 * ms_ps,
    };
    struct plane_actor *manager =
        plane_spawn(world->plane, 0, "manager", false, manager_run, &world->manager);
    world->pcs[0].agent.manager = manager;
    for (uint32_t h = 1; h < HOSTS; h++)
        spawn_user(world, h, manager);
    plane_spawn(world->plane, 0, "boot", false, boot_owner, &world->pcs[0]);
    for (uint32_t vf = 0; vf < VFS; vf++)
        world->vfs[vf / 4][vf % 4] = vf;
    world->slots[0].n_vfs = world->slots[1].n_vfs = 4;
    return world;
}

/* ---- what is seen ---- */

struct story {
    enum plane_coupling coupling;
    uint32_t n_moves;
    struct manager_move moves[2];
};

struct seen {
    enum plane_result result;
    struct err err;
    uint64_t hash, booted_ps, finished_ps;
    struct entry log[ORDERS];
    uint32_t n_log, running, msix_writes, stray_writes, move;
    struct manager_record records[2];
    bool vf7_found;       /* the Owner's tree has 04:11.6 */
    bool functions[2][8]; /* 03:00.x in each User's tree, with its BAR set and Bus Master on */
    uint32_t n_vfs[2];
};

static bool is_usable(struct pc *pc, uint16_t rid)
{
    const struct pci_function *function = pci_tree_find(&pc->machine.pci.tree, rid);
    if (!function || !function->bar[0].assigned)
        return false;
    return pc->hardware.read(pc->hardware.self, rid, PCI_COMMAND, 2) & PCI_COMMAND_MASTER;
}

static void tell(void *argument, void *out)
{
    const struct story *story = argument;
    struct seen *seen = out;
    struct world *world = make_world(story->coupling);
    memcpy(world->moves, story->moves, sizeof world->moves);
    world->manager.n_moves = story->n_moves;
    seen->result = plane_run(world->plane, UINT64_MAX);
    if (seen->result != PLANE_FINISHED)
        plane_explain(world->plane, &seen->err);
    seen->hash = plane_hash(world->plane);
    seen->booted_ps = world->booted_ps;
    seen->finished_ps = plane_finished_ps(world->plane);
    memcpy(seen->log, world->log, sizeof seen->log);
    seen->n_log = world->n_log;
    seen->running = world->running;
    seen->msix_writes = world->msix_writes;
    seen->stray_writes = world->stray_writes;
    for (uint32_t m = 0; m < 2; m++)
        seen->records[m] = world->moves[m].record;
    seen->vf7_found = pci_tree_find(&world->pcs[0].machine.pci.tree, 0x048e);
    for (uint32_t h = 0; h < 2; h++) {
        for (uint32_t f = 0; f < 8; f++)
            seen->functions[h][f] = is_usable(&world->pcs[h + 1], (uint16_t)(0x0300 + f));
        seen->n_vfs[h] = world->slots[h].n_vfs;
    }
    plane_free(world->plane);
    sim_fini(&world->sim);
    arena_fini(&world->arena);
    free(world);
}

static void play(const struct story *story, struct seen *seen)
{
    struct story copy = *story;
    memset(seen, 0, sizeof *seen);
    CU_ASSERT_TRUE_FATAL(forked(tell, &copy, seen, sizeof *seen));
    if (seen->result != PLANE_FINISHED)
        err_print(&seen->err, stderr);
    CU_ASSERT_EQUAL_FATAL(seen->result, PLANE_FINISHED);
}

static struct seen seen;

static void check_functions(uint32_t user, uint32_t n)
{
    for (uint32_t f = 0; f < 8; f++)
        CU_ASSERT_EQUAL(seen.functions[user][f], f < n);
    CU_ASSERT_EQUAL(seen.n_vfs[user], n);
}

/* Place in the log of the first @what of @vf from @from on; n_log: none. */
static uint32_t find(uint32_t from, enum what what, uint32_t vf)
{
    for (uint32_t i = from; i < seen.n_log; i++)
        if (seen.log[i].what == what && seen.log[i].vf == vf)
            return i;
    return seen.n_log;
}

/* ---- tests ---- */

static void test_boot(void)
{
    play(&(struct story){.coupling = PLANE_RUN_AHEAD}, &seen);
    CU_ASSERT_TRUE(seen.vf7_found);
    check_functions(0, 4);
    check_functions(1, 4);
    CU_ASSERT_EQUAL(seen.running, 8);
    CU_ASSERT_EQUAL(seen.msix_writes, 8 * 3 * 4);
    CU_ASSERT_EQUAL(seen.stray_writes, 0);
    /* Nobody is lent what is not there: VFs take 100 ms, the link behind a slot as long. */
    CU_ASSERT_TRUE(seen.log[0].what == LOAD && seen.log[0].time_ps > 100 * ms_ps);
    CU_ASSERT_TRUE(seen.booted_ps > 200 * ms_ps && seen.booted_ps < 400 * ms_ps);
}

static void test_boot_couplings(void)
{
    play(&(struct story){.coupling = PLANE_RUN_AHEAD}, &seen);
    const uint64_t hash = seen.hash, booted_ps = seen.booted_ps;
    play(&(struct story){.coupling = PLANE_PER_EVENT}, &seen);
    CU_ASSERT_EQUAL(seen.hash, hash);
    CU_ASSERT_EQUAL(seen.booted_ps, booted_ps);
}

static struct story one_move(enum manager_order order, enum manager_fault fault)
{
    return (struct story){
        .n_moves = 1,
        .moves = {
            {.at_ps = 5 * ms_ps, .vf = 3, .n_vfs = 1, .to = 1, .order = order, .fault = fault}}};
}

static uint64_t took_ps(enum manager_step step)
{
    return seen.records[0].end_ps[step] - seen.records[0].begin_ps[step];
}

static void check_moved(void)
{
    const struct manager_record *record = &seen.records[0];
    CU_ASSERT_TRUE(record->done);
    CU_ASSERT_EQUAL(seen.running, 8);
    CU_ASSERT_EQUAL(seen.stray_writes, 0);
    check_functions(0, 3);
    check_functions(1, 5);
    for (uint32_t step = 0; step < MANAGER_STEPS; step++)
        CU_ASSERT_TRUE(record->begin_ps[step] <= record->end_ps[step]);
    /* In the order of the paper. */
    for (uint32_t step = MANAGER_STOP + 1; step < MANAGER_HOT_ADD; step++)
        CU_ASSERT_TRUE(record->begin_ps[step] >= record->end_ps[step - 1]);
    const uint32_t at = find(find(0, START, 0), STOP, 3);
    CU_ASSERT_TRUE(at < find(at, RESET, 3) && find(at, RESET, 3) < find(at, INVALIDATE, 3) &&
                   find(at, INVALIDATE, 3) < find(at, LOAD, 3) && find(at, LOAD, 3) < seen.n_log);
    const struct entry *loaded = &seen.log[find(at, LOAD, 3)];
    CU_ASSERT_TRUE(loaded->host == 2 && loaded->function == 4);
    CU_ASSERT_TRUE(took_ps(MANAGER_FLR) >= 100 * ms_ps);
    CU_ASSERT_TRUE(took_ps(MANAGER_HOT_ADD) >= 100 * ms_ps);
    CU_ASSERT_EQUAL(record->in_flight, 5);
    CU_ASSERT_EQUAL(record->abandoned, 0);
    CU_ASSERT_TRUE(took_ps(MANAGER_DRAIN) > 40 * us_ps && took_ps(MANAGER_DRAIN) < ms_ps);
}

static void test_graceful(void)
{
    const struct story story = one_move(MANAGER_GRACEFUL, MANAGER_CORRECT);
    play(&story, &seen);
    check_moved();
    /* 5 s to think better of it, 1 s without power. */
    CU_ASSERT_TRUE(took_ps(MANAGER_UNBIND) > 6000 * ms_ps);
    CU_ASSERT_TRUE(took_ps(MANAGER_UNBIND) < 6100 * ms_ps);
    /* The drivers had left before the VF was stopped. */
    CU_ASSERT_TRUE(find(0, LEAVE, 0) < find(0, STOP, 3));
}

static void test_immediate(void)
{
    const struct story story = one_move(MANAGER_IMMEDIATE, MANAGER_CORRECT);
    play(&story, &seen);
    check_moved();
    CU_ASSERT_TRUE(took_ps(MANAGER_UNBIND) > 1000 * ms_ps); /* it waits for the power to go */
    CU_ASSERT_TRUE(took_ps(MANAGER_UNBIND) < 1100 * ms_ps);
    CU_ASSERT_TRUE(find(0, LEAVE, 0) < find(0, STOP, 3));
}

static void test_surprise(void)
{
    const struct story story = one_move(MANAGER_SURPRISE, MANAGER_CORRECT);
    play(&story, &seen);
    check_moved();
    CU_ASSERT_EQUAL(seen.records[0].end_ps[MANAGER_UNBIND], 0); /* nobody was asked */
}

static void test_two_moves(void)
{
    struct story story = one_move(MANAGER_GRACEFUL, MANAGER_CORRECT);
    story.n_moves = 2;
    story.moves[1] =
        (struct manager_move){.vf = 3, .n_vfs = 1, .to = 0, .order = MANAGER_IMMEDIATE};
    play(&story, &seen);
    CU_ASSERT_TRUE(seen.records[0].done && seen.records[1].done);
    check_functions(0, 4);
    check_functions(1, 4);
    CU_ASSERT_EQUAL(seen.running, 8);
}

/* Left out or out of order, as asked. */
static void test_faults(void)
{
    struct story story = one_move(MANAGER_SURPRISE, MANAGER_NO_FLR);
    play(&story, &seen);
    CU_ASSERT_EQUAL(find(0, RESET, 3), seen.n_log);
    story = one_move(MANAGER_SURPRISE, MANAGER_STALE_ENTRY);
    play(&story, &seen);
    CU_ASSERT_EQUAL(find(0, INVALIDATE, 3), seen.n_log);
    CU_ASSERT_TRUE(find(0, RESET, 3) < seen.n_log);
    story = one_move(MANAGER_SURPRISE, MANAGER_INVALIDATE_FIRST);
    play(&story, &seen);
    CU_ASSERT_TRUE(find(0, INVALIDATE, 3) < find(0, STOP, 3));
    CU_ASSERT_TRUE(find(0, INVALIDATE, 3) < find(0, CARD_OUT, 0));
    story = one_move(MANAGER_SURPRISE, MANAGER_NO_DRAIN);
    play(&story, &seen);
    CU_ASSERT_EQUAL(seen.records[0].end_ps[MANAGER_DRAIN], 0);
}

void suite_software(void)
{
    CU_pSuite suite = CU_add_suite("software", NULL, NULL);
    CU_add_test(suite, "the paper's hosts boot", test_boot);
    CU_add_test(suite, "both couplings boot alike", test_boot_couplings);
    CU_add_test(suite, "a move by button", test_graceful);
    CU_add_test(suite, "a move by message", test_immediate);
    CU_add_test(suite, "a move by surprise", test_surprise);
    CU_add_test(suite, "there and back", test_two_moves);
    CU_add_test(suite, "steps left out or out of order", test_faults);
}
