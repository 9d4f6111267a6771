/* A TLP comes from switch.c at the end of the ingress pipeline; here its ID and address are looked
 * up and rewritten. */
#include "fabric/switch.h"

static enum pool_kind pool_kind_of(const struct tlp *tlp)
{
    switch ((enum tlp_kind)tlp->kind) {
    case TLP_MEM_READ:
        return POOL_MEM_READ;
    case TLP_MEM_WRITE:
        return POOL_MEM_WRITE;
    case TLP_CPL:
    case TLP_CPL_DATA:
        return POOL_COMPLETION;
    case TLP_KINDS:
        break;
    }
    CHECK(false);
}

/* What the tables know about one TLP. */
struct finding {
    bool hit;     /* in the User's table */
    bool fetched; /* from the table memory: the CAM had missed */
    bool owner;   /* the Owner's own route leads somewhere */
    bool lent;    /* to a function that is lent away */
    int32_t port; /* egress */
    uint64_t address;
    uint16_t rid;
};

static struct finding find_downstream_request(const struct switch_tables *tables,
                                              const struct tlp *tlp)
{
    struct finding found = {.port = ROUTE_NONE, .address = tlp->address, .rid = tlp->requester};
    const struct addr_entry *entry =
        tables->addr_map ? addr_map_find(tables->addr_map, tlp->address, &found.address) : NULL;
    if (entry) {
        found.hit = true;
        found.port = entry->port;
    } else if (tables->owner) {
        uint64_t unused;
        found.port = route_address(tables->owner, tlp->address);
        found.owner = found.port != ROUTE_NONE;
        found.lent = tables->lent && addr_map_find(tables->lent, tlp->address, &unused) != NULL;
    }
    return found;
}

/* Completions towards a device: by the RID of the function that asked. */
static struct finding find_downstream_completion(const struct pcie_switch *sw, uint32_t ingress,
                                                 const struct tlp *tlp)
{
    const struct switch_tables *tables = &sw->ports[ingress].tables;
    struct finding found = {.port = ROUTE_NONE, .address = tlp->address, .rid = tlp->requester};
    struct id_key key = {(uint16_t)ingress, tlp->requester};
    int32_t entry = tables->id_map ? id_map_find(tables->id_map, key) : -1;
    if (entry >= 0) {
        const struct id_value *value = id_map_value(tables->id_map, (uint32_t)entry);
        found.hit = true;
        found.port = value->port;
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
    if (entry >= 0) {
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
static void answer_unsupported(struct tlp *tlp)
{
    uint16_t bytes = tlp->bytes;
    uint16_t lower = tlp->address & 0x7f;
    tlp->kind = TLP_CPL;
    tlp->cpl.completer = 0;
    tlp->cpl.bytes_left = bytes;
    tlp->cpl.status = TLP_UR;
    tlp->cpl.reserved = 0;
    tlp->cpl.lower_address = lower;
    tlp->attr |= TLP_ATTR_LAST | TLP_ATTR_GENERATED;
}

enum switch_outcome switch_look_up(struct pcie_switch *sw, uint32_t ingress, struct tlp *tlp,
                                   bool *out_fetched)
{
    struct switch_port *port = &sw->ports[ingress];
    enum pool_kind kind = pool_kind_of(tlp);
    bool downstream = port->side != SWITCH_DEVICE;
    struct finding found;
    enum pool_verdict verdict;
    if (!downstream) {
        found = find_upstream(sw, ingress, tlp);
        verdict = classify_upstream(kind, found.hit);
    } else {
        found = kind == POOL_COMPLETION ? find_downstream_completion(sw, ingress, tlp)
                                        : find_downstream_request(&port->tables, tlp);
        verdict = classify_downstream(kind, found.hit, found.owner, found.lent);
    }
    *out_fetched = found.fetched;
    switch (verdict) {
    case POOL_REMAP:
        rewrite(tlp, downstream, &found);
        tlp->port = (uint16_t)found.port;
        return SWITCH_FORWARD;
    case POOL_PASS:
        tlp->port = (uint16_t)found.port;
        return SWITCH_FORWARD;
    case POOL_UNSUPPORTED:
        answer_unsupported(tlp);
        tlp->port = (uint16_t)ingress;
        sw->unsupported++;
        return SWITCH_ANSWERED;
    case POOL_DROP:
        sw->dropped++;
        return SWITCH_DROPPED;
    }
    CHECK(false);
}
