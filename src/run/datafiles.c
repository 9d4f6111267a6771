#include "run/datafiles.h"

#include "run/folder.h"
#include "run/report.h"
#include "stats/csv.h"

#include <math.h>

static void put_doubles(struct csv *csv, size_t n, const double *values)
{
    for (size_t i = 0; i < n; i++)
        csv_double(csv, values[i]);
}

static void put_metric(void *context, const struct report_metric *metric)
{
    struct csv *csv = context;
    csv_text(csv, metric->scope);
    csv_text(csv, metric->name);
    csv_text(csv, metric->metric);
    csv_text(csv, metric->unit);
    csv_double(csv, metric->value);
    csv_end_row(csv);
}

static void write_results(struct csv *csv, const struct results *results, const json_t *summary)
{
    (void)results;
    report_each_metric(summary, put_metric, csv);
}

/* Bins in ns, cut to the exact extremes, after an empty one at the minimum from which the curves
 * rise. */
static void write_histogram(struct csv *csv, const char *name, const struct histogram *histogram)
{
    uint64_t min_ps = histogram_min(histogram), max_ps = histogram->max, seen = 0;
    double count = (double)histogram->count;
    struct histogram_bucket bucket = {.low = min_ps, .high = min_ps, .count = 0, .next = 0};
    do {
        uint64_t low_ps = bucket.low < min_ps ? min_ps : bucket.low;
        uint64_t high_ps = bucket.high > max_ps ? max_ps : bucket.high;
        seen += bucket.count;
        csv_text(csv, name);
        put_doubles(csv, 2, (const double[]){(double)low_ps / 1000, (double)high_ps / 1000});
        csv_u64(csv, bucket.count);
        put_doubles(
            csv, 2,
            (const double[]){(double)seen / count, (double)(histogram->count - seen) / count});
        csv_end_row(csv);
    } while (histogram_next(histogram, &bucket));
}

static void write_histograms(struct csv *csv, const struct results *results, const json_t *summary)
{
    (void)summary;
    for (uint32_t i = 0; i < results->n_workloads; i++)
        if (results->workloads[i].histogram && results->workloads[i].histogram->count > 0)
            write_histogram(csv, results->workloads[i].name, results->workloads[i].histogram);
}

static void write_decomposition(struct csv *csv, const struct results *results,
                                const json_t *summary)
{
    (void)summary;
    for (uint32_t i = 0; i < results->n_workloads; i++) {
        double to_ns = 0;
        for (int part = 0; part < LAT_PARTS; part++) {
            double from_ns = to_ns, mean_ns = results->workloads[i].part_ns[part];
            to_ns += mean_ns;
            csv_text(csv, results->workloads[i].name);
            csv_text(csv, latency_part_names[part]);
            put_doubles(csv, 3, (const double[]){mean_ns, from_ns, to_ns});
            csv_end_row(csv);
        }
    }
}

static void write_hosts(struct csv *csv, const struct results *results, const json_t *summary)
{
    (void)summary;
    for (uint32_t i = 0; i < results->n_hosts; i++) {
        const struct result_flow *host = &results->hosts[i];
        csv_text(csv, host->name);
        csv_u64(csv, host->ops);
        csv_double(csv, host->gbps);
        csv_double(csv, host->mops);
        csv_double(csv, host->ops ? host->latency.mean_ns : (double)NAN);
        csv_end_row(csv);
    }
}

static void write_links(struct csv *csv, const struct results *results, const json_t *summary)
{
    (void)summary;
    for (uint32_t i = 0; i < results->n_links; i++) {
        const struct result_link *link = &results->links[i];
        csv_text(csv, link->name);
        csv_u64(csv, link->tlps);
        csv_u64(csv, link->payload_bytes);
        csv_u64(csv, link->wire_bytes);
        csv_u64(csv, link->dllps);
        put_doubles(csv, 3,
                    (const double[]){link->utilisation, link->dllp_share, link->credit_stall_ns});
        csv_end_row(csv);
    }
}

static void write_timeline(struct csv *csv, const struct results *results, const json_t *summary)
{
    (void)summary;
    for (uint32_t i = 0; i < results->n_timeline; i++) {
        const struct result_point *point = &results->timeline[i];
        csv_double(csv, point->time_us);
        csv_double(csv, point->gbps);
        /* A bin in which nothing finished has no latency. */
        csv_double(csv, point->latency_mean_ns > 0 ? point->latency_mean_ns : (double)NAN);
        csv_end_row(csv);
    }
}

static void write_host_timeline(struct csv *csv, const struct results *results,
                                const json_t *summary)
{
    (void)summary;
    for (uint32_t h = 0; results->host_gbps && h < results->n_hosts; h++)
        for (uint32_t i = 0; i < results->n_timeline; i++) {
            csv_text(csv, results->hosts[h].name);
            csv_double(csv, results->timeline[i].time_us);
            csv_double(csv, results->host_gbps[h * results->n_timeline + i]);
            csv_end_row(csv);
        }
}

bool datafiles_write(const struct results *results, const json_t *summary, const char *dir,
                     struct err *err)
{
    static const struct {
        const char *name;
        void (*write)(struct csv *csv, const struct results *results, const json_t *summary);
        unsigned columns;
        const char *header[8];
    } files[] = {
        {"results.csv", write_results, 5, {"scope", "name", "metric", "unit", "value"}},
        {"histogram.csv",
         write_histograms,
         6,
         {"workload", "low_ns", "high_ns", "count", "cdf", "ccdf"}},
        {"decomposition.csv",
         write_decomposition,
         5,
         {"workload", "part", "mean_ns", "from_ns", "to_ns"}},
        {"hosts.csv", write_hosts, 5, {"host", "ops", "gbps", "mops", "latency_mean_ns"}},
        {"links.csv",
         write_links,
         8,
         {"link", "tlps", "payload_bytes", "wire_bytes", "dllps", "utilisation", "dllp_share",
          "credit_stall_ns"}},
        {"timeline.csv", write_timeline, 3, {"time_us", "gbps", "latency_mean_ns"}},
        {"host_timeline.csv", write_host_timeline, 3, {"host", "time_us", "gbps"}},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct csv csv;
        char path[PATH_MAX];
        if (!folder_path(path, dir, files[i].name, err) ||
            !csv_open(&csv, path, files[i].columns, files[i].header, err))
            return false;
        files[i].write(&csv, results, summary);
        if (!csv_commit(&csv, err))
            return false;
    }
    return true;
}
