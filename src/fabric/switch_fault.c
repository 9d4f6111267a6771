/* What a TLP meets whose way is closed; the TLP itself stays with switch_lookup.c and
 * switch_config.c. */
#include "fabric/switch_fault.h"

#include "pcie/cap_dpc.h"
#include "pcie/cap_express.h"
#include "pcie/cap_slot.h"

#include <linux/pci_regs.h>

/* ---- who is behind what ---- */

static bool has_function(const struct switch_branch *branch, uint32_t function)
{
    for (uint32_t f = 0; f < branch->n_functions; f++)
        if (branch->functions[f].model && branch->vfs[f].function == function)
            return true;
    return false;
}

/* The host's branch towards the device port; NULL: it has none. */
static struct switch_branch *find_branch(const struct pcie_switch *sw, uint32_t host_port,
                                         uint32_t device_port, bool owned, uint32_t function)
{
    const struct switch_view *view = sw->ports[host_port].tables.view;
    for (uint32_t b = 0; view && b < view->n_branches; b++) {
        struct switch_branch *branch = &view->branches[b];
        if (branch->port == device_port && branch->owned == owned &&
            (owned || has_function(branch, function)))
            return branch;
    }
    return NULL;
}

/* The function that is the branch's bridge; hierarchy.n: it is not in the tree. */
static uint32_t bridge_of(const struct switch_view *view, uint32_t branch)
{
    uint32_t f = 0;
    while (f < view->hierarchy.n && view->hierarchy.functions[f].leaf != branch)
        f++;
    return f;
}

static struct cfgspace *space_of(const struct switch_view *view, uint32_t branch)
{
    uint32_t bridge = bridge_of(view, branch);
    return bridge < view->hierarchy.n ? &view->hierarchy.functions[bridge].space : NULL;
}

/* ---- what hosts see ---- */

/* The bridge's Data Link Layer Link Active follows, and whoever asked for it is interrupted. */
static void show_link(struct pcie_switch *sw, uint32_t host_port, uint32_t branch)
{
    const struct switch_view *view = sw->ports[host_port].tables.view;
    struct cfgspace *space = space_of(view, branch);
    bool active = !switch_fault_closes_branch(sw, &view->branches[branch]);
    if (!space || !cap_express_has_slot(space->layout))
        return;
    /* A slot without a card has no link to lose or to get. */
    if (cap_slot_set_link_active(space, active && cap_slot_present(space)))
        switch_config_interrupt(sw, host_port, bridge_of(view, branch));
}

static void tell(const struct pcie_switch *sw, uint32_t port)
{
    const struct sim *sim = sw->fabric->sim;
    trace_emit(&sim->trace, TR_SWITCH_CLOSED, sw->component.id, port, sim->now_ps, NULL);
}

static void close_or_open(struct pcie_switch *sw, uint32_t port, bool closed)
{
    CHECK(sw->live && (closed || sw->n_closed));
    sw->n_closed += closed ? 1 : UINT32_MAX;
    tell(sw, port);
}

static void set_contained(struct pcie_switch *sw, uint32_t host_port, uint32_t branch,
                          bool contained)
{
    struct switch_branch *b = &sw->ports[host_port].tables.view->branches[branch];
    if (b->contained == contained)
        return;
    b->contained = contained;
    sw->contained += contained;
    close_or_open(sw, host_port, contained);
    show_link(sw, host_port, branch);
}

static void contain(struct pcie_switch *sw, uint32_t host_port, uint32_t branch,
                    enum cap_dpc_reason reason, uint16_t source)
{
    const struct switch_view *view = sw->ports[host_port].tables.view;
    struct cfgspace *space = space_of(view, branch);
    if (space && cap_dpc_trigger(space, reason, source))
        switch_config_interrupt(sw, host_port, bridge_of(view, branch));
    set_contained(sw, host_port, branch, true);
}

void switch_fault_contain(struct pcie_switch *sw, uint32_t host_port, uint32_t branch,
                          bool contained)
{
    struct cfgspace *space = space_of(sw->ports[host_port].tables.view, branch);
    if (contained) {
        contain(sw, host_port, branch, CAP_DPC_SOFTWARE, 0);
        return;
    }
    if (space)
        cap_dpc_release(space);
    set_contained(sw, host_port, branch, false);
}

void switch_fault_on_dpc_write(struct pcie_switch *sw, uint32_t host_port, uint32_t branch,
                               unsigned effects)
{
    const struct cfgspace *space = space_of(sw->ports[host_port].tables.view, branch);
    CHECK(space);
    if (effects & CFGSPACE_DPC_TRIGGER && cap_dpc_enabled(space) != CAP_DPC_OFF)
        contain(sw, host_port, branch, CAP_DPC_SOFTWARE, 0);
    else if (!cap_dpc_is_triggered(space))
        set_contained(sw, host_port, branch, false);
}

void switch_fault_contain_users(struct pcie_switch *sw, uint32_t port, bool contained)
{
    for (uint32_t p = 0; p < sw->n_ports; p++) {
        const struct switch_view *view = sw->ports[p].tables.view;
        for (uint32_t b = 0; view && b < view->n_branches; b++)
            if (view->branches[b].port == port && !view->branches[b].owned)
                switch_fault_contain(sw, p, b, contained);
    }
}

/* ---- resets ---- */

/* Nobody waits any more for what is in flight behind @branch. @was_reset: nor will anything of it
 * come; otherwise the tags of proxied requests stay out of use until it does. */
static void forget_branch(struct pcie_switch *sw, const struct switch_branch *branch,
                          bool was_reset)
{
    struct proxy_tags *proxy = sw->ports[branch->port].tables.proxy;
    for (uint32_t f = 0; f < branch->n_functions; f++) {
        if (!branch->functions[f].model)
            continue;
        uint32_t function = branch->vfs[f].function;
        if (sw->assignments)
            assignment_forget(sw->assignments, function);
        if (!proxy)
            continue;
        proxy_tag_retire_function(proxy, (uint16_t)function);
        if (was_reset)
            proxy_tag_forget_function(proxy, (uint16_t)function);
    }
}

void switch_fault_forget(struct pcie_switch *sw, uint32_t port)
{
    tell(sw, port);
    for (uint32_t p = 0; p < sw->n_ports; p++) {
        const struct switch_view *view = sw->ports[p].tables.view;
        for (uint32_t b = 0; view && b < view->n_branches; b++)
            if (view->branches[b].port == port && !view->branches[b].owned)
                forget_branch(sw, &view->branches[b], true);
    }
}

void switch_fault_reset_view(struct pcie_switch *sw, uint32_t host_port)
{
    struct switch_view *view = sw->ports[host_port].tables.view;
    tell(sw, host_port);
    for (uint32_t f = 0; f < view->hierarchy.n; f++) {
        cfgspace_reset(&view->hierarchy.functions[f].space, CFGSPACE_RESET_HOT);
        view->hierarchy.functions[f].captured_bus = 0;
    }
    switch_config_route(sw, host_port);
    for (uint32_t b = 0; b < view->n_branches; b++) {
        const struct switch_branch *branch = &view->branches[b];
        if (branch->owned)
            continue;
        forget_branch(sw, branch, false);
        for (uint32_t f = 0; f < branch->n_functions; f++)
            if (branch->functions[f].model)
                switch_config_flr(sw, host_port, b, f);
    }
}

void switch_fault_set_port(struct pcie_switch *sw, uint32_t port, bool down)
{
    struct switch_port *self = &sw->ports[port];
    if (self->down == down)
        return;
    self->down = down;
    close_or_open(sw, port, down);
    if (self->tables.view && down)
        switch_fault_reset_view(sw, port);
    if (self->side == SWITCH_DEVICE && down)
        switch_fault_forget(sw, port);
    for (uint32_t p = 0; p < sw->n_ports; p++) {
        const struct switch_view *view = sw->ports[p].tables.view;
        for (uint32_t b = 0; view && b < view->n_branches; b++)
            if (view->branches[b].port == port)
                show_link(sw, p, b);
    }
}

_Static_assert((int)SWITCH_CONTAIN_NONFATAL == (int)CAP_DPC_ON_NONFATAL &&
                   (int)SWITCH_CONTAIN_FATAL == (int)CAP_DPC_ON_FATAL,
               "a slot's own setting and the register's compare");

/* ---- look-ups ---- */

enum tlp_status switch_fault_answer(const struct pcie_switch *sw, uint32_t host_port,
                                    const struct switch_branch *branch)
{
    const struct switch_view *view = sw->ports[host_port].tables.view;
    const struct cfgspace *space = space_of(view, (uint32_t)(branch - view->branches));
    bool aborts = branch->contained && space && !cap_dpc_answers_unsupported(space);
    return aborts ? TLP_CA : TLP_UR;
}

enum tlp_status switch_fault_closes(const struct pcie_switch *sw, uint32_t ingress, uint32_t egress,
                                    bool owned, uint32_t function)
{
    if (sw->ports[egress].down)
        return TLP_UR;
    bool downstream = sw->ports[ingress].side != SWITCH_DEVICE;
    uint32_t host_port = downstream ? ingress : egress;
    const struct switch_branch *branch =
        find_branch(sw, host_port, downstream ? egress : ingress, owned, function);
    if (!branch || !branch->contained)
        return TLP_SC;
    /* The port answers for what is behind it; what comes from there it refuses. */
    return downstream ? switch_fault_answer(sw, host_port, branch) : TLP_UR;
}

static enum switch_contain contained_by(const struct pcie_switch *sw, uint32_t host_port,
                                        const struct switch_branch *branch)
{
    const struct switch_view *view = sw->ports[host_port].tables.view;
    const struct cfgspace *space = space_of(view, (uint32_t)(branch - view->branches));
    enum switch_contain enabled =
        space ? (enum switch_contain)cap_dpc_enabled(space) : SWITCH_CONTAIN_NEVER;
    return enabled > branch->contain_on ? enabled : branch->contain_on;
}

bool switch_fault_on_error(struct pcie_switch *sw, uint32_t ingress, uint32_t host_port, bool owned,
                           uint32_t function, uint16_t rid, bool fatal)
{
    struct switch_branch *branch = find_branch(sw, host_port, ingress, owned, function);
    if (!branch || branch->contained ||
        contained_by(sw, host_port, branch) <
            (fatal ? SWITCH_CONTAIN_FATAL : SWITCH_CONTAIN_NONFATAL))
        return false;
    branch->contained_by = rid;
    contain(sw, host_port, (uint32_t)(branch - sw->ports[host_port].tables.view->branches),
            fatal ? CAP_DPC_FATAL : CAP_DPC_NONFATAL, rid);
    return true;
}
