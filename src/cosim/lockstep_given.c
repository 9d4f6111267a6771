#include "cosim/lockstep_given.h"

#include "base/check.h"
#include "cosim/lockstep_lookup.h"

#include <inttypes.h>
#include <stdlib.h>

static bool is_hardware(const struct record *record, struct err *err)
{
    if (record->ingress_cycles != INGRESS_CYCLES || record->remap_cycles != REMAP_CYCLES ||
        record->edit_cycles != EDIT_CYCLES || record->crossbar_cycles != CROSSBAR_CYCLES)
        return err_at(err, NULL,
                      "%s: a pipeline of %" PRIu32 ", %" PRIu32 ", %" PRIu32 ", %" PRIu32
                      " cycles is not the hardware's, which has 2, 2, 1, 1",
                      record->path, record->ingress_cycles, record->remap_cycles,
                      record->edit_cycles, record->crossbar_cycles);
    if (!record->voq || record->arbiter != RECORD_ROUND_ROBIN)
        return err_at(err, NULL,
                      "%s: the hardware has virtual output queues and a round-robin arbiter",
                      record->path);
    if (record->vcs != 1)
        return err_at(err, NULL, "%s: the hardware has one virtual channel, not %" PRIu32,
                      record->path, record->vcs);
    if (!record->remap_pipelined || record->remap_fetch)
        return err_at(err, NULL,
                      "%s: the hardware's look-ups are pipelined, and fetch nothing on a miss",
                      record->path);
    return true;
}

static bool check_entries(const struct record *record, struct err *err)
{
    uint64_t *free_cycle = calloc(record->n_ports, sizeof *free_cycle);
    bool good = true;
    if (!free_cycle)
        return err_at(err, NULL, "out of memory");
    for (size_t i = 0; good && i < record->n_events; i++) {
        const struct record_event *event = &record->events[i];
        struct tlp_header header;
        if (event->kind != RECORD_IN)
            continue;
        CHECK(record_unpack_header(event->tlp.header, &header));
        if (event->cycle < free_cycle[event->port]) {
            const struct mark mark = record_mark(record, event);
            good = err_at(err, &mark, "the TLP in front of it enters port %u up to cycle %" PRIu64,
                          (unsigned)event->port, free_cycle[event->port] - 1);
        }
        free_cycle[event->port] = event->cycle + record_beats(record, &header);
    }
    free(free_cycle);
    return good;
}

bool lockstep_can_follow(const struct record *record, struct err *err)
{
    return is_hardware(record, err) && check_entries(record, err);
}

/* Of the TLP that @in let enter. */
static bool decides(const struct record_event *event, const struct record_event *in)
{
    struct tlp_header header;
    enum pool_kind kind;
    if (event->kind == RECORD_BAR || event->kind == RECORD_STEER || event->kind == RECORD_MAKE ||
        event->kind == RECORD_TAKE)
        return true;
    CHECK(record_unpack_header(in->tlp.header, &header));
    return event->kind == RECORD_DROP && !lookup_kind(&header, &kind);
}

size_t *lockstep_decisions(const struct record *record)
{
    const size_t n = (size_t)record->n_serials + 1;
    size_t *decisions = calloc(n, sizeof *decisions);
    const struct record_event **in = calloc(n, sizeof *in);
    for (size_t i = 0; in && i < record->n_events; i++)
        if (record->events[i].kind == RECORD_IN)
            in[record->events[i].tlp.serial] = &record->events[i];
    for (size_t i = 0; in && decisions && i < record->n_events; i++) {
        const struct record_event *event = &record->events[i];
        if (event->kind > RECORD_OUT && event->kind <= RECORD_MAKE && in[event->tlp.serial] &&
            decides(event, in[event->tlp.serial]))
            decisions[event->tlp.serial] = i + 1;
    }
    if (!in) {
        free(decisions);
        decisions = NULL;
    }
    free(in);
    return decisions;
}
