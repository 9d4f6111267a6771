/* boot_manager.h - the pool manager of a configuration: its slots with what is lent at boot, and
 * its schedule of moves. Part of boot.c, by length. */
#ifndef POOLSIM_RUN_BOOT_MANAGER_H
#define POOLSIM_RUN_BOOT_MANAGER_H

#include "run/boot.h"

enum { BOOT_MANAGER_VECTOR = 0 }; /* of its host: a slot has no power any more */

/* Fills boot->manager and spawns its actor, when the plane is there. */
void boot_manager_make(struct boot *boot);
/* Its agents on the hosts that have slots. */
void boot_manager_spawn_agents(struct boot *boot);

#endif
