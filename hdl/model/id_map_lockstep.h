/* id_map_lockstep.h - what the models of id_map and id_down share: src/pool/id_map_pipe.c behind
 * the module's ports. Included once by each, after lockstep_ports.h, with INDEX_OF_RID 1 where the
 * entry index is the RID's low bits, and TABLE_FIELD(field) naming a field of the table's layout.
 */
#include "pool/id_map_pipe.h"

struct cam {
    struct id_map_pipe pipe;
    _Alignas(16) unsigned char memory[8192];
};

static void init(void *state)
{
    struct cam *cam = state;

    CHECK(id_map_bytes(N_ENTRIES) <= sizeof cam->memory);
    id_map_pipe_init(&cam->pipe, id_map_init(cam->memory, N_ENTRIES), INDEX_OF_RID);
}

static struct id_map_pipe_in pipe_in(const struct vector *in)
{
    const struct port *port = &in_ports[IN_w_entry];

    return (struct id_map_pipe_in){
        .enable = GET_IN(en),
        .valid = GET_IN(s_valid),
        .key = {(uint16_t)GET_IN(s_port), (uint16_t)GET_IN(s_rid)},
        .write = GET_IN(w_valid),
        .index = (uint32_t)GET_IN(w_index),
        .entry_valid = field_get(in, port, TABLE_FIELD(VALID)),
        .entry_key = {(uint16_t)field_get(in, port, TABLE_FIELD(KEY_PORT)),
                      (uint16_t)field_get(in, port, TABLE_FIELD(KEY_RID))},
        .entry_value = {(uint16_t)field_get(in, port, TABLE_FIELD(PORT)),
                        (uint16_t)field_get(in, port, TABLE_FIELD(RID)),
                        (uint32_t)field_get(in, port, TABLE_FIELD(FUNCTION))},
    };
}

static void outputs(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care)
{
    const struct cam *cam = state;
    const struct id_map_pipe_in at_ports = pipe_in(in);

    EXPECT(m_valid, cam->pipe.valid);
    if (cam->pipe.valid) {
        EXPECT(m_hit, cam->pipe.hit);
        if (cam->pipe.hit) {
            EXPECT(m_port, cam->pipe.value.port);
            EXPECT(m_rid, cam->pipe.value.rid);
            EXPECT(m_fn, cam->pipe.value.function);
        }
    }
    EXPECT(w_refused, at_ports.write && id_map_pipe_refuses(&cam->pipe, &at_ports));
}

static void tick(void *state, const struct vector *in, const struct vector *out)
{
    struct cam *cam = state;
    const struct id_map_pipe_in at_ports = pipe_in(in);

    (void)out;
    if (GET_IN(rst))
        init(cam);
    else
        id_map_pipe_tick(&cam->pipe, &at_ports);
}

/* Few keys, so that hits, duplicates and writes to what is being looked up are common. */
static void stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    const struct cam *cam = state;
    const struct port *entry = &in_ports[IN_w_entry];
    const uint32_t rid = draw_below(rng, 24) | (one_in(rng, 8) ? 1U << draw_below(rng, 16) : 0);
    uint32_t index = draw_below(rng, N_ENTRIES);

    (void)out;
    SET_IN(en, !one_in(rng, 4));
    SET_IN(s_valid, !one_in(rng, 4));
    SET_IN(s_port, one_in(rng, 4) ? draw(rng) : 1 + draw_below(rng, 2));
    SET_IN(s_rid, draw_below(rng, 24) | (one_in(rng, 8) ? 1U << draw_below(rng, 16) : 0));
    SET_IN(w_valid, one_in(rng, 3));
    if (INDEX_OF_RID && !one_in(rng, 4))
        index = rid % N_ENTRIES;
    const struct id_map_pipe_in at_ports = pipe_in(in);
    const int32_t looked_up = id_map_find(cam->pipe.map, at_ports.key);
    if (looked_up >= 0 && one_in(rng, 3))
        index = (uint32_t)looked_up;
    SET_IN(w_index, index);
    port_set_at(in, entry, 0, 64, draw(rng));
    field_set(in, entry, TABLE_FIELD(VALID), !one_in(rng, 4));
    field_set(in, entry, TABLE_FIELD(KEY_PORT),
              one_in(rng, 8) ? draw(rng) : 1 + draw_below(rng, 2));
    field_set(in, entry, TABLE_FIELD(KEY_RID), rid);
}
