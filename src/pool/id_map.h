/* id_map.h - the ID re-map table of the pooling switch (paper section 3.2 and Fig. 6; system.md
 * "id_up", "id_down"). A content-addressable memory: key {port, RID} to value {port, RID, tag}.
 * Hardware compares all entries at once; the model finds the same entry through a hash index over
 * them. Keys are unique, as the OR-mux of the hardware needs. No clock, no allocation: the caller
 * gives the memory. Entry indices are the hardware's. */
#ifndef POOLSIM_POOL_ID_MAP_H
#define POOLSIM_POOL_ID_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct id_key {
    uint16_t port; /* id_up: downstream port; id_down: host (upstream) port */
    uint16_t rid;  /* bus 15:8, device 7:3, function 2:0 */
};
struct id_value {
    uint16_t port;     /* id_up: host port; id_down: downstream port */
    uint16_t rid;      /* the RID in the other domain */
    uint32_t function; /* dense index of the VF in the pool */
};

enum id_map_result { ID_MAP_OK, ID_MAP_DUPLICATE, ID_MAP_RANGE };

struct id_map; /* lies in the caller's memory */

/* @memory is aligned as by malloc; init clears it. An index is below @n_entries. */
size_t id_map_bytes(uint32_t n_entries);
struct id_map *id_map_init(void *memory, uint32_t n_entries);
/* Writes entry @index (replacing it). Refuses a key that another entry holds, and leaves the entry
 * as it was. */
enum id_map_result id_map_write(struct id_map *map, uint32_t index, struct id_key key,
                                struct id_value value);
/* Frees entry @index; nothing happens if it is free. */
void id_map_invalidate(struct id_map *map, uint32_t index);
/* The entry's index, or -1 on a miss. */
int32_t id_map_find(const struct id_map *map, struct id_key key);
/* The value of entry @index, which is valid. */
const struct id_value *id_map_value(const struct id_map *map, uint32_t index);
/* The key of entry @index, which is valid. */
struct id_key id_map_key(const struct id_map *map, uint32_t index);
/* Starts fetching what id_map_find for this key will touch. */
void id_map_prefetch(const struct id_map *map, struct id_key key);
uint32_t id_map_entries(const struct id_map *map);
bool id_map_is_valid(const struct id_map *map, uint32_t index);

#endif
