/* A record's table writes as the module's write port takes them: with its own port numbers, with
 * indices that its tables have, one entry a cycle. */
#include "player.h"

#include "base/check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { NOBODY = 0xffff }; /* the RID of no requester: the switch asks in nobody's name */
enum { LENT_BUS = 1 };    /* KIND */
enum {
    ROUTE_LEAD_CYCLES = 2, /* a route is read so much before the end of its look-up */
    ROW_LEAD_CYCLES = 4096 /* enough for the rows of some functions */
};

static uint32_t entries_of(const struct player_tables *tables, enum record_table table)
{
    const struct player_module *module = tables->module;
    switch (table) {
    case RECORD_ID_UP:
        return module->id_up;
    case RECORD_ID_DOWN:
        return module->id_down;
    case RECORD_ADDR_MAP:
        return module->addr;
    case RECORD_LENT:
        return module->lent;
    case RECORD_WINDOW:
        return module->windows;
    case RECORD_CFG_SHADOW:
        return module->dws;
    case RECORD_BUS:
    case RECORD_PORT:
    case RECORD_TABLES:
        break;
    }
    CHECK(false);
}

static void refuse_full(const struct player_tables *tables, const struct record_event *event)
{
    static const char *const settings[RECORD_TABLES] = {
        [RECORD_ID_UP] = "ID_UP", [RECORD_ID_DOWN] = "ID_DOWN", [RECORD_ADDR_MAP] = "ADDR",
        [RECORD_LENT] = "LENT",   [RECORD_WINDOW] = "WINDOWS",  [RECORD_CFG_SHADOW] = "DWS",
    };
    const struct mark mark = record_mark(tables->record, event);
    struct err err;
    err_at(&err, &mark,
           "the module's table has %" PRIu32 " entries, too few: make hdl-cosim COSIM_%s=...",
           entries_of(tables, event->write.table), settings[event->write.table]);
    player_refuse(&err);
}

static void push(struct player_tables *tables, const struct player_write *write)
{
    if (tables->n_queue == tables->capacity) {
        tables->capacity = tables->capacity ? 2 * tables->capacity : 256;
        tables->queue = reallocarray(tables->queue, tables->capacity, sizeof *tables->queue);
        CHECK(tables->queue);
    }
    tables->queue[tables->n_queue++] = *write;
}

/* ---- indices ---- */

static uint16_t *place_of(struct player_tables *tables, const struct record_event *event)
{
    return &tables->places[((size_t)event->port * RECORD_TABLES + event->write.table) *
                               RECORD_MOST_ENTRIES +
                           event->write.index];
}

/* Of the module's entry @index of that table: true if one of the record's has it. */
static bool *is_taken(struct player_tables *tables, const struct record_event *event,
                      uint32_t index)
{
    return &tables->taken_entries[((size_t)event->port * RECORD_TABLES + event->write.table) *
                                      RECORD_MOST_ENTRIES +
                                  index];
}

/* A valid entry of the record's table gets the module's first free one, which it keeps until it is
 * freed. */
static void add_by_index(struct player_tables *tables, const struct record_event *event,
                         bool is_valid, struct player_write *write)
{
    uint16_t *place = place_of(tables, event);
    uint32_t index = 0;
    if (!*place && !is_valid)
        return;
    while (!*place && index < entries_of(tables, event->write.table) &&
           *is_taken(tables, event, index))
        index++;
    if (!*place && index == entries_of(tables, event->write.table))
        refuse_full(tables, event);
    if (!*place)
        *place = (uint16_t)(index + 1);
    write->index = (uint16_t)(*place - 1);
    *is_taken(tables, event, write->index) = is_valid;
    if (!is_valid)
        *place = 0;
    push(tables, write);
}

/* id_down is a RAM that is found by the RID's low bits: a new RID is another entry, and the old one
 * is freed. */
static void add_id_down(struct player_tables *tables, const struct record_event *event,
                        struct player_write *write)
{
    uint16_t *place = place_of(tables, event);
    const bool valid = POOL_GET(&write->entry, ID_DOWN, VALID);
    const uint32_t rid = (uint32_t)POOL_GET(&write->entry, ID_DOWN, KEY_RID);
    const uint16_t at = (uint16_t)(rid & (tables->module->id_down - 1));
    if (*place && !(valid && *place - 1 == at)) {
        const struct player_write freed = {
            .table = RECORD_ID_DOWN, .port = write->port, .index = (uint16_t)(*place - 1)};
        push(tables, &freed);
        *place = 0;
    }
    if (!valid)
        return;
    const uint32_t n = tables->record->ports[event->port].entries[RECORD_ID_DOWN];
    for (uint32_t other = 0; other < n; other++)
        if (other != event->write.index && place[(int64_t)other - event->write.index] == at + 1)
            refuse_full(tables, event);
    *place = (uint16_t)(at + 1);
    write->index = at;
    push(tables, write);
}

/* ---- writes ---- */

static bool is_valid(const struct record_event *event)
{
    const struct pool_table *layout = &pool_tables[record_table_layout(event->write.table)];
    return pool_entry_get(&event->write.entry, layout->fields[layout->n_fields - 1].lsb, 1);
}

/* Ports have the module's numbers. */
static void renumber_ports(const struct player_tables *tables, enum record_table table,
                           struct pool_entry *entry)
{
    const struct pool_table *layout = &pool_tables[record_table_layout(table)];
    for (unsigned i = 0; i < layout->n_fields; i++) {
        const struct pool_field *field = &layout->fields[i];
        if (strcmp(field->name, "KEY_PORT") != 0 && strcmp(field->name, "PORT") != 0 &&
            strcmp(field->name, "OWNER_PORT") != 0)
            continue;
        const uint32_t port = (uint32_t)pool_entry_get(entry, field->lsb, field->width);
        pool_entry_set(entry, field->lsb, field->width, player_port(&tables->ports, port));
    }
}

static void add_row(struct player_tables *tables, const struct record_event *event,
                    struct player_write *write)
{
    if (event->write.index >= tables->module->dws)
        refuse_full(tables, event);
    const uint16_t function = (uint16_t)POOL_GET(&write->entry, CFG_SHADOW, KEY_FUNCTION);
    POOL_SET(&write->entry, CFG_SHADOW, KEY_FUNCTION,
             player_function(tables->config, event->port, function));
    push(tables, write);
}

static void add_bus(struct player_tables *tables, const struct record_event *event,
                    struct player_write *write)
{
    write->index = (uint16_t)event->write.index;
    const uint16_t function = (uint16_t)POOL_GET(&write->entry, BUS, FIRST_FUNCTION);
    if (POOL_GET(&write->entry, BUS, VALID) && POOL_GET(&write->entry, BUS, KIND) == LENT_BUS)
        POOL_SET(&write->entry, BUS, FIRST_FUNCTION,
                 player_function(tables->config, event->port, function));
    push(tables, write);
}

static void add_write(struct player_tables *tables, const struct record_event *event)
{
    struct player_write write = {.table = (uint8_t)event->write.table,
                                 .port = (uint16_t)player_port(&tables->ports, event->port),
                                 .entry = event->write.entry};
    if (is_valid(event))
        renumber_ports(tables, event->write.table, &write.entry);
    switch (event->write.table) {
    case RECORD_ID_DOWN:
        add_id_down(tables, event, &write);
        return;
    case RECORD_BUS:
        add_bus(tables, event, &write);
        return;
    case RECORD_CFG_SHADOW:
        add_row(tables, event, &write);
        return;
    case RECORD_ID_UP:
    case RECORD_ADDR_MAP:
    case RECORD_LENT:
    case RECORD_WINDOW:
        add_by_index(tables, event, is_valid(event), &write);
        return;
    case RECORD_PORT:
        break;
    case RECORD_TABLES:
        CHECK(false);
    }
    push(tables, &write);
}

static bool is_route(const struct record_event *event)
{
    return event->kind == RECORD_WRITE &&
           (event->write.table == RECORD_WINDOW || event->write.table == RECORD_BUS);
}

static bool is_row(const struct record_event *event)
{
    return event->kind == RECORD_WRITE && event->write.table == RECORD_CFG_SHADOW;
}

void player_tables_add(struct player_tables *tables, const struct record_event *event)
{
    if (event->kind == RECORD_WRITE && !is_route(event) && !is_row(event))
        add_write(tables, event);
}

/* ---- as time goes on ---- */

/* Moves @next on to an event that @is one of its kind, or to the end. */
static const struct record_event *next_of(const struct record *record, size_t *next,
                                          bool (*is)(const struct record_event *))
{
    while (*next < record->n_events && !is(&record->events[*next]))
        ++*next;
    return *next < record->n_events ? &record->events[*next] : NULL;
}

/* The next row, if it may be written in @cycle. */
static void add_next_row(struct player_tables *tables, uint64_t cycle, const bool *idle)
{
    const struct record_event *row = next_of(tables->record, &tables->next_row, is_row);
    if (!row || row->cycle > cycle + ROW_LEAD_CYCLES || !idle[row->port])
        return;
    const uint16_t function = (uint16_t)POOL_GET(&row->write.entry, CFG_SHADOW, KEY_FUNCTION);
    const uint32_t number = player_function(tables->config, row->port, function);
    if (row->cycle > cycle &&
        player_function_state(tables->config, row->port, number) != RECORD_ABSENT)
        return;
    add_write(tables, row);
    tables->next_row++;
}

const struct player_write *player_tables_take(struct player_tables *tables, uint64_t cycle,
                                              const bool *idle)
{
    const struct record_event *route;
    while ((route = next_of(tables->record, &tables->next_route, is_route)) &&
           route->cycle <= cycle + ROUTE_LEAD_CYCLES) {
        add_write(tables, route);
        tables->next_route++;
    }
    if (tables->taken == tables->n_queue)
        add_next_row(tables, cycle, idle);
    return tables->taken < tables->n_queue ? &tables->queue[tables->taken++] : NULL;
}

uint64_t player_tables_next_cycle(struct player_tables *tables)
{
    const struct record_event *route = next_of(tables->record, &tables->next_route, is_route);
    const struct record_event *row = next_of(tables->record, &tables->next_row, is_row);
    uint64_t cycle = route ? route->cycle - ROUTE_LEAD_CYCLES : UINT64_MAX;
    if (tables->taken < tables->n_queue)
        return 0;
    if (row && row->cycle < ROW_LEAD_CYCLES)
        return 0;
    if (row && row->cycle - ROW_LEAD_CYCLES < cycle)
        cycle = row->cycle - ROW_LEAD_CYCLES;
    return cycle;
}

/* ---- start ---- */

static void add_owner(struct player_tables *tables, uint32_t port)
{
    struct player_write write = {.table = RECORD_PORT,
                                 .port = (uint16_t)player_port(&tables->ports, port)};
    POOL_SET(&write.entry, PORT, KEY_PORT, write.port);
    POOL_SET(&write.entry, PORT, OWNER_PORT,
             player_port(&tables->ports, tables->record->ports[port].owner_port));
    POOL_SET(&write.entry, PORT, PROXY_RID, NOBODY);
    POOL_SET(&write.entry, PORT, VALID, 1);
    push(tables, &write);
}

/* A RAM holds anything after reset, and rows that are all 0 are not in the record. */
static void clear_rows(struct player_tables *tables, uint32_t port)
{
    for (uint32_t function = 0; function < tables->module->emulated; function++)
        for (uint32_t dw = 0; dw < tables->module->dws; dw++) {
            struct player_write write = {.table = RECORD_CFG_SHADOW,
                                         .port = (uint16_t)player_port(&tables->ports, port)};
            POOL_SET(&write.entry, CFG_SHADOW, KEY_PORT, write.port);
            POOL_SET(&write.entry, CFG_SHADOW, KEY_FUNCTION, function);
            POOL_SET(&write.entry, CFG_SHADOW, KEY_DW, dw);
            POOL_SET(&write.entry, CFG_SHADOW, VALID, 1);
            push(tables, &write);
        }
}

void player_tables_init(struct player_tables *tables)
{
    const struct record *record = tables->record;
    tables->places = calloc((size_t)record->n_ports * RECORD_TABLES * RECORD_MOST_ENTRIES,
                            sizeof *tables->places);
    tables->taken_entries = calloc((size_t)record->n_ports * RECORD_TABLES * RECORD_MOST_ENTRIES,
                                   sizeof *tables->taken_entries);
    CHECK(tables->places && tables->taken_entries);
    for (uint32_t p = 0; p < record->n_ports; p++) {
        if (record->ports[p].is_named && record->ports[p].is_device)
            add_owner(tables, p);
        if (record->ports[p].entries[RECORD_CFG_SHADOW])
            clear_rows(tables, p);
    }
    size_t i = 0;
    for (; i < record->n_events && record->events[i].cycle == 0; i++)
        if (record->events[i].kind == RECORD_WRITE)
            add_write(tables, &record->events[i]);
    tables->next_route = tables->next_row = i;
}
