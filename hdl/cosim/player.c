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
    TAGS = 1024,
    EMULATION_CYCLES = 16, /* from a request's first beat to its answer, and some */
    ALL_BYTES = 0xf,
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
    uint32_t mask; /* bits of a dword that are compared */
};

struct player {
    struct record record;
    struct compare compare;
    struct player_ports ports;
    struct player_config config;
    struct player_tables tables;
    struct vector in;
    uint64_t clock; /* of the bench */
    uint64_t cycle; /* of the record, whose inputs are applied now */
    bool playing, finished, failed;
    size_t next, next_credit, next_out; /* events */
    uint32_t n_init;                    /* InitFCs done */
    int64_t inside;
    uint64_t last_event_cycle;
    uint64_t hold_until[N_PORTS];
    uint64_t config_cycle[N_PORTS];     /* behind which no emulator is at work */
    uint8_t enabled[N_UP][TAGS];        /* bytes of a host's configuration read, by its tag */
    const struct record_event *command; /* that is applied now */
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

static uint16_t record_port_of(const struct player *player, uint32_t port)
{
    return (uint16_t)player_record_port(&player->ports, port);
}

static bool is_there(const struct player *player, uint32_t port)
{
    return port < N_UP ? port < player->ports.n_hosts : port - N_UP < player->ports.n_devices;
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

static const struct player_module module = {.up = N_UP,
                                            .down = N_DOWN,
                                            .id_up = N_ID_UP,
                                            .id_down = N_ID_DOWN,
                                            .addr = N_ADDR,
                                            .lent = N_LENT,
                                            .windows = N_WINDOWS,
                                            .functions = N_FUNCTIONS,
                                            .emulated = N_EMULATED,
                                            .dws = N_DWS,
                                            .tags = N_TAGS,
                                            .slots = N_SLOTS,
                                            .beats = N_BEATS,
                                            .answers = N_ANSWERS,
                                            .datapath_bytes = DATAPATH_BYTES};

static void start(struct player *player)
{
    const char *path = getenv("COSIM_RECORD");
    struct err err = {0};
    if (!path)
        err_at(&err, NULL, "COSIM_RECORD=FILE build/hdl/cosim plays the record FILE");
    if (!path || !record_read(path, &player->record, &err) ||
        !player_fits(&player->record, &module, &player->ports, &err) ||
        !player_has_room(&player->record, &module, &err) || !pins_fit(&player->record, &err))
        player_refuse(&err);
    place(in_ports, IN_PORTS);
    place(out_ports, OUT_PORTS);
    compare_init(&player->compare, &player->record, "pool_switch", stderr);
    player_config_init(&player->config, &player->record, &module, &player->ports);
    player->tables = (struct player_tables){.record = &player->record,
                                            .module = &module,
                                            .config = &player->config,
                                            .ports = player->ports};
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
    for (uint32_t lane = 0; lane < LANES; lane++) {
        const uint32_t said = data_of(leaving->event, leaving->beat * LANES + lane);
        const uint32_t got = (uint32_t)port_get_at(out, beat, lsb + HDR_W + 32 * lane, 32);
        if (strobe >> lane & 1 && (said ^ got) & leaving->mask)
            return false;
    }
    return true;
}

static uint32_t spread(unsigned byte_enables)
{
    uint32_t mask = 0;
    for (unsigned i = 0; i < 4; i++)
        if (byte_enables >> i & 1)
            mask |= UINT32_C(0xff) << 8 * i;
    return mask;
}

/* Of what a host reads of a register the simulator knows the bytes that it asked for. */
static uint32_t known_bits(struct player *player, const struct leaving *leaving, uint32_t port)
{
    if (port >= N_UP || !leaving->event->tlp.has_data || leaving->header.kind != TLPH_CPLD)
        return UINT32_MAX;
    return spread(player->enabled[port][leaving->header.tag]);
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
            leaving->mask = known_bits(player, leaving, port);
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

static bool hands_on(const struct vector *out, uint32_t port, const struct record_event *request)
{
    for (uint32_t i = 0; i < RECORD_HEADER_WORDS; i++)
        if (port_get_at(out, &out_ports[OUT_local_hdr], 128 * port + 128 - 32 * (i + 1), 32) !=
            request->tlp.header[i])
            return false;
    return !request->tlp.has_data || port_get_at(out, &out_ports[OUT_local_data], 32 * port, 32) ==
                                         __builtin_bswap32(request->tlp.data);
}

/* A request that configuration answers has gone on: to the emulator of its port, whose answer is
 * the module's affair, or out to the bridges, whose answer is given. */
static bool ends_in_configuration(struct player *player, const struct vector *out, uint32_t port)
{
    const struct record_event *request =
        player_config_freed(&player->config, record_port_of(player, port), player->cycle);
    if (!request || port >= N_UP || !bit_of(out, OUT_local_valid, port))
        return request;
    if (!hands_on(out, port, request))
        return false;
    player_config_answer(&player->config, request);
    return true;
}

/* The module frees the buffer of what goes no further when that has been edited: what is dropped or
 * taken is gone then, the completion of what is answered is there a cycle later. */
static size_t look_at_ended(struct player *player, const struct vector *out, uint32_t port,
                            struct record_event *events, size_t n)
{
    struct record_event *answered = &player->answered[port];
    if (answered->kind != RECORD_KINDS)
        events[n++] = *answered;
    answered->kind = RECORD_KINDS;
    if (!bit_of(out, OUT_freed_valid, 2 * port + 1))
        return n;
    struct record_event event = {.cycle = player->cycle, .port = record_port_of(player, port)};
    event.tlp.serial = 0;
    event.tlp.has_header = event.tlp.has_data = false;
    if (has_event(player, RECORD_ANSWER, port, player->cycle + 1)) {
        event.kind = RECORD_ANSWER;
        event.cycle++;
        *answered = event;
        return n;
    }
    const bool takes = has_event(player, RECORD_TAKE, port, player->cycle);
    if (!takes && !has_event(player, RECORD_DROP, port, player->cycle) &&
        ends_in_configuration(player, out, port))
        return n;
    event.kind = takes ? RECORD_TAKE : RECORD_DROP;
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
        n = look_at_ended(player, out, p, events, n);
    }
    qsort(events, n, sizeof *events, by_kind_and_port);
    if (!compare_cycle(&player->compare, player->cycle, events, n))
        fail(player);
    for (uint32_t p = 0; p < N_PORTS && !player->failed; p++)
        look_at_beat(player, out, p);
}

/* What has been driven and is taken now; a command must not be refused, since it was not in the
 * simulator. */
static void look_at_inputs(struct player *player, const struct vector *out)
{
    const struct vector *in = &player->in;
    for (uint32_t p = 0; p < N_PORTS; p++)
        if (port_get_at(in, &in_ports[IN_own_valid], p, 1) && bit_of(out, OUT_own_ready, p))
            player_config_own_taken(&player->config, record_port_of(player, p));
    if (!player->command || GET_OUT(result) == ASSIGNMENT_OK)
        return;
    fprintf(stderr,
            "%s:%" PRIu32 ": pool_switch: the command \"%s\" is refused in cycle %" PRIu64
            " with result %u\n",
            player->record.path, player->command->line,
            record_command_names[player->command->command.command], player->cycle,
            (unsigned)GET_OUT(result));
    fail(player);
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
    if (tlp_header_kinds[header.kind].family == FAMILY_CONFIG && event->port < N_UP) {
        player->enabled[event->port][header.tag] = header.first_be;
        player->config_cycle[event->port] = player->cycle + EMULATION_CYCLES;
    }
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
    case RECORD_TAKE:
        player->inside--;
        break;
    case RECORD_MAKE: /* instead of a request, or anew */
        player->inside += !player->config.decisions[event->tlp.serial];
        break;
    case RECORD_ANSWER:
    case RECORD_BAR:
    case RECORD_STEER:
    case RECORD_CREDIT:
    case RECORD_FUNCTION:
    case RECORD_COMMAND:
    case RECORD_CLOSE:
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

static void drive_command(struct player *player)
{
    struct vector *in = &player->in;
    const struct record_event *event = player_config_command(&player->config, player->cycle);
    player->command = event;
    SET_IN(command, event ? event->command.command : ASSIGNMENT_NONE);
    if (!event)
        return;
    SET_IN(command_function, event->command.vf);
    SET_IN(place_port, player_port(&player->ports, event->port));
    SET_IN(place_slot, event->command.slot);
    SET_IN(place_function, event->command.function);
}

static void drive_own(struct player *player, uint32_t port)
{
    const struct record_event *make =
        is_there(player, port)
            ? player_config_own(&player->config, record_port_of(player, port), player->cycle)
            : NULL;
    set_bit(player, IN_own_valid, port, make != NULL);
    if (!make)
        return;
    for (uint32_t i = 0; i < RECORD_HEADER_WORDS; i++)
        set_at(player, IN_own_hdr, 128 * port + 128 - 32 * (i + 1), 32, make->tlp.header[i]);
    set_at(player, IN_own_data, 32 * port, 32, data_of(make, 0));
}

static void drive_functions(struct player *player, uint32_t host)
{
    for (uint32_t f = 0; f < N_EMULATED; f++) {
        const enum record_function state =
            player_function_state(&player->config, (uint16_t)host, f);
        set_bit(player, IN_present, host * N_EMULATED + f, state != RECORD_ABSENT);
        set_bit(player, IN_ready, host * N_EMULATED + f, state == RECORD_READY);
    }
}

/* What is beside the module in a switch. */
static void drive_configuration(struct player *player)
{
    bool idle[N_PORTS] = {false};
    player_config_run(&player->config, player->cycle);
    for (uint32_t h = 0; h < player->ports.n_hosts; h++) {
        idle[h] = player->config_cycle[h] <= player->cycle;
        drive_functions(player, h);
    }
    for (uint32_t p = 0; p < N_PORTS; p++)
        drive_own(player, p);
    drive_command(player);
    drive_write(player, player_tables_take(&player->tables, player->cycle, idle));
}

static void drive_inputs(struct player *player)
{
    const struct record *record = &player->record;
    while (player->next < record->n_events && record->events[player->next].cycle <= player->cycle)
        take_event(player, &record->events[player->next++]);
    drive_credits(player);
    drive_configuration(player);
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
    if (player->inside != 0 || cycle <= player->last_event_cycle + QUIET_CYCLES ||
        player->next == record->n_events)
        return;
    const uint64_t event = record->events[player->next].cycle;
    const uint64_t write = player_tables_next_cycle(&player->tables);
    const uint64_t next = event - 2 < write ? event - 2 : write;
    if (next <= cycle)
        return;
    player->cycle = next;
    player->skipped += next - cycle;
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
    SET_IN(local_ready, (UINT64_C(1) << N_UP) - 1);
    SET_IN(counting, player->config.counts);
    if (player->clock < RESET_CYCLES)
        return;
    if (player->n_init < CLASSES) {
        drive_init(player, player->n_init++);
        return;
    }
    static const bool idle[N_PORTS];
    const struct player_write *write = player_tables_take(&player->tables, 0, idle);
    drive_write(player, write);
    drive_command(player);
    if (write || player->command)
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
        look_at_inputs(&player, &outputs);
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
        if (player.clock > RESET_CYCLES) {
            check_handshakes(&player, &outputs);
            look_at_inputs(&player, &outputs);
        }
        prepare(&player);
    }
    memcpy(next, &player.in, sizeof player.in);
    player.clock++;
    return verdict;
}
