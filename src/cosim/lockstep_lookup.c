#include "cosim/lockstep_lookup.h"

#include "base/check.h"
#include "pcie/tlp.h"

#include <stdlib.h>
#include <string.h>

enum { DW_BYTES = 4, LOWER_ADDRESS = 0x7f, PAGE_SHIFT = 12, PAGE_MASK = 0xfff };
enum { OWNED = 0 }; /* KIND of a bus */

/* ---- tables ---- */

static bool make_addr_map(struct addr_map **out, uint32_t n_entries)
{
    void *memory = n_entries ? malloc(addr_map_bytes(n_entries)) : NULL;
    if (memory)
        *out = addr_map_init(memory, n_entries);
    return memory || !n_entries;
}

static bool make_id_map(struct id_map **out, uint32_t n_entries)
{
    void *memory = n_entries ? malloc(id_map_bytes(n_entries)) : NULL;
    if (memory)
        *out = id_map_init(memory, n_entries);
    return memory || !n_entries;
}

static bool make_route(struct lookup_route **out, uint32_t n_windows, bool has_buses)
{
    if (!n_windows && !has_buses)
        return true;
    struct lookup_route *route = calloc(1, sizeof *route);
    *out = route;
    if (!route)
        return false;
    route->n_windows = n_windows;
    route->windows = calloc(n_windows + 1, sizeof *route->windows);
    for (uint32_t i = 0; route->windows && i < n_windows; i++)
        route->windows[i] = (struct lookup_window){.base = 1};
    for (int bus = 0; bus < LOOKUP_BUSES; bus++)
        route->port_of_bus[bus] = LOOKUP_NOWHERE;
    return route->windows;
}

bool lookup_init(struct lookup_tables *tables, const struct record *record)
{
    *tables = (struct lookup_tables){record->n_ports,
                                     calloc(record->n_ports, sizeof(struct lookup_port))};
    if (!tables->ports)
        return false;
    for (uint32_t p = 0; p < record->n_ports; p++) {
        const struct record_port *from = &record->ports[p];
        struct lookup_port *port = &tables->ports[p];
        port->is_device = from->is_device;
        port->owner_port = from->owner_port;
        const enum record_table ids = from->is_device ? RECORD_ID_UP : RECORD_ID_DOWN;
        if (!make_id_map(&port->id_map, from->entries[ids]) ||
            !make_addr_map(&port->addr_map, from->entries[RECORD_ADDR_MAP]) ||
            !make_addr_map(&port->lent, from->entries[RECORD_LENT]) ||
            !make_route(&port->route, from->entries[RECORD_WINDOW], from->entries[RECORD_BUS]))
            return false;
    }
    return true;
}

void lookup_fini(struct lookup_tables *tables)
{
    for (uint32_t p = 0; tables->ports && p < tables->n_ports; p++) {
        struct lookup_port *port = &tables->ports[p];
        free(port->id_map);
        free(port->addr_map);
        free(port->lent);
        if (port->route)
            free(port->route->windows);
        free(port->route);
    }
    free(tables->ports);
    *tables = (struct lookup_tables){0, NULL};
}

static void free_entry(struct lookup_port *port, const struct record_event *event)
{
    switch (event->write.table) {
    case RECORD_ID_UP:
    case RECORD_ID_DOWN:
        id_map_invalidate(port->id_map, event->write.index);
        return;
    case RECORD_ADDR_MAP:
        addr_map_invalidate(port->addr_map, event->write.index);
        return;
    case RECORD_LENT:
        addr_map_invalidate(port->lent, event->write.index);
        return;
    case RECORD_WINDOW:
    case RECORD_BUS:
    case RECORD_PORT:
    case RECORD_CFG_SHADOW:
        return;
    case RECORD_TABLES:
        break;
    }
    CHECK(false);
}

static void fill_window(struct lookup_window *window, const struct pool_entry *entry)
{
    *window = (struct lookup_window){.base = 1};
    if (!POOL_GET(entry, WINDOW, VALID))
        return;
    window->base = POOL_GET(entry, WINDOW, KEY_BASE) << PAGE_SHIFT;
    window->limit = POOL_GET(entry, WINDOW, KEY_LIMIT) << PAGE_SHIFT | PAGE_MASK;
    window->port = (uint16_t)POOL_GET(entry, WINDOW, PORT);
}

static void fill_entry(struct lookup_port *port, const struct record_event *event)
{
    const struct pool_entry *entry = &event->write.entry;
    const uint32_t index = event->write.index;
    struct id_key key = {0};
    struct id_value value = {0};
    struct addr_entry addr = {0};
    uint16_t host_port = 0;
    unsigned state = 0;
    switch (event->write.table) {
    case RECORD_ID_UP:
        if (pool_unpack_id_up(entry, &key, &value, &state))
            id_map_write(port->id_map, index, key, value);
        return;
    case RECORD_ID_DOWN:
        if (pool_unpack_id_down(entry, &key, &value))
            id_map_write(port->id_map, index, key, value);
        return;
    case RECORD_ADDR_MAP:
    case RECORD_LENT:
        if (pool_unpack_addr(entry, &host_port, &addr))
            addr_map_write(event->write.table == RECORD_LENT ? port->lent : port->addr_map, index,
                           &addr);
        return;
    case RECORD_WINDOW:
        fill_window(&port->route->windows[index], entry);
        return;
    case RECORD_BUS:
        port->route->port_of_bus[index] =
            POOL_GET(entry, BUS, VALID) && POOL_GET(entry, BUS, KIND) == OWNED
                ? (int32_t)POOL_GET(entry, BUS, PORT)
                : LOOKUP_NOWHERE;
        return;
    case RECORD_PORT: /* the head has the Owner; who asks the device is given */
    case RECORD_CFG_SHADOW:
        return;
    case RECORD_TABLES:
        break;
    }
    CHECK(false);
}

void lookup_write(struct lookup_tables *tables, const struct record_event *events, size_t n)
{
    /* First all are freed: what is written may take the place of what another write removes. */
    for (size_t i = 0; i < n; i++)
        if (events[i].kind == RECORD_WRITE)
            free_entry(&tables->ports[events[i].port], &events[i]);
    for (size_t i = 0; i < n; i++)
        if (events[i].kind == RECORD_WRITE)
            fill_entry(&tables->ports[events[i].port], &events[i]);
}

/* ---- look-up ---- */

bool lookup_kind(const struct tlp_header *header, enum pool_kind *out)
{
    const struct tlp_header_info *info = &tlp_header_kinds[header->kind];
    if (info->family == FAMILY_COMPLETION)
        *out = POOL_COMPLETION;
    else if (info->family == FAMILY_MEMORY || info->family == FAMILY_ATOMIC)
        *out = info->class == CLASS_POSTED ? POOL_MEM_WRITE : POOL_MEM_READ;
    else
        return false;
    return true;
}

/* The ID by which a TLP from a device is known. */
static uint16_t source_of(const struct tlp_header *header, enum pool_kind kind)
{
    return kind == POOL_COMPLETION ? header->completer : header->requester;
}

struct lookup lookup_compare(const struct lookup_tables *tables, uint16_t ingress,
                             const struct tlp_header *header)
{
    const struct lookup_port *port = &tables->ports[ingress];
    struct lookup lookup = {.ingress = ingress, .match = -1};
    enum pool_kind kind;
    if (!lookup_kind(header, &kind))
        return lookup;
    struct id_key key = {ingress, port->is_device ? source_of(header, kind) : header->requester};
    if (port->is_device || kind == POOL_COMPLETION) {
        lookup.match = port->id_map ? id_map_find(port->id_map, key) : -1;
    } else if (port->addr_map) {
        uint64_t unused;
        const struct addr_entry *entry = addr_map_find(port->addr_map, header->address, &unused);
        lookup.match = entry ? (int32_t)addr_map_index(port->addr_map, entry) : -1;
    }
    return lookup;
}

bool lookup_is_hit_by(const struct lookup *lookup, const struct tlp_header *header,
                      const struct lookup_tables *tables, const struct record_event *write)
{
    enum pool_kind kind;
    if (lookup->match < 0 || write->kind != RECORD_WRITE || write->port != lookup->ingress ||
        write->write.index != (uint32_t)lookup->match || !lookup_kind(header, &kind))
        return false;
    if (tables->ports[lookup->ingress].is_device)
        return write->write.table == RECORD_ID_UP;
    return write->write.table == (kind == POOL_COMPLETION ? RECORD_ID_DOWN : RECORD_ADDR_MAP);
}

/* Towards a host: a hit is a User's, a miss the Owner's. */
static enum pool_verdict select_upstream(const struct lookup_port *port,
                                         const struct lookup *lookup, enum pool_kind kind,
                                         struct tlp_header *header, uint16_t *out_egress)
{
    *out_egress = port->owner_port;
    if (lookup->match >= 0) {
        const struct id_value *value = id_map_value(port->id_map, (uint32_t)lookup->match);
        *out_egress = value->port;
        if (kind == POOL_COMPLETION)
            header->completer = value->rid;
        else
            header->requester = value->rid;
    }
    return classify_upstream(kind, lookup->match >= 0);
}

static void set_address(struct tlp_header *header, uint64_t address)
{
    const unsigned dws = address >> 32 ? 4 : 3;
    /* The 64-bit kind stands behind the 32-bit one. */
    if (tlp_header_kinds[header->kind].header_dw > dws)
        header->kind = (enum tlp_header_kind)(header->kind - 1);
    else if (tlp_header_kinds[header->kind].header_dw < dws)
        header->kind = (enum tlp_header_kind)(header->kind + 1);
    header->address = address;
}

/* A User's request or completion for a device of another. */
static void remap_downstream(const struct lookup_port *port, int32_t match, enum pool_kind kind,
                             struct tlp_header *header, uint16_t *out_egress)
{
    if (kind == POOL_COMPLETION) {
        const struct id_value *value = id_map_value(port->id_map, (uint32_t)match);
        header->requester = value->rid;
        *out_egress = value->port;
        return;
    }
    const struct addr_entry *entry = addr_map_entry(port->addr_map, (uint32_t)match);
    *out_egress = entry->port;
    set_address(header, header->address - entry->user_base + entry->owner_base);
}

static bool is_lent(const struct lookup_tables *tables, const struct lookup_port *port,
                    enum pool_kind kind, const struct tlp_header *header, int32_t egress)
{
    uint64_t unused;
    if (kind != POOL_COMPLETION)
        return port->lent && addr_map_find(port->lent, header->address, &unused);
    const struct lookup_port *device = egress >= 0 ? &tables->ports[egress] : NULL;
    return device && device->id_map &&
           id_map_find(device->id_map, (struct id_key){(uint16_t)egress, header->requester}) >= 0;
}

static int32_t find_way(const struct lookup_route *route, enum pool_kind kind,
                        const struct tlp_header *header)
{
    if (kind == POOL_COMPLETION)
        return route->port_of_bus[header->requester >> 8];
    for (uint32_t i = 0; i < route->n_windows; i++)
        if (route->windows[i].base <= header->address && header->address <= route->windows[i].limit)
            return route->windows[i].port;
    return LOOKUP_NOWHERE;
}

enum pool_verdict lookup_select(const struct lookup_tables *tables, const struct lookup *lookup,
                                struct tlp_header *header, uint16_t *out_egress)
{
    const struct lookup_port *port = &tables->ports[lookup->ingress];
    enum pool_kind kind = POOL_KINDS;
    CHECK(lookup_kind(header, &kind));
    if (port->is_device)
        return select_upstream(port, lookup, kind, header, out_egress);
    if (lookup->match >= 0) {
        remap_downstream(port, lookup->match, kind, header, out_egress);
        return classify_downstream(kind, true, false, false);
    }
    const int32_t egress = port->route ? find_way(port->route, kind, header) : LOOKUP_NOWHERE;
    *out_egress = (uint16_t)egress;
    return classify_downstream(kind, false, egress != LOOKUP_NOWHERE,
                               is_lent(tables, port, kind, header, egress));
}

/* ---- refusal ---- */

enum pool_verdict lookup_bar(enum pool_kind kind)
{
    return kind == POOL_MEM_READ ? POOL_UNSUPPORTED : POOL_DROP;
}

static bool is_enabled(const struct tlp_header *request, unsigned byte)
{
    if (byte < DW_BYTES)
        return request->first_be >> byte & 1;
    if (byte / DW_BYTES == request->length_dw - 1U)
        return request->last_be >> byte % DW_BYTES & 1;
    return true;
}

/* Byte Count and Lower Address (2.2.9, table 2-39): from the first enabled byte to the last; of a
 * request for none they are those of one byte. */
static void count_bytes(const struct tlp_header *request, struct tlp_header *out)
{
    unsigned first = 0, end = request->length_dw * (unsigned)DW_BYTES;
    while (first + 1 < end && !is_enabled(request, first))
        first++;
    while (end > first + 1 && !is_enabled(request, end - 1))
        end--;
    if (!is_enabled(request, first)) {
        first = 0;
        end = 1;
    }
    out->byte_count = (uint16_t)(end - first);
    out->lower_address = (uint8_t)((request->address + first) & LOWER_ADDRESS);
}

void lookup_refuse(struct tlp_header *request)
{
    struct tlp_header completion = {
        .kind = TLPH_CPL,
        .tc = request->tc,
        .relaxed_ordering = request->relaxed_ordering,
        .no_snoop = request->no_snoop,
        .id_ordering = request->id_ordering,
        .requester = request->requester,
        .tag = request->tag,
        .status = TLP_UR,
    };
    count_bytes(request, &completion);
    *request = completion;
}
