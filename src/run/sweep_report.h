/* sweep_report.h - what a sweep found, for people: plots, index.html, and a table on standard
 * output. */
#ifndef POOLSIM_RUN_SWEEP_REPORT_H
#define POOLSIM_RUN_SWEEP_REPORT_H

#include "run/sweep_data.h"

/* Writes plots/, resolved.yaml and index.html into @dir, from the files that sweep_data_collect
 * wrote there. A missing gnuplot costs the plots and a line on @warnings. */
bool sweep_report_write(const struct sweep_data *data, const struct sweep_outcome *outcome,
                        const char *dir, FILE *warnings, struct err *err);

/* One row per point, at most 100 columns, and the path of the page (NULL: none). */
void sweep_report_print(const struct sweep_data *data, const struct sweep_outcome *outcome,
                        const char *page, FILE *out);

#endif
