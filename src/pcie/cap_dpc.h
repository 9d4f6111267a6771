/* cap_dpc.h - Downstream Port Containment of a switch's downstream port (Base Spec 6.2.10,
 * 7.9.15): without root port extensions and poisoned TLP blocking, with software triggering. The
 * capability only keeps the registers: who owns the port cuts it off when it is triggered, and
 * opens it when software has cleared Trigger Status. */
#ifndef POOLSIM_PCIE_CAP_DPC_H
#define POOLSIM_PCIE_CAP_DPC_H

#include "pcie/cfgspace_layout.h"

#include <linux/pci_regs.h>

enum { CAP_DPC_BYTES = PCI_EXP_DPC_SOURCE_ID + 2 };

void cap_dpc_add(struct cfgspace_layout *layout, unsigned offset);

/* DPC Trigger Enable: which messages from below trigger. */
enum cap_dpc_enable { CAP_DPC_OFF, CAP_DPC_ON_FATAL, CAP_DPC_ON_NONFATAL /* and on fatal ones */ };
enum cap_dpc_enable cap_dpc_enabled(const struct cfgspace *port); /* OFF without the capability */
/* What a contained port answers: Unsupported Request, or Completer Abort (DPC Completion Control).
 * Without the capability the former. */
bool cap_dpc_answers_unsupported(const struct cfgspace *port);
bool cap_dpc_is_triggered(const struct cfgspace *port);

enum cap_dpc_reason { CAP_DPC_NONFATAL = 1, CAP_DPC_FATAL, CAP_DPC_SOFTWARE };
/* Sets Trigger Status with @reason and, of a message, the RID @source. True if the port is to send
 * its interrupt. Nothing happens without the capability, or while it is triggered. */
bool cap_dpc_trigger(struct cfgspace *port, enum cap_dpc_reason reason, uint16_t source);
/* As if software had cleared Trigger Status. */
void cap_dpc_release(struct cfgspace *port);

/* cfgspace_write's part, of DPC Capability and Control. */
unsigned cap_dpc_on_control_write(uint32_t written);

#endif
