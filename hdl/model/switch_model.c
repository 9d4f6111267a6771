#include "switch_model.h"

#include "base/check.h"
#include "pcie/order.h"
#include <stddef.h>
#include <string.h>

enum { ANSWER_SLOT = -1 };
#define NO_BUS UINT32_MAX

static struct assignment_table table_of(const struct switch_model *model)
{
    return (struct assignment_table){N_FUNCTIONS, (struct assignment *)(uintptr_t)model->functions};
}

/* Nothing may start before InitFC: no credits, and not infinite. */
void switch_model_init(struct switch_model *model)
{
    struct assignment_table table;

    memset(model->egress, 0, sizeof *model - offsetof(struct switch_model, egress));
    assignment_init(&table, model->functions, N_FUNCTIONS);
    for (uint32_t p = 0; p < N_PORTS; p++) {
        port_init(&model->port[p], is_host(p));
        arb_init(&model->egress[p].grant, ARB_KIND_ROUND_ROBIN, N_PORTS, NULL);
        arb_init(&model->accept[p], ARB_KIND_ROUND_ROBIN, N_PORTS, NULL);
        for (int class = 0; class < CLASSES; class ++) {
            model->egress[p].header[class].mask = (1U << CREDIT_HEADER_BITS) - 1;
            model->egress[p].data[class].mask = (1U << CREDIT_DATA_BITS) - 1;
        }
    }
}

/* ---- the choice ---- */

static bool has_credits(const struct switch_egress *egress, enum tlp_class class, uint32_t units)
{
    return credit_allows(&egress->header[class], 1) && credit_allows(&egress->data[class], units);
}

static enum tlp_class class_of(const struct answer *answer)
{
    struct tlp_header header;

    CHECK(model_hdr_decode(answer->hdr, &header));
    return tlp_header_kinds[header.kind].class;
}

static uint32_t units_of(const struct answer *answer)
{
    return answer->hdr[HDR_WORDS - 1] >> 30 & 1;
}

/* The oldest of a queue, or -1. */
static int32_t head_of(const struct slot *now, int32_t egress, enum tlp_class class)
{
    int32_t head = -1;

    for (int s = 0; s < N_SLOTS; s++) {
        const struct slot *slot = &now[s];
        if (slot->queued && slot->to == egress && slot->class == class &&
            (head < 0 || slot->number < now[head].number))
            head = s;
    }
    return head;
}

/* True if no older TLP of @class for the same egress has @slot's ID. */
static bool other_id(const struct slot *now, const struct slot *slot, enum tlp_class class)
{
    for (int s = 0; s < N_SLOTS; s++)
        if (now[s].queued && now[s].to == slot->to && now[s].class == class &&
            now[s].number < slot->number && now[s].id == slot->id)
            return false;
    return true;
}

static bool may_pass(const struct slot *now, const struct slot *slot)
{
    for (enum tlp_class other = 0; other < CLASSES; other++) {
        const int32_t head = head_of(now, slot->to, other);
        if (other == slot->class || head < 0 || now[head].number > slot->number)
            continue;
        if (!order_may_pass(slot->class, other, slot->relaxed,
                            slot->ido && other_id(now, slot, other)))
            return false;
    }
    return true;
}

/* The slot that goes to @egress, or -1. */
static int32_t pick(const struct switch_egress *to, const struct slot *now, int32_t egress)
{
    int32_t best = -1;

    for (enum tlp_class class = 0; class < CLASSES; class ++) {
        const int32_t head = head_of(now, egress, class);
        if (head < 0 || !may_pass(now, &now[head]) || !has_credits(to, class, now[head].units))
            continue;
        if (best < 0 || now[head].number < now[best].number)
            best = head;
    }
    return best;
}

/* The slots with the beat that comes in this cycle. */
static void write_slot(const struct switch_port *port, const struct port_moves *moves,
                       struct slot *now, int32_t *writing)
{
    const struct beat *beat = &port->edit.beat;
    struct tlp_header header;

    if (!moves->writes)
        return;
    if (beat->sop) {
        CHECK(model_hdr_decode(beat->word, &header));
        const bool is_cpl = tlp_header_kinds[header.kind].family == FAMILY_COMPLETION;
        *writing = moves->new_slot;
        now[*writing] = (struct slot){
            .used = true,
            .queued = true,
            .to = port->edit.decided.to,
            .class = port->edit.found.class,
            .units = port->edit.found.units,
            .id = is_cpl ? header.completer : header.requester,
            .relaxed = header.relaxed_ordering,
            .ido = header.id_ordering,
            .number = port->arrivals,
        };
    }
    struct slot *slot = &now[*writing];
    CHECK(slot->n_beats < N_BEATS);
    slot->beat[slot->n_beats++] = *beat;
    if (beat->eop)
        *writing = -1;
}

/* What an ingress requests: slots by egress, N_SLOTS: an answer, -1: nothing. */
struct offer {
    int32_t slot[N_PORTS];
    struct slot now[N_SLOTS];
    int32_t writing;
};

static void make_offer(const struct switch_model *model, uint32_t p, const struct port_moves *moves,
                       uint64_t room, struct offer *out)
{
    const struct switch_port *port = &model->port[p];

    memcpy(out->now, port->slots, sizeof out->now);
    out->writing = port->writing;
    write_slot(port, moves, out->now, &out->writing);
    for (uint32_t e = 0; e < N_PORTS; e++)
        out->slot[e] = -1;
    if (port->reading >= 0) {
        if (out->now[port->reading].n_beats > port->read_beats)
            out->slot[port->reading_to] = port->reading;
        return;
    }
    for (uint32_t e = 0; e < N_PORTS; e++) {
        const struct switch_egress *to = &model->egress[e];
        if (!(room >> e & 1))
            continue;
        out->slot[e] = pick(to, out->now, (int32_t)e);
        if (out->slot[e] < 0 && e == p && moves->answer &&
            has_credits(to, class_of(moves->answer), units_of(moves->answer)))
            out->slot[e] = N_SLOTS;
    }
}

/* Grants and accepts, as decide and offer_grant of src/fabric/switch_crossbar.c. */
static void arbitrate(const struct switch_model *model, const struct switch_in *in,
                      const struct offer *offers, struct moves *out)
{
    uint64_t granted[N_PORTS] = {0};

    for (uint32_t e = 0; e < N_PORTS; e++) {
        const bool open = in->m_ready >> e & 1 || !model->egress[e].valid;
        bool busy = false;
        uint64_t want = 0;

        for (uint32_t p = 0; p < N_PORTS; p++) {
            busy |= model->port[p].reading >= 0 && model->port[p].reading_to == (int32_t)e;
            want |= (uint64_t)(model->port[p].reading < 0 && offers[p].slot[e] >= 0) << p;
        }
        const int32_t p = model_arb_pick(&model->egress[e].grant, want);
        if (p != ARB_NONE && open && !busy)
            granted[p] |= UINT64_C(1) << e;
    }
    for (uint32_t p = 0; p < N_PORTS; p++) {
        const struct switch_port *port = &model->port[p];
        int32_t e =
            port->reading < 0 ? model_arb_pick(&model->accept[p], granted[p]) : port->reading_to;

        if (port->reading >= 0 &&
            (offers[p].slot[e] < 0 || !(in->m_ready >> e & 1 || !model->egress[e].valid)))
            e = NO_EGRESS;
        out->take[p] = e == ARB_NONE ? NO_EGRESS : e;
        out->slot[p] = out->take[p] == NO_EGRESS      ? ANSWER_SLOT
                       : offers[p].slot[e] == N_SLOTS ? ANSWER_SLOT
                                                      : offers[p].slot[e];
    }
}

static bool is_refused(const struct switch_model *model, const struct switch_write *write)
{
    if (!write->valid)
        return false;
    return write->port >= N_PORTS || port_refuses(&model->port[write->port], is_host(write->port),
                                                  write, !model->port[write->port].emulating);
}

/* The lowest free tags of each device port, to hosts in their order. */
static void give_tags(const struct switch_model *model, struct moves *out)
{
    uint32_t next[N_PORTS] = {0};

    for (uint32_t p = 0; p < N_UP; p++) {
        struct decided *decided = &out->port[p].decided;
        const int32_t to = decided->to;

        if (!decided->wants_tag || to == NO_EGRESS || is_host((uint32_t)to))
            continue;
        while (next[to] < N_TAGS && model->port[to].tags[next[to]].busy)
            next[to]++;
        if (next[to] == N_TAGS)
            continue;
        decided->tag = next[to]++;
        decided->proxied = true;
        decided->again = false;
        decided->outcome = FORWARD;
    }
}

void switch_model_moves(const struct switch_model *model, const struct switch_in *in,
                        struct moves *out)
{
    static struct offer offers[N_PORTS];
    const struct assignment_table table = table_of(model);

    for (uint32_t p = 0; p < N_PORTS; p++)
        port_decide(model, p, in, &out->port[p]);
    give_tags(model, out);
    for (uint32_t p = 0; p < N_PORTS; p++) {
        port_moves(model, p, in, &out->port[p]);
        make_offer(model, p, &out->port[p], in->m_room, &offers[p]);
    }
    arbitrate(model, in, offers, out);
    out->w_refused = is_refused(model, &in->write);
    out->result =
        assignment_judge(&table, in->command.function, in->command.command, &in->command.place);
}

const struct beat *switch_model_beat(const struct switch_model *model, const struct moves *moves,
                                     uint32_t p, struct beat *memory)
{
    const struct switch_port *port = &model->port[p];
    const int32_t slot = moves->slot[p];
    const uint32_t n = port->reading >= 0 ? port->read_beats : 0;

    if (slot == ANSWER_SLOT) {
        const struct answer *answer = moves->port[p].answer;
        memset(memory, 0, sizeof *memory);
        memcpy(memory->word, answer->hdr, sizeof answer->hdr);
        memory->word[DATA_LANE] = answer->data;
        memory->word[BEAT_WORDS - 1] = units_of(answer);
        memory->sop = memory->eop = true;
        return memory;
    }
    /* The beat may be on its way into the buffer. */
    const bool through =
        slot == moves->port[p].new_slot ||
        (moves->port[p].writes && port->writing == slot && port->slots[slot].n_beats == n);
    return through ? &port->edit.beat : &port->slots[slot].beat[n];
}

/* ---- the edge ---- */

static void spend(struct switch_egress *egress, enum tlp_class class, uint32_t units)
{
    credit_consume(&egress->header[class], 1);
    credit_consume(&egress->data[class], units);
    egress->header_out[class]++;
    egress->data_out[class] += units;
}

/* A TLP begins to leave. */
static void begin(struct switch_model *model, uint32_t p, const struct moves *moves)
{
    const int32_t e = moves->take[p], s = moves->slot[p];
    struct switch_egress *egress = &model->egress[e];
    struct slot *slot = &model->port[p].slots[s == ANSWER_SLOT ? 0 : s];

    arb_granted(&egress->grant, p);
    arb_granted(&model->accept[p], (uint32_t)e);
    if (s == ANSWER_SLOT) {
        spend(egress, class_of(moves->port[p].answer), units_of(moves->port[p].answer));
        return;
    }
    spend(egress, slot->class, slot->units);
    slot->queued = false;
    model->port[p].read_beats = 0;
    model->port[p].reading_to = e;
}

/* A beat into the buffer, and one out of it, which may be the same. */
static void tick_buffer(struct switch_model *model, uint32_t p, const struct moves *moves)
{
    struct switch_port *port = &model->port[p];
    const int32_t e = moves->take[p], s = moves->slot[p];
    struct beat memory, beat = {0};

    if (e != NO_EGRESS)
        beat = *switch_model_beat(model, moves, p, &memory);
    write_slot(port, &moves->port[p], port->slots, &port->writing);
    port->arrivals += moves->port[p].new_slot >= 0;
    port->left = false;
    if (e == NO_EGRESS)
        return;
    model->egress[e].valid = true;
    model->egress[e].beat = beat;
    if (port->reading < 0)
        begin(model, p, moves);
    if (s == ANSWER_SLOT)
        return;
    port->read_beats++;
    port->reading = beat.eop ? -1 : s;
    if (!beat.eop)
        return;
    port->left = true;
    port->left_class = port->slots[s].class;
    port->left_units = port->slots[s].units;
    port->slots[s].used = false;
}

/* The queue of answers, of which the first may have gone. */
static void tick_answer_queue(struct switch_model *model, uint32_t p, const struct switch_in *in,
                              const struct moves *moves)
{
    struct switch_port *port = &model->port[p];
    const bool gone = moves->take[p] != NO_EGRESS && moves->slot[p] == ANSWER_SLOT;
    const struct answer *comes = port->generated          ? &port->generator
                                 : in->own_valid >> p & 1 ? &in->own[p]
                                                          : NULL;

    if (port->n_answers == N_ANSWERS)
        comes = NULL;
    if (gone && port->n_answers > 0) {
        memmove(&port->answers[0], &port->answers[1],
                sizeof port->answers - sizeof port->answers[0]);
        port->n_answers--;
    } else if (gone) {
        comes = NULL;
    }
    if (comes)
        port->answers[port->n_answers++] = *comes;
}

static void tick_credits(struct switch_egress *egress, uint32_t e, const struct switch_in *in)
{
    for (int class = 0; class < CLASSES; class ++) {
        if (!(in->update_valid[e] >> class & 1))
            continue;
        credit_grant(&egress->header[class], in->update_header[e][class]);
        credit_grant(&egress->data[class], in->update_data[e][class]);
        egress->header_out[class] -= in->update_header[e][class];
        egress->data_out[class] -= in->update_data[e][class];
    }
    if (in->init_valid >> e & 1) {
        const uint8_t class = in->init_class[e];
        credit_init(&egress->header[class], CREDIT_HEADER_BITS, in->init_header[e]);
        credit_init(&egress->data[class], CREDIT_DATA_BITS, in->init_data[e]);
        egress->header_out[class] = egress->data_out[class] = 0;
    }
}

/* A completion of a request counts for the other side. A VF counts once a side in a cycle. */
static void tick_assignments(struct switch_model *model, const struct switch_in *in,
                             const struct moves *moves)
{
    struct assignment_table table = table_of(model);
    bool issued[ASSIGNMENT_SIDES][N_FUNCTIONS] = {{false}},
         done[ASSIGNMENT_SIDES][N_FUNCTIONS] = {{false}};

    assignment_pack(&table, model->read_index, &model->read);
    model->read_index = in->r_function;
    for (uint32_t p = 0; p < N_PORTS; p++) {
        const struct found *found = &model->port[p].second.found;
        const struct decided *decided = &moves->port[p].decided;

        if (!moves->port[p].decides || !moves->port[p].enable || !decided->counts ||
            decided->outcome != FORWARD)
            continue;
        const bool downstream = is_host(p);
        if (decided->reheads) {
            done[ASSIGNMENT_HOST][decided->function] = true;
        } else if (found->class == CLASS_NONPOSTED) {
            issued[downstream ? ASSIGNMENT_HOST : ASSIGNMENT_DEVICE][decided->function] = true;
        } else if (found->class == CLASS_COMPLETION) {
            const struct tlp_header *h = &found->header;
            const uint32_t bytes = h->length_dw * 4U - (h->lower_address & 3U);
            if (!found->has_data || bytes >= h->byte_count)
                done[downstream ? ASSIGNMENT_DEVICE : ASSIGNMENT_HOST][decided->function] = true;
        }
    }
    for (unsigned side = 0; side < ASSIGNMENT_SIDES; side++)
        for (uint32_t f = 0; f < N_FUNCTIONS; f++) {
            struct assignment *a = &model->functions[f];
            if (done[side][f] && a->in_flight[side] > 0)
                a->in_flight[side]--;
            if (issued[side][f] && assignment_admits(&table, f))
                assignment_issue(&table, f, side);
        }
    /* Judged on the state at the start of the cycle. */
    if (moves->result == ASSIGNMENT_OK)
        assignment_do(&table, in->command.function, in->command.command, &in->command.place);
}

/* A Type 0 write tells a device its bus. */
static void capture_buses(const struct switch_model *model, const struct moves *moves,
                          uint32_t buses[N_PORTS])
{
    for (uint32_t p = 0; p < N_PORTS; p++)
        buses[p] = NO_BUS;
    for (uint32_t p = 0; p < N_UP; p++) {
        const struct stage *stage = &model->port[p].second;
        const struct decided *decided = &moves->port[p].decided;
        const enum tlp_header_kind kind = stage->found.header.kind;
        const bool writes = kind == TLPH_CFGWR_0 || kind == TLPH_CFGWR_1;
        const bool type_one = stage->bus.type == 2 ? kind == TLPH_CFGWR_1 : stage->bus.type == 1;

        if (!moves->port[p].decides || !moves->port[p].enable || decided->outcome != FORWARD ||
            decided->proxied || stage->found.kind != POOL_CONFIG || !writes || type_one)
            continue;
        const uint32_t bus = stage->found.header.target >> 8;
        buses[decided->to] = buses[decided->to] == NO_BUS ? bus : buses[decided->to] | bus;
    }
}

void switch_model_tick(struct switch_model *model, const struct switch_in *in,
                       const struct moves *moves)
{
    uint32_t buses[N_PORTS];

    if (in->rst) {
        for (uint32_t p = 0; p < N_UP; p++)
            port_tick_emulator(&model->port[p]);
        const struct assignment_table table = table_of(model);
        struct pool_entry read;

        assignment_pack(&table, model->read_index, &read);
        switch_model_init(model);
        model->read = read;
        model->read_index = in->r_function;
        return;
    }
    for (uint32_t e = 0; e < N_PORTS; e++)
        if (in->m_ready >> e & 1)
            model->egress[e].valid = false;
    tick_assignments(model, in, moves);
    port_tick_tags(model, moves, in);
    capture_buses(model, moves, buses);
    for (uint32_t p = 0; p < N_PORTS; p++) {
        tick_buffer(model, p, moves);
        tick_answer_queue(model, p, in, moves);
    }
    for (uint32_t e = 0; e < N_PORTS; e++)
        tick_credits(&model->egress[e], e, in);
    for (uint32_t p = 0; p < N_PORTS; p++)
        port_tick(model, p, in, moves);
    for (uint32_t p = N_UP; p < N_PORTS; p++)
        if (buses[p] != NO_BUS)
            model->port[p].device_bus = (uint8_t)buses[p];
}
