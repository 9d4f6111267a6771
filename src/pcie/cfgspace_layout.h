/* cfgspace_layout.h - builds a layout register by register.
 * Start with cfgspace_layout_init, add a header (cap_header.h), then the capabilities in the order
 * in which software is to find them in the list. A capability that does not fit, or that would lie
 * on bits of another one, is a bug of the caller and fails a CHECK. */
#ifndef POOLSIM_PCIE_CFGSPACE_LAYOUT_H
#define POOLSIM_PCIE_CFGSPACE_LAYOUT_H

#include "pcie/cfgspace.h"
#include <stddef.h>

/* Memory that a layout of @bytes needs, in bytes. */
size_t cfgspace_layout_memory_bytes(uint16_t bytes);
/* An empty layout: every register reads 0 and ignores writes. @memory holds
 * cfgspace_layout_memory_bytes(@bytes) and outlives the layout. */
void cfgspace_layout_init(struct cfgspace_layout *layout, uint16_t bytes, uint8_t *memory);

/* A register of 8, 16 or 32 bits at @offset: its value after reset, which bits software writes and
 * which ones it clears by writing 1. Replaces what was there. */
void cfgspace_layout_reg8(struct cfgspace_layout *layout, unsigned offset, uint8_t reset,
                          uint8_t write_mask, uint8_t w1c_mask);
void cfgspace_layout_reg16(struct cfgspace_layout *layout, unsigned offset, uint16_t reset,
                           uint16_t write_mask, uint16_t w1c_mask);
void cfgspace_layout_reg32(struct cfgspace_layout *layout, unsigned offset, uint32_t reset,
                           uint32_t write_mask, uint32_t w1c_mask);
/* Adds to the bits that survive a hot reset and an FLR, or only an FLR. */
void cfgspace_layout_sticky32(struct cfgspace_layout *layout, unsigned offset, uint32_t mask);
void cfgspace_layout_keep_in_flr32(struct cfgspace_layout *layout, unsigned offset, uint32_t mask);
/* What the doublewords from @offset on, @bytes long, are for. */
void cfgspace_layout_kind(struct cfgspace_layout *layout, unsigned offset, unsigned bytes,
                          enum cfgspace_kind kind);

/* Appends a capability to the list that begins at PCI_CAPABILITY_LIST; @bytes is what it occupies,
 * its two first bytes included. */
void cfgspace_layout_capability(struct cfgspace_layout *layout, uint8_t id, unsigned offset,
                                unsigned bytes);
/* Appends to the list of extended capabilities, whose first one is at 0x100. */
void cfgspace_layout_extended(struct cfgspace_layout *layout, uint16_t id, uint8_t version,
                              unsigned offset, unsigned bytes);

#endif
