/* Enumeration of the paper's testbed (Fig. 12 and 13): the switch as the Owner and as a User see
 * it, each a private virtual switch with the real 82599 or with four emulated VFs in its slot. Not
 * pinned: addresses. */
#include "pci_rig.h"
#include "pcie/cfgspace_layout.h"

#include "base/check.h"
#include <CUnit/CUnit.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>

void suite_enumerate_paper(void);

enum { NODE_ROOT_PORT = 1, NODE_UPSTREAM = 3, NODE_DOWNSTREAM = 4, NODES_OF_SWITCH = 5 };
enum { ROOT_PORT = 0x0008, UPSTREAM = 0x0101, DOWNSTREAM = 0x0200, CARD = 0x0300 };

#define SWITCH_NODES                                                                               \
    {.preset = PRESET_HOST_BRIDGE, .behind = PCI_NODE_TOP},                                        \
        {.preset = PRESET_ROOT_PORT, .device = 1, .behind = PCI_NODE_TOP},                         \
        {.preset = PRESET_SWITCH_MANAGEMENT, .behind = NODE_ROOT_PORT},                            \
        {.preset = PRESET_SWITCH_UPSTREAM, .function = 1, .behind = NODE_ROOT_PORT},               \
    {                                                                                              \
        .preset = PRESET_SWITCH_DOWNSTREAM, .behind = NODE_UPSTREAM                                \
    }

static const struct pci_node owner[] = {
    SWITCH_NODES,
    {.preset = PRESET_82599, .behind = NODE_DOWNSTREAM},
};
static const struct pci_node user[] = {SWITCH_NODES};

static struct pci_rig rig;

static void buses_are(uint16_t rid, uint8_t secondary, uint8_t subordinate)
{
    CU_ASSERT_EQUAL(cfg_access_read8(&rig.access, rid, PCI_SECONDARY_BUS), secondary);
    CU_ASSERT_EQUAL(cfg_access_read8(&rig.access, rid, PCI_SUBORDINATE_BUS), subordinate);
}

static void tree_is(const char *expected)
{
    static char printed[16384];
    pci_rig_lspci_tree(&rig, printed, sizeof printed);
    if (strcmp(expected, printed) != 0)
        fprintf(stderr, "\n%s", printed);
    CU_ASSERT_STRING_EQUAL(expected, printed);
}

#define VF_NAME "  Intel Corporation 82599 Ethernet Controller Virtual Function\n"
#define HOST_BRIDGE                                                                                \
    "-[0000:00]-+-00.0  Intel Corporation 2nd Generation Core Processor Family DRAM Controller\n"

#define SWITCH    "           \\-01.0-[01-04]--+-00.0  Xilinx Corporation Device 8086\n"
#define OWNER_PAD "                                                           "
#define VF_PAD    "            "
#define USER_PAD  "                                                        "

/* pciutils prints bus 03 too, where the figure begins with 04. */
static void the_owner_sees_figure_12(void)
{
    pci_rig_init(&rig, owner, sizeof owner / sizeof owner[0]);
    pci_rig_boot(&rig);
    buses_are(ROOT_PORT, 1, 4);
    buses_are(UPSTREAM, 2, 4);
    buses_are(DOWNSTREAM, 3, 4);
    CU_ASSERT_EQUAL(pci_rig_violations(&rig), 0);

    CU_ASSERT_FATAL(enumerate_enable_vfs(&rig.host, pci_rig_at(&rig, CARD), 8, &rig.err));
    for (unsigned i = 0; i < 8; i++)
        CU_ASSERT_PTR_EQUAL(pci_rig_at(&rig, (uint16_t)(0x0480 + 2 * i))->pf,
                            pci_rig_at(&rig, CARD));
    CU_ASSERT_EQUAL(pci_rig_violations(&rig), 0);
    tree_is(HOST_BRIDGE SWITCH
            "                           \\-00.1-[02-04]----00.0-[03-04]--+-[0000:03]---00.0  Intel "
            "Corporation 82599ES 10-Gigabit SFI/SFP+ Network Connection\n" OWNER_PAD
            "\\-[0000:04]-+-10.0" VF_NAME OWNER_PAD VF_PAD "+-10.2" VF_NAME OWNER_PAD VF_PAD
            "+-10.4" VF_NAME OWNER_PAD VF_PAD "+-10.6" VF_NAME OWNER_PAD VF_PAD
            "+-11.0" VF_NAME OWNER_PAD VF_PAD "+-11.2" VF_NAME OWNER_PAD VF_PAD
            "+-11.4" VF_NAME OWNER_PAD VF_PAD "\\-11.6" VF_NAME);
    pci_rig_fini(&rig);
}

/* The functions that the switch emulates for a User, in the order in which they are packed. */
static void plug_in_four_vfs(void)
{
    struct cfgspace_layout pf, vf;
    struct preset_options options;
    CHECK(rig.hierarchy.n == NODES_OF_SWITCH);
    preset_defaults(PRESET_82599, &options);
    preset_build(PRESET_82599, &options, &pf,
                 arena_alloc(&rig.arena, 1, preset_memory_bytes(PRESET_82599)));
    preset_defaults(PRESET_82599_VF, &options);
    preset_build(PRESET_82599_VF, &options, &vf,
                 arena_alloc(&rig.arena, 1, preset_memory_bytes(PRESET_82599_VF)));
    for (uint8_t i = 0; i < 4; i++) {
        const struct preset_user_options as_user = {.multifunction = true, .hide_ari = true};
        struct cfgspace_layout *layout = arena_alloc(&rig.arena, 1, sizeof *layout);
        uint8_t *memory = arena_alloc(&rig.arena, 1, cfgspace_layout_memory_bytes(vf.bytes));
        uint8_t *value = arena_alloc(&rig.arena, 1, vf.bytes);
        CHECK(layout && memory && value);
        preset_build_user_vf(&pf, &vf, &as_user, layout, memory);
        hierarchy_add(&rig.hierarchy, NODE_DOWNSTREAM, i, layout, value);
    }
}

static void a_user_sees_figure_13(void)
{
    pci_rig_init(&rig, user, NODES_OF_SWITCH);
    rig.options.root_port_buses = 4;
    pci_rig_boot(&rig);
    CU_ASSERT_EQUAL(pci_rig_violations(&rig), 0);

    plug_in_four_vfs();
    CU_ASSERT_FATAL(enumerate_hot_add(&rig.host, pci_rig_at(&rig, DOWNSTREAM), &rig.err));
    buses_are(ROOT_PORT, 1, 4);
    buses_are(UPSTREAM, 2, 3);
    buses_are(DOWNSTREAM, 3, 3);
    tree_is(HOST_BRIDGE SWITCH
            "                           \\-00.1-[02-03]----00.0-[03]--+-00.0" VF_NAME USER_PAD
            "+-00.1" VF_NAME USER_PAD "+-00.2" VF_NAME USER_PAD "\\-00.3" VF_NAME);
    CU_ASSERT_EQUAL(pci_rig_violations(&rig), 0);
    pci_rig_fini(&rig);
}

void suite_enumerate_paper(void)
{
    CU_pSuite suite = CU_add_suite("enumerate_paper", NULL, NULL);
    CU_ADD_TEST(suite, the_owner_sees_figure_12);
    CU_ADD_TEST(suite, a_user_sees_figure_13);
}
