/* progress.h - one line on a terminal that says how far a long job is, and nothing anywhere else.
 * "sweep  45 %  9/20 points  1.2/s  0:09 left", redrawn in place at most ten times a second and
 * erased at the end, so that it never mixes with results. When the stream is not a terminal (or
 * NULL, for --quiet) every call does nothing. */
#ifndef POOLSIM_BASE_PROGRESS_H
#define POOLSIM_BASE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct progress {
    FILE *out;         /* borrowed; NULL: silent */
    const char *label; /* borrowed: what is being done */
    const char *unit;  /* borrowed: what is counted, in plural; "" for a bare share */
    uint64_t total;    /* 0: unknown, only the count and its rate are shown */
    uint64_t start_ms, next_draw_ms;
    bool drawn;
};

/* @out is usually stderr. Takes the time of the start. */
void progress_init(struct progress *progress, FILE *out, const char *label, uint64_t total,
                   const char *unit);
/* @done of the total is finished. Cheap enough to call a thousand times a second: reads a clock,
 * draws rarely. */
void progress_update(struct progress *progress, uint64_t done);
/* Erases the line. Call it before printing anything else, also on failure; an update may follow. */
void progress_done(struct progress *progress);

/* The parts behind these, with the time as an argument (milliseconds, from any origin), so that
 * they can be tested. */
void progress_init_at(struct progress *progress, FILE *out, const char *label, uint64_t total,
                      const char *unit, uint64_t now_ms);
void progress_update_at(struct progress *progress, uint64_t done, uint64_t now_ms);
/* The text of the line, without control characters, after @elapsed_ms; cut to @size. Returns @buf.
 */
char *progress_format(const struct progress *progress, uint64_t done, uint64_t elapsed_ms,
                      char *buf, size_t size);

#endif
