/* cap_sriov.h - Single Root I/O Virtualization (SR-IOV 1.1, 3.3): the capability of a physical
 * function, and where its virtual functions are.
 * NumVFs, System Page Size and ARI Capable Hierarchy are locked while VF Enable is set. First VF
 * Offset and VF Stride follow ARI Capable Hierarchy. A VF BAR's size is that of one VF's range, at
 * least a system page; VF i's range begins i ranges after the first. */
#ifndef POOLSIM_PCIE_CAP_SRIOV_H
#define POOLSIM_PCIE_CAP_SRIOV_H

#include "pcie/cfgspace_layout.h"

struct cap_sriov_options {
    uint16_t total_vfs;    /* InitialVFs too */
    uint16_t vf_device_id; /* what an emulator shows; the VF itself reads all ones */
    uint32_t page_sizes;   /* Supported Page Sizes: bit n is 2^(12 + n); bit 0 is mandatory */
    uint8_t dependency;    /* Function Dependency Link */
    struct cfgspace_vf_routing routing, ari_routing;
    struct cfgspace_bar_spec bar[CFGSPACE_BARS]; /* one VF's range each */
};

void cap_sriov_add(struct cfgspace_layout *layout, unsigned offset,
                   const struct cap_sriov_options *options);

/* All of these ask the physical function. */
uint16_t cap_sriov_total_vfs(const struct cfgspace *pf);
uint16_t cap_sriov_num_vfs(const struct cfgspace *pf);
bool cap_sriov_enabled(const struct cfgspace *pf);        /* VF Enable */
bool cap_sriov_memory_enabled(const struct cfgspace *pf); /* VF Enable and VF MSE: ranges decode */
/* Requester ID of VF @i, counted from 0, of a PF at @pf_rid. */
uint16_t cap_sriov_vf_rid(const struct cfgspace *pf, uint16_t pf_rid, unsigned i);
/* The VF at @rid, or -1 when @rid is none of the NumVFs first ones. */
int cap_sriov_vf_of_rid(const struct cfgspace *pf, uint16_t pf_rid, uint16_t rid);
/* Bytes of one VF's range of VF BAR @n with the system page size as it is; 0: no such BAR. */
uint64_t cap_sriov_vf_bar_bytes(const struct cfgspace *pf, unsigned n);
/* Address of VF @i's range of VF BAR @n; 0 when there is no such BAR or it is not set. */
uint64_t cap_sriov_vf_bar(const struct cfgspace *pf, unsigned n, unsigned i);
/* Sets the address of VF 0's range, as the hardware (a fast boot) may. */
void cap_sriov_set_vf_bar(struct cfgspace *pf, unsigned n, uint64_t address);

/* cfgspace_write's part: the bits that software may write at this instant, what follows from a
 * write of a doubleword of the capability that was @old. */
uint32_t cap_sriov_unlocked(const struct cfgspace *pf, unsigned offset);
unsigned cap_sriov_on_write(struct cfgspace *pf, unsigned offset, uint32_t old);

#endif
