/* preset.h - whole functions, laid out as the real ones are.
 * A preset is a row of a table: its name, how long its configuration space is, what its parameters
 * are by default and how its layout is built. The pooled machine's functions have their registers
 * where a Linux guest saw those of the pooled 82599, of its switch and of its host; the QEMU ones
 * where a Linux guest saw QEMU's. Nothing is allocated: give preset_build memory of
 * preset_memory_bytes. */
#ifndef POOLSIM_PCIE_PRESET_H
#define POOLSIM_PCIE_PRESET_H

#include "pcie/cfgspace.h"
#include <stddef.h>

enum preset {
    /* the pooled machine */
    PRESET_HOST_BRIDGE,       /* Sandy Bridge 8086:0100 */
    PRESET_ROOT_PORT,         /* Sandy Bridge 8086:0101 */
    PRESET_SWITCH_MANAGEMENT, /* the switch's management endpoint, Xilinx 10ee:8086 */
    PRESET_SWITCH_UPSTREAM,   /* its virtual bridges, Xilinx 10ee:7021 and 7022 */
    PRESET_SWITCH_DOWNSTREAM,
    PRESET_82599, /* Intel 8086:10fb and its virtual function, 8086:10ed to a User */
    PRESET_82599_VF,
    PRESET_NVME, /* an SR-IOV SSD 8086:0a54 and its virtual function, 8086:0a55 to a User */
    PRESET_NVME_VF,
    PRESET_NULL, /* the device that answers and does nothing else, Xilinx 10ee:7038 */
    PRESET_NULL_VF,
    /* QEMU's Q35 machine */
    PRESET_Q35_HOST_BRIDGE,
    PRESET_ICH9_LPC,
    PRESET_ICH9_SATA,
    PRESET_ICH9_SMBUS,
    PRESET_QEMU_ROOT_PORT,
    PRESET_X3130_UPSTREAM,
    PRESET_X3130_DOWNSTREAM,
    PRESET_QEMU_NVME,
    PRESET_QEMU_NVME_VF,
    PRESET_E1000E,
    PRESET_COUNT
};

/* What may differ between two functions of one preset. preset_defaults fills them in; a preset
 * ignores those that it has no register for. */
struct preset_options {
    bool multifunction;
    uint8_t interrupt_pin;
    uint8_t link_gen, link_width;       /* what the port can */
    uint8_t current_gen, current_width; /* what the link is; 0: the same */
    uint16_t max_payload_bytes;         /* supported */
    uint8_t port;                       /* Port Number in Link Capabilities */
    uint64_t serial;                    /* Device Serial Number; 0: no such capability */
    /* ports */
    bool slot, hot_plug;
    bool button; /* and a power controller with its indicator: an orderly way out */
    uint16_t slot_number;
    bool card; /* at reset a card is there and its link is up */
    bool dpc;  /* Downstream Port Containment; the pooled switch's downstream bridges */
    /* devices */
    uint16_t msix_vectors;
    uint8_t bar_log2_bytes;  /* the register BAR */
    uint8_t msix_log2_bytes; /* the MSI-X BAR, where it is one of its own */
    uint8_t next_function;   /* in ARI */
    /* physical functions */
    uint16_t vfs; /* TotalVFs; 0: no SR-IOV capability */
    uint16_t vf_device;
    uint8_t vf_bar_log2_bytes;                          /* of each VF BAR, at least 12 */
    struct cfgspace_vf_routing vf_routing, ari_routing; /* without, with ARI Capable Hierarchy */
};

/* "82599-vf" and the like; stable, for files and messages. */
const char *preset_name(enum preset preset);
/* False if no preset has this name. */
bool preset_find(const char *name, enum preset *out_preset);
void preset_defaults(enum preset preset, struct preset_options *out_options);
/* Length of the function's values: what cfgspace_init needs. */
uint16_t preset_bytes(enum preset preset);
/* What preset_build needs. */
size_t preset_memory_bytes(enum preset preset);
void preset_build(enum preset preset, const struct preset_options *options,
                  struct cfgspace_layout *out_layout, uint8_t *memory);
/* The preset of the virtual functions of @preset; PRESET_COUNT when it has none. */
enum preset preset_vf(enum preset preset);

/* A VF as its User sees it: a whole function. IDs from the PF's SR-IOV capability, the VF BARs as
 * BARs of its own, a Command register with memory enable; the rest is the VF's. */
struct preset_user_options {
    bool multifunction;
    bool hide_ari;         /* the User's slot does not forward ARI */
    uint8_t next_function; /* else: what ARI's Next Function shows */
};

/* @memory: cfgspace_layout_memory_bytes(vf->bytes). */
void preset_build_user_vf(const struct cfgspace_layout *pf, const struct cfgspace_layout *vf,
                          const struct preset_user_options *options,
                          struct cfgspace_layout *out_layout, uint8_t *memory);

#endif
