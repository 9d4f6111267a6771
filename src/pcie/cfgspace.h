/* cfgspace.h - one function's configuration space as data (Base Spec 7).
 * A layout says for every bit what it reads after reset, whether software may write it, whether
 * writing one clears it and which resets it survives. All alike functions share one layout; a
 * function is a pointer to it and the bytes that differ, `value`. One generic write serves every
 * register and returns, as a set of effects, what whoever owns the function has to act upon: a
 * write changes bytes and never does anything by itself. The layout's builders are in
 * cfgspace_layout.h, the registers of each capability in cap_<name>.h, whole functions in preset.h.
 * No clock, no allocation: layouts and values live in the caller's memory. */
#ifndef POOLSIM_PCIE_CFGSPACE_H
#define POOLSIM_PCIE_CFGSPACE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    CFGSPACE_BYTES = 4096,    /* of a PCI Express function */
    CFGSPACE_PCI_BYTES = 256, /* what a conventional PCI function has */
    CFGSPACE_BARS = 6,
    CFGSPACE_BRIDGE_BARS = 2
};

/* What a register is for: one per doubleword of a layout. A write that changes a bit of the
 * doubleword, or clears one, has the effect 1 << kind. */
enum cfgspace_kind {
    CFGSPACE_KIND_PLAIN, /* nobody acts on it; never an effect */
    CFGSPACE_KIND_COMMAND,
    CFGSPACE_KIND_BAR,
    CFGSPACE_KIND_BUSES,
    CFGSPACE_KIND_WINDOW,
    CFGSPACE_KIND_BRIDGE_CONTROL,
    CFGSPACE_KIND_POWER,
    CFGSPACE_KIND_MSI,
    CFGSPACE_KIND_MSIX,
    CFGSPACE_KIND_DEVICE,
    CFGSPACE_KIND_DEVICE2,
    CFGSPACE_KIND_LINK,
    CFGSPACE_KIND_SLOT,
    CFGSPACE_KIND_ROOT,
    CFGSPACE_KIND_AER,
    CFGSPACE_KIND_ACS,
    CFGSPACE_KIND_DPC,
    CFGSPACE_KIND_SRIOV_CONTROL,
    CFGSPACE_KIND_SRIOV_VFS,  /* NumVFs */
    CFGSPACE_KIND_SRIOV_PAGE, /* System Page Size */
    CFGSPACE_KIND_VF_BAR,
    CFGSPACE_KIND_COUNT
};

/* What a write did, as a set. */
enum cfgspace_effect {
    CFGSPACE_COMMAND = 1U << CFGSPACE_KIND_COMMAND, /* Command (bus master, memory enable ...) */
    CFGSPACE_BAR = 1U << CFGSPACE_KIND_BAR,         /* a BAR or the expansion ROM's */
    CFGSPACE_BUSES = 1U << CFGSPACE_KIND_BUSES,     /* a bridge's three bus numbers */
    CFGSPACE_WINDOW = 1U << CFGSPACE_KIND_WINDOW,   /* a bridge's I/O or memory windows */
    CFGSPACE_BRIDGE_CONTROL = 1U << CFGSPACE_KIND_BRIDGE_CONTROL,
    CFGSPACE_POWER = 1U << CFGSPACE_KIND_POWER,
    CFGSPACE_MSI = 1U << CFGSPACE_KIND_MSI,
    CFGSPACE_MSIX = 1U << CFGSPACE_KIND_MSIX,       /* MSI-X Enable or Function Mask */
    CFGSPACE_DEVICE = 1U << CFGSPACE_KIND_DEVICE,   /* Device Control (MPS, MRRS) or Status */
    CFGSPACE_DEVICE2 = 1U << CFGSPACE_KIND_DEVICE2, /* Device Control 2 (ARI forwarding ...) */
    CFGSPACE_LINK = 1U << CFGSPACE_KIND_LINK,       /* Link Control (disable) or Status */
    /* Slot Control was written, changed or not: that is one command to the slot (6.7.3.2); or a
     * bit of Slot Status was cleared. */
    CFGSPACE_SLOT = 1U << CFGSPACE_KIND_SLOT,
    CFGSPACE_ROOT = 1U << CFGSPACE_KIND_ROOT,
    CFGSPACE_AER = 1U << CFGSPACE_KIND_AER,
    CFGSPACE_ACS = 1U << CFGSPACE_KIND_ACS,
    CFGSPACE_DPC = 1U << CFGSPACE_KIND_DPC,                     /* DPC Control or Status */
    CFGSPACE_SRIOV_CONTROL = 1U << CFGSPACE_KIND_SRIOV_CONTROL, /* VF Enable, VF MSE, ARI */
    CFGSPACE_SRIOV_VFS = 1U << CFGSPACE_KIND_SRIOV_VFS,
    CFGSPACE_SRIOV_PAGE = 1U << CFGSPACE_KIND_SRIOV_PAGE,
    CFGSPACE_VF_BAR = 1U << CFGSPACE_KIND_VF_BAR,
    /* Triggers, beside the effect of the register that holds them. */
    CFGSPACE_FLR = 1U << 24,           /* Initiate FLR was written as 1; the bit itself reads 0 */
    CFGSPACE_BUS_RESET = 1U << 25,     /* Secondary Bus Reset went from 0 to 1 */
    CFGSPACE_BUS_RESET_END = 1U << 26, /* and back */
    CFGSPACE_VF_ENABLE = 1U << 27,     /* VF Enable changed: the VFs appear or are gone */
    CFGSPACE_RETRAIN = 1U << 28,       /* Retrain Link was written as 1; reads 0 */
    CFGSPACE_LINK_DISABLE = 1U << 29,  /* Link Disable changed */
    CFGSPACE_DPC_TRIGGER = 1U << 30    /* DPC Software Trigger was written as 1; reads 0 */
};

enum cfgspace_reset_kind {
    CFGSPACE_RESET_COLD, /* power is back: every bit as the layout has it */
    CFGSPACE_RESET_HOT,  /* secondary bus reset, link down: sticky bits stay (7.4) */
    CFGSPACE_RESET_FLR   /* sticky bits stay, and what 6.6.2 exempts: MPS, link control ... */
};

struct cfgspace_bar_spec {
    uint8_t log2_bytes; /* 0: there is no such BAR (or it is the upper half of the one before) */
    bool is_64, prefetch, io;
};

/* First VF Offset and VF Stride (SR-IOV 3.3.9, 3.3.10). */
struct cfgspace_vf_routing {
    uint16_t offset, stride;
};

/* Shared by all alike functions, constant once built. The five masks are owned by whoever gave
 * the memory to cfgspace_layout_init. */
struct cfgspace_layout {
    uint16_t bytes; /* implemented, a multiple of 4; beyond it everything reads 0 */
    bool is_bridge; /* Type 1 header */
    bool is_vf;
    uint8_t *reset, *write_mask, *w1c_mask; /* [bytes]; a bit is in at most one mask */
    uint8_t *sticky_mask;                   /* [bytes] survives every reset but the cold one */
    uint8_t *flr_mask; /* [bytes] survives an FLR, in addition to the sticky bits */
    uint8_t *kind;     /* [bytes / 4] enum cfgspace_kind */
    /* Offsets of the capabilities; 0: absent. */
    uint16_t pm, msi, msix, express, aer, ari, sriov, acs, dsn, dpc;
    struct cfgspace_bar_spec bar[CFGSPACE_BARS], vf_bar[CFGSPACE_BARS];
    struct cfgspace_vf_routing vf_routing[2]; /* without, with ARI Capable Hierarchy */
};

struct cfgspace {
    const struct cfgspace_layout *layout; /* borrowed */
    uint8_t *value;                       /* [layout->bytes], the caller's */
};

/* A function just powered up; @value needs no content. */
void cfgspace_init(struct cfgspace *space, const struct cfgspace_layout *layout, uint8_t *value);
/* Sets every register as after @kind of reset. The owner of the function calls it when the reset
 * takes effect; cfgspace_write only reports that software asked for one. */
void cfgspace_reset(struct cfgspace *space, enum cfgspace_reset_kind kind);

/* What a configuration read of the doubleword at @offset returns. @offset is a multiple of 4 below
 * CFGSPACE_BYTES. */
uint32_t cfgspace_read(const struct cfgspace *space, uint16_t offset);
/* A configuration write: bit i of @byte_enables covers byte i. Bits outside of the masks keep their
 * value. Returns the set of effects. */
unsigned cfgspace_write(struct cfgspace *space, uint16_t offset, uint32_t value,
                        uint8_t byte_enables);
/* The same by 1, 2 or 4 @bytes at an offset that is a multiple of them: how software sees it. */
uint32_t cfgspace_read_sized(const struct cfgspace *space, uint16_t offset, uint8_t bytes);
unsigned cfgspace_write_sized(struct cfgspace *space, uint16_t offset, uint8_t bytes,
                              uint32_t value);

/* The hardware's side: no mask applies, nothing has an effect. 0 is read beyond the layout;
 * writing there is a broken invariant. Offsets need no alignment. */
uint8_t cfgspace_get8(const struct cfgspace *space, unsigned offset);
uint16_t cfgspace_get16(const struct cfgspace *space, unsigned offset);
uint32_t cfgspace_get32(const struct cfgspace *space, unsigned offset);
void cfgspace_set8(struct cfgspace *space, unsigned offset, uint8_t value);
void cfgspace_set16(struct cfgspace *space, unsigned offset, uint16_t value);
void cfgspace_set32(struct cfgspace *space, unsigned offset, uint32_t value);

/* The address in BAR @n of a Type 0 or Type 1 header without its flag bits; 0 when there is none,
 * or when software has not set it. A VF has none of its own: cap_sriov_vf_bar. */
uint64_t cfgspace_bar(const struct cfgspace *space, unsigned n);
/* Bytes that BAR @n decodes; 0: there is no such BAR. */
uint64_t cfgspace_bar_bytes(const struct cfgspace_layout *layout, unsigned n);
/* Sets the address in BAR @n as the hardware (an emulator, a fast boot) may. */
void cfgspace_set_bar(struct cfgspace *space, unsigned n, uint64_t address);

/* Command's Memory Space Enable and Bus Master Enable. */
bool cfgspace_memory_enabled(const struct cfgspace *space);
bool cfgspace_bus_master(const struct cfgspace *space);

#endif
