#include "host/probe.h"

#include <linux/pci_regs.h>

#define PS_PER_MS UINT64_C(1000000000)

enum {
    CRS_VENDOR = 0x0001, /* read in place of the vendor ID (Base Spec 2.3.2) */
    CRS_LAST_MS = 60000,
    CAPABILITIES_MAX = 48, /* that fit: a list that is longer has a loop */
    EXTENDED_MAX = 480,
    MIN_PAYLOAD_BYTES = 128,
    PAGE_4K = 1,        /* bit 0 of System Page Size */
    EXPRESS_BYTES = 256 /* conventional configuration space */
};

void probe_sleep(const struct probe_wait *wait, uint64_t ps)
{
    if (wait->wait)
        wait->wait(wait->self, ps);
}

bool probe_is_there(const struct cfg_access *access, uint16_t rid, const struct probe_wait *wait)
{
    uint16_t vendor = cfg_access_read16(access, rid, PCI_VENDOR_ID);
    for (uint64_t ms = 1; vendor == CRS_VENDOR && ms <= CRS_LAST_MS; ms *= 2) {
        probe_sleep(wait, ms * PS_PER_MS);
        vendor = cfg_access_read16(access, rid, PCI_VENDOR_ID);
    }
    return vendor != UINT16_MAX && vendor != 0 && vendor != CRS_VENDOR;
}

uint16_t probe_capability(const struct cfg_access *access, uint16_t rid, uint8_t id)
{
    if (!(cfg_access_read16(access, rid, PCI_STATUS) & PCI_STATUS_CAP_LIST))
        return 0;
    uint8_t at = cfg_access_read8(access, rid, PCI_CAPABILITY_LIST) & 0xfc;
    for (unsigned i = 0; at >= PCI_STD_HEADER_SIZEOF && i < CAPABILITIES_MAX; i++) {
        if (cfg_access_read8(access, rid, at + PCI_CAP_LIST_ID) == id)
            return at;
        at = cfg_access_read8(access, rid, at + PCI_CAP_LIST_NEXT) & 0xfc;
    }
    return 0;
}

uint16_t probe_extended_capability(const struct cfg_access *access, uint16_t rid, uint16_t id)
{
    uint16_t at = EXPRESS_BYTES;
    for (unsigned i = 0; at >= EXPRESS_BYTES && i < EXTENDED_MAX; i++) {
        const uint32_t header = cfg_access_read32(access, rid, at);
        if (header == 0 || header == UINT32_MAX)
            return 0;
        if (PCI_EXT_CAP_ID(header) == id)
            return at;
        at = (uint16_t)PCI_EXT_CAP_NEXT(header);
    }
    return 0;
}

/* Writes ones, reads what stuck, and puts back what was there. */
static uint32_t sticking_ones(const struct cfg_access *access, uint16_t rid, unsigned offset,
                              uint32_t ones)
{
    const uint32_t old = cfg_access_read32(access, rid, offset);
    cfg_access_write32(access, rid, offset, ones);
    const uint32_t stuck = cfg_access_read32(access, rid, offset);
    cfg_access_write32(access, rid, offset, old);
    return stuck;
}

/* Sizes the @n BARs at @offset (7.5.1.2.1): the lowest address bit that holds a one. */
static void size_bars(const struct cfg_access *access, uint16_t rid, unsigned offset, unsigned n,
                      struct pci_resource *bars)
{
    for (unsigned i = 0; i < n; i++) {
        const uint32_t low = sticking_ones(access, rid, offset + 4 * i, UINT32_MAX);
        struct pci_resource *bar = &bars[i];
        if (low == 0)
            continue;
        bar->io = low & PCI_BASE_ADDRESS_SPACE_IO;
        if (bar->io) {
            /* The upper half of an I/O BAR may be hardwired to 0. */
            bar->bytes = (~(low & (uint32_t)PCI_BASE_ADDRESS_IO_MASK) & 0xffffU) + 1;
        } else {
            uint64_t stuck = low & (uint32_t)PCI_BASE_ADDRESS_MEM_MASK;
            bar->prefetch = low & PCI_BASE_ADDRESS_MEM_PREFETCH;
            bar->is_64 =
                (low & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64 && i + 1 < n;
            if (bar->is_64)
                stuck |= (uint64_t)sticking_ones(access, rid, offset + 4 * ++i, UINT32_MAX) << 32;
            else
                stuck |= (uint64_t)UINT32_MAX << 32;
            bar->bytes = ~stuck + 1;
        }
        bar->align = bar->bytes;
    }
}

static void size_rom(const struct cfg_access *access, uint16_t rid, unsigned offset,
                     struct pci_resource *rom)
{
    const uint32_t stuck =
        sticking_ones(access, rid, offset, PCI_ROM_ADDRESS_MASK) & PCI_ROM_ADDRESS_MASK;
    rom->bytes = stuck ? ~stuck + 1 : 0;
    rom->align = rom->bytes;
}

/* What a bridge's windows can do, by their type bits; an I/O window that is not there ignores a
 * write. */
static void probe_windows(const struct cfg_access *access, struct pci_function *bridge)
{
    const uint16_t rid = bridge->rid;
    const uint16_t io = cfg_access_read16(access, rid, PCI_IO_BASE);
    cfg_access_write16(access, rid, PCI_IO_BASE, 0xe0f0);
    bridge->window[PCI_IO].io = (cfg_access_read16(access, rid, PCI_IO_BASE) & 0xf0f0) == 0xe0f0;
    cfg_access_write16(access, rid, PCI_IO_BASE, io);

    const uint16_t type = cfg_access_read16(access, rid, PCI_PREF_MEMORY_BASE);
    bridge->window[PCI_PREFETCH].prefetch = true;
    bridge->window[PCI_PREFETCH].is_64 =
        (type & PCI_PREF_RANGE_TYPE_MASK) == PCI_PREF_RANGE_TYPE_64;
}

static void probe_express(const struct cfg_access *access, struct pci_function *function)
{
    const uint16_t at = function->express;
    const uint16_t flags = cfg_access_read16(access, function->rid, at + PCI_EXP_FLAGS);
    const uint32_t device = cfg_access_read32(access, function->rid, at + PCI_EXP_DEVCAP);

    function->port = (uint8_t)((flags & PCI_EXP_FLAGS_TYPE) >> 4);
    function->max_payload_bytes =
        (uint16_t)(MIN_PAYLOAD_BYTES << (device & PCI_EXP_DEVCAP_PAYLOAD));
    if (flags & PCI_EXP_FLAGS_SLOT)
        function->hotplug =
            cfg_access_read32(access, function->rid, at + PCI_EXP_SLTCAP) & PCI_EXP_SLTCAP_HPC;
    function->ari = probe_extended_capability(access, function->rid, PCI_EXT_CAP_ID_ARI);
    function->sriov = probe_extended_capability(access, function->rid, PCI_EXT_CAP_ID_SRIOV);
}

void probe_function(const struct cfg_access *access, struct pci_function *function)
{
    const uint16_t rid = function->rid;
    const uint8_t header = cfg_access_read8(access, rid, PCI_HEADER_TYPE);

    function->vendor = cfg_access_read16(access, rid, PCI_VENDOR_ID);
    function->device = cfg_access_read16(access, rid, PCI_DEVICE_ID);
    function->class_code = cfg_access_read32(access, rid, PCI_CLASS_REVISION) >> 8;
    function->header = header & 0x7f;
    function->multifunction = header & 0x80;

    /* A BAR of ones must not catch anybody's requests. */
    const uint16_t command = cfg_access_read16(access, rid, PCI_COMMAND);
    cfg_access_write16(access, rid, PCI_COMMAND,
                       command & (uint16_t) ~(PCI_COMMAND_MEMORY | PCI_COMMAND_IO));
    if (function->header == PCI_HEADER_TYPE_BRIDGE) {
        size_bars(access, rid, PCI_BASE_ADDRESS_0, 2, function->bar);
        size_rom(access, rid, PCI_ROM_ADDRESS1, &function->bar[PCI_ROM]);
        probe_windows(access, function);
    } else {
        size_bars(access, rid, PCI_BASE_ADDRESS_0, PCI_BARS, function->bar);
        size_rom(access, rid, PCI_ROM_ADDRESS, &function->bar[PCI_ROM]);
    }
    cfg_access_write16(access, rid, PCI_COMMAND, command);

    function->express = probe_capability(access, rid, PCI_CAP_ID_EXP);
    if (function->express)
        probe_express(access, function);
}

void probe_sriov(const struct cfg_access *access, struct pci_function *function, bool ari)
{
    const uint16_t rid = function->rid;
    const unsigned at = function->sriov;

    cfg_access_write16(access, rid, at + PCI_SRIOV_CTRL, ari ? PCI_SRIOV_CTRL_ARI : 0);
    cfg_access_write32(access, rid, at + PCI_SRIOV_SYS_PGSIZE, PAGE_4K);
    function->total_vfs = cfg_access_read16(access, rid, at + PCI_SRIOV_TOTAL_VF);
    function->vf_device = cfg_access_read16(access, rid, at + PCI_SRIOV_VF_DID);

    /* Offset and stride may depend on NumVFs. */
    cfg_access_write16(access, rid, at + PCI_SRIOV_NUM_VF, function->total_vfs);
    function->vf_offset = cfg_access_read16(access, rid, at + PCI_SRIOV_VF_OFFSET);
    function->vf_stride = cfg_access_read16(access, rid, at + PCI_SRIOV_VF_STRIDE);
    cfg_access_write16(access, rid, at + PCI_SRIOV_NUM_VF, 0);

    size_bars(access, rid, at + PCI_SRIOV_BAR, PCI_BARS, function->vf_bar);
    for (unsigned i = 0; i < PCI_BARS; i++)
        function->vf_bar[i].bytes *= function->total_vfs;
}
