/* A record's table writes as the module's write port takes them: with its own port numbers, with
 * indices that its tables have, one entry a cycle. */
#include "player.h"

#include "base/check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* POOL_TABLE_* of rtl/tables.svh. */
enum { ID_UP, ID_DOWN, ADDR_MAP, LENT, WINDOW, BUS, PORT };
enum { NOBODY = 0xffff }; /* the RID of no requester: the switch asks in nobody's name */
enum { PLACES = RECORD_TABLES + 1, WINDOW_SHIFT = 12, BUS_AS_IT_CAME = 2 };

static uint32_t entries_of(const struct player_tables *tables, unsigned table)
{
    switch (table) {
    case ID_UP:
        return tables->id_up;
    case ID_DOWN:
        return tables->id_down;
    case ADDR_MAP:
        return tables->addr;
    case LENT:
        return tables->lent;
    default:
        return tables->windows;
    }
}

static void refuse_full(const struct player_tables *tables, const struct record_event *event,
                        unsigned table)
{
    static const char *const settings[] = {"ID_UP", "ID_DOWN", "ADDR", "LENT", "WINDOWS"};
    const struct mark mark = record_mark(tables->record, event);
    struct err err;
    err_at(&err, &mark,
           "the module's table has %" PRIu32 " entries, too few: make hdl-cosim COSIM_%s=...",
           entries_of(tables, table), settings[table]);
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

const struct player_write *player_tables_take(struct player_tables *tables)
{
    return tables->next < tables->n_queue ? &tables->queue[tables->next++] : NULL;
}

/* ---- indices ---- */

static uint16_t *place_of(struct player_tables *tables, const struct record_event *event)
{
    return &tables->places[((size_t)event->port * RECORD_TABLES + event->write.table) *
                               RECORD_MOST_ENTRIES +
                           event->write.index];
}

static uint32_t *used_of(struct player_tables *tables, uint32_t port, unsigned table)
{
    return &tables->used[port * PLACES + table];
}

/* Entries of the record's table get the module's in the order in which they are first written. */
static uint16_t index_in_order(struct player_tables *tables, const struct record_event *event)
{
    uint16_t *place = place_of(tables, event);
    uint32_t *used = used_of(tables, event->port, event->write.table);
    if (!*place) {
        if (*used == entries_of(tables, event->write.table))
            refuse_full(tables, event, event->write.table);
        *place = (uint16_t)++ * used;
    }
    return (uint16_t)(*place - 1);
}

/* id_down is a RAM that is found by the RID's low bits: a new RID is another entry, and the old one
 * is freed. */
static void add_id_down(struct player_tables *tables, const struct record_event *event,
                        struct player_write *write)
{
    uint16_t *place = place_of(tables, event);
    const bool valid = POOL_GET(&write->entry, ID_DOWN, VALID);
    const uint32_t rid = (uint32_t)POOL_GET(&write->entry, ID_DOWN, KEY_RID);
    const uint16_t at = (uint16_t)(rid & (tables->id_down - 1));
    if (*place && !(valid && *place - 1 == at)) {
        const struct player_write freed = {
            .table = ID_DOWN, .port = write->port, .index = (uint16_t)(*place - 1)};
        push(tables, &freed);
        *place = 0;
    }
    if (!valid)
        return;
    for (uint32_t other = 0; other < tables->record->ports[event->port].entries[ID_DOWN]; other++)
        if (other != event->write.index && place[(int64_t)other - event->write.index] == at + 1)
            refuse_full(tables, event, ID_DOWN);
    *place = (uint16_t)(at + 1);
    write->index = at;
    push(tables, write);
}

/* ---- writes ---- */

static void renumber(const struct player_tables *tables, struct pool_entry *entry, unsigned lsb)
{
    const uint32_t port = (uint32_t)pool_entry_get(entry, lsb, POOL_ID_UP_PORT_W);
    pool_entry_set(entry, lsb, POOL_ID_UP_PORT_W, player_port(&tables->ports, port));
}

static void add_write(struct player_tables *tables, const struct record_event *event)
{
    struct player_write write = {.table = (uint8_t)event->write.table,
                                 .port = (uint16_t)player_port(&tables->ports, event->port),
                                 .entry = event->write.entry};
    switch (event->write.table) {
    case RECORD_ID_UP:
        if (POOL_GET(&write.entry, ID_UP, VALID)) {
            renumber(tables, &write.entry, POOL_ID_UP_KEY_PORT_LSB);
            renumber(tables, &write.entry, POOL_ID_UP_PORT_LSB);
        }
        break;
    case RECORD_ID_DOWN:
        if (POOL_GET(&write.entry, ID_DOWN, VALID)) {
            renumber(tables, &write.entry, POOL_ID_DOWN_KEY_PORT_LSB);
            renumber(tables, &write.entry, POOL_ID_DOWN_PORT_LSB);
        }
        add_id_down(tables, event, &write);
        return;
    case RECORD_ADDR_MAP:
    case RECORD_LENT:
        if (POOL_GET(&write.entry, ADDR_MAP, VALID)) {
            renumber(tables, &write.entry, POOL_ADDR_MAP_KEY_PORT_LSB);
            renumber(tables, &write.entry, POOL_ADDR_MAP_PORT_LSB);
        }
        break;
    case RECORD_TABLES:
        CHECK(false);
    }
    write.index = index_in_order(tables, event);
    push(tables, &write);
}

static void add_window(struct player_tables *tables, const struct record_event *event)
{
    uint32_t *used = used_of(tables, event->port, RECORD_TABLES);
    struct player_write write = {.table = WINDOW,
                                 .port = (uint16_t)player_port(&tables->ports, event->port)};
    if (*used == tables->windows)
        refuse_full(tables, event, WINDOW);
    write.index = (uint16_t)(*used)++;
    POOL_SET(&write.entry, WINDOW, KEY_PORT, write.port);
    POOL_SET(&write.entry, WINDOW, KEY_BASE, event->window.base >> WINDOW_SHIFT);
    POOL_SET(&write.entry, WINDOW, KEY_LIMIT, event->window.limit >> WINDOW_SHIFT);
    POOL_SET(&write.entry, WINDOW, PORT, player_port(&tables->ports, event->window.egress));
    POOL_SET(&write.entry, WINDOW, VALID, 1);
    push(tables, &write);
}

static void add_buses(struct player_tables *tables, const struct record_event *event)
{
    for (unsigned bus = event->buses.first; bus <= event->buses.last; bus++) {
        struct player_write write = {.table = BUS,
                                     .port = (uint16_t)player_port(&tables->ports, event->port),
                                     .index = (uint16_t)bus};
        POOL_SET(&write.entry, BUS, KEY_PORT, write.port);
        POOL_SET(&write.entry, BUS, KEY_BUS, bus);
        POOL_SET(&write.entry, BUS, PORT, player_port(&tables->ports, event->buses.egress));
        POOL_SET(&write.entry, BUS, TYPE, BUS_AS_IT_CAME);
        POOL_SET(&write.entry, BUS, VALID, 1);
        push(tables, &write);
    }
}

void player_tables_add(struct player_tables *tables, const struct record_event *event)
{
    switch ((enum record_kind)event->kind) {
    case RECORD_WRITE:
        add_write(tables, event);
        return;
    case RECORD_WINDOW:
        add_window(tables, event);
        return;
    case RECORD_BUSES:
        add_buses(tables, event);
        return;
    case RECORD_UNROUTE:
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
    case RECORD_KINDS:
        return;
    }
}

static void add_owner(struct player_tables *tables, uint32_t port)
{
    struct player_write write = {.table = PORT,
                                 .port = (uint16_t)player_port(&tables->ports, port)};
    POOL_SET(&write.entry, PORT, KEY_PORT, write.port);
    POOL_SET(&write.entry, PORT, OWNER_PORT,
             player_port(&tables->ports, tables->record->ports[port].owner_port));
    POOL_SET(&write.entry, PORT, PROXY_RID, NOBODY);
    POOL_SET(&write.entry, PORT, VALID, 1);
    push(tables, &write);
}

void player_tables_init(struct player_tables *tables)
{
    const struct record *record = tables->record;
    tables->places = calloc((size_t)record->n_ports * RECORD_TABLES * RECORD_MOST_ENTRIES,
                            sizeof *tables->places);
    tables->used = calloc((size_t)record->n_ports * PLACES, sizeof *tables->used);
    CHECK(tables->places && tables->used);
    for (uint32_t p = 0; p < record->n_ports; p++)
        if (record->ports[p].is_named && record->ports[p].is_device)
            add_owner(tables, p);
    for (size_t i = 0; i < record->n_events && record->events[i].cycle == 0; i++)
        player_tables_add(tables, &record->events[i]);
}
