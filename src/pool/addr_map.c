#include "pool/addr_map.h"

#include "base/check.h"
#include <stdalign.h>
#include <string.h>

enum { MIN_LOG2_BYTES = 12, MAX_LOG2_BYTES = 63 };

/* The hardware's entries, and an index of the valid ones in ascending order of user_base. As ranges
 * do not overlap, the last one that begins at or before an address is the only one that can hold
 * it. */
struct addr_map {
    uint32_t n_entries;
    uint32_t n_valid;
    struct addr_entry *entries;
    uint64_t *sorted_base;  /* n_valid, ascending; apart from the entries, so that a search touches
                               few cache lines */
    uint32_t *sorted_index; /* the entry of each */
    bool *valid;            /* by entry */
};

static uint64_t last_byte(uint64_t base, uint8_t log2_bytes)
{
    return base + ((UINT64_C(1) << log2_bytes) - 1);
}

/* How many valid ranges begin at or before @address. Without branches that depend on data:
 * addresses of different Users come in no order that a predictor could learn. */
static uint32_t count_up_to(const struct addr_map *map, uint64_t address)
{
    const uint64_t *base = map->sorted_base;
    uint32_t left = map->n_valid;

    while (left > 1) {
        const uint32_t half = left / 2;

        base = base[half] <= address ? base + half : base;
        left -= half;
    }
    return (uint32_t)(base - map->sorted_base) + (left == 1 && *base <= address);
}

size_t addr_map_bytes(uint32_t n_entries)
{
    return sizeof(struct addr_map) +
           (size_t)n_entries *
               (sizeof(struct addr_entry) + sizeof(uint64_t) + sizeof(uint32_t) + sizeof(bool));
}

struct addr_map *addr_map_init(void *memory, uint32_t n_entries)
{
    struct addr_map *map = memory;

    CHECK((uintptr_t)memory % alignof(struct addr_map) == 0);
    memset(memory, 0, addr_map_bytes(n_entries));
    map->n_entries = n_entries;
    /* Descending alignment: no padding between the arrays. */
    map->entries = (struct addr_entry *)(void *)(map + 1);
    map->sorted_base = (uint64_t *)(void *)(map->entries + n_entries);
    map->sorted_index = (uint32_t *)(void *)(map->sorted_base + n_entries);
    map->valid = (bool *)(map->sorted_index + n_entries);
    return map;
}

/* True if @entry would share an address with a valid range other than that of entry @index. */
static bool overlaps(const struct addr_map *map, uint32_t index, const struct addr_entry *entry)
{
    const uint64_t last = last_byte(entry->user_base, entry->log2_bytes);

    /* From the highest range that begins inside or below the new one, down to the first that ends
     * below it. At most one step goes past @index itself. */
    for (uint32_t at = count_up_to(map, last); at > 0; at--) {
        const uint32_t other = map->sorted_index[at - 1];

        if (other == index)
            continue;
        return last_byte(map->entries[other].user_base, map->entries[other].log2_bytes) >=
               entry->user_base;
    }
    return false;
}

enum addr_map_result addr_map_write(struct addr_map *map, uint32_t index,
                                    const struct addr_entry *entry)
{
    if (index >= map->n_entries || entry->log2_bytes < MIN_LOG2_BYTES ||
        entry->log2_bytes > MAX_LOG2_BYTES)
        return ADDR_MAP_RANGE;

    const uint64_t offset_mask = (UINT64_C(1) << entry->log2_bytes) - 1;

    if (((entry->user_base | entry->owner_base) & offset_mask) != 0)
        return ADDR_MAP_UNALIGNED;
    if (overlaps(map, index, entry))
        return ADDR_MAP_OVERLAP;

    addr_map_invalidate(map, index);
    const uint32_t at = count_up_to(map, entry->user_base);
    const uint32_t after = map->n_valid - at;

    memmove(map->sorted_base + at + 1, map->sorted_base + at, after * sizeof *map->sorted_base);
    memmove(map->sorted_index + at + 1, map->sorted_index + at, after * sizeof *map->sorted_index);
    map->sorted_base[at] = entry->user_base;
    map->sorted_index[at] = index;
    map->n_valid++;
    map->entries[index] = *entry;
    map->valid[index] = true;
    return ADDR_MAP_OK;
}

void addr_map_invalidate(struct addr_map *map, uint32_t index)
{
    CHECK(index < map->n_entries);
    if (!map->valid[index])
        return;

    const uint32_t at = count_up_to(map, map->entries[index].user_base) - 1;
    const uint32_t after = map->n_valid - at - 1;

    CHECK(map->sorted_index[at] == index);
    memmove(map->sorted_base + at, map->sorted_base + at + 1, after * sizeof *map->sorted_base);
    memmove(map->sorted_index + at, map->sorted_index + at + 1, after * sizeof *map->sorted_index);
    map->n_valid--;
    map->valid[index] = false;
}

const struct addr_entry *addr_map_find(const struct addr_map *map, uint64_t address,
                                       uint64_t *out_address)
{
    const uint32_t at = count_up_to(map, address);

    if (at == 0)
        return NULL;

    const struct addr_entry *entry = &map->entries[map->sorted_index[at - 1]];
    const uint64_t offset = address - entry->user_base;

    if (offset >> entry->log2_bytes != 0)
        return NULL;
    *out_address = entry->owner_base + offset;
    return entry;
}

uint32_t addr_map_index(const struct addr_map *map, const struct addr_entry *entry)
{
    return (uint32_t)(entry - map->entries);
}

uint32_t addr_map_entries(const struct addr_map *map)
{
    return map->n_entries;
}

const struct addr_entry *addr_map_entry(const struct addr_map *map, uint32_t index)
{
    CHECK(index < map->n_entries);
    return map->valid[index] ? &map->entries[index] : NULL;
}
