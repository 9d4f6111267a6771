/* topology.h - a picture of the configured pool for Graphviz: hosts above, switches, devices below,
 * a line per link. A device names its Owner and shows who borrows which VFs, in the colours of the
 * borrowing hosts. */
#ifndef POOLSIM_RUN_TOPOLOGY_H
#define POOLSIM_RUN_TOPOLOGY_H

#include "config/config.h"
#include <stdbool.h>
#include <stdio.h>

enum {
    TOPOLOGY_MAX_NODES = 64
}; /* above, hosts and devices that differ only in their number become one node */

void topology_write_dot(const struct config *config, FILE *out);

/* Writes topology.dot and, by Graphviz, topology.svg into @dir. A missing or failing dot is told on
 * @warnings only. */
bool topology_write(const struct config *config, const char *dir, FILE *warnings, struct err *err);

#endif
