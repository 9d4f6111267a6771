#include "pcie/cap_sriov.h"
#include "base/check.h"
#include "pcie/cap_header.h"

#include <linux/pci_regs.h>

enum {
    VERSION = 1,
    CONTROL_BITS = PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE | PCI_SRIOV_CTRL_ARI,
    PAGE_SHIFT = 12 /* bit n of a page size register is 2^(12 + n) bytes */
};

static unsigned bar_offset(const struct cfgspace_layout *layout, unsigned n)
{
    CHECK(layout->sriov && n < PCI_SRIOV_NUM_BARS);
    return layout->sriov + (unsigned)PCI_SRIOV_BAR + 4 * n;
}

void cap_sriov_add(struct cfgspace_layout *layout, unsigned offset,
                   const struct cap_sriov_options *options)
{
    CHECK(options->total_vfs && options->page_sizes & 1);
    cfgspace_layout_extended(layout, PCI_EXT_CAP_ID_SRIOV, VERSION, offset,
                             PCI_EXT_CAP_SRIOV_SIZEOF);
    layout->sriov = (uint16_t)offset;
    layout->vf_routing[0] = options->routing;
    layout->vf_routing[1] = options->ari_routing;
    cfgspace_layout_reg16(layout, offset + PCI_SRIOV_CTRL, 0, CONTROL_BITS, 0);
    cfgspace_layout_kind(layout, offset + PCI_SRIOV_CTRL, 4, CFGSPACE_KIND_SRIOV_CONTROL);
    cfgspace_layout_reg16(layout, offset + PCI_SRIOV_INITIAL_VF, options->total_vfs, 0, 0);
    cfgspace_layout_reg16(layout, offset + PCI_SRIOV_TOTAL_VF, options->total_vfs, 0, 0);
    cfgspace_layout_reg16(layout, offset + PCI_SRIOV_NUM_VF, 0, UINT16_MAX, 0);
    cfgspace_layout_reg8(layout, offset + PCI_SRIOV_FUNC_LINK, options->dependency, 0, 0);
    cfgspace_layout_kind(layout, offset + PCI_SRIOV_NUM_VF, 4, CFGSPACE_KIND_SRIOV_VFS);
    cfgspace_layout_reg16(layout, offset + PCI_SRIOV_VF_OFFSET, options->routing.offset, 0, 0);
    cfgspace_layout_reg16(layout, offset + PCI_SRIOV_VF_STRIDE, options->routing.stride, 0, 0);
    cfgspace_layout_reg16(layout, offset + PCI_SRIOV_VF_DID, options->vf_device_id, 0, 0);
    cfgspace_layout_reg32(layout, offset + PCI_SRIOV_SUP_PGSIZE, options->page_sizes, 0, 0);
    cfgspace_layout_reg32(layout, offset + PCI_SRIOV_SYS_PGSIZE, 1, options->page_sizes, 0);
    cfgspace_layout_kind(layout, offset + PCI_SRIOV_SYS_PGSIZE, 4, CFGSPACE_KIND_SRIOV_PAGE);
    for (unsigned n = 0; n < PCI_SRIOV_NUM_BARS; n++) {
        const struct cfgspace_bar_spec spec = options->bar[n];

        CHECK(!spec.io && (!spec.log2_bytes || spec.log2_bytes >= PAGE_SHIFT));
        layout->vf_bar[n] = spec;
        cap_header_add_bar(layout, bar_offset(layout, n), spec, CFGSPACE_KIND_VF_BAR);
        if (spec.log2_bytes && spec.is_64) {
            n++;
            CHECK(n < PCI_SRIOV_NUM_BARS && !options->bar[n].log2_bytes);
        }
    }
}

static uint16_t field(const struct cfgspace *pf, unsigned reg)
{
    CHECK(pf->layout->sriov);
    return cfgspace_get16(pf, pf->layout->sriov + reg);
}

uint16_t cap_sriov_total_vfs(const struct cfgspace *pf)
{
    return field(pf, PCI_SRIOV_TOTAL_VF);
}

uint16_t cap_sriov_num_vfs(const struct cfgspace *pf)
{
    return field(pf, PCI_SRIOV_NUM_VF);
}

bool cap_sriov_enabled(const struct cfgspace *pf)
{
    return field(pf, PCI_SRIOV_CTRL) & PCI_SRIOV_CTRL_VFE;
}

bool cap_sriov_memory_enabled(const struct cfgspace *pf)
{
    return cap_sriov_enabled(pf) && field(pf, PCI_SRIOV_CTRL) & PCI_SRIOV_CTRL_MSE;
}

uint16_t cap_sriov_vf_rid(const struct cfgspace *pf, uint16_t pf_rid, unsigned i)
{
    return (uint16_t)(pf_rid + field(pf, PCI_SRIOV_VF_OFFSET) + i * field(pf, PCI_SRIOV_VF_STRIDE));
}

int cap_sriov_vf_of_rid(const struct cfgspace *pf, uint16_t pf_rid, uint16_t rid)
{
    const uint16_t stride = field(pf, PCI_SRIOV_VF_STRIDE);
    const uint16_t distance = (uint16_t)(rid - pf_rid - field(pf, PCI_SRIOV_VF_OFFSET));
    unsigned i;

    if (!stride)
        return distance == 0 && cap_sriov_num_vfs(pf) ? 0 : -1;
    i = distance / stride;
    return distance % stride == 0 && i < cap_sriov_num_vfs(pf) ? (int)i : -1;
}

static uint64_t page_bytes(const struct cfgspace *pf)
{
    const uint32_t size = cfgspace_get32(pf, pf->layout->sriov + (unsigned)PCI_SRIOV_SYS_PGSIZE);

    return size ? (uint64_t)(size & -size) << PAGE_SHIFT : UINT64_C(1) << PAGE_SHIFT;
}

uint64_t cap_sriov_vf_bar_bytes(const struct cfgspace *pf, unsigned n)
{
    const uint64_t page = page_bytes(pf);
    uint64_t bytes;

    CHECK(n < PCI_SRIOV_NUM_BARS);
    if (!pf->layout->vf_bar[n].log2_bytes)
        return 0;
    bytes = UINT64_C(1) << pf->layout->vf_bar[n].log2_bytes;
    return bytes > page ? bytes : page;
}

uint64_t cap_sriov_vf_bar(const struct cfgspace *pf, unsigned n, unsigned i)
{
    const uint64_t bytes = cap_sriov_vf_bar_bytes(pf, n);
    const unsigned offset = bar_offset(pf->layout, n);
    uint64_t address;

    if (!bytes)
        return 0;
    address = cfgspace_get32(pf, offset);
    if (pf->layout->vf_bar[n].is_64)
        address |= (uint64_t)cfgspace_get32(pf, offset + 4) << 32;
    address &= ~(bytes - 1);
    return address ? address + bytes * i : 0;
}

void cap_sriov_set_vf_bar(struct cfgspace *pf, unsigned n, uint64_t address)
{
    const uint64_t bytes = cap_sriov_vf_bar_bytes(pf, n);
    const unsigned offset = bar_offset(pf->layout, n);

    CHECK(bytes && address % bytes == 0);
    CHECK(pf->layout->vf_bar[n].is_64 || address <= UINT32_MAX);
    cfgspace_set32(pf, offset, (uint32_t)address | pf->layout->reset[offset]);
    if (pf->layout->vf_bar[n].is_64)
        cfgspace_set32(pf, offset + 4, (uint32_t)(address >> 32));
}

/* The VF BAR of which the doubleword at @offset is a half. */
static uint64_t vf_bar_mask(const struct cfgspace *pf, unsigned offset)
{
    const unsigned n = (offset - bar_offset(pf->layout, 0)) / 4;
    const bool upper = !pf->layout->vf_bar[n].log2_bytes;
    const uint64_t mask = ~(cap_sriov_vf_bar_bytes(pf, upper ? n - 1 : n) - 1);

    return upper ? mask >> 32 : mask;
}

uint32_t cap_sriov_unlocked(const struct cfgspace *pf, unsigned offset)
{
    const enum cfgspace_kind kind = (enum cfgspace_kind)pf->layout->kind[offset / 4];

    if (kind == CFGSPACE_KIND_VF_BAR)
        return (uint32_t)vf_bar_mask(pf, offset);
    if (!cap_sriov_enabled(pf))
        return UINT32_MAX;
    if (kind == CFGSPACE_KIND_SRIOV_CONTROL)
        return ~(uint32_t)PCI_SRIOV_CTRL_ARI;
    return 0; /* NumVFs, System Page Size */
}

/* The address bits below a larger page go to 0. */
static void align_vf_bars(struct cfgspace *pf)
{
    for (unsigned n = 0; n < PCI_SRIOV_NUM_BARS; n++) {
        const unsigned offset = bar_offset(pf->layout, n);
        const uint32_t flags = pf->layout->reset[offset];

        if (!pf->layout->vf_bar[n].log2_bytes)
            continue;
        cfgspace_set32(pf, offset,
                       (cfgspace_get32(pf, offset) & (uint32_t)vf_bar_mask(pf, offset)) | flags);
        if (pf->layout->vf_bar[n].is_64) {
            const uint32_t upper = (uint32_t)vf_bar_mask(pf, offset + 4);

            cfgspace_set32(pf, offset + 4, cfgspace_get32(pf, offset + 4) & upper);
        }
    }
}

unsigned cap_sriov_on_write(struct cfgspace *pf, unsigned offset, uint32_t old)
{
    const unsigned at = pf->layout->sriov;
    const uint16_t now = field(pf, PCI_SRIOV_CTRL);
    const struct cfgspace_vf_routing routing =
        pf->layout->vf_routing[(now & PCI_SRIOV_CTRL_ARI) != 0];

    if (pf->layout->kind[offset / 4] == CFGSPACE_KIND_SRIOV_PAGE) {
        align_vf_bars(pf);
        return 0;
    }
    cfgspace_set16(pf, at + PCI_SRIOV_VF_OFFSET, routing.offset);
    cfgspace_set16(pf, at + PCI_SRIOV_VF_STRIDE, routing.stride);
    return ((old ^ now) & PCI_SRIOV_CTRL_VFE) ? CFGSPACE_VF_ENABLE : 0;
}
