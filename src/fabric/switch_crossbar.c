/* A TLP comes from switch.c (switch_crossbar_enqueue), goes to link.c (link_send in apply_grant).
 * See switch.h for the cycle rules. */
#include "fabric/switch_crossbar.h"

#include "fabric/switch_ring.h"

/* ---- receive buffer ---- */

/* The group of queues from @ingress to @egress, an index of ready_ps. */
static size_t group_of(const struct pcie_switch *sw, uint32_t egress, uint32_t ingress)
{
    return (size_t)egress * sw->egress_stride + ingress;
}

static struct tlp_fifo *fifos_of(const struct pcie_switch *sw, size_t group)
{
    return &sw->fifos[group * sw->n_queues];
}

/* What a TLP of @kind with @payload on the wire takes of the buffer: its bytes without framing. */
static uint32_t buffer_bytes(const struct fabric *fabric, uint32_t kind, uint32_t payload)
{
    return fabric->overhead_bytes[kind] + payload - RATE_FRAMING_BYTES;
}

static void hold_bytes(struct switch_ingress *in, enum tlp_class class, uint32_t bytes)
{
    uint32_t held = in->held_bytes[class] + bytes;
    in->held_bytes[class] = held;
    in->most_bytes[class] = held > in->most_bytes[class] ? held : in->most_bytes[class];
}

static void release_bytes(struct switch_ingress *in, enum tlp_class class, uint32_t bytes,
                          uint64_t held_ps)
{
    in->held_bytes[class] -= bytes;
    in->byte_ps[class] += bytes * held_ps / SWITCH_BYTE_PS;
}

static uint64_t *request_word(struct pcie_switch *sw, uint32_t egress, uint32_t ingress)
{
    return &sw->requests[(size_t)egress * sw->request_words + ingress / 64];
}

static void set_request(struct pcie_switch *sw, uint32_t egress, uint32_t ingress)
{
    uint64_t *word = request_word(sw, egress, ingress);
    uint64_t bit = UINT64_C(1) << ingress % 64;
    sw->ports[egress].out.requests += !(*word & bit);
    *word |= bit;
}

static void clear_request(struct pcie_switch *sw, uint32_t egress, uint32_t ingress)
{
    *request_word(sw, egress, ingress) &= ~(UINT64_C(1) << ingress % 64);
    sw->ports[egress].out.requests--;
}

/* When the first head in @fifos is ready; UINT64_MAX: there is none, as TLP 0 never is. */
static uint64_t first_ready_ps(const struct pcie_switch *sw, const struct tlp_fifo *fifos)
{
    const struct tlp_pool *tlps = &sw->fabric->tlps;
    uint64_t ready_ps = UINT64_MAX;
    for (const struct tlp_fifo *end = fifos + sw->n_queues; fifos < end; fifos += CLASSES) {
        for (int class = 0; class < CLASSES; class ++) {
            uint64_t at_ps = tlp_get(tlps, fifos[class].head)->at_ps;
            ready_ps = at_ps < ready_ps ? at_ps : ready_ps;
        }
    }
    return ready_ps;
}

/* The same of those that go to @egress. */
static uint64_t first_ready_for_ps(const struct pcie_switch *sw, const struct tlp_fifo *fifos,
                                   uint32_t egress)
{
    const struct tlp_pool *tlps = &sw->fabric->tlps;
    uint64_t ready_ps = UINT64_MAX;
    for (uint32_t q = 0; q < sw->n_queues; q++) {
        const struct tlp *tlp = tlp_get(tlps, fifos[q].head);
        if (tlp->port == egress && tlp->at_ps < ready_ps)
            ready_ps = tlp->at_ps;
    }
    return ready_ps;
}

/* The first TLP of a queue is ready in cycle @ready, at @at_ps. */
static __attribute__((noinline)) void request_egress(struct pcie_switch *sw, uint32_t egress,
                                                     uint32_t ingress, uint64_t ready,
                                                     uint64_t at_ps)
{
    const struct switch_egress *out = &sw->ports[egress].out;
    size_t group = group_of(sw, egress, ingress);
    if (sw->ready_ps[group] - 1 >= at_ps) /* 0, there is none, is the greatest here */
        sw->ready_ps[group] = at_ps;
    set_request(sw, egress, ingress);
    if (at_ps < sw->crossbar_free_ps[ingress])
        ready = switch_cycle_at_or_after(sw, sw->crossbar_free_ps[ingress]);
    switch_ring_wake(sw, egress, ready < out->ready_cycle ? out->ready_cycle : ready);
}

inline void switch_crossbar_enqueue(struct pcie_switch *sw, uint32_t ingress, uint32_t index,
                                    uint32_t payload, uint64_t ready)
{
    struct tlp *tlp = tlp_get(&sw->fabric->tlps, index);
    uint32_t egress = tlp->port;
    size_t group = group_of(sw, egress, ingress);
    struct tlp_fifo *fifo = &fifos_of(sw, group)[fabric_queue(sw->fabric, tlp)];
    hold_bytes(&sw->ports[ingress].in, tlp_class_of(tlp),
               buffer_bytes(sw->fabric, tlp->kind, payload));
    bool is_head = !fifo->head;
    tlp_fifo_push(sw->fabric, fifo, index);
    if (is_head)
        request_egress(sw, egress, ingress, ready, tlp->at_ps);
}

/* ---- crossbar ---- */

struct query { /* of one egress, by its arbiter */
    struct pcie_switch *sw;
    uint32_t egress;
    uint32_t port;         /* whose heads compete: with VOQ all in the queues */
    uint64_t free_ps;      /* when the first busy one of the requesters looked at is free */
    struct pick_wait wait; /* what the others wait for; ready_ps also of queues not looked into */
    int queue;             /* of the last ingress that was eligible */
    uint32_t payload;
    uint32_t ingress;
};

static inline __attribute__((always_inline)) bool is_eligible(void *context, uint32_t ingress,
                                                              uint64_t *out_age)
{
    struct query *query = context;
    struct pcie_switch *sw = query->sw;
    uint64_t free_ps = sw->crossbar_free_ps[ingress];
    if (free_ps > query->wait.now_ps) {
        if (free_ps < query->free_ps)
            query->free_ps = free_ps;
        return false;
    }
    size_t group = group_of(sw, query->egress, ingress);
    uint64_t ready_ps = sw->ready_ps[group];
    if (ready_ps > query->wait.now_ps) {
        if (ready_ps < query->wait.ready_ps)
            query->wait.ready_ps = ready_ps;
        return false;
    }
    const struct link *link = sw->ports[query->egress].out.link;
    const struct tlp_fifo *fifos = fifos_of(sw, group);
    int q = pick(sw->fabric, fifos, link, query->port, &query->wait);
    if (q == PICK_NONE)
        return false;
    *out_age = tlp_get(&sw->fabric->tlps, fifos[q].head)->at_ps;
    query->queue = q;
    query->payload = query->wait.payload;
    query->ingress = ingress;
    return true;
}

/* An arbiter that compares has asked about others after the one that it chose. */
static __attribute__((noinline)) void ask_again(struct query *query, uint32_t ingress)
{
    uint64_t age;
    CHECK(is_eligible(query, ingress, &age));
}

/* First cycle from @free_cycle on in which the egress can start another TLP: its buffer has room.
 * It changes only when the egress sends, so it is computed once then. */
static uint64_t egress_ready_cycle(const struct pcie_switch *sw, const struct switch_egress *out,
                                   uint64_t free_cycle)
{
    uint64_t wire_ticks = out->link->free_ticks;
    uint64_t over_ticks = wire_ticks > out->buffer_ticks ? wire_ticks - out->buffer_ticks : 0;
    uint64_t exit = switch_cycle_at_or_after(sw, link_ticks_to_ps(over_ticks));
    uint64_t drained_cycle = exit - sw->params.crossbar_cycles;
    return exit > free_cycle + sw->params.crossbar_cycles ? drained_cycle : free_cycle;
}

static void wait_for_credits(struct pcie_switch *sw, uint32_t egress, uint32_t blocked)
{
    struct switch_egress *out = &sw->ports[egress].out;
    if (blocked && !out->stalled_since_ps)
        out->stalled_since_ps = sw->fabric->sim->now_ps;
    for (; blocked; blocked &= blocked - 1) {
        uint64_t at_ps = link_credit_when(out->link, (uint32_t)__builtin_ctz(blocked));
        if (at_ps != UINT64_MAX)
            switch_ring_wake(sw, egress, switch_cycle_at_or_after(sw, at_ps));
    }
}

void switch_crossbar_on_credit(void *self, uint32_t egress, uint64_t at_ps)
{
    struct pcie_switch *sw = self;
    switch_ring_wake(sw, egress, switch_cycle_at_or_after(sw, at_ps));
}

/* Accept: an ingress chosen by several egress ports takes the first from its pointer on; the other
 * tries again. */
static __attribute__((noinline)) void settle_rivalry(struct pcie_switch *sw, uint32_t egress,
                                                     struct switch_ingress *in, int queue,
                                                     uint32_t payload, uint64_t cycle)
{
    uint32_t n = sw->n_ports;
    uint32_t rival = (uint32_t)in->granted_to;
    uint32_t loser = egress;
    if ((egress + n - in->accept_pointer) % n < (rival + n - in->accept_pointer) % n) {
        in->granted_to = (int32_t)egress;
        in->granted_queue = queue;
        in->granted_payload = payload;
        loser = rival;
    }
    switch_ring_wake(sw, loser, cycle + 1);
}

static void offer_grant(struct pcie_switch *sw, uint32_t egress, uint32_t ingress, int queue,
                        uint32_t payload, uint64_t cycle)
{
    struct switch_ingress *in = &sw->ports[ingress].in;
    if (in->granted_to >= 0) {
        settle_rivalry(sw, egress, in, queue, payload, cycle);
        return;
    }
    in->granted_to = (int32_t)egress;
    in->granted_queue = queue;
    in->granted_payload = payload;
    sw->granting[sw->n_granting++] = ingress;
}

/* What a look at all requesters of an egress finds. */
struct sight {
    uint64_t able;     /* those whose way into the crossbar is free and who have something ready */
    uint64_t later_ps; /* when the first of the others is; UINT64_MAX: there is none */
};

/* For up to 64 ports with VOQ. There is no branch on what is found at a requester: none could be
 * predicted. */
static inline struct sight look_at_requesters(const struct pcie_switch *sw, uint32_t egress,
                                              uint64_t now_ps)
{
    const uint64_t *ready_ps = &sw->ready_ps[group_of(sw, egress, 0)];
    const uint64_t *free_ps = sw->crossbar_free_ps;
    struct sight sight = {.later_ps = UINT64_MAX};
    for (uint64_t bits = sw->requests[egress]; bits; bits &= bits - 1) {
        uint32_t ingress = (uint32_t)__builtin_ctzll(bits);
        uint64_t ready = ready_ps[ingress];
        uint64_t at_ps = free_ps[ingress] > ready ? free_ps[ingress] : ready;
        uint64_t able = at_ps <= now_ps;
        uint64_t later_ps = at_ps | -able;
        sight.able |= able << ingress;
        sight.later_ps = later_ps < sight.later_ps ? later_ps : sight.later_ps;
    }
    return sight;
}

/* More requesters than these are asked one by one: one of them is likely to be ready soon, and to
 * look at all costs more than to ask some in vain. */
enum { FEW_REQUESTERS = 8 };

/* No requester of @egress can be granted: it decides again when the first of the busy ones is free
 * or the first of the free ones has something ready. */
static __attribute__((noinline)) void wait_for_requesters(struct pcie_switch *sw, uint32_t egress,
                                                          uint64_t now_ps)
{
    const uint64_t *ready_ps = &sw->ready_ps[group_of(sw, egress, 0)];
    uint64_t first_ps = UINT64_MAX;
    for (uint64_t bits = sw->requests[egress]; bits; bits &= bits - 1) {
        uint32_t ingress = (uint32_t)__builtin_ctzll(bits);
        uint64_t ready = ready_ps[ingress];
        uint64_t free = sw->crossbar_free_ps[ingress];
        uint64_t at_ps = free > now_ps ? free : ready;
        first_ps = at_ps < first_ps ? at_ps : first_ps;
    }
    switch_ring_wake(sw, egress, switch_cycle_at_or_after(sw, first_ps));
}

/* Tries the usual case: a round-robin arbiter, few requesters, and the first that is ready, if any,
 * has credits. False: the arbiter must ask them. */
static inline bool grant_first_ready(struct pcie_switch *sw, uint32_t egress, uint64_t cycle)
{
    struct switch_egress *out = &sw->ports[egress].out;
    if (!sw->looks_ahead || out->requests > FEW_REQUESTERS)
        return false;
    struct pick_wait wait = {.now_ps = sw->fabric->sim->now_ps};
    struct sight sight = look_at_requesters(sw, egress, wait.now_ps);
    if (!sight.able) {
        wait_for_requesters(sw, egress, wait.now_ps);
        return true;
    }
    uint64_t behind = sight.able & UINT64_MAX << out->arb.pointer;
    uint32_t ingress = (uint32_t)__builtin_ctzll(behind ? behind : sight.able);
    out->others_ps = (sight.able & (sight.able - 1)) ? wait.now_ps : sight.later_ps;
    const struct tlp_fifo *fifos = fifos_of(sw, group_of(sw, egress, ingress));
    int q = pick(sw->fabric, fifos, out->link, PICK_ANY_PORT, &wait);
    if (q == PICK_NONE)
        return false;
    offer_grant(sw, egress, ingress, q, wait.payload, cycle);
    return true;
}

/* The arbiter of @egress asks its requesters; if nothing can be granted, the egress sleeps until a
 * TLP arrives at the end of its pipeline, an ingress is free or credits come, whatever is first. A
 * function of its own, so that the usual case need not carry its variables. */
static __attribute__((noinline)) void ask_requesters(struct pcie_switch *sw, uint32_t egress,
                                                     uint64_t cycle)
{
    struct switch_egress *out = &sw->ports[egress].out;
    struct query query = {.sw = sw,
                          .egress = egress,
                          .port = sw->params.voq ? PICK_ANY_PORT : egress,
                          .free_ps = UINT64_MAX,
                          .wait = {.now_ps = sw->fabric->sim->now_ps, .ready_ps = UINT64_MAX}};
    int32_t ingress = arb_pick(&out->arb, request_word(sw, egress, 0), is_eligible, &query);
    if (ingress != ARB_NONE) {
        if (query.ingress != (uint32_t)ingress)
            ask_again(&query, (uint32_t)ingress);
        offer_grant(sw, egress, (uint32_t)ingress, query.queue, query.payload, cycle);
        return;
    }
    wait_for_credits(sw, egress, query.wait.blocked);
    uint64_t next_ps = query.free_ps < query.wait.ready_ps ? query.free_ps : query.wait.ready_ps;
    if (next_ps != UINT64_MAX)
        switch_ring_wake(sw, egress, switch_cycle_at_or_after(sw, next_ps));
}

/* The arbiter of @egress chooses, if it has something to choose from. */
static void decide(struct pcie_switch *sw, uint32_t egress, uint64_t cycle)
{
    struct switch_egress *out = &sw->ports[egress].out;
    if (!out->requests)
        return;
    if (out->ready_cycle > cycle) {
        switch_ring_wake(sw, egress, out->ready_cycle);
        return;
    }
    if (!grant_first_ready(sw, egress, cycle))
        ask_requesters(sw, egress, cycle);
}

static void account_wait(struct switch_egress *out, struct tlp *tlp, uint64_t now_ps)
{
    if (out->stalled_since_ps) {
        out->link->credit_stall_ps += now_ps - out->stalled_since_ps;
        if (tlp->at_ps < out->stalled_since_ps)
            tlp_spend(tlp, PART_ARBITRATE, out->stalled_since_ps);
        tlp_spend(tlp, PART_CREDIT, now_ps);
        out->stalled_since_ps = 0;
    }
    tlp_spend(tlp, PART_ARBITRATE, now_ps);
}

/* A faster wire must not overtake the crossbar: the last beat has to be there when its turn comes.
 */
static uint64_t wire_ready_ps(const struct pcie_switch *sw, const struct switch_egress *out,
                              const struct tlp *tlp, uint64_t cycle, uint32_t beats)
{
    uint64_t exit = cycle + sw->params.crossbar_cycles;
    uint64_t first_ps = switch_cycle_ps(sw, exit);
    if (!out->wire_is_fast || beats == 1)
        return first_ps;
    uint32_t before = sw->fabric->overhead_bytes[tlp->kind] - sw->fabric->tail_bytes +
                      ((beats - 1) << sw->beat_shift);
    uint64_t sent_ps = link_ticks_to_ps(link_ticks(out->link, before));
    uint64_t last_ps = switch_cycle_ps(sw, exit + beats - 1);
    return last_ps > first_ps + sent_ps ? last_ps - sent_ps : first_ps;
}

/* Without VOQ the heads share one ingress: the next one of a class may go elsewhere than the one
 * that went to @egress, and one of another class may have waited for this to go first. */
static __attribute__((noinline)) void request_for_heads(struct pcie_switch *sw,
                                                        const struct tlp_fifo *fifos,
                                                        uint32_t ingress, uint32_t egress,
                                                        uint64_t free_cycle)
{
    if (first_ready_for_ps(sw, fifos, egress) == UINT64_MAX)
        clear_request(sw, egress, ingress);
    for (uint32_t q = 0; q < sw->n_queues; q++) {
        if (!fifos[q].head)
            continue;
        uint32_t to = tlp_get(&sw->fabric->tlps, fifos[q].head)->port;
        set_request(sw, to, ingress);
        switch_ring_wake(sw, to, free_cycle);
    }
}

/* The TLP at the head of the granted queue leaves the receive buffer; what is behind it requests
 * its egress. */
static void take_granted(struct pcie_switch *sw, uint32_t ingress, uint32_t egress, uint32_t q,
                         uint64_t free_cycle)
{
    size_t group = group_of(sw, egress, ingress);
    struct tlp_fifo *fifos = fifos_of(sw, group);
    tlp_fifo_pop(sw->fabric, &fifos[q]);
    uint64_t ready_ps = first_ready_ps(sw, fifos);
    bool empty = ready_ps == UINT64_MAX;
    sw->ready_ps[group] = empty ? 0 : ready_ps;
    if (__builtin_expect(!sw->params.voq, 0))
        request_for_heads(sw, fifos, ingress, egress, free_cycle);
    else if (empty)
        clear_request(sw, egress, ingress);
}

/* Of more requesters than this one is likely to be ready, and to look at all costs more than to ask
 * once in vain. */
enum { NEXT_LOOKS = 4 };

/* When the first of those who request @egress has something ready and a free way into the crossbar.
 */
static __attribute__((noinline)) uint64_t first_requester_ps(const struct pcie_switch *sw,
                                                             uint32_t egress)
{
    uint64_t first_ps = UINT64_MAX;
    for (uint32_t word = 0; word < sw->request_words; word++) {
        uint64_t bits = sw->requests[(size_t)egress * sw->request_words + word];
        for (; bits; bits &= bits - 1) {
            uint32_t ingress = word * 64 + (uint32_t)__builtin_ctzll(bits);
            uint64_t free_ps = sw->crossbar_free_ps[ingress];
            size_t group = group_of(sw, egress, ingress);
            uint64_t ready_ps = sw->ready_ps[group];
            if (!sw->params.voq)
                ready_ps = first_ready_for_ps(sw, fifos_of(sw, group), egress);
            uint64_t at_ps = free_ps > ready_ps ? free_ps : ready_ps;
            first_ps = at_ps < first_ps ? at_ps : first_ps;
        }
    }
    return first_ps;
}

/* The same after a grant to @ingress that was the only one of the cycle: what was seen of the
 * others still holds. */
static uint64_t first_as_seen_ps(const struct pcie_switch *sw, uint32_t egress, uint32_t ingress)
{
    uint64_t others_ps = sw->ports[egress].out.others_ps;
    uint64_t ready_ps = sw->ready_ps[group_of(sw, egress, ingress)];
    uint64_t free_ps = sw->crossbar_free_ps[ingress];
    uint64_t never = -(uint64_t)(ready_ps == 0);
    uint64_t at_ps = (free_ps > ready_ps ? free_ps : ready_ps) | never;
    return at_ps < others_ps ? at_ps : others_ps;
}

/* After a grant to @ingress @egress decides again when it can start, but not before one of those
 * who request it can go. */
static void wake_for_next(struct pcie_switch *sw, uint32_t egress, uint32_t ingress)
{
    const struct switch_egress *out = &sw->ports[egress].out;
    uint64_t cycle = out->ready_cycle;
    if (out->requests <= NEXT_LOOKS) {
        uint64_t next_ps = sw->looks_ahead && sw->n_granting == 1
                               ? first_as_seen_ps(sw, egress, ingress)
                               : first_requester_ps(sw, egress);
        if (next_ps == UINT64_MAX)
            return;
        uint64_t next = switch_cycle_at_or_after(sw, next_ps);
        cycle = next > cycle ? next : cycle;
    }
    switch_ring_wake(sw, egress, cycle);
}

static __attribute__((noinline)) void apply_grant(struct pcie_switch *sw, uint32_t ingress,
                                                  uint64_t cycle)
{
    struct fabric *fabric = sw->fabric;
    struct switch_ingress *in = &sw->ports[ingress].in;
    uint32_t egress = (uint32_t)in->granted_to;
    uint32_t q = (uint32_t)in->granted_queue;
    struct switch_egress *out = &sw->ports[egress].out;
    uint32_t head = fifos_of(sw, group_of(sw, egress, ingress))[q].head;
    struct tlp *tlp = tlp_get(&fabric->tlps, head);
    uint32_t payload = in->granted_payload;
    uint32_t beats = switch_beats(sw, payload);
    uint64_t free_cycle = cycle + beats;
    uint64_t gone_ps = switch_cycle_ps(sw, free_cycle);

    in->granted_to = -1;
    in->accept_pointer = egress + 1 == sw->n_ports ? 0 : egress + 1;
    sw->crossbar_free_ps[ingress] = gone_ps;
    take_granted(sw, ingress, egress, q, free_cycle);
    /* What the switch made itself gave its credits back when the request was refused. */
    in->gives_back = !(tlp->attr & TLP_ATTR_GENERATED);
    tlp->attr &= (uint8_t)~TLP_ATTR_GENERATED;
    release_bytes(in, tlp_class_of(tlp), buffer_bytes(fabric, tlp->kind, payload),
                  gone_ps - tlp->at_ps);

    out->grants++;
    arb_granted(&out->arb, ingress);
    link_credit_consume(&out->link->credit[q], credit_data_units(payload));
    account_wait(out, tlp, fabric->sim->now_ps);
    uint64_t ready_ps = wire_ready_ps(sw, out, tlp, cycle, beats);
    tlp_spend(tlp, PART_CROSSBAR, ready_ps);
    sim_note_progress(fabric->sim);
    trace_emit(&fabric->sim->trace, TR_SWITCH_OUT, sw->component.id, egress,
               switch_cycle_ps(sw, cycle + sw->params.crossbar_cycles), tlp);
    link_send(out->link, head, payload, ready_ps);
    out->ready_cycle = egress_ready_cycle(sw, out, free_cycle);
    trace_emit(&fabric->sim->trace, TR_SWITCH_ROOM, sw->component.id, egress,
               switch_cycle_ps(sw, out->ready_cycle), NULL);
    if (out->requests)
        wake_for_next(sw, egress, ingress);
}

/* Frees the receive buffer of what was granted. After all grants of the cycle have been sent: the
 * UpdateFC takes its place on a wire that one of them may have used. */
static void give_back_credits(struct pcie_switch *sw, uint32_t ingress)
{
    const struct switch_ingress *in = &sw->ports[ingress].in;
    if (in->gives_back)
        link_credit_return(in->link, (uint32_t)in->granted_queue,
                           credit_data_units(in->granted_payload), sw->crossbar_free_ps[ingress]);
}

void switch_crossbar_run(struct pcie_switch *sw, uint32_t wakes, uint64_t cycle)
{
    sw->n_granting = 0;
    while (wakes) {
        struct switch_wake *wake = &sw->wakes[wakes];
        uint32_t egress = wakes - 1;
        wakes = wake->next;
        wake->cycle = 0;
        decide(sw, egress, cycle);
    }
    for (uint32_t i = 0; i < sw->n_granting; i++)
        apply_grant(sw, sw->granting[i], cycle);
    for (uint32_t i = 0; i < sw->n_granting; i++)
        give_back_credits(sw, sw->granting[i]);
}
