#include "host/hotplug.h"

#include "base/check.h"
#include "host/messages.h"

#include <linux/pci_regs.h>

enum { SLOT_EVENTS = PCI_EXP_SLTSTA_ABP | PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_DLLSC };

static const uint64_t second_ps = UINT64_C(1000000000000);

struct hotplug_params hotplug_defaults(void)
{
    return (struct hotplug_params){
        .button_ps = 5 * second_ps,
        .power_off_ps = second_ps,
        .link_ps = second_ps / 10,
        .command_ps = second_ps,
    };
}

/* ---- registers ---- */

static struct plane_actor *actor_of(const struct hotplug_slot *slot)
{
    return slot->machine->cfg.actor;
}

static uint16_t read_reg(const struct hotplug_slot *slot, unsigned offset)
{
    return cfg_access_read16(&slot->machine->access, slot->port->rid, slot->port->express + offset);
}

static void write_reg(const struct hotplug_slot *slot, unsigned offset, uint16_t value)
{
    cfg_access_write16(&slot->machine->access, slot->port->rid, slot->port->express + offset,
                       value);
}

/* One command to the slot, and its completion (6.7.3.2). Events that come meanwhile stay in Slot
 * Status, where they are found afterwards. */
static void command(const struct hotplug_slot *slot, uint16_t mask, uint16_t value)
{
    uint16_t control = read_reg(slot, PCI_EXP_SLTCTL);
    write_reg(slot, PCI_EXP_SLTCTL, (uint16_t)((control & ~mask) | value));
    if (slot->capabilities & PCI_EXP_SLTCAP_NCCS)
        return;
    while (!(read_reg(slot, PCI_EXP_SLTSTA) & PCI_EXP_SLTSTA_CC))
        if (!plane_wait_interrupt(actor_of(slot), slot->vector, slot->params->command_ps))
            return;
    write_reg(slot, PCI_EXP_SLTSTA, PCI_EXP_SLTSTA_CC);
}

static bool is_present(const struct hotplug_slot *slot)
{
    return read_reg(slot, PCI_EXP_SLTSTA) & PCI_EXP_SLTSTA_PDS;
}

/* Which events have come since the last call. */
static uint16_t take_events(const struct hotplug_slot *slot)
{
    uint16_t events = read_reg(slot, PCI_EXP_SLTSTA) & SLOT_EVENTS;
    if (events)
        write_reg(slot, PCI_EXP_SLTSTA, events);
    return events;
}

/* ---- on and off ---- */

static void tell_manager(const struct hotplug_slot *slot)
{
    struct plane_actor *self = actor_of(slot);
    struct plane_message message = {
        .kind = NOTE_SLOT_UP,
        .bytes = NOTE_BYTES,
        .argument = {plane_host_of(self), slot->number, slot->on_ps, slot->added_ps},
    };
    if (slot->manager)
        plane_send(self, slot->manager, &message);
}

static void start_drivers(const struct hotplug_slot *slot)
{
    struct pci_function *function = slot->port->behind->first;
    for (; function; function = function->next)
        if (function->header == PCI_HEADER_TYPE_NORMAL)
            vf_driver_probe(slot->machine, function, slot->driver);
}

static void power_off(const struct hotplug_slot *slot)
{
    if (slot->capabilities & PCI_EXP_SLTCAP_PCP) {
        command(slot, PCI_EXP_SLTCTL_PCC, PCI_EXP_SLTCTL_PWR_OFF);
        plane_sleep(actor_of(slot), slot->params->power_off_ps);
        /* Changes that the power made, or that the card's state now tells anyway. */
        write_reg(slot, PCI_EXP_SLTSTA, PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_DLLSC);
    }
    command(slot, PCI_EXP_SLTCTL_PIC, PCI_EXP_SLTCTL_PWR_IND_OFF);
}

static void enable(struct hotplug_slot *slot)
{
    struct plane_actor *self = actor_of(slot);
    slot->state = HOTPLUG_OFF;
    if (!is_present(slot))
        return;
    slot->on_ps = plane_now_ps(self);
    command(slot, PCI_EXP_SLTCTL_PCC | PCI_EXP_SLTCTL_PIC,
            PCI_EXP_SLTCTL_PWR_ON | PCI_EXP_SLTCTL_PWR_IND_BLINK);
    plane_sleep(self, slot->params->link_ps);
    slot->linked_ps = plane_now_ps(self);
    slot->failed = !enumerate_hot_add(&slot->machine->pci, slot->port, &slot->err);
    if (slot->failed) {
        power_off(slot);
        return;
    }
    slot->added_ps = plane_now_ps(self);
    start_drivers(slot);
    slot->up_ps = plane_now_ps(self);
    command(slot, PCI_EXP_SLTCTL_PIC, PCI_EXP_SLTCTL_PWR_IND_ON);
    slot->state = HOTPLUG_ON;
    tell_manager(slot);
}

void hotplug_disable(struct hotplug_slot *slot, bool present)
{
    if (slot->state == HOTPLUG_OFF || slot->state == HOTPLUG_BLINKING_ON)
        return;
    struct pci_function *function = slot->port->behind->first;
    for (; function; function = function->next)
        if (function->header == PCI_HEADER_TYPE_NORMAL)
            vf_driver_remove(slot->machine, function, slot->driver, present);
    enumerate_hot_remove(&slot->machine->pci, slot->port, present);
    power_off(slot);
    slot->state = HOTPLUG_OFF;
}

/* ---- events ---- */

static void blink(struct hotplug_slot *slot, enum hotplug_state state)
{
    command(slot, PCI_EXP_SLTCTL_PIC, PCI_EXP_SLTCTL_PWR_IND_BLINK);
    slot->state = state;
    slot->deadline_ps = plane_now_ps(actor_of(slot)) + slot->params->button_ps;
}

static void on_button(struct hotplug_slot *slot)
{
    switch (slot->state) {
    case HOTPLUG_OFF:
        blink(slot, HOTPLUG_BLINKING_ON);
        return;
    case HOTPLUG_ON:
        blink(slot, HOTPLUG_BLINKING_OFF);
        return;
    case HOTPLUG_BLINKING_ON:
        command(slot, PCI_EXP_SLTCTL_PIC, PCI_EXP_SLTCTL_PWR_IND_OFF);
        slot->state = HOTPLUG_OFF;
        return;
    case HOTPLUG_BLINKING_OFF:
        command(slot, PCI_EXP_SLTCTL_PIC, PCI_EXP_SLTCTL_PWR_IND_ON);
        slot->state = HOTPLUG_ON;
        return;
    }
}

/* A card that went is gone even if one is there again now: that is another one. */
static void on_change(struct hotplug_slot *slot)
{
    if (slot->state == HOTPLUG_ON || slot->state == HOTPLUG_BLINKING_OFF) {
        slot->surprises++;
        hotplug_disable(slot, false);
    }
    enable(slot);
}

static void on_deadline(struct hotplug_slot *slot)
{
    if (slot->state == HOTPLUG_BLINKING_ON)
        enable(slot);
    else if (slot->state == HOTPLUG_BLINKING_OFF)
        hotplug_disable(slot, true);
}

static bool is_blinking(const struct hotplug_slot *slot)
{
    return slot->state == HOTPLUG_BLINKING_ON || slot->state == HOTPLUG_BLINKING_OFF;
}

/* What the slot asks for now; false if nothing. */
static bool serve(struct hotplug_slot *slot)
{
    uint16_t events = take_events(slot);
    if (events & PCI_EXP_SLTSTA_ABP)
        on_button(slot);
    if (events & (PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_DLLSC))
        on_change(slot);
    bool due = is_blinking(slot) && plane_now_ps(actor_of(slot)) >= slot->deadline_ps;
    if (due)
        on_deadline(slot);
    return events || due;
}

/* ---- the actor ---- */

/* The port's MSI tells the CPU of the slot's events. */
static void set_up_interrupt(const struct hotplug_slot *slot)
{
    const struct cfg_access *access = &slot->machine->access;
    uint16_t rid = slot->port->rid;
    uint16_t msi = probe_capability(access, rid, PCI_CAP_ID_MSI);
    if (!msi)
        return;
    uint16_t flags = cfg_access_read16(access, rid, msi + PCI_MSI_FLAGS);
    bool is_64 = flags & PCI_MSI_FLAGS_64BIT;
    cfg_access_write32(access, rid, msi + PCI_MSI_ADDRESS_LO, (uint32_t)slot->driver->msi_address);
    if (is_64)
        cfg_access_write32(access, rid, msi + PCI_MSI_ADDRESS_HI,
                           (uint32_t)(slot->driver->msi_address >> 32));
    cfg_access_write16(access, rid, msi + (is_64 ? PCI_MSI_DATA_64 + 0U : PCI_MSI_DATA_32),
                       (uint16_t)slot->vector);
    cfg_access_write16(access, rid, msi + PCI_MSI_FLAGS, flags | PCI_MSI_FLAGS_ENABLE);
}

static void load(struct hotplug_slot *slot)
{
    CHECK(slot->port && slot->port->behind);
    slot->capabilities = cfg_access_read32(&slot->machine->access, slot->port->rid,
                                           slot->port->express + PCI_EXP_SLTCAP);
    set_up_interrupt(slot);
    /* What happened before nobody looked is read from the slot's state. */
    take_events(slot);
    command(slot, 0,
            PCI_EXP_SLTCTL_HPIE | PCI_EXP_SLTCTL_CCIE | PCI_EXP_SLTCTL_ABPE | PCI_EXP_SLTCTL_PDCE |
                PCI_EXP_SLTCTL_DLLSCE);
    enable(slot);
}

void hotplug_run(struct plane_actor *self, void *argument)
{
    struct hotplug_slot *slot = argument;
    struct plane_message message;
    plane_receive(self, PLANE_FOREVER, &message);
    CHECK(message.kind == NOTE_LOADED);
    machine_enter(slot->machine, self);
    load(slot);
    for (;;) {
        while (serve(slot))
            ;
        uint64_t patience_ps = PLANE_FOREVER;
        if (is_blinking(slot))
            patience_ps = slot->deadline_ps - plane_now_ps(self);
        machine_leave(slot->machine);
        plane_wait_interrupt(self, slot->vector, patience_ps);
        machine_enter(slot->machine, self);
    }
}
