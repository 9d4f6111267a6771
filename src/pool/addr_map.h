/* addr_map.h - downstream address map of one host port (paper Fig. 8): User BAR range to the
 * Owner's VF BAR range. Ranges are naturally aligned powers of two and do not overlap; a write that
 * would overlap another entry is refused. No clock, no allocation: the caller gives the memory. */
#ifndef POOLSIM_POOL_ADDR_MAP_H
#define POOLSIM_POOL_ADDR_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct addr_entry {
    uint64_t user_base;
    uint64_t owner_base;
    uint32_t function;  /* dense index of the VF in the pool */
    uint16_t port;      /* downstream port */
    uint8_t log2_bytes; /* 12..63 */
};

enum addr_map_result { ADDR_MAP_OK, ADDR_MAP_OVERLAP, ADDR_MAP_UNALIGNED, ADDR_MAP_RANGE };

struct addr_map;

/* @memory is aligned as by malloc; init clears it. */
size_t addr_map_bytes(uint32_t n_entries);
struct addr_map *addr_map_init(void *memory, uint32_t n_entries);
/* Writes entry @index (replacing it). When refused (UNALIGNED: a base is not a multiple of the
 * size; RANGE: @index or log2_bytes is out of range) the entry stays as it was. */
enum addr_map_result addr_map_write(struct addr_map *map, uint32_t index,
                                    const struct addr_entry *entry);
/* Frees entry @index; nothing happens if it is free. */
void addr_map_invalidate(struct addr_map *map, uint32_t index);
/* The entry that holds @address, or NULL on a miss. @out_address: the address in the Owner's
 * domain. The pointer is good until the entry is written or freed. */
const struct addr_entry *addr_map_find(const struct addr_map *map, uint64_t address,
                                       uint64_t *out_address);
/* The index of an entry that addr_map_find gave. */
uint32_t addr_map_index(const struct addr_map *map, const struct addr_entry *entry);
uint32_t addr_map_entries(const struct addr_map *map);
/* Entry @index, or NULL if it is free. */
const struct addr_entry *addr_map_entry(const struct addr_map *map, uint32_t index);

#endif
