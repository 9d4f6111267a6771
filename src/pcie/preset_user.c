/* A VF as its User sees it. */
#include "base/check.h"
#include "pcie/cap_header.h"
#include "pcie/preset.h"

#include <linux/pci_regs.h>
#include <string.h>

enum { EXTENDED_FIRST = 0x100, NEXT_FUNCTION = PCI_ARI_CAP + 1, NEXT_SHIFT = 20 };

static uint16_t reset16(const struct cfgspace_layout *layout, unsigned offset)
{
    return (uint16_t)(layout->reset[offset] | layout->reset[offset + 1] << 8);
}

static uint32_t reset32(const struct cfgspace_layout *layout, unsigned offset)
{
    return reset16(layout, offset) | (uint32_t)reset16(layout, offset + 2) << 16;
}

/* Takes ARI out of the list of extended capabilities. The first one cannot leave its place: it
 * becomes an empty element (ID 0), which software steps over. */
static void hide_ari(struct cfgspace_layout *layout)
{
    const uint32_t next = PCI_EXT_CAP_NEXT(reset32(layout, layout->ari));
    unsigned at = EXTENDED_FIRST;

    if (layout->ari == EXTENDED_FIRST) {
        cfgspace_layout_reg32(layout, at, next << NEXT_SHIFT, 0, 0);
    } else {
        while (PCI_EXT_CAP_NEXT(reset32(layout, at)) != layout->ari)
            at = PCI_EXT_CAP_NEXT(reset32(layout, at));
        cfgspace_layout_reg32(layout, at,
                              (reset32(layout, at) & ((1U << NEXT_SHIFT) - 1)) | next << NEXT_SHIFT,
                              0, 0);
    }
    layout->ari = 0;
}

void preset_build_user_vf(const struct cfgspace_layout *pf, const struct cfgspace_layout *vf,
                          const struct preset_user_options *options,
                          struct cfgspace_layout *out_layout, uint8_t *memory)
{
    struct cap_header_options header = {.vendor = reset16(pf, PCI_VENDOR_ID),
                                        .device = reset16(pf, pf->sriov + PCI_SRIOV_VF_DID),
                                        .class_code = reset32(vf, PCI_CLASS_REVISION) >> 8,
                                        .revision = vf->reset[PCI_REVISION_ID],
                                        .multifunction = options->multifunction,
                                        .subsystem_vendor = reset16(vf, PCI_SUBSYSTEM_VENDOR_ID),
                                        .subsystem = reset16(vf, PCI_SUBSYSTEM_ID)};

    CHECK(pf->sriov && vf->is_vf);
    cfgspace_layout_init(out_layout, vf->bytes, memory);
    memcpy(memory, vf->reset, cfgspace_layout_memory_bytes(vf->bytes));
    out_layout->pm = vf->pm;
    out_layout->msi = vf->msi;
    out_layout->msix = vf->msix;
    out_layout->express = vf->express;
    out_layout->aer = vf->aer;
    out_layout->ari = vf->ari;
    out_layout->acs = vf->acs;
    out_layout->dsn = vf->dsn;
    memcpy(header.bar, pf->vf_bar, sizeof header.bar);
    cap_header_add_type0(out_layout, &header);
    out_layout->reset[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
    if (options->hide_ari && vf->ari)
        hide_ari(out_layout);
    else if (vf->ari)
        cfgspace_layout_reg8(out_layout, vf->ari + (unsigned)NEXT_FUNCTION, options->next_function,
                             0, 0);
}
