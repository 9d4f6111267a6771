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

bool bench_scenario(const char *path, const char *duration)
{
    char set[64];
    if (snprintf(set, sizeof set, "run.duration=%s", duration) >= (int)sizeof set) {
        fprintf(stderr, "bench: \"%s\" is not a duration\n", duration);
        return false;
    }
    const char *const sets[] = {set};
    struct config *config = NULL;
    struct results *results = NULL;
    struct err err = {0};
    bool good = config_load(path, 1, sets, &config, &err) && run_loaded(config, &results, &err);
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
