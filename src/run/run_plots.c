#include "run/run_plots.h"

#include "base/check.h"
#include "run/plane_output.h"
#include "run/timeline_plots.h"

#include <math.h>
#include <stdlib.h>

/* Tol's "muted" colours, told apart by the colour-blind, with the indigo lightened for a dark page.
 */
static const struct {
    const char *fill, *text;
} part_colours[LAT_PARTS] = {
    [LAT_SOURCE] = {"#DDCC77", "#222222"},    [LAT_SERIALISE] = {"#4477AA", "#ffffff"},
    [LAT_PROPAGATE] = {"#88CCEE", "#222222"}, [LAT_CREDIT] = {"#CC6677", "#ffffff"},
    [LAT_ARBITRATE] = {"#882255", "#ffffff"}, [LAT_CROSSBAR] = {"#44AA99", "#222222"},
    [LAT_REMAP] = {"#AA4499", "#ffffff"},     [LAT_MEMORY] = {"#117733", "#ffffff"},
    [LAT_DEVICE] = {"#999933", "#222222"},
};

/* A choice of at most @limit of @n things, the largest first; ties keep their order. */
struct choice {
    uint32_t index[PLOT_MAX_BARS];
    size_t n;
};

static struct choice choose_largest(uint32_t n, size_t limit,
                                    double (*size)(const struct results *, uint32_t),
                                    const struct results *results)
{
    CHECK(limit <= PLOT_MAX_BARS);
    struct choice choice = {.n = 0};
    for (uint32_t i = 0; i < n; i++) {
        size_t at = choice.n;
        while (at > 0 && size(results, i) > size(results, choice.index[at - 1]))
            at--;
        if (at == limit)
            continue;
        if (choice.n < limit)
            choice.n++;
        for (size_t move = choice.n - 1; move > at; move--)
            choice.index[move] = choice.index[move - 1];
        choice.index[at] = i;
    }
    return choice;
}

static double workload_ops(const struct results *results, uint32_t i)
{
    return (double)results->workloads[i].ops;
}

static double link_use(const struct results *results, uint32_t i)
{
    return results->links[i].utilisation + results->links[i].dllp_share;
}

static double first_is_largest(const struct results *results, uint32_t i)
{
    return (double)results->n_hosts - i;
}

/* Smallest and largest latency that the distributions show. */
static void latency_range(const struct results *results, const struct choice *choice,
                          double *out_low_ns, double *out_p99_ns, double *out_max_ns)
{
    *out_low_ns = HUGE_VAL;
    *out_p99_ns = *out_max_ns = 0;
    for (size_t i = 0; i < choice->n; i++) {
        const struct result_latency *latency = &results->workloads[choice->index[i]].latency;
        *out_low_ns = fmin(*out_low_ns, latency->p50_ns);
        *out_p99_ns = fmax(*out_p99_ns, latency->p99_ns);
        *out_max_ns = fmax(*out_max_ns, latency->max_ns);
    }
}

/* One line per workload: @column of histogram.csv against the upper end of each bin. */
static void write_curves(FILE *out, const struct results *results, const struct choice *choice,
                         int column, double unit_ns)
{
    for (size_t i = 0; i < choice->n; i++) {
        const char *name = results->workloads[choice->index[i]].name;
        fputs(i ? ", \\\n     " : "plot ", out);
        fputs("'histogram.csv' skip 1 using (strcol(1) eq ", out);
        plot_quote(out, name);
        fprintf(out, " ? $3/%g : NaN):%d with lines lw 2.2 dt %d lc rgb '%s' title ", unit_ns,
                column, plot_dash(i), plot_colour(i));
        plot_quote(out, name);
    }
    putc('\n', out);
}

static bool write_cdf(const struct results *results, const char *dir, struct err *err)
{
    struct choice choice =
        choose_largest(results->n_workloads, PLOT_MAX_CURVES, workload_ops, results);
    double low_ns, p99_ns, max_ns;
    latency_range(results, &choice, &low_ns, &p99_ns, &max_ns);
    bool in_us = p99_ns >= 1e4;
    struct outfile file;
    if (!plot_open(&file, dir, "latency_cdf", PLOT_WIDTH, PLOT_HEIGHT, NULL, err))
        return false;
    fprintf(file.file,
            "set xlabel 'latency (%s)%s'\nset ylabel 'share of operations'\nset yrange [0:1]\n",
            in_us ? "µs" : "ns", p99_ns > 20 * low_ns ? ", logarithmic" : "");
    fputs("set ytics 0.2\n" PLOT_KEY_ABOVE "set grid xtics ls 101\n", file.file);
    if (p99_ns > 20 * low_ns)
        fputs("set logscale x\nset mxtics 10\n", file.file);
    else
        fprintf(file.file, "set xrange [:%g]\n", p99_ns * 1.15 / (in_us ? 1000 : 1));
    write_curves(file.file, results, &choice, 5, in_us ? 1000 : 1);
    return outfile_commit(&file, err);
}

static bool write_ccdf(const struct results *results, const char *dir, struct err *err)
{
    struct choice choice =
        choose_largest(results->n_workloads, PLOT_MAX_CURVES, workload_ops, results);
    double low_ns, p99_ns, max_ns;
    latency_range(results, &choice, &low_ns, &p99_ns, &max_ns);
    bool in_us = max_ns >= 1e4;
    struct outfile file;
    if (!plot_open(&file, dir, "latency_ccdf", PLOT_WIDTH, PLOT_HEIGHT, NULL, err))
        return false;
    fprintf(file.file, "set xlabel 'latency (%s)%s'\nset ylabel 'share of operations above'\n",
            in_us ? "µs" : "ns", max_ns > 20 * low_ns ? ", logarithmic" : "");
    fputs("set logscale y\nset format y '10^{%T}'\nset yrange [:1]\n" PLOT_KEY_ABOVE "set grid "
          "xtics ls 101\n",
          file.file);
    if (max_ns > 20 * low_ns)
        fputs("set logscale x\nset mxtics 10\n", file.file);
    write_curves(file.file, results, &choice, 6, in_us ? 1000 : 1);
    return outfile_commit(&file, err);
}

static bool write_decomposition(const struct results *results, const char *dir, struct err *err)
{
    struct choice choice =
        choose_largest(results->n_workloads, PLOT_MAX_BARS, workload_ops, results);
    const char *names[PLOT_MAX_BARS];
    double longest_ns = 0;
    bool used[LAT_PARTS] = {false};
    for (size_t i = 0; i < choice.n; i++) {
        const struct result_flow *flow = &results->workloads[choice.index[i]];
        names[i] = flow->name;
        longest_ns = fmax(longest_ns, flow->latency.mean_ns);
        for (int part = 0; part < LAT_PARTS; part++)
            used[part] = used[part] || flow->part_ns[part] > 0;
    }
    double unit_ns = longest_ns >= 1e4 ? 1000 : 1;
    struct outfile file;
    if (!plot_open(&file, dir, "decomposition", PLOT_WIDTH, 190 + 34 * (int)choice.n, NULL, err))
        return false;
    FILE *out = file.file;
    plot_rows(out, choice.n, names);
    fprintf(out, "unit = %g\nlongest = %.9g\nset xrange [0:longest*1.14]\n", unit_ns,
            longest_ns / unit_ns);
    fprintf(out, "set xlabel 'mean latency (%s)'\n", unit_ns > 1 ? "µs" : "ns");
    fputs("set key outside top center horizontal maxrows 2 samplen 0.6 font ',12'\nset style fill "
          "solid 1.0 noborder\n"
          "part(s) = strcol(2) eq s ? row(strcol(1)) : NaN\n"
          "label(v) = v > 0.07*longest ? sprintf(v < 100 ? '%.1f' : '%.0f', v) : ''\nplot ",
          out);
    for (int part = 0; part < LAT_PARTS; part++)
        if (used[part])
            fprintf(out,
                    "'decomposition.csv' skip 1 using "
                    "(($4+$5)/2/unit):(part('%s')):($4/unit):($5/unit):"
                    "(part('%s')-0.32):(part('%s')+0.32) with boxxyerror lc rgb '%s' title '%s', "
                    "\\\n     ",
                    latency_part_names[part], latency_part_names[part], latency_part_names[part],
                    part_colours[part].fill, latency_part_names[part]);
    for (int part = 0; part < LAT_PARTS; part++)
        if (used[part])
            fprintf(out,
                    "'decomposition.csv' skip 1 using "
                    "(($4+$5)/2/unit):(part('%s')):(label($3/unit)) with labels "
                    "font ',12' tc rgb '%s' notitle, \\\n     ",
                    latency_part_names[part], part_colours[part].text);
    fprintf(out,
            "'decomposition.csv' skip 1 using ($5/unit):(part('%s')):(sprintf($5/unit < 100 ? "
            "'%%.1f' : '%%.0f', "
            "$5/unit)) with labels left offset 0.6,0 tc rgb '" PLOT_INK "' notitle\n",
            latency_part_names[LAT_PARTS - 1]);
    return outfile_commit(&file, err);
}

/* Few hosts get a named bar each; many become a profile over their index. */
static bool write_hosts(const struct results *results, const char *dir, struct err *err)
{
    double mean_gbps = 0, largest_gbps = 0;
    for (uint32_t i = 0; i < results->n_hosts; i++) {
        mean_gbps += results->hosts[i].gbps / results->n_hosts;
        largest_gbps = fmax(largest_gbps, results->hosts[i].gbps);
    }
    bool named = results->n_hosts <= PLOT_MAX_BARS;
    char title[80];
    snprintf(title, sizeof title, "Jain's fairness index %.4f", results->fairness_jain);
    struct outfile file;
    if (!plot_open(&file, dir, "hosts", PLOT_WIDTH, named ? 150 + 30 * (int)results->n_hosts : 380,
                   title, err))
        return false;
    FILE *out = file.file;
    fputs("set style fill solid 1.0 noborder\nset key off\n", out);
    if (named) {
        struct choice choice =
            choose_largest(results->n_hosts, PLOT_MAX_BARS, first_is_largest, results);
        const char *names[PLOT_MAX_BARS];
        for (size_t i = 0; i < choice.n; i++)
            names[i] = results->hosts[choice.index[i]].name;
        plot_rows(out, choice.n, names);
        fprintf(out,
                "set xlabel 'throughput (Gb/s of payload)'\nset xrange [0:%.9g]\n"
                "plot 'hosts.csv' skip 1 using ($3/2):(row(strcol(1))):(0):3:(row(strcol(1))-0.32):"
                "(row(strcol(1))+0.32) with boxxyerror lc rgb '%s', \\\n"
                "     '' skip 1 using 3:(row(strcol(1))):(sprintf('%%.2f', $3)) with labels left "
                "offset 0.6,0 "
                "tc rgb '" PLOT_INK "'\n",
                largest_gbps > 0 ? largest_gbps * 1.14 : 1, plot_colour(0));
    } else {
        fprintf(out,
                "set xlabel 'host, in the order of the configuration'\nset ylabel 'throughput "
                "(Gb/s of payload)'\n"
                "set yrange [0:*]\nset xrange [-1:%u]\nmean = %.9g\n"
                "plot 'hosts.csv' skip 1 using 0:3:(0.9) with boxes lc rgb '%s', mean with lines "
                "lw 2 lc rgb '%s'\n",
                results->n_hosts, mean_gbps, plot_colour(0), plot_colour(1));
    }
    return outfile_commit(&file, err);
}

static bool write_links(const struct results *results, const char *dir, struct err *err)
{
    struct choice choice = choose_largest(results->n_links, PLOT_MAX_BARS, link_use, results);
    const char *names[PLOT_MAX_BARS];
    for (size_t i = 0; i < choice.n; i++)
        names[i] = results->links[choice.index[i]].name;
    struct outfile file;
    if (!plot_open(&file, dir, "links", PLOT_WIDTH, 170 + 26 * (int)choice.n, NULL, err))
        return false;
    plot_rows(file.file, choice.n, names);
    fprintf(file.file,
            "set xlabel 'share of the wire''s time (%%)'\nset xrange [0:112]\nset xtics 0,20,100\n"
            "set style fill solid 1.0 noborder\nset key outside top center horizontal samplen 0.8\n"
            "y(d) = row(strcol(1)) + d\n"
            "plot 'links.csv' skip 1 using ($6*50):(y(0)):(0):($6*100):(y(-0.32)):(y(0.32)) with "
            "boxxyerror "
            "lc rgb '%s' title 'TLPs', \\\n"
            "     '' skip 1 using "
            "(($6+$7/2)*100):(y(0)):($6*100):(($6+$7)*100):(y(-0.32)):(y(0.32)) with boxxyerror "
            "lc rgb '%s' title 'DLLPs and SKP', \\\n"
            "     '' skip 1 using (($6+$7)*100):(y(0)):(sprintf('%%.1f', ($6+$7)*100)) with labels "
            "left offset 0.6,0 "
            "tc rgb '" PLOT_INK "' notitle\n",
            plot_colour(0), plot_colour(5));
    return outfile_commit(&file, err);
}

bool run_plots_write(const struct results *results, const char *dir,
                     struct plot_figure out_figures[RUN_PLOTS_MAX], size_t *out_n, struct err *err)
{
    bool flows = results->n_workloads > 0;
    const struct plane_report *plane = results->plane;
    const struct {
        bool wanted;
        bool (*write)(const struct results *results, const char *dir, struct err *err);
        struct plot_figure figure;
    } plots[] = {
        {flows,
         write_cdf,
         {"latency_cdf", "How latency is distributed: the share of operations that took at most so "
                         "long, per workload, "
                         "counted from the intended arrival. The steeper, the more predictable."}},
        {flows,
         write_ccdf,
         {"latency_ccdf", "The tail: the share of operations that took longer, on a logarithmic "
                          "axis. 10⁻³ is where "
                          "p99.9 is read."}},
        {flows,
         write_decomposition,
         {"decomposition",
          "Where the mean latency went. The parts of each bar sum to its total exactly."}},
        {results->n_hosts > 0,
         write_hosts,
         {"hosts", "Payload throughput per host. Jain's index is 1 when all hosts with traffic get "
                   "the same."}},
        {results->n_links > 0,
         write_links,
         {"links", "How busy each direction of each link was, the busiest first: time that TLPs "
                   "took, and time that "
                   "the link's own packets took."}},
        {results->n_timeline > 1,
         timeline_plot_total,
         {"timeline", "Throughput and mean latency over simulated time. Shaded is the warm-up, "
                      "which no other figure "
                      "counts."}},
        {results->n_timeline > 1 && results->n_hosts > 1 && results->host_gbps,
         timeline_plot_hosts,
         {"host_timeline",
          "Throughput of each host over simulated time, all on one scale; of many "
          "hosts, those that take part in moves and then those that got most. "
          "Lines mark moves and faults; while a VF moves, the hosts that it leaves "
          "and comes to are shaded."}},
        {plane && plane->n_boots > 0,
         plane_plot_boot,
         {"boot", "What each host did from power on until its drivers ran; of many hosts, those "
                  "that were up last."}},
        {plane && plane->n_moves > 0,
         plane_plot_moves,
         {"moves", "Where the time of each move went, from when it was asked for until the VF's "
                   "driver ran on its new host."}},
    };
    size_t n = 0;
    for (size_t i = 0; i < sizeof plots / sizeof *plots; i++) {
        if (!plots[i].wanted)
            continue;
        if (!plots[i].write(results, dir, err))
            return false;
        out_figures[n++] = plots[i].figure;
    }
    *out_n = n;
    return true;
}
