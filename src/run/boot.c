#include "run/boot.h"

#include "base/check.h"
#include "run/boot_faults.h"
#include "run/boot_host.h"
#include "run/boot_manager.h"

enum { MANAGER_CORES = 1, MANAGER_VECTORS = 1 };

static uint64_t now_of(const struct boot *boot)
{
    return boot->model->sim.now_ps;
}

/* ---- what the hardware tells ---- */

struct boot_wrong boot_wrong_now(const struct boot *boot)
{
    const struct model *model = boot->model;
    struct boot_wrong wrong = {0};
    for (uint32_t s = 0; s < model->config->n_switches; s++) {
        const struct pcie_switch *sw = &model->switches[s];
        wrong.misdelivered += sw->astray;
        wrong.dropped_completions += sw->lost_completions;
        wrong.killed += sw->killed;
        wrong.stale += sw->stale;
        wrong.undrained += sw->undrained;
    }
    for (uint32_t h = 0; h < model->config->n_hosts; h++) {
        wrong.timeouts += model->hosts[h].timeouts;
        wrong.dropped_completions += model->hosts[h].unexpected;
    }
    for (uint32_t d = 0; d < model->config->n_devices; d++) {
        wrong.misdelivered += model->devices[d].foreign;
        wrong.timeouts += model->devices[d].timed_out;
        wrong.dropped_completions += model->devices[d].unexpected;
    }
    return wrong;
}

static void on_interrupt(void *self, uint32_t host, uint32_t vector, uint64_t time_ps)
{
    const struct boot *boot = self;
    if (vector < boot->hosts[host].n_slots)
        plane_raise(boot->plane, host, vector, time_ps);
}

/* The switch has a line to the manager's host. */
static void on_slot_off(void *self, uint32_t host, uint32_t slot)
{
    const struct boot *boot = self;
    (void)host, (void)slot;
    plane_raise(boot->plane, boot->model->config->n_hosts, BOOT_MANAGER_VECTOR,
                now_of(boot) + boot->model->config->manager.latency_ps);
}

static void on_moving(void *self, uint32_t move)
{
    const struct boot *boot = self;
    boot->wrong_at_move[move] = boot_wrong_now(boot);
}

static void on_booted(void *self)
{
    struct boot *boot = self;
    boot->is_up = true;
    for (uint32_t h = 0; h < boot->model->config->n_hosts; h++)
        boot_host_note(&boot->hosts[h]);
    boot->wrong_at_boot = boot_wrong_now(boot);
    plane_stop(boot->plane);
}

/* ---- making it ---- */

static struct plane_io make_io(struct boot *boot)
{
    struct model *model = boot->model;
    if (boot->way == BOOT_BY_CALLS)
        return direct_access_init(&boot->direct, model);
    return plane_fabric_init(&boot->io, &model->fabric, model->hosts, model->config->n_hosts);
}

static struct plane *make_plane(struct boot *boot, enum plane_coupling coupling, struct err *err)
{
    struct model *model = boot->model;
    const struct config *config = model->config;
    struct plane_host *hosts = model_take(model, config->n_hosts + 1U, sizeof *hosts);
    uint64_t longest_ps = 1;
    for (uint32_t h = 0; h < config->n_hosts; h++) {
        const struct cfg_host *cfg = &config->hosts[h];
        hosts[h] = (struct plane_host){cfg->name, cfg->cores, boot->hosts[h].n_slots,
                                       cfg->cpu_to_rc_ps ? cfg->cpu_to_rc_ps : 1};
        if (longest_ps < hosts[h].cpu_to_rc_ps)
            longest_ps = hosts[h].cpu_to_rc_ps;
    }
    hosts[config->n_hosts] =
        (struct plane_host){"pool manager", MANAGER_CORES, MANAGER_VECTORS, longest_ps};
    const uint64_t latency_ps = config->manager.latency_ps;
    const struct plane_params params = {
        .hosts = hosts,
        .n_hosts = config->n_hosts + 1,
        .coupling = coupling,
        .io = make_io(boot),
        .message_latency_ps = latency_ps > longest_ps ? latency_ps : longest_ps,
        .message_bps = config->manager.message_bps,
    };
    const uint32_t id = model->traffic.component.id - 1; /* what it ends, traffic goes on from */
    return plane_new(&model->sim, id, &params, err);
}

enum boot_way boot_way_of(const struct config *config)
{
    return config->boot.mode == BOOT_TLP ? BOOT_BY_TLPS : BOOT_BY_CALLS;
}

bool boot_init(struct boot *boot, struct model *model, enum boot_way way,
               enum plane_coupling coupling, struct err *err)
{
    const struct config *config = model->config;
    const struct pool_hw_hooks hooks = {on_interrupt, on_slot_off, on_booted, on_moving, boot};
    *boot = (struct boot){.model = model, .way = way};
    pool_hw_init(&boot->hw, model, &hooks);
    boot_faults_watch(boot);
    boot->hosts = model_take(model, config->n_hosts, sizeof *boot->hosts);
    for (uint32_t h = 0; h < config->n_hosts; h++)
        boot_host_init(boot, h);
    boot->plane = make_plane(boot, coupling, err);
    if (!boot->plane)
        return false;
    boot->io.plane = boot->direct.plane = boot->plane;
    boot_manager_make(boot);
    boot->manager.listener = boot_faults_spawn(boot);
    for (uint32_t h = 0; h < config->n_hosts; h++)
        boot_host_spawn(boot, h);
    boot_manager_spawn_agents(boot);
    return true;
}

void boot_fini(struct boot *boot)
{
    if (boot->plane)
        plane_free(boot->plane);
    plane_fabric_fini(&boot->io);
}

/* ---- running it ---- */

/* Why a slot could not be used is what explains best that nothing goes on. */
static bool explain(const struct boot *boot, struct err *err)
{
    for (uint32_t h = 0; h < boot->model->config->n_hosts; h++)
        for (uint32_t s = 0; s < boot->hosts[h].n_slots; s++)
            if (boot->hosts[h].slots[s].failed) {
                *err = boot->hosts[h].slots[s].err;
                return false;
            }
    return plane_explain(boot->plane, err);
}

enum sim_result boot_run(struct boot *boot, uint64_t until_ps, bool *out_failed, struct err *err)
{
    *out_failed = false;
    for (;;) {
        switch (plane_run(boot->plane, until_ps)) {
        case PLANE_TIME:
            return SIM_TIME;
        case PLANE_FINISHED:
            continue;
        case PLANE_EMPTY:
            return SIM_EMPTY;
        case PLANE_STOPPED:
            return SIM_STOPPED;
        case PLANE_STALLED:
            return SIM_STALLED;
        case PLANE_DEADLOCK:
        case PLANE_FAILED:
            *out_failed = true;
            explain(boot, err);
            return SIM_STOPPED;
        }
        CHECK(false);
    }
}

bool boot_power_up(struct boot *boot, bool *out_stalled, struct err *err)
{
    bool failed;
    *out_stalled = false;
    while (!boot->is_up) {
        const enum sim_result result = boot_run(boot, UINT64_MAX, &failed, err);
        *out_stalled = result == SIM_STALLED;
        if (failed || *out_stalled)
            return false;
        CHECK(result == SIM_STOPPED);
    }
    return true;
}

bool boot_pool(struct boot *boot, struct model *model, const struct config *config, struct err *err)
{
    bool is_stalled = false;
    if (!model_build(config, true, 0, model, err))
        return false;
    if (boot_init(boot, model, boot_way_of(config), PLANE_RUN_AHEAD, err) &&
        boot_power_up(boot, &is_stalled, err))
        return true;
    if (is_stalled)
        err_at(err, NULL, "%s: the hosts do not come up: nothing moves any more", config->path);
    boot_fini(boot);
    model_free(model);
    return false;
}
