/* The re-map CAM against one that compares all entries in turn, as the hardware does at once.
 * Not pinned: the time of a look-up, the order inside the index. */
#include "pool/id_map.h"
#include "splitmix.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

void suite_id_map(void);

enum { MOST_ENTRIES = 128 };

struct naive_cam {
    uint32_t n_entries;
    bool valid[MOST_ENTRIES];
    struct id_key key[MOST_ENTRIES];
    struct id_value value[MOST_ENTRIES];
};

static int32_t naive_find(const struct naive_cam *cam, struct id_key key)
{
    for (uint32_t i = 0; i < cam->n_entries; i++)
        if (cam->valid[i] && cam->key[i].port == key.port && cam->key[i].rid == key.rid)
            return (int32_t)i;
    return -1;
}

static enum id_map_result naive_write(struct naive_cam *cam, uint32_t index, struct id_key key,
                                      struct id_value value)
{
    if (index >= cam->n_entries)
        return ID_MAP_RANGE;
    const int32_t holder = naive_find(cam, key);
    if (holder >= 0 && holder != (int32_t)index)
        return ID_MAP_DUPLICATE;
    cam->valid[index] = true;
    cam->key[index] = key;
    cam->value[index] = value;
    return ID_MAP_OK;
}

static bool same_value(const struct id_value *a, const struct id_value *b)
{
    return a->port == b->port && a->rid == b->rid && a->function == b->function;
}

static struct id_map *new_map(uint32_t n_entries)
{
    /* Exactly the asked bytes, so that a sanitizer sees one too many; not zero before. */
    void *memory = malloc(id_map_bytes(n_entries));

    CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
    memset(memory, 0xa5, id_map_bytes(n_entries));
    return id_map_init(memory, n_entries);
}

static void expect_equal_everywhere(const struct id_map *map, const struct naive_cam *cam)
{
    for (uint32_t i = 0; i < cam->n_entries; i++) {
        CU_ASSERT_EQUAL_FATAL(id_map_is_valid(map, i), cam->valid[i]);
        if (cam->valid[i]) {
            CU_ASSERT_EQUAL_FATAL(id_map_find(map, cam->key[i]), (int32_t)i);
            CU_ASSERT_TRUE_FATAL(same_value(id_map_value(map, i), &cam->value[i]));
        }
    }
}

/* @ports x @rids keys: few more than entries, so that doubles, replacements and misses all happen.
 */
static void run_random(uint32_t n_entries, uint32_t ports, uint32_t rids, uint32_t operations,
                       uint64_t seed)
{
    struct id_map *map = new_map(n_entries);
    static struct naive_cam cam;
    uint64_t state = seed;

    memset(&cam, 0, sizeof cam);
    cam.n_entries = n_entries;
    for (uint32_t done = 0; done < operations; done++) {
        const struct id_key key = {(uint16_t)splitmix_below(&state, ports),
                                   (uint16_t)splitmix_below(&state, rids)};
        const struct id_value value = {(uint16_t)splitmix(&state), (uint16_t)splitmix(&state),
                                       done};
        const uint32_t index = splitmix_below(&state, n_entries + 1);

        if (splitmix_below(&state, 3) > 0) {
            const enum id_map_result expected = naive_write(&cam, index, key, value);

            CU_ASSERT_EQUAL_FATAL(id_map_write(map, index, key, value), expected);
        } else if (index < n_entries) {
            id_map_invalidate(map, index);
            cam.valid[index] = false;
        }
        const struct id_key probe = {(uint16_t)splitmix_below(&state, ports),
                                     (uint16_t)splitmix_below(&state, rids)};

        CU_ASSERT_EQUAL_FATAL(id_map_find(map, probe), naive_find(&cam, probe));
        if (done % 4096 == 0)
            expect_equal_everywhere(map, &cam);
    }
    expect_equal_everywhere(map, &cam);
    free(map);
}

static void millions_of_operations_agree(void)
{
    run_random(1, 2, 2, 100000, 1);
    run_random(3, 1, 8, 500000, 2);
    run_random(16, 4, 8, 1000000, 3);
    run_random(64, 8, 16, 1000000, 4);
    run_random(MOST_ENTRIES, 3, 65536, 200000, 5); /* sparse keys: few replacements by chance */
    run_random(MOST_ENTRIES, 16, 16, 500000, 6);
}

static void a_full_table_of_dense_ids(void)
{
    enum { ENTRIES = 65536 };
    struct id_map *map = new_map(ENTRIES);

    for (uint32_t i = 0; i < ENTRIES; i++) {
        const struct id_key key = {(uint16_t)(i >> 8), (uint16_t)(0x0480 + 2 * (i & 0xff))};

        CU_ASSERT_EQUAL_FATAL(id_map_write(map, i, key, (struct id_value){1, 2, i}), ID_MAP_OK);
    }
    for (uint32_t i = 0; i < ENTRIES; i++) {
        const struct id_key key = {(uint16_t)(i >> 8), (uint16_t)(0x0480 + 2 * (i & 0xff))};
        const struct id_key other = {key.port, (uint16_t)(key.rid + 1)};

        id_map_prefetch(map, key);
        CU_ASSERT_EQUAL_FATAL(id_map_find(map, key), (int32_t)i);
        CU_ASSERT_EQUAL_FATAL(id_map_find(map, other), -1);
    }
    free(map);
}

static void a_refused_write_changes_nothing(void)
{
    struct id_map *map = new_map(2);
    const struct id_key a = {0, 0}, b = {0, 1}; /* key 0 at entry 0 is not "empty" */
    const struct id_value value = {7, 8, 9}, other = {1, 2, 3};

    CU_ASSERT_EQUAL(id_map_entries(map), 2);
    CU_ASSERT_EQUAL(id_map_find(map, a), -1);
    CU_ASSERT_EQUAL(id_map_write(map, 0, a, value), ID_MAP_OK);
    CU_ASSERT_EQUAL(id_map_write(map, 1, b, value), ID_MAP_OK);
    CU_ASSERT_EQUAL(id_map_write(map, 1, a, other), ID_MAP_DUPLICATE);
    CU_ASSERT_EQUAL(id_map_write(map, 2, (struct id_key){5, 5}, other), ID_MAP_RANGE);
    CU_ASSERT_EQUAL(id_map_find(map, a), 0);
    CU_ASSERT_EQUAL(id_map_find(map, b), 1);
    CU_ASSERT_TRUE(same_value(id_map_value(map, 0), &value));
    CU_ASSERT_TRUE(same_value(id_map_value(map, 1), &value));
    /* The same key again in its own entry is a change of value. */
    CU_ASSERT_EQUAL(id_map_write(map, 0, a, other), ID_MAP_OK);
    CU_ASSERT_TRUE(same_value(id_map_value(map, 0), &other));
    CU_ASSERT_FALSE(id_map_is_valid(map, 2));
    free(map);
}

static void a_map_without_entries_misses(void)
{
    struct id_map *map = new_map(0);

    CU_ASSERT_EQUAL(id_map_find(map, (struct id_key){0, 0}), -1);
    CU_ASSERT_EQUAL(id_map_write(map, 0, (struct id_key){0, 0}, (struct id_value){0, 0, 0}),
                    ID_MAP_RANGE);
    free(map);
}

void suite_id_map(void)
{
    CU_pSuite suite = CU_add_suite("id_map", NULL, NULL);

    CU_add_test(suite, "a refused write changes nothing", a_refused_write_changes_nothing);
    CU_add_test(suite, "a map without entries misses", a_map_without_entries_misses);
    CU_add_test(suite, "a full table of dense IDs", a_full_table_of_dense_ids);
    CU_add_test(suite, "millions of operations agree with a linear CAM",
                millions_of_operations_agree);
}
