/* Tests plans and sweeps with a run function of its own, which notes each start in a file. Kills
 * and signals come from inside the run function, at a known moment, so that no test depends on
 * time. */
#include "base/check.h"
#include "base/rng.h"
#include "run/folder.h"
#include "run/process.h"
#include "run/sweep_data.h"
#include "run/sweep_report.h"
#include "run/table.h"

#include <CUnit/CUnit.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void suite_sweep(void);

/* ---- a folder with a configuration ---- */

struct bench {
    char dir[64], path[96], results[96];
};

/* @axes is the text below "axes:", @rest what follows in the sweep section. */
static void bench_write(const struct bench *bench, const char *axes, const char *rest)
{
    FILE *out = fopen(bench->path, "w");
    CHECK(out);
    fprintf(out,
            "name: bench\n"
            "hosts:\n- {name: owner}\n- {name: user}\n"
            "switches:\n- {name: sw}\n"
            "devices:\n- {name: dev, kind: \"null\", owner: owner, vfs: 2}\n"
            "lend:\n- {device: dev, vf: 0..1, to: user}\n"
            "workloads:\n- {name: w, op: dma-write, load: 10%%}\n"
            "sweep:\n  axes:\n%s%s",
            axes, rest);
    fclose(out);
}

static const char two_axes[] = "  - {key: workloads.0.load, values: [10%, 20%, 90%]}\n"
                               "  - {key: switches.sw.arbiter, values: [round-robin, age]}\n";

static struct bench bench_new(void)
{
    struct bench bench;
    snprintf(bench.dir, sizeof bench.dir, "/tmp/poolsim-sweep-XXXXXX");
    CHECK(mkdtemp(bench.dir));
    snprintf(bench.path, sizeof bench.path, "%s/bench.yaml", bench.dir);
    snprintf(bench.results, sizeof bench.results, "%s/results", bench.dir);
    bench_write(&bench, two_axes, "  replications: 2\n");
    return bench;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status, (void)type, (void)ftw;
    return remove(path);
}

static void bench_free(const struct bench *bench)
{
    if (!getenv("POOLSIM_KEEP"))
        nftw(bench->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static struct plan *bench_plan(const struct bench *bench)
{
    struct plan *plan = NULL;
    struct err err = {0};
    if (!plan_make(bench->path, 0, NULL, &plan, &err)) {
        err_print(&err, stderr);
        CU_FAIL_FATAL("the plan cannot be made");
    }
    return plan;
}

/* ---- run functions ---- */

/* Where a run, in its child process, notes that it starts: a line "ID\n" appended beside the
 * configuration. */
static void note_start(const struct config *config)
{
    char log[PATH_MAX], line[PLAN_ID_BYTES + 1];
    plan_id(config, line);
    line[PLAN_ID_BYTES - 1] = '\n';
    snprintf(log, sizeof log, "%s.starts", config->path);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    CHECK(fd >= 0 && write(fd, line, PLAN_ID_BYTES) == PLAN_ID_BYTES);
    close(fd);
}

static size_t starts_of(const struct bench *bench, const char *id)
{
    char *text = folder_read(bench->dir, "bench.yaml.starts");
    size_t n = 0;
    for (const char *line = text; line && *line; line = strchr(line, '\n') + 1)
        n += !id || !strncmp(line, id, PLAN_ID_BYTES - 1);
    free(text);
    return n;
}

/* Results that follow from the configuration: latency 1000 ns / (1 - load), some noise from the
 * seed. */
static bool run_good(const struct config *config, const struct run_options *options,
                     struct results **out, struct err *err)
{
    (void)err;
    CHECK(options->quiet);
    note_start(config);
    struct results *results = calloc(1, sizeof *results);
    struct rng rng;
    CHECK(results);
    rng_init(&rng, config->run.seed, "noise");
    double load = (double)config->workloads[0].rate / 1e6;
    double mean_ns = 1000 / (1.02 - load) + 10 * rng_uniform(&rng) +
                     (config->switches[0].arbiter == ARB_AGE ? 150 : 0);
    *results = (struct results){.name = config->name,
                                .config_path = config->path,
                                .seed = config->run.seed,
                                .converged = load < 0.85,
                                .offered_gbps = 50 * load,
                                .fairness_jain = 1,
                                .tlp_hops = 1};
    results->total =
        (struct result_flow){.name = "total", .op = "", .ops = 10, .gbps = fmin(50 * load, 40)};
    results->total.latency = (struct result_latency){.count = 10,
                                                     .mean_ns = mean_ns,
                                                     .ci95_ns = 3,
                                                     .p99_ns = 4 * mean_ns,
                                                     .p999_ns = 6 * mean_ns};
    *out = results;
    return true;
}

/* Fails at load 20 % with round robin, crashes at 20 % with age. */
static bool run_faulty(const struct config *config, const struct run_options *options,
                       struct results **out, struct err *err)
{
    if (config->workloads[0].rate != 200000)
        return run_good(config, options, out, err);
    if (config->switches[0].arbiter != ARB_AGE)
        return err_at(err, NULL, "no TLP moved for 1 ms");
    /* No core: of a process that has run many tests it could fill the disk under the other points.
     */
    static const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    fputs("last words\n", stderr);
    fflush(stderr);
    signal(SIGABRT, SIG_DFL);
    abort();
}

static size_t starts_of_config(const struct config *config)
{
    struct bench bench;
    snprintf(bench.dir, sizeof bench.dir, "%.*s", (int)(strrchr(config->path, '/') - config->path),
             config->path);
    return starts_of(&bench, NULL);
}

/* From the @n-th start on nothing more ends; the first that sees it, which may be a later one,
 * since two may start before either looks, sends @signal_number to the sweep, once. */
static void end_sweep_at(const struct config *config, size_t n, int signal_number)
{
    char fired[PATH_MAX];
    if (starts_of_config(config) < n)
        return;
    snprintf(fired, sizeof fired, "%s.fired", config->path);
    int fd = open(fired, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0)
        kill(getppid(), signal_number);
    pause();
}

/* The sixth to start kills the sweep. */
static bool run_killing(const struct config *config, const struct run_options *options,
                        struct results **out, struct err *err)
{
    bool good = run_good(config, options, out, err);
    end_sweep_at(config, 6, SIGKILL);
    return good;
}

/* The fourth to start asks the sweep to stop. */
static bool run_interrupting(const struct config *config, const struct run_options *options,
                             struct results **out, struct err *err)
{
    bool good = run_good(config, options, out, err);
    end_sweep_at(config, 4, SIGINT);
    return good;
}

static bool run_never(const struct config *config, const struct run_options *options,
                      struct results **out, struct err *err)
{
    (void)options, (void)out;
    note_start(config);
    return err_at(err, NULL, "this must not run");
}

typedef bool run_function(const struct config *, const struct run_options *, struct results **,
                          struct err *);

/* Runs the sweep with two workers; what it says goes to @out_notices (owned by the caller) unless
 * NULL. */
static struct sweep_outcome bench_sweep(const struct bench *bench, const struct plan *plan,
                                        run_function *run, char **out_notices)
{
    char *notices = NULL;
    size_t bytes = 0;
    FILE *file = tmpfile(); /* not a memory stream: isatty asks for its descriptor */
    CHECK(file);
    const struct sweep_options options = {.jobs = 2, .notices = file, .run = run};
    struct sweep_outcome outcome = {0};
    struct err err = {0};
    bool ran = sweep_run(plan, bench->results, &options, &outcome, &err);
    CU_ASSERT_TRUE_FATAL(ran);
    rewind(file);
    if (getdelim(&notices, &bytes, '\0', file) < 0) {
        free(notices);
        notices = strdup("");
    }
    fclose(file);
    if (out_notices)
        *out_notices = notices;
    else
        free(notices);
    return outcome;
}

/* Runs it in a process of its own, which the run function may kill, and returns how that ended. */
static int bench_sweep_apart(const struct bench *bench, const struct plan *plan, run_function *run,
                             struct sweep_outcome *out_outcome)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct sweep_outcome outcome = bench_sweep(bench, plan, run, NULL);
        _exit(write(ends[1], &outcome, sizeof outcome) == sizeof outcome ? 0 : 1);
    }
    int status = 0;
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    close(ends[1]);
    if (out_outcome)
        CU_ASSERT_EQUAL(read(ends[0], out_outcome, sizeof *out_outcome), sizeof *out_outcome);
    close(ends[0]);
    return status;
}

/* ---- plan ---- */

static void test_plan_is_the_cross_product(void)
{
    static const char *const loads[] = {"10%", "20%", "90%"}, *const arbiters[] = {"round-robin",
                                                                                   "age"};
    struct bench bench = bench_new();
    struct plan *plan = bench_plan(&bench);
    CU_ASSERT_EQUAL_FATAL(plan->n_points, 12);
    for (uint32_t i = 0; i < plan->n_points; i++) {
        const struct plan_point *point = &plan->points[i];
        CU_ASSERT_EQUAL(point->number, i);
        CU_ASSERT_EQUAL(point->replication, i % 2);
        CU_ASSERT_EQUAL(point->same_as, i);
        CU_ASSERT_STRING_EQUAL(point->values[0], loads[i / 4]);
        CU_ASSERT_STRING_EQUAL(point->values[1], arbiters[i / 2 % 2]);
        CU_ASSERT_EQUAL(point->seed,
                        plan_seed(plan->config->run.seed, i % 2)); /* common random numbers */
        CU_ASSERT_EQUAL(point->n_sets, 3);
        CU_ASSERT_EQUAL(strspn(point->id, "0123456789abcdef"), 16);
        for (uint32_t k = 0; k < i; k++)
            CU_ASSERT_STRING_NOT_EQUAL(point->id, plan->points[k].id);
    }
    CU_ASSERT_EQUAL(plan_seed(7, 0), 7);
    CU_ASSERT_NOT_EQUAL(plan_seed(7, 1), plan_seed(7, 2));
    plan_free(plan);
    bench_free(&bench);
}

/* The id says what determines the result: not where the file lies, nor what else is swept. */
static void test_plan_ids(void)
{
    struct bench bench = bench_new();
    struct plan *plan = bench_plan(&bench), *again = bench_plan(&bench), *seeded = NULL, *longer,
                *set = NULL;
    struct err err;
    const char *const seed[] = {"run.seed=99"}, *const size[] = {"workloads.0.size=512B"};
    CU_ASSERT_TRUE_FATAL(plan_make(bench.path, 1, seed, &seeded, &err));
    CU_ASSERT_TRUE_FATAL(plan_make(bench.path, 1, size, &set, &err));
    for (uint32_t i = 0; i < plan->n_points; i++) {
        CU_ASSERT_STRING_EQUAL(plan->points[i].id, again->points[i].id);
        CU_ASSERT_STRING_NOT_EQUAL(plan->points[i].id, seeded->points[i].id);
        CU_ASSERT_STRING_NOT_EQUAL(plan->points[i].id, set->points[i].id);
    }
    bench_write(&bench, "  - {key: workloads.0.load, values: [10%, 15%]}\n", "");
    longer = bench_plan(&bench);
    CU_ASSERT_EQUAL(longer->n_points, 2);
    CU_ASSERT_STRING_EQUAL(longer->points[0].id, plan->points[0].id);
    plan_free(plan);
    plan_free(again);
    plan_free(seeded);
    plan_free(set);
    plan_free(longer);
    bench_free(&bench);
}

static void test_plan_refuses(void)
{
    static const struct {
        const char *axes, *message;
    } cases[] = {
        {"    []\n", "nothing to sweep"},
        {"  - {key: workloads.0.load, values: [10%, 20, much]}\n", "sweep.axes.0.values: 20"},
        {"  - {key: workloads.0.lod, values: [10%]}\n", "lod"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench bench = bench_new();
        struct plan *plan = NULL;
        struct err err = {0};
        bench_write(&bench, cases[i].axes, "");
        CU_ASSERT_FALSE(plan_make(bench.path, 0, NULL, &plan, &err));
        CU_ASSERT_PTR_NULL(plan);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.message, cases[i].message));

        bench_free(&bench);
    }
}

/* ---- sweep ---- */

static void test_every_point_runs_once(void)
{
    struct bench bench = bench_new();
    struct plan *plan = bench_plan(&bench);
    struct sweep_outcome outcome = bench_sweep(&bench, plan, run_good, NULL);
    CU_ASSERT_EQUAL(outcome.done, 12);
    CU_ASSERT_EQUAL(outcome.failed, 0);
    CU_ASSERT_EQUAL(outcome.reused, 0);
    for (uint32_t i = 0; i < plan->n_points; i++) {
        CU_ASSERT_EQUAL(starts_of(&bench, plan->points[i].id), 1);
        json_t *point = sweep_point_load(bench.results, plan->points[i].id);
        CU_ASSERT_PTR_NOT_NULL_FATAL(point);
        CU_ASSERT_EQUAL((uint64_t)json_integer_value(json_object_get(point, "seed")),
                        plan->points[i].seed);
        json_decref(point);
    }
    sweep_outcome_fini(&outcome);

    outcome = bench_sweep(&bench, plan, run_never, NULL);
    CU_ASSERT_EQUAL(outcome.done, 12);
    CU_ASSERT_EQUAL(outcome.reused, 12);
    CU_ASSERT_EQUAL(starts_of(&bench, NULL), 12);
    sweep_outcome_fini(&outcome);
    plan_free(plan);
    bench_free(&bench);
}

/* Two spellings of one value are one simulation. */
static void test_repeated_values_run_once(void)
{
    struct bench bench = bench_new();
    bench_write(&bench, "  - {key: workloads.0.load, values: [10%, 0.1, 20%]}\n", "");
    struct plan *plan = bench_plan(&bench);
    CU_ASSERT_EQUAL(plan->points[1].same_as, 0);
    struct sweep_outcome outcome = bench_sweep(&bench, plan, run_good, NULL);
    CU_ASSERT_EQUAL(outcome.done, 3);
    CU_ASSERT_EQUAL(outcome.states[1], SWEEP_DONE);
    CU_ASSERT_EQUAL(starts_of(&bench, NULL), 2);
    sweep_outcome_fini(&outcome);
    plan_free(plan);
    bench_free(&bench);
}

/* Children of a killed sweep hold its lock until they are gone. */
static void wait_for_orphans(const char *points)
{
    int fd = open(points, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(fd >= 0 && flock(fd, LOCK_EX) == 0);
    close(fd);
}

/* Killed by SIGKILL in the middle: what was finished is neither lost nor run again, and no
 * temporary file stays. */
static void test_resumes_after_kill(void)
{
    struct bench bench = bench_new();
    struct plan *plan = bench_plan(&bench);
    bool finished[12];
    uint32_t n_finished = 0;
    char points[PATH_MAX], leftover[PATH_MAX];
    struct err err;
    int status = bench_sweep_apart(&bench, plan, run_killing, NULL);
    CU_ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    CU_ASSERT_TRUE_FATAL(folder_path(points, bench.results, "points", &err));
    CU_ASSERT_TRUE_FATAL(folder_path(leftover, points, "x.json.tmp12", &err));
    close(open(leftover, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
    wait_for_orphans(points);
    size_t starts = starts_of(&bench, NULL);
    for (uint32_t i = 0; i < plan->n_points; i++) {
        json_t *point = sweep_point_load(bench.results, plan->points[i].id);
        finished[i] = point != NULL;
        n_finished += finished[i];
        json_decref(point);
    }
    CU_ASSERT_TRUE(starts >= 6 && starts < 12);
    CU_ASSERT_TRUE(n_finished >= 4); /* two workers: all but two of the first six */

    struct sweep_outcome outcome = bench_sweep(&bench, plan, run_good, NULL);
    CU_ASSERT_EQUAL(outcome.done, 12);
    CU_ASSERT_EQUAL(outcome.reused, n_finished);
    CU_ASSERT_EQUAL(starts_of(&bench, NULL), starts + 12 - n_finished);
    for (uint32_t i = 0; i < plan->n_points; i++)
        if (finished[i])
            CU_ASSERT_EQUAL(starts_of(&bench, plan->points[i].id), 1);
    CU_ASSERT_NOT_EQUAL(access(leftover, F_OK), 0);
    sweep_outcome_fini(&outcome);
    plan_free(plan);
    bench_free(&bench);
}

static void test_interrupt_keeps_finished_points(void)
{
    struct bench bench = bench_new();
    struct plan *plan = bench_plan(&bench);
    struct sweep_outcome outcome = {0};
    int status = bench_sweep_apart(&bench, plan, run_interrupting, &outcome);
    CU_ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CU_ASSERT_TRUE(outcome.interrupted);
    CU_ASSERT_EQUAL(outcome.failed, 0);
    CU_ASSERT_TRUE(outcome.done >= 2 && outcome.done <= 4);
    uint32_t before = outcome.done;
    outcome = bench_sweep(&bench, plan, run_good, NULL);
    CU_ASSERT_EQUAL(outcome.done, 12);
    CU_ASSERT_EQUAL(outcome.reused, before);
    sweep_outcome_fini(&outcome);
    plan_free(plan);
    bench_free(&bench);
}

static void test_failures_stay_apart(void)
{
    struct bench bench = bench_new();
    struct plan *plan = bench_plan(&bench);
    char *notices = NULL;
    struct sweep_outcome outcome = bench_sweep(&bench, plan, run_faulty, &notices);
    CU_ASSERT_EQUAL(outcome.done, 8);
    CU_ASSERT_EQUAL(outcome.failed, 4);
    for (uint32_t i = 0; i < plan->n_points; i++)
        CU_ASSERT_EQUAL(outcome.states[i], i / 4 == 1 ? SWEEP_FAILED : SWEEP_DONE);
    CU_ASSERT_PTR_NOT_NULL(strstr(notices, "failed:\n    no TLP moved for 1 ms\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(notices, "crashed: Aborted\n    last words\n"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(notices, "workloads.0.load=20%, switches.sw.arbiter=age, replication 1"));
    free(notices);
    sweep_outcome_fini(&outcome);

    /* What failed is tried again, and only that. */
    outcome = bench_sweep(&bench, plan, run_good, NULL);
    CU_ASSERT_EQUAL(outcome.done, 12);
    CU_ASSERT_EQUAL(outcome.reused, 8);
    sweep_outcome_fini(&outcome);
    plan_free(plan);
    bench_free(&bench);
}

static void test_damaged_point_runs_again(void)
{
    static const char *const damages[] = {
        "", "{\"id\": ", "{\"id\": \"0000000000000000\", \"summary\": {}}"};
    struct bench bench = bench_new();
    struct plan *plan = bench_plan(&bench);
    struct sweep_outcome outcome = bench_sweep(&bench, plan, run_good, NULL);
    sweep_outcome_fini(&outcome);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/points/%s.json", bench.results, plan->points[3].id);
        FILE *out = fopen(path, "w");
        CHECK(out);
        fputs(damages[i], out);
        fclose(out);
        outcome = bench_sweep(&bench, plan, run_good, NULL);
        CU_ASSERT_EQUAL(outcome.reused, 11);
        CU_ASSERT_EQUAL(outcome.done, 12);
        CU_ASSERT_EQUAL(starts_of(&bench, plan->points[3].id), 2 + i);
        sweep_outcome_fini(&outcome);
    }
    plan_free(plan);
    bench_free(&bench);
}

/* A file that is edited while its sweep runs does not give results under the old id. */
static void test_changed_file_is_noticed(void)
{
    struct bench bench = bench_new();
    struct plan *plan = bench_plan(&bench);
    char *notices = NULL, *text = folder_read(bench.dir, "bench.yaml");
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    char *op = strstr(text, "dma-write");
    CU_ASSERT_PTR_NOT_NULL_FATAL(op);
    for (size_t i = 0; i < strlen("dma-write"); i++)
        op[i] = "dma-read "[i];
    FILE *out = fopen(bench.path, "w");
    CHECK(out);
    fputs(text, out);
    fclose(out);
    struct sweep_outcome outcome = bench_sweep(&bench, plan, run_never, &notices);
    CU_ASSERT_EQUAL(outcome.failed, 12);
    CU_ASSERT_EQUAL(starts_of(&bench, NULL), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(notices, "changed while the sweep ran"));
    free(notices);
    free(text);
    sweep_outcome_fini(&outcome);
    plan_free(plan);
    bench_free(&bench);
}

/* ---- what is made of it ---- */

static void test_values_are_numbers(void)
{
    static const struct {
        const char *text;
        double number;
        const char *unit; /* NULL: no number */
    } cases[] = {
        {"80%", 80, "%"},       {"0.5", 0.5, ""},       {"16", 16, ""},
        {"250ns", 250, "ns"},   {"2us", 2000, "ns"},    {"4KiB", 4096, "B"},
        {"10Gbps", 10, "Gb/s"}, {"250MHz", 250, "MHz"}, {"1.5Mops", 1.5, "Mop/s"},
        {"age", 0, NULL},       {"gen3x8", 0, NULL},    {"[1, 2]", 0, NULL},
        {"", 0, NULL},          {"nan", 0, NULL},       {"12 monkeys", 0, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double number = -1;
        const char *unit = NULL;
        CU_ASSERT_EQUAL(sweep_value_number(cases[i].text, &number, &unit), cases[i].unit != NULL);
        if (cases[i].unit) {
            CU_ASSERT_DOUBLE_EQUAL(number, cases[i].number, 1e-12);
            CU_ASSERT_STRING_EQUAL(unit, cases[i].unit);
        }
    }
}

static void test_collected_curves(void)
{
    struct bench bench = bench_new();
    struct plan *plan = bench_plan(&bench);
    struct sweep_outcome outcome = bench_sweep(&bench, plan, run_good, NULL);
    struct sweep_data data;
    struct err err;
    CU_ASSERT_TRUE_FATAL(sweep_data_collect(plan, &outcome, bench.results, &data, &err));
    CU_ASSERT_EQUAL(data.n_curves, 2);
    CU_ASSERT_STRING_EQUAL(data.curves[0].name, "arbiter=round-robin");
    CU_ASSERT_STRING_EQUAL(data.x_label, "workloads.0.load (%)");
    CU_ASSERT_TRUE(data.x_numeric);
    for (uint32_t i = 0; i < data.n_curves; i++) {
        CU_ASSERT_EQUAL_FATAL(data.curves[i].n, 3);
        for (uint32_t k = 0; k < 3; k++) {
            const struct sweep_estimate *mean = &data.curves[i].points[k].estimate[SWEEP_MEAN];
            const struct sweep_row *rows = &data.rows[4 * k + 2 * i];
            double half =
                12.706204736 * fabs(rows[0].value[SWEEP_MEAN] - rows[1].value[SWEEP_MEAN]) / 2;
            CU_ASSERT_DOUBLE_EQUAL(
                mean->mean, (rows[0].value[SWEEP_MEAN] + rows[1].value[SWEEP_MEAN]) / 2, 1e-9);
            CU_ASSERT_DOUBLE_EQUAL(mean->high - mean->mean, half, 1e-6 * half);
        }
    }
    CU_ASSERT_EQUAL(data.curves[0].points[2].x, 90);
    CU_ASSERT_EQUAL(data.curves[0].points[2].estimate[SWEEP_GBPS].mean, 40);
    CU_ASSERT_EQUAL(data.curves[0].points[2].estimate[SWEEP_OFFERED].mean, 45);
    char *csv = folder_read(bench.results, "sweep.csv"), row[128];
    CU_ASSERT_PTR_NOT_NULL_FATAL(csv);
    CU_ASSERT_EQUAL(
        strncmp(csv,
                "point,id,workloads.0.load,switches.sw.arbiter,replication,metric,value,ci95\n",
                76),
        0);
    snprintf(row, sizeof row, "\n11,%s,90%%,age,1,gbps,40,\n", plan->points[11].id);
    CU_ASSERT_PTR_NOT_NULL(strstr(csv, row));
    free(csv);
    sweep_data_fini(&data);
    sweep_outcome_fini(&outcome);
    plan_free(plan);
    bench_free(&bench);
}

static void check_table(const struct sweep_data *data, const struct sweep_outcome *outcome)
{
    char *text = NULL, *rest;
    size_t bytes = 0, lines = 0;
    FILE *out = open_memstream(&text, &bytes);
    CHECK(out);
    sweep_report_print(data, outcome, "x/index.html", out);
    fclose(out);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "8 of 12 points finished, 4 FAILED"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "not converged"));
    rest = text;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"), lines++)
        CU_ASSERT_TRUE(table_width(line) <= TABLE_COLUMNS);
    CU_ASSERT_EQUAL(lines, 2 + 12 + 2 + 1);
    free(text);
}

static void test_report_with_failed_points(void)
{
    struct bench bench = bench_new();
    bench_write(&bench, two_axes, "  replications: 2\n  plot: {y: latency_p999_ns}\n");
    struct plan *plan = bench_plan(&bench);
    struct sweep_outcome outcome = bench_sweep(&bench, plan, run_faulty, NULL);
    struct sweep_data data;
    struct err err;
    char *warnings = NULL, message[64];
    size_t bytes = 0;
    FILE *out = open_memstream(&warnings, &bytes);
    CHECK(out);
    CU_ASSERT_TRUE_FATAL(sweep_data_collect(plan, &outcome, bench.results, &data, &err));
    CU_ASSERT_TRUE(sweep_report_write(&data, &outcome, bench.results, out, &err));
    fclose(out);
    check_table(&data, &outcome);
    char *page = folder_read(bench.results, "index.html");
    CU_ASSERT_PTR_NOT_NULL_FATAL(page);
    for (const char *at = strstr(page, "http"); at; at = strstr(at + 1, "http"))
        CU_ASSERT_TRUE(memmem(at - 13, 13, "xmlns", 5) != NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "4 failed"));
    const char *const version[] = {"gnuplot", "-V", NULL};
    if (process_run("/", version, message, sizeof message) != PROCESS_MISSING) {
        static const char *const plots[] = {"plots/latency.svg", "plots/throughput.svg",
                                            "plots/latency_throughput.svg", "plots/y.svg"};
        CU_ASSERT_STRING_EQUAL(warnings, "");
        for (size_t i = 0; i < sizeof plots / sizeof *plots; i++) {
            char *svg = folder_read(bench.results, plots[i]);
            CU_ASSERT_TRUE(svg && strstr(svg, "</svg>"));
            free(svg);
        }
    }
    free(page);
    free(warnings);
    sweep_data_fini(&data);
    sweep_outcome_fini(&outcome);
    plan_free(plan);
    bench_free(&bench);
}

static void test_unknown_result_is_told(void)
{
    struct bench bench = bench_new();
    bench_write(&bench, "  - {key: workloads.0.load, values: [10%]}\n", "  plot: {y: latncy}\n");
    struct plan *plan = bench_plan(&bench);
    struct sweep_outcome outcome = bench_sweep(&bench, plan, run_good, NULL);
    struct sweep_data data;
    struct err err;
    char *warnings = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&warnings, &bytes);
    CHECK(out);
    CU_ASSERT_TRUE_FATAL(sweep_data_collect(plan, &outcome, bench.results, &data, &err));
    CU_ASSERT_TRUE(sweep_report_write(&data, &outcome, bench.results, out, &err));
    fclose(out);
    CU_ASSERT_PTR_NOT_NULL(strstr(warnings, "no result is called \"latncy\""));
    free(warnings);
    sweep_data_fini(&data);
    sweep_outcome_fini(&outcome);
    plan_free(plan);
    bench_free(&bench);
}

void suite_sweep(void)
{
    CU_pSuite suite = CU_add_suite("sweep", NULL, NULL);
    CU_add_test(suite, "plan is the cross product", test_plan_is_the_cross_product);
    CU_add_test(suite, "ids say what determines the result", test_plan_ids);
    CU_add_test(suite, "plan refuses what cannot be swept", test_plan_refuses);
    CU_add_test(suite, "every point runs once", test_every_point_runs_once);
    CU_add_test(suite, "repeated values run once", test_repeated_values_run_once);
    CU_add_test(suite, "resumes after kill -9", test_resumes_after_kill);
    CU_add_test(suite, "interrupt keeps finished points", test_interrupt_keeps_finished_points);
    CU_add_test(suite, "failures stay apart", test_failures_stay_apart);
    CU_add_test(suite, "damaged point runs again", test_damaged_point_runs_again);
    CU_add_test(suite, "changed file is noticed", test_changed_file_is_noticed);
    CU_add_test(suite, "swept values as numbers", test_values_are_numbers);
    CU_add_test(suite, "collected curves", test_collected_curves);
    CU_add_test(suite, "report with failed points", test_report_with_failed_points);
    CU_add_test(suite, "unknown result is told", test_unknown_result_is_told);
}
