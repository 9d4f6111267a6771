/* scenario.c - one run of one configuration, as `poolsim run` does it but for the files that it
 * writes. Hops and events are those of the whole run; so is the time, which leaves out building. */
#include "bench.h"

#include "run/run.h"

#include <inttypes.h>
#include <stdio.h>

static bool run_loaded(const struct config *config, struct results **out, struct err *err)
{
    const struct run_options options = {.quiet = true};
    return run_config(config, &options, out, err);
}

bool bench_scenario(const char *path, const char *duration, size_t n_sets, char *const *sets)
{
    enum { SETS_MOST = 8 };
    char set[64];
    const char *all[SETS_MOST + 1] = {set};
    if (snprintf(set, sizeof set, "run.duration=%s", duration) >= (int)sizeof set ||
        n_sets > SETS_MOST) {
        fprintf(stderr, "bench: \"%s\" is not a duration, or more than %d keys are set\n", duration,
                (int)SETS_MOST);
        return false;
    }
    for (size_t i = 0; i < n_sets; i++)
        all[i + 1] = sets[i];
    struct config *config = NULL;
    struct results *results = NULL;
    struct err err = {0};
    bool good =
        config_load(path, n_sets + 1, all, &config, &err) && run_loaded(config, &results, &err);
    if (good)
        printf("%s hops=%" PRIu64 " events=%" PRIu64
               " wall_s=%.6f bytes_per_tlp=%.0f rss_mib=%.1f\n",
               config->name, results->tlp_hops, results->events, results->wall_s,
               results->bytes_per_tlp, results->rss_mib);
    else
        err_print(&err, stderr);
    results_free(results);
    config_free(config);
    return good;
}
