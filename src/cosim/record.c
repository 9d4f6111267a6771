/* What writing and reading share: the words, and headers as words. */
#include "cosim/record.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

enum { DW_BYTES = 4, HEADER_BYTES = RECORD_HEADER_WORDS * DW_BYTES };

const char *const record_kind_names[RECORD_KINDS] = {
    [RECORD_IN] = "in",           [RECORD_OUT] = "out",     [RECORD_ANSWER] = "answer",
    [RECORD_DROP] = "drop",       [RECORD_TAKE] = "take",   [RECORD_BAR] = "bar",
    [RECORD_STEER] = "steer",     [RECORD_MAKE] = "make",   [RECORD_CREDIT] = "credit",
    [RECORD_HOLD] = "hold",       [RECORD_WRITE] = "write", [RECORD_FUNCTION] = "function",
    [RECORD_COMMAND] = "command", [RECORD_CLOSE] = "close",
};

const char *const record_table_names[RECORD_TABLES] = {
    [RECORD_ID_UP] = "id_up", [RECORD_ID_DOWN] = "id_down",       [RECORD_ADDR_MAP] = "addr_map",
    [RECORD_LENT] = "lent",   [RECORD_WINDOW] = "window",         [RECORD_BUS] = "bus",
    [RECORD_PORT] = "port",   [RECORD_CFG_SHADOW] = "cfg_shadow",
};

const char *const record_function_names[RECORD_FUNCTION_STATES] = {
    [RECORD_ABSENT] = "absent",
    [RECORD_RESETTING] = "resetting",
    [RECORD_READY] = "ready",
};

const char *const record_command_names[ASSIGNMENT_COMMANDS] = {
    [ASSIGNMENT_NONE] = "none",       [ASSIGNMENT_LOAD] = "load",
    [ASSIGNMENT_ATTACH] = "attach",   [ASSIGNMENT_DRAIN] = "drain",
    [ASSIGNMENT_RESET] = "reset",     [ASSIGNMENT_RESET_DONE] = "reset_done",
    [ASSIGNMENT_RELEASE] = "release", [ASSIGNMENT_ABANDON] = "abandon",
};

const char *const record_arbiter_names[RECORD_ARBITERS] = {
    [RECORD_ROUND_ROBIN] = "round-robin",
    [RECORD_WEIGHTED] = "weighted",
    [RECORD_AGE] = "age",
    [RECORD_PRIORITY] = "priority",
};

const char *const record_class_names[CLASSES] = {
    [CLASS_POSTED] = "posted",
    [CLASS_NONPOSTED] = "nonposted",
    [CLASS_COMPLETION] = "completion",
};

enum pool_table_id record_table_layout(enum record_table table)
{
    switch (table) {
    case RECORD_ID_UP:
        return POOL_ID_UP;
    case RECORD_ID_DOWN:
        return POOL_ID_DOWN;
    case RECORD_ADDR_MAP:
    case RECORD_LENT:
        return POOL_ADDR_MAP;
    case RECORD_WINDOW:
        return POOL_WINDOW;
    case RECORD_BUS:
        return POOL_BUS;
    case RECORD_PORT:
        return POOL_PORT;
    case RECORD_CFG_SHADOW:
        return POOL_CFG_SHADOW;
    case RECORD_TABLES:
        break;
    }
    CHECK(false);
}

void record_free(struct record *record)
{
    free(record->ports);
    free(record->events);
    free(record->path);
    memset(record, 0, sizeof *record);
}

static int compare_events(const void *a, const void *b)
{
    const struct record_event *x = a, *y = b;
    if (x->cycle != y->cycle)
        return x->cycle < y->cycle ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->port != y->port)
        return x->port < y->port ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

void record_sort(struct record *record)
{
    if (record->n_events)
        qsort(record->events, record->n_events, sizeof *record->events, compare_events);
}

struct mark record_mark(const struct record *record, const struct record_event *event)
{
    return (struct mark){record->path, event->line, 1};
}

static uint32_t word_of(const uint8_t bytes[DW_BYTES])
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

void record_pack_header(const struct tlp_header *header, uint32_t out_words[RECORD_HEADER_WORDS])
{
    static const uint8_t payload[DW_BYTES * TLP_PAYLOAD_MAX_DW];
    uint8_t bytes[TLP_WIRE_MAX_BYTES];
    size_t n = tlp_header_bytes(header);

    tlp_header_encode(header, payload, bytes);
    memset(bytes + n, 0, HEADER_BYTES - n);
    for (unsigned i = 0; i < RECORD_HEADER_WORDS; i++)
        out_words[i] = word_of(&bytes[(size_t)DW_BYTES * i]);
}

/* Fmt in bits 31:29 of DW0: four dwords, with data; TD, and Length, 0 for 1024 dwords. */
enum { FOUR_DW = 1U << 29, WITH_DATA = 1U << 30, DIGEST = 1U << 15, LENGTH = 0x3ff };

bool record_unpack_header(const uint32_t words[RECORD_HEADER_WORDS], struct tlp_header *out)
{
    uint8_t bytes[TLP_WIRE_MAX_BYTES];
    size_t n = words[0] & FOUR_DW ? HEADER_BYTES : HEADER_BYTES - DW_BYTES;

    for (unsigned i = 0; i < HEADER_BYTES; i++)
        bytes[i] = (uint8_t)(words[i / DW_BYTES] >> 8 * (DW_BYTES - 1 - i % DW_BYTES));
    for (size_t i = n; i < HEADER_BYTES; i++)
        if (bytes[i])
            return false;
    if (words[0] & DIGEST)
        return false;
    size_t total = n;
    if (words[0] & WITH_DATA) {
        const uint32_t length = words[0] & LENGTH;
        total += (size_t)DW_BYTES * (length ? length : TLP_PAYLOAD_MAX_DW);
        memset(bytes + n, 0, total - n);
    }
    return tlp_header_decode(bytes, total, out) == DEFECT_NONE;
}

uint32_t record_payload_bytes(const struct tlp_header *header)
{
    return tlp_header_kinds[header->kind].has_data ? header->length_dw * (uint32_t)DW_BYTES : 0;
}

uint32_t record_beats(const struct record *record, const struct tlp_header *header)
{
    const uint32_t bytes = record_payload_bytes(header), beat = record->datapath_bytes;
    return bytes ? (bytes + beat - 1) / beat : 1;
}

uint32_t record_payload_dw(uint32_t serial, uint32_t index)
{
    /* SplitMix64's output function. */
    uint64_t z = ((uint64_t)serial << 32 | index) + UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(z >> 32);
}
