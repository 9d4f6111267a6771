#include "run/plane_output.h"

#include "run/format.h"
#include "run/plot.h"

#include <math.h>

/* Tol's "muted" colours, as in the plot of where the mean latency went, and a grey. */
static const char *const colours[] = {"#DDCC77", "#4477AA", "#88CCEE", "#CC6677", "#882255",
                                      "#44AA99", "#AA4499", "#117733", "#999933", "#BBBBBB"};
_Static_assert(sizeof colours / sizeof *colours >= (size_t)MANAGER_STEPS &&
                   sizeof colours / sizeof *colours >= (size_t)PLANE_BOOT_STEPS,
               "a colour for each step");

/* Key, axis and style that both have; @rows bars of 34 pixels. */
static bool open_bars(struct outfile *file, const char *dir, const char *name, size_t rows,
                      struct err *err)
{
    if (!plot_open(file, dir, name, PLOT_WIDTH, 190 + 34 * (int)rows, NULL, err))
        return false;
    fputs("set key outside top center horizontal maxrows 2 samplen 0.6 font ',12'\n"
          "set style fill solid 1.0 noborder\n",
          file->file);
    return true;
}

/* The gnuplot variable unit is what an axis unit has of microseconds. */
static void axis_x(FILE *out, const char *what, double longest_us)
{
    double unit_us = longest_us >= 1e6 ? 1e6 : longest_us >= 1e3 ? 1e3 : 1;
    fprintf(out, "unit = %g\nset xrange [0:%.9g]\nset xlabel '%s (%s)'\n", unit_us,
            longest_us / unit_us * 1.16, what,
            unit_us > 1e3 ? "s"
            : unit_us > 1 ? "ms"
                          : "µs");
}

/* ---- boot ---- */

/* The hosts that were up last, in the configuration's order. */
static size_t choose_boots(const struct plane_report *plane, uint32_t out_chosen[PLOT_MAX_BARS])
{
    size_t n = 0;
    for (uint32_t i = 0; i < plane->n_boots; i++) {
        uint32_t later = 0;
        uint64_t end_ps = plane_boot_end_ps(&plane->boots[i]);
        for (uint32_t k = 0; k < plane->n_boots; k++) {
            uint64_t other_ps = plane_boot_end_ps(&plane->boots[k]);
            later += other_ps > end_ps || (other_ps == end_ps && k < i);
        }
        if (later < PLOT_MAX_BARS)
            out_chosen[n++] = i;
    }
    return n;
}

bool plane_plot_boot(const struct results *results, const char *dir, struct err *err)
{
    const struct plane_report *plane = results->plane;
    uint32_t chosen[PLOT_MAX_BARS];
    const char *names[PLOT_MAX_BARS];
    double longest_us = 0;
    bool used[PLANE_BOOT_STEPS] = {false};
    size_t n = choose_boots(plane, chosen);
    for (size_t i = 0; i < n; i++) {
        const struct plane_boot *boot = &plane->boots[chosen[i]];
        names[i] = boot->host;
        longest_us = fmax(longest_us, (double)plane_boot_end_ps(boot) / 1e6);
        for (unsigned step = 0; step < PLANE_BOOT_STEPS; step++)
            used[step] = used[step] || boot->steps[step].end_ps > 0;
    }
    struct outfile file;
    if (!open_bars(&file, dir, "boot", n, err))
        return false;
    FILE *out = file.file;
    plot_rows(out, n, names);
    axis_x(out, "time from power on", longest_us);
    fputs("at(s) = strcol(2) eq s ? row(strcol(1)) : NaN\nplot ", out);
    const char *separator = "";
    for (unsigned step = 0; step < PLANE_BOOT_STEPS; step++) {
        if (!used[step])
            continue;
        const char *name = plane_boot_step_name(step);
        fprintf(out,
                "%s'boot.csv' skip 1 using (($3+$4)/2/unit):(at('%s')):($3/unit):($4/unit):"
                "(at('%s')-0.32):(at('%s')+0.32) with boxxyerror lc rgb '%s' title '%s'",
                separator, name, name, name, colours[step], name);
        separator = ", \\\n     ";
    }
    putc('\n', out);
    return outfile_commit(&file, err);
}

/* ---- moves ---- */

static uint32_t shown_moves(const struct plane_report *plane)
{
    return plane->n_moves < PLOT_MAX_BARS ? plane->n_moves : PLOT_MAX_BARS;
}

/* As plot_rows, by the move's number, which its name need not tell: a VF may move again. */
static void move_rows(FILE *out, const struct plane_report *plane, uint32_t n)
{
    fprintf(out,
            "row(move) = move < %u ? -move-1 : NaN\nset yrange [%g:-0.4]\nset ytics noenhanced "
            "scale 0 (",
            n, -(double)n - 0.6);
    for (uint32_t i = 0; i < n; i++) {
        char name[64];
        snprintf(name, sizeof name, "%.20s to %.14s", plane->moves[i].vf, plane->moves[i].to);
        fputs(i ? ", " : "", out);
        plot_quote(out, name);
        fprintf(out, " %d", -(int)i - 1);
    }
    fputs(")\nset grid noytics xtics ls 101\n", out);
}

/* Of the first @n moves, from when each was asked for. */
static double longest_move_us(const struct plane_report *plane, uint32_t n)
{
    double longest_us = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t end_ps = plane_move_span(&plane->moves[i]).end_ps;
        if (end_ps > plane->moves[i].asked_ps)
            longest_us = fmax(longest_us, (double)(end_ps - plane->moves[i].asked_ps) / 1e6);
    }
    return longest_us > 0 ? longest_us : 1;
}

/* How long each took, behind its bar. */
static void move_totals(FILE *out, const struct plane_report *plane, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct plane_move *move = &plane->moves[i];
        uint64_t end_ps = plane_move_span(move).end_ps;
        char buf[FORMAT_BYTES];
        fputs("set label ", out);
        plot_quote(out, move->record.done ? format_ps(buf, plane_move_latency_ps(move))
                                          : "not finished");
        fprintf(out, " at %.9g/unit,%d left offset 0.6,0 font ',12' tc rgb '" PLOT_INK "'\n",
                end_ps > move->asked_ps ? (double)(end_ps - move->asked_ps) / 1e6 : 0.0,
                -(int)i - 1);
    }
}

bool plane_plot_moves(const struct results *results, const char *dir, struct err *err)
{
    const struct plane_report *plane = results->plane;
    uint32_t n = shown_moves(plane);
    bool used[MANAGER_STEPS] = {false};
    for (uint32_t i = 0; i < n; i++)
        for (unsigned step = 0; step < MANAGER_STEPS; step++)
            used[step] = used[step] || plane->moves[i].record.end_ps[step] > 0;
    struct outfile file;
    if (!open_bars(&file, dir, "moves", n, err))
        return false;
    FILE *out = file.file;
    move_rows(out, plane, n);
    axis_x(out, "time from when the move was asked for", longest_move_us(plane, n));
    move_totals(out, plane, n);
    fputs("at(s) = strcol(8) eq s ? row($1) : NaN\nplot ", out);
    for (unsigned step = 0; step < MANAGER_STEPS; step++) {
        if (!used[step])
            continue;
        const char *name = manager_step_name(step);
        fprintf(out,
                "'moves.csv' skip 1 using (($9+$10)/2/unit-$7/unit):(at('%s')):(($9-$7)/unit):"
                "(($10-$7)/unit):(at('%s')-0.32):(at('%s')+0.32) with boxxyerror lc rgb '%s' "
                "title '%s', \\\n     ",
                name, name, name, colours[step], name);
    }
    fputs("NaN notitle\n", out);
    return outfile_commit(&file, err);
}
