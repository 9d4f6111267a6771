/* plot.h - gnuplot scripts: what all of them share, and running them.
 * A script lies in plots/NAME.gp of a result folder, reads only CSV files of that folder and writes
 * plots/NAME.svg. A person re-plots with `gnuplot plots/NAME.gp` in the folder. Colours are told
 * apart by the colour-blind (Okabe and Ito), and readable on a light and on a dark page: ink, grid
 * and background are named here, for html.c to restyle. */
#ifndef POOLSIM_RUN_PLOT_H
#define POOLSIM_RUN_PLOT_H

#include "base/err.h"
#include "run/folder.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLOT_INK  "#333333"
#define PLOT_GRID "#d9d9d9"

/* A key that no curve can run into. */
#define PLOT_KEY_ABOVE "set key outside top center horizontal\n"

enum { PLOT_WIDTH = 640, PLOT_HEIGHT = 400 };
enum { PLOT_COLOURS = 7, PLOT_MAX_CURVES = 12, PLOT_MAX_BARS = 24 };
/* "#rrggbb"; curve @index takes colour index % PLOT_COLOURS and, after each full turn, another dash
 * type. */
const char *plot_colour(size_t index);
int plot_dash(size_t index);

/* Begins plots/@name.gp in @dir with the shared style; the caller writes the rest and commits.
 * @title may be NULL. */
bool plot_open(struct outfile *file, const char *dir, const char *name, int width_px, int height_px,
               const char *title, struct err *err);

/* @text in single quotes, as gnuplot reads it back exactly. */
void plot_quote(FILE *out, const char *text);

/* Horizontal bars, one row per name, the first on top: defines the gnuplot function row("name"),
 * which is the row's y, or not a number for a name that is not drawn, and sets the y axis. Names
 * are borrowed. */
void plot_rows(FILE *out, size_t n, const char *const *names);

/* One figure of a page. */
struct plot_figure {
    const char *name;    /* plots/NAME.svg */
    const char *caption; /* plain text */
};

/* Runs gnuplot on each script; an SVG that an earlier run left is removed first, so that none is
 * stale. Returns how many were drawn; what went wrong (gnuplot is not installed, or refuses a
 * script) is told on @warnings. */
size_t plot_render(const char *dir, size_t n, const struct plot_figure *figures, FILE *warnings);

#endif
