/* firmware.h - from power on to a numbered PCI domain: what a host does before it can do anything
 * else. Called by an actor, takes its time. */
#ifndef POOLSIM_HOST_FIRMWARE_H
#define POOLSIM_HOST_FIRMWARE_H

#include "host/machine.h"

/* Fails the plane when the domain cannot be set up. */
void firmware_boot(struct plane_actor *self, struct machine *machine);

#endif
