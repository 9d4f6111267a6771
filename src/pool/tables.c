#include "pool/tables.h"

#include "base/check.h"

#include <string.h>

/* A number for each line of layout.def: a table's field array begins after as many fields as lines,
 * less the tables' own, and VALID is its last. */
enum {
#define POOL_TABLE(TABLE, name, width)       LINE_##TABLE,
#define POOL_FIELD(TABLE, FIELD, lsb, width) LINE_##TABLE##_##FIELD,
#include "pool/layout.def"
#undef POOL_TABLE
#undef POOL_FIELD
};

static const struct pool_field fields[] = {
#define POOL_TABLE(TABLE, name, width)
#define POOL_FIELD(TABLE, FIELD, lsb, width) {#FIELD, POOL_##TABLE, lsb, width},
#include "pool/layout.def"
#undef POOL_TABLE
#undef POOL_FIELD
};

const struct pool_table pool_tables[POOL_TABLES] = {
#define POOL_TABLE(TABLE, name, width)                                                             \
    {#name, width, LINE_##TABLE##_VALID - LINE_##TABLE, &fields[LINE_##TABLE - POOL_##TABLE]},
#define POOL_FIELD(TABLE, FIELD, lsb, width)
#include "pool/layout.def"
#undef POOL_TABLE
#undef POOL_FIELD
};

#define POOL_TABLE(TABLE, name, width)                                                             \
    _Static_assert((width) <= POOL_ENTRY_BITS, #name " fits struct pool_entry");
#define POOL_FIELD(TABLE, FIELD, lsb, width)                                                       \
    _Static_assert((width) >= 1 && (width) <= 64, #TABLE "." #FIELD " fits 64 bits");
#include "pool/layout.def"
#undef POOL_TABLE
#undef POOL_FIELD

enum pool_table_id pool_table_named(const char *name)
{
    enum pool_table_id id = 0;

    while (id < POOL_TABLES && strcmp(pool_tables[id].name, name) != 0)
        id++;
    return id;
}

static uint64_t ones(unsigned width)
{
    return UINT64_MAX >> (64 - width);
}

uint64_t pool_entry_get(const struct pool_entry *entry, unsigned lsb, unsigned width)
{
    const unsigned word = lsb / 64, shift = lsb % 64;

    CHECK(width >= 1 && width <= 64 && lsb + width <= POOL_ENTRY_BITS);
    uint64_t value = entry->word[word] >> shift;
    if (shift + width > 64)
        value |= entry->word[word + 1] << (64 - shift);
    return value & ones(width);
}

void pool_entry_set(struct pool_entry *entry, unsigned lsb, unsigned width, uint64_t value)
{
    const unsigned word = lsb / 64, shift = lsb % 64;

    CHECK(width >= 1 && width <= 64 && lsb + width <= POOL_ENTRY_BITS);
    CHECK((value & ~ones(width)) == 0);
    entry->word[word] = (entry->word[word] & ~(ones(width) << shift)) | value << shift;
    if (shift + width > 64) {
        const unsigned done = 64 - shift;

        entry->word[word + 1] = (entry->word[word + 1] & ~(ones(width) >> done)) | value >> done;
    }
}

void pool_pack_id_up(struct id_key key, struct id_value value, unsigned state,
                     struct pool_entry *out)
{
    *out = (struct pool_entry){0};
    POOL_SET(out, ID_UP, KEY_PORT, key.port);
    POOL_SET(out, ID_UP, KEY_RID, key.rid);
    POOL_SET(out, ID_UP, PORT, value.port);
    POOL_SET(out, ID_UP, RID, value.rid);
    POOL_SET(out, ID_UP, FUNCTION, value.function);
    POOL_SET(out, ID_UP, STATE, state);
    POOL_SET(out, ID_UP, VALID, 1);
}

bool pool_unpack_id_up(const struct pool_entry *entry, struct id_key *out_key,
                       struct id_value *out_value, unsigned *out_state)
{
    if (!POOL_GET(entry, ID_UP, VALID))
        return false;
    out_key->port = (uint16_t)POOL_GET(entry, ID_UP, KEY_PORT);
    out_key->rid = (uint16_t)POOL_GET(entry, ID_UP, KEY_RID);
    out_value->port = (uint16_t)POOL_GET(entry, ID_UP, PORT);
    out_value->rid = (uint16_t)POOL_GET(entry, ID_UP, RID);
    out_value->function = (uint32_t)POOL_GET(entry, ID_UP, FUNCTION);
    *out_state = (unsigned)POOL_GET(entry, ID_UP, STATE);
    return true;
}

void pool_pack_id_down(struct id_key key, struct id_value value, struct pool_entry *out)
{
    *out = (struct pool_entry){0};
    POOL_SET(out, ID_DOWN, KEY_PORT, key.port);
    POOL_SET(out, ID_DOWN, KEY_RID, key.rid);
    POOL_SET(out, ID_DOWN, PORT, value.port);
    POOL_SET(out, ID_DOWN, RID, value.rid);
    POOL_SET(out, ID_DOWN, FUNCTION, value.function);
    POOL_SET(out, ID_DOWN, VALID, 1);
}

bool pool_unpack_id_down(const struct pool_entry *entry, struct id_key *out_key,
                         struct id_value *out_value)
{
    if (!POOL_GET(entry, ID_DOWN, VALID))
        return false;
    out_key->port = (uint16_t)POOL_GET(entry, ID_DOWN, KEY_PORT);
    out_key->rid = (uint16_t)POOL_GET(entry, ID_DOWN, KEY_RID);
    out_value->port = (uint16_t)POOL_GET(entry, ID_DOWN, PORT);
    out_value->rid = (uint16_t)POOL_GET(entry, ID_DOWN, RID);
    out_value->function = (uint32_t)POOL_GET(entry, ID_DOWN, FUNCTION);
    return true;
}

void pool_pack_addr(uint16_t host_port, const struct addr_entry *addr, struct pool_entry *out)
{
    *out = (struct pool_entry){0};
    POOL_SET(out, ADDR_MAP, KEY_PORT, host_port);
    POOL_SET(out, ADDR_MAP, KEY_BASE, addr->user_base);
    POOL_SET(out, ADDR_MAP, KEY_LOG2_BYTES, addr->log2_bytes);
    POOL_SET(out, ADDR_MAP, BASE, addr->owner_base);
    POOL_SET(out, ADDR_MAP, PORT, addr->port);
    POOL_SET(out, ADDR_MAP, FUNCTION, addr->function);
    POOL_SET(out, ADDR_MAP, VALID, 1);
}

bool pool_unpack_addr(const struct pool_entry *entry, uint16_t *out_host_port,
                      struct addr_entry *out)
{
    if (!POOL_GET(entry, ADDR_MAP, VALID))
        return false;
    *out_host_port = (uint16_t)POOL_GET(entry, ADDR_MAP, KEY_PORT);
    *out = (struct addr_entry){
        .user_base = POOL_GET(entry, ADDR_MAP, KEY_BASE),
        .owner_base = POOL_GET(entry, ADDR_MAP, BASE),
        .function = (uint32_t)POOL_GET(entry, ADDR_MAP, FUNCTION),
        .port = (uint16_t)POOL_GET(entry, ADDR_MAP, PORT),
        .log2_bytes = (uint8_t)POOL_GET(entry, ADDR_MAP, KEY_LOG2_BYTES),
    };
    return true;
}
