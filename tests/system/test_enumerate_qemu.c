/* Enumeration of QEMU's machine against what a stock Linux kernel made of the same topology:
 * bus numbers, the tree as pciutils prints it, routing IDs of VFs, sizes of all ranges, at boot,
 * with VFs, after a hot-add and a hot-removal (tests/data/qemu-sriov).
 * Not pinned: addresses, and the sizes of windows, which are each kernel's policy. */
#include "pci_rig.h"

#include <CUnit/CUnit.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void suite_enumerate_qemu(void);

enum { RP1 = 0x0010, RP3 = 0x0020, NVME_0 = 0x0100, NVME_1 = 0x0400, CARD = 0x0700, TEXT = 16384 };

/* cmdline.txt, one node per -device; the last is the card that is plugged in later. */
static const struct preset_options four_vfs = {.link_gen = 1,
                                               .link_width = 1,
                                               .max_payload_bytes = 128,
                                               .interrupt_pin = 1,
                                               .msix_vectors = 5,
                                               .bar_log2_bytes = 14,
                                               .next_function = 1,
                                               .vfs = 4,
                                               .vf_device = 0x0010,
                                               .vf_bar_log2_bytes = 14,
                                               .vf_routing = {1, 1},
                                               .ari_routing = {1, 1}};
enum {
    NODE_RP1 = 1,
    NODE_RP2,
    NODE_RP3,
    NODE_UP = 8,
    NODE_DP0,
    NODE_DP1,
    NODE_DP2,
    NODE_CARD = 14
};
static const struct pci_node machine[] = {
    {.preset = PRESET_Q35_HOST_BRIDGE, .behind = PCI_NODE_TOP},
    {.preset = PRESET_QEMU_ROOT_PORT, .device = 2, .behind = PCI_NODE_TOP},
    {.preset = PRESET_QEMU_ROOT_PORT, .device = 3, .behind = PCI_NODE_TOP},
    {.preset = PRESET_QEMU_ROOT_PORT, .device = 4, .behind = PCI_NODE_TOP},
    {.preset = PRESET_ICH9_LPC, .device = 31, .behind = PCI_NODE_TOP},
    {.preset = PRESET_ICH9_SATA, .device = 31, .function = 2, .behind = PCI_NODE_TOP},
    {.preset = PRESET_ICH9_SMBUS, .device = 31, .function = 3, .behind = PCI_NODE_TOP},
    {.preset = PRESET_QEMU_NVME, .behind = NODE_RP1},
    {.preset = PRESET_X3130_UPSTREAM, .behind = NODE_RP2},
    {.preset = PRESET_X3130_DOWNSTREAM, .behind = NODE_UP},
    {.preset = PRESET_X3130_DOWNSTREAM, .device = 1, .behind = NODE_UP},
    {.preset = PRESET_X3130_DOWNSTREAM, .device = 2, .behind = NODE_UP},
    {.preset = PRESET_QEMU_NVME, .behind = NODE_DP0, .options = &four_vfs},
    {.preset = PRESET_E1000E, .behind = NODE_DP1},
    {.preset = PRESET_E1000E, .behind = NODE_RP3, .absent = true},
};

static struct pci_rig rig;

static void read_golden(const char *name, char *text)
{
    char path[96];
    snprintf(path, sizeof path, "tests/data/qemu-sriov/%s", name);
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    text[fread(text, 1, TEXT - 1, file)] = '\0';
    CU_ASSERT(feof(file));
    fclose(file);
}

static void tree_is(const char *golden)
{
    static char expected[TEXT], printed[TEXT];
    read_golden(golden, expected);
    pci_rig_lspci_tree(&rig, printed, sizeof printed);
    if (strcmp(expected, printed) != 0)
        fprintf(stderr, "\n%s differs:\n%s", golden, printed);
    CU_ASSERT_STRING_EQUAL(expected, printed);
}

/* sysfs's `resource`: six BARs, the ROM, six VF BARs as a whole. */
static unsigned sizes_differ(const struct pci_function *function, unsigned row, uint64_t bytes)
{
    uint64_t ours = 0;
    if (row <= PCI_ROM)
        ours = function->bar[row].bytes;
    else if (row < PCI_ROM + 1 + PCI_BARS)
        ours = function->vf_bar[row - PCI_ROM - 1].bytes;
    else
        return 0;
    if (ours != bytes)
        fprintf(stderr, "%04x resource %u: %" PRIx64 ", expected %" PRIx64 "\n", function->rid, row,
                ours, bytes);
    return ours != bytes;
}

/* "BB:DD.F" */
static uint16_t rid_of(const char *text)
{
    char *end;
    const unsigned long bus = strtoul(text, &end, 16), device = strtoul(end + 1, &end, 16);
    return (uint16_t)(bus << 8 | device << 3 | strtoul(end + 1, &end, 16));
}

static void sizes_are(const char *golden, unsigned expected_functions)
{
    char path[96], line[128];
    snprintf(path, sizeof path, "tests/data/qemu-sriov/%s", golden);
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    const struct pci_function *function = NULL;
    unsigned row = 0, bad = 0, functions = 0;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "# 0000:", 7) == 0) {
            function = pci_rig_at(&rig, rid_of(line + 7));
            functions++;
            row = 0;
            continue;
        }
        char *end = line;
        const uint64_t first = strtoull(end, &end, 16), last = strtoull(end, &end, 16);
        const uint64_t flags = strtoull(end, &end, 16);
        CU_ASSERT_FATAL(function && *end == '\n');
        bad += sizes_differ(function, row++, flags ? last - first + 1 : 0);
    }
    fclose(file);
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT_EQUAL(functions, expected_functions);
}

static void enable_vfs(uint16_t rid)
{
    const bool good = enumerate_enable_vfs(&rig.host, pci_rig_at(&rig, rid), 4, &rig.err);
    if (!good)
        err_print(&rig.err, stderr);
    CU_ASSERT_FATAL(good);
}

static void boot_with_vfs(void)
{
    pci_rig_init(&rig, machine, sizeof machine / sizeof machine[0]);
    pci_rig_boot(&rig);
    enable_vfs(NVME_0);
    enable_vfs(NVME_1);
}

static void linux_numbers_at_boot(void)
{
    pci_rig_init(&rig, machine, sizeof machine / sizeof machine[0]);
    pci_rig_boot(&rig);
    tree_is("q.boot.tree.txt");
    CU_ASSERT_EQUAL(rig.waited_ps, 0);
    CU_ASSERT_EQUAL(pci_rig_violations(&rig), 0);
    pci_rig_fini(&rig);
}

/* sriov-params.txt: 8 and 4 VFs, offset 1, stride 1, device 10. */
static void linux_finds_vfs(void)
{
    boot_with_vfs();
    tree_is("q.vfs.tree.txt");
    sizes_are("q.vfs.resource.txt", 22);
    CU_ASSERT_EQUAL(rig.waited_ps, 2 * ENUMERATE_VF_ENABLE_PS);
    CU_ASSERT_EQUAL(pci_rig_violations(&rig), 0);

    const struct pci_function *pf = pci_rig_at(&rig, NVME_0);
    const struct pci_function *vf = pci_rig_at(&rig, NVME_0 + 4);
    CU_ASSERT_EQUAL(pf->total_vfs, 8);
    CU_ASSERT_EQUAL(pci_rig_at(&rig, NVME_1)->total_vfs, 4);
    CU_ASSERT_EQUAL(pf->vf_offset, 1);
    CU_ASSERT_EQUAL(pf->vf_stride, 1);
    CU_ASSERT_PTR_EQUAL(vf->pf, pf);
    CU_ASSERT_EQUAL(vf->bar[0].base, pf->vf_bar[0].base + 3 * vf->bar[0].bytes);
    pci_rig_fini(&rig);
}

static void plug(bool in)
{
    hierarchy_set_present(&rig.hierarchy, NODE_CARD, in);
}

static void linux_adds_and_removes_a_card(void)
{
    boot_with_vfs();
    plug(true);
    CU_ASSERT_FATAL(enumerate_hot_add(&rig.host, pci_rig_at(&rig, RP3), &rig.err));
    tree_is("q.hotadd.tree.txt");
    sizes_are("q.hotadd.resource.txt", 23);
    CU_ASSERT_EQUAL(pci_rig_violations(&rig), 0);

    enumerate_hot_remove(&rig.host, pci_rig_at(&rig, RP3), true);
    plug(false);
    tree_is("q.hotdel.tree.txt");
    CU_ASSERT_EQUAL(pci_rig_violations(&rig), 0);

    /* And again: the same card at the same places, in memory that is used again. */
    const size_t used = rig.arena.used_bytes;
    plug(true);
    CU_ASSERT_FATAL(enumerate_hot_add(&rig.host, pci_rig_at(&rig, RP3), &rig.err));
    tree_is("q.hotadd.tree.txt");
    CU_ASSERT_EQUAL(rig.arena.used_bytes, used);
    CU_ASSERT_EQUAL(pci_rig_violations(&rig), 0);
    pci_rig_fini(&rig);
}

/* As Linux did: ports forward ARI where the card has it, and not where it has not. */
static void ari_is_forwarded_where_linux_did(void)
{
    static const struct {
        uint16_t rid;
        uint16_t express;
        bool on;
    } ports[] = {
        {RP1, 0x54, true}, {RP3, 0x54, false}, {0x0300, 0x90, true}, {0x0308, 0x90, false}};
    boot_with_vfs();
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++)
        CU_ASSERT_EQUAL(
            (cfg_access_read16(&rig.access, ports[i].rid, ports[i].express + PCI_EXP_DEVCTL2) &
             PCI_EXP_DEVCTL2_ARI) != 0,
            ports[i].on);
    pci_rig_fini(&rig);
}

void suite_enumerate_qemu(void)
{
    CU_pSuite suite = CU_add_suite("enumerate_qemu", NULL, NULL);
    CU_ADD_TEST(suite, linux_numbers_at_boot);
    CU_ADD_TEST(suite, linux_finds_vfs);
    CU_ADD_TEST(suite, linux_adds_and_removes_a_card);
    CU_ADD_TEST(suite, ari_is_forwarded_where_linux_did);
}
