/* sweep_plots.h - the figures of a sweep, drawn from curves.csv of sweep_data.h. */
#ifndef POOLSIM_RUN_SWEEP_PLOTS_H
#define POOLSIM_RUN_SWEEP_PLOTS_H

#include "run/plot.h"
#include "run/sweep_data.h"

enum { SWEEP_PLOTS_MAX = 4 };

/* Writes the scripts into @dir/plots, which is there, and lists them in page order. The first
 * PLOT_MAX_CURVES curves are drawn; all are in the CSV file. */
bool sweep_plots_write(const struct sweep_data *data, const char *dir,
                       struct plot_figure out_figures[SWEEP_PLOTS_MAX], size_t *out_n,
                       struct err *err);

#endif
