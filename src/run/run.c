#include "run/run.h"

#include "base/check.h"
#include "base/progress.h"
#include "run/boot_report.h"
#include "run/build.h"
#include "run/measure.h"
#include "run/record_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Looks at the series this often in a measured duration. */
enum { LOOKS = 25 };
/* After its window a run goes on for at most this many windows until the operations born in it have
 * ended. */
enum { DRAIN_WINDOWS = 4 };

struct running {
    const struct config *config;
    struct model model;
    struct boot *boot;  /* the hosts' software; NULL: boot.mode none */
    uint64_t origin_ps; /* the end of boot: warm-up and window count from here */
    struct collect *collect;
    struct progress progress;
    struct measure measure;
};

static void on_op_done(void *reader, const struct trace_record *record)
{
    collect_op(reader, record->body);
}

static bool stalled(struct running *run, struct err *err)
{
    const struct sim *sim = &run->model.sim;
    fprintf(stderr, "poolsim: %s: no progress\n", run->config->path);
    sim_report(sim, stderr);
    return err_at(err, NULL,
                  "%s: nothing has moved for %" PRIu64 " ns although %" PRIu64
                  " operations are under way (a deadlock, or run.progress_limit is shorter than a "
                  "wait in this "
                  "configuration)",
                  run->config->path, run->config->run.progress_limit_ps / 1000, sim->waiting);
}

/* The model alone, or with its software. False when that could not go on. */
static bool run_until(struct running *run, uint64_t until_ps, enum sim_result *out_result,
                      struct err *err)
{
    bool failed = false;
    if (run->boot)
        *out_result = boot_run(run->boot, until_ps, &failed, err);
    else
        *out_result = sim_run(&run->model.sim, until_ps);
    return !failed;
}

/* Simulates up to @since_ps after the end of boot. */
static bool advance(struct running *run, uint64_t since_ps, struct err *err)
{
    enum sim_result result;
    const uint64_t until_ps = run->origin_ps + since_ps;
    if (!run_until(run, until_ps, &result, err))
        return false;
    const struct traffic *traffic = &run->model.traffic;
    if (traffic->overflowed)
        return err_at(err, NULL,
                      "%s: %" PRIu64
                      " operations wait: the offered load is far beyond what the fabric "
                      "carries; lower it, shorten run.max_duration, or use a closed loop",
                      run->config->path, traffic->started - traffic->ended);
    if (result == SIM_STALLED && !model_may_lose(run->config))
        return stalled(run, err);
    if (result == SIM_EMPTY || result == SIM_STALLED)
        run->model.sim.now_ps = until_ps;
    return true;
}

/* Runs until the transient is over; *out_from_ps is where the measured window begins. */
static bool warm_up(struct running *run, uint64_t *out_from_ps, struct err *err)
{
    const struct cfg_run *cfg = &run->config->run;
    uint64_t step_ps = cfg->duration_ps / LOOKS ? cfg->duration_ps / LOOKS : 1;
    uint64_t now_ps = 0;
    run->measure.warm = !cfg->warmup_auto;
    if (!cfg->warmup_auto) {
        *out_from_ps = cfg->warmup_ps;
        return cfg->warmup_ps == 0 || advance(run, cfg->warmup_ps, err);
    }
    while (!run->measure.warm && now_ps < cfg->max_duration_ps / 2) {
        now_ps += step_ps;
        if (!advance(run, now_ps, err))
            return false;
        struct converge_result found;
        collect_warmup(run->collect, &found);
        run->measure.warm = found.state == CONVERGE_OK || found.state == CONVERGE_CORRELATED;
        run->measure.reason = found.reason;
        progress_update(&run->progress, 0);
    }
    *out_from_ps = now_ps;
    return true;
}

static bool is_precise(struct running *run)
{
    const struct cfg_run *cfg = &run->config->run;
    collect_interval(run->collect, COLLECT_ANY, COLLECT_ANY, &run->measure.interval);
    return cfg->precision_ppm == 0 ||
           converge_is_within(&run->measure.interval, cfg->precision_ppm);
}

/* Measures for the asked duration, and on until the precision is met or the time is up. */
static bool measure(struct running *run, uint64_t from_ps, uint64_t *out_to_ps, struct err *err)
{
    const struct cfg_run *cfg = &run->config->run;
    uint64_t step_ps = cfg->duration_ps / LOOKS ? cfg->duration_ps / LOOKS : 1;
    uint64_t least_ps = from_ps + cfg->duration_ps;
    uint64_t most_ps = from_ps + cfg->max_duration_ps;
    if (most_ps < least_ps || cfg->precision_ppm == 0)
        most_ps = least_ps;
    collect_begin(run->collect, run->origin_ps + from_ps);
    traffic_open_window(&run->model.traffic, run->origin_ps + from_ps, UINT64_MAX);
    measure_begin(&run->measure, &run->model);
    for (uint64_t now_ps = from_ps; now_ps < most_ps;) {
        now_ps = now_ps + step_ps < least_ps || now_ps >= least_ps ? now_ps + step_ps : least_ps;
        if (now_ps > most_ps)
            now_ps = most_ps;
        if (!advance(run, now_ps, err))
            return false;
        *out_to_ps = now_ps;
        progress_update(&run->progress, now_ps - from_ps);
        if (now_ps >= least_ps && is_precise(run))
            break;
    }
    run->measure.precise = is_precise(run);
    measure_end(&run->measure, &run->model);
    collect_end(run->collect, run->origin_ps + *out_to_ps);
    run->model.traffic.window_to_ps = run->origin_ps + *out_to_ps;
    return true;
}

/* Goes on under the same load until everything born in the window has ended. */
static bool drain(struct running *run, uint64_t from_ps, uint64_t to_ps, struct err *err)
{
    uint64_t step_ps = (to_ps - from_ps) / LOOKS ? (to_ps - from_ps) / LOOKS : 1;
    uint64_t limit_ps = to_ps + DRAIN_WINDOWS * (to_ps - from_ps);
    uint64_t now_ps = to_ps;
    const struct traffic *traffic = &run->model.traffic;
    while (collect_drained(run->collect) < traffic->window_born && now_ps < limit_ps) {
        now_ps += step_ps;
        if (!advance(run, now_ps, err))
            return false;
    }
    run->measure.drained = collect_drained(run->collect) >= traffic->window_born;
    return true;
}

/* Lets all traffic end, and checks that nothing was lost or made up. */
static bool settle(struct running *run, struct err *err)
{
    enum sim_result result;
    traffic_stop(&run->model.traffic);
    if (!run_until(run, UINT64_MAX, &result, err))
        return false;
    if (model_may_lose(run->config))
        return true;
    if (result == SIM_STALLED)
        return stalled(run, err);
    CHECK(model_is_conserved(&run->model));
    return true;
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) * 1e-9;
}

/* Until every host is up and all that is lent is in use. */
static bool power_up(struct running *run, struct err *err)
{
    bool is_stalled;
    if (!boot_power_up(run->boot, &is_stalled, err))
        return is_stalled && stalled(run, err);
    run->origin_ps = run->model.sim.now_ps;
    run->measure.origin_ps = run->origin_ps;
    collect_begin_timeline(run->collect, run->origin_ps);
    return true;
}

static bool simulate(struct running *run, struct results **out, struct err *err)
{
    uint64_t from_ps = 0;
    uint64_t to_ps = 0;
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    trace_subscribe(&run->model.sim.trace, 1U << TR_OP_DONE, on_op_done, run->collect);
    if (run->boot && !power_up(run, err))
        return false;
    traffic_start(&run->model.traffic);
    if (!warm_up(run, &from_ps, err) || !measure(run, from_ps, &to_ps, err) ||
        !drain(run, from_ps, to_ps, err))
        return false;
    if (run->measure.drained && !settle(run, err))
        return false;
    run->measure.from_ps = run->origin_ps + from_ps;
    run->measure.to_ps = run->origin_ps + to_ps;
    run->measure.wall_s = seconds_since(&start);
    *out = measure_results(&run->measure, &run->model, run->collect);
    if (run->boot)
        (*out)->plane = boot_report_make(run->boot);
    return true;
}

static bool simulate_recorded(struct running *run, const char *record_path, struct results **out,
                              struct err *err)
{
    struct record_file record;
    struct results *results = NULL;
    if (!record_file_begin(&record, &run->model, record_path, err))
        return false;
    bool good = simulate(run, &results, err);
    if (!record_file_end(&record, good, err))
        good = false;
    if (good)
        *out = results;
    else if (results)
        results_free(results);
    return good;
}

/* What a configuration may describe and this does not simulate. */
static bool can_run(const struct config *config, struct err *err)
{
    if (config->n_workloads == 0)
        return err_at(err, NULL, "%s: there is no workload to run; poolsim lspci shows its hosts",
                      config->path);
    if (config->boot.mode == BOOT_NONE && config->n_moves > 0)
        return err_at(err, &config->moves[0].mark,
                      "moves are made by the hosts' software, which needs boot: fast or tlp");
    if (config->boot.mode == BOOT_NONE && config->n_faults > 0)
        return err_at(err, &config->faults[0].mark,
                      "faults are seen by the hosts' software, which needs boot: fast or tlp");
    return true;
}

static bool start_software(struct running *run, bool per_event, struct err *err)
{
    if (run->config->boot.mode == BOOT_NONE)
        return true;
    struct boot *boot = calloc(1, sizeof *boot);
    CHECK(boot);
    run->boot = boot;
    return boot_init(boot, &run->model, boot_way_of(run->config),
                     per_event ? PLANE_PER_EVENT : PLANE_RUN_AHEAD, err);
}

static void end_software(struct running *run)
{
    if (run->boot)
        boot_fini(run->boot);
    free(run->boot);
}

bool run_config(const struct config *config, const struct run_options *options,
                struct results **out, struct err *err)
{
    static const struct run_options defaults;
    if (!options)
        options = &defaults;
    if (!can_run(config, err))
        return false;
    struct running *run = calloc(1, sizeof *run);
    if (!run)
        return err_at(err, NULL, "out of memory");
    run->config = config;
    bool good =
        model_build(config, config->boot.mode != BOOT_NONE, options->order_seed, &run->model, err);
    if (good) {
        run->collect = collect_new(run->model.traffic.n_flows, run->model.flow_of,
                                   config->n_workloads, config->n_hosts);
        progress_init(&run->progress, options->quiet ? NULL : stderr, config->name,
                      config->run.max_duration_ps, "");
        good = start_software(run, options->per_event, err) &&
               simulate_recorded(run, options->record_path, out, err);
        progress_done(&run->progress);
        end_software(run);
        measure_free(&run->measure);
        collect_free(run->collect);
        model_free(&run->model);
    }
    free(run);
    return good;
}
