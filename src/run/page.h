/* page.h - index.html of one run. */
#ifndef POOLSIM_RUN_PAGE_H
#define POOLSIM_RUN_PAGE_H

#include "config/config.h"
#include "run/plot.h"
#include "run/results.h"

/* Writes @dir/index.html with the drawings that are in @dir by now. */
bool page_write(const struct config *config, const struct results *results, const char *dir,
                size_t n_figures, const struct plot_figure *figures, struct err *err);

#endif
