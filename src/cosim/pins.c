#include "cosim/pins.h"

#include "base/check.h"
#include "cosim/compare.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Several UpdateFCs of a port and class in one cycle are one with the sum of their units. */
static void merge_credits(struct record *record)
{
    const size_t n_lanes = (size_t)record->n_ports * CLASSES;
    size_t *last = calloc(n_lanes, sizeof *last); /* of each lane, + 1 */
    size_t kept = 0;
    CHECK(last);
    for (size_t i = 0; i < record->n_events; i++) {
        const struct record_event *event = &record->events[i];
        if (event->kind == RECORD_CREDIT) {
            size_t *lane = &last[event->port * (size_t)CLASSES + event->credit.class];
            struct record_event *before = *lane ? &record->events[*lane - 1] : NULL;
            if (before && before->cycle == event->cycle) {
                before->credit.header += event->credit.header;
                before->credit.data += event->credit.data;
                continue;
            }
            *lane = kept + 1;
        }
        record->events[kept++] = *event;
    }
    record->n_events = kept;
    free(last);
}

/* From the first one on: no earlier than it was, and behind the one before. */
static bool spread_writes(struct record *record)
{
    uint64_t free_cycle = 0;
    bool moved = false;
    for (size_t i = 0; i < record->n_events; i++) {
        struct record_event *event = &record->events[i];
        if (event->kind != RECORD_WRITE || event->write.table == RECORD_CFG_SHADOW ||
            event->cycle == 0)
            continue;
        if (event->cycle < free_cycle) {
            event->cycle = free_cycle;
            moved = true;
        }
        free_cycle = event->cycle + 1;
    }
    return moved;
}

/* *out_differs: the lock-step model differs from the record in *out_cycle. */
static bool differs(const struct record *record, bool *out_differs, uint64_t *out_cycle,
                    struct err *err)
{
    struct compare compare;
    char *said = NULL;
    size_t bytes;
    FILE *out = open_memstream(&said, &bytes);
    CHECK(out);
    bool good = compare_lockstep(record, out, &compare, err);
    fclose(out);
    free(said);
    *out_differs = good && compare.differs;
    *out_cycle = compare.cycle;
    return good;
}

/* A record that was wrong before may be played, so that its difference is told. */
static bool check(const struct record *spread, struct record_event *original, struct err *err)
{
    struct record before = *spread;
    bool now = false, then = false;
    uint64_t cycle = 0, unused;
    before.events = original;
    if (!differs(spread, &now, &cycle, err) || (now && !differs(&before, &then, &unused, err)))
        return false;
    return !now || then ||
           err_at(err, NULL,
                  "%s: UpdateFCs of a port and class, or table writes, in one cycle, before cycle "
                  "%" PRIu64
                  ", of which hardware takes one after the other, make a difference here",
                  spread->path, cycle);
}

bool pins_fit(struct record *record, struct err *err)
{
    merge_credits(record);
    struct record_event *original = malloc((record->n_events + 1) * sizeof *original);
    CHECK(original);
    if (record->n_events)
        memcpy(original, record->events, record->n_events * sizeof *original);
    const bool moved = spread_writes(record);
    record_sort(record);
    bool good = !moved || check(record, original, err);
    free(original);
    return good;
}
