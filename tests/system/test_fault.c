/* What breaks, and what everybody sees of it: links of the device and of hosts that go down and
 * come back, resets by the Owner with and without containment, errors that set containment off. Who
 * is not concerned notices nothing; whoever waits gets an answer at once or after exactly his
 * time-out; and when all is over nothing is left anywhere. Not pinned: what software does then
 * (test_software.c), and how many TLPs a fault costs. */
#include "fault_rig.h"

#include "../unit/splitmix.h"
#include "pcie/cap_aer.h"
#include "pcie/cap_dpc.h"
#include "pcie/cap_slot.h"

#include <CUnit/CUnit.h>
#include <linux/pci_regs.h>
#include <string.h>

void suite_fault(void);

enum { AT_ONCE_PS = 1000000, NS = 1000, US = 1000000 };

static enum tlp_status user_read(uint32_t host, uint32_t function)
{
    return rig_memory(host, REQUEST_MMIO_READ,
                      RIG_USER_BAR + function * (uint64_t)RIG_BAR_BYTES + 8);
}

static enum tlp_status owner_read(void)
{
    return rig_memory(RIG_OWNER, REQUEST_MMIO_READ, RIG_OWNER_BAR + 3 * RIG_BAR_BYTES + 8);
}

/* All that works in a healthy pool. */
static void everybody_is_served(void)
{
    CU_ASSERT_EQUAL(user_read(RIG_USER1, 0), TLP_SC);
    CU_ASSERT_EQUAL(user_read(RIG_USER1, 1), TLP_SC);
    CU_ASSERT_EQUAL(user_read(RIG_USER2, 0), TLP_SC);
    CU_ASSERT_EQUAL(owner_read(), TLP_SC);
    CU_ASSERT_EQUAL(rig_config(RIG_USER1, REQUEST_CFG_READ, RIG_PF_RID, PCI_COMMAND, 2, 0), TLP_SC);
    for (uint32_t vf = 0; vf < RIG_VFS; vf++) {
        CU_ASSERT_EQUAL(rig_dma(vf, REQUEST_DMA_READ), TLP_SC);
        CU_ASSERT_EQUAL(rig_dma(vf, REQUEST_DMA_WRITE), TLP_SC);
    }
}

/* @status, and it did not take a time-out to come. */
static void ends_at_once(uint32_t result, enum tlp_status status)
{
    const struct fault_rig_result *ended = rig_wait(result);
    CU_ASSERT_EQUAL(ended->status, status);
    CU_ASSERT(ended->done_ps - ended->born_ps < AT_ONCE_PS);
}

static void times_out(uint32_t result)
{
    const struct fault_rig_result *ended = rig_wait(result);
    CU_ASSERT_EQUAL(ended->status, TLP_TIMEOUT);
    CU_ASSERT_EQUAL(ended->done_ps - ended->born_ps, RIG_CPU_TIMEOUT_PS);
}

/* The host's slot shows its link so, and has told it by @interrupts in all. */
static void slot_shows(uint32_t host, bool active, uint32_t interrupts)
{
    const struct cfgspace_layout *layout = rig_layout(PRESET_SWITCH_DOWNSTREAM);
    const struct cfgspace *slot = rig_slot(host);
    rig_run_for(US); /* the error, and the interrupt, arrive */
    uint16_t link = cfgspace_get16(slot, layout->express + PCI_EXP_LNKSTA);
    CU_ASSERT_EQUAL((link & PCI_EXP_LNKSTA_DLLLA) != 0, active);
    CU_ASSERT(cap_slot_present(slot));
    CU_ASSERT_EQUAL(rig.hosts[host].interrupts, interrupts);
}

/* As its driver does when it has been told. */
static void clear_events(uint32_t host)
{
    const unsigned at = rig_layout(PRESET_SWITCH_DOWNSTREAM)->express + PCI_EXP_SLTSTA;
    CU_ASSERT(rig_read(host, RIG_DOWNSTREAM_RID, at, 2) & PCI_EXP_SLTSTA_DLLSC);
    rig_write(host, RIG_DOWNSTREAM_RID, at, 2, PCI_EXP_SLTSTA_DLLSC);
}

/* ---- nothing happens ---- */

enum { MIXED = 400 };

/* Accesses of all kinds, many at a time. */
static void mixed_traffic(void)
{
    uint64_t state = 5;
    for (int i = 0; i < MIXED; i++) {
        const uint32_t user = RIG_USER1 + splitmix_below(&state, 2);
        switch (splitmix_below(&state, 4)) {
        case 0:
            rig_begin_memory(user, REQUEST_MMIO_READ + splitmix_below(&state, 2), RIG_USER_BAR);
            break;
        case 1:
            rig_begin_config(user, REQUEST_CFG_READ, RIG_PF_RID, PCI_COMMAND, 2, 0);
            break;
        default:
            rig_begin_dma(splitmix_below(&state, RIG_VFS),
                          REQUEST_DMA_READ + splitmix_below(&state, 2),
                          64 + splitmix_below(&state, 1000));
        }
        rig_run_for(splitmix_below(&state, 200 * NS));
    }
}

static void a_link_that_is_watched_changes_nothing(void)
{
    static struct fault_rig_result plain[RIG_RESULTS];
    rig_boot(0);
    mixed_traffic();
    rig_end();
    memcpy(plain, rig.results, sizeof plain);
    const uint32_t n = rig.n_results;
    rig_boot(RIG_WATCHED);
    mixed_traffic();
    rig_end();
    CU_ASSERT_EQUAL(n, rig.n_results);
    for (uint32_t i = 0; i < n; i++) {
        CU_ASSERT_EQUAL(rig.results[i].status, plain[i].status);
        CU_ASSERT_EQUAL(rig.results[i].value, plain[i].value);
        CU_ASSERT_EQUAL(rig.results[i].done_ps, plain[i].done_ps);
    }
}

/* ---- the device's link ---- */

static void a_device_that_loses_its_link_is_answered_for(void)
{
    rig_boot(RIG_WATCHED);
    everybody_is_served();
    /* In flight: on the wire, in the switch and at the device. */
    const uint32_t waits = rig_begin_memory(RIG_USER1, REQUEST_MMIO_READ, RIG_USER_BAR);
    const uint32_t config = rig_begin_config(RIG_USER2, REQUEST_CFG_READ, RIG_PF_RID, 4, 2, 0);
    const uint32_t reads = rig_begin_dma(0, REQUEST_DMA_READ, 4096);
    const uint32_t writes = rig_begin_dma(2, REQUEST_DMA_WRITE, 4096);
    rig_run_for(100 * NS);
    fault_link_down(&rig.faults, RIG_DEVICE, false);
    CU_ASSERT_EQUAL(rig_wait(reads)->status, TLP_ABORTED);
    CU_ASSERT_EQUAL(rig_wait(writes)->status, TLP_LOST);
    for (uint32_t h = 0; h < RIG_HOSTS; h++)
        slot_shows(h, false, 1);
    /* New ones. */
    for (uint32_t h = RIG_USER1; h < RIG_HOSTS; h++) {
        ends_at_once(rig_begin_memory(h, REQUEST_MMIO_READ, RIG_USER_BAR), TLP_UR);
        ends_at_once(rig_begin_memory(h, REQUEST_MMIO_WRITE, RIG_USER_BAR), TLP_UR);
        ends_at_once(rig_begin_config(h, REQUEST_CFG_READ, RIG_PF_RID, PCI_VENDOR_ID, 4, 0),
                     TLP_UR);
        CU_ASSERT_EQUAL(rig_read(h, RIG_DOWNSTREAM_RID, PCI_VENDOR_ID, 2), 0x10ee);
        clear_events(h);
    }
    ends_at_once(rig_begin_memory(RIG_OWNER, REQUEST_MMIO_READ, RIG_OWNER_BAR + 3 * RIG_BAR_BYTES),
                 TLP_UR);
    ends_at_once(rig_begin_config(RIG_OWNER, REQUEST_CFG_READ, RIG_PF_RID, 0, 4, 0), TLP_UR);
    CU_ASSERT_EQUAL(rig.sw.blocked,
                    4096 / 256 + 5); /* memory's answers to the DMA read, and these */
    times_out(waits);
    times_out(config);
    CU_ASSERT(rig.fault_links[RIG_DEVICE].lost > 0);

    fault_link_up(&rig.faults, RIG_DEVICE);
    for (uint32_t h = 0; h < RIG_HOSTS; h++) /* the Owner has not cleared the first event */
        slot_shows(h, true, h == RIG_OWNER ? 1 : 2);
    /* The device has been reset. */
    const unsigned sriov = rig_layout(PRESET_82599)->sriov;
    CU_ASSERT_EQUAL(rig_read(RIG_OWNER, RIG_PF_RID, sriov + PCI_SRIOV_CTRL, 2), 0);
    rig_enumerate_owner();
    rig_enumerate_user(RIG_USER1);
    rig_enumerate_user(RIG_USER2);
    everybody_is_served();
    rig_end();
}

/* Of a burst that is on the wire, what has not begun to arrive is lost, to the picosecond. */
static void what_is_on_the_wire_is_lost(void)
{
    enum { BURST = 6, MPS = 256 };
    for (int late = 0; late < 2; late++) {
        rig_boot(RIG_WATCHED);
        const uint64_t ticks = link_ticks(&rig.up[RIG_DEVICE], MPS + 24) * 3;
        const uint64_t third_ps = link_ticks_to_ps(ticks) + rig.params.propagation_ps;
        const struct root_complex *rc = &rig.hosts[RIG_USER2].rc;
        const uint64_t begin_ps = rig.sim.now_ps, writes = rc->writes;
        const uint32_t burst = rig_begin_dma(2, REQUEST_DMA_WRITE, BURST * MPS);
        /* The fourth begins when the third ends. */
        CU_ASSERT_EQUAL(sim_run(&rig.sim, begin_ps + third_ps + (late ? 1 : 0)), SIM_TIME);
        fault_link_down(&rig.faults, RIG_DEVICE, false);
        CU_ASSERT_EQUAL(rig_wait(burst)->status, TLP_LOST);
        rig_run_for(US);
        CU_ASSERT_EQUAL(rc->writes, writes + (late ? 4 : 3));
        CU_ASSERT_EQUAL(rig.fault_links[RIG_DEVICE].lost, late ? 2 : 3);
        rig_end();
    }
}

/* Whatever is where when the link breaks: the wait ends, and nothing is left. */
static void a_link_may_break_at_any_time(void)
{
    for (uint32_t ns = 0; ns < 900; ns += 7) {
        rig_boot(RIG_WATCHED);
        rig_begin_memory(RIG_USER1, REQUEST_MMIO_READ, RIG_USER_BAR);
        rig_begin_memory(RIG_USER1, REQUEST_MMIO_WRITE, RIG_USER_BAR);
        rig_begin_config(RIG_USER1, REQUEST_CFG_WRITE, RIG_PF_RID + 1, PCI_COMMAND, 2, 6);
        rig_begin_config(RIG_USER2, REQUEST_CFG_READ, RIG_PF_RID, PCI_COMMAND, 2, 0);
        for (uint32_t vf = 0; vf < RIG_VFS; vf++) {
            rig_begin_dma(vf, REQUEST_DMA_READ, 1024);
            rig_begin_dma(vf, REQUEST_DMA_WRITE, 1024);
        }
        rig_run_for(ns * UINT64_C(1000));
        const uint32_t number = ns % RIG_PORTS;
        fault_link_down(&rig.faults, number, false);
        rig_run_for(100 * US);
        fault_link_up(&rig.faults, number);
        if (number == RIG_DEVICE || number == RIG_OWNER)
            rig_enumerate_owner();
        rig_enumerate_user(RIG_USER1);
        rig_enumerate_user(RIG_USER2);
        rig_run_for(100 * US);
        everybody_is_served();
        rig_end();
    }
}

/* ---- a host's link ---- */

static void a_host_that_loses_its_link_troubles_nobody_else(void)
{
    rig_boot(RIG_WATCHED);
    const uint32_t waits = rig_begin_memory(RIG_USER2, REQUEST_MMIO_READ, RIG_USER_BAR);
    rig_run_for(100 * NS);
    fault_link_down(&rig.faults, RIG_USER2, false);
    /* Its VF reads on until its reset has arrived. */
    ends_at_once(rig_begin_dma(2, REQUEST_DMA_READ, 64), TLP_UR);
    struct root_complex *rc = &rig.hosts[RIG_USER2].rc;
    ends_at_once(rig_begin_memory(RIG_USER2, REQUEST_MMIO_READ, RIG_USER_BAR), TLP_UR);
    ends_at_once(rig_begin_memory(RIG_USER2, REQUEST_MMIO_WRITE, RIG_USER_BAR), TLP_UR);
    ends_at_once(rig_begin_config(RIG_USER2, REQUEST_CFG_READ, RIG_PF_RID, 0, 4, 0), TLP_UR);
    CU_ASSERT_EQUAL(rc->cut_off, 3);
    CU_ASSERT_EQUAL(rig_read(RIG_USER2, RIG_ROOT_PORT, PCI_VENDOR_ID, 2), 0x8086);
    const unsigned express = rig_layout(PRESET_ROOT_PORT)->express;
    CU_ASSERT_FALSE(rig_read(RIG_USER2, RIG_ROOT_PORT, express + PCI_EXP_LNKSTA, 2) &
                    PCI_EXP_LNKSTA_DLLLA);
    CU_ASSERT(rig_read(RIG_USER2, RIG_ROOT_PORT, express + PCI_EXP_SLTSTA, 2) &
              PCI_EXP_SLTSTA_DLLSC);
    times_out(waits);
    CU_ASSERT_FALSE(cfgspace_bus_master(endpoint_config_space(&rig.ep, 2)));
    /* The others. */
    for (uint32_t vf = 0; vf < 2; vf++) {
        CU_ASSERT_EQUAL(user_read(RIG_USER1, vf), TLP_SC);
        CU_ASSERT_EQUAL(rig_dma(vf, REQUEST_DMA_READ), TLP_SC);
        CU_ASSERT(cfgspace_bus_master(endpoint_config_space(&rig.ep, vf)));
    }
    CU_ASSERT_EQUAL(owner_read(), TLP_SC);
    slot_shows(RIG_USER1, true, 0);
    slot_shows(RIG_OWNER, true, 0);

    fault_link_up(&rig.faults, RIG_USER2);
    CU_ASSERT_EQUAL(user_read(RIG_USER2, 0), TLP_UR); /* its bridges have been reset */
    rig_enumerate_user(RIG_USER2);
    everybody_is_served();
    rig_end();
}

/* ---- the Owner's reset ---- */

static void without_containment_users_time_out(void)
{
    rig_boot(RIG_WATCHED);
    fault_owner_reset(&rig.faults, &rig.sw, RIG_OWNER, false);
    const uint32_t read = rig_begin_memory(RIG_USER1, REQUEST_MMIO_READ, RIG_USER_BAR);
    const uint32_t config =
        rig_begin_config(RIG_USER2, REQUEST_CFG_READ, RIG_PF_RID, PCI_COMMAND, 2, 0);
    const uint32_t write = rig_begin_memory(RIG_USER1, REQUEST_MMIO_WRITE, RIG_USER_BAR);
    slot_shows(RIG_USER1, true, 0);
    CU_ASSERT_EQUAL(rig_wait(write)->status, TLP_LOST);
    times_out(read);
    times_out(config);
    fault_owner_ready(&rig.faults, &rig.sw, RIG_OWNER);
    /* The device answers again, and has no VFs: it answers for itself, which is to its Owner, and
     * the switch never sees the answer that it counts on. */
    const uint64_t misdirected = rig.ep.misdirected;
    times_out(rig_begin_memory(RIG_USER1, REQUEST_MMIO_READ, RIG_USER_BAR));
    CU_ASSERT_EQUAL(rig.ep.misdirected, misdirected + 1);
    CU_ASSERT_EQUAL(rig.hosts[RIG_OWNER].rc.unexpected, 1);
    assignment_forget(&rig.table, 0); /* as a manager without patience */
    CU_ASSERT_EQUAL(rig_config(RIG_USER1, REQUEST_CFG_READ, RIG_PF_RID, PCI_COMMAND, 2, 0), TLP_UR);
    CU_ASSERT_EQUAL(rig_config(RIG_OWNER, REQUEST_CFG_READ, RIG_PF_RID, 0, 4, 0), TLP_UR);
    slot_shows(RIG_USER1, true, 0);
    rig_enumerate_owner();
    /* Users' accesses pass again before they know that anything was wrong; DMA does not. */
    CU_ASSERT_EQUAL(user_read(RIG_USER1, 0), TLP_SC);
    CU_ASSERT_FALSE(cfgspace_bus_master(endpoint_config_space(&rig.ep, 0)));
    rig_enumerate_user(RIG_USER1);
    rig_enumerate_user(RIG_USER2);
    everybody_is_served();
    rig_end();
}

static void with_containment_users_know_at_once(void)
{
    rig_boot(RIG_WATCHED);
    fault_owner_reset(&rig.faults, &rig.sw, RIG_OWNER, true);
    CU_ASSERT_EQUAL(rig.sw.contained, 2);
    for (uint32_t h = RIG_USER1; h < RIG_HOSTS; h++) {
        slot_shows(h, false, 1);
        ends_at_once(rig_begin_memory(h, REQUEST_MMIO_READ, RIG_USER_BAR), TLP_UR);
        ends_at_once(rig_begin_config(h, REQUEST_CFG_READ, RIG_PF_RID, PCI_VENDOR_ID, 4, 0),
                     TLP_UR);
        clear_events(h);
    }
    /* The Owner's business goes on behind that. */
    fault_owner_ready(&rig.faults, &rig.sw, RIG_OWNER);
    rig_enumerate_owner();
    CU_ASSERT_EQUAL(owner_read(), TLP_SC);
    ends_at_once(rig_begin_memory(RIG_USER1, REQUEST_MMIO_READ, RIG_USER_BAR), TLP_UR);
    switch_fault_contain(&rig.sw, RIG_USER1, 0, false);
    slot_shows(RIG_USER1, true, 2);
    slot_shows(RIG_USER2, false, 1);
    rig_enumerate_user(RIG_USER1);
    CU_ASSERT_EQUAL(user_read(RIG_USER1, 0), TLP_SC);
    ends_at_once(rig_begin_memory(RIG_USER2, REQUEST_MMIO_READ, RIG_USER_BAR), TLP_UR);
    switch_fault_contain_users(&rig.sw, RIG_DEVICE, false);
    rig_enumerate_user(RIG_USER2);
    everybody_is_served();
    rig_end();
}

/* ---- errors ---- */

static void set_error_reporting(uint16_t enables, bool fatal)
{
    const struct cfgspace_layout *pf = rig_layout(PRESET_82599);
    rig_write(RIG_OWNER, RIG_PF_RID, pf->express + PCI_EXP_DEVCTL, 2, enables);
    rig_write(RIG_OWNER, RIG_PF_RID, pf->aer + PCI_ERR_UNCOR_SEVER, 4,
              CAP_AER_SEVERITY | (fatal ? PCI_ERR_UNC_COMP_TIME : 0));
}

static void a_fatal_error_cuts_off_its_users_slot(void)
{
    rig_boot(RIG_WATCHED);
    struct fault_rig_host *user = &rig.hosts[RIG_USER1];
    user->branch.contain_on = SWITCH_CONTAIN_FATAL;
    set_error_reporting(PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE, false);
    endpoint_config_error(&rig.ep, 1, PCI_ERR_UNC_COMP_TIME);
    rig_run_for(US);
    CU_ASSERT_EQUAL(user->messages, 1);
    CU_ASSERT_EQUAL(user->message_code, MESSAGE_ERR_NONFATAL);
    CU_ASSERT_EQUAL(user->message_from, RIG_PF_RID + 1);
    CU_ASSERT_FALSE(user->branch.contained);

    set_error_reporting(PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE, true);
    endpoint_config_error(&rig.ep, 1, PCI_ERR_UNC_COMP_TIME);
    slot_shows(RIG_USER1, false, 1);
    CU_ASSERT_EQUAL(user->messages, 1); /* this one ended at the slot */
    CU_ASSERT_EQUAL(user->branch.contained_by, RIG_PF_RID + 1);
    for (uint32_t f = 0; f < 2; f++) {
        ends_at_once(
            rig_begin_memory(RIG_USER1, REQUEST_MMIO_READ, RIG_USER_BAR + f * RIG_BAR_BYTES),
            TLP_UR);
        ends_at_once(rig_begin_dma(f, REQUEST_DMA_READ, 64), TLP_UR);
        ends_at_once(rig_begin_dma(f, REQUEST_DMA_WRITE, 64), TLP_UR);
    }
    CU_ASSERT_EQUAL(user_read(RIG_USER2, 0), TLP_SC);
    CU_ASSERT_EQUAL(rig_dma(2, REQUEST_DMA_READ), TLP_SC);
    CU_ASSERT_EQUAL(owner_read(), TLP_SC);
    slot_shows(RIG_USER2, true, 0);
    clear_events(RIG_USER1);
    switch_fault_contain(&rig.sw, RIG_USER1, 0, false);
    slot_shows(RIG_USER1, true, 2);
    everybody_is_served();

    /* Where nothing is to be contained, a fatal error passes. */
    user->branch.contain_on = SWITCH_CONTAIN_NEVER;
    endpoint_config_error(&rig.ep, 0, PCI_ERR_UNC_COMP_TIME);
    rig_run_for(US);
    CU_ASSERT_EQUAL(user->messages, 2);
    CU_ASSERT_EQUAL(user->message_code, MESSAGE_ERR_FATAL);
    CU_ASSERT_EQUAL(rig.hosts[RIG_OWNER].messages + rig.hosts[RIG_USER2].messages, 0);
    rig_end();
}

/* The same by the slot's own capability, which software sees and rules. */
static void software_rules_containment(void)
{
    enum { RELEASED_BY_WRITING = PCI_EXP_DPC_STATUS_TRIGGER | PCI_EXP_DPC_STATUS_INTERRUPT };
    enum { ANSWER_UR = 4, TRIGGER = 0x40 };
    rig_boot(RIG_WATCHED | RIG_DPC);
    const uint16_t slot = RIG_DOWNSTREAM_RID;
    const unsigned dpc = rig_layout(PRESET_SWITCH_DOWNSTREAM)->dpc;
    const unsigned control = dpc + PCI_EXP_DPC_CTL, status = dpc + PCI_EXP_DPC_STATUS;
    set_error_reporting(PCI_EXP_DEVCTL_FERE, true);
    rig_write(RIG_USER1, slot, control, 2, PCI_EXP_DPC_CTL_EN_FATAL | PCI_EXP_DPC_CTL_INT_EN);
    endpoint_config_error(&rig.ep, 1, PCI_ERR_UNC_COMP_TIME);
    endpoint_config_error(&rig.ep, 2, PCI_ERR_UNC_COMP_TIME);
    slot_shows(RIG_USER1, false, 2); /* of the link and of the containment */
    slot_shows(RIG_USER2, true, 0);  /* which has not enabled it */
    CU_ASSERT_EQUAL(rig.hosts[RIG_USER2].messages, 1);
    CU_ASSERT_EQUAL(rig_read(RIG_USER1, slot, status, 4),
                    PCI_EXP_DPC_STATUS_TRIGGER | CAP_DPC_FATAL << 1 | PCI_EXP_DPC_STATUS_INTERRUPT |
                        (RIG_PF_RID + 1) << 16);
    ends_at_once(rig_begin_memory(RIG_USER1, REQUEST_MMIO_READ, RIG_USER_BAR), TLP_CA);
    ends_at_once(rig_begin_config(RIG_USER1, REQUEST_CFG_READ, RIG_PF_RID, 0, 4, 0), TLP_CA);
    rig_write(RIG_USER1, slot, control, 2,
              PCI_EXP_DPC_CTL_EN_FATAL | PCI_EXP_DPC_CTL_INT_EN | ANSWER_UR);
    ends_at_once(rig_begin_memory(RIG_USER1, REQUEST_MMIO_READ, RIG_USER_BAR), TLP_UR);
    ends_at_once(rig_begin_config(RIG_USER1, REQUEST_CFG_READ, RIG_PF_RID, 0, 4, 0), TLP_UR);

    clear_events(RIG_USER1);
    rig_write(RIG_USER1, slot, status, 2, RELEASED_BY_WRITING);
    slot_shows(RIG_USER1, true, 3);
    everybody_is_served();
    clear_events(RIG_USER1);
    rig_write(RIG_USER1, slot, control, 2, PCI_EXP_DPC_CTL_EN_FATAL | TRIGGER);
    slot_shows(RIG_USER1, false, 4);
    CU_ASSERT_EQUAL(rig_read(RIG_USER1, slot, status, 2) & 0x67, 0x27);
    ends_at_once(rig_begin_memory(RIG_USER1, REQUEST_MMIO_READ, RIG_USER_BAR), TLP_CA);
    /* The manager's release shows there, too. */
    switch_fault_contain(&rig.sw, RIG_USER1, 0, false);
    CU_ASSERT_FALSE(rig_read(RIG_USER1, slot, status, 2) & PCI_EXP_DPC_STATUS_TRIGGER);
    everybody_is_served();
    rig_end();
}

/* A device's time-out is logged in the function's own status, and told to its host. */
static void a_time_out_is_logged_and_told(void)
{
    rig_boot(RIG_WATCHED);
    const struct cfgspace_layout *vf = rig_layout(PRESET_82599_VF);
    set_error_reporting(PCI_EXP_DEVCTL_NFERE, false);
    const uint32_t read = rig_begin_dma(2, REQUEST_DMA_READ, 64);
    rig_run_for(60 * NS);
    rig.fault_links[RIG_USER2].down = true; /* the wire alone, for a moment */
    rig.fault_links[RIG_USER2].downs++;
    rig_run_for(US);
    rig.fault_links[RIG_USER2].down = false;
    const struct fault_rig_result *ended = rig_wait(read);
    CU_ASSERT_EQUAL(ended->status, TLP_TIMEOUT);
    CU_ASSERT_EQUAL(ended->done_ps - ended->born_ps, RIG_DEVICE_TIMEOUT_PS);
    rig_run_for(US);
    CU_ASSERT_EQUAL(rig.hosts[RIG_USER2].messages, 1);
    CU_ASSERT_EQUAL(rig.hosts[RIG_USER2].message_from, RIG_PF_RID);
    CU_ASSERT_EQUAL(rig_read(RIG_USER2, RIG_PF_RID, vf->aer + PCI_ERR_UNCOR_STATUS, 4),
                    PCI_ERR_UNC_COMP_TIME);
    CU_ASSERT_EQUAL(rig_read(RIG_USER2, RIG_PF_RID, vf->aer + PCI_ERR_CAP, 4) & 0x1f, 14);
    CU_ASSERT(rig_read(RIG_USER2, RIG_PF_RID, vf->express + PCI_EXP_DEVSTA, 2) &
              PCI_EXP_DEVSTA_NFED);
    CU_ASSERT_EQUAL(rig_read(RIG_USER1, RIG_PF_RID, vf->aer + PCI_ERR_UNCOR_STATUS, 4), 0);
    /* The VF's masks are its PF's. */
    rig_write(RIG_OWNER, RIG_PF_RID, rig_layout(PRESET_82599)->aer + PCI_ERR_UNCOR_MASK, 4,
              PCI_ERR_UNC_COMP_TIME);
    endpoint_config_error(&rig.ep, 2, PCI_ERR_UNC_COMP_TIME);
    rig_run_for(US);
    CU_ASSERT_EQUAL(rig.hosts[RIG_USER2].messages, 1);
    /* The read's reply was lost on the way; the count in the switch was not told. */
    assignment_forget(&rig.table, 2);
    rig_end();
}

/* ---- anything at any time ---- */

enum { ROUNDS = 60, PER_ROUND = 40 };

/* Returns the access's result; *out_of_user2: it is User 2's or its VF's. */
static uint32_t random_access(uint64_t *state, bool *out_of_user2)
{
    const uint32_t h = splitmix_below(state, RIG_HOSTS), vf = splitmix_below(state, RIG_VFS);
    const uint32_t is_write = splitmix_below(state, 2);
    const enum request_kind mmio = is_write ? REQUEST_MMIO_WRITE : REQUEST_MMIO_READ;
    *out_of_user2 = h == RIG_USER2;
    if (splitmix_below(state, 3) == 0) {
        *out_of_user2 = vf == 2;
        return rig_begin_dma(vf, is_write ? REQUEST_DMA_WRITE : REQUEST_DMA_READ,
                             64 + splitmix_below(state, 2000));
    }
    if (h == RIG_OWNER)
        return rig_begin_memory(h, mmio, RIG_OWNER_BAR + 3 * RIG_BAR_BYTES);
    if (splitmix_below(state, 2))
        return rig_begin_memory(h, mmio, RIG_USER_BAR);
    return rig_begin_config(h, REQUEST_CFG_READ, RIG_PF_RID, PCI_COMMAND, 2, 0);
}

static void toggle_link(uint32_t port, bool contained)
{
    if (rig.sw.ports[port].down)
        fault_link_up(&rig.faults, port);
    else
        fault_link_down(&rig.faults, port, contained);
}

static void random_fault(uint64_t *state)
{
    const uint32_t port = splitmix_below(state, RIG_PORTS);
    const bool contained = splitmix_below(state, 2);
    switch (splitmix_below(state, 4)) {
    case 0:
        fault_owner_reset(&rig.faults, &rig.sw, RIG_OWNER, contained);
        return;
    case 1:
        switch_fault_contain(&rig.sw, splitmix_below(state, RIG_HOSTS), 0, contained);
        return;
    default:
        toggle_link(port, contained);
    }
}

static void repair_all(void)
{
    for (uint32_t p = 0; p < RIG_PORTS; p++)
        if (rig.sw.ports[p].down)
            fault_link_up(&rig.faults, p);
    fault_owner_ready(&rig.faults, &rig.sw, RIG_OWNER);
    switch_fault_contain_users(&rig.sw, RIG_DEVICE, false);
    switch_fault_contain(&rig.sw, RIG_OWNER, 0, false);
    CU_ASSERT_EQUAL(rig.sw.n_closed, 0);
    rig_run_for(200 * US); /* all that waits has timed out */
    /* A device without VFs may have answered to its Owner what the switch still counts on. */
    for (uint32_t vf = 0; vf < RIG_VFS; vf++)
        assignment_forget(&rig.table, vf);
    rig_enumerate_owner();
    rig_enumerate_user(RIG_USER1);
    rig_enumerate_user(RIG_USER2);
    rig_run_for(100 * US);
}

static void after_any_faults_all_is_well_again(void)
{
    uint64_t state = 3;
    rig_boot(RIG_WATCHED);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < PER_ROUND; i++) {
            bool unused;
            random_access(&state, &unused);
            rig_run_for(splitmix_below(&state, 300 * NS));
            if (splitmix_below(&state, 6) == 0)
                random_fault(&state);
        }
        repair_all();
        everybody_is_served();
    }
    uint32_t ended[256] = {0};
    for (uint32_t i = 0; i < rig.n_results; i++)
        ended[rig.results[i].status]++;
    CU_ASSERT(ended[TLP_SC] > 100 && ended[TLP_UR] > 100 && ended[TLP_TIMEOUT] > 10 &&
              ended[TLP_ABORTED] > 10 && ended[TLP_LOST] > 10);
    rig_end();
}

static void the_faults_of_one_host_are_his_alone(void)
{
    static bool concerned[RIG_RESULTS];
    uint64_t state = 9;
    uint32_t n = 0, failed = 0;
    rig_boot(RIG_WATCHED);
    const uint32_t first = rig.n_results;
    for (int i = 0; i < 20 * PER_ROUND; i++) {
        const uint32_t result = random_access(&state, &concerned[rig.n_results]);
        rig_run_for(splitmix_below(&state, 300 * NS));
        n += !concerned[result];
        if (splitmix_below(&state, 20) == 0)
            toggle_link(RIG_USER2, splitmix_below(&state, 2));
        if (splitmix_below(&state, 20) == 0)
            switch_fault_contain(&rig.sw, RIG_USER2, 0, splitmix_below(&state, 2));
    }
    const uint32_t last = rig.n_results;
    repair_all();
    for (uint32_t i = first; i < last; i++) {
        if (!concerned[i])
            CU_ASSERT_EQUAL(rig.results[i].status, TLP_SC);
        failed += rig.results[i].status != TLP_SC;
    }
    CU_ASSERT(n > 300 && failed > 100);
    everybody_is_served();
    rig_end();
}

void suite_fault(void)
{
    CU_pSuite suite = CU_add_suite("fault", NULL, NULL);

    CU_add_test(suite, "a link that is watched changes nothing",
                a_link_that_is_watched_changes_nothing);
    CU_add_test(suite, "a device that loses its link is answered for",
                a_device_that_loses_its_link_is_answered_for);
    CU_add_test(suite, "what is on the wire is lost", what_is_on_the_wire_is_lost);
    CU_add_test(suite, "a link may break at any time", a_link_may_break_at_any_time);
    CU_add_test(suite, "a host that loses its link troubles nobody else",
                a_host_that_loses_its_link_troubles_nobody_else);
    CU_add_test(suite, "without containment Users time out", without_containment_users_time_out);
    CU_add_test(suite, "with containment Users know at once", with_containment_users_know_at_once);
    CU_add_test(suite, "a fatal error cuts off its User's slot",
                a_fatal_error_cuts_off_its_users_slot);
    CU_add_test(suite, "software rules containment", software_rules_containment);
    CU_add_test(suite, "a time-out is logged and told", a_time_out_is_logged_and_told);
    CU_add_test(suite, "after any faults all is well again", after_any_faults_all_is_well_again);
    CU_add_test(suite, "the faults of one host are his alone",
                the_faults_of_one_host_are_his_alone);
}
