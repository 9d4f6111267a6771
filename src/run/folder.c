#include "run/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool folder_fail(struct err *err, const char *what, const char *path)
{
    return err_at(err, NULL, "cannot %s %s: %s", what, path, strerror(errno));
}

bool folder_path(char *buf, const char *dir, const char *name, struct err *err)
{
    int length = snprintf(buf, PATH_MAX, "%s/%s", dir, name);
    if (length < 0 || length >= PATH_MAX)
        return err_at(err, NULL, "path too long: %.100s.../%s", dir, name);
    return true;
}

bool folder_make(const char *path, struct err *err)
{
    char part[PATH_MAX];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof part)
        return err_at(err, NULL, "\"%.100s\" cannot name a folder", path);
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return folder_fail(err, "make folder", part);
    }
    struct stat status;
    if (stat(path, &status) != 0)
        return folder_fail(err, "use folder", path);
    if (!S_ISDIR(status.st_mode))
        return err_at(err, NULL, "%s is there, but it is not a folder", path);
    if (access(path, W_OK | X_OK) != 0)
        return folder_fail(err, "write into folder", path);
    return true;
}

bool folder_open(struct outfile *file, const char *dir, const char *name, struct err *err)
{
    char path[PATH_MAX];
    return folder_path(path, dir, name, err) && outfile_open(file, path, err);
}

char *folder_read(const char *dir, const char *name)
{
    char path[PATH_MAX];
    struct err ignored;
    if (!folder_path(path, dir, name, &ignored))
        return NULL;
    FILE *in = fopen(path, "re");
    if (!in)
        return NULL;
    char *text = NULL;
    size_t capacity = 0;
    /* A text file holds no NUL, so that "up to NUL" is "to the end". */
    ssize_t length = getdelim(&text, &capacity, '\0', in);
    if (length < 0 && !ferror(in)) {
        free(text);
        text = calloc(1, 1);
    } else if (length < 0) {
        free(text);
        text = NULL;
    }
    fclose(in);
    return text;
}

/* "NAME.tmp123", as outfile_open names them. */
static bool is_temporary(const char *name)
{
    const char *suffix = strstr(name, ".tmp");
    return suffix && suffix[4] && suffix[4 + strspn(suffix + 4, "0123456789")] == '\0';
}

void folder_sweep_out(const char *dir)
{
    DIR *stream = opendir(dir);
    if (!stream)
        return;
    const struct dirent *entry;
    while ((entry = readdir(stream)))
        if (is_temporary(entry->d_name))
            unlinkat(dirfd(stream), entry->d_name, 0);
    closedir(stream);
}
