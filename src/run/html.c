#include "run/html.h"

#include "base/check.h"
#include "run/folder.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Attribute selectors restyle the drawings: their ink, grid and paper are the constants of plot.h.
 */
static const char style[] =
    ":root{color-scheme:light "
    "dark;--page:#f6f7f9;--card:#fff;--ink:#1f2430;--soft:#5b6472;--line:#dfe3e8;"
    "--accent:#0072b2;--good:#d8f0e6;--good-ink:#00533c;--bad:#fde4cf;--bad-ink:#7a3200}\n"
    "@media(prefers-color-scheme:dark){:root{--page:#14171c;--card:#1c2027;--ink:#e4e7ec;--soft:#"
    "9aa4b2;"
    "--line:#333a45;--accent:#6cb8ea;--good:#0f3d2f;--good-ink:#9fe3c8;--bad:#4a2709;--bad-ink:#"
    "ffc9a0}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,sans-serif}\n"
    "main{max-width:1180px;margin:0 auto;padding:2.2rem 1.2rem 4rem}\n"
    "h1{font-size:1.75rem;line-height:1.2;margin:0 0 .6rem}\nh2{font-size:1.15rem;margin:2.2rem 0 "
    ".8rem}\n"
    "p.guide{max-width:75ch;color:var(--soft)}\na{color:var(--accent)}\n"
    ".badge{display:inline-block;padding:.1rem .65rem;margin:0 .4rem .4rem "
    "0;border-radius:1rem;font-size:.86rem;"
    "background:var(--good);color:var(--good-ink)}\n.badge.warn{background:var(--bad);color:var(--"
    "bad-ink)}\n"
    ".scroll{overflow-x:auto;background:var(--card);border:1px solid "
    "var(--line);border-radius:.6rem;"
    "margin:0 0 1rem}\n"
    "table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}\n"
    "caption{text-align:left;padding:.7rem .9rem .3rem;font-weight:600}\n"
    "th,td{padding:.34rem .9rem;text-align:left;white-space:nowrap}\n"
    "th{font-weight:600;color:var(--soft);border-bottom:1px solid var(--line)}\n"
    "tbody tr+tr td{border-top:1px solid var(--line)}\n.num{text-align:right}\n"
    ".figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,500px),1fr));gap:"
    "1rem}\n"
    "figure{margin:0;padding:.9rem;background:var(--card);border:1px solid "
    "var(--line);border-radius:.6rem}\n"
    "figure.wide{grid-column:1/"
    "-1}\nfigcaption{color:var(--soft);font-size:.88rem;margin-top:.5rem}\n"
    "svg{display:block;width:100%;height:auto;max-height:44rem}\n"
    "figure.wide svg{width:auto;max-width:100%;margin:auto}\nsvg tspan,svg "
    "text{font-family:inherit}\n"
    "svg rect[fill=\"#ffffff\"],svg polygon[fill=\"white\"]{fill:none}\n"
    "svg [fill=\"rgb(51,51,51)\"],svg [fill=\"" PLOT_INK "\"]{fill:var(--ink)}\n"
    "svg [stroke=\"rgb( 51,  51,  51)\"],svg [stroke=\"" PLOT_INK "\"]{stroke:var(--ink)}\n"
    "svg [stroke=\"rgb(217, 217, 217)\"]{stroke:var(--line)}\n"
    "ul.files{columns:2 22rem;padding-left:1.1rem}\ncode{font-size:.92em}\n"
    "footer{margin-top:2.5rem;color:var(--soft);font-size:.85rem}\n";

void html_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            putc(*text, out);
        }
    }
}

void html_begin(FILE *out, const char *title)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
          out);
    html_text(out, title);
    fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n<h1>", style);
    html_text(out, title);
    fputs("</h1>\n", out);
}

void html_end(FILE *out)
{
    fputs("</main>\n</body>\n</html>\n", out);
}

void html_badge(FILE *out, const char *text, bool good)
{
    fprintf(out, "<span class=\"badge%s\">", good ? "" : " warn");
    html_text(out, text);
    fputs("</span>\n", out);
}

static void html_cells(FILE *out, const char *tag, size_t n, const char *const *cells,
                       size_t first_number)
{
    fputs("<tr>", out);
    for (size_t i = 0; i < n; i++) {
        fprintf(out, i >= first_number ? "<%s class=\"num\">" : "<%s>", tag);
        html_text(out, cells[i]);
        fprintf(out, "</%s>", tag);
    }
    fputs("</tr>\n", out);
}

void html_table_begin(FILE *out, const char *caption, size_t n, const char *const *headings,
                      size_t first_number)
{
    fputs("<div class=\"scroll\"><table>\n<caption>", out);
    html_text(out, caption);
    fputs("</caption>\n<thead>\n", out);
    html_cells(out, "th", n, headings, first_number);
    fputs("</thead>\n<tbody>\n", out);
}

void html_row(FILE *out, size_t n, const char *const *cells, size_t first_number)
{
    html_cells(out, "td", n, cells, first_number);
}

void html_cell(struct html_cells *row, const char *format, ...)
{
    CHECK(row->n < HTML_CELLS);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(row->text[row->n], sizeof row->text[row->n], format, arguments);
    va_end(arguments);
    row->cells[row->n] = row->text[row->n];
    row->n++;
}

void html_number(struct html_cells *row, double value, int digits)
{
    char buf[FORMAT_BYTES];
    html_cell(row, "%s", format_number(buf, value, digits));
}

void html_cells_end(FILE *out, const struct html_cells *row, size_t first_number)
{
    html_row(out, row->n, row->cells, first_number);
}

void html_table_end(FILE *out)
{
    fputs("</tbody>\n</table></div>\n", out);
}

void html_figure(FILE *out, const char *dir, const char *svg, const char *caption, bool wide)
{
    char *text = folder_read(dir, svg);
    /* What stands before <svg (XML declaration, document type) has no place inside a page. */
    const char *drawing = text ? strstr(text, "<svg") : NULL;
    fprintf(out, "<figure%s>\n", wide ? " class=\"wide\"" : "");
    if (drawing) {
        fputs(drawing, out);
    } else {
        fputs("<p><em>", out);
        html_text(out, svg);
        fputs(" was not drawn.</em></p>\n", out);
    }
    fputs("<figcaption>", out);
    html_text(out, caption);
    fputs("</figcaption>\n</figure>\n", out);
    free(text);
}

void html_plots(FILE *out, const char *dir, size_t n, const struct plot_figure *figures)
{
    fputs("<div class=\"figures\">\n", out);
    for (size_t i = 0; i < n; i++) {
        char svg[128];
        snprintf(svg, sizeof svg, "plots/%s.svg", figures[i].name);
        html_figure(out, dir, svg, figures[i].caption, false);
    }
    fputs("</div>\n", out);
}

void html_links(FILE *out, size_t n, const struct html_link *links)
{
    fputs("<ul class=\"files\">\n", out);
    for (size_t i = 0; i < n; i++) {
        fputs("<li><a href=\"", out);
        html_text(out, links[i].file);
        fputs("\"><code>", out);
        html_text(out, links[i].file);
        fputs("</code></a>: ", out);
        html_text(out, links[i].note);
        fputs("</li>\n", out);
    }
    fputs("</ul>\n", out);
}
