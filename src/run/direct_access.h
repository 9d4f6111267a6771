/* direct_access.h - accesses of software as function calls into a model's hardware, without TLPs
 * and time of their own (boot.mode fast): the same bridges route them, the same emulator answers,
 * the same functions are reached as when root_complex_cpu.c, switch_config.c and endpoint.c do it
 * by TLPs.
 */
#ifndef POOLSIM_RUN_DIRECT_ACCESS_H
#define POOLSIM_RUN_DIRECT_ACCESS_H

#include "host/plane.h"
#include "run/build.h"

struct direct_access {
    struct model *model;
    struct plane *plane; /* set after plane_new */
};

/* @self must not move. Returns what plane_params.io is to be. */
struct plane_io direct_access_init(struct direct_access *self, struct model *model);

/* A configuration request of @host's CPU, done now; the status of its completion. */
enum tlp_status direct_access_config(struct model *model, uint32_t host,
                                     const struct cfg_request *access, uint32_t *value);

#endif
