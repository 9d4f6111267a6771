/* run_plots.h - the figures of one run, drawn from the CSV files of datafiles.h. */
#ifndef POOLSIM_RUN_RUN_PLOTS_H
#define POOLSIM_RUN_RUN_PLOTS_H

#include "run/plot.h"
#include "run/results.h"

enum { RUN_PLOTS_MAX = 12 };

/* Writes the scripts that these results deserve into @dir/plots, which is there, and lists them in
 * page order. Curves beyond PLOT_MAX_CURVES and bars beyond PLOT_MAX_BARS are left to the CSV
 * files; the captions say so. */
bool run_plots_write(const struct results *results, const char *dir,
                     struct plot_figure out_figures[RUN_PLOTS_MAX], size_t *out_n, struct err *err);

#endif
