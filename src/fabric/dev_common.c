#include "fabric/dev_common.h"

#include "fabric/op.h"

void dev_start(struct endpoint *ep, const struct dev_transfer *transfer)
{
    uint32_t at = request_take(&ep->fabric->requests);
    struct request *request = request_get(&ep->fabric->requests, at);
    request->kind = (uint8_t)transfer->kind;
    request->function = transfer->function;
    request->traffic_class = transfer->traffic_class;
    request->bytes = transfer->bytes;
    request->address = transfer->address;
    request->owner = transfer->owner;
    request->context = transfer->context;
    /* What serves no operation comes of the device's own state, bus master or not. */
    request->user = transfer->op ? transfer->op->user : ep->functions[transfer->function].user;
    request->born_ps = ep->fabric->sim->now_ps;
    endpoint_dma(ep, at);
}

void dev_ring_announce(struct dev_ring *ring, uint32_t tail, uint32_t posted_most)
{
    uint32_t available = tail - ring->fetched;
    /* A doorbell that was refused on its way makes the driver take entries back, and those behind
     * it count too far. */
    ring->available = available < posted_most ? available : posted_most;
}

uint32_t dev_ring_begin_fetch(struct dev_ring *ring, uint32_t entries, uint32_t most,
                              uint32_t *out_first)
{
    uint32_t first = ring->fetched % entries;
    uint32_t n = ring->available;
    if (ring->fetching)
        return 0;
    if (n > most)
        n = most;
    if (n > entries - first)
        n = entries - first;
    ring->available -= n;
    ring->fetched += n;
    ring->fetching = n;
    *out_first = first;
    return n;
}

uint32_t dev_ring_end_fetch(struct dev_ring *ring)
{
    uint32_t n = ring->fetching;
    ring->fetching = 0;
    return n;
}

size_t dev_turns_words(uint32_t n_functions)
{
    return (n_functions + 63) / 64;
}

void dev_turns_init(struct dev_turns *turns, uint32_t n_functions, uint64_t *bitmap)
{
    arb_init(&turns->arb, ARB_KIND_ROUND_ROBIN, n_functions, NULL);
    turns->waiting = bitmap;
    turns->n = 0;
}

void dev_turns_set(struct dev_turns *turns, uint32_t function, bool waits)
{
    uint64_t *word = &turns->waiting[function / 64];
    uint64_t bit = UINT64_C(1) << function % 64;
    bool waited = *word & bit;
    if (waits == waited)
        return;
    *word ^= bit;
    if (waits)
        turns->n++;
    else
        turns->n--;
}

static bool anybody(void *context, uint32_t function, uint64_t *out_age)
{
    (void)context, (void)function;
    *out_age = 0;
    return true;
}

int32_t dev_turns_next(const struct dev_turns *turns)
{
    return turns->n ? arb_pick(&turns->arb, turns->waiting, anybody, NULL) : ARB_NONE;
}

void dev_turns_take(struct dev_turns *turns, uint32_t function)
{
    arb_granted(&turns->arb, function);
}
