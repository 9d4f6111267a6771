/* QEMU's Q35 machine and its PCI Express devices: registers where a Linux guest saw them. */
#include "pcie/cap_acs.h"
#include "pcie/cap_aer.h"
#include "pcie/cap_ari.h"
#include "pcie/cap_dsn.h"
#include "pcie/cap_express.h"
#include "pcie/cap_header.h"
#include "pcie/cap_msi.h"
#include "pcie/cap_msix.h"
#include "pcie/cap_pm.h"
#include "pcie/cap_sriov.h"
#include "pcie/cap_subsystem.h"
#include "pcie/preset_rows.h"

#include <linux/pci_regs.h>

enum {
    INTEL = 0x8086,
    RED_HAT = 0x1b36,
    QUMRANET = 0x1af4, /* subsystem vendor of all that QEMU makes */
    QEMU_MACHINE = 0x1100,
    TEXAS = 0x104c,
    CLASS_HOST_BRIDGE = 0x060000,
    CLASS_ISA = 0x060100,
    CLASS_AHCI = 0x010601,
    CLASS_SMBUS = 0x0c0500,
    CLASS_BRIDGE = 0x060400,
    CLASS_NVME = 0x010802,
    CLASS_ETHERNET = 0x020000,
    SLOT_SHIFT = 19,
    PAGE_SIZES = 0x553,
    DEVCAP2_PREFIXES = PCI_EXP_DEVCAP2_EE_PREFIX | 0x00100000, /* extended format, 4 prefixes */
    COR_MASK = PCI_ERR_COR_ADV_NFAT | PCI_ERR_COR_INTERNAL | PCI_ERR_COR_LOG_OVER,
    AER_CAPS = PCI_ERR_CAP_ECRC_GENC | PCI_ERR_CAP_ECRC_CHKC,
    AER_MULTIPLE = 0x200 /* Multiple Header Recording Capable */
};

static struct cap_header_options intel(const struct preset_options *options, uint16_t device,
                                       uint32_t class_code, uint8_t revision)
{
    return (struct cap_header_options){.vendor = INTEL,
                                       .device = device,
                                       .revision = revision,
                                       .class_code = class_code,
                                       .multifunction = options->multifunction,
                                       .interrupt_pin = options->interrupt_pin,
                                       .subsystem_vendor = QUMRANET,
                                       .subsystem = QEMU_MACHINE};
}

void preset_add_q35_host_bridge(struct cfgspace_layout *layout,
                                const struct preset_options *options)
{
    const struct cap_header_options header = intel(options, 0x29c0, CLASS_HOST_BRIDGE, 0);

    cap_header_add_type0(layout, &header);
}

void preset_add_ich9_lpc(struct cfgspace_layout *layout, const struct preset_options *options)
{
    const struct cap_header_options header = intel(options, 0x2918, CLASS_ISA, 2);

    cap_header_add_type0(layout, &header);
}

void preset_add_ich9_sata(struct cfgspace_layout *layout, const struct preset_options *options)
{
    const struct cap_msi_options msi = {.is_64 = true};
    struct cap_header_options header = intel(options, 0x2922, CLASS_AHCI, 2);
    /* Revision 1.0; the index and data registers are 4 bytes into BAR 4. */
    const uint16_t revision = 0x10, place = 0x48;

    header.bar[4] = (struct cfgspace_bar_spec){.log2_bytes = 5, .io = true};
    header.bar[5] = (struct cfgspace_bar_spec){.log2_bytes = 12};
    cap_header_add_type0(layout, &header);
    cap_msi_add(layout, 0x80, &msi);
    cfgspace_layout_capability(layout, PCI_CAP_ID_SATA, 0xa8, PCI_SATA_SIZEOF_SHORT);
    cfgspace_layout_reg16(layout, 0xa8 + PCI_CAP_FLAGS, revision, 0, 0);
    cfgspace_layout_reg16(layout, 0xa8 + PCI_SATA_REGS, place, 0, 0);
}

void preset_add_ich9_smbus(struct cfgspace_layout *layout, const struct preset_options *options)
{
    struct cap_header_options header = intel(options, 0x2930, CLASS_SMBUS, 2);

    header.bar[4] = (struct cfgspace_bar_spec){.log2_bytes = 6, .io = true};
    cap_header_add_type0(layout, &header);
}

static struct cap_express_options express_of(uint8_t type, const struct preset_options *options)
{
    return (struct cap_express_options){
        .type = type,
        .max_payload_bytes = options->max_payload_bytes,
        .link_gen = options->link_gen,
        .link_width = options->link_width,
        .current_gen = options->card ? options->current_gen : 0,
        .current_width = options->current_width,
        .port = options->port,
        .devcap = PCI_EXP_DEVCAP_RBER,
        .devcap2 = DEVCAP2_PREFIXES,
        .lnkcap = PCI_EXP_LNKCAP_ASPM_L0S,
        .no_link2 = options->link_gen == 1,
        .link_active_at_reset = options->card,
    };
}

static void add_slot(struct cap_express_options *express, const struct preset_options *options)
{
    express->devcap2 |= PCI_EXP_DEVCAP2_ARI;
    express->slot = options->slot;
    express->sltcap = PCI_EXP_SLTCAP_EIP | (uint32_t)options->slot_number << SLOT_SHIFT;
    if (options->hot_plug)
        express->sltcap |= PCI_EXP_SLTCAP_ABP | PCI_EXP_SLTCAP_PCP | PCI_EXP_SLTCAP_AIP |
                           PCI_EXP_SLTCAP_PIP | PCI_EXP_SLTCAP_HPS | PCI_EXP_SLTCAP_HPC;
}

static struct cap_header_options bridge(const struct preset_options *options, uint16_t vendor,
                                        uint16_t device, uint8_t revision)
{
    return (struct cap_header_options){.vendor = vendor,
                                       .device = device,
                                       .revision = revision,
                                       .class_code = CLASS_BRIDGE,
                                       .multifunction = options->multifunction,
                                       .interrupt_pin = options->interrupt_pin,
                                       .io_window = true,
                                       .prefetch_is_64 = true};
}

static struct cap_aer_options aer_of(bool root_port)
{
    return (struct cap_aer_options){.version = 2,
                                    .root_port = root_port,
                                    .severity = CAP_AER_SEVERITY,
                                    .correctable_mask = COR_MASK,
                                    .capabilities = AER_CAPS | AER_MULTIPLE};
}

void preset_add_qemu_root_port(struct cfgspace_layout *layout, const struct preset_options *options)
{
    const uint16_t services =
        PCI_ACS_SV | PCI_ACS_TB | PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF | PCI_ACS_DT;
    const struct cap_msix_options msix = {.vectors = 1, .table = {0, 0}, .pba = {0, 0x800}};
    const struct cap_aer_options aer = aer_of(true);
    struct cap_express_options express = express_of(PCI_EXP_TYPE_ROOT_PORT, options);
    struct cap_header_options header = bridge(options, RED_HAT, 0x000c, 0);

    header.bar[0].log2_bytes = 12;
    express.lnkcap |= PCI_EXP_LNKCAP_DLLLARC | PCI_EXP_LNKCAP_LBNC;
    add_slot(&express, options);
    cap_header_add_type1(layout, &header);
    cap_express_add(layout, 0x54, &express);
    cap_msix_add(layout, 0x48, &msix);
    cap_subsystem_add(layout, 0x40, RED_HAT, 0);
    cap_aer_add(layout, 0x100, &aer);
    cap_acs_add(layout, 0x148, services);
}

static void add_x3130(struct cfgspace_layout *layout, const struct cap_header_options *header,
                      const struct cap_express_options *express)
{
    const struct cap_msi_options msi = {.is_64 = true};
    const struct cap_aer_options aer = aer_of(false);

    cap_header_add_type1(layout, header);
    cap_express_add(layout, 0x90, express);
    cap_subsystem_add(layout, 0x80, 0, 0);
    cap_msi_add(layout, 0x70, &msi);
    cap_aer_add(layout, 0x100, &aer);
}

void preset_add_x3130_upstream(struct cfgspace_layout *layout, const struct preset_options *options)
{
    const struct cap_header_options header = bridge(options, TEXAS, 0x8232, 2);
    const struct cap_express_options express = express_of(PCI_EXP_TYPE_UPSTREAM, options);

    add_x3130(layout, &header, &express);
}

void preset_add_x3130_downstream(struct cfgspace_layout *layout,
                                 const struct preset_options *options)
{
    const struct cap_header_options header = bridge(options, TEXAS, 0x8233, 1);
    struct cap_express_options express = express_of(PCI_EXP_TYPE_DOWNSTREAM, options);

    express.lnkcap |= PCI_EXP_LNKCAP_DLLLARC;
    add_slot(&express, options);
    add_x3130(layout, &header, &express);
}

static void add_nvme_rest(struct cfgspace_layout *layout, const struct preset_options *options)
{
    const struct cap_msix_options msix = {
        .vectors = options->msix_vectors, .table = {0, 0x2000}, .pba = {0, 0x3000}};
    const struct cap_pm_options pm = {.capabilities = 3, .no_soft_reset = true};
    struct cap_express_options express = express_of(PCI_EXP_TYPE_ENDPOINT, options);

    express.devcap |= PCI_EXP_DEVCAP_FLR;
    cap_msix_add(layout, 0x40, &msix);
    cap_express_add(layout, 0x80, &express);
    cap_pm_add(layout, 0x60, &pm);
    cap_ari_add(layout, 0x100, options->next_function);
}

static struct cap_header_options nvme(const struct preset_options *options)
{
    return (struct cap_header_options){.vendor = RED_HAT,
                                       .device = 0x0010,
                                       .revision = 2,
                                       .class_code = CLASS_NVME,
                                       .multifunction = options->multifunction,
                                       .interrupt_pin = options->interrupt_pin,
                                       .subsystem_vendor = QUMRANET,
                                       .subsystem = QEMU_MACHINE,
                                       .bar[0] = {options->bar_log2_bytes, .is_64 = true}};
}

void preset_add_qemu_nvme(struct cfgspace_layout *layout, const struct preset_options *options)
{
    const struct cap_header_options header = nvme(options);
    const struct cap_sriov_options sriov = {.total_vfs = options->vfs,
                                            .vf_device_id = options->vf_device,
                                            .page_sizes = PAGE_SIZES,
                                            .routing = options->vf_routing,
                                            .ari_routing = options->ari_routing,
                                            .bar[0] = {options->vf_bar_log2_bytes, .is_64 = true}};

    cap_header_add_type0(layout, &header);
    add_nvme_rest(layout, options);
    if (options->vfs)
        cap_sriov_add(layout, 0x120, &sriov);
}

void preset_add_qemu_nvme_vf(struct cfgspace_layout *layout, const struct preset_options *options)
{
    const struct cap_header_options header = nvme(options);

    cap_header_add_vf(layout, &header);
    add_nvme_rest(layout, options);
}

void preset_add_e1000e(struct cfgspace_layout *layout, const struct preset_options *options)
{
    const struct cap_msix_options msix = {
        .vectors = options->msix_vectors, .table = {3, 0}, .pba = {3, 0x2000}};
    const struct cap_msi_options msi = {.is_64 = true};
    const struct cap_pm_options pm = {.capabilities = 2 | PCI_PM_CAP_DSI};
    struct cap_express_options express = express_of(PCI_EXP_TYPE_ENDPOINT, options);
    struct cap_aer_options aer = aer_of(false);
    struct cap_header_options header = {.vendor = INTEL,
                                        .device = 0x10d3,
                                        .class_code = CLASS_ETHERNET,
                                        .interrupt_pin = options->interrupt_pin,
                                        .multifunction = options->multifunction,
                                        .subsystem_vendor = INTEL,
                                        .rom_log2_bytes = 18,
                                        .bar = {{.log2_bytes = 17},
                                                {.log2_bytes = 17},
                                                {.log2_bytes = 5, .io = true},
                                                {.log2_bytes = 14}}};

    express.version_1 = true;
    aer.capabilities = AER_CAPS;
    cap_header_add_type0(layout, &header);
    cap_pm_add(layout, 0xc8, &pm);
    cap_msi_add(layout, 0xd0, &msi);
    cap_express_add(layout, 0xe0, &express);
    cap_msix_add(layout, 0xa0, &msix);
    cap_aer_add(layout, 0x100, &aer);
    if (options->serial)
        cap_dsn_add(layout, 0x140, options->serial);
}
