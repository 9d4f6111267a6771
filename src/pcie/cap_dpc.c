#include "pcie/cap_dpc.h"

enum {
    VERSION = 1,
    /* Not in the kernel's header. */
    CTL_COMPLETION_UR = 0x4,
    CTL_SOFTWARE_TRIGGER = 0x40,
    CTL_SHIFT = 16, /* of Control in its doubleword */
    ENABLES = PCI_EXP_DPC_CTL_EN_FATAL | PCI_EXP_DPC_CTL_EN_NONFATAL,
    REASON_SHIFT = 1,
    REASON_EXTENDED = 3,
    EXTENDED_SOFTWARE = 1 << 5,
};

void cap_dpc_add(struct cfgspace_layout *layout, unsigned offset)
{
    const uint16_t events = PCI_EXP_DPC_STATUS_TRIGGER | PCI_EXP_DPC_STATUS_INTERRUPT;

    cfgspace_layout_extended(layout, PCI_EXT_CAP_ID_DPC, VERSION, offset, CAP_DPC_BYTES);
    layout->dpc = (uint16_t)offset;
    cfgspace_layout_reg16(layout, offset + PCI_EXP_DPC_CAP, PCI_EXP_DPC_CAP_SW_TRIGGER, 0, 0);
    cfgspace_layout_reg16(layout, offset + PCI_EXP_DPC_CTL, 0,
                          ENABLES | CTL_COMPLETION_UR | PCI_EXP_DPC_CTL_INT_EN, 0);
    cfgspace_layout_reg16(layout, offset + PCI_EXP_DPC_STATUS, 0, 0, events);
    cfgspace_layout_sticky32(layout, offset + PCI_EXP_DPC_STATUS, UINT32_MAX);
    cfgspace_layout_kind(layout, offset + PCI_EXP_DPC_CAP, 8, CFGSPACE_KIND_DPC);
}

static uint16_t reg(const struct cfgspace *port, unsigned offset)
{
    const unsigned at = port->layout->dpc;

    return at ? cfgspace_get16(port, at + offset) : 0;
}

enum cap_dpc_enable cap_dpc_enabled(const struct cfgspace *port)
{
    const uint16_t enables = reg(port, PCI_EXP_DPC_CTL) & ENABLES;

    /* Both bits set is reserved. */
    return enables == PCI_EXP_DPC_CTL_EN_FATAL      ? CAP_DPC_ON_FATAL
           : enables == PCI_EXP_DPC_CTL_EN_NONFATAL ? CAP_DPC_ON_NONFATAL
                                                    : CAP_DPC_OFF;
}

bool cap_dpc_answers_unsupported(const struct cfgspace *port)
{
    return !port->layout->dpc || reg(port, PCI_EXP_DPC_CTL) & CTL_COMPLETION_UR;
}

bool cap_dpc_is_triggered(const struct cfgspace *port)
{
    return reg(port, PCI_EXP_DPC_STATUS) & PCI_EXP_DPC_STATUS_TRIGGER;
}

bool cap_dpc_trigger(struct cfgspace *port, enum cap_dpc_reason reason, uint16_t source)
{
    const uint16_t before = reg(port, PCI_EXP_DPC_STATUS);
    unsigned status = PCI_EXP_DPC_STATUS_TRIGGER | PCI_EXP_DPC_STATUS_INTERRUPT;

    if (!port->layout->dpc || before & PCI_EXP_DPC_STATUS_TRIGGER)
        return false;
    status |= reason == CAP_DPC_SOFTWARE ? REASON_EXTENDED << REASON_SHIFT | EXTENDED_SOFTWARE
                                         : (unsigned)reason << REASON_SHIFT;
    cfgspace_set16(port, port->layout->dpc + (unsigned)PCI_EXP_DPC_STATUS, (uint16_t)status);
    if (reason != CAP_DPC_SOFTWARE)
        cfgspace_set16(port, port->layout->dpc + (unsigned)PCI_EXP_DPC_SOURCE_ID, source);
    return reg(port, PCI_EXP_DPC_CTL) & PCI_EXP_DPC_CTL_INT_EN &&
           !(before & PCI_EXP_DPC_STATUS_INTERRUPT);
}

void cap_dpc_release(struct cfgspace *port)
{
    const unsigned status = reg(port, PCI_EXP_DPC_STATUS);

    if (port->layout->dpc)
        cfgspace_set16(port, port->layout->dpc + (unsigned)PCI_EXP_DPC_STATUS,
                       (uint16_t)(status & ~(unsigned)PCI_EXP_DPC_STATUS_TRIGGER));
}

unsigned cap_dpc_on_control_write(uint32_t written)
{
    return written >> CTL_SHIFT & CTL_SOFTWARE_TRIGGER ? CFGSPACE_DPC_TRIGGER : 0;
}
