#include "host/enumerate_windows.h"

#include "base/check.h"
#include <inttypes.h>
#include <linux/pci_regs.h>

#define GIB_4 (UINT64_C(1) << 32)

static const char *const space_names[PCI_SPACES] = {"I/O", "32-bit memory", "prefetchable memory"};
/* Granularity of a bridge's window. */
static const uint64_t window_grain[PCI_SPACES] = {4096, 1 << 20, 1 << 20};

/* The resources of a function in the order of its registers. */
enum { RESOURCES = PCI_BARS + 1 + PCI_BARS + PCI_SPACES };

static struct pci_resource *resource(struct pci_function *function, unsigned i)
{
    if (i <= PCI_BARS)
        return &function->bar[i];
    i -= PCI_BARS + 1;
    return i < PCI_BARS ? &function->vf_bar[i] : &function->window[i - PCI_BARS];
}

static bool is_window(unsigned i)
{
    return i >= PCI_BARS + 1 + PCI_BARS;
}

/* Which of the bus's windows resource @i of a function on it goes into. */
static enum pci_space space_of(const struct pci_bus *bus, const struct pci_resource *what,
                               unsigned i)
{
    if (is_window(i))
        return (enum pci_space)(i - (PCI_BARS + 1 + PCI_BARS));
    if (what->io)
        return PCI_IO;
    return what->prefetch && what->is_64 && bus->usable[PCI_PREFETCH] ? PCI_PREFETCH : PCI_MEMORY;
}

static uint64_t align_up(uint64_t value, uint64_t align)
{
    return (value + align - 1) / align * align;
}

/* Inserts into a list in the order in which places are given; equals stay in their order. */
static void insert_by_need(struct pci_resource **list, struct pci_resource *what)
{
    while (*list && ((*list)->align > what->align ||
                     ((*list)->align == what->align && (*list)->bytes >= what->bytes)))
        list = &(*list)->next;
    what->next = *list;
    *list = what;
}

/* All of one space on a bus that has no place yet, in that order; or, @placed, all that has one. VF
 * ranges are the PF's. */
static struct pci_resource *collect(struct pci_bus *bus, enum pci_space space, bool placed)
{
    struct pci_resource *list = NULL;
    for (struct pci_function *f = bus->first; f; f = f->next) {
        if (f->pf)
            continue;
        for (unsigned i = 0; i < RESOURCES; i++) {
            struct pci_resource *what = resource(f, i);
            if (what->bytes && what->assigned == placed && space_of(bus, what, i) == space)
                insert_by_need(&list, what);
        }
    }
    return list;
}

/* The lowest place for @what from @from on that touches none of @taken. */
static uint64_t first_fit(const struct pci_resource *taken, const struct pci_resource *what,
                          uint64_t from)
{
    uint64_t base = align_up(from, what->align);
    for (const struct pci_resource *other = taken; other;) {
        if (base < other->base + other->bytes && other->base < base + what->bytes) {
            base = align_up(other->base + other->bytes, what->align);
            other = taken;
        } else {
            other = other->next;
        }
    }
    return base;
}

/* Places @list between what is @taken, from @from on; returns where the last one ends. */
static uint64_t place(struct pci_resource *list, struct pci_resource *taken, uint64_t from)
{
    uint64_t end = from;
    for (struct pci_resource *what = list, *next; what; what = next) {
        next = what->next;
        what->base = first_fit(taken, what, from);
        if (what->base + what->bytes > end)
            end = what->base + what->bytes;
        what->next = taken;
        taken = what;
    }
    return end;
}

/* How large the window of the bridge above @bus must be. Placing from 0 on shows it: places move
 * with a base that has the largest alignment. */
static void size_window(struct pci_bus *bus, enum pci_space space, uint64_t at_least)
{
    struct pci_resource *window = &bus->bridge->window[space];
    struct pci_resource *list = collect(bus, space, false);
    window->align = window_grain[space];
    if (list && list->align > window->align)
        window->align = list->align;
    uint64_t bytes = place(list, NULL, 0);
    if (bus->bridge->hotplug && bytes < at_least)
        bytes = at_least;
    window->bytes = bus->usable[space] ? align_up(bytes, window_grain[space]) : 0;
}

static bool no_room(const struct pci_bus *bus, enum pci_space space, uint64_t end, struct err *err)
{
    const struct pci_window *window = &bus->window[space];
    return err_at(err, NULL,
                  "PCI bus %02x: what is on it needs %" PRIu64 " MiB of %s, there are %" PRIu64
                  " MiB; make the host's window larger or keep more for hot-plug",
                  bus->number, (end - window->base + (1 << 20) - 1) >> 20, space_names[space],
                  window->bytes >> 20);
}

/* Gives places to all of one space on a bus. What does not fit of I/O goes without. */
static bool place_on_bus(struct pci_bus *bus, enum pci_space space, struct err *err)
{
    const struct pci_window *window = &bus->window[space];
    struct pci_resource *list = collect(bus, space, false);
    if (!list)
        return true;
    const uint64_t end = place(list, collect(bus, space, true), window->base);
    if (end > window->base + window->bytes && space != PCI_IO)
        return no_room(bus, space, end, err);
    for (struct pci_function *f = bus->first; f; f = f->next) {
        for (unsigned i = 0; !f->pf && i < RESOURCES; i++) {
            struct pci_resource *what = resource(f, i);
            if (what->bytes && !what->assigned && space_of(bus, what, i) == space)
                what->assigned = what->base + what->bytes <= window->base + window->bytes;
        }
    }
    return true;
}

static void write_bars(const struct cfg_access *access, uint16_t rid, unsigned offset, unsigned n,
                       const struct pci_resource *bars)
{
    for (unsigned i = 0; i < n; i++) {
        if (!bars[i].assigned)
            continue;
        cfg_access_write32(access, rid, offset + 4 * i, (uint32_t)bars[i].base);
        if (bars[i].is_64)
            cfg_access_write32(access, rid, offset + 4 * i + 4, (uint32_t)(bars[i].base >> 32));
    }
}

/* A window that is closed has a limit below its base (3.2.5.8). */
static struct pci_window programmed(const struct pci_resource *window)
{
    return window->assigned ? (struct pci_window){window->base, window->bytes}
                            : (struct pci_window){0, 0};
}

static void write_windows(const struct cfg_access *access, const struct pci_function *bridge)
{
    const uint16_t rid = bridge->rid;
    struct pci_window window = programmed(&bridge->window[PCI_IO]);
    if (bridge->window[PCI_IO].io) {
        const uint32_t base = window.bytes ? (uint32_t)window.base : 0xf000;
        const uint32_t limit = window.bytes ? (uint32_t)(window.base + window.bytes - 1) : 0;
        cfg_access_write16(access, rid, PCI_IO_BASE,
                           (uint16_t)((base >> 8 & 0xf0) | (limit & 0xf000)));
        cfg_access_write32(access, rid, PCI_IO_BASE_UPPER16, base >> 16 | (limit & 0xffff0000));
    }
    window = programmed(&bridge->window[PCI_MEMORY]);
    uint64_t base = window.bytes ? window.base : 0xfff00000;
    uint64_t limit = window.bytes ? window.base + window.bytes - 1 : 0;
    cfg_access_write32(access, rid, PCI_MEMORY_BASE,
                       (uint32_t)((base >> 16 & 0xfff0) | (limit & 0xfff00000)));

    window = programmed(&bridge->window[PCI_PREFETCH]);
    base = window.bytes ? window.base : 0xfff00000;
    limit = window.bytes ? window.base + window.bytes - 1 : 0;
    cfg_access_write32(access, rid, PCI_PREF_MEMORY_BASE,
                       (uint32_t)((base >> 16 & 0xfff0) | (limit & 0xfff00000)));
    cfg_access_write32(access, rid, PCI_PREF_BASE_UPPER32, (uint32_t)(base >> 32));
    cfg_access_write32(access, rid, PCI_PREF_LIMIT_UPPER32, (uint32_t)(limit >> 32));
}

void enumerate_windows_close(const struct pci_tree *tree, const struct pci_function *bridge)
{
    struct pci_function closed = *bridge;
    for (unsigned space = 0; space < PCI_SPACES; space++)
        closed.window[space].assigned = false;
    write_windows(&tree->access, &closed);
}

/* Decoding begins when the addresses are in. */
static void write_command(const struct cfg_access *access, const struct pci_function *function)
{
    uint16_t command = 0;
    for (unsigned i = 0; i < PCI_BARS; i++)
        if (function->bar[i].assigned)
            command |= function->bar[i].io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
    if (function->behind) {
        command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
        if (function->window[PCI_IO].assigned)
            command |= PCI_COMMAND_IO;
    }
    const uint16_t old = cfg_access_read16(access, function->rid, PCI_COMMAND);
    cfg_access_write16(access, function->rid, PCI_COMMAND, old | command);
}

static void write_function(const struct cfg_access *access, struct pci_function *function)
{
    const bool bridge = function->header == PCI_HEADER_TYPE_BRIDGE;
    const struct pci_resource *rom = &function->bar[PCI_ROM];

    write_bars(access, function->rid, PCI_BASE_ADDRESS_0, bridge ? 2 : PCI_BARS, function->bar);
    write_bars(access, function->rid, bridge ? PCI_ROM_ADDRESS1 : PCI_ROM_ADDRESS, 1, rom);
    if (function->sriov)
        write_bars(access, function->rid, function->sriov + PCI_SRIOV_BAR, PCI_BARS,
                   function->vf_bar);
    if (function->behind) {
        write_windows(access, function);
        for (unsigned space = 0; space < PCI_SPACES; space++)
            function->behind->window[space] = programmed(&function->window[space]);
    }
    write_command(access, function);
}

/* A range is reachable only if all bridges on the way have such a window. */
static void find_usable(struct pci_bus *bus)
{
    const struct pci_function *bridge = bus->bridge;
    bus->usable[PCI_IO] = bridge->bus->usable[PCI_IO] && bridge->window[PCI_IO].io;
    bus->usable[PCI_MEMORY] = bridge->bus->usable[PCI_MEMORY];
    bus->usable[PCI_PREFETCH] =
        bridge->bus->usable[PCI_PREFETCH] && bridge->window[PCI_PREFETCH].is_64;
}

bool enumerate_windows_assign(struct pci_tree *tree, struct pci_bus *top,
                              const uint64_t hotplug_bytes[PCI_SPACES], struct err *err)
{
    CHECK(top->window[PCI_MEMORY].base + top->window[PCI_MEMORY].bytes <= GIB_4);
    /* A bus has a higher number than the one above it: descending is bottom up. */
    for (unsigned number = top->number + 1U; number <= top->last; number++)
        if (tree->bus[number])
            find_usable(tree->bus[number]);
    for (unsigned number = top->last; number > top->number; number--)
        for (unsigned space = 0; tree->bus[number] && space < PCI_SPACES; space++)
            size_window(tree->bus[number], (enum pci_space)space, hotplug_bytes[space]);
    for (unsigned number = top->number; number <= top->last; number++) {
        struct pci_bus *bus = tree->bus[number];
        if (!bus)
            continue;
        for (unsigned space = 0; space < PCI_SPACES; space++)
            if (!place_on_bus(bus, (enum pci_space)space, err))
                return false;
        for (struct pci_function *function = bus->first; function; function = function->next)
            if (!function->pf)
                write_function(&tree->access, function);
    }
    return true;
}
