#include "run/plot.h"

#include "run/process.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Okabe and Ito's palette without black, which a dark page would hide, and with its yellow darkened
 * for a light one. */
static const char *const palette[PLOT_COLOURS] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                                  "#E69F00", "#56B4E9", "#8C7A00"};

const char *plot_colour(size_t index)
{
    return palette[index % PLOT_COLOURS];
}

int plot_dash(size_t index)
{
    static const int dashes[] = {1, 2, 4, 5};
    return dashes[index / PLOT_COLOURS % (sizeof dashes / sizeof *dashes)];
}

void plot_quote(FILE *out, const char *text)
{
    putc('\'', out);
    for (; *text; text++) {
        if (*text == '\'')
            putc('\'', out);
        putc(*text == '\n' ? ' ' : *text, out);
    }
    putc('\'', out);
}

bool plot_open(struct outfile *file, const char *dir, const char *name, int width_px, int height_px,
               const char *title, struct err *err)
{
    char script[128];
    snprintf(script, sizeof script, "plots/%s.gp", name);
    if (!folder_open(file, dir, script, err))
        return false;
    FILE *out = file->file;
    fprintf(out,
            "# Draws plots/%s.svg. To draw it again, in the folder above: gnuplot plots/%s.gp\n"
            "if (!exists('out')) out = 'plots/%s.svg'\n"
            "set terminal svg size %d,%d dynamic enhanced font 'sans-serif,15' name '%s' "
            "background rgb 'white'\n"
            "set output out\n"
            "set encoding utf8\n"
            "set datafile separator ','\n"
            "set style line 100 lt 1 lw 1 lc rgb '" PLOT_INK "'\n"
            "set style line 101 lt 1 lw 0.7 lc rgb '" PLOT_GRID "'\n"
            "set border 3 ls 100\n"
            "set tics nomirror out scale 0.6 textcolor rgb '" PLOT_INK "'\n"
            "set grid ytics ls 101\n"
            "set xlabel textcolor rgb '" PLOT_INK "'\n"
            "set ylabel textcolor rgb '" PLOT_INK "'\n"
            "set key Left reverse noenhanced textcolor rgb '" PLOT_INK "' samplen 2 spacing 1.15\n"
            "set title noenhanced textcolor rgb '" PLOT_INK "' font ',16'\n",
            name, name, name, width_px, height_px, name);
    if (title) {
        fputs("set title ", out);
        plot_quote(out, title);
        putc('\n', out);
    }
    return true;
}

void plot_rows(FILE *out, size_t n, const char *const *names)
{
    fputs("row(s) = ", out);
    for (size_t i = 0; i < n; i++) {
        fputs("s eq ", out);
        plot_quote(out, names[i]);
        fprintf(out, " ? %d : \\\n         ", -(int)i - 1);
    }
    fputs("NaN\n", out);
    fprintf(out, "set yrange [%g:-0.4]\nset ytics noenhanced scale 0 (", -(double)n - 0.6);
    for (size_t i = 0; i < n; i++) {
        fputs(i ? ", " : "", out);
        plot_quote(out, names[i]);
        fprintf(out, " %d", -(int)i - 1);
    }
    fputs(")\nset grid noytics xtics ls 101\n", out);
}

/* @err has the message when it failed. */
static enum process_end render_one(const char *dir, const char *name, struct err *err)
{
    char script[128], temporary[128], define[160];
    char path[PATH_MAX], temporary_path[PATH_MAX];
    char svg[128];
    snprintf(script, sizeof script, "plots/%s.gp", name);
    snprintf(svg, sizeof svg, "plots/%s.svg", name);
    snprintf(temporary, sizeof temporary, "plots/.%s.svg.tmp", name);
    snprintf(define, sizeof define, "out = '%s'", temporary);
    if (!folder_path(path, dir, svg, err) || !folder_path(temporary_path, dir, temporary, err))
        return PROCESS_FAILED;
    unlink(path);
    const char *const argv[] = {"gnuplot", "-e", define, script, NULL};
    enum process_end end = process_run(dir, argv, err->message, sizeof err->message);
    if (end == PROCESS_DONE && rename(temporary_path, path) != 0) {
        err_at(err, NULL, "it wrote nothing");
        end = PROCESS_FAILED;
    }
    if (end != PROCESS_DONE)
        unlink(temporary_path);
    return end;
}

size_t plot_render(const char *dir, size_t n, const struct plot_figure *figures, FILE *warnings)
{
    size_t drawn = 0;
    bool told = false;
    for (size_t i = 0; i < n; i++) {
        struct err err;
        switch (render_one(dir, figures[i].name, &err)) {
        case PROCESS_DONE:
            drawn++;
            break;
        case PROCESS_MISSING:
            if (!told)
                fprintf(warnings,
                        "warning: gnuplot is not installed, so there are no plots; with it, draw "
                        "them by\n"
                        "  cd %s && for f in plots/*.gp; do gnuplot \"$f\"; done\n",
                        dir);
            told = true;
            break;
        case PROCESS_FAILED:
            fprintf(warnings, "warning: gnuplot could not draw %s/plots/%s.gp: %s\n", dir,
                    figures[i].name, err.message);
            break;
        }
    }
    return drawn;
}
