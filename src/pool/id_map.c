#include "pool/id_map.h"

#include "base/check.h"
#include <stdalign.h>
#include <string.h>

struct id_entry {
    struct id_key key;
    struct id_value value;
    bool valid;
};

/* The CAM's entries, and an index over the valid ones: open addressing with linear probing, at most
 * half full, where every chain is unbroken (a removal moves later members up and leaves no
 * tombstone, so that the index does not degrade). A slot is {key, entry index + 1} in 64 bits; 0 is
 * empty. Eight slots share a cache line: a look-up nearly always touches one. */
struct id_map {
    uint32_t n_entries;
    uint32_t slot_mask;
    unsigned hash_shift;
    uint64_t *slots;          /* from the first cache line after this struct */
    struct id_entry *entries; /* behind the slots */
};

enum { CACHE_LINE_BYTES = 64 };

static uint32_t slot_bits(uint32_t n_entries)
{
    uint32_t bits = 1;

    CHECK(n_entries <= INT32_MAX / 2);
    while ((UINT64_C(1) << bits) < 2 * (uint64_t)n_entries)
        bits++;
    return bits;
}

static uint32_t key_bits(struct id_key key)
{
    return (uint32_t)key.port << 16 | key.rid;
}

/* Multiplicative hashing. Of 300 random factors this one has the shortest chains on the usual keys,
 * runs of RIDs with strides 1 to 8 on many ports: 1.14 probes on average in a full table, 1.9 at
 * worst. (The golden ratio: 1.29 and 2.7; in 32 bits, where a port meets only half of the
 * factor, 6.) */
static uint32_t home_of(const struct id_map *map, uint32_t bits)
{
    return (uint32_t)((bits * UINT64_C(0xDE4431FA3C80DB07)) >> map->hash_shift);
}

static uint64_t make_slot(uint32_t bits, uint32_t index)
{
    return (uint64_t)bits << 32 | (index + 1);
}

/* The slot that holds key @bits, or the empty one that ends its chain. */
static uint32_t find_slot(const struct id_map *map, uint32_t bits)
{
    uint32_t at = home_of(map, bits);

    while (map->slots[at] != 0 && (uint32_t)(map->slots[at] >> 32) != bits)
        at = (at + 1) & map->slot_mask;
    return at;
}

static void remove_slot(struct id_map *map, uint32_t hole)
{
    CHECK(map->slots[hole] != 0);
    /* A member may move up into the hole unless its home lies (cyclically) behind it. */
    for (uint32_t at = (hole + 1) & map->slot_mask; map->slots[at] != 0;
         at = (at + 1) & map->slot_mask) {
        const uint32_t home = home_of(map, (uint32_t)(map->slots[at] >> 32));

        if (((at - home) & map->slot_mask) >= ((at - hole) & map->slot_mask)) {
            map->slots[hole] = map->slots[at];
            hole = at;
        }
    }
    map->slots[hole] = 0;
}

size_t id_map_bytes(uint32_t n_entries)
{
    return sizeof(struct id_map) + CACHE_LINE_BYTES + (sizeof(uint64_t) << slot_bits(n_entries)) +
           n_entries * sizeof(struct id_entry);
}

struct id_map *id_map_init(void *memory, uint32_t n_entries)
{
    struct id_map *map = memory;
    const uint32_t bits = slot_bits(n_entries);

    CHECK((uintptr_t)memory % alignof(struct id_map) == 0);
    memset(memory, 0, id_map_bytes(n_entries));
    map->n_entries = n_entries;
    map->slot_mask = (1U << bits) - 1;
    map->hash_shift = 64 - bits;

    char *after = (char *)(map + 1);
    const size_t to_line = -(uintptr_t)after % CACHE_LINE_BYTES;

    map->slots = (uint64_t *)(void *)(after + to_line);
    map->entries = (struct id_entry *)(void *)(map->slots + (UINT64_C(1) << bits));
    return map;
}

enum id_map_result id_map_write(struct id_map *map, uint32_t index, struct id_key key,
                                struct id_value value)
{
    if (index >= map->n_entries)
        return ID_MAP_RANGE;

    const uint32_t bits = key_bits(key);
    const uint64_t holder = map->slots[find_slot(map, bits)];

    if (holder != 0 && holder != make_slot(bits, index))
        return ID_MAP_DUPLICATE;
    if (holder == 0) {
        id_map_invalidate(map, index);
        /* The removal may have moved the end of the chain. */
        map->slots[find_slot(map, bits)] = make_slot(bits, index);
    }
    map->entries[index] = (struct id_entry){key, value, true};
    return ID_MAP_OK;
}

void id_map_invalidate(struct id_map *map, uint32_t index)
{
    CHECK(index < map->n_entries);
    struct id_entry *entry = &map->entries[index];

    if (!entry->valid)
        return;
    remove_slot(map, find_slot(map, key_bits(entry->key)));
    entry->valid = false;
}

int32_t id_map_find(const struct id_map *map, struct id_key key)
{
    /* An empty slot holds index + 1 = 0: a miss needs no test of its own. */
    return (int32_t)(uint32_t)map->slots[find_slot(map, key_bits(key))] - 1;
}

const struct id_value *id_map_value(const struct id_map *map, uint32_t index)
{
    CHECK(id_map_is_valid(map, index));
    return &map->entries[index].value;
}

struct id_key id_map_key(const struct id_map *map, uint32_t index)
{
    CHECK(id_map_is_valid(map, index));
    return map->entries[index].key;
}

void id_map_prefetch(const struct id_map *map, struct id_key key)
{
    __builtin_prefetch(&map->slots[home_of(map, key_bits(key))]);
}

uint32_t id_map_entries(const struct id_map *map)
{
    return map->n_entries;
}

bool id_map_is_valid(const struct id_map *map, uint32_t index)
{
    return index < map->n_entries && map->entries[index].valid;
}
