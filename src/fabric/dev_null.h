/* dev_null.h - the device that does nothing by itself: its registers take any write, and its DMA is
 * what workloads ask of endpoint_dma. It tests the fabric alone. */
#ifndef POOLSIM_FABRIC_DEV_NULL_H
#define POOLSIM_FABRIC_DEV_NULL_H

#include "fabric/endpoint.h"

extern const struct device_ops dev_null_ops;

#endif
