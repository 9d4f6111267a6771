#include "run/table.h"

#include "run/format.h"
#include "run/plane_output.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static bool continues_sequence(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

size_t table_width(const char *text)
{
    size_t columns = 0;
    for (; *text; text++)
        columns += !continues_sequence(*text);
    return columns;
}

static void pad(FILE *out, size_t columns)
{
    while (columns-- > 0)
        putc(' ', out);
}

void table_cell_left(FILE *out, const char *text, size_t columns)
{
    size_t width = table_width(text);
    if (width <= columns) {
        fputs(text, out);
        pad(out, columns - width);
        return;
    }
    size_t keep = columns > 2 ? columns - 2 : 0, kept = 0;
    for (; *text && (kept < keep || continues_sequence(*text)); text++) {
        kept += !continues_sequence(*text);
        putc(*text, out);
    }
    fputs(columns > 2 ? ".." : "", out);
}

void table_cell_right(FILE *out, const char *text, size_t columns)
{
    size_t width = table_width(text);
    pad(out, width < columns ? columns - width : 0);
    table_cell_left(out, text, width < columns ? width : columns);
}

/* Gives up digits rather than the blank that parts it from its neighbour. */
static void real_cell(FILE *out, double value, int digits, size_t columns)
{
    char buf[FORMAT_BYTES];
    while (table_width(format_number(buf, value, digits)) >= columns && digits > 1)
        digits--;
    table_cell_right(out, buf, columns);
}

static uint32_t shown(uint32_t n)
{
    return n < TABLE_MAX_ROWS ? n : TABLE_MAX_ROWS;
}

static void print_more(FILE *out, uint32_t n, const char *what)
{
    if (n > TABLE_MAX_ROWS)
        fprintf(out, "  ... and %u more %s in results.csv\n", n - TABLE_MAX_ROWS, what);
}

static void print_header(const struct results *results, FILE *out)
{
    char simulated[FORMAT_BYTES], warmup[FORMAT_BYTES];
    fprintf(out, "%s: %s us simulated (warm-up %s us), seed %" PRIu64 "\n", results->name,
            format_number(simulated, results->simulated_us, 6),
            format_number(warmup, results->warmup_us, 4), results->seed);
    fprintf(out, "%s: %s\n", results->converged ? "converged" : "NOT CONVERGED",
            results->convergence);
}

static void flow_row(const struct result_flow *flow, struct format_time_unit unit, FILE *out)
{
    char buf[FORMAT_BYTES];
    const struct result_latency *latency = &flow->latency;
    table_cell_left(out, flow->name, 12);
    putc(' ', out);
    table_cell_left(out, flow->op, 10);
    table_cell_right(out, format_count(buf, flow->ops), 7);
    real_cell(out, flow->gbps, 4, 7);
    real_cell(out, flow->mops, 4, 7);
    if (latency->count == 0) {
        fputs("  no operation was measured\n", out);
        return;
    }
    real_cell(out, latency->mean_ns / unit.ns, 4, 8);
    if (latency->ci95_ns > 0)
        real_cell(out, latency->ci95_ns / unit.ns, 2, 7);
    else
        table_cell_right(out, "-", 7);
    const double quantiles_ns[] = {latency->p50_ns, latency->p90_ns, latency->p99_ns,
                                   latency->p999_ns};
    for (size_t i = 0; i < sizeof quantiles_ns / sizeof *quantiles_ns; i++)
        real_cell(out, quantiles_ns[i] / unit.ns, 4, 8);
    real_cell(out, latency->max_ns / unit.ns, 4, 9);
    putc('\n', out);
}

static void print_workloads(const struct results *results, FILE *out)
{
    double largest_ns = results->total.latency.max_ns;
    for (uint32_t i = 0; i < results->n_workloads; i++)
        largest_ns = fmax(largest_ns, results->workloads[i].latency.max_ns);
    struct format_time_unit unit = format_time_unit(largest_ns);
    char title[40];
    snprintf(title, sizeof title, "latency from intended arrival, %s", unit.name);
    fprintf(out, "\n%44s%s\n", "", title);
    fprintf(out, "%-12s %-10s%7s%7s%7s%8s%8s%8s%8s%8s%8s%9s\n", "workload", "op", "ops", "Gb/s",
            "Mop/s", "mean", "±95 %", "p50", "p90", "p99", "p99.9", "max");
    for (uint32_t i = 0; i < shown(results->n_workloads); i++)
        flow_row(&results->workloads[i], unit, out);
    if (results->n_workloads != 1) {
        struct result_flow total = results->total;
        total.name = "all";
        total.op = "";
        flow_row(&total, unit, out);
    }
    print_more(out, results->n_workloads, "workloads");
    for (uint32_t i = 0; i < results->n_workloads; i++)
        if (results->workloads[i].failed > 0)
            fprintf(out,
                    "  %s: %" PRIu64 " operations failed (refused, aborted, or their VF left)\n",
                    results->workloads[i].name, results->workloads[i].failed);
}

/* Rounded so that the row sums as it is printed. */
static void print_decomposition(const struct results *results, FILE *out)
{
    static const char *const headings[LAT_PARTS] = {
        [LAT_SOURCE] = "source", [LAT_SERIALISE] = "serial", [LAT_PROPAGATE] = "propag",
        [LAT_CREDIT] = "credit", [LAT_ARBITRATE] = "arbit",  [LAT_CROSSBAR] = "crossb",
        [LAT_REMAP] = "remap",   [LAT_MEMORY] = "memory",    [LAT_DEVICE] = "device",
    };
    fputs("\nwhere the mean went   ", out);
    for (int part = 0; part < LAT_PARTS; part++)
        fprintf(out, "%*s", part ? 8 : 6, headings[part]);
    fputs("  = mean\n", out);
    for (uint32_t i = 0; i < shown(results->n_workloads); i++) {
        const struct result_flow *flow = &results->workloads[i];
        if (flow->latency.count == 0)
            continue;
        struct format_time_unit unit = format_time_unit(flow->latency.mean_ns);
        double values[LAT_PARTS], parts[LAT_PARTS], total;
        for (int part = 0; part < LAT_PARTS; part++)
            values[part] = flow->part_ns[part] / unit.ns;
        format_apportion(LAT_PARTS, values, flow->latency.mean_ns / unit.ns, 1, parts, &total);
        table_cell_left(out, flow->name, 16);
        fprintf(out, " %2s", unit.name);
        for (int part = 0; part < LAT_PARTS; part++)
            fprintf(out, "%*.1f", part ? 8 : 9, parts[part]);
        fprintf(out, "%8.1f\n", total);
    }
}

static void print_hosts(const struct results *results, FILE *out)
{
    char buf[FORMAT_BYTES];
    fputs("\nhosts, Gb/s   ", out);
    size_t column = 14;
    for (uint32_t i = 0; i < shown(results->n_hosts); i++) {
        char cell[64];
        snprintf(cell, sizeof cell, "%.40s %s", results->hosts[i].name,
                 format_number(buf, results->hosts[i].gbps, 4));
        if (column > 14 && column + table_width(cell) + 3 > TABLE_COLUMNS) {
            fputs("\n              ", out);
            column = 14;
        }
        fprintf(out, "%s%s", column > 14 ? "   " : "", cell);
        column += table_width(cell) + (column > 14 ? 3 : 0);
    }
    putc('\n', out);
    print_more(out, results->n_hosts, "hosts");
    fprintf(out, "fairness      Jain's index %.4f\n", results->fairness_jain);
}

static void print_links(const struct results *results, FILE *out)
{
    uint32_t chosen[TABLE_LINKS], n = 0;
    for (uint32_t i = 0; i < results->n_links; i++) {
        uint32_t at = n;
        while (at > 0 && results->links[i].utilisation > results->links[chosen[at - 1]].utilisation)
            at--;
        if (at == TABLE_LINKS)
            continue;
        n += n < TABLE_LINKS;
        memmove(&chosen[at + 1], &chosen[at], (n - at - 1) * sizeof *chosen);
        chosen[at] = i;
    }
    for (uint32_t k = 0; k < n; k++) {
        const struct result_link *link = &results->links[chosen[k]];
        char busy[FORMAT_BYTES], dllp[FORMAT_BYTES];
        fputs(k ? "              " : "busiest links ", out);
        table_cell_left(out, link->name, 28);
        table_cell_right(out, format_percent(busy, link->utilisation), 8);
        fprintf(out, " TLPs, %s DLLPs", format_percent(dllp, link->dllp_share));
        double stall = link->credit_stall_ns / 1000 / results->measured_us;
        if (stall >= 0.00005 && isfinite(stall))
            fprintf(out, ", %s credit stall", format_percent(busy, stall));
        putc('\n', out);
    }
}

static void print_counters(const struct results *results, FILE *out)
{
    uint64_t hits = 0, misses = 0, fetches = 0;
    for (uint32_t i = 0; i < results->n_id_maps; i++) {
        hits += results->id_maps[i].hits;
        misses += results->id_maps[i].misses;
        fetches += results->id_maps[i].fetches;
    }
    if (results->n_id_maps > 0)
        fprintf(out, "re-map CAM    %" PRIu64 " hits, %" PRIu64 " misses, %" PRIu64 " fetches\n",
                hits, misses, fetches);
    fprintf(out,
            "faults        %" PRIu64 " TLPs dropped, %" PRIu64 " unsupported requests;  %" PRIu64
            " interrupts\n",
            results->dropped_tlps, results->unsupported_requests, results->interrupts);
}

static void print_footer(const struct results *results, const char *page, FILE *out)
{
    char wall[FORMAT_BYTES], speed[FORMAT_BYTES], hops[FORMAT_BYTES], rss[FORMAT_BYTES];
    fprintf(out, "speed         simulated in %s", format_duration(wall, results->wall_s));
    if (results->wall_s > 0)
        fprintf(out, ": %s TLP-hops, %s/s, %s MiB", format_count(hops, results->tlp_hops),
                format_count(speed, (uint64_t)((double)results->tlp_hops / results->wall_s)),
                format_number(rss, results->rss_mib, 3));
    putc('\n', out);
    if (page)
        fprintf(out, "page          %s\n", page);
}

void table_print(const struct results *results, const char *page, FILE *out)
{
    print_header(results, out);
    if (results->n_workloads > 0) {
        print_workloads(results, out);
        print_decomposition(results, out);
    }
    if (results->n_hosts > 0)
        print_hosts(results, out);
    print_links(results, out);
    print_counters(results, out);
    if (results->plane)
        plane_print(results->plane, out);
    print_footer(results, page, out);
}
