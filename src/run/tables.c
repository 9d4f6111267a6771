#include "run/tables.h"

#include "base/check.h"
#include "run/build.h"

/* ---- port numbers
 * ------------------------------------------------------------------------------------------------
 */

static bool is_root(const struct config *config, uint32_t sw)
{
    return config->switches[sw].parent_index < 0;
}

static uint32_t hosts_before(const struct config *config, uint32_t sw, uint32_t end)
{
    uint32_t n = 0;
    for (uint32_t h = 0; h < end; h++)
        n += config->hosts[h].switch_index == (int)sw;
    return n;
}

static uint32_t devices_before(const struct config *config, uint32_t sw, uint32_t end)
{
    uint32_t n = 0;
    for (uint32_t d = 0; d < end; d++)
        n += config->devices[d].switch_index == (int)sw;
    return n;
}

static uint32_t children_before(const struct config *config, uint32_t sw, uint32_t end)
{
    uint32_t n = 0;
    for (uint32_t s = 0; s < end; s++)
        n += config->switches[s].parent_index == (int)sw;
    return n;
}

/* Ports in front of the device ports: the hosts' or the uplink. */
static uint32_t upper_ports(const struct config *config, uint32_t sw)
{
    return is_root(config, sw) ? hosts_before(config, sw, config->n_hosts) : 1;
}

uint32_t tables_switch_ports(const struct config *config, uint32_t sw)
{
    return upper_ports(config, sw) + devices_before(config, sw, config->n_devices) +
           children_before(config, sw, config->n_switches);
}

uint32_t tables_host_port(const struct config *config, uint32_t host)
{
    return hosts_before(config, (uint32_t)config->hosts[host].switch_index, host);
}

uint32_t tables_device_port(const struct config *config, uint32_t device)
{
    uint32_t sw = (uint32_t)config->devices[device].switch_index;
    return upper_ports(config, sw) + devices_before(config, sw, device);
}

uint32_t tables_child_port(const struct config *config, uint32_t child)
{
    uint32_t sw = (uint32_t)config->switches[child].parent_index;
    return upper_ports(config, sw) + devices_before(config, sw, config->n_devices) +
           children_before(config, sw, child);
}

/* Where a device hangs below the root switch: the root, and its port that leads there. */
struct place {
    uint32_t root;
    uint16_t port;
};

static struct place place_of(const struct config *config, uint32_t device)
{
    uint32_t sw = (uint32_t)config->devices[device].switch_index;
    if (is_root(config, sw))
        return (struct place){sw, (uint16_t)tables_device_port(config, device)};
    while (!is_root(config, (uint32_t)config->switches[sw].parent_index))
        sw = (uint32_t)config->switches[sw].parent_index;
    return (struct place){(uint32_t)config->switches[sw].parent_index,
                          (uint16_t)tables_child_port(config, sw)};
}

const uint32_t *tables_weights(const struct config *config, struct arena *arena, uint32_t sw)
{
    enum cfg_arbiter arbiter = config->switches[sw].arbiter;
    if (arbiter != ARB_WEIGHTED_ROUND_ROBIN && arbiter != ARB_FIXED_PRIORITY)
        return NULL;
    uint32_t n_ports = tables_switch_ports(config, sw);
    uint32_t *weights = arena_alloc(arena, n_ports, sizeof *weights);
    CHECK(weights);
    for (uint32_t port = 0; port < n_ports; port++)
        weights[port] = 1;
    for (uint32_t i = 0; i < config->n_lends; i++) {
        const struct cfg_lend *lend = &config->lends[i];
        if (config->hosts[lend->host].switch_index != (int)sw)
            continue;
        uint32_t port = tables_host_port(config, lend->host);
        if (lend->weight > weights[port])
            weights[port] = lend->weight;
    }
    return weights;
}

/* ---- tables
 * ------------------------------------------------------------------------------------------------------
 */

/* A table under construction, entry by entry. */
struct filling {
    uint32_t entries; /* in the end */
    uint32_t next;
};

static struct id_map *new_id_map(struct model *model, uint32_t entries)
{
    return id_map_init(model_take(model, 1, id_map_bytes(entries)), entries);
}

static struct addr_map *new_addr_map(struct model *model, uint32_t entries)
{
    return addr_map_init(model_take(model, 1, addr_map_bytes(entries)), entries);
}

static uint8_t log2_of(uint64_t power)
{
    return (uint8_t)__builtin_ctzll(power);
}

static struct switch_tables *tables_of(struct model *model, uint32_t sw, uint32_t port)
{
    return &model->switches[sw].ports[port].tables;
}

static void add_id(struct id_map *map, uint32_t index, struct id_key key, struct id_value value)
{
    CHECK(id_map_write(map, index, key, value) == ID_MAP_OK);
}

/* Fills the tables of one lent VF: both directions of the ID map and both address maps. */
static void add_lent(struct model *model, uint32_t device, uint32_t vf, struct place place,
                     struct filling *up, struct filling *down, struct filling *lent)
{
    const struct config *config = model->config;
    const struct numbering_device *d = &model->numbering.devices[device];
    const struct numbering_function *f = &model->numbering.functions[d->first_function + vf];
    uint16_t host_port = (uint16_t)tables_host_port(config, f->host);
    struct switch_tables *at_device = tables_of(model, place.root, place.port);
    struct switch_tables *at_host = tables_of(model, place.root, host_port);
    uint32_t function = d->first_function + vf;
    uint64_t owner_address = d->bar_base + vf * config->devices[device].bar_bytes;
    struct id_key up_key = {place.port, f->owner_rid};
    struct id_value up_value = {host_port, f->user_rid, function};
    struct id_map *all = at_device->id_backing ? at_device->id_backing : at_device->id_map;
    add_id(all, up->next++, up_key, up_value);
    add_id(at_host->id_map, down->next, (struct id_key){host_port, f->user_rid},
           (struct id_value){place.port, f->owner_rid, function});
    struct addr_entry entry = {
        .user_base = f->user_address,
        .owner_base = owner_address,
        .function = function,
        .port = place.port,
        .log2_bytes = log2_of(config->devices[device].bar_bytes),
    };
    CHECK(addr_map_write(at_host->addr_map, down->next++, &entry) == ADDR_MAP_OK);
    uint32_t owner = (uint32_t)config->devices[device].owner_index;
    struct switch_tables *at_owner = tables_of(model, place.root, tables_host_port(config, owner));
    entry.user_base = owner_address;
    CHECK(addr_map_write(at_owner->lent, lent->next++, &entry) == ADDR_MAP_OK);
}

/* The Owner's way, and that of every cascaded switch in between, to a device. */
static void add_routes(struct model *model, uint32_t device, struct place place)
{
    const struct config *config = model->config;
    const struct numbering_device *d = &model->numbering.devices[device];
    uint64_t limit = d->bar_base + d->bar_span - 1;
    uint32_t owner = (uint32_t)config->devices[device].owner_index;
    uint16_t owner_port = (uint16_t)tables_host_port(config, owner);
    struct route *route = tables_of(model, place.root, owner_port)->owner;
    CHECK(route_add_window(route, d->bar_base, limit, place.port));
    CHECK(route_add_buses(route, d->first_bus, d->last_bus, place.port));
    tables_of(model, place.root, place.port)->owner_port = owner_port;
    uint32_t sw = (uint32_t)config->devices[device].switch_index;
    uint16_t port = (uint16_t)tables_device_port(config, device);
    while (sw != place.root) {
        route = tables_of(model, sw, TABLES_UPLINK_PORT)->owner;
        CHECK(route_add_window(route, d->bar_base, limit, port));
        CHECK(route_add_buses(route, d->first_bus, d->last_bus, port));
        tables_of(model, sw, port)->owner_port = TABLES_UPLINK_PORT;
        port = (uint16_t)tables_child_port(config, sw);
        sw = (uint32_t)config->switches[sw].parent_index;
    }
}

static struct route *new_route(struct model *model, uint32_t windows)
{
    struct route *route = model_take(model, 1, sizeof *route);
    route_init(route, model_take(model, windows, sizeof *route->windows), windows);
    return route;
}

/* How many entries each table will have, by port of each switch. */
struct counts {
    struct filling *up;   /* by device: VFs lent behind the device's port of the root switch */
    struct filling *down; /* by host: VFs lent to it */
    struct filling *lent; /* by host: VFs of its devices that are lent */
};

static struct counts count(struct model *model)
{
    const struct config *config = model->config;
    struct counts counts = {
        model_take(model, model->n_switch_ports, sizeof(struct filling)),
        model_take(model, config->n_hosts, sizeof(struct filling)),
        model_take(model, config->n_hosts, sizeof(struct filling)),
    };
    for (uint32_t i = 0; i < config->n_lends; i++) {
        const struct cfg_lend *lend = &config->lends[i];
        struct place place = place_of(config, lend->device);
        counts.up[model->first_port[place.root] + place.port].entries++;
        counts.down[lend->host].entries++;
        counts.lent[config->devices[lend->device].owner_index].entries++;
    }
    return counts;
}

static void make_tables(struct model *model, const struct counts *counts)
{
    const struct config *config = model->config;
    for (uint32_t h = 0; h < config->n_hosts; h++) {
        if (config->hosts[h].switch_index < 0)
            continue;
        struct switch_tables *tables =
            tables_of(model, (uint32_t)config->hosts[h].switch_index, tables_host_port(config, h));
        if (counts->down[h].entries) {
            tables->id_map = new_id_map(model, counts->down[h].entries);
            tables->addr_map = new_addr_map(model, counts->down[h].entries);
        }
        uint32_t owned = 0;
        for (uint32_t d = 0; d < config->n_devices; d++)
            owned +=
                config->devices[d].switch_index >= 0 && config->devices[d].owner_index == (int)h;
        if (owned)
            tables->owner = new_route(model, owned);
        if (counts->lent[h].entries)
            tables->lent = new_addr_map(model, counts->lent[h].entries);
    }
    for (uint32_t s = 0; s < config->n_switches; s++) {
        if (!is_root(config, s)) {
            tables_of(model, s, TABLES_UPLINK_PORT)->owner = new_route(model, config->n_devices);
            continue;
        }
        const struct cfg_switch *sw = &config->switches[s];
        for (uint32_t p = upper_ports(config, s); p < tables_switch_ports(config, s); p++) {
            uint32_t lent = counts->up[model->first_port[s] + p].entries;
            if (!lent)
                continue;
            tables_of(model, s, p)->id_map = new_id_map(model, sw->id_map_entries);
            if (sw->id_map_miss == ID_MAP_MISS_FETCH)
                tables_of(model, s, p)->id_backing = new_id_map(model, lent);
        }
    }
}

void tables_fill(struct model *model)
{
    const struct config *config = model->config;
    struct counts counts = count(model);
    make_tables(model, &counts);
    for (uint32_t d = 0; d < config->n_devices; d++) {
        if (config->devices[d].switch_index < 0)
            continue;
        struct place place = place_of(config, d);
        const struct numbering_device *numbers = &model->numbering.devices[d];
        struct filling *up = &counts.up[model->first_port[place.root] + place.port];
        struct filling *lent = &counts.lent[config->devices[d].owner_index];
        add_routes(model, d, place);
        for (uint32_t vf = 0; vf + 1 < numbers->n_functions; vf++) {
            uint32_t host = model->numbering.functions[numbers->first_function + vf].host;
            if (host != NUMBERING_OWN)
                add_lent(model, d, vf, place, up, &counts.down[host], lent);
        }
    }
}
