#include "run/process.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* The last bytes of what the child wrote, without the line ends that close it. */
static void process_read_tail(int fd, char *message, size_t message_bytes)
{
    off_t end = lseek(fd, 0, SEEK_END);
    off_t room = (off_t)message_bytes - 1;
    ssize_t got = pread(fd, message, (size_t)room, end > room ? end - room : 0);
    size_t length = got > 0 ? (size_t)got : 0;
    while (length > 0 && (message[length - 1] == '\n' || message[length - 1] == ' '))
        length--;
    message[length] = '\0';
}

static int process_spawn(const char *dir, const char *const argv[], int stderr_fd, pid_t *out_pid)
{
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error)
        return error;
    if (!(error = posix_spawn_file_actions_addchdir_np(&actions, dir)) &&
        !(error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)) &&
        !(error = posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)) &&
        !(error = posix_spawn_file_actions_adddup2(&actions, stderr_fd, 2)))
        /* posix_spawnp takes char *const[] only for historical reasons; it does not write to the
         * strings. */
        error = posix_spawnp(out_pid, argv[0], &actions, NULL, (char *const *)(const void *)argv,
                             environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

enum process_end process_run(const char *dir, const char *const argv[], char *message,
                             size_t message_bytes)
{
    message[0] = '\0';
    int log = memfd_create("stderr", MFD_CLOEXEC);
    if (log < 0) {
        snprintf(message, message_bytes, "%s", strerror(errno));
        return PROCESS_FAILED;
    }
    pid_t pid = 0;
    int status = 0;
    int error = process_spawn(dir, argv, log, &pid);
    if (!error) {
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        process_read_tail(log, message, message_bytes);
    }
    close(log);
    if (error == ENOENT && access(dir, X_OK) == 0)
        return PROCESS_MISSING;
    if (error) {
        snprintf(message, message_bytes, "%s", strerror(error));
        return PROCESS_FAILED;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return PROCESS_DONE;
    if (!message[0])
        snprintf(message, message_bytes, "ended with status %d", status);
    return PROCESS_FAILED;
}
