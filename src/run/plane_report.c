#include "run/plane_report.h"

#include "base/check.h"

const char *plane_boot_step_name(enum plane_boot_step step)
{
    static const char *const names[PLANE_BOOT_STEPS] = {
        "firmware", "pf_driver", "vfs", "lend", "hot_add", "enumerate", "vf_driver",
    };
    return names[step];
}

const char *plane_order_name(enum manager_order order)
{
    switch (order) {
    case MANAGER_GRACEFUL:
        return "graceful";
    case MANAGER_SURPRISE:
        return "surprise";
    case MANAGER_IMMEDIATE:
        return "immediate";
    }
    return "?";
}

const char *plane_fault_name(enum manager_fault fault)
{
    switch (fault) {
    case MANAGER_CORRECT:
        return "correct";
    case MANAGER_INVALIDATE_FIRST:
        return "invalidate-before-drain";
    case MANAGER_NO_DRAIN:
        return "no-drain";
    case MANAGER_NO_FLR:
        return "no-flr";
    case MANAGER_STALE_ENTRY:
        return "stale-entry";
    }
    return "?";
}

void plane_boot_add(struct plane_boot *boot, enum plane_boot_step step, uint64_t begin_ps,
                    uint64_t end_ps)
{
    CHECK(begin_ps <= end_ps);
    struct plane_span *span = &boot->steps[step];
    bool first = span->begin_ps == 0 && span->end_ps == 0;
    if (first || begin_ps < span->begin_ps)
        span->begin_ps = begin_ps;
    if (end_ps > span->end_ps)
        span->end_ps = end_ps;
}

uint64_t plane_boot_end_ps(const struct plane_boot *boot)
{
    uint64_t end_ps = 0;
    for (unsigned step = 0; step < PLANE_BOOT_STEPS; step++)
        if (boot->steps[step].end_ps > end_ps)
            end_ps = boot->steps[step].end_ps;
    return end_ps;
}

bool plane_wrong_is_none(const struct plane_wrong *wrong)
{
    return (wrong->misdelivered | wrong->dropped_completions | wrong->timeouts) == 0;
}

bool plane_saw_is_none(const struct plane_saw *saw)
{
    return (saw->timeouts | saw->unsupported | saw->aborted | saw->links_down | saw->correctable |
            saw->nonfatal | saw->fatal | saw->contained) == 0;
}

struct plane_span plane_move_span(const struct plane_move *move)
{
    struct plane_span span = {0, 0};
    const struct manager_record *record = &move->record;
    for (unsigned step = 0; step < MANAGER_STEPS; step++) {
        if (record->end_ps[step] == 0)
            continue;
        if (span.end_ps == 0 || record->begin_ps[step] < span.begin_ps)
            span.begin_ps = record->begin_ps[step];
        if (record->end_ps[step] > span.end_ps)
            span.end_ps = record->end_ps[step];
    }
    return span;
}

uint64_t plane_move_latency_ps(const struct plane_move *move)
{
    return move->record.done ? plane_move_span(move).end_ps - move->asked_ps : 0;
}
