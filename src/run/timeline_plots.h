/* timeline_plots.h - the figures of one run over simulated time, with its moves and faults marked.
 */
#ifndef POOLSIM_RUN_TIMELINE_PLOTS_H
#define POOLSIM_RUN_TIMELINE_PLOTS_H

#include "base/err.h"
#include "run/results.h"
#include <stdbool.h>

/* plots/timeline.gp in @dir: the throughput and mean latency of all; at least two bins. */
bool timeline_plot_total(const struct results *results, const char *dir, struct err *err);
/* plots/host_timeline.gp: a strip per host, at most PLOT_MAX_CURVES; with results->host_gbps. */
bool timeline_plot_hosts(const struct results *results, const char *dir, struct err *err);

#endif
