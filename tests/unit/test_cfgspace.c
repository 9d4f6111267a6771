/* Configuration space as data: the masks, the three resets, effects, sizing by all ones, and that
 * no write of any value anywhere in any preset changes a bit that it may not.
 * Not pinned: what each capability's registers are (test_cap.c, test_preset.c). */
#include "pcie/cap_express.h"
#include "pcie/cap_header.h"
#include "pcie/cap_sriov.h"
#include "pcie/preset.h"
#include "splitmix.h"

#include <CUnit/CUnit.h>
#include <linux/pci_regs.h>
#include <string.h>

void suite_cfgspace(void);

enum { LAYOUT_BYTES = CFGSPACE_BYTES * 6, SMALL_BYTES = 0x80, REG = 0x60, RANDOM_WRITES = 1000 };

static uint8_t memory[LAYOUT_BYTES], value[CFGSPACE_BYTES];

static void small(struct cfgspace_layout *layout, struct cfgspace *space)
{
    cfgspace_layout_init(layout, SMALL_BYTES, memory);
    cfgspace_layout_reg32(layout, REG, 0x11223344, 0x00ff00f0, 0x0000ff00);
    cfgspace_layout_kind(layout, REG, 4, CFGSPACE_KIND_MSI);
    cfgspace_init(space, layout, value);
}

static void writes_obey_masks_and_byte_enables(void)
{
    static const struct {
        uint32_t written;
        uint8_t enables;
        uint32_t expected;
        unsigned effects;
    } cases[] = {
        {0x00000000, 0xf, 0x11003304, CFGSPACE_MSI},
        {0xffffffff, 0xf, 0x11ff00f4, CFGSPACE_MSI},
        {0xffffffff, 0x0, 0x11223344, 0},
        {0xffffffff, 0x1, 0x112233f4, CFGSPACE_MSI},
        {0xffffffff, 0x2, 0x11220044, CFGSPACE_MSI},
        {0xffffffff, 0x4, 0x11ff3344, CFGSPACE_MSI},
        {0xffffffff, 0x8, 0x11223344, 0},
        {0x00001100, 0x2, 0x11222244, CFGSPACE_MSI},
        {0x00220040, 0xf, 0x11223344, 0},
    };

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cfgspace_layout layout;
        struct cfgspace space;

        small(&layout, &space);
        CU_ASSERT_EQUAL(cfgspace_write(&space, REG, cases[i].written, cases[i].enables),
                        cases[i].effects);
        CU_ASSERT_EQUAL(cfgspace_read(&space, REG), cases[i].expected);
    }
}

static void beyond_the_layout_reads_0(void)
{
    struct cfgspace_layout layout;
    struct cfgspace space;

    small(&layout, &space);
    for (unsigned offset = SMALL_BYTES; offset < CFGSPACE_BYTES; offset += 4) {
        CU_ASSERT_EQUAL(cfgspace_write(&space, (uint16_t)offset, UINT32_MAX, 0xf), 0);
        CU_ASSERT_EQUAL(cfgspace_read(&space, (uint16_t)offset), 0);
    }
    CU_ASSERT_EQUAL(cfgspace_get32(&space, SMALL_BYTES - 2), 0);
}

static void sizes_are_parts_of_the_doubleword(void)
{
    struct cfgspace_layout layout;
    struct cfgspace space;

    small(&layout, &space);
    CU_ASSERT_EQUAL(cfgspace_read_sized(&space, REG, 4), 0x11223344);
    CU_ASSERT_EQUAL(cfgspace_read_sized(&space, REG + 2, 2), 0x1122);
    CU_ASSERT_EQUAL(cfgspace_read_sized(&space, REG + 1, 1), 0x33);
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, REG + 2, 1, 0xab), CFGSPACE_MSI);
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, REG + 2, 2, 0x00cd), CFGSPACE_MSI);
    CU_ASSERT_EQUAL(cfgspace_read(&space, REG), 0x11cd3344);
}

static void resets_keep_what_they_should(void)
{
    static const struct {
        enum cfgspace_reset_kind kind;
        uint32_t expected;
    } cases[] = {{CFGSPACE_RESET_COLD, 0x11223344},
                 {CFGSPACE_RESET_HOT, 0x1122335f},
                 {CFGSPACE_RESET_FLR, 0x11ff335f}};

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cfgspace_layout layout;
        struct cfgspace space;

        small(&layout, &space);
        cfgspace_layout_sticky32(&layout, REG, 0x000000ff);
        cfgspace_layout_keep_in_flr32(&layout, REG, 0x00ff0000);
        cfgspace_set32(&space, REG, 0xffffff5f);
        cfgspace_reset(&space, cases[i].kind);
        CU_ASSERT_EQUAL(cfgspace_read(&space, REG), cases[i].expected);
    }
}

/* Firmware's procedure: all ones, then the size is what can be cleared. */
static uint64_t size_by_writing(struct cfgspace *space, unsigned n)
{
    const uint16_t at = (uint16_t)(PCI_BASE_ADDRESS_0 + 4 * n);
    uint64_t mask;

    cfgspace_write(space, at, UINT32_MAX, 0xf);
    mask = cfgspace_read(space, at);
    if (mask & PCI_BASE_ADDRESS_SPACE_IO)
        return ~(uint32_t)(mask & ~(uint64_t)3) + (uint64_t)1;
    if (!(mask & PCI_BASE_ADDRESS_MEM_TYPE_64))
        return mask ? (uint32_t) ~(mask & ~(uint64_t)15) + (uint64_t)1 : 0;
    cfgspace_write(space, (uint16_t)(at + 4), UINT32_MAX, 0xf);
    mask = (mask & ~(uint64_t)15) | (uint64_t)cfgspace_read(space, (uint16_t)(at + 4)) << 32;
    return ~mask + 1;
}

static void bars_are_sized_by_writing_ones(void)
{
    static const struct cap_header_options header = {.bar = {{.log2_bytes = 12},
                                                             {.log2_bytes = 5, .io = true},
                                                             {.log2_bytes = 36, .is_64 = true},
                                                             {0},
                                                             {.log2_bytes = 20, .prefetch = true},
                                                             {0}}};
    static const uint64_t sizes[] = {0x1000, 0x20, UINT64_C(1) << 36, 0, 0x100000, 0};
    struct cfgspace_layout layout;
    struct cfgspace space;

    cfgspace_layout_init(&layout, SMALL_BYTES, memory);
    cap_header_add_type0(&layout, &header);
    cfgspace_init(&space, &layout, value);
    for (unsigned n = 0; n < CFGSPACE_BARS; n++) {
        CU_ASSERT_EQUAL(cfgspace_bar_bytes(&layout, n), sizes[n]);
        if (sizes[n])
            CU_ASSERT_EQUAL(size_by_writing(&space, n), sizes[n]);
    }
    CU_ASSERT_EQUAL(cfgspace_write(&space, PCI_BASE_ADDRESS_3, 0x12, 0xf), CFGSPACE_BAR);
    cfgspace_write(&space, PCI_BASE_ADDRESS_2, 0xffffffff, 0xf);
    CU_ASSERT_EQUAL(cfgspace_bar(&space, 2), UINT64_C(0x1000000000));
    cfgspace_set_bar(&space, 2, UINT64_C(0x7000000000));
    CU_ASSERT_EQUAL(cfgspace_bar(&space, 2), UINT64_C(0x7000000000));
    CU_ASSERT_EQUAL(cfgspace_read(&space, PCI_BASE_ADDRESS_2), PCI_BASE_ADDRESS_MEM_TYPE_64);
}

static void build(enum preset preset, struct cfgspace_layout *layout, struct cfgspace *space)
{
    struct preset_options options;

    preset_defaults(preset, &options);
    preset_build(preset, &options, layout, memory);
    cfgspace_init(space, layout, value);
}

/* First VF Offset and VF Stride follow a writable bit; VF BARs lose bits when the page grows. */
static bool is_derived(const struct cfgspace_layout *layout, unsigned offset)
{
    const unsigned in = offset - layout->sriov;

    return layout->sriov && in < PCI_EXT_CAP_SRIOV_SIZEOF &&
           ((in >= PCI_SRIOV_VF_OFFSET && in < PCI_SRIOV_VF_OFFSET + 4) ||
            (in >= PCI_SRIOV_BAR && in < PCI_SRIOV_VFM));
}

static void check_write(struct cfgspace *space, unsigned offset, uint32_t written, uint8_t enables)
{
    const struct cfgspace_layout *layout = space->layout;
    static uint8_t before[CFGSPACE_BYTES];
    unsigned wrong = 0;

    memcpy(before, value, sizeof before);
    cfgspace_write(space, (uint16_t)offset, written, enables);
    for (unsigned i = 0; i < CFGSPACE_BYTES; i++) {
        const bool here = i >= offset && i < offset + 4 && enables >> (i - offset) & 1;
        const uint8_t byte = (uint8_t)(written >> 8 * (i & 3));
        uint8_t may = 0;

        if (here && i < layout->bytes)
            may = layout->write_mask[i] | (layout->w1c_mask[i] & byte);
        if (is_derived(layout, i))
            continue;
        wrong += ((before[i] ^ value[i]) & ~may) != 0;
        if (here && i < layout->bytes)
            wrong += (value[i] & layout->w1c_mask[i] & byte) != 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void no_write_leaves_the_masks(void)
{
    for (unsigned i = 0; i < PRESET_COUNT; i++) {
        uint64_t seed = i;
        struct cfgspace_layout layout;
        struct cfgspace space;

        memset(value, 0x5a, sizeof value); /* what lies behind the function's bytes stays */
        build((enum preset)i, &layout, &space);
        for (unsigned at = 0; at < layout.bytes; at++)
            CU_ASSERT_FALSE(layout.write_mask[at] & layout.w1c_mask[at]);
        for (unsigned n = 0; n < RANDOM_WRITES; n++) {
            const unsigned offset = 4 * splitmix_below(&seed, CFGSPACE_BYTES / 4);

            /* Half of them where something is, some error bits to clear. */
            if (n % 8 == 0)
                for (unsigned at = 0; at < layout.bytes; at++)
                    value[at] |= layout.w1c_mask[at];
            check_write(&space, n % 2 ? offset : offset % layout.bytes, (uint32_t)splitmix(&seed),
                        splitmix_below(&seed, 16) & 0xf);
        }
    }
}

static void triggers_are_effects(void)
{
    struct cfgspace_layout layout;
    struct cfgspace space;
    uint16_t at;

    build(PRESET_82599, &layout, &space);
    at = (uint16_t)(layout.express + PCI_EXP_DEVCTL);
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, at, 2, PCI_EXP_DEVCTL_BCR_FLR), CFGSPACE_FLR);
    CU_ASSERT_EQUAL(cfgspace_read_sized(&space, at, 2), 0);
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, (uint16_t)(at + 2), 2, UINT16_MAX), 0);

    build(PRESET_ROOT_PORT, &layout, &space);
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_CTL_BUS_RESET),
                    CFGSPACE_BRIDGE_CONTROL | CFGSPACE_BUS_RESET);
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_CTL_BUS_RESET),
                    0);
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, PCI_BRIDGE_CONTROL, 2, 0),
                    CFGSPACE_BRIDGE_CONTROL | CFGSPACE_BUS_RESET_END);
    /* A bridge has no FLR: the bit is another one. */
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, (uint16_t)(layout.express + PCI_EXP_DEVCTL), 2,
                                         PCI_EXP_DEVCTL_BCR_FLR),
                    0);
    at = (uint16_t)(layout.express + PCI_EXP_LNKCTL);
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, at, 2, PCI_EXP_LNKCTL_RL), CFGSPACE_RETRAIN);
    CU_ASSERT_EQUAL(cfgspace_read_sized(&space, at, 2), 0);
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, at, 2, PCI_EXP_LNKCTL_LD),
                    CFGSPACE_LINK | CFGSPACE_LINK_DISABLE);
    CU_ASSERT_EQUAL(cfgspace_write(&space, PCI_PRIMARY_BUS, 0x040201, 0x7), CFGSPACE_BUSES);
    CU_ASSERT_EQUAL(cfgspace_write(&space, PCI_MEMORY_BASE, 0xf840f800, 0xf), CFGSPACE_WINDOW);
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, PCI_COMMAND, 2, 6), CFGSPACE_COMMAND);
}

/* What 6.6.2 exempts: MPS stays, the error enables do not; a PF's VFs are gone. */
static void flr_of_a_function(void)
{
    struct cfgspace_layout layout;
    struct cfgspace space;
    uint16_t at;

    build(PRESET_82599, &layout, &space);
    at = (uint16_t)(layout.express + PCI_EXP_DEVCTL);
    cfgspace_write_sized(&space, at, 2, PCI_EXP_DEVCTL_PAYLOAD_256B | PCI_EXP_DEVCTL_CERE);
    cfgspace_write_sized(&space, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    cfgspace_write_sized(&space, (uint16_t)(layout.sriov + PCI_SRIOV_CTRL), 2, PCI_SRIOV_CTRL_VFE);
    CU_ASSERT(cfgspace_memory_enabled(&space) && cfgspace_bus_master(&space));
    cfgspace_reset(&space, CFGSPACE_RESET_FLR);
    CU_ASSERT_EQUAL(cfgspace_read_sized(&space, at, 2), PCI_EXP_DEVCTL_PAYLOAD_256B);
    CU_ASSERT_EQUAL(cap_express_max_payload_bytes(&space), 256);
    CU_ASSERT_FALSE(cfgspace_memory_enabled(&space) || cfgspace_bus_master(&space));
    CU_ASSERT_FALSE(cap_sriov_enabled(&space));
    cfgspace_reset(&space, CFGSPACE_RESET_HOT);
    CU_ASSERT_EQUAL(cap_express_max_payload_bytes(&space), 128);
}

void suite_cfgspace(void)
{
    CU_pSuite suite = CU_add_suite("cfgspace", NULL, NULL);

    CU_add_test(suite, "writes obey masks and byte enables", writes_obey_masks_and_byte_enables);
    CU_add_test(suite, "beyond the layout reads 0", beyond_the_layout_reads_0);
    CU_add_test(suite, "sizes are parts of the doubleword", sizes_are_parts_of_the_doubleword);
    CU_add_test(suite, "resets keep what they should", resets_keep_what_they_should);
    CU_add_test(suite, "BARs are sized by writing ones", bars_are_sized_by_writing_ones);
    CU_add_test(suite, "no write leaves the masks", no_write_leaves_the_masks);
    CU_add_test(suite, "triggers are effects", triggers_are_effects);
    CU_add_test(suite, "FLR of a function", flr_of_a_function);
}
