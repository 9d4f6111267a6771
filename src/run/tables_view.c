#include "run/tables_view.h"

#include "base/check.h"
#include "pcie/preset.h"
#include "pool/assignment.h"
#include "pool/bridge.h"
#include "pool/cfg_emu.h"
#include "run/build.h"
#include "run/tables.h"

#include <linux/pci_regs.h>
#include <stdlib.h>

enum { UPSTREAM_PRIMARY = NUMBERING_FIRST_BUS - 2, UPSTREAM_SECONDARY = NUMBERING_FIRST_BUS - 1 };

static void *zeroed(size_t n, size_t bytes)
{
    void *memory = calloc(n ? n : 1, bytes);
    CHECK(memory);
    return memory;
}

/* ---- bridges ---- */

/* What lies below one virtual downstream bridge. */
struct below {
    uint32_t device;
    bool lent; /* a slot with VFs of the device; else the device itself */
    uint8_t first_bus, last_bus;
    uint64_t base, limit;
};

static bool owned_below(const struct model *model, uint32_t host, uint32_t device,
                        struct below *out)
{
    const struct cfg_device *config = &model->config->devices[device];
    const struct numbering_device *d = &model->numbering.devices[device];
    if (config->switch_index < 0 || config->owner_index != (int)host)
        return false;
    *out = (struct below){device,      false,       d->first_bus,
                          d->last_bus, d->bar_base, d->bar_base + d->bar_span - 1};
    return true;
}

static bool lent_below(const struct model *model, uint32_t host, uint32_t device, struct below *out)
{
    const struct numbering_device *d = &model->numbering.devices[device];
    uint64_t bytes = model->config->devices[device].bar_bytes;
    bool any = false;
    for (uint32_t vf = 0; vf + 1 < d->n_functions; vf++) {
        const struct numbering_function *f = &model->numbering.functions[d->first_function + vf];
        if (f->host != host)
            continue;
        uint8_t bus = (uint8_t)(f->user_rid >> 8);
        if (!any)
            *out = (struct below){device, true, bus, bus, f->user_address, 0};
        any = true;
        CHECK(bus == out->first_bus && f->user_address >= out->base);
        out->limit = f->user_address + bytes - 1;
    }
    return any;
}

/* @memory holds twice as many as there are devices. */
static uint32_t list_below(const struct model *model, uint32_t host, struct below *memory)
{
    uint32_t n = 0;
    for (uint32_t d = 0; d < model->config->n_devices; d++)
        n += owned_below(model, host, d, &memory[n]);
    for (uint32_t d = 0; d < model->config->n_devices; d++)
        n += lent_below(model, host, d, &memory[n]);
    return n;
}

static struct bridge_regs bridge_above(const struct below *below)
{
    static const uint64_t ones = 0xfffff;
    return (struct bridge_regs){
        .command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
        .primary = UPSTREAM_SECONDARY,
        .secondary = below->first_bus,
        .subordinate = below->last_bus,
        .mem_base = 0xfff00000, /* closed */
        .mem_limit = ones,
        .pref_base = below->base & ~ones,
        .pref_limit = below->limit | ones,
        .ari_forwarding = below->lent,
        .slot_status = below->lent ? PCI_EXP_SLTSTA_PDS : 0,
    };
}

struct pool_entry *tables_view_bridges(const struct model *model, uint32_t host, uint32_t *out_n)
{
    struct below *below = zeroed(2 * (size_t)model->config->n_devices, sizeof *below);
    uint32_t n = list_below(model, host, below);
    struct pool_entry *entries = zeroed(n + 1, sizeof *entries);
    uint16_t port = (uint16_t)tables_host_port(model->config, host);
    struct bridge_regs upstream =
        bridge_above(&(struct below){.first_bus = UPSTREAM_SECONDARY,
                                     .last_bus = UPSTREAM_SECONDARY,
                                     .base = n ? UINT64_MAX : UINT64_C(0xfff00000)});
    upstream.primary = UPSTREAM_PRIMARY;
    for (uint32_t i = 0; i < n; i++) {
        struct bridge_regs regs = bridge_above(&below[i]);
        bridge_pack(port, (uint16_t)(i + 1), &regs, &entries[i + 1]);
        if (regs.subordinate > upstream.subordinate)
            upstream.subordinate = regs.subordinate;
        if (regs.pref_base < upstream.pref_base)
            upstream.pref_base = regs.pref_base;
        if (regs.pref_limit > upstream.pref_limit)
            upstream.pref_limit = regs.pref_limit;
    }
    bridge_pack(port, 0, &upstream, &entries[0]);
    free(below);
    *out_n = n + 1;
    return entries;
}

/* ---- assignment ---- */

/* The slots that each host's devices and lends have taken so far. */
struct slots {
    uint32_t last_device; /* + 1, whose VFs are in the last slot */
    uint16_t n;
};

/* Lends what the configuration lends of one device. */
static void assign_device(const struct model *model, uint32_t device, struct slots *slots,
                          struct assignment_table *table, struct pool_entry *entries)
{
    const struct numbering_device *d = &model->numbering.devices[device];
    for (uint32_t vf = 0; vf + 1 < d->n_functions; vf++) {
        uint32_t function = d->first_function + vf;
        const struct numbering_function *f = &model->numbering.functions[function];
        if (f->host != NUMBERING_OWN) {
            struct slots *host = &slots[f->host];
            host->n = (uint16_t)(host->n + (host->last_device != device + 1));
            host->last_device = device + 1;
            struct assignment_place place = {(uint16_t)tables_host_port(model->config, f->host),
                                             host->n, f->user_rid & 0xff};
            CHECK(assignment_do(table, function, ASSIGNMENT_LOAD, &place) == ASSIGNMENT_OK);
            CHECK(assignment_do(table, function, ASSIGNMENT_ATTACH, NULL) == ASSIGNMENT_OK);
        }
        assignment_pack(table, function, &entries[function]);
    }
}

struct pool_entry *tables_view_assignment(const struct model *model, uint32_t *out_n)
{
    const struct config *config = model->config;
    uint32_t n = model->numbering.n_functions;
    struct assignment_table table;
    struct assignment *functions = zeroed(n, sizeof *functions);
    struct slots *slots = zeroed(config->n_hosts, sizeof *slots);
    struct pool_entry *entries = zeroed(n, sizeof *entries);
    assignment_init(&table, functions, n);
    /* Slot 0 would be the upstream bridge's number; the devices that a host owns come first. */
    for (uint32_t d = 0; d < config->n_devices; d++)
        if (config->devices[d].switch_index >= 0)
            slots[config->devices[d].owner_index].n++;
    for (uint32_t d = 0; d < config->n_devices; d++)
        if (config->devices[d].switch_index >= 0)
            assign_device(model, d, slots, &table, entries);
    free(slots);
    free(functions);
    *out_n = n;
    return entries;
}

/* ---- shadows ---- */

static enum preset preset_of(enum cfg_device_kind kind)
{
    switch (kind) {
    case DEVICE_NULL:
        return PRESET_NULL;
    case DEVICE_NIC:
        return PRESET_82599;
    case DEVICE_NVME:
        return PRESET_NVME;
    }
    CHECK(false);
}

/* What the shadows of one device's VFs share, and the memory of its layouts. */
struct device_view {
    struct cfgspace_layout pf_layout, vf_layout;
    struct cfgspace pf;
    struct cfg_emu_model emu;
    uint8_t *memory[2], *value;
};

static void device_view_init(struct device_view *view, const struct cfg_device *device)
{
    enum preset pf = preset_of(device->kind), vf = preset_vf(pf);
    struct preset_options options;
    view->memory[0] = zeroed(1, preset_memory_bytes(pf));
    view->memory[1] = zeroed(1, preset_memory_bytes(vf));
    view->value = zeroed(1, preset_bytes(pf));
    preset_defaults(pf, &options);
    options.vf_bar_log2_bytes = (uint8_t)__builtin_ctzll(device->bar_bytes);
    preset_build(pf, &options, &view->pf_layout, view->memory[0]);
    cfgspace_init(&view->pf, &view->pf_layout, view->value);
    preset_defaults(vf, &options);
    preset_build(vf, &options, &view->vf_layout, view->memory[1]);
    cfg_emu_model_init(&view->emu, &view->pf, &view->vf_layout, true);
}

static void device_view_fini(struct device_view *view)
{
    free(view->memory[0]);
    free(view->memory[1]);
    free(view->value);
}

/* As its driver left it: BAR 0 programmed, memory enabled. */
static void load(struct cfg_emu *emu, const struct cfg_emu_model *model, uint64_t address)
{
    cfg_emu_load(emu, model);
    cfg_emu_apply(emu, PCI_BASE_ADDRESS_0 / 4, (uint32_t)address, 0xf);
    cfg_emu_apply(emu, PCI_BASE_ADDRESS_1 / 4, (uint32_t)(address >> 32), 0xf);
    cfg_emu_apply(emu, PCI_COMMAND / 4, PCI_COMMAND_MEMORY, 0x3);
}

/* Loads the VFs of @device that @host is lent as one slot; returns how many. */
static uint32_t load_slot(const struct model *model, uint32_t host, uint32_t device,
                          const struct cfg_emu_model *emu_model, struct cfg_emu *slot)
{
    const struct numbering_device *d = &model->numbering.devices[device];
    uint32_t n = 0;
    for (uint32_t vf = 0; vf + 1 < d->n_functions; vf++) {
        const struct numbering_function *f = &model->numbering.functions[d->first_function + vf];
        if (f->host == host)
            load(&slot[n++], emu_model, f->user_address);
    }
    cfg_emu_link(slot, n);
    return n;
}

static struct pool_entry *shadow_entries(const struct cfg_emu *functions, uint32_t n, uint16_t port,
                                         uint32_t *out_n)
{
    uint32_t dws = 1;
    for (uint32_t i = 0; i < n; i++)
        while (dws < cfg_emu_dws(&functions[i]))
            dws *= 2;
    struct pool_entry *entries = zeroed((size_t)n * dws, sizeof *entries);
    for (uint32_t i = 0; i < n * dws; i++) {
        struct cfg_emu_row row = cfg_emu_row(&functions[i / dws], (uint16_t)(i % dws));
        cfg_emu_pack(port, (uint16_t)(i / dws), (uint16_t)(i % dws), &row, &entries[i]);
    }
    *out_n = n * dws;
    return entries;
}

struct pool_entry *tables_view_shadow(const struct model *model, uint32_t host, uint32_t *out_n)
{
    const struct config *config = model->config;
    uint32_t lent = model->numbering.lent_to[host], n = 0;
    if (lent == 0)
        return NULL;
    struct cfg_emu *functions = zeroed(lent, sizeof *functions);
    struct device_view *views = zeroed(config->n_devices, sizeof *views);
    for (uint32_t d = 0; d < config->n_devices; d++) {
        struct below below;
        if (!lent_below(model, host, d, &below))
            continue;
        device_view_init(&views[d], &config->devices[d]);
        n += load_slot(model, host, d, &views[d].emu, &functions[n]);
    }
    CHECK(n == lent);
    struct pool_entry *entries =
        shadow_entries(functions, n, (uint16_t)tables_host_port(config, host), out_n);
    for (uint32_t d = 0; d < config->n_devices; d++)
        device_view_fini(&views[d]);
    free(views);
    free(functions);
    return entries;
}
