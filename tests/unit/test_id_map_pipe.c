/* The two-stage look-up against a history: a look-up that compares in cycle T and moves on in cycle
 * T' delivers the entry that matched at T if, and only if, nobody wrote it from T to T', both
 * included. So no key ever gets a value that was not its own at the same time. Not pinned: what the
 * stages hold. */
#include "base/check.h"
#include "pool/id_map_pipe.h"
#include "splitmix.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

void suite_id_map_pipe(void);

enum { ENTRIES = 8 };

struct history {
    bool valid[ENTRIES];
    struct id_key key[ENTRIES];
    struct id_value value[ENTRIES];
    int64_t written[ENTRIES]; /* cycle of the last write */
};

static int find(const struct history *history, struct id_key key)
{
    for (int i = 0; i < ENTRIES; i++)
        if (history->valid[i] && history->key[i].port == key.port && history->key[i].rid == key.rid)
            return i;
    return -1;
}

static struct id_map_pipe_in random_in(uint64_t *rng)
{
    return (struct id_map_pipe_in){
        .enable = splitmix_below(rng, 4) != 0,
        .valid = splitmix_below(rng, 4) != 0,
        .key = {(uint16_t)splitmix_below(rng, 2), (uint16_t)splitmix_below(rng, 10)},
        .write = splitmix_below(rng, 3) == 0,
        .index = splitmix_below(rng, ENTRIES),
        .entry_valid = splitmix_below(rng, 4) != 0,
        .entry_key = {(uint16_t)splitmix_below(rng, 2), (uint16_t)splitmix_below(rng, 10)},
        .entry_value = {(uint16_t)splitmix(rng), (uint16_t)splitmix(rng), (uint32_t)splitmix(rng)},
    };
}

static void record(struct history *history, const struct id_map_pipe_in *in, int64_t cycle)
{
    history->valid[in->index] = in->entry_valid;
    history->key[in->index] = in->entry_key;
    history->value[in->index] = in->entry_value;
    history->written[in->index] = cycle;
}

static bool refused(const struct history *history, const struct id_map_pipe_in *in, bool indexed)
{
    if (!in->write || !in->entry_valid)
        return false;
    if (indexed)
        return in->entry_key.rid % ENTRIES != in->index;
    const int holder = find(history, in->entry_key);
    return holder >= 0 && holder != (int)in->index;
}

static void against_a_history(bool indexed)
{
    struct history history = {0};
    struct id_map_pipe pipe;
    struct id_map *map = id_map_init(malloc(id_map_bytes(ENTRIES)), ENTRIES);
    uint64_t rng = indexed ? 31 : 32;
    unsigned hits = 0, kills = 0;
    struct {
        bool valid;
        int match;
        int64_t cycle;
    } compared = {false, -1, 0}; /* the look-up in stage one */

    memset(history.written, 0xff, sizeof history.written);
    id_map_pipe_init(&pipe, map, indexed);
    for (int64_t cycle = 0; cycle < 50000; cycle++) {
        struct id_map_pipe_in in = random_in(&rng);
        /* Now and then to where a write is. */
        if (splitmix_below(&rng, 2))
            in.key = history.key[in.index];
        if (indexed && splitmix_below(&rng, 4))
            in.entry_key.rid = (uint16_t)(in.index + ENTRIES * splitmix_below(&rng, 2));
        const bool bad = refused(&history, &in, indexed);
        const struct id_map_pipe before = pipe;
        struct id_value value = {0};
        bool hit = false;

        CU_ASSERT_EQUAL(id_map_pipe_refuses(&pipe, &in), bad);
        if (compared.match >= 0)
            value = history.value[compared.match];
        const int match = find(&history, in.key);
        if (in.write && !bad)
            record(&history, &in, cycle);
        if (compared.valid && compared.match >= 0) {
            hit = history.written[compared.match] < compared.cycle;
            kills += !hit && in.enable;
        }
        id_map_pipe_tick(&pipe, &in);
        if (!in.enable) {
            CU_ASSERT_TRUE(pipe.valid == before.valid && pipe.hit == before.hit);
            continue;
        }
        CU_ASSERT_EQUAL(pipe.valid, compared.valid);
        CU_ASSERT_EQUAL(pipe.hit, hit);
        if (hit)
            CU_ASSERT_TRUE(pipe.value.port == value.port && pipe.value.rid == value.rid &&
                           pipe.value.function == value.function);
        hits += hit;
        compared.valid = in.valid;
        compared.match = in.valid ? match : -1;
        compared.cycle = cycle;
    }
    CU_ASSERT_TRUE(hits > 1000 && kills > 1000);
    free(map);
}

static void cam(void)
{
    against_a_history(false);
}

static void ram(void)
{
    against_a_history(true);
}

/* The hole itself: host 1's match, and host 2's value between the stages. */
static void no_value_of_another_host(void)
{
    struct id_map_pipe pipe;
    struct id_map *map = id_map_init(malloc(id_map_bytes(2)), 2);
    const struct id_key one = {1, 0x300}, two = {2, 0x300};
    const struct id_value secret = {9, 0x482, 7};

    id_map_pipe_init(&pipe, map, false);
    CHECK(id_map_write(map, 0, one, (struct id_value){3, 0x480, 0}) == ID_MAP_OK);
    id_map_pipe_tick(&pipe, &(struct id_map_pipe_in){.enable = true, .valid = true, .key = one});
    id_map_pipe_tick(&pipe, &(struct id_map_pipe_in){.enable = true,
                                                     .write = true,
                                                     .entry_valid = true,
                                                     .entry_key = two,
                                                     .entry_value = secret});
    CU_ASSERT_TRUE(pipe.valid && !pipe.hit);
    id_map_pipe_tick(&pipe, &(struct id_map_pipe_in){.enable = true, .valid = true, .key = two});
    id_map_pipe_tick(&pipe, &(struct id_map_pipe_in){.enable = true});
    CU_ASSERT_TRUE(pipe.valid && pipe.hit && pipe.value.rid == secret.rid);
    free(map);
}

void suite_id_map_pipe(void)
{
    CU_pSuite suite = CU_add_suite("id_map_pipe", NULL, NULL);

    CU_add_test(suite, "CAM against a history", cam);
    CU_add_test(suite, "indexed RAM against a history", ram);
    CU_add_test(suite, "no value of another host", no_value_of_another_host);
}
