/* Splitting: every piece is legal, the pieces are the whole, and no legal split has fewer (found by
 * dynamic programming over all legal pieces). Not pinned: completers that return less than they
 * could. */
#include "pcie/split.h"
#include "splitmix.h"

#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <stddef.h>

void suite_split(void);

enum { PAGE = 4096, ROUNDS = 4000, MOST_BYTES = 3000 };

static uint64_t dword_of(uint64_t address)
{
    return address & ~UINT64_C(3);
}

/* What the Length field must say, in bytes. */
static uint64_t span_bytes(uint64_t address, uint64_t bytes)
{
    return dword_of(address + bytes + 3) - dword_of(address);
}

static bool request_is_legal(uint64_t address, uint64_t bytes, uint32_t max)
{
    return span_bytes(address, bytes) <= max && address / PAGE == (address + bytes - 1) / PAGE;
}

static bool completion_is_legal(uint64_t address, uint64_t bytes, uint64_t left, uint32_t mps,
                                uint32_t rcb)
{
    return span_bytes(address, bytes) <= mps && (bytes == left || (address + bytes) % rcb == 0);
}

/* Fewest legal pieces for [address, address + bytes); @rcb 0: requests. */
static uint32_t fewest(uint64_t address, uint32_t bytes, uint32_t max, uint32_t rcb)
{
    static uint32_t best[MOST_BYTES + 1]; /* of the last n bytes */

    best[0] = 0;
    for (uint32_t left = 1; left <= bytes; left++) {
        const uint64_t from = address + (bytes - left);

        best[left] = UINT32_MAX;
        for (uint32_t piece = 1; piece <= left && piece <= max; piece++) {
            const bool legal = rcb == 0 ? request_is_legal(from, piece, max)
                                        : completion_is_legal(from, piece, left, max, rcb);

            if (legal && best[left - piece] != UINT32_MAX && best[left - piece] + 1 < best[left])
                best[left] = best[left - piece] + 1;
        }
    }
    return best[bytes];
}

struct transfer {
    uint64_t address;
    uint32_t bytes;
    uint32_t max;
    uint32_t rcb;
};

/* Half of the addresses lie close to a page's end, a quarter of the rest are at the top of memory.
 */
static struct transfer random_transfer(uint64_t *state, uint32_t most_bytes)
{
    struct transfer t = {.address = splitmix(state) >> (1 + splitmix_below(state, 60)),
                         .bytes = 1 + splitmix_below(state, most_bytes),
                         .max = 128U << splitmix_below(state, 6),
                         .rcb = 64U << splitmix_below(state, 2)};

    if (splitmix_below(state, 2))
        t.address = (t.address | (PAGE - 1)) - splitmix_below(state, 300);
    if (splitmix_below(state, 3) == 0)
        t.address &= ~UINT64_C(63);
    return t;
}

static void requests_are_legal_and_whole(void)
{
    uint64_t state = 1;

    for (unsigned round = 0; round < ROUNDS; round++) {
        const struct transfer t = random_transfer(&state, 100000);
        uint32_t left = t.bytes, count = 0;

        for (uint64_t at = t.address; left > 0; count++) {
            const uint32_t piece = split_request(at, left, t.max);

            CU_ASSERT_FATAL(piece > 0 && piece <= left);
            CU_ASSERT(request_is_legal(at, piece, t.max));
            at += piece;
            left -= piece;
        }
        CU_ASSERT_EQUAL(split_request_count(t.address, t.bytes, t.max), count);
    }
}

static void completions_are_legal_and_whole(void)
{
    uint64_t state = 2;

    for (unsigned round = 0; round < ROUNDS; round++) {
        const struct transfer t = random_transfer(&state, PAGE);
        uint32_t left = t.bytes, count = 0;

        for (uint64_t at = t.address; left > 0; count++) {
            const uint32_t piece = split_completion(at, left, t.max, t.rcb);

            CU_ASSERT_FATAL(piece > 0 && piece <= left);
            CU_ASSERT(completion_is_legal(at, piece, left, t.max, t.rcb));
            at += piece;
            left -= piece;
        }
        CU_ASSERT_EQUAL(split_completion_count(t.address, t.bytes, t.max, t.rcb), count);
    }
}

static void no_split_is_shorter(void)
{
    uint64_t state = 3;

    for (unsigned round = 0; round < 60; round++) {
        const struct transfer t = random_transfer(&state, MOST_BYTES);

        CU_ASSERT_EQUAL(split_request_count(t.address, t.bytes, t.max),
                        fewest(t.address, t.bytes, t.max, 0));
        CU_ASSERT_EQUAL(split_completion_count(t.address, t.bytes, t.max, t.rcb),
                        fewest(t.address, t.bytes, t.max, t.rcb));
    }
}

static void known_requests(void)
{
    static const struct {
        uint64_t address;
        uint32_t left, max, piece, count;
    } cases[] = {
        {0, 1, 128, 1, 1},
        {0, 4096, 4096, 4096, 1},
        {0, 4096, 256, 256, 16},
        {0, 257, 256, 256, 2},
        {4095, 2, 128, 1, 2},              /* the page's last byte */
        {4, 4096, 4096, 4092, 2},          /* the page's rest, then one dword */
        {1, 256, 256, 255, 2},             /* 257 bytes of dwords: one too many */
        {3, 253, 256, 253, 1},             /* exactly 64 dwords */
        {UINT64_MAX - 63, 64, 128, 64, 1}, /* the last byte of memory */
        {0x12340f80, 1500, 256, 128, 7},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CU_ASSERT_EQUAL(split_request(cases[i].address, cases[i].left, cases[i].max),
                        cases[i].piece);
        CU_ASSERT_EQUAL(split_request_count(cases[i].address, cases[i].left, cases[i].max),
                        cases[i].count);
    }
    CU_ASSERT_EQUAL(split_request_count(0, 0, 128), 0);
    CU_ASSERT_EQUAL(split_request_count(0, UINT32_MAX, 4096), 1U << 20);
    CU_ASSERT_EQUAL(split_request_count(0, UINT32_MAX, 128), 1U << 25);
}

static void known_completions(void)
{
    static const struct {
        uint64_t address;
        uint32_t left, mps, rcb, piece, count;
    } cases[] = {
        {0, 64, 256, 64, 64, 1},
        {0, 512, 256, 64, 256, 2},
        {0x20, 512, 256, 64, 224, 3}, /* to a boundary, a whole one, the rest */
        {0x20, 256, 256, 64, 256, 1}, /* all fits: boundaries do not matter */
        {0x40, 256, 256, 128, 256, 1},
        {0x40, 257, 256, 64, 256, 2},  /* 0x140 is a multiple of 64 ... */
        {0x40, 257, 256, 128, 192, 2}, /* ... but not of 128 */
        {0x3d, 256, 256, 64, 195, 2},  /* its dwords are 260 bytes */
        {0xfc0, 64, 128, 64, 64, 1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CU_ASSERT_EQUAL(
            split_completion(cases[i].address, cases[i].left, cases[i].mps, cases[i].rcb),
            cases[i].piece);
        CU_ASSERT_EQUAL(
            split_completion_count(cases[i].address, cases[i].left, cases[i].mps, cases[i].rcb),
            cases[i].count);
    }
    CU_ASSERT_EQUAL(split_completion_count(0, 0, 128, 64), 0);
}

void suite_split(void)
{
    CU_pSuite suite = CU_add_suite("split", NULL, NULL);

    CU_add_test(suite, "known requests", known_requests);
    CU_add_test(suite, "known completions", known_completions);
    CU_add_test(suite, "requests are legal and whole", requests_are_legal_and_whole);
    CU_add_test(suite, "completions are legal and whole", completions_are_legal_and_whole);
    CU_add_test(suite, "no legal split is shorter", no_split_is_shorter);
}
