/* Lock-step family of pool_switch: the model of switch_model.h at the module's ports, and what
 * comes in. Most of the time TLPs of all kinds from everywhere to everywhere, with stalls, table
 * writes and few credits; now and then the switch runs empty, and then pairs of ports without
 * stalls, in which each TLP has to come out after 6 cycles, and each port has to have a beat in
 * every cycle. */
#define PORT_LIST "pool_switch.def"
#include "lockstep_ports.h"

#include "base/check.h"
#include "model_tables.h"
#include "switch_model.h"
#include <string.h>

enum {
    MPS_CODE = 1, /* 256 bytes */
    LATENCY = 6,
    MIX_CYCLES = 3000,
    EMPTY_CYCLES = 1500,
    SET_UP_CYCLES = 80, /* every entry of every port is freed, then pairs get theirs */
    RATE_CYCLES = 300,
    RIDS = 24,
    PAGES = 16, /* of a kind of address */
    PAGE_BYTES = 4096
};

enum phase { MIX, EMPTY, SET_UP, RATE };

struct bench {
    struct switch_model model;
    struct switch_in in;
    struct moves moves;
    /* Stimulus. */
    enum phase phase;
    uint32_t left;                     /* cycles of the phase */
    bool fresh;                        /* a reset was: what was being sent is gone */
    uint32_t beats[N_PORTS];           /* to come of the TLP under way */
    uint32_t inited[N_PORTS];          /* classes that had their InitFC */
    uint32_t stalls, writes, credits;  /* one in so many */
    uint32_t loading;                  /* function whose row is being written */
    uint32_t loaded[N_UP][N_EMULATED]; /* rows of emulated functions */
};

/* Behind a reset. Rows of the shadow have to be loaded again. */
static void begin_anew(struct bench *bench)
{
    memset(bench->beats, 0, sizeof bench->beats);
    memset(bench->inited, 0, sizeof bench->inited);
    memset(bench->loaded, 0, sizeof bench->loaded);
    bench->phase = MIX;
    bench->fresh = true;
    bench->left = MIX_CYCLES;
    bench->stalls = 4;
    bench->writes = 16;
    bench->credits = 3;
}

static void init(void *state)
{
    struct bench *bench = state;

    switch_model_init(&bench->model);
    begin_anew(bench);
}

/* ---- ports ---- */

static void get_words(const struct vector *in, enum in_port port, uint32_t at, uint32_t width,
                      uint32_t *out)
{
    for (uint32_t bit = 0; bit < width; bit += 32)
        out[bit / 32] = (uint32_t)port_get_at(in, &in_ports[port], at + bit,
                                              width - bit < 32 ? width - bit : 32);
}

static void expect_words(struct vector *out, struct vector *care, enum out_port port, uint32_t at,
                         uint32_t width, const uint32_t *words)
{
    for (uint32_t bit = 0; bit < width; bit += 32) {
        const uint32_t n = width - bit < 32 ? width - bit : 32;
        port_set_at(out, &out_ports[port], at + bit, n, words[bit / 32]);
        port_set_at(care, &out_ports[port], at + bit, n, UINT64_MAX);
    }
}

static void expect_at(struct vector *out, struct vector *care, enum out_port port, uint32_t at,
                      uint32_t width, uint64_t value)
{
    port_set_at(out, &out_ports[port], at, width, value);
    port_set_at(care, &out_ports[port], at, width, UINT64_MAX);
}

#define GET_AT(name, at, width)        port_get_at(in, &in_ports[IN_##name], (at), (width))
#define SET_AT(name, at, width, value) port_set_at(in, &in_ports[IN_##name], (at), (width), (value))

static void take_in(const struct vector *in, struct switch_in *out)
{
    out->rst = GET_IN(rst);
    out->mps_bytes = 128U << GET_IN(mps);
    out->s_valid = GET_IN(s_valid);
    out->m_ready = GET_IN(m_ready);
    out->m_room = GET_IN(m_room);
    out->local_ready = GET_IN(local_ready);
    out->own_valid = GET_IN(own_valid);
    out->init_valid = GET_IN(init_valid);
    for (uint32_t p = 0; p < N_PORTS; p++) {
        struct beat *beat = &out->s_beat[p];
        get_words(in, IN_s_beat, p * BEAT_W, BEAT_W, beat->word);
        beat->sop = GET_AT(s_sop, p, 1);
        beat->eop = GET_AT(s_eop, p, 1);
        get_words(in, IN_own_hdr, p * 128, 128, out->own[p].hdr);
        out->own[p].data = (uint32_t)GET_AT(own_data, p * 32, 32);
        out->init_class[p] = (uint8_t)GET_AT(init_class, p * 2, 2);
        out->init_header[p] = (uint32_t)GET_AT(init_header, p * 8, 8);
        out->init_data[p] = (uint32_t)GET_AT(init_data, p * 12, 12);
        out->update_valid[p] = (uint8_t)GET_AT(update_valid, p * CLASSES, CLASSES);
        for (uint32_t class = 0; class < CLASSES; class ++) {
            const uint32_t lane = p * CLASSES + class;
            out->update_header[p][class] = (uint32_t)GET_AT(update_header, lane * 8, 8);
            out->update_data[p][class] = (uint32_t)GET_AT(update_data, lane * 12, 12);
        }
    }
    out->write.valid = GET_IN(w_valid);
    out->write.table = (uint32_t)GET_IN(w_table);
    out->write.port = (uint32_t)GET_IN(w_port);
    out->write.index = (uint32_t)GET_IN(w_index);
    get_words(in, IN_w_entry, 0, ADDR_MAP_W, out->write.entry.word);
    out->counting = GET_IN(counting);
    out->command = (struct assignment_cycle){
        .function = (uint32_t)GET_IN(command_function),
        .command = (enum assignment_command)GET_IN(command),
        .place = {(uint16_t)GET_IN(place_port), (uint16_t)GET_IN(place_slot),
                  (uint16_t)GET_IN(place_function)},
    };
    out->present = GET_IN(present);
    out->ready = GET_IN(ready);
    out->r_function = (uint32_t)GET_IN(r_function);
}

/* Six cycles behind the first beat of pairs, every port has a beat in every cycle. */
static void check_rate(const struct bench *bench)
{
    const uint32_t cycle = RATE_CYCLES - bench->left;

    for (uint32_t p = 0; p < N_PORTS && bench->phase == RATE; p++)
        CHECK(bench->model.egress[p].valid == (cycle >= LATENCY));
}

static void expect_port(const struct bench *bench, uint32_t p, struct vector *out,
                        struct vector *care)
{
    const struct switch_port *port = &bench->model.port[p];
    const struct switch_egress *egress = &bench->model.egress[p];
    const struct port_moves *moves = &bench->moves.port[p];

    expect_at(out, care, OUT_s_ready, p, 1, port->in_skid < 2);
    expect_at(out, care, OUT_m_valid, p, 1, egress->valid);
    if (egress->valid) {
        expect_at(out, care, OUT_m_sop, p, 1, egress->beat.sop);
        expect_at(out, care, OUT_m_eop, p, 1, egress->beat.eop);
        expect_words(out, care, OUT_m_beat, p * BEAT_W, BEAT_W, egress->beat.word);
    }
    expect_at(out, care, OUT_freed_valid, p * 2, 1, port->left);
    if (port->left) {
        expect_at(out, care, OUT_freed_class, p * 4, 2, port->left_class);
        expect_at(out, care, OUT_freed_data, p * 18, 9, port->left_units);
    }
    expect_at(out, care, OUT_freed_valid, p * 2 + 1, 1, moves->ends);
    if (moves->ends && port->edit.found.is_tlp) {
        expect_at(out, care, OUT_freed_class, p * 4 + 2, 2, port->edit.found.class);
        expect_at(out, care, OUT_freed_data, p * 18 + 9, 9, port->edit.found.units);
    }
    expect_at(out, care, OUT_own_ready, p, 1, moves->answers_free && !port->generated);
    if (!is_host(p))
        return;
    expect_at(out, care, OUT_local_valid, p, 1, moves->local);
    if (!moves->local)
        return;
    expect_words(out, care, OUT_local_hdr, p * 128, 128, port->edit.beat.word);
    expect_words(out, care, OUT_local_data, p * 32, 32, &port->edit.beat.word[DATA_LANE]);
}

static void outputs(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care)
{
    struct bench *bench = (struct bench *)(uintptr_t)state; /* what is found is kept for tick */
    struct switch_model *model = &bench->model;
    const struct assignment_table table = {N_FUNCTIONS, model->functions};
    uint64_t acks = 0;

    take_in(in, &bench->in);
    switch_model_moves(model, &bench->in, &bench->moves);
    check_rate(bench);
    for (uint32_t p = 0; p < N_PORTS; p++)
        expect_port(bench, p, out, care);
    for (uint32_t f = 0; f < N_FUNCTIONS; f++)
        acks |= (uint64_t)assignment_drain_ack(&table, f) << f;
    EXPECT(drain_ack, acks);
    EXPECT(w_refused, bench->moves.w_refused);
    EXPECT(result, bench->moves.result);
    for (uint32_t at = 0; at < ASSIGNMENT_W; at += 32) {
        const uint32_t n = ASSIGNMENT_W - at < 32 ? ASSIGNMENT_W - at : 32;
        port_set_at(out, &out_ports[OUT_r_entry], at, n, pool_entry_get(&model->read, at, n));
    }
    CARE(r_entry);
    EXPECT(count_unsupported, model->unsupported);
    EXPECT(count_dropped, model->dropped);
    EXPECT(count_malformed, model->malformed);
    EXPECT(count_stale, model->stale);
    EXPECT(count_undrained, model->undrained);
}

static void tick(void *state, const struct vector *in, const struct vector *out)
{
    struct bench *bench = state;

    (void)out;
    /* The first cycles are not compared. */
    take_in(in, &bench->in);
    switch_model_moves(&bench->model, &bench->in, &bench->moves);
    switch_model_tick(&bench->model, &bench->in, &bench->moves);
    if (GET_IN(rst))
        begin_anew(bench);
    else if (GET_IN(w_valid) && GET_IN(w_table) == 7 && !bench->moves.w_refused)
        bench->loaded[GET_IN(w_port)][bench->loading]++;
}

/* ---- TLPs ---- */

static uint16_t draw_rid(uint64_t *rng)
{
    const uint32_t n = draw_below(rng, RIDS);

    return (uint16_t)((1 + n / 8) << 8 | n % 8);
}

enum region { USER, WINDOW, REGIONS };

/* A page of a region; some lie above 4 GiB. */
static uint64_t draw_page(uint64_t *rng, enum region region, uint32_t page)
{
    return ((uint64_t)region + 1) * 0x100 + page + (one_in(rng, 2) ? UINT64_C(0x100000) : 0);
}

static bool is_of(enum tlp_header_kind kind, enum tlp_family family)
{
    const enum tlp_family of = tlp_header_kinds[kind].family;

    return of == family || (family == FAMILY_MEMORY && of == FAMILY_ATOMIC);
}

static enum tlp_family draw_family(uint64_t *rng)
{
    static const enum tlp_family often[] = {
        FAMILY_MEMORY,     FAMILY_MEMORY,     FAMILY_MEMORY,  FAMILY_MEMORY, FAMILY_COMPLETION,
        FAMILY_COMPLETION, FAMILY_COMPLETION, FAMILY_MESSAGE, FAMILY_CONFIG, FAMILY_CONFIG};

    return one_in(rng, 6) ? (enum tlp_family)draw_below(rng, FAMILIES)
                          : often[draw_below(rng, sizeof often / sizeof often[0])];
}

static void draw_tlp(uint64_t *rng, struct tlp_header *out)
{
    static const uint8_t codes[] = {0x00, 0x14, 0x18, 0x19, 0x1b, 0x20,
                                    0x27, 0x30, 0x33, 0x50, 0x7e};
    const enum tlp_family family = draw_family(rng);
    struct tlp_header h;

    do
        model_draw_header(rng, &h);
    while (!is_of(h.kind, family));
    if (tlp_header_kinds[h.kind].has_data && !one_in(rng, 32))
        h.length_dw = (uint16_t)(1 + (h.length_dw - 1) % 64);
    if (h.length_dw == 1)
        h.last_be = 0;
    h.requester = draw_rid(rng);
    h.completer = draw_rid(rng);
    if (family == FAMILY_MEMORY && !one_in(rng, 32)) {
        h.address = (h.address & (PAGE_BYTES - 1)) |
                    draw_page(rng, (enum region)draw_below(rng, REGIONS), draw_below(rng, PAGES))
                        << 12;
        h.kind = model_with_size(h.kind, h.address >> 32 ? 4 : 3);
    }
    if (family == FAMILY_CONFIG) {
        h.target = draw_rid(rng) & (one_in(rng, 4) ? 0xffff : 0xff03);
        if (!one_in(rng, 4))
            h.kind = model_with_type(h.kind, true);
        if (!one_in(rng, 16)) {
            h.length_dw = 1;
            h.last_be = h.tc = 0;
            h.relaxed_ordering = h.no_snoop = false;
        }
        h.register_dw = (uint16_t)draw_below(rng, one_in(rng, 16) ? 1024 : N_DWS);
    }
    if (family == FAMILY_MESSAGE && one_in(rng, 2)) {
        h.msg_routing = MSG_BY_ID;
        h.msg_bits &= UINT64_MAX >> 16;
        h.target = draw_rid(rng);
    }
    if (family == FAMILY_MESSAGE && !one_in(rng, 4))
        h.msg_code = codes[draw_below(rng, sizeof codes)];
    *out = h;
}

/* Makes a host's configuration request one for a function that it is lent, and a completion one of
 * a request that was passed on. */
static void draw_proxied(const struct bench *bench, uint64_t *rng, uint32_t p, struct tlp_header *h)
{
    const struct switch_port *port = &bench->model.port[p];
    uint16_t tag = (uint16_t)draw_below(rng, N_TAGS);

    if (is_host(p) && tlp_header_kinds[h->kind].family == FAMILY_CONFIG) {
        const uint32_t i = draw_below(rng, N_ID_DOWN);
        if (id_map_is_valid(port->id.map, i) && !one_in(rng, 4))
            h->target = id_map_key(port->id.map, i).rid;
    }
    for (int i = 0; i < N_TAGS && !port->tags[tag].busy; i++)
        tag = (uint16_t)((tag + 1) % N_TAGS);
    if (!port->tags[tag].busy && !one_in(rng, 16))
        return;
    if (is_host(p) || tlp_header_kinds[h->kind].family != FAMILY_COMPLETION || one_in(rng, 2))
        return;
    h->requester = port->proxy_rid;
    h->tag = one_in(rng, 32) ? h->tag : tag;
    h->length_dw = tlp_header_kinds[h->kind].has_data ? 1 : h->length_dw;
    for (uint32_t i = 0; i < N_ID_UP; i++)
        if (id_map_is_valid(port->id.map, i) && !one_in(rng, 16) &&
            (uint16_t)id_map_value(port->id.map, i)->function == port->tags[tag].entry.function)
            h->completer = id_map_key(port->id.map, i).rid;
}

static void draw_beat(struct bench *bench, uint64_t *rng, struct vector *in, uint32_t p,
                      const struct tlp_header *begin)
{
    uint32_t words[BEAT_WORDS];

    for (uint32_t w = 0; w < BEAT_WORDS; w += 2) {
        const uint64_t two = draw(rng);
        words[w] = (uint32_t)two;
        if (w + 1 < BEAT_WORDS)
            words[w + 1] = (uint32_t)(two >> 32);
    }
    if (begin) {
        const uint32_t dws = tlp_header_kinds[begin->kind].has_data ? begin->length_dw : 0;
        const uint32_t beats = dws ? (dws + 7) / 8 : 1;
        model_hdr_encode(begin, words);
        bench->beats[p] = beats > N_BEATS ? N_BEATS : beats;
        if (bench->phase == MIX && one_in(rng, 256))
            words[3] |= 0x9U << 28; /* a prefix, which is no TLP here */
    }
    for (uint32_t bit = 0; bit < BEAT_W; bit += 32)
        SET_AT(s_beat, p * BEAT_W + bit, BEAT_W - bit < 32 ? BEAT_W - bit : 32, words[bit / 32]);
    SET_AT(s_sop, p, 1, begin != NULL);
    SET_AT(s_eop, p, 1, bench->beats[p] == 1);
    bench->beats[p]--;
}

/* Host p writes to device p, which writes to host p; see set_up. */
static struct tlp_header pair_write(uint64_t *rng, uint32_t p)
{
    const uint64_t page = ((uint64_t)USER + 1) * 0x100;

    return (struct tlp_header){.kind = TLPH_MWR_32,
                               .length_dw = (uint16_t)(1 + draw_below(rng, 64)),
                               .requester = (uint16_t)(0x100 + p),
                               .first_be = 0xf,
                               .last_be = 0xf,
                               .address = page << 12};
}

static void draw_sender(struct bench *bench, uint64_t *rng, struct vector *in, uint32_t p,
                        const struct vector *out)
{
    const bool waits =
        GET_AT(s_valid, p, 1) && !bench->fresh && !port_get_at(out, &out_ports[OUT_s_ready], p, 1);
    struct tlp_header header;

    if (waits)
        return;
    if (bench->fresh)
        bench->beats[p] = 0;
    SET_AT(s_valid, p, 1, 0);
    if (bench->beats[p] == 0) {
        if (bench->phase == EMPTY || bench->phase == SET_UP)
            return;
        if (bench->phase == MIX && one_in(rng, bench->stalls))
            return;
        if (bench->phase == RATE) {
            header = pair_write(rng, p);
            if (header.length_dw == 1)
                header.last_be = 0;
        } else {
            draw_tlp(rng, &header);
            draw_proxied(bench, rng, p, &header);
        }
        draw_beat(bench, rng, in, p, &header);
    } else {
        if (bench->phase != RATE && one_in(rng, 16))
            return;
        draw_beat(bench, rng, in, p, NULL);
    }
    SET_AT(s_valid, p, 1, 1);
}

static void draw_own(struct bench *bench, uint64_t *rng, struct vector *in, uint32_t p,
                     const struct vector *out)
{
    const bool waits =
        GET_AT(own_valid, p, 1) && !port_get_at(out, &out_ports[OUT_own_ready], p, 1);
    struct tlp_header header;
    uint32_t words[HDR_WORDS];

    if (waits)
        return;
    SET_AT(own_valid, p, 1, bench->phase == MIX && one_in(rng, 50));
    if (!GET_AT(own_valid, p, 1))
        return;
    do
        draw_tlp(rng, &header);
    while (header.length_dw > 1);
    if (tlp_header_kinds[header.kind].family == FAMILY_CONFIG && one_in(rng, 2)) {
        header.requester = bench->model.port[p].proxy_rid;
        header.tag = (uint16_t)(N_TAGS - draw_below(rng, 3));
    }
    model_hdr_encode(&header, words);
    for (uint32_t w = 0; w < HDR_WORDS; w++)
        SET_AT(own_hdr, p * 128 + w * 32, 32, words[w]);
    SET_AT(own_data, p * 32, 32, draw(rng));
}

/* ---- credits ---- */

static void draw_update(const struct switch_egress *egress, uint64_t *rng, struct vector *in,
                        uint32_t e, uint32_t class, bool all)
{
    const uint32_t headers = egress->header_out[class], data = egress->data_out[class];
    const uint32_t lane = e * CLASSES + class;

    SET_AT(update_valid, lane, 1, 1);
    SET_AT(update_header, lane * 8, 8,
           egress->header[class].infinite ? 0
           : all                          ? headers
                                          : draw_below(rng, headers + 1));
    SET_AT(update_data, lane * 12, 12,
           egress->data[class].infinite ? 0
           : all                        ? data
                                        : draw_below(rng, data + 1));
}

static void draw_credits(struct bench *bench, uint64_t *rng, struct vector *in, uint32_t e)
{
    const struct switch_egress *egress = &bench->model.egress[e];
    uint32_t class = draw_below(rng, CLASSES);
    const bool all = bench->phase == EMPTY;
    const bool infinite = bench->phase == SET_UP || one_in(rng, 6);

    SET_AT(update_valid, e * CLASSES, CLASSES, 0);
    SET_AT(init_valid, e, 1, 0);
    if (bench->inited[e] != (1U << CLASSES) - 1) {
        while (bench->inited[e] >> class & 1)
            class = (class + 1) % CLASSES;
        bench->inited[e] |= 1U << class;
        SET_AT(init_valid, e, 1, 1);
        SET_AT(init_class, e * 2, 2, class);
        SET_AT(init_header, e * 8, 8, infinite ? 0 : 1 + draw_below(rng, 6));
        SET_AT(init_data, e * 12, 12, infinite ? 0 : 16 + draw_below(rng, 40));
        return;
    }
    for (class = 0; class < CLASSES; class ++)
        if (all || one_in(rng, 2 * bench->credits))
            draw_update(egress, rng, in, e, class, all);
}

/* ---- tables ---- */

static void set_field(struct vector *in, enum table_field_name name, uint64_t value)
{
    field_set(in, &in_ports[IN_w_entry], name, value);
}

static uint32_t draw_egress(uint64_t *rng, bool device)
{
    if (one_in(rng, 24))
        return draw_below(rng, 16);
    return device ? N_UP + draw_below(rng, N_DOWN) : draw_below(rng, N_UP);
}

/* The next row of an emulated function that is not there yet. */
static void draw_row(struct bench *bench, uint64_t *rng, struct vector *in)
{
    const uint32_t p = draw_below(rng, N_UP), f = draw_below(rng, N_EMULATED);
    const uint32_t dw = bench->loaded[p][f];

    if (dw == N_DWS) {
        bench->loaded[p][f] = one_in(rng, 60) ? 0 : N_DWS;
        return;
    }
    SET_IN(w_valid, 1);
    SET_IN(w_table, 7);
    SET_IN(w_port, p);
    bench->loading = f;
    set_field(in, CFG_SHADOW_KEY_FUNCTION, f);
    set_field(in, CFG_SHADOW_KEY_DW, dw);
    set_field(in, CFG_SHADOW_DATA, draw(rng) & UINT32_MAX);
    set_field(in, CFG_SHADOW_WRITE_MASK, one_in(rng, 2) ? 0 : (uint32_t)draw(rng));
    set_field(in, CFG_SHADOW_W1C_MASK, one_in(rng, 2) ? 0 : (uint32_t)draw(rng));
    set_field(in, CFG_SHADOW_PASS, draw(rng) & 1);
    set_field(in, CFG_SHADOW_VALID, 1);
}

static void draw_write(struct bench *bench, uint64_t *rng, struct vector *in)
{
    const uint32_t p = draw_below(rng, N_PORTS);
    const uint16_t rid = draw_rid(rng);
    const bool valid = !one_in(rng, 5);
    uint32_t table = is_host(p) ? 1 + draw_below(rng, 5) : one_in(rng, 4) ? 6 : 0;
    uint32_t index = (uint32_t)draw(rng) % 16;

    SET_IN(w_valid, one_in(rng, bench->writes));
    if (!GET_IN(w_valid)) {
        if (one_in(rng, 4))
            draw_row(bench, rng, in);
        return;
    }
    for (uint32_t at = 0; at < ADDR_MAP_W; at += 32)
        port_set_at(in, &in_ports[IN_w_entry], at, ADDR_MAP_W - at < 32 ? ADDR_MAP_W - at : 32, 0);
    const uint32_t log2_bytes = 12 + draw_below(rng, 3);
    const uint64_t mask = (UINT64_C(1) << log2_bytes) - 1;
    switch (table) {
    case 0:
        set_field(in, ID_UP_KEY_PORT, p);
        set_field(in, ID_UP_KEY_RID, rid);
        set_field(in, ID_UP_PORT, draw_egress(rng, false));
        set_field(in, ID_UP_RID, draw(rng));
        set_field(in, ID_UP_FUNCTION, draw_below(rng, one_in(rng, 2) ? 3 : N_FUNCTIONS + 1));
        set_field(in, ID_UP_VALID, valid);
        break;
    case 1:
        index = one_in(rng, 16) ? index : rid % N_ID_DOWN;
        set_field(in, ID_DOWN_KEY_PORT, p);
        set_field(in, ID_DOWN_KEY_RID, rid);
        set_field(in, ID_DOWN_PORT, draw_egress(rng, true));
        set_field(in, ID_DOWN_RID, draw(rng));
        set_field(in, ID_DOWN_FUNCTION, draw_below(rng, one_in(rng, 2) ? 3 : N_FUNCTIONS + 1));
        set_field(in, ID_DOWN_VALID, valid);
        break;
    case 2:
    case 3:
        set_field(in, ADDR_MAP_KEY_PORT, p);
        set_field(in, ADDR_MAP_KEY_BASE,
                  (draw_page(rng, table == 2 ? USER : WINDOW, draw_below(rng, PAGES)) << 12) &
                      ~mask);
        set_field(in, ADDR_MAP_KEY_LOG2_BYTES, log2_bytes);
        set_field(in, ADDR_MAP_BASE, (one_in(rng, 2) ? draw(rng) : (uint32_t)draw(rng)) & ~mask);
        set_field(in, ADDR_MAP_PORT, draw_egress(rng, true));
        set_field(in, ADDR_MAP_FUNCTION, draw(rng));
        set_field(in, ADDR_MAP_VALID, valid);
        break;
    case 4: { /* each window has a place of its own */
        const uint64_t base = ((uint64_t)WINDOW + 1) * 0x100 +
                              (uint64_t)(index % N_WINDOWS) * (PAGES / N_WINDOWS) +
                              (index & 4 ? UINT64_C(0x100000) : 0);
        set_field(in, WINDOW_KEY_PORT, p);
        set_field(in, WINDOW_KEY_BASE, base + draw_below(rng, 2));
        set_field(in, WINDOW_KEY_LIMIT, base + PAGES / N_WINDOWS - 1 - draw_below(rng, 2));
        set_field(in, WINDOW_PORT, draw_egress(rng, true));
        set_field(in, WINDOW_VALID, valid);
        break;
    }
    case 5:
        index = rid >> 8;
        set_field(in, BUS_KEY_PORT, p);
        set_field(in, BUS_KEY_BUS, index);
        set_field(in, BUS_KIND, one_in(rng, 2) ? 1 : draw_below(rng, 3));
        set_field(in, BUS_TYPE, one_in(rng, 2) ? 0 : draw_below(rng, 3));
        set_field(in, BUS_PORT, draw_egress(rng, true));
        set_field(in, BUS_FIRST_FUNCTION, one_in(rng, 2) ? 0 : draw_below(rng, N_EMULATED));
        set_field(in, BUS_N_FUNCTIONS, draw_below(rng, 9));
        set_field(in, BUS_VALID, valid);
        break;
    default:
        set_field(in, PORT_KEY_PORT, p);
        set_field(in, PORT_OWNER_PORT, draw_egress(rng, false));
        set_field(in, PORT_PROXY_RID, 0x900 + draw_below(rng, 2));
        set_field(in, PORT_DEVICE_BUS, draw_below(rng, 256));
        set_field(in, PORT_VALID, valid);
        break;
    }
    if (one_in(rng, 64)) /* one that the port has not */
        table = is_host(p) ? one_in(rng, 2) ? 0 : 6 : 1 + draw_below(rng, 5);
    SET_IN(w_table, table);
    SET_IN(w_port, one_in(rng, 64) ? N_PORTS + draw_below(rng, 1000) : p);
    SET_IN(w_index, index);
}

/* Entries are freed, a port's every N_PORTS cycles; then page 0 of host p leads to device p, and
 * device p's function is that of host p. */
static void set_up(struct bench *bench, struct vector *in)
{
    enum { FREED = 8 };
    const uint32_t step = SET_UP_CYCLES - bench->left;
    const uint32_t p = step % N_PORTS;
    const uint64_t page = ((uint64_t)USER + 1) * 0x100;

    _Static_assert((int)N_ADDR == (int)FREED && (int)N_ID_UP == (int)FREED, "all are freed");
    SET_IN(w_valid, step < (FREED + 1) * N_PORTS);
    SET_IN(w_port, p);
    SET_IN(w_table, is_host(p) ? 2 : 0);
    SET_IN(w_index, step / N_PORTS % FREED);
    for (uint32_t at = 0; at < ADDR_MAP_W; at += 32)
        port_set_at(in, &in_ports[IN_w_entry], at, ADDR_MAP_W - at < 32 ? ADDR_MAP_W - at : 32, 0);
    if (step < FREED * N_PORTS)
        return;
    if (is_host(p)) {
        set_field(in, ADDR_MAP_KEY_PORT, p);
        set_field(in, ADDR_MAP_KEY_BASE, page << 12);
        set_field(in, ADDR_MAP_KEY_LOG2_BYTES, 12);
        set_field(in, ADDR_MAP_BASE, page << 12);
        set_field(in, ADDR_MAP_PORT, p + N_UP);
        set_field(in, ADDR_MAP_VALID, 1);
    } else {
        set_field(in, ID_UP_KEY_PORT, p);
        set_field(in, ID_UP_KEY_RID, 0x100 + p);
        set_field(in, ID_UP_PORT, p - N_UP);
        set_field(in, ID_UP_VALID, 1);
    }
}

static void draw_commands(struct bench *bench, uint64_t *rng, struct vector *in)
{
    const uint32_t function = draw_below(rng, N_FUNCTIONS);
    const uint32_t next_step = (uint32_t)bench->model.functions[function].state + 1;

    SET_IN(counting, GET_IN(counting) ^ one_in(rng, 400));
    SET_IN(command_function, one_in(rng, 64) ? draw(rng) : function);
    SET_IN(command, !one_in(rng, 24)  ? ASSIGNMENT_NONE
                    : one_in(rng, 8)  ? draw(rng)
                    : one_in(rng, 32) ? ASSIGNMENT_ABANDON
                                      : next_step);
    SET_IN(place_port, draw_below(rng, N_UP));
    SET_IN(place_slot, draw_below(rng, 8));
    SET_IN(place_function, draw_below(rng, 8));
    SET_IN(r_function, draw(rng));
}

/* ---- a cycle ---- */

static bool is_empty(const struct bench *bench)
{
    for (uint32_t p = 0; p < N_PORTS; p++) {
        const struct switch_port *port = &bench->model.port[p];
        if (port->in_skid || port->parse.valid || port->first.valid || port->second.valid ||
            port->edit.valid || port->emulating || port->generated || port->n_answers ||
            bench->model.egress[p].valid)
            return false;
        for (int s = 0; s < N_SLOTS; s++)
            if (port->slots[s].used)
                return false;
    }
    return true;
}

static void next_phase(struct bench *bench, uint64_t *rng)
{
    bench->phase = bench->phase == RATE ? MIX : bench->phase + 1;
    switch (bench->phase) {
    case MIX:
        bench->left = MIX_CYCLES;
        bench->stalls = 2 + draw_below(rng, 8);
        bench->writes = 4 + draw_below(rng, 40);
        bench->credits = 1 + draw_below(rng, 8);
        memset(bench->inited, 0, sizeof bench->inited);
        break;
    case EMPTY:
        bench->left = EMPTY_CYCLES;
        break;
    case SET_UP: /* nothing was lost: what came in has gone out or was counted */
        CHECK(is_empty(bench));
        bench->left = SET_UP_CYCLES;
        memset(bench->inited, 0, sizeof bench->inited);
        break;
    case RATE:
        bench->left = RATE_CYCLES;
        break;
    }
}

static void stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    struct bench *bench = state;
    const bool mix = bench->phase == MIX;

    if (bench->left-- == 0)
        next_phase(bench, rng);
    SET_IN(mps, MPS_CODE);
    for (uint32_t p = 0; p < N_PORTS; p++) {
        draw_sender(bench, rng, in, p, out);
        draw_own(bench, rng, in, p, out);
        draw_credits(bench, rng, in, p);
    }
    SET_IN(m_ready, mix ? draw(rng) | draw(rng) | draw(rng) : UINT64_MAX);
    SET_IN(m_room, mix ? draw(rng) | draw(rng) | draw(rng) : UINT64_MAX);
    SET_IN(local_ready, mix ? draw(rng) | draw(rng) : UINT64_MAX);
    for (uint32_t i = 0; i < N_UP * N_EMULATED; i++)
        SET_AT(present, i, 1, bench->loaded[i / N_EMULATED][i % N_EMULATED] == N_DWS);
    SET_IN(ready, one_in(rng, 8) ? draw(rng) : UINT64_MAX);
    SET_IN(w_valid, 0);
    SET_IN(command, ASSIGNMENT_NONE);
    if (mix) {
        draw_write(bench, rng, in);
        draw_commands(bench, rng, in);
    } else if (bench->phase == SET_UP) {
        set_up(bench, in);
        SET_IN(counting, 0);
    }
    bench->fresh = false;
}

FAMILY(pool_switch, struct bench);
