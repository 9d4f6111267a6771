#include "run/plane_output.h"

#include "run/format.h"
#include "run/table.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* ---- lines of items that wrap ---- */

struct line {
    FILE *out;
    size_t indent, column; /* column 0: not begun */
};

/* Adds @text after three spaces, or to a new line when it does not fit. */
static void add_item(struct line *line, const char *text)
{
    size_t width = table_width(text);
    if (line->column > line->indent && line->column + 3 + width > TABLE_COLUMNS) {
        putc('\n', line->out);
        line->column = 0;
    }
    if (line->column == 0)
        fprintf(line->out, "%*s", (int)line->indent, "");
    else if (line->column > line->indent)
        fputs("   ", line->out);
    line->column = line->column > line->indent ? line->column + 3 : line->indent;
    fputs(text, line->out);
    line->column += width;
}

__attribute__((format(printf, 2, 3))) static void add_format(struct line *line, const char *format,
                                                             ...)
{
    char text[TABLE_COLUMNS];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    add_item(line, text);
}

static void end_line(struct line *line)
{
    if (line->column)
        putc('\n', line->out);
    line->column = 0;
}

static void print_more(FILE *out, uint32_t n, const char *what, const char *file)
{
    if (n > TABLE_MAX_ROWS)
        fprintf(out, "  ... and %u more %s in %s\n", n - TABLE_MAX_ROWS, what, file);
}

/* ---- boot ---- */

static void print_boot(const struct plane_report *plane, FILE *out)
{
    static const char *const headings[PLANE_BOOT_STEPS] = {
        "firmware", "PF driver", "VFs", "lend", "hot-add", "enumerate", "VF driver",
    };
    char booted[FORMAT_BYTES];
    fprintf(out, "\nboot          all in use after %s\n", format_ps(booted, plane->booted_ps));
    fprintf(out, "%-16s", "");
    for (unsigned step = 0; step < PLANE_BOOT_STEPS; step++)
        fprintf(out, "%11s", headings[step]);
    fputs(" config\n", out);
    for (uint32_t i = 0; i < plane->n_boots && i < TABLE_MAX_ROWS; i++) {
        const struct plane_boot *boot = &plane->boots[i];
        table_cell_left(out, boot->host, 16);
        for (unsigned step = 0; step < PLANE_BOOT_STEPS; step++) {
            char buf[FORMAT_BYTES];
            const struct plane_span *span = &boot->steps[step];
            table_cell_right(
                out, span->end_ps ? format_ps(buf, span->end_ps - span->begin_ps) : "-", 11);
        }
        fprintf(out, "%7" PRIu64 "\n", boot->config_requests);
    }
    print_more(out, plane->n_boots, "hosts", "boot.csv");
}

/* ---- moves ---- */

static void print_move(const struct plane_report *plane, const struct plane_move *move, FILE *out)
{
    char buf[FORMAT_BYTES];
    const struct manager_record *record = &move->record;
    struct line line = {.out = out, .indent = 2};
    add_format(&line, "%.30s", move->vf);
    add_format(&line, "%.24s to %.24s", move->from, move->to);
    add_item(&line, plane_order_name(move->order));
    if (move->fault != MANAGER_CORRECT)
        add_item(&line, plane_fault_name(move->fault));
    uint64_t after_ps = move->asked_ps > plane->booted_ps ? move->asked_ps - plane->booted_ps : 0;
    add_format(&line, "at %s", format_ps(buf, after_ps));
    if (record->done)
        add_format(&line, "in use %s later", format_ps(buf, plane_move_latency_ps(move)));
    else
        add_item(&line, "NOT FINISHED");
    if (record->in_flight)
        add_format(&line, "%u in flight when stopped", record->in_flight);
    if (record->abandoned)
        add_format(&line, "%u abandoned", record->abandoned);
    end_line(&line);
    line.indent = 4;
    for (unsigned step = 0; step < MANAGER_STEPS; step++)
        if (record->end_ps[step])
            add_format(&line, "%s %s", manager_step_name(step),
                       format_ps(buf, record->end_ps[step] - record->begin_ps[step]));
    end_line(&line);
}

static void print_wrong(const struct plane_wrong *wrong, FILE *out)
{
    struct line line = {.out = out, .indent = 14, .column = 14};
    fputs("went wrong    ", out);
    if (plane_wrong_is_none(wrong))
        add_item(&line, "nothing");
    else {
        add_format(&line, "%" PRIu64 " TLPs mis-delivered", wrong->misdelivered);
        add_format(&line, "%" PRIu64 " completions dropped", wrong->dropped_completions);
        add_format(&line, "%" PRIu64 " time-outs", wrong->timeouts);
    }
    end_line(&line);
    if (!(wrong->killed | wrong->stale | wrong->undrained))
        return;
    line.column = line.indent;
    fputs("held off      ", out);
    add_format(&line, "%" PRIu64 " requests while draining", wrong->undrained);
    add_format(&line, "%" PRIu64 " look-ups killed", wrong->killed);
    add_format(&line, "%" PRIu64 " completions too late", wrong->stale);
    end_line(&line);
}

/* ---- what hosts saw ---- */

static void print_saw(const struct plane_saw *saw, FILE *out)
{
    const struct {
        uint64_t count;
        const char *what;
    } counts[] = {
        {saw->timeouts, "completion time-outs"},
        {saw->unsupported, "unsupported requests"},
        {saw->aborted, "completer aborts"},
        {saw->links_down, "surprise removals"},
        {saw->correctable, "correctable errors"},
        {saw->nonfatal, "non-fatal errors"},
        {saw->fatal, "fatal errors"},
        {saw->contained, "containments"},
    };
    struct line line = {.out = out, .indent = 14, .column = 14};
    fputs("  ", out);
    table_cell_left(out, saw->host, 11);
    putc(' ', out);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i].count)
            add_format(&line, "%s %" PRIu64, counts[i].what, counts[i].count);
    end_line(&line);
}

static void print_saws(const struct plane_report *plane, FILE *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < plane->n_saws; i++) {
        if (plane_saw_is_none(&plane->saws[i]))
            continue;
        if (n == 0)
            fputs("faults seen\n", out);
        if (n < TABLE_MAX_ROWS)
            print_saw(&plane->saws[i], out);
        n++;
    }
    print_more(out, n, "hosts", "saw.csv");
    if (n == 0 && plane->n_saws)
        fputs("faults seen   none, by any host\n", out);
}

void plane_print(const struct plane_report *plane, FILE *out)
{
    if (plane->n_boots)
        print_boot(plane, out);
    if (plane->n_moves)
        fputs("\nmoves\n", out);
    for (uint32_t i = 0; i < plane->n_moves && i < TABLE_MAX_ROWS; i++)
        print_move(plane, &plane->moves[i], out);
    print_more(out, plane->n_moves, "moves", "moves.csv");
    if (plane->n_moves || !plane_wrong_is_none(&plane->wrong))
        print_wrong(&plane->wrong, out);
    print_saws(plane, out);
}
