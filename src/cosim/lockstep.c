#include "cosim/lockstep.h"

#include "base/check.h"
#include "cosim/lockstep_given.h"
#include "cosim/lockstep_lookup.h"

#include <stdlib.h>
#include <string.h>

/* Of a TLP's first beat, counted from the cycle in which it enters. */
enum { STAGE_COMPARE = INGRESS_CYCLES, STAGE_SELECT = INGRESS_CYCLES + REMAP_CYCLES - 1, STAGES };
enum { CREDIT_BYTES = 16, NONE = 0, NOBODY = -1 };

struct waiting { /* a TLP on its way; the index is its name, 0 is none */
    struct tlp_header header;
    uint64_t ready_cycle; /* the first in which it can be granted */
    uint32_t serial;
    uint32_t next; /* in its queue */
    uint32_t data;
    bool has_data;
};

struct queue {
    uint32_t head, tail;
};

struct group { /* what waits at one ingress for one egress */
    struct queue of_class[CLASSES];
};

struct ingress {
    uint32_t stage[STAGES]; /* first beats in the pipeline */
    struct lookup lookup[STAGES];
    uint32_t n_inside;    /* of them */
    uint64_t free_cycle;  /* its way into the crossbar is free from here on */
    uint32_t accept;      /* egress that is accepted first */
    int32_t offered_by;   /* the egress whose grant it accepts so far, or NOBODY */
    enum tlp_class class; /* and of which class */
};

struct credits {
    bool infinite;
    uint32_t units;
};

struct egress {
    uint64_t free_cycle; /* the crossbar's output is free from here on */
    uint64_t hold_until; /* the buffer behind has room from here on */
    uint32_t pointer;    /* ingress that is granted first */
    uint32_t n_waiting;
    struct credits header[CLASSES], data[CLASSES];
};

struct lockstep {
    const struct record *record; /* borrowed */
    uint64_t cycle;
    size_t next; /* event of the record */
    uint32_t n_ports;
    struct ingress *in;
    struct egress *out;
    struct group *groups; /* [egress][ingress] */
    struct lookup_tables tables;
    size_t *decisions; /* by serial: STEER, MAKE, TAKE or DROP of it, + 1 */
    struct waiting *tlps;
    uint32_t n_tlps, capacity, free_head;
    uint32_t n_inside;            /* of them: on their way */
    struct record_event *outputs; /* to come */
    size_t n_outputs, outputs_capacity;
    struct record_event *now; /* of the cycle done last */
    size_t now_capacity;
};

/* ---- TLPs on their way ---- */

static void *grown(void *memory, size_t *capacity, size_t element_bytes)
{
    *capacity = *capacity ? 2 * *capacity : 64;
    memory = reallocarray(memory, *capacity, element_bytes);
    CHECK(memory);
    return memory;
}

static uint32_t take_tlp(struct lockstep *lockstep, const struct record_event *event)
{
    uint32_t index = lockstep->free_head;
    if (index != NONE) {
        lockstep->free_head = lockstep->tlps[index].next;
    } else {
        if (lockstep->n_tlps == lockstep->capacity) {
            size_t capacity = lockstep->capacity;
            lockstep->tlps = grown(lockstep->tlps, &capacity, sizeof *lockstep->tlps);
            lockstep->capacity = (uint32_t)capacity;
        }
        index = lockstep->n_tlps++;
    }
    lockstep->n_inside++;
    struct waiting *tlp = &lockstep->tlps[index];
    *tlp = (struct waiting){
        .serial = event->tlp.serial, .has_data = event->tlp.has_data, .data = event->tlp.data};
    CHECK(record_unpack_header(event->tlp.header, &tlp->header));
    return index;
}

static void give_back(struct lockstep *lockstep, uint32_t index)
{
    lockstep->tlps[index].next = lockstep->free_head;
    lockstep->free_head = index;
    lockstep->n_inside--;
}

static enum tlp_class class_of(const struct tlp_header *header)
{
    return tlp_header_kinds[header->kind].class;
}

static void put_out(struct lockstep *lockstep, const struct record_event *event)
{
    if (lockstep->n_outputs == lockstep->outputs_capacity)
        lockstep->outputs =
            grown(lockstep->outputs, &lockstep->outputs_capacity, sizeof *lockstep->outputs);
    lockstep->outputs[lockstep->n_outputs++] = *event;
}

static void put_out_tlp(struct lockstep *lockstep, enum record_kind kind, uint64_t cycle,
                        uint32_t port, const struct waiting *tlp)
{
    struct record_event event = {.cycle = cycle, .port = (uint16_t)port, .kind = (uint8_t)kind};
    event.tlp.serial = tlp->serial;
    event.tlp.egress = 0;
    event.tlp.has_header = kind == RECORD_OUT;
    event.tlp.has_data = kind == RECORD_OUT && tlp->has_data;
    event.tlp.data = tlp->data;
    memset(event.tlp.header, 0, sizeof event.tlp.header);
    if (kind == RECORD_OUT)
        record_pack_header(&tlp->header, event.tlp.header);
    put_out(lockstep, &event);
}

/* ---- receive buffer ---- */

static struct group *group_of(struct lockstep *lockstep, uint32_t egress, uint32_t ingress)
{
    return &lockstep->groups[(size_t)egress * lockstep->n_ports + ingress];
}

static void enqueue(struct lockstep *lockstep, uint32_t ingress, uint32_t egress, uint32_t index,
                    uint64_t ready_cycle)
{
    struct waiting *tlp = &lockstep->tlps[index];
    struct queue *queue = &group_of(lockstep, egress, ingress)->of_class[class_of(&tlp->header)];
    tlp->ready_cycle = ready_cycle;
    tlp->next = NONE;
    if (queue->head == NONE)
        queue->head = index;
    else
        lockstep->tlps[queue->tail].next = index;
    queue->tail = index;
    lockstep->out[egress].n_waiting++;
}

/* True if @earlier came before @later; what came at once is ordered only behind a posted one. */
static bool came_before(const struct waiting *earlier, const struct waiting *later)
{
    return earlier->ready_cycle < later->ready_cycle ||
           (earlier->ready_cycle == later->ready_cycle &&
            class_of(&earlier->header) == CLASS_POSTED);
}

static uint16_t source_of(const struct tlp_header *header)
{
    return class_of(header) == CLASS_COMPLETION ? header->completer : header->requester;
}

/* IDO: no earlier one in @queue has its ID. */
static bool has_other_id(const struct lockstep *lockstep, const struct queue *queue,
                         const struct waiting *tlp)
{
    for (uint32_t i = queue->head; i != NONE; i = lockstep->tlps[i].next) {
        const struct waiting *earlier = &lockstep->tlps[i];
        if (came_before(earlier, tlp) && earlier->header.requester == source_of(&tlp->header))
            return false;
    }
    return true;
}

static bool may_pass(const struct lockstep *lockstep, const struct group *group, int class)
{
    const struct waiting *tlp = &lockstep->tlps[group->of_class[class].head];
    for (int other = 0; other < CLASSES; other++) {
        const struct queue *queue = &group->of_class[other];
        if (other == class || queue->head == NONE ||
            !came_before(&lockstep->tlps[queue->head], tlp))
            continue;
        const bool other_id = tlp->header.id_ordering && has_other_id(lockstep, queue, tlp);
        if (!order_may_pass((enum tlp_class) class, (enum tlp_class)other,
                            tlp->header.relaxed_ordering, other_id))
            return false;
    }
    return true;
}

static bool suffices(const struct credits *credits, uint32_t units)
{
    return credits->infinite || credits->units >= units;
}

static uint32_t data_units(const struct tlp_header *header)
{
    return (record_payload_bytes(header) + CREDIT_BYTES - 1) / CREDIT_BYTES;
}

/* The class whose oldest TLP goes next, or NOBODY. */
static int pick(const struct lockstep *lockstep, const struct group *group,
                const struct egress *out)
{
    int best = NOBODY;
    uint64_t best_cycle = lockstep->cycle + 1;
    for (int class = 0; class < CLASSES; class ++) {
        const uint32_t head = group->of_class[class].head;
        if (head == NONE)
            continue;
        const struct waiting *tlp = &lockstep->tlps[head];
        if (tlp->ready_cycle >= best_cycle || !may_pass(lockstep, group, class) ||
            !suffices(&out->header[class], 1) ||
            !suffices(&out->data[class], data_units(&tlp->header)))
            continue;
        best = class;
        best_cycle = tlp->ready_cycle;
    }
    return best;
}

/* ---- crossbar ---- */

/* The first of @a and @b from @pointer on, of @n. */
static bool goes_first(uint32_t a, uint32_t b, uint32_t pointer, uint32_t n)
{
    return (a + n - pointer) % n < (b + n - pointer) % n;
}

static void grant(struct lockstep *lockstep, uint32_t egress)
{
    const uint32_t n = lockstep->n_ports;
    const struct egress *out = &lockstep->out[egress];
    if (!out->n_waiting || out->free_cycle > lockstep->cycle || out->hold_until > lockstep->cycle)
        return;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t ingress = (out->pointer + i) % n;
        struct ingress *in = &lockstep->in[ingress];
        if (in->free_cycle > lockstep->cycle)
            continue;
        const int class = pick(lockstep, group_of(lockstep, egress, ingress), out);
        if (class == NOBODY)
            continue;
        if (in->offered_by == NOBODY ||
            goes_first(egress, (uint32_t)in->offered_by, in->accept, n)) {
            in->offered_by = (int32_t)egress;
            in->class = (enum tlp_class) class;
        }
        return;
    }
}

static void spend(struct credits *credits, uint32_t units)
{
    if (!credits->infinite)
        credits->units -= units;
}

static void accept(struct lockstep *lockstep, uint32_t ingress)
{
    struct ingress *in = &lockstep->in[ingress];
    if (in->offered_by == NOBODY)
        return;
    const uint32_t egress = (uint32_t)in->offered_by;
    struct egress *out = &lockstep->out[egress];
    struct queue *queue = &group_of(lockstep, egress, ingress)->of_class[in->class];
    const uint32_t index = queue->head;
    const struct waiting *tlp = &lockstep->tlps[index];
    in->offered_by = NOBODY;
    in->accept = (egress + 1) % lockstep->n_ports;
    out->pointer = (ingress + 1) % lockstep->n_ports;
    in->free_cycle = out->free_cycle =
        lockstep->cycle + record_beats(lockstep->record, &tlp->header);
    spend(&out->header[in->class], 1);
    spend(&out->data[in->class], data_units(&tlp->header));
    out->n_waiting--;
    queue->head = tlp->next;
    put_out_tlp(lockstep, RECORD_OUT, lockstep->cycle + CROSSBAR_CYCLES, egress, tlp);
    give_back(lockstep, index);
}

static void run_crossbar(struct lockstep *lockstep)
{
    for (uint32_t e = 0; e < lockstep->n_ports; e++)
        grant(lockstep, e);
    for (uint32_t i = 0; i < lockstep->n_ports; i++)
        accept(lockstep, i);
}

/* ---- pipeline ---- */

/* What the record says of a TLP that no table decides; it may end before the decision. */
static void follow_decision(struct lockstep *lockstep, uint32_t ingress, uint32_t index)
{
    struct waiting *tlp = &lockstep->tlps[index];
    const uint64_t ready_cycle = lockstep->cycle + 1 + EDIT_CYCLES;
    const size_t decided = lockstep->decisions[tlp->serial];
    const struct record_event *event = decided ? &lockstep->record->events[decided - 1] : NULL;
    if (!event || event->kind == RECORD_TAKE || event->kind == RECORD_DROP) {
        if (event)
            put_out_tlp(lockstep, (enum record_kind)event->kind, ready_cycle, ingress, tlp);
        give_back(lockstep, index);
        return;
    }
    CHECK(record_unpack_header(event->tlp.header, &tlp->header));
    tlp->has_data = event->tlp.has_data;
    tlp->data = event->tlp.data;
    enqueue(lockstep, ingress, event->tlp.egress, index,
            event->kind == RECORD_MAKE ? event->cycle : ready_cycle);
}

static void leave_lookup(struct lockstep *lockstep, uint32_t ingress, uint32_t index,
                         const struct lookup *lookup)
{
    struct waiting *tlp = &lockstep->tlps[index];
    const uint64_t ready_cycle = lockstep->cycle + 1 + EDIT_CYCLES;
    uint16_t egress = 0;
    enum pool_kind kind;
    const size_t decided = lockstep->decisions[tlp->serial];
    const bool barred = decided && lockstep->record->events[decided - 1].kind == RECORD_BAR;
    if ((decided && !barred) || !lookup_kind(&tlp->header, &kind)) {
        follow_decision(lockstep, ingress, index);
        return;
    }
    switch (barred ? lookup_bar(kind)
                   : lookup_select(&lockstep->tables, lookup, &tlp->header, &egress)) {
    case POOL_PASS:
    case POOL_REMAP:
        enqueue(lockstep, ingress, egress, index, ready_cycle);
        return;
    case POOL_UNSUPPORTED: /* the completion generator takes a cycle */
        lookup_refuse(&tlp->header);
        tlp->has_data = false;
        put_out_tlp(lockstep, RECORD_ANSWER, ready_cycle + 1, ingress, tlp);
        enqueue(lockstep, ingress, ingress, index, ready_cycle + 1);
        return;
    case POOL_DROP:
        put_out_tlp(lockstep, RECORD_DROP, ready_cycle, ingress, tlp);
        give_back(lockstep, index);
        return;
    }
    CHECK(false);
}

static void compare(struct lockstep *lockstep, uint32_t ingress)
{
    struct ingress *in = &lockstep->in[ingress];
    const uint32_t index = in->stage[STAGE_COMPARE];
    if (index != NONE)
        in->lookup[STAGE_COMPARE] =
            lookup_compare(&lockstep->tables, (uint16_t)ingress, &lockstep->tlps[index].header);
}

/* A write kills the matches of its entry, whichever of the two stages they are in. */
static void kill(struct lockstep *lockstep, const struct record_event *write)
{
    struct ingress *in = &lockstep->in[write->port];
    for (int stage = STAGE_COMPARE; stage <= STAGE_SELECT; stage++)
        if (in->stage[stage] != NONE &&
            lookup_is_hit_by(&in->lookup[stage], &lockstep->tlps[in->stage[stage]].header,
                             &lockstep->tables, write))
            in->lookup[stage].match = -1;
}

static void move(struct lockstep *lockstep, uint32_t ingress)
{
    struct ingress *in = &lockstep->in[ingress];
    const uint32_t last = in->stage[STAGE_SELECT];
    if (!in->n_inside)
        return;
    if (last != NONE) {
        leave_lookup(lockstep, ingress, last, &in->lookup[STAGE_SELECT]);
        in->n_inside--;
    }
    for (int stage = STAGE_SELECT; stage > 0; stage--) {
        in->stage[stage] = in->stage[stage - 1];
        in->lookup[stage] = in->lookup[stage - 1];
    }
    in->stage[0] = NONE;
}

static void run_pipelines(struct lockstep *lockstep, const struct record_event *events, size_t n)
{
    for (uint32_t i = 0; i < lockstep->n_ports; i++)
        if (lockstep->in[i].n_inside)
            compare(lockstep, i);
    for (size_t i = 0; i < n; i++)
        if (events[i].kind == RECORD_WRITE)
            kill(lockstep, &events[i]);
    if (n)
        lookup_write(&lockstep->tables, events, n);
    for (uint32_t i = 0; i < lockstep->n_ports; i++)
        move(lockstep, i);
}

/* ---- a cycle ---- */

static void add(struct credits *credits, uint32_t units)
{
    if (!credits->infinite)
        credits->units += units;
}

static void take_in(struct lockstep *lockstep, const struct record_event *event)
{
    struct egress *out = &lockstep->out[event->port];
    switch ((enum record_kind)event->kind) {
    case RECORD_IN:
        lockstep->in[event->port].stage[0] = take_tlp(lockstep, event);
        lockstep->in[event->port].n_inside++;
        return;
    case RECORD_MAKE: /* an answer goes with its request through the pipeline */
        if (!lockstep->decisions[event->tlp.serial])
            enqueue(lockstep, event->port, event->tlp.egress, take_tlp(lockstep, event),
                    event->cycle);
        return;
    case RECORD_CREDIT:
        add(&out->header[event->credit.class], event->credit.header);
        add(&out->data[event->credit.class], event->credit.data);
        return;
    case RECORD_HOLD:
        if (event->hold.until_cycle > out->hold_until)
            out->hold_until = event->hold.until_cycle;
        return;
    case RECORD_OUT:
    case RECORD_ANSWER:
    case RECORD_DROP:
    case RECORD_TAKE:
    case RECORD_BAR:
    case RECORD_STEER:
    case RECORD_WRITE:
    case RECORD_FUNCTION:
    case RECORD_COMMAND:
    case RECORD_CLOSE:
    case RECORD_KINDS:
        return;
    }
}

static int compare_outputs(const void *a, const void *b)
{
    const struct record_event *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return (x->port > y->port) - (x->port < y->port);
}

/* Those of the present cycle, out of all that are to come. */
static size_t outputs_of_cycle(struct lockstep *lockstep)
{
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < lockstep->n_outputs; i++) {
        if (lockstep->outputs[i].cycle != lockstep->cycle) {
            lockstep->outputs[kept++] = lockstep->outputs[i];
            continue;
        }
        if (n == lockstep->now_capacity)
            lockstep->now = grown(lockstep->now, &lockstep->now_capacity, sizeof *lockstep->now);
        lockstep->now[n++] = lockstep->outputs[i];
    }
    lockstep->n_outputs = kept;
    if (n > 1)
        qsort(lockstep->now, n, sizeof *lockstep->now, compare_outputs);
    return n;
}

size_t lockstep_run_cycle(struct lockstep *lockstep, const struct record_event **out_events)
{
    const struct record *record = lockstep->record;
    const size_t first = lockstep->next;
    while (lockstep->next < record->n_events &&
           record->events[lockstep->next].cycle == lockstep->cycle)
        take_in(lockstep, &record->events[lockstep->next++]);
    run_crossbar(lockstep);
    run_pipelines(lockstep, &record->events[first], lockstep->next - first);
    const size_t n = outputs_of_cycle(lockstep);
    *out_events = lockstep->now;
    lockstep->cycle++;
    return n;
}

void lockstep_skip_idle(struct lockstep *lockstep)
{
    const struct record *record = lockstep->record;
    if (!lockstep->n_inside && !lockstep->n_outputs && lockstep->next < record->n_events)
        lockstep->cycle = record->events[lockstep->next].cycle;
}

uint64_t lockstep_next_cycle(const struct lockstep *lockstep)
{
    return lockstep->cycle;
}

/* ---- life cycle ---- */

static void reset_ports(struct lockstep *lockstep)
{
    for (uint32_t p = 0; p < lockstep->n_ports; p++) {
        const struct record_port *port = &lockstep->record->ports[p];
        struct egress *out = &lockstep->out[p];
        lockstep->in[p].offered_by = NOBODY;
        for (int class = 0; class < CLASSES; class ++) {
            out->header[class] =
                (struct credits){!port->header_credits[class], port->header_credits[class]};
            out->data[class] =
                (struct credits){!port->data_credits[class], port->data_credits[class]};
        }
    }
}

bool lockstep_new(const struct record *record, struct lockstep **out, struct err *err)
{
    if (!lockstep_can_follow(record, err))
        return false;
    const size_t n = record->n_ports;
    struct lockstep *lockstep = calloc(1, sizeof *lockstep);
    if (!lockstep)
        return err_at(err, NULL, "out of memory");
    lockstep->record = record;
    lockstep->n_ports = record->n_ports;
    lockstep->n_tlps = lockstep->capacity = 1; /* 0 is none */
    lockstep->tlps = calloc(1, sizeof *lockstep->tlps);
    lockstep->in = calloc(n, sizeof *lockstep->in);
    lockstep->out = calloc(n, sizeof *lockstep->out);
    lockstep->groups = calloc(n * n, sizeof *lockstep->groups);
    lockstep->decisions = lockstep_decisions(record);
    if (!lockstep->tlps || !lockstep->in || !lockstep->out || !lockstep->groups ||
        !lockstep->decisions || !lookup_init(&lockstep->tables, record)) {
        lockstep_free(lockstep);
        return err_at(err, NULL, "out of memory");
    }
    reset_ports(lockstep);
    *out = lockstep;
    return true;
}

void lockstep_free(struct lockstep *lockstep)
{
    lookup_fini(&lockstep->tables);
    free(lockstep->tlps);
    free(lockstep->in);
    free(lockstep->out);
    free(lockstep->groups);
    free(lockstep->decisions);
    free(lockstep->outputs);
    free(lockstep->now);
    free(lockstep);
}
