#include "host/firmware.h"

void firmware_boot(struct plane_actor *self, struct machine *machine)
{
    struct err err;
    plane_sleep(self, machine->params.power_on_ps);
    machine_enter(machine, self);
    if (!enumerate_boot(&machine->pci, machine->params.arena, &machine->access,
                        &machine->params.enumerate, &err))
        plane_fail(self, &err);
    machine_leave(machine);
}
