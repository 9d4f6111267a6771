/* html.h - pages that need no network: style and drawings lie inside, so that the one file can be
 * mailed. Light or dark follows the reader's system. Text given to these functions is plain and is
 * escaped here. */
#ifndef POOLSIM_RUN_HTML_H
#define POOLSIM_RUN_HTML_H

#include "run/format.h"
#include "run/plot.h"
#include <stddef.h>
#include <stdio.h>

void html_text(FILE *out, const char *text);

void html_begin(FILE *out, const char *title);
void html_end(FILE *out);

/* A pill under the title; @good false colours it as a warning. */
void html_badge(FILE *out, const char *text, bool good);

/* A table whose columns from @first_number on are numbers, aligned right. */
void html_table_begin(FILE *out, const char *caption, size_t n, const char *const *headings,
                      size_t first_number);
void html_row(FILE *out, size_t n, const char *const *cells, size_t first_number);
void html_table_end(FILE *out);

/* A row whose cells are formatted one after the other; begins as {.n = 0}. */
enum { HTML_CELLS = 16 };
struct html_cells {
    char text[HTML_CELLS][FORMAT_BYTES * 3];
    const char *cells[HTML_CELLS];
    size_t n;
};
void html_cell(struct html_cells *row, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void html_number(struct html_cells *row, double value, int digits);
void html_cells_end(FILE *out, const struct html_cells *row, size_t first_number);

/* A drawing with its caption: @dir/@svg inlined, or a line that says that it is missing. */
void html_figure(FILE *out, const char *dir, const char *svg, const char *caption, bool wide);
/* All of a page's plots: see plot_render. */
void html_plots(FILE *out, const char *dir, size_t n, const struct plot_figure *figures);

/* A list of links to files of the folder, each with a note. */
struct html_link {
    const char *file, *note;
};
void html_links(FILE *out, size_t n, const struct html_link *links);

#endif
