/* endpoint_config.h - the configuration spaces of a device's functions, and what hangs on them:
 * requester IDs, BARs, bus mastering, MSI-X, resets, error reports (Base Spec 7; SR-IOV 3).
 * A configuration request comes from endpoint.c (EV_CONFIG) and becomes its completion here, which
 * goes to port_submit.
 *
 * The functions are a hierarchy (pcie/hierarchy.h) that hangs on the device's link: it takes its
 * bus number from Type 0 writes (2.2.6.2); the PF is function 0 of it, VF i stands where the PF's
 * SR-IOV capability says, if need be on a later bus, where Type 1 requests reach it. A function
 * answers CRS until it is ready after VF Enable or FLR (2.3.1); a function that is not there, UR.
 * The four bytes of data travel in the request (fabric/request.h: value).
 *
 * Optional: 65,536 VFs whose numbers and addresses are fixed do without. */
#ifndef POOLSIM_FABRIC_ENDPOINT_CONFIG_H
#define POOLSIM_FABRIC_ENDPOINT_CONFIG_H

#include "fabric/endpoint.h"
#include "pcie/hierarchy.h"

struct endpoint_config_params {
    const struct cfgspace_layout *pf; /* with an SR-IOV capability when there are VFs; borrowed */
    const struct cfgspace_layout *vf; /* NULL: none */
    uint64_t config_read_ps;          /* arrival of a configuration request to its completion */
    uint64_t flr_ps;                  /* FLR to ready */
    uint64_t vf_ready_ps;             /* VF Enable to ready */
};

struct endpoint_msix_entry {
    uint64_t address;
    uint32_t data;
    uint32_t control; /* bit 0: masked */
};

struct endpoint_config_function {
    uint64_t ready_ps; /* CRS before */
    struct endpoint_msix_entry *msix;
};

struct endpoint_config {
    struct endpoint_config_params params;
    struct hierarchy tree; /* the PF and its VFs */
    struct hierarchy_function pf;
    struct cfgspace *vfs;
    uint32_t n_vfs;                             /* that the device can have */
    struct endpoint_config_function *functions; /* VF 0.., then the PF */
    struct request_owner message_owner;
};

size_t endpoint_config_memory_bytes(const struct endpoint_config_params *params,
                                    uint32_t n_functions);
/* Before endpoint_init, whose params.config is the result. @memory: zeroed, aligned to 64 bytes. */
struct endpoint_config *endpoint_config_init(void *memory,
                                             const struct endpoint_config_params *params,
                                             uint32_t n_functions);

/* The configuration space of function @f (VF 0.., then the PF), for a fast boot and for reports. */
struct cfgspace *endpoint_config_space(const struct endpoint *ep, uint32_t f);
/* Takes requester IDs from the bus that was captured and the SR-IOV capability: by itself after
 * requests, by hand after a fast boot. */
void endpoint_config_update_rids(struct endpoint *ep);

/* What a configuration request that arrives now does to the device, *value being what is read or
 * written; the status of its completion. */
enum tlp_status endpoint_config_access(struct endpoint *ep, const struct cfg_request *access,
                                       uint32_t *value);
/* Answers the configuration request @index, now. */
void endpoint_config_answer(struct endpoint *ep, uint32_t index);

/* Where an address of the Owner's domain leads. */
struct endpoint_place {
    uint32_t function; /* n_functions: nowhere */
    unsigned bar;
    uint64_t offset; /* in the BAR's range of this function */
};
struct endpoint_place endpoint_config_decode(const struct endpoint *ep, uint64_t address);

/* Entries of the function's MSI-X table; 0: it has none. */
uint32_t endpoint_config_vectors(const struct cfgspace *space);
/* MMIO of the MSI-X table; false if the place is not in it. */
bool endpoint_config_write_msix(const struct endpoint *ep, const struct endpoint_place *place,
                                uint32_t value);
bool endpoint_config_read_msix(const struct endpoint *ep, const struct endpoint_place *place,
                               uint32_t *out_value);
/* Where vector 0 of the function is written to; false when MSI-X does not let it out. */
bool endpoint_config_interrupt(const struct endpoint *ep, uint32_t f, uint64_t *out_address);
bool endpoint_config_is_master(const struct endpoint *ep, uint32_t f);

/* FLR of function @f, by a configuration write or by the switch's hand; of the PF it takes the VFs
 * along. Everything under way of it is aborted, the registers are as after reset. */
void endpoint_config_reset(struct endpoint *ep, uint32_t f);
/* Link down or hot reset: all functions, and the bus number is forgotten. */
void endpoint_config_hot_reset(struct endpoint *ep);

/* Function @f has met an error: logs @status (PCI_ERR_UNC_...) in AER and Device Status, and sends
 * ERR_NONFATAL or ERR_FATAL as the masks, severities and enables of the PF say (6.2; SR-IOV 3.5.4,
 * 4.2.2.2). */
void endpoint_config_error(struct endpoint *ep, uint32_t f, uint32_t status);

#endif
