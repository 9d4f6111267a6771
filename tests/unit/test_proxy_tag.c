/* Proxy tags against a naive list of what waits: a completion reaches the requester that asked,
 * once, and under the assignment that it asked under, or nobody. Not pinned: times, and who retires
 * when. */
#include "pool/proxy_tag.h"
#include "splitmix.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

void suite_proxy_tag(void);

enum { TAGS = 12, FUNCTIONS = 5 };

static struct proxy_entry an_entry(uint64_t *rng, uint16_t function, uint8_t epoch)
{
    return (struct proxy_entry){
        .host_port = (uint16_t)splitmix_below(rng, 4096),
        .rid = (uint16_t)splitmix(rng),
        .tag = (uint16_t)splitmix_below(rng, 1024),
        .user_rid = (uint16_t)splitmix(rng),
        .function = function,
        .user_function = (uint16_t)splitmix(rng),
        .dw = (uint16_t)splitmix_below(rng, 1024),
        .epoch = epoch,
        .merge = splitmix_below(rng, 2) != 0,
    };
}

static bool same_entry(const struct proxy_entry *a, const struct proxy_entry *b)
{
    return a->host_port == b->host_port && a->rid == b->rid && a->tag == b->tag &&
           a->user_rid == b->user_rid && a->function == b->function &&
           a->user_function == b->user_function && a->dw == b->dw && a->epoch == b->epoch &&
           a->merge == b->merge;
}

static struct proxy_tags *new_tags(uint32_t n)
{
    void *memory = malloc(proxy_tag_bytes(n));

    return memory ? proxy_tag_init(memory, n) : NULL;
}

static void one_request(void)
{
    uint64_t rng = 1;
    struct proxy_tags *tags = new_tags(2);
    const struct proxy_entry first = an_entry(&rng, 3, 7), second = an_entry(&rng, 4, 9);
    struct proxy_entry back = {0};

    CU_ASSERT_EQUAL(proxy_tag_match(tags, 0, 3, 7, &back), PROXY_UNKNOWN);
    CU_ASSERT_EQUAL(proxy_tag_take(tags, &first), 0);
    CU_ASSERT_EQUAL(proxy_tag_take(tags, &second), 1);
    CU_ASSERT_EQUAL(proxy_tag_take(tags, &second), -1);
    CU_ASSERT_EQUAL(proxy_tag_match(tags, 0, 4, 7, &back), PROXY_WRONG);
    CU_ASSERT_EQUAL(proxy_tag_match(tags, 0, 3, 7, &back), PROXY_MATCHED);
    CU_ASSERT_TRUE(same_entry(&back, &first));
    CU_ASSERT_EQUAL(proxy_tag_match(tags, 0, 3, 7, &back), PROXY_UNKNOWN);
    CU_ASSERT_EQUAL(proxy_tag_match(tags, 1, 4, 10, &back), PROXY_STALE);
    CU_ASSERT_EQUAL(proxy_tag_match(tags, 2, 4, 9, &back), PROXY_UNKNOWN);
    CU_ASSERT_EQUAL(proxy_tag_waiting(tags), 0);
    CU_ASSERT_EQUAL(proxy_tag_capacity(tags), 2);
    free(tags);
}

static void a_retired_tag_rests(void)
{
    uint64_t rng = 2;
    struct proxy_tags *tags = new_tags(2);
    const struct proxy_entry entry = an_entry(&rng, 3, 7);
    struct proxy_entry back = {0};

    CU_ASSERT_FALSE(proxy_tag_retire(tags, 0));
    CU_ASSERT_FALSE(proxy_tag_retire(tags, 99));
    proxy_tag_take(tags, &entry);
    CU_ASSERT_TRUE(proxy_tag_retire(tags, 0));
    CU_ASSERT_FALSE(proxy_tag_retire(tags, 0));
    CU_ASSERT_PTR_NULL(proxy_tag_entry(tags, 0));
    CU_ASSERT_EQUAL(proxy_tag_take(tags, &entry), 1);
    CU_ASSERT_EQUAL(proxy_tag_take(tags, &entry), -1);
    CU_ASSERT_EQUAL(proxy_tag_match(tags, 0, 3, 7, &back), PROXY_STALE);
    CU_ASSERT_EQUAL(proxy_tag_take(tags, &entry), 0);
    CU_ASSERT_EQUAL(proxy_tag_waiting_for(tags, 3), 2);
    CU_ASSERT_EQUAL(proxy_tag_retire_function(tags, 4), 0);
    CU_ASSERT_EQUAL(proxy_tag_retire_function(tags, 3), 2);
    CU_ASSERT_EQUAL(proxy_tag_take(tags, &entry), -1);
    proxy_tag_forget_function(tags, 4);
    CU_ASSERT_EQUAL(proxy_tag_take(tags, &entry), -1);
    proxy_tag_forget_function(tags, 3);
    CU_ASSERT_EQUAL(proxy_tag_take(tags, &entry), 0);
    free(tags);
}

struct naive {
    enum { FREE, WAITING, RETIRED } state[TAGS];
    struct proxy_entry entry[TAGS];
    uint8_t epoch[FUNCTIONS];
};

static void check_match(struct proxy_tags *tags, struct naive *naive, uint64_t *rng)
{
    const uint16_t tag = (uint16_t)splitmix_below(rng, TAGS + 2);
    struct proxy_entry back = {0};
    enum proxy_match expected = PROXY_UNKNOWN;
    /* Mostly the function that was asked. */
    uint16_t function = (uint16_t)splitmix_below(rng, FUNCTIONS);
    if (tag < TAGS && splitmix_below(rng, 4))
        function = naive->entry[tag].function;

    if (tag < TAGS && naive->state[tag] != FREE) {
        if (naive->entry[tag].function != function)
            expected = PROXY_WRONG;
        else if (naive->state[tag] == RETIRED || naive->entry[tag].epoch != naive->epoch[function])
            expected = PROXY_STALE;
        else
            expected = PROXY_MATCHED;
    }
    CU_ASSERT_EQUAL(proxy_tag_match(tags, tag, function, naive->epoch[function], &back), expected);
    if (expected == PROXY_MATCHED)
        CU_ASSERT_TRUE(same_entry(&back, &naive->entry[tag]));
    if (expected == PROXY_MATCHED || expected == PROXY_STALE)
        naive->state[tag] = FREE;
}

static void check_take(struct proxy_tags *tags, struct naive *naive, uint64_t *rng)
{
    const uint16_t function = (uint16_t)splitmix_below(rng, FUNCTIONS);
    const struct proxy_entry entry = an_entry(rng, function, naive->epoch[function]);
    int32_t lowest = 0;

    while (lowest < TAGS && naive->state[lowest] != FREE)
        lowest++;
    if (lowest == TAGS)
        lowest = -1;
    CU_ASSERT_EQUAL(proxy_tag_take(tags, &entry), lowest);
    if (lowest >= 0) {
        naive->state[lowest] = WAITING;
        naive->entry[lowest] = entry;
    }
}

static void against_a_list(void)
{
    uint64_t rng = 3;
    struct proxy_tags *tags = new_tags(TAGS);
    struct naive naive = {0};

    for (unsigned n = 0; n < 40000; n++) {
        const uint16_t function = (uint16_t)splitmix_below(&rng, FUNCTIONS);
        uint32_t waiting = 0;

        switch (splitmix_below(&rng, 16)) {
        case 0: { /* the VF moves */
            uint32_t retired = 0;
            naive.epoch[function]++;
            for (unsigned t = 0; t < TAGS; t++)
                if (naive.state[t] == WAITING && naive.entry[t].function == function) {
                    naive.state[t] = RETIRED;
                    retired++;
                }
            CU_ASSERT_EQUAL(proxy_tag_retire_function(tags, function), retired);
            break;
        }
        case 1: /* and is reset */
            proxy_tag_forget_function(tags, function);
            for (unsigned t = 0; t < TAGS; t++)
                if (naive.state[t] == RETIRED && naive.entry[t].function == function)
                    naive.state[t] = FREE;
            break;
        case 2: /* an epoch without a retirement: what waits is stale when it comes */
            naive.epoch[function]++;
            break;
        case 3: {
            const uint16_t tag = (uint16_t)splitmix_below(&rng, TAGS);
            CU_ASSERT_EQUAL(proxy_tag_retire(tags, tag), naive.state[tag] == WAITING);
            if (naive.state[tag] == WAITING)
                naive.state[tag] = RETIRED;
            break;
        }
        case 4:
        case 5:
        case 6:
        case 7:
        case 8:
            check_match(tags, &naive, &rng);
            break;
        default:
            check_take(tags, &naive, &rng);
        }
        for (unsigned t = 0; t < TAGS; t++)
            waiting += naive.state[t] == WAITING;
        CU_ASSERT_EQUAL(proxy_tag_waiting(tags), waiting);
    }
    free(tags);
}

static void packs_and_unpacks(void)
{
    uint64_t rng = 4;

    for (unsigned n = 0; n < 500; n++) {
        const struct proxy_entry entry =
            an_entry(&rng, (uint16_t)splitmix(&rng), (uint8_t)splitmix(&rng));
        struct proxy_entry back;
        struct pool_entry packed;
        uint16_t tag = 0;

        proxy_tag_pack((uint16_t)n, &entry, &packed);
        CU_ASSERT_TRUE(proxy_tag_unpack(&packed, &tag, &back));
        CU_ASSERT_TRUE(tag == n && same_entry(&back, &entry));
    }
    CU_ASSERT_FALSE(
        proxy_tag_unpack(&(struct pool_entry){0}, &(uint16_t){0}, &(struct proxy_entry){0}));
}

void suite_proxy_tag(void)
{
    CU_pSuite suite = CU_add_suite("proxy_tag", NULL, NULL);

    CU_add_test(suite, "one request, one completion", one_request);
    CU_add_test(suite, "a retired tag rests", a_retired_tag_rests);
    CU_add_test(suite, "against a list", against_a_list);
    CU_add_test(suite, "packs and unpacks", packs_and_unpacks);
}
