/* The address map against one that compares all ranges in turn.
 * Not pinned: the time of a look-up. */
#include "pool/addr_map.h"
#include "splitmix.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

void suite_addr_map(void);

enum { MOST_ENTRIES = 64 };

struct naive_map {
    uint32_t n_entries;
    bool valid[MOST_ENTRIES];
    struct addr_entry entry[MOST_ENTRIES];
};

static uint64_t first_byte(const struct addr_entry *entry)
{
    return entry->user_base;
}

static uint64_t last_byte(const struct addr_entry *entry)
{
    return entry->user_base + (UINT64_C(1) << entry->log2_bytes) - 1;
}

static int32_t naive_find(const struct naive_map *map, uint64_t address)
{
    for (uint32_t i = 0; i < map->n_entries; i++)
        if (map->valid[i] && address >= first_byte(&map->entry[i]) &&
            address <= last_byte(&map->entry[i]))
            return (int32_t)i;
    return -1;
}

static enum addr_map_result naive_write(struct naive_map *map, uint32_t index,
                                        const struct addr_entry *entry)
{
    if (index >= map->n_entries || entry->log2_bytes < 12 || entry->log2_bytes > 63)
        return ADDR_MAP_RANGE;
    if (entry->user_base % (UINT64_C(1) << entry->log2_bytes) != 0 ||
        entry->owner_base % (UINT64_C(1) << entry->log2_bytes) != 0)
        return ADDR_MAP_UNALIGNED;
    for (uint32_t i = 0; i < map->n_entries; i++)
        if (i != index && map->valid[i] && first_byte(entry) <= last_byte(&map->entry[i]) &&
            first_byte(&map->entry[i]) <= last_byte(entry))
            return ADDR_MAP_OVERLAP;
    map->valid[index] = true;
    map->entry[index] = *entry;
    return ADDR_MAP_OK;
}

static struct addr_map *new_map(uint32_t n_entries)
{
    /* Exactly the asked bytes, so that a sanitizer sees one too many; not zero before. */
    void *memory = malloc(addr_map_bytes(n_entries));

    CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
    memset(memory, 0xa5, addr_map_bytes(n_entries));
    return addr_map_init(memory, n_entries);
}

static void expect_equal_at(const struct addr_map *map, const struct naive_map *naive,
                            uint64_t address)
{
    const uint64_t untouched = 0xdeadbeef;
    uint64_t out = untouched;
    const struct addr_entry *found = addr_map_find(map, address, &out);
    const int32_t expected = naive_find(naive, address);

    if (expected < 0) {
        CU_ASSERT_PTR_NULL_FATAL(found);
        CU_ASSERT_EQUAL_FATAL(out, untouched);
        return;
    }
    const struct addr_entry *entry = &naive->entry[expected];

    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    CU_ASSERT_EQUAL_FATAL(found->function, entry->function);
    CU_ASSERT_EQUAL_FATAL(found->port, entry->port);
    CU_ASSERT_EQUAL_FATAL(out, entry->owner_base + (address - entry->user_base));
}

/* Ranges of very different sizes in a small space, so that every kind of overlap happens; sometimes
 * one too small, off its alignment, or at the top of memory. */
static struct addr_entry random_entry(uint64_t *state, uint32_t number)
{
    struct addr_entry entry = {.function = number, .port = (uint16_t)splitmix(state)};
    const uint64_t top = splitmix_below(state, 8) == 0 ? ~UINT64_C(0xffffff) : 0;

    entry.log2_bytes = (uint8_t)(12 + splitmix_below(state, 9));
    if (splitmix_below(state, 64) == 0)
        entry.log2_bytes = (uint8_t)splitmix_below(state, 70);
    const uint64_t offset_mask =
        entry.log2_bytes < 64 ? (UINT64_C(1) << entry.log2_bytes) - 1 : UINT64_MAX;

    entry.user_base = (top | splitmix_below(state, 1U << 24)) & ~offset_mask;
    entry.owner_base = splitmix(state) & ~offset_mask;
    if (splitmix_below(state, 32) == 0)
        entry.user_base += 1U << splitmix_below(state, 12);
    if (splitmix_below(state, 32) == 0)
        entry.owner_base += 1U << splitmix_below(state, 12);
    return entry;
}

static void random_operations_agree(void)
{
    static const uint32_t sizes[] = {1, 2, 8, MOST_ENTRIES};

    for (unsigned s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const uint32_t n_entries = sizes[s];
        struct addr_map *map = new_map(n_entries);
        static struct naive_map naive;
        uint64_t state = s + 10;

        memset(&naive, 0, sizeof naive);
        naive.n_entries = n_entries;
        for (uint32_t done = 0; done < 200000; done++) {
            const uint32_t index = splitmix_below(&state, n_entries + 1);
            const struct addr_entry entry = random_entry(&state, done);

            if (splitmix_below(&state, 4) > 0) {
                const enum addr_map_result expected = naive_write(&naive, index, &entry);

                CU_ASSERT_EQUAL_FATAL(addr_map_write(map, index, &entry), expected);
            } else if (index < n_entries) {
                addr_map_invalidate(map, index);
                naive.valid[index] = false;
            }
            expect_equal_at(map, &naive, splitmix_below(&state, 1U << 25));
            if (index < n_entries && naive.valid[index]) {
                expect_equal_at(map, &naive, first_byte(&naive.entry[index]));
                expect_equal_at(map, &naive, last_byte(&naive.entry[index]));
                expect_equal_at(map, &naive, first_byte(&naive.entry[index]) - 1);
                expect_equal_at(map, &naive, last_byte(&naive.entry[index]) + 1);
            }
        }
        free(map);
    }
}

static void refusals(void)
{
    static const struct addr_entry first = {0x80000000, 0xc0000000, 1, 1, 14};
    static const struct {
        const char *name;
        uint32_t index;
        struct addr_entry entry;
        enum addr_map_result result;
    } cases[] = {
        {"right after", 1, {0x80004000, 0, 2, 1, 14}, ADDR_MAP_OK},
        {"right before", 2, {0x7fffc000, 0, 3, 1, 14}, ADDR_MAP_OK},
        {"the same range", 3, {0x80000000, 0, 4, 1, 14}, ADDR_MAP_OVERLAP},
        {"inside", 3, {0x80002000, 0, 4, 1, 12}, ADDR_MAP_OVERLAP},
        {"around", 3, {0x80000000, 0, 4, 1, 20}, ADDR_MAP_OVERLAP},
        {"around from below", 3, {0, 0, 4, 1, 63}, ADDR_MAP_OVERLAP},
        {"user base between two multiples", 3, {0x90001000, 0, 4, 1, 13}, ADDR_MAP_UNALIGNED},
        {"owner base between two multiples", 3, {0x90000000, 0x1000, 4, 1, 13}, ADDR_MAP_UNALIGNED},
        {"smaller than a page", 3, {0x90000000, 0, 4, 1, 11}, ADDR_MAP_RANGE},
        {"all of memory", 3, {0, 0, 4, 1, 64}, ADDR_MAP_RANGE},
        {"no such entry", 4, {0x90000000, 0, 4, 1, 12}, ADDR_MAP_RANGE},
        {"the upper half of memory", 3, {UINT64_C(1) << 63, 0, 4, 1, 63}, ADDR_MAP_OK},
        {"its own range, larger", 2, {0x7ff00000, 0, 3, 1, 20}, ADDR_MAP_OK},
    };
    struct addr_map *map = new_map(4);
    uint64_t address = 0;

    CU_ASSERT_EQUAL(addr_map_write(map, 0, &first), ADDR_MAP_OK);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CU_ASSERT_EQUAL(addr_map_write(map, cases[i].index, &cases[i].entry), cases[i].result);
    CU_ASSERT_EQUAL(addr_map_find(map, 0x80000123, &address)->function, 1);
    CU_ASSERT_EQUAL(address, 0xc0000123);
    CU_ASSERT_EQUAL(addr_map_find(map, UINT64_MAX, &address)->function, 4);
    CU_ASSERT_EQUAL(address, INT64_MAX);
    addr_map_invalidate(map, 0);
    addr_map_invalidate(map, 0);
    CU_ASSERT_PTR_NULL(addr_map_find(map, 0x80000123, &address));
    free(map);
}

static void a_map_without_entries_misses(void)
{
    struct addr_map *map = new_map(0);
    uint64_t address = 0;

    CU_ASSERT_PTR_NULL(addr_map_find(map, 0, &address));
    CU_ASSERT_PTR_NULL(addr_map_find(map, UINT64_MAX, &address));
    free(map);
}

void suite_addr_map(void)
{
    CU_pSuite suite = CU_add_suite("addr_map", NULL, NULL);

    CU_add_test(suite, "what is refused", refusals);
    CU_add_test(suite, "a map without entries misses", a_map_without_entries_misses);
    CU_add_test(suite, "random operations agree with a linear map", random_operations_agree);
}
