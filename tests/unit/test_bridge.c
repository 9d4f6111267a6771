/* The view of a virtual bridge's registers: written by software through its configuration space,
 * read as the table holds them. The values of the first test are what Linux left in the downstream
 * bridge of a User (02:00.0 of the lab's dump). Not pinned: reset values. */
#include "base/check.h"
#include "pcie/cap_express.h"
#include "pcie/cap_header.h"
#include "pool/bridge.h"
#include "splitmix.h"

#include <CUnit/CUnit.h>
#include <linux/pci_regs.h>
#include <string.h>

void suite_bridge(void);

enum { BYTES = 0x100, EXPRESS = 0x40, MSI = 0x80 };

struct rig {
    struct cfgspace_layout layout;
    struct cfgspace space;
    uint8_t memory[8192], value[BYTES];
};

static void rig_init(struct rig *rig, bool slot, bool msi_64)
{
    const struct cap_header_options header = {
        .vendor = 0x10ee, .device = 0x7022, .class_code = 0x060400, .prefetch_is_64 = true};
    const struct cap_express_options express = {.type = PCI_EXP_TYPE_DOWNSTREAM,
                                                .slot = slot,
                                                .max_payload_bytes = 256,
                                                .link_gen = 2,
                                                .link_width = 8,
                                                .devcap2 = PCI_EXP_DEVCAP2_ARI,
                                                .sltcap = PCI_EXP_SLTCAP_HPC};

    CHECK(cfgspace_layout_memory_bytes(BYTES) <= sizeof rig->memory);
    cfgspace_layout_init(&rig->layout, BYTES, rig->memory);
    cap_header_add_type1(&rig->layout, &header);
    cap_express_add(&rig->layout, EXPRESS, &express);
    rig->layout.express = EXPRESS;
    rig->layout.msi = MSI;
    cfgspace_layout_reg16(&rig->layout, MSI + PCI_MSI_FLAGS, msi_64 ? PCI_MSI_FLAGS_64BIT : 0,
                          PCI_MSI_FLAGS_ENABLE, 0);
    for (unsigned at = PCI_MSI_ADDRESS_LO; at <= PCI_MSI_DATA_64; at += 4)
        cfgspace_layout_reg32(&rig->layout, MSI + at, 0, UINT32_MAX, 0);
    cfgspace_init(&rig->space, &rig->layout, rig->value);
}

static void put(struct rig *rig, unsigned offset, uint8_t bytes, uint32_t value)
{
    cfgspace_write_sized(&rig->space, (uint16_t)offset, bytes, value);
}

static void as_software_wrote_it(void)
{
    struct rig rig;
    struct bridge_regs regs;

    rig_init(&rig, true, true);
    put(&rig, PCI_COMMAND, 2, 0x0406);
    put(&rig, PCI_PRIMARY_BUS, 4, 0x00030302);
    put(&rig, PCI_MEMORY_BASE, 4, 0xf810f800);
    put(&rig, PCI_PREF_MEMORY_BASE, 4, 0xf840f830);
    put(&rig, PCI_PREF_BASE_UPPER32, 4, 0x12);
    put(&rig, PCI_PREF_LIMIT_UPPER32, 4, 0x13);
    put(&rig, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_CTL_SERR);
    put(&rig, EXPRESS + PCI_EXP_DEVCTL2, 2, PCI_EXP_DEVCTL2_ARI);
    put(&rig, EXPRESS + PCI_EXP_SLTCTL, 2, PCI_EXP_SLTCTL_HPIE | PCI_EXP_SLTCTL_PDCE);
    put(&rig, MSI + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
    put(&rig, MSI + PCI_MSI_ADDRESS_LO, 4, 0xfee01004);
    put(&rig, MSI + PCI_MSI_ADDRESS_HI, 4, 0x1);
    put(&rig, MSI + PCI_MSI_DATA_64, 2, 0x27);
    bridge_view(&rig.space, &regs);
    CU_ASSERT_EQUAL(regs.command, 0x0406);
    CU_ASSERT_TRUE(regs.primary == 2 && regs.secondary == 3 && regs.subordinate == 3);
    CU_ASSERT_TRUE(regs.mem_base == 0xf8000000 && regs.mem_limit == 0xf81fffff);
    CU_ASSERT_TRUE(regs.pref_base == 0x12f8300000 && regs.pref_limit == 0x13f84fffff);
    CU_ASSERT_TRUE(regs.control & PCI_BRIDGE_CTL_SERR);
    CU_ASSERT_TRUE(regs.ari_forwarding);
    CU_ASSERT_EQUAL(regs.slot_control & (PCI_EXP_SLTCTL_HPIE | PCI_EXP_SLTCTL_PDCE),
                    PCI_EXP_SLTCTL_HPIE | PCI_EXP_SLTCTL_PDCE);
    CU_ASSERT_TRUE(regs.msi_enable && regs.msi_address == 0x1fee01004 && regs.msi_data == 0x27);

    CU_ASSERT_TRUE(bridge_forwards_address(&regs, 0xf8000000));
    CU_ASSERT_TRUE(bridge_forwards_address(&regs, 0xf81fffff));
    CU_ASSERT_FALSE(bridge_forwards_address(&regs, 0xf7ffffff));
    CU_ASSERT_FALSE(bridge_forwards_address(&regs, 0xf8200000));
    CU_ASSERT_TRUE(bridge_forwards_address(&regs, 0x12f8300000));
    CU_ASSERT_FALSE(bridge_forwards_address(&regs, 0x13f8500000));
    CU_ASSERT_TRUE(bridge_forwards_bus(&regs, 3) && !bridge_forwards_bus(&regs, 2) &&
                   !bridge_forwards_bus(&regs, 4));
    CU_ASSERT_EQUAL(bridge_config_type(&regs, 3), 0);
    CU_ASSERT_TRUE(bridge_forwards_up(&regs));
    put(&rig, PCI_SUBORDINATE_BUS, 1, 4);
    put(&rig, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_CTL_BUS_RESET);
    put(&rig, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    bridge_view(&rig.space, &regs);
    CU_ASSERT_EQUAL(bridge_config_type(&regs, 4), 1);
    CU_ASSERT_FALSE(bridge_forwards_up(&regs));
    CU_ASSERT_FALSE(bridge_forwards_address(&regs, 0xf8000000));
}

static void without_a_slot_and_64_bits(void)
{
    struct rig rig;
    struct bridge_regs regs;

    rig_init(&rig, false, false);
    put(&rig, MSI + PCI_MSI_ADDRESS_LO, 4, 0xfee01004);
    put(&rig, MSI + PCI_MSI_DATA_32, 4, 0x28);
    bridge_view(&rig.space, &regs);
    CU_ASSERT_TRUE(regs.slot_control == 0 && regs.slot_status == 0);
    CU_ASSERT_TRUE(!regs.msi_enable && regs.msi_address == 0xfee01004 && regs.msi_data == 0x28);
}

static void packs_and_unpacks(void)
{
    uint64_t rng = 9;

    for (unsigned n = 0; n < 500; n++) {
        const uint64_t ones = 0xfffff;
        const struct bridge_regs regs = {
            .command = (uint16_t)splitmix(&rng),
            .primary = (uint8_t)splitmix(&rng),
            .secondary = (uint8_t)splitmix(&rng),
            .subordinate = (uint8_t)splitmix(&rng),
            .mem_base = (uint32_t)splitmix(&rng) & ~ones,
            .mem_limit = (uint32_t)splitmix(&rng) | ones,
            .pref_base = splitmix(&rng) & ~ones,
            .pref_limit = splitmix(&rng) | ones,
            .control = (uint16_t)splitmix(&rng),
            .ari_forwarding = splitmix_below(&rng, 2) != 0,
            .slot_control = (uint16_t)splitmix(&rng),
            .slot_status = (uint16_t)splitmix(&rng),
            .msi_enable = splitmix_below(&rng, 2) != 0,
            .msi_address = splitmix(&rng),
            .msi_data = (uint16_t)splitmix(&rng),
        };
        struct bridge_regs back;
        struct pool_entry entry, again;
        uint16_t port = 0, bridge = 0;

        bridge_pack((uint16_t)n, (uint16_t)(n + 1), &regs, &entry);
        CU_ASSERT_TRUE(bridge_unpack(&entry, &port, &bridge, &back));
        CU_ASSERT_TRUE(port == n && bridge == n + 1);
        CU_ASSERT_TRUE(back.mem_base == regs.mem_base && back.mem_limit == regs.mem_limit &&
                       back.pref_base == regs.pref_base && back.pref_limit == regs.pref_limit &&
                       back.msi_address == regs.msi_address && back.msi_data == regs.msi_data &&
                       back.slot_control == regs.slot_control &&
                       back.slot_status == regs.slot_status && back.command == regs.command &&
                       back.control == regs.control && back.primary == regs.primary &&
                       back.secondary == regs.secondary && back.subordinate == regs.subordinate &&
                       back.msi_enable == regs.msi_enable &&
                       back.ari_forwarding == regs.ari_forwarding);
        bridge_pack(port, bridge, &back, &again);
        CU_ASSERT_EQUAL(memcmp(&entry, &again, sizeof entry), 0);
    }
    CU_ASSERT_FALSE(bridge_unpack(&(struct pool_entry){0}, &(uint16_t){0}, &(uint16_t){0},
                                  &(struct bridge_regs){0}));
}

void suite_bridge(void)
{
    CU_pSuite suite = CU_add_suite("bridge", NULL, NULL);

    CU_add_test(suite, "as software wrote it", as_software_wrote_it);
    CU_add_test(suite, "without a slot and 64 bits", without_a_slot_and_64_bits);
    CU_add_test(suite, "packs and unpacks", packs_and_unpacks);
}
