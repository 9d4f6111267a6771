#include "pcie/preset.h"
#include "base/check.h"
#include "pcie/preset_rows.h"

#include <string.h>

enum {
    PORT_BYTES = 0x110,       /* up to the serial number */
    DOWNSTREAM_BYTES = 0x120, /* and containment */
    POOLED_PF_BYTES = 0x1a0,  /* up to SR-IOV */
    POOLED_VF_BYTES = 0x158,  /* up to ARI */
    QEMU_PF_BYTES = 0x160,
    QEMU_VF_BYTES = 0x108,
    QEMU_ROOT_PORT_BYTES = 0x150,
    X3130_BYTES = 0x148,
    E1000E_BYTES = 0x150
};

#define SWITCH_PORT .link_gen = 2, .link_width = 8, .max_payload_bytes = 256
#define QEMU_PORT                                                                                  \
    .max_payload_bytes = 128, .slot = true, .hot_plug = true, .slot_number = 1, .current_gen = 1,  \
    .current_width = 1

static const struct {
    const char *name;
    uint16_t bytes;
    enum preset vf; /* PRESET_COUNT: none */
    void (*add)(struct cfgspace_layout *layout, const struct preset_options *options);
    struct preset_options defaults;
} rows[PRESET_COUNT] = {
    [PRESET_HOST_BRIDGE] =
        {"host-bridge", CFGSPACE_PCI_BYTES, PRESET_COUNT, preset_add_host_bridge, {0}},
    [PRESET_ROOT_PORT] = {"root-port",
                          PORT_BYTES,
                          PRESET_COUNT,
                          preset_add_root_port,
                          {SWITCH_PORT, .serial = 0x1234, .card = true}},
    [PRESET_SWITCH_MANAGEMENT] = {"switch-management",
                                  CFGSPACE_PCI_BYTES,
                                  PRESET_COUNT,
                                  preset_add_management,
                                  {SWITCH_PORT, .multifunction = true, .bar_log2_bytes = 16}},
    [PRESET_SWITCH_UPSTREAM] = {"switch-upstream",
                                PORT_BYTES,
                                PRESET_COUNT,
                                preset_add_upstream,
                                {SWITCH_PORT, .serial = 0x1234}},
    [PRESET_SWITCH_DOWNSTREAM] = {"switch-downstream",
                                  DOWNSTREAM_BYTES,
                                  PRESET_COUNT,
                                  preset_add_downstream,
                                  {SWITCH_PORT, .serial = 0x1234, .slot = true, .hot_plug = true,
                                   .slot_number = 5}},
    [PRESET_82599] = {"82599",
                      POOLED_PF_BYTES,
                      PRESET_82599_VF,
                      preset_add_82599,
                      {SWITCH_PORT, .serial = 0xdeadbeef, .msix_vectors = 64, .bar_log2_bytes = 19,
                       .msix_log2_bytes = 14, .vfs = 64, .vf_device = 0x10ed,
                       .vf_bar_log2_bytes = 14, .vf_routing = {0x180, 2},
                       .ari_routing = {0x180, 2}}},
    [PRESET_82599_VF] = {"82599-vf",
                         POOLED_VF_BYTES,
                         PRESET_COUNT,
                         preset_add_82599_vf,
                         {SWITCH_PORT, .msix_vectors = 3}},
    [PRESET_NVME] = {"nvme",
                     POOLED_PF_BYTES,
                     PRESET_NVME_VF,
                     preset_add_nvme,
                     {SWITCH_PORT, .serial = 0xdeadbeef, .msix_vectors = 32, .bar_log2_bytes = 14,
                      .vfs = 64, .vf_device = 0x0a55, .vf_bar_log2_bytes = 14,
                      .vf_routing = {0x100, 1}, .ari_routing = {1, 1}}},
    [PRESET_NVME_VF] = {"nvme-vf",
                        POOLED_VF_BYTES,
                        PRESET_COUNT,
                        preset_add_nvme_vf,
                        {SWITCH_PORT, .msix_vectors = 4}},
    [PRESET_NULL] = {"null",
                     POOLED_PF_BYTES,
                     PRESET_NULL_VF,
                     preset_add_null,
                     {SWITCH_PORT, .serial = 1, .msix_vectors = 1, .bar_log2_bytes = 14, .vfs = 8,
                      .vf_device = 0x7038, .vf_bar_log2_bytes = 14, .vf_routing = {0x100, 1},
                      .ari_routing = {1, 1}}},
    [PRESET_NULL_VF] = {"null-vf",
                        POOLED_VF_BYTES,
                        PRESET_COUNT,
                        preset_add_null_vf,
                        {SWITCH_PORT, .msix_vectors = 1}},
    [PRESET_Q35_HOST_BRIDGE] =
        {"q35-host-bridge", CFGSPACE_PCI_BYTES, PRESET_COUNT, preset_add_q35_host_bridge, {0}},
    [PRESET_ICH9_LPC] = {"ich9-lpc",
                         CFGSPACE_PCI_BYTES,
                         PRESET_COUNT,
                         preset_add_ich9_lpc,
                         {.multifunction = true}},
    [PRESET_ICH9_SATA] = {"ich9-sata",
                          CFGSPACE_PCI_BYTES,
                          PRESET_COUNT,
                          preset_add_ich9_sata,
                          {.multifunction = true, .interrupt_pin = 1}},
    [PRESET_ICH9_SMBUS] = {"ich9-smbus",
                           CFGSPACE_PCI_BYTES,
                           PRESET_COUNT,
                           preset_add_ich9_smbus,
                           {.multifunction = true, .interrupt_pin = 1}},
    [PRESET_QEMU_ROOT_PORT] = {"qemu-root-port",
                               QEMU_ROOT_PORT_BYTES,
                               PRESET_COUNT,
                               preset_add_qemu_root_port,
                               {QEMU_PORT, .link_gen = 4, .link_width = 32, .interrupt_pin = 1}},
    [PRESET_X3130_UPSTREAM] = {"x3130-upstream",
                               X3130_BYTES,
                               PRESET_COUNT,
                               preset_add_x3130_upstream,
                               {.link_gen = 1, .link_width = 1, .max_payload_bytes = 128}},
    [PRESET_X3130_DOWNSTREAM] = {"x3130-downstream",
                                 X3130_BYTES,
                                 PRESET_COUNT,
                                 preset_add_x3130_downstream,
                                 {QEMU_PORT, .link_gen = 1, .link_width = 1}},
    [PRESET_QEMU_NVME] = {"qemu-nvme",
                          QEMU_PF_BYTES,
                          PRESET_QEMU_NVME_VF,
                          preset_add_qemu_nvme,
                          {.link_gen = 1,
                           .link_width = 1,
                           .max_payload_bytes = 128,
                           .interrupt_pin = 1,
                           .msix_vectors = 1,
                           .bar_log2_bytes = 14,
                           .next_function = 1,
                           .vfs = 8,
                           .vf_device = 0x0010,
                           .vf_bar_log2_bytes = 14,
                           .vf_routing = {1, 1},
                           .ari_routing = {1, 1}}},
    [PRESET_QEMU_NVME_VF] = {"qemu-nvme-vf",
                             QEMU_VF_BYTES,
                             PRESET_COUNT,
                             preset_add_qemu_nvme_vf,
                             {.link_gen = 1,
                              .link_width = 1,
                              .max_payload_bytes = 128,
                              .msix_vectors = 1,
                              .next_function = 1}},
    [PRESET_E1000E] = {"e1000e",
                       E1000E_BYTES,
                       PRESET_COUNT,
                       preset_add_e1000e,
                       {.link_gen = 1,
                        .link_width = 1,
                        .max_payload_bytes = 128,
                        .interrupt_pin = 1,
                        .msix_vectors = 5,
                        .serial = 0x525400ffff123456}},
};

const char *preset_name(enum preset preset)
{
    CHECK(preset < PRESET_COUNT);
    return rows[preset].name;
}

bool preset_find(const char *name, enum preset *out_preset)
{
    for (unsigned i = 0; i < PRESET_COUNT; i++) {
        if (strcmp(rows[i].name, name) != 0)
            continue;
        *out_preset = (enum preset)i;
        return true;
    }
    return false;
}

void preset_defaults(enum preset preset, struct preset_options *out_options)
{
    CHECK(preset < PRESET_COUNT);
    *out_options = rows[preset].defaults;
}

uint16_t preset_bytes(enum preset preset)
{
    CHECK(preset < PRESET_COUNT);
    return rows[preset].bytes;
}

size_t preset_memory_bytes(enum preset preset)
{
    return cfgspace_layout_memory_bytes(preset_bytes(preset));
}

enum preset preset_vf(enum preset preset)
{
    CHECK(preset < PRESET_COUNT);
    return rows[preset].vf;
}

void preset_build(enum preset preset, const struct preset_options *options,
                  struct cfgspace_layout *out_layout, uint8_t *memory)
{
    CHECK(preset < PRESET_COUNT);
    cfgspace_layout_init(out_layout, rows[preset].bytes, memory);
    rows[preset].add(out_layout, options);
}
