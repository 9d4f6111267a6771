#include "run/plane_output.h"

#include "run/folder.h"
#include "stats/csv.h"
#include "stats/json.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

static double us(uint64_t ps)
{
    return (double)ps / 1e6;
}

/* From the end of boot, before which it may lie. */
static double us_after_boot(const struct plane_report *plane, uint64_t ps)
{
    return ((double)ps - (double)plane->booted_ps) / 1e6;
}

/* ---- JSON ---- */

static void put_wrong(json_t *object, const struct plane_wrong *wrong)
{
    json_put_u64(object, "misdelivered", wrong->misdelivered);
    json_put_u64(object, "dropped_completions", wrong->dropped_completions);
    json_put_u64(object, "timeouts", wrong->timeouts);
    json_put_u64(object, "killed", wrong->killed);
    json_put_u64(object, "stale", wrong->stale);
    json_put_u64(object, "undrained", wrong->undrained);
}

static json_t *boots_json(const struct plane_report *plane)
{
    json_t *array = json_new_array();
    for (uint32_t i = 0; i < plane->n_boots; i++) {
        const struct plane_boot *boot = &plane->boots[i];
        json_t *object = json_new_object();
        json_put_text(object, "name", boot->host);
        json_put_double(object, "up_us", us(plane_boot_end_ps(boot)));
        json_put_u64(object, "config_requests", boot->config_requests);
        json_t *steps = json_new_object();
        for (unsigned step = 0; step < PLANE_BOOT_STEPS; step++) {
            const struct plane_span *span = &boot->steps[step];
            if (span->end_ps)
                json_put_double(steps, plane_boot_step_name(step),
                                us(span->end_ps - span->begin_ps));
        }
        json_put(object, "step_us", steps);
        json_append(array, object);
    }
    return array;
}

static json_t *moves_json(const struct plane_report *plane)
{
    json_t *array = json_new_array();
    for (uint32_t i = 0; i < plane->n_moves; i++) {
        const struct plane_move *move = &plane->moves[i];
        const struct manager_record *record = &move->record;
        char number[16];
        snprintf(number, sizeof number, "%u", i);
        json_t *object = json_new_object();
        json_put_text(object, "name", number);
        json_put_text(object, "vf", move->vf);
        json_put_text(object, "from", move->from);
        json_put_text(object, "to", move->to);
        json_put_text(object, "how", plane_order_name(move->order));
        json_put_text(object, "order", plane_fault_name(move->fault));
        json_put_double(object, "asked_us", us_after_boot(plane, move->asked_ps));
        json_put_double(object, "latency_us",
                        record->done ? us(plane_move_latency_ps(move)) : (double)NAN);
        json_put_u64(object, "in_flight", record->in_flight);
        json_put_u64(object, "abandoned", record->abandoned);
        json_t *steps = json_new_object();
        for (unsigned step = 0; step < MANAGER_STEPS; step++)
            if (record->end_ps[step])
                json_put_double(steps, manager_step_name(step),
                                us(record->end_ps[step] - record->begin_ps[step]));
        json_put(object, "step_us", steps);
        put_wrong(object, &move->wrong);
        json_append(array, object);
    }
    return array;
}

static json_t *faults_json(const struct plane_report *plane)
{
    json_t *array = json_new_array();
    for (uint32_t i = 0; i < plane->n_faults; i++) {
        const struct plane_fault *fault = &plane->faults[i];
        json_t *object = json_new_object();
        json_put_text(object, "what", fault->what);
        json_put_double(object, "begin_us", us_after_boot(plane, fault->begin_ps));
        json_put_double(object, "end_us",
                        fault->end_ps ? us_after_boot(plane, fault->end_ps) : (double)NAN);
        json_append(array, object);
    }
    return array;
}

/* The counts of what a host saw, in the order of saw.csv. */
static const struct {
    const char *name;
    size_t offset;
} saw_counts[] = {
    {"completion_timeouts", offsetof(struct plane_saw, timeouts)},
    {"unsupported_requests", offsetof(struct plane_saw, unsupported)},
    {"completer_aborts", offsetof(struct plane_saw, aborted)},
    {"links_down", offsetof(struct plane_saw, links_down)},
    {"errors_correctable", offsetof(struct plane_saw, correctable)},
    {"errors_nonfatal", offsetof(struct plane_saw, nonfatal)},
    {"errors_fatal", offsetof(struct plane_saw, fatal)},
    {"contained", offsetof(struct plane_saw, contained)},
};
enum { SAW_COUNTS = sizeof saw_counts / sizeof *saw_counts };

static uint64_t saw_count(const struct plane_saw *saw, size_t i)
{
    return *(const uint64_t *)(const void *)((const char *)saw + saw_counts[i].offset);
}

static json_t *saws_json(const struct plane_report *plane)
{
    json_t *array = json_new_array();
    for (uint32_t h = 0; h < plane->n_saws; h++) {
        json_t *object = json_new_object();
        json_put_text(object, "name", plane->saws[h].host);
        for (size_t i = 0; i < SAW_COUNTS; i++)
            json_put_u64(object, saw_counts[i].name, saw_count(&plane->saws[h], i));
        json_append(array, object);
    }
    return array;
}

/* Over the moves that were finished; without one it is not a number. */
static void put_move_latency(json_t *object, const struct plane_report *plane)
{
    uint64_t sum_ps = 0, longest_ps = 0, done = 0;
    for (uint32_t i = 0; i < plane->n_moves; i++) {
        uint64_t latency_ps = plane_move_latency_ps(&plane->moves[i]);
        done += plane->moves[i].record.done;
        sum_ps += latency_ps;
        longest_ps = latency_ps > longest_ps ? latency_ps : longest_ps;
    }
    json_put_u64(object, "moves_asked", plane->n_moves);
    json_put_u64(object, "moves_done", done);
    json_put_double(object, "move_latency_mean_us", done ? us(sum_ps) / (double)done : (double)NAN);
    json_put_double(object, "move_latency_max_us", done ? us(longest_ps) : (double)NAN);
}

json_t *plane_json(const struct plane_report *plane)
{
    json_t *object = json_new_object();
    uint64_t requests = 0;
    for (uint32_t i = 0; i < plane->n_boots; i++)
        requests += plane->boots[i].config_requests;
    json_put_double(object, "booted_us", us(plane->booted_ps));
    json_put_u64(object, "config_requests", requests);
    put_move_latency(object, plane);
    put_wrong(object, &plane->wrong);
    json_put(object, "boots", boots_json(plane));
    json_put(object, "moves", moves_json(plane));
    json_put(object, "faults", faults_json(plane));
    json_put(object, "saw", saws_json(plane));
    return object;
}

/* ---- CSV ---- */

static void write_boot(struct csv *csv, const struct plane_report *plane)
{
    for (uint32_t i = 0; i < plane->n_boots; i++)
        for (unsigned step = 0; step < PLANE_BOOT_STEPS; step++) {
            const struct plane_boot *boot = &plane->boots[i];
            if (boot->steps[step].end_ps == 0)
                continue;
            csv_text(csv, boot->host);
            csv_text(csv, plane_boot_step_name(step));
            csv_double(csv, us(boot->steps[step].begin_ps));
            csv_double(csv, us(boot->steps[step].end_ps));
            csv_u64(csv, boot->config_requests);
            csv_end_row(csv);
        }
}

static void write_moves(struct csv *csv, const struct plane_report *plane)
{
    for (uint32_t i = 0; i < plane->n_moves; i++)
        for (unsigned step = 0; step < MANAGER_STEPS; step++) {
            const struct plane_move *move = &plane->moves[i];
            if (move->record.end_ps[step] == 0)
                continue;
            csv_u64(csv, i);
            csv_text(csv, move->vf);
            csv_text(csv, move->from);
            csv_text(csv, move->to);
            csv_text(csv, plane_order_name(move->order));
            csv_text(csv, plane_fault_name(move->fault));
            csv_double(csv, us_after_boot(plane, move->asked_ps));
            csv_text(csv, manager_step_name(step));
            csv_double(csv, us_after_boot(plane, move->record.begin_ps[step]));
            csv_double(csv, us_after_boot(plane, move->record.end_ps[step]));
            csv_end_row(csv);
        }
}

static void write_saw(struct csv *csv, const struct plane_report *plane)
{
    for (uint32_t h = 0; h < plane->n_saws; h++) {
        csv_text(csv, plane->saws[h].host);
        for (size_t i = 0; i < SAW_COUNTS; i++)
            csv_u64(csv, saw_count(&plane->saws[h], i));
        csv_end_row(csv);
    }
}

/* One file of the folder, with the plot that is drawn from it. */
struct data_file {
    const char *name;
    bool wanted;
    void (*write)(struct csv *csv, const struct plane_report *plane);
    unsigned columns;
    const char *const *header;
    const char *script, *drawing; /* NULL: none */
};

static bool write_file(const struct data_file *file, const struct plane_report *plane,
                       const char *dir, struct err *err)
{
    struct csv csv;
    char path[PATH_MAX];
    if (!folder_path(path, dir, file->name, err) ||
        !csv_open(&csv, path, file->columns, file->header, err))
        return false;
    file->write(&csv, plane);
    return csv_commit(&csv, err);
}

/* Removes what an earlier run left. */
static bool remove_file(const struct data_file *file, const char *dir, struct err *err)
{
    const char *const names[] = {file->name, file->script, file->drawing};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[PATH_MAX];
        if (!names[i])
            continue;
        if (!folder_path(path, dir, names[i], err))
            return false;
        if (unlink(path) != 0 && errno != ENOENT)
            return err_at(err, NULL, "%s: cannot be removed: %s", path, strerror(errno));
    }
    return true;
}

bool plane_files_write(const struct plane_report *plane, const char *dir, struct err *err)
{
    static const char *const boot_header[] = {"host", "step", "begin_us", "end_us",
                                              "config_requests"};
    static const char *const moves_header[] = {"move",  "vf",       "from", "to",       "how",
                                               "order", "asked_us", "step", "begin_us", "end_us"};
    const char *saw_header[1 + SAW_COUNTS] = {"host"};
    for (size_t i = 0; i < SAW_COUNTS; i++)
        saw_header[1 + i] = saw_counts[i].name;
    const struct data_file files[] = {
        {"boot.csv", plane && plane->n_boots, write_boot, sizeof boot_header / sizeof *boot_header,
         boot_header, "plots/boot.gp", "plots/boot.svg"},
        {"moves.csv", plane && plane->n_moves, write_moves,
         sizeof moves_header / sizeof *moves_header, moves_header, "plots/moves.gp",
         "plots/moves.svg"},
        {"saw.csv", plane && plane->n_saws, write_saw, 1 + SAW_COUNTS, saw_header, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i].wanted ? !write_file(&files[i], plane, dir, err)
                            : !remove_file(&files[i], dir, err))
            return false;
    return true;
}
