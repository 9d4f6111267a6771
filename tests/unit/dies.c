#include "dies.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child; comes back only by _exit, so that buffered output is not written twice. */
static _Noreturn void run_child(void (*act)(void *argument), void *argument, int write_end)
{
    const struct rlimit no_core = {0, 0};

    if (setrlimit(RLIMIT_CORE, &no_core) == 0 && dup2(write_end, STDERR_FILENO) >= 0)
        act(argument);
    _exit(0);
}

static void read_all(int read_end, char out_text[DIES_TEXT_BYTES])
{
    size_t n = 0;
    ssize_t got;

    while ((got = read(read_end, out_text + n, DIES_TEXT_BYTES - 1 - n)) > 0)
        n += (size_t)got;
    out_text[n] = '\0';
}

bool dies(void (*act)(void *argument), void *argument, char out_text[DIES_TEXT_BYTES])
{
    int ends[2], status = 0;

    out_text[0] = '\0';
    if (pipe(ends) != 0)
        return false;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        run_child(act, argument, ends[1]);
    }
    close(ends[1]);
    if (child > 0) {
        read_all(ends[0], out_text);
        waitpid(child, &status, 0);
    }
    close(ends[0]);
    return child > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
