#include "pcie/cap_header.h"
#include "base/check.h"

#include <linux/pci_regs.h>

enum {
    COMMAND_BITS = PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY |
                   PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE,
    VF_COMMAND_BITS = PCI_COMMAND_MASTER,
    ERROR_BITS = PCI_STATUS_PARITY | PCI_STATUS_SIG_TARGET_ABORT | PCI_STATUS_REC_TARGET_ABORT |
                 PCI_STATUS_REC_MASTER_ABORT | PCI_STATUS_SIG_SYSTEM_ERROR |
                 PCI_STATUS_DETECTED_PARITY,
    BRIDGE_CONTROL_BITS = PCI_BRIDGE_CTL_PARITY | PCI_BRIDGE_CTL_SERR | PCI_BRIDGE_CTL_ISA |
                          PCI_BRIDGE_CTL_VGA | PCI_BRIDGE_CTL_BUS_RESET,
    MULTIFUNCTION = PCI_HEADER_TYPE_MASK + 1,
    NO_ID = 0xffff, /* a VF's vendor and device ID */
    UPPER_SHIFT = 32,
    WINDOW_BITS = 0xfff0, /* of a memory window's base and limit register: address bits 31:20 */
    MEMORY_SHIFT = 16,
    MEMORY_GRAIN = 1 << 20,
    IO_BITS = 0xf0,
    IO_SHIFT = 8,
    IO_GRAIN = 1 << 12
};

void cap_header_add_bar(struct cfgspace_layout *layout, unsigned offset,
                        struct cfgspace_bar_spec spec, enum cfgspace_kind kind)
{
    const uint64_t mask = ~((UINT64_C(1) << spec.log2_bytes) - 1);
    uint32_t flags = PCI_BASE_ADDRESS_SPACE_MEMORY;

    if (!spec.log2_bytes)
        return;
    if (spec.io)
        flags = PCI_BASE_ADDRESS_SPACE_IO;
    if (spec.is_64)
        flags |= PCI_BASE_ADDRESS_MEM_TYPE_64;
    if (spec.prefetch)
        flags |= PCI_BASE_ADDRESS_MEM_PREFETCH;
    CHECK(!spec.io || !(spec.is_64 || spec.prefetch));
    CHECK(spec.log2_bytes >= (spec.io ? 2 : 4) && spec.log2_bytes < (spec.is_64 ? 64 : 32));
    cfgspace_layout_reg32(layout, offset, flags, (uint32_t)mask, 0);
    cfgspace_layout_kind(layout, offset, 4, kind);
    if (spec.is_64) {
        cfgspace_layout_reg32(layout, offset + 4, 0, (uint32_t)(mask >> UPPER_SHIFT), 0);
        cfgspace_layout_kind(layout, offset + 4, 4, kind);
    }
}

static void add_bars(struct cfgspace_layout *layout, const struct cap_header_options *options,
                     unsigned count)
{
    for (unsigned n = 0; n < count; n++) {
        const struct cfgspace_bar_spec spec = options->bar[n];

        layout->bar[n] = spec;
        cap_header_add_bar(layout, PCI_BASE_ADDRESS_0 + 4 * n, spec, CFGSPACE_KIND_BAR);
        if (spec.log2_bytes && spec.is_64) {
            n++;
            CHECK(n < count && !options->bar[n].log2_bytes);
        }
    }
}

static void add_rom(struct cfgspace_layout *layout, unsigned offset, uint8_t log2_bytes)
{
    if (!log2_bytes)
        return;
    CHECK(log2_bytes >= 11 && log2_bytes < 32);
    cfgspace_layout_reg32(layout, offset, 0, ~((1U << log2_bytes) - 1) | PCI_ROM_ADDRESS_ENABLE, 0);
    cfgspace_layout_kind(layout, offset, 4, CFGSPACE_KIND_BAR);
}

static void add_common(struct cfgspace_layout *layout, const struct cap_header_options *options,
                       uint8_t type, uint16_t command_bits)
{
    const uint32_t class_code = options->class_code;

    cfgspace_layout_reg16(layout, PCI_VENDOR_ID, options->vendor, 0, 0);
    cfgspace_layout_reg16(layout, PCI_DEVICE_ID, options->device, 0, 0);
    cfgspace_layout_reg16(layout, PCI_COMMAND, 0, command_bits, 0);
    cfgspace_layout_reg16(layout, PCI_STATUS, 0, 0, ERROR_BITS);
    cfgspace_layout_kind(layout, PCI_COMMAND, 4, CFGSPACE_KIND_COMMAND);
    cfgspace_layout_reg32(layout, PCI_CLASS_REVISION, class_code << 8 | options->revision, 0, 0);
    cfgspace_layout_reg8(layout, PCI_HEADER_TYPE,
                         (uint8_t)(type | (options->multifunction ? MULTIFUNCTION : 0)), 0, 0);
}

static void add_interrupt(struct cfgspace_layout *layout, const struct cap_header_options *options)
{
    cfgspace_layout_reg8(layout, PCI_CACHE_LINE_SIZE, 0, 0xff, 0);
    cfgspace_layout_reg8(layout, PCI_INTERRUPT_LINE, 0, 0xff, 0);
    cfgspace_layout_reg8(layout, PCI_INTERRUPT_PIN, options->interrupt_pin, 0, 0);
}

void cap_header_add_type0(struct cfgspace_layout *layout, const struct cap_header_options *options)
{
    add_common(layout, options, PCI_HEADER_TYPE_NORMAL, COMMAND_BITS);
    add_interrupt(layout, options);
    cfgspace_layout_reg16(layout, PCI_SUBSYSTEM_VENDOR_ID, options->subsystem_vendor, 0, 0);
    cfgspace_layout_reg16(layout, PCI_SUBSYSTEM_ID, options->subsystem, 0, 0);
    add_bars(layout, options, CFGSPACE_BARS);
    add_rom(layout, PCI_ROM_ADDRESS, options->rom_log2_bytes);
}

void cap_header_add_vf(struct cfgspace_layout *layout, const struct cap_header_options *options)
{
    struct cap_header_options vf = *options;

    vf.vendor = vf.device = NO_ID;
    vf.multifunction = false;
    layout->is_vf = true;
    add_common(layout, &vf, PCI_HEADER_TYPE_NORMAL, VF_COMMAND_BITS);
    cfgspace_layout_reg16(layout, PCI_SUBSYSTEM_VENDOR_ID, vf.subsystem_vendor, 0, 0);
    cfgspace_layout_reg16(layout, PCI_SUBSYSTEM_ID, vf.subsystem, 0, 0);
}

static void add_windows(struct cfgspace_layout *layout, const struct cap_header_options *options)
{
    const uint8_t io_type = options->io_window_is_32 ? PCI_IO_RANGE_TYPE_32 : PCI_IO_RANGE_TYPE_16;
    const uint16_t prefetch_type =
        options->prefetch_is_64 ? PCI_PREF_RANGE_TYPE_64 : PCI_PREF_RANGE_TYPE_32;

    if (options->io_window) {
        cfgspace_layout_reg8(layout, PCI_IO_BASE, io_type, IO_BITS, 0);
        cfgspace_layout_reg8(layout, PCI_IO_LIMIT, io_type, IO_BITS, 0);
    }
    if (options->io_window && options->io_window_is_32)
        cfgspace_layout_reg32(layout, PCI_IO_BASE_UPPER16, 0, UINT32_MAX, 0);
    cfgspace_layout_reg16(layout, PCI_SEC_STATUS, 0, 0, ERROR_BITS);
    cfgspace_layout_reg16(layout, PCI_MEMORY_BASE, 0, WINDOW_BITS, 0);
    cfgspace_layout_reg16(layout, PCI_MEMORY_LIMIT, 0, WINDOW_BITS, 0);
    cfgspace_layout_reg16(layout, PCI_PREF_MEMORY_BASE, prefetch_type, WINDOW_BITS, 0);
    cfgspace_layout_reg16(layout, PCI_PREF_MEMORY_LIMIT, prefetch_type, WINDOW_BITS, 0);
    if (options->prefetch_is_64) {
        cfgspace_layout_reg32(layout, PCI_PREF_BASE_UPPER32, 0, UINT32_MAX, 0);
        cfgspace_layout_reg32(layout, PCI_PREF_LIMIT_UPPER32, 0, UINT32_MAX, 0);
    }
    cfgspace_layout_kind(layout, PCI_IO_BASE, PCI_CAPABILITY_LIST - PCI_IO_BASE,
                         CFGSPACE_KIND_WINDOW);
}

void cap_header_add_type1(struct cfgspace_layout *layout, const struct cap_header_options *options)
{
    layout->is_bridge = true;
    add_common(layout, options, PCI_HEADER_TYPE_BRIDGE, COMMAND_BITS);
    add_interrupt(layout, options);
    add_bars(layout, options, CFGSPACE_BRIDGE_BARS);
    add_rom(layout, PCI_ROM_ADDRESS1, options->rom_log2_bytes);
    cfgspace_layout_reg32(layout, PCI_PRIMARY_BUS, 0, 0x00ffffff, 0);
    cfgspace_layout_kind(layout, PCI_PRIMARY_BUS, 4, CFGSPACE_KIND_BUSES);
    add_windows(layout, options);
    cfgspace_layout_reg16(layout, PCI_BRIDGE_CONTROL, 0, BRIDGE_CONTROL_BITS, 0);
    cfgspace_layout_kind(layout, PCI_INTERRUPT_LINE, 4, CFGSPACE_KIND_BRIDGE_CONTROL);
}

uint8_t cap_header_secondary(const struct cfgspace *bridge)
{
    return cfgspace_get8(bridge, PCI_SECONDARY_BUS);
}

uint8_t cap_header_subordinate(const struct cfgspace *bridge)
{
    return cfgspace_get8(bridge, PCI_SUBORDINATE_BUS);
}

struct cap_header_window cap_header_memory_window(const struct cfgspace *bridge)
{
    const uint64_t base = cfgspace_get16(bridge, PCI_MEMORY_BASE) & WINDOW_BITS;
    const uint64_t limit = cfgspace_get16(bridge, PCI_MEMORY_LIMIT) & WINDOW_BITS;

    return (struct cap_header_window){base << MEMORY_SHIFT,
                                      (limit << MEMORY_SHIFT) + MEMORY_GRAIN - 1};
}

struct cap_header_window cap_header_prefetch_window(const struct cfgspace *bridge)
{
    const uint64_t base = cfgspace_get16(bridge, PCI_PREF_MEMORY_BASE) & WINDOW_BITS;
    const uint64_t limit = cfgspace_get16(bridge, PCI_PREF_MEMORY_LIMIT) & WINDOW_BITS;
    const uint64_t base_upper = cfgspace_get32(bridge, PCI_PREF_BASE_UPPER32);
    const uint64_t limit_upper = cfgspace_get32(bridge, PCI_PREF_LIMIT_UPPER32);

    return (struct cap_header_window){base_upper << UPPER_SHIFT | base << MEMORY_SHIFT,
                                      (limit_upper << UPPER_SHIFT | limit << MEMORY_SHIFT) +
                                          MEMORY_GRAIN - 1};
}

struct cap_header_window cap_header_io_window(const struct cfgspace *bridge)
{
    const uint64_t base = cfgspace_get8(bridge, PCI_IO_BASE) & IO_BITS;
    const uint64_t limit = cfgspace_get8(bridge, PCI_IO_LIMIT) & IO_BITS;
    const uint64_t base_upper = cfgspace_get16(bridge, PCI_IO_BASE_UPPER16);
    const uint64_t limit_upper = cfgspace_get16(bridge, PCI_IO_LIMIT_UPPER16);

    if (!bridge->layout->write_mask[PCI_IO_BASE]) /* not implemented: empty */
        return (struct cap_header_window){IO_GRAIN, IO_GRAIN - 1};
    return (struct cap_header_window){base_upper << 16 | base << IO_SHIFT,
                                      (limit_upper << 16 | limit << IO_SHIFT) + IO_GRAIN - 1};
}

unsigned cap_header_on_bridge_control_write(const struct cfgspace *space, uint32_t old)
{
    const uint16_t before = (uint16_t)(old >> 16);
    const uint16_t now = cfgspace_get16(space, PCI_BRIDGE_CONTROL);

    if ((before ^ now) & PCI_BRIDGE_CTL_BUS_RESET)
        return (now & PCI_BRIDGE_CTL_BUS_RESET) ? CFGSPACE_BUS_RESET : CFGSPACE_BUS_RESET_END;
    return 0;
}
