#include "run/record_file.h"

#include "run/build.h"

static const struct pcie_switch *root_switch(const struct model *model)
{
    for (uint32_t s = 0; s < model->config->n_switches; s++)
        if (model->config->switches[s].parent_index < 0)
            return &model->switches[s];
    return NULL;
}

bool record_file_begin(struct record_file *out, const struct model *model, const char *path,
                       struct err *err)
{
    *out = (struct record_file){.recording = NULL};
    if (!path)
        return true;
    const struct pcie_switch *sw = root_switch(model);
    if (!sw)
        return err_at(err, NULL, "%s: there is no switch whose TLPs could be recorded",
                      model->config->path);
    if (!outfile_open(&out->file, path, err))
        return false;
    out->recording = record_tlps_begin(sw, out->file.file);
    return true;
}

bool record_file_end(struct record_file *record, bool keep, struct err *err)
{
    if (!record->recording)
        return true;
    record_tlps_end(record->recording);
    record->recording = NULL;
    if (keep)
        return outfile_commit(&record->file, err);
    outfile_abort(&record->file);
    return true;
}
