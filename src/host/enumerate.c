#include "host/enumerate.h"

#include "base/check.h"
#include <linux/pci_regs.h>

enum {
    DEVICES = 32,
    FUNCTIONS = 8,
    LAST_ARI_FUNCTION = 255,
    MIN_PAYLOAD_BYTES = 128,
    ANY_BUS = 0xff
};

struct enumerate_options enumerate_defaults(void)
{
    const uint64_t mib = 1 << 20;
    return (struct enumerate_options){
        .host = {[PCI_IO] = {0x1000, 0xf000},
                 [PCI_MEMORY] = {0xc0000000, 0x3ec00000},
                 [PCI_PREFETCH] = {4096 * mib, 32768 * mib}},
        .hotplug_bytes = {[PCI_IO] = 4096, [PCI_MEMORY] = 2 * mib, [PCI_PREFETCH] = 2 * mib},
        .max_payload_bytes = 4096,
        .vf_enable_ps = ENUMERATE_VF_ENABLE_PS,
        .last_bus = ANY_BUS};
}

static bool out_of_memory(struct err *err)
{
    return err_at(err, NULL, "PCI enumeration: out of memory");
}

/* ---- the functions of one bus ---------------------------------------------------------------- */

/* With ARI the functions behind a downstream port use the 5 bits of the device number too. The port
 * must know, and must not when its card has changed for one without (6.13). */
static bool set_ari_forwarding(const struct enumeration *host, struct pci_bus *bus)
{
    const struct cfg_access *access = &host->tree.access;
    const struct pci_function *port = bus->bridge;
    if (!pci_bus_is_link(bus) ||
        !(cfg_access_read32(access, port->rid, port->express + PCI_EXP_DEVCAP2) &
          PCI_EXP_DEVCAP2_ARI))
        return false;
    const bool on = bus->first && (bus->first->rid & 0xff) == 0 && bus->first->ari;
    uint16_t control = cfg_access_read16(access, port->rid, port->express + PCI_EXP_DEVCTL2);
    control = on ? control | PCI_EXP_DEVCTL2_ARI : control & (uint16_t)~PCI_EXP_DEVCTL2_ARI;
    cfg_access_write16(access, port->rid, port->express + PCI_EXP_DEVCTL2, control);
    return on;
}

/* Looks at one place; fills @out_function, NULL if nobody is there. */
static bool look_at(struct enumeration *host, struct pci_bus *bus, uint8_t devfn,
                    struct pci_function **out_function, struct err *err)
{
    const uint16_t rid = (uint16_t)(bus->number << 8 | devfn);
    struct pci_function *function = NULL;
    if (probe_is_there(&host->tree.access, rid, &host->options.wait)) {
        function = pci_tree_add_function(&host->tree, bus, rid);
        if (!function)
            return out_of_memory(err);
        probe_function(&host->tree.access, function);
    }
    *out_function = function;
    return true;
}

/* The function after @function of its device: the next in the list that ARI makes, else the next
 * number if there may be several; -1: none. */
static int next_function(const struct enumeration *host, const struct pci_function *function,
                         uint8_t devfn, bool multifunction, bool ari)
{
    if (ari) {
        if (!function || !function->ari)
            return -1;
        const uint16_t capability =
            cfg_access_read16(&host->tree.access, function->rid, function->ari + PCI_ARI_CAP);
        const int next = PCI_ARI_CAP_NFN(capability);
        return next > devfn ? next : -1; /* 0 ends the list; a step back would not */
    }
    return multifunction && devfn % FUNCTIONS < FUNCTIONS - 1 ? devfn + 1 : -1;
}

static bool find_functions_of_device(struct enumeration *host, struct pci_bus *bus, uint8_t device,
                                     struct err *err)
{
    struct pci_function *function = NULL;
    int devfn = device * FUNCTIONS;
    if (!look_at(host, bus, (uint8_t)devfn, &function, err))
        return false;
    const bool ari = set_ari_forwarding(host, bus);
    if (!function) /* without a function 0 there is no device */
        return true;
    const bool multifunction = function->multifunction;
    while ((devfn = next_function(host, function, (uint8_t)devfn, multifunction, ari)) >= 0)
        if (!look_at(host, bus, (uint8_t)devfn, &function, err))
            return false;
    for (function = bus->first; function; function = function->next)
        if (function->sriov && (ari || (function->rid >> 3 & (DEVICES - 1)) == device))
            probe_sriov(&host->tree.access, function, ari);
    return true;
}

static bool find_functions_on_bus(struct enumeration *host, struct pci_bus *bus, struct err *err)
{
    const unsigned devices = pci_bus_is_link(bus) ? 1 : DEVICES;
    for (unsigned device = 0; device < devices; device++)
        if (!find_functions_of_device(host, bus, (uint8_t)device, err))
            return false;
    return true;
}

/* ---- bus numbers ----------------------------------------------------------------------------- */

static uint16_t vf_rid(const struct pci_function *pf, unsigned i)
{
    return (uint16_t)(pf->rid + pf->vf_offset + pf->vf_stride * i);
}

static uint8_t larger(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

/* The last bus number that a VF of a PF on @bus can have, at most @limit: where numbers are short,
 * fewer VFs can be enabled. */
static uint8_t last_bus_of_vfs(const struct pci_bus *bus, uint8_t limit)
{
    unsigned last = bus->number;
    for (const struct pci_function *pf = bus->first; pf; pf = pf->next)
        if (pf->total_vfs && vf_rid(pf, pf->total_vfs - 1U) >> 8 > (int)last)
            last = vf_rid(pf, pf->total_vfs - 1U) >> 8;
    return last < limit ? (uint8_t)last : limit;
}

/* What is kept behind a bridge for cards to come. */
static uint8_t last_bus_kept(const struct enumeration *host, const struct pci_bus *bus,
                             uint8_t limit)
{
    unsigned last = bus->number;
    if (bus->bridge->hotplug)
        last = bus->number + host->options.hotplug_buses;
    if (bus->bridge->express && bus->bridge->port == PCI_EXP_TYPE_ROOT_PORT &&
        bus->number + host->options.root_port_buses > (int)last + 1)
        last = bus->number + host->options.root_port_buses - 1U;
    return last < limit ? (uint8_t)last : limit;
}

static struct pci_function *first_bridge(struct pci_function *function)
{
    while (function && function->header != PCI_HEADER_TYPE_BRIDGE)
        function = function->next;
    return function;
}

static void write_bus_numbers(const struct enumeration *host, const struct pci_function *bridge,
                              uint8_t last)
{
    const struct cfg_access *access = &host->tree.access;
    cfg_access_write8(access, bridge->rid, PCI_PRIMARY_BUS, bridge->bus->number);
    cfg_access_write8(access, bridge->rid, PCI_SECONDARY_BUS, bridge->behind->number);
    cfg_access_write8(access, bridge->rid, PCI_SUBORDINATE_BUS, last);
}

/* Lets software see that a function asks for a retry, rather than have the root port repeat the
 * request (2.3.2). */
static void show_retries(const struct enumeration *host, const struct pci_function *port)
{
    const struct cfg_access *access = &host->tree.access;
    if (!port->express || port->port != PCI_EXP_TYPE_ROOT_PORT ||
        !(cfg_access_read16(access, port->rid, port->express + PCI_EXP_RTCAP) &
          PCI_EXP_RTCAP_CRSVIS))
        return;
    const unsigned at = port->express + PCI_EXP_RTCTL;
    const uint16_t control = cfg_access_read16(access, port->rid, at);
    cfg_access_write16(access, port->rid, at, control | PCI_EXP_RTCTL_CRSSVE);
}

/* Gives @bridge the bus @number and, while what is behind it is not known, all up to @limit. */
static struct pci_bus *open_bridge(struct enumeration *host, struct pci_function *bridge,
                                   uint8_t number, uint8_t limit)
{
    struct pci_bus *bus = pci_tree_add_bus(&host->tree, bridge, number);
    if (!bus)
        return NULL;
    enumerate_windows_close(&host->tree, bridge);
    show_retries(host, bridge);
    write_bus_numbers(host, bridge, limit);
    return bus;
}

/* Everything on @top, whose number is given, and behind its bridges, with numbers up to @limit;
 * sets the last number of each bus. Depth first: down into each bridge as it is met, up when a bus
 * has no further one. */
static bool number_buses(struct enumeration *host, struct pci_bus *top, uint8_t limit,
                         struct err *err)
{
    if (!find_functions_on_bus(host, top, err))
        return false;
    uint8_t last = last_bus_of_vfs(top, limit);
    struct pci_bus *bus = top;
    struct pci_function *bridge = first_bridge(top->first);
    for (;;) {
        if (bridge) {
            if (last == limit)
                return err_at(err, NULL,
                              "PCI: no bus number is left for the bridge at %02x:%02x.%x; keep "
                              "more for hot-plug or attach fewer devices",
                              bridge->rid >> 8, bridge->rid >> 3 & 31, bridge->rid & 7U);
            bus = open_bridge(host, bridge, ++last, limit);
            if (!bus)
                return out_of_memory(err);
            if (!find_functions_on_bus(host, bus, err))
                return false;
            last = larger(last, last_bus_of_vfs(bus, limit));
            bridge = first_bridge(bus->first);
            continue;
        }
        if (bus == top)
            break;
        last = larger(last, last_bus_kept(host, bus, limit));
        bus->last = last;
        write_bus_numbers(host, bus->bridge, last);
        bridge = first_bridge(bus->bridge->next);
        bus = bus->bridge->bus;
    }
    top->last = larger(top->last, last);
    return true;
}

/* ---- payload size ---------------------------------------------------------------------------- */

static bool has_payload_size(const struct pci_function *function)
{
    return function->express && !function->pf;
}

/* The largest payload that every function on the buses @first to @last takes. */
static uint16_t common_payload_bytes(const struct pci_tree *tree, unsigned first, unsigned last,
                                     uint16_t at_most)
{
    for (unsigned number = first; number <= last; number++)
        for (const struct pci_function *f = tree->bus[number] ? tree->bus[number]->first : NULL; f;
             f = f->next)
            if (has_payload_size(f) && f->max_payload_bytes < at_most)
                at_most = f->max_payload_bytes;
    return at_most;
}

static void write_payload_bytes(const struct pci_tree *tree, const struct pci_function *function,
                                uint16_t bytes)
{
    if (!has_payload_size(function))
        return;
    uint16_t code = 0;
    while (MIN_PAYLOAD_BYTES << code < bytes)
        code++;
    const unsigned at = function->express + PCI_EXP_DEVCTL;
    const uint16_t control = cfg_access_read16(&tree->access, function->rid, at);
    cfg_access_write16(&tree->access, function->rid, at,
                       (uint16_t)((control & ~PCI_EXP_DEVCTL_PAYLOAD) | code << 5));
}

static uint16_t read_payload_bytes(const struct pci_tree *tree, const struct pci_function *function)
{
    const uint16_t control =
        cfg_access_read16(&tree->access, function->rid, function->express + PCI_EXP_DEVCTL);
    return (uint16_t)(MIN_PAYLOAD_BYTES << ((control & PCI_EXP_DEVCTL_PAYLOAD) >> 5));
}

static void write_payload_bytes_behind(const struct pci_tree *tree, const struct pci_bus *bus,
                                       uint16_t bytes)
{
    for (unsigned number = bus->number; number <= bus->last; number++)
        for (struct pci_function *f = tree->bus[number] ? tree->bus[number]->first : NULL; f;
             f = f->next)
            write_payload_bytes(tree, f, bytes);
}

/* All that one function of the first bus leads to exchanges TLPs: one size for each of these. */
static void set_payload_sizes(struct enumeration *host)
{
    struct pci_tree *tree = &host->tree;
    struct pci_function *function = tree->bus[tree->first_bus]->first;
    for (; function; function = function->next) {
        uint16_t bytes = host->options.max_payload_bytes;
        if (has_payload_size(function) && function->max_payload_bytes < bytes)
            bytes = function->max_payload_bytes;
        const struct pci_bus *behind = function->behind;
        if (behind) {
            bytes = common_payload_bytes(tree, behind->number, behind->last, bytes);
            write_payload_bytes_behind(tree, behind, bytes);
        }
        write_payload_bytes(tree, function, bytes);
    }
}

/* A new card takes the size of its slot, which is in use further up and cannot change. */
static bool take_payload_size_of_slot(struct enumeration *host, const struct pci_function *slot,
                                      struct err *err)
{
    if (!slot->express)
        return true;
    const uint16_t bytes = read_payload_bytes(&host->tree, slot);
    const struct pci_bus *bus = slot->behind;
    const uint16_t common = common_payload_bytes(&host->tree, bus->number, bus->last, bytes);
    if (common < bytes)
        return err_at(err, NULL,
                      "PCI bus %02x: the card takes %u bytes of payload, its slot sends %u; boot "
                      "with a smaller maximum",
                      bus->number, common, bytes);
    write_payload_bytes_behind(&host->tree, bus, bytes);
    return true;
}

/* ---- boot, hot-plug -------------------------------------------------------------------------- */

bool enumerate_boot(struct enumeration *host, struct arena *arena, const struct cfg_access *access,
                    const struct enumerate_options *options, struct err *err)
{
    host->options = *options;
    pci_tree_init(&host->tree, arena, access, options->first_bus);
    struct pci_bus *root = pci_tree_add_bus(&host->tree, NULL, options->first_bus);
    if (!root)
        return out_of_memory(err);
    for (unsigned space = 0; space < PCI_SPACES; space++) {
        root->window[space] = options->host[space];
        root->usable[space] = options->host[space].bytes > 0;
    }
    if (!number_buses(host, root, options->last_bus, err) ||
        !enumerate_windows_assign(&host->tree, root, options->hotplug_bytes, err))
        return false;
    set_payload_sizes(host);
    return true;
}

bool enumerate_hot_add(struct enumeration *host, struct pci_function *slot, struct err *err)
{
    struct pci_bus *bus = slot->behind;
    CHECK(bus && !bus->first);
    if (!number_buses(host, bus, bus->last, err) ||
        !enumerate_windows_assign(&host->tree, bus, host->options.hotplug_bytes, err) ||
        !take_payload_size_of_slot(host, slot, err)) {
        pci_tree_remove_all(&host->tree, bus);
        return false;
    }
    if (!bus->first)
        return err_at(err, NULL, "PCI bus %02x: nobody answers in the slot", bus->number);
    return true;
}

void enumerate_hot_remove(struct enumeration *host, struct pci_function *slot, bool present)
{
    struct pci_bus *bus = slot->behind;
    const struct cfg_access *access = &host->tree.access;
    CHECK(bus);
    for (unsigned number = bus->number; present && number <= bus->last; number++) {
        const struct pci_bus *behind = host->tree.bus[number];
        for (struct pci_function *f = behind ? behind->first : NULL; f; f = f->next) {
            const uint16_t command = cfg_access_read16(access, f->rid, PCI_COMMAND);
            cfg_access_write16(
                access, f->rid, PCI_COMMAND,
                (uint16_t)((command & ~PCI_COMMAND_MASTER) | PCI_COMMAND_INTX_DISABLE));
        }
    }
    pci_tree_remove_all(&host->tree, bus);
}

void enumerate_set_bus_master(const struct enumeration *host, const struct pci_function *function,
                              bool on)
{
    const struct cfg_access *access = &host->tree.access;
    const uint16_t command = cfg_access_read16(access, function->rid, PCI_COMMAND);
    cfg_access_write16(access, function->rid, PCI_COMMAND,
                       on ? command | PCI_COMMAND_MASTER : command & (uint16_t)~PCI_COMMAND_MASTER);
}

/* ---- virtual functions ----------------------------------------------------------------------- */

/* VF @i of @pf is found: its IDs are the PF's to tell, its ranges are its share of the VF BARs
 * (SR-IOV 3.4.1). */
static bool add_vf(struct enumeration *host, struct pci_function *pf, uint16_t i, struct err *err)
{
    const struct cfg_access *access = &host->tree.access;
    const uint16_t rid = vf_rid(pf, i);
    const uint32_t class_revision = cfg_access_read32(access, rid, PCI_CLASS_REVISION);
    if (class_revision == UINT32_MAX)
        return err_at(err, NULL, "PCI: VF %u at %02x:%02x.%x does not answer", i, rid >> 8,
                      rid >> 3 & 31, rid & 7U);
    struct pci_function *vf = pci_tree_add_function(&host->tree, pf->bus, rid);
    if (!vf)
        return out_of_memory(err);
    vf->vendor = pf->vendor;
    vf->device = pf->vf_device;
    vf->class_code = class_revision >> 8;
    vf->express = probe_capability(access, rid, PCI_CAP_ID_EXP);
    vf->port = pf->port;
    vf->max_payload_bytes = pf->max_payload_bytes;
    vf->pf = pf;
    vf->vf_index = i;
    for (unsigned n = 0; n < PCI_BARS; n++) {
        const struct pci_resource *share = &pf->vf_bar[n];
        if (!share->bytes)
            continue;
        vf->bar[n] = *share;
        vf->bar[n].bytes = share->align;
        vf->bar[n].base = share->base + i * share->align;
    }
    return true;
}

static void write_vf_control(const struct enumeration *host, const struct pci_function *pf, bool on)
{
    const uint16_t bits = PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE;
    const unsigned at = pf->sriov + PCI_SRIOV_CTRL;
    const uint16_t control = cfg_access_read16(&host->tree.access, pf->rid, at);
    cfg_access_write16(&host->tree.access, pf->rid, at,
                       on ? control | bits : control & (uint16_t)~bits);
}

bool enumerate_enable_vfs(struct enumeration *host, struct pci_function *pf, uint16_t n,
                          struct err *err)
{
    if (!pf->sriov || n == 0 || n > pf->total_vfs || pf->vfs)
        return err_at(err, NULL,
                      "PCI function %02x:%02x.%x has %u VFs, %u of them enabled; %u more cannot be",
                      pf->rid >> 8, pf->rid >> 3 & 31, pf->rid & 7U, pf->total_vfs, pf->vfs, n);
    const uint16_t last_rid = vf_rid(pf, n - 1U);
    if (last_rid < pf->rid || last_rid >> 8 > pf->bus->last)
        return err_at(err, NULL,
                      "PCI function %02x:%02x.%x: VF %u would be on bus %02x, but its port's buses "
                      "end at %02x; keep more for hot-plug",
                      pf->rid >> 8, pf->rid >> 3 & 31, pf->rid & 7U, n - 1U, last_rid >> 8,
                      pf->bus->last);
    cfg_access_write16(&host->tree.access, pf->rid, pf->sriov + PCI_SRIOV_NUM_VF, n);
    write_vf_control(host, pf, true);
    probe_sleep(&host->options.wait, host->options.vf_enable_ps);
    pf->vfs = n;
    for (uint16_t i = 0; i < n; i++) {
        if (!add_vf(host, pf, i, err)) {
            enumerate_disable_vfs(host, pf);
            return false;
        }
    }
    return true;
}

void enumerate_disable_vfs(struct enumeration *host, struct pci_function *pf)
{
    pci_tree_remove_vfs(&host->tree, pf);
    write_vf_control(host, pf, false);
    probe_sleep(&host->options.wait, ENUMERATE_VF_DISABLE_PS);
    cfg_access_write16(&host->tree.access, pf->rid, pf->sriov + PCI_SRIOV_NUM_VF, 0);
    pf->vfs = 0;
}

void enumerate_set_error_reporting(const struct enumeration *host,
                                   const struct pci_function *function, bool on)
{
    const uint16_t enables =
        PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE | PCI_EXP_DEVCTL_URRE;
    const struct cfg_access *access = &host->tree.access;
    const unsigned at = function->express + PCI_EXP_DEVCTL;
    if (!function->express)
        return;
    const uint16_t control = cfg_access_read16(access, function->rid, at);
    cfg_access_write16(access, function->rid, at,
                       on ? control | enables : control & (uint16_t)~enables);
}
