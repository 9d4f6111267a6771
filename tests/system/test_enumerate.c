/* Enumeration step by step, and over random machines: what must hold of any tree that firmware has
 * numbered and placed. See pci_rig.h for the list.
 * Not pinned: where things are placed, beyond that it is always the same. */
#include "pci_rig.h"

#include "../unit/splitmix.h"
#include "base/check.h"
#include "pcie/cap_express.h"
#include "pcie/cap_sriov.h"
#include <CUnit/CUnit.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>

void suite_enumerate(void);

static struct pci_rig rig;

#define INIT(nodes) pci_rig_init(&rig, (nodes), sizeof(nodes) / sizeof((nodes)[0]))

static bool boot(void)
{
    return enumerate_boot(&rig.host, &rig.arena, &rig.access, &rig.options, &rig.err);
}

static bool says(const char *words)
{
    if (!strstr(rig.err.message, words))
        fprintf(stderr, "\n\"%s\" has no \"%s\"\n", rig.err.message, words);
    return strstr(rig.err.message, words);
}

/* ---- random machines ------------------------------------------------------------------------- */

enum { MAX_NODES = 40 };
struct machine {
    struct pci_node nodes[MAX_NODES];
    struct preset_options options[MAX_NODES];
    uint32_t n;
};

static uint32_t add_node(struct machine *machine, enum preset preset, uint8_t device,
                         uint8_t function, int32_t behind)
{
    struct preset_options *options = &machine->options[machine->n];
    preset_defaults(preset, options);
    machine->nodes[machine->n] = (struct pci_node){.preset = preset,
                                                   .device = device,
                                                   .function = function,
                                                   .behind = behind,
                                                   .options = options};
    return machine->n++;
}

static enum preset any_of(uint64_t *state, const enum preset *presets, uint32_t n)
{
    return presets[splitmix_below(state, n)];
}

/* A card of one or three functions of a kind (with ARI all have it or none); BARs up to 16 MiB. */
static void add_card(struct machine *machine, uint64_t *state, int32_t behind)
{
    static const enum preset devices[] = {PRESET_82599, PRESET_NVME, PRESET_NULL, PRESET_QEMU_NVME,
                                          PRESET_E1000E};
    const uint8_t functions = (uint8_t)(splitmix_below(state, 4) ? 1 : 3);
    const enum preset preset = any_of(state, devices, 5);
    for (uint8_t f = 0; f < functions && machine->n < MAX_NODES; f++) {
        struct preset_options *options = &machine->options[add_node(machine, preset, 0, f, behind)];
        const uint8_t smallest = preset == PRESET_QEMU_NVME ? 14 : 15;
        options->bar_log2_bytes = (uint8_t)(smallest + splitmix_below(state, 10));
        options->next_function = f + 1 < functions ? f + 1 : 0;
        options->max_payload_bytes = (uint16_t)(128 << splitmix_below(state, 3));
        if (functions > 1) { /* VFs would be among the functions */
            options->vfs = 0;
        } else if (options->vfs) {
            options->vfs = (uint16_t)(1 + splitmix_below(state, 64));
            options->vf_bar_log2_bytes = (uint8_t)(12 + splitmix_below(state, 8));
        }
    }
}

static void add_switch(struct machine *machine, uint64_t *state, int32_t behind)
{
    static const enum preset uplinks[] = {PRESET_X3130_UPSTREAM, PRESET_SWITCH_UPSTREAM};
    static const enum preset downlinks[] = {PRESET_X3130_DOWNSTREAM, PRESET_SWITCH_DOWNSTREAM};
    if (machine->n + 2 > MAX_NODES)
        return;
    const uint32_t up = add_node(machine, any_of(state, uplinks, 2), 0, 0, behind);
    const uint32_t ports = 1 + splitmix_below(state, 4);
    for (uint8_t p = 0; p < ports && machine->n < MAX_NODES; p++)
        add_node(machine, any_of(state, downlinks, 2), p, 0, (int32_t)up);
}

static void make_machine(struct machine *machine, uint64_t *state)
{
    static const enum preset ports[] = {PRESET_ROOT_PORT, PRESET_QEMU_ROOT_PORT};
    static const enum preset local[] = {PRESET_HOST_BRIDGE, PRESET_Q35_HOST_BRIDGE};
    machine->n = 0;
    add_node(machine, any_of(state, local, 2), 0, 0, PCI_NODE_TOP);
    const uint8_t roots = (uint8_t)(1 + splitmix_below(state, 4));
    for (uint8_t r = 1; r <= roots; r++)
        add_node(machine, any_of(state, ports, 2), r, 0, PCI_NODE_TOP);
    add_node(machine, PRESET_ICH9_SATA, 31, 2, PCI_NODE_TOP);
    machine->nodes[machine->n - 1].function = 0;
    for (uint32_t i = 1; i < machine->n; i++) {
        const enum preset preset = machine->nodes[i].preset;
        if (preset != PRESET_ROOT_PORT && preset != PRESET_QEMU_ROOT_PORT &&
            preset != PRESET_X3130_DOWNSTREAM && preset != PRESET_SWITCH_DOWNSTREAM)
            continue;
        switch (splitmix_below(state, 4)) {
        case 0:
            break;
        case 1:
            add_switch(machine, state, (int32_t)i);
            break;
        default:
            add_card(machine, state, (int32_t)i);
        }
    }
}

static unsigned enable_some_vfs(uint64_t *state)
{
    unsigned enabled = 0;
    for (struct pci_function *f = pci_tree_first(&rig.host.tree); f;
         f = pci_tree_next(&rig.host.tree, f)) {
        if (f->total_vfs == 0 || splitmix_below(state, 2))
            continue;
        const uint16_t n = (uint16_t)(1 + splitmix_below(state, f->total_vfs));
        if (!enumerate_enable_vfs(&rig.host, f, n, &rig.err)) {
            err_print(&rig.err, stderr);
            CU_FAIL("VFs cannot be enabled");
        }
        enabled += n;
    }
    return enabled;
}

static void random_machines_are_in_order(void)
{
    static struct machine machine;
    uint64_t state = 3;
    unsigned functions = 0, vfs = 0, bad = 0, slots = 0;
    for (unsigned run = 0; run < 60; run++) {
        make_machine(&machine, &state);
        pci_rig_init(&rig, machine.nodes, machine.n);
        rig.options.hotplug_buses = (uint8_t)splitmix_below(&state, 3);
        rig.options.root_port_buses = (uint8_t)splitmix_below(&state, 5);
        pci_rig_boot(&rig);
        functions += rig.hierarchy.n;
        bad += pci_rig_violations(&rig);
        vfs += enable_some_vfs(&state);
        bad += pci_rig_violations(&rig);
        for (uint32_t i = 0; i < machine.n; i++) {
            /* Pull one card and put it in again. */
            const int32_t port = machine.nodes[i].behind;
            if (port == PCI_NODE_TOP || rig.memory[i].devfn || rig.memory[i].next != UINT32_MAX ||
                !rig.memory[port].space.layout->express ||
                !cap_express_is_downstream(rig.memory[port].space.layout))
                continue;
            struct pci_function *slot = pci_tree_find(
                &rig.host.tree, hierarchy_rid(&rig.hierarchy, (uint32_t)port, HIERARCHY_PF));
            CU_ASSERT_PTR_NOT_NULL_FATAL(slot);
            enumerate_hot_remove(&rig.host, slot, false);
            hierarchy_set_present(&rig.hierarchy, i, false);
            bad += pci_rig_violations(&rig);
            hierarchy_set_present(&rig.hierarchy, i, true);
            if (!enumerate_hot_add(&rig.host, slot, &rig.err)) {
                err_print(&rig.err, stderr);
                bad++;
            }
            bad += pci_rig_violations(&rig);
            slots++;
            break;
        }
        pci_rig_fini(&rig);
    }
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT(functions > 600 && vfs > 600 && slots > 30);
}

static void the_same_machine_gets_the_same_addresses(void)
{
    static struct machine machine;
    static uint64_t bases[2][MAX_NODES][PCI_BARS];
    uint64_t state = 11;
    make_machine(&machine, &state);
    for (unsigned run = 0; run < 2; run++) {
        pci_rig_init(&rig, machine.nodes, machine.n);
        pci_rig_boot(&rig);
        unsigned i = 0;
        for (struct pci_function *f = pci_tree_first(&rig.host.tree); f;
             f = pci_tree_next(&rig.host.tree, f), i++)
            for (unsigned n = 0; n < PCI_BARS; n++)
                bases[run][i][n] = f->bar[n].base;
        pci_rig_fini(&rig);
    }
    CU_ASSERT_EQUAL(memcmp(bases[0], bases[1], sizeof bases[0]), 0);
}

/* ---- one step each --------------------------------------------------------------------------- */

static const struct pci_node one_nic[] = {
    {.preset = PRESET_ROOT_PORT, .device = 1, .behind = PCI_NODE_TOP},
    {.preset = PRESET_82599, .behind = 0},
};

static void windows_are_packed_in_whole_mib(void)
{
    INIT(one_nic);
    pci_rig_boot(&rig);
    const struct pci_function *nic = pci_rig_at(&rig, 0x0100), *port = pci_rig_at(&rig, 0x0008);
    /* 512 KiB, then 16 KiB each and 1 MiB of VF ranges aligned to 16 KiB: 2.6 MiB. */
    CU_ASSERT_EQUAL(port->window[PCI_MEMORY].base, 0xc0000000);
    CU_ASSERT_EQUAL(port->window[PCI_MEMORY].bytes, 3 << 20);
    CU_ASSERT_FALSE(port->window[PCI_PREFETCH].assigned);
    CU_ASSERT_EQUAL(nic->bar[0].base, 0xc0000000);
    CU_ASSERT_EQUAL(nic->vf_bar[0].base, 0xc0080000);
    CU_ASSERT_EQUAL(nic->vf_bar[3].base, 0xc0180000);
    CU_ASSERT_EQUAL(nic->bar[4].base, 0xc0280000);
    CU_ASSERT_EQUAL(cfg_access_read32(&rig.access, 0x0008, PCI_MEMORY_BASE), 0xc020c000);
    CU_ASSERT_EQUAL(cfg_access_read32(&rig.access, 0x0008, PCI_PREF_MEMORY_BASE), 0x0001fff1);
    CU_ASSERT_EQUAL(cfg_access_read16(&rig.access, 0x0008, PCI_COMMAND),
                    PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    CU_ASSERT_EQUAL(cfg_access_read16(&rig.access, 0x0100, PCI_COMMAND), PCI_COMMAND_MEMORY);
    enumerate_set_bus_master(&rig.host, nic, true);
    CU_ASSERT_EQUAL(cfg_access_read16(&rig.access, 0x0100, PCI_COMMAND),
                    PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    enumerate_set_bus_master(&rig.host, nic, false);
    CU_ASSERT_EQUAL(cfg_access_read16(&rig.access, 0x0100, PCI_COMMAND), PCI_COMMAND_MEMORY);
    pci_rig_fini(&rig);
}

static void a_slot_keeps_windows_and_buses(void)
{
    static const struct pci_node nodes[] = {
        {.preset = PRESET_QEMU_ROOT_PORT, .device = 1, .behind = PCI_NODE_TOP},
        {.preset = PRESET_QEMU_ROOT_PORT, .device = 2, .behind = PCI_NODE_TOP},
    };
    INIT(nodes);
    rig.options.hotplug_buses = 2;
    pci_rig_boot(&rig);
    const struct pci_function *port = pci_rig_at(&rig, 0x0008);
    CU_ASSERT_EQUAL(port->behind->number, 1);
    CU_ASSERT_EQUAL(port->behind->last, 3);
    CU_ASSERT_EQUAL(pci_rig_at(&rig, 0x0010)->behind->number, 4);
    CU_ASSERT_EQUAL(port->behind->window[PCI_MEMORY].bytes, 2 << 20);
    CU_ASSERT_EQUAL(port->behind->window[PCI_PREFETCH].bytes, 2 << 20);
    CU_ASSERT_EQUAL(port->behind->window[PCI_IO].bytes, 4096);
    pci_rig_fini(&rig);
}

static unsigned payload_at(uint16_t rid)
{
    const struct pci_function *f = pci_rig_at(&rig, rid);
    return 128U << ((cfg_access_read16(&rig.access, rid, f->express + PCI_EXP_DEVCTL) &
                     PCI_EXP_DEVCTL_PAYLOAD) >>
                    5);
}

static void one_payload_size_for_all_who_talk(void)
{
    static struct machine m;
    m.n = 0;
    add_node(&m, PRESET_ROOT_PORT, 1, 0, PCI_NODE_TOP);
    add_node(&m, PRESET_ROOT_PORT, 2, 0, PCI_NODE_TOP);
    add_node(&m, PRESET_SWITCH_UPSTREAM, 0, 0, 0);
    add_node(&m, PRESET_SWITCH_DOWNSTREAM, 0, 0, 2);
    add_node(&m, PRESET_SWITCH_DOWNSTREAM, 1, 0, 2);
    add_node(&m, PRESET_82599, 0, 0, 1);
    add_node(&m, PRESET_NVME, 0, 0, 3);
    add_node(&m, PRESET_NULL, 0, 0, 4);
    for (uint32_t i = 0; i < m.n; i++)
        m.options[i].max_payload_bytes = 512;
    m.options[7].max_payload_bytes = 256; /* the weakest of its tree */
    pci_rig_init(&rig, m.nodes, m.n);
    hierarchy_set_present(&rig.hierarchy, 6, false);
    pci_rig_boot(&rig);
    CU_ASSERT_EQUAL(payload_at(0x0008), 256);
    CU_ASSERT_EQUAL(payload_at(0x0100), 256);
    CU_ASSERT_EQUAL(payload_at(0x0200), 256);
    CU_ASSERT_EQUAL(payload_at(0x0400), 256);
    CU_ASSERT_EQUAL(payload_at(0x0010), 512);
    CU_ASSERT_EQUAL(payload_at(0x0500), 512);
    /* A card that comes later takes what is in use. */
    hierarchy_set_present(&rig.hierarchy, 6, true);
    CU_ASSERT_FATAL(enumerate_hot_add(&rig.host, pci_rig_at(&rig, 0x0200), &rig.err));
    CU_ASSERT_EQUAL(payload_at(0x0300), 256);
    pci_rig_fini(&rig);

    pci_rig_init(&rig, m.nodes, m.n);
    rig.options.max_payload_bytes = 128;
    pci_rig_boot(&rig);
    CU_ASSERT_EQUAL(payload_at(0x0010), 128);
    pci_rig_fini(&rig);

    /* The weakest comes later: it cannot be told to take more. */
    pci_rig_init(&rig, m.nodes, m.n);
    hierarchy_set_present(&rig.hierarchy, 7, false);
    pci_rig_boot(&rig);
    hierarchy_set_present(&rig.hierarchy, 7, true);
    struct pci_function *slot = pci_rig_at(&rig, 0x0208);
    CU_ASSERT_FALSE(enumerate_hot_add(&rig.host, slot, &rig.err));
    CU_ASSERT(says("the card takes 256 bytes of payload, its slot sends 512"));
    CU_ASSERT_PTR_NULL(slot->behind->first);
    pci_rig_fini(&rig);
}

/* A function that answers its first reads with a retry. */
struct slow {
    struct cfg_access inner;
    uint16_t rid;
    unsigned retries;
};

static uint32_t slow_read(void *self, uint16_t rid, uint16_t offset, uint8_t bytes)
{
    struct slow *slow = self;
    if (rid == slow->rid && offset == PCI_VENDOR_ID && slow->retries) {
        slow->retries--;
        return 0x0001;
    }
    return slow->inner.read(slow->inner.self, rid, offset, bytes);
}

static void slow_write(void *self, uint16_t rid, uint16_t offset, uint8_t bytes, uint32_t value)
{
    struct slow *slow = self;
    slow->inner.write(slow->inner.self, rid, offset, bytes, value);
}

static void a_retry_is_waited_for(void)
{
    static const struct {
        unsigned retries;
        uint64_t waited_ms;
        bool found;
    } cases[] = {{0, 0, true},
                 {1, 1, true},
                 {5, 31, true},
                 {16, 65535, true}, /* 1 + 2 + ... + 32768: the last question after a minute */
                 {17, 65535, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        INIT(one_nic);
        struct slow slow = {.inner = rig.access, .rid = 0x0100, .retries = cases[i].retries};
        rig.access = (struct cfg_access){.read = slow_read, .write = slow_write, .self = &slow};
        pci_rig_boot(&rig);
        CU_ASSERT_EQUAL(rig.waited_ps, cases[i].waited_ms * UINT64_C(1000000000));
        CU_ASSERT_EQUAL(pci_tree_find(&rig.host.tree, 0x0100) != NULL, cases[i].found);
        pci_rig_fini(&rig);
    }
}

static void vfs_come_and_go(void)
{
    INIT(one_nic);
    pci_rig_boot(&rig);
    struct pci_function *pf = pci_rig_at(&rig, 0x0100);
    CU_ASSERT_FALSE(enumerate_enable_vfs(&rig.host, pf, 65, &rig.err));
    CU_ASSERT(says("has 64 VFs, 0 of them enabled; 65 more cannot be"));
    CU_ASSERT_FALSE(enumerate_enable_vfs(&rig.host, pf, 0, &rig.err));
    CU_ASSERT_FALSE(enumerate_enable_vfs(&rig.host, pci_rig_at(&rig, 0x0008), 1, &rig.err));
    CU_ASSERT_EQUAL(rig.waited_ps, 0);

    CU_ASSERT_FATAL(enumerate_enable_vfs(&rig.host, pf, 64, &rig.err));
    CU_ASSERT_EQUAL(pci_rig_at(&rig, 0x02fe)->vf_index, 63);
    CU_ASSERT_EQUAL(pci_rig_at(&rig, 0x02fe)->device, 0x10ed);
    CU_ASSERT_FALSE(enumerate_enable_vfs(&rig.host, pf, 1, &rig.err));
    CU_ASSERT_EQUAL(pci_rig_violations(&rig), 0);
    rig.waited_ps = 0;
    enumerate_disable_vfs(&rig.host, pf);
    CU_ASSERT_EQUAL(rig.waited_ps, ENUMERATE_VF_DISABLE_PS);
    CU_ASSERT_PTR_NULL(pci_tree_find(&rig.host.tree, 0x0280));
    CU_ASSERT_EQUAL(pci_rig_violations(&rig), 0);
    CU_ASSERT_FATAL(enumerate_enable_vfs(&rig.host, pf, 2, &rig.err));
    CU_ASSERT_EQUAL(pci_rig_violations(&rig), 0);
    pci_rig_fini(&rig);
}

/* ---- what cannot work ------------------------------------------------------------------------ */

static void too_few_buses(void)
{
    static struct machine m;
    m.n = 0;
    for (uint8_t i = 0; i < 8; i++)
        add_node(&m, PRESET_ROOT_PORT, i, 0, PCI_NODE_TOP);
    pci_rig_init(&rig, m.nodes, m.n);
    rig.options.last_bus = 8;
    pci_rig_boot(&rig);
    pci_rig_fini(&rig);
    pci_rig_init(&rig, m.nodes, m.n);
    rig.options.last_bus = 7;
    CU_ASSERT_FALSE(boot());
    CU_ASSERT(says("no bus number is left for the bridge at 00:07.0"));
    pci_rig_fini(&rig);

    /* Buses for VFs are not insisted on; those VFs that have none cannot be enabled. */
    INIT(one_nic);
    rig.options.last_bus = 1;
    pci_rig_boot(&rig);
    CU_ASSERT_EQUAL(pci_rig_violations(&rig), 0);
    CU_ASSERT_FALSE(enumerate_enable_vfs(&rig.host, pci_rig_at(&rig, 0x0100), 1, &rig.err));
    CU_ASSERT(says("VF 0 would be on bus 02, but its port's buses end at 01"));
    pci_rig_fini(&rig);
}

static void too_small_windows(void)
{
    INIT(one_nic);
    rig.options.host[PCI_MEMORY].bytes = 3 << 20;
    pci_rig_boot(&rig);
    pci_rig_fini(&rig);
    INIT(one_nic);
    rig.options.host[PCI_MEMORY].bytes = 2 << 20;
    CU_ASSERT_FALSE(boot());
    CU_ASSERT(says("PCI bus 00: what is on it needs 3 MiB of 32-bit memory, there are 2 MiB"));
    pci_rig_fini(&rig);

    static const struct pci_node nodes[] = {
        {.preset = PRESET_QEMU_ROOT_PORT, .device = 1, .behind = PCI_NODE_TOP},
        {.preset = PRESET_82599, .behind = 0, .absent = true},
    };
    INIT(nodes);
    pci_rig_boot(&rig);
    struct pci_function *slot = pci_rig_at(&rig, 0x0008);
    CU_ASSERT_FALSE(enumerate_hot_add(&rig.host, slot, &rig.err));
    CU_ASSERT(says("PCI bus 01: nobody answers in the slot"));
    hierarchy_set_present(&rig.hierarchy, 1, true);
    CU_ASSERT_FALSE(enumerate_hot_add(&rig.host, slot, &rig.err));
    CU_ASSERT(says("PCI bus 01: what is on it needs 3 MiB of 32-bit memory, there are 2 MiB"));
    CU_ASSERT_PTR_NULL(slot->behind->first);
    pci_rig_fini(&rig);
}

static void too_little_memory(void)
{
    INIT(one_nic);
    const size_t before = rig.arena.used_bytes;
    pci_rig_boot(&rig);
    const size_t needed = rig.arena.used_bytes - before;
    pci_rig_fini(&rig);
    for (size_t bytes = 0; bytes < needed; bytes += 64) {
        INIT(one_nic);
        arena_set_limit(&rig.arena, before + bytes);
        CU_ASSERT_FALSE(boot());
        CU_ASSERT(says("out of memory"));
        pci_rig_fini(&rig);
    }
}

void suite_enumerate(void)
{
    CU_pSuite suite = CU_add_suite("enumerate", NULL, NULL);
    CU_ADD_TEST(suite, random_machines_are_in_order);
    CU_ADD_TEST(suite, the_same_machine_gets_the_same_addresses);
    CU_ADD_TEST(suite, windows_are_packed_in_whole_mib);
    CU_ADD_TEST(suite, a_slot_keeps_windows_and_buses);
    CU_ADD_TEST(suite, one_payload_size_for_all_who_talk);
    CU_ADD_TEST(suite, a_retry_is_waited_for);
    CU_ADD_TEST(suite, vfs_come_and_go);
    CU_ADD_TEST(suite, too_few_buses);
    CU_ADD_TEST(suite, too_small_windows);
    CU_ADD_TEST(suite, too_little_memory);
}
