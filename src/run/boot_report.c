#include "run/boot_report.h"

#include "base/check.h"
#include "run/boot_faults.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAME_BYTES = 96 };

static void *take(struct plane_report *report, size_t n, size_t bytes)
{
    void *memory = arena_alloc(&report->memory, n ? n : 1, bytes);
    CHECK(memory);
    return memory;
}

/* ---- boot ---- */

static void add(struct plane_boot *out, enum plane_boot_step step, struct boot_span span)
{
    if (span.end_ps)
        plane_boot_add(out, step, span.begin_ps, span.end_ps);
}

static bool has_lends(const struct boot *boot, uint32_t host)
{
    for (uint32_t i = 0; i < boot->model->config->n_lends; i++)
        if (boot->model->config->lends[i].host == host)
            return true;
    return false;
}

static void fill_boot(const struct boot *boot, const struct boot_host *host, struct plane_boot *out)
{
    out->host = boot->model->config->hosts[host->host].name;
    out->config_requests = host->at_boot.issued;
    add(out, PLANE_BOOT_FIRMWARE, host->firmware);
    add(out, PLANE_BOOT_PF_DRIVER, host->pf_driver);
    add(out, PLANE_BOOT_VFS, host->vfs);
    if (has_lends(boot, host->host))
        add(out, PLANE_BOOT_LEND, (struct boot_span){boot->manager.lend_ps, boot->manager.lent_ps});
    add(out, PLANE_BOOT_HOT_ADD, host->hot_add);
    add(out, PLANE_BOOT_ENUMERATE, host->enumerate);
    add(out, PLANE_BOOT_VF_DRIVER, host->own_drivers);
    add(out, PLANE_BOOT_VF_DRIVER, host->vf_drivers);
}

/* ---- moves ---- */

static struct plane_wrong difference(const struct boot_wrong *from, const struct boot_wrong *to)
{
    return (struct plane_wrong){
        .misdelivered = to->misdelivered - from->misdelivered,
        .dropped_completions = to->dropped_completions - from->dropped_completions,
        .timeouts = to->timeouts - from->timeouts,
        .killed = to->killed - from->killed,
        .stale = to->stale - from->stale,
        .undrained = to->undrained - from->undrained,
    };
}

static const char *name_vfs(const struct boot *boot, const struct manager_move *move,
                            struct plane_report *report)
{
    const struct pool_hw_vf *vf = &boot->hw.vfs[move->vf];
    const char *device = boot->model->config->devices[vf->device].name;
    char *name = take(report, NAME_BYTES, 1);
    if (move->n_vfs == 1)
        snprintf(name, NAME_BYTES, "%.64s.vf%u", device, vf->vf);
    else
        snprintf(name, NAME_BYTES, "%.64s.vf%u-%u", device, vf->vf, vf->vf + move->n_vfs - 1);
    return name;
}

static bool has_begun(const struct manager_move *move)
{
    return move->record.begin_ps[MANAGER_NOTIFY] || move->record.begin_ps[MANAGER_INVALIDATE];
}

static void fill_move(const struct boot *boot, uint32_t m, struct plane_report *report)
{
    const struct manager_move *move = &boot->manager.moves[m];
    const struct cfg_host *hosts = boot->model->config->hosts;
    const struct boot_wrong now = boot_wrong_now(boot);
    struct plane_move *out = &report->moves[m];
    const bool is_last = m + 1 == boot->manager.n_moves || !has_begun(&boot->manager.moves[m + 1]);
    *out = (struct plane_move){
        .vf = name_vfs(boot, move, report),
        .from = has_begun(move) ? hosts[boot->manager.slots[move->from].host].name : "",
        .to = hosts[boot->manager.slots[move->to].host].name,
        .order = move->order,
        .fault = move->fault,
        .asked_ps = boot->manager.booted_ps + move->at_ps,
        .record = move->record};
    if (has_begun(move))
        out->wrong =
            difference(&boot->wrong_at_move[m], is_last ? &now : &boot->wrong_at_move[m + 1]);
}

/* ---- what was seen ---- */

static void fill_saw(const struct boot *boot, const struct boot_host *host, struct plane_saw *out)
{
    struct plane_fabric_counts now = {0}; /* accesses by calls are not counted */
    if (boot->way == BOOT_BY_TLPS)
        now = boot->io.counts[host->host];
    *out = (struct plane_saw){
        .host = boot->model->config->hosts[host->host].name,
        .timeouts = boot->model->hosts[host->host].timeouts,
        .unsupported = now.unsupported - host->at_boot.unsupported,
        .aborted = now.aborted - host->at_boot.aborted,
        .correctable = host->correctable,
        .nonfatal = host->nonfatal,
        .fatal = host->fatal,
    };
    for (uint32_t s = 0; s < host->n_slots; s++)
        out->links_down += host->slots[s].surprises;
    const struct switch_view *view = &boot->model->pci->hosts[host->host].view;
    for (uint32_t b = 0; b < view->n_branches; b++)
        out->contained += view->branches[b].contained;
}

static void fill_fault(const struct boot *boot, const struct cfg_fault *fault,
                       struct plane_report *report, struct plane_fault *out)
{
    char *name = take(report, NAME_BYTES, 1);
    boot_faults_name(boot->model->config, fault, name, NAME_BYTES);
    *out = (struct plane_fault){.what = name, .begin_ps = report->booted_ps + fault->at_ps};
    if (fault->down_ps)
        out->end_ps = out->begin_ps + fault->down_ps;
}

struct plane_report *boot_report_make(const struct boot *boot)
{
    const uint32_t n_hosts = boot->model->config->n_hosts;
    const struct boot_wrong now = boot_wrong_now(boot);
    struct plane_report *report = calloc(1, sizeof *report);
    CHECK(report);
    arena_init(&report->memory);
    report->booted_ps = boot->manager.booted_ps;
    report->hash = plane_hash(boot->plane);
    report->n_boots = report->n_saws = n_hosts;
    report->n_moves = boot->manager.n_moves;
    report->boots = take(report, n_hosts, sizeof *report->boots);
    report->saws = take(report, n_hosts, sizeof *report->saws);
    report->moves = take(report, report->n_moves, sizeof *report->moves);
    for (uint32_t h = 0; h < n_hosts; h++) {
        fill_boot(boot, &boot->hosts[h], &report->boots[h]);
        fill_saw(boot, &boot->hosts[h], &report->saws[h]);
    }
    for (uint32_t m = 0; m < report->n_moves; m++)
        fill_move(boot, m, report);
    const struct config *config = boot->model->config;
    report->n_faults = config->n_faults;
    report->faults = take(report, config->n_faults, sizeof *report->faults);
    for (uint32_t i = 0; i < config->n_faults; i++)
        fill_fault(boot, &config->faults[i], report, &report->faults[i]);
    report->wrong = difference(&boot->wrong_at_boot, &now);
    return report;
}

void boot_report_free(struct plane_report *report)
{
    if (report)
        arena_fini(&report->memory);
    free(report);
}
