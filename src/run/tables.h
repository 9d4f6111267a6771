/* tables.h - port numbers of the switches, and the pooling tables that firmware, drivers and the
 * pool manager would fill. Ports of a root switch: its hosts, then its devices, then cascaded
 * switches, each in the configuration's order. A cascaded switch has its uplink first. */
#ifndef POOLSIM_RUN_TABLES_H
#define POOLSIM_RUN_TABLES_H

#include "base/arena.h"
#include "config/config.h"

struct model;

enum { TABLES_UPLINK_PORT = 0 };

uint32_t tables_switch_ports(const struct config *config, uint32_t sw);
uint32_t tables_host_port(const struct config *config, uint32_t host);
uint32_t tables_device_port(const struct config *config, uint32_t device);
uint32_t tables_child_port(const struct config *config, uint32_t child);
/* Weights of the ingress ports of @sw for weighted and priority arbitration, from the lends of the
 * host behind each: the largest of them, 1 without. Kept in @arena; NULL when the switch arbitrates
 * otherwise. */
const uint32_t *tables_weights(const struct config *config, struct arena *arena, uint32_t sw);

/* Gives every connected port of @model its tables. */
void tables_fill(struct model *model);

#endif
