/* cap_header.h - the first 64 bytes of configuration space: Type 0 and Type 1 (Base Spec 7.5.1).
 * Bits that PCI Express hardwires (special cycles, VGA snooping, latency timer ...) read 0. */
#ifndef POOLSIM_PCIE_CAP_HEADER_H
#define POOLSIM_PCIE_CAP_HEADER_H

#include "pcie/cfgspace_layout.h"

struct cap_header_options {
    uint16_t vendor, device;
    uint32_t class_code; /* base class, sub-class, programming interface: 24 bits */
    uint8_t revision;
    bool multifunction;
    uint8_t interrupt_pin;                /* 0: none, 1 to 4: INTA to INTD */
    uint16_t subsystem_vendor, subsystem; /* Type 0 only; a bridge has cap_subsystem_add */
    uint8_t rom_log2_bytes;               /* 0: no expansion ROM */
    bool io_window;                       /* Type 1: implements the I/O window, 16 or 32 bits */
    bool io_window_is_32;
    bool prefetch_is_64; /* Type 1: upper halves of the prefetchable window */
    struct cfgspace_bar_spec bar[CFGSPACE_BARS];
};

/* A Type 0 header with its BARs. */
void cap_header_add_type0(struct cfgspace_layout *layout, const struct cap_header_options *options);
/* A Type 1 header; only the first CFGSPACE_BRIDGE_BARS BARs. */
void cap_header_add_type1(struct cfgspace_layout *layout, const struct cap_header_options *options);
/* A virtual function's Type 0 header (SR-IOV 3.4.1): vendor and device ID read all ones, no BARs,
 * no memory and I/O enable, no interrupt pin. Of the options only class_code, revision and the
 * subsystem count. */
void cap_header_add_vf(struct cfgspace_layout *layout, const struct cap_header_options *options);

/* The registers of BAR @n at @offset (in a header or in SR-IOV) for @spec, with the flag bits and
 * the mask by which software finds the size. */
void cap_header_add_bar(struct cfgspace_layout *layout, unsigned offset,
                        struct cfgspace_bar_spec spec, enum cfgspace_kind kind);

/* A bridge's bus numbers and windows as they are programmed. A window is empty when its limit is
 * below its base. The limit is the last address inside. */
struct cap_header_window {
    uint64_t base, limit;
};
uint8_t cap_header_secondary(const struct cfgspace *bridge);
uint8_t cap_header_subordinate(const struct cfgspace *bridge);
struct cap_header_window cap_header_memory_window(const struct cfgspace *bridge);
struct cap_header_window cap_header_prefetch_window(const struct cfgspace *bridge);
struct cap_header_window cap_header_io_window(const struct cfgspace *bridge);

/* cfgspace_write's part: Secondary Bus Reset. */
unsigned cap_header_on_bridge_control_write(const struct cfgspace *space, uint32_t old);

#endif
