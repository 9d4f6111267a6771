/* cap_slot.h - the events of a hot-plug slot (Base Spec 6.7, 7.5.3.9 to 7.5.3.11): the hardware's
 * side of the slot registers that cap_express_add laid out. Each event sets its bits in Slot Status
 * and returns whether the port is to send its interrupt now: the event's bit was 0 before, the
 * event is enabled and Hot-Plug Interrupt Enable is set (6.7.3.4). */
#ifndef POOLSIM_PCIE_CAP_SLOT_H
#define POOLSIM_PCIE_CAP_SLOT_H

#include "pcie/cfgspace.h"

/* A card came or went. Presence Detect State follows, Presence Detect Changed is set if it did. */
bool cap_slot_set_presence(struct cfgspace *port, bool present);
/* Data Link Layer Link Active and its change; the speed and width stay. */
bool cap_slot_set_link_active(struct cfgspace *port, bool active);
/* Presence and link at once: one interrupt for both. */
bool cap_slot_set_card(struct cfgspace *port, bool present, bool link_active);
bool cap_slot_press_button(struct cfgspace *port);
bool cap_slot_power_fault(struct cfgspace *port);
/* The command of the last write to Slot Control is done. Nothing happens on a slot without Command
 * Completed support (PCI_EXP_SLTCAP_NCCS). */
bool cap_slot_complete_command(struct cfgspace *port);
/* Level of the interrupt: any enabled event is pending. */
bool cap_slot_interrupt_pending(const struct cfgspace *port);

bool cap_slot_present(const struct cfgspace *port); /* Presence Detect State */
bool cap_slot_powered(const struct cfgspace *port); /* true without a power controller */
uint16_t cap_slot_number(const struct cfgspace_layout *layout);

#endif
