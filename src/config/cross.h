/* cross.h - rules between fields: what single values cannot show. Each broken rule is an error at
 * the field that the person would change, and says what would be right. */
#ifndef POOLSIM_CONFIG_CROSS_H
#define POOLSIM_CONFIG_CROSS_H

#include "config/load.h"

/* Runs when all references are resolved and before VFs are lent: run, payloads, credits, switches,
 * kinds. */
bool cross_check_parts(const struct loader *loader);
/* Runs when VFs are lent and workloads have their functions. */
bool cross_check_traffic(const struct loader *loader);

#endif
