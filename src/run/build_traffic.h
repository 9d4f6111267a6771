/* build_traffic.h - the part of model_build that concerns devices' kinds, drivers and workloads. */
#ifndef POOLSIM_RUN_BUILD_TRAFFIC_H
#define POOLSIM_RUN_BUILD_TRAFFIC_H

#include "run/build.h"

/* Sets params->ops and params->device for device @d. */
void model_make_device_kind(struct model *model, uint32_t d, struct endpoint_params *params);
/* Makes every flow of every workload. Fails when a trace cannot be read. */
bool model_make_traffic(struct model *model, struct err *err);
/* Flow @number uses its function's driver from now on, if it needs one. */
void model_attach(struct model *model, uint32_t number);
/* The host lets go of the function, whose flows are paused. */
void model_detach(struct model *model, uint32_t device, uint16_t function);
void model_free_traffic(struct model *model);

#endif
