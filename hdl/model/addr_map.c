/* Lock-step model of addr_map: src/pool/addr_map.c behind two stages, for two hosts. */
#define PORT_LIST "addr_map.def"
#include "lockstep_ports.h"

#include "base/check.h"
#include "model_tables.h"
#include "pool/addr_map.h"
#include <string.h>

enum { PAGE_LOG2 = 12, MAP_BYTES = 4096, HOSTS = 2, NO_PORT = 0xffff };

/* Entries are shared by the host ports 1 to HOSTS, each of which has a map of its own in C. */
struct ranges {
    struct {
        bool valid;
        int32_t index; /* the entry that matched, -1: none */
        uint16_t port;
        uint64_t address;
    } first;
    bool valid, hit;
    struct addr_entry result;
    uint64_t address;
    struct addr_entry entries[N_ENTRIES]; /* as written: to name an entry by its index */
    uint16_t host[N_ENTRIES];             /* of entries; NO_PORT: free */
    _Alignas(16) unsigned char memory[HOSTS][MAP_BYTES];
};

static struct addr_map *map_of(const void *state, uint16_t port)
{
    struct ranges *ranges = (struct ranges *)(uintptr_t)state;

    CHECK(port >= 1 && port <= HOSTS);
    return (struct addr_map *)(void *)ranges->memory[port - 1];
}

static void init(void *state)
{
    struct ranges *ranges = state;

    CHECK(addr_map_bytes(N_ENTRIES) <= MAP_BYTES);
    for (int host = 0; host < HOSTS; host++)
        addr_map_init(ranges->memory[host], N_ENTRIES);
    for (int i = 0; i < N_ENTRIES; i++)
        ranges->host[i] = NO_PORT;
    ranges->first.valid = ranges->valid = false;
    ranges->first.index = -1;
}

struct request { /* to write an entry */
    bool valid;
    uint16_t host;
    struct addr_entry entry;
};

static struct request write_in(const struct vector *in)
{
    const struct port *port = &in_ports[IN_w_entry];

    return (struct request){
        .valid = field_get(in, port, ADDR_MAP_VALID),
        .host = (uint16_t)field_get(in, port, ADDR_MAP_KEY_PORT),
        .entry = {.user_base = field_get(in, port, ADDR_MAP_KEY_BASE),
                  .log2_bytes = (uint8_t)field_get(in, port, ADDR_MAP_KEY_LOG2_BYTES),
                  .owner_base = field_get(in, port, ADDR_MAP_BASE),
                  .port = (uint16_t)field_get(in, port, ADDR_MAP_PORT),
                  .function = (uint32_t)field_get(in, port, ADDR_MAP_FUNCTION)},
    };
}

/* addr_map_write's answer; the write is undone. */
static bool is_refused(const struct ranges *ranges, uint32_t index, const struct request *request)
{
    static unsigned char saved[MAP_BYTES];
    struct addr_map *map = map_of(ranges, request->host);

    memcpy(saved, map, MAP_BYTES);
    const bool refused = addr_map_write(map, index, &request->entry) != ADDR_MAP_OK;
    memcpy((void *)map, saved, MAP_BYTES);
    return refused;
}

static void outputs(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care)
{
    const struct ranges *ranges = state;
    const struct request request = write_in(in);

    EXPECT(m_valid, ranges->valid);
    if (ranges->valid) {
        EXPECT(m_hit, ranges->hit);
        if (ranges->hit) {
            EXPECT(m_port, ranges->result.port);
            EXPECT(m_fn, ranges->result.function);
            EXPECT(m_address, ranges->address);
        }
    }
    EXPECT(w_refused, GET_IN(w_valid) && request.valid &&
                          is_refused(ranges, (uint32_t)GET_IN(w_index), &request));
}

/* The entry that holds the address of the first stage, -1: none. */
static int32_t find(const struct ranges *ranges)
{
    uint64_t owner;

    if (ranges->first.port < 1 || ranges->first.port > HOSTS)
        return -1;
    const struct addr_entry *found =
        addr_map_find(map_of(ranges, ranges->first.port), ranges->first.address, &owner);
    for (int32_t i = 0; found && i < N_ENTRIES; i++)
        if (ranges->host[i] == ranges->first.port &&
            found->user_base == ranges->entries[i].user_base)
            return i;
    CHECK(!found);
    return -1;
}

static void write_entry(struct ranges *ranges, uint32_t index, const struct request *request)
{
    if (ranges->host[index] != NO_PORT)
        addr_map_invalidate(map_of(ranges, ranges->host[index]), index);
    ranges->host[index] = NO_PORT;
    if (!request->valid)
        return;
    CHECK(addr_map_write(map_of(ranges, request->host), index, &request->entry) == ADDR_MAP_OK);
    ranges->host[index] = request->host;
    ranges->entries[index] = request->entry;
}

static void tick(void *state, const struct vector *in, const struct vector *out)
{
    struct ranges *ranges = state;
    const int32_t written = GET_IN(w_valid) && !GET_OUT(w_refused) ? (int32_t)GET_IN(w_index) : -1;

    if (GET_IN(rst)) {
        init(ranges);
        return;
    }
    if (ranges->first.index == written)
        ranges->first.index = -1;
    if (GET_IN(en)) {
        ranges->valid = ranges->first.valid;
        ranges->hit = ranges->first.index >= 0;
        if (ranges->hit) {
            ranges->result = ranges->entries[ranges->first.index];
            CHECK(addr_map_find(map_of(ranges, ranges->first.port), ranges->first.address,
                                &ranges->address));
        }
        ranges->first.valid = GET_IN(s_valid);
        ranges->first.port = (uint16_t)GET_IN(s_port);
        ranges->first.address = GET_IN(s_address);
        ranges->first.index = find(ranges);
        if (ranges->first.index == written)
            ranges->first.index = -1;
    }
    if (written < 0)
        return;
    const struct request request = write_in(in);
    write_entry(ranges, (uint32_t)written, &request);
}

/* Bases from a few places, so that ranges meet; sizes of all magnitudes. */
static void stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    const struct port *entry = &in_ports[IN_w_entry];
    const uint32_t log2_bytes =
        one_in(rng, 8) ? draw_below(rng, 64) : PAGE_LOG2 + draw_below(rng, 4);
    const uint64_t place = one_in(rng, 8) ? draw(rng) : (uint64_t)draw_below(rng, 64) << PAGE_LOG2;
    const uint64_t mask = one_in(rng, 16) ? 0 : (UINT64_C(1) << log2_bytes) - 1;

    const struct ranges *ranges = state;
    (void)out;
    SET_IN(en, !one_in(rng, 4));
    SET_IN(s_valid, !one_in(rng, 4));
    SET_IN(s_port, one_in(rng, 8) ? draw(rng) : 1 + draw_below(rng, HOSTS));
    SET_IN(s_address, one_in(rng, 8) ? draw(rng) : draw_below(rng, 64U << PAGE_LOG2));
    SET_IN(w_valid, one_in(rng, 3));
    SET_IN(w_index, ranges->first.index >= 0 && one_in(rng, 3) ? (uint32_t)ranges->first.index
                                                               : draw_below(rng, N_ENTRIES));
    field_set(in, entry, ADDR_MAP_VALID, !one_in(rng, 4));
    field_set(in, entry, ADDR_MAP_FUNCTION, draw(rng));
    field_set(in, entry, ADDR_MAP_PORT, draw(rng));
    field_set(in, entry, ADDR_MAP_BASE, draw(rng) & ~mask);
    field_set(in, entry, ADDR_MAP_KEY_LOG2_BYTES, log2_bytes);
    field_set(in, entry, ADDR_MAP_KEY_BASE, place & ~mask);
    field_set(in, entry, ADDR_MAP_KEY_PORT, 1 + draw_below(rng, HOSTS));
}

FAMILY(addr_map, struct ranges);
