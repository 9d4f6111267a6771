/* Lock-step model of lent_ids: src/pool/id_map.c per device port, of which only hits count. Writes
 * are those that the map takes. */
#define PORT_LIST "lent_ids.def"
#include "lockstep_ports.h"

#include "base/check.h"
#include "model_tables.h"
#include "pool/id_map.h"

enum { MAP_BYTES = 4096, RIDS = 12 };

struct lent_ids {
    struct id_map *map[N_DOWN]; /* in memory */
    _Alignas(16) unsigned char memory[N_DOWN][MAP_BYTES];
};

static struct id_map *map_of(const void *state, uint32_t port)
{
    const struct lent_ids *ids = state;

    return ids->map[port];
}

static void init(void *state)
{
    struct lent_ids *ids = state;

    CHECK(id_map_bytes(N_ENTRIES) <= MAP_BYTES);
    for (uint32_t d = 0; d < N_DOWN; d++)
        ids->map[d] = id_map_init(ids->memory[d], N_ENTRIES);
}

static void outputs(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care)
{
    uint64_t lent = 0;

    for (uint32_t u = 0; u < N_UP; u++) {
        const struct id_key key = {
            (uint16_t)port_get_at(in, &in_ports[IN_s_port], u * 12, 12),
            (uint16_t)port_get_at(in, &in_ports[IN_s_rid], u * 16, 16),
        };
        const bool is_device = key.port >= N_UP && key.port < N_UP + N_DOWN;
        lent |= (uint64_t)(is_device && id_map_find(map_of(state, key.port - N_UP), key) >= 0) << u;
    }
    EXPECT(m_lent, lent);
}

static struct id_key key_in(const struct vector *in)
{
    const struct port *entry = &in_ports[IN_w_entry];

    return (struct id_key){(uint16_t)field_get(in, entry, ID_UP_KEY_PORT),
                           (uint16_t)field_get(in, entry, ID_UP_KEY_RID)};
}

static void tick(void *state, const struct vector *in, const struct vector *out)
{
    const uint32_t index = (uint32_t)GET_IN(w_index);

    (void)out;
    if (GET_IN(rst)) {
        init(state);
        return;
    }
    for (uint32_t d = 0; d < N_DOWN; d++) {
        if (!(GET_IN(w_valid) >> d & 1))
            continue;
        id_map_invalidate(map_of(state, d), index);
        if (field_get(in, &in_ports[IN_w_entry], ID_UP_VALID))
            CHECK(id_map_write(map_of(state, d), index, key_in(in), (struct id_value){0}) ==
                  ID_MAP_OK);
    }
}

static uint32_t draw_port(uint64_t *rng)
{
    return one_in(rng, 8) ? (uint32_t)draw(rng) & 0xfff : N_UP + draw_below(rng, N_DOWN);
}

static void stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    const struct port *entry = &in_ports[IN_w_entry];
    const uint32_t d = draw_below(rng, N_DOWN), index = draw_below(rng, N_ENTRIES);

    (void)out;
    for (uint32_t u = 0; u < N_UP; u++) {
        port_set_at(in, &in_ports[IN_s_port], u * 12, 12, draw_port(rng));
        port_set_at(in, &in_ports[IN_s_rid], u * 16, 16,
                    draw_below(rng, RIDS) | (one_in(rng, 4) ? 1U << draw_below(rng, 16) : 0));
    }
    port_set_at(in, entry, 0, 64, draw(rng));
    field_set(in, entry, ID_UP_VALID, !one_in(rng, 3));
    field_set(in, entry, ID_UP_KEY_PORT, one_in(rng, 8) ? draw_port(rng) : N_UP + d);
    field_set(in, entry, ID_UP_KEY_RID,
              draw_below(rng, RIDS) | (one_in(rng, 8) ? 1U << draw_below(rng, 16) : 0));
    SET_IN(w_index, index);
    const int32_t holder = id_map_find(map_of(state, d), key_in(in));
    SET_IN(w_valid, (uint64_t)(one_in(rng, 2) && (holder < 0 || holder == (int32_t)index)) << d);
}

FAMILY(lent_ids, struct lent_ids);
