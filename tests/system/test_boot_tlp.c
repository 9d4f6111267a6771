/* A host and a directly attached 82599 with eight VFs: firmware and the drivers reach it by TLPs.
 * They end with the tree that the same code makes of the same machine by function calls, and in the
 * time that the parts of one access sum to. Not pinned: how many accesses they make. */
#include "../unit/forked.h"
#include "fabric/endpoint_config.h"
#include "fabric/registry.h"
#include "host/firmware.h"
#include "host/pci_node.h"
#include "host/pf_driver.h"
#include "host/plane_fabric.h"
#include "host/vf_driver.h"
#include "pcie/preset.h"

#include <CUnit/CUnit.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

void suite_boot_tlp(void);

enum { TO_DEVICE, TO_HOST, ID_HOST = 0, ID_DEVICE, ID_PLANE, IDS };
enum { VFS = 8, MPS = 256, CPU_PS = 40000, LOCAL_PS = 150000, CONFIG_PS = 200000, LISTED = 16 };

static const uint64_t ms_ps = 1000000000, us_ps = 1000000;

struct listed { /* a function as software knows it */
    uint16_t rid, vendor, device;
    uint64_t base[PCI_BARS];
    uint64_t bytes[PCI_BARS];
};

struct seen {
    enum plane_result result;
    struct err err;
    struct listed functions[LISTED];
    uint32_t n_functions;
    uint64_t read_ps, local_ps; /* what one configuration read takes */
    uint64_t enabled_ps, hash;
    uint32_t running, started_rid[VFS];
    uint64_t msix_address;
    uint32_t msix_data;
    bool masters;
    bool conserved;
};

struct box {
    struct arena arena;
    struct sim sim;
    struct fabric fabric;
    struct dist memory_ps;
    struct root_complex rc;
    struct endpoint ep;
    struct link links[2];
    struct link_params link_params[2];
    struct hierarchy hierarchy;
    struct hierarchy_function functions[4];
    struct plane_fabric io;
    struct plane *plane;
    struct machine machine;
    struct vf_driver_params driver;
    struct seen *seen;
};

static void *take(struct box *box, size_t bytes)
{
    void *memory = arena_alloc_aligned(&box->arena, 1, bytes, 64);
    if (!memory)
        abort();
    return memory;
}

static struct cfgspace_layout *layout_of(struct box *box, enum preset preset)
{
    struct preset_options options;
    struct cfgspace_layout *layout = take(box, sizeof *layout);
    preset_defaults(preset, &options);
    preset_build(preset, &options, layout, take(box, preset_memory_bytes(preset)));
    return layout;
}

static void make_links(struct box *box)
{
    struct fabric *fabric = &box->fabric;
    fabric->sim = &box->sim;
    if (!tlp_pool_init(&fabric->tlps, 4096) || !request_pool_init(&fabric->requests, 4096))
        abort();
    fabric->mps_bytes = MPS;
    fabric->mrrs_bytes = 2 * MPS;
    fabric->rcb_bytes = 64;
    fabric->vcs = 1;
    fabric_set_overheads(fabric, true, false);
    for (int i = 0; i < 2; i++) {
        box->link_params[i] = (struct link_params){.name = i == TO_DEVICE ? "down" : "up",
                                                   .gen = 2,
                                                   .lanes = 8,
                                                   .propagation_ps = 10000,
                                                   .header_credits = {64, 64, 0},
                                                   .data_credits = {1024, 64, 0}};
        link_init(&box->links[i], fabric, &box->link_params[i], (uint32_t)i,
                  take(box, link_memory_bytes(fabric, &box->link_params[i])));
    }
    link_pair(&box->links[TO_DEVICE], &box->links[TO_HOST]);
}

static void make_host(struct box *box)
{
    const struct pci_node nodes[] = {
        {.preset = PRESET_HOST_BRIDGE, .behind = PCI_NODE_TOP},
        {.preset = PRESET_ROOT_PORT, .device = 1, .behind = PCI_NODE_TOP, .external = true},
    };
    const struct root_complex_params params = {.name = "host",
                                               .read_latency_ps = &box->memory_ps,
                                               .outstanding_reads = 16,
                                               .mmio_gap_ps = 20000,
                                               .mmio_outstanding = 8,
                                               .config_local_ps = LOCAL_PS,
                                               .completion_timeout_ps = 10 * ms_ps};
    dist_init_constant(&box->memory_ps, 300000);
    hierarchy_init(&box->hierarchy, box->functions, 4, 0);
    if (!pci_node_build(&box->hierarchy, &box->arena, nodes, 2))
        abort();
    root_complex_init(&box->rc, &box->fabric, &params, 1, take(box, 16 * sizeof(uint64_t)));
    box->rc.hierarchy = &box->hierarchy;
    root_complex_connect(&box->rc, &box->links[TO_HOST], &box->links[TO_DEVICE]);
    sim_add(&box->sim, &box->rc.component, ID_HOST);
}

static void make_device(struct box *box)
{
    const uint16_t rids[VFS + 1] = {0};
    const struct endpoint_config_params config = {.pf = layout_of(box, PRESET_82599),
                                                  .vf = layout_of(box, PRESET_82599_VF),
                                                  .config_read_ps = CONFIG_PS,
                                                  .flr_ps = ms_ps,
                                                  .vf_ready_ps = ms_ps};
    struct endpoint_params params = {.name = "device",
                                     .n_functions = VFS + 1,
                                     .tags = 16,
                                     .dma_burst_bytes = 4096,
                                     .arbiter = ARB_KIND_ROUND_ROBIN,
                                     .mmio_read_ps = 100000,
                                     .ops = device_kinds[DEVICE_KIND_NULL].ops};
    params.config = endpoint_config_init(take(box, endpoint_config_memory_bytes(&config, VFS + 1)),
                                         &config, VFS + 1);
    endpoint_init(&box->ep, &box->fabric, &params, rids, take(box, endpoint_memory_bytes(&params)));
    endpoint_connect(&box->ep, &box->links[TO_DEVICE], &box->links[TO_HOST]);
    sim_add(&box->sim, &box->ep.component, ID_DEVICE);
}

static void start_use(void *workload, const struct vf_driver_use *use)
{
    struct seen *seen = workload;
    if (seen->running == VFS)
        abort();
    seen->started_rid[seen->running++] = use->rid;
}

static void make_software(struct box *box, enum plane_coupling coupling)
{
    struct err err;
    const struct plane_host host = {"host", 1, 1, CPU_PS};
    const struct plane_params params = {
        .hosts = &host,
        .n_hosts = 1,
        .coupling = coupling,
        .io = plane_fabric_init(&box->io, &box->fabric, &box->rc, 1),
        .message_latency_ps = us_ps,
        .message_bps = 1000000000,
    };
    const struct machine_params machine = {.arena = &box->arena,
                                           .enumerate = enumerate_defaults(),
                                           .power_on_ps = ms_ps,
                                           .access_ps = us_ps};
    box->plane = plane_new(&box->sim, ID_PLANE, &params, &err);
    if (!box->plane)
        abort();
    box->io.plane = box->plane;
    machine_init(&box->machine, &machine);
    box->driver = (struct vf_driver_params){.probe_ps = ms_ps,
                                            .msi_address = 0xfee00000,
                                            .msi_data = 0x40,
                                            .vectors = 2,
                                            .start = start_use,
                                            .workload = box->seen};
}

/* ---- what the host does ---- */

static void use_host(struct plane_actor *self, void *argument)
{
    struct box *box = argument;
    const struct pf_driver_params pf = {.vfs = VFS, .probe_ps = ms_ps};
    firmware_boot(self, &box->machine);
    uint64_t begin_ps = plane_now_ps(self);
    plane_cfg_read(self, 0x0008, PCI_VENDOR_ID, 4);
    box->seen->local_ps = plane_now_ps(self) - begin_ps;
    begin_ps = plane_now_ps(self);
    plane_cfg_read(self, 0x0100, PCI_VENDOR_ID, 4);
    box->seen->read_ps = plane_now_ps(self) - begin_ps;
    uint64_t started_ps;
    pf_driver_start(self, &box->machine, pf_driver_find(&box->machine.pci.tree, 0), &pf,
                    &started_ps);
    box->seen->enabled_ps = plane_now_ps(self) - begin_ps;
    machine_enter(&box->machine, self);
    const struct pci_tree *tree = &box->machine.pci.tree;
    for (struct pci_function *f = pci_tree_first(tree); f; f = pci_tree_next(tree, f))
        if (f->pf)
            vf_driver_probe(&box->machine, f, &box->driver);
    /* A read pushes the posted writes before it. */
    const uint64_t table = pci_tree_find(tree, 0x0280)->bar[3].base;
    plane_mmio_read(self, table, 4);
    machine_leave(&box->machine);
}

static void list(const struct pci_tree *tree, struct seen *seen)
{
    for (struct pci_function *f = pci_tree_first(tree); f; f = pci_tree_next(tree, f)) {
        if (seen->n_functions == LISTED)
            abort();
        struct listed *l = &seen->functions[seen->n_functions++];
        *l = (struct listed){.rid = f->rid, .vendor = f->vendor, .device = f->device};
        for (unsigned b = 0; b < PCI_BARS; b++) {
            l->base[b] = f->bar[b].base;
            l->bytes[b] = f->bar[b].bytes;
        }
    }
}

static void look(struct box *box)
{
    struct seen *seen = box->seen;
    list(&box->machine.pci.tree, seen);
    seen->hash = plane_hash(box->plane);
    seen->masters = true;
    for (uint32_t f = 0; f <= VFS; f++)
        seen->masters &= endpoint_config_is_master(&box->ep, f);
    endpoint_config_interrupt(&box->ep, VFS - 1, &seen->msix_address);
    seen->conserved = !box->fabric.tlps.in_use && !box->fabric.requests.in_use &&
                      link_credits_are_home(&box->links[0], &box->link_params[0]) &&
                      link_credits_are_home(&box->links[1], &box->link_params[1]);
}

static void boot(void *argument, void *out)
{
    const enum plane_coupling *coupling = argument;
    struct box *box = calloc(1, sizeof *box);
    if (!box)
        abort();
    box->seen = out;
    arena_init(&box->arena);
    sim_init(&box->sim, IDS, 4096, 1000 * ms_ps);
    make_links(box);
    make_host(box);
    make_device(box);
    make_software(box, *coupling);
    plane_spawn(box->plane, 0, "host", false, use_host, box);
    box->seen->result = plane_run(box->plane, UINT64_MAX);
    if (box->seen->result != PLANE_FINISHED)
        plane_explain(box->plane, &box->seen->err);
    sim_run(&box->sim, UINT64_MAX);
    look(box);
}

/* The same machine without a clock. */
static void boot_by_calls(void *argument, void *out)
{
    (void)argument;
    struct hierarchy_function memory[8];
    struct hierarchy hierarchy;
    struct arena arena;
    struct enumeration host;
    struct seen *seen = out;
    struct preset_options options;
    preset_defaults(PRESET_82599, &options);
    const struct pci_node nodes[] = {
        {.preset = PRESET_HOST_BRIDGE, .behind = PCI_NODE_TOP},
        {.preset = PRESET_ROOT_PORT, .device = 1, .behind = PCI_NODE_TOP},
        {.preset = PRESET_82599, .behind = 1, .options = &options},
    };
    const struct enumerate_options enumerate = enumerate_defaults();
    arena_init(&arena);
    hierarchy_init(&hierarchy, memory, 8, 0);
    if (!pci_node_build(&hierarchy, &arena, nodes, 3))
        abort();
    const struct cfg_access access = hierarchy_access(&hierarchy);
    if (!enumerate_boot(&host, &arena, &access, &enumerate, &seen->err) ||
        !enumerate_enable_vfs(&host, pf_driver_find(&host.tree, 0), VFS, &seen->err))
        abort();
    list(&host.tree, seen);
}

/* ---- tests ---- */

static struct seen seen, called;

static void play(enum plane_coupling coupling)
{
    memset(&seen, 0, sizeof seen);
    CU_ASSERT_TRUE_FATAL(forked(boot, &coupling, &seen, sizeof seen));
    if (seen.result != PLANE_FINISHED)
        err_print(&seen.err, stderr);
    CU_ASSERT_EQUAL_FATAL(seen.result, PLANE_FINISHED);
}

static void test_same_tree(void)
{
    play(PLANE_RUN_AHEAD);
    memset(&called, 0, sizeof called);
    CU_ASSERT_TRUE_FATAL(forked(boot_by_calls, NULL, &called, sizeof called));
    CU_ASSERT_EQUAL(seen.n_functions, 3 + VFS);
    CU_ASSERT_EQUAL(called.n_functions, 3 + VFS);
    for (uint32_t i = 0; i < 3 + VFS; i++) {
        const struct listed *x = &seen.functions[i], *y = &called.functions[i];
        CU_ASSERT_TRUE(x->rid == y->rid && x->vendor == y->vendor && x->device == y->device);
        CU_ASSERT_EQUAL(memcmp(x->base, y->base, sizeof x->base), 0);
        CU_ASSERT_EQUAL(memcmp(x->bytes, y->bytes, sizeof x->bytes), 0);
    }
    CU_ASSERT_TRUE(seen.conserved);
}

static void test_drivers(void)
{
    play(PLANE_RUN_AHEAD);
    CU_ASSERT_TRUE(seen.masters);
    CU_ASSERT_EQUAL(seen.msix_address, 0xfee00000);
    CU_ASSERT_EQUAL(seen.running, VFS);
    for (uint32_t vf = 0; vf < VFS; vf++)
        CU_ASSERT_EQUAL(seen.started_rid[vf], 0x0100 + 0x180 + 2 * vf);
}

/* Gen2 x8: 250 ps a byte. Request 12 bytes of header and 8 of framing, completion the same and four
 * bytes of data; 10 ns each way. */
static void test_times(void)
{
    play(PLANE_RUN_AHEAD);
    CU_ASSERT_EQUAL(seen.local_ps, CPU_PS + LOCAL_PS);
    CU_ASSERT_EQUAL(seen.read_ps, CPU_PS + 20 * 250 + 10000 + CONFIG_PS + 24 * 250 + 10000);
    CU_ASSERT_TRUE(seen.enabled_ps > 100 * ms_ps && seen.enabled_ps < 110 * ms_ps);
}

static void test_couplings(void)
{
    play(PLANE_RUN_AHEAD);
    const uint64_t hash = seen.hash;
    play(PLANE_PER_EVENT);
    CU_ASSERT_EQUAL(seen.hash, hash);
}

void suite_boot_tlp(void)
{
    CU_pSuite suite = CU_add_suite("boot_tlp", NULL, NULL);
    CU_add_test(suite, "by TLPs as by calls", test_same_tree);
    CU_add_test(suite, "the drivers' set-up arrives", test_drivers);
    CU_add_test(suite, "an access takes the sum of its parts", test_times);
    CU_add_test(suite, "both couplings", test_couplings);
}
