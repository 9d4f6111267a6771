/* A request comes from software (root_complex_mmio, root_complex_config), goes as a TLP to port.c;
 * completions come from root_complex.c. */
#include "fabric/root_complex_cpu.h"

#include "pcie/cap_express.h"
#include "pcie/cap_slot.h"

/* ---- what is in flight ---- */

static bool is_nonposted(const struct request *request)
{
    return request->kind != REQUEST_MMIO_WRITE;
}

static bool is_config(const struct request *request)
{
    return request->kind == REQUEST_CFG_READ || request->kind == REQUEST_CFG_WRITE;
}

/* The lowest free tag, as a priority encoder gives it, for request @at. */
static bool take_tag(struct root_complex *rc, uint32_t at, uint16_t *out_tag)
{
    for (uint32_t word = 0; word < ROOT_COMPLEX_TAGS / 64; word++) {
        if (!~rc->busy_tags[word])
            continue;
        uint32_t bit = (uint32_t)__builtin_ctzll(~rc->busy_tags[word]);
        rc->busy_tags[word] |= UINT64_C(1) << bit;
        *out_tag = (uint16_t)(word * 64 + bit);
        rc->tags[*out_tag] = (struct root_complex_tag){.request = at};
        return true;
    }
    return false;
}

static void clear_tag(struct root_complex *rc, uint32_t tag)
{
    rc->busy_tags[tag / 64] &= ~(UINT64_C(1) << tag % 64);
    rc->tags[tag] = (struct root_complex_tag){0};
}

/* A completion of request @at has come for @tag, which may have been freed before. */
static void free_tag(struct root_complex *rc, uint16_t tag, uint32_t at)
{
    if (rc->tags[tag].request == at)
        clear_tag(rc, tag);
}

/* Request @at is given up: its tag stays taken until its late completion comes, or for one more
 * time-out if that was lost. */
static void keep_tag(struct root_complex *rc, uint32_t at)
{
    for (uint32_t tag = 0; tag < ROOT_COMPLEX_TAGS; tag++)
        if (rc->tags[tag].request == at)
            rc->tags[tag].until_ps = rc->fabric->sim->now_ps + rc->params.completion_timeout_ps;
}

/* Frees the tags that have been kept long enough; returns when the next one will be, or
 * UINT64_MAX. */
static uint64_t free_kept_tags(struct root_complex *rc)
{
    uint64_t next_ps = UINT64_MAX;
    for (uint32_t tag = 0; tag < ROOT_COMPLEX_TAGS; tag++) {
        uint64_t until_ps = rc->tags[tag].until_ps;
        if (until_ps && until_ps <= rc->fabric->sim->now_ps)
            clear_tag(rc, tag);
        else if (until_ps && until_ps < next_ps)
            next_ps = until_ps;
    }
    return next_ps;
}

static bool has_free_tag(const struct root_complex *rc)
{
    for (uint32_t word = 0; word < ROOT_COMPLEX_TAGS / 64; word++)
        if (~rc->busy_tags[word])
            return true;
    return false;
}

static uint64_t deadline_ps(const struct root_complex *rc, uint32_t at)
{
    return request_get(&rc->fabric->requests, at)->issued_ps + rc->params.completion_timeout_ps;
}

static void watch(struct root_complex *rc)
{
    if (!rc->params.completion_timeout_ps || rc->timeout_event || !rc->flight_head)
        return;
    rc->timeout_event = true;
    sim_at(rc->fabric->sim, deadline_ps(rc, rc->flight_head), PHASE_UPDATE, &rc->component,
           ROOT_COMPLEX_EV_TIMEOUT, 0, 0);
}

static void enter_flight(struct root_complex *rc, uint32_t at, struct request *request)
{
    request->in_flight = true;
    request->next = 0;
    if (rc->flight_tail)
        request_get(&rc->fabric->requests, rc->flight_tail)->next = at;
    else
        rc->flight_head = at;
    rc->flight_tail = at;
    rc->mmio_reads++;
    watch(rc);
}

/* They are few, and mostly the first is meant. */
static void leave_flight(struct root_complex *rc, uint32_t at, struct request *request)
{
    struct request_pool *requests = &rc->fabric->requests;
    uint32_t before = 0;
    for (uint32_t i = rc->flight_head; i != at; i = request_get(requests, i)->next)
        before = i;
    if (before)
        request_get(requests, before)->next = request->next;
    else
        rc->flight_head = request->next;
    if (rc->flight_tail == at)
        rc->flight_tail = before;
    request->in_flight = false;
    rc->mmio_reads--;
}

/* ---- issue ---- */

/* A request that bus 0 answers, or nobody. */
static void issue_local(struct root_complex *rc, uint32_t at)
{
    struct sim *sim = rc->fabric->sim;
    uint64_t local_ps = rc->params.config_local_ps ? rc->params.config_local_ps : 1;
    sim_at(sim, sim->now_ps + local_ps, PHASE_UPDATE, &rc->component, ROOT_COMPLEX_EV_LOCAL, at, 0);
}

static struct hierarchy_target route(const struct root_complex *rc, const struct request *request)
{
    if (!rc->hierarchy)
        return (struct hierarchy_target){.hit = HIERARCHY_NONE};
    return hierarchy_route_host(rc->hierarchy, (uint8_t)(request->address >> 24),
                                (uint8_t)(request->address >> 16));
}

static void fill_config(struct tlp *tlp, const struct request *request, uint8_t type)
{
    tlp->address = 0;
    tlp->cfg.offset = (uint16_t)request->address;
    tlp->cfg.target = (uint16_t)(request->address >> 16);
    tlp->cfg.type = type;
    tlp->kind = request->kind == REQUEST_CFG_READ ? TLP_CFG_READ : TLP_CFG_WRITE;
    tlp->attr = 0; /* traffic class 0 (2.2.7) */
}

static void issue(struct root_complex *rc, uint32_t at)
{
    struct fabric *fabric = rc->fabric;
    struct request *request = request_get(&fabric->requests, at);
    uint8_t type = 0;
    request->issued_ps = fabric->sim->now_ps;
    request->to_arrive = request->bytes;
    rc->mmio_free_ps = request->issued_ps + rc->params.mmio_gap_ps;
    if (is_config(request)) {
        const struct hierarchy_target target = route(rc, request);
        if (target.hit != HIERARCHY_EXTERNAL) {
            issue_local(rc, at);
            return;
        }
        type = target.type;
    }
    if (rc->link_down) {
        rc->cut_off++;
        issue_local(rc, at);
        return;
    }
    uint32_t index = tlp_take(&fabric->tlps);
    struct tlp *tlp = tlp_get(&fabric->tlps, index);
    tlp_account_begin(tlp, request->issued_ps);
    tlp->address = request->address;
    tlp->requester = 0;
    tlp->request = at;
    tlp->tag = 0;
    tlp->bytes = (uint16_t)request->bytes;
    tlp->attr = request->traffic_class;
    tlp->kind = is_nonposted(request) ? TLP_MEM_READ : TLP_MEM_WRITE;
    if (is_config(request))
        fill_config(tlp, request, type);
    if (is_nonposted(request)) {
        CHECK(take_tag(rc, at, &tlp->tag));
        enter_flight(rc, at, request);
    }
    port_submit(&rc->port, index);
}

static void issue_later(struct root_complex *rc, uint64_t at_ps)
{
    if (!rc->mmio_event)
        sim_at(rc->fabric->sim, at_ps, PHASE_UPDATE, &rc->component, ROOT_COMPLEX_EV_ISSUE, 0, 0);
    rc->mmio_event = true;
}

/* False: there is none until a completion comes, or one that is kept becomes free. */
static bool has_or_gets_tag(struct root_complex *rc)
{
    if (has_free_tag(rc))
        return true;
    uint64_t next_ps = free_kept_tags(rc);
    if (has_free_tag(rc))
        return true;
    if (next_ps != UINT64_MAX)
        issue_later(rc, next_ps);
    return false;
}

/* Issues what the gap and the limit of outstanding requests allow, in program order. */
static void pump(struct root_complex *rc)
{
    struct fabric *fabric = rc->fabric;
    while (rc->mmio_head) {
        uint32_t at = rc->mmio_head;
        struct request *request = request_get(&fabric->requests, at);
        if (is_nonposted(request) &&
            (rc->mmio_reads == rc->params.mmio_outstanding || !has_or_gets_tag(rc)))
            return;
        if (rc->mmio_free_ps > fabric->sim->now_ps) {
            issue_later(rc, rc->mmio_free_ps);
            return;
        }
        rc->mmio_head = request->next;
        if (!rc->mmio_head)
            rc->mmio_tail = 0;
        issue(rc, at);
    }
}

static void submit(struct root_complex *rc, uint32_t at)
{
    request_get(&rc->fabric->requests, at)->next = 0;
    if (rc->mmio_tail)
        request_get(&rc->fabric->requests, rc->mmio_tail)->next = at;
    else
        rc->mmio_head = at;
    rc->mmio_tail = at;
    pump(rc);
}

void root_complex_mmio(struct root_complex *rc, uint32_t at)
{
    const struct request *request = request_get(&rc->fabric->requests, at);
    CHECK(request->bytes > 0 && request->bytes <= rc->fabric->mps_bytes);
    submit(rc, at);
}

void root_complex_config(struct root_complex *rc, uint32_t at)
{
    const struct request *request = request_get(&rc->fabric->requests, at);
    const uint32_t offset = request->address & 0xffff;
    CHECK(is_config(request) && request->address >> 32 == 0 && offset < CFGSPACE_BYTES);
    CHECK((request->bytes == 1 || request->bytes == 2 || request->bytes == 4) &&
          offset % request->bytes == 0);
    submit(rc, at);
}

/* ---- ends ---- */

static void end(struct root_complex *rc, uint32_t at, struct request *request)
{
    request->owner->on_done(request->owner->self, at, request);
    pump(rc);
}

/* False for one that is too late, or of another host's request: led here by an entry that is wrong.
 */
static bool is_expected(const struct root_complex *rc, const struct tlp *tlp)
{
    return request_get(&rc->fabric->requests, tlp->request)->in_flight &&
           tlp->tag < ROOT_COMPLEX_TAGS && rc->tags[tlp->tag].request == tlp->request;
}

static void on_completion(struct root_complex *rc, uint32_t index)
{
    struct fabric *fabric = rc->fabric;
    const struct tlp *tlp = tlp_get(&fabric->tlps, index);
    uint32_t at = tlp->request;
    struct request *request = request_get(&fabric->requests, at);
    if (!is_expected(rc, tlp)) {
        rc->unexpected++;
        if (tlp->tag < ROOT_COMPLEX_TAGS)
            free_tag(rc, tlp->tag, at);
        fabric_lose(fabric, index);
        pump(rc);
        return;
    }
    bool whole = tlp->kind != TLP_CPL_DATA || is_config(request);
    uint32_t bytes = whole ? request->to_arrive : tlp->bytes;
    if (tlp->cpl.status != TLP_SC)
        request->status = tlp->cpl.status;
    bool last = request_arrived(request, tlp, bytes);
    uint16_t tag = tlp->tag;
    tlp_give_back(&fabric->tlps, index);
    sim_note_progress(fabric->sim);
    if (!last)
        return;
    free_tag(rc, tag, at);
    leave_flight(rc, at, request);
    end(rc, at, request);
}

static void answer_local(struct root_complex *rc, uint32_t at)
{
    struct request *request = request_get(&rc->fabric->requests, at);
    const struct hierarchy_target target =
        is_config(request) ? route(rc, request) : (struct hierarchy_target){.hit = HIERARCHY_NONE};
    const uint16_t offset = (uint16_t)request->address;
    const uint8_t bytes = (uint8_t)request->bytes, bus = (uint8_t)(request->address >> 24);
    uint64_t now_ps = rc->fabric->sim->now_ps;
    request->done_ps = now_ps;
    request->part_ps[PART_MEMORY] = (uint32_t)(now_ps - request->issued_ps);
    request->to_arrive = 0;
    sim_note_progress(rc->fabric->sim);
    if (target.hit != HIERARCHY_LOCAL) {
        request->status = TLP_UR;
    } else if (request->kind == REQUEST_CFG_READ) {
        request->value =
            cfgspace_read_sized(hierarchy_cfgspace(rc->hierarchy, &target), offset, bytes);
    } else {
        unsigned effects =
            hierarchy_write(rc->hierarchy, &target, bus, offset, bytes, request->value);
        if (rc->hooks.on_effects)
            rc->hooks.on_effects(rc->hooks.self, &target, effects);
        else
            hierarchy_apply(rc->hierarchy, &target, effects);
    }
    end(rc, at, request);
}

/* Those that were issued first time out first. */
static void on_timeout(struct root_complex *rc)
{
    uint64_t now_ps = rc->fabric->sim->now_ps;
    rc->timeout_event = false;
    while (rc->flight_head && deadline_ps(rc, rc->flight_head) <= now_ps) {
        uint32_t at = rc->flight_head;
        struct request *request = request_get(&rc->fabric->requests, at);
        leave_flight(rc, at, request);
        keep_tag(rc, at);
        request_expire(request, now_ps, 1, TLP_TIMEOUT);
        rc->timeouts++;
        sim_note_progress(rc->fabric->sim);
        request->owner->on_done(request->owner->self, at, request);
    }
    watch(rc);
    pump(rc);
}

void root_complex_set_link(struct root_complex *rc, bool up)
{
    if (rc->link_down == !up)
        return;
    rc->link_down = !up;
    for (uint32_t f = 0; rc->hierarchy && f < rc->hierarchy->n; f++) {
        struct hierarchy_function *port = &rc->hierarchy->functions[f];
        if (port->leaf != HIERARCHY_NOBODY && cap_express_has_slot(port->space.layout))
            cap_slot_set_link_active(&port->space, up);
    }
    if (rc->hooks.on_link)
        rc->hooks.on_link(rc->hooks.self, up);
}

void root_complex_cpu_on_event(struct root_complex *rc, const struct event *event)
{
    switch (event->kind) {
    case ROOT_COMPLEX_EV_ISSUE:
        rc->mmio_event = false;
        pump(rc);
        return;
    case ROOT_COMPLEX_EV_COMPLETION:
        on_completion(rc, event->a);
        return;
    case ROOT_COMPLEX_EV_LOCAL:
        answer_local(rc, event->a);
        return;
    case ROOT_COMPLEX_EV_TIMEOUT:
        on_timeout(rc);
        return;
    default:
        CHECK(false);
    }
}
