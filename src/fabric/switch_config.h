/* switch_config.h - configuration, messages and I/O in the switch, as each host may see it (paper
 * Fig. 3, 6, 7; pool/classify.h has the table).
 * A configuration request of a host goes through the host's private virtual switch: a
 * struct hierarchy that hangs on its link, with the management endpoint, the upstream bridge and a
 * downstream bridge for each device that the host owns or is lent functions of. Bridges and
 * management endpoint answer themselves. What is behind the bridge to an owned device passes
 * unchanged, unless it is a VF that is lent away (UR). Behind the others there are emulated
 * functions (pool/cfg_emu.h): the shadow answers, or the request goes on to the VF under a proxy
 * tag, with the Owner's number and in the switch's own name, so that its completion is told from
 * those of the Owner's and the Users' requests by the requester ID; it comes back re-headed.
 *
 * What the switch answers itself takes emulation_cycles behind the pipeline; a host port has
 * one such request at work at a time. When no proxy tag is free the answer is CRS: try again.
 * The switch's own requests have tags from PROXY_TAGS_MOST on, one per VF, and wait for none.
 * Requires live tables (switch_set_live), but for a switch of a cascade, which has no views and
 * passes the Owner's requests on. */
#ifndef POOLSIM_FABRIC_SWITCH_CONFIG_H
#define POOLSIM_FABRIC_SWITCH_CONFIG_H

#include "fabric/switch.h"
#include "pcie/hierarchy.h"
#include "pool/assignment.h"
#include "pool/cfg_emu.h"
#include "pool/proxy_tag.h"

/* The VF behind an emulated function. */
struct switch_vf {
    uint16_t owner_rid;
    uint32_t function;                  /* its index in the pool */
    uint32_t first_range;               /* its CFGSPACE_BARS entries of the host port's addr_map */
    uint64_t owner_base[CFGSPACE_BARS]; /* its ranges in the Owner's domain */
};

/* What a virtual downstream bridge leads to; its index is the leaf's name in the hierarchy. */
enum switch_contain { /* what sets off containment by itself */
                      SWITCH_CONTAIN_NEVER,
                      SWITCH_CONTAIN_FATAL,   /* ERR_FATAL from behind the bridge */
                      SWITCH_CONTAIN_NONFATAL /* and ERR_NONFATAL */
};

struct switch_branch {
    uint16_t port;         /* of the switch */
    uint16_t contained_by; /* the RID, as the host knows it, whose error did it */
    uint8_t contain_on;    /* enum switch_contain */
    bool contained;        /* cut off (switch_fault.h) */
    bool owned;            /* the host owns the device; otherwise it has functions lent: */
    uint32_t n_functions;
    uint32_t most_functions;   /* that there may be */
    struct cfg_emu *functions; /* by their number in the slot */
    struct switch_vf *vfs;     /* of each */
};

struct switch_view { /* of one host port */
    struct hierarchy hierarchy;
    struct switch_branch *branches;
    uint32_t n_branches;
    uint64_t emulator_free_cycle;
};

/* Look-up of a configuration or I/O request or a message; see switch_look_up. */
enum switch_outcome switch_config_look_up(struct pcie_switch *sw, uint32_t ingress,
                                          struct tlp *tlp);
/* Completions whose requester is the switch itself: finds who asked. False: drop it. Otherwise
 * *out_ends: it was the switch's own request, and ends here. */
bool switch_config_rehead(struct pcie_switch *sw, uint32_t ingress, struct tlp *tlp,
                          bool *out_ends);
/* The cycle in which the emulator of @ingress, busy from @ready on, has its answer. */
uint64_t switch_config_answer_cycle(struct pcie_switch *sw, uint32_t ingress, uint64_t ready);
/* A posted request of the switch's own has ended. */
void switch_config_on_own_done(void *self, uint32_t at, struct request *request);
void switch_config_on_ready(struct pcie_switch *sw, const struct event *event);

/* What a write of a register of the private switch asks for: @effects of pcie/cfgspace.h. */
void switch_config_act(struct pcie_switch *sw, uint32_t ingress,
                       const struct hierarchy_target *target, unsigned effects);
/* The shadow's part of a write to an emulated function, @value in the lanes of its dword. */
void switch_config_shadow_write(struct pcie_switch *sw, uint32_t host_port, uint32_t branch,
                                uint32_t function, uint16_t dw, uint32_t value,
                                uint8_t byte_enables);
/* Routes the host's owned branches by the registers of their bridges: the table `owner` of the
 * port. Call it after changing the registers otherwise than by requests. */
void switch_config_route(struct pcie_switch *sw, uint32_t host_port);
/* Sends the interrupt of a bridge (its MSI capability says where to); nothing if it may not. */
void switch_config_interrupt(struct pcie_switch *sw, uint32_t host_port, uint32_t function);
/* Resets the VF of a branch's emulated function: the shadow answers CRS until flr_ps have passed,
 * and the VF gets its FLR by a configuration write of the switch's own. */
void switch_config_flr(struct pcie_switch *sw, uint32_t host_port, uint32_t branch,
                       uint32_t function);
/* The same of a VF that is behind no branch: number @function of the pool, at device port @port. */
void switch_config_flr_vf(struct pcie_switch *sw, uint16_t port, uint16_t owner_rid,
                          uint32_t function, const struct cfgspace_layout *vf);
/* Turns Bus Master of such a VF off, so that it asks for nothing new: of the command register a VF
 * has no other bit (SR-IOV 3.4.1.3). */
void switch_config_quiesce_vf(struct pcie_switch *sw, uint16_t port, uint16_t owner_rid,
                              uint32_t function);
/* The User's ranges of an emulated function anew into addr_map. */
void switch_config_map(struct pcie_switch *sw, uint32_t host_port, uint32_t branch,
                       uint32_t function);

#endif
