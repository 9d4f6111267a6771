/* rate.h - what bytes cost on a PCIe wire (Base Spec 4.2; references.md section 1).
 * Wire time is counted in ticks of 1/1536 ps, in which one byte is a whole number for every
 * generation and width, x12 included: a run of any length keeps the exact rate.
 * 2^64 ticks are 3.3 hours. */
#ifndef POOLSIM_PCIE_RATE_H
#define POOLSIM_PCIE_RATE_H

#include <stdint.h>

#define RATE_TICKS_PER_PS 1536U

enum {
    RATE_FRAMING_BYTES = 8, /* sequence number, LCRC and start/end framing of a TLP */
    RATE_DLLP_BYTES = 8,
};

/* Ticks that one byte takes: 8 bits at GT/s x lanes with 8b/10b (gen 1 and 2) or 128b/130b (gen 3
 * to 5). Generations are 1 to 5; lanes 1, 2, 4, 8, 12 or 16; anything else fails a CHECK. */
uint32_t rate_ticks_per_byte(unsigned gen, unsigned lanes);
/* Raw data rate after line coding, bits per second, rounded down. */
uint64_t rate_bps(unsigned gen, unsigned lanes);
/* One symbol time in ps, eight bits of data at the transfer rate: 4000, 2000, 1000, 500, 250. */
uint32_t rate_symbol_ps(unsigned gen);
/* Ack latency limit and UpdateFC latency guideline, symbol times (3.6.3.1, 2.6.1.2):
 * floor((MPS + 28) x AckFactor / width) + internal delay of 19, 70 or 115 symbol times at gen 1, 2,
 * 3 and up. Gives the specification's tables: gen3 x8 MPS 256 is 203. */
uint32_t rate_ack_limit_symbols(unsigned gen, unsigned lanes, uint32_t mps_bytes);
/* SKP ordered sets: symbol times between two on a lane, and the symbol times that one takes. */
uint32_t rate_skp_interval_symbols(unsigned gen);
uint32_t rate_skp_symbols(unsigned gen);

#endif
