#include "run/page.h"

#include "run/format.h"
#include "run/html.h"
#include "run/plane_output.h"
#include "run/version.h"

#include <inttypes.h>

enum { PAGE_ROWS = 100 }; /* of each table; the CSV files have all */

static void page_more(FILE *out, uint32_t n, const char *file)
{
    if (n > PAGE_ROWS)
        fprintf(out,
                "<p class=\"guide\">The first %d of %u; all are in <a href=\"%s\">%s</a>.</p>\n",
                PAGE_ROWS, n, file, file);
}

static void page_badges(const struct results *results, FILE *out)
{
    char text[256], a[FORMAT_BYTES], b[FORMAT_BYTES];
    snprintf(text, sizeof text, "%s: %s", results->converged ? "converged" : "not converged",
             results->convergence);
    html_badge(out, text, results->converged);
    snprintf(text, sizeof text, "%s µs simulated, %s µs of them measured",
             format_number(a, results->simulated_us, 6), format_number(b, results->measured_us, 6));
    html_badge(out, text, true);
    snprintf(text, sizeof text, "seed %" PRIu64, results->seed);
    html_badge(out, text, true);
    if (results->dropped_tlps || results->unsupported_requests) {
        snprintf(text, sizeof text, "%" PRIu64 " TLPs dropped, %" PRIu64 " unsupported requests",
                 results->dropped_tlps, results->unsupported_requests);
        html_badge(out, text, false);
    }
}

static void flow_row(FILE *out, const char *name, const struct result_flow *flow)
{
    struct html_cells row = {.n = 0};
    char buf[FORMAT_BYTES];
    const struct result_latency *latency = &flow->latency;
    html_cell(&row, "%s", name);
    html_cell(&row, "%s", flow->op);
    html_cell(&row, "%s", format_count(buf, flow->ops));
    html_number(&row, flow->gbps, 4);
    html_number(&row, flow->mops, 4);
    html_number(&row, latency->mean_ns, 5);
    if (latency->ci95_ns > 0)
        html_cell(&row, "± %s", format_number(buf, latency->ci95_ns, 2));
    else
        html_cell(&row, "-");
    html_number(&row, latency->p50_ns, 5);
    html_number(&row, latency->p90_ns, 5);
    html_number(&row, latency->p99_ns, 5);
    html_number(&row, latency->p999_ns, 5);
    html_number(&row, latency->max_ns, 5);
    html_cells_end(out, &row, 2);
}

static void page_workloads(const struct results *results, FILE *out)
{
    static const char *const headings[] = {"workload", "operation", "operations", "Gb/s",
                                           "Mop/s",    "mean ns",   "95 %",       "p50",
                                           "p90",      "p99",       "p99.9",      "max"};
    html_table_begin(
        out, "Workloads: throughput of payload, and latency in ns from the intended arrival", 12,
        headings, 2);
    for (uint32_t i = 0; i < results->n_workloads && i < PAGE_ROWS; i++)
        flow_row(out, results->workloads[i].name, &results->workloads[i]);
    if (results->n_workloads != 1)
        flow_row(out, "all", &results->total);
    html_table_end(out);
    page_more(out, results->n_workloads, "results.csv");
}

static void page_links(const struct results *results, FILE *out)
{
    static const char *const headings[] = {"link",
                                           "TLPs",
                                           "payload bytes",
                                           "bytes on the wire",
                                           "TLPs' share of time",
                                           "DLLPs and SKP",
                                           "waited for credits, ns"};
    html_table_begin(out, "Links, each direction", 7, headings, 1);
    for (uint32_t i = 0; i < results->n_links && i < PAGE_ROWS; i++) {
        const struct result_link *link = &results->links[i];
        struct html_cells row = {.n = 0};
        char buf[FORMAT_BYTES];
        html_cell(&row, "%s", link->name);
        html_cell(&row, "%" PRIu64, link->tlps);
        html_cell(&row, "%s", format_count(buf, link->payload_bytes));
        html_cell(&row, "%s", format_count(buf, link->wire_bytes));
        html_cell(&row, "%s", format_percent(buf, link->utilisation));
        html_cell(&row, "%s", format_percent(buf, link->dllp_share));
        html_number(&row, link->credit_stall_ns, 4);
        html_cells_end(out, &row, 1);
    }
    html_table_end(out);
    page_more(out, results->n_links, "links.csv");
}

static void page_buffers(const struct results *results, FILE *out)
{
    static const char *const headings[] = {"buffer", "class", "mean bytes held", "most bytes held"};
    html_table_begin(out, "Receive buffers", 4, headings, 2);
    for (uint32_t i = 0; i < results->n_buffers && i < PAGE_ROWS; i++) {
        struct html_cells row = {.n = 0};
        html_cell(&row, "%s", results->buffers[i].name);
        html_cell(&row, "%s", results->buffers[i].class_name);
        html_number(&row, results->buffers[i].mean_bytes, 4);
        html_cell(&row, "%" PRIu64, results->buffers[i].max_bytes);
        html_cells_end(out, &row, 2);
    }
    html_table_end(out);
    page_more(out, results->n_buffers, "results.csv");
}

static void page_id_maps(const struct results *results, FILE *out)
{
    static const char *const headings[] = {"re-map CAM", "hits", "misses", "fetches"};
    html_table_begin(out, "Re-mapping", 4, headings, 1);
    for (uint32_t i = 0; i < results->n_id_maps && i < PAGE_ROWS; i++) {
        struct html_cells row = {.n = 0};
        html_cell(&row, "%s", results->id_maps[i].name);
        html_cell(&row, "%" PRIu64, results->id_maps[i].hits);
        html_cell(&row, "%" PRIu64, results->id_maps[i].misses);
        html_cell(&row, "%" PRIu64, results->id_maps[i].fetches);
        html_cells_end(out, &row, 1);
    }
    html_table_end(out);
    page_more(out, results->n_id_maps, "results.csv");
}

static void page_footer(const struct results *results, FILE *out)
{
    char hops[FORMAT_BYTES], wall[FORMAT_BYTES], speed[FORMAT_BYTES];
    fprintf(out, "<footer>poolsim %s. %s TLP-hops in %s", POOLSIM_VERSION,
            format_count(hops, results->tlp_hops), format_duration(wall, results->wall_s));
    if (results->wall_s > 0)
        fprintf(out, " (%s/s)",
                format_count(speed, (uint64_t)((double)results->tlp_hops / results->wall_s)));
    fputs(". Configuration: ", out);
    html_text(out, results->config_path ? results->config_path : "");
    fputs("</footer>\n", out);
}

/* Those files that there are. */
static void page_data(const struct plane_report *plane, FILE *out)
{
    const struct {
        struct html_link link;
        bool is_there;
    } files[] = {
        {{"summary.json", "everything on this page as JSON"}, true},
        {{"results.csv", "every number, one a row"}, true},
        {{"histogram.csv", "latency distribution of each workload"}, true},
        {{"decomposition.csv", "parts of the mean latency"}, true},
        {{"hosts.csv", "throughput and latency per host"}, true},
        {{"links.csv", "use of each link"}, true},
        {{"timeline.csv", "throughput and latency over time"}, true},
        {{"host_timeline.csv", "throughput of each host over time"}, true},
        {{"boot.csv", "what each host did when, from power on"}, plane && plane->n_boots},
        {{"moves.csv", "steps of each move"}, plane && plane->n_moves},
        {{"saw.csv", "what each host's software saw of faults"}, plane && plane->n_saws},
        {{"resolved.yaml", "the configuration with every default; running it repeats this result"},
         true},
        {{"topology.dot", "the picture for Graphviz"}, true},
    };
    struct html_link links[sizeof files / sizeof *files];
    size_t n = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i].is_there)
            links[n++] = files[i].link;
    fputs("<h2>Data</h2>\n", out);
    html_links(out, n, links);
}

bool page_write(const struct config *config, const struct results *results, const char *dir,
                size_t n_figures, const struct plot_figure *figures, struct err *err)
{
    struct outfile file;
    if (!folder_open(&file, dir, "index.html", err))
        return false;
    FILE *out = file.file;
    html_begin(out, config->title && config->title[0] ? config->title : results->name);
    page_badges(results, out);
    fputs("<p class=\"guide\">Latency runs from the moment at which an operation was meant to "
          "start to its completion, "
          "so that waiting at the source counts. All numbers are of the measured time, after the "
          "warm-up. p99 is the latency "
          "that 99 % of operations stayed within, read from a histogram whose error is below 0.4 "
          "%; the 95 % column is the "
          "confidence interval of the mean. Throughput counts payload, not headers. The parts of "
          "the mean latency sum "
          "to it exactly.</p>\n",
          out);
    if (results->n_workloads > 0)
        page_workloads(results, out);
    if (results->plane)
        plane_page(results->plane, out);
    fputs("<h2>Plots</h2>\n", out);
    html_plots(out, dir, n_figures, figures);
    fputs("<h2>The pool</h2>\n", out);
    html_figure(out, dir, "topology.svg",
                "Hosts above, devices below; each line is a link. A device lists its virtual "
                "functions in the colour of "
                "the host that borrows them.",
                true);
    fputs("<h2>Details</h2>\n", out);
    if (results->n_links > 0)
        page_links(results, out);
    if (results->n_buffers > 0)
        page_buffers(results, out);
    if (results->n_id_maps > 0)
        page_id_maps(results, out);
    page_data(results->plane, out);
    page_footer(results, out);
    html_end(out);
    return outfile_commit(&file, err);
}
