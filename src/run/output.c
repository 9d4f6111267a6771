#include "run/output.h"

#include "run/datafiles.h"
#include "run/folder.h"
#include "run/page.h"
#include "run/plane_output.h"
#include "run/report.h"
#include "run/run_plots.h"
#include "run/topology.h"
#include "stats/json.h"

bool output_resolved_yaml(const struct config *config, const char *dir, struct err *err)
{
    struct outfile file;
    if (!folder_open(&file, dir, "resolved.yaml", err))
        return false;
    config_write_yaml(config, file.file);
    return outfile_commit(&file, err);
}

bool output_json(const json_t *json, const char *dir, const char *name, struct err *err)
{
    char path[PATH_MAX];
    return folder_path(path, dir, name, err) && json_write_file(json, path, err);
}

static bool write_pictures(const struct config *config, const struct results *results,
                           const char *dir, FILE *warnings, struct err *err)
{
    struct plot_figure figures[RUN_PLOTS_MAX];
    size_t n = 0;
    if (!run_plots_write(results, dir, figures, &n, err) ||
        !topology_write(config, dir, warnings, err))
        return false;
    plot_render(dir, n, figures, warnings);
    return page_write(config, results, dir, n, figures, err);
}

bool output_write(const struct config *config, const struct results *results, const char *dir,
                  FILE *warnings, struct err *err)
{
    char plots[PATH_MAX];
    if (!folder_path(plots, dir, "plots", err) || !folder_make(plots, err))
        return false;
    json_t *summary = report_json(config, results);
    bool written = output_json(summary, dir, "summary.json", err) &&
                   output_resolved_yaml(config, dir, err) &&
                   datafiles_write(results, summary, dir, err) &&
                   plane_files_write(results->plane, dir, err) &&
                   write_pictures(config, results, dir, warnings, err);
    json_decref(summary);
    return written;
}
