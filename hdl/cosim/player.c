/* A cycle of the module: outputs are looked at, then the next cycle's inputs are driven. */
#define PORT_LIST "cosim.def"
#include "lockstep_ports.h"

#include "player.h"

#include "base/check.h"
#include "cosim/pins.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <svdpi.h>
#include <unistd.h>

int lockstep_step(const char *name, const svBitVecVal *out, svBitVecVal *next);
void lockstep_exit(int status);

enum {
    HDR_W = 128,
    LANES = 8,
    STRB_LSB = HDR_W + 32 * LANES,
    BEAT_W = STRB_LSB + LANES,
    DATAPATH_BYTES = 4 * LANES,
    RESET_CYCLES = 4,
    STATUS_REFUSED = 3,
    QUIET_CYCLES = 64 /* behind the last event with nothing inside, no register changes any more */
};

struct entering { /* at an ingress */
    const struct record_event *event;
    uint32_t beat, beats, dws;
};

struct leaving {                      /* at an egress */
    const struct record_event *event; /* of the record; NULL: nothing leaves */
    struct tlp_header header;
    uint32_t beat, beats;
};

struct player {
    struct record record;
    struct compare compare;
    struct player_tables tables;
    struct player_ports ports;
    struct vector in;
    uint64_t clock; /* of the bench */
    uint64_t cycle; /* of the record, whose inputs are applied now */
    bool playing, finished, failed;
    size_t next, next_credit, next_out; /* events */
    uint32_t n_init;                    /* InitFCs done */
    int64_t inside;
    uint64_t last_event_cycle;
    uint64_t hold_until[N_PORTS];
    struct entering entering[N_PORTS];
    struct leaving leaving[N_PORTS];
    struct record_event answered[N_PORTS]; /* refused in the cycle before; kind KINDS: none */
    uint64_t skipped;
};

_Noreturn void player_refuse(const struct err *err)
{
    fputs("not played to pool_switch: ", stderr);
    err_print(err, stderr);
    exit(STATUS_REFUSED);
}

static int end_status;

static void leave(void)
{
    fflush(NULL);
    _exit(end_status);
}

/* As in model/step_dpi.c: the waves are closed before the program ends. */
void lockstep_exit(int status)
{
    end_status = status;
    if (atexit(leave) != 0)
        _exit(status);
}

/* ---- ports ---- */

static void set_at(struct player *player, enum in_port port, uint32_t lsb, uint32_t width,
                   uint64_t value)
{
    port_set_at(&player->in, &in_ports[port], lsb, width, value);
}

static void set_bit(struct player *player, enum in_port port, uint32_t bit, bool value)
{
    set_at(player, port, bit, 1, value);
}

static bool bit_of(const struct vector *out, enum out_port port, uint32_t bit)
{
    return port_get_at(out, &out_ports[port], bit, 1);
}

static uint32_t record_port_of(const struct player *player, uint32_t port)
{
    return port < N_UP ? port : port - N_UP + player->ports.n_hosts;
}

/* ---- start ---- */

static void place(struct port *ports, uint32_t n)
{
    uint32_t lsb = 0;
    for (uint32_t i = n; i > 0; i--) {
        ports[i - 1].lsb = lsb;
        lsb += ports[i - 1].width;
    }
    CHECK(lsb <= LOCKSTEP_MAX_BITS);
}

static bool count_ports(struct player *player, struct err *err)
{
    const struct record *record = &player->record;
    struct player_ports *ports = &player->ports;
    *ports = (struct player_ports){.n_up = N_UP};
    for (uint32_t p = 0; p < record->n_ports; p++) {
        if (!record->ports[p].is_device && ports->n_devices)
            return err_at(err, NULL, "%s: a host's port behind a device's", record->path);
        ports->n_hosts += !record->ports[p].is_device;
        ports->n_devices += record->ports[p].is_device;
    }
    if (ports->n_hosts > N_UP || ports->n_devices > N_DOWN)
        return err_at(err, NULL,
                      "%s: the module has %d upstream and %d downstream ports, too few: make "
                      "hdl-cosim COSIM_UP=%" PRIu32 " COSIM_DOWN=%" PRIu32,
                      record->path, N_UP, N_DOWN, ports->n_hosts, ports->n_devices);
    return true;
}

static bool can_play(const struct record *record, struct err *err)
{
    if (record->datapath_bytes != DATAPATH_BYTES)
        return err_at(err, NULL, "%s: the module's data path is of %d bytes, not %" PRIu32,
                      record->path, DATAPATH_BYTES, record->datapath_bytes);
    if (record->mps_bytes > N_BEATS * DATAPATH_BYTES)
        return err_at(err, NULL,
                      "%s: the module's buffers are for TLPs of %d beats: make hdl-cosim "
                      "COSIM_BEATS=%" PRIu32,
                      record->path, N_BEATS, record->mps_bytes / DATAPATH_BYTES);
    for (size_t i = 0; i < record->n_events; i++) {
        const struct record_event *event = &record->events[i];
        const struct mark mark = record_mark(record, event);
        if (event->kind == RECORD_BAR || event->kind == RECORD_STEER ||
            event->kind == RECORD_MAKE || event->kind == RECORD_TAKE ||
            (event->kind > RECORD_WRITE && event->cycle > 0))
            return err_at(err, &mark, "\"%s\": what software decides is not played",
                          record_kind_names[event->kind]);
    }
    return true;
}

static void start(struct player *player)
{
    const char *path = getenv("COSIM_RECORD");
    struct err err = {0};
    if (!path)
        err_at(&err, NULL, "COSIM_RECORD=FILE build/hdl/cosim plays the record FILE");
    if (!path || !record_read(path, &player->record, &err) || !count_ports(player, &err) ||
        !can_play(&player->record, &err) ||
        !player_has_room(&player->record, N_SLOTS, N_ANSWERS, &err) ||
        !pins_fit(&player->record, &err))
        player_refuse(&err);
    place(in_ports, IN_PORTS);
    place(out_ports, OUT_PORTS);
    compare_init(&player->compare, &player->record, "pool_switch", stderr);
    player->tables = (struct player_tables){.record = &player->record,
                                            .ports = player->ports,
                                            .id_up = N_ID_UP,
                                            .id_down = N_ID_DOWN,
                                            .addr = N_ADDR,
                                            .lent = N_LENT,
                                            .windows = N_WINDOWS};
    player_tables_init(&player->tables);
    while (player->next < player->record.n_events && player->record.events[player->next].cycle == 0)
        player->next++;
    player->next_credit = player->next_out = player->next;
    for (uint32_t p = 0; p < N_PORTS; p++)
        player->answered[p].kind = RECORD_KINDS;
}

/* ---- outputs ---- */

static void fail(struct player *player)
{
    fprintf(stderr, "pool_switch differs from the record in cycle %" PRIu64 " of the bench\n",
            player->clock);
    player->failed = true;
}

/* The record's output of that port in this cycle, of the first beat of a TLP. */
static const struct record_event *expected_out(struct player *player, uint32_t port)
{
    const struct record *record = &player->record;
    while (player->next_out < record->n_events &&
           record->events[player->next_out].cycle < player->cycle)
        player->next_out++;
    for (size_t i = player->next_out;
         i < record->n_events && record->events[i].cycle == player->cycle; i++)
        if (record->events[i].kind == RECORD_OUT &&
            player_port(&player->ports, record->events[i].port) == port)
            return &record->events[i];
    return NULL;
}

static uint32_t data_of(const struct record_event *event, uint32_t index)
{
    return event->tlp.has_data ? __builtin_bswap32(event->tlp.data)
                               : record_payload_dw(event->tlp.serial, index);
}

/* Which dwords of a beat are there. */
static uint32_t strobes(uint32_t dws, uint32_t beat)
{
    const uint32_t left = dws - beat * LANES;
    return dws <= beat * LANES ? 0 : left >= LANES ? (1U << LANES) - 1 : (1U << left) - 1;
}

static bool beat_agrees(const struct player *player, const struct vector *out, uint32_t port)
{
    const struct leaving *leaving = &player->leaving[port];
    const struct port *beat = &out_ports[OUT_m_beat];
    const uint32_t lsb = port * BEAT_W;
    const uint32_t dws = record_payload_bytes(&leaving->header) / 4;
    const uint32_t strobe = strobes(dws, leaving->beat);
    if (bit_of(out, OUT_m_sop, port) != (leaving->beat == 0) ||
        bit_of(out, OUT_m_eop, port) != (leaving->beat + 1 == leaving->beats) ||
        port_get_at(out, beat, lsb + STRB_LSB, LANES) != strobe)
        return false;
    for (uint32_t lane = 0; lane < LANES; lane++)
        if (strobe >> lane & 1 && port_get_at(out, beat, lsb + HDR_W + 32 * lane, 32) !=
                                      data_of(leaving->event, leaving->beat * LANES + lane))
            return false;
    return true;
}

static struct record_event first_beat(const struct player *player, const struct vector *out,
                                      uint32_t port)
{
    struct record_event event = {
        .cycle = player->cycle, .port = (uint16_t)record_port_of(player, port), .kind = RECORD_OUT};
    event.tlp.serial = 0;
    event.tlp.has_header = true;
    event.tlp.has_data = false;
    for (uint32_t i = 0; i < RECORD_HEADER_WORDS; i++)
        event.tlp.header[i] = (uint32_t)port_get_at(out, &out_ports[OUT_m_beat],
                                                    port * BEAT_W + HDR_W - 32 * (i + 1), 32);
    return event;
}

/* What leaves egress @port; the first beat is an event for the comparison. */
static size_t look_at_egress(struct player *player, const struct vector *out, uint32_t port,
                             struct record_event *events, size_t n)
{
    struct leaving *leaving = &player->leaving[port];
    const bool valid = bit_of(out, OUT_m_valid, port);
    if (valid && !leaving->event) {
        events[n] = first_beat(player, out, port);
        leaving->event = expected_out(player, port);
        if (leaving->event) {
            CHECK(record_unpack_header(leaving->event->tlp.header, &leaving->header));
            leaving->beat = 0;
            leaving->beats = record_beats(&player->record, &leaving->header);
            events[n].tlp.has_data = leaving->event->tlp.has_data;
            events[n].tlp.data = leaving->event->tlp.data;
        }
        n++;
    }
    return n;
}

static void look_at_beat(struct player *player, const struct vector *out, uint32_t port)
{
    struct leaving *leaving = &player->leaving[port];
    if (!leaving->event)
        return;
    if (!bit_of(out, OUT_m_valid, port) || !beat_agrees(player, out, port)) {
        fprintf(stderr,
                "%s:%" PRIu32 ": pool_switch: beat %" PRIu32 " of %" PRIu32 " of TLP %" PRIu32
                " at port %u in cycle %" PRIu64 " %s\n",
                player->record.path, leaving->event->line, leaving->beat + 1, leaving->beats,
                leaving->event->tlp.serial, (unsigned)leaving->event->port, player->cycle,
                bit_of(out, OUT_m_valid, port) ? "has other data" : "is missing");
        fail(player);
    }
    if (++leaving->beat == leaving->beats)
        leaving->event = NULL;
}

static bool has_event(struct player *player, enum record_kind kind, uint32_t port, uint64_t cycle)
{
    const struct record *record = &player->record;
    expected_out(player, port); /* sets next_out */
    for (size_t i = player->next_out; i < record->n_events && record->events[i].cycle <= cycle; i++)
        if (record->events[i].cycle == cycle && record->events[i].kind == kind &&
            player_port(&player->ports, record->events[i].port) == port)
            return true;
    return false;
}

/* The module frees the buffer of what it refuses when that has been edited: a dropped one is gone
 * then, the completion of an answered one is there a cycle later. */
static size_t look_at_refused(struct player *player, const struct vector *out, uint32_t port,
                              struct record_event *events, size_t n)
{
    struct record_event *answered = &player->answered[port];
    if (answered->kind != RECORD_KINDS)
        events[n++] = *answered;
    answered->kind = RECORD_KINDS;
    if (!bit_of(out, OUT_freed_valid, 2 * port + 1))
        return n;
    struct record_event event = {.cycle = player->cycle,
                                 .port = (uint16_t)record_port_of(player, port),
                                 .kind = RECORD_DROP};
    event.tlp.serial = 0;
    event.tlp.has_header = event.tlp.has_data = false;
    if (has_event(player, RECORD_ANSWER, port, player->cycle + 1)) {
        event.kind = RECORD_ANSWER;
        event.cycle++;
        *answered = event;
        return n;
    }
    events[n] = event;
    return n + 1;
}

static int by_kind_and_port(const void *a, const void *b)
{
    const struct record_event *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return (x->port > y->port) - (x->port < y->port);
}

static void look_at_outputs(struct player *player, const struct vector *out)
{
    struct record_event events[3 * N_PORTS];
    size_t n = 0;
    for (uint32_t p = 0; p < N_PORTS; p++) {
        n = look_at_egress(player, out, p, events, n);
        n = look_at_refused(player, out, p, events, n);
    }
    qsort(events, n, sizeof *events, by_kind_and_port);
    if (!compare_cycle(&player->compare, player->cycle, events, n))
        fail(player);
    for (uint32_t p = 0; p < N_PORTS && !player->failed; p++)
        look_at_beat(player, out, p);
}

/* What only a module that is too small, or a record that no switch could have made, does. */
static void check_handshakes(const struct player *player, const struct vector *out)
{
    const struct vector *in = &player->in;
    struct err err = {0};
    const uint64_t waits = GET_IN(s_valid) & ~GET_OUT(s_ready);
    if (waits)
        err_at(&err, NULL,
               "%s: port %" PRIu32 "'s receive buffer of %d TLPs is full in cycle %" PRIu64
               ": make hdl-cosim COSIM_SLOTS=%d",
               player->record.path, record_port_of(player, (uint32_t)__builtin_ctzll(waits)),
               N_SLOTS, player->cycle, 2 * N_SLOTS);
    else if (GET_OUT(w_refused))
        err_at(&err, NULL, "%s: the module refuses the table write of cycle %" PRIu64,
               player->record.path, player->cycle);
    else
        return;
    player_refuse(&err);
}

/* ---- inputs ---- */

static void drive_write(struct player *player, const struct player_write *write)
{
    struct vector *in = &player->in;
    SET_IN(w_valid, write != NULL);
    if (!write)
        return;
    SET_IN(w_table, write->table);
    SET_IN(w_port, write->port);
    SET_IN(w_index, write->index);
    for (uint32_t at = 0; at < ADDR_MAP_W; at += 64)
        set_at(player, IN_w_entry, at, ADDR_MAP_W - at < 64 ? ADDR_MAP_W - at : 64,
               write->entry.word[at / 64]);
}

static void drive_beat(struct player *player, uint32_t port)
{
    struct entering *entering = &player->entering[port];
    const uint32_t lsb = port * BEAT_W;
    set_bit(player, IN_s_valid, port, entering->event != NULL);
    if (!entering->event)
        return;
    const bool first = entering->beat == 0, last = entering->beat + 1 == entering->beats;
    const uint32_t strobe = strobes(entering->dws, entering->beat);
    set_bit(player, IN_s_sop, port, first);
    set_bit(player, IN_s_eop, port, last);
    for (uint32_t i = 0; i < RECORD_HEADER_WORDS; i++)
        set_at(player, IN_s_beat, lsb + HDR_W - 32 * (i + 1), 32,
               first ? entering->event->tlp.header[i] : 0);
    for (uint32_t lane = 0; lane < LANES; lane++)
        set_at(player, IN_s_beat, lsb + HDR_W + 32 * lane, 32,
               strobe >> lane & 1 ? data_of(entering->event, entering->beat * LANES + lane) : 0);
    set_at(player, IN_s_beat, lsb + STRB_LSB, LANES, strobe);
    entering->beat++;
    if (last)
        entering->event = NULL;
}

static void begin_tlp(struct player *player, const struct record_event *event)
{
    struct entering *entering = &player->entering[player_port(&player->ports, event->port)];
    struct tlp_header header;
    CHECK(!entering->event && record_unpack_header(event->tlp.header, &header));
    *entering = (struct entering){.event = event,
                                  .beats = record_beats(&player->record, &header),
                                  .dws = record_payload_bytes(&header) / 4};
}

static void take_event(struct player *player, const struct record_event *event)
{
    const uint32_t port = player_port(&player->ports, event->port);
    switch ((enum record_kind)event->kind) {
    case RECORD_IN:
        begin_tlp(player, event);
        player->inside++;
        break;
    case RECORD_HOLD:
        if (event->hold.until_cycle > player->hold_until[port])
            player->hold_until[port] = event->hold.until_cycle;
        break;
    case RECORD_WRITE:
        player_tables_add(&player->tables, event);
        break;
    case RECORD_OUT:
    case RECORD_DROP:
        player->inside--;
        break;
    case RECORD_ANSWER:
    case RECORD_TAKE:
    case RECORD_BAR:
    case RECORD_STEER:
    case RECORD_MAKE:
    case RECORD_CREDIT:
    case RECORD_UNROUTE:
    case RECORD_WINDOW:
    case RECORD_BUSES:
    case RECORD_KINDS:
        break;
    }
    player->last_event_cycle = event->cycle;
}

/* An UpdateFC counts from the cycle behind the one in which the pins bring it. */
static void drive_credits(struct player *player)
{
    const struct record *record = &player->record;
    struct vector *in = &player->in;
    SET_IN(update_valid, 0);
    while (player->next_credit < record->n_events &&
           record->events[player->next_credit].cycle <= player->cycle + 1) {
        const struct record_event *event = &record->events[player->next_credit++];
        if (event->kind != RECORD_CREDIT)
            continue;
        const uint32_t lane =
            player_port(&player->ports, event->port) * CLASSES + event->credit.class;
        set_bit(player, IN_update_valid, lane, true);
        set_at(player, IN_update_header, 8 * lane, 8, event->credit.header);
        set_at(player, IN_update_data, 12 * lane, 12, event->credit.data);
    }
}

static void drive_inputs(struct player *player)
{
    const struct record *record = &player->record;
    while (player->next < record->n_events && record->events[player->next].cycle <= player->cycle)
        take_event(player, &record->events[player->next++]);
    drive_credits(player);
    drive_write(player, player_tables_take(&player->tables));
    for (uint32_t p = 0; p < N_PORTS; p++) {
        drive_beat(player, p);
        set_bit(player, IN_m_room, p, player->hold_until[p] <= player->cycle);
    }
}

/* The cycle behind, or with nothing inside the one before the next event. */
static void go_on(struct player *player)
{
    const struct record *record = &player->record;
    const uint64_t cycle = player->cycle + 1;
    player->cycle = cycle;
    if (player->inside == 0 && cycle > player->last_event_cycle + QUIET_CYCLES &&
        player->next < record->n_events && record->events[player->next].cycle > cycle + 2) {
        player->cycle = record->events[player->next].cycle - 2;
        player->skipped += player->cycle - cycle;
    }
}

/* ---- before the first cycle ---- */

static uint32_t log2_of(uint32_t n)
{
    return 31U - (uint32_t)__builtin_clz(n);
}

/* InitFC, a class a cycle. */
static void drive_init(struct player *player, unsigned class)
{
    const struct record *record = &player->record;
    for (uint32_t p = 0; p < record->n_ports; p++) {
        const uint32_t port = player_port(&player->ports, p);
        set_bit(player, IN_init_valid, port, true);
        set_at(player, IN_init_class, 2 * port, 2, class);
        set_at(player, IN_init_header, 8 * port, 8, record->ports[p].header_credits[class]);
        set_at(player, IN_init_data, 12 * port, 12, record->ports[p].data_credits[class]);
    }
}

/* Reset, credits, tables; then the record begins. */
static void prepare(struct player *player)
{
    struct vector *in = &player->in;
    SET_IN(rst, player->clock < RESET_CYCLES);
    SET_IN(mps, log2_of(player->record.mps_bytes / 128));
    SET_IN(m_ready, (UINT64_C(1) << N_PORTS) - 1);
    SET_IN(init_valid, 0);
    if (player->clock < RESET_CYCLES)
        return;
    if (player->n_init < CLASSES) {
        drive_init(player, player->n_init++);
        return;
    }
    const struct player_write *write = player_tables_take(&player->tables);
    drive_write(player, write);
    if (write)
        return;
    player->playing = true;
    player->cycle = player->next < player->record.n_events
                        ? player->record.events[player->next].cycle
                        : player->record.end_cycle;
    player->cycle = player->cycle > QUIET_CYCLES ? player->cycle - QUIET_CYCLES : 1;
    drive_inputs(player);
}

static void tell_agreement(const struct player *player)
{
    fprintf(stderr,
            "%s: pool_switch agrees with switch \"%s\" in every bit and cycle: %" PRIu32
            " TLPs, %" PRIu64 " left, %" PRIu64 " refused, in %" PRIu64 " cycles, of which %" PRIu64
            " with nothing inside were left out\n",
            player->record.path, player->record.name, player->record.n_serials,
            player->compare.left, player->compare.compared - player->compare.left,
            player->record.end_cycle + 1, player->skipped);
}

/* ---- the bench's call ---- */

int lockstep_step(const char *name, const svBitVecVal *out, svBitVecVal *next)
{
    static struct player player; /* the bench has no place for a pointer */
    struct vector outputs;
    int verdict = LOCKSTEP_GO_ON;
    (void)name;
    if (player.clock == 0)
        start(&player);
    memcpy(&outputs, out, sizeof outputs);
    if (player.playing) {
        check_handshakes(&player, &outputs);
        look_at_outputs(&player, &outputs);
        if (player.failed) {
            verdict = LOCKSTEP_FAILED;
            player.playing = false;
            player.finished = true;
        } else if (player.cycle >= player.record.end_cycle) {
            tell_agreement(&player);
            verdict = LOCKSTEP_DONE;
            player.playing = false;
            player.finished = true;
        } else {
            go_on(&player);
            drive_inputs(&player);
        }
    } else if (player.finished) {
        verdict = player.failed ? LOCKSTEP_FAILED : LOCKSTEP_DONE;
    } else {
        if (player.clock > RESET_CYCLES)
            check_handshakes(&player, &outputs);
        prepare(&player);
    }
    memcpy(next, &player.in, sizeof player.in);
    player.clock++;
    return verdict;
}
