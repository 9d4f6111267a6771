#include "pcie/lspci_dump.h"
#include "base/check.h"

#include <linux/pci_regs.h>
#include <string.h>

enum { LINE_BYTES = 16, ID_BYTES = 4 };

/* @ids: what the first doubleword shows. */
static void dump(FILE *file, uint32_t domain, uint16_t bdf, const char *text,
                 const struct cfgspace *space, uint32_t ids)
{
    const unsigned bytes =
        space->layout->bytes > CFGSPACE_PCI_BYTES ? CFGSPACE_BYTES : CFGSPACE_PCI_BYTES;

    CHECK(!strchr(text, '\n'));
    if (domain)
        fprintf(file, "%04x:", domain);
    fprintf(file, "%02x:%02x.%x %s\n", bdf >> 8, bdf >> 3 & 0x1f, bdf & 7U, text);
    for (unsigned at = 0; at < bytes; at += LINE_BYTES) {
        fprintf(file, "%02x:", at);
        for (unsigned i = at; i < at + LINE_BYTES; i++)
            fprintf(file, " %02x", i < ID_BYTES ? ids >> 8 * i & 0xff : cfgspace_get8(space, i));
        fputc('\n', file);
    }
    fputc('\n', file);
}

void lspci_dump_function(FILE *file, uint32_t domain, uint16_t bdf, const char *text,
                         const struct cfgspace *space)
{
    dump(file, domain, bdf, text, space, cfgspace_get32(space, PCI_VENDOR_ID));
}

void lspci_dump_vf(FILE *file, uint32_t domain, uint16_t bdf, const char *text,
                   const struct cfgspace *vf, const struct cfgspace *pf)
{
    const unsigned sriov = pf->layout->sriov;
    const uint32_t vendor = cfgspace_get16(pf, PCI_VENDOR_ID);

    CHECK(vf->layout->is_vf && sriov);
    dump(file, domain, bdf, text, vf,
         vendor | (uint32_t)cfgspace_get16(pf, sriov + PCI_SRIOV_VF_DID) << 16);
}
