/* What a port answers: the emulated functions of a host, the completion generator; and the tags
 * under which requests were passed on. */
#include "switch_model.h"

#include "base/check.h"
#include <string.h>

enum { EMULATOR_CYCLES = 4, SC = 0, UR = 1, CRS = 2, DW_BYTES = 4 };

struct emulated {   /* result */
    uint8_t status; /* of the answer */
    bool mixed;     /* a read of which the VF has the rest: */
    uint32_t data, mask;
};

static const struct row *row_of(const struct switch_port *port)
{
    static const struct row nothing;
    const uint32_t dw = port->asked.register_dw;

    return dw < N_DWS ? &port->rows[port->asked_for.emulated][dw] : &nothing;
}

/* Whether the shadow is asked at all, and has the function. */
static bool is_there(const struct switch_port *port)
{
    return port->asked_for.user && !port->asked_for.again && port->asked_present;
}

static bool is_write(const struct switch_port *port)
{
    return tlp_header_kinds[port->asked.kind].has_data;
}

static struct emulated emulate(const struct switch_port *port)
{
    struct emulated result = {.status = UR};

    if (port->asked_for.again) {
        result.status = CRS;
    } else if (is_there(port)) {
        const struct row *row = row_of(port);
        const uint32_t mask = row->write_mask | row->w1c_mask;
        result.status = !port->asked_ready ? CRS : row->pass ? UR : SC;
        result.mixed = port->asked_ready && row->pass && mask != 0 && !is_write(port);
        result.data = row->pass ? row->data & mask : row->data;
        result.mask = mask;
    }
    return result;
}

uint8_t port_answer_status(const struct switch_port *port)
{
    return emulate(port).status;
}

/* What a write leaves in the shadow. */
static void store(struct switch_port *port)
{
    uint32_t enabled = 0;

    if (!is_write(port) || !is_there(port) || !port->asked_ready ||
        port->asked.register_dw >= N_DWS)
        return;
    for (uint32_t byte = 0; byte < DW_BYTES; byte++)
        if (port->asked.first_be >> byte & 1)
            enabled |= 0xffU << 8 * byte;
    struct row *row = &port->rows[port->asked_for.emulated][port->asked.register_dw];
    const uint32_t writable = row->write_mask & enabled;
    row->data = ((row->data & ~writable) | (port->asked_data & writable)) &
                ~(port->asked_data & row->w1c_mask & enabled);
}

void port_tick_emulator(struct switch_port *port)
{
    if (port->emulating && !port->emulated && --port->emulator_cycles == 0) {
        port->emulated = true;
        store(port);
    }
}

static void begin_emulation(struct switch_port *port, uint32_t p, const struct port_moves *moves,
                            const struct switch_in *in)
{
    const struct decided *decided = &moves->decided;
    const uint32_t at = p * N_EMULATED + decided->emulated;

    port->emulating = true;
    port->emulator_cycles = EMULATOR_CYCLES - 1;
    port->asked = port->second.found.header;
    port->asked_data = port->second.beat.word[DATA_LANE];
    port->asked_for = *decided;
    port->asked_present =
        decided->user && decided->emulated < N_EMULATED && (in->present >> at & 1);
    port->asked_ready = port->asked_present && (in->ready >> at & 1);
}

void port_tick_answers(struct switch_port *port, uint32_t p, const struct port_moves *moves,
                       const struct switch_in *in)
{
    const bool answers = moves->emulator_done && !port->asked_for.proxied;

    if (moves->generator_free)
        port->generated = answers || moves->refuses;
    if (answers) {
        const bool is_config = tlp_header_kinds[port->asked.kind].family == FAMILY_CONFIG;
        const struct emulated result = emulate(port);
        model_answer(&port->asked, is_config ? port->asked.target : 0, result.status,
                     port->generator.hdr);
        port->generator.data = 0;
        if (result.status == SC && !is_write(port)) {
            port->generator.hdr[HDR_WORDS - 1] |= 1U << 30 | 1; /* with data: one dword */
            port->generator.data = result.data;
        }
    } else if (moves->refuses) {
        struct tlp_header request;
        CHECK(model_hdr_decode(port->edit.beat.word, &request));
        model_answer(&request, 0, UR, port->generator.hdr);
        port->generator.data = 0;
    }
    if (moves->emulator_done)
        port->emulating = port->emulated = false;
    port_tick_emulator(port);
    if (moves->emulates)
        begin_emulation(port, p, moves, in);
}

/* Of a device port: taken by the switch itself, freed by completions. */
static void tick_device_tags(struct switch_port *port, uint32_t p, const struct port_moves *moves,
                             const struct switch_in *in)
{
    const struct decided *decided = &moves->decided;
    const bool comes = in->own_valid >> p & 1 && moves->answers_free && !port->generated;
    struct tlp_header own;

    if (moves->decides && moves->enable && decided->reheads && decided->tag < N_TAGS)
        port->tags[decided->tag].busy = false;
    if (!comes)
        return;
    CHECK(model_hdr_decode(in->own[p].hdr, &own));
    if (tlp_header_kinds[own.kind].family != FAMILY_CONFIG || own.requester != port->proxy_rid ||
        own.tag >= N_TAGS)
        return;
    memset(&port->tags[own.tag], 0, sizeof port->tags[own.tag]);
    port->tags[own.tag].busy = port->tags[own.tag].own = true;
}

void port_tick_tags(struct switch_model *model, const struct moves *all, const struct switch_in *in)
{
    for (uint32_t p = N_UP; p < N_PORTS; p++)
        tick_device_tags(&model->port[p], p, &all->port[p], in);
    for (uint32_t p = 0; p < N_UP; p++) {
        const struct port_moves *moves = &all->port[p];
        const struct switch_port *port = &model->port[p];
        const struct emulated result = emulate(port);

        if (moves->decides && moves->enable && moves->decided.proxied) {
            struct switch_port *device = &model->port[moves->decided.to];
            const uint32_t tag = moves->decided.tag;
            const bool own = device->tags[tag].busy; /* in this very cycle */
            memset(&device->tags[tag], 0, sizeof device->tags[tag]);
            device->tags[tag].busy = true;
            device->tags[tag].own = own;
            device->tags[tag].entry = moves->decided.entry;
        }
        if (moves->emulator_done && port->asked_for.proxied && result.mixed) {
            struct switch_port *device = &model->port[port->asked_for.to];
            device->tags[port->asked_for.tag].mask = result.mask;
            device->tags[port->asked_for.tag].data = result.data;
        }
    }
}
