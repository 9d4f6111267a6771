#include "cosim/lockstep_lookup.h"

#include "base/check.h"
#include "pcie/tlp.h"

#include <stdlib.h>
#include <string.h>

enum { DW_BYTES = 4, LOWER_ADDRESS = 0x7f };

/* ---- tables ---- */

static uint32_t count_windows(const struct record *record, uint32_t port)
{
    uint32_t n = 0;
    for (size_t i = 0; i < record->n_events; i++)
        n += record->events[i].kind == RECORD_WINDOW && record->events[i].port == port;
    return n;
}

static bool has_route(const struct record *record, uint32_t port)
{
    for (size_t i = 0; i < record->n_events; i++)
        if (record->events[i].kind >= RECORD_UNROUTE && record->events[i].port == port)
            return true;
    return false;
}

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

static bool make_route(struct lookup_port *port, uint32_t n_windows)
{
    struct route_window *windows = calloc(n_windows + 1, sizeof *windows);
    port->route = malloc(sizeof *port->route);
    if (!windows || !port->route) {
        free(windows);
        free(port->route);
        port->route = NULL;
        return false;
    }
    route_init(port->route, windows, n_windows + 1);
    return true;
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
            (has_route(record, p) && !make_route(port, count_windows(record, p))))
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
    case RECORD_TABLES:
        break;
    }
    CHECK(false);
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
    case RECORD_TABLES:
        break;
    }
    CHECK(false);
}

static void change_route(struct route *route, const struct record_event *event)
{
    switch ((enum record_kind)event->kind) {
    case RECORD_UNROUTE:
        route_init(route, route->windows, route->capacity);
        return;
    case RECORD_WINDOW:
        route_add_window(route, event->window.base, event->window.limit, event->window.egress);
        return;
    case RECORD_BUSES:
        route_add_buses(route, event->buses.first, event->buses.last, event->buses.egress);
        return;
    case RECORD_IN:
    case RECORD_OUT:
    case RECORD_ANSWER:
    case RECORD_DROP:
    case RECORD_TAKE:
    case RECORD_BAR:
    case RECORD_STEER:
    case RECORD_MAKE:
    case RECORD_CREDIT:
    case RECORD_HOLD:
    case RECORD_WRITE:
    case RECORD_KINDS:
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
        else if (events[i].kind >= RECORD_UNROUTE)
            change_route(tables->ports[events[i].port].route, &events[i]);
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
    int32_t egress = ROUTE_NONE;
    if (port->route)
        egress = kind == POOL_COMPLETION ? route_id(port->route, header->requester)
                                         : route_address(port->route, header->address);
    *out_egress = (uint16_t)egress;
    return classify_downstream(kind, false, egress != ROUTE_NONE,
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
