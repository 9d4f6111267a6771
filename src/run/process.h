/* process.h - other programs (gnuplot, dot), started directly: no shell reads their arguments. */
#ifndef POOLSIM_RUN_PROCESS_H
#define POOLSIM_RUN_PROCESS_H

#include <stddef.h>

enum process_end {
    PROCESS_DONE,    /* exit status 0 */
    PROCESS_MISSING, /* no such program on the PATH */
    PROCESS_FAILED,  /* @message has the end of what it said on standard error, or why it could not
                        start */
};

/* Runs @argv (ended by NULL) in folder @dir and waits for it. Its input is empty and its output is
 * dropped. */
enum process_end process_run(const char *dir, const char *const argv[], char *message,
                             size_t message_bytes);

#endif
