#include "pcie/rate.h"

#include "base/check.h"

/* What differs between the generations. A row of index 0 makes the generation's number its index.
 */
struct generation {
    uint64_t transfers_per_s; /* bits per second on a lane's wire */
    uint32_t code_payload;    /* line code: of every code_total bits ... */
    uint32_t code_total;      /* ... so many carry data */
    uint32_t symbol_ps;       /* eight bits of data at the transfer rate; 8b/10b: ten on the wire */
    uint32_t ack_delay_symbols;
    uint32_t skp_interval_symbols;
    uint32_t skp_symbols;
};

/* SKP (4.2.7.3): at gen 1 and 2 four symbols every 1538 symbol times; from gen 3 on one block of 16
 * symbols every 370 blocks. */
static const struct generation generations[] = {
    [1] = {2500000000U, 8, 10, 4000, 19, 1538, 4},
    [2] = {5000000000U, 8, 10, 2000, 70, 1538, 4},
    [3] = {8000000000U, 128, 130, 1000, 115, 370 * 16, 16},
    [4] = {16000000000U, 128, 130, 500, 115, 370 * 16, 16},
    [5] = {32000000000U, 128, 130, 250, 115, 370 * 16, 16},
};

/* AckFactor in tenths: how many maximum-size TLPs may be sent per Ack, chosen by the specification
 * so that wide links with small TLPs are not flooded with Acks. */
static const struct {
    unsigned lanes;
    uint32_t below_512;
    uint32_t from_512;
} ack_factors[] = {
    {1, 14, 10}, {2, 14, 10}, {4, 14, 10}, {8, 25, 10}, {12, 30, 20}, {16, 30, 20},
};
enum { ACK_FACTORS = sizeof ack_factors / sizeof ack_factors[0], ACK_FACTOR_UNIT = 10 };

enum {
    TLP_OVERHEAD_BYTES = 28
}; /* header, digest, sequence number, LCRC and framing, as 3.6.3.1 counts them */

static const struct generation *generation(unsigned gen)
{
    CHECK(gen >= 1 && gen < sizeof generations / sizeof generations[0]);
    return &generations[gen];
}

/* The link width as an index of ack_factors. */
static unsigned width_index(unsigned lanes)
{
    unsigned i = 0;

    while (i < ACK_FACTORS && ack_factors[i].lanes != lanes)
        i++;
    CHECK(i < ACK_FACTORS);
    return i;
}

uint32_t rate_ticks_per_byte(unsigned gen, unsigned lanes)
{
    const struct generation *g = generation(gen);
    const uint64_t ticks_per_s = UINT64_C(1000000000000) * RATE_TICKS_PER_PS;
    const uint64_t wire_bits = 8 * ticks_per_s / g->code_payload * g->code_total;
    const uint64_t divisor = g->transfers_per_s * lanes;

    CHECK(width_index(lanes) < ACK_FACTORS);
    CHECK(wire_bits % divisor == 0);
    return (uint32_t)(wire_bits / divisor);
}

uint64_t rate_bps(unsigned gen, unsigned lanes)
{
    const struct generation *g = generation(gen);

    CHECK(width_index(lanes) < ACK_FACTORS);
    return g->transfers_per_s * lanes * g->code_payload / g->code_total;
}

uint32_t rate_symbol_ps(unsigned gen)
{
    return generation(gen)->symbol_ps;
}

uint32_t rate_ack_limit_symbols(unsigned gen, unsigned lanes, uint32_t mps_bytes)
{
    const unsigned width = width_index(lanes);
    const uint32_t factor =
        mps_bytes < 512 ? ack_factors[width].below_512 : ack_factors[width].from_512;

    CHECK(mps_bytes >= 128 && mps_bytes <= 4096);
    return (mps_bytes + TLP_OVERHEAD_BYTES) * factor / (ACK_FACTOR_UNIT * lanes) +
           generation(gen)->ack_delay_symbols;
}

uint32_t rate_skp_interval_symbols(unsigned gen)
{
    return generation(gen)->skp_interval_symbols;
}

uint32_t rate_skp_symbols(unsigned gen)
{
    return generation(gen)->skp_symbols;
}
