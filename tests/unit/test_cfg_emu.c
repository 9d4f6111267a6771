/* The emulated configuration space. A bare 82599 VF, as an Owner's Linux saw it, comes out as a
 * User's Linux saw it (dumps of a lab with stock kernels; the lines below are theirs). Sizing,
 * memory enable, FLR, linking; random writes against a byte-wise reference; and the isolation of
 * what BARs open: random loads, unloads and writes never let a host reach a function that it does
 * not hold. Not pinned: which constant registers the shadow answers itself. */
#include "base/check.h"
#include "pcie/cap_header.h"
#include "pcie/cap_sriov.h"
#include "pcie/preset.h"
#include "pool/cfg_emu.h"
#include "splitmix.h"

#include <CUnit/CUnit.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void suite_cfg_emu(void);

enum { VF_BYTES = 0x160, PF_BYTES = 0x1c0, MEMORY_BYTES = 8192 };

struct dump_line {
    uint16_t offset;
    const char *bytes;
};

/* 04:10.0 of the Owner; lines that are missing are zero. */
static const struct dump_line bare_vf[] = {
    {0x00, "ff ff ff ff 00 00 10 00 01 00 00 02 00 00 00 00"},
    {0x20, "00 00 00 00 00 00 00 00 00 00 00 00 86 80 0c 00"},
    {0x30, "00 00 00 00 70 00 00 00 00 00 00 00 00 00 00 00"},
    {0x70, "11 a0 02 00 03 00 00 00 03 20 00 00 00 00 00 00"},
    {0xa0, "10 00 02 00 01 80 00 10 0f 00 00 00 82 00 00 00"},
    {0xb0, "00 00 82 00 00 00 00 00 00 00 00 00 00 00 00 00"},
    {0xc0, "00 00 00 00 10 00 00 00 00 00 00 00 06 00 00 00"},
    {0xd0, "02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"},
    {0x100, "01 00 01 15 00 00 00 00 00 00 00 00 00 00 00 00"},
    {0x150, "0e 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00"},
};

/* 03:00.0 of the User after its hot-add. */
static const struct dump_line user_vf[] = {
    {0x00, "86 80 ed 10 00 00 10 00 01 00 00 02 00 00 80 00"},
    {0x10, "04 00 00 f8 00 00 00 00 00 00 00 00 04 40 00 f8"},
    {0x20, "00 00 00 00 00 00 00 00 00 00 00 00 86 80 0c 00"},
    {0x30, "00 00 00 00 70 00 00 00 00 00 00 00 00 00 00 00"},
    {0x70, "11 a0 02 00 03 00 00 00 03 20 00 00 00 00 00 00"},
    {0xa0, "10 00 02 00 01 80 00 10 0f 00 00 00 82 00 00 00"},
    {0xb0, "00 00 82 00 00 00 00 00 00 00 00 00 00 00 00 00"},
    {0xc0, "00 00 00 00 10 00 00 00 00 00 00 00 06 00 00 00"},
    {0xd0, "02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"},
    {0x100, "01 00 01 15 00 00 00 00 00 00 00 00 00 00 00 00"},
    {0x150, "0e 00 01 00 00 01 00 00 00 00 00 00 00 00 00 00"},
};

static void parse_dump(const struct dump_line *lines, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++)
        for (unsigned b = 0; b < 16; b++)
            out[lines[i].offset + b] = (uint8_t)strtoul(lines[i].bytes + 3 * b, NULL, 16);
}
#define PARSE(lines, out) parse_dump(lines, sizeof(lines) / sizeof((lines)[0]), out)

/* A PF with SR-IOV, its VFs' layout, and one VF as the device has it. */
struct rig {
    struct cfgspace_layout pf_layout, vf_layout;
    struct cfgspace pf, vf;
    uint8_t pf_memory[MEMORY_BYTES], vf_memory[MEMORY_BYTES];
    uint8_t pf_value[PF_BYTES], vf_value[VF_BYTES];
};

static void rig_init(struct rig *rig)
{
    uint8_t dump[VF_BYTES] = {0};
    const struct cap_header_options header = {
        .vendor = 0x8086, .device = 0x10fb, .class_code = 0x020000, .revision = 1};
    const struct cap_sriov_options sriov = {
        .total_vfs = 64,
        .vf_device_id = 0x10ed,
        .page_sizes = 0x553,
        .routing = {0x180, 2},
        .ari_routing = {0x80, 1},
        .bar = {[0] = {14, .is_64 = true}, [3] = {14, .is_64 = true}},
    };

    memset(rig, 0, sizeof *rig);
    CHECK(cfgspace_layout_memory_bytes(PF_BYTES) <= MEMORY_BYTES);
    cfgspace_layout_init(&rig->pf_layout, PF_BYTES, rig->pf_memory);
    cap_header_add_type0(&rig->pf_layout, &header);
    cap_sriov_add(&rig->pf_layout, 0x100, &sriov);
    cfgspace_init(&rig->pf, &rig->pf_layout, rig->pf_value);

    struct cfgspace_layout *vf = &rig->vf_layout;
    cfgspace_layout_init(vf, VF_BYTES, rig->vf_memory);
    PARSE(bare_vf, dump);
    for (unsigned i = 0; i < VF_BYTES; i++)
        cfgspace_layout_reg8(vf, i, dump[i], 0, 0);
    vf->is_vf = true;
    vf->express = 0xa0;
    vf->msix = 0x70;
    vf->aer = 0x100;
    vf->ari = 0x150;
    cfgspace_layout_reg16(vf, PCI_COMMAND, 0, PCI_COMMAND_MASTER, 0);
    cfgspace_layout_reg16(vf, 0x72, 2, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL, 0);
    cfgspace_layout_kind(vf, 0x70, 4, CFGSPACE_KIND_MSIX);
    cfgspace_layout_reg16(vf, 0xa8, 0xf, 0, 0);
    cfgspace_layout_reg16(vf, 0xaa, 0, 0, 0xf);
    cfgspace_layout_kind(vf, 0xa8, 4, CFGSPACE_KIND_DEVICE);
    cfgspace_layout_reg32(vf, 0x104, 0, 0, 0x3ff030);
    cfgspace_layout_kind(vf, 0x104, 0x24, CFGSPACE_KIND_AER);
    cfgspace_init(&rig->vf, vf, rig->vf_value);
}

/* What the User's software gets: the switch's and the VF's part together. */
static uint32_t read_dw(const struct cfg_emu *emu, const struct cfgspace *vf, uint16_t dw)
{
    const struct cfg_emu_decision decision = cfg_emu_read(emu, dw);

    switch (decision.outcome) {
    case CFG_EMU_ANSWER:
        return decision.data;
    case CFG_EMU_PASS:
        return cfgspace_read(vf, (uint16_t)(4 * dw));
    case CFG_EMU_MIXED: {
        const uint32_t merged = cfg_emu_merge(emu, dw, cfgspace_read(vf, (uint16_t)(4 * dw)));
        CU_ASSERT_EQUAL(merged & decision.mask, decision.data);
        return merged;
    }
    case CFG_EMU_UR:
    case CFG_EMU_CRS:
        break;
    }
    return UINT32_MAX;
}

static unsigned write_dw(struct cfg_emu *emu, struct cfgspace *vf, uint16_t dw, uint32_t value,
                         uint8_t byte_enables)
{
    const struct cfg_emu_decision decision = cfg_emu_write(emu, dw, byte_enables);

    if (decision.outcome == CFG_EMU_UR || decision.outcome == CFG_EMU_CRS)
        return 0;
    if (decision.outcome != CFG_EMU_ANSWER)
        cfgspace_write(vf, (uint16_t)(4 * dw), value, byte_enables);
    return cfg_emu_apply(emu, dw, value, byte_enables);
}

static void as_linux_saw_it(void)
{
    struct rig rig;
    struct cfg_emu_model model;
    struct cfg_emu functions[4] = {0};
    uint8_t expected[VF_BYTES] = {0};

    rig_init(&rig);
    cfg_emu_model_init(&model, &rig.pf, &rig.vf_layout, true);
    for (unsigned i = 0; i < 4; i++)
        cfg_emu_load(&functions[i], &model);
    cfg_emu_link(functions, 4);
    write_dw(&functions[0], &rig.vf, 0x10 / 4, 0xf8000004, 0xf);
    write_dw(&functions[0], &rig.vf, 0x1c / 4, 0xf8004004, 0xf);
    PARSE(user_vf, expected);
    for (unsigned dw = 0; dw < VF_BYTES / 4; dw++) {
        uint32_t bytes;
        memcpy(&bytes, expected + 4 * dw, 4);
        CU_ASSERT_EQUAL(read_dw(&functions[0], &rig.vf, (uint16_t)dw), bytes);
    }
    for (unsigned i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(read_dw(&functions[i], &rig.vf, 0x154 / 4), (i + 1) % 4 << 8);
    CU_ASSERT_EQUAL(read_dw(&functions[1], &rig.vf, 0xc / 4), 0);
    CU_ASSERT_EQUAL(read_dw(&functions[0], &rig.vf, 1023), 0);
    CU_ASSERT_EQUAL(cfg_emu_dws(&functions[0]), 0x158 / 4);
}

static void hides_ari(void)
{
    struct rig rig;
    struct cfg_emu_model model;
    struct cfg_emu emu;

    rig_init(&rig);
    cfg_emu_model_init(&model, &rig.pf, &rig.vf_layout, false);
    cfg_emu_load(&emu, &model);
    cfg_emu_link(&emu, 1);
    CU_ASSERT_EQUAL(read_dw(&emu, &rig.vf, 0x100 / 4), 0x00010001);
    CU_ASSERT_EQUAL(read_dw(&emu, &rig.vf, 0x150 / 4), 0);
    CU_ASSERT_EQUAL(read_dw(&emu, &rig.vf, 0x154 / 4), 0);
    CU_ASSERT_EQUAL(read_dw(&emu, &rig.vf, 0xc / 4), 0); /* alone: not multifunction */

    /* ARI first, something behind it: a null capability leads on. */
    cfgspace_layout_reg32(&rig.vf_layout, 0x100, 0x1401000e, 0, 0);
    cfgspace_layout_reg32(&rig.vf_layout, 0x140, 0x00010001, 0, 0);
    rig.vf_layout.ari = 0x100;
    cfg_emu_model_init(&model, &rig.pf, &rig.vf_layout, false);
    cfg_emu_load(&emu, &model);
    CU_ASSERT_EQUAL(read_dw(&emu, &rig.vf, 0x100 / 4), 0x14000000);
    CU_ASSERT_EQUAL(read_dw(&emu, &rig.vf, 0x140 / 4), 0x00010001);
}

static void sizing_and_memory_enable(void)
{
    static const uint64_t owner[CFGSPACE_BARS] = {[0] = 0xf8084000, [3] = 0xf8184000};
    struct rig rig;
    struct cfg_emu_model model;
    struct cfg_emu emu;
    struct addr_map *map = addr_map_init(malloc(addr_map_bytes(CFGSPACE_BARS)), CFGSPACE_BARS);
    uint64_t at = 0;

    rig_init(&rig);
    cfg_emu_model_init(&model, &rig.pf, &rig.vf_layout, true);
    cfg_emu_load(&emu, &model);
    for (uint16_t dw = 4; dw < 10; dw++) {
        const uint32_t sized[] = {0xffffc004, 0xffffffff, 0, 0xffffc004, 0xffffffff, 0};

        write_dw(&emu, &rig.vf, dw, UINT32_MAX, 0xf);
        CU_ASSERT_EQUAL(read_dw(&emu, &rig.vf, dw), sized[dw - 4]);
        write_dw(&emu, &rig.vf, dw, 0, 0xf);
    }
    CU_ASSERT_EQUAL(read_dw(&emu, &rig.vf, 4), 4);
    /* The ROM that it does not have. */
    write_dw(&emu, &rig.vf, PCI_ROM_ADDRESS / 4, 0xfffff800, 0xf);
    CU_ASSERT_EQUAL(read_dw(&emu, &rig.vf, PCI_ROM_ADDRESS / 4), 0);

    CU_ASSERT_EQUAL(write_dw(&emu, &rig.vf, 4, 0x80000004, 0xf), CFG_EMU_RANGES);
    CU_ASSERT_EQUAL(write_dw(&emu, &rig.vf, 5, 0x12, 0xf), CFG_EMU_RANGES);
    CU_ASSERT_EQUAL(write_dw(&emu, &rig.vf, 5, 0x12, 0xf), 0);
    CU_ASSERT_EQUAL(cfg_emu_map(&emu, map, 0, owner, 9, 77), ADDR_MAP_OK);
    CU_ASSERT_PTR_NULL(addr_map_find(map, 0x1280000000, &at)); /* not enabled yet */

    CU_ASSERT_EQUAL(cfg_emu_write(&emu, 1, 0x3).outcome, CFG_EMU_MIXED);
    CU_ASSERT_EQUAL(cfg_emu_write(&emu, 1, 0xc).outcome, CFG_EMU_PASS);
    CU_ASSERT_EQUAL(
        write_dw(&emu, &rig.vf, 1, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | 0x400, 0x3),
        CFG_EMU_RANGES);
    CU_ASSERT_EQUAL(read_dw(&emu, &rig.vf, 1), 0x00100406);
    CU_ASSERT_TRUE(cfgspace_bus_master(&rig.vf));
    CU_ASSERT_FALSE(cfgspace_memory_enabled(&rig.vf));
    CU_ASSERT_EQUAL(cfg_emu_map(&emu, map, 0, owner, 9, 77), ADDR_MAP_OK);
    const struct addr_entry *entry = addr_map_find(map, 0x1280003ffc, &at);
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    CU_ASSERT_TRUE(at == 0xf8087ffc && entry->port == 9 && entry->function == 77);
    CU_ASSERT_PTR_NULL(addr_map_find(map, 0x1280004000, &at));
    CU_ASSERT_PTR_NULL(addr_map_find(map, 0, &at)); /* BAR 3 holds no address */

    write_dw(&emu, &rig.vf, 1, PCI_COMMAND_MASTER, 0x3);
    cfg_emu_map(&emu, map, 0, owner, 9, 77);
    CU_ASSERT_PTR_NULL(addr_map_find(map, 0x1280000000, &at));
    free(map);
}

static void pages_make_ranges_larger(void)
{
    struct rig rig;
    struct cfg_emu_model model;
    struct cfg_emu emu;

    rig_init(&rig);
    cfgspace_set32(&rig.pf, 0x100 + PCI_SRIOV_SYS_PGSIZE, 0x10); /* 64 KiB */
    cfg_emu_model_init(&model, &rig.pf, &rig.vf_layout, true);
    cfg_emu_load(&emu, &model);
    write_dw(&emu, &rig.vf, 4, UINT32_MAX, 0xf);
    CU_ASSERT_EQUAL(read_dw(&emu, &rig.vf, 4), 0xffff0004);
}

static void absent_and_in_reset(void)
{
    struct rig rig;
    struct cfg_emu_model model;
    struct cfg_emu emu = {0};

    rig_init(&rig);
    CU_ASSERT_EQUAL(cfg_emu_read(&emu, 0).outcome, CFG_EMU_UR);
    CU_ASSERT_EQUAL(cfg_emu_write(&emu, 1, 0xf).outcome, CFG_EMU_UR);
    CU_ASSERT_FALSE(cfg_emu_memory_enabled(&emu));
    cfg_emu_model_init(&model, &rig.pf, &rig.vf_layout, true);
    struct cfg_emu slot[2] = {0};
    cfg_emu_load(&slot[0], &model);
    cfg_emu_load(&slot[1], &model);
    cfg_emu_link(slot, 2);
    write_dw(&slot[0], &rig.vf, 1, PCI_COMMAND_MEMORY, 0x3);
    write_dw(&slot[0], &rig.vf, 4, 0x80000000, 0xf);
    CU_ASSERT_EQUAL(write_dw(&slot[0], &rig.vf, 0xa8 / 4, PCI_EXP_DEVCTL_BCR_FLR, 0x1), 0);
    CU_ASSERT_EQUAL(write_dw(&slot[0], &rig.vf, 0xa8 / 4, PCI_EXP_DEVCTL_BCR_FLR, 0x3),
                    CFG_EMU_FLR);
    cfg_emu_reset(&slot[0]);
    CU_ASSERT_EQUAL(cfg_emu_read(&slot[0], 0).outcome, CFG_EMU_CRS);
    CU_ASSERT_EQUAL(cfg_emu_write(&slot[0], 4, 0xf).outcome, CFG_EMU_CRS);
    CU_ASSERT_FALSE(cfg_emu_memory_enabled(&slot[0]));
    slot[0].ready = true;
    CU_ASSERT_EQUAL(read_dw(&slot[0], &rig.vf, 4), 4);
    CU_ASSERT_EQUAL(read_dw(&slot[0], &rig.vf, 3), 0x00800000);
    cfg_emu_unload(&slot[1]);
    cfg_emu_link(slot, 2);
    CU_ASSERT_EQUAL(read_dw(&slot[0], &rig.vf, 3), 0);
    CU_ASSERT_EQUAL(cfg_emu_read(&slot[1], 0).outcome, CFG_EMU_UR);
    CU_ASSERT_TRUE(cfg_emu_slot_holds(8, false) && !cfg_emu_slot_holds(9, false));
    CU_ASSERT_TRUE(cfg_emu_slot_holds(256, true) && !cfg_emu_slot_holds(257, true));
}

/* Every row explains what a write does to a dword: byte by byte. */
static void random_writes(void)
{
    struct rig rig;
    struct cfg_emu_model model;
    struct cfg_emu emu;
    uint64_t rng = 7;

    rig_init(&rig);
    cfg_emu_model_init(&model, &rig.pf, &rig.vf_layout, true);
    cfg_emu_load(&emu, &model);
    for (unsigned n = 0; n < 20000; n++) {
        const uint16_t dw = (uint16_t)splitmix_below(&rng, splitmix_below(&rng, 2) ? 16 : 1024);
        const uint32_t value = (uint32_t)splitmix(&rng), before = read_dw(&emu, &rig.vf, dw);
        const uint8_t enables = (uint8_t)splitmix_below(&rng, 16);
        const struct cfg_emu_row row = cfg_emu_row(&emu, dw);
        const uint16_t offset = (uint16_t)(4 * dw);
        uint32_t expected = 0;

        for (unsigned b = 0; b < 4; b++) {
            const bool here = enables >> b & 1, inside = offset < VF_BYTES;
            const uint8_t old = (uint8_t)(before >> 8 * b), new = (uint8_t)(value >> 8 * b);
            uint8_t mask = (uint8_t)(row.write_mask >> 8 * b);
            uint8_t clear = (uint8_t)(row.w1c_mask >> 8 * b);

            if (row.pass && inside) {
                mask |= rig.vf_layout.write_mask[offset + b];
                clear |= rig.vf_layout.w1c_mask[offset + b];
            }
            const uint8_t byte =
                here ? (uint8_t)(((old & ~mask) | (new &mask)) & ~(new &clear)) : old;
            expected |= (uint32_t)byte << 8 * b;
        }
        write_dw(&emu, &rig.vf, dw, value, enables);
        CU_ASSERT_EQUAL(read_dw(&emu, &rig.vf, dw), expected);
    }
}

/* A whole function that is built as one (preset_build_user_vf) and a bare VF behind the shadow
 * cannot be told apart by reading and writing, for each device that has VFs. */
static void like_a_whole_function(enum preset kind, bool ari)
{
    static uint8_t memory[3][32768], value[3][CFGSPACE_BYTES];
    struct preset_options options;
    struct cfgspace_layout pf_layout, vf_layout, whole_layout;
    struct cfgspace pf, vf, whole;
    struct cfg_emu_model model;
    struct cfg_emu slot[4] = {0};
    uint64_t rng = 10 + kind;

    preset_defaults(kind, &options);
    CHECK(preset_memory_bytes(kind) <= sizeof memory[0]);
    preset_build(kind, &options, &pf_layout, memory[0]);
    cfgspace_init(&pf, &pf_layout, value[0]);
    preset_defaults(preset_vf(kind), &options);
    preset_build(preset_vf(kind), &options, &vf_layout, memory[1]);
    cfgspace_init(&vf, &vf_layout, value[1]);
    const struct preset_user_options user = {
        .multifunction = true, .hide_ari = !ari, .next_function = 1};
    preset_build_user_vf(&pf_layout, &vf_layout, &user, &whole_layout, memory[2]);
    cfgspace_init(&whole, &whole_layout, value[2]);
    cfg_emu_model_init(&model, &pf, &vf_layout, ari);
    for (unsigned i = 0; i < 4; i++)
        cfg_emu_load(&slot[i], &model);
    cfg_emu_link(slot, 4);
    for (unsigned n = 0; n < 30000; n++) {
        const uint16_t dw = (uint16_t)splitmix_below(&rng, splitmix_below(&rng, 8) ? 96 : 1024);
        const uint32_t write = (uint32_t)splitmix(&rng);
        const uint8_t enables = (uint8_t)splitmix_below(&rng, 16);

        /* Hidden means out of the list; what is left at its place differs. */
        if (!ari && vf_layout.ari &&
            (4U * dw == vf_layout.ari + 4U || (4U * dw == vf_layout.ari && dw != 64)))
            continue;
        if (read_dw(&slot[0], &vf, dw) != cfgspace_read(&whole, (uint16_t)(4 * dw))) {
            CU_FAIL("differs from a whole function");
            printf("%s dword %u: %08x, not %08x\n", preset_name(kind), dw,
                   read_dw(&slot[0], &vf, dw), cfgspace_read(&whole, (uint16_t)(4 * dw)));
            return;
        }
        write_dw(&slot[0], &vf, dw, write, enables);
        cfgspace_write(&whole, (uint16_t)(4 * dw), write, enables);
    }
}

static void like_whole_functions(void)
{
    unsigned n = 0;

    for (enum preset kind = 0; kind < PRESET_COUNT; kind++) {
        if (preset_vf(kind) == PRESET_COUNT)
            continue;
        like_a_whole_function(kind, true);
        like_a_whole_function(kind, false);
        n++;
    }
    CU_ASSERT_TRUE(n >= 3);
}

/* ---- isolation ---- */

enum { HOSTS = 3, PER_HOST = 3, VFS = 6, ENTRIES = PER_HOST * CFGSPACE_BARS, WINDOW = 16 };

static uint64_t owner_base(unsigned vf, unsigned bar)
{
    return 0xf8000000 + (bar * 64 + vf) * UINT64_C(0x4000);
}

struct pool {
    struct rig rig;
    struct cfg_emu_model model;
    struct cfg_emu emu[HOSTS][PER_HOST];
    struct addr_map *map[HOSTS];
    int holds[HOSTS][PER_HOST]; /* VF, or -1 */
};

static void pool_map(struct pool *pool, unsigned host, unsigned f)
{
    const unsigned vf = (unsigned)pool->holds[host][f];
    const uint64_t base[CFGSPACE_BARS] = {owner_base(vf, 0), 0, 0, owner_base(vf, 3), 0, 0};

    cfg_emu_map(&pool->emu[host][f], pool->map[host], f * CFGSPACE_BARS, base, 5, vf);
}

static void pool_step(struct pool *pool, uint64_t *rng)
{
    const unsigned host = splitmix_below(rng, HOSTS), f = splitmix_below(rng, PER_HOST);
    struct cfg_emu *emu = &pool->emu[host][f];

    if (pool->holds[host][f] < 0) {
        const int vf = (int)splitmix_below(rng, VFS);
        for (unsigned i = 0; i < HOSTS * PER_HOST; i++)
            if (pool->holds[i / PER_HOST][i % PER_HOST] == vf)
                return;
        pool->holds[host][f] = vf;
        cfg_emu_load(emu, &pool->model);
    } else if (splitmix_below(rng, 12) == 0) {
        cfg_emu_unload(emu);
        for (unsigned n = 0; n < CFGSPACE_BARS; n++)
            addr_map_invalidate(pool->map[host], f * CFGSPACE_BARS + n);
        pool->holds[host][f] = -1;
    } else {
        const uint16_t dw = (uint16_t)(1 + splitmix_below(rng, 9));
        uint32_t value = 0x10000000 + 0x2000 * splitmix_below(rng, 2 * WINDOW);
        if (dw == 1)
            value = splitmix_below(rng, 4) ? PCI_COMMAND_MEMORY : 0;
        else if (dw == 5 || dw == 8)
            value = 0;
        if (write_dw(emu, &pool->rig.vf, dw, value, 0xf) & CFG_EMU_RANGES)
            pool_map(pool, host, f);
    }
}

/* Which range of its own functions an address lies in, by the BARs alone; -1: none. Where two
 * overlap, either may be the one that the map kept. */
static bool may_reach(const struct pool *pool, unsigned host, uint64_t address, unsigned vf,
                      uint64_t at)
{
    for (unsigned f = 0; f < PER_HOST; f++)
        for (unsigned bar = 0; bar < 6; bar += 3) {
            const struct cfg_emu *emu = &pool->emu[host][f];

            if (pool->holds[host][f] != (int)vf || !(emu->header[1] & PCI_COMMAND_MEMORY))
                continue;
            const uint64_t base = emu->header[4 + bar] & ~0xfU;
            if (address - base < 0x4000 && at == owner_base(vf, bar) + (address - base))
                return true;
        }
    return false;
}

static void reaches_nothing_that_it_does_not_hold(void)
{
    static struct pool pool;
    uint64_t rng = 8;
    unsigned hits = 0;

    rig_init(&pool.rig);
    cfg_emu_model_init(&pool.model, &pool.rig.pf, &pool.rig.vf_layout, true);
    for (unsigned h = 0; h < HOSTS; h++) {
        pool.map[h] = addr_map_init(malloc(addr_map_bytes(ENTRIES)), ENTRIES);
        for (unsigned f = 0; f < PER_HOST; f++)
            pool.holds[h][f] = -1;
    }
    for (unsigned n = 0; n < 20000; n++) {
        pool_step(&pool, &rng);
        for (unsigned h = 0; h < HOSTS; h++)
            for (unsigned w = 0; w < WINDOW + 2; w++) {
                const uint64_t address =
                    0x10000000 + w * UINT64_C(0x4000) + splitmix_below(&rng, 0x4000);
                uint64_t at = 0;
                const struct addr_entry *entry = addr_map_find(pool.map[h], address, &at);

                hits += entry != NULL;
                if (entry && !may_reach(&pool, h, address, entry->function, at))
                    CU_FAIL("a host reaches what it does not hold");
            }
    }
    CU_ASSERT_TRUE(hits > 10000);
    for (unsigned h = 0; h < HOSTS; h++)
        free(pool.map[h]);
}

static void packs_and_unpacks(void)
{
    const struct cfg_emu_row row = {0x12345678, 0x9abcdef0, 0x0fedcba9, true};
    struct cfg_emu_row back;
    struct pool_entry entry;
    uint16_t port = 0, function = 0, dw = 0;

    cfg_emu_pack(0xabc, 0xdef0, 0x3ff, &row, &entry);
    CU_ASSERT_TRUE(cfg_emu_unpack(&entry, &port, &function, &dw, &back));
    CU_ASSERT_TRUE(port == 0xabc && function == 0xdef0 && dw == 0x3ff);
    CU_ASSERT_TRUE(back.data == row.data && back.write_mask == row.write_mask &&
                   back.w1c_mask == row.w1c_mask && back.pass);
    CU_ASSERT_FALSE(cfg_emu_unpack(&(struct pool_entry){0}, &port, &function, &dw, &back));
}

void suite_cfg_emu(void)
{
    CU_pSuite suite = CU_add_suite("cfg_emu", NULL, NULL);

    CU_add_test(suite, "an 82599 VF as Linux saw it", as_linux_saw_it);
    CU_add_test(suite, "hides ARI", hides_ari);
    CU_add_test(suite, "sizing and memory enable", sizing_and_memory_enable);
    CU_add_test(suite, "pages make ranges larger", pages_make_ranges_larger);
    CU_add_test(suite, "absent, and in reset", absent_and_in_reset);
    CU_add_test(suite, "random writes", random_writes);
    CU_add_test(suite, "like whole functions", like_whole_functions);
    CU_add_test(suite, "reaches nothing that it does not hold",
                reaches_nothing_that_it_does_not_hold);
    CU_add_test(suite, "packs and unpacks", packs_and_unpacks);
}
