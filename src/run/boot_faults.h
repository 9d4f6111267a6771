/* boot_faults.h - what breaks on the way, at the times that a configuration gives (fabric/fault.h
 * says what that does): an actor beside the hosts' software, for software does not know of it.
 * Part of boot.c, by length. */
#ifndef POOLSIM_RUN_BOOT_FAULTS_H
#define POOLSIM_RUN_BOOT_FAULTS_H

#include "run/boot.h"

/* Watches the links that will break, before the first TLP; nothing without faults. */
void boot_faults_watch(struct boot *boot);
/* Its actor, which the manager tells the end of boot; NULL without faults. */
struct plane_actor *boot_faults_spawn(struct boot *boot);
/* "nic link down", "owner reset"; @text has room for @size. */
void boot_faults_name(const struct config *config, const struct cfg_fault *fault, char *text,
                      size_t size);

#endif
