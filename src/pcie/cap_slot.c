#include "pcie/cap_slot.h"
#include "base/check.h"
#include "pcie/cap_express.h"

#include <linux/pci_regs.h>

enum { NUMBER_SHIFT = 19 };

/* The enable of each event; Command Completed and Link State Changed are not at the place that
 * their status bits have. */
static const struct {
    uint16_t status, enable;
} events[] = {
    {PCI_EXP_SLTSTA_ABP, PCI_EXP_SLTCTL_ABPE},     {PCI_EXP_SLTSTA_PFD, PCI_EXP_SLTCTL_PFDE},
    {PCI_EXP_SLTSTA_MRLSC, PCI_EXP_SLTCTL_MRLSCE}, {PCI_EXP_SLTSTA_PDC, PCI_EXP_SLTCTL_PDCE},
    {PCI_EXP_SLTSTA_CC, PCI_EXP_SLTCTL_CCIE},      {PCI_EXP_SLTSTA_DLLSC, PCI_EXP_SLTCTL_DLLSCE},
};

static uint16_t reg(const struct cfgspace *port, unsigned offset)
{
    CHECK(cap_express_has_slot(port->layout));
    return cfgspace_get16(port, port->layout->express + offset);
}

static void set_reg(struct cfgspace *port, unsigned offset, unsigned value)
{
    cfgspace_set16(port, port->layout->express + offset, (uint16_t)value);
}

/* Which of @status may interrupt. */
static uint16_t enabled_events(const struct cfgspace *port, uint16_t status)
{
    const uint16_t control = reg(port, PCI_EXP_SLTCTL);
    uint16_t enabled = 0;

    if (!(control & PCI_EXP_SLTCTL_HPIE))
        return 0;
    for (unsigned i = 0; i < sizeof events / sizeof events[0]; i++)
        if (control & events[i].enable)
            enabled |= events[i].status;
    return status & enabled;
}

static bool raise(struct cfgspace *port, uint16_t status)
{
    const uint16_t before = reg(port, PCI_EXP_SLTSTA);

    set_reg(port, PCI_EXP_SLTSTA, before | status);
    return enabled_events(port, status & (uint16_t)~before);
}

static uint16_t change_presence(struct cfgspace *port, bool present)
{
    const uint16_t before = reg(port, PCI_EXP_SLTSTA);

    if (cap_slot_present(port) == present)
        return 0;
    set_reg(port, PCI_EXP_SLTSTA, before ^ PCI_EXP_SLTSTA_PDS);
    return PCI_EXP_SLTSTA_PDC;
}

static uint16_t change_link(struct cfgspace *port, bool active)
{
    const uint16_t before = reg(port, PCI_EXP_LNKSTA);

    if (!(reg(port, PCI_EXP_LNKCAP + 2) & PCI_EXP_LNKCAP_DLLLARC >> 16) ||
        !(before & PCI_EXP_LNKSTA_DLLLA) == !active)
        return 0;
    set_reg(port, PCI_EXP_LNKSTA, before ^ PCI_EXP_LNKSTA_DLLLA);
    return PCI_EXP_SLTSTA_DLLSC;
}

bool cap_slot_set_presence(struct cfgspace *port, bool present)
{
    return raise(port, change_presence(port, present));
}

bool cap_slot_set_link_active(struct cfgspace *port, bool active)
{
    return raise(port, change_link(port, active));
}

bool cap_slot_set_card(struct cfgspace *port, bool present, bool link_active)
{
    const uint16_t presence = change_presence(port, present);

    return raise(port, presence | change_link(port, link_active));
}

bool cap_slot_press_button(struct cfgspace *port)
{
    CHECK(reg(port, PCI_EXP_SLTCAP) & PCI_EXP_SLTCAP_ABP);
    return raise(port, PCI_EXP_SLTSTA_ABP);
}

bool cap_slot_power_fault(struct cfgspace *port)
{
    CHECK(reg(port, PCI_EXP_SLTCAP) & PCI_EXP_SLTCAP_PCP);
    return raise(port, PCI_EXP_SLTSTA_PFD);
}

bool cap_slot_complete_command(struct cfgspace *port)
{
    if (reg(port, PCI_EXP_SLTCAP + 2) & PCI_EXP_SLTCAP_NCCS >> 16)
        return false;
    return raise(port, PCI_EXP_SLTSTA_CC);
}

bool cap_slot_interrupt_pending(const struct cfgspace *port)
{
    return enabled_events(port, reg(port, PCI_EXP_SLTSTA));
}

bool cap_slot_present(const struct cfgspace *port)
{
    return reg(port, PCI_EXP_SLTSTA) & PCI_EXP_SLTSTA_PDS;
}

bool cap_slot_powered(const struct cfgspace *port)
{
    if (!(reg(port, PCI_EXP_SLTCAP) & PCI_EXP_SLTCAP_PCP))
        return true;
    return !(reg(port, PCI_EXP_SLTCTL) & PCI_EXP_SLTCTL_PCC);
}

uint16_t cap_slot_number(const struct cfgspace_layout *layout)
{
    const unsigned at = layout->express + (unsigned)PCI_EXP_SLTCAP;

    CHECK(cap_express_has_slot(layout));
    return (uint16_t)((layout->reset[at + 2] | layout->reset[at + 3] << 8) >> (NUMBER_SHIFT - 16));
}
