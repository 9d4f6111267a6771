#include "run/record_tlps.h"

#include "base/check.h"
#include "cosim/record.h"
#include "fabric/switch_ring.h"
#include "pcie/tlp_to_header.h"
#include "run/record_tables.h"

#include <stdlib.h>
#include <string.h>

enum { DW_BYTES = 4 };

struct record_tlps {
    const struct pcie_switch *sw; /* borrowed */
    FILE *out;                    /* borrowed */
    uint32_t *serials;            /* of the TLP in each place of the pool */
    uint32_t n_serials;
    uint64_t *free_cycle; /* of each egress: the crossbar has let the TLP before go */
    uint64_t last_cycle;
    struct record_tables *tables; /* owned */
};

static void write_event(struct record_tlps *recording, const struct record_event *event)
{
    if (event->cycle > recording->last_cycle)
        recording->last_cycle = event->cycle;
    record_write_event(event, recording->out);
}

static uint64_t cycle_of(const struct record_tlps *recording, uint64_t time_ps)
{
    return switch_cycle_at_or_after(recording->sw, time_ps);
}

/* ---- TLPs ---- */

/* Configuration's dword, which is in the request as a number; byte 0 goes first on the wire. */
static bool data_of(const struct record_tlps *recording, const struct tlp *tlp, uint32_t *out)
{
    const struct request *request = request_get(&recording->sw->fabric->requests, tlp->request);
    if (!tlp_payload_bytes(tlp) ||
        (request->kind != REQUEST_CFG_READ && request->kind != REQUEST_CFG_WRITE))
        return false;
    *out = __builtin_bswap32(request->value << 8 * (request->address % DW_BYTES));
    return true;
}

static void write_tlp(struct record_tlps *recording, const struct trace_record *trace,
                      enum record_kind kind, uint64_t cycle)
{
    const struct tlp *tlp = trace->body;
    const struct tlp_pool *tlps = &recording->sw->fabric->tlps;
    uint32_t *serial = &recording->serials[tlp - tlps->tlps];
    struct record_event event = {
        .cycle = cycle, .port = (uint16_t)trace->port, .kind = (uint8_t)kind};
    const bool is_own = kind == RECORD_MAKE && tlp_is_request(tlp);
    if (kind == RECORD_IN || is_own)
        *serial = ++recording->n_serials;
    event.tlp.serial = *serial;
    event.tlp.egress = tlp->port;
    event.tlp.has_data = false;
    event.tlp.has_header =
        kind == RECORD_IN || kind == RECORD_OUT || kind == RECORD_STEER || kind == RECORD_MAKE;
    if (event.tlp.has_header) {
        struct tlp_header header;
        tlp_to_header(tlp, &header);
        record_pack_header(&header, event.tlp.header);
        event.tlp.has_data = data_of(recording, tlp, &event.tlp.data);
    }
    write_event(recording, &event);
}

static void write_hold(struct record_tlps *recording, uint32_t egress, uint64_t until_cycle)
{
    struct record_event event = {
        .cycle = recording->free_cycle[egress], .port = (uint16_t)egress, .kind = RECORD_HOLD};
    event.hold.until_cycle = until_cycle;
    if (event.cycle < until_cycle)
        record_write_event(&event, recording->out);
}

static void write_credit(struct record_tlps *recording, const struct trace_record *trace)
{
    const struct link_update *update = trace->body;
    for (uint32_t p = 0; p < recording->sw->n_ports; p++) {
        if (recording->sw->ports[p].out.link->id != trace->component)
            continue;
        struct record_event event = {.cycle = cycle_of(recording, trace->time_ps),
                                     .port = (uint16_t)p,
                                     .kind = RECORD_CREDIT};
        event.credit.class = (enum tlp_class)(trace->port % CLASSES);
        event.credit.header = update->header;
        event.credit.data = update->data;
        record_write_event(&event, recording->out);
    }
}

static void on_trace(void *reader, const struct trace_record *trace)
{
    struct record_tlps *recording = reader;
    const struct pcie_switch *sw = recording->sw;
    if (trace->kind == TR_CREDIT) {
        write_credit(recording, trace);
        return;
    }
    if (trace->component != sw->component.id)
        return;
    const uint64_t cycle = cycle_of(recording, trace->time_ps);
    const struct tlp *tlp = trace->body;
    switch (trace->kind) {
    case TR_SWITCH_IN:
        write_tlp(recording, trace, RECORD_IN, cycle);
        return;
    case TR_SWITCH_OUT:
        recording->free_cycle[trace->port] =
            cycle - sw->params.crossbar_cycles + switch_beats(sw, tlp_wire_payload_bytes(tlp));
        write_tlp(recording, trace, RECORD_OUT, cycle);
        return;
    case TR_REFUSED:
        if (tlp_is_request(tlp) || !(tlp->attr & TLP_ATTR_GENERATED))
            write_tlp(recording, trace, RECORD_DROP, cycle);
        else /* the completion generator's cycle */
            write_tlp(recording, trace, RECORD_ANSWER, cycle + 1);
        return;
    case TR_SWITCH_BARRED:
        write_tlp(recording, trace, RECORD_BAR, cycle);
        return;
    case TR_SWITCH_STEERED:
        write_tlp(recording, trace, RECORD_STEER, cycle);
        return;
    case TR_SWITCH_MADE:
        write_tlp(recording, trace, RECORD_MAKE, cycle);
        return;
    case TR_SWITCH_TAKEN:
        write_tlp(recording, trace, RECORD_TAKE, cycle);
        return;
    case TR_SWITCH_ROOM:
        write_hold(recording, trace->port, cycle);
        return;
    case TR_SWITCH_WRITE:
        record_tables_note(recording->tables, trace->body);
        return;
    case TR_SWITCH_COMMAND:
        record_tables_note_command(recording->tables, trace->body, switch_current_cycle(sw));
        return;
    case TR_SWITCH_CLOSED:
        write_event(recording, &(struct record_event){.cycle = switch_current_cycle(sw),
                                                      .port = (uint16_t)trace->port,
                                                      .kind = RECORD_CLOSE});
        return;
    case TR_OP_DONE:
    case TR_LINK_SEND:
    case TR_DELIVERED:
    case TR_CREDIT:
    case TR_KINDS:
        break;
    }
    CHECK(false);
}

/* ---- head ---- */

static struct record_port head_of_port(const struct switch_port *port)
{
    const struct switch_tables *tables = &port->tables;
    const bool is_device = port->side == SWITCH_DEVICE;
    struct record_port out = {
        .is_named = true, .is_device = is_device, .owner_port = tables->owner_port};
    for (int class = 0; class < CLASSES; class ++) {
        const struct link_credit *credit = &port->out.link->credit[class];
        out.header_credits[class] = credit->header.infinite ? 0 : credit_available(&credit->header);
        out.data_credits[class] = credit->data.infinite ? 0 : credit_available(&credit->data);
    }
    record_tables_sizes(port, out.entries);
    return out;
}

static enum record_arbiter arbiter_of(enum arb_kind kind)
{
    switch (kind) {
    case ARB_KIND_ROUND_ROBIN:
        return RECORD_ROUND_ROBIN;
    case ARB_KIND_WEIGHTED:
        return RECORD_WEIGHTED;
    case ARB_KIND_AGE:
        return RECORD_AGE;
    case ARB_KIND_PRIORITY:
        return RECORD_PRIORITY;
    case ARB_KINDS:
        break;
    }
    CHECK(false);
}

static void write_head(const struct pcie_switch *sw, FILE *out)
{
    const struct switch_params *params = &sw->params;
    struct record head = {
        .clock_hz = params->clock_hz,
        .n_ports = sw->n_ports,
        .datapath_bytes = params->datapath_bytes,
        .mps_bytes = sw->fabric->mps_bytes,
        .vcs = sw->fabric->vcs,
        .ingress_cycles = params->ingress_cycles,
        .remap_cycles = params->remap_cycles,
        .edit_cycles = params->edit_cycles,
        .crossbar_cycles = params->crossbar_cycles,
        .arbiter = arbiter_of(params->arbiter),
        .voq = params->voq,
        .remap_pipelined = params->remap_pipelined,
        .remap_fetch = params->remap_fetch,
        .ports = calloc(sw->n_ports, sizeof *head.ports),
    };
    CHECK(head.ports);
    snprintf(head.name, sizeof head.name, "%s", params->name);
    for (uint32_t p = 0; p < sw->n_ports; p++)
        head.ports[p] = head_of_port(&sw->ports[p]);
    record_write_head(&head, out);
    record_free(&head);
}

/* ---- begin and end ---- */

struct record_tlps *record_tlps_begin(const struct pcie_switch *sw, FILE *out)
{
    struct record_tlps *recording = calloc(1, sizeof *recording);
    CHECK(recording);
    recording->sw = sw;
    recording->out = out;
    recording->serials = calloc(sw->fabric->tlps.capacity, sizeof *recording->serials);
    recording->free_cycle = calloc(sw->n_ports, sizeof *recording->free_cycle);
    CHECK(recording->serials && recording->free_cycle);
    write_head(sw, out);
    recording->tables = record_tables_new(sw, out);
    record_tables_write_all(recording->tables);
    const uint32_t kinds = 1U << TR_SWITCH_BARRED | 1U << TR_SWITCH_IN | 1U << TR_SWITCH_OUT |
                           1U << TR_REFUSED | 1U << TR_SWITCH_STEERED | 1U << TR_SWITCH_MADE |
                           1U << TR_SWITCH_TAKEN | 1U << TR_SWITCH_ROOM | 1U << TR_SWITCH_WRITE |
                           1U << TR_SWITCH_COMMAND | 1U << TR_SWITCH_CLOSED | 1U << TR_CREDIT;
    trace_subscribe(&sw->fabric->sim->trace, kinds, on_trace, recording);
    return recording;
}

/* Up to here everything that leaves the switch has been seen: the cycle behind the last one whose
 * grants have been made. When nothing is under way any more nothing can leave later. */
static uint64_t end_cycle(const struct record_tlps *recording)
{
    const struct fabric *fabric = recording->sw->fabric;
    const uint64_t granted = cycle_of(recording, fabric->sim->now_ps);
    return fabric->tlps.in_use && granted < recording->last_cycle ? granted : recording->last_cycle;
}

void record_tlps_end(struct record_tlps *recording)
{
    const uint64_t last_write = record_tables_flush(recording->tables);
    if (recording->last_cycle < last_write)
        recording->last_cycle = last_write;
    record_write_end(end_cycle(recording), recording->out);
    record_tables_free(recording->tables);
    free(recording->serials);
    free(recording->free_cycle);
    free(recording);
}
