/* id_map_pipe.h - the ID re-map table as the hardware has it: an id_map behind a pipeline of two
 * stages, cycle for cycle. Stage one compares all keys, stage two selects the value. Writes come at
 * any cycle, and between the stages lies the hole through which one host would get another's ID: an
 * entry matches for one key, is rewritten, and delivers the new value to the old key. So a write
 * that is accepted in cycle T is seen by compares from T + 1 on, and kills the match of its entry
 * in a look-up that compares in T or has compared and not delivered. A look-up that was killed
 * misses.
 *
 * Outputs are the state; id_map_pipe_tick is one rising edge. The event simulator, which knows when
 * nothing is written, asks id_map_find alone. No clock, no allocation. */
#ifndef POOLSIM_POOL_ID_MAP_PIPE_H
#define POOLSIM_POOL_ID_MAP_PIPE_H

#include "pool/id_map.h"

#include <stdbool.h>
#include <stdint.h>

struct id_map_pipe {
    struct id_map *map; /* borrowed; written only through the pipe */
    bool indexed;       /* a RAM: an entry's index is the low bits of its RID */
    bool valid1;        /* a look-up has compared */
    int32_t match1;     /* the entry that matched and has not been written since; -1: none */
    bool valid, hit;    /* the result that is delivered */
    struct id_value value;
};

struct id_map_pipe_in {
    bool enable; /* the stages move; a stall holds both */
    bool valid;  /* a look-up of @key enters */
    struct id_key key;
    bool write; /* of entry @index, at any time */
    uint32_t index;
    bool entry_valid; /* false frees the entry */
    struct id_key entry_key;
    struct id_value entry_value;
};

/* Both stages empty. @indexed: the map's number of entries is a power of two. */
void id_map_pipe_init(struct id_map_pipe *pipe, struct id_map *map, bool indexed);
/* True if the write that @in asks for is refused: another entry holds its key, or (indexed) its key
 * does not belong at its index. It then changes nothing and kills nothing. Combinational. */
bool id_map_pipe_refuses(const struct id_map_pipe *pipe, const struct id_map_pipe_in *in);
void id_map_pipe_tick(struct id_map_pipe *pipe, const struct id_map_pipe_in *in);

#endif
