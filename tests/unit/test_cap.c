/* Each capability by itself: what its registers read, what software can change, and the hardware's
 * side. Expected bits are the specification's.
 * Not pinned: where a function has its capabilities (test_preset.c), errors that the fabric logs.
 */
#include "dies.h"
#include "pcie/cap_acs.h"
#include "pcie/cap_aer.h"
#include "pcie/cap_ari.h"
#include "pcie/cap_dpc.h"
#include "pcie/cap_dsn.h"
#include "pcie/cap_express.h"
#include "pcie/cap_header.h"
#include "pcie/cap_msi.h"
#include "pcie/cap_msix.h"
#include "pcie/cap_pm.h"
#include "pcie/cap_slot.h"
#include "pcie/cap_sriov.h"
#include "pcie/cap_subsystem.h"

#include <CUnit/CUnit.h>
#include <linux/pci_regs.h>

void suite_cap(void);

enum { BYTES = 0x200, AT = 0x40, EXTENDED = 0x100, LAYOUT_BYTES = BYTES * 6 };

static uint8_t memory[LAYOUT_BYTES], value[BYTES];
static struct cfgspace_layout layout;
static struct cfgspace space;

static void begin(void)
{
    cfgspace_layout_init(&layout, BYTES, memory);
}

static void ready(void)
{
    cfgspace_init(&space, &layout, value);
}

static uint32_t all_ones_at(unsigned offset)
{
    cfgspace_write(&space, (uint16_t)offset, UINT32_MAX, 0xf);
    return cfgspace_read(&space, (uint16_t)offset);
}

static void type_1_header(void)
{
    static const struct cap_header_options options = {.vendor = 0x8086,
                                                      .device = 0x0101,
                                                      .class_code = 0x060400,
                                                      .revision = 7,
                                                      .multifunction = true,
                                                      .io_window = true,
                                                      .io_window_is_32 = true,
                                                      .prefetch_is_64 = true};
    struct cap_header_window window;

    begin();
    cap_header_add_type1(&layout, &options);
    ready();
    CU_ASSERT_EQUAL(cfgspace_read(&space, PCI_VENDOR_ID), 0x01018086);
    CU_ASSERT_EQUAL(cfgspace_read(&space, PCI_CLASS_REVISION), 0x06040007);
    CU_ASSERT_EQUAL(cfgspace_get8(&space, PCI_HEADER_TYPE), 0x81);
    CU_ASSERT_EQUAL(all_ones_at(PCI_COMMAND), 0x0547);
    CU_ASSERT_EQUAL(all_ones_at(PCI_PRIMARY_BUS), 0x00ffffff);
    CU_ASSERT_EQUAL(all_ones_at(PCI_MEMORY_BASE), 0xfff0fff0);
    CU_ASSERT_EQUAL(all_ones_at(PCI_PREF_MEMORY_BASE), 0xfff1fff1);
    CU_ASSERT_EQUAL(all_ones_at(PCI_IO_BASE), 0x0000f1f1);
    CU_ASSERT_EQUAL(all_ones_at(PCI_BRIDGE_CONTROL - 2), 0x004f00ff);
    cfgspace_write(&space, PCI_PRIMARY_BUS, 0x090801, 0xf);
    CU_ASSERT_EQUAL(cap_header_secondary(&space), 8);
    CU_ASSERT_EQUAL(cap_header_subordinate(&space), 9);
    cfgspace_write(&space, PCI_MEMORY_BASE, 0xf840f800, 0xf);
    window = cap_header_memory_window(&space);
    CU_ASSERT(window.base == 0xf8000000 && window.limit == 0xf84fffff);
    cfgspace_write(&space, PCI_PREF_MEMORY_BASE, 0x0010fff0, 0xf);
    cfgspace_write(&space, PCI_PREF_BASE_UPPER32, 1, 0xf);
    cfgspace_write(&space, PCI_PREF_LIMIT_UPPER32, 2, 0xf);
    window = cap_header_prefetch_window(&space);
    CU_ASSERT(window.base == UINT64_C(0x1fff00000) && window.limit == UINT64_C(0x2001fffff));
    cfgspace_write(&space, PCI_IO_BASE, 0x3020, 0xf);
    cfgspace_write(&space, PCI_IO_BASE_UPPER16, 0x00020001, 0xf);
    window = cap_header_io_window(&space);
    CU_ASSERT(window.base == 0x12000 && window.limit == 0x23fff);
}

static void power_management(void)
{
    static const struct cap_pm_options options = {.capabilities = 3 | PCI_PM_CAP_PME_D3cold,
                                                  .no_soft_reset = true};

    begin();
    cap_pm_add(&layout, AT, &options);
    ready();
    CU_ASSERT_EQUAL(cfgspace_read(&space, AT), 0x80030001);
    CU_ASSERT_EQUAL(cap_pm_state(&space), 0);
    CU_ASSERT_EQUAL(cfgspace_write(&space, AT + PCI_PM_CTRL, 0x103, 0xf), CFGSPACE_POWER);
    CU_ASSERT_EQUAL(cap_pm_state(&space), 3);
    cfgspace_set16(&space, AT + PCI_PM_CTRL, 0x810b);
    cfgspace_reset(&space, CFGSPACE_RESET_HOT);
    CU_ASSERT_EQUAL(cfgspace_get16(&space, AT + PCI_PM_CTRL), 0x8108);
    cfgspace_write(&space, AT + PCI_PM_CTRL, 0x8000, 0x3);
    CU_ASSERT_EQUAL(cfgspace_get16(&space, AT + PCI_PM_CTRL), 0x0008);
}

static void msi_shapes(void)
{
    static const struct {
        struct cap_msi_options options;
        uint32_t flags;      /* with every bit written */
        unsigned data, mask; /* offsets; 0: none */
        uint32_t mask_bits;
    } cases[] = {{{0, false, false}, 0x00710005, 8, 0, 0},
                 {{0, true, false}, 0x00f10005, 12, 0, 0},
                 {{2, false, true}, 0x01750005, 8, 12, 0xf},
                 {{5, true, true}, 0x01fb0005, 12, 16, 0xffffffff}};

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        cap_msi_add(&layout, AT, &cases[i].options);
        ready();
        CU_ASSERT_FALSE(cap_msi_enabled(&space));
        CU_ASSERT_EQUAL(all_ones_at(AT), cases[i].flags);
        CU_ASSERT_TRUE(cap_msi_enabled(&space));
        CU_ASSERT_EQUAL(cap_msi_vectors(&space), 1U << cases[i].options.log2_vectors);
        CU_ASSERT_EQUAL(all_ones_at(AT + PCI_MSI_ADDRESS_LO), 0xfffffffc);
        CU_ASSERT_EQUAL(all_ones_at(AT + cases[i].data), 0x0000ffff);
        if (cases[i].mask)
            CU_ASSERT_EQUAL(all_ones_at(AT + cases[i].mask), cases[i].mask_bits);
        CU_ASSERT_EQUAL(cap_msi_masked(&space, 0), cases[i].mask != 0);
    }
}

static void msi_message(void)
{
    static const struct cap_msi_options options = {
        .log2_vectors = 3, .is_64 = true, .maskable = true};

    begin();
    cap_msi_add(&layout, AT, &options);
    ready();
    cfgspace_write(&space, AT, 0x00210000, 0xc); /* enabled, 4 of the 8 vectors */
    cfgspace_write(&space, AT + PCI_MSI_ADDRESS_LO, 0xfee01004, 0xf);
    cfgspace_write(&space, AT + PCI_MSI_ADDRESS_HI, 1, 0xf);
    cfgspace_write(&space, AT + PCI_MSI_DATA_64, 0x47, 0xf);
    cfgspace_write(&space, AT + PCI_MSI_MASK_64, 2, 0xf);
    CU_ASSERT_EQUAL(cap_msi_vectors(&space), 4);
    CU_ASSERT_EQUAL(cap_msi_address(&space), UINT64_C(0x1fee01004));
    CU_ASSERT_EQUAL(cap_msi_data(&space, 2), 0x46);
    CU_ASSERT(cap_msi_masked(&space, 1) && !cap_msi_masked(&space, 0));
    cap_msi_set_pending(&space, 1, true);
    CU_ASSERT_EQUAL(cfgspace_read(&space, AT + PCI_MSI_PENDING_64), 2);
    CU_ASSERT_EQUAL(all_ones_at(AT + PCI_MSI_PENDING_64), 2);
    cap_msi_set_pending(&space, 1, false);
    CU_ASSERT_EQUAL(cfgspace_read(&space, AT + PCI_MSI_PENDING_64), 0);
}

static void msix_places(void)
{
    static const struct {
        struct cap_msix_options options;
        uint32_t flags, table, pba, table_bytes, pba_bytes;
    } cases[] = {{{1, {0, 0}, {0, 0x800}}, 0xc0000011, 0, 0x800, 16, 8},
                 {{64, {4, 0}, {4, 0x2000}}, 0xc03f0011, 4, 0x2004, 1024, 8},
                 {{65, {4, 8}, {5, 0x2000}}, 0xc0400011, 12, 0x2005, 1040, 16},
                 {{2048, {3, 0x8000}, {3, 0}}, 0xc7ff0011, 0x8003, 3, 32768, 256}};

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        cap_msix_add(&layout, AT, &cases[i].options);
        ready();
        CU_ASSERT_EQUAL(cap_msix_vectors(&space), cases[i].options.vectors);
        CU_ASSERT_FALSE(cap_msix_enabled(&space) || cap_msix_function_masked(&space));
        CU_ASSERT_EQUAL(cfgspace_write(&space, AT, UINT32_MAX, 0xf), CFGSPACE_MSIX);
        CU_ASSERT_EQUAL(cfgspace_read(&space, AT), cases[i].flags);
        CU_ASSERT(cap_msix_enabled(&space) && cap_msix_function_masked(&space));
        CU_ASSERT_EQUAL(all_ones_at(AT + PCI_MSIX_TABLE), cases[i].table);
        CU_ASSERT_EQUAL(all_ones_at(AT + PCI_MSIX_PBA), cases[i].pba);
        CU_ASSERT_EQUAL(cap_msix_table(&space).bar, cases[i].options.table.bar);
        CU_ASSERT_EQUAL(cap_msix_pba(&space).offset, cases[i].options.pba.offset);
        CU_ASSERT_EQUAL(cap_msix_table_bytes(&space), cases[i].table_bytes);
        CU_ASSERT_EQUAL(cap_msix_pba_bytes(&space), cases[i].pba_bytes);
    }
}

static void express_of_every_port_type(void)
{
    static const struct {
        uint8_t type;
        bool slot;
        uint32_t flags, device, link, slot_bits, root, device2; /* with every bit written */
    } cases[] = {
        {PCI_EXP_TYPE_ENDPOINT, false, 0x00020010, 0x781f, 0x02cb, 0, 0, 0x10},
        {PCI_EXP_TYPE_ROOT_PORT, false, 0x00420010, 0x000f, 0x02d3, 0, 0xf, 0x30},
        {PCI_EXP_TYPE_ROOT_PORT, true, 0x01420010, 0x000f, 0x02d3, 0x103f, 0xf, 0x30},
        {PCI_EXP_TYPE_UPSTREAM, false, 0x00520010, 0x000f, 0x02c3, 0, 0, 0x10},
        {PCI_EXP_TYPE_DOWNSTREAM, false, 0x00620010, 0x000f, 0x02d3, 0, 0, 0x30},
        {PCI_EXP_TYPE_DOWNSTREAM, true, 0x01620010, 0x000f, 0x02d3, 0x103f, 0, 0x30},
    };

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const bool down = cases[i].device2 & PCI_EXP_DEVCTL2_ARI;
        const struct cap_express_options options = {.type = cases[i].type,
                                                    .slot = cases[i].slot,
                                                    .max_payload_bytes = 512,
                                                    .link_gen = 3,
                                                    .link_width = 8,
                                                    .devcap2 = PCI_EXP_DEVCAP2_COMP_TMOUT_DIS |
                                                               (down ? PCI_EXP_DEVCAP2_ARI : 0U)};

        begin();
        cap_express_add(&layout, AT, &options);
        ready();
        CU_ASSERT_EQUAL(cap_express_type(&layout), cases[i].type);
        CU_ASSERT_EQUAL(cap_express_is_downstream(&layout), down);
        CU_ASSERT_EQUAL(cap_express_has_slot(&layout), cases[i].slot);
        CU_ASSERT_EQUAL(cap_express_supported_payload_bytes(&layout), 512);
        CU_ASSERT_EQUAL(cfgspace_read(&space, AT), cases[i].flags);
        CU_ASSERT_EQUAL(cfgspace_read(&space, AT + PCI_EXP_DEVCAP), 2);
        CU_ASSERT_EQUAL(all_ones_at(AT + PCI_EXP_DEVCTL), cases[i].device | 0xe0);
        CU_ASSERT_EQUAL(cfgspace_read(&space, AT + PCI_EXP_LNKCAP), 0x83);
        CU_ASSERT_EQUAL(all_ones_at(AT + PCI_EXP_LNKCTL), 0x00830000 | cases[i].link);
        CU_ASSERT_EQUAL(all_ones_at(AT + PCI_EXP_SLTCTL), cases[i].slot_bits);
        CU_ASSERT_EQUAL(all_ones_at(AT + PCI_EXP_RTCTL), cases[i].root);
        CU_ASSERT_EQUAL(all_ones_at(AT + PCI_EXP_DEVCTL2), cases[i].device2);
        CU_ASSERT_EQUAL(cfgspace_read(&space, AT + PCI_EXP_LNKCAP2), 0xe);
        CU_ASSERT_EQUAL(all_ones_at(AT + PCI_EXP_LNKCTL2) & PCI_EXP_LNKCTL2_TLS, 0xf);
    }
}

static void express_sizes_and_status(void)
{
    static const struct cap_express_options options = {.type = PCI_EXP_TYPE_ENDPOINT,
                                                       .max_payload_bytes = 4096,
                                                       .link_gen = 5,
                                                       .link_width = 16,
                                                       .lnkcap = PCI_EXP_LNKCAP_DLLLARC,
                                                       .devctl = PCI_EXP_DEVCTL_READRQ_512B};

    begin();
    cap_express_add(&layout, AT, &options);
    ready();
    CU_ASSERT_EQUAL(cap_express_max_read_bytes(&space), 512);
    cfgspace_write(&space, AT + PCI_EXP_DEVCTL, 0x50a0, 0x3);
    CU_ASSERT_EQUAL(cap_express_max_payload_bytes(&space), 4096);
    CU_ASSERT_EQUAL(cap_express_max_read_bytes(&space), 4096);
    cap_express_set_errors(&space, PCI_EXP_DEVSTA_URD | PCI_EXP_DEVSTA_CED);
    cap_express_set_transactions_pending(&space, true);
    CU_ASSERT_EQUAL(cfgspace_get16(&space, AT + PCI_EXP_DEVSTA), 0x29);
    cfgspace_write(&space, AT + PCI_EXP_DEVCTL, 0x00280000, 0xc);
    CU_ASSERT_EQUAL(cfgspace_get16(&space, AT + PCI_EXP_DEVSTA), 0x21);
    cap_express_set_transactions_pending(&space, false);
    CU_ASSERT_EQUAL(cfgspace_get16(&space, AT + PCI_EXP_DEVSTA), 0x01);
    cap_express_set_link(&space, 1, 4, true);
    CU_ASSERT_EQUAL(cfgspace_get16(&space, AT + PCI_EXP_LNKSTA), 0x2041);
    cfgspace_reset(&space, CFGSPACE_RESET_FLR);
    CU_ASSERT_EQUAL(cfgspace_get16(&space, AT + PCI_EXP_LNKSTA), 0x2041);
}

static void add_slot(uint32_t sltcap)
{
    const struct cap_express_options options = {.type = PCI_EXP_TYPE_DOWNSTREAM,
                                                .slot = true,
                                                .max_payload_bytes = 128,
                                                .link_gen = 1,
                                                .link_width = 1,
                                                .lnkcap = PCI_EXP_LNKCAP_DLLLARC,
                                                .sltcap = sltcap};

    begin();
    cap_express_add(&layout, AT, &options);
    ready();
}

static uint16_t slot_status(void)
{
    return cfgspace_get16(&space, AT + PCI_EXP_SLTSTA);
}

static void slot_events(void)
{
    add_slot(PCI_EXP_SLTCAP_ABP | PCI_EXP_SLTCAP_PCP | PCI_EXP_SLTCAP_HPC | 5U << 19);
    CU_ASSERT_EQUAL(cap_slot_number(&layout), 5);
    CU_ASSERT_FALSE(cap_slot_present(&space) || cap_slot_powered(&space));
    /* Nothing is enabled: status without interrupt. */
    CU_ASSERT_FALSE(cap_slot_set_presence(&space, true));
    CU_ASSERT_EQUAL(slot_status(), PCI_EXP_SLTSTA_PDS | PCI_EXP_SLTSTA_PDC);
    cfgspace_write(&space, AT + PCI_EXP_SLTCTL, (uint32_t)PCI_EXP_SLTSTA_PDC << 16, 0xc);
    CU_ASSERT_EQUAL(slot_status(), PCI_EXP_SLTSTA_PDS);
    CU_ASSERT_FALSE(cap_slot_set_presence(&space, true));
    CU_ASSERT_EQUAL(slot_status(), PCI_EXP_SLTSTA_PDS);
    /* Enabled: one interrupt an event until software has cleared it. */
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, AT + PCI_EXP_SLTCTL, 2, 0x1039), CFGSPACE_SLOT);
    CU_ASSERT_TRUE(cap_slot_powered(&space));
    CU_ASSERT_TRUE(cap_slot_press_button(&space));
    CU_ASSERT_FALSE(cap_slot_press_button(&space));
    CU_ASSERT_TRUE(cap_slot_interrupt_pending(&space));
    CU_ASSERT_TRUE(cap_slot_complete_command(&space));
    CU_ASSERT_TRUE(cap_slot_set_link_active(&space, true));
    CU_ASSERT_EQUAL(slot_status(), 0x0151);
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, AT + PCI_EXP_SLTSTA, 2, 0x11f), CFGSPACE_SLOT);
    CU_ASSERT_FALSE(cap_slot_interrupt_pending(&space));
    CU_ASSERT_TRUE(cap_slot_set_card(&space, false, false));
    CU_ASSERT_EQUAL(slot_status(), PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_DLLSC);
    /* Power fault is not enabled; the same command again is a command too. */
    CU_ASSERT_FALSE(cap_slot_power_fault(&space));
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, AT + PCI_EXP_SLTCTL, 2, 0x1039), CFGSPACE_SLOT);
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, AT + PCI_EXP_SLTSTA, 2, 0), 0);
}

static void slot_without_commands(void)
{
    add_slot(PCI_EXP_SLTCAP_NCCS);
    cfgspace_write_sized(&space, AT + PCI_EXP_SLTCTL, 2, 0x0030);
    CU_ASSERT_FALSE(cap_slot_complete_command(&space));
    CU_ASSERT_EQUAL(slot_status(), 0);
    CU_ASSERT_TRUE(cap_slot_powered(&space));
    CU_ASSERT_EQUAL(all_ones_at(AT + PCI_EXP_SLTCTL) & 0xffff, 0x103f);
    add_slot(PCI_EXP_SLTCAP_AIP | PCI_EXP_SLTCAP_PIP | PCI_EXP_SLTCAP_PCP);
    CU_ASSERT_EQUAL(all_ones_at(AT + PCI_EXP_SLTCTL) & 0xffff, 0x17ff);
}

static void add_aer(bool root_port)
{
    const struct cap_aer_options options = {.version = 2,
                                            .root_port = root_port,
                                            .severity = CAP_AER_SEVERITY,
                                            .correctable_mask = CAP_AER_COR_MASK,
                                            .capabilities = PCI_ERR_CAP_ECRC_GENC};

    begin();
    cap_aer_add(&layout, EXTENDED, &options);
    ready();
}

static void aer_logs_the_first_error(void)
{
    static const uint32_t first[] = {1, 2, 3, 4}, second[] = {5, 6, 7, 8};

    add_aer(false);
    CU_ASSERT_EQUAL(cfgspace_read(&space, EXTENDED), 0x00020001);
    CU_ASSERT_EQUAL(cfgspace_read(&space, EXTENDED + PCI_ERR_UNCOR_SEVER), 0x00462030);
    cfgspace_write(&space, EXTENDED + PCI_ERR_UNCOR_MASK, PCI_ERR_UNC_UNX_COMP, 0xf);
    CU_ASSERT_EQUAL(cap_aer_log_uncorrectable(&space, &space, PCI_ERR_UNC_UNX_COMP, first),
                    CAP_AER_NONE);
    CU_ASSERT_EQUAL(cfgspace_read(&space, EXTENDED + PCI_ERR_HEADER_LOG), 0);
    CU_ASSERT_EQUAL(cap_aer_log_uncorrectable(&space, &space, PCI_ERR_UNC_UNSUP, first),
                    CAP_AER_NONFATAL);
    CU_ASSERT_EQUAL(cap_aer_log_uncorrectable(&space, &space, PCI_ERR_UNC_MALF_TLP, second),
                    CAP_AER_FATAL);
    CU_ASSERT_EQUAL(cfgspace_read(&space, EXTENDED + PCI_ERR_CAP), 20 | PCI_ERR_CAP_ECRC_GENC);
    CU_ASSERT_EQUAL(cfgspace_read(&space, EXTENDED + PCI_ERR_HEADER_LOG + 12), 4);
    cfgspace_reset(&space, CFGSPACE_RESET_HOT);
    CU_ASSERT_EQUAL(cfgspace_read(&space, EXTENDED + PCI_ERR_UNCOR_STATUS), 0x00150000);
    CU_ASSERT_EQUAL(cfgspace_read(&space, EXTENDED + PCI_ERR_HEADER_LOG), 1);
    CU_ASSERT_EQUAL(cfgspace_write(&space, EXTENDED + PCI_ERR_UNCOR_STATUS, PCI_ERR_UNC_UNSUP, 0xf),
                    CFGSPACE_AER);
    CU_ASSERT_EQUAL(cfgspace_read(&space, EXTENDED + PCI_ERR_UNCOR_STATUS), 0x00050000);
    CU_ASSERT_EQUAL(cap_aer_log_correctable(&space, &space, PCI_ERR_COR_BAD_TLP), CAP_AER_COR);
    CU_ASSERT_EQUAL(cap_aer_log_correctable(&space, &space, PCI_ERR_COR_ADV_NFAT), CAP_AER_NONE);
    CU_ASSERT_EQUAL(cfgspace_read(&space, EXTENDED + PCI_ERR_COR_STATUS), 0x2040);
    cfgspace_reset(&space, CFGSPACE_RESET_COLD);
    CU_ASSERT_EQUAL(cfgspace_read(&space, EXTENDED + PCI_ERR_COR_STATUS), 0);
}

static void aer_of_a_root_port(void)
{
    add_aer(true);
    CU_ASSERT_FALSE(cap_aer_receive(&space, CAP_AER_COR, 0x0480));
    CU_ASSERT_EQUAL(all_ones_at(EXTENDED + PCI_ERR_ROOT_COMMAND), 7);
    CU_ASSERT_TRUE(cap_aer_receive(&space, CAP_AER_COR, 0x0482));
    CU_ASSERT_TRUE(cap_aer_receive(&space, CAP_AER_FATAL, 0x0300));
    CU_ASSERT_TRUE(cap_aer_receive(&space, CAP_AER_NONFATAL, 0x0484));
    CU_ASSERT_EQUAL(cfgspace_read(&space, EXTENDED + PCI_ERR_ROOT_STATUS), 0x7f);
    CU_ASSERT_EQUAL(cfgspace_read(&space, EXTENDED + PCI_ERR_ROOT_ERR_SRC), 0x03000480);
    CU_ASSERT_EQUAL(all_ones_at(EXTENDED + PCI_ERR_ROOT_STATUS), 0);
}

static void small_extended_capabilities(void)
{
    begin();
    cap_dsn_add(&layout, EXTENDED, 0x0123456789abcdef);
    cap_ari_add(&layout, EXTENDED + 0x10, 5);
    cap_acs_add(&layout, EXTENDED + 0x20, PCI_ACS_SV | PCI_ACS_RR);
    cap_subsystem_add(&layout, AT, 0x1af4, 0x1100);
    ready();
    CU_ASSERT_EQUAL(cap_dsn_serial(&space), 0x0123456789abcdef);
    CU_ASSERT_EQUAL(cfgspace_read(&space, EXTENDED), 0x11010003);
    CU_ASSERT_EQUAL(cfgspace_read(&space, EXTENDED + 4), 0x89abcdef);
    CU_ASSERT_EQUAL(cap_ari_next_function(&space), 5);
    CU_ASSERT_EQUAL(all_ones_at(EXTENDED + 0x14), 0x0500);
    cap_ari_set_next_function(&space, 6);
    CU_ASSERT_EQUAL(cap_ari_next_function(&space), 6);
    CU_ASSERT_EQUAL(cap_acs_enabled(&space), 0);
    CU_ASSERT_EQUAL(cfgspace_write(&space, EXTENDED + 0x24, UINT32_MAX, 0xf), CFGSPACE_ACS);
    CU_ASSERT_EQUAL(cap_acs_enabled(&space), PCI_ACS_SV | PCI_ACS_RR);
    CU_ASSERT_EQUAL(cfgspace_read(&space, EXTENDED + 0x20), 0x0001000d);
    CU_ASSERT_EQUAL(cfgspace_read(&space, AT + PCI_SSVID_VENDOR_ID), 0x11001af4);
    CU_ASSERT_EQUAL(cfgspace_get8(&space, PCI_CAPABILITY_LIST), AT);
    CU_ASSERT_EQUAL(cfgspace_get16(&space, PCI_STATUS), PCI_STATUS_CAP_LIST);
}

static void add_sriov(void)
{
    static const struct cap_sriov_options options = {
        .total_vfs = 128,
        .vf_device_id = 0x10ed,
        .page_sizes = 0x553,
        .routing = {0x180, 2},
        .ari_routing = {0x80, 2},
        .bar = {{.log2_bytes = 14, .is_64 = true}, {0}, {.log2_bytes = 13}}};

    begin();
    cap_sriov_add(&layout, EXTENDED, &options);
    ready();
}

static void control(uint16_t bits)
{
    cfgspace_write_sized(&space, EXTENDED + PCI_SRIOV_CTRL, 2, bits);
}

static void containment(void)
{
    enum { AT_EXT = 0x100, ALL = 0xffff };

    begin();
    cap_dpc_add(&layout, AT_EXT);
    ready();
    CU_ASSERT_EQUAL(cfgspace_read(&space, AT_EXT), 0x0001001d);
    CU_ASSERT_EQUAL(cfgspace_get16(&space, AT_EXT + PCI_EXP_DPC_CAP), PCI_EXP_DPC_CAP_SW_TRIGGER);
    CU_ASSERT_EQUAL(cap_dpc_enabled(&space), CAP_DPC_OFF);
    CU_ASSERT_FALSE(cap_dpc_answers_unsupported(&space));
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, AT_EXT + PCI_EXP_DPC_CTL, 2, ALL),
                    CFGSPACE_DPC | CFGSPACE_DPC_TRIGGER);
    CU_ASSERT_EQUAL(cfgspace_get16(&space, AT_EXT + PCI_EXP_DPC_CTL), 0x000f);
    CU_ASSERT_EQUAL(cap_dpc_enabled(&space), CAP_DPC_OFF); /* both enables: reserved */
    CU_ASSERT(cap_dpc_answers_unsupported(&space));
    cfgspace_write_sized(&space, AT_EXT + PCI_EXP_DPC_CTL, 2, PCI_EXP_DPC_CTL_EN_NONFATAL);
    CU_ASSERT_EQUAL(cap_dpc_enabled(&space), CAP_DPC_ON_NONFATAL);

    /* Without its enable there is no interrupt; the first error stays. */
    CU_ASSERT_FALSE(cap_dpc_trigger(&space, CAP_DPC_NONFATAL, 0x1234));
    CU_ASSERT(cap_dpc_is_triggered(&space));
    CU_ASSERT_FALSE(cap_dpc_trigger(&space, CAP_DPC_FATAL, 0x4321));
    CU_ASSERT_EQUAL(cfgspace_get32(&space, AT_EXT + PCI_EXP_DPC_STATUS), 0x1234000b);
    cfgspace_reset(&space, CFGSPACE_RESET_HOT);
    CU_ASSERT_EQUAL(cfgspace_get32(&space, AT_EXT + PCI_EXP_DPC_STATUS), 0x1234000b);
    CU_ASSERT_EQUAL(cap_dpc_enabled(&space), CAP_DPC_OFF);
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, AT_EXT + PCI_EXP_DPC_STATUS, 2, ALL),
                    CFGSPACE_DPC);
    CU_ASSERT_FALSE(cap_dpc_is_triggered(&space));

    cfgspace_write_sized(&space, AT_EXT + PCI_EXP_DPC_CTL, 2, PCI_EXP_DPC_CTL_INT_EN);
    CU_ASSERT(cap_dpc_trigger(&space, CAP_DPC_SOFTWARE, 0));
    CU_ASSERT_EQUAL(cfgspace_get16(&space, AT_EXT + PCI_EXP_DPC_STATUS) & 0x67, 0x27);
    cap_dpc_release(&space);
    CU_ASSERT_FALSE(cap_dpc_is_triggered(&space));
    /* Its interrupt is still pending. */
    CU_ASSERT_FALSE(cap_dpc_trigger(&space, CAP_DPC_SOFTWARE, 0));
}

static void sriov_numbers_vfs(void)
{
    static const struct {
        uint16_t control, vf, rid;
    } cases[] = {{0, 0, 0x0480},   {0, 1, 0x0482},    {0, 7, 0x048e},     {0, 63, 0x04fe},
                 {0, 127, 0x057e}, {0x10, 0, 0x0380}, {0x10, 63, 0x03fe}, {0x10, 64, 0x0400}};

    add_sriov();
    cfgspace_write_sized(&space, EXTENDED + PCI_SRIOV_NUM_VF, 2, 128);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        control(cases[i].control);
        CU_ASSERT_EQUAL(cap_sriov_vf_rid(&space, 0x0300, cases[i].vf), cases[i].rid);
        CU_ASSERT_EQUAL(cap_sriov_vf_of_rid(&space, 0x0300, cases[i].rid), cases[i].vf);
        CU_ASSERT_EQUAL(cap_sriov_vf_of_rid(&space, 0x0300, cases[i].rid + 1U), -1);
    }
    control(0);
    CU_ASSERT_EQUAL(cap_sriov_vf_of_rid(&space, 0x0300, 0x0300), -1);
    CU_ASSERT_EQUAL(cap_sriov_vf_of_rid(&space, 0x0300, 0x0580), -1);
}

static void sriov_locks_while_enabled(void)
{
    add_sriov();
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, EXTENDED + PCI_SRIOV_NUM_VF, 2, 8),
                    CFGSPACE_SRIOV_VFS);
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, EXTENDED + PCI_SRIOV_CTRL, 2, 0x09),
                    CFGSPACE_SRIOV_CONTROL | CFGSPACE_VF_ENABLE);
    CU_ASSERT(cap_sriov_enabled(&space) && cap_sriov_memory_enabled(&space));
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, EXTENDED + PCI_SRIOV_NUM_VF, 2, 9), 0);
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, EXTENDED + PCI_SRIOV_SYS_PGSIZE, 4, 2), 0);
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, EXTENDED + PCI_SRIOV_CTRL, 2, 0x19), 0);
    CU_ASSERT_EQUAL(cap_sriov_num_vfs(&space), 8);
    CU_ASSERT_EQUAL(cap_sriov_vf_rid(&space, 0, 0), 0x180);
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, EXTENDED + PCI_SRIOV_CTRL, 2, 0x01),
                    CFGSPACE_SRIOV_CONTROL);
    CU_ASSERT_FALSE(cap_sriov_memory_enabled(&space));
    CU_ASSERT_EQUAL(cfgspace_write_sized(&space, EXTENDED + PCI_SRIOV_CTRL, 2, 0),
                    CFGSPACE_SRIOV_CONTROL | CFGSPACE_VF_ENABLE);
    cfgspace_write_sized(&space, EXTENDED + PCI_SRIOV_NUM_VF, 2, 9);
    CU_ASSERT_EQUAL(cap_sriov_num_vfs(&space), 9);
    CU_ASSERT_EQUAL(cap_sriov_total_vfs(&space), 128);
    CU_ASSERT_EQUAL(all_ones_at(EXTENDED + PCI_SRIOV_INITIAL_VF), 0x00800080);
}

static void sriov_bars_follow_the_page(void)
{
    static const struct {
        uint32_t page, mask_0, mask_2;
        uint64_t bytes_0, bytes_2;
    } cases[] = {{0x001, 0xffffc004, 0xffffe000, 0x4000, 0x2000},
                 {0x002, 0xffffc004, 0xffffe000, 0x4000, 0x2000},
                 {0x010, 0xffff0004, 0xffff0000, 0x10000, 0x10000},
                 {0x400, 0xffc00004, 0xffc00000, 0x400000, 0x400000}};

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const unsigned bar = EXTENDED + PCI_SRIOV_BAR;

        add_sriov();
        cfgspace_write(&space, (uint16_t)bar, UINT32_MAX, 0xf); /* before: loses its low bits */
        cfgspace_write(&space, EXTENDED + PCI_SRIOV_SYS_PGSIZE, cases[i].page, 0xf);
        CU_ASSERT_EQUAL(cfgspace_read(&space, (uint16_t)bar), cases[i].mask_0);
        CU_ASSERT_EQUAL(all_ones_at(bar + 4), 0xffffffff);
        CU_ASSERT_EQUAL(all_ones_at(bar + 8), cases[i].mask_2);
        CU_ASSERT_EQUAL(cap_sriov_vf_bar_bytes(&space, 0), cases[i].bytes_0);
        CU_ASSERT_EQUAL(cap_sriov_vf_bar_bytes(&space, 1), 0);
        CU_ASSERT_EQUAL(cap_sriov_vf_bar_bytes(&space, 2), cases[i].bytes_2);
        cap_sriov_set_vf_bar(&space, 0, UINT64_C(0x200000000));
        CU_ASSERT_EQUAL(cap_sriov_vf_bar(&space, 0, 3),
                        UINT64_C(0x200000000) + 3 * cases[i].bytes_0);
        cfgspace_write(&space, (uint16_t)(bar + 8), 0, 0xf);
        CU_ASSERT_EQUAL(cap_sriov_vf_bar(&space, 2, 3), 0);
    }
}

static void add_over_another(void *unused)
{
    (void)unused;
    begin();
    cap_dsn_add(&layout, EXTENDED, UINT64_MAX);
    cap_ari_add(&layout, EXTENDED + 8, 0);
}

static void add_past_the_end(void *unused)
{
    (void)unused;
    begin();
    cap_subsystem_add(&layout, CFGSPACE_PCI_BYTES - 4, 1, 1);
}

static void misplaced_capabilities_are_bugs(void)
{
    char text[DIES_TEXT_BYTES];

    CU_ASSERT_TRUE(dies(add_over_another, NULL, text));
    CU_ASSERT_TRUE(dies(add_past_the_end, NULL, text));
}

void suite_cap(void)
{
    CU_pSuite suite = CU_add_suite("cap", NULL, NULL);

    CU_add_test(suite, "Type 1 header", type_1_header);
    CU_add_test(suite, "power management", power_management);
    CU_add_test(suite, "MSI's shapes", msi_shapes);
    CU_add_test(suite, "an MSI message", msi_message);
    CU_add_test(suite, "MSI-X places", msix_places);
    CU_add_test(suite, "Express of every port type", express_of_every_port_type);
    CU_add_test(suite, "Express sizes and status", express_sizes_and_status);
    CU_add_test(suite, "slot events", slot_events);
    CU_add_test(suite, "a slot without commands", slot_without_commands);
    CU_add_test(suite, "AER logs the first error", aer_logs_the_first_error);
    CU_add_test(suite, "AER of a root port", aer_of_a_root_port);
    CU_add_test(suite, "small capabilities", small_extended_capabilities);
    CU_add_test(suite, "containment", containment);
    CU_add_test(suite, "SR-IOV numbers VFs", sriov_numbers_vfs);
    CU_add_test(suite, "SR-IOV locks while enabled", sriov_locks_while_enabled);
    CU_add_test(suite, "VF BARs follow the page", sriov_bars_follow_the_page);
    CU_add_test(suite, "misplaced capabilities are bugs", misplaced_capabilities_are_bugs);
}
