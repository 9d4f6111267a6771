#include "run/timeline_plots.h"

#include "run/plane_report.h"
#include "run/plot.h"
#include "stats/collect.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the time axis ---- */

/* A step of 1, 2 or 5 times a power of ten that cuts 0..@largest into two to five. */
static double tic_step(double largest)
{
    double step = pow(10, floor(log10(fmax(largest, 1e-9) / 2)));
    double steps = largest / step;
    return steps > 10 ? 5 * step : steps > 5 ? 2 * step : step;
}

struct axis {
    const char *unit;
    double unit_us; /* length of one */
    double end;     /* in units */
};

static struct axis time_axis(const struct results *results)
{
    double end_us = results->timeline[results->n_timeline - 1].time_us;
    if (end_us >= 1e7)
        return (struct axis){"s", 1e6, end_us / 1e6};
    if (end_us >= 1e5)
        return (struct axis){"ms", 1e3, end_us / 1e3};
    return (struct axis){"µs", 1, end_us};
}

static void axis_label(FILE *out, const struct results *results, const struct axis *axis)
{
    bool boots = results->plane && results->plane->booted_ps > 0;
    fprintf(out, "set xlabel '%s (%s)'\n", boots ? "time from the end of boot" : "simulated time",
            axis->unit);
}

/* Where @time_ps is on the axis. */
static double axis_at(const struct results *results, const struct axis *axis, uint64_t time_ps)
{
    return ((double)time_ps - (double)results->plane->booted_ps) / 1e6 / axis->unit_us;
}

/* The warm-up as object and label 1. */
static void shade_warmup(FILE *out, const struct results *results, const struct axis *axis,
                         double label_y)
{
    double end = results->warmup_us / axis->unit_us;
    if (end <= 0 || end >= axis->end)
        return;
    fprintf(out,
            "set object 1 rectangle from first 0, graph 0 to first %.9g, graph 1 behind "
            "fillstyle solid 0.25 noborder fillcolor rgb '#999999'\n"
            "set label 1 'warm-up' at first 0, graph %.9g left font ',12' tc rgb '" PLOT_INK "'\n",
            end, label_y);
}

/* ---- marks of moves and faults ---- */

enum { MARK_ROWS = 6, MARKS_MAX = 48, MARK_TAG = 100 };

struct time_mark {
    double at; /* on the axis */
    char text[64];
};

struct time_marks {
    struct time_mark mark[MARKS_MAX];
    size_t n;
};

static void add_mark(struct time_marks *marks, const struct axis *axis, double at, const char *text)
{
    if (marks->n == MARKS_MAX || at < 0 || at > axis->end)
        return;
    struct time_mark *mark = &marks->mark[marks->n++];
    mark->at = at;
    snprintf(mark->text, sizeof mark->text, "%s", text);
}

static struct time_marks find_marks(const struct results *results, const struct axis *axis)
{
    struct time_marks marks = {.n = 0};
    const struct plane_report *plane = results->plane;
    for (uint32_t i = 0; plane && i < plane->n_moves; i++) {
        char text[64];
        snprintf(text, sizeof text, "%.36s to %.20s", plane->moves[i].vf, plane->moves[i].to);
        add_mark(&marks, axis, axis_at(results, axis, plane->moves[i].asked_ps), text);
    }
    for (uint32_t i = 0; plane && i < plane->n_faults; i++)
        add_mark(&marks, axis, axis_at(results, axis, plane->faults[i].begin_ps),
                 plane->faults[i].what);
    return marks;
}

static size_t mark_rows(const struct time_marks *marks)
{
    return marks->n < MARK_ROWS ? marks->n : MARK_ROWS;
}

/* A line at each mark through what is plotted from here on. */
static void draw_mark_lines(FILE *out, const struct time_marks *marks)
{
    for (size_t i = 0; i < marks->n; i++)
        fprintf(out,
                "set arrow %zu from first %.9g, graph 0 to first %.9g, graph 1 nohead front lw 1.3 "
                "dt 2 lc rgb '" PLOT_INK "'\n",
                MARK_TAG + i, marks->mark[i].at, marks->mark[i].at);
}

/* Their texts above the graph, in rows of @row_graph of its height, so that near ones do not
 * overlap. */
static void draw_mark_texts(FILE *out, const struct time_marks *marks, double row_graph)
{
    double end = 0;
    for (size_t i = 0; i < marks->n; i++)
        end = fmax(end, marks->mark[i].at);
    for (size_t i = 0; i < marks->n; i++) {
        const struct time_mark *mark = &marks->mark[i];
        double y = 1 + row_graph * (0.6 + (double)(i % mark_rows(marks)));
        fprintf(out, "set label %zu ", MARK_TAG + i);
        plot_quote(out, mark->text);
        fprintf(out,
                " noenhanced at first %.9g, graph %.9g %s font ',12' tc rgb '" PLOT_INK "'\n"
                "set arrow %zu from first %.9g, graph 1 to first %.9g, graph %.9g nohead lw 0.7 "
                "lc rgb '" PLOT_GRID "'\n",
                mark->at, y, mark->at > end / 2 ? "right" : "left", MARK_TAG + MARKS_MAX + i,
                mark->at, mark->at, y - 0.2 * row_graph);
    }
}

static void drop_mark_texts(FILE *out, const struct time_marks *marks)
{
    for (size_t i = 0; i < marks->n; i++)
        fprintf(out, "unset label %zu\nunset arrow %zu\n", MARK_TAG + i, MARK_TAG + MARKS_MAX + i);
}

/* ---- all hosts together ---- */

bool timeline_plot_total(const struct results *results, const char *dir, struct err *err)
{
    double largest_ns = 0, largest_gbps = 0;
    for (uint32_t i = 0; i < results->n_timeline; i++) {
        largest_ns = fmax(largest_ns, results->timeline[i].latency_mean_ns);
        largest_gbps = fmax(largest_gbps, results->timeline[i].gbps);
    }
    double unit_ns = largest_ns >= 1e4 ? 1000 : 1;
    struct axis axis = time_axis(results);
    struct time_marks marks = find_marks(results, &axis);
    struct outfile file;
    if (!plot_open(&file, dir, "timeline", PLOT_WIDTH, 440, NULL, err))
        return false;
    FILE *out = file.file;
    fprintf(out,
            "set xrange [0:%.9g]\nset yrange [0:*]\nset key off\nset lmargin 10\nset rmargin 3\n",
            axis.end);
    shade_warmup(out, results, &axis, 1.06);
    draw_mark_lines(out, &marks);
    fprintf(out,
            "set multiplot\nset size 1,0.46\nset origin 0,0.54\nset bmargin 1\nset tmargin "
            "1.6\nset format x ''\n"
            "set ylabel 'throughput (Gb/s)'\nset ytics %g\n"
            "plot 'timeline.csv' skip 1 using ($1/%g):2 with lines lw 1.8 lc rgb '%s'\n",
            tic_step(largest_gbps), axis.unit_us, plot_colour(0));
    fputs("unset label 1\nset size 1,0.54\nset origin 0,0\nset bmargin 3.2\nset tmargin 0.8\nset "
          "format x '%g'\n",
          out);
    axis_label(out, results, &axis);
    fprintf(out,
            "set ylabel 'mean latency (%s)'\nset ytics %g\n"
            "plot 'timeline.csv' skip 1 using ($1/%g):($3/%g) with lines lw 1.8 lc rgb '%s'\nunset "
            "multiplot\n",
            unit_ns > 1 ? "µs" : "ns", tic_step(largest_ns / unit_ns), axis.unit_us, unit_ns,
            plot_colour(1));
    return outfile_commit(&file, err);
}

/* ---- a strip per host ---- */

enum { STRIP_GAP_PX = 8, ROW_PX = 17, TOP_PX = 24, BOTTOM_PX = 56 };

/* Height of each of @n strips: few may be higher. */
static int strip_px(uint32_t n)
{
    return n <= 3 ? 90 : n <= 6 ? 64 : 46;
}

static bool is_moving(const struct plane_move *move, const char *host)
{
    return strcmp(move->from, host) == 0 || strcmp(move->to, host) == 0;
}

static bool takes_part(const struct results *results, uint32_t host)
{
    const struct plane_report *plane = results->plane;
    for (uint32_t i = 0; plane && i < plane->n_moves; i++)
        if (is_moving(&plane->moves[i], results->hosts[host].name))
            return true;
    return false;
}

/* Marks the hosts to draw: those that take part in moves, then the busiest. Returns how many. */
static uint32_t choose_hosts(const struct results *results, bool *drawn)
{
    uint32_t n = 0;
    while (n < PLOT_MAX_CURVES && n < results->n_hosts) {
        uint32_t best = UINT32_MAX;
        for (uint32_t h = 0; h < results->n_hosts; h++) {
            if (drawn[h])
                continue;
            if (best == UINT32_MAX) {
                best = h;
                continue;
            }
            bool moves = takes_part(results, h), best_moves = takes_part(results, best);
            if (moves != best_moves ? moves : results->hosts[h].gbps > results->hosts[best].gbps)
                best = h;
        }
        drawn[best] = true;
        n++;
    }
    return n;
}

/* Shades the times at which VFs leave or come to @host. */
static void shade_moves(FILE *out, const struct results *results, const struct axis *axis,
                        const char *host)
{
    const struct plane_report *plane = results->plane;
    for (uint32_t i = 0; plane && i < plane->n_moves && i < MARKS_MAX; i++) {
        struct plane_span span = plane_move_span(&plane->moves[i]);
        fprintf(out, "unset object %u\n", MARK_TAG + i);
        if (!is_moving(&plane->moves[i], host) || span.end_ps == 0)
            continue;
        fprintf(out,
                "set object %u rectangle from first %.9g, graph 0 to first %.9g, graph 1 behind "
                "fillstyle solid 0.3 noborder fillcolor rgb '%s'\n",
                MARK_TAG + i, axis_at(results, axis, span.begin_ps),
                axis_at(results, axis, span.end_ps), plot_colour(4));
    }
}

static double largest_host_gbps(const struct results *results, const bool *drawn)
{
    double largest = 0;
    for (uint32_t h = 0; h < results->n_hosts; h++)
        for (uint32_t i = 0; drawn[h] && i < results->n_timeline; i++)
            largest = fmax(largest, results->host_gbps[h * results->n_timeline + i]);
    return largest > 0 ? largest : 1;
}

/* Strip @index of @n, the first on top, in a figure of @height_px. */
static void draw_strip(FILE *out, const char *host, const struct axis *axis, uint32_t index,
                       uint32_t n, int height_px)
{
    int bottom_px = BOTTOM_PX + (int)(n - 1 - index) * (strip_px(n) + STRIP_GAP_PX);
    fprintf(out, "set bmargin at screen %.6f\nset tmargin at screen %.6f\n",
            (double)bottom_px / height_px, (double)(bottom_px + strip_px(n)) / height_px);
    fputs("set label 2 ", out);
    plot_quote(out, host);
    fputs(" noenhanced at graph 1.012, graph 0.5 left font ',13' tc rgb '" PLOT_INK "'\nhost = ",
          out);
    plot_quote(out, host);
    fprintf(out,
            "\nplot 'host_timeline.csv' skip 1 using (strcol(1) eq host ? $2/%g : NaN):3 with "
            "filledcurves y1=0 fs solid 0.3 noborder lc rgb '%s', \\\n"
            "     '' skip 1 using (strcol(1) eq host ? $2/%g : NaN):3 with lines lw 1.4 lc rgb "
            "'%s'\n",
            axis->unit_us, plot_colour(0), axis->unit_us, plot_colour(0));
}

bool timeline_plot_hosts(const struct results *results, const char *dir, struct err *err)
{
    bool drawn[COLLECT_TIMELINE_HOSTS] = {false};
    uint32_t n = choose_hosts(results, drawn);
    struct axis axis = time_axis(results);
    struct time_marks marks = find_marks(results, &axis);
    double largest = largest_host_gbps(results, drawn);
    int height_px = TOP_PX + ROW_PX * (int)mark_rows(&marks) +
                    (int)n * (strip_px(n) + STRIP_GAP_PX) + BOTTOM_PX;
    struct outfile file;
    if (!plot_open(&file, dir, "host_timeline", PLOT_WIDTH, height_px, NULL, err))
        return false;
    FILE *out = file.file;
    fprintf(out,
            "set xrange [0:%.9g]\nset yrange [0:%.9g]\nset ytics %g\nset key off\n"
            "set lmargin at screen 0.1\nset rmargin at screen 0.86\nset format x ''\n"
            "set label 3 'throughput (Gb/s)' at screen 0.025, screen 0.5 center rotate by 90 tc "
            "rgb '" PLOT_INK "'\n",
            axis.end, largest * 1.05, tic_step(largest));
    shade_warmup(out, results, &axis,
                 1 + (double)ROW_PX * (0.6 + (double)mark_rows(&marks)) / strip_px(n));
    draw_mark_lines(out, &marks);
    draw_mark_texts(out, &marks, (double)ROW_PX / strip_px(n));
    fputs("set multiplot\n", out);
    for (uint32_t h = 0, index = 0; h < results->n_hosts; h++) {
        if (!drawn[h])
            continue;
        if (index == n - 1) {
            fputs("set format x '%g'\n", out);
            axis_label(out, results, &axis);
        }
        shade_moves(out, results, &axis, results->hosts[h].name);
        draw_strip(out, results->hosts[h].name, &axis, index, n, height_px);
        if (index++ == 0) {
            fputs("unset label 1\nunset label 3\n", out);
            drop_mark_texts(out, &marks);
        }
    }
    fputs("unset multiplot\n", out);
    return outfile_commit(&file, err);
}
