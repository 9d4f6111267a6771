/* cap_express.h - the PCI Express capability of every port type (Base Spec 7.5.3).
 * Device, link, slot, root, device 2, link 2 registers; the hot-plug events of a slot are in
 * cap_slot.h. Link Control's Retrain Link and Device Control's Initiate FLR always read 0. */
#ifndef POOLSIM_PCIE_CAP_EXPRESS_H
#define POOLSIM_PCIE_CAP_EXPRESS_H

#include "pcie/cfgspace_layout.h"
#include <linux/pci_regs.h>

struct cap_express_options {
    bool version_1;   /* an endpoint's registers end after Link Status */
    uint8_t type;     /* PCI_EXP_TYPE_... */
    bool crs_visible; /* root port: CRS Software Visibility */
    bool atomic_requester;
    bool slot;                  /* root and downstream ports: a slot is behind */
    uint16_t max_payload_bytes; /* supported: 128 to 4096 */
    uint8_t link_gen;           /* 1 to 5; 0: no link (integrated endpoint) */
    uint8_t link_width;
    uint8_t current_gen, current_width; /* of the link as it is; 0: the highest that it can */
    uint8_t port;                       /* Port Number in Link Capabilities */
    uint8_t interrupt_message;          /* Interrupt Message Number */
    uint32_t devcap, devcap2;  /* PCI_EXP_DEVCAP_..., PCI_EXP_DEVCAP2_... beside the above */
    uint32_t lnkcap;           /* PCI_EXP_LNKCAP_... beside speed and width */
    uint32_t sltcap;           /* PCI_EXP_SLTCAP_..., the slot's number included */
    uint16_t devctl;           /* Device Control after reset */
    bool no_link2;             /* Link Capabilities 2 and Link Control 2 read 0: a 2.5 GT/s part */
    bool link_active_at_reset; /* Data Link Layer Link Active and Presence Detect State */
};

enum { CAP_EXPRESS_BYTES = PCI_EXP_SLTCTL2 + 4 };

void cap_express_add(struct cfgspace_layout *layout, unsigned offset,
                     const struct cap_express_options *options);

/* Of the function whose layout has the capability. */
uint8_t cap_express_type(const struct cfgspace_layout *layout);
bool cap_express_is_downstream(const struct cfgspace_layout *layout); /* root or downstream port */
uint32_t cap_express_max_payload_bytes(const struct cfgspace *space); /* as set */
uint32_t cap_express_max_read_bytes(const struct cfgspace *space);    /* as set */
bool cap_express_has_slot(const struct cfgspace_layout *layout);
uint32_t cap_express_supported_payload_bytes(const struct cfgspace_layout *layout);
bool cap_express_has_flr(const struct cfgspace_layout *layout);
bool cap_express_ari_forwarding(const struct cfgspace *space); /* as set; a downstream port's */
/* The hardware's side: Link Status's speed, width and Link Active. */
void cap_express_set_link(struct cfgspace *space, uint8_t gen, uint8_t width, bool active);
void cap_express_set_transactions_pending(struct cfgspace *space, bool pending);
/* Sets error bits of Device Status (PCI_EXP_DEVSTA_CED ...). */
void cap_express_set_errors(struct cfgspace *space, uint16_t devsta);

/* cfgspace_write's part. @written holds only the bytes that were enabled. */
unsigned cap_express_on_device_write(const struct cfgspace *space, uint32_t written);
unsigned cap_express_on_link_write(const struct cfgspace *space, uint32_t old, uint32_t written);
unsigned cap_express_on_slot_write(uint32_t enabled);

#endif
