#include "host/machine.h"

#include <string.h>

static void wait_ps(void *self, uint64_t ps)
{
    const struct machine *machine = self;
    plane_sleep(machine->cfg.actor, ps);
}

void machine_init(struct machine *machine, const struct machine_params *params)
{
    memset(machine, 0, sizeof *machine);
    machine->params = *params;
    machine->params.enumerate.wait = (struct probe_wait){wait_ps, machine};
    machine->cfg.compute_ps = params->access_ps;
    machine->access = plane_cfg_access(&machine->cfg);
}

void machine_enter(struct machine *machine, struct plane_actor *self)
{
    plane_lock(self, &machine->lock);
    machine->cfg.actor = self;
}

void machine_leave(struct machine *machine)
{
    struct plane_actor *self = machine->cfg.actor;
    machine->cfg.actor = NULL;
    plane_unlock(self, &machine->lock);
}
