#include "run/record_tables.h"

#include "base/check.h"
#include "fabric/switch_config.h"

#include <stdlib.h>
#include <string.h>

enum { BUSES = 256, PAGE_SHIFT = 12 };
/* KIND and TYPE of a bus (pool/layout.def). */
enum { OWNED, LENT, BRIDGES };
enum { AS_IT_CAME = 2 };

struct function { /* an emulated one, as it was recorded last */
    enum record_function state;
    struct pool_entry *rows; /* owned; CFG_EMU_DWS, or NULL: none was written */
};

struct port { /* likewise */
    struct pool_entry bus[BUSES];
    struct pool_entry *windows;  /* owned; of the route's capacity */
    struct function **functions; /* owned; by branch, then its functions, or NULL */
};

struct pending { /* a table whose new content is not there yet */
    const void *table;
    uint32_t index;
    uint64_t cycle;
};

struct record_tables {
    const struct pcie_switch *sw; /* borrowed */
    FILE *out;                    /* borrowed */
    struct port *ports;           /* owned */
    struct pending pending[SWITCH_WRITES];
    uint32_t n_pending;
    uint64_t last_cycle;
};

static void write_event(struct record_tables *tables, const struct record_event *event)
{
    if (event->cycle > tables->last_cycle)
        tables->last_cycle = event->cycle;
    record_write_event(event, tables->out);
}

static void write_entry(struct record_tables *tables, uint64_t cycle, uint16_t port,
                        enum record_table table, uint32_t index, const struct pool_entry *entry)
{
    struct record_event event = {.cycle = cycle, .port = port, .kind = RECORD_WRITE};
    event.write.table = table;
    event.write.index = index;
    event.write.entry = *entry;
    write_event(tables, &event);
}

/* Writes the entry if it is another than was recorded. */
static void write_change(struct record_tables *tables, uint64_t cycle, uint16_t port,
                         enum record_table table, uint32_t index, struct pool_entry *before,
                         const struct pool_entry *entry)
{
    if (memcmp(before, entry, sizeof *entry) == 0)
        return;
    *before = *entry;
    write_entry(tables, cycle, port, table, index, entry);
}

/* ---- ID maps, address maps ---- */

static struct pool_entry id_entry(enum record_table table, const struct id_map *map, uint32_t i)
{
    struct pool_entry entry = {0};
    if (!id_map_is_valid(map, i))
        return entry;
    if (table == RECORD_ID_UP)
        pool_pack_id_up(id_map_key(map, i), *id_map_value(map, i), ASSIGNMENT_ASSIGNED, &entry);
    else
        pool_pack_id_down(id_map_key(map, i), *id_map_value(map, i), &entry);
    return entry;
}

static struct pool_entry addr_entry_of(uint16_t port, const struct addr_map *map, uint32_t i)
{
    struct pool_entry entry = {0};
    const struct addr_entry *addr = addr_map_entry(map, i);
    if (addr)
        pool_pack_addr(port, addr, &entry);
    return entry;
}

static void write_map_entry(struct record_tables *tables, uint64_t cycle, uint16_t port,
                            enum record_table table, uint32_t index)
{
    const struct switch_tables *from = &tables->sw->ports[port].tables;
    struct pool_entry entry;
    if (table == RECORD_ADDR_MAP || table == RECORD_LENT)
        entry = addr_entry_of(port, table == RECORD_LENT ? from->lent : from->addr_map, index);
    else
        entry = id_entry(table, from->id_map, index);
    write_entry(tables, cycle, port, table, index, &entry);
}

/* ---- routes ---- */

static struct pool_entry window_entry(uint16_t port, const struct route_window *window)
{
    struct pool_entry entry = {0};
    POOL_SET(&entry, WINDOW, KEY_PORT, port);
    POOL_SET(&entry, WINDOW, KEY_BASE, window->base >> PAGE_SHIFT);
    POOL_SET(&entry, WINDOW, KEY_LIMIT, window->limit >> PAGE_SHIFT);
    POOL_SET(&entry, WINDOW, PORT, (uint16_t)window->port);
    POOL_SET(&entry, WINDOW, VALID, 1);
    return entry;
}

static bool holds(const struct pool_entry *entries, uint32_t n, const struct pool_entry *entry)
{
    for (uint32_t i = 0; i < n; i++)
        if (memcmp(&entries[i], entry, sizeof *entry) == 0)
            return true;
    return false;
}

/* Windows that stay keep their entries; new ones get those that become free. */
static void write_windows(struct record_tables *tables, uint64_t cycle, uint16_t port)
{
    const struct route *route = tables->sw->ports[port].tables.owner;
    const struct pool_entry none = {0};
    struct pool_entry *before = tables->ports[port].windows;
    struct pool_entry *now = calloc(route->capacity + 1, sizeof *now);
    struct pool_entry *placed = calloc(route->capacity + 1, sizeof *placed);
    uint32_t free_entry = 0;
    CHECK(now && placed);
    for (uint32_t i = 0; i < route->n_windows; i++)
        now[i] = window_entry(port, &route->windows[i]);
    for (uint32_t i = 0; i < route->capacity; i++)
        if (holds(now, route->n_windows, &before[i]))
            placed[i] = before[i];
    for (uint32_t i = 0; i < route->n_windows; i++) {
        if (holds(placed, route->capacity, &now[i]))
            continue;
        while (memcmp(&placed[free_entry], &none, sizeof none) != 0)
            free_entry++;
        placed[free_entry] = now[i];
    }
    for (uint32_t i = 0; i < route->capacity; i++)
        write_change(tables, cycle, port, RECORD_WINDOW, i, &before[i], &placed[i]);
    free(now);
    free(placed);
}

/* What a host without bridges of its own in the switch has on a bus. */
static struct pool_entry routed_bus(uint16_t port, const struct route *route, uint8_t bus)
{
    struct pool_entry entry = {0};
    if (!route || route->port_of_bus[bus] == ROUTE_NONE)
        return entry;
    POOL_SET(&entry, BUS, KEY_PORT, port);
    POOL_SET(&entry, BUS, KEY_BUS, bus);
    POOL_SET(&entry, BUS, KIND, OWNED);
    POOL_SET(&entry, BUS, PORT, (uint16_t)route->port_of_bus[bus]);
    POOL_SET(&entry, BUS, TYPE, AS_IT_CAME);
    POOL_SET(&entry, BUS, VALID, 1);
    return entry;
}

/* Functions of a slot that a request can name: without ARI forwarding device 0's. */
static uint32_t reachable(const struct switch_view *view, uint8_t bus, uint32_t leaf)
{
    const uint32_t n = view->branches[leaf].n_functions;
    const uint8_t beyond = CFG_EMU_SLOT_FUNCTIONS;
    if (n > beyond && hierarchy_route(&view->hierarchy, 1, bus, beyond).hit == HIERARCHY_NONE)
        return beyond;
    return n;
}

static struct pool_entry seen_bus(uint16_t port, const struct switch_view *view, uint8_t bus)
{
    struct pool_entry entry = {0};
    const struct hierarchy_target target = hierarchy_route(&view->hierarchy, 1, bus, 0);
    if (target.hit == HIERARCHY_NONE)
        return entry;
    POOL_SET(&entry, BUS, KEY_PORT, port);
    POOL_SET(&entry, BUS, KEY_BUS, bus);
    POOL_SET(&entry, BUS, VALID, 1);
    if (target.hit == HIERARCHY_LOCAL) {
        POOL_SET(&entry, BUS, KIND, BRIDGES);
        return entry;
    }
    const struct switch_branch *branch = &view->branches[target.leaf];
    POOL_SET(&entry, BUS, PORT, branch->port);
    POOL_SET(&entry, BUS, TYPE, target.type);
    POOL_SET(&entry, BUS, KIND, branch->owned ? OWNED : LENT);
    if (branch->owned)
        return entry;
    POOL_SET(&entry, BUS, FIRST_FUNCTION, (uint64_t)target.leaf * CFG_EMU_ARI_FUNCTIONS);
    POOL_SET(&entry, BUS, N_FUNCTIONS, reachable(view, bus, target.leaf));
    return entry;
}

static void write_buses(struct record_tables *tables, uint64_t cycle, uint16_t port)
{
    const struct switch_tables *from = &tables->sw->ports[port].tables;
    for (uint32_t bus = 0; bus < BUSES; bus++) {
        const struct pool_entry entry = from->view ? seen_bus(port, from->view, (uint8_t)bus)
                                                   : routed_bus(port, from->owner, (uint8_t)bus);
        write_change(tables, cycle, port, RECORD_BUS, bus, &tables->ports[port].bus[bus], &entry);
    }
}

static void write_device_port(struct record_tables *tables, uint64_t cycle, uint16_t port)
{
    const struct switch_tables *from = &tables->sw->ports[port].tables;
    struct pool_entry entry = {0};
    POOL_SET(&entry, PORT, KEY_PORT, port);
    POOL_SET(&entry, PORT, OWNER_PORT, from->owner_port);
    POOL_SET(&entry, PORT, PROXY_RID, from->proxy_rid);
    POOL_SET(&entry, PORT, DEVICE_BUS, from->device_bus);
    POOL_SET(&entry, PORT, VALID, 1);
    write_entry(tables, cycle, port, RECORD_PORT, 0, &entry);
}

/* ---- emulated functions ---- */

static enum record_function state_of(const struct cfg_emu *emu)
{
    if (!emu->model)
        return RECORD_ABSENT;
    return emu->ready ? RECORD_READY : RECORD_RESETTING;
}

/* Rows that the host may have written since are written anew, whatever they were. */
static void write_rows(struct record_tables *tables, uint64_t cycle, uint16_t port,
                       uint16_t function, struct function *recorded, const struct cfg_emu *emu)
{
    if (!recorded->rows)
        recorded->rows = calloc(CFG_EMU_DWS, sizeof *recorded->rows);
    CHECK(recorded->rows);
    for (uint32_t i = 0; i < CFG_EMU_DWS; i++) {
        const uint16_t dw = (uint16_t)i;
        const struct cfg_emu_row row = cfg_emu_row(emu, dw);
        struct pool_entry entry = {0};
        if (row.pass || row.data || row.write_mask || row.w1c_mask ||
            POOL_GET(&recorded->rows[dw], CFG_SHADOW, VALID))
            cfg_emu_pack(port, function, dw, &row, &entry);
        if (row.write_mask | row.w1c_mask)
            recorded->rows[dw] = (struct pool_entry){0};
        write_change(tables, cycle, port, RECORD_CFG_SHADOW, dw, &recorded->rows[dw], &entry);
    }
}

static void write_function(struct record_tables *tables, uint64_t cycle, uint16_t port,
                           uint32_t branch, uint32_t function, uint32_t what)
{
    const struct switch_view *view = tables->sw->ports[port].tables.view;
    const struct cfg_emu *emu = &view->branches[branch].functions[function];
    struct function *recorded = &tables->ports[port].functions[branch][function];
    const uint16_t number = (uint16_t)(branch * CFG_EMU_ARI_FUNCTIONS + function);
    struct record_event event = {.cycle = cycle, .port = port, .kind = RECORD_FUNCTION};
    if (what == SWITCH_FUNCTION_ROWS && emu->model)
        write_rows(tables, cycle, port, number, recorded, emu);
    if (recorded->state == state_of(emu))
        return;
    recorded->state = state_of(emu);
    event.function.function = number;
    event.function.state = recorded->state;
    write_event(tables, &event);
}

/* ---- who has which VF ---- */

void record_tables_note_command(struct record_tables *tables, const struct switch_command *command,
                                uint64_t cycle)
{
    struct record_event event = {
        .cycle = cycle, .port = command->place.host_port, .kind = RECORD_COMMAND};
    event.command.command = command->command;
    event.command.vf = (uint16_t)command->function;
    event.command.slot = command->place.slot;
    event.command.function = command->place.user_function;
    write_event(tables, &event);
}

/* The commands that bring every VF to where it is. */
static void write_assignments(struct record_tables *tables)
{
    static const enum assignment_command steps[] = {ASSIGNMENT_LOAD, ASSIGNMENT_ATTACH,
                                                    ASSIGNMENT_DRAIN, ASSIGNMENT_RESET,
                                                    ASSIGNMENT_RESET_DONE};
    const struct assignment_table *assignments = tables->sw->assignments;
    for (uint32_t f = 0; assignments && f < assignments->n_functions; f++) {
        const struct assignment *a = &assignments->functions[f];
        for (unsigned step = 0; step < a->state; step++) {
            const struct switch_command command = {f, steps[step], a->place};
            record_tables_note_command(tables, &command, 0);
        }
    }
}

/* ---- writes as they come ---- */

/* The emulated function of @port that is meant. */
static bool write_pending_function(struct record_tables *tables, const struct pending *pending,
                                   uint16_t port)
{
    const struct switch_view *view = tables->sw->ports[port].tables.view;
    for (uint32_t b = 0; view && b < view->n_branches; b++)
        for (uint32_t f = 0; f < view->branches[b].most_functions; f++)
            if (pending->table == &view->branches[b].functions[f]) {
                write_function(tables, pending->cycle, port, b, f, pending->index);
                return true;
            }
    return false;
}

static bool write_pending_of(struct record_tables *tables, const struct pending *pending,
                             uint16_t port)
{
    const struct switch_port *from = &tables->sw->ports[port];
    const struct switch_tables *held = &from->tables;
    const uint64_t cycle = pending->cycle;
    if (pending->table == held->owner) {
        write_windows(tables, cycle, port);
        write_buses(tables, cycle, port);
    } else if (pending->table == held->view) {
        write_buses(tables, cycle, port);
    } else if (pending->table == held) {
        write_device_port(tables, cycle, port);
    } else if (pending->table == held->id_map) {
        write_map_entry(tables, cycle, port,
                        from->side == SWITCH_DEVICE ? RECORD_ID_UP : RECORD_ID_DOWN,
                        pending->index);
    } else if (pending->table == held->addr_map) {
        write_map_entry(tables, cycle, port, RECORD_ADDR_MAP, pending->index);
    } else if (pending->table == held->lent) {
        write_map_entry(tables, cycle, port, RECORD_LENT, pending->index);
    } else {
        return write_pending_function(tables, pending, port);
    }
    return true;
}

uint64_t record_tables_flush(struct record_tables *tables)
{
    for (uint32_t i = 0; i < tables->n_pending; i++)
        for (uint16_t p = 0; p < tables->sw->n_ports; p++)
            if (write_pending_of(tables, &tables->pending[i], p))
                break;
    tables->n_pending = 0;
    return tables->last_cycle;
}

void record_tables_note(struct record_tables *tables, const struct switch_write *write)
{
    if (tables->n_pending && tables->pending[0].cycle != write->cycle)
        record_tables_flush(tables);
    for (uint32_t i = 0; i < tables->n_pending; i++)
        if (tables->pending[i].table == write->table && tables->pending[i].index == write->index)
            return;
    CHECK(tables->n_pending < SWITCH_WRITES);
    tables->pending[tables->n_pending++] =
        (struct pending){write->table, write->index, write->cycle};
}

/* ---- all ---- */

void record_tables_sizes(const struct switch_port *port, uint32_t out_entries[RECORD_TABLES])
{
    const struct switch_tables *tables = &port->tables;
    const bool is_device = port->side == SWITCH_DEVICE;
    memset(out_entries, 0, RECORD_TABLES * sizeof *out_entries);
    if (tables->id_map)
        out_entries[is_device ? RECORD_ID_UP : RECORD_ID_DOWN] = id_map_entries(tables->id_map);
    if (tables->addr_map)
        out_entries[RECORD_ADDR_MAP] = addr_map_entries(tables->addr_map);
    if (tables->lent)
        out_entries[RECORD_LENT] = addr_map_entries(tables->lent);
    if (tables->owner)
        out_entries[RECORD_WINDOW] = tables->owner->capacity;
    if (tables->owner || tables->view)
        out_entries[RECORD_BUS] = BUSES;
    if (tables->proxy)
        out_entries[RECORD_PORT] = 1;
    for (uint32_t b = 0; tables->view && b < tables->view->n_branches; b++)
        if (tables->view->branches[b].most_functions)
            out_entries[RECORD_CFG_SHADOW] = CFG_EMU_DWS;
}

static void write_maps(struct record_tables *tables, uint16_t port)
{
    const struct switch_port *from = &tables->sw->ports[port];
    const struct switch_tables *held = &from->tables;
    for (uint32_t i = 0; held->id_map && i < id_map_entries(held->id_map); i++)
        if (id_map_is_valid(held->id_map, i))
            write_map_entry(tables, 0, port,
                            from->side == SWITCH_DEVICE ? RECORD_ID_UP : RECORD_ID_DOWN, i);
    for (uint32_t i = 0; held->addr_map && i < addr_map_entries(held->addr_map); i++)
        if (addr_map_entry(held->addr_map, i))
            write_map_entry(tables, 0, port, RECORD_ADDR_MAP, i);
    for (uint32_t i = 0; held->lent && i < addr_map_entries(held->lent); i++)
        if (addr_map_entry(held->lent, i))
            write_map_entry(tables, 0, port, RECORD_LENT, i);
}

void record_tables_write_all(struct record_tables *tables)
{
    for (uint16_t p = 0; p < tables->sw->n_ports; p++) {
        const struct switch_tables *held = &tables->sw->ports[p].tables;
        write_maps(tables, p);
        if (held->owner)
            write_windows(tables, 0, p);
        if (held->owner || held->view)
            write_buses(tables, 0, p);
        if (held->proxy)
            write_device_port(tables, 0, p);
        for (uint32_t b = 0; held->view && b < held->view->n_branches; b++)
            for (uint32_t f = 0; f < held->view->branches[b].most_functions; f++)
                write_function(tables, 0, p, b, f, SWITCH_FUNCTION_ROWS);
    }
    write_assignments(tables);
}

static void make_port(struct port *out, const struct switch_tables *tables)
{
    const struct switch_view *view = tables->view;
    if (tables->owner) {
        out->windows = calloc(tables->owner->capacity + 1, sizeof *out->windows);
        CHECK(out->windows);
    }
    if (!view)
        return;
    out->functions = calloc(view->n_branches + 1, sizeof(struct function *));
    CHECK(out->functions);
    for (uint32_t b = 0; b < view->n_branches; b++) {
        out->functions[b] = calloc(view->branches[b].most_functions + 1, sizeof(struct function));
        CHECK(out->functions[b]);
    }
}

struct record_tables *record_tables_new(const struct pcie_switch *sw, FILE *out)
{
    struct record_tables *tables = calloc(1, sizeof *tables);
    CHECK(tables);
    tables->sw = sw;
    tables->out = out;
    tables->ports = calloc(sw->n_ports, sizeof *tables->ports);
    CHECK(tables->ports);
    for (uint32_t p = 0; p < sw->n_ports; p++)
        make_port(&tables->ports[p], &sw->ports[p].tables);
    return tables;
}

void record_tables_free(struct record_tables *tables)
{
    for (uint32_t p = 0; p < tables->sw->n_ports; p++) {
        const struct switch_view *view = tables->sw->ports[p].tables.view;
        struct port *port = &tables->ports[p];
        for (uint32_t b = 0; port->functions && b < view->n_branches; b++) {
            for (uint32_t f = 0; f < view->branches[b].most_functions; f++)
                free(port->functions[b][f].rows);
            free(port->functions[b]);
        }
        free(port->functions);
        free(port->windows);
    }
    free(tables->ports);
    free(tables);
}
