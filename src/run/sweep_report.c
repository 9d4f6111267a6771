#include "run/sweep_report.h"

#include "run/folder.h"
#include "run/format.h"
#include "run/html.h"
#include "run/output.h"
#include "run/sweep_plots.h"
#include "run/table.h"
#include "run/version.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { REPORT_MAX_AXES = 4, REPORT_MAX_HTML_ROWS = 500, AXIS_COLUMNS = 12 };

static uint32_t axes_shown(const struct plan *plan)
{
    uint32_t n = plan->config->sweep.n_axes;
    return n < REPORT_MAX_AXES ? n : REPORT_MAX_AXES;
}

/* The last word of a dotted key: what a narrow column has room for. */
static const char *short_key(const char *key)
{
    const char *dot = strrchr(key, '.');
    return dot ? dot + 1 : key;
}

static const char *point_status(const struct sweep_data *data, const struct sweep_outcome *outcome,
                                uint32_t i)
{
    switch (outcome->states[i]) {
    case SWEEP_PENDING:
        return "not run";
    case SWEEP_FAILED:
        return "FAILED";
    case SWEEP_DONE:
        break;
    }
    if (!data->rows[i].present)
        return "unreadable";
    return data->rows[i].converged ? "" : "not converged";
}

static double largest_ns(const struct sweep_data *data)
{
    double largest = 0;
    for (uint32_t i = 0; i < data->plan->n_points; i++)
        if (data->rows[i].present)
            largest = fmax(largest, data->rows[i].value[SWEEP_P999]);
    return largest;
}

/* The numbers of a row as text: offered, Gb/s, mean, ±, p99, p99.9. */
enum { NUMBERS = 6 };
static void row_numbers(const struct sweep_row *row, double unit_ns,
                        char cells[NUMBERS][FORMAT_BYTES])
{
    double offered = row->value[SWEEP_OFFERED];
    format_number(cells[0], offered > 0 ? offered : (double)NAN, 4);
    format_number(cells[1], row->value[SWEEP_GBPS], 4);
    format_number(cells[2], row->value[SWEEP_MEAN] / unit_ns, 5);
    format_number(cells[3], row->ci95_ns / unit_ns, 2);
    format_number(cells[4], row->value[SWEEP_P99] / unit_ns, 5);
    format_number(cells[5], row->value[SWEEP_P999] / unit_ns, 5);
}

static const char *const number_headings[NUMBERS] = {"offered", "Gb/s", "mean",
                                                     "±95 %",   "p99",  "p99.9"};

static void print_row(const struct sweep_data *data, const struct sweep_outcome *outcome,
                      uint32_t i, double unit_ns, FILE *out)
{
    const struct plan_point *point = &data->plan->points[i];
    char cells[NUMBERS][FORMAT_BYTES];
    fprintf(out, "%5" PRIu32 " ", i);
    for (uint32_t axis = 0; axis < axes_shown(data->plan); axis++) {
        table_cell_left(out, point->values[axis], AXIS_COLUMNS - 1);
        putc(' ', out);
    }
    fprintf(out, "%3" PRIu32, point->replication);
    if (data->rows[i].present)
        row_numbers(&data->rows[i], unit_ns, cells);
    for (int k = 0; data->rows[i].present && k < NUMBERS; k++)
        table_cell_right(out, cells[k], k < 2 ? 8 : 9);
    const char *status = point_status(data, outcome, i);
    fprintf(out, "%s%s\n", *status ? "  " : "", status);
}

static void print_totals(const struct sweep_data *data, const struct sweep_outcome *outcome,
                         FILE *out)
{
    fprintf(out, "%" PRIu32 " of %" PRIu32 " points finished", outcome->done, data->plan->n_points);
    if (outcome->reused)
        fprintf(out, " (%" PRIu32 " by an earlier sweep)", outcome->reused);
    if (outcome->failed)
        fprintf(out, ", %" PRIu32 " FAILED", outcome->failed);
    if (outcome->interrupted)
        fputs("; interrupted: the same command goes on from here", out);
    putc('\n', out);
}

void sweep_report_print(const struct sweep_data *data, const struct sweep_outcome *outcome,
                        const char *page, FILE *out)
{
    const struct plan *plan = data->plan;
    struct format_time_unit unit = format_time_unit(largest_ns(data));
    fprintf(out, "%s: latency in %s, offered load and throughput in Gb/s of payload\n",
            plan->config->name, unit.name);
    fputs("point ", out);
    for (uint32_t axis = 0; axis < axes_shown(plan); axis++) {
        table_cell_left(out, short_key(plan->config->sweep.axes[axis].key), AXIS_COLUMNS - 1);
        putc(' ', out);
    }
    fputs("rep", out);
    for (int k = 0; k < NUMBERS; k++)
        table_cell_right(out, number_headings[k], k < 2 ? 8 : 9);
    putc('\n', out);
    for (uint32_t i = 0; i < plan->n_points; i++)
        print_row(data, outcome, i, unit.ns, out);
    print_totals(data, outcome, out);
    if (page)
        fprintf(out, "page  %s\n", page);
}

/* ---- the page ---- */

static void page_table(const struct sweep_data *data, const struct sweep_outcome *outcome,
                       FILE *out)
{
    const struct plan *plan = data->plan;
    struct format_time_unit unit = format_time_unit(largest_ns(data));
    const char *cells[1 + REPORT_MAX_AXES + 1 + NUMBERS + 1];
    char number[FORMAT_BYTES], replication[FORMAT_BYTES], numbers[NUMBERS][FORMAT_BYTES],
        caption[160];
    uint32_t n = 0, axes = axes_shown(plan);
    cells[n++] = "point";
    for (uint32_t axis = 0; axis < axes; axis++)
        cells[n++] = plan->config->sweep.axes[axis].key;
    cells[n++] = "replication";
    for (int k = 0; k < NUMBERS; k++)
        cells[n++] = number_headings[k];
    cells[n++] = "";
    snprintf(caption, sizeof caption,
             "Points: latency in %s, offered load and throughput in Gb/s of payload", unit.name);
    html_table_begin(out, caption, n, cells, 1 + axes);
    for (uint32_t i = 0; i < plan->n_points && i < REPORT_MAX_HTML_ROWS; i++) {
        n = 0;
        snprintf(number, sizeof number, "%" PRIu32, i);
        snprintf(replication, sizeof replication, "%" PRIu32, plan->points[i].replication);
        cells[n++] = number;
        for (uint32_t axis = 0; axis < axes; axis++)
            cells[n++] = plan->points[i].values[axis];
        cells[n++] = replication;
        if (data->rows[i].present)
            row_numbers(&data->rows[i], unit.ns, numbers);
        for (int k = 0; k < NUMBERS; k++)
            cells[n++] = data->rows[i].present ? numbers[k] : "-";
        cells[n++] = point_status(data, outcome, i);
        html_row(out, n, cells, 1 + axes);
    }
    html_table_end(out);
    if (plan->n_points > REPORT_MAX_HTML_ROWS)
        fprintf(out,
                "<p class=\"guide\">The first %d of %" PRIu32
                "; all are in <a href=\"sweep.csv\">sweep.csv</a>.</p>\n",
                REPORT_MAX_HTML_ROWS, plan->n_points);
}

static void page_badges(const struct sweep_data *data, const struct sweep_outcome *outcome,
                        FILE *out)
{
    char text[128];
    uint32_t unconverged = 0;
    for (uint32_t i = 0; i < data->plan->n_points; i++)
        unconverged += data->rows[i].present && !data->rows[i].converged;
    snprintf(text, sizeof text, "%" PRIu32 " of %" PRIu32 " points", outcome->done,
             data->plan->n_points);
    html_badge(out, text, outcome->done == data->plan->n_points);
    if (outcome->failed) {
        snprintf(text, sizeof text, "%" PRIu32 " failed", outcome->failed);
        html_badge(out, text, false);
    }
    if (unconverged) {
        snprintf(text, sizeof text, "%" PRIu32 " not converged", unconverged);
        html_badge(out, text, false);
    }
    snprintf(text, sizeof text, "seed %" PRIu64, data->plan->config->run.seed);
    html_badge(out, text, true);
    snprintf(text, sizeof text, "%" PRIu32 " replication%s", data->plan->config->sweep.replications,
             data->plan->config->sweep.replications == 1 ? "" : "s");
    html_badge(out, text, true);
}

static bool page_write_sweep(const struct sweep_data *data, const struct sweep_outcome *outcome,
                             const char *dir, size_t n_figures, const struct plot_figure *figures,
                             struct err *err)
{
    static const struct html_link links[] = {
        {"sweep.csv", "every metric of every point, one a row"},
        {"curves.csv", "what the plots draw: means over replications with their intervals"},
        {"points/", "the complete summary of each point"},
        {"resolved.yaml", "the configuration that was swept, with every default"},
    };
    const struct config *config = data->plan->config;
    struct outfile file;
    if (!folder_open(&file, dir, "index.html", err))
        return false;
    FILE *out = file.file;
    html_begin(out, config->title && config->title[0] ? config->title : config->name);
    page_badges(data, outcome, out);
    fputs("<p class=\"guide\">Each point of the plots is a simulation of its own. Latency runs "
          "from the moment at which an "
          "operation was meant to start to its completion; throughput counts payload, not headers. "
          "Replications "
          "of a point differ in their seed only, and all points share the same seeds, so that "
          "differences "
          "between curves are due to what was swept.</p>\n",
          out);
    html_plots(out, dir, n_figures, figures);
    if (data->n_curves > PLOT_MAX_CURVES)
        fprintf(out, "<p class=\"guide\">The plots draw the first %d of %" PRIu32 " curves.</p>\n",
                PLOT_MAX_CURVES, data->n_curves);
    fputs("<h2>Points</h2>\n", out);
    page_table(data, outcome, out);
    fputs("<h2>Data</h2>\n", out);
    html_links(out, sizeof links / sizeof *links, links);
    fprintf(out, "<footer>poolsim %s. Configuration: ", POOLSIM_VERSION);
    html_text(out, config->path);
    fputs("</footer>\n", out);
    html_end(out);
    return outfile_commit(&file, err);
}

static bool y_exists(const struct sweep_data *data)
{
    for (uint32_t i = 0; i < data->plan->n_points; i++)
        if (data->rows[i].present && isfinite(data->rows[i].value[SWEEP_Y]))
            return true;
    return false;
}

bool sweep_report_write(const struct sweep_data *data, const struct sweep_outcome *outcome,
                        const char *dir, FILE *warnings, struct err *err)
{
    struct plot_figure figures[SWEEP_PLOTS_MAX];
    size_t n = 0;
    char plots[PATH_MAX];
    if (outcome->done > 0 && !y_exists(data))
        fprintf(warnings,
                "warning: sweep.plot.y: no result is called \"%s\"; the column \"metric\" of "
                "%s/sweep.csv has "
                "their names\n",
                data->y, dir);
    if (!folder_path(plots, dir, "plots", err) || !folder_make(plots, err) ||
        !output_resolved_yaml(data->plan->config, dir, err) ||
        !sweep_plots_write(data, dir, figures, &n, err))
        return false;
    plot_render(dir, n, figures, warnings);
    return page_write_sweep(data, outcome, dir, n, figures, err);
}
