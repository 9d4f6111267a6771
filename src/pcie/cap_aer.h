/* cap_aer.h - Advanced Error Reporting (Base Spec 7.8.4). Status, mask, severity and header log are
 * sticky: they survive a hot reset and an FLR. A VF has no masks and severities of its own, its
 * PF's apply (SR-IOV 4.2.2.2). */
#ifndef POOLSIM_PCIE_CAP_AER_H
#define POOLSIM_PCIE_CAP_AER_H

#include "pcie/cfgspace_layout.h"

/* What the Base Spec has after reset (7.8.4.4, 7.8.4.6). */
#define CAP_AER_SEVERITY                                                                           \
    (PCI_ERR_UNC_DLP | PCI_ERR_UNC_SURPDN | PCI_ERR_UNC_FCP | PCI_ERR_UNC_RX_OVER |                \
     PCI_ERR_UNC_MALF_TLP | PCI_ERR_UNC_INTN)
#define CAP_AER_COR_MASK PCI_ERR_COR_ADV_NFAT

struct cap_aer_options {
    uint8_t version;           /* 1 or 2 */
    bool root_port;            /* with root error command, status and source */
    uint32_t severity;         /* after reset */
    uint32_t correctable_mask; /* after reset */
    uint32_t capabilities;     /* PCI_ERR_CAP_...C, multiple header recording */
};

enum { CAP_AER_BYTES = 0x48 }; /* with the TLP prefix log, which is 0 */

void cap_aer_add(struct cfgspace_layout *layout, unsigned offset,
                 const struct cap_aer_options *options);

/* How an error is signalled: not at all, or as one of the three messages. */
enum cap_aer_message { CAP_AER_NONE, CAP_AER_COR, CAP_AER_NONFATAL, CAP_AER_FATAL };

/* Logs an uncorrectable error: @error is one bit, PCI_ERR_UNC_...; @header holds the four
 * doublewords of the TLP, or is NULL. The first error that is not masked fixes First Error Pointer
 * and header log. Returns what is to be sent, with the masks and severities of @pf (the function
 * itself unless it is a VF). Device Control's enables are not looked at. */
enum cap_aer_message cap_aer_log_uncorrectable(struct cfgspace *space, const struct cfgspace *pf,
                                               uint32_t error, const uint32_t *header);
/* The same for a correctable error, PCI_ERR_COR_.... */
enum cap_aer_message cap_aer_log_correctable(struct cfgspace *space, const struct cfgspace *pf,
                                             uint32_t error);
/* A root port receives @message from @source: logs it in Root Error Status and Error Source. True
 * if Root Error Command asks for an interrupt. */
bool cap_aer_receive(struct cfgspace *root_port, enum cap_aer_message message, uint16_t source);

#endif
