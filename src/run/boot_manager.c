#include "run/boot_manager.h"

#include "base/check.h"

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
    manager->slots = model_take(model, manager->n_slots, sizeof *manager->slots);
    for (uint32_t h = 0, n = 0; h < config->n_hosts; h++)
        for (uint32_t s = 0; s < boot->hosts[h].n_slots; s++) {
            const uint32_t most = config->devices[model->pci->hosts[h].slots[s].device].vfs;
            manager->slots[n++] = (struct manager_slot){
                .host = h, .slot = s, .vfs = model_take(model, most, sizeof(uint32_t))};
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
    uint32_t *at = model_take(boot->model, boot->model->numbering.n_functions, sizeof *at);
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
    manager->moves = model_take(boot->model, most, sizeof *manager->moves);
    boot->wrong_at_move = model_take(boot->model, most, sizeof *boot->wrong_at_move);
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

void boot_manager_make(struct boot *boot)
{
    const struct config *config = boot->model->config;
    const struct cfg_manager *cfg = &config->manager;
    boot->manager = (struct manager){.control = pool_hw_control(&boot->hw),
                                     .n_pfs = config->n_devices,
                                     .n_hosts = config->n_hosts,
                                     .slot_vector = BOOT_MANAGER_VECTOR,
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

void boot_manager_spawn_agents(struct boot *boot)
{
    for (uint32_t s = 0; s < boot->manager.n_slots; s++) {
        struct manager_slot *slot = &boot->manager.slots[s];
        struct boot_host *host = &boot->hosts[slot->host];
        if (slot->slot == 0)
            slot->agent =
                plane_spawn(boot->plane, slot->host, "agent", true, agent_run, &host->agent);
        else
            slot->agent = boot->manager.slots[s - 1].agent;
    }
}
