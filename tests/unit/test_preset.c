/* Each preset: the real lspci decodes every register and capability of it without a complaint, and
 * QEMU's read as a kernel under QEMU printed them, but for the bytes that are named here.
 * Not pinned: texts that lspci prints from its table of names, which changes between versions. */
#include "golden.h"
#include "pcie/cap_header.h"
#include "pcie/cap_sriov.h"
#include "pcie/lspci_dump.h"
#include "pcie/preset.h"

#include <CUnit/CUnit.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void suite_preset(void);

enum { LAYOUT_BYTES = CFGSPACE_BYTES * 6, OUTPUT_BYTES = 1 << 18, VF_VALUE_BYTES = 350 };

struct function {
    struct cfgspace_layout layout;
    struct cfgspace space;
    uint8_t memory[LAYOUT_BYTES], value[CFGSPACE_BYTES];
};

static char output[OUTPUT_BYTES];

static void build(struct function *function, enum preset preset)
{
    struct preset_options options;

    preset_defaults(preset, &options);
    CU_ASSERT(preset_memory_bytes(preset) <= LAYOUT_BYTES);
    preset_build(preset, &options, &function->layout, function->memory);
    cfgspace_init(&function->space, &function->layout, function->value);
}

static void names_find_their_preset(void)
{
    for (unsigned i = 0; i < PRESET_COUNT; i++) {
        enum preset found = PRESET_COUNT;

        CU_ASSERT_TRUE(preset_find(preset_name((enum preset)i), &found));
        CU_ASSERT_EQUAL(found, i);
    }
    CU_ASSERT_FALSE(preset_find("82598", &(enum preset){PRESET_COUNT}));
}

static void vfs_are_short_and_bare(void)
{
    static struct function pf, vf;

    for (unsigned i = 0; i < PRESET_COUNT; i++) {
        build(&pf, (enum preset)i);
        CU_ASSERT_EQUAL(pf.layout.sriov != 0, preset_vf((enum preset)i) != PRESET_COUNT);
        if (!pf.layout.sriov)
            continue;
        build(&vf, preset_vf((enum preset)i));
        CU_ASSERT(vf.layout.is_vf && vf.layout.bytes <= VF_VALUE_BYTES);
        CU_ASSERT_EQUAL(cfgspace_read(&vf.space, PCI_VENDOR_ID), UINT32_MAX);
        cfgspace_write(&vf.space, PCI_COMMAND, UINT32_MAX, 0xf);
        CU_ASSERT_EQUAL(cfgspace_get16(&vf.space, PCI_COMMAND), PCI_COMMAND_MASTER);
        for (unsigned n = 0; n < CFGSPACE_BARS; n++) {
            cfgspace_write(&vf.space, (uint16_t)(PCI_BASE_ADDRESS_0 + 4 * n), UINT32_MAX, 0xf);
            CU_ASSERT_EQUAL(cfgspace_get32(&vf.space, PCI_BASE_ADDRESS_0 + 4 * n), 0);
        }
    }
}

/* lspci -v looks for the machine's kernel modules, and says so where there are none. */
static void drop_kernel_modules(char *text)
{
    static const char begin[] = "lspci: Unable to load libkmod";
    char *found = strstr(text, begin);
    const char *end = found ? strchr(found, '\n') : NULL;

    if (end)
        memmove(found, end + 1, strlen(end));
}

/* What lspci with @flags makes of what is in @path, its complaints included. */
static const char *lspci(const char *flags, const char *path)
{
    const int out = memfd_create("lspci", MFD_CLOEXEC);
    int status = -1;
    ssize_t length;
    pid_t child;

    CU_ASSERT_FATAL(out >= 0);
    fflush(NULL);
    child = fork();
    if (child == 0) {
        dup2(out, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
        execlp("lspci", "lspci", "-F", path, flags, (char *)NULL);
        _exit(127);
    }
    CU_ASSERT_FATAL(child > 0 && waitpid(child, &status, 0) == child);
    CU_ASSERT_EQUAL(status, 0);
    length = pread(out, output, sizeof output - 1, 0);
    output[length > 0 ? length : 0] = '\0';
    close(out);
    drop_kernel_modules(output);
    return output;
}

static FILE *scratch(char path[32])
{
    int handle;

    snprintf(path, 32, "/tmp/poolsim-lspci-XXXXXX");
    handle = mkstemp(path);
    CU_ASSERT_FATAL(handle >= 0);
    return fdopen(handle, "w");
}

/* Nothing that lspci says of a capability that it does not know or cannot read. */
static void has_no_complaint(const char *name, const char *text)
{
    static const char *const complaints[] = {
        "<unreadable>",           "nknown", "!!!", "pcilib", "lspci:",  "<chain ", "denied",
        "Extended Capability ID", "llegal", "#00", "???",    "(rev ff)"};

    CU_ASSERT(strlen(text) > 100);
    for (unsigned i = 0; i < sizeof complaints / sizeof complaints[0]; i++) {
        const char *found = strstr(text, complaints[i]);

        /* A slot without indicators has none in a known state. */
        while (found && strncmp(found - strlen("Ind U"), "Ind U", strlen("Ind U")) == 0)
            found = strstr(found + 1, complaints[i]);
        if (!found)
            continue;
        printf("\n    %s: %.60s", name, found);
        CU_FAIL("lspci complains");
    }
}

static void lspci_decodes_each_preset(void)
{
    static struct function pf, function;

    for (unsigned i = 0; i < PRESET_COUNT; i++) {
        const char *name = preset_name((enum preset)i);
        char path[32];
        FILE *file = scratch(path);

        build(&function, (enum preset)i);
        if (function.layout.is_vf) {
            build(&pf, (enum preset)(i - 1));
            lspci_dump_vf(file, 0, 0x0100, name, &function.space, &pf.space);
        } else {
            lspci_dump_function(file, 0, 0x0100, name, &function.space);
        }
        CU_ASSERT_EQUAL(fclose(file), 0);
        has_no_complaint(name, lspci("-vvv", path));
        unlink(path);
    }
}

/* Capabilities by the texts that no version of lspci words otherwise. */
static void lspci_finds_the_capabilities_of_the_82599(void)
{
    static const char *const texts[] = {
        "[50] MSI:",
        "[70] MSI-X: Enable- Count=64",
        "Vector table: BAR=4 offset=00000000",
        "PBA: BAR=4 offset=00002000",
        "[a0] Express (v2) Endpoint",
        "MaxPayload 256 bytes",
        "Speed 5GT/s, Width x8",
        "[100 v1] Advanced Error Reporting",
        "[140 v1] Device Serial Number 00-00-00-00-de-ad-be-ef",
        "[150 v1] Alternative Routing-ID Interpretation (ARI)",
        "[160 v1] Single Root I/O Virtualization (SR-IOV)",
        "Initial VFs: 64, Total VFs: 64, Number of VFs: 0, Function Dependency Link: 00",
        "VF offset: 384, stride: 2, Device ID: 10ed",
    };
    static struct function pf;
    char path[32];
    FILE *file = scratch(path);

    build(&pf, PRESET_82599);
    lspci_dump_function(file, 0, 0x0300, "", &pf.space);
    CU_ASSERT_EQUAL(fclose(file), 0);
    lspci("-vvv", path);
    unlink(path);
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (!strstr(output, texts[i]))
            printf("\n    missing: %s", texts[i]);
        CU_ASSERT(strstr(output, texts[i]) != NULL);
    }
}

/* The Owner's part below the root port, with two VFs and a domain of its own. */
static void lspci_draws_the_tree(void)
{
    static struct function port, pf, vf;
    char path[32];
    FILE *file = scratch(path);

    build(&port, PRESET_SWITCH_DOWNSTREAM);
    build(&pf, PRESET_82599);
    build(&vf, PRESET_82599_VF);
    cfgspace_write(&port.space, PCI_PRIMARY_BUS, 0x040302, 0xf);
    lspci_dump_function(file, 0x10000, 0x0200, "port", &port.space);
    lspci_dump_function(file, 0x10000, 0x0300, "pf", &pf.space);
    for (unsigned i = 0; i < 2; i++)
        lspci_dump_vf(file, 0x10000, cap_sriov_vf_rid(&pf.space, 0x0300, i), "vf", &vf.space,
                      &pf.space);
    CU_ASSERT_EQUAL(fclose(file), 0);
    lspci("-vtn", path);
    unlink(path);
    CU_ASSERT_PTR_NOT_NULL(strstr(output, "02]---00.0-[03-04]--+-[10000:03]---00.0  8086:10fb"));
    CU_ASSERT_PTR_NOT_NULL(strstr(output, "[10000:04]-+-10.0  8086:10ed"));
    CU_ASSERT_PTR_NOT_NULL(strstr(output, "\\-10.2  8086:10ed"));
}

static const struct {
    enum preset preset;
    const char *bdf;
    uint16_t slot_number;
} qemu[] = {
    {PRESET_Q35_HOST_BRIDGE, "00:00.0", 0},  {PRESET_QEMU_ROOT_PORT, "00:02.0", 1},
    {PRESET_ICH9_LPC, "00:1f.0", 0},         {PRESET_ICH9_SATA, "00:1f.2", 0},
    {PRESET_ICH9_SMBUS, "00:1f.3", 0},       {PRESET_QEMU_NVME, "01:00.0", 0},
    {PRESET_QEMU_NVME_VF, "01:00.1", 0},     {PRESET_X3130_UPSTREAM, "02:00.0", 0},
    {PRESET_X3130_DOWNSTREAM, "03:00.0", 3}, {PRESET_E1000E, "05:00.0", 0},
};

/* Where ours differ in what software cannot write. */
static const struct {
    enum preset preset;
    uint16_t offset, bytes;
} ours[] = {
    /* Registers of the chipset that are no configuration mechanism. */
    {PRESET_Q35_HOST_BRIDGE, 0x40, 0xc0},
    {PRESET_ICH9_LPC, 0x40, 0xc0},
    {PRESET_ICH9_SATA, 0x90, 1},
    {PRESET_ICH9_SMBUS, 0x40, 1},
    {PRESET_QEMU_NVME_VF, 0x3d, 1},   /* a VF has no interrupt pin (SR-IOV 3.4.1.19) */
    {PRESET_X3130_UPSTREAM, 0x97, 1}, /* a bridge has no FLR */
    {PRESET_X3130_DOWNSTREAM, 0x97, 1},
    /* Link Capabilities: the speed and width that Link Status has, and link active reporting. */
    {PRESET_X3130_DOWNSTREAM, 0x9c, 3},
};

static bool is_ours(enum preset preset, unsigned offset)
{
    for (unsigned i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (ours[i].preset == preset && offset >= ours[i].offset &&
            offset < ours[i].offset + (unsigned)ours[i].bytes)
            return true;
    return false;
}

static void qemu_reads_as_a_kernel_printed_it(void)
{
    static struct function function;
    static uint8_t golden[CFGSPACE_BYTES];

    for (unsigned i = 0; i < sizeof qemu / sizeof qemu[0]; i++) {
        struct preset_options options;

        preset_defaults(qemu[i].preset, &options);
        options.card = true;
        options.slot_number = qemu[i].slot_number;
        preset_build(qemu[i].preset, &options, &function.layout, function.memory);
        cfgspace_init(&function.space, &function.layout, function.value);
        CU_ASSERT_FATAL(
            golden_load("tests/data/qemu-functions/q.vfs.xxxx.txt", qemu[i].bdf, golden));
        for (unsigned at = 0; at < CFGSPACE_BYTES; at++) {
            const uint8_t fixed =
                at < function.layout.bytes ? (uint8_t)~function.layout.write_mask[at] : UINT8_MAX;
            const uint8_t byte = cfgspace_get8(&function.space, at);

            if (is_ours(qemu[i].preset, at) || !((byte ^ golden[at]) & fixed))
                continue;
            printf("\n    %s at %03x: %02x, golden %02x", preset_name(qemu[i].preset), at, byte,
                   golden[at]);
            CU_FAIL("a register reads otherwise");
        }
    }
}

/* What a User's kernel must not find: a chain that leads to ARI. */
static void ari_can_be_hidden(void)
{
    static const enum preset pfs[] = {PRESET_82599, PRESET_QEMU_NVME};
    static struct function pf, vf, user;

    for (unsigned i = 0; i < 2; i++) {
        const struct preset_user_options options = {.hide_ari = true};

        build(&pf, pfs[i]);
        build(&vf, preset_vf(pfs[i]));
        preset_build_user_vf(&pf.layout, &vf.layout, &options, &user.layout, user.memory);
        cfgspace_init(&user.space, &user.layout, user.value);
        CU_ASSERT_EQUAL(user.layout.ari, 0);
        CU_ASSERT_EQUAL(cfgspace_bar_bytes(&user.layout, 0), 0x4000);
        for (unsigned at = 0x100; at; at = PCI_EXT_CAP_NEXT(cfgspace_get32(&user.space, at)))
            CU_ASSERT_NOT_EQUAL(PCI_EXT_CAP_ID(cfgspace_get32(&user.space, at)),
                                PCI_EXT_CAP_ID_ARI);
    }
}

void suite_preset(void)
{
    CU_pSuite suite = CU_add_suite("preset", NULL, NULL);

    CU_add_test(suite, "names find their preset", names_find_their_preset);
    CU_add_test(suite, "VFs are short and bare", vfs_are_short_and_bare);
    CU_add_test(suite, "lspci decodes each preset", lspci_decodes_each_preset);
    CU_add_test(suite, "lspci finds the 82599's capabilities",
                lspci_finds_the_capabilities_of_the_82599);
    CU_add_test(suite, "lspci draws the tree", lspci_draws_the_tree);
    CU_add_test(suite, "QEMU's read as a kernel printed them", qemu_reads_as_a_kernel_printed_it);
    CU_add_test(suite, "ARI can be hidden", ari_can_be_hidden);
}
