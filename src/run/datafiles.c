#include "run/datafiles.h"

#include "run/folder.h"
#include "run/report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void write_text(FILE *out, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        fputs(text, out);
        return;
    }
    putc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', out);
        putc(*text, out);
    }
    putc('"', out);
}

/* An empty cell is how a CSV says "no value". */
static void write_real(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, "%.12g", value);
}

static void write_reals(FILE *out, size_t n, const double *values)
{
    for (size_t i = 0; i < n; i++) {
        putc(',', out);
        write_real(out, values[i]);
    }
    putc('\n', out);
}

static void write_metric_row(void *context, const struct report_metric *metric)
{
    FILE *out = context;
    write_text(out, metric->scope);
    putc(',', out);
    write_text(out, metric->name);
    putc(',', out);
    write_text(out, metric->metric);
    fprintf(out, ",%s", metric->unit);
    write_reals(out, 1, &metric->value);
}

static void write_results(FILE *out, const struct results *results, const json_t *summary)
{
    (void)results;
    fputs("scope,name,metric,unit,value\n", out);
    report_each_metric(summary, write_metric_row, out);
}

/* Bins in ns, cut to the exact extremes, after an empty one at the minimum from which the curves
 * rise. */
static void write_histogram(FILE *out, const char *name, const struct histogram *histogram)
{
    uint64_t min_ps = histogram_min(histogram), max_ps = histogram->max, seen = 0;
    struct histogram_bucket bucket = {.low = min_ps, .high = min_ps, .count = 0, .next = 0};
    do {
        uint64_t low_ps = bucket.low < min_ps ? min_ps : bucket.low;
        uint64_t high_ps = bucket.high > max_ps ? max_ps : bucket.high;
        seen += bucket.count;
        double cdf = (double)seen / (double)histogram->count;
        double ccdf = (double)(histogram->count - seen) / (double)histogram->count;
        write_text(out, name);
        fprintf(out, ",%.12g,%.12g,%" PRIu64, (double)low_ps / 1000, (double)high_ps / 1000,
                bucket.count);
        write_reals(out, 2, (const double[]){cdf, ccdf});
    } while (histogram_next(histogram, &bucket));
}

static void write_histograms(FILE *out, const struct results *results, const json_t *summary)
{
    (void)summary;
    fputs("workload,low_ns,high_ns,count,cdf,ccdf\n", out);
    for (uint32_t i = 0; i < results->n_workloads; i++)
        if (results->workloads[i].histogram && results->workloads[i].histogram->count > 0)
            write_histogram(out, results->workloads[i].name, results->workloads[i].histogram);
}

static void write_decomposition(FILE *out, const struct results *results, const json_t *summary)
{
    (void)summary;
    fputs("workload,part,mean_ns,from_ns,to_ns\n", out);
    for (uint32_t i = 0; i < results->n_workloads; i++) {
        double to_ns = 0;
        for (int part = 0; part < LAT_PARTS; part++) {
            double from_ns = to_ns, mean_ns = results->workloads[i].part_ns[part];
            to_ns += mean_ns;
            write_text(out, results->workloads[i].name);
            fprintf(out, ",%s", latency_part_names[part]);
            write_reals(out, 3, (const double[]){mean_ns, from_ns, to_ns});
        }
    }
}

static void write_hosts(FILE *out, const struct results *results, const json_t *summary)
{
    (void)summary;
    fputs("host,ops,gbps,mops,latency_mean_ns\n", out);
    for (uint32_t i = 0; i < results->n_hosts; i++) {
        const struct result_flow *host = &results->hosts[i];
        write_text(out, host->name);
        fprintf(out, ",%" PRIu64, host->ops);
        write_reals(
            out, 3,
            (const double[]){host->gbps, host->mops, host->ops ? host->latency.mean_ns : (double)NAN});
    }
}

static void write_links(FILE *out, const struct results *results, const json_t *summary)
{
    (void)summary;
    fputs("link,tlps,payload_bytes,wire_bytes,dllps,utilisation,dllp_share,credit_stall_ns\n", out);
    for (uint32_t i = 0; i < results->n_links; i++) {
        const struct result_link *link = &results->links[i];
        write_text(out, link->name);
        fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, link->tlps,
                link->payload_bytes, link->wire_bytes, link->dllps);
        write_reals(out, 3,
                    (const double[]){link->utilisation, link->dllp_share, link->credit_stall_ns});
    }
}

static void write_timeline(FILE *out, const struct results *results, const json_t *summary)
{
    (void)summary;
    fputs("time_us,gbps,latency_mean_ns\n", out);
    for (uint32_t i = 0; i < results->n_timeline; i++) {
        const struct result_point *point = &results->timeline[i];
        write_real(out, point->time_us);
        /* A bin in which nothing finished has no latency. */
        write_reals(out, 2,
                    (const double[]){point->gbps,
                                     point->latency_mean_ns > 0 ? point->latency_mean_ns : (double)NAN});
    }
}

bool datafiles_write(const struct results *results, const json_t *summary, const char *dir,
                     struct err *err)
{
    static const struct {
        const char *name;
        void (*write)(FILE *out, const struct results *results, const json_t *summary);
    } files[] = {
        {"results.csv", write_results},
        {"histogram.csv", write_histograms},
        {"decomposition.csv", write_decomposition},
        {"hosts.csv", write_hosts},
        {"links.csv", write_links},
        {"timeline.csv", write_timeline},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct folder_file file;
        if (!folder_open(&file, dir, files[i].name, err))
            return false;
        files[i].write(file.stream, results, summary);
        if (!folder_commit(&file, err))
            return false;
    }
    return true;
}
