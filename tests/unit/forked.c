#include "forked.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static bool write_all(int end, const char *bytes, size_t n)
{
    ssize_t put = 0;

    for (; n && (put = write(end, bytes, n)) > 0; n -= (size_t)put)
        bytes += put;
    return n == 0;
}

static bool read_all(int end, char *bytes, size_t n)
{
    ssize_t got = 0;

    for (; n && (got = read(end, bytes, n)) > 0; n -= (size_t)got)
        bytes += got;
    return n == 0;
}

bool forked(void (*act)(void *argument, void *out), void *argument, void *out, size_t out_bytes)
{
    int ends[2], status = 0;

    if (pipe(ends) != 0)
        return false;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        act(argument, out);
        /* Not exit: buffered output is the parent's, and so are its handlers. */
        _exit(write_all(ends[1], out, out_bytes) ? 0 : 1);
    }
    close(ends[1]);
    const bool good = child > 0 && read_all(ends[0], out, out_bytes);
    if (child > 0)
        waitpid(child, &status, 0);
    close(ends[0]);
    return good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
