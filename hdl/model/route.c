/* Lock-step model of route: windows by src/pcie/route.c, ranges that are lent by
 * src/pool/addr_map.c, and a RAM of what is on a bus, all asked when the look-up ends. */
#define PORT_LIST "route.def"
#include "lockstep_ports.h"

#include "base/check.h"
#include "model_tables.h"
#include "pcie/route.h"
#include "pool/addr_map.h"
#include <string.h>

enum { PAGE_LOG2 = 12, PAGE_MASK = 0xfff, MAP_BYTES = 4096, BUS_WORDS = (BUS_W + 31) / 32 };
enum { PLACES = 64, BUS_NUMBERS = 8 };

struct window {
    bool valid;
    uint64_t base, limit; /* pages */
    uint16_t port;
};

struct bus {
    uint32_t word[BUS_WORDS];
    bool valid;
};

struct routes {
    struct window windows[N_WINDOWS];
    struct bus buses[ROUTE_BUSES];
    uint64_t address;
    uint32_t bus; /* of the first stage */
    bool full;    /* en has been since the reset: the stages hold something */
    bool known;
    int32_t port;
    bool lent;
    struct bus on_bus;
    struct addr_map *lent_ranges; /* in lent_memory */
    _Alignas(16) unsigned char lent_memory[MAP_BYTES];
};

static void init(void *state)
{
    struct routes *routes = state;

    CHECK(addr_map_bytes(N_LENT) <= MAP_BYTES);
    memset(routes, 0, sizeof *routes);
    routes->lent_ranges = addr_map_init(routes->lent_memory, N_LENT);
}

static void outputs(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care)
{
    const struct routes *routes = state;

    (void)in;
    if (!routes->known)
        return;
    EXPECT(m_window, routes->port != ROUTE_NONE);
    if (routes->port != ROUTE_NONE)
        EXPECT(m_window_port, (uint64_t)routes->port);
    EXPECT(m_lent, routes->lent);
    EXPECT(m_bus, routes->on_bus.valid);
    if (!routes->on_bus.valid)
        return;
    port_set_words(out, &out_ports[OUT_m_bus_entry], routes->on_bus.word);
    CARE(m_bus_entry);
}

/* The simulator's table, made from the entries. */
static int32_t find_port(const struct routes *routes)
{
    struct route route;
    struct route_window memory[N_WINDOWS];

    route_init(&route, memory, N_WINDOWS);
    for (int i = 0; i < N_WINDOWS; i++) {
        const struct window *w = &routes->windows[i];
        if (w->valid)
            CHECK(route_add_window(&route, w->base << PAGE_LOG2, w->limit << PAGE_LOG2 | PAGE_MASK,
                                   w->port));
    }
    return route_address(&route, routes->address);
}

static struct addr_entry range_in(const struct vector *in)
{
    const struct port *entry = &in_ports[IN_w_entry];

    return (struct addr_entry){.user_base = field_get(in, entry, ADDR_MAP_KEY_BASE),
                               .log2_bytes =
                                   (uint8_t)field_get(in, entry, ADDR_MAP_KEY_LOG2_BYTES)};
}

static void write_tables(struct routes *routes, const struct vector *in)
{
    const struct port *entry = &in_ports[IN_w_entry];

    if (GET_IN(w_window))
        routes->windows[GET_IN(w_window_index)] = (struct window){
            field_get(in, entry, WINDOW_VALID), field_get(in, entry, WINDOW_KEY_BASE),
            field_get(in, entry, WINDOW_KEY_LIMIT), (uint16_t)field_get(in, entry, WINDOW_PORT)};
    if (GET_IN(w_bus)) {
        struct bus *bus = &routes->buses[GET_IN(w_bus_index)];
        bus->valid = field_get(in, entry, BUS_VALID);
        for (uint32_t at = 0; at < BUS_W; at += 32)
            bus->word[at / 32] =
                (uint32_t)port_get_at(in, entry, at, BUS_W - at < 32 ? BUS_W - at : 32);
    }
    if (GET_IN(w_lent)) {
        const uint32_t index = (uint32_t)GET_IN(w_lent_index);
        const struct addr_entry range = range_in(in);
        addr_map_invalidate(routes->lent_ranges, index);
        if (field_get(in, entry, ADDR_MAP_VALID))
            CHECK(addr_map_write(routes->lent_ranges, index, &range) == ADDR_MAP_OK);
    }
}

/* A write counts at once for what is looked up. */
static void tick(void *state, const struct vector *in, const struct vector *out)
{
    struct routes *routes = state;
    uint64_t unused;

    (void)out;
    if (GET_IN(rst)) {
        init(routes);
        return;
    }
    write_tables(routes, in);
    if (!GET_IN(en))
        return;
    routes->known = routes->full;
    routes->port = find_port(routes);
    routes->lent = addr_map_find(routes->lent_ranges, routes->address, &unused);
    routes->on_bus = routes->buses[routes->bus];
    routes->full = true;
    routes->address = GET_IN(s_address);
    routes->bus = (uint32_t)GET_IN(s_bus);
}

/* Each window has a quarter of the places, so that none overlap. */
static void draw_window(uint64_t *rng, struct vector *in)
{
    const struct port *entry = &in_ports[IN_w_entry];
    const uint32_t index = draw_below(rng, N_WINDOWS), size = PLACES / N_WINDOWS;
    const uint32_t first = draw_below(rng, size);

    SET_IN(w_window_index, index);
    field_set(in, entry, WINDOW_KEY_BASE, index * size + first);
    field_set(in, entry, WINDOW_KEY_LIMIT, index * size + first + draw_below(rng, size - first));
    field_set(in, entry, WINDOW_VALID, !one_in(rng, 4));
}

/* A range that does not overlap another; false if it does. */
static bool draw_range(const struct routes *routes, uint64_t *rng, struct vector *in)
{
    const struct port *entry = &in_ports[IN_w_entry];
    const uint32_t log2_bytes = PAGE_LOG2 + draw_below(rng, 4), index = draw_below(rng, N_LENT);
    static unsigned char saved[MAP_BYTES];

    SET_IN(w_lent_index, index);
    field_set(in, entry, ADDR_MAP_KEY_LOG2_BYTES, log2_bytes);
    field_set(in, entry, ADDR_MAP_KEY_BASE,
              (uint64_t)draw_below(rng, PLACES) << PAGE_LOG2 & ~((UINT64_C(1) << log2_bytes) - 1));
    field_set(in, entry, ADDR_MAP_VALID, !one_in(rng, 4));
    const struct addr_entry range = range_in(in);
    memcpy(saved, routes->lent_memory, MAP_BYTES);
    const bool taken = addr_map_write(routes->lent_ranges, index, &range) == ADDR_MAP_OK;
    memcpy((void *)routes->lent_ranges, saved, MAP_BYTES);
    return taken;
}

static void stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    const struct port *entry = &in_ports[IN_w_entry];

    (void)out;
    SET_IN(en, !one_in(rng, 4));
    SET_IN(s_address, one_in(rng, 8) ? draw(rng) : draw_below(rng, PLACES << PAGE_LOG2));
    SET_IN(s_bus, one_in(rng, 8) ? draw(rng) : draw_below(rng, BUS_NUMBERS));
    SET_IN(w_window, 0);
    SET_IN(w_bus, 0);
    SET_IN(w_lent, 0);
    for (uint32_t at = 0; at < ADDR_MAP_W; at += 32)
        port_set_at(in, entry, at, ADDR_MAP_W - at < 32 ? ADDR_MAP_W - at : 32,
                    (uint32_t)draw(rng));
    switch (draw_below(rng, 6)) {
    case 0:
        SET_IN(w_window, 1);
        draw_window(rng, in);
        break;
    case 1:
        SET_IN(w_bus, 1);
        SET_IN(w_bus_index, one_in(rng, 8) ? draw(rng) : draw_below(rng, BUS_NUMBERS));
        break;
    case 2:
        SET_IN(w_lent, draw_range(state, rng, in));
        break;
    default:
        break;
    }
}

FAMILY(route, struct routes);
