/* origin.h - what a private copy of a pooled device stands for. A copy has some of the original's
 * VFs under numbers of its own from 0 on, and remembers the original's names and numbers: selectors
 * of workloads go by them, and so do random streams and shares of a load, so that each function has
 * the same traffic as in the pool. A device that is no copy stands for itself. */
#ifndef POOLSIM_CONFIG_ORIGIN_H
#define POOLSIM_CONFIG_ORIGIN_H

#include "config/config.h"

/* The name of the device that @device stands for. */
const char *origin_device(const struct cfg_device *device);

/* The name that host @host had where VFs of @device were lent to it. */
const char *origin_host(const struct config *config, const struct cfg_device *device,
                        uint32_t host);

/* The number that VF @vf of @device has there. */
uint32_t origin_vf(const struct cfg_device *device, uint32_t vf);

/* "0..3, 8" for the @n ascending numbers @vf; returns owned. */
char *origin_format_vfs(const uint16_t *vf, uint32_t n);

/* The reverse; false unless @text lists exactly @n ascending numbers below 256. */
bool origin_parse_vfs(const char *text, uint32_t n, uint16_t *out_vf);

#endif
