#include "run/numbering.h"

#include "base/check.h"

enum {
    LAST_BUS = 255,
    NIC_VF_OFFSET = 0x180, /* 82599: First VF Offset and VF Stride without ARI */
    NIC_VF_STRIDE = 2,
    VF_OFFSET = 1,
    VF_STRIDE = 1,
};

static const uint64_t owner_space = UINT64_C(1)
                                    << 38; /* first address of devices in an Owner's domain */
static const uint64_t user_space = UINT64_C(1) << 37; /* the same in a User's */

struct domain { /* what a host has given out so far */
    uint32_t next_bus;
    uint64_t next_address;
    uint64_t next_user_address;
};

static uint64_t align_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

static uint64_t power_of_two_at_least(uint64_t value)
{
    uint64_t power = 1;
    while (power < value)
        power *= 2;
    return power;
}

static uint32_t vf_offset(const struct cfg_device *device, uint32_t vf)
{
    if (device->kind == DEVICE_NIC)
        return NIC_VF_OFFSET + NIC_VF_STRIDE * vf;
    return VF_OFFSET + VF_STRIDE * vf;
}

static bool number_device(struct numbering *numbering, const struct cfg_device *device,
                          struct numbering_device *out, struct domain *domain, struct err *err)
{
    uint32_t last_offset = device->vfs ? vf_offset(device, device->vfs - 1) : 0;
    uint32_t last_bus = domain->next_bus + (last_offset >> 8);
    if (last_bus > LAST_BUS)
        return err_at(err, &device->mark,
                      "device \"%s\" needs buses up to %u of its Owner's domain, which ends at "
                      "255; spread the devices "
                      "over more Owners or give them fewer VFs",
                      device->name, last_bus);
    out->first_bus = (uint8_t)domain->next_bus;
    out->last_bus = (uint8_t)last_bus;
    out->n_functions = device->vfs + 1;
    out->bar_span = power_of_two_at_least(device->bar_bytes * out->n_functions);
    out->bar_base = align_up(domain->next_address, out->bar_span);
    domain->next_bus = last_bus + 1;
    domain->next_address = out->bar_base + out->bar_span;
    uint32_t pf_rid = (uint32_t)out->first_bus << 8;
    struct numbering_function *functions = &numbering->functions[out->first_function];
    for (uint32_t vf = 0; vf < device->vfs; vf++)
        functions[vf].owner_rid = (uint16_t)(pf_rid + vf_offset(device, vf));
    functions[device->vfs].owner_rid = (uint16_t)pf_rid;
    for (uint32_t f = 0; f < out->n_functions; f++) {
        functions[f].host = NUMBERING_OWN;
        functions[f].weight = 1;
    }
    return true;
}

struct slot {        /* the one that a host's next VF of the device at work goes into */
    uint32_t device; /* + 1 */
    uint32_t bus;
    uint32_t functions;
};

/* The VFs of one device that one host has are one slot: they share a bus, whose number the first of
 * them takes. */
static bool number_lends(struct numbering *numbering, const struct config *config,
                         struct domain *domains, struct arena *arena, struct err *err)
{
    for (uint32_t i = 0; i < config->n_lends; i++) {
        const struct cfg_lend *lend = &config->lends[i];
        struct numbering_function *f =
            &numbering->functions[numbering->devices[lend->device].first_function + lend->vf];
        CHECK(f->host == NUMBERING_OWN);
        f->host = lend->host;
        f->weight = lend->weight;
    }
    struct slot *slots = arena_alloc(arena, config->n_hosts, sizeof *slots);
    CHECK(slots);
    for (uint32_t d = 0; d < config->n_devices; d++) {
        const struct cfg_device *device = &config->devices[d];
        for (uint32_t vf = 0; vf < device->vfs; vf++) {
            struct numbering_function *f =
                &numbering->functions[numbering->devices[d].first_function + vf];
            if (f->host == NUMBERING_OWN)
                continue;
            struct domain *domain = &domains[f->host];
            struct slot *slot = &slots[f->host];
            if (slot->device != d + 1)
                *slot = (struct slot){d + 1, domain->next_bus++, 0};
            if (slot->bus > LAST_BUS)
                return err_at(err, &config->hosts[f->host].mark,
                              "host \"%s\" has no bus number left for the VFs that it is lent: "
                              "its own devices and each device that lends it some take one of %d; "
                              "lend it VFs of fewer devices",
                              config->hosts[f->host].name, LAST_BUS - NUMBERING_FIRST_BUS + 1);
            f->user_rid = (uint16_t)(slot->bus << 8 | slot->functions++);
            f->user_address = align_up(domain->next_user_address, device->bar_bytes);
            domain->next_user_address = f->user_address + device->bar_bytes;
            numbering->lent_to[f->host]++;
        }
    }
    return true;
}

bool numbering_make(struct numbering *out, struct arena *arena, const struct config *config,
                    struct err *err)
{
    struct domain *domains = arena_alloc(arena, config->n_hosts, sizeof *domains);
    out->devices = arena_alloc(arena, config->n_devices, sizeof *out->devices);
    out->lent_to = arena_alloc(arena, config->n_hosts, sizeof *out->lent_to);
    out->n_functions = 0;
    CHECK(domains && out->devices && out->lent_to);
    for (uint32_t d = 0; d < config->n_devices; d++) {
        out->devices[d].first_function = out->n_functions;
        out->n_functions += config->devices[d].vfs + 1;
    }
    out->functions = arena_alloc(arena, out->n_functions, sizeof *out->functions);
    CHECK(out->functions);
    for (uint32_t h = 0; h < config->n_hosts; h++)
        domains[h] = (struct domain){NUMBERING_FIRST_BUS, owner_space, user_space};
    for (uint32_t d = 0; d < config->n_devices; d++) {
        const struct cfg_device *device = &config->devices[d];
        if (!number_device(out, device, &out->devices[d], &domains[device->owner_index], err))
            return false;
    }
    return number_lends(out, config, domains, arena, err);
}

uint64_t numbering_address(const struct numbering *numbering, const struct config *config,
                           uint32_t device, uint32_t function)
{
    const struct numbering_device *d = &numbering->devices[device];
    const struct numbering_function *f = &numbering->functions[d->first_function + function];
    if (f->host != NUMBERING_OWN)
        return f->user_address;
    return d->bar_base + function * config->devices[device].bar_bytes;
}
