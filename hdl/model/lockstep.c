/* The driver of all families; see lockstep.h. Settings come from the environment, since neither a
 * Verilator main nor vvp passes arguments on: LOCKSTEP_CYCLES, LOCKSTEP_SEED. */
#include "lockstep.h"

#include "base/check.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FAMILIES = 32 };

/* Resets come at random, rarely; the first two cycles are one. */
enum { RESET_EVERY = 20000, RESET_CYCLES = 2, PORT_HEX_COLUMNS = 24 };

struct run {
    const struct family *family;
    void *state;
    uint64_t rng;
    uint64_t cycle;
    uint64_t cycles; /* to run */
    uint64_t seed;
    const struct port *rst; /* NULL: combinational */
    struct vector in;
};

uint64_t draw(uint64_t *rng)
{
    uint64_t z = *rng += 0x9E3779B97F4A7C15U;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

uint64_t bits_get(const struct vector *vector, uint32_t lsb, uint32_t width)
{
    uint64_t value = 0;

    CHECK(width <= 64 && lsb + width <= LOCKSTEP_MAX_BITS);
    for (uint32_t got = 0; got < width;) {
        const uint32_t at = (lsb + got) % 32;
        const uint32_t n = width - got < 32 - at ? width - got : 32 - at;
        const uint64_t part = vector->word[(lsb + got) / 32] >> at & ((UINT64_C(1) << n) - 1);

        value |= part << got;
        got += n;
    }
    return value;
}

void bits_set(struct vector *vector, uint32_t lsb, uint32_t width, uint64_t value)
{
    CHECK(width <= 64 && lsb + width <= LOCKSTEP_MAX_BITS);
    for (uint32_t done = 0; done < width;) {
        const uint32_t at = (lsb + done) % 32;
        const uint32_t n = width - done < 32 - at ? width - done : 32 - at;
        const uint32_t mask = (uint32_t)(((UINT64_C(1) << n) - 1) << at);
        uint32_t *word = &vector->word[(lsb + done) / 32];

        *word = (*word & ~mask) | ((uint32_t)(value >> done << at) & mask);
        done += n;
    }
}

void port_care(struct vector *care, const struct port *port)
{
    for (uint32_t at = 0; at < port->width; at += 32)
        port_set_at(care, port, at, port->width - at < 32 ? port->width - at : 32, UINT32_MAX);
}

void port_get_words(const struct vector *vector, const struct port *port, uint32_t *out_words)
{
    for (uint32_t at = 0; at < port->width; at += 32)
        out_words[at / 32] =
            (uint32_t)port_get_at(vector, port, at, port->width - at < 32 ? port->width - at : 32);
}

void port_set_words(struct vector *vector, const struct port *port, const uint32_t *words)
{
    for (uint32_t at = 0; at < port->width; at += 32)
        port_set_at(vector, port, at, port->width - at < 32 ? port->width - at : 32,
                    words[at / 32]);
}

/* The bench lists ports from the vector's most significant end. */
static void place_ports(struct port *ports, uint32_t n)
{
    uint32_t lsb = 0;

    for (uint32_t i = n; i > 0; i--) {
        ports[i - 1].lsb = lsb;
        lsb += ports[i - 1].width;
    }
    CHECK(lsb <= LOCKSTEP_MAX_BITS);
}

static uint64_t from_environment(const char *name, uint64_t fallback)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : fallback;
}

static void start(struct run *run, const char *name)
{
    const struct family *family = NULL;

    for (uint32_t i = 0; lockstep_families[i]; i++)
        if (strcmp(lockstep_families[i]->name, name) == 0)
            family = lockstep_families[i];
    CHECK(family);
    place_ports(family->in, family->n_in);
    place_ports(family->out, family->n_out);
    run->family = family;
    run->state = calloc(1, family->state_bytes);
    CHECK(run->state);
    run->seed = from_environment("LOCKSTEP_SEED", 1);
    run->cycles = from_environment("LOCKSTEP_CYCLES", 100000);
    run->rng = run->seed;
    for (uint32_t i = 0; i < family->n_in; i++)
        if (strcmp(family->in[i].name, "rst") == 0)
            run->rst = &family->in[i];
    family->init(run->state);
}

static void print_port(const struct vector *vector, const struct vector *unknown,
                       const struct port *port)
{
    bool known = true;

    for (uint32_t left = port->width; left > 0;) {
        const uint32_t n = left % 4 ? left % 4 : 4;

        left -= n;
        if (unknown && port_get_at(unknown, port, left, n) != 0) {
            fputc('x', stderr);
            known = false;
        } else {
            fprintf(stderr, "%" PRIx64, port_get_at(vector, port, left, n));
        }
    }
    if (!known)
        fputs(" (x: unknown)", stderr);
}

static void print_mismatch(const struct run *run, const struct vector *got,
                           const struct vector *unknown, const struct vector *expected,
                           const struct vector *care)
{
    const struct family *family = run->family;

    fprintf(stderr,
            "%s: the module differs from its model in cycle %" PRIu64 " (seed %" PRIu64 ")\n",
            family->name, run->cycle, run->seed);
    for (uint32_t i = 0; i < family->n_in; i++) {
        fprintf(stderr, "    in  %-*s ", PORT_HEX_COLUMNS, family->in[i].name);
        print_port(&run->in, NULL, &family->in[i]);
        fputc('\n', stderr);
    }
    for (uint32_t i = 0; i < family->n_out; i++) {
        const struct port *port = &family->out[i];

        fprintf(stderr, "    out %-*s module ", PORT_HEX_COLUMNS, port->name);
        print_port(got, unknown, port);
        fputs("\n    ", stderr);
        fprintf(stderr, "    %-*s model  ", PORT_HEX_COLUMNS, "");
        print_port(expected, NULL, port);
        bool differs = false, cares = false;
        for (uint32_t at = 0; at < port->width; at++) {
            const uint32_t bit = port->lsb + at;
            const bool looked_at = bits_get(care, bit, 1);

            cares |= looked_at;
            differs |= looked_at && (bits_get(got, bit, 1) != bits_get(expected, bit, 1) ||
                                     (unknown && bits_get(unknown, bit, 1)));
        }
        fputs(differs ? "   <-- differs\n" : cares ? "\n" : "   (not compared)\n", stderr);
    }
}

static bool differs(const struct vector *got, const struct vector *unknown,
                    const struct vector *expected, const struct vector *care)
{
    uint32_t bad = 0;

    for (uint32_t w = 0; w < LOCKSTEP_WORDS; w++)
        bad |=
            ((got->word[w] ^ expected->word[w]) | (unknown ? unknown->word[w] : 0)) & care->word[w];
    return bad != 0;
}

/* The first calls only apply the reset: before it the module's state is unknown. */
static void draw_inputs(struct run *run, const struct vector *expected)
{
    if (run->cycle >= RESET_CYCLES)
        run->family->stimulate(run->state, &run->rng, &run->in, expected);
    if (run->rst)
        port_set(&run->in, run->rst, run->cycle < RESET_CYCLES || one_in(&run->rng, RESET_EVERY));
}

enum lockstep_verdict lockstep_cycle(const char *name, const uint32_t *out, const uint32_t *unknown,
                                     uint32_t *next)
{
    static struct run runs[MAX_FAMILIES]; /* the benches have no place for a pointer */
    struct run *run = runs;
    struct vector got, x, expected = {0}, care = {0};

    while (run->family && strcmp(run->family->name, name) != 0)
        run++;
    CHECK(run < runs + MAX_FAMILIES - 1);
    if (!run->family)
        start(run, name);
    memcpy(&got, out, sizeof got);
    if (unknown)
        memcpy(&x, unknown, sizeof x);
    if (run->cycle > RESET_CYCLES) {
        run->family->outputs(run->state, &run->in, &expected, &care);
        if (differs(&got, unknown ? &x : NULL, &expected, &care)) {
            print_mismatch(run, &got, unknown ? &x : NULL, &expected, &care);
            return LOCKSTEP_FAILED;
        }
    }
    if (run->cycle > 0)
        run->family->tick(run->state, &run->in, &expected);
    draw_inputs(run, &expected);
    memcpy(next, &run->in, sizeof run->in);
    run->cycle++;
    if (run->cycle < run->cycles)
        return LOCKSTEP_GO_ON;
    if (run->cycle == run->cycles)
        fprintf(stderr, "%s: %" PRIu64 " cycles in lock step\n", run->family->name, run->cycles);
    return LOCKSTEP_DONE;
}
