#include "pcie/cap_aer.h"
#include "base/check.h"

#include <linux/pci_regs.h>

enum {
    UNCORRECTABLE = PCI_ERR_UNC_DLP | PCI_ERR_UNC_SURPDN | PCI_ERR_UNC_POISON_TLP |
                    PCI_ERR_UNC_FCP | PCI_ERR_UNC_COMP_TIME | PCI_ERR_UNC_COMP_ABORT |
                    PCI_ERR_UNC_UNX_COMP | PCI_ERR_UNC_RX_OVER | PCI_ERR_UNC_MALF_TLP |
                    PCI_ERR_UNC_ECRC | PCI_ERR_UNC_UNSUP | PCI_ERR_UNC_ACSV | PCI_ERR_UNC_INTN |
                    PCI_ERR_UNC_ATOMEG,
    CORRECTABLE = PCI_ERR_COR_RCVR | PCI_ERR_COR_BAD_TLP | PCI_ERR_COR_BAD_DLLP |
                  PCI_ERR_COR_REP_ROLL | PCI_ERR_COR_REP_TIMER | PCI_ERR_COR_ADV_NFAT |
                  PCI_ERR_COR_INTERNAL | PCI_ERR_COR_LOG_OVER,
    ROOT_COMMAND =
        PCI_ERR_ROOT_CMD_COR_EN | PCI_ERR_ROOT_CMD_NONFATAL_EN | PCI_ERR_ROOT_CMD_FATAL_EN,
    ROOT_STATUS = PCI_ERR_ROOT_COR_RCV | PCI_ERR_ROOT_MULTI_COR_RCV | PCI_ERR_ROOT_UNCOR_RCV |
                  PCI_ERR_ROOT_MULTI_UNCOR_RCV | PCI_ERR_ROOT_FIRST_FATAL |
                  PCI_ERR_ROOT_NONFATAL_RCV | PCI_ERR_ROOT_FATAL_RCV,
    HEADER_LOG_BYTES = 16,
    POINTER_BITS = 0x1f,
    UNCORRECTABLE_SOURCE = 2 /* upper half of Error Source Identification */
};

static void add_root(struct cfgspace_layout *layout, unsigned offset)
{
    cfgspace_layout_reg32(layout, offset + PCI_ERR_ROOT_COMMAND, 0, ROOT_COMMAND, 0);
    cfgspace_layout_reg32(layout, offset + PCI_ERR_ROOT_STATUS, 0, 0, ROOT_STATUS);
    cfgspace_layout_sticky32(layout, offset + PCI_ERR_ROOT_STATUS, ROOT_STATUS);
    cfgspace_layout_sticky32(layout, offset + PCI_ERR_ROOT_ERR_SRC, UINT32_MAX);
}

void cap_aer_add(struct cfgspace_layout *layout, unsigned offset,
                 const struct cap_aer_options *options)
{
    const uint32_t own = layout->is_vf ? 0 : UINT32_MAX;
    uint32_t control = 0;

    if (options->capabilities & PCI_ERR_CAP_ECRC_GENC)
        control |= PCI_ERR_CAP_ECRC_GENE;
    if (options->capabilities & PCI_ERR_CAP_ECRC_CHKC)
        control |= PCI_ERR_CAP_ECRC_CHKE;
    cfgspace_layout_extended(layout, PCI_EXT_CAP_ID_ERR, options->version, offset, CAP_AER_BYTES);
    layout->aer = (uint16_t)offset;
    cfgspace_layout_reg32(layout, offset + PCI_ERR_UNCOR_STATUS, 0, 0, UNCORRECTABLE);
    cfgspace_layout_reg32(layout, offset + PCI_ERR_UNCOR_MASK, 0, UNCORRECTABLE & own, 0);
    cfgspace_layout_reg32(layout, offset + PCI_ERR_UNCOR_SEVER, options->severity & own,
                          UNCORRECTABLE & own, 0);
    cfgspace_layout_reg32(layout, offset + PCI_ERR_COR_STATUS, 0, 0, CORRECTABLE);
    cfgspace_layout_reg32(layout, offset + PCI_ERR_COR_MASK, options->correctable_mask & own,
                          CORRECTABLE & own, 0);
    cfgspace_layout_reg32(layout, offset + PCI_ERR_CAP, options->capabilities, control & own, 0);
    for (unsigned at = PCI_ERR_UNCOR_STATUS; at < PCI_ERR_HEADER_LOG + HEADER_LOG_BYTES; at += 4)
        cfgspace_layout_sticky32(layout, offset + at, UINT32_MAX);
    if (options->root_port)
        add_root(layout, offset);
    cfgspace_layout_kind(layout, offset, CAP_AER_BYTES, CFGSPACE_KIND_AER);
}

static uint32_t reg(const struct cfgspace *space, unsigned offset)
{
    CHECK(space->layout->aer);
    return cfgspace_get32(space, space->layout->aer + offset);
}

static void set_bits(struct cfgspace *space, unsigned offset, uint32_t bits)
{
    cfgspace_set32(space, space->layout->aer + offset, reg(space, offset) | bits);
}

static void log_first(struct cfgspace *space, uint32_t error, const uint32_t *header)
{
    const unsigned at = space->layout->aer;
    const uint32_t cap = reg(space, PCI_ERR_CAP) & ~(uint32_t)POINTER_BITS;

    cfgspace_set32(space, at + PCI_ERR_CAP, cap | (uint32_t)__builtin_ctz(error));
    for (unsigned i = 0; i < HEADER_LOG_BYTES / 4; i++)
        cfgspace_set32(space, at + PCI_ERR_HEADER_LOG + 4 * i, header ? header[i] : 0);
}

enum cap_aer_message cap_aer_log_uncorrectable(struct cfgspace *space, const struct cfgspace *pf,
                                               uint32_t error, const uint32_t *header)
{
    const uint32_t mask = reg(pf, PCI_ERR_UNCOR_MASK);
    const uint32_t before = reg(space, PCI_ERR_UNCOR_STATUS);

    CHECK(error & UNCORRECTABLE && !(error & (error - 1)));
    set_bits(space, PCI_ERR_UNCOR_STATUS, error);
    if (error & mask)
        return CAP_AER_NONE;
    if (!(before & ~mask))
        log_first(space, error, header);
    return (error & reg(pf, PCI_ERR_UNCOR_SEVER)) ? CAP_AER_FATAL : CAP_AER_NONFATAL;
}

enum cap_aer_message cap_aer_log_correctable(struct cfgspace *space, const struct cfgspace *pf,
                                             uint32_t error)
{
    CHECK(error & CORRECTABLE && !(error & (error - 1)));
    set_bits(space, PCI_ERR_COR_STATUS, error);
    return (error & reg(pf, PCI_ERR_COR_MASK)) ? CAP_AER_NONE : CAP_AER_COR;
}

static void receive_correctable(struct cfgspace *root_port, uint16_t source)
{
    const unsigned at = root_port->layout->aer;

    if (reg(root_port, PCI_ERR_ROOT_STATUS) & PCI_ERR_ROOT_COR_RCV) {
        set_bits(root_port, PCI_ERR_ROOT_STATUS, PCI_ERR_ROOT_MULTI_COR_RCV);
        return;
    }
    set_bits(root_port, PCI_ERR_ROOT_STATUS, PCI_ERR_ROOT_COR_RCV);
    cfgspace_set16(root_port, at + PCI_ERR_ROOT_ERR_SRC, source);
}

static void receive_uncorrectable(struct cfgspace *root_port, bool fatal, uint16_t source)
{
    const unsigned at = root_port->layout->aer;

    set_bits(root_port, PCI_ERR_ROOT_STATUS,
             fatal ? PCI_ERR_ROOT_FATAL_RCV : PCI_ERR_ROOT_NONFATAL_RCV);
    if (reg(root_port, PCI_ERR_ROOT_STATUS) & PCI_ERR_ROOT_UNCOR_RCV) {
        set_bits(root_port, PCI_ERR_ROOT_STATUS, PCI_ERR_ROOT_MULTI_UNCOR_RCV);
        return;
    }
    set_bits(root_port, PCI_ERR_ROOT_STATUS,
             PCI_ERR_ROOT_UNCOR_RCV | (fatal ? PCI_ERR_ROOT_FIRST_FATAL : 0U));
    cfgspace_set16(root_port, at + PCI_ERR_ROOT_ERR_SRC + UNCORRECTABLE_SOURCE, source);
}

bool cap_aer_receive(struct cfgspace *root_port, enum cap_aer_message message, uint16_t source)
{
    const uint32_t command = reg(root_port, PCI_ERR_ROOT_COMMAND);

    CHECK(message != CAP_AER_NONE);
    if (message == CAP_AER_COR) {
        receive_correctable(root_port, source);
        return command & PCI_ERR_ROOT_CMD_COR_EN;
    }
    receive_uncorrectable(root_port, message == CAP_AER_FATAL, source);
    return command &
           (message == CAP_AER_FATAL ? PCI_ERR_ROOT_CMD_FATAL_EN : PCI_ERR_ROOT_CMD_NONFATAL_EN);
}
