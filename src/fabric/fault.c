/* A TLP comes from link_send, goes to the receiver of its link, or is lost. */
#include "fabric/fault.h"

#include "fabric/endpoint_config.h"
#include "fabric/switch_fault.h"

#include <string.h>

/* ---- what is under way ---- */

static void lose(struct fault_way *way, uint32_t index, uint64_t end_ps)
{
    struct fabric *fabric = way->at->faults->fabric;
    const struct tlp *tlp = tlp_get(&fabric->tlps, index);
    link_credit_return(way->link, fabric_queue(fabric, tlp),
                       credit_data_units(tlp_wire_payload_bytes(tlp)), end_ps);
    way->at->lost++;
    if (tlp_class_of(tlp) == CLASS_POSTED)
        fabric_end_posted(fabric, index, TLP_LOST);
    else
        fabric_lose(fabric, index);
}

/* On the wire a TLP is in no queue and has no port: those places hold how long it takes, and how
 * often the link had been down when it was sent. */
static void on_tlp(void *self, uint32_t port, uint32_t index, uint32_t payload, uint64_t begin_ps,
                   uint64_t end_ps)
{
    struct fault_way *way = self;
    const struct faults *faults = way->at->faults;
    struct tlp *tlp = tlp_get(&faults->fabric->tlps, index);
    CHECK(end_ps - begin_ps <= UINT32_MAX);
    if (way->at->down) {
        lose(way, index, end_ps);
        return;
    }
    if (begin_ps <= faults->fabric->sim->now_ps) { /* no flight at all */
        way->receiver.on_tlp(way->receiver.self, port, index, payload, begin_ps, end_ps);
        return;
    }
    tlp->next = (uint32_t)(end_ps - begin_ps);
    tlp->port = way->at->downs;
    sim_at(faults->fabric->sim, begin_ps, PHASE_UPDATE, &faults->component, 0, index, way->number);
}

static void handle(struct component *self, struct sim *sim, const struct event *event)
{
    struct faults *faults = (struct faults *)self;
    struct fault_way *way = &faults->links[event->b / 2].ways[event->b % 2];
    const struct tlp *tlp = tlp_get(&faults->fabric->tlps, event->a);
    const uint64_t end_ps = sim->now_ps + tlp->next;
    if (tlp->port != way->at->downs)
        lose(way, event->a, end_ps);
    else
        way->receiver.on_tlp(way->receiver.self, way->receiver.port, event->a,
                             tlp_wire_payload_bytes(tlp), sim->now_ps, end_ps);
}

static void cut(struct fault_link *link)
{
    link->down = true;
    link->downs++;
}

/* ---- ends ---- */

static void reset_device(struct endpoint *ep)
{
    if (ep->params.config) {
        endpoint_config_hot_reset(ep);
        return;
    }
    for (uint32_t f = 0; f < ep->params.n_functions; f++)
        endpoint_abort(ep, (uint16_t)f);
}

static bool is_owned(const struct pcie_switch *sw, uint32_t host_port, uint32_t port)
{
    const struct switch_view *view = sw->ports[host_port].tables.view;
    for (uint32_t b = 0; view && b < view->n_branches; b++)
        if (view->branches[b].owned && view->branches[b].port == port)
            return true;
    return false;
}

void fault_device_reset(struct faults *faults, uint32_t number, bool contained)
{
    struct fault_link *link = &faults->links[number];
    CHECK(link->ep && link->sw);
    if (contained)
        switch_fault_contain_users(link->sw, link->port, true);
    if (!link->down)
        cut(link);
    switch_fault_forget(link->sw, link->port);
    reset_device(link->ep);
}

void fault_device_ready(struct faults *faults, uint32_t number)
{
    struct fault_link *link = &faults->links[number];
    if (!link->down || link->sw->ports[link->port].down) /* up, or down for another reason */
        return;
    link->down = false;
    switch_fault_forget(link->sw, link->port); /* what was sent meanwhile is lost */
}

static void reset_owned(struct faults *faults, const struct pcie_switch *sw, uint32_t host_port,
                        bool contained)
{
    for (uint32_t i = 0; i < faults->n_links; i++)
        if (faults->links[i].ep && faults->links[i].sw == sw &&
            is_owned(sw, host_port, faults->links[i].port))
            fault_device_reset(faults, i, contained);
}

void fault_owner_reset(struct faults *faults, struct pcie_switch *sw, uint32_t host_port,
                       bool contained)
{
    reset_owned(faults, sw, host_port, contained);
    switch_fault_reset_view(sw, host_port);
}

void fault_owner_ready(struct faults *faults, struct pcie_switch *sw, uint32_t host_port)
{
    for (uint32_t i = 0; i < faults->n_links; i++)
        if (faults->links[i].ep && faults->links[i].sw == sw &&
            is_owned(sw, host_port, faults->links[i].port))
            fault_device_ready(faults, i);
}

/* The ends of a link without a switch. */
static void set_direct(struct fault_link *link, bool up)
{
    root_complex_set_link(link->rc, up);
    if (!up)
        reset_device(link->ep);
}

void fault_link_down(struct faults *faults, uint32_t number, bool contained)
{
    struct fault_link *link = &faults->links[number];
    if (link->ep && link->sw && contained)
        switch_fault_contain_users(link->sw, link->port, true);
    cut(link);
    if (!link->sw) {
        set_direct(link, false);
        return;
    }
    switch_fault_set_port(link->sw, link->port, true);
    if (link->ep) {
        reset_device(link->ep);
        return;
    }
    root_complex_set_link(link->rc, false);
    reset_owned(faults, link->sw, link->port, contained);
}

void fault_link_up(struct faults *faults, uint32_t number)
{
    struct fault_link *link = &faults->links[number];
    link->down = false;
    if (!link->sw) {
        set_direct(link, true);
        return;
    }
    switch_fault_set_port(link->sw, link->port, false);
    if (link->ep) {
        switch_fault_forget(link->sw, link->port);
        return;
    }
    root_complex_set_link(link->rc, true);
    fault_owner_ready(faults, link->sw, link->port);
}

/* ---- building ---- */

void faults_init(struct faults *faults, struct fabric *fabric, struct fault_link *links,
                 uint32_t capacity)
{
    *faults = (struct faults){
        .component = {.name = "faults", .handle = handle},
        .fabric = fabric,
        .links = links,
        .capacity = capacity,
    };
}

/* @a and @b: the two directions, whose receivers are connected. */
static struct fault_link *watch(struct faults *faults, struct link *a, struct link *b)
{
    CHECK(faults->n_links < faults->capacity);
    uint32_t number = faults->n_links++;
    struct fault_link *link = &faults->links[number];
    struct link *ways[2] = {a, b};
    *link = (struct fault_link){.faults = faults};
    for (uint32_t i = 0; i < 2; i++) {
        CHECK(ways[i] && ways[i]->receiver.on_tlp);
        link->ways[i] = (struct fault_way){link, ways[i], ways[i]->receiver, 2 * number + i};
        ways[i]->receiver = (struct link_receiver){on_tlp, &link->ways[i], ways[i]->receiver.port};
    }
    return link;
}

static struct fault_link *watch_port(struct faults *faults, struct pcie_switch *sw, uint32_t port)
{
    struct fault_link *link = watch(faults, sw->ports[port].in.link, sw->ports[port].out.link);
    link->sw = sw;
    link->port = port;
    return link;
}

uint32_t faults_watch_device(struct faults *faults, struct pcie_switch *sw, uint32_t port,
                             struct endpoint *ep)
{
    watch_port(faults, sw, port)->ep = ep;
    return faults->n_links - 1;
}

uint32_t faults_watch_host(struct faults *faults, struct pcie_switch *sw, uint32_t port,
                           struct root_complex *rc)
{
    watch_port(faults, sw, port)->rc = rc;
    return faults->n_links - 1;
}

uint32_t faults_watch_direct(struct faults *faults, struct root_complex *rc, struct endpoint *ep)
{
    struct fault_link *link = watch(faults, rc->in, ep->in);
    link->rc = rc;
    link->ep = ep;
    return faults->n_links - 1;
}
