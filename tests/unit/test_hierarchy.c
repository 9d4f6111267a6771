/* Who answers a configuration request or an address, rule by rule: bus numbers of bridges, device 0
 * on a link, ARI, VFs on the PF's bus and on others, external links, windows and enables, resets
 * and cards that come and go. Registers are written as software writes them. Not pinned: the order
 * in which functions lie in memory. */
#include "host/pci_node.h"
#include "pcie/cap_express.h"
#include "pcie/hierarchy.h"

#include "base/check.h"
#include <CUnit/CUnit.h>
#include <linux/pci_regs.h>

void suite_hierarchy(void);

enum { MEMORY = 32, LEAF = 77 };

static struct arena arena;
static struct hierarchy_function memory[MEMORY];
static struct hierarchy tree;
static struct cfg_access host;

static void build(int root_bus, const struct pci_node *nodes, uint32_t n)
{
    arena_fini(&arena);
    hierarchy_init(&tree, memory, MEMORY, root_bus);
    CHECK(pci_node_build(&tree, &arena, nodes, n));
    host.self = NULL;
    if (root_bus >= 0)
        host = hierarchy_access(&tree);
}
#define BUILD(root_bus, nodes) build((root_bus), (nodes), sizeof(nodes) / sizeof((nodes)[0]))

static void set16(uint32_t function, unsigned offset, uint16_t value)
{
    cfgspace_write_sized(&memory[function].space, (uint16_t)offset, 2, value);
}

static void set32(uint32_t function, unsigned offset, uint32_t value)
{
    cfgspace_write_sized(&memory[function].space, (uint16_t)offset, 4, value);
}

static void set_buses(uint32_t bridge, uint8_t secondary, uint8_t subordinate)
{
    set16(bridge, PCI_PRIMARY_BUS, (uint16_t)(secondary << 8));
    cfgspace_write_sized(&memory[bridge].space, PCI_SUBORDINATE_BUS, 1, subordinate);
}

static void set_ari(uint32_t port, bool on)
{
    set16(port, memory[port].space.layout->express + PCI_EXP_DEVCTL2, on ? PCI_EXP_DEVCTL2_ARI : 0);
}

static void nobody_at(uint8_t bus, uint8_t devfn)
{
    CU_ASSERT_EQUAL(hierarchy_route_host(&tree, bus, devfn).hit, HIERARCHY_NONE);
}

static void function_at(uint8_t bus, uint8_t devfn, uint32_t function, int32_t vf, uint8_t type)
{
    const struct hierarchy_target target = hierarchy_route_host(&tree, bus, devfn);
    CU_ASSERT_EQUAL(target.hit, HIERARCHY_LOCAL);
    CU_ASSERT_EQUAL(target.function, function);
    CU_ASSERT_EQUAL(target.vf, vf);
    CU_ASSERT_EQUAL(target.type, type);
}

/* 0 host bridge, 1 root port 01.0, 2 upstream, 3 and 4 downstream 00.0 and 01.0, 5 NVMe, 6 NIC */
enum { BRIDGE, ROOT, UP, DOWN_0, DOWN_1, SSD, NIC };
static const struct pci_node machine[] = {
    {.preset = PRESET_HOST_BRIDGE, .behind = PCI_NODE_TOP},
    {.preset = PRESET_QEMU_ROOT_PORT, .device = 1, .behind = PCI_NODE_TOP},
    {.preset = PRESET_X3130_UPSTREAM, .behind = ROOT},
    {.preset = PRESET_X3130_DOWNSTREAM, .behind = UP},
    {.preset = PRESET_X3130_DOWNSTREAM, .device = 1, .behind = UP},
    {.preset = PRESET_QEMU_NVME, .behind = DOWN_0},
    {.preset = PRESET_E1000E, .behind = DOWN_1},
};

static void number_machine(void)
{
    BUILD(0, machine);
    set_buses(ROOT, 1, 4);
    set_buses(UP, 2, 4);
    set_buses(DOWN_0, 3, 3);
    set_buses(DOWN_1, 4, 4);
}

static void bridges_route_by_their_numbers(void)
{
    BUILD(0, machine);
    function_at(0, 0x00, BRIDGE, HIERARCHY_PF, 0);
    function_at(0, 0x08, ROOT, HIERARCHY_PF, 0);
    nobody_at(0, 0x10);
    nobody_at(1, 0);

    number_machine();
    function_at(1, 0x00, UP, HIERARCHY_PF, 0);
    function_at(2, 0x00, DOWN_0, HIERARCHY_PF, 0);
    function_at(2, 0x08, DOWN_1, HIERARCHY_PF, 0);
    nobody_at(2, 0x10);
    function_at(3, 0x00, SSD, HIERARCHY_PF, 0);
    function_at(4, 0x00, NIC, HIERARCHY_PF, 0);
    nobody_at(5, 0);

    set_buses(DOWN_1, 9, 9); /* beyond what the bridges above send down */
    nobody_at(4, 0);
    nobody_at(9, 0);
    set_buses(UP, 2, 9);
    nobody_at(9, 0);
    set_buses(ROOT, 1, 9);
    function_at(9, 0, NIC, HIERARCHY_PF, 0);
}

static void a_link_has_device_0_only(void)
{
    number_machine();
    nobody_at(3, 0x08);
    nobody_at(1, 0x08);
    set_ari(DOWN_0, true); /* let through, but the device has no such function */
    nobody_at(3, 0x08);
}

static void enable_vfs(uint32_t pf, uint16_t n)
{
    const unsigned at = memory[pf].space.layout->sriov;
    set16(pf, at + PCI_SRIOV_NUM_VF, n);
    set16(pf, at + PCI_SRIOV_CTRL, PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE);
}

static void vfs_answer_while_enabled(void)
{
    number_machine();
    host.write(host.self, 0x0300, PCI_CACHE_LINE_SIZE, 1, 0); /* the SSD captures bus 3 */
    nobody_at(3, 1);
    enable_vfs(SSD, 4);
    for (uint8_t i = 0; i < 4; i++)
        function_at(3, i + 1, SSD, i, 0);
    nobody_at(3, 5);
    CU_ASSERT_EQUAL(hierarchy_rid(&tree, SSD, 2), 0x0303);

    enable_vfs(SSD, 8); /* NumVFs is locked while they are enabled */
    nobody_at(3, 5);
    set16(SSD, memory[SSD].space.layout->sriov + PCI_SRIOV_CTRL, 0);
    enable_vfs(SSD, 8);
    function_at(3, 7, SSD, 6, 0);
    nobody_at(3, 8); /* VF 7 is at device 1: the port must forward ARI */
    set_ari(DOWN_0, true);
    function_at(3, 8, SSD, 7, 0);
}

/* By Type 1 a device takes only what is on another bus than its own. */
static void vfs_on_the_own_bus_take_type_0_only(void)
{
    number_machine();
    set_buses(ROOT, 1, 9);
    set_buses(UP, 2, 9);
    set_buses(DOWN_0, 9, 9);
    host.write(host.self, 0x0900, PCI_CACHE_LINE_SIZE, 1, 0);
    enable_vfs(SSD, 4);
    function_at(9, 1, SSD, 0, 0);
    set_buses(DOWN_0, 8, 9);
    function_at(8, 1, SSD, 0, 0);
    nobody_at(9, 1);
}

/* The 82599's VFs are on the bus above the PF's, reached by Type 1. */
static void vfs_answer_on_buses_above(void)
{
    static const struct pci_node nodes[] = {
        {.preset = PRESET_ROOT_PORT, .device = 1, .behind = PCI_NODE_TOP},
        {.preset = PRESET_82599, .behind = 0},
    };
    BUILD(0, nodes);
    set_buses(0, 3, 3);
    host.write(host.self, 0x0300, PCI_CACHE_LINE_SIZE, 1, 0);
    enable_vfs(1, 8);
    nobody_at(4, 0x80); /* the port does not send bus 4 down */
    set_buses(0, 3, 4);
    for (uint8_t i = 0; i < 8; i++)
        function_at(4, (uint8_t)(0x80 + 2 * i), 1, i, 1);
    nobody_at(4, 0x81);
    nobody_at(4, 0x90);
    nobody_at(3, 0x80);
    CU_ASSERT_EQUAL(hierarchy_rid(&tree, 1, 7), 0x048e);

    /* Renumbered, but the PF believes in bus 3 until the next Type 0 write. */
    set_buses(0, 5, 6);
    nobody_at(6, 0x80);
    host.write(host.self, 0x0500, PCI_CACHE_LINE_SIZE, 1, 0);
    function_at(6, 0x80, 1, 0, 1);
    CU_ASSERT_EQUAL(hierarchy_rid(&tree, 1, HIERARCHY_PF), 0x0500);
}

static void a_write_leaves_its_bus_with_the_whole_device(void)
{
    static const struct pci_node nodes[] = {
        {.preset = PRESET_SWITCH_MANAGEMENT, .behind = PCI_NODE_TOP},
        {.preset = PRESET_SWITCH_UPSTREAM, .function = 1, .behind = PCI_NODE_TOP},
        {.preset = PRESET_SWITCH_DOWNSTREAM, .behind = 1},
        {.preset = PRESET_SWITCH_DOWNSTREAM, .device = 1, .behind = 1},
    };
    BUILD(HIERARCHY_LINK, nodes);
    struct hierarchy_target target = hierarchy_route(&tree, 0, 7, 0);
    CU_ASSERT_EQUAL(target.function, 0);
    hierarchy_write(&tree, &target, 7, PCI_CACHE_LINE_SIZE, 1, 0);
    CU_ASSERT_EQUAL(hierarchy_rid(&tree, 1, HIERARCHY_PF), 0x0701);
    set_buses(1, 8, 9);
    target = hierarchy_route(&tree, 1, 8, 8);
    CU_ASSERT_EQUAL(target.function, 3);
    CU_ASSERT_EQUAL(target.type, 0);
    hierarchy_write(&tree, &target, 8, PCI_CACHE_LINE_SIZE, 1, 0);
    CU_ASSERT_EQUAL(hierarchy_rid(&tree, 3, HIERARCHY_PF), 0x0808);
    CU_ASSERT_EQUAL(hierarchy_rid(&tree, 2, HIERARCHY_PF), 0x0000); /* another device */

    /* On a link the device number belongs to the function's number, as ARI has it. */
    static const struct pci_node ari[] = {
        {.preset = PRESET_NULL, .behind = PCI_NODE_TOP},
        {.preset = PRESET_NULL, .device = 1, .behind = PCI_NODE_TOP},
    };
    BUILD(HIERARCHY_LINK, ari);
    target = hierarchy_route(&tree, 0, 7, 0);
    hierarchy_write(&tree, &target, 7, PCI_CACHE_LINE_SIZE, 1, 0);
    CU_ASSERT_EQUAL(hierarchy_rid(&tree, 1, HIERARCHY_PF), 0x0708);

    /* Reads leave nothing. */
    BUILD(HIERARCHY_LINK, nodes);
    target = hierarchy_route(&tree, 0, 7, 0);
    hierarchy_write(&tree, &target, 7, PCI_CACHE_LINE_SIZE, 1, 0);
    target = hierarchy_route(&tree, 0, 5, 0);
    CU_ASSERT_EQUAL(cfgspace_read(hierarchy_cfgspace(&tree, &target), 0), 0x808610ee);
    CU_ASSERT_EQUAL(hierarchy_rid(&tree, 0, HIERARCHY_PF), 0x0700);
}

static void links_lead_out(void)
{
    static const struct pci_node nodes[] = {
        {.preset = PRESET_ROOT_PORT,
         .device = 1,
         .behind = PCI_NODE_TOP,
         .external = true,
         .leaf = LEAF},
    };
    BUILD(0, nodes);
    set_buses(0, 1, 4);
    struct hierarchy_target target = hierarchy_route_host(&tree, 1, 1);
    CU_ASSERT_EQUAL(target.hit, HIERARCHY_EXTERNAL);
    CU_ASSERT_EQUAL(target.leaf, LEAF);
    CU_ASSERT_EQUAL(target.function, 0);
    CU_ASSERT_EQUAL(target.type, 0);
    nobody_at(1, 8); /* ends at the port */
    target = hierarchy_route_host(&tree, 4, 0x80);
    CU_ASSERT_EQUAL(target.hit, HIERARCHY_EXTERNAL);
    CU_ASSERT_EQUAL(target.type, 1);
    nobody_at(5, 0);
    set_ari(0, true);
    CU_ASSERT_EQUAL(hierarchy_route_host(&tree, 1, 8).hit, HIERARCHY_EXTERNAL);

    set16(0, PCI_COMMAND, PCI_COMMAND_MEMORY);
    set32(0, PCI_MEMORY_BASE, 0xc010c000);
    target = hierarchy_route_address(&tree, HIERARCHY_MEMORY, 0xc01fffff);
    CU_ASSERT_EQUAL(target.hit, HIERARCHY_EXTERNAL);
    CU_ASSERT_EQUAL(target.leaf, LEAF);
    CU_ASSERT_EQUAL(hierarchy_route_address(&tree, HIERARCHY_MEMORY, 0xc0200000).hit,
                    HIERARCHY_NONE);
    CU_ASSERT_EQUAL(hierarchy_route_address(&tree, HIERARCHY_MEMORY, 0xbfffffff).hit,
                    HIERARCHY_NONE);

    const struct cfg_access access = hierarchy_access(&tree);
    CU_ASSERT_EQUAL(access.read(access.self, 0x0100, 0, 2), 0xffff);
    CU_ASSERT_EQUAL(access.read(access.self, 0x0100, 0, 4), UINT32_MAX);
    CU_ASSERT_EQUAL(access.read(access.self, 0x0008, 0, 4), 0x01018086);
}

static void cut_off(bool down)
{
    if (down)
        nobody_at(4, 0);
    else
        function_at(4, 0, NIC, HIERARCHY_PF, 0);
}

static void nobody_answers_behind_a_link_that_is_down(void)
{
    number_machine();
    const unsigned link_control = memory[DOWN_1].space.layout->express + PCI_EXP_LNKCTL;
    set16(DOWN_1, link_control, PCI_EXP_LNKCTL_LD);
    cut_off(true);
    set16(DOWN_1, link_control, 0);
    cut_off(false);
    set16(ROOT, PCI_BRIDGE_CONTROL, PCI_BRIDGE_CTL_BUS_RESET);
    cut_off(true);
    nobody_at(1, 0);
    set16(ROOT, PCI_BRIDGE_CONTROL, 0);
    cut_off(false);
}

static void a_bus_reset_resets_all_behind_it(void)
{
    number_machine();
    host.write(host.self, 0x0400, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    host.write(host.self, 0x0300, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    host.write(host.self, 0x0208, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_CTL_BUS_RESET);
    host.write(host.self, 0x0208, PCI_BRIDGE_CONTROL, 2, 0);
    CU_ASSERT_EQUAL(host.read(host.self, 0x0400, PCI_COMMAND, 2), 0);
    CU_ASSERT_EQUAL(hierarchy_rid(&tree, NIC, HIERARCHY_PF), 0);
    CU_ASSERT_EQUAL(host.read(host.self, 0x0300, PCI_COMMAND, 2), PCI_COMMAND_MEMORY);
    CU_ASSERT_EQUAL(hierarchy_rid(&tree, SSD, HIERARCHY_PF), 0x0300);

    host.write(host.self, 0x0008, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_CTL_BUS_RESET);
    host.write(host.self, 0x0008, PCI_BRIDGE_CONTROL, 2, 0);
    CU_ASSERT_EQUAL(host.read(host.self, 0x0100, PCI_SECONDARY_BUS, 1), 0);
    CU_ASSERT_EQUAL(host.read(host.self, 0x0008, PCI_SECONDARY_BUS, 1), 1);
}

static void an_flr_takes_the_vfs_along(void)
{
    number_machine();
    host.write(host.self, 0x0300, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    enable_vfs(SSD, 2);
    host.write(host.self, 0x0301, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    host.write(host.self, 0x0302, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    const uint16_t control = (uint16_t)(memory[SSD].vf[0].layout->express + PCI_EXP_DEVCTL);
    host.write(host.self, 0x0301, control, 2, PCI_EXP_DEVCTL_BCR_FLR);
    CU_ASSERT_EQUAL(host.read(host.self, 0x0301, PCI_COMMAND, 2), 0);
    CU_ASSERT_EQUAL(host.read(host.self, 0x0302, PCI_COMMAND, 2), PCI_COMMAND_MASTER);

    host.write(host.self, 0x0300, (uint16_t)(memory[SSD].space.layout->express + PCI_EXP_DEVCTL), 2,
               PCI_EXP_DEVCTL_BCR_FLR);
    nobody_at(3, 2);
    CU_ASSERT_EQUAL(host.read(host.self, 0x0300, PCI_COMMAND, 2), 0);
    CU_ASSERT_EQUAL(hierarchy_rid(&tree, SSD, HIERARCHY_PF), 0x0300); /* keeps its number */
    enable_vfs(SSD, 2);
    CU_ASSERT_EQUAL(host.read(host.self, 0x0302, PCI_COMMAND, 2), 0);
}

static void cards_come_and_go(void)
{
    number_machine();
    host.write(host.self, 0x0400, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    hierarchy_set_present(&tree, NIC, false);
    nobody_at(4, 0);
    hierarchy_set_present(&tree, NIC, true);
    CU_ASSERT_EQUAL(host.read(host.self, 0x0400, PCI_COMMAND, 2), 0);
    hierarchy_set_present(&tree, UP, false);
    nobody_at(4, 0);
    nobody_at(1, 0);
    hierarchy_set_present(&tree, UP, true);
    function_at(1, 0, UP, HIERARCHY_PF, 0);
    nobody_at(4, 0); /* its bridges forgot their numbers */
}

static enum hierarchy_hit hit(enum hierarchy_space space, uint64_t address, uint32_t function,
                              int32_t vf, uint8_t bar, uint64_t offset)
{
    const struct hierarchy_target target = hierarchy_route_address(&tree, space, address);
    if (target.hit != HIERARCHY_NONE && (target.function != function || target.vf != vf ||
                                         target.bar != bar || target.offset != offset))
        return HIERARCHY_EXTERNAL;
    return target.hit;
}

static void open_windows(uint32_t bridge)
{
    set32(bridge, PCI_MEMORY_BASE, 0xc000c000);      /* c0000000 to c00fffff */
    set32(bridge, PCI_PREF_MEMORY_BASE, 0x00100000); /* 8_00000000 to 8_001fffff */
    set32(bridge, PCI_PREF_BASE_UPPER32, 8);
    set32(bridge, PCI_PREF_LIMIT_UPPER32, 8);
    set16(bridge, PCI_IO_BASE, 0x2020);
    set16(bridge, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
}

static void addresses_go_through_windows_to_bars(void)
{
    number_machine();
    open_windows(ROOT);
    open_windows(UP);
    open_windows(DOWN_1);
    set32(NIC, PCI_BASE_ADDRESS_0, 0xc0020000);
    set32(NIC, PCI_BASE_ADDRESS_2, 0x2040);
    CU_ASSERT_EQUAL(hit(HIERARCHY_MEMORY, 0xc0020000, 0, 0, 0, 0), HIERARCHY_NONE);
    set16(NIC, PCI_COMMAND, PCI_COMMAND_MEMORY);
    CU_ASSERT_EQUAL(hit(HIERARCHY_MEMORY, 0xc0020000, NIC, HIERARCHY_PF, 0, 0), HIERARCHY_LOCAL);
    CU_ASSERT_EQUAL(hit(HIERARCHY_MEMORY, 0xc003ffff, NIC, HIERARCHY_PF, 0, 0x1ffff),
                    HIERARCHY_LOCAL);
    CU_ASSERT_EQUAL(hit(HIERARCHY_MEMORY, 0xc0040000, 0, 0, 0, 0), HIERARCHY_NONE);
    CU_ASSERT_EQUAL(hit(HIERARCHY_MEMORY, 0xc001ffff, 0, 0, 0, 0), HIERARCHY_NONE);
    CU_ASSERT_EQUAL(hit(HIERARCHY_IO, 0x2040, 0, 0, 0, 0), HIERARCHY_NONE);
    CU_ASSERT_EQUAL(hit(HIERARCHY_MEMORY, 0x2040, 0, 0, 0, 0), HIERARCHY_NONE);
    set16(NIC, PCI_COMMAND, PCI_COMMAND_IO);
    CU_ASSERT_EQUAL(hit(HIERARCHY_IO, 0x205f, NIC, HIERARCHY_PF, 2, 0x1f), HIERARCHY_LOCAL);
    CU_ASSERT_EQUAL(hit(HIERARCHY_IO, 0x2060, 0, 0, 0, 0), HIERARCHY_NONE);
    CU_ASSERT_EQUAL(hit(HIERARCHY_MEMORY, 0xc0020000, 0, 0, 0, 0), HIERARCHY_NONE);

    set16(NIC, PCI_COMMAND, PCI_COMMAND_MEMORY);
    set16(UP, PCI_COMMAND, 0);
    CU_ASSERT_EQUAL(hit(HIERARCHY_MEMORY, 0xc0020000, 0, 0, 0, 0), HIERARCHY_NONE);
    set16(UP, PCI_COMMAND, PCI_COMMAND_MEMORY);
    set32(UP, PCI_MEMORY_BASE, 0x0000fff0); /* closed */
    CU_ASSERT_EQUAL(hit(HIERARCHY_MEMORY, 0xc0020000, 0, 0, 0, 0), HIERARCHY_NONE);
}

static void vf_ranges_lie_one_behind_the_other(void)
{
    number_machine();
    open_windows(ROOT);
    open_windows(UP);
    open_windows(DOWN_0);
    const unsigned at = memory[SSD].space.layout->sriov;
    set32(SSD, at + PCI_SRIOV_BAR, 0x00100000); /* 8_00100000, in the prefetchable window */
    set32(SSD, at + PCI_SRIOV_BAR + 4, 8);
    CU_ASSERT_EQUAL(hit(HIERARCHY_MEMORY, 0x800100000, 0, 0, 0, 0), HIERARCHY_NONE);
    enable_vfs(SSD, 4);
    CU_ASSERT_EQUAL(hit(HIERARCHY_MEMORY, 0x800100000, SSD, 0, 0, 0), HIERARCHY_LOCAL);
    CU_ASSERT_EQUAL(hit(HIERARCHY_MEMORY, 0x80010c123, SSD, 3, 0, 0x123), HIERARCHY_LOCAL);
    CU_ASSERT_EQUAL(hit(HIERARCHY_MEMORY, 0x800110000, 0, 0, 0, 0), HIERARCHY_NONE);
    set16(SSD, at + PCI_SRIOV_CTRL, PCI_SRIOV_CTRL_VFE);
    CU_ASSERT_EQUAL(hit(HIERARCHY_MEMORY, 0x800100000, 0, 0, 0, 0), HIERARCHY_NONE);
}

static int clean(void)
{
    arena_fini(&arena);
    return 0;
}

void suite_hierarchy(void)
{
    CU_pSuite suite = CU_add_suite("hierarchy", NULL, clean);
    CU_ADD_TEST(suite, bridges_route_by_their_numbers);
    CU_ADD_TEST(suite, a_link_has_device_0_only);
    CU_ADD_TEST(suite, vfs_answer_while_enabled);
    CU_ADD_TEST(suite, vfs_on_the_own_bus_take_type_0_only);
    CU_ADD_TEST(suite, vfs_answer_on_buses_above);
    CU_ADD_TEST(suite, a_write_leaves_its_bus_with_the_whole_device);
    CU_ADD_TEST(suite, links_lead_out);
    CU_ADD_TEST(suite, nobody_answers_behind_a_link_that_is_down);
    CU_ADD_TEST(suite, a_bus_reset_resets_all_behind_it);
    CU_ADD_TEST(suite, an_flr_takes_the_vfs_along);
    CU_ADD_TEST(suite, cards_come_and_go);
    CU_ADD_TEST(suite, addresses_go_through_windows_to_bars);
    CU_ADD_TEST(suite, vf_ranges_lie_one_behind_the_other);
}
