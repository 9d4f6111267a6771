#include "run/sweep_data.h"

#include "base/check.h"
#include "base/units.h"
#include "run/folder.h"
#include "run/report.h"
#include "stats/csv.h"
#include "stats/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const quantity_metrics[SWEEP_QUANTITIES] = {
    [SWEEP_OFFERED] = "offered_gbps",
    [SWEEP_GBPS] = "gbps",
    [SWEEP_MEAN] = "latency_mean_ns",
    [SWEEP_P99] = "latency_p99_ns",
    [SWEEP_P999] = "latency_p999_ns",
    [SWEEP_FAIRNESS] = "fairness_jain",
    [SWEEP_Y] = NULL, /* configured */
};

/* ---- values and names ---- */

bool sweep_value_number(const char *text, double *out_number, const char **out_unit)
{
    static const struct {
        bool (*parse)(const char *text, uint64_t *out);
        double scale;
        const char *unit;
    } units[] = {
        {units_parse_ps, 1e-3, "ns"},     {units_parse_bytes, 1, "B"},
        {units_parse_bps, 1e-9, "Gb/s"},  {units_parse_hz, 1e-6, "MHz"},
        {units_parse_ops, 1e-9, "Mop/s"},
    };
    char *end = NULL;
    double number = strtod(text, &end);
    if (end == text || !isfinite(number))
        return false;
    if (*end == '\0' || !strcmp(end, "%") || !strcmp(end, " %")) {
        *out_number = number;
        *out_unit = *end ? "%" : "";
        return true;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        uint64_t value;
        if (units[i].parse(text, &value)) {
            *out_number = (double)value * units[i].scale;
            *out_unit = units[i].unit;
            return true;
        }
    }
    return false;
}

const char *sweep_metric_label(const char *metric)
{
    static const struct {
        const char *metric, *label;
    } labels[] = {
        {"offered_gbps", "offered load (Gb/s of payload)"},
        {"gbps", "throughput (Gb/s of payload)"},
        {"mops", "throughput (Mop/s)"},
        {"latency_mean_ns", "mean latency (ns)"},
        {"latency_p50_ns", "median latency (ns)"},
        {"latency_p90_ns", "p90 latency (ns)"},
        {"latency_p99_ns", "p99 latency (ns)"},
        {"latency_p999_ns", "p99.9 latency (ns)"},
        {"latency_max_ns", "largest latency (ns)"},
        {"fabric_mean_ns", "mean latency without waiting at the source (ns)"},
        {"fairness_jain", "Jain's fairness index"},
        {"plane.booted_us", "time to boot (µs)"},
        {"plane.move_latency_mean_us", "mean time of a move (µs)"},
        {"plane.move_latency_max_us", "longest time of a move (µs)"},
        {"plane.misdelivered", "TLPs mis-delivered"},
        {"plane.dropped_completions", "completions dropped"},
        {"plane.timeouts", "requests timed out"},
    };
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (!strcmp(metric, labels[i].metric))
            return labels[i].label;
    return metric;
}

/* ---- points ---- */

struct metric_writer {
    struct csv *csv;
    const struct plan *plan;
    const struct plan_point *point;
    const json_t *summary;
};

static double latency_ci95(const json_t *summary, const char *array, const char *name,
                           const char *metric)
{
    if (strcmp(metric, "latency_mean_ns") != 0 && strcmp(metric, "fabric_mean_ns") != 0)
        return (double)NAN;
    const json_t *flow = json_object_get(summary, array), *item;
    size_t index;
    json_array_foreach(
        flow, index,
        item) if (!strcmp(json_string_value(json_object_get(item, "name")), name)) break;
    if (json_is_array(flow))
        flow = json_array_get(flow, index);
    const json_t *latency = json_object_get(flow, metric[0] == 'l' ? "latency" : "fabric");
    double ci95 = json_number_value(json_object_get(latency, "ci95_ns"));
    return ci95 > 0 ? ci95 : (double)NAN;
}

static void write_metric(void *context, const struct report_metric *metric)
{
    const struct metric_writer *writer = context;
    const struct plan_point *point = writer->point;
    struct csv *csv = writer->csv;
    bool whole = !strcmp(metric->scope, "run") || !strcmp(metric->scope, "total");
    bool workload = !strcmp(metric->scope, "workload"), host = !strcmp(metric->scope, "host");
    const char *array = whole ? "total" : workload ? "workloads" : host ? "hosts" : "";
    char key[256];
    report_metric_key(metric, key, sizeof key);
    csv_u64(csv, point->number);
    csv_text(csv, point->id);
    for (uint32_t axis = 0; axis < writer->plan->config->sweep.n_axes; axis++)
        csv_text(csv, point->values[axis]);
    csv_u64(csv, point->replication);
    csv_text(csv, key);
    csv_double(csv, metric->value);
    csv_double(csv, latency_ci95(writer->summary, array, metric->name, metric->metric));
    csv_end_row(csv);
}

static bool sweep_csv_open(const struct plan *plan, const char *dir, struct csv *csv,
                           struct err *err)
{
    const struct cfg_sweep *sweep = &plan->config->sweep;
    static const char *const after[] = {"replication", "metric", "value", "ci95"};
    enum { AFTER = sizeof after / sizeof *after };
    char path[PATH_MAX];
    if (!folder_path(path, dir, "sweep.csv", err))
        return false;
    const char **header = calloc(2 + sweep->n_axes + AFTER, sizeof *header);
    CHECK(header);
    unsigned n = 0;
    header[n++] = "point";
    header[n++] = "id";
    for (uint32_t axis = 0; axis < sweep->n_axes; axis++)
        header[n++] = sweep->axes[axis].key;
    for (size_t i = 0; i < AFTER; i++)
        header[n++] = after[i];
    bool opened = csv_open(csv, path, n, header, err);
    free(header);
    return opened;
}

static void row_fill(struct sweep_row *row, const json_t *summary, const char *y)
{
    row->present = true;
    row->converged = json_is_true(json_object_get(summary, "converged"));
    for (int q = 0; q < SWEEP_QUANTITIES; q++)
        row->value[q] = report_metric(summary, quantity_metrics[q] ? quantity_metrics[q] : y);
    row->ci95_ns = latency_ci95(summary, "total", "", "latency_mean_ns");
}

static bool collect_rows(struct sweep_data *data, const struct sweep_outcome *outcome,
                         const char *dir, struct err *err)
{
    const struct plan *plan = data->plan;
    struct csv csv;
    if (!sweep_csv_open(plan, dir, &csv, err))
        return false;
    for (uint32_t i = 0; i < plan->n_points; i++) {
        if (outcome->states[i] != SWEEP_DONE)
            continue;
        json_t *point = sweep_point_load(dir, plan->points[i].id);
        const json_t *summary = json_object_get(point, "summary");
        struct metric_writer writer = {&csv, plan, &plan->points[i], summary};
        if (point) {
            report_each_metric(summary, write_metric, &writer);
            row_fill(&data->rows[i], summary, data->y);
        }
        json_decref(point);
    }
    return csv_commit(&csv, err);
}

/* ---- curves ---- */

/* Which axis is x, the first unless the plot says another, and whether its values are numbers of
 * one unit. */
static void choose_x(struct sweep_data *data)
{
    const struct cfg_sweep *sweep = &data->plan->config->sweep;
    const char *unit = "", *first_unit = NULL;
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (uint32_t i = 0; sweep->x && i < sweep->n_axes; i++)
        if (!strcmp(sweep->x, sweep->axes[i].key))
            data->x_axis = i;
    data->x_numeric = true;
    const struct cfg_axis *axis = &sweep->axes[data->x_axis];
    for (uint32_t i = 0; i < axis->n; i++) {
        double number = 0;
        if (!sweep_value_number(axis->values[i], &number, &unit) ||
            (first_unit && strcmp(unit, first_unit) != 0)) {
            data->x_numeric = false;
            break;
        }
        first_unit = unit;
        low = fmin(low, number);
        high = fmax(high, number);
    }
    data->x_log = data->x_numeric && low > 0 && high / low >= 16;
    snprintf(data->x_label, sizeof data->x_label, data->x_numeric && *unit ? "%s (%s)" : "%s",
             axis->key, unit);
}

/* Two points lie on one curve when they differ in x and replication only. */
static void curve_name(const struct sweep_data *data, const struct plan_point *point, char *name,
                       size_t bytes)
{
    const struct cfg_sweep *sweep = &data->plan->config->sweep;
    size_t used = 0;
    name[0] = '\0';
    for (uint32_t axis = 0; axis < sweep->n_axes; axis++) {
        if (axis == data->x_axis)
            continue;
        const char *key = strrchr(sweep->axes[axis].key, '.');
        int wrote = snprintf(name + used, bytes - used, "%s%s=%s", used ? ", " : "",
                             key ? key + 1 : sweep->axes[axis].key, point->values[axis]);
        if (wrote < 0 || (size_t)wrote >= bytes - used)
            return;
        used += (size_t)wrote;
    }
    if (!used)
        snprintf(name, bytes, "all");
}

static struct sweep_curve *curve_of(struct sweep_data *data, const struct plan_point *point)
{
    char name[sizeof data->curves->name];
    curve_name(data, point, name, sizeof name);
    for (uint32_t i = 0; i < data->n_curves; i++)
        if (!strcmp(data->curves[i].name, name))
            return &data->curves[i];
    struct sweep_curve *curves = realloc(data->curves, (data->n_curves + 1) * sizeof *curves);
    CHECK(curves);
    data->curves = curves;
    curves[data->n_curves] = (struct sweep_curve){.n = 0};
    memcpy(curves[data->n_curves].name, name, sizeof name);
    return &curves[data->n_curves++];
}

/* Over replications when there are several; the mean latency of a single run has that run's own
 * interval. */
static struct sweep_estimate estimate(const struct sweep_row *rows, uint32_t n, int quantity)
{
    double *values = calloc(n, sizeof *values);
    CHECK(values);
    size_t count = 0;
    double half = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!rows[i].present || !isfinite(rows[i].value[quantity]))
            continue;
        values[count++] = rows[i].value[quantity];
        if (quantity == SWEEP_MEAN && isfinite(rows[i].ci95_ns))
            half = rows[i].ci95_ns;
    }
    struct summary summary;
    summary_of(count, values, &summary);
    free(values);
    if (count == 0)
        return (struct sweep_estimate){(double)NAN, (double)NAN, (double)NAN};
    if (count > 1)
        half = summary.ci95;
    return (struct sweep_estimate){summary.mean, summary.mean - half, summary.mean + half};
}

static double curve_x(const struct sweep_data *data, const struct plan_point *point)
{
    const struct cfg_axis *axis = &data->plan->config->sweep.axes[data->x_axis];
    const char *value = point->values[data->x_axis], *unit;
    double number = 0;
    uint32_t index = 0;
    if (data->x_numeric && sweep_value_number(value, &number, &unit))
        return number;
    while (axis->values[index] != value)
        index++;
    return index;
}

static int compare_x(const void *a, const void *b)
{
    double x = ((const struct sweep_curve_point *)a)->x,
           y = ((const struct sweep_curve_point *)b)->x;
    return (x > y) - (x < y);
}

static void collect_curves(struct sweep_data *data)
{
    const struct plan *plan = data->plan;
    uint32_t replications = plan->config->sweep.replications;
    for (uint32_t first = 0; first < plan->n_points; first += replications) {
        double x = curve_x(data, &plan->points[first]);
        bool any = false;
        for (uint32_t i = first; i < first + replications; i++)
            any = any || data->rows[i].present;
        if (!any)
            continue;
        struct sweep_curve *curve = curve_of(data, &plan->points[first]);
        curve->points = realloc(curve->points, (curve->n + 1) * sizeof *curve->points);
        CHECK(curve->points);
        struct sweep_curve_point *point = &curve->points[curve->n++];
        point->x = x;
        point->x_text = plan->points[first].values[data->x_axis];
        for (int q = 0; q < SWEEP_QUANTITIES; q++)
            point->estimate[q] = estimate(&data->rows[first], replications, q);
    }
    for (uint32_t i = 0; i < data->n_curves; i++)
        qsort(data->curves[i].points, data->curves[i].n, sizeof *data->curves[i].points, compare_x);
}

static bool write_curves(const struct sweep_data *data, const char *dir, struct err *err)
{
    static const char *const header[] = {
        "curve",     "x",         "offered",   "offered_low", "offered_high",
        "gbps",      "gbps_low",  "gbps_high", "mean_ns",     "mean_low",
        "mean_high", "p99_ns",    "p99_low",   "p99_high",    "p999_ns",
        "p999_low",  "p999_high", "jain",      "jain_low",    "jain_high",
        "y",         "y_low",     "y_high",    "name",        "x_text",
    };
    enum { COLUMNS = sizeof header / sizeof *header };
    _Static_assert(COLUMNS == 4 + 3 * SWEEP_QUANTITIES, "three columns per quantity");
    char path[PATH_MAX];
    struct csv csv;
    if (!folder_path(path, dir, "curves.csv", err) || !csv_open(&csv, path, COLUMNS, header, err))
        return false;
    for (uint32_t i = 0; i < data->n_curves; i++) {
        for (uint32_t k = 0; k < data->curves[i].n; k++) {
            const struct sweep_curve_point *point = &data->curves[i].points[k];
            csv_u64(&csv, i);
            csv_double(&csv, point->x);
            for (int q = 0; q < SWEEP_QUANTITIES; q++) {
                csv_double(&csv, point->estimate[q].mean);
                csv_double(&csv, point->estimate[q].low);
                csv_double(&csv, point->estimate[q].high);
            }
            csv_text(&csv, data->curves[i].name);
            csv_text(&csv, point->x_text);
            csv_end_row(&csv);
        }
    }
    return csv_commit(&csv, err);
}

bool sweep_data_collect(const struct plan *plan, const struct sweep_outcome *outcome,
                        const char *dir, struct sweep_data *out, struct err *err)
{
    struct sweep_data data = {.plan = plan, .rows = calloc(plan->n_points, sizeof *data.rows)};
    CHECK(data.rows);
    data.y = plan->config->sweep.y ? plan->config->sweep.y : "latency_mean_ns";
    choose_x(&data);
    if (!collect_rows(&data, outcome, dir, err))
        goto fail;
    collect_curves(&data);
    if (!write_curves(&data, dir, err))
        goto fail;
    *out = data;
    return true;
fail:
    sweep_data_fini(&data);
    return false;
}

void sweep_data_fini(struct sweep_data *data)
{
    for (uint32_t i = 0; i < data->n_curves; i++)
        free(data->curves[i].points);
    free(data->curves);
    free(data->rows);
}
