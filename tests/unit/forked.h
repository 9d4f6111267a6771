/* forked.h - a test that needs a process of its own (SimGrid has one engine per process) runs in a
 * child and hands its results back as bytes. */
#ifndef POOLSIM_UNIT_FORKED_H
#define POOLSIM_UNIT_FORKED_H

#include <stdbool.h>
#include <stddef.h>

/* Runs @act(@argument, @out) in a child; @out_bytes at @out are then what the child left there.
 * False if the child did not come back from it; what it said is then on standard error. */
bool forked(void (*act)(void *argument, void *out), void *argument, void *out, size_t out_bytes);

#endif
