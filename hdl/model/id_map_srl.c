/* Lock-step model of id_map_srl: the CAM of id_map, in which a new key takes effect only after it
 * has been shifted in. Until then its entry is free; other keys are refused. */
#define PORT_LIST "id_map_srl.def"
#include "lockstep_ports.h"

#include "base/check.h"
#include "model_tables.h"

enum { INDEX_OF_RID = 0, LOAD_CYCLES = 1 << SLICE_BITS };
#define TABLE_FIELD(field) ID_UP_##field
#include "id_map_lockstep.h"

struct srl {
    struct cam cam; /* first: stimulate and init of the CAM take it as their state */
    uint32_t left;  /* cycles until the entry that is being loaded is there; 0: none is */
    struct id_map_pipe_in load;
};

static void srl_init(void *state)
{
    struct srl *srl = state;

    init(&srl->cam);
    srl->left = 0;
}

static bool is_refused(const struct srl *srl, const struct id_map_pipe_in *at_ports)
{
    if (at_ports->write && at_ports->entry_valid && srl->left > 0)
        return true;
    return id_map_pipe_refuses(&srl->cam.pipe, at_ports);
}

static void srl_outputs(const void *state, const struct vector *in, struct vector *out,
                        struct vector *care)
{
    const struct srl *srl = state;
    const struct id_map_pipe_in at_ports = pipe_in(in);

    outputs(&srl->cam, in, out, care);
    EXPECT(w_refused, is_refused(srl, &at_ports));
}

static void srl_tick(void *state, const struct vector *in, const struct vector *out)
{
    struct srl *srl = state;
    const struct id_map_pipe_in asked = pipe_in(in);
    const bool writes = asked.write && !is_refused(srl, &asked);
    struct vector freeing = *in;

    if (GET_IN(rst)) {
        srl_init(srl);
        return;
    }
    port_set(&freeing, &in_ports[IN_w_valid], writes);
    field_set(&freeing, &in_ports[IN_w_entry], TABLE_FIELD(VALID), 0);
    tick(&srl->cam, &freeing, out);
    if (writes && srl->left > 0 && asked.index == srl->load.index)
        srl->left = 0;
    else if (srl->left > 0 && --srl->left == 0)
        CHECK(id_map_write(srl->cam.pipe.map, srl->load.index, srl->load.entry_key,
                           srl->load.entry_value) == ID_MAP_OK);
    if (writes && asked.entry_valid) {
        srl->load = asked;
        srl->left = LOAD_CYCLES;
    }
}

/* Entries come slowly, so they are seldom freed. */
static void srl_stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    const struct srl *srl = state;

    stimulate(state, rng, in, out);
    if (srl->left > 0 && !field_get(in, &in_ports[IN_w_entry], TABLE_FIELD(VALID)) &&
        !one_in(rng, 8))
        SET_IN(w_valid, 0);
}

const struct family family_id_map_srl = {"id_map_srl", sizeof(struct srl), in_ports, out_ports,
                                         IN_PORTS,     OUT_PORTS,          srl_init, srl_outputs,
                                         srl_tick,     srl_stimulate};
