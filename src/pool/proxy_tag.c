#include "pool/proxy_tag.h"

#include "base/check.h"

#include <stdalign.h>
#include <string.h>

enum tag_state { TAG_FREE, TAG_WAITING, TAG_RETIRED };

struct proxy_slot {
    struct proxy_entry entry;
    uint8_t state; /* enum tag_state */
};

struct proxy_tags {
    uint32_t n_tags;
    uint32_t n_waiting;
    uint32_t first_free; /* no lower tag is free */
    struct proxy_slot slots[];
};

size_t proxy_tag_bytes(uint32_t n_tags)
{
    return sizeof(struct proxy_tags) + n_tags * sizeof(struct proxy_slot);
}

struct proxy_tags *proxy_tag_init(void *memory, uint32_t n_tags)
{
    struct proxy_tags *tags = memory;

    CHECK((uintptr_t)memory % alignof(struct proxy_tags) == 0);
    CHECK(n_tags >= 1 && n_tags <= PROXY_TAGS_MOST);
    memset(memory, 0, proxy_tag_bytes(n_tags));
    tags->n_tags = n_tags;
    return tags;
}

int32_t proxy_tag_take(struct proxy_tags *tags, const struct proxy_entry *entry)
{
    uint32_t tag = tags->first_free;

    while (tag < tags->n_tags && tags->slots[tag].state != TAG_FREE)
        tag++;
    tags->first_free = tag;
    if (tag == tags->n_tags)
        return -1;
    tags->slots[tag] = (struct proxy_slot){*entry, TAG_WAITING};
    tags->n_waiting++;
    return (int32_t)tag;
}

static void make_free(struct proxy_tags *tags, uint32_t tag)
{
    tags->n_waiting -= tags->slots[tag].state == TAG_WAITING;
    tags->slots[tag].state = TAG_FREE;
    if (tag < tags->first_free)
        tags->first_free = tag;
}

enum proxy_match proxy_tag_match(struct proxy_tags *tags, uint16_t tag, uint16_t function,
                                 uint8_t epoch, struct proxy_entry *out_entry)
{
    if (tag >= tags->n_tags || tags->slots[tag].state == TAG_FREE)
        return PROXY_UNKNOWN;
    const struct proxy_slot slot = tags->slots[tag];

    if (slot.entry.function != function)
        return PROXY_WRONG;
    make_free(tags, tag);
    if (slot.state == TAG_RETIRED || slot.entry.epoch != epoch)
        return PROXY_STALE;
    *out_entry = slot.entry;
    return PROXY_MATCHED;
}

bool proxy_tag_retire(struct proxy_tags *tags, uint16_t tag)
{
    if (tag >= tags->n_tags || tags->slots[tag].state != TAG_WAITING)
        return false;
    tags->slots[tag].state = TAG_RETIRED;
    tags->n_waiting--;
    return true;
}

uint32_t proxy_tag_retire_function(struct proxy_tags *tags, uint16_t function)
{
    uint32_t n = 0;

    for (uint32_t tag = 0; tag < tags->n_tags; tag++)
        if (tags->slots[tag].entry.function == function)
            n += proxy_tag_retire(tags, (uint16_t)tag);
    return n;
}

void proxy_tag_forget_function(struct proxy_tags *tags, uint16_t function)
{
    for (uint32_t tag = 0; tag < tags->n_tags; tag++)
        if (tags->slots[tag].state == TAG_RETIRED && tags->slots[tag].entry.function == function)
            make_free(tags, tag);
}

uint32_t proxy_tag_capacity(const struct proxy_tags *tags)
{
    return tags->n_tags;
}

uint32_t proxy_tag_waiting(const struct proxy_tags *tags)
{
    return tags->n_waiting;
}

uint32_t proxy_tag_waiting_for(const struct proxy_tags *tags, uint16_t function)
{
    uint32_t n = 0;

    for (uint32_t tag = 0; tag < tags->n_tags; tag++)
        n += tags->slots[tag].state == TAG_WAITING && tags->slots[tag].entry.function == function;
    return n;
}

const struct proxy_entry *proxy_tag_entry(const struct proxy_tags *tags, uint16_t tag)
{
    return tag < tags->n_tags && tags->slots[tag].state == TAG_WAITING ? &tags->slots[tag].entry
                                                                       : NULL;
}

void proxy_tag_pack(uint16_t tag, const struct proxy_entry *entry, struct pool_entry *out)
{
    *out = (struct pool_entry){0};
    POOL_SET(out, PROXY_TAG, KEY_TAG, tag);
    POOL_SET(out, PROXY_TAG, PORT, entry->host_port);
    POOL_SET(out, PROXY_TAG, RID, entry->rid);
    POOL_SET(out, PROXY_TAG, TAG, entry->tag);
    POOL_SET(out, PROXY_TAG, USER_RID, entry->user_rid);
    POOL_SET(out, PROXY_TAG, FUNCTION, entry->function);
    POOL_SET(out, PROXY_TAG, EPOCH, entry->epoch);
    POOL_SET(out, PROXY_TAG, USER_FUNCTION, entry->user_function);
    POOL_SET(out, PROXY_TAG, DW, entry->dw);
    POOL_SET(out, PROXY_TAG, MERGE, entry->merge);
    POOL_SET(out, PROXY_TAG, VALID, 1);
}

bool proxy_tag_unpack(const struct pool_entry *entry, uint16_t *out_tag, struct proxy_entry *out)
{
    if (!POOL_GET(entry, PROXY_TAG, VALID))
        return false;
    *out_tag = (uint16_t)POOL_GET(entry, PROXY_TAG, KEY_TAG);
    *out = (struct proxy_entry){
        .host_port = (uint16_t)POOL_GET(entry, PROXY_TAG, PORT),
        .rid = (uint16_t)POOL_GET(entry, PROXY_TAG, RID),
        .tag = (uint16_t)POOL_GET(entry, PROXY_TAG, TAG),
        .user_rid = (uint16_t)POOL_GET(entry, PROXY_TAG, USER_RID),
        .function = (uint16_t)POOL_GET(entry, PROXY_TAG, FUNCTION),
        .user_function = (uint16_t)POOL_GET(entry, PROXY_TAG, USER_FUNCTION),
        .dw = (uint16_t)POOL_GET(entry, PROXY_TAG, DW),
        .epoch = (uint8_t)POOL_GET(entry, PROXY_TAG, EPOCH),
        .merge = POOL_GET(entry, PROXY_TAG, MERGE) != 0,
    };
    return true;
}
