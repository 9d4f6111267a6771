/* A TLP comes from switch.c at the end of the ingress pipeline; here its ID and address are looked
 * up and rewritten. */
#include "fabric/switch.h"

#include "fabric/switch_fault.h"

static const uint8_t pool_kinds[TLP_KINDS] = {
    [TLP_MEM_READ] = POOL_MEM_READ,
    [TLP_MEM_WRITE] = POOL_MEM_WRITE,
    [TLP_CPL] = POOL_COMPLETION,
    [TLP_CPL_DATA] = POOL_COMPLETION,
    [TLP_CFG_READ] = POOL_CONFIG,
    [TLP_CFG_WRITE] = POOL_CONFIG,
    [TLP_MSG] = POOL_MESSAGE,
    [TLP_MSG_DATA] = POOL_MESSAGE,
    [TLP_IO_READ] = POOL_IO,
    [TLP_IO_WRITE] = POOL_IO,
    [TLP_FETCH_ADD] = POOL_MEM_READ,
    [TLP_SWAP] = POOL_MEM_READ,
    [TLP_COMPARE_SWAP] = POOL_MEM_READ,
};

/* What the tables know about one TLP. */
struct finding {
    bool hit;          /* in the User's table */
    bool fetched;      /* from the table memory: the CAM had missed */
    bool owner;        /* the Owner's own route leads somewhere */
    bool lent;         /* to a function that is lent away */
    bool aborted;      /* who answers for it aborts it (CA) instead of not knowing it (UR) */
    int32_t port;      /* egress */
    uint32_t function; /* hit: the VF's index in the pool */
    uint64_t address;
    uint16_t rid;
};

/* A live table's entry was written while this look-up was under way. */
static bool is_killed(struct pcie_switch *sw, const void *table, uint32_t index)
{
    return __builtin_expect(sw->live, 0) && switch_is_killed(sw, table, index);
}

static struct finding find_downstream_request(struct pcie_switch *sw, uint32_t ingress,
                                              const struct tlp *tlp)
{
    const struct switch_tables *tables = &sw->ports[ingress].tables;
    struct finding found = {.port = ROUTE_NONE, .address = tlp->address, .rid = tlp->requester};
    const struct addr_entry *entry =
        tables->addr_map ? addr_map_find(tables->addr_map, tlp->address, &found.address) : NULL;
    if (entry && !is_killed(sw, tables->addr_map, addr_map_index(tables->addr_map, entry))) {
        found.hit = true;
        found.port = entry->port;
        found.function = entry->function;
    } else if (tables->owner) {
        uint64_t unused;
        found.port = route_address(tables->owner, tlp->address);
        found.owner = found.port != ROUTE_NONE;
        found.lent = tables->lent && addr_map_find(tables->lent, tlp->address, &unused) != NULL;
    }
    return found;
}

/* Completions towards a device: by the RID of the function that asked. */
static struct finding find_downstream_completion(struct pcie_switch *sw, uint32_t ingress,
                                                 const struct tlp *tlp)
{
    const struct switch_tables *tables = &sw->ports[ingress].tables;
    struct finding found = {.port = ROUTE_NONE, .address = tlp->address, .rid = tlp->requester};
    struct id_key key = {(uint16_t)ingress, tlp->requester};
    int32_t entry = tables->id_map ? id_map_find(tables->id_map, key) : -1;
    if (entry >= 0 && !is_killed(sw, tables->id_map, (uint32_t)entry)) {
        const struct id_value *value = id_map_value(tables->id_map, (uint32_t)entry);
        found.hit = true;
        found.port = value->port;
        found.function = value->function;
        found.rid = value->rid;
    } else if (tables->owner) {
        found.port = route_id(tables->owner, tlp->requester);
        found.owner = found.port != ROUTE_NONE;
        if (found.owner) {
            const struct switch_tables *device = &sw->ports[found.port].tables;
            struct id_map *all = device->id_backing ? device->id_backing : device->id_map;
            struct id_key up = {(uint16_t)found.port, tlp->requester};
            found.lent = all && id_map_find(all, up) >= 0;
        }
    }
    return found;
}

/* Brings the entry of @key into the CAM in place of the oldest one; the entry's index, or -1 if
 * there is none. */
static int32_t fetch_entry(struct switch_port *port, struct id_key key)
{
    struct id_map *backing = port->tables.id_backing;
    int32_t at = backing ? id_map_find(backing, key) : -1;
    if (at < 0)
        return -1;
    struct id_map *cam = port->tables.id_map;
    uint32_t victim = port->in.victim;
    port->in.victim = victim + 1 == id_map_entries(cam) ? 0 : victim + 1;
    CHECK(id_map_write(cam, victim, key, *id_map_value(backing, (uint32_t)at)) == ID_MAP_OK);
    port->id_fetches++;
    return (int32_t)victim;
}

/* Towards a host: requests by requester, completions by completer; a miss is the Owner's. */
static struct finding find_upstream(struct pcie_switch *sw, uint32_t ingress, const struct tlp *tlp)
{
    struct switch_port *port = &sw->ports[ingress];
    uint16_t rid = tlp_is_request(tlp) ? tlp->requester : tlp->cpl.completer;
    struct finding found = {.port = port->tables.owner_port, .address = tlp->address, .rid = rid};
    if (!port->tables.id_map)
        return found;
    struct id_key key = {(uint16_t)ingress, rid};
    int32_t entry = id_map_find(port->tables.id_map, key);
    if (entry >= 0 && is_killed(sw, port->tables.id_map, (uint32_t)entry)) {
        entry = -1;
        port->id_misses++;
    } else if (entry >= 0) {
        port->id_hits++;
    } else {
        port->id_misses++;
        entry = fetch_entry(port, key);
        found.fetched = entry >= 0;
    }
    if (entry >= 0) {
        const struct id_value *value = id_map_value(port->tables.id_map, (uint32_t)entry);
        found.hit = true;
        found.port = value->port;
        found.function = value->function;
        found.rid = value->rid;
    }
    return found;
}

static void rewrite(struct tlp *tlp, bool downstream, const struct finding *found)
{
    if (tlp_is_request(tlp)) {
        if (downstream)
            tlp->address =
                found->address; /* requester ID and tag stay: the device answers to the host */
        else
            tlp->requester = found->rid;
    } else if (downstream) {
        tlp->requester = found->rid;
    } else {
        tlp->cpl.completer = found->rid;
    }
}

/* Turns a refused request into its completion (Base Spec 2.2.9, cpl_gen of the Verilog). */
static void answer_refused(struct tlp *tlp, enum tlp_status status)
{
    uint16_t bytes = tlp->bytes;
    uint16_t lower = tlp->address & 0x7f;
    tlp->kind = TLP_CPL;
    tlp->cpl.completer = 0;
    tlp->cpl.bytes_left = bytes;
    tlp->cpl.status = (uint8_t)status;
    tlp->cpl.reserved = 0;
    tlp->cpl.lower_address = lower;
    tlp->attr |= TLP_ATTR_LAST | TLP_ATTR_GENERATED;
}

/* What the tables of the re-mapping did not decide. */
static enum switch_outcome steered(const struct pcie_switch *sw, uint32_t ingress,
                                   const struct tlp *tlp, enum switch_outcome outcome)
{
    const struct sim *sim = sw->fabric->sim;
    if (outcome == SWITCH_FORWARD)
        trace_emit(&sim->trace, TR_SWITCH_STEERED, sw->component.id, ingress, sim->now_ps, tlp);
    return outcome;
}

/* The completion of a request that was passed on in the switch's name. */
static enum switch_outcome end_proxied(struct pcie_switch *sw, uint32_t ingress, struct tlp *tlp)
{
    bool ends;
    if (!switch_config_rehead(sw, ingress, tlp, &ends)) {
        sw->stale++;
        return SWITCH_DROPPED;
    }
    return ends ? SWITCH_TAKEN : SWITCH_FORWARD;
}

/* Counts what is under way of a VF, by which it is drained; false when a new request may not pass.
 * @verdict is that of a User's packet. Posted ones are not counted: they may always pass. */
static bool is_admitted(struct pcie_switch *sw, const struct tlp *tlp, bool downstream,
                        uint32_t function)
{
    struct assignment_table *table = sw->assignments;
    if (tlp_is_request(tlp)) {
        if (tlp_class_of(tlp) == CLASS_POSTED)
            return true;
        if (!assignment_admits(table, function)) {
            sw->undrained++;
            return false;
        }
        const enum assignment_side side = downstream ? ASSIGNMENT_HOST : ASSIGNMENT_DEVICE;
        if (!assignment_is_full(table, function, side))
            assignment_issue(table, function, side);
    } else if (tlp->attr & TLP_ATTR_LAST) {
        /* A completion goes the other way than its request. */
        assignment_complete(table, function, downstream ? ASSIGNMENT_DEVICE : ASSIGNMENT_HOST,
                            table->functions[function].epoch);
    }
    return true;
}

/* True if the entries lead the TLP elsewhere than the assignment says: some are left of an earlier
 * assignment, or missing. */
static bool is_astray(const struct pcie_switch *sw, uint32_t ingress, bool downstream,
                      enum pool_verdict verdict, const struct finding *found)
{
    const struct assignment *functions = sw->assignments->functions;
    if (verdict == POOL_REMAP) {
        const struct assignment *a = &functions[found->function];
        uint32_t host_port = downstream ? ingress : (uint32_t)found->port;
        return a->state == ASSIGNMENT_FREE || a->place.host_port != host_port;
    }
    const struct id_map *vfs = sw->ports[ingress].tables.vfs;
    if (downstream || !vfs)
        return false;
    int32_t entry = id_map_find(vfs, (struct id_key){(uint16_t)ingress, found->rid});
    return entry >= 0 &&
           functions[id_map_value(vfs, (uint32_t)entry)->function].state != ASSIGNMENT_FREE;
}

/* The way of @found is closed. A completion counts all the same: it ends. */
static enum pool_verdict refuse_closed(struct pcie_switch *sw, const struct tlp *tlp,
                                       bool downstream, enum pool_verdict verdict,
                                       const struct finding *found)
{
    sw->blocked++;
    if (tlp_is_request(tlp))
        return tlp_class_of(tlp) == CLASS_POSTED ? POOL_DROP : POOL_UNSUPPORTED;
    if (verdict == POOL_REMAP && sw->assignments)
        is_admitted(sw, tlp, downstream, found->function);
    return POOL_DROP;
}

static enum pool_verdict overrule(struct pcie_switch *sw, uint32_t ingress, const struct tlp *tlp,
                                  bool downstream, enum pool_verdict verdict, struct finding *found)
{
    if (sw->n_closed) {
        enum tlp_status status = switch_fault_closes(sw, ingress, (uint32_t)found->port,
                                                     verdict == POOL_PASS, found->function);
        found->aborted = status == TLP_CA;
        if (status != TLP_SC)
            return refuse_closed(sw, tlp, downstream, verdict, found);
    }
    if (!sw->assignments)
        return verdict;
    if (verdict == POOL_REMAP && !is_admitted(sw, tlp, downstream, found->function))
        return POOL_UNSUPPORTED;
    sw->astray += is_astray(sw, ingress, downstream, verdict, found);
    return verdict;
}

/* What faults and the assignment have to say to a look-up's @verdict. */
static __attribute__((noinline)) enum pool_verdict
judge_again(struct pcie_switch *sw, uint32_t ingress, const struct tlp *tlp, bool downstream,
            enum pool_verdict verdict, struct finding *found)
{
    if (verdict != POOL_REMAP && verdict != POOL_PASS)
        return verdict;
    const enum pool_verdict judged = overrule(sw, ingress, tlp, downstream, verdict, found);
    const struct sim *sim = sw->fabric->sim;
    if (judged != verdict)
        trace_emit(&sim->trace, TR_SWITCH_BARRED, sw->component.id, ingress, sim->now_ps, tlp);
    return judged;
}

enum switch_outcome switch_look_up(struct pcie_switch *sw, uint32_t ingress, struct tlp *tlp,
                                   bool *out_fetched)
{
    struct switch_port *port = &sw->ports[ingress];
    enum pool_kind kind = (enum pool_kind)pool_kinds[tlp->kind];
    if (__builtin_expect(kind > POOL_COMPLETION, 0)) {
        *out_fetched = false;
        return steered(sw, ingress, tlp, switch_config_look_up(sw, ingress, tlp));
    }
    if (__builtin_expect(port->tables.proxy != NULL, 0) && kind == POOL_COMPLETION &&
        tlp->requester == port->tables.proxy_rid) {
        *out_fetched = false;
        return steered(sw, ingress, tlp, end_proxied(sw, ingress, tlp));
    }
    bool downstream = port->side != SWITCH_DEVICE;
    struct finding found;
    enum pool_verdict verdict;
    if (!downstream) {
        found = find_upstream(sw, ingress, tlp);
        verdict = classify_upstream(kind, found.hit);
    } else {
        found = kind == POOL_COMPLETION ? find_downstream_completion(sw, ingress, tlp)
                                        : find_downstream_request(sw, ingress, tlp);
        verdict = classify_downstream(kind, found.hit, found.owner, found.lent);
    }
    *out_fetched = found.fetched;
    if (__builtin_expect(sw->live, 0))
        verdict = judge_again(sw, ingress, tlp, downstream, verdict, &found);
    switch (verdict) {
    case POOL_REMAP:
        rewrite(tlp, downstream, &found);
        tlp->port = (uint16_t)found.port;
        return SWITCH_FORWARD;
    case POOL_PASS:
        tlp->port = (uint16_t)found.port;
        return SWITCH_FORWARD;
    case POOL_UNSUPPORTED:
        answer_refused(tlp, found.aborted ? TLP_CA : TLP_UR);
        tlp->port = (uint16_t)ingress;
        sw->unsupported++;
        return SWITCH_ANSWERED;
    case POOL_DROP:
        sw->dropped++;
        sw->lost_completions += !tlp_is_request(tlp);
        return SWITCH_DROPPED;
    }
    CHECK(false);
}
