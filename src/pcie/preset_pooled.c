/* The pooled machine's functions: registers where a Linux guest saw them. */
#include "base/check.h"
#include "pcie/cap_aer.h"
#include "pcie/cap_ari.h"
#include "pcie/cap_dpc.h"
#include "pcie/cap_dsn.h"
#include "pcie/cap_express.h"
#include "pcie/cap_header.h"
#include "pcie/cap_msi.h"
#include "pcie/cap_msix.h"
#include "pcie/cap_sriov.h"
#include "pcie/preset_rows.h"

#include <linux/pci_regs.h>

enum {
    INTEL = 0x8086,
    XILINX = 0x10ee,
    CLASS_HOST_BRIDGE = 0x060000,
    CLASS_BRIDGE = 0x060400,
    CLASS_MEMORY = 0x058000,
    CLASS_ETHERNET = 0x020000,
    CLASS_NVME = 0x010802,
    CLASS_ACCELERATOR = 0x120000,
    PORT_EXPRESS = 0x40,
    PORT_MSI = 0x80,
    PORT_DSN = 0x100,
    PORT_DPC = 0x110,
    DEVICE_MSI = 0x50,
    DEVICE_MSIX = 0x70,
    DEVICE_EXPRESS = 0xa0,
    DEVICE_AER = 0x100,
    DEVICE_DSN = 0x140,
    DEVICE_ARI = 0x150,
    DEVICE_SRIOV = 0x160,
    PAGE_SIZES = 0x553, /* 4, 8, 64, 256 KiB, 1, 4 MiB */
    SLOT_SHIFT = 19,
    DEVCAP_ENDPOINT = PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR,
};

/* What the 82599 and the SSD differ in. */
struct device {
    uint16_t vendor, device, subsystem_vendor, subsystem;
    uint32_t class_code;
    bool msi;
    int msix_bar;        /* of the physical function */
    uint32_t table, pba; /* where in the BAR */
    int vf_msix_bar;     /* VF BAR: that of the registers or a second one */
};

static const struct device intel_82599 = {INTEL, 0x10fb, INTEL, 0x000c, CLASS_ETHERNET,
                                          true,  4,      0,     0x2000, 3};
static const struct device nvme = {INTEL, 0x0a54, INTEL,  0x0001, CLASS_NVME,
                                   false, 0,      0x2000, 0x3000, 0};
static const struct device null = {XILINX, 0x7038, XILINX, 0x0001, CLASS_ACCELERATOR,
                                   false,  0,      0x2000, 0x3000, 0};

static struct cap_express_options express_of(uint8_t type, const struct preset_options *options)
{
    return (struct cap_express_options){
        .type = type,
        .max_payload_bytes = options->max_payload_bytes,
        .link_gen = options->link_gen,
        .link_width = options->link_width,
        .current_gen = options->current_gen,
        .current_width = options->current_width,
        .port = options->port,
        .devcap = PCI_EXP_DEVCAP_RBER,
        .devcap2 = PCI_EXP_DEVCAP2_COMP_TMOUT_DIS,
        .link_active_at_reset = options->card,
    };
}

void preset_add_host_bridge(struct cfgspace_layout *layout, const struct preset_options *options)
{
    const struct cap_header_options header = {.vendor = INTEL,
                                              .device = 0x0100,
                                              .revision = 1,
                                              .class_code = CLASS_HOST_BRIDGE,
                                              .multifunction = options->multifunction};

    cap_header_add_type0(layout, &header);
}

static void add_port(struct cfgspace_layout *layout, const struct preset_options *options,
                     uint16_t vendor, uint16_t device, const struct cap_express_options *express)
{
    const struct cap_header_options header = {.vendor = vendor,
                                              .device = device,
                                              .revision = 1,
                                              .class_code = CLASS_BRIDGE,
                                              .interrupt_pin = options->interrupt_pin,
                                              .multifunction = options->multifunction,
                                              .prefetch_is_64 = true};
    const struct cap_msi_options msi = {.is_64 = true};

    cap_header_add_type1(layout, &header);
    cap_express_add(layout, PORT_EXPRESS, express);
    cap_msi_add(layout, PORT_MSI, &msi);
    if (options->serial)
        cap_dsn_add(layout, PORT_DSN, options->serial);
}

static void add_slot(struct cap_express_options *express, const struct preset_options *options)
{
    express->lnkcap |= PCI_EXP_LNKCAP_DLLLARC;
    express->devcap2 |= PCI_EXP_DEVCAP2_ARI;
    express->slot = options->slot;
    express->sltcap = PCI_EXP_SLTCAP_NCCS | (uint32_t)options->slot_number << SLOT_SHIFT;
    if (options->hot_plug)
        express->sltcap |= PCI_EXP_SLTCAP_HPS | PCI_EXP_SLTCAP_HPC;
    if (options->button)
        express->sltcap |= PCI_EXP_SLTCAP_ABP | PCI_EXP_SLTCAP_PCP | PCI_EXP_SLTCAP_PIP;
}

void preset_add_root_port(struct cfgspace_layout *layout, const struct preset_options *options)
{
    struct cap_express_options express = express_of(PCI_EXP_TYPE_ROOT_PORT, options);

    add_slot(&express, options);
    add_port(layout, options, INTEL, 0x0101, &express);
}

void preset_add_upstream(struct cfgspace_layout *layout, const struct preset_options *options)
{
    const struct cap_express_options express = express_of(PCI_EXP_TYPE_UPSTREAM, options);

    add_port(layout, options, XILINX, 0x7021, &express);
}

void preset_add_downstream(struct cfgspace_layout *layout, const struct preset_options *options)
{
    struct cap_express_options express = express_of(PCI_EXP_TYPE_DOWNSTREAM, options);

    add_slot(&express, options);
    add_port(layout, options, XILINX, 0x7022, &express);
    if (options->dpc)
        cap_dpc_add(layout, PORT_DPC);
}

void preset_add_management(struct cfgspace_layout *layout, const struct preset_options *options)
{
    const struct cap_header_options header = {.vendor = XILINX,
                                              .device = 0x8086,
                                              .revision = 1,
                                              .class_code = CLASS_MEMORY,
                                              .multifunction = options->multifunction,
                                              .bar[0].log2_bytes = options->bar_log2_bytes};
    struct cap_express_options express = express_of(PCI_EXP_TYPE_ENDPOINT, options);

    express.devcap = DEVCAP_ENDPOINT;
    cap_header_add_type0(layout, &header);
    cap_express_add(layout, PORT_EXPRESS, &express);
}

static void add_sriov(struct cfgspace_layout *layout, const struct preset_options *options,
                      const struct device *device)
{
    struct cap_sriov_options sriov = {.total_vfs = options->vfs,
                                      .vf_device_id = options->vf_device,
                                      .page_sizes = PAGE_SIZES,
                                      .routing = options->vf_routing,
                                      .ari_routing = options->ari_routing};
    const struct cfgspace_bar_spec bar = {.log2_bytes = options->vf_bar_log2_bytes, .is_64 = true};

    sriov.bar[0] = bar;
    sriov.bar[device->vf_msix_bar] = bar;
    cap_sriov_add(layout, DEVICE_SRIOV, &sriov);
}

static void add_msix(struct cfgspace_layout *layout, const struct preset_options *options,
                     const struct device *device, int bar)
{
    const struct cap_msix_options msix = {.vectors = options->msix_vectors,
                                          .table = {(uint8_t)bar, device->table},
                                          .pba = {(uint8_t)bar, device->pba}};

    cap_msix_add(layout, DEVICE_MSIX, &msix);
}

static void add_endpoint_express(struct cfgspace_layout *layout,
                                 const struct preset_options *options)
{
    struct cap_express_options express = express_of(PCI_EXP_TYPE_ENDPOINT, options);

    express.devcap = DEVCAP_ENDPOINT;
    cap_express_add(layout, DEVICE_EXPRESS, &express);
}

static void add_pf(struct cfgspace_layout *layout, const struct preset_options *options,
                   const struct device *device)
{
    const struct cap_aer_options aer = {
        .version = 1, .severity = CAP_AER_SEVERITY, .correctable_mask = CAP_AER_COR_MASK};
    const struct cap_msi_options msi = {.is_64 = true};
    struct cap_header_options header = {.vendor = device->vendor,
                                        .device = device->device,
                                        .revision = 1,
                                        .class_code = device->class_code,
                                        .multifunction = options->multifunction,
                                        .interrupt_pin = options->interrupt_pin,
                                        .subsystem_vendor = device->subsystem_vendor,
                                        .subsystem = device->subsystem};

    header.bar[0] =
        (struct cfgspace_bar_spec){.log2_bytes = options->bar_log2_bytes, .is_64 = true};
    if (device->msix_bar)
        header.bar[device->msix_bar] =
            (struct cfgspace_bar_spec){.log2_bytes = options->msix_log2_bytes, .is_64 = true};
    cap_header_add_type0(layout, &header);
    if (device->msi)
        cap_msi_add(layout, DEVICE_MSI, &msi);
    add_msix(layout, options, device, device->msix_bar);
    add_endpoint_express(layout, options);
    cap_aer_add(layout, DEVICE_AER, &aer);
    if (options->serial)
        cap_dsn_add(layout, DEVICE_DSN, options->serial);
    cap_ari_add(layout, DEVICE_ARI, options->next_function);
    if (options->vfs)
        add_sriov(layout, options, device);
}

static void add_vf(struct cfgspace_layout *layout, const struct preset_options *options,
                   const struct device *device)
{
    const struct cap_aer_options aer = {.version = 1};
    const struct cap_header_options header = {.revision = 1,
                                              .class_code = device->class_code,
                                              .subsystem_vendor = device->subsystem_vendor,
                                              .subsystem = device->subsystem};

    cap_header_add_vf(layout, &header);
    add_msix(layout, options, device, device->vf_msix_bar);
    add_endpoint_express(layout, options);
    cap_aer_add(layout, DEVICE_AER, &aer);
    cap_ari_add(layout, DEVICE_ARI, options->next_function);
}

void preset_add_82599(struct cfgspace_layout *layout, const struct preset_options *options)
{
    add_pf(layout, options, &intel_82599);
}

void preset_add_82599_vf(struct cfgspace_layout *layout, const struct preset_options *options)
{
    add_vf(layout, options, &intel_82599);
}

void preset_add_nvme(struct cfgspace_layout *layout, const struct preset_options *options)
{
    add_pf(layout, options, &nvme);
}

void preset_add_nvme_vf(struct cfgspace_layout *layout, const struct preset_options *options)
{
    add_vf(layout, options, &nvme);
}

void preset_add_null(struct cfgspace_layout *layout, const struct preset_options *options)
{
    add_pf(layout, options, &null);
}

void preset_add_null_vf(struct cfgspace_layout *layout, const struct preset_options *options)
{
    add_vf(layout, options, &null);
}
