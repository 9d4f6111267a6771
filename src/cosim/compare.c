#include "cosim/compare.h"

#include "cosim/lockstep.h"

#include <inttypes.h>
#include <string.h>

void compare_init(struct compare *compare, const struct record *record, const char *name, FILE *out)
{
    *compare = (struct compare){.record = record, .name = name, .out = out};
}

static bool is_output(const struct record_event *event)
{
    return event->kind >= RECORD_OUT && event->kind <= RECORD_TAKE;
}

/* The record's next output; NULL: there is none any more. */
static const struct record_event *next_output(struct compare *compare)
{
    const struct record *record = compare->record;
    while (compare->next < record->n_events && !is_output(&record->events[compare->next]))
        compare->next++;
    return compare->next < record->n_events ? &record->events[compare->next] : NULL;
}

static bool agrees(const struct record_event *a, const struct record_event *b)
{
    if (a->kind != b->kind || a->port != b->port || a->cycle != b->cycle)
        return false;
    if (a->tlp.serial && b->tlp.serial && a->tlp.serial != b->tlp.serial)
        return false;
    if (a->kind != RECORD_OUT)
        return true;
    return memcmp(a->tlp.header, b->tlp.header, sizeof a->tlp.header) == 0 &&
           a->tlp.has_data == b->tlp.has_data && (!a->tlp.has_data || a->tlp.data == b->tlp.data);
}

/* ---- telling ---- */

static const struct record_event *entry_of(const struct record *record, uint32_t serial)
{
    for (size_t i = 0; serial && i < record->n_events; i++)
        if (record->events[i].kind == RECORD_IN && record->events[i].tlp.serial == serial)
            return &record->events[i];
    return NULL;
}

static void tell_side(const struct compare *compare, const char *name,
                      const struct record_event *event)
{
    if (!event) {
        fprintf(compare->out, "  %s: nothing\n", name);
        return;
    }
    fprintf(compare->out, "  %s: %s, port %u", name, record_kind_names[event->kind],
            (unsigned)event->port);
    if (event->tlp.serial)
        fprintf(compare->out, ", TLP %" PRIu32, event->tlp.serial);
    if (event->kind == RECORD_OUT) {
        struct tlp_header header;
        fputs(", header ", compare->out);
        for (int i = 0; i < RECORD_HEADER_WORDS; i++)
            fprintf(compare->out, "%08" PRIx32, event->tlp.header[i]);
        if (record_unpack_header(event->tlp.header, &header))
            fprintf(compare->out, " (%s)", tlp_header_kinds[header.kind].name);
        if (event->tlp.has_data)
            fprintf(compare->out, ", data %08" PRIx32, event->tlp.data);
    }
    const struct record_event *in = entry_of(compare->record, event->tlp.serial);
    if (in)
        fprintf(compare->out, ", came in at port %u in cycle %" PRIu64, (unsigned)in->port,
                in->cycle);
    fputc('\n', compare->out);
}

/* @expected or @got may be missing in this cycle. */
static void tell(struct compare *compare, uint64_t cycle, const struct record_event *expected,
                 const struct record_event *got)
{
    compare->differs = true;
    compare->cycle = cycle;
    fprintf(compare->out, "%s", compare->record->path);
    if (expected)
        fprintf(compare->out, ":%" PRIu32, expected->line);
    fprintf(compare->out,
            ": %s differs from the record in cycle %" PRIu64 ", after %" PRIu64
            " outputs that agree\n",
            compare->name, cycle, compare->compared);
    tell_side(compare, "record", expected);
    tell_side(compare, compare->name, got);
}

bool compare_cycle(struct compare *compare, uint64_t cycle, const struct record_event *events,
                   size_t n)
{
    for (size_t i = 0; !compare->differs; i++) {
        const struct record_event *expected = next_output(compare);
        const struct record_event *got = i < n ? &events[i] : NULL;
        if (expected && expected->cycle > cycle)
            expected = NULL;
        if (!expected && !got)
            break;
        if (!expected || !got || !agrees(expected, got)) {
            tell(compare, cycle, expected, got);
            break;
        }
        compare->compared++;
        compare->left += expected->kind == RECORD_OUT;
        compare->next++;
    }
    return !compare->differs;
}

bool compare_lockstep(const struct record *record, FILE *out, struct compare *out_compare,
                      struct err *err)
{
    struct lockstep *lockstep;
    if (!lockstep_new(record, &lockstep, err))
        return false;
    compare_init(out_compare, record, "the lock-step model", out);
    while (lockstep_next_cycle(lockstep) <= record->end_cycle) {
        const uint64_t cycle = lockstep_next_cycle(lockstep);
        const struct record_event *events;
        const size_t n = lockstep_run_cycle(lockstep, &events);
        if (!compare_cycle(out_compare, cycle, events, n))
            break;
        lockstep_skip_idle(lockstep);
    }
    lockstep_free(lockstep);
    return true;
}
