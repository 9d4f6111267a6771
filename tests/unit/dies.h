/* dies.h - a CHECK ends the program, so a test of one runs in a child process. */
#ifndef POOLSIM_UNIT_DIES_H
#define POOLSIM_UNIT_DIES_H

#include <stdbool.h>
#include <stddef.h>

enum { DIES_TEXT_BYTES = 1024 };

/* Runs @act(@argument) in a child. True if it aborted; @out_text gets what it wrote to stderr. */
bool dies(void (*act)(void *argument), void *argument, char out_text[DIES_TEXT_BYTES]);

#endif
