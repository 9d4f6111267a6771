#include "pcie/cap_msix.h"
#include "base/check.h"

#include <linux/pci_regs.h>

enum { CAP_BYTES = PCI_MSIX_PBA + 4, PBA_WORD_BITS = 64, PBA_WORD_BYTES = 8 };

static void add_place(struct cfgspace_layout *layout, unsigned offset, struct cap_msix_place place)
{
    CHECK(place.bar < CFGSPACE_BARS && !(place.offset & PCI_MSIX_TABLE_BIR));
    cfgspace_layout_reg32(layout, offset, place.offset | place.bar, 0, 0);
}

void cap_msix_add(struct cfgspace_layout *layout, unsigned offset,
                  const struct cap_msix_options *options)
{
    CHECK(options->vectors >= 1 && options->vectors <= CAP_MSIX_VECTORS_MAX);
    cfgspace_layout_capability(layout, PCI_CAP_ID_MSIX, offset, CAP_BYTES);
    layout->msix = (uint16_t)offset;
    cfgspace_layout_reg16(layout, offset + PCI_MSIX_FLAGS, (uint16_t)(options->vectors - 1),
                          PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL, 0);
    cfgspace_layout_kind(layout, offset, 4, CFGSPACE_KIND_MSIX);
    add_place(layout, offset + PCI_MSIX_TABLE, options->table);
    add_place(layout, offset + PCI_MSIX_PBA, options->pba);
}

static uint16_t flags_of(const struct cfgspace *space)
{
    CHECK(space->layout->msix);
    return cfgspace_get16(space, space->layout->msix + (unsigned)PCI_MSIX_FLAGS);
}

unsigned cap_msix_vectors(const struct cfgspace *space)
{
    return (flags_of(space) & PCI_MSIX_FLAGS_QSIZE) + 1U;
}

bool cap_msix_enabled(const struct cfgspace *space)
{
    return flags_of(space) & PCI_MSIX_FLAGS_ENABLE;
}

bool cap_msix_function_masked(const struct cfgspace *space)
{
    return flags_of(space) & PCI_MSIX_FLAGS_MASKALL;
}

static struct cap_msix_place place_at(const struct cfgspace *space, unsigned reg)
{
    uint32_t value;

    CHECK(space->layout->msix);
    value = cfgspace_get32(space, space->layout->msix + reg);
    return (struct cap_msix_place){(uint8_t)(value & PCI_MSIX_TABLE_BIR),
                                   value & PCI_MSIX_TABLE_OFFSET};
}

struct cap_msix_place cap_msix_table(const struct cfgspace *space)
{
    return place_at(space, PCI_MSIX_TABLE);
}

struct cap_msix_place cap_msix_pba(const struct cfgspace *space)
{
    return place_at(space, PCI_MSIX_PBA);
}

uint32_t cap_msix_table_bytes(const struct cfgspace *space)
{
    return cap_msix_vectors(space) * PCI_MSIX_ENTRY_SIZE;
}

uint32_t cap_msix_pba_bytes(const struct cfgspace *space)
{
    return (cap_msix_vectors(space) + PBA_WORD_BITS - 1) / PBA_WORD_BITS * PBA_WORD_BYTES;
}
