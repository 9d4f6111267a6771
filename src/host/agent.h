/* agent.h - a host's ear on the management network: does what the pool manager asks without the
 * slot's button, and its delay (the "immediate" order of a move). */
#ifndef POOLSIM_HOST_AGENT_H
#define POOLSIM_HOST_AGENT_H

#include "host/hotplug.h"

struct agent {
    struct machine *machine;
    struct hotplug_slot *slots; /* of the host */
    uint32_t n_slots;
    struct plane_actor *manager;
};

/* The code of the agent's actor, a daemon; its argument is the agent. */
void agent_run(struct plane_actor *self, void *argument);

#endif
