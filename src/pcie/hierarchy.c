#include "pcie/hierarchy.h"

#include "base/check.h"
#include "pcie/cap_express.h"
#include "pcie/cap_header.h"
#include "pcie/cap_sriov.h"
#include <linux/pci_regs.h>
#include <stddef.h>

enum { FUNCTIONS_PER_DEVICE = 8 };

void hierarchy_init(struct hierarchy *hierarchy, struct hierarchy_function *memory,
                    uint32_t capacity, int root_bus)
{
    CHECK(root_bus >= HIERARCHY_LINK && root_bus <= UINT8_MAX);
    *hierarchy = (struct hierarchy){.functions = memory,
                                    .capacity = capacity,
                                    .first = HIERARCHY_NOBODY,
                                    .root_bus = (int16_t)root_bus};
}

static struct hierarchy_function *at(const struct hierarchy *hierarchy, uint32_t function)
{
    CHECK(function < hierarchy->n);
    return &hierarchy->functions[function];
}

static uint8_t first_captured(const struct hierarchy *hierarchy, uint32_t parent)
{
    return parent == HIERARCHY_TOP && hierarchy->root_bus >= 0 ? (uint8_t)hierarchy->root_bus : 0;
}

uint32_t hierarchy_add(struct hierarchy *hierarchy, uint32_t parent, uint8_t devfn,
                       const struct cfgspace_layout *layout, uint8_t *value)
{
    CHECK(hierarchy->n < hierarchy->capacity);
    uint32_t *place = &hierarchy->first;
    if (parent != HIERARCHY_TOP) {
        struct hierarchy_function *bridge = at(hierarchy, parent);
        CHECK(bridge->space.layout->is_bridge && bridge->leaf == HIERARCHY_NOBODY);
        place = &bridge->first;
    }
    while (*place != HIERARCHY_NOBODY && at(hierarchy, *place)->devfn < devfn)
        place = &at(hierarchy, *place)->next;
    CHECK(*place == HIERARCHY_NOBODY || at(hierarchy, *place)->devfn != devfn);

    const uint32_t index = hierarchy->n++;
    struct hierarchy_function *function = at(hierarchy, index);
    *function = (struct hierarchy_function){.devfn = devfn,
                                            .captured_bus = first_captured(hierarchy, parent),
                                            .present = true,
                                            .leaf = HIERARCHY_NOBODY,
                                            .parent = parent,
                                            .first = HIERARCHY_NOBODY,
                                            .next = *place};
    cfgspace_init(&function->space, layout, value);
    *place = index;
    return index;
}

void hierarchy_set_vfs(struct hierarchy *hierarchy, uint32_t function, struct cfgspace *vf,
                       uint16_t vfs)
{
    struct hierarchy_function *pf = at(hierarchy, function);
    CHECK(pf->space.layout->sriov);
    pf->vf = vf;
    pf->vfs = vfs;
}

void hierarchy_set_leaf(struct hierarchy *hierarchy, uint32_t function, uint32_t leaf)
{
    struct hierarchy_function *bridge = at(hierarchy, function);
    CHECK(bridge->space.layout->is_bridge && bridge->first == HIERARCHY_NOBODY);
    bridge->leaf = leaf;
}

static bool is_behind(const struct hierarchy *hierarchy, uint32_t function, uint32_t bridge)
{
    uint32_t parent = at(hierarchy, function)->parent;
    while (parent != HIERARCHY_TOP && parent != bridge)
        parent = at(hierarchy, parent)->parent;
    return parent == bridge;
}

static void reset_vfs(struct hierarchy_function *pf, enum cfgspace_reset_kind kind)
{
    for (uint16_t i = 0; i < pf->vfs; i++)
        cfgspace_reset(&pf->vf[i], kind);
}

/* Of one function; a bus number is forgotten with all but an FLR (SR-IOV 2.2; Base Spec 6.6.2). */
static void reset_function(const struct hierarchy *hierarchy, struct hierarchy_function *function,
                           enum cfgspace_reset_kind kind)
{
    cfgspace_reset(&function->space, kind);
    reset_vfs(function, kind);
    if (kind != CFGSPACE_RESET_FLR)
        function->captured_bus = first_captured(hierarchy, function->parent);
}

static void reset_behind(struct hierarchy *hierarchy, uint32_t bridge,
                         enum cfgspace_reset_kind kind)
{
    for (uint32_t i = 0; i < hierarchy->n; i++)
        if (is_behind(hierarchy, i, bridge))
            reset_function(hierarchy, at(hierarchy, i), kind);
}

void hierarchy_set_present(struct hierarchy *hierarchy, uint32_t function, bool present)
{
    struct hierarchy_function *plugged = at(hierarchy, function);
    if (present && !plugged->present) {
        reset_function(hierarchy, plugged, CFGSPACE_RESET_COLD);
        reset_behind(hierarchy, function, CFGSPACE_RESET_COLD);
    }
    plugged->present = present;
}

/* The next one on a bus, from @function on, that is plugged in. */
static uint32_t present_from(const struct hierarchy *hierarchy, uint32_t function)
{
    while (function != HIERARCHY_NOBODY && !at(hierarchy, function)->present)
        function = at(hierarchy, function)->next;
    return function;
}

static uint32_t present_after(const struct hierarchy *hierarchy, uint32_t function)
{
    return present_from(hierarchy, at(hierarchy, function)->next);
}

/* What a bridge holds in reset or cuts off does not answer. */
static bool link_is_down(const struct cfgspace *bridge)
{
    const struct cfgspace_layout *layout = bridge->layout;
    if (cfgspace_get16(bridge, PCI_BRIDGE_CONTROL) & PCI_BRIDGE_CTL_BUS_RESET)
        return true;
    return cap_express_is_downstream(layout) &&
           cfgspace_get16(bridge, layout->express + PCI_EXP_LNKCTL) & PCI_EXP_LNKCTL_LD;
}

/* A link has one device, 0, or with ARI one device whose functions use the device number too
 * (7.3.1, 6.13); a bus inside a switch has many. */
static bool lets_through(const struct cfgspace *bridge, uint8_t devfn)
{
    return devfn < FUNCTIONS_PER_DEVICE || !cap_express_is_downstream(bridge->layout) ||
           cap_express_ari_forwarding(bridge);
}

static uint16_t pf_rid(const struct hierarchy_function *pf)
{
    return (uint16_t)(pf->captured_bus << 8 | pf->devfn);
}

/* Which VF of @pf a request means, or HIERARCHY_PF: by Type 0 on the bus of the PF whatever number
 * that has, by Type 1 on those above (SR-IOV 2.1.2). */
static int32_t vf_of_request(const struct hierarchy_function *pf, uint8_t type, uint8_t bus,
                             uint8_t devfn)
{
    if (!pf->vfs || !cap_sriov_enabled(&pf->space) || (type == 1 && bus == pf->captured_bus))
        return HIERARCHY_PF;
    const uint8_t vf_bus = type == 0 ? pf->captured_bus : bus;
    const int vf =
        cap_sriov_vf_of_rid(&pf->space, pf_rid(pf), (uint16_t)((unsigned)vf_bus << 8 | devfn));
    return vf >= 0 && vf < pf->vfs ? vf : HIERARCHY_PF;
}

static const struct hierarchy_target nobody = {.hit = HIERARCHY_NONE,
                                               .function = HIERARCHY_NOBODY,
                                               .vf = HIERARCHY_PF,
                                               .leaf = HIERARCHY_NOBODY};

static struct hierarchy_target local(uint32_t function, int32_t vf, uint8_t type)
{
    struct hierarchy_target target = nobody;
    target.hit = HIERARCHY_LOCAL;
    target.function = function;
    target.vf = vf;
    target.type = type;
    return target;
}

static struct hierarchy_target external(uint32_t bridge, uint32_t leaf, uint8_t type)
{
    struct hierarchy_target target = nobody;
    target.hit = HIERARCHY_EXTERNAL;
    target.function = bridge;
    target.leaf = leaf;
    target.type = type;
    return target;
}

/* Who on the bus that begins with @first takes the request himself. */
static struct hierarchy_target taker_on_bus(const struct hierarchy *hierarchy, uint32_t first,
                                            uint8_t type, uint8_t bus, uint8_t devfn)
{
    for (uint32_t i = first; i != HIERARCHY_NOBODY; i = present_after(hierarchy, i))
        if (type == 0 && at(hierarchy, i)->devfn == devfn)
            return local(i, HIERARCHY_PF, type);
    for (uint32_t i = first; i != HIERARCHY_NOBODY; i = present_after(hierarchy, i)) {
        const int32_t vf = vf_of_request(at(hierarchy, i), type, bus, devfn);
        if (vf != HIERARCHY_PF)
            return local(i, vf, type);
    }
    return nobody;
}

/* The bridge on the bus that begins with @first that takes Type 1 for @bus down. */
static uint32_t bridge_to_bus(const struct hierarchy *hierarchy, uint32_t first, uint8_t bus)
{
    for (uint32_t i = first; i != HIERARCHY_NOBODY; i = present_after(hierarchy, i)) {
        const struct cfgspace *space = &at(hierarchy, i)->space;
        if (space->layout->is_bridge && cap_header_secondary(space) <= bus &&
            bus <= cap_header_subordinate(space))
            return i;
    }
    return HIERARCHY_NOBODY;
}

struct hierarchy_target hierarchy_route(const struct hierarchy *hierarchy, uint8_t type,
                                        uint8_t bus, uint8_t devfn)
{
    CHECK(type <= 1);
    uint32_t first = present_from(hierarchy, hierarchy->first);
    for (;;) {
        uint32_t down = type == 1 ? bridge_to_bus(hierarchy, first, bus) : HIERARCHY_NOBODY;
        if (down == HIERARCHY_NOBODY)
            return taker_on_bus(hierarchy, first, type, bus, devfn);
        const struct hierarchy_function *bridge = at(hierarchy, down);
        type = bus != cap_header_secondary(&bridge->space);
        if (link_is_down(&bridge->space) || (type == 0 && !lets_through(&bridge->space, devfn)))
            return nobody;
        if (bridge->leaf != HIERARCHY_NOBODY)
            return external(down, bridge->leaf, type);
        first = present_from(hierarchy, bridge->first);
    }
}

struct hierarchy_target hierarchy_route_host(const struct hierarchy *hierarchy, uint8_t bus,
                                             uint8_t devfn)
{
    CHECK(hierarchy->root_bus >= 0);
    return hierarchy_route(hierarchy, bus != hierarchy->root_bus, bus, devfn);
}

static bool command_allows(const struct cfgspace *space, enum hierarchy_space kind)
{
    const uint16_t bit = kind == HIERARCHY_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
    return cfgspace_get16(space, PCI_COMMAND) & bit;
}

static bool window_has(struct cap_header_window window, uint64_t address)
{
    return window.base <= address && address <= window.limit;
}

static bool bridge_forwards(const struct cfgspace *bridge, enum hierarchy_space kind,
                            uint64_t address)
{
    if (!bridge->layout->is_bridge || !command_allows(bridge, kind))
        return false;
    if (kind == HIERARCHY_IO)
        return window_has(cap_header_io_window(bridge), address);
    return window_has(cap_header_memory_window(bridge), address) ||
           window_has(cap_header_prefetch_window(bridge), address);
}

/* Whether a BAR of the function itself holds @address; fills which and where. */
static bool function_claims(const struct cfgspace *space, enum hierarchy_space kind,
                            uint64_t address, struct hierarchy_target *out_target)
{
    if (!command_allows(space, kind))
        return false;
    for (unsigned n = 0; n < CFGSPACE_BARS; n++) {
        const uint64_t base = cfgspace_bar(space, n);
        if (space->layout->bar[n].io != (kind == HIERARCHY_IO) || !base || address < base ||
            address - base >= cfgspace_bar_bytes(space->layout, n))
            continue;
        out_target->bar = (uint8_t)n;
        out_target->offset = address - base;
        return true;
    }
    return false;
}

/* Whether one of the VFs' ranges, which lie one behind the other, holds @address. */
static bool vf_claims(const struct hierarchy_function *pf, uint64_t address,
                      struct hierarchy_target *out_target)
{
    if (!pf->vfs || !cap_sriov_memory_enabled(&pf->space))
        return false;
    for (unsigned n = 0; n < CFGSPACE_BARS; n++) {
        const uint64_t bytes = cap_sriov_vf_bar_bytes(&pf->space, n);
        const uint64_t base = bytes ? cap_sriov_vf_bar(&pf->space, n, 0) : 0;
        if (!base || address < base)
            continue;
        const uint64_t vf = (address - base) / bytes;
        if (vf >= pf->vfs || vf >= cap_sriov_num_vfs(&pf->space))
            continue;
        out_target->vf = (int32_t)vf;
        out_target->bar = (uint8_t)n;
        out_target->offset = (address - base) % bytes;
        return true;
    }
    return false;
}

struct hierarchy_target hierarchy_route_address(const struct hierarchy *hierarchy,
                                                enum hierarchy_space space, uint64_t address)
{
    uint32_t i = present_from(hierarchy, hierarchy->first);
    while (i != HIERARCHY_NOBODY) {
        const struct hierarchy_function *function = at(hierarchy, i);
        struct hierarchy_target target = local(i, HIERARCHY_PF, 0);
        if (function_claims(&function->space, space, address, &target))
            return target;
        if (space == HIERARCHY_MEMORY && vf_claims(function, address, &target))
            return target;
        if (!bridge_forwards(&function->space, space, address)) {
            i = present_after(hierarchy, i);
            continue;
        }
        if (link_is_down(&function->space))
            return nobody;
        if (function->leaf != HIERARCHY_NOBODY)
            return external(i, function->leaf, 0);
        i = present_from(hierarchy, function->first);
    }
    return nobody;
}

struct cfgspace *hierarchy_cfgspace(const struct hierarchy *hierarchy,
                                    const struct hierarchy_target *target)
{
    CHECK(target->hit == HIERARCHY_LOCAL);
    struct hierarchy_function *function = at(hierarchy, target->function);
    return target->vf == HIERARCHY_PF ? &function->space : &function->vf[target->vf];
}

/* Every function of the device that took a Type 0 write knows its bus from it (2.2.6.2): on a link
 * that is every function there. */
static void capture_bus(struct hierarchy *hierarchy, uint32_t taker, uint8_t bus)
{
    const uint32_t parent = at(hierarchy, taker)->parent;
    bool link = hierarchy->root_bus == HIERARCHY_LINK;
    uint32_t i = hierarchy->first;
    if (parent != HIERARCHY_TOP) {
        link = cap_express_is_downstream(at(hierarchy, parent)->space.layout);
        i = at(hierarchy, parent)->first;
    }
    for (i = present_from(hierarchy, i); i != HIERARCHY_NOBODY; i = present_after(hierarchy, i))
        if (link || at(hierarchy, i)->devfn / FUNCTIONS_PER_DEVICE ==
                        at(hierarchy, taker)->devfn / FUNCTIONS_PER_DEVICE)
            at(hierarchy, i)->captured_bus = bus;
}

unsigned hierarchy_write(struct hierarchy *hierarchy, const struct hierarchy_target *target,
                         uint8_t bus, uint16_t offset, uint8_t bytes, uint32_t value)
{
    if (target->type == 0)
        capture_bus(hierarchy, target->function, bus);
    return cfgspace_write_sized(hierarchy_cfgspace(hierarchy, target), offset, bytes, value);
}

void hierarchy_apply(struct hierarchy *hierarchy, const struct hierarchy_target *target,
                     unsigned effects)
{
    struct hierarchy_function *function = at(hierarchy, target->function);
    if (effects & CFGSPACE_FLR) {
        cfgspace_reset(hierarchy_cfgspace(hierarchy, target), CFGSPACE_RESET_FLR);
        if (target->vf == HIERARCHY_PF)
            reset_vfs(function, CFGSPACE_RESET_FLR);
    }
    if (effects & CFGSPACE_VF_ENABLE)
        reset_vfs(function, CFGSPACE_RESET_COLD);
    if (effects & (CFGSPACE_BUS_RESET | CFGSPACE_LINK_DISABLE))
        reset_behind(hierarchy, target->function, CFGSPACE_RESET_HOT);
}

uint16_t hierarchy_rid(const struct hierarchy *hierarchy, uint32_t function, int32_t vf)
{
    const struct hierarchy_function *pf = at(hierarchy, function);
    if (vf == HIERARCHY_PF)
        return pf_rid(pf);
    CHECK(vf >= 0 && vf < pf->vfs);
    return cap_sriov_vf_rid(&pf->space, pf_rid(pf), (unsigned)vf);
}

static uint32_t access_read(void *self, uint16_t bdf, uint16_t offset, uint8_t bytes)
{
    const struct hierarchy *hierarchy = self;
    const struct hierarchy_target target =
        hierarchy_route_host(hierarchy, (uint8_t)(bdf >> 8), (uint8_t)bdf);
    if (target.hit != HIERARCHY_LOCAL)
        return UINT32_MAX >> (32 - 8 * bytes);
    return cfgspace_read_sized(hierarchy_cfgspace(hierarchy, &target), offset, bytes);
}

static void access_write(void *self, uint16_t bdf, uint16_t offset, uint8_t bytes, uint32_t value)
{
    struct hierarchy *hierarchy = self;
    const struct hierarchy_target target =
        hierarchy_route_host(hierarchy, (uint8_t)(bdf >> 8), (uint8_t)bdf);
    if (target.hit != HIERARCHY_LOCAL)
        return;
    const unsigned effects =
        hierarchy_write(hierarchy, &target, (uint8_t)(bdf >> 8), offset, bytes, value);
    hierarchy_apply(hierarchy, &target, effects);
}

struct cfg_access hierarchy_access(struct hierarchy *hierarchy)
{
    return (struct cfg_access){.read = access_read, .write = access_write, .self = hierarchy};
}
