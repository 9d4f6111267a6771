#include "run/sweep.h"

#include "base/check.h"
#include "base/progress.h"
#include "run/folder.h"
#include "run/output.h"
#include "run/report.h"
#include "run/version.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOG_TAIL_BYTES = 600 };

struct worker {
    pid_t pid; /* 0: idle */
    uint32_t point;
};

struct pool {
    const struct plan *plan;
    const struct sweep_options *options;
    struct sweep_outcome *outcome;
    struct progress progress;
    char points_dir[PATH_MAX];
    sigset_t signals, previous;
    pid_t parent;
    unsigned n_workers;
    struct worker *workers;
    uint32_t next; /* first point not looked at yet */
};

/* ---- a point's files ---- */

json_t *sweep_point_load(const char *dir, const char *id)
{
    char name[64];
    snprintf(name, sizeof name, "points/%s.json", id);
    char *text = folder_read(dir, name);
    json_t *point = text ? json_loads(text, 0, NULL) : NULL;
    free(text);
    const char *found = json_string_value(json_object_get(point, "id"));
    if (found && !strcmp(found, id) && json_is_object(json_object_get(point, "summary")))
        return point;
    json_decref(point);
    return NULL;
}

/* The end of a failed point's log, indented. */
static void print_log_tail(const struct pool *pool, const char *id, FILE *out)
{
    char name[64];
    snprintf(name, sizeof name, "%s.log", id);
    char *log = folder_read(pool->points_dir, name);
    if (log) {
        size_t length = strlen(log);
        const char *tail = length > LOG_TAIL_BYTES ? log + length - LOG_TAIL_BYTES : log;
        const char *line_start = tail > log ? strchr(tail, '\n') : NULL;
        tail = line_start ? line_start + 1 : tail;
        for (const char *c = tail; *c; c++) {
            if (c == tail || c[-1] == '\n')
                fputs("    ", out);
            putc(*c, out);
        }
        if (*tail && log[length - 1] != '\n')
            putc('\n', out);
    }
    free(log);
}

/* ---- the child ---- */

/* Loads, runs and writes the point in this process; complaints go to standard error, which is the
 * point's log. */
static bool child_work(const struct pool *pool, const struct plan_point *point)
{
    struct config *config = NULL;
    struct results *results = NULL;
    struct err err = {0};
    char id[PLAN_ID_BYTES], name[64];
    const struct run_options run_options = {.quiet = true};
    if (!plan_load_point(pool->plan, point, &config, &err))
        goto fail;
    plan_id(config, id);
    if (strcmp(id, point->id) != 0) {
        err_at(&err, NULL, "%s changed while the sweep ran; start it again",
               pool->plan->config->path);
        goto fail;
    }
    if (!pool->options->run(config, &run_options, &results, &err))
        goto fail;
    json_t *summary = report_json(config, results);
    json_t *document =
        json_pack("{s:s, s:s, s:O, s:o}", "id", point->id, "version", POOLSIM_VERSION, "seed",
                  json_object_get(summary, "seed"), "summary", summary);
    CHECK(document);
    snprintf(name, sizeof name, "%s.json", point->id);
    if (output_json(document, pool->points_dir, name, &err))
        return true;
fail:
    err_print(&err, stderr);
    return false;
}

static _Noreturn void child_main(const struct pool *pool, const struct plan_point *point)
{
    char log[PATH_MAX], name[64];
    struct err err;
    /* A killed parent takes its children along, so that a resumed sweep never meets one that is
     * still at work. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != pool->parent)
        _exit(1);
    /* Ctrl-C reaches the whole process group: it is for the parent to stop its children. */
    signal(SIGINT, SIG_IGN);
    sigprocmask(SIG_SETMASK, &pool->previous, NULL);
    snprintf(name, sizeof name, "%s.log", point->id);
    int fd = -1;
    if (folder_path(log, pool->points_dir, name, &err))
        fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd >= 0)
        dup2(fd, STDERR_FILENO);
    bool done = child_work(pool, point);
    fflush(stderr);
    _exit(done ? 0 : 1);
}

/* ---- the parent ---- */

static unsigned usable_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? (unsigned)n : 1;
}

static void progress_show(struct pool *pool)
{
    progress_update(&pool->progress, pool->outcome->done + pool->outcome->failed);
}

static void point_describe(const struct pool *pool, uint32_t number, FILE *out)
{
    const struct plan_point *point = &pool->plan->points[number];
    fprintf(out, "point %" PRIu32 " (", number);
    for (uint32_t axis = 0; axis < pool->plan->config->sweep.n_axes; axis++)
        fprintf(out, "%s=%s, ", pool->plan->config->sweep.axes[axis].key, point->values[axis]);
    fprintf(out, "replication %" PRIu32 ", id %s)", point->replication, point->id);
}

static void point_done(struct pool *pool, uint32_t number)
{
    char log[PATH_MAX], name[64];
    struct err ignored;
    pool->outcome->states[number] = SWEEP_DONE;
    pool->outcome->done++;
    snprintf(name, sizeof name, "%s.log", pool->plan->points[number].id);
    if (folder_path(log, pool->points_dir, name, &ignored))
        unlink(log);
}

static void point_failed(struct pool *pool, uint32_t number, int status)
{
    FILE *out = pool->options->notices;
    pool->outcome->states[number] = SWEEP_FAILED;
    pool->outcome->failed++;
    progress_done(&pool->progress);
    point_describe(pool, number, out);
    if (WIFSIGNALED(status))
        fprintf(out, " crashed: %s\n", strsignal(WTERMSIG(status)));
    else
        fputs(" failed:\n", out);
    print_log_tail(pool, pool->plan->points[number].id, out);
}

/* Collects every worker that has ended. */
static void pool_reap(struct pool *pool)
{
    for (unsigned i = 0; i < pool->n_workers; i++) {
        struct worker *worker = &pool->workers[i];
        int status = 0;
        if (!worker->pid || waitpid(worker->pid, &status, WNOHANG) != worker->pid)
            continue;
        worker->pid = 0;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            point_done(pool, worker->point);
        else
            point_failed(pool, worker->point, status);
    }
}

static bool pool_start(struct pool *pool, struct worker *worker, uint32_t number)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        child_main(pool, &pool->plan->points[number]);
    if (pid < 0)
        return false;
    *worker = (struct worker){pid, number};
    return true;
}

static bool pool_is_busy(const struct pool *pool)
{
    for (unsigned i = 0; i < pool->n_workers; i++)
        if (pool->workers[i].pid)
            return true;
    return false;
}

/* Gives every idle worker a point. A fork that fails is tried again when another worker has ended.
 */
static bool pool_fill(struct pool *pool)
{
    for (unsigned i = 0; i < pool->n_workers; i++) {
        if (pool->workers[i].pid)
            continue;
        while (pool->next < pool->plan->n_points &&
               (pool->outcome->states[pool->next] != SWEEP_PENDING ||
                pool->plan->points[pool->next].same_as != pool->next))
            pool->next++;
        if (pool->next == pool->plan->n_points)
            return true;
        if (!pool_start(pool, &pool->workers[i], pool->next))
            return pool_is_busy(pool);
        pool->next++;
    }
    return true;
}

static void pool_stop(struct pool *pool)
{
    for (unsigned i = 0; i < pool->n_workers; i++) {
        struct worker *worker = &pool->workers[i];
        if (!worker->pid)
            continue;
        kill(worker->pid, SIGKILL);
        while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR)
            ;
        worker->pid = 0;
        /* It may have finished just before. */
        char id_file[64];
        snprintf(id_file, sizeof id_file, "%s.json", pool->plan->points[worker->point].id);
        char *text = folder_read(pool->points_dir, id_file);
        if (text)
            point_done(pool, worker->point);
        free(text);
    }
}

/* Signals are waited for, not handled: the loop looks at its workers whenever one ends, and stops
 * at SIGINT. */
static bool pool_run(struct pool *pool, struct err *err)
{
    const struct timespec redraw = {.tv_nsec = 200000000};
    for (;;) {
        pool_reap(pool);
        progress_show(pool);
        if (!pool_fill(pool))
            return err_at(err, NULL, "cannot start a process: %s", strerror(errno));
        if (!pool_is_busy(pool))
            return true;
        int signal_number = sigtimedwait(&pool->signals, NULL, &redraw);
        if (signal_number == SIGINT || signal_number == SIGTERM) {
            pool->outcome->interrupted = true;
            pool_stop(pool);
            return true;
        }
    }
}

/* Takes finished points over; of repeated points only the first is run. */
static void find_finished(const struct plan *plan, const char *dir, struct sweep_outcome *outcome)
{
    for (uint32_t i = 0; i < plan->n_points; i++) {
        if (plan->points[i].same_as != i)
            continue;
        json_t *point = sweep_point_load(dir, plan->points[i].id);
        if (point) {
            outcome->states[i] = SWEEP_DONE;
            outcome->reused++;
            outcome->done++;
        }
        json_decref(point);
    }
}

static void settle_repeats(const struct plan *plan, struct sweep_outcome *outcome)
{
    for (uint32_t i = 0; i < plan->n_points; i++) {
        uint32_t first = plan->points[i].same_as;
        if (first == i)
            continue;
        outcome->states[i] = outcome->states[first];
        outcome->done += outcome->states[i] == SWEEP_DONE;
        outcome->failed += outcome->states[i] == SWEEP_FAILED;
    }
}

/* The lock is held by this process and its children, and goes with the last of them. */
static int lock_folder(const char *points_dir, FILE *notices, struct err *err)
{
    int fd = open(points_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (fd >= 0 && errno == EWOULDBLOCK) {
        fprintf(notices, "another sweep is at work in %s; waiting for it\n", points_dir);
        if (flock(fd, LOCK_EX) == 0)
            return fd;
    }
    err_at(err, NULL, "cannot lock %s: %s", points_dir, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static uint32_t points_to_show(const struct plan *plan)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < plan->n_points; i++)
        n += plan->points[i].same_as == i;
    return n;
}

bool sweep_run(const struct plan *plan, const char *dir, const struct sweep_options *options,
               struct sweep_outcome *out, struct err *err)
{
    struct sweep_outcome outcome = {.states = calloc(plan->n_points, sizeof *outcome.states)};
    struct pool pool = {.plan = plan, .options = options, .outcome = &outcome, .parent = getpid()};
    pool.n_workers = options->jobs ? options->jobs : usable_cores();
    pool.workers = calloc(pool.n_workers, sizeof *pool.workers);
    CHECK(outcome.states && pool.workers);
    int lock = -1;
    bool ran = false;
    if (!folder_path(pool.points_dir, dir, "points", err) || !folder_make(pool.points_dir, err) ||
        (lock = lock_folder(pool.points_dir, options->notices, err)) < 0)
        goto out;
    folder_sweep_out(pool.points_dir);
    find_finished(plan, dir, &outcome);

    sigemptyset(&pool.signals);
    sigaddset(&pool.signals, SIGINT);
    sigaddset(&pool.signals, SIGTERM);
    sigaddset(&pool.signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &pool.signals, &pool.previous);
    bool shown = !options->quiet && isatty(fileno(options->notices));
    progress_init(&pool.progress, shown ? options->notices : NULL, "sweep", points_to_show(plan),
                  "points");
    ran = pool_run(&pool, err);
    progress_done(&pool.progress);
    sigprocmask(SIG_SETMASK, &pool.previous, NULL);
    settle_repeats(plan, &outcome);
    close(lock);
out:
    free(pool.workers);
    if (ran)
        *out = outcome;
    else
        sweep_outcome_fini(&outcome);
    return ran;
}

void sweep_outcome_fini(struct sweep_outcome *outcome)
{
    free(outcome->states);
    outcome->states = NULL;
}
