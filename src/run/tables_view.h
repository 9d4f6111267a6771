/* tables_view.h - table entries of what the fast boot gives by arithmetic (numbering.h): bridges
 * with their bus numbers and windows, the shadows of the lent VFs with their BARs set and memory
 * enabled, the assignment. Each returns entries that the caller frees, and their number. */
#ifndef POOLSIM_RUN_TABLES_VIEW_H
#define POOLSIM_RUN_TABLES_VIEW_H

#include "pool/tables.h"

struct model;

/* By VF index; PFs and directly attached devices have no entry. */
struct pool_entry *tables_view_assignment(const struct model *model, uint32_t *out_n);
/* Of host @host: the upstream bridge, then one downstream bridge per device that it owns, then one
 * per device that it is lent VFs of. */
struct pool_entry *tables_view_bridges(const struct model *model, uint32_t host, uint32_t *out_n);
/* Of host @host: for each emulated function, in the order of their addresses, as many dwords as a
 * power of two holds; NULL when it is lent nothing. */
struct pool_entry *tables_view_shadow(const struct model *model, uint32_t host, uint32_t *out_n);

#endif
