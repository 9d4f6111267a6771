#include "pcie/cap_subsystem.h"

#include <linux/pci_regs.h>

enum { CAP_BYTES = PCI_SSVID_DEVICE_ID + 2 };

void cap_subsystem_add(struct cfgspace_layout *layout, unsigned offset, uint16_t vendor,
                       uint16_t device)
{
    cfgspace_layout_capability(layout, PCI_CAP_ID_SSVID, offset, CAP_BYTES);
    cfgspace_layout_reg16(layout, offset + PCI_SSVID_VENDOR_ID, vendor, 0, 0);
    cfgspace_layout_reg16(layout, offset + PCI_SSVID_DEVICE_ID, device, 0, 0);
}
