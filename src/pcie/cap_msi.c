#include "pcie/cap_msi.h"
#include "base/check.h"

#include <linux/pci_regs.h>

enum { QMASK_SHIFT = 1, QSIZE_SHIFT = 4, LOG2_VECTORS_MAX = 5, UPPER_SHIFT = 32 };

static unsigned size(const struct cap_msi_options *options)
{
    const unsigned data = options->is_64 ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32;

    if (!options->maskable)
        return data + 2;
    return (options->is_64 ? PCI_MSI_PENDING_64 : PCI_MSI_PENDING_32) + 4;
}

static uint32_t vector_bits(unsigned log2_vectors)
{
    return log2_vectors == LOG2_VECTORS_MAX ? UINT32_MAX : (1U << (1U << log2_vectors)) - 1;
}

void cap_msi_add(struct cfgspace_layout *layout, unsigned offset,
                 const struct cap_msi_options *options)
{
    uint16_t flags = (uint16_t)(options->log2_vectors << QMASK_SHIFT);

    CHECK(options->log2_vectors <= LOG2_VECTORS_MAX);
    if (options->is_64)
        flags |= PCI_MSI_FLAGS_64BIT;
    if (options->maskable)
        flags |= PCI_MSI_FLAGS_MASKBIT;
    cfgspace_layout_capability(layout, PCI_CAP_ID_MSI, offset, size(options));
    layout->msi = (uint16_t)offset;
    cfgspace_layout_reg16(layout, offset + PCI_MSI_FLAGS, flags,
                          PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE, 0);
    cfgspace_layout_reg32(layout, offset + PCI_MSI_ADDRESS_LO, 0, ~3U, 0);
    if (options->is_64)
        cfgspace_layout_reg32(layout, offset + PCI_MSI_ADDRESS_HI, 0, UINT32_MAX, 0);
    cfgspace_layout_reg16(layout, offset + (options->is_64 ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32), 0,
                          UINT16_MAX, 0);
    if (options->maskable)
        cfgspace_layout_reg32(layout, offset + (options->is_64 ? PCI_MSI_MASK_64 : PCI_MSI_MASK_32),
                              0, vector_bits(options->log2_vectors), 0);
    cfgspace_layout_kind(layout, offset, size(options), CFGSPACE_KIND_MSI);
}

static uint16_t flags_of(const struct cfgspace *space)
{
    const unsigned at = space->layout->msi;

    return at ? cfgspace_get16(space, at + PCI_MSI_FLAGS) : 0;
}

bool cap_msi_enabled(const struct cfgspace *space)
{
    return flags_of(space) & PCI_MSI_FLAGS_ENABLE;
}

unsigned cap_msi_vectors(const struct cfgspace *space)
{
    const unsigned flags = flags_of(space);
    const unsigned asked = (flags & PCI_MSI_FLAGS_QMASK) >> QMASK_SHIFT;
    const unsigned allowed = (flags & PCI_MSI_FLAGS_QSIZE) >> QSIZE_SHIFT;

    return 1U << (allowed < asked ? allowed : asked);
}

uint64_t cap_msi_address(const struct cfgspace *space)
{
    const unsigned at = space->layout->msi;
    uint64_t address = cfgspace_get32(space, at + PCI_MSI_ADDRESS_LO);

    if (flags_of(space) & PCI_MSI_FLAGS_64BIT)
        address |= (uint64_t)cfgspace_get32(space, at + PCI_MSI_ADDRESS_HI) << UPPER_SHIFT;
    return address;
}

uint32_t cap_msi_data(const struct cfgspace *space, unsigned vector)
{
    const bool is_64 = flags_of(space) & PCI_MSI_FLAGS_64BIT;
    const unsigned vectors = cap_msi_vectors(space);
    const uint32_t data = cfgspace_get16(
        space, space->layout->msi + (unsigned)(is_64 ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32));

    CHECK(vector < vectors);
    return (data & ~(vectors - 1)) | vector;
}

bool cap_msi_masked(const struct cfgspace *space, unsigned vector)
{
    const bool is_64 = flags_of(space) & PCI_MSI_FLAGS_64BIT;

    CHECK(vector < cap_msi_vectors(space));
    if (!(flags_of(space) & PCI_MSI_FLAGS_MASKBIT))
        return false;
    return cfgspace_get32(space, space->layout->msi +
                                     (unsigned)(is_64 ? PCI_MSI_MASK_64 : PCI_MSI_MASK_32)) >>
               vector &
           1;
}

void cap_msi_set_pending(struct cfgspace *space, unsigned vector, bool pending)
{
    const bool is_64 = flags_of(space) & PCI_MSI_FLAGS_64BIT;
    const unsigned at =
        space->layout->msi + (unsigned)(is_64 ? PCI_MSI_PENDING_64 : PCI_MSI_PENDING_32);

    CHECK(vector < cap_msi_vectors(space));
    if (!(flags_of(space) & PCI_MSI_FLAGS_MASKBIT))
        return;
    cfgspace_set32(space, at,
                   (cfgspace_get32(space, at) & ~(1U << vector)) | (uint32_t)pending << vector);
}
