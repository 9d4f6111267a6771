#include "pcie/cap_express.h"
#include "base/check.h"

enum {
    TYPE_SHIFT = 4,
    MESSAGE_SHIFT = 9,
    PORT_SHIFT = 24,
    WIDTH_SHIFT = PCI_EXP_LNKSTA_NLW_SHIFT,
    PAYLOAD_SHIFT = 5,
    READ_SHIFT = 12,
    MIN_PAYLOAD_BYTES = 128,
    LINK_EVENTS = PCI_EXP_LNKSTA_LBMS | PCI_EXP_LNKSTA_LABS,
    /* What 6.6.2 exempts from an FLR. */
    LINK_KEPT_IN_FLR = PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_CCC |
                       PCI_EXP_LNKCTL_ES | PCI_EXP_LNKCTL_CLKREQ_EN | PCI_EXP_LNKCTL_HAWD,
    ERRORS = PCI_EXP_DEVSTA_CED | PCI_EXP_DEVSTA_NFED | PCI_EXP_DEVSTA_FED | PCI_EXP_DEVSTA_URD,
    SLOT_EVENTS = PCI_EXP_SLTSTA_ABP | PCI_EXP_SLTSTA_PFD | PCI_EXP_SLTSTA_MRLSC |
                  PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_CC | PCI_EXP_SLTSTA_DLLSC,
    SLOT_STATE = PCI_EXP_SLTSTA_MRLSS | PCI_EXP_SLTSTA_PDS | PCI_EXP_SLTSTA_EIS,
    ROOT_BITS =
        PCI_EXP_RTCTL_SECEE | PCI_EXP_RTCTL_SENFEE | PCI_EXP_RTCTL_SEFEE | PCI_EXP_RTCTL_PMEIE,
    STATUS_SHIFT = 16 /* a status register is the upper half of its doubleword */
};

static bool is_downstream(uint8_t type)
{
    return type == PCI_EXP_TYPE_ROOT_PORT || type == PCI_EXP_TYPE_DOWNSTREAM;
}

static uint8_t payload_code(uint16_t bytes)
{
    uint8_t code = 0;

    while (MIN_PAYLOAD_BYTES << code < bytes)
        code++;
    CHECK(MIN_PAYLOAD_BYTES << code == bytes && code <= 5);
    return code;
}

static bool is_endpoint(uint8_t type)
{
    return type == PCI_EXP_TYPE_ENDPOINT || type == PCI_EXP_TYPE_LEG_END ||
           type == PCI_EXP_TYPE_RC_END;
}

/* Of a VF only the error enables are its own, the rest is its PF's (SR-IOV 3.5.4). */
static uint16_t device_control_bits(const struct cfgspace_layout *layout,
                                    const struct cap_express_options *options)
{
    uint16_t bits =
        PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE | PCI_EXP_DEVCTL_URRE;

    if (layout->is_vf)
        return bits;
    bits |= PCI_EXP_DEVCTL_PAYLOAD;
    if (is_endpoint(options->type))
        bits |= PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ;
    if (options->devcap & PCI_EXP_DEVCAP_EXT_TAG)
        bits |= PCI_EXP_DEVCTL_EXT_TAG;
    return bits;
}

static void add_device(struct cfgspace_layout *layout, unsigned at,
                       const struct cap_express_options *options)
{
    cfgspace_layout_reg32(layout, at + PCI_EXP_DEVCAP,
                          options->devcap | payload_code(options->max_payload_bytes), 0, 0);
    cfgspace_layout_reg16(layout, at + PCI_EXP_DEVCTL, options->devctl,
                          device_control_bits(layout, options), 0);
    cfgspace_layout_reg16(layout, at + PCI_EXP_DEVSTA, 0, 0, ERRORS);
    cfgspace_layout_kind(layout, at + PCI_EXP_DEVCTL, 4, CFGSPACE_KIND_DEVICE);
    cfgspace_layout_keep_in_flr32(layout, at + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_PAYLOAD);
}

/* None of a VF's. */
static uint16_t link_control_bits(const struct cfgspace_layout *layout,
                                  const struct cap_express_options *options)
{
    uint16_t bits =
        PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES | PCI_EXP_LNKCTL_HAWD;

    if (layout->is_vf)
        return 0;
    if (is_downstream(options->type))
        bits |= PCI_EXP_LNKCTL_LD;
    if (is_endpoint(options->type))
        bits |= PCI_EXP_LNKCTL_RCB;
    if (options->lnkcap & PCI_EXP_LNKCAP_CLKPM)
        bits |= PCI_EXP_LNKCTL_CLKREQ_EN;
    if (options->lnkcap & PCI_EXP_LNKCAP_LBNC)
        bits |= PCI_EXP_LNKCTL_LBMIE | PCI_EXP_LNKCTL_LABIE;
    return bits;
}

static uint16_t speed_and_width(unsigned gen, unsigned width)
{
    return (uint16_t)(gen | width << WIDTH_SHIFT);
}

static void add_link(struct cfgspace_layout *layout, unsigned at,
                     const struct cap_express_options *options)
{
    const uint32_t lnkcap = options->lnkcap |
                            speed_and_width(options->link_gen, options->link_width) |
                            (uint32_t)options->port << PORT_SHIFT;
    const uint32_t state = PCI_EXP_LNKSTA_CLS | PCI_EXP_LNKSTA_NLW | PCI_EXP_LNKSTA_DLLLA;
    uint16_t lnksta = options->current_gen
                          ? speed_and_width(options->current_gen, options->current_width)
                          : speed_and_width(options->link_gen, options->link_width);

    if (!options->link_gen)
        return;
    if (options->link_active_at_reset && lnkcap & PCI_EXP_LNKCAP_DLLLARC)
        lnksta |= PCI_EXP_LNKSTA_DLLLA;
    cfgspace_layout_reg32(layout, at + PCI_EXP_LNKCAP, lnkcap, 0, 0);
    cfgspace_layout_reg16(layout, at + PCI_EXP_LNKCTL, 0, link_control_bits(layout, options), 0);
    cfgspace_layout_reg16(layout, at + PCI_EXP_LNKSTA, lnksta, 0,
                          (lnkcap & PCI_EXP_LNKCAP_LBNC) ? LINK_EVENTS : 0);
    cfgspace_layout_kind(layout, at + PCI_EXP_LNKCTL, 4, CFGSPACE_KIND_LINK);
    /* What the link is does not change by a reset of the registers. */
    cfgspace_layout_sticky32(layout, at + PCI_EXP_LNKCTL, state << STATUS_SHIFT);
    cfgspace_layout_keep_in_flr32(layout, at + PCI_EXP_LNKCTL, LINK_KEPT_IN_FLR);
}

static void add_link2(struct cfgspace_layout *layout, unsigned at,
                      const struct cap_express_options *options)
{
    const uint16_t bits = PCI_EXP_LNKCTL2_TLS | PCI_EXP_LNKCTL2_ENTER_COMP | PCI_EXP_LNKCTL2_HASD |
                          PCI_EXP_LNKCTL2_TX_MARGIN;

    if (!options->link_gen || options->no_link2)
        return;
    /* Supported Link Speeds Vector: one bit a generation, from bit 1 on. */
    cfgspace_layout_reg32(layout, at + PCI_EXP_LNKCAP2, (2U << options->link_gen) - 2, 0, 0);
    cfgspace_layout_reg16(layout, at + PCI_EXP_LNKCTL2, options->link_gen, layout->is_vf ? 0 : bits,
                          0);
    cfgspace_layout_sticky32(layout, at + PCI_EXP_LNKCTL2, bits);
}

static void add_slot(struct cfgspace_layout *layout, unsigned at,
                     const struct cap_express_options *options)
{
    uint16_t bits = PCI_EXP_SLTCTL_ABPE | PCI_EXP_SLTCTL_PFDE | PCI_EXP_SLTCTL_MRLSCE |
                    PCI_EXP_SLTCTL_PDCE | PCI_EXP_SLTCTL_CCIE | PCI_EXP_SLTCTL_HPIE |
                    PCI_EXP_SLTCTL_DLLSCE;
    uint16_t slot_control = 0;

    if (!options->slot)
        return;
    CHECK(is_downstream(options->type));
    if (options->sltcap & PCI_EXP_SLTCAP_AIP) {
        bits |= PCI_EXP_SLTCTL_AIC;
        slot_control |= PCI_EXP_SLTCTL_ATTN_IND_OFF;
    }
    if (options->sltcap & PCI_EXP_SLTCAP_PIP) {
        bits |= PCI_EXP_SLTCTL_PIC;
        slot_control |= PCI_EXP_SLTCTL_PWR_IND_OFF;
    }
    if (options->sltcap & PCI_EXP_SLTCAP_PCP) {
        bits |= PCI_EXP_SLTCTL_PCC;
        slot_control |=
            options->link_active_at_reset ? PCI_EXP_SLTCTL_PWR_ON : PCI_EXP_SLTCTL_PWR_OFF;
    }
    cfgspace_layout_reg32(layout, at + PCI_EXP_SLTCAP, options->sltcap, 0, 0);
    cfgspace_layout_reg16(layout, at + PCI_EXP_SLTCTL, slot_control, bits, 0);
    cfgspace_layout_reg16(layout, at + PCI_EXP_SLTSTA,
                          options->link_active_at_reset ? PCI_EXP_SLTSTA_PDS : 0, 0, SLOT_EVENTS);
    cfgspace_layout_kind(layout, at + PCI_EXP_SLTCTL, 4, CFGSPACE_KIND_SLOT);
    cfgspace_layout_sticky32(layout, at + PCI_EXP_SLTCTL, (uint32_t)SLOT_STATE << STATUS_SHIFT);
}

static void add_root(struct cfgspace_layout *layout, unsigned at,
                     const struct cap_express_options *options)
{
    uint16_t bits = ROOT_BITS;

    if (options->type != PCI_EXP_TYPE_ROOT_PORT)
        return;
    if (options->crs_visible)
        bits |= PCI_EXP_RTCTL_CRSSVE;
    cfgspace_layout_reg16(layout, at + PCI_EXP_RTCTL, 0, bits, 0);
    cfgspace_layout_reg16(layout, at + PCI_EXP_RTCAP,
                          options->crs_visible ? PCI_EXP_RTCAP_CRSVIS : 0, 0, 0);
    cfgspace_layout_reg32(layout, at + PCI_EXP_RTSTA, 0, 0, PCI_EXP_RTSTA_PME);
    cfgspace_layout_kind(layout, at + PCI_EXP_RTCTL, 8, CFGSPACE_KIND_ROOT);
}

static void add_device2(struct cfgspace_layout *layout, unsigned at,
                        const struct cap_express_options *options)
{
    uint16_t bits = 0;

    if (options->devcap2 & PCI_EXP_DEVCAP2_COMP_TMOUT_DIS)
        bits |= PCI_EXP_DEVCTL2_COMP_TMOUT_DIS;
    if (options->devcap2 & 0xf) /* Completion Timeout Ranges Supported */
        bits |= PCI_EXP_DEVCTL2_COMP_TIMEOUT;
    if (options->devcap2 & PCI_EXP_DEVCAP2_ARI)
        bits |= PCI_EXP_DEVCTL2_ARI;
    if (options->devcap2 & PCI_EXP_DEVCAP2_LTR)
        bits |= PCI_EXP_DEVCTL2_LTR_EN;
    if (options->devcap2 & PCI_EXP_DEVCAP2_ATOMIC_ROUTE)
        bits |= PCI_EXP_DEVCTL2_ATOMIC_EGRESS_BLOCK;
    if (options->atomic_requester)
        bits |= PCI_EXP_DEVCTL2_ATOMIC_REQ;
    cfgspace_layout_reg32(layout, at + PCI_EXP_DEVCAP2, options->devcap2, 0, 0);
    cfgspace_layout_reg16(layout, at + PCI_EXP_DEVCTL2, 0, bits, 0);
    cfgspace_layout_kind(layout, at + PCI_EXP_DEVCTL2, 4, CFGSPACE_KIND_DEVICE2);
}

void cap_express_add(struct cfgspace_layout *layout, unsigned offset,
                     const struct cap_express_options *options)
{
    uint16_t flags = (uint16_t)((options->version_1 ? 1 : 2) | options->type << TYPE_SHIFT |
                                options->interrupt_message << MESSAGE_SHIFT);

    if (options->slot)
        flags |= PCI_EXP_FLAGS_SLOT;
    cfgspace_layout_capability(layout, PCI_CAP_ID_EXP, offset,
                               options->version_1 ? (unsigned)PCI_CAP_EXP_ENDPOINT_SIZEOF_V1
                                                  : (unsigned)CAP_EXPRESS_BYTES);
    layout->express = (uint16_t)offset;
    cfgspace_layout_reg16(layout, offset + PCI_EXP_FLAGS, flags, 0, 0);
    add_device(layout, offset, options);
    add_link(layout, offset, options);
    if (options->version_1)
        return;
    add_slot(layout, offset, options);
    add_root(layout, offset, options);
    add_device2(layout, offset, options);
    add_link2(layout, offset, options);
}

static uint16_t reset16(const struct cfgspace_layout *layout, unsigned offset)
{
    return (uint16_t)(layout->reset[offset] | layout->reset[offset + 1] << 8);
}

uint8_t cap_express_type(const struct cfgspace_layout *layout)
{
    CHECK(layout->express);
    return (uint8_t)((reset16(layout, layout->express + PCI_EXP_FLAGS) & PCI_EXP_FLAGS_TYPE) >>
                     TYPE_SHIFT);
}

bool cap_express_is_downstream(const struct cfgspace_layout *layout)
{
    return layout->express && is_downstream(cap_express_type(layout));
}

bool cap_express_has_slot(const struct cfgspace_layout *layout)
{
    return layout->express && reset16(layout, layout->express + PCI_EXP_FLAGS) & PCI_EXP_FLAGS_SLOT;
}

static uint16_t control(const struct cfgspace *space, unsigned reg)
{
    CHECK(space->layout->express);
    return cfgspace_get16(space, space->layout->express + reg);
}

uint32_t cap_express_max_payload_bytes(const struct cfgspace *space)
{
    return (uint32_t)MIN_PAYLOAD_BYTES
           << ((control(space, PCI_EXP_DEVCTL) & PCI_EXP_DEVCTL_PAYLOAD) >> PAYLOAD_SHIFT);
}

uint32_t cap_express_max_read_bytes(const struct cfgspace *space)
{
    return (uint32_t)MIN_PAYLOAD_BYTES
           << ((control(space, PCI_EXP_DEVCTL) & PCI_EXP_DEVCTL_READRQ) >> READ_SHIFT);
}

uint32_t cap_express_supported_payload_bytes(const struct cfgspace_layout *layout)
{
    CHECK(layout->express);
    return (uint32_t)MIN_PAYLOAD_BYTES
           << (reset16(layout, layout->express + PCI_EXP_DEVCAP) & PCI_EXP_DEVCAP_PAYLOAD);
}

bool cap_express_has_flr(const struct cfgspace_layout *layout)
{
    return layout->express &&
           reset16(layout, layout->express + PCI_EXP_DEVCAP + 2) & PCI_EXP_DEVCAP_FLR >> 16;
}

bool cap_express_ari_forwarding(const struct cfgspace *space)
{
    return control(space, PCI_EXP_DEVCTL2) & PCI_EXP_DEVCTL2_ARI;
}

void cap_express_set_link(struct cfgspace *space, uint8_t gen, uint8_t width, bool active)
{
    const unsigned at = space->layout->express + (unsigned)PCI_EXP_LNKSTA;
    const unsigned kept =
        control(space, PCI_EXP_LNKSTA) &
        ~(unsigned)(PCI_EXP_LNKSTA_CLS | PCI_EXP_LNKSTA_NLW | PCI_EXP_LNKSTA_DLLLA);
    unsigned status = kept | gen | (unsigned)width << WIDTH_SHIFT;

    if (active && control(space, PCI_EXP_LNKCAP + 2) & PCI_EXP_LNKCAP_DLLLARC >> 16)
        status |= PCI_EXP_LNKSTA_DLLLA;
    cfgspace_set16(space, at, (uint16_t)status);
}

void cap_express_set_transactions_pending(struct cfgspace *space, bool pending)
{
    const unsigned status = control(space, PCI_EXP_DEVSTA) & ~(unsigned)PCI_EXP_DEVSTA_TRPND;

    cfgspace_set16(space, space->layout->express + (unsigned)PCI_EXP_DEVSTA,
                   (uint16_t)(status | (pending ? PCI_EXP_DEVSTA_TRPND : 0)));
}

void cap_express_set_errors(struct cfgspace *space, uint16_t devsta)
{
    const unsigned status = control(space, PCI_EXP_DEVSTA);

    CHECK(!(devsta & ~ERRORS));
    cfgspace_set16(space, space->layout->express + (unsigned)PCI_EXP_DEVSTA,
                   (uint16_t)(status | devsta));
}

unsigned cap_express_on_device_write(const struct cfgspace *space, uint32_t written)
{
    if (written & PCI_EXP_DEVCTL_BCR_FLR && cap_express_has_flr(space->layout))
        return CFGSPACE_FLR;
    return 0;
}

unsigned cap_express_on_link_write(const struct cfgspace *space, uint32_t old, uint32_t written)
{
    unsigned effects = 0;

    if (written & PCI_EXP_LNKCTL_RL && cap_express_is_downstream(space->layout))
        effects |= CFGSPACE_RETRAIN;
    if ((old ^ control(space, PCI_EXP_LNKCTL)) & PCI_EXP_LNKCTL_LD)
        effects |= CFGSPACE_LINK_DISABLE;
    return effects;
}

unsigned cap_express_on_slot_write(uint32_t enabled)
{
    return enabled & UINT16_MAX ? CFGSPACE_SLOT : 0;
}
