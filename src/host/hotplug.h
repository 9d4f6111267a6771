/* hotplug.h - the driver of one hot-plug slot, with the states and delays of Linux's pciehp (Base
 * Spec 6.7; drivers/pci/hotplug/pciehp_ctrl.c).
 *
 *   OFF          card comes: power on. Button: blink, power on after button_ps.
 *   BLINKING_ON  button again: back to OFF.
 *   ON           card or link goes: power off at once. Button: blink, power off after button_ps.
 *   BLINKING_OFF button again: back to ON.
 *
 * Power on: wait for the link, hot-add, a driver for each function. Power off: the drivers leave,
 * hot-remove, power off and, with a power controller, power_off_ps of patience. Interrupt driven;
 * nothing polls. */
#ifndef POOLSIM_HOST_HOTPLUG_H
#define POOLSIM_HOST_HOTPLUG_H

#include "host/vf_driver.h"

struct hotplug_params {
    uint64_t button_ps;    /* Linux: 5 s to think better of it */
    uint64_t power_off_ps; /* Linux: 1 s */
    uint64_t link_ps;      /* from power to the first access: at least 100 ms (6.6.1) */
    uint64_t command_ps;   /* patience with a command that never completes; Linux: 1 s */
};

/* Linux's. */
struct hotplug_params hotplug_defaults(void);

enum hotplug_state { HOTPLUG_OFF, HOTPLUG_BLINKING_ON, HOTPLUG_ON, HOTPLUG_BLINKING_OFF };

struct hotplug_slot {
    /* set by whoever makes it */
    struct machine *machine;
    struct plane_actor *manager; /* is told when the slot is up; NULL: nobody */
    const struct hotplug_params *params;
    const struct vf_driver_params *driver;
    uint32_t number;           /* of the host's slots */
    uint32_t vector;           /* of its interrupt */
    struct pci_function *port; /* known when NOTE_LOADED is sent */
    /* its own */
    uint64_t on_ps, linked_ps, added_ps,
        up_ps;             /* power, link, hot-add and drivers, the last time */
    uint32_t surprises;    /* cards or links that went while the slot was on */
    uint32_t capabilities; /* of the slot */
    enum hotplug_state state;
    uint64_t deadline_ps; /* of blinking */
    struct err err;       /* of the last hot-add that failed */
    bool failed;          /* that one was the last */
};

/* The code of the slot's actor, a daemon; its argument is the slot. Begins when it receives
 * NOTE_LOADED. */
void hotplug_run(struct plane_actor *self, void *argument);

/* Takes the card out of use now, as if it had blinked long enough. The caller has entered the
 * machine. @present: it still answers. */
void hotplug_disable(struct hotplug_slot *slot, bool present);

#endif
