/* credit.h - transmitter side of PCIe flow control (Base Spec 2.6.1).
 * One gate per (link direction, VC, credit type). Pure arithmetic: no clock, no queue, no
 * allocation. Counters wrap modulo 2^bits: 8 for headers, 12 for data. */
#ifndef POOLSIM_PCIE_CREDIT_H
#define POOLSIM_PCIE_CREDIT_H

#include "base/check.h"
#include <stdbool.h>
#include <stdint.h>

enum { CREDIT_HEADER_BITS = 8, CREDIT_DATA_BITS = 12, CREDIT_DATA_UNIT_BYTES = 16 };

struct credit_gate {
    uint16_t limit;    /* units granted by the receiver since InitFC */
    uint16_t consumed; /* units used by TLPs already sent */
    uint16_t mask;     /* 2^bits - 1 */
    bool infinite;     /* receiver advertised 0 at InitFC */
};

/* Most unused units that a receiver may have granted at any time: one less than half the counter's
 * range, 127 header and 2047 data units (2.6.1). */
uint32_t credit_max_units(unsigned bits);

/* InitFC: @units 0 means infinite. */
static inline void credit_init(struct credit_gate *gate, unsigned bits, uint32_t units)
{
    CHECK(bits <= 16 && units <= (1U << bits) / 2);
    gate->limit = (uint16_t)units;
    gate->consumed = 0;
    gate->mask = (uint16_t)((1U << bits) - 1);
    gate->infinite = units == 0;
}

static inline uint16_t credit_available(const struct credit_gate *gate)
{
    return (uint16_t)((gate->limit - gate->consumed) & gate->mask);
}

/* True if a TLP needing @units may be sent now. */
static inline bool credit_allows(const struct credit_gate *gate, uint32_t units)
{
    unsigned infinite = gate->infinite; /* without a branch */
    unsigned enough = units <= credit_available(gate);
    return infinite | enough;
}

static inline void credit_consume(struct credit_gate *gate, uint32_t units)
{
    gate->consumed = (uint16_t)((gate->consumed + units) & gate->mask);
}

/* UpdateFC: the receiver has freed @units. */
static inline void credit_grant(struct credit_gate *gate, uint32_t units)
{
    gate->limit = (uint16_t)((gate->limit + units) & gate->mask);
}

/* Data credits of a payload (2.6.1). */
static inline uint32_t credit_data_units(uint32_t payload_bytes)
{
    return (payload_bytes + CREDIT_DATA_UNIT_BYTES - 1) / CREDIT_DATA_UNIT_BYTES;
}

#endif
