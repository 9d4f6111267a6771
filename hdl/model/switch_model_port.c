#include "switch_model.h"

#include "base/check.h"
#include "model_tables.h"
#include "pcie/tlp_check.h"
#include <stddef.h>
#include <string.h>

enum { UR = 1, PAGE = 12, DW_BYTES = 4 };

/* ---- tables ---- */

static struct addr_map *addr_map_of(const struct switch_port *port)
{
    return (struct addr_map *)(uintptr_t)port->addr_memory;
}

void port_init(struct switch_port *port, bool host)
{
    const uint32_t n = host ? N_ID_DOWN : N_ID_UP;

    CHECK(id_map_bytes(n) <= MAP_BYTES && addr_map_bytes(N_ADDR) <= MAP_BYTES);
    /* A reset keeps the rows of the shadow. */
    memset(port, 0, offsetof(struct switch_port, rows));
    id_map_pipe_init(&port->id, id_map_init(port->id_memory, n), host);
    addr_map_init(port->addr_memory, N_ADDR);
    port->first.addr_match = -1;
    port->writing = port->reading = -1;
}

static uint64_t field(const struct vector *entry, enum table_field_name name)
{
    return bits_get(entry, table_fields[name].lsb, table_fields[name].width);
}

static struct id_map_pipe_in id_write(const struct switch_write *write, bool host)
{
    struct id_map_pipe_in in = {.index = write->index};
    const struct vector *entry = &write->entry;

    if (!write->valid || write->table != (host ? 1 : 0))
        return in;
    in.write = true;
    if (host) {
        in.entry_valid = field(entry, ID_DOWN_VALID);
        in.entry_key = (struct id_key){(uint16_t)field(entry, ID_DOWN_KEY_PORT),
                                       (uint16_t)field(entry, ID_DOWN_KEY_RID)};
        in.entry_value = (struct id_value){(uint16_t)field(entry, ID_DOWN_PORT),
                                           (uint16_t)field(entry, ID_DOWN_RID),
                                           (uint32_t)field(entry, ID_DOWN_FUNCTION)};
        in.index %= N_ID_DOWN;
        return in;
    }
    in.entry_valid = field(entry, ID_UP_VALID);
    in.entry_key = (struct id_key){(uint16_t)field(entry, ID_UP_KEY_PORT),
                                   (uint16_t)field(entry, ID_UP_KEY_RID)};
    in.entry_value =
        (struct id_value){(uint16_t)field(entry, ID_UP_PORT), (uint16_t)field(entry, ID_UP_RID),
                          (uint32_t)field(entry, ID_UP_FUNCTION)};
    in.index %= N_ID_UP;
    return in;
}

static struct addr_entry addr_of(const struct vector *entry)
{
    return (struct addr_entry){.user_base = field(entry, ADDR_MAP_KEY_BASE),
                               .log2_bytes = (uint8_t)field(entry, ADDR_MAP_KEY_LOG2_BYTES),
                               .owner_base = field(entry, ADDR_MAP_BASE),
                               .port = (uint16_t)field(entry, ADDR_MAP_PORT),
                               .function = (uint32_t)field(entry, ADDR_MAP_FUNCTION)};
}

/* addr_map_write's answer; the write is undone. */
static bool addr_refuses(const struct switch_port *port, uint32_t index,
                         const struct addr_entry *entry)
{
    static unsigned char saved[MAP_BYTES];

    memcpy(saved, port->addr_memory, MAP_BYTES);
    const bool refused = addr_map_write(addr_map_of(port), index, entry) != ADDR_MAP_OK;
    memcpy((void *)(uintptr_t)port->addr_memory, saved, MAP_BYTES);
    return refused;
}

bool port_refuses(const struct switch_port *port, bool host, const struct switch_write *write,
                  bool emulator_idle)
{
    const struct id_map_pipe_in ids = id_write(write, host);
    const struct addr_entry addr = addr_of(&write->entry);

    switch (write->table) {
    case 0:
        return host || id_map_pipe_refuses(&port->id, &ids);
    case 1:
        return !host || id_map_pipe_refuses(&port->id, &ids);
    case 2:
        return !host || (field(&write->entry, ADDR_MAP_VALID) &&
                         addr_refuses(port, write->index % N_ADDR, &addr));
    case 6:
        return host;
    case 7:
        return !host || !emulator_idle;
    default:
        return !host;
    }
}

static void write_addr(struct switch_port *port, uint32_t index, const struct vector *entry)
{
    const struct addr_entry addr = addr_of(entry);

    addr_map_invalidate(addr_map_of(port), index);
    if (!field(entry, ADDR_MAP_VALID))
        return;
    CHECK(addr_map_write(addr_map_of(port), index, &addr) == ADDR_MAP_OK);
    port->addr[index] = addr;
}

static void write_row(struct switch_port *port, const struct vector *entry)
{
    const uint64_t function = field(entry, CFG_SHADOW_KEY_FUNCTION);
    const uint64_t dw = field(entry, CFG_SHADOW_KEY_DW);

    if (function < N_EMULATED && dw < N_DWS)
        port->rows[function][dw] = (struct row){
            (uint32_t)field(entry, CFG_SHADOW_DATA), (uint32_t)field(entry, CFG_SHADOW_WRITE_MASK),
            (uint32_t)field(entry, CFG_SHADOW_W1C_MASK), field(entry, CFG_SHADOW_PASS)};
}

/* All tables but the ID map, which writes itself. */
static void write_table(struct switch_port *port, const struct switch_write *write)
{
    const struct vector *entry = &write->entry;
    const uint32_t index = write->index;

    switch (write->table) {
    case 2:
        write_addr(port, index % N_ADDR, entry);
        break;
    case 3:
        port->lent[index % N_LENT] =
            (struct lent_range){field(entry, ADDR_MAP_VALID), field(entry, ADDR_MAP_KEY_BASE),
                                (uint8_t)field(entry, ADDR_MAP_KEY_LOG2_BYTES)};
        break;
    case 4:
        port->window[index % N_WINDOWS] =
            (struct window){field(entry, WINDOW_VALID), field(entry, WINDOW_KEY_BASE),
                            field(entry, WINDOW_KEY_LIMIT), (uint16_t)field(entry, WINDOW_PORT)};
        break;
    case 5:
        port->bus[index % BUSES] = (struct bus){field(entry, BUS_VALID),
                                                (uint8_t)field(entry, BUS_KIND),
                                                (uint8_t)field(entry, BUS_TYPE),
                                                (uint16_t)field(entry, BUS_PORT),
                                                (uint16_t)field(entry, BUS_FIRST_FUNCTION),
                                                (uint16_t)field(entry, BUS_N_FUNCTIONS)};
        break;
    case 6:
        port->owner_port = (uint16_t)field(entry, PORT_OWNER_PORT);
        port->has_owner = field(entry, PORT_VALID);
        port->proxy_rid = (uint16_t)field(entry, PORT_PROXY_RID);
        port->device_bus = (uint8_t)field(entry, PORT_DEVICE_BUS);
        break;
    case 7:
        write_row(port, entry);
        break;
    default:
        break;
    }
}

/* ---- what the tables say ---- */

/* The rules that the parser's header leaves to the endpoints. */
static bool is_malformed(const struct tlp_header *header, uint32_t mps_bytes)
{
    const struct tlp_limits limits = {.mps_bytes = mps_bytes};
    const enum tlp_family family = tlp_header_kinds[header->kind].family;
    const enum tlp_defect defect = tlp_check(header, &limits);

    if (family == FAMILY_MESSAGE || family == FAMILY_COMPLETION)
        return defect == DEFECT_MPS;
    return defect != DEFECT_NONE;
}

static struct found parse(const struct beat *beat, uint32_t mps_bytes)
{
    struct found found = {0};

    found.is_tlp = model_hdr_decode(beat->word, &found.header);
    found.malformed = !found.is_tlp || is_malformed(&found.header, mps_bytes);
    if (!found.is_tlp)
        return found;
    const struct tlp_header_info *info = &tlp_header_kinds[found.header.kind];
    found.kind = (enum pool_kind)model_pool_kind(&found.header);
    found.class = info->class;
    found.has_data = info->has_data;
    found.units =
        info->has_data ? credit_data_units((uint32_t)found.header.length_dw * DW_BYTES) : 0;
    return found;
}

static uint16_t target_of(const struct tlp_header *header)
{
    return tlp_header_kinds[header->kind].family == FAMILY_COMPLETION ? header->requester
                                                                      : header->target;
}

/* What a look-up by ID asks for: downstream the target, upstream the source. */
static struct id_key key_of(const struct tlp_header *header, uint32_t p)
{
    const bool is_cpl = tlp_header_kinds[header->kind].family == FAMILY_COMPLETION;

    if (is_host(p))
        return (struct id_key){(uint16_t)p, target_of(header)};
    return (struct id_key){(uint16_t)p, is_cpl ? header->completer : header->requester};
}

/* The Owner's routes, when the look-up ends. */
static void find_routes(const struct switch_port *port, struct stage *stage)
{
    const struct tlp_header *header = &stage->found.header;
    const uint64_t page = header->address >> PAGE;

    stage->in_window = stage->lent = false;
    for (int i = 0; i < N_WINDOWS; i++) {
        const struct window *w = &port->window[i];
        if (w->valid && page >= w->base && page <= w->limit) {
            stage->in_window = true;
            stage->window_port = w->port;
        }
    }
    for (int i = 0; i < N_LENT; i++) {
        const struct lent_range *l = &port->lent[i];
        stage->lent |= l->valid && (l->base ^ header->address) >> l->log2_bytes == 0;
    }
    stage->bus = port->bus[target_of(header) >> 8];
}

static int32_t egress_of(uint32_t port)
{
    return port < N_PORTS ? (int32_t)port : NO_EGRESS;
}

static bool is_lent_id(const struct switch_model *model, uint32_t port, uint16_t rid)
{
    if (port >= N_PORTS || is_host(port))
        return false;
    return id_map_find(model->port[port].id.map, (struct id_key){(uint16_t)port, rid}) >= 0;
}

static enum pool_tlp message_kind(uint8_t code)
{
    switch (code) {
    case 0x30:
    case 0x31:
    case 0x33:
        return POOL_TLP_MSG_ERROR;
    case 0x18:
    case 0x1b:
        return POOL_TLP_MSG_PME;
    case 0x00:
    case 0x14:
    case 0x19:
    case 0x50:
        return POOL_TLP_MSG_PORT;
    default:
        return code >= 0x20 && code <= 0x27 ? POOL_TLP_MSG_INTX : POOL_TLP_MSG_VENDOR;
    }
}

static struct decided decide_message(const struct switch_model *model, uint32_t p,
                                     const struct stage *stage)
{
    const struct tlp_header *header = &stage->found.header;
    const struct switch_port *port = &model->port[p];
    struct pool_query query = {.tlp = message_kind(header->msg_code), .downstream = is_host(p)};
    struct decided decided = {.outcome = SINK, .to = NO_EGRESS};

    if (is_host(p)) {
        query.owner = header->msg_routing == MSG_BY_ID && stage->bus.valid && stage->bus.kind == 0;
        query.lent = query.owner && is_lent_id(model, stage->bus.port, header->target);
        decided.to = egress_of(stage->bus.port);
    } else {
        query.hit = stage->id_hit;
        decided.to = egress_of(stage->id_hit ? stage->id.port : port->owner_port);
        if (!query.hit && !port->has_owner)
            decided.to = NO_EGRESS;
        decided.remap = query.hit;
    }
    const enum pool_action action = classify_tlp(&query);
    const bool goes = action == POOL_ACT_FORWARD || action == POOL_ACT_REMAP;
    if (goes && decided.to != NO_EGRESS)
        decided.outcome = FORWARD;
    decided.drops = decided.outcome == SINK && !(is_host(p) && query.tlp == POOL_TLP_MSG_PORT);
    return decided;
}

static bool is_admitted(const struct switch_model *model, uint32_t function)
{
    const struct assignment_table table = {N_FUNCTIONS,
                                           (struct assignment *)(uintptr_t)model->functions};

    return assignment_admits(&table, function % N_FUNCTIONS);
}

/* A request for a function that is lent to the host: to the VF when the shadow says so. */
static void decide_user(const struct switch_model *model, uint32_t p, const struct stage *stage,
                        const struct switch_in *in, struct decided *decided)
{
    const struct tlp_header *header = &stage->found.header;
    const struct switch_port *port = &model->port[p];
    const uint32_t dw = header->register_dw;
    const uint16_t e = (uint16_t)(stage->bus.first_function + (header->target & 0xff));

    decided->user = true;
    decided->emulated = e;
    if (e >= N_EMULATED || dw >= N_DWS || !(in->present >> (p * N_EMULATED + e) & 1) ||
        !(in->ready >> (p * N_EMULATED + e) & 1) || !port->rows[e][dw].pass || !stage->id_hit)
        return;
    decided->function = stage->id.function % N_FUNCTIONS;
    decided->counts = in->counting;
    decided->again = true; /* until a tag is found */
    decided->undrained = in->counting && !is_admitted(model, stage->id.function);
    decided->wants_tag = !decided->undrained;
    decided->to = egress_of(stage->id.port);
    decided->entry = (struct proxy_entry){
        .host_port = (uint16_t)p,
        .rid = header->requester,
        .tag = header->tag,
        .user_rid = header->target,
        .function = (uint16_t)stage->id.function,
        .epoch = model->functions[decided->function].epoch,
    };
}

static struct decided decide_config(const struct switch_model *model, uint32_t p,
                                    const struct stage *stage, const struct switch_in *in)
{
    const struct tlp_header *header = &stage->found.header;
    const struct bus *bus = &stage->bus;
    const bool type0 = header->kind == TLPH_CFGRD_0 || header->kind == TLPH_CFGWR_0;
    const bool owned = bus->valid && bus->kind == 0;
    struct decided decided = {.outcome = EMULATE, .to = NO_EGRESS};

    if (!is_host(p))
        return decided;
    if (type0 ? !(owned && bus->type == 2) : bus->valid && bus->kind == 2) {
        decided.outcome = LOCAL;
    } else if (owned && !is_lent_id(model, bus->port, header->target) &&
               egress_of(bus->port) != NO_EGRESS) {
        decided.outcome = FORWARD;
        decided.to = egress_of(bus->port);
    } else if (bus->valid && bus->kind == 1 && bus->type == 0 &&
               (header->target & 0xff) < bus->n_functions) {
        decide_user(model, p, stage, in, &decided);
    }
    return decided;
}

/* The completion of a request that the switch passed on, or made itself. */
static struct decided decide_rehead(const struct switch_model *model, uint32_t p,
                                    const struct stage *stage, bool counting)
{
    const struct switch_port *port = &model->port[p];
    const uint16_t tag = stage->found.header.tag;
    struct decided decided = {.outcome = SINK, .to = NO_EGRESS, .reheads = true, .tag = N_TAGS};

    if (tag < N_TAGS && port->tags[tag].busy) {
        const struct proxy_entry *entry = &port->tags[tag].entry;
        const uint16_t function = (uint16_t)(stage->id_hit ? stage->id.function : entry->function);
        const uint8_t epoch =
            (uint8_t)(model->functions[function % N_FUNCTIONS].epoch + !stage->id_hit);
        const bool own = port->tags[tag].own;

        if (own || entry->function == function)
            decided.tag = tag;
        if (own || (entry->function == function && entry->epoch == epoch)) {
            decided.to = own ? NO_EGRESS : egress_of(entry->host_port);
            decided.entry = *entry;
            decided.mask = port->tags[tag].mask;
            decided.data = port->tags[tag].data;
            decided.function = function % N_FUNCTIONS;
            decided.counts = counting;
            decided.outcome = decided.to == NO_EGRESS ? SINK : FORWARD;
            return decided;
        }
    }
    decided.stale = true;
    return decided;
}

static struct decided decide(const struct switch_model *model, uint32_t p,
                             const struct stage *stage, const struct switch_in *in)
{
    const bool counting = in->counting;
    const struct switch_port *port = &model->port[p];
    const struct found *found = &stage->found;
    const bool is_cpl = found->kind == POOL_COMPLETION;
    const bool non_posted = found->class == CLASS_NONPOSTED;
    struct decided decided = {.outcome = SINK, .to = NO_EGRESS, .drops = true};
    enum pool_verdict verdict;
    uint32_t function;

    if (found->malformed)
        return decided;
    if (found->kind == POOL_MESSAGE)
        return decide_message(model, p, stage);
    if (found->kind == POOL_CONFIG)
        return decide_config(model, p, stage, in);
    if (is_cpl && !is_host(p) && port->has_owner && found->header.requester == port->proxy_rid)
        return decide_rehead(model, p, stage, counting);
    decided.drops = false;
    if (found->kind == POOL_IO) {
        decided.outcome = EMULATE;
        return decided;
    }
    if (!is_host(p)) {
        verdict = classify_upstream(found->kind, stage->id_hit);
        decided.to = stage->id_hit      ? egress_of(stage->id.port)
                     : !port->has_owner ? NO_EGRESS
                                        : egress_of(port->owner_port);
        function = stage->id.function;
    } else if (is_cpl) {
        const bool owner = stage->bus.valid && stage->bus.kind == 0;

        verdict = classify_downstream(found->kind, stage->id_hit, owner,
                                      is_lent_id(model, stage->bus.port, found->header.requester));
        decided.to = stage->id_hit ? egress_of(stage->id.port)
                     : owner       ? egress_of(stage->bus.port)
                                   : NO_EGRESS;
        function = stage->id.function;
    } else {
        verdict = classify_downstream(found->kind, stage->addr_hit, stage->in_window, stage->lent);
        decided.to = stage->addr_hit    ? egress_of(stage->addr.port)
                     : stage->in_window ? egress_of(stage->window_port)
                                        : NO_EGRESS;
        function = stage->addr.function;
    }
    decided.remap = verdict == POOL_REMAP;
    decided.function = function % N_FUNCTIONS;
    decided.counts = counting && decided.remap;
    decided.undrained = decided.counts && non_posted && !is_admitted(model, decided.function);
    if (decided.to == NO_EGRESS || verdict == POOL_DROP || verdict == POOL_UNSUPPORTED ||
        decided.undrained)
        decided.outcome = non_posted ? REFUSE : SINK;
    else
        decided.outcome = FORWARD;
    decided.drops = decided.outcome == SINK;
    return decided;
}

/* ---- a cycle ---- */

void port_decide(const struct switch_model *model, uint32_t p, const struct switch_in *in,
                 struct port_moves *out)
{
    const struct switch_port *port = &model->port[p];

    memset(out, 0, sizeof *out);
    out->new_slot = -1;
    out->decides = port->second.valid && port->second.beat.sop;
    if (out->decides)
        out->decided = decide(model, p, &port->second, in);
}

void port_moves(const struct switch_model *model, uint32_t p, const struct switch_in *in,
                struct port_moves *out)
{
    const struct switch_port *port = &model->port[p];
    const struct beat *edited = &port->edit.beat;
    const bool loads = is_host(p) && in->write.valid && in->write.table == 7 && in->write.port == p;
    const bool begins = port->edit.valid && edited->sop;
    const bool answers = port->emulated && !port->asked_for.proxied; /* wants the generator */
    const bool asks = out->decides && (out->decided.outcome == EMULATE || out->decided.proxied);
    bool takes = true; /* what is behind the editor */

    out->answers_free = port->n_answers < N_ANSWERS;
    out->generator_free = out->answers_free || !port->generated;
    out->emulator_done = port->emulated && (port->asked_for.proxied || out->generator_free);
    out->stall = asks && (loads || (port->emulating && !out->emulator_done));
    for (int s = N_SLOTS - 1; s >= 0; s--)
        if (begins && !port->slots[s].used)
            out->new_slot = s;
    switch (port->edit.decided.outcome) {
    case FORWARD:
        takes = !edited->sop || out->new_slot >= 0;
        break;
    case REFUSE:
        takes = !edited->sop || (out->generator_free && !answers);
        break;
    case LOCAL:
        takes = !edited->sop || in->local_ready >> p & 1;
        break;
    case EMULATE:
    case SINK:
        break;
    }
    out->enable_edit = takes || !port->edit.valid;
    out->enable = out->enable_edit && !out->stall;
    const bool moves = port->edit.valid && takes;
    out->writes = moves && port->edit.decided.outcome == FORWARD;
    if (!out->writes)
        out->new_slot = -1;
    out->refuses = moves && begins && port->edit.decided.outcome == REFUSE;
    out->local = begins && port->edit.decided.outcome == LOCAL;
    out->ends = moves && begins && port->edit.decided.outcome != FORWARD;
    out->emulates = asks && out->enable;
    if (port->n_answers > 0)
        out->answer = &port->answers[0];
    else if (port->generated)
        out->answer = &port->generator;
    else if (in->own_valid >> p & 1)
        out->answer = &in->own[p];
}

/* A request goes on in the switch's name, or a completion under its old one. */
static void rename_header(const struct switch_model *model, const struct stage *stage,
                          const struct decided *decided, struct tlp_header *header)
{
    const struct switch_port *device = &model->port[decided->to];

    if (decided->proxied) {
        header->requester = device->proxy_rid;
        header->target = stage->id.rid;
        header->tag = (uint16_t)decided->tag;
        header->kind = model_with_type(header->kind, stage->id.rid >> 8 != device->device_bus);
    } else {
        header->completer = decided->entry.user_rid;
        header->requester = decided->entry.rid;
        header->tag = decided->entry.tag;
    }
}

/* The beat as it goes on. */
static void edit(const struct switch_model *model, uint32_t p, const struct decided *decided,
                 uint32_t *words)
{
    const struct stage *stage = &model->port[p].second;
    const bool is_cpl = stage->found.kind == POOL_COMPLETION;
    const bool renamed = decided->proxied || decided->reheads;
    const bool retyped =
        stage->found.kind == POOL_CONFIG && !decided->proxied && stage->bus.type != 2;
    struct tlp_header header = stage->found.header;

    if (decided->outcome != FORWARD || !(retyped || renamed || decided->remap))
        return;
    header.has_digest = false;
    if (renamed) {
        rename_header(model, stage, decided, &header);
    } else if (retyped) {
        header.kind = model_with_type(header.kind, stage->bus.type == 1);
    } else if (!is_host(p)) {
        *(is_cpl ? &header.completer : &header.requester) = stage->id.rid;
    } else if (is_cpl) {
        header.requester = stage->id.rid;
    } else {
        header.address = stage->address;
        header.kind = model_with_size(header.kind, header.address >> 32 ? 4 : 3);
    }
    if (decided->reheads && stage->found.has_data)
        words[DATA_LANE] = (words[DATA_LANE] & ~decided->mask) | decided->data;
    model_hdr_encode(&header, words);
}

/* What the editor's register gets. */
static void tick_edit(const struct switch_model *model, struct switch_port *port, uint32_t p,
                      const struct port_moves *moves)
{
    port->edit.valid = port->second.valid && !moves->stall;
    port->edit.beat = port->second.beat;
    if (!moves->decides || moves->stall)
        return;
    port->edit.decided = moves->decided;
    port->edit.found = port->second.found;
    if (port->second.found.is_tlp && !port->second.found.malformed)
        edit(model, p, &moves->decided, port->edit.beat.word);
}

static void count(struct switch_model *model, const struct switch_port *port,
                  const struct port_moves *moves)
{
    const struct decided *decided = &port->edit.decided;

    if (moves->emulator_done && !port->asked_for.proxied && port_answer_status(port) == UR)
        model->unsupported++;
    if (!moves->ends)
        return;
    model->unsupported += decided->outcome == REFUSE;
    model->dropped += decided->drops;
    model->malformed += port->edit.found.malformed;
    model->stale += decided->stale;
    model->undrained += decided->undrained;
}

static void tick_look_up(struct switch_port *port, uint32_t p, const struct switch_write *write)
{
    struct stage *first = &port->first, *second = &port->second;
    const struct tlp_header *header = &port->parse.found.header;

    *second = *first;
    second->addr_hit = first->addr_match >= 0;
    if (second->addr_hit) {
        second->addr = port->addr[first->addr_match];
        CHECK(addr_map_find(addr_map_of(port), first->found.header.address, &second->address));
    }
    *first = port->parse;
    first->addr_match = -1;
    if (is_host(p) && first->valid && first->beat.sop && first->found.is_tlp) {
        uint64_t unused;
        const struct addr_entry *entry = addr_map_find(addr_map_of(port), header->address, &unused);
        if (entry)
            first->addr_match = (int32_t)addr_map_index(addr_map_of(port), entry);
        if (write->valid && write->table == 2 &&
            first->addr_match == (int32_t)write->index % N_ADDR)
            first->addr_match = -1;
    }
}

static void tick_parse(struct switch_port *port, uint32_t mps_bytes)
{
    port->parse.valid = port->in_skid > 0;
    if (!port->parse.valid)
        return;
    port->parse.beat = port->skid[0];
    if (port->parse.beat.sop)
        port->parse.found = parse(&port->parse.beat, mps_bytes);
    port->skid[0] = port->skid[1];
    port->in_skid--;
}

void port_tick(struct switch_model *model, uint32_t p, const struct switch_in *in,
               const struct moves *all)
{
    struct switch_port *port = &model->port[p];
    const struct port_moves *moves = &all->port[p];
    const bool comes = (in->s_valid >> p & 1) && port->in_skid < 2;
    struct switch_write write = in->write;
    struct id_map_pipe_in ids;

    write.valid = write.valid && write.port == p && !all->w_refused;
    count(model, port, moves);
    port_tick_answers(port, p, moves, in);
    if (moves->enable_edit)
        tick_edit(model, port, p, moves);
    ids = id_write(&write, is_host(p));
    ids.enable = moves->enable;
    ids.valid = port->parse.valid && port->parse.beat.sop && port->parse.found.is_tlp;
    ids.key = key_of(&port->parse.found.header, p);
    id_map_pipe_tick(&port->id, &ids);
    if (write.valid && write.table == 2 &&
        port->first.addr_match == (int32_t)(write.index % N_ADDR))
        port->first.addr_match = -1;
    if (moves->enable) {
        tick_look_up(port, p, &write);
        port->second.id_hit = port->id.hit;
        port->second.id = port->id.value;
    }
    if (write.valid)
        write_table(port, &write);
    if (moves->enable) {
        find_routes(port, &port->second);
        tick_parse(port, in->mps_bytes);
    }
    if (comes)
        port->skid[port->in_skid++] = in->s_beat[p];
}
