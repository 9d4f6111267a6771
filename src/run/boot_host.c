#include "run/boot_host.h"

#include "base/check.h"
#include "host/firmware.h"
#include "host/messages.h"
#include "host/pf_driver.h"
#include "run/build_traffic.h"

enum {
    MSI_ADDRESS = 0xfee00000, /* where x86 hosts take interrupts */
    MSI_DATA = 0x40,
    DRIVER_VECTORS = 3,
};

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

static struct pci_bus *bus_behind(const struct pci_function *bridge)
{
    return bridge ? bridge->behind : NULL;
}

/* The bus behind the root port that leads to the pool or to a device of the host. */
static struct pci_bus *pool_bus(const struct boot_host *host)
{
    const struct pci_tree *tree = &host->machine.pci.tree;
    return bus_behind(function_at(tree->bus[tree->first_bus], PLATFORM_ROOT_PORT_DEVICE, 0));
}

/* The private switch's bridge number @bridge. */
static struct pci_function *find_bridge(const struct boot_host *host, uint32_t bridge)
{
    const struct pci_bus *inner =
        bus_behind(function_at(pool_bus(host), 0, PLATFORM_UPSTREAM_FUNCTION));
    return function_at(inner, (uint8_t)bridge, 0);
}

/* The PF of a device that the host owns, the number @n of those behind its switch. */
static struct pci_function *find_pf(const struct boot_host *host, const struct cfg_device *device,
                                    uint32_t n)
{
    if (device->switch_index < 0)
        return function_at(pool_bus(host), 0, 0);
    return function_at(bus_behind(find_bridge(host, n)), 0, 0);
}

/* Function @i of the host's own tree: down from bus 0, by the bridges that it is behind. */
static struct pci_function *find_own(const struct boot_host *host, uint32_t i)
{
    const struct cfg_pci *pci = host->boot->model->config->hosts[host->host].pci;
    const struct pci_tree *tree = &host->machine.pci.tree;
    const struct pci_bus *bus = tree->bus[tree->first_bus];
    int32_t way[PCI_BUSES];
    uint32_t depth = 0;
    for (int32_t at = (int32_t)i; at >= 0; at = pci[at].behind) {
        CHECK(depth < PCI_BUSES);
        way[depth++] = at;
    }
    while (--depth)
        bus = bus_behind(function_at(bus, pci[way[depth]].device, pci[way[depth]].function));
    return function_at(bus, pci[i].device, pci[i].function);
}

/* @function, which must be there. */
static struct pci_function *found(struct plane_actor *self, struct pci_function *function,
                                  const char *what, const char *name)
{
    struct err err;
    if (function)
        return function;
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
    const struct pf_driver_params params = {.vfs = vfs,
                                            .reports_errors = host->boot->model->config->pcie.aer,
                                            .probe_ps = cfg->pf_probe_ps};
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
        struct pci_function *pf = found(self, find_pf(host, device, n), "device", device->name);
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
        const char *name = preset_name((enum preset)cfg->pci[i].preset);
        start_pf(self, host, found(self, find_own(host, i), "function", name),
                 cfg->pci[i].vfs_enabled);
    }
}

static void start_slots(struct plane_actor *self, struct boot_host *host)
{
    const uint32_t n_owned = host->boot->model->pci->hosts[host->host].n_owned;
    const struct plane_message loaded = {.kind = NOTE_LOADED, .bytes = NOTE_BYTES};
    for (uint32_t s = 0; s < host->n_slots; s++) {
        host->slots[s].port =
            found(self, find_bridge(host, n_owned + s), "hot-plug slot", "of the pool");
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

void boot_host_note(struct boot_host *host)
{
    const struct boot *boot = host->boot;
    if (boot->way == BOOT_BY_TLPS)
        host->at_boot = boot->io.counts[host->host];
    for (uint32_t s = 0; s < host->n_slots; s++)
        note_slot(host, &host->slots[s]);
}

/* ---- making it ---- */

static void on_message(void *self, const struct tlp *tlp)
{
    struct boot_host *host = self;
    host->correctable += tlp->msg.code == MESSAGE_ERR_COR;
    host->nonfatal += tlp->msg.code == MESSAGE_ERR_NONFATAL;
    host->fatal += tlp->msg.code == MESSAGE_ERR_FATAL;
}

void boot_host_init(struct boot *boot, uint32_t h)
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
    host->slots = model_take(model, host->n_slots, sizeof *host->slots);
    host->slot_actors = model_take(model, host->n_slots, sizeof(struct plane_actor *));
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

void boot_host_spawn(struct boot *boot, uint32_t h)
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
