#include "run/tables_view.h"

#include "base/check.h"
#include "pool/assignment.h"
#include "pool/bridge.h"
#include "run/build.h"
#include "run/tables.h"

#include <stdlib.h>

static struct pool_entry *new_entries(size_t n)
{
    struct pool_entry *entries = calloc(n ? n : 1, sizeof *entries);
    CHECK(entries);
    return entries;
}

struct pool_entry *tables_view_bridges(const struct model *model, uint32_t host, uint32_t *out_n)
{
    const struct switch_view *view = &model->pci->hosts[host].view;
    const uint16_t port = (uint16_t)tables_host_port(model->config, host);
    const uint32_t n = view->hierarchy.n - PCI_UPSTREAM;
    struct pool_entry *entries = new_entries(n);
    for (uint32_t b = 0; b < n; b++) {
        struct bridge_regs regs;
        bridge_view(&view->hierarchy.functions[PCI_UPSTREAM + b].space, &regs);
        bridge_pack(port, (uint16_t)b, &regs, &entries[b]);
    }
    *out_n = n;
    return entries;
}

struct pool_entry *tables_view_assignment(const struct model *model, uint32_t *out_n)
{
    const struct config *config = model->config;
    struct pool_entry *entries = new_entries(model->numbering.n_functions);
    for (uint32_t d = 0; d < config->n_devices; d++) {
        if (config->devices[d].switch_index < 0)
            continue;
        const struct numbering_device *numbers = &model->numbering.devices[d];
        const struct assignment_table *table =
            &model->pci->assignments[config->devices[d].switch_index];
        for (uint32_t vf = 0; vf + 1 < numbers->n_functions; vf++)
            assignment_pack(table, numbers->first_function + vf,
                            &entries[numbers->first_function + vf]);
    }
    *out_n = model->numbering.n_functions;
    return entries;
}

/* The emulated functions of all slots, one after another. */
static uint32_t list_functions(const struct switch_view *view, const struct cfg_emu **out)
{
    uint32_t n = 0;
    for (uint32_t b = 0; b < view->n_branches; b++)
        for (uint32_t f = 0; f < view->branches[b].n_functions; f++) {
            if (!view->branches[b].functions[f].model)
                continue;
            if (out)
                out[n] = &view->branches[b].functions[f];
            n++;
        }
    return n;
}

struct pool_entry *tables_view_shadow(const struct model *model, uint32_t host, uint32_t *out_n)
{
    const struct switch_view *view = &model->pci->hosts[host].view;
    const uint16_t port = (uint16_t)tables_host_port(model->config, host);
    const uint32_t n = list_functions(view, NULL);
    uint32_t dws = 1;
    if (n == 0)
        return NULL;
    const struct cfg_emu **functions = calloc(n, sizeof *functions);
    CHECK(functions);
    list_functions(view, functions);
    for (uint32_t i = 0; i < n; i++)
        while (dws < cfg_emu_dws(functions[i]))
            dws *= 2;
    struct pool_entry *entries = new_entries((size_t)n * dws);
    for (uint32_t i = 0; i < n * dws; i++) {
        const struct cfg_emu_row row = cfg_emu_row(functions[i / dws], (uint16_t)(i % dws));
        cfg_emu_pack(port, (uint16_t)(i / dws), (uint16_t)(i % dws), &row, &entries[i]);
    }
    free(functions);
    *out_n = n * dws;
    return entries;
}
