#include "stats/outfile.h"
#include "base/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void forget(struct outfile *out)
{
    free(out->path);
    free(out->temporary);
    *out = (struct outfile){0};
}

bool outfile_open(struct outfile *out, const char *path, struct err *err)
{
    struct outfile opened = {.path = strdup(path)};

    CHECK(opened.path);
    CHECK(asprintf(&opened.temporary, "%s.tmp%ld", path, (long)getpid()) > 0);
    opened.file = fopen(opened.temporary, "w");
    if (!opened.file) {
        err_at(err, NULL, "cannot write \"%s\": %s", path, strerror(errno));
        forget(&opened);
        return false;
    }
    *out = opened;
    return true;
}

bool outfile_commit(struct outfile *out, struct err *err)
{
    CHECK(out->file);
    errno = 0;
    bool good = !ferror(out->file) && fflush(out->file) == 0 && fsync(fileno(out->file)) == 0;
    int cause = errno;
    if (fclose(out->file) != 0 && good) {
        good = false;
        cause = errno;
    }
    if (good && rename(out->temporary, out->path) != 0) {
        good = false;
        cause = errno;
    }
    if (!good) {
        err_at(err, NULL, "cannot write \"%s\": %s", out->path, strerror(cause ? cause : EIO));
        (void)unlink(out->temporary);
    }
    forget(out);
    return good;
}

void outfile_abort(struct outfile *out)
{
    if (!out->file)
        return;
    (void)fclose(out->file);
    (void)unlink(out->temporary);
    forget(out);
}
