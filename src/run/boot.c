#include "run/boot.h"

#include "base/check.h"
#include "host/firmware.h"
#include "host/messages.h"
#include "host/pf_driver.h"
#include "run/build_traffic.h"

#include <linux/pci_regs.h>

enum {
    MSI_ADDRESS = 0xfee00000, /* where x86 hosts take interrupts */
    MSI_DATA = 0x40,
    DRIVER_VECTORS = 3,
    MANAGER_CORES = 1,
    MANAGER_VECTORS = 1,
    MANAGER_VECTOR = 0
};

static void *take(struct model *model, size_t count, size_t element_bytes)
{
    void *memory = arena_alloc_aligned(&model->arena, count ? count : 1, element_bytes, 64);
    CHECK(memory);
    return memory;
}

static uint64_t now_of(const struct boot *boot)
{
    return boot->model->sim.now_ps;
}

/* ---- workloads of a function ---- */

/* The function of the pool that a driver of the host found; NULL: it is none of the pool. */
static const struct pool_hw_vf *used_by(const struct boot_host *host,
                                        const struct vf_driver_use *use)
{
    const uint32_t index = pool_hw_find(&host->boot->hw, use->host, use->rid);
    return index == POOL_HW_NONE ? NULL : &host->boot->hw.vfs[index];
}

static bool runs_on(const struct model *model, uint32_t flow, uint32_t host,
                    const struct pool_hw_vf *vf)
{
    const struct flow *f = &model->flows[flow];
    return model->flow_of[flow].host == host && f->ep == &model->devices[vf->device] &&
           f->function == vf->vf;
}

/* Before the end of boot a flow is only made ready: traffic_start begins with it. */
static void start_use(void *workload, const struct vf_driver_use *use)
{
    const struct boot_host *host = workload;
    struct model *model = host->boot->model;
    const struct pool_hw_vf *vf = used_by(host, use);
    for (uint32_t f = 0; vf && f < model->traffic.n_flows; f++) {
        if (!runs_on(model, f, use->host, vf))
            continue;
        model->flows[f].bar_address = use->bar_address;
        model_attach(model, f);
        if (host->boot->is_up)
            traffic_resume(&model->traffic, f);
        else
            model->flows[f].paused = false;
    }
}

static void stop_use(void *workload, const struct vf_driver_use *use)
{
    const struct boot_host *host = workload;
    struct model *model = host->boot->model;
    const struct pool_hw_vf *vf = NULL;
    /* What it was lent may be another's by now, so it is known by the registers that it used. */
    for (uint32_t f = 0; f < model->traffic.n_flows; f++) {
        struct flow *flow = &model->flows[f];
        if (model->flow_of[f].host != use->host || flow->bar_address != use->bar_address ||
            flow->paused)
            continue;
        if (host->boot->is_up)
            traffic_pause(&model->traffic, f);
        flow->paused = true;
        vf =
            &host->boot->hw.vfs[model->numbering.devices[flow->ep - model->devices].first_function +
                                flow->function];
    }
    if (vf)
        model_detach(model, vf->device, (uint16_t)vf->vf);
}

/* ---- what a host's software finds where ---- */

static struct pci_function *function_at(const struct pci_bus *bus, uint8_t device, uint8_t function)
{
    struct pci_function *f = bus ? bus->first : NULL;
    while (f && (f->rid & 0xff) != (device << 3 | function))
        f = f->next;
    return f;
}

static struct pci_bus *behind(const struct pci_function *bridge)
{
    return bridge ? bridge->behind : NULL;
}

/* The bus behind the root port that leads to the pool or to a device of the host. */
static struct pci_bus *pool_bus(const struct boot_host *host)
{
    const struct pci_tree *tree = &host->machine.pci.tree;
    return behind(function_at(tree->bus[tree->first_bus], PLATFORM_ROOT_PORT_DEVICE, 0));
}

/* The private switch's bridge number @bridge. */
static struct pci_function *find_bridge(const struct boot_host *host, uint32_t bridge)
{
    const struct pci_bus *inner =
        behind(function_at(pool_bus(host), 0, PLATFORM_UPSTREAM_FUNCTION));
    return function_at(inner, (uint8_t)bridge, 0);
}

/* The PF of a device that the host owns, the number @n of those behind its switch. */
static struct pci_function *find_pf(const struct boot_host *host, const struct cfg_device *device,
                                    uint32_t n)
{
    if (device->switch_index < 0)
        return function_at(pool_bus(host), 0, 0);
    return function_at(behind(find_bridge(host, n)), 0, 0);
}

/* Function @i of the host's own tree. */
static struct pci_function *find_own(const struct boot_host *host, uint32_t i)
{
    const struct cfg_pci *pci = &host->boot->model->config->hosts[host->host].pci[i];
    const struct pci_tree *tree = &host->machine.pci.tree;
    const struct pci_bus *bus = pci->behind < 0 ? tree->bus[tree->first_bus]
                                                : behind(find_own(host, (uint32_t)pci->behind));
    return function_at(bus, pci->device, pci->function);
}

static _Noreturn void fail(struct plane_actor *self, const char *what, const char *name)
{
    struct err err;
    err_at(&err, NULL, "%s: software finds no %s \"%s\"", plane_name_of(self), what, name);
    plane_fail(self, &err);
}

/* ---- boot ---- */

static void note(struct boot_span *span, uint64_t begin_ps, uint64_t end_ps)
{
    if (!span->end_ps)
        span->begin_ps = begin_ps;
    span->end_ps = end_ps;
}

static void start_pf(struct plane_actor *self, struct boot_host *host, struct pci_function *pf,
                     uint16_t vfs)
{
    const struct cfg_boot *cfg = &host->boot->model->config->boot;
    const struct pf_driver_params params = {.vfs = vfs, .probe_ps = cfg->pf_probe_ps};
    const uint64_t begin_ps = plane_now_ps(self);
    uint64_t started_ps;
    pf_driver_start(self, &host->machine, pf, &params, &started_ps);
    note(&host->pf_driver, begin_ps, started_ps);
    if (vfs)
        note(&host->vfs, started_ps, plane_now_ps(self));
}

/* True if the host is to use VF @vf of its device from the start. */
static bool uses_own(const struct boot_host *host, uint32_t device, uint32_t vf)
{
    const struct model *model = host->boot->model;
    const uint32_t index = model->numbering.devices[device].first_function + vf;
    if (model->numbering.functions[index].host != NUMBERING_OWN)
        return false;
    for (uint32_t f = 0; f < model->traffic.n_flows; f++)
        if (runs_on(model, f, host->host, &host->boot->hw.vfs[index]))
            return true;
    return false;
}

static void start_own_vfs(struct plane_actor *self, struct boot_host *host, uint32_t device,
                          const struct pci_function *pf)
{
    const uint64_t begin_ps = plane_now_ps(self);
    bool any = false;
    machine_enter(&host->machine, self);
    for (struct pci_function *f = pf->bus->first; f; f = f->next) {
        if (f->pf != pf || !uses_own(host, device, f->vf_index))
            continue;
        vf_driver_probe(&host->machine, f, &host->driver);
        any = true;
    }
    machine_leave(&host->machine);
    if (any)
        note(&host->own_drivers, begin_ps, plane_now_ps(self));
}

static void start_devices(struct plane_actor *self, struct boot_host *host)
{
    const struct config *config = host->boot->model->config;
    uint32_t n = 0;
    for (uint32_t d = 0; d < config->n_devices; d++) {
        const struct cfg_device *device = &config->devices[d];
        if (device->owner_index != (int)host->host)
            continue;
        struct pci_function *pf = find_pf(host, device, n);
        if (!pf)
            fail(self, "device", device->name);
        n += device->switch_index >= 0;
        start_pf(self, host, pf, (uint16_t)device->vfs);
        start_own_vfs(self, host, d, pf);
        const struct plane_message ready = {
            .kind = NOTE_PF_READY, .bytes = NOTE_BYTES, .argument = {d, pf->rid}};
        plane_send(self, host->boot->manager_actor, &ready);
    }
}

static void start_own_tree(struct plane_actor *self, struct boot_host *host)
{
    const struct cfg_host *cfg = &host->boot->model->config->hosts[host->host];
    for (uint32_t i = 0; i < cfg->n_pci; i++) {
        if (!cfg->pci[i].vfs_enabled || !cfg->pci[i].plugged)
            continue;
        struct pci_function *pf = find_own(host, i);
        if (!pf)
            fail(self, "function", preset_name((enum preset)cfg->pci[i].preset));
        start_pf(self, host, pf, cfg->pci[i].vfs_enabled);
    }
}

static void start_slots(struct plane_actor *self, struct boot_host *host)
{
    const uint32_t n_owned = host->boot->model->pci->hosts[host->host].n_owned;
    const struct plane_message loaded = {.kind = NOTE_LOADED, .bytes = NOTE_BYTES};
    for (uint32_t s = 0; s < host->n_slots; s++) {
        host->slots[s].port = find_bridge(host, n_owned + s);
        if (!host->slots[s].port)
            fail(self, "hot-plug slot", "of the pool");
        plane_send(self, host->slot_actors[s], &loaded);
    }
}

static void run_host(struct plane_actor *self, void *argument)
{
    struct boot_host *host = argument;
    firmware_boot(self, &host->machine);
    note(&host->firmware, 0, plane_now_ps(self));
    start_own_tree(self, host);
    start_devices(self, host);
    start_slots(self, host);
    const struct plane_message up = {
        .kind = NOTE_HOST_UP, .bytes = NOTE_BYTES, .argument = {host->host}};
    plane_send(self, host->boot->manager_actor, &up);
}

static void widen(struct boot_span *span, uint64_t begin_ps, uint64_t end_ps)
{
    if (!span->end_ps || span->begin_ps > begin_ps)
        span->begin_ps = begin_ps;
    if (span->end_ps < end_ps)
        span->end_ps = end_ps;
}

static void note_slot(struct boot_host *host, const struct hotplug_slot *slot)
{
    if (!slot->up_ps)
        return;
    widen(&host->hot_add, slot->on_ps, slot->linked_ps);
    widen(&host->enumerate, slot->linked_ps, slot->added_ps);
    widen(&host->vf_drivers, slot->added_ps, slot->up_ps);
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
    plane_raise(boot->plane, boot->model->config->n_hosts, MANAGER_VECTOR,
                now_of(boot) + boot->model->config->manager.latency_ps);
}

static void on_moving(void *self, uint32_t move)
{
    const struct boot *boot = self;
    boot->wrong_at_move[move] = boot_wrong_now(boot);
}

static void on_message(void *self, const struct tlp *tlp)
{
    struct boot_host *host = self;
    host->correctable += tlp->msg.code == MESSAGE_ERR_COR;
    host->nonfatal += tlp->msg.code == MESSAGE_ERR_NONFATAL;
    host->fatal += tlp->msg.code == MESSAGE_ERR_FATAL;
}

static void on_booted(void *self)
{
    struct boot *boot = self;
    boot->is_up = true;
    for (uint32_t h = 0; h < boot->model->config->n_hosts; h++) {
        struct boot_host *host = &boot->hosts[h];
        if (boot->way == BOOT_BY_TLPS)
            host->at_boot = boot->io.counts[h];
        for (uint32_t s = 0; s < host->n_slots; s++)
            note_slot(host, &host->slots[s]);
    }
    boot->wrong_at_boot = boot_wrong_now(boot);
    plane_stop(boot->plane);
}

/* ---- making it ---- */

static void init_host(struct boot *boot, uint32_t h)
{
    struct model *model = boot->model;
    const struct config *config = model->config;
    const struct cfg_host *cfg = &config->hosts[h];
    struct boot_host *host = &boot->hosts[h];
    const struct machine_params machine = {.arena = &model->arena,
                                           .enumerate = platform_enumerate_options(config, h),
                                           .power_on_ps = config->boot.power_on_ps,
                                           .access_ps = config->boot.access_ps};
    host->boot = boot;
    host->host = h;
    host->n_slots = model->pci->hosts[h].n_slots;
    host->slots = take(model, host->n_slots, sizeof *host->slots);
    host->slot_actors = take(model, host->n_slots, sizeof(struct plane_actor *));
    machine_init(&host->machine, &machine);
    model->hosts[h].hooks = (struct root_complex_hooks){.on_message = on_message, .self = host};
    host->driver = (struct vf_driver_params){.probe_ps = config->boot.vf_probe_ps,
                                             .remove_ps = config->boot.vf_remove_ps,
                                             .msi_address = MSI_ADDRESS,
                                             .msi_data = MSI_DATA,
                                             .vectors = DRIVER_VECTORS,
                                             .start = start_use,
                                             .stop = stop_use,
                                             .workload = host};
    host->hotplug = (struct hotplug_params){.button_ps = cfg->hotplug.button_ps,
                                            .power_off_ps = cfg->hotplug.power_off_ps,
                                            .link_ps = cfg->hotplug.link_ps,
                                            .command_ps = cfg->hotplug.command_ps};
}

static void spawn_host(struct boot *boot, uint32_t h)
{
    struct boot_host *host = &boot->hosts[h];
    for (uint32_t s = 0; s < host->n_slots; s++) {
        host->slots[s] = (struct hotplug_slot){.machine = &host->machine,
                                               .manager = boot->manager_actor,
                                               .params = &host->hotplug,
                                               .driver = &host->driver,
                                               .number = s,
                                               .vector = s};
        host->slot_actors[s] =
            plane_spawn(boot->plane, h, "hot-plug driver", true, hotplug_run, &host->slots[s]);
    }
    host->agent = (struct agent){&host->machine, host->slots, host->n_slots, boot->manager_actor};
    plane_spawn(boot->plane, h, boot->model->config->hosts[h].name, false, run_host, host);
}

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
    struct plane_host *hosts = take(model, config->n_hosts + 1U, sizeof *hosts);
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

/* ---- the manager's part ---- */

static enum manager_order order_of(enum cfg_move_how how)
{
    switch (how) {
    case MOVE_GRACEFUL:
        return MANAGER_GRACEFUL;
    case MOVE_SURPRISE:
        return MANAGER_SURPRISE;
    case MOVE_IMMEDIATE:
        return MANAGER_IMMEDIATE;
    }
    CHECK(false);
}

static enum manager_fault fault_of(enum cfg_order order)
{
    switch (order) {
    case ORDER_CORRECT:
        return MANAGER_CORRECT;
    case ORDER_INVALIDATE_BEFORE_DRAIN:
        return MANAGER_INVALIDATE_FIRST;
    case ORDER_NO_FLR:
        return MANAGER_NO_FLR;
    case ORDER_STALE_ENTRY:
        return MANAGER_STALE_ENTRY;
    }
    CHECK(false);
}

/* The manager's number of a host's slot. */
static uint32_t slot_number(const struct boot *boot, uint32_t host, uint32_t device,
                            uint32_t number)
{
    uint32_t first = 0;
    for (uint32_t h = 0; h < host; h++)
        first += boot->hosts[h].n_slots;
    const struct pci_host *pci = &boot->model->pci->hosts[host];
    for (uint32_t s = 0; s < pci->n_slots; s++)
        if (pci->slots[s].device == device && pci->slots[s].number == number)
            return first + s;
    CHECK(false);
}

static void make_slots(struct boot *boot)
{
    struct model *model = boot->model;
    const struct config *config = model->config;
    struct manager *manager = &boot->manager;
    for (uint32_t h = 0; h < config->n_hosts; h++)
        manager->n_slots += boot->hosts[h].n_slots;
    manager->slots = take(model, manager->n_slots, sizeof *manager->slots);
    for (uint32_t h = 0, n = 0; h < config->n_hosts; h++)
        for (uint32_t s = 0; s < boot->hosts[h].n_slots; s++) {
            const uint32_t most = config->devices[model->pci->hosts[h].slots[s].device].vfs;
            manager->slots[n++] = (struct manager_slot){
                .host = h, .slot = s, .vfs = take(model, most, sizeof(uint32_t))};
        }
    for (uint32_t d = 0; d < config->n_devices; d++)
        for (uint32_t i = 0; i < config->n_lends; i++) {
            const struct cfg_lend *lend = &config->lends[i];
            if (lend->device != d)
                continue;
            struct manager_slot *slot =
                &manager->slots[slot_number(boot, lend->host, d, lend->slot)];
            slot->vfs[slot->n_vfs++] = model->numbering.devices[d].first_function + lend->vf;
        }
}

/* Who has each function of the pool, as moves are made on paper. */
static uint32_t *slots_at_boot(const struct boot *boot)
{
    uint32_t *at = take(boot->model, boot->model->numbering.n_functions, sizeof *at);
    for (uint32_t s = 0; s < boot->manager.n_slots; s++)
        for (uint32_t i = 0; i < boot->manager.slots[s].n_vfs; i++)
            at[boot->manager.slots[s].vfs[i]] = s;
    return at;
}

/* VFs that leave one slot together move together. */
static void make_moves(struct boot *boot)
{
    const struct config *config = boot->model->config;
    struct manager *manager = &boot->manager;
    uint32_t *at = slots_at_boot(boot), most = 0;
    for (uint32_t m = 0; m < config->n_moves; m++)
        most += config->moves[m].n_vfs;
    manager->moves = take(boot->model, most, sizeof *manager->moves);
    boot->wrong_at_move = take(boot->model, most, sizeof *boot->wrong_at_move);
    for (uint32_t m = 0; m < config->n_moves; m++) {
        const struct cfg_move *move = &config->moves[m];
        const uint32_t to = slot_number(boot, move->host, move->device, move->slot);
        const uint32_t first =
            boot->model->numbering.devices[move->device].first_function + move->first_vf;
        uint32_t left = 0;
        for (uint32_t i = 0; i < move->n_vfs; i++) {
            if (i == 0 || at[first + i] != left)
                manager->moves[manager->n_moves++] =
                    (struct manager_move){.at_ps = move->at_ps,
                                          .vf = first + i,
                                          .to = to,
                                          .order = order_of(move->how),
                                          .fault = fault_of(config->manager.order)};
            left = at[first + i];
            manager->moves[manager->n_moves - 1].n_vfs++;
            at[first + i] = to;
        }
    }
}

static void make_manager(struct boot *boot)
{
    const struct config *config = boot->model->config;
    const struct cfg_manager *cfg = &config->manager;
    boot->manager = (struct manager){.control = pool_hw_control(&boot->hw),
                                     .n_pfs = config->n_devices,
                                     .n_hosts = config->n_hosts,
                                     .slot_vector = MANAGER_VECTOR,
                                     .access_ps = cfg->access_ps,
                                     .poll_ps = cfg->poll_ps,
                                     .drain_limit_ps = cfg->drain_limit_ps,
                                     .flr_ps = cfg->flr_ps,
                                     .power_limit_ps = cfg->power_limit_ps};
    make_slots(boot);
    make_moves(boot);
    boot->manager_actor = plane_spawn(boot->plane, config->n_hosts, "pool manager", false,
                                      manager_run, &boot->manager);
}

bool boot_init(struct boot *boot, struct model *model, enum boot_way way,
               enum plane_coupling coupling, struct err *err)
{
    const struct config *config = model->config;
    const struct pool_hw_hooks hooks = {on_interrupt, on_slot_off, on_booted, on_moving, boot};
    *boot = (struct boot){.model = model, .way = way};
    pool_hw_init(&boot->hw, model, &hooks);
    boot->hosts = take(model, config->n_hosts, sizeof *boot->hosts);
    for (uint32_t h = 0; h < config->n_hosts; h++)
        init_host(boot, h);
    boot->plane = make_plane(boot, coupling, err);
    if (!boot->plane)
        return false;
    boot->io.plane = boot->direct.plane = boot->plane;
    make_manager(boot);
    for (uint32_t h = 0; h < config->n_hosts; h++)
        spawn_host(boot, h);
    for (uint32_t s = 0; s < boot->manager.n_slots; s++) {
        struct manager_slot *slot = &boot->manager.slots[s];
        struct boot_host *host = &boot->hosts[slot->host];
        if (slot->slot == 0)
            slot->agent =
                plane_spawn(boot->plane, slot->host, "agent", true, agent_run, &host->agent);
        else
            slot->agent = boot->manager.slots[s - 1].agent;
    }
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
    const enum boot_way way = config->boot.mode == BOOT_TLP ? BOOT_BY_TLPS : BOOT_BY_CALLS;
    bool is_stalled = false;
    if (!model_build(config, true, 0, model, err))
        return false;
    if (boot_init(boot, model, way, PLANE_RUN_AHEAD, err) && boot_power_up(boot, &is_stalled, err))
        return true;
    if (is_stalled)
        err_at(err, NULL, "%s: the hosts do not come up: nothing moves any more", config->path);
    boot_fini(boot);
    model_free(model);
    return false;
}
