/* Line by line: a head of fixed lines, ports, and events, each of which is checked against the head
 * as it is read. */
#include "cosim/record.h"

#include "base/check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_DATAPATH_BYTES = 4096,
    MOST_CYCLES = 1 << 20,
    MOST_CREDITS = 2048,
    MOST_SLOT = 4095,
    WORD_BYTES = 160,
    DIGITS_32 = 8,
};

struct reader {
    struct record *record;
    struct err *err;
    FILE *in;
    char *line; /* owned; without its end */
    size_t line_bytes;
    struct mark mark; /* of the word read last */
    char *at;         /* what of the line is left */
    char word[WORD_BYTES];
    size_t capacity; /* of events */
    bool head_ended, ended;
};

/* ---- words ---- */

/* The next line; false at the file's end, or on a failure, which @err then tells. */
static bool next_line(struct reader *reader, bool *out_end)
{
    errno = 0;
    ssize_t n = getline(&reader->line, &reader->line_bytes, reader->in);
    *out_end = n < 0;
    if (n < 0 && (ferror(reader->in) || errno))
        return err_at(reader->err, &reader->mark, "cannot be read: %s", strerror(errno));
    reader->mark.line++;
    reader->mark.column = 1;
    if (n < 0)
        return true;
    if (memchr(reader->line, 0, (size_t)n))
        return err_at(reader->err, &reader->mark, "a zero byte in a text");
    if (n > 0 && reader->line[n - 1] == '\n')
        reader->line[n - 1] = '\0';
    reader->at = reader->line;
    return true;
}

static bool has_more(const struct reader *reader)
{
    return *reader->at != '\0';
}

/* The next word into reader->word. @what names it when it is missing. */
static bool take_word(struct reader *reader, const char *what)
{
    size_t n = strcspn(reader->at, " ");
    reader->mark.column = (uint32_t)(reader->at - reader->line) + 1;
    if (n == 0)
        return err_at(reader->err, &reader->mark, "%s is missing here", what);
    if (n >= sizeof reader->word)
        return err_at(reader->err, &reader->mark, "this is too long for %s", what);
    memcpy(reader->word, reader->at, n);
    reader->word[n] = '\0';
    reader->at += n;
    if (*reader->at == ' ' && reader->at[1])
        reader->at++;
    return true;
}

static bool take_end(struct reader *reader)
{
    reader->mark.column = (uint32_t)(reader->at - reader->line) + 1;
    return !has_more(reader) || err_at(reader->err, &reader->mark,
                                       "the line should end here, before \"%.40s\"", reader->at);
}

static bool take_number(struct reader *reader, const char *what, uint64_t least, uint64_t most,
                        uint64_t *out)
{
    if (!take_word(reader, what))
        return false;
    uint64_t value = 0;
    for (const char *c = reader->word; *c; c++) {
        if (*c < '0' || *c > '9')
            return err_at(reader->err, &reader->mark, "%s: \"%.40s\" is no number", what,
                          reader->word);
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value))
            value = UINT64_MAX;
    }
    if (value < least || value > most)
        return err_at(reader->err, &reader->mark,
                      "%s: %.40s is not within %" PRIu64 " and %" PRIu64, what, reader->word, least,
                      most);
    *out = value;
    return true;
}

static bool take_u32(struct reader *reader, const char *what, uint32_t least, uint32_t most,
                     uint32_t *out)
{
    uint64_t value = 0;
    if (!take_number(reader, what, least, most, &value))
        return false;
    *out = (uint32_t)value;
    return true;
}

/* One of @n names. */
static bool take_name(struct reader *reader, const char *what, const char *const *names, unsigned n,
                      unsigned *out)
{
    if (!take_word(reader, what))
        return false;
    for (unsigned i = 0; i < n; i++)
        if (strcmp(names[i], reader->word) == 0) {
            *out = i;
            return true;
        }
    return err_at(reader->err, &reader->mark, "\"%.40s\" is no %s", reader->word, what);
}

static bool take_literal(struct reader *reader, const char *word)
{
    unsigned unused;
    return take_name(reader, word, &word, 1, &unused);
}

static bool take_flag(struct reader *reader, const char *what, const char *no, const char *yes,
                      bool *out)
{
    const char *const names[] = {no, yes};
    unsigned which = 0;
    if (!take_name(reader, what, names, 2, &which))
        return false;
    *out = which;
    return true;
}

/* Exactly @digits hexadecimal digits (0: up to 16), the last 64 bits of each 16 digits in a word,
 * least significant first. */
static bool take_hex(struct reader *reader, const char *what, unsigned digits, uint64_t *out_words)
{
    if (!take_word(reader, what))
        return false;
    const size_t n = strlen(reader->word);
    if (digits ? n != digits : n > sizeof(uint64_t) * 2)
        return err_at(reader->err, &reader->mark, "%s has %zu hexadecimal digits instead of %u",
                      what, n, digits ? digits : (unsigned)sizeof(uint64_t) * 2);
    for (size_t i = 0; i < (n + 15) / 16; i++)
        out_words[i] = 0;
    for (size_t i = 0; i < n; i++) {
        const char c = reader->word[n - 1 - i];
        const char *digit = strchr("0123456789abcdef", c);
        if (!digit || !c)
            return err_at(reader->err, &reader->mark, "%s: '%c' is no hexadecimal digit", what, c);
        out_words[i / 16] |= (uint64_t)(digit - "0123456789abcdef") << 4 * (i % 16);
    }
    return true;
}

/* A port that the head has named. */
static bool take_port(struct reader *reader, const char *what, uint16_t *out)
{
    uint32_t port = 0;
    if (!take_u32(reader, what, 0, reader->record->n_ports - 1, &port))
        return false;
    if (!reader->record->ports[port].is_named)
        return err_at(reader->err, &reader->mark, "the head does not name port %" PRIu32, port);
    *out = (uint16_t)port;
    return true;
}

/* ---- head ---- */

static bool read_switch(struct reader *reader)
{
    struct record *record = reader->record;
    uint64_t clock_hz = 0;
    if (!take_literal(reader, "switch") || !take_word(reader, "the switch's name"))
        return false;
    snprintf(record->name, sizeof record->name, "%.*s", RECORD_NAME_BYTES - 1, reader->word);
    if (!take_literal(reader, "ports") ||
        !take_u32(reader, "ports", 1, RECORD_MOST_PORTS, &record->n_ports) ||
        !take_literal(reader, "clock") ||
        !take_number(reader, "clock", 1, UINT64_C(1000000000000), &clock_hz) ||
        !take_literal(reader, "datapath") ||
        !take_u32(reader, "datapath", 4, MOST_DATAPATH_BYTES, &record->datapath_bytes) ||
        !take_literal(reader, "mps") || !take_u32(reader, "mps", 128, 4096, &record->mps_bytes) ||
        !take_literal(reader, "vcs") || !take_u32(reader, "vcs", 1, 8, &record->vcs))
        return false;
    record->clock_hz = clock_hz;
    if (record->datapath_bytes & (record->datapath_bytes - 1))
        return err_at(reader->err, &reader->mark, "datapath: %" PRIu32 " is no power of two",
                      record->datapath_bytes);
    record->ports = calloc(record->n_ports, sizeof *record->ports);
    return record->ports || err_at(reader->err, NULL, "out of memory");
}

static bool read_pipeline(struct reader *reader)
{
    struct record *record = reader->record;
    return take_literal(reader, "pipeline") &&
           take_u32(reader, "ingress cycles", 0, MOST_CYCLES, &record->ingress_cycles) &&
           take_u32(reader, "remap cycles", 0, MOST_CYCLES, &record->remap_cycles) &&
           take_u32(reader, "edit cycles", 0, MOST_CYCLES, &record->edit_cycles) &&
           take_u32(reader, "crossbar cycles", 0, MOST_CYCLES, &record->crossbar_cycles);
}

static bool read_ways(struct reader *reader)
{
    struct record *record = reader->record;
    unsigned arbiter = 0;
    if (!take_literal(reader, "ways") ||
        !take_name(reader, "arbiter", record_arbiter_names, RECORD_ARBITERS, &arbiter) ||
        !take_flag(reader, "kind of queue", "fifo", "voq", &record->voq) ||
        !take_flag(reader, "kind of look-up", "serial", "pipelined", &record->remap_pipelined) ||
        !take_flag(reader, "way of a miss", "miss", "fetch", &record->remap_fetch))
        return false;
    record->arbiter = (enum record_arbiter)arbiter;
    return true;
}

static bool read_port(struct reader *reader)
{
    struct record *record = reader->record;
    uint32_t number = 0;
    if (!take_u32(reader, "port", 0, record->n_ports - 1, &number))
        return false;
    struct record_port *port = &record->ports[number];
    if (port->is_named)
        return err_at(reader->err, &reader->mark, "port %" PRIu32 " is named already", number);
    uint32_t owner = 0;
    if (!take_flag(reader, "side", "host", "device", &port->is_device) ||
        (port->is_device && !take_u32(reader, "owner port", 0, record->n_ports - 1, &owner)))
        return false;
    port->is_named = true;
    port->owner_port = (uint16_t)owner;
    return true;
}

static bool read_credits(struct reader *reader)
{
    uint16_t port = 0;
    unsigned class = 0;
    if (!take_port(reader, "port", &port) ||
        !take_name(reader, "class", record_class_names, CLASSES, &class))
        return false;
    struct record_port *to = &reader->record->ports[port];
    return take_u32(reader, "header credits", 0, MOST_CREDITS, &to->header_credits[class]) &&
           take_u32(reader, "data credits", 0, MOST_CREDITS, &to->data_credits[class]);
}

static bool read_table(struct reader *reader)
{
    uint16_t port = 0;
    unsigned table = 0;
    return take_name(reader, "table", record_table_names, RECORD_TABLES, &table) &&
           take_port(reader, "port", &port) &&
           take_u32(reader, "entries", 1, RECORD_MOST_ENTRIES,
                    &reader->record->ports[port].entries[table]);
}

static bool read_fixed_line(struct reader *reader, bool (*read)(struct reader *))
{
    bool end;
    if (!next_line(reader, &end))
        return false;
    if (end)
        return err_at(reader->err, &reader->mark, "the record ends within its head");
    return read(reader) && take_end(reader);
}

static bool read_version(struct reader *reader)
{
    uint32_t version;
    return take_literal(reader, "poolsim-record") &&
           take_u32(reader, "version", RECORD_VERSION, RECORD_VERSION, &version);
}

static bool read_head_line(struct reader *reader)
{
    static const char *const names[] = {"port", "credits", "table", "events"};
    static bool (*const readers[])(struct reader *) = {read_port, read_credits, read_table};
    enum { EVENTS = 3 };
    unsigned which = 0;
    if (!take_name(reader, "line of a record's head", names, EVENTS + 1, &which))
        return false;
    reader->head_ended = which == EVENTS;
    return which == EVENTS || readers[which](reader);
}

/* An owner port may be named behind the device port. */
static bool check_owners(struct reader *reader)
{
    const struct record *record = reader->record;
    reader->mark.column = 1;
    for (uint32_t p = 0; p < record->n_ports; p++) {
        const struct record_port *port = &record->ports[p];
        if (!port->is_device || (record->ports[port->owner_port].is_named &&
                                 !record->ports[port->owner_port].is_device))
            continue;
        return err_at(reader->err, &reader->mark,
                      "port %" PRIu32 " belongs to port %u, which is no host's", p,
                      (unsigned)port->owner_port);
    }
    return true;
}

static bool read_head(struct reader *reader)
{
    if (!read_fixed_line(reader, read_version) || !read_fixed_line(reader, read_switch) ||
        !read_fixed_line(reader, read_pipeline) || !read_fixed_line(reader, read_ways))
        return false;
    while (!reader->head_ended)
        if (!read_fixed_line(reader, read_head_line))
            return false;
    return check_owners(reader);
}

/* ---- events ---- */

static bool take_header(struct reader *reader, uint32_t out_words[RECORD_HEADER_WORDS])
{
    enum { DIGITS = DIGITS_32 * RECORD_HEADER_WORDS };
    uint64_t words[DIGITS / 16] = {0};
    struct tlp_header header;
    if (!take_hex(reader, "a header", DIGITS, words))
        return false;
    out_words[0] = (uint32_t)(words[1] >> 32);
    out_words[1] = (uint32_t)words[1];
    out_words[2] = (uint32_t)(words[0] >> 32);
    out_words[3] = (uint32_t)words[0];
    return record_unpack_header(out_words, &header) ||
           err_at(reader->err, &reader->mark, "this is no TLP's header");
}

/* TLPs are numbered in the order of their first lines. */
static bool take_serial(struct reader *reader, bool may_be_new, bool must_be_new, uint32_t *out)
{
    struct record *record = reader->record;
    const uint32_t least = must_be_new ? record->n_serials + 1 : 1;
    const uint32_t most = record->n_serials + may_be_new;
    if (!take_u32(reader, "serial number", 0, UINT32_MAX - 1, out))
        return false;
    if (*out < least || *out > most)
        return err_at(reader->err, &reader->mark, "serial number %" PRIu32 " instead of %s%" PRIu32,
                      *out, must_be_new ? "" : "one up to ", most);
    if (*out > record->n_serials)
        record->n_serials = *out;
    return true;
}

static bool read_tlp(struct reader *reader, struct record_event *event)
{
    const enum record_kind kind = (enum record_kind)event->kind;
    const bool decided = kind == RECORD_STEER || kind == RECORD_MAKE;
    if (!take_serial(reader, kind == RECORD_IN || kind == RECORD_MAKE, kind == RECORD_IN,
                     &event->tlp.serial) ||
        (decided && !take_port(reader, "egress", &event->tlp.egress)))
        return false;
    event->tlp.has_header = decided || kind == RECORD_IN || kind == RECORD_OUT;
    if (!event->tlp.has_header)
        return true;
    if (!take_header(reader, event->tlp.header))
        return false;
    event->tlp.has_data = has_more(reader);
    uint64_t data = 0;
    if (event->tlp.has_data && !take_hex(reader, "data", DIGITS_32, &data))
        return false;
    event->tlp.data = (uint32_t)data;
    return true;
}

static bool read_credit(struct reader *reader, struct record_event *event)
{
    unsigned class = 0;
    if (!take_name(reader, "class", record_class_names, CLASSES, &class))
        return false;
    event->credit.class = (enum tlp_class) class;
    return take_u32(reader, "header credits", 0, MOST_CREDITS, &event->credit.header) &&
           take_u32(reader, "data credits", 0, MOST_CREDITS, &event->credit.data);
}

/* A valid entry must be of its port, and lead to ports that are there. */
static bool check_entry(struct reader *reader, const struct record_event *event)
{
    const struct pool_table *table = &pool_tables[record_table_layout(event->write.table)];
    const struct pool_entry *entry = &event->write.entry;
    if (!pool_entry_get(entry, table->fields[table->n_fields - 1].lsb, 1))
        return true;
    for (unsigned i = 0; i < table->n_fields; i++) {
        const struct pool_field *field = &table->fields[i];
        const unsigned value = (unsigned)pool_entry_get(entry, field->lsb, field->width);
        if (strcmp(field->name, "KEY_PORT") == 0 && value != event->port)
            return err_at(reader->err, &reader->mark, "the entry is of port %u", value);
        if ((strcmp(field->name, "PORT") == 0 || strcmp(field->name, "OWNER_PORT") == 0) &&
            value >= reader->record->n_ports)
            return err_at(reader->err, &reader->mark,
                          "the entry leads to port %u, which is not there", value);
    }
    return true;
}

static bool read_write(struct reader *reader, struct record_event *event)
{
    unsigned name = 0;
    if (!take_name(reader, "table", record_table_names, RECORD_TABLES, &name) ||
        !take_port(reader, "port", &event->port))
        return false;
    event->write.table = (enum record_table)name;
    const struct pool_table *table = &pool_tables[record_table_layout(event->write.table)];
    const uint32_t entries = reader->record->ports[event->port].entries[name];
    if (!entries)
        return err_at(reader->err, &reader->mark, "port %u has no table %s", (unsigned)event->port,
                      record_table_names[name]);
    memset(&event->write.entry, 0, sizeof event->write.entry);
    return take_u32(reader, "index", 0, entries - 1, &event->write.index) &&
           take_hex(reader, "an entry", (table->width + 3U) / 4, event->write.entry.word) &&
           check_entry(reader, event);
}

static bool read_function(struct reader *reader, struct record_event *event)
{
    uint32_t function = 0;
    unsigned state = 0;
    if (!take_u32(reader, "function", 0, UINT16_MAX, &function) ||
        !take_name(reader, "state of a function", record_function_names, RECORD_FUNCTION_STATES,
                   &state))
        return false;
    event->function.function = (uint16_t)function;
    event->function.state = (enum record_function)state;
    return true;
}

static bool read_command(struct reader *reader, struct record_event *event)
{
    uint32_t vf = 0, slot = 0, function = 0;
    unsigned command = 0;
    if (!take_u32(reader, "VF", 0, UINT16_MAX, &vf) ||
        !take_name(reader, "command", record_command_names, ASSIGNMENT_COMMANDS, &command) ||
        !take_u32(reader, "slot", 0, MOST_SLOT, &slot) ||
        !take_u32(reader, "function", 0, UINT16_MAX, &function))
        return false;
    event->command.vf = (uint16_t)vf;
    event->command.command = (enum assignment_command)command;
    event->command.slot = (uint16_t)slot;
    event->command.function = (uint16_t)function;
    return true;
}

static bool read_event(struct reader *reader, struct record_event *event)
{
    const bool passes = event->kind <= RECORD_MAKE;
    if (!take_number(reader, "cycle", passes, UINT64_MAX / 2, &event->cycle))
        return false;
    if (event->kind != RECORD_WRITE && !take_port(reader, "port", &event->port))
        return false;
    switch ((enum record_kind)event->kind) {
    case RECORD_IN:
    case RECORD_OUT:
    case RECORD_ANSWER:
    case RECORD_DROP:
    case RECORD_TAKE:
    case RECORD_BAR:
    case RECORD_STEER:
    case RECORD_MAKE:
        return read_tlp(reader, event);
    case RECORD_CREDIT:
        return read_credit(reader, event);
    case RECORD_HOLD:
        return take_number(reader, "end of the hold", event->cycle + 1, UINT64_MAX / 2,
                           &event->hold.until_cycle);
    case RECORD_WRITE:
        return read_write(reader, event);
    case RECORD_FUNCTION:
        return read_function(reader, event);
    case RECORD_COMMAND:
        return read_command(reader, event);
    case RECORD_CLOSE:
        return true;
    case RECORD_KINDS:
        break;
    }
    CHECK(false);
}

static bool keep(struct reader *reader, const struct record_event *event)
{
    struct record *record = reader->record;
    if (record->n_events == reader->capacity) {
        size_t capacity = reader->capacity ? 2 * reader->capacity : 1024;
        struct record_event *events = reallocarray(record->events, capacity, sizeof *events);
        if (!events)
            return err_at(reader->err, &reader->mark, "out of memory for the record");
        record->events = events;
        reader->capacity = capacity;
    }
    record->events[record->n_events++] = *event;
    return true;
}

static bool read_line(struct reader *reader)
{
    struct record_event event = {.line = reader->mark.line};
    const char *names[RECORD_KINDS + 1];
    unsigned kind = 0;
    memcpy(names, record_kind_names, sizeof record_kind_names);
    names[RECORD_KINDS] = "end";
    if (!take_name(reader, "event", names, RECORD_KINDS + 1, &kind))
        return false;
    if (kind == RECORD_KINDS) {
        reader->ended = true;
        return take_number(reader, "cycle", 0, UINT64_MAX / 2, &reader->record->end_cycle) &&
               take_end(reader);
    }
    event.kind = (uint8_t)kind;
    return read_event(reader, &event) && take_end(reader) && keep(reader, &event);
}

static bool read_events(struct reader *reader)
{
    for (;;) {
        bool end;
        if (!next_line(reader, &end))
            return false;
        if (end)
            return reader->ended || err_at(reader->err, &reader->mark,
                                           "the record ends without its end: it was cut off");
        if (reader->ended)
            return err_at(reader->err, &reader->mark, "something stands behind the record's end");
        if (!read_line(reader))
            return false;
    }
}

/* ---- all ---- */

bool record_read(const char *path, struct record *out, struct err *err)
{
    struct record record = {.path = strdup(path)};
    struct reader reader = {.record = &record, .err = err, .mark = {.file = path}};
    reader.in = fopen(path, "r");
    if (!record.path || !reader.in) {
        const int why = errno;
        record_free(&record);
        if (reader.in)
            fclose(reader.in);
        return err_at(err, &reader.mark, "cannot be opened: %s", strerror(why));
    }
    bool good = read_head(&reader) && read_events(&reader);
    fclose(reader.in);
    free(reader.line);
    if (!good) {
        record_free(&record);
        return false;
    }
    record_sort(&record);
    *out = record;
    return true;
}
