/* plane_output.h - what a run's results show of struct plane_report; all of it shows nothing when
 * that is empty. In the result folder (plane_files.c):
 *   boot.csv   host,step,begin_us,end_us,config_requests: from power on; the last is the host's
 *   moves.csv  move,vf,from,to,how,order,asked_us,step,begin_us,end_us: the steps that were done,
 *              from the end of boot; move counts from 0
 *   saw.csv    host and the counts of struct plane_saw
 * Which files there are depends on the report: those that an earlier run left are removed. */
#ifndef POOLSIM_RUN_PLANE_OUTPUT_H
#define POOLSIM_RUN_PLANE_OUTPUT_H

#include "base/err.h"
#include "run/plane_report.h"
#include "run/results.h"
#include <jansson.h>
#include <stdio.h>

/* Of the summary, owned by the caller: all of the report, and its sums as metrics. */
json_t *plane_json(const struct plane_report *plane);
/* @plane NULL: only removes. */
bool plane_files_write(const struct plane_report *plane, const char *dir, struct err *err);

/* The readable summary, at most TABLE_COLUMNS wide (plane_print.c). */
void plane_print(const struct plane_report *plane, FILE *out);
/* Sections of index.html (plane_page.c). */
void plane_page(const struct plane_report *plane, FILE *out);

/* plots/boot.gp: when each host was at what, and plots/moves.gp: where the time of each move went
 * (plane_plots.c). Each with something to show. Of many the first PLOT_MAX_BARS moves, and the
 * hosts that were up last. */
bool plane_plot_boot(const struct results *results, const char *dir, struct err *err);
bool plane_plot_moves(const struct results *results, const char *dir, struct err *err);

#endif
