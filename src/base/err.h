/* err.h - located errors: what is wrong with the input, where, and what would be right.
 * Every function that can refuse input takes a struct err * last, fills it at the fault, and
 * returns false; callers pass it up unchanged. main.c prints it as "file:line:column: message". */
#ifndef POOLSIM_BASE_ERR_H
#define POOLSIM_BASE_ERR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A place in an input file; lines and columns count from 1, 0 means unknown. @file is borrowed. */
struct mark {
    const char *file;
    uint32_t line;
    uint32_t column;
};

struct err {
    char file[256];
    uint32_t line;
    uint32_t column;
    char message[512];
};

/* Fills @err with a formatted message at @mark (NULL: no place). Always returns false, so that a
 * caller can write `return err_at(...)`. An over-long message is cut and ends in "...". */
bool err_at(struct err *err, const struct mark *mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints "file:line:column: message\n", leaving out what is unknown. */
void err_print(const struct err *err, FILE *out);

#endif
