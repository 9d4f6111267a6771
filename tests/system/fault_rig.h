/* fault_rig.h - a pooled device for tests of what breaks: an Owner, two Users, a multi-root switch
 * and an SR-IOV device with four VFs, enumerated and lent by hand through the root complexes. VF 0
 * and 1 are User 1's functions 0 and 1, VF 2 is User 2's function 0, VF 3 is the Owner's. Every
 * port's link is watched. All waits have time-outs, and each slot interrupts its host. */
#ifndef POOLSIM_SYSTEM_FAULT_RIG_H
#define POOLSIM_SYSTEM_FAULT_RIG_H

#include "fabric/endpoint_config.h"
#include "fabric/fault.h"
#include "fabric/switch_config.h"
#include "fabric/switch_fault.h"
#include "pcie/preset.h"

enum { RIG_OWNER, RIG_USER1, RIG_USER2, RIG_HOSTS, RIG_DEVICE = RIG_HOSTS, RIG_PORTS };
enum { RIG_VFS = 4, RIG_PF = RIG_VFS, RIG_SLOT = 2, RIG_RESULTS = 1 << 14 };
enum { RIG_CPU_TIMEOUT_PS = 50000000, RIG_DEVICE_TIMEOUT_PS = 30000000, RIG_FLR_PS = 3000000 };
enum { RIG_ROOT_PORT = 0x08, RIG_DOWNSTREAM_RID = 0x200, RIG_PF_RID = 0x300, RIG_VF0_RID = 0x480 };
#define RIG_OWNER_BAR UINT64_C(0xe0000000) /* of VF 0; VF i's is i * RIG_BAR_BYTES behind it */
#define RIG_USER_BAR  UINT64_C(0xf0000000) /* of a User's function 0, and so on */
enum { RIG_BAR_BYTES = 1 << 14 };

struct fault_rig_host {
    struct root_complex rc;
    struct hierarchy bus0;
    struct hierarchy_function bus0_functions[2];
    struct switch_view view;
    struct hierarchy_function view_functions[3];
    struct switch_branch branch;
    struct cfg_emu emus[2];
    struct switch_vf vfs[2];
    uint32_t messages, interrupts;
    uint16_t message_from;
    uint8_t message_code;
    uint64_t interrupt_ps; /* of the last one */
};

struct fault_rig_result {
    bool done;
    enum tlp_status status;
    uint32_t value;
    uint64_t born_ps, done_ps;
};

struct fault_rig {
    struct sim sim;
    struct fabric fabric;
    struct link_params params;
    struct link up[RIG_PORTS], down[RIG_PORTS]; /* to and from the switch */
    struct pcie_switch sw;
    struct fault_rig_host hosts[RIG_HOSTS];
    struct endpoint ep;
    struct faults faults;
    struct fault_link fault_links[RIG_PORTS]; /* by port */
    struct route route;
    struct route_window windows[4];
    struct cfg_emu_model model;
    struct assignment assignments[RIG_VFS];
    struct assignment_table table;
    struct dist memory_read;
    struct cfgspace_layout layouts[PRESET_COUNT];
    unsigned features;
    struct request_owner owner, interrupt_owner;
    struct fault_rig_result results[RIG_RESULTS];
    uint32_t n_results;
    void *memory[64];
    uint32_t n_memory;
};

extern struct fault_rig rig;

enum rig_feature {
    RIG_WATCHED = 1 /* the links are */,
    RIG_DPC = 2 /* slots have the capability */
};
/* Booted, lent, enumerated, with a set of features. */
void rig_boot(unsigned features);
/* What User @host does when it finds its functions (again), and the Owner its device. */
void rig_enumerate_user(uint32_t host);
void rig_enumerate_owner(void);
/* Runs to the end, checks that nothing is left anywhere, frees. */
void rig_end(void);
void rig_run_for(uint64_t ps);

/* ---- one access, begun: its result's number ---- */
uint32_t rig_begin_config(uint32_t host, enum request_kind kind, uint16_t bdf, unsigned offset,
                          uint32_t bytes, uint32_t value);
uint32_t rig_begin_memory(uint32_t host, enum request_kind kind, uint64_t address);
uint32_t rig_begin_dma(uint32_t function, enum request_kind kind, uint32_t bytes);
/* Waits for its end. */
const struct fault_rig_result *rig_wait(uint32_t result);
/* Begins and waits. */
enum tlp_status rig_config(uint32_t host, enum request_kind kind, uint16_t bdf, unsigned offset,
                           uint32_t bytes, uint32_t value);
uint32_t rig_read(uint32_t host, uint16_t bdf, unsigned offset, uint32_t bytes);
void rig_write(uint32_t host, uint16_t bdf, unsigned offset, uint32_t bytes, uint32_t value);
enum tlp_status rig_memory(uint32_t host, enum request_kind kind, uint64_t address);
enum tlp_status rig_dma(uint32_t function, enum request_kind kind);

const struct cfgspace_layout *rig_layout(enum preset preset);
/* The registers of a host's slot. */
struct cfgspace *rig_slot(uint32_t host);

#endif
