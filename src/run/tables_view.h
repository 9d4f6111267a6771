/* tables_view.h - table entries of what is not a table in the simulator: bridges, whose registers
 * are configuration spaces, and the shadows of emulated functions; and the assignment. Of a model
 * with configuration spaces (build_pci.h), as it stands. Each returns entries that the caller
 * frees, and their number. */
#ifndef POOLSIM_RUN_TABLES_VIEW_H
#define POOLSIM_RUN_TABLES_VIEW_H

#include "pool/tables.h"

struct model;

/* By VF index; PFs and directly attached devices have no entry. */
struct pool_entry *tables_view_assignment(const struct model *model, uint32_t *out_n);
/* Of host @host: the upstream bridge, then one downstream bridge per device that it owns, then one
 * per slot. */
struct pool_entry *tables_view_bridges(const struct model *model, uint32_t host, uint32_t *out_n);
/* Of host @host: for each emulated function, in the order of their addresses, as many dwords as a
 * power of two holds; NULL when it is lent nothing. */
struct pool_entry *tables_view_shadow(const struct model *model, uint32_t host, uint32_t *out_n);

#endif
