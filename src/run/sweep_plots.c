#include "run/sweep_plots.h"

#include <math.h>
#include <string.h>

enum {
    X_COLUMN = 2,
    FIRST_COLUMN = 3
}; /* of curves.csv, where the mean of quantity 0 is; low and high follow */

static int column(int quantity)
{
    return FIRST_COLUMN + 3 * quantity;
}

static uint32_t curves_drawn(const struct sweep_data *data)
{
    return data->n_curves < PLOT_MAX_CURVES ? data->n_curves : PLOT_MAX_CURVES;
}

static void quantity_range(const struct sweep_data *data, int quantity, double *out_low,
                           double *out_high)
{
    *out_low = HUGE_VAL;
    *out_high = -HUGE_VAL;
    for (uint32_t i = 0; i < curves_drawn(data); i++) {
        for (uint32_t k = 0; k < data->curves[i].n; k++) {
            double mean = data->curves[i].points[k].estimate[quantity].mean;
            *out_low = fmin(*out_low, mean);
            *out_high = fmax(*out_high, mean);
        }
    }
}

/* Whether a range asks for a logarithmic axis. */
static bool is_wide(double low, double high)
{
    return low > 0 && high > 20 * low;
}

static bool has_quantity(const struct sweep_data *data, int quantity)
{
    double low, high;
    quantity_range(data, quantity, &low, &high);
    return high > 0;
}

static bool has_interval(const struct sweep_data *data, int quantity)
{
    for (uint32_t i = 0; i < curves_drawn(data); i++)
        for (uint32_t k = 0; k < data->curves[i].n; k++)
            if (data->curves[i].points[k].estimate[quantity].high >
                data->curves[i].points[k].estimate[quantity].low)
                return true;
    return false;
}

/* Tics at the swept values themselves, as they are written: for names, on a logarithmic axis, and
 * for numbers that are unwieldy in the unit of the axis. */
static bool has_own_tics(const struct sweep_data *data, const struct cfg_axis *axis)
{
    const char *unit;
    double number = 0, largest = 0;
    for (uint32_t i = 0; data->x_numeric && i < axis->n; i++)
        if (sweep_value_number(axis->values[i], &number, &unit) && number > largest)
            largest = number;
    return axis->n <= 12 && (!data->x_numeric || data->x_log || largest >= 1e5);
}

/* The x axis that all plots share, and the function x() of a row. */
static void write_x_axis(const struct sweep_data *data, FILE *out)
{
    const struct cfg_axis *axis = &data->plan->config->sweep.axes[data->x_axis];
    const bool own = has_own_tics(data, axis);
    fputs("set xlabel ", out);
    plot_quote(out, own ? axis->key : data->x_label);
    fputs(" noenhanced\nset grid xtics ls 101\nset offsets graph 0.02, graph 0.02, 0, 0\n", out);
    if (data->x_log)
        fputs("set logscale x\n", out);
    if (!own)
        return;
    fputs("set xtics noenhanced (", out);
    for (uint32_t i = 0; i < axis->n; i++) {
        double number = i;
        const char *unit;
        if (data->x_numeric)
            sweep_value_number(axis->values[i], &number, &unit);
        fputs(i ? ", " : "", out);
        plot_quote(out, axis->values[i]);
        fprintf(out, " %.12g", number);
    }
    fputs(")\n", out);
    if (data->x_log)
        fputs("set mxtics 1\n", out);
}

/* "'curves.csv' skip 1 using (@x_column of curve @i)" */
static void write_source(uint32_t i, int x_column, FILE *out)
{
    fprintf(out, "'curves.csv' skip 1 using ($1 == %u ? $%d : NaN)", i, x_column);
}

/* What the key calls curve @i, or nothing. A lone curve is called @alone: it needs no name. */
static void write_title(const struct sweep_data *data, uint32_t i, const char *alone, FILE *out)
{
    bool lone = data->n_curves == 1 && !strcmp(data->curves[0].name, "all");
    fputs(" title ", out);
    plot_quote(out, lone ? alone : data->curves[i].name);
}

static void write_band(uint32_t i, int quantity, double unit, FILE *out)
{
    write_source(i, X_COLUMN, out);
    fprintf(out,
            ":($%d/%g):($%d/%g) with filledcurves fs transparent solid 0.18 noborder lc rgb '%s' "
            "notitle, \\\n     ",
            column(quantity) + 1, unit, column(quantity) + 2, unit, plot_colour(i));
}

static void write_line(const struct sweep_data *data, uint32_t i, int quantity, double unit,
                       const char *alone, FILE *out)
{
    write_source(i, X_COLUMN, out);
    fprintf(out, ":($%d/%g) with linespoints lw 2.2 dt %d pt 7 ps 0.55 lc rgb '%s'",
            column(quantity), unit, plot_dash(i), plot_colour(i));
    write_title(data, i, alone, out);
}

/* Thinner and dashed, in the colour of the curve whose p99 it is; only a lone one needs a name. */
static void write_p99(const struct sweep_data *data, uint32_t i, double unit, FILE *out)
{
    write_source(i, X_COLUMN, out);
    fprintf(out, ":($%d/%g) with linespoints lw 1.5 dt (8,5) pt 6 ps 0.5 lc rgb '%s' %s",
            column(SWEEP_P99), unit, plot_colour(i),
            data->n_curves == 1 ? "title 'p99'" : "notitle");
}

static bool write_latency(const struct sweep_data *data, const char *dir, struct err *err)
{
    double low, high, mean_high, p99_low;
    quantity_range(data, SWEEP_MEAN, &low, &mean_high);
    quantity_range(data, SWEEP_P99, &p99_low, &high);
    double unit = high >= 1e4 ? 1000 : 1;
    struct outfile file;
    if (!plot_open(&file, dir, "latency", PLOT_WIDTH, PLOT_HEIGHT, NULL, err))
        return false;
    FILE *out = file.file;
    write_x_axis(data, out);
    fprintf(out, "set ylabel 'latency (%s)%s'\n" PLOT_KEY_ABOVE, unit > 1 ? "µs" : "ns",
            is_wide(low, high) ? ", logarithmic" : "");
    fputs(is_wide(low, high) ? "set logscale y\nset mytics 10\n" : "set yrange [0:*]\n", out);
    fputs("plot ", out);
    for (uint32_t i = 0; i < curves_drawn(data); i++) {
        if (has_interval(data, SWEEP_MEAN))
            write_band(i, SWEEP_MEAN, unit, out);
        write_line(data, i, SWEEP_MEAN, unit, "mean", out);
        fputs(", \\\n     ", out);
        write_p99(data, i, unit, out);
        fputs(i + 1 < curves_drawn(data) ? ", \\\n     " : "\n", out);
    }
    return outfile_commit(&file, err);
}

/* Where delivered leaves offered is saturation. */
static bool write_throughput(const struct sweep_data *data, const char *dir, struct err *err)
{
    struct outfile file;
    if (!plot_open(&file, dir, "throughput", PLOT_WIDTH, PLOT_HEIGHT, NULL, err))
        return false;
    FILE *out = file.file;
    write_x_axis(data, out);
    fputs("set ylabel 'throughput (Gb/s of payload)'\nset yrange [0:*]\n" PLOT_KEY_ABOVE "plot ",
          out);
    bool offered = has_quantity(data, SWEEP_OFFERED);
    for (uint32_t i = 0; offered && i < curves_drawn(data); i++) {
        write_source(i, X_COLUMN, out);
        fprintf(out, ":%d with lines lw 1.5 dt (3,4) lc rgb '#888888' %s, \\\n     ",
                column(SWEEP_OFFERED), i ? "notitle" : "title 'offered'");
    }
    for (uint32_t i = 0; i < curves_drawn(data); i++) {
        if (has_interval(data, SWEEP_GBPS))
            write_band(i, SWEEP_GBPS, 1, out);
        write_line(data, i, SWEEP_GBPS, 1, "delivered", out);
        fputs(i + 1 < curves_drawn(data) ? ", \\\n     " : "\n", out);
    }
    return outfile_commit(&file, err);
}

static bool write_load_latency(const struct sweep_data *data, const char *dir, struct err *err)
{
    double low, high;
    quantity_range(data, SWEEP_MEAN, &low, &high);
    double unit = high >= 1e4 ? 1000 : 1;
    struct outfile file;
    if (!plot_open(&file, dir, "latency_throughput", PLOT_WIDTH, PLOT_HEIGHT, NULL, err))
        return false;
    FILE *out = file.file;
    fprintf(out, "set xlabel 'throughput (Gb/s of payload)'\nset ylabel 'mean latency (%s)%s'\n",
            unit > 1 ? "µs" : "ns", is_wide(low, high) ? ", logarithmic" : "");
    fputs(PLOT_KEY_ABOVE "set grid xtics ls 101\nset xrange [0:*]\n", out);
    fputs(is_wide(low, high) ? "set logscale y\nset mytics 10\nplot " : "set yrange [0:*]\nplot ",
          out);
    for (uint32_t i = 0; i < curves_drawn(data); i++) {
        write_source(i, column(SWEEP_GBPS), out);
        fprintf(out, ":($%d/%g) with linespoints lw 2.2 dt %d pt 7 ps 0.55 lc rgb '%s'",
                column(SWEEP_MEAN), unit, plot_dash(i), plot_colour(i));
        write_title(data, i, "mean", out);
        fputs(i + 1 < curves_drawn(data) ? ", \\\n     " : "\n", out);
    }
    return outfile_commit(&file, err);
}

static bool write_y(const struct sweep_data *data, const char *dir, struct err *err)
{
    double low, high;
    quantity_range(data, SWEEP_Y, &low, &high);
    struct outfile file;
    if (!plot_open(&file, dir, "y", PLOT_WIDTH, PLOT_HEIGHT, NULL, err))
        return false;
    FILE *out = file.file;
    write_x_axis(data, out);
    fputs("set ylabel ", out);
    plot_quote(out, sweep_metric_label(data->y));
    fputs(is_wide(low, high) ? " noenhanced\nset logscale y\nset mytics 10\n" : " noenhanced\n",
          out);
    fputs(PLOT_KEY_ABOVE "plot ", out);
    for (uint32_t i = 0; i < curves_drawn(data); i++) {
        if (has_interval(data, SWEEP_Y))
            write_band(i, SWEEP_Y, 1, out);
        write_line(data, i, SWEEP_Y, 1, data->y, out);
        fputs(i + 1 < curves_drawn(data) ? ", \\\n     " : "\n", out);
    }
    return outfile_commit(&file, err);
}

bool sweep_plots_write(const struct sweep_data *data, const char *dir,
                       struct plot_figure out_figures[SWEEP_PLOTS_MAX], size_t *out_n,
                       struct err *err)
{
    bool y_is_drawn = !strcmp(data->y, "latency_mean_ns") || !strcmp(data->y, "latency_p99_ns") ||
                      !strcmp(data->y, "gbps");
    const struct {
        bool wanted;
        bool (*write)(const struct sweep_data *data, const char *dir, struct err *err);
        struct plot_figure figure;
    } plots[] = {
        {has_quantity(data, SWEEP_Y) && !y_is_drawn,
         write_y,
         {"y", "The result that the sweep asks for; the band is its 95 % confidence interval over "
               "the replications."}},
        {has_quantity(data, SWEEP_MEAN),
         write_latency,
         {"latency", "Mean latency (solid, with its 95 % confidence interval as a band) and p99 "
                     "(dashed), from the "
                     "intended arrival."}},
        {has_quantity(data, SWEEP_GBPS),
         write_throughput,
         {"throughput", "Payload delivered, and offered where the workload has a rate (dotted). "
                        "Where the two part, the "
                        "pool is saturated."}},
        {has_quantity(data, SWEEP_GBPS) && has_quantity(data, SWEEP_MEAN),
         write_load_latency,
         {"latency_throughput",
          "What latency each throughput costs: flat while there is room, steep at "
          "saturation."}},
    };
    size_t n = 0;
    for (size_t i = 0; i < sizeof plots / sizeof *plots; i++) {
        if (!plots[i].wanted)
            continue;
        if (!plots[i].write(data, dir, err))
            return false;
        out_figures[n++] = plots[i].figure;
    }
    *out_n = n;
    return true;
}
