#include "run/plane_output.h"

#include "run/html.h"

#include <inttypes.h>

enum { PAGE_ROWS = 100 }; /* of each table; the CSV files have all */

static void page_more(FILE *out, uint32_t n, const char *file)
{
    if (n > PAGE_ROWS)
        fprintf(out,
                "<p class=\"guide\">The first %d of %u; all are in <a href=\"%s\">%s</a>.</p>\n",
                PAGE_ROWS, n, file, file);
}

static void span_cell(struct html_cells *row, uint64_t begin_ps, uint64_t end_ps)
{
    char buf[FORMAT_BYTES];
    html_cell(row, "%s", end_ps ? format_ps(buf, end_ps - begin_ps) : "-");
}

static void page_boot(const struct plane_report *plane, FILE *out)
{
    static const char *const headings[] = {
        "host",    "firmware",  "PF driver", "VFs enabled", "lent",
        "hot-add", "enumerate", "VF driver", "up after",    "configuration requests"};
    html_table_begin(out, "Boot: how long each step took", sizeof headings / sizeof *headings,
                     headings, 1);
    for (uint32_t i = 0; i < plane->n_boots && i < PAGE_ROWS; i++) {
        const struct plane_boot *boot = &plane->boots[i];
        struct html_cells row = {.n = 0};
        html_cell(&row, "%s", boot->host);
        for (unsigned step = 0; step < PLANE_BOOT_STEPS; step++)
            span_cell(&row, boot->steps[step].begin_ps, boot->steps[step].end_ps);
        span_cell(&row, 0, plane_boot_end_ps(boot));
        html_cell(&row, "%" PRIu64, boot->config_requests);
        html_cells_end(out, &row, 1);
    }
    html_table_end(out);
    page_more(out, plane->n_boots, "boot.csv");
}

static void page_moves(const struct plane_report *plane, FILE *out)
{
    static const char *const headings[] = {
        "move",  "how", "asked at",   "in use after", "notify",   "unbind",  "stop",
        "drain", "FLR", "invalidate", "load",         "presence", "hot-add", "driver"};
    html_table_begin(out, "Moves: from when each was asked for, and how long its steps took",
                     sizeof headings / sizeof *headings, headings, 2);
    for (uint32_t i = 0; i < plane->n_moves && i < PAGE_ROWS; i++) {
        const struct plane_move *move = &plane->moves[i];
        struct html_cells row = {.n = 0};
        html_cell(&row, "%s: %s to %s", move->vf, move->from, move->to);
        html_cell(&row, "%s%s%s", plane_order_name(move->order),
                  move->fault == MANAGER_CORRECT ? "" : ", ",
                  move->fault == MANAGER_CORRECT ? "" : plane_fault_name(move->fault));
        span_cell(&row, plane->booted_ps, move->asked_ps);
        if (move->record.done)
            span_cell(&row, 0, plane_move_latency_ps(move));
        else
            html_cell(&row, "not finished");
        for (unsigned step = 0; step < MANAGER_STEPS; step++)
            span_cell(&row, move->record.begin_ps[step], move->record.end_ps[step]);
        html_cells_end(out, &row, 2);
    }
    html_table_end(out);
    page_more(out, plane->n_moves, "moves.csv");
}

static void wrong_row(FILE *out, const char *name, const struct manager_record *record,
                      const struct plane_wrong *wrong)
{
    struct html_cells row = {.n = 0};
    html_cell(&row, "%s", name);
    if (record) {
        html_cell(&row, "%u", record->in_flight);
        html_cell(&row, "%u", record->abandoned);
    } else {
        html_cell(&row, "-");
        html_cell(&row, "-");
    }
    html_cell(&row, "%" PRIu64, wrong->misdelivered);
    html_cell(&row, "%" PRIu64, wrong->dropped_completions);
    html_cell(&row, "%" PRIu64, wrong->timeouts);
    html_cell(&row, "%" PRIu64, wrong->killed);
    html_cell(&row, "%" PRIu64, wrong->stale);
    html_cell(&row, "%" PRIu64, wrong->undrained);
    html_cells_end(out, &row, 1);
}

static void page_wrong(const struct plane_report *plane, FILE *out)
{
    static const char *const headings[] = {"move",
                                           "in flight when stopped",
                                           "abandoned",
                                           "TLPs mis-delivered",
                                           "completions dropped",
                                           "time-outs",
                                           "look-ups killed",
                                           "completions too late",
                                           "refused while draining"};
    html_table_begin(out, "What went wrong, and what the switch held off so that it did not",
                     sizeof headings / sizeof *headings, headings, 1);
    for (uint32_t i = 0; i < plane->n_moves && i < PAGE_ROWS; i++) {
        const struct plane_move *move = &plane->moves[i];
        char name[96];
        snprintf(name, sizeof name, "%s: %s to %s", move->vf, move->from, move->to);
        wrong_row(out, name, &move->record, &move->wrong);
    }
    wrong_row(out, "all of the run", NULL, &plane->wrong);
    html_table_end(out);
}

static void page_saw(const struct plane_report *plane, FILE *out)
{
    static const char *const headings[] = {"host",
                                           "completion time-outs",
                                           "unsupported requests",
                                           "completer aborts",
                                           "surprise removals",
                                           "correctable errors",
                                           "non-fatal errors",
                                           "fatal errors",
                                           "containments"};
    html_table_begin(out, "What hosts' software saw of faults", sizeof headings / sizeof *headings,
                     headings, 1);
    for (uint32_t i = 0; i < plane->n_saws && i < PAGE_ROWS; i++) {
        const struct plane_saw *saw = &plane->saws[i];
        const uint64_t counts[] = {saw->timeouts,   saw->unsupported, saw->aborted,
                                   saw->links_down, saw->correctable, saw->nonfatal,
                                   saw->fatal,      saw->contained};
        struct html_cells row = {.n = 0};
        html_cell(&row, "%s", saw->host);
        for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
            html_cell(&row, "%" PRIu64, counts[k]);
        html_cells_end(out, &row, 1);
    }
    html_table_end(out);
    page_more(out, plane->n_saws, "saw.csv");
}

void plane_page(const struct plane_report *plane, FILE *out)
{
    if (plane->n_boots || plane->n_moves || plane->n_saws)
        fputs("<h2>Hosts&#39; software</h2>\n", out);
    if (plane->n_boots)
        page_boot(plane, out);
    if (plane->n_moves)
        page_moves(plane, out);
    if (plane->n_moves || !plane_wrong_is_none(&plane->wrong))
        page_wrong(plane, out);
    if (plane->n_saws)
        page_saw(plane, out);
}
