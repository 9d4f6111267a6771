/* The TLP in flight: its sizes, its account and its pool.
 * Not pinned: which index the pool hands out. */
#include "dies.h"
#include "fabric/fabric.h"
#include "splitmix.h"

#include <CUnit/CUnit.h>
#include <string.h>

void suite_tlp(void);

static const struct {
    enum tlp_kind kind;
    enum tlp_class class;
    bool is_request;
    bool has_data;
    uint8_t header_dw; /* 0: by the address */
} kinds[] = {
    {TLP_MEM_READ, CLASS_NONPOSTED, true, false, 0},
    {TLP_MEM_WRITE, CLASS_POSTED, true, true, 0},
    {TLP_CPL, CLASS_COMPLETION, false, false, 3},
    {TLP_CPL_DATA, CLASS_COMPLETION, false, true, 3},
    {TLP_CFG_READ, CLASS_NONPOSTED, true, false, 3},
    {TLP_CFG_WRITE, CLASS_NONPOSTED, true, true, 3},
    {TLP_MSG, CLASS_POSTED, true, false, 4},
    {TLP_MSG_DATA, CLASS_POSTED, true, true, 4},
    {TLP_IO_READ, CLASS_NONPOSTED, true, false, 3},
    {TLP_IO_WRITE, CLASS_NONPOSTED, true, true, 3},
    {TLP_FETCH_ADD, CLASS_NONPOSTED, true, true, 0},
    {TLP_SWAP, CLASS_NONPOSTED, true, true, 0},
    {TLP_COMPARE_SWAP, CLASS_NONPOSTED, true, true, 0},
};

enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

static void kinds_have_their_class_and_payload(void)
{
    unsigned named = 0;

    for (unsigned kind = 0; kind < TLP_KINDS; kind++)
        named += tlp_kinds[kind].name != NULL;
    CU_ASSERT_EQUAL(named, N_KINDS);
    for (unsigned i = 0; i < N_KINDS; i++) {
        struct tlp tlp = {.kind = (uint8_t)kinds[i].kind, .bytes = 77};

        CU_ASSERT_EQUAL(tlp_kinds[tlp.kind].class, kinds[i].class);
        CU_ASSERT_EQUAL(tlp_kinds[tlp.kind].is_request, kinds[i].is_request);
        CU_ASSERT_EQUAL(tlp_kinds[tlp.kind].has_data, kinds[i].has_data);
        CU_ASSERT_EQUAL(tlp_class_of(&tlp), kinds[i].class);
        CU_ASSERT_EQUAL(tlp_is_request(&tlp), kinds[i].is_request);
        CU_ASSERT_EQUAL(tlp_is_config(&tlp), i == 4 || i == 5);
        CU_ASSERT_EQUAL(tlp_payload_bytes(&tlp), kinds[i].has_data ? 77 : 0);
        CU_ASSERT_EQUAL(tlp_wire_payload_bytes(&tlp), kinds[i].has_data ? 80 : 0);
    }
}

/* Dwords that hold the bytes first..first + n - 1, counted one by one. */
static uint32_t naive_dwords(uint64_t first, uint32_t n)
{
    uint32_t dwords = 0;
    uint64_t last_dword = UINT64_MAX;

    for (uint64_t at = first; at < first + n; at++) {
        dwords += at / 4 != last_dword;
        last_dword = at / 4;
    }
    return dwords;
}

static void payload_takes_the_dwords_that_it_touches(void)
{
    unsigned wrong = 0;

    for (uint16_t bytes = 1; bytes <= 300; bytes++) {
        for (uint16_t at = 0x1000; at < 0x1008; at++) {
            struct tlp write = {.kind = TLP_MEM_WRITE, .address = at, .bytes = bytes};
            struct tlp cpl = {.kind = TLP_CPL_DATA, .bytes = bytes};

            cpl.cpl.lower_address = at & 0x7f;
            wrong += tlp_wire_payload_bytes(&write) != 4 * naive_dwords(at, bytes);
            wrong += tlp_wire_payload_bytes(&cpl) != 4 * naive_dwords(at, bytes);
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

/* Header 3DW or 4DW, digest, sequence number and LCRC and framing: references.md's 20 to 28. */
static void the_wire_carries_header_digest_and_framing(void)
{
    static const struct {
        bool address64, ecrc;
        uint32_t by_address_bytes, short_bytes;
    } cases[] = {
        {false, false, 20, 20}, {true, false, 24, 20}, {false, true, 24, 24}, {true, true, 28, 24}};

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fabric fabric = {.vcs = 1};

        fabric_set_overheads(&fabric, cases[i].address64, cases[i].ecrc);
        for (unsigned k = 0; k < N_KINDS; k++) {
            const struct tlp tlp = {.kind = (uint8_t)kinds[k].kind, .bytes = 64};
            const uint32_t overhead = kinds[k].header_dw == 0   ? cases[i].by_address_bytes
                                      : kinds[k].header_dw == 3 ? cases[i].short_bytes
                                                                : cases[i].short_bytes + 4;

            CU_ASSERT_EQUAL(fabric_wire_bytes(&fabric, &tlp),
                            overhead + (kinds[k].has_data ? 64 : 0));
        }
    }
}

static void traffic_classes_map_to_virtual_channels(void)
{
    for (uint32_t vcs = 1; vcs <= FABRIC_VCS_MAX; vcs++) {
        const struct fabric fabric = {.vcs = vcs};

        for (unsigned tc = 0; tc < 8; tc++) {
            const struct tlp tlp = {.kind = TLP_CPL,
                                    .attr = (uint8_t)(tc | TLP_ATTR_RO | TLP_ATTR_IDO)};

            CU_ASSERT_EQUAL(fabric_vc(&fabric, &tlp), tc % vcs);
            CU_ASSERT_EQUAL(fabric_queue(&fabric, &tlp), tc % vcs * CLASSES + CLASS_COMPLETION);
        }
    }
}

static uint64_t sum_of_parts(const struct tlp *tlp)
{
    uint64_t sum = 0;

    for (int part = 0; part < TLP_PARTS; part++)
        sum += tlp_part_ps(tlp, (enum tlp_part)part);
    return sum;
}

/* The two parts that can be long carry on into their high bits. */
static void parts_sum_to_the_time_accounted(void)
{
    uint64_t state = 3;

    for (unsigned run = 0; run < 1000; run++) {
        const uint64_t born_ps = splitmix(&state) >> 24;
        uint64_t expected_ps[TLP_PARTS] = {0};
        struct tlp tlp, copy;

        memset(&tlp, 0xa5, sizeof tlp);
        memset(&copy, 0x5a, sizeof copy);
        tlp_account_begin(&tlp, born_ps);
        for (unsigned n = 0; n < 50; n++) {
            const unsigned part = splitmix_below(&state, TLP_PARTS);
            const bool is_long = part == PART_CREDIT || part == PART_ARBITRATE;
            const uint64_t spent_ps = splitmix(&state) >> (is_long ? 29 : 38);

            tlp_spend(&tlp, (enum tlp_part)part, tlp.at_ps + spent_ps);
            expected_ps[part] += spent_ps;
        }
        tlp_account_copy(&copy, &tlp);
        CU_ASSERT_EQUAL(copy.at_ps, tlp.at_ps);
        CU_ASSERT_EQUAL(sum_of_parts(&tlp), tlp.at_ps - born_ps);
        for (unsigned part = 0; part < TLP_PARTS; part++) {
            CU_ASSERT_EQUAL(tlp_part_ps(&tlp, (enum tlp_part)part), expected_ps[part]);
            CU_ASSERT_EQUAL(tlp_part_ps(&copy, (enum tlp_part)part), expected_ps[part]);
        }
        tlp_account_begin(&tlp, 9);
        CU_ASSERT_EQUAL(sum_of_parts(&tlp), 0);
        CU_ASSERT_EQUAL(tlp.at_ps, 9);
    }
}

struct spend {
    enum tlp_part part;
    uint64_t first_ps, second_ps;
};

static void spend_twice(void *argument)
{
    const struct spend *spend = argument;
    struct tlp tlp;

    tlp_account_begin(&tlp, 1000);
    tlp_spend(&tlp, spend->part, 1000 + spend->first_ps);
    tlp_spend(&tlp, spend->part, 1000 + spend->first_ps + spend->second_ps);
    CHECK(tlp_part_ps(&tlp, spend->part) == spend->first_ps + spend->second_ps);
}

static void parts_hold_32_or_40_bits_and_no_more(void)
{
    char text[DIES_TEXT_BYTES];

    for (int part = 0; part < TLP_PARTS; part++) {
        const bool is_long = part == PART_CREDIT || part == PART_ARBITRATE;
        const uint64_t most_ps = (is_long ? UINT64_C(1) << 40 : UINT64_C(1) << 32) - 1;
        struct spend all = {(enum tlp_part)part, most_ps - 10, 10};
        struct spend more = {(enum tlp_part)part, most_ps - 10, 11};
        struct spend at_once = {(enum tlp_part)part, most_ps + 1, 0};

        spend_twice(&all);
        CU_ASSERT(dies(spend_twice, &more, text));
        CU_ASSERT(dies(spend_twice, &at_once, text));
    }
}

static void the_account_does_not_run_backwards(void)
{
    struct spend back = {PART_MEMORY, 10, UINT64_MAX};
    char text[DIES_TEXT_BYTES];

    CU_ASSERT(dies(spend_twice, &back, text));
}

static void the_pool_hands_out_each_tlp_once(void)
{
    enum { CAPACITY = 64 };
    struct tlp_pool pool;
    bool taken[CAPACITY] = {false};
    uint32_t held[CAPACITY], n = 0, most = 0;
    uint64_t state = 4;

    CU_ASSERT_FATAL(tlp_pool_init(&pool, CAPACITY));
    CU_ASSERT_EQUAL((uintptr_t)pool.tlps % 64, 0);
    for (unsigned i = 0; i < 20000; i++) {
        const bool growing = i / 500 % 2 == 0;

        if (n < CAPACITY - 1 && splitmix_below(&state, 10) < (growing ? 7 : 3)) {
            const uint32_t index = tlp_take(&pool);

            CU_ASSERT_FATAL(index > 0 && index < CAPACITY && !taken[index]);
            taken[index] = true;
            held[n++] = index;
            memset(tlp_get(&pool, index), (int)i, sizeof(struct tlp));
        } else if (n > 0) {
            const uint32_t at = splitmix_below(&state, n);

            taken[held[at]] = false;
            tlp_give_back(&pool, held[at]);
            held[at] = held[--n];
        }
        most = n > most ? n : most;
        CU_ASSERT_EQUAL(pool.in_use, n);
        CU_ASSERT_EQUAL(pool.fresh - 1, most);
    }
    CU_ASSERT_EQUAL(most, CAPACITY - 1);
    tlp_pool_fini(&pool);
}

static void take_all(void *argument)
{
    const uint32_t *n = argument;
    struct tlp_pool pool;

    CHECK(tlp_pool_init(&pool, 10));
    for (uint32_t i = 0; i < *n; i++)
        tlp_take(&pool);
    tlp_pool_fini(&pool);
}

static void the_pool_has_an_end(void)
{
    uint32_t all = 9, one_more = 10;
    char text[DIES_TEXT_BYTES];

    take_all(&all);
    CU_ASSERT(dies(take_all, &one_more, text));
}

void suite_tlp(void)
{
    CU_pSuite suite = CU_add_suite("tlp", NULL, NULL);

    CU_add_test(suite, "kinds have their class and payload", kinds_have_their_class_and_payload);
    CU_add_test(suite, "payload takes the dwords that it touches",
                payload_takes_the_dwords_that_it_touches);
    CU_add_test(suite, "the wire carries header, digest and framing",
                the_wire_carries_header_digest_and_framing);
    CU_add_test(suite, "traffic classes map to virtual channels",
                traffic_classes_map_to_virtual_channels);
    CU_add_test(suite, "parts sum to the time accounted", parts_sum_to_the_time_accounted);
    CU_add_test(suite, "parts hold 32 or 40 bits, and no more",
                parts_hold_32_or_40_bits_and_no_more);
    CU_add_test(suite, "the account does not run backwards", the_account_does_not_run_backwards);
    CU_add_test(suite, "the pool hands out each TLP once", the_pool_hands_out_each_tlp_once);
    CU_add_test(suite, "the pool has an end", the_pool_has_an_end);
}
