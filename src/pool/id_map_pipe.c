#include "pool/id_map_pipe.h"

#include "base/check.h"

void id_map_pipe_init(struct id_map_pipe *pipe, struct id_map *map, bool indexed)
{
    const uint32_t n = id_map_entries(map);

    CHECK(!indexed || (n != 0 && (n & (n - 1)) == 0));
    *pipe = (struct id_map_pipe){.map = map, .indexed = indexed, .match1 = -1};
}

bool id_map_pipe_refuses(const struct id_map_pipe *pipe, const struct id_map_pipe_in *in)
{
    if (!in->write)
        return false;
    CHECK(in->index < id_map_entries(pipe->map));
    if (!in->entry_valid)
        return false;
    if (pipe->indexed)
        return (in->entry_key.rid & (id_map_entries(pipe->map) - 1)) != in->index;
    const int32_t holder = id_map_find(pipe->map, in->entry_key);

    return holder >= 0 && holder != (int32_t)in->index;
}

void id_map_pipe_tick(struct id_map_pipe *pipe, const struct id_map_pipe_in *in)
{
    const bool writes = in->write && !id_map_pipe_refuses(pipe, in);
    const int32_t killed = writes ? (int32_t)in->index : -1;

    if (pipe->match1 == killed)
        pipe->match1 = -1;
    if (in->enable) {
        pipe->valid = pipe->valid1;
        pipe->hit = pipe->valid1 && pipe->match1 >= 0;
        if (pipe->hit)
            pipe->value = *id_map_value(pipe->map, (uint32_t)pipe->match1);
        pipe->valid1 = in->valid;
        pipe->match1 = in->valid ? id_map_find(pipe->map, in->key) : -1;
        if (pipe->match1 == killed)
            pipe->match1 = -1;
    }
    /* The table last: what compares in this cycle sees it as it was. */
    if (writes && in->entry_valid)
        CHECK(id_map_write(pipe->map, in->index, in->entry_key, in->entry_value) == ID_MAP_OK);
    else if (writes)
        id_map_invalidate(pipe->map, in->index);
}
