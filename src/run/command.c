#include "run/command.h"

#include "config/direct.h"
#include "run/build.h"
#include "run/folder.h"
#include "run/lspci.h"
#include "run/output.h"
#include "run/run.h"
#include "run/sweep_report.h"
#include "run/table.h"
#include "run/tables_files.h"
#include "run/topology.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static int complain(const struct err *err, int status)
{
    err_print(err, stderr);
    return status;
}

int command_flush(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "cannot write to standard output: %s\n", strerror(errno));
    return COMMAND_FAILED;
}

static bool result_dir(const struct command_options *options, const char *name, char dir[PATH_MAX],
                       struct err *err)
{
    if (!options->dir)
        return folder_path(dir, "results", name, err);
    if (!options->dir[0] || snprintf(dir, PATH_MAX, "%s", options->dir) >= PATH_MAX)
        return err_at(err, NULL, "-o: \"%.100s\" cannot name a folder", options->dir);
    return true;
}

/* FILE with its --set, or with --direct the baseline of that. */
static bool load(const struct command_options *options, struct config **out, struct err *err)
{
    struct config *config = NULL;
    if (!config_load(options->file, options->n_sets, options->sets, &config, err))
        return false;
    if (options->direct && !config_make_direct(config, err)) {
        config_free(config);
        return false;
    }
    *out = config;
    return true;
}

static int run_loaded(const struct command_options *options, const struct config *config,
                      struct err *err)
{
    char dir[PATH_MAX], page[PATH_MAX];
    const struct run_options run_options = {.quiet = options->quiet,
                                            .record_path = options->record_tlps};
    struct results *results = NULL;
    /* The folder is made first: a run of an hour must not end with "no such folder". */
    if (!result_dir(options, config->name, dir, err) || !folder_make(dir, err) ||
        !folder_path(page, dir, "index.html", err) ||
        !run_config(config, &run_options, &results, err))
        return complain(err, COMMAND_FAILED);
    bool written = output_write(config, results, dir, stderr, err);
    table_print(results, written ? page : NULL, stdout);
    results_free(results);
    return command_flush(written ? COMMAND_GOOD : complain(err, COMMAND_FAILED));
}

int command_run(const struct command_options *options)
{
    struct config *config = NULL;
    struct err err = {0};
    if (!load(options, &config, &err))
        return complain(&err, COMMAND_BAD_INPUT);
    int status = run_loaded(options, config, &err);
    config_free(config);
    return status;
}

static int sweep_planned(const struct command_options *options, const struct plan *plan,
                         struct err *err)
{
    char dir[PATH_MAX], page[PATH_MAX];
    const struct sweep_options sweep_options = {
        .jobs = options->jobs, .quiet = options->quiet, .notices = stderr, .run = run_config};
    struct sweep_outcome outcome;
    struct sweep_data data;
    if (!result_dir(options, plan->config->name, dir, err) ||
        !folder_path(page, dir, "index.html", err) ||
        !sweep_run(plan, dir, &sweep_options, &outcome, err))
        return complain(err, COMMAND_FAILED);
    bool good = outcome.failed == 0 && !outcome.interrupted;
    bool written = false;
    if (sweep_data_collect(plan, &outcome, dir, &data, err)) {
        written = sweep_report_write(&data, &outcome, dir, stderr, err);
        sweep_report_print(&data, &outcome, written ? page : NULL, stdout);
        sweep_data_fini(&data);
    }
    if (!written)
        err_print(err, stderr);
    sweep_outcome_fini(&outcome);
    return command_flush(good && written ? COMMAND_GOOD : COMMAND_FAILED);
}

int command_sweep(const struct command_options *options)
{
    struct plan *plan = NULL;
    struct err err = {0};
    bool (*make)(const char *, size_t, const char *const *, struct plan **, struct err *) =
        options->direct ? plan_make_direct : plan_make;
    if (!make(options->file, options->n_sets, options->sets, &plan, &err))
        return complain(&err, COMMAND_BAD_INPUT);
    int status = sweep_planned(options, plan, &err);
    plan_free(plan);
    return status;
}

int command_check(const struct command_options *options)
{
    struct config *config = NULL;
    struct err err = {0};
    if (!load(options, &config, &err))
        return complain(&err, COMMAND_BAD_INPUT);
    printf("%s: good: %" PRIu32 " hosts, %" PRIu32 " switches, %" PRIu32 " devices, %" PRIu32
           " VFs lent, %" PRIu32 " workloads\n",
           options->file, config->n_hosts, config->n_switches, config->n_devices, config->n_lends,
           config->n_workloads);
    config_free(config);
    return command_flush(COMMAND_GOOD);
}

int command_topo(const struct command_options *options)
{
    struct config *config = NULL;
    struct err err = {0};
    if (!load(options, &config, &err))
        return complain(&err, COMMAND_BAD_INPUT);
    topology_write_dot(config, stdout);
    config_free(config);
    return command_flush(COMMAND_GOOD);
}

static int write_tables(const struct command_options *options, const struct config *config,
                        struct err *err)
{
    char dir[PATH_MAX];
    struct model model;
    struct boot boot;
    if (!result_dir(options, config->name, dir, err) || !folder_make(dir, err) ||
        !tables_files_fit(config, err) || !boot_pool(&boot, &model, config, err))
        return complain(err, COMMAND_FAILED);
    bool written = tables_files_write(&model, dir, err);
    boot_fini(&boot);
    model_free(&model);
    return written ? COMMAND_GOOD : complain(err, COMMAND_FAILED);
}

int command_tables(const struct command_options *options)
{
    struct config *config = NULL;
    struct err err = {0};
    if (options->decode)
        return tables_files_print(options->file, stdout, &err) ? command_flush(COMMAND_GOOD)
                                                               : complain(&err, COMMAND_BAD_INPUT);
    if (!load(options, &config, &err))
        return complain(&err, COMMAND_BAD_INPUT);
    int status = write_tables(options, config, &err);
    config_free(config);
    return status;
}

/* The host of that name, or the only one. */
static bool find_host(const struct config *config, const char *name, uint32_t *out, struct err *err)
{
    if (!name && config->n_hosts > 1)
        return err_at(err, NULL, "which host? give --host NAME, for example %s",
                      config->hosts[0].name);
    for (uint32_t h = 0; h < config->n_hosts; h++) {
        *out = h;
        if (!name || strcmp(config->hosts[h].name, name) == 0)
            return true;
    }
    return err_at(err, NULL, "--host: %s has no host \"%.100s\"", config->path, name);
}

static int print_lspci(const struct config *config, uint32_t host, struct err *err)
{
    struct model model;
    struct boot boot;
    if (!boot_pool(&boot, &model, config, err))
        return complain(err, COMMAND_FAILED);
    lspci_write(&boot, host, stdout);
    boot_fini(&boot);
    model_free(&model);
    return COMMAND_GOOD;
}

int command_lspci(const struct command_options *options)
{
    struct config *config = NULL;
    struct err err = {0};
    uint32_t host = 0;
    if (!load(options, &config, &err))
        return complain(&err, COMMAND_BAD_INPUT);
    int status = COMMAND_GOOD;
    if (!find_host(config, options->host, &host, &err))
        status = complain(&err, COMMAND_BAD_INPUT);
    else
        status = print_lspci(config, host, &err);
    config_free(config);
    return command_flush(status);
}

int command_schema(const struct command_options *options)
{
    if (options->json)
        config_write_json_schema(stdout);
    else
        config_write_reference(stdout);
    return command_flush(COMMAND_GOOD);
}
