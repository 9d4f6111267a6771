#include "run/boot_faults.h"

#include "host/messages.h"
#include "run/tables.h"

#include <stdio.h>
#include <stdlib.h>

/* One thing that happens: a fault begins or ends. */
struct boot_breakage {
    uint64_t at_ps; /* from the end of boot */
    const struct cfg_fault *fault;
    bool ends;
};

void boot_faults_name(const struct config *config, const struct cfg_fault *fault, char *text,
                      size_t size)
{
    const char *target =
        fault->is_host ? config->hosts[fault->target].name : config->devices[fault->target].name;
    snprintf(text, size, "%.64s %s%s", target,
             fault->kind == FAULT_OWNER_RESET ? "reset" : "link down",
             fault->containment == CONTAINMENT_DPC ? ", contained" : "");
}

/* ---- links ---- */

static void watch_device(struct boot *boot, uint32_t d)
{
    struct model *model = boot->model;
    const struct cfg_device *device = &model->config->devices[d];
    if (boot->device_link[d] != BOOT_UNWATCHED)
        return;
    boot->device_link[d] =
        device->switch_index < 0
            ? faults_watch_direct(&boot->faults, &model->hosts[device->host_index],
                                  &model->devices[d])
            : faults_watch_device(&boot->faults, &model->switches[device->switch_index],
                                  tables_device_port(model->config, d), &model->devices[d]);
}

static void watch_host(struct boot *boot, uint32_t h)
{
    struct model *model = boot->model;
    if (boot->host_link[h] == BOOT_UNWATCHED)
        boot->host_link[h] =
            faults_watch_host(&boot->faults, &model->switches[model->config->hosts[h].switch_index],
                              tables_host_port(model->config, h), &model->hosts[h]);
}

/* Devices that an Owner's reset takes along. */
static void watch_owned(struct boot *boot, uint32_t host)
{
    const struct config *config = boot->model->config;
    for (uint32_t d = 0; d < config->n_devices; d++)
        if (config->devices[d].owner_index == (int)host)
            watch_device(boot, d);
}

void boot_faults_watch(struct boot *boot)
{
    struct model *model = boot->model;
    const struct config *config = model->config;
    const uint32_t most = config->n_hosts + config->n_devices;
    if (config->n_faults == 0)
        return;
    faults_init(&boot->faults, &model->fabric, model_take(model, most, sizeof(struct fault_link)),
                most);
    sim_add(&model->sim, &boot->faults.component, model->traffic.component.id - 2);
    boot->device_link = model_take(model, config->n_devices, sizeof *boot->device_link);
    boot->host_link = model_take(model, config->n_hosts, sizeof *boot->host_link);
    for (uint32_t d = 0; d < config->n_devices; d++)
        boot->device_link[d] = BOOT_UNWATCHED;
    for (uint32_t h = 0; h < config->n_hosts; h++)
        boot->host_link[h] = BOOT_UNWATCHED;
    for (uint32_t i = 0; i < config->n_faults; i++) {
        const struct cfg_fault *fault = &config->faults[i];
        if (!fault->is_host) {
            watch_device(boot, fault->target);
            continue;
        }
        watch_owned(boot, fault->target);
        if (fault->kind == FAULT_LINK_DOWN)
            watch_host(boot, fault->target);
    }
}

/* ---- what happens ---- */

static void act_on_link(struct boot *boot, const struct boot_breakage *breakage)
{
    const struct cfg_fault *fault = breakage->fault;
    const uint32_t number =
        fault->is_host ? boot->host_link[fault->target] : boot->device_link[fault->target];
    if (breakage->ends)
        fault_link_up(&boot->faults, number);
    else
        fault_link_down(&boot->faults, number, fault->containment == CONTAINMENT_DPC);
}

static void act_on_owner(struct boot *boot, const struct boot_breakage *breakage)
{
    const struct cfg_fault *fault = breakage->fault;
    const struct config *config = boot->model->config;
    struct pcie_switch *sw = &boot->model->switches[config->hosts[fault->target].switch_index];
    const uint32_t port = tables_host_port(config, fault->target);
    if (breakage->ends)
        fault_owner_ready(&boot->faults, sw, port);
    else
        fault_owner_reset(&boot->faults, sw, port, fault->containment == CONTAINMENT_DPC);
}

struct order {
    struct boot *boot;
    const struct boot_breakage *breakage;
};

static void act(void *target, struct plane_access *access)
{
    const struct order *order = target;
    (void)access;
    if (order->breakage->fault->kind == FAULT_OWNER_RESET)
        act_on_owner(order->boot, order->breakage);
    else
        act_on_link(order->boot, order->breakage);
}

/* ---- the actor ---- */

static int compare(const void *a, const void *b)
{
    const struct boot_breakage *x = a, *y = b;
    if (x->at_ps != y->at_ps)
        return x->at_ps < y->at_ps ? -1 : 1;
    return x->ends - y->ends;
}

static void run_faults(struct plane_actor *self, void *argument)
{
    struct boot *boot = argument;
    struct plane_message message;
    while (plane_receive(self, PLANE_FOREVER, &message) && message.kind != NOTE_BOOTED)
        ;
    for (uint32_t i = 0; i < boot->n_breakages; i++) {
        struct order order = {boot, &boot->breakages[i]};
        const uint64_t due_ps = boot->manager.booted_ps + order.breakage->at_ps;
        const uint64_t now_ps = plane_now_ps(self);
        if (due_ps > now_ps)
            plane_sleep(self, due_ps - now_ps);
        plane_call(self, act, &order, 0);
    }
}

struct plane_actor *boot_faults_spawn(struct boot *boot)
{
    const struct config *config = boot->model->config;
    if (config->n_faults == 0)
        return NULL;
    boot->breakages =
        model_take(boot->model, 2 * (size_t)config->n_faults, sizeof *boot->breakages);
    for (uint32_t i = 0; i < config->n_faults; i++) {
        const struct cfg_fault *fault = &config->faults[i];
        boot->breakages[boot->n_breakages++] = (struct boot_breakage){fault->at_ps, fault, false};
        if (fault->down_ps)
            boot->breakages[boot->n_breakages++] =
                (struct boot_breakage){fault->at_ps + fault->down_ps, fault, true};
    }
    qsort(boot->breakages, boot->n_breakages, sizeof *boot->breakages, compare);
    return plane_spawn(boot->plane, config->n_hosts, "faults", false, run_faults, boot);
}
