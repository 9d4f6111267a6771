/* Configuration accesses of a real kernel against the presets: every read that it made gives what
 * it got, and after the last write every register reads as the kernel's lspci -xxxx printed it.
 * Not pinned: which accesses another kernel makes, and what the owner of a function does with the
 * effects beyond what is done here (resets, the slot's card). */
#include "golden.h"
#include "pcie/cap_msi.h"
#include "pcie/cap_slot.h"
#include "pcie/cap_sriov.h"
#include "pcie/preset.h"

#include <CUnit/CUnit.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void suite_replay(void);

enum { LAYOUT_BYTES = CFGSPACE_BYTES * 6, MESSAGE_ADDRESS = 0xfee01004, SLOT_MESSAGE = 0x27 };

#define OWNER "tests/data/linux-pooled/owner.vfs.xxxx.txt"
#define USER  "tests/data/linux-pooled/user.hotadd.xxxx.txt"

struct kind {
    const char *host, *name;
    enum preset preset;
    const char *dump, *bdf;
    int user_function; /* of an emulated VF; -1: not one */
};

struct subject {
    struct kind is;
    struct cfgspace space;
    struct cfgspace_layout layout;
    uint8_t memory[LAYOUT_BYTES], value[CFGSPACE_BYTES];
    bool written[CFGSPACE_BYTES];
    unsigned reads;
};

static const struct kind kinds[] = {
    {"h0", "host", PRESET_HOST_BRIDGE, OWNER, "10000:00:00.0", -1},
    {"h0", "rp", PRESET_ROOT_PORT, OWNER, "10000:00:01.0", -1},
    {"h0", "xilinx", PRESET_SWITCH_MANAGEMENT, OWNER, "10000:01:00.0", -1},
    {"h0", "up", PRESET_SWITCH_UPSTREAM, OWNER, "10000:01:00.1", -1},
    {"h0", "dp", PRESET_SWITCH_DOWNSTREAM, OWNER, "10000:02:00.0", -1},
    {"h0", "pf82599", PRESET_82599, OWNER, "10000:03:00.0", -1},
    {"h0", "vf", PRESET_82599_VF, OWNER, "10000:04:10.0", -1},
    {"h1", "host", PRESET_HOST_BRIDGE, USER, "10000:00:00.0", -1},
    {"h1", "rp", PRESET_ROOT_PORT, USER, "10000:00:01.0", -1},
    {"h1", "xilinx", PRESET_SWITCH_MANAGEMENT, USER, "10000:01:00.0", -1},
    {"h1", "up", PRESET_SWITCH_UPSTREAM, USER, "10000:01:00.1", -1},
    {"h1", "dp", PRESET_SWITCH_DOWNSTREAM, USER, "10000:02:00.0", -1},
    {"h1", "user-vf0", PRESET_82599, USER, "10000:03:00.0", 0},
    {"h1", "user-nvme-vf1", PRESET_NVME, USER, "10000:03:00.1", 1},
    {"h1", "user-vf2", PRESET_82599, USER, "10000:03:00.2", 2},
    {"h1", "user-vf3", PRESET_82599, USER, "10000:03:00.3", 3},
};

enum { SUBJECTS = sizeof kinds / sizeof kinds[0], USER_FUNCTIONS = 4 };

static struct subject subjects[SUBJECTS];

/* Bytes in which our functions are not those of that experiment, until software writes them. */
static const struct {
    const char *name;
    uint16_t offset, bytes;
} ours[] = {
    /* The Base Spec's severities and masks after reset; those devices had 0. */
    {"pf82599", 0x10c, 4},
    {"pf82599", 0x114, 4},
    /* The writes of VFs by their owner were not recorded. */
    {"vf", 0x0a8, 1},
};

static bool is_ours(const struct subject *subject, unsigned offset)
{
    for (unsigned i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (strcmp(ours[i].name, subject->is.name) == 0 && offset >= ours[i].offset &&
            offset < ours[i].offset + (unsigned)ours[i].bytes)
            return !subject->written[offset];
    return false;
}

static void build_user(struct subject *subject)
{
    static uint8_t pf_memory[LAYOUT_BYTES], vf_memory[LAYOUT_BYTES];
    const struct preset_user_options user = {
        .multifunction = subject->is.user_function == 0,
        .next_function = (uint8_t)((subject->is.user_function + 1) % USER_FUNCTIONS)};
    struct preset_options options;
    struct cfgspace_layout pf, vf;

    preset_defaults(subject->is.preset, &options);
    preset_build(subject->is.preset, &options, &pf, pf_memory);
    preset_defaults(preset_vf(subject->is.preset), &options);
    preset_build(preset_vf(subject->is.preset), &options, &vf, vf_memory);
    preset_build_user_vf(&pf, &vf, &user, &subject->layout, subject->memory);
}

static void build(struct subject *subject)
{
    struct preset_options options;

    if (subject->is.user_function >= 0) {
        build_user(subject);
    } else {
        preset_defaults(subject->is.preset, &options);
        options.card |=
            subject->is.preset == PRESET_SWITCH_DOWNSTREAM && subject->is.host[1] == '0';
        preset_build(subject->is.preset, &options, &subject->layout, subject->memory);
    }
    cfgspace_init(&subject->space, &subject->layout, subject->value);
    memset(subject->written, 0, sizeof subject->written);
    subject->reads = 0;
}

static struct subject *find(const char *host, const char *name)
{
    for (unsigned i = 0; i < SUBJECTS; i++)
        if (strcmp(subjects[i].is.host, host) == 0 && strcmp(subjects[i].is.name, name) == 0)
            return &subjects[i];
    return NULL;
}

/* The machines of that experiment did not reset what is below a bridge when told so, and the
 * kernel, which writes back only what it finds changed, wrote nothing back. So nothing is reset
 * here. */
static void act_on(const struct subject *subject, unsigned effects)
{
    if (effects & CFGSPACE_BUS_RESET)
        CU_ASSERT_STRING_EQUAL(subject->is.name, "rp");
    if (effects & CFGSPACE_VF_ENABLE && cap_sriov_enabled(&subject->space)) {
        CU_ASSERT_EQUAL(cap_sriov_num_vfs(&subject->space), 8);
        CU_ASSERT_EQUAL(cap_sriov_vf_rid(&subject->space, 0x0300, 0), 0x0480);
        CU_ASSERT_EQUAL(cap_sriov_vf_rid(&subject->space, 0x0300, 7), 0x048e);
        CU_ASSERT_EQUAL(cap_sriov_vf_bar(&subject->space, 0, 1), 0xf8088000);
        CU_ASSERT_EQUAL(cap_sriov_vf_bar(&subject->space, 3, 1), 0xf8188000);
    }
}

static void access_one(const char *line, struct subject *subject, const char *op, unsigned offset,
                       unsigned bytes, unsigned value)
{
    if (strcmp(op, "cfgw") == 0) {
        for (unsigned i = 0; i < bytes; i++)
            subject->written[offset + i] = true;
        act_on(subject,
               cfgspace_write_sized(&subject->space, (uint16_t)offset, (uint8_t)bytes, value));
        return;
    }
    subject->reads++;
    if (is_ours(subject, offset))
        return;
    if (cfgspace_read_sized(&subject->space, (uint16_t)offset, (uint8_t)bytes) != value) {
        printf("\n    reads %x: %s",
               cfgspace_read_sized(&subject->space, (uint16_t)offset, (uint8_t)bytes), line);
        CU_FAIL("a read gives something else");
    }
}

/* The four functions arrive in the User's slot, which tells so by its message. */
static void hot_add(void)
{
    struct subject *dp = find("h1", "dp");

    CU_ASSERT_TRUE(cap_slot_set_card(&dp->space, true, true));
    CU_ASSERT_TRUE(cap_msi_enabled(&dp->space));
    CU_ASSERT_EQUAL(cap_msi_address(&dp->space), MESSAGE_ADDRESS);
    CU_ASSERT_EQUAL(cap_msi_data(&dp->space, 0), SLOT_MESSAGE);
}

static void compare(const struct subject *subject)
{
    static uint8_t golden[CFGSPACE_BYTES];

    CU_ASSERT_FATAL(golden_load(subject->is.dump, subject->is.bdf, golden));
    for (unsigned i = 0; i < CFGSPACE_BYTES; i++) {
        if (is_ours(subject, i) || cfgspace_get8(&subject->space, i) == golden[i])
            continue;
        printf("\n    %s %s at %03x: %02x, golden %02x", subject->is.host, subject->is.name, i,
               cfgspace_get8(&subject->space, i), golden[i]);
        CU_FAIL("a register ends otherwise");
    }
}

static void a_kernel_finds_and_leaves_what_it_did(void)
{
    FILE *file = fopen("tests/data/linux-pooled/config.trace", "r");
    char line[128], host[8], name[32], op[8], place[8], number[16], *end;
    unsigned offset, bytes, value, accesses = 0;

    CU_ASSERT_FATAL(file != NULL);
    for (unsigned i = 0; i < SUBJECTS; i++) {
        subjects[i].is = kinds[i];
        build(&subjects[i]);
    }
    while (fgets(line, sizeof line, file)) {
        if (strstr(line, "hot-add"))
            hot_add();
        if (sscanf(line, "%*s %7s %31s %7s %7s %15s", host, name, op, place, number) != 5)
            continue;
        offset = (unsigned)strtoul(place, &end, 16);
        bytes = (unsigned)strtoul(end + 1, NULL, 10);
        value = (unsigned)strtoul(number, NULL, 16);
        CU_ASSERT_FATAL(find(host, name) != NULL);
        access_one(line, find(host, name), op, offset, bytes, value);
        accesses++;
    }
    fclose(file);
    CU_ASSERT(accesses > 1000);
    for (unsigned i = 0; i < SUBJECTS; i++) {
        CU_ASSERT(subjects[i].reads > 10);
        compare(&subjects[i]);
    }
}

void suite_replay(void)
{
    CU_pSuite suite = CU_add_suite("replay", NULL, NULL);

    CU_add_test(suite, "a kernel finds and leaves what it did",
                a_kernel_finds_and_leaves_what_it_did);
}
