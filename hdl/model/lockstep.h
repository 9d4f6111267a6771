/* lockstep.h - runs a Verilog module and its C model side by side, cycle by cycle. The module's
 * ports are one list (tb/ports/FAMILY.def) from which the test bench and the C model both take
 * names, widths and places: tb/lockstep.sv.in packs all inputs into one vector and all outputs into
 * another, and calls lockstep_step once per clock edge, by DPI under Verilator and by VPI under
 * Icarus.
 *
 * In each cycle the bench hands over the outputs as they are before the edge. They are compared
 * with what the model says for its state and the inputs applied; then the model takes its edge and
 * new inputs are drawn. Ready and valid are always compared, payload while it is valid (the model
 * says what it cares for); a bit that is X there is a difference. */
#ifndef POOLSIM_HDL_LOCKSTEP_H
#define POOLSIM_HDL_LOCKSTEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOCKSTEP_MAX_BITS = 8192, LOCKSTEP_WORDS = LOCKSTEP_MAX_BITS / 32 };

struct port {
    const char *name;
    uint32_t width;
    uint32_t lsb; /* in its vector; filled in at the start */
};

/* Inputs or outputs of one cycle, as svBitVecVal lays them out. */
struct vector {
    uint32_t word[LOCKSTEP_WORDS];
};

struct family {
    const char *name;
    size_t state_bytes;
    struct port *in, *out;
    uint32_t n_in, n_out;
    /* @state is zeroed, and aligned as by malloc. */
    void (*init)(void *state);
    /* The outputs in this cycle. Ports of which @care stays 0 are not compared. */
    void (*outputs)(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care);
    /* The clock edge. @out: what outputs gave for this cycle. */
    void (*tick)(void *state, const struct vector *in, const struct vector *out);
    /* Draws the next inputs into @in, which holds the last ones. */
    void (*stimulate)(void *state, uint64_t *rng, struct vector *in, const struct vector *out);
};

uint64_t bits_get(const struct vector *vector, uint32_t lsb, uint32_t width);
void bits_set(struct vector *vector, uint32_t lsb, uint32_t width, uint64_t value);

/* Fields of up to 64 bits, or 64 bits at most of a wider port from bit @at on. */
static inline uint64_t port_get(const struct vector *vector, const struct port *port)
{
    return bits_get(vector, port->lsb, port->width);
}
static inline void port_set(struct vector *vector, const struct port *port, uint64_t value)
{
    bits_set(vector, port->lsb, port->width, value);
}
static inline uint64_t port_get_at(const struct vector *vector, const struct port *port,
                                   uint32_t at, uint32_t width)
{
    return bits_get(vector, port->lsb + at, width);
}
static inline void port_set_at(struct vector *vector, const struct port *port, uint32_t at,
                               uint32_t width, uint64_t value)
{
    bits_set(vector, port->lsb + at, width, value);
}
/* Marks all bits of @port as compared. */
void port_care(struct vector *care, const struct port *port);
/* A whole wide port, bits 31:0 first. */
void port_get_words(const struct vector *vector, const struct port *port, uint32_t *out_words);
void port_set_words(struct vector *vector, const struct port *port, const uint32_t *words);

/* Random numbers (SplitMix64). */
uint64_t draw(uint64_t *rng);
static inline uint32_t draw_below(uint64_t *rng, uint32_t n)
{
    return (uint32_t)(draw(rng) % n);
}
/* True once in @n times on average. */
static inline bool one_in(uint64_t *rng, uint32_t n)
{
    return draw_below(rng, n) == 0;
}

/* All families, ended by NULL; the index is the bench's number. */
extern const struct family *const lockstep_families[];

/* One cycle of the family named @name. @out: outputs; @unknown: their X and Z bits, NULL without
 * four-valued logic; @next: gets the inputs for the next cycle. Returns what the bench has to do.
 */
enum lockstep_verdict { LOCKSTEP_GO_ON, LOCKSTEP_DONE, LOCKSTEP_FAILED };
enum lockstep_verdict lockstep_cycle(const char *name, const uint32_t *out, const uint32_t *unknown,
                                     uint32_t *next);

#endif
