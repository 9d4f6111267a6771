#include "base/err.h"
#include <stdarg.h>
#include <string.h>

static void fill(struct err *err, const struct mark *mark, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void fill(struct err *err, const struct mark *mark, const char *format, va_list args)
{
    const int n = vsnprintf(err->message, sizeof err->message, format, args);
    if (n < 0 || (size_t)n >= sizeof err->message)
        memcpy(err->message + sizeof err->message - sizeof "...", "...", sizeof "...");
    const char *file = mark && mark->file ? mark->file : "";
    const size_t length = strlen(file), most = sizeof err->file - 1;
    const char *cut = length > most ? "..." : "";
    /* The end of a long path says more than its beginning. */
    snprintf(err->file, sizeof err->file, "%s%s", cut,
             length > most ? file + length - (most - strlen(cut)) : file);
    err->line = mark ? mark->line : 0;
    err->column = mark ? mark->column : 0;
}

bool err_at(struct err *err, const struct mark *mark, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(err, mark, format, args);
    va_end(args);
    return false;
}

void err_print(const struct err *err, FILE *out)
{
    if (err->file[0])
        fprintf(out, "%s:", err->file);
    if (err->line && err->column)
        fprintf(out, "%u:%u:", err->line, err->column);
    else if (err->line)
        fprintf(out, "%u:", err->line);
    fprintf(out, "%s%s\n", err->file[0] || err->line ? " " : "", err->message);
}
