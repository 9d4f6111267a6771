/* A request comes from dev_*.c or a workload (endpoint_dma), goes as TLPs to port.c; completions
 * and MMIO come from link.c. */
#include "fabric/endpoint.h"

#include "fabric/endpoint_config.h"
#include "fabric/endpoint_registers.h"
#include "pcie/split.h"

#include <inttypes.h>
#include <linux/pci_regs.h>
#include <string.h>

enum {
    EV_PORT,
    EV_READ_DONE,
    EV_REGISTER_WRITE,
    EV_REGISTER_READ,
    EV_UNSUPPORTED,
    EV_CONFIG,
    EV_TIMEOUT
};

/* ---- request queues
 * ---------------------------------------------------------------------------------------------- */

static enum tlp_kind tlp_kind_of(int engine)
{
    return engine == ENGINE_READ ? TLP_MEM_READ : TLP_MEM_WRITE;
}

static struct request_fifo *fifo_of(struct endpoint *ep, int engine, uint32_t function)
{
    struct endpoint_function *f = &ep->functions[function];
    return engine == ENGINE_READ ? &f->reads : &f->writes;
}

static void enqueue(struct endpoint *ep, int engine, uint32_t at)
{
    struct request *request = request_get(&ep->fabric->requests, at);
    struct request_fifo *fifo = fifo_of(ep, engine, request->function);
    struct dma_engine *dma = &ep->engines[engine];
    request->next = 0;
    if (fifo->head) {
        request_get(&ep->fabric->requests, fifo->tail)->next = at;
    } else {
        fifo->head = at;
        dma->pending[request->function / 64] |= UINT64_C(1) << request->function % 64;
        dma->n_pending++;
    }
    fifo->tail = at;
}

static void dequeue(struct endpoint *ep, int engine, uint32_t function)
{
    struct request_fifo *fifo = fifo_of(ep, engine, function);
    struct dma_engine *dma = &ep->engines[engine];
    fifo->head = request_get(&ep->fabric->requests, fifo->head)->next;
    if (fifo->head)
        return;
    fifo->tail = 0;
    dma->pending[function / 64] &= ~(UINT64_C(1) << function % 64);
    dma->n_pending--;
}

/* ---- tags
 * --------------------------------------------------------------------------------------------------------
 */

static bool has_free_tag(const struct endpoint *ep)
{
    return ep->free_tag != ep->params.tags;
}

static uint16_t take_tag(struct endpoint *ep, uint32_t request, uint32_t bytes)
{
    uint16_t number = ep->free_tag;
    struct endpoint_tag *tag = &ep->tags[number];
    ep->free_tag = tag->next_free;
    tag->request = request;
    tag->bytes_left = bytes;
    tag->issued_ps = ep->fabric->sim->now_ps;
    ep->tags_in_use++;
    return number;
}

/* True if a read of ours waits for this completion. */
static bool is_expected(const struct endpoint *ep, const struct tlp *tlp)
{
    return tlp->tag < ep->params.tags && ep->tags[tlp->tag].bytes_left &&
           ep->tags[tlp->tag].request == tlp->request;
}

static void free_tag(struct endpoint *ep, uint16_t tag)
{
    ep->tags[tag].bytes_left = 0;
    ep->tags[tag].next_free = ep->free_tag;
    ep->free_tag = tag;
    ep->tags_in_use--;
}

/* ---- reads that end without their data
 * -------------------------------------------------------------------------------------- */

/* Nobody waits for the read @at any more: it ends now. What is still under way of it is dropped
 * when it comes. */
static void give_up_read(struct endpoint *ep, uint32_t at, enum tlp_status status)
{
    struct request *request = request_get(&ep->fabric->requests, at);
    uint16_t ghosts = 0;
    if (request->to_issue)
        dequeue(ep, ENGINE_READ, request->function); /* partly issued, so it is the first there */
    for (uint32_t number = 0; number < ep->params.tags; number++) {
        if (!ep->tags[number].bytes_left || ep->tags[number].request != at)
            continue;
        free_tag(ep, (uint16_t)number);
        ghosts++;
    }
    request_expire(request, ep->fabric->sim->now_ps, ghosts, status);
    request->owner->on_done(request->owner->self, at, request);
}

/* A request that is not issued at all. */
static void end_unissued(struct endpoint *ep, uint32_t at)
{
    struct request *request = request_get(&ep->fabric->requests, at);
    request->issued_ps = ep->fabric->sim->now_ps;
    request_expire(request, request->issued_ps, 0, TLP_ABORTED);
    request->owner->on_done(request->owner->self, at, request);
}

static void watch_tags(struct endpoint *ep, uint64_t at_ps)
{
    if (!ep->params.completion_timeout_ps || ep->timeout_event)
        return;
    ep->timeout_event = true;
    sim_at(ep->fabric->sim, at_ps, PHASE_UPDATE, &ep->component, EV_TIMEOUT, 0, 0);
}

static uint64_t oldest_issue_ps(const struct endpoint *ep)
{
    uint64_t oldest_ps = UINT64_MAX;
    for (uint32_t number = 0; ep->tags_in_use && number < ep->params.tags; number++)
        if (ep->tags[number].bytes_left && ep->tags[number].issued_ps < oldest_ps)
            oldest_ps = ep->tags[number].issued_ps;
    return oldest_ps;
}

/* The event stands at the deadline of the read that was the oldest when it was scheduled; the next
 * one at that of the oldest now. */
static void on_timeout(struct endpoint *ep)
{
    uint64_t now_ps = ep->fabric->sim->now_ps;
    for (uint32_t number = 0; number < ep->params.tags; number++) {
        const struct endpoint_tag *tag = &ep->tags[number];
        if (!tag->bytes_left || now_ps - tag->issued_ps < ep->params.completion_timeout_ps)
            continue;
        ep->timed_out++;
        if (ep->params.config)
            endpoint_config_error(ep, request_get(&ep->fabric->requests, tag->request)->function,
                                  PCI_ERR_UNC_COMP_TIME);
        give_up_read(ep, tag->request, TLP_TIMEOUT);
    }
    ep->timeout_event = false; /* not before: who was told may have issued others */
    if (ep->tags_in_use)
        watch_tags(ep, oldest_issue_ps(ep) + ep->params.completion_timeout_ps);
    endpoint_pump(ep);
}

/* ---- DMA engines
 * -------------------------------------------------------------------------------------------------
 */

/* Cuts the next TLP off @request and sends it; returns its bytes. A posted request whose last TLP
 * is sent may end at once: nobody touches it after that. */
static uint32_t issue_tlp(struct endpoint *ep, int engine, uint32_t at, struct request *request)
{
    struct fabric *fabric = ep->fabric;
    uint32_t most = engine == ENGINE_READ ? fabric->mrrs_bytes : fabric->mps_bytes;
    uint32_t bytes = split_request(request->address, request->to_issue, most);
    uint32_t index = tlp_take(&fabric->tlps);
    struct tlp *tlp = tlp_get(&fabric->tlps, index);
    tlp_account_begin(tlp, request->issued_ps);
    tlp->address = request->address;
    tlp->requester = ep->functions[request->function].rid;
    tlp->request = at;
    tlp->bytes = (uint16_t)bytes;
    tlp->kind = (uint8_t)tlp_kind_of(engine);
    tlp->attr = fabric->dma_attr | request->traffic_class;
    tlp->tag = 0;
    if (engine == ENGINE_READ) {
        tlp->tag = take_tag(ep, at, bytes);
        watch_tags(ep, request->issued_ps + ep->params.completion_timeout_ps);
    }
    if (request->kind == REQUEST_MSI)
        tlp->attr = TLP_ATTR_MSI |
                    request->traffic_class; /* strictly ordered behind the data it announces */
    ep->foreign += request->user && request->user != ep->functions[request->function].user;
    request->address += bytes;
    request->to_issue -= bytes;
    if (!request->to_issue)
        dequeue(ep, engine, request->function);
    port_submit(&ep->port, index);
    return bytes;
}

/* One grant of the engine's arbiter: up to dma_burst bytes of one request. */
static void issue_burst(struct endpoint *ep, int engine, uint32_t function)
{
    uint32_t at = fifo_of(ep, engine, function)->head;
    struct request *request = request_get(&ep->fabric->requests, at);
    uint32_t left = request->to_issue;
    uint32_t granted = 0;
    if (left == request->bytes)
        request->issued_ps = ep->fabric->sim->now_ps;
    do {
        uint32_t bytes = issue_tlp(ep, engine, at, request);
        left -= bytes;
        granted += bytes;
    } while (left && granted < ep->params.dma_burst_bytes &&
             (engine == ENGINE_WRITE || has_free_tag(ep)));
}

struct engine_query { /* of one engine, by its arbiter */
    struct endpoint *ep;
    int engine;
};

/* A function can go if the port takes a TLP of its next request's VC. */
static bool is_issuable(void *context, uint32_t function, uint64_t *out_age)
{
    const struct engine_query *query = context;
    const struct fabric *fabric = query->ep->fabric;
    uint32_t head = fifo_of(query->ep, query->engine, function)->head;
    const struct request *request = request_get(&fabric->requests, head);
    uint32_t vc = fabric_vc_of_class(fabric, request->traffic_class);
    if (query->ep->params.config && !endpoint_config_is_master(query->ep, function))
        return false;
    *out_age = request->born_ps;
    return port_has_room(&query->ep->port,
                         vc * CLASSES + tlp_kinds[tlp_kind_of(query->engine)].class);
}

static bool has_work(const struct endpoint *ep, int engine)
{
    return ep->engines[engine].n_pending && (engine == ENGINE_WRITE || has_free_tag(ep));
}

/* The function that the engine, which has work, serves next, or ARB_NONE: the port has no room for
 * any. */
static int32_t next_function(struct endpoint *ep, int engine)
{
    const struct dma_engine *dma = &ep->engines[engine];
    struct engine_query query = {ep, engine};
    return arb_pick(&dma->arb, dma->pending, is_issuable, &query);
}

void endpoint_pump(struct endpoint *ep)
{
    while (!port_wire_is_full(&ep->port)) {
        int engine = (int)ep->turn;
        int32_t function = has_work(ep, engine) ? next_function(ep, engine) : ARB_NONE;
        if (function == ARB_NONE) {
            engine = 1 - engine;
            function = has_work(ep, engine) ? next_function(ep, engine) : ARB_NONE;
        }
        if (function == ARB_NONE)
            break;
        ep->turn = 1 - (uint32_t)engine;
        arb_granted(&ep->engines[engine].arb, (uint32_t)function);
        issue_burst(ep, engine, (uint32_t)function);
    }
    bool waits = ep->engines[ENGINE_READ].n_pending || ep->engines[ENGINE_WRITE].n_pending;
    if (waits && port_wire_is_full(&ep->port))
        port_wake_when_drained(&ep->port);
}

void endpoint_new_user(struct endpoint *ep, uint32_t function)
{
    CHECK(function < ep->params.n_functions);
    uint8_t *user = &ep->functions[function].user;
    *user = (uint8_t)(*user == UINT8_MAX ? 1 : *user + 1);
}

uint8_t endpoint_user(const struct endpoint *ep, uint32_t function)
{
    bool is_master = !ep->params.config || endpoint_config_is_master(ep, function);
    return is_master ? ep->functions[function].user : 0;
}

void endpoint_dma(struct endpoint *ep, uint32_t at)
{
    struct request *request = request_get(&ep->fabric->requests, at);
    CHECK(request->bytes > 0 && request->function < ep->params.n_functions);
    request->to_issue = request->bytes;
    request->to_arrive = request->bytes;
    if (request->kind == REQUEST_MSI && ep->params.config &&
        !endpoint_config_interrupt(ep, request->function, &request->address)) {
        end_unissued(ep, at); /* lost: MSI-X does not let it out */
        return;
    }
    enqueue(ep, request->kind == REQUEST_DMA_READ ? ENGINE_READ : ENGINE_WRITE, at);
    endpoint_pump(ep);
}

/* ---- abort
 * -------------------------------------------------------------------------------------------------------
 */

static void abort_queue(struct endpoint *ep, int engine, uint16_t function)
{
    const struct request_fifo *fifo = fifo_of(ep, engine, function);
    while (fifo->head) {
        uint32_t at = fifo->head;
        struct request *request = request_get(&ep->fabric->requests, at);
        if (request->to_issue == request->bytes) {
            dequeue(ep, engine, function);
            end_unissued(ep, at);
        } else if (engine == ENGINE_READ) {
            give_up_read(ep, at, TLP_ABORTED);
        } else {
            dequeue(ep, engine, function);
            request->to_arrive -= request->to_issue;
            request->to_issue = 0;
            request->status = TLP_ABORTED;
            if (!request->to_arrive) { /* what was issued has arrived */
                request_expire(request, ep->fabric->sim->now_ps, 0, TLP_ABORTED);
                request->owner->on_done(request->owner->self, at, request);
            }
        }
    }
}

void endpoint_abort(struct endpoint *ep, uint16_t function)
{
    const struct device_ops *ops = ep->params.ops;
    if (ops->on_reset)
        ops->on_reset(ep, function, true);
    for (int engine = 0; engine < ENGINES; engine++)
        abort_queue(ep, engine, function);
    for (uint32_t number = 0; ep->tags_in_use && number < ep->params.tags; number++) {
        uint32_t at = ep->tags[number].request;
        if (ep->tags[number].bytes_left &&
            request_get(&ep->fabric->requests, at)->function == function)
            give_up_read(ep, at, TLP_ABORTED);
    }
    if (ops->on_reset)
        ops->on_reset(ep, function, false);
}

uint32_t endpoint_pending(const struct endpoint *ep, uint16_t function)
{
    uint32_t n = 0;
    for (uint32_t number = 0; ep->tags_in_use && number < ep->params.tags; number++)
        n += ep->tags[number].bytes_left &&
             request_get(&ep->fabric->requests, ep->tags[number].request)->function == function;
    return n;
}

/* ---- TLPs from the hosts
 * ----------------------------------------------------------------------------------------- */

static void later(struct endpoint *ep, uint64_t at_ps, uint32_t kind, uint32_t index)
{
    sim_at(ep->fabric->sim, at_ps, PHASE_UPDATE, &ep->component, kind, index, 0);
}

/* A completion that nobody waits for (2.3.2). */
static void drop_unexpected(struct endpoint *ep, uint32_t index)
{
    ep->unexpected++;
    fabric_lose(ep->fabric, index);
}

static void take_completion(struct endpoint *ep, uint32_t index, struct tlp *tlp, uint64_t end_ps)
{
    if (!is_expected(ep, tlp)) {
        drop_unexpected(ep, index);
        return;
    }
    if (tlp->attr & TLP_ATTR_LAST) {
        later(ep, end_ps, EV_READ_DONE, index);
        return;
    }
    ep->tags[tlp->tag].bytes_left -= tlp->bytes;
    CHECK(!request_arrived(request_get(&ep->fabric->requests, tlp->request), tlp, tlp->bytes));
    tlp_give_back(&ep->fabric->tlps, index);
}

static void on_tlp(void *self, uint32_t number, uint32_t index, uint32_t payload, uint64_t begin_ps,
                   uint64_t end_ps)
{
    (void)number, (void)begin_ps;
    struct endpoint *ep = self;
    struct tlp *tlp = tlp_get(&ep->fabric->tlps, index);
    tlp_spend(tlp, PART_SERIALISE, end_ps);
    trace_emit(&ep->fabric->sim->trace, TR_DELIVERED, ep->component.id, 0, end_ps, tlp);
    link_credit_return(ep->in, fabric_queue(ep->fabric, tlp), credit_data_units(payload), end_ps);
    switch ((enum tlp_kind)tlp->kind) {
    case TLP_MEM_WRITE:
        if (ep->params.ops->on_register_write || ep->params.config)
            later(ep, end_ps, EV_REGISTER_WRITE, index);
        else
            endpoint_take_write(ep, index);
        return;
    case TLP_MEM_READ:
        later(ep, end_ps + ep->params.mmio_read_ps, EV_REGISTER_READ, index);
        return;
    case TLP_CPL:
    case TLP_CPL_DATA:
        take_completion(ep, index, tlp, end_ps);
        return;
    case TLP_CFG_READ:
    case TLP_CFG_WRITE:
        later(ep, end_ps + (ep->params.config ? ep->params.config->params.config_read_ps : 0),
              EV_CONFIG, index);
        return;
    case TLP_MSG:
    case TLP_MSG_DATA:
        fabric_end_posted(ep->fabric, index, TLP_SC); /* none concerns these devices */
        return;
    case TLP_IO_READ:
    case TLP_IO_WRITE:
    case TLP_FETCH_ADD:
    case TLP_SWAP:
    case TLP_COMPARE_SWAP:
        later(ep, end_ps + ep->params.mmio_read_ps, EV_UNSUPPORTED, index);
        return;
    case TLP_KINDS:
        break;
    }
    CHECK(false);
}

/* The last completion of one read TLP is here. */
static void end_read(struct endpoint *ep, uint32_t index)
{
    struct fabric *fabric = ep->fabric;
    const struct tlp *tlp = tlp_get(&fabric->tlps, index);
    if (!is_expected(ep, tlp)) { /* the read was given up while this was on the wire */
        drop_unexpected(ep, index);
        return;
    }
    uint16_t number = tlp->tag;
    uint32_t at = tlp->request;
    struct request *request = request_get(&fabric->requests, at);
    uint32_t bytes = ep->tags[number].bytes_left;
    CHECK(tlp->kind == TLP_CPL || tlp->bytes <= bytes);
    if (tlp->kind == TLP_CPL_DATA && tlp->bytes < bytes) {
        /* One before it was lost on the way: the read waits on, for its time-out. */
        fabric_lose(fabric, index);
        return;
    }
    if (tlp->cpl.status != TLP_SC)
        request->status = tlp->cpl.status;
    free_tag(ep, number);
    bool last = request_arrived(request, tlp, bytes);
    tlp_give_back(&fabric->tlps, index);
    sim_note_progress(fabric->sim);
    if (last)
        request->owner->on_done(request->owner->self, at, request);
    endpoint_pump(ep);
}

static void handle(struct component *self, struct sim *sim, const struct event *event)
{
    (void)sim;
    struct endpoint *ep = (struct endpoint *)self;
    switch (event->kind) {
    case EV_PORT:
        port_pump(&ep->port);
        endpoint_pump(ep);
        return;
    case EV_READ_DONE:
        end_read(ep, event->a);
        return;
    case EV_REGISTER_WRITE:
        endpoint_write_register(ep, event->a);
        return;
    case EV_REGISTER_READ:
        endpoint_read_register(ep, event->a);
        return;
    case EV_UNSUPPORTED:
        endpoint_refuse(ep, event->a);
        return;
    case EV_CONFIG:
        endpoint_config_answer(ep, event->a);
        return;
    case EV_TIMEOUT:
        on_timeout(ep);
        return;
    default:
        CHECK(event->kind >= EV_DEVICE && ep->params.ops->on_event);
        ep->params.ops->on_event(ep, event);
    }
}

/* ---- life cycle
 * --------------------------------------------------------------------------------------------------
 */

static void report(const struct component *self, FILE *out)
{
    const struct endpoint *ep = (const struct endpoint *)self;
    port_report(&ep->port, self->name, out);
    if (ep->tags_in_use || ep->engines[ENGINE_READ].n_pending ||
        ep->engines[ENGINE_WRITE].n_pending)
        fprintf(out,
                "%s: %" PRIu32 " of %" PRIu32 " tags in use, %" PRIu32
                " functions wait to read, %" PRIu32 " to write\n",
                self->name, ep->tags_in_use, ep->params.tags, ep->engines[ENGINE_READ].n_pending,
                ep->engines[ENGINE_WRITE].n_pending);
    if (ep->params.ops->report)
        ep->params.ops->report(ep, out);
}

static size_t round_up(size_t bytes)
{
    return (bytes + 63) & ~(size_t)63;
}

static size_t bitmap_bytes(const struct endpoint_params *params)
{
    return round_up((params->n_functions + 63) / 64 * sizeof(uint64_t));
}

size_t endpoint_memory_bytes(const struct endpoint_params *params)
{
    return round_up(params->n_functions * sizeof(struct endpoint_function)) +
           round_up(params->tags * sizeof(struct endpoint_tag)) + ENGINES * bitmap_bytes(params);
}

void endpoint_init(struct endpoint *ep, struct fabric *fabric, const struct endpoint_params *params,
                   const uint16_t *rids, void *memory)
{
    char *at = memory;
    memset(ep, 0, sizeof *ep);
    ep->component = (struct component){.name = params->name, .handle = handle, .report = report};
    ep->fabric = fabric;
    ep->params = *params;
    ep->functions = (void *)at;
    at += round_up(params->n_functions * sizeof(struct endpoint_function));
    ep->tags = (void *)at;
    at += round_up(params->tags * sizeof(struct endpoint_tag));
    for (int engine = 0; engine < ENGINES; engine++) {
        arb_init(&ep->engines[engine].arb, params->arbiter, params->n_functions, params->weights);
        ep->engines[engine].pending = (void *)at;
        at += bitmap_bytes(params);
    }
    for (uint32_t f = 0; f < params->n_functions; f++)
        ep->functions[f] = (struct endpoint_function){.rid = rids[f], .user = 1};
    for (uint32_t tag = 0; tag < params->tags; tag++)
        ep->tags[tag].next_free = (uint16_t)(tag + 1);
}

void endpoint_connect(struct endpoint *ep, struct link *in, struct link *out)
{
    ep->in = in;
    in->receiver = (struct link_receiver){on_tlp, ep, 0};
    port_init(&ep->port, ep->fabric, out, &ep->component, EV_PORT);
}
