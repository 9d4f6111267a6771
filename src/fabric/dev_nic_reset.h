/* dev_nic_reset.h - what a reset of one of its functions leaves of a NIC: nothing of that function
 * but its count of resets and what is under way to it as events. */
#ifndef POOLSIM_FABRIC_DEV_NIC_RESET_H
#define POOLSIM_FABRIC_DEV_NIC_RESET_H

#include "fabric/dev_nic.h"

/* Fails every frame of @function and empties its rings. All its reads have ended by now, and all
 * writes that were not issued, so what is in front of the transmit line has its data. The engines
 * may have room again: the caller pumps them. */
void dev_nic_forget(struct dev_nic *nic, uint32_t function);

#endif
