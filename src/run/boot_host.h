/* boot_host.h - the software of one host: firmware, then the drivers of what it owns, then its
 * hot-plug slots and the drivers of what it is lent. An actor each for boot, every slot and the
 * pool manager's agent. Part of boot.c, by length. */
#ifndef POOLSIM_RUN_BOOT_HOST_H
#define POOLSIM_RUN_BOOT_HOST_H

#include "run/boot.h"

/* Fills boot->hosts[@host], before the plane is made. */
void boot_host_init(struct boot *boot, uint32_t host);
/* Its actors but for the agent, when the plane and the manager's actor are there. */
void boot_host_spawn(struct boot *boot, uint32_t host);
/* At the end of boot: notes what it has cost. */
void boot_host_note(struct boot_host *host);

#endif
