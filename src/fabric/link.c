/* A TLP comes from port.c or switch.c (link_send), goes to the receiver's on_tlp. */
#include "fabric/link.h"

#include <string.h>

/* Each update under way carries at least one header, or where those are infinite one data unit. */
static uint32_t ring_capacity(uint32_t header_credits, uint32_t data_credits)
{
    uint32_t most = header_credits ? header_credits : data_credits;
    uint32_t capacity = 1;
    while (capacity < most + 1)
        capacity *= 2;
    return most ? capacity : 0;
}

size_t link_memory_bytes(const struct fabric *fabric, const struct link_params *params)
{
    size_t bytes = (size_t)fabric->vcs * CLASSES * sizeof(struct link_credit);
    for (int class = 0; class < CLASSES; class ++)
        bytes += (size_t)fabric->vcs *
                 ring_capacity(params->header_credits[class], params->data_credits[class]) *
                 sizeof(struct link_update);
    return bytes;
}

static void init_credits(struct link *link, const struct link_params *params, void *memory)
{
    link->credit = memory;
    struct link_update *rings = (void *)&link->credit[(size_t)link->fabric->vcs * CLASSES];
    for (uint32_t q = 0; q < link->fabric->vcs * CLASSES; q++) {
        struct link_credit *credit = &link->credit[q];
        uint32_t header = params->header_credits[q % CLASSES];
        uint32_t data = params->data_credits[q % CLASSES];
        uint32_t capacity = ring_capacity(header, data);
        memset(credit, 0, sizeof *credit);
        credit->link = link;
        credit_init(&credit->header, CREDIT_HEADER_BITS, header);
        credit_init(&credit->data, CREDIT_DATA_BITS, data);
        credit->ring = capacity ? rings : NULL;
        credit->mask = capacity - 1;
        rings += capacity;
    }
}

void link_init(struct link *link, struct fabric *fabric, const struct link_params *params,
               uint32_t id, void *memory)
{
    memset(link, 0, sizeof *link);
    link->fabric = fabric;
    link->id = id;
    link->name = params->name;
    link->next_skp_ticks = UINT64_MAX;
    link->propagation_ps = params->propagation_ps;
    link->ticks_per_byte = rate_ticks_per_byte(params->gen, params->lanes);
    if (params->dllp)
        link->dllp_ticks = RATE_DLLP_BYTES * link->ticks_per_byte;
    if (params->skp) {
        uint64_t symbol_ticks = (uint64_t)link->ticks_per_byte * params->lanes;
        link->skp_interval_ticks = rate_skp_interval_symbols(params->gen) * symbol_ticks;
        link->skp_ticks = (uint32_t)(rate_skp_symbols(params->gen) * symbol_ticks);
        link->next_skp_ticks = link->skp_interval_ticks;
    }
    link->ack_interval_ps = params->ack_interval_ps;
    link->update_interval_ps = params->update_interval_ps;
    init_credits(link, params, memory);
}

void link_pair(struct link *a, struct link *b)
{
    a->reverse = b;
    b->reverse = a;
    /* An UpdateFC for a travels on b, and the other way round. */
    a->dllp_flight_ps = link_ticks_to_ps(link_ticks(b, RATE_DLLP_BYTES)) + b->propagation_ps;
    b->dllp_flight_ps = link_ticks_to_ps(link_ticks(a, RATE_DLLP_BYTES)) + a->propagation_ps;
}

static void owe_dllps(struct link *link, uint32_t n)
{
    link->owed_ticks += (uint64_t)n * link->dllp_ticks;
    link->dllps += n;
}

/* The receiver has a TLP at @end_ps. Whether the next Ack is due then cannot be predicted, so there
 * is no branch. */
static void owe_ack(struct link *link, uint64_t end_ps)
{
    uint64_t next_ps = end_ps + link->ack_interval_ps;
    bool due = end_ps >= link->next_ack_ps;
    owe_dllps(link->reverse, due);
    link->next_ack_ps = due ? next_ps : link->next_ack_ps;
}

/* SKP ordered sets that fell due while the wire was busy wait for the end of the TLP, several of
 * them where a TLP lasts longer than their interval; on an idle wire the gap hides them. */
static void owe_skp(struct link *link, uint64_t start_ticks)
{
    uint64_t due = (start_ticks - link->next_skp_ticks) / link->skp_interval_ticks + 1;
    link->owed_ticks += due * link->skp_ticks;
    link->skps += due;
    link->next_skp_ticks += due * link->skp_interval_ticks;
}

inline void link_send(struct link *link, uint32_t index, uint32_t payload, uint64_t ready_ps)
{
    struct fabric *fabric = link->fabric;
    struct tlp *tlp = tlp_get(&fabric->tlps, index);
    uint32_t bytes = fabric->overhead_bytes[tlp->kind] + payload;

    uint64_t ready_ticks = ready_ps * RATE_TICKS_PER_PS;
    uint64_t start_ticks = link->free_ticks > ready_ticks ? link->free_ticks : ready_ticks;
    if (start_ticks >= link->next_skp_ticks)
        owe_skp(link, start_ticks);
    uint64_t wire_ticks = link->free_ticks + link->owed_ticks;
    start_ticks = wire_ticks > ready_ticks ? wire_ticks : ready_ticks;
    link->owed_ticks = 0;
    link->free_ticks = start_ticks + link_ticks(link, bytes);

    uint64_t start_ps = link_ticks_to_ps(start_ticks);
    uint64_t begin_ps = start_ps + link->propagation_ps;
    uint64_t end_ps = link_ticks_to_ps(link->free_ticks) + link->propagation_ps;
    tlp_spend(tlp, PART_ARBITRATE, start_ps);
    tlp_spend(tlp, PART_PROPAGATE, begin_ps);
    link->tlps++;
    link->payload_bytes += tlp_payload_bytes(tlp);
    link->wire_bytes += bytes;
    fabric->hops++;
    owe_ack(link, end_ps);
    trace_emit(&fabric->sim->trace, TR_LINK_SEND, link->id, 0, start_ps, tlp);
    link->receiver.on_tlp(link->receiver.self, link->receiver.port, index, payload, begin_ps,
                          end_ps);
}

/* Seldom called: out of the callers' way. */
__attribute__((noinline)) void link_credit_take_in(struct link_credit *credit, uint64_t now_ps)
{
    for (; credit->head != credit->tail; credit->head++) {
        const struct link_update *update = &credit->ring[credit->head & credit->mask];
        if (update->at_ps > now_ps)
            return;
        const struct link *link = credit->link;
        const uint32_t q = (uint32_t)(credit - link->credit);
        trace_emit(&link->fabric->sim->trace, TR_CREDIT, link->id, q, update->at_ps, update);
        credit_grant(&credit->header, update->header);
        credit_grant(&credit->data, update->data);
    }
}

uint64_t link_credit_when(struct link *link, uint32_t q)
{
    struct link_credit *credit = &link->credit[q];
    if (credit->head != credit->tail)
        return credit->ring[credit->head & credit->mask].at_ps;
    credit->waiting = true;
    return UINT64_MAX;
}

inline void link_credit_return(struct link *link, uint32_t q, uint32_t data_units,
                               uint64_t freed_ps)
{
    struct link_credit *credit = &link->credit[q];
    uint32_t header = !credit->header.infinite;
    uint32_t data = credit->data.infinite ? 0 : data_units;
    if (!(header | data))
        return;
    bool under_way = credit->head != credit->tail;
    if (under_way && freed_ps <= credit->last_update_ps) {
        /* The next UpdateFC has not been sent yet and takes these units along. */
        struct link_update *update = &credit->ring[(credit->tail - 1) & credit->mask];
        update->header += header;
        update->data += data;
        return;
    }
    uint64_t earliest_ps = credit->last_update_ps + link->update_interval_ps;
    if (credit->last_update_ps == 0 || freed_ps > earliest_ps)
        earliest_ps = freed_ps;
    credit->last_update_ps = earliest_ps;
    uint64_t at_ps = earliest_ps + link->dllp_flight_ps;
    CHECK(credit->tail - credit->head <= credit->mask);
    credit->ring[credit->tail++ & credit->mask] = (struct link_update){at_ps, header, data};
    owe_dllps(link->reverse, 1);
    if (credit->waiting) {
        credit->waiting = false;
        link->sender.on_credit(link->sender.self, link->sender.port, at_ps);
    }
}

bool link_credits_are_home(const struct link *link, const struct link_params *params)
{
    for (uint32_t q = 0; q < link->fabric->vcs * CLASSES; q++) {
        const struct link_credit *credit = &link->credit[q];
        uint32_t header = credit_available(&credit->header);
        uint32_t data = credit_available(&credit->data);
        for (uint32_t i = credit->head; i != credit->tail; i++) {
            header += credit->ring[i & credit->mask].header;
            data += credit->ring[i & credit->mask].data;
        }
        if (!credit->header.infinite && header != params->header_credits[q % CLASSES])
            return false;
        if (!credit->data.infinite && data != params->data_credits[q % CLASSES])
            return false;
    }
    return true;
}
