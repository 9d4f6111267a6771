/* tables.h - the entries of the switch's tables as the bits that the hardware keeps (layout.def
 * says which). An entry is packed field by field by whoever owns the structure: id_map and addr_map
 * here, the others in their own files. No clock, no allocation. */
#ifndef POOLSIM_POOL_TABLES_H
#define POOLSIM_POOL_TABLES_H

#include "pool/addr_map.h"
#include "pool/id_map.h"

#include <stdbool.h>
#include <stdint.h>

/* POOL_ID_UP_W, POOL_ID_UP_KEY_PORT_LSB, POOL_ID_UP_KEY_PORT_W and so on. */
enum {
#define POOL_TABLE(TABLE, name, width) POOL_##TABLE##_W = (width),
#define POOL_FIELD(TABLE, FIELD, lsb, width)                                                       \
    POOL_##TABLE##_##FIELD##_LSB = (lsb), POOL_##TABLE##_##FIELD##_W = (width),
#include "pool/layout.def"
#undef POOL_TABLE
#undef POOL_FIELD
};

enum pool_table_id {
#define POOL_TABLE(TABLE, name, width) POOL_##TABLE,
#define POOL_FIELD(TABLE, FIELD, lsb, width)
#include "pool/layout.def"
#undef POOL_TABLE
#undef POOL_FIELD
    POOL_TABLES
};

struct pool_field {
    const char *name; /* as in layout.def */
    enum pool_table_id table;
    uint16_t lsb;
    uint16_t width; /* 1..64 */
};

struct pool_table {
    const char *name;
    uint16_t width;    /* bits of an entry */
    uint16_t n_fields; /* from the most significant down; the last is VALID */
    const struct pool_field *fields;
};

extern const struct pool_table pool_tables[POOL_TABLES];
/* The table of that name, or POOL_TABLES. */
enum pool_table_id pool_table_named(const char *name);

enum { POOL_ENTRY_WORDS = 5, POOL_ENTRY_BITS = 64 * POOL_ENTRY_WORDS };

/* Bit i of an entry is bit i % 64 of word i / 64. Zeroed is an invalid entry. */
struct pool_entry {
    uint64_t word[POOL_ENTRY_WORDS];
};

/* @width 1..64. A value that does not fit its field is a broken invariant. */
uint64_t pool_entry_get(const struct pool_entry *entry, unsigned lsb, unsigned width);
void pool_entry_set(struct pool_entry *entry, unsigned lsb, unsigned width, uint64_t value);
#define POOL_GET(entry, TABLE, FIELD)                                                              \
    pool_entry_get(entry, POOL_##TABLE##_##FIELD##_LSB, POOL_##TABLE##_##FIELD##_W)
#define POOL_SET(entry, TABLE, FIELD, value)                                                       \
    pool_entry_set(entry, POOL_##TABLE##_##FIELD##_LSB, POOL_##TABLE##_##FIELD##_W, value)

/* ---- id_up, id_down, addr_map. An invalid entry is all zeros; unpacking one gives false and
 * leaves the outputs untouched. ---- */

void pool_pack_id_up(struct id_key key, struct id_value value, unsigned state,
                     struct pool_entry *out);
bool pool_unpack_id_up(const struct pool_entry *entry, struct id_key *out_key,
                       struct id_value *out_value, unsigned *out_state);
void pool_pack_id_down(struct id_key key, struct id_value value, struct pool_entry *out);
bool pool_unpack_id_down(const struct pool_entry *entry, struct id_key *out_key,
                         struct id_value *out_value);
void pool_pack_addr(uint16_t host_port, const struct addr_entry *addr, struct pool_entry *out);
bool pool_unpack_addr(const struct pool_entry *entry, uint16_t *out_host_port,
                      struct addr_entry *out);

#endif
