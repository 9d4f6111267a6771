/* direct.h - the baseline of a pool: the same hosts' traffic without the pool. For every pair of a
 * host and a device whose functions run some workload, the host gets a private copy of the device
 * with just the VFs that it has of it, on the host's own root port by the device's own link. A host
 * that uses several devices becomes several, since each has one root port; switches, lends,
 * moves, faults and whoever has no traffic disappear. Every function keeps its workloads, its
 * random streams and its rate: a load is a share of one device's link still, divided among the
 * functions of all its copies. What the pool's members no longer share, they have each for
 * themselves: memory and CPU of a host that became several, line, flash channels and tags of the
 * device. Weights of lends fall away. */
#ifndef POOLSIM_CONFIG_DIRECT_H
#define POOLSIM_CONFIG_DIRECT_H

#include "config/config.h"

/* Turns @config into its baseline, which is written and loaded like any other. The first copy of a
 * host keeps its name; further ones are "host-device", devices "device-host". The sweep, whose keys
 * are the pool's, is dropped. Devices that attach directly already stay as they are. Fails with
 * @config untouched when there would be too many copies, or when a workload's VFs cannot be told
 * from others of its host. */
bool config_make_direct(struct config *config, struct err *err);

/* Just the name, "NAME-direct", and the title, "TITLE, direct attachment". */
void config_name_direct(struct config *config);

#endif
