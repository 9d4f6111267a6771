/* model_tables.h - the fields of table entries, by the one layout (src/pool/layout.def). */
#ifndef POOLSIM_HDL_MODEL_TABLES_H
#define POOLSIM_HDL_MODEL_TABLES_H

#include "lockstep.h"

struct table_field {
    uint32_t lsb, width;
};

enum table_field_name {
#define POOL_TABLE(table, name, width)
#define POOL_FIELD(table, field, lsb, width) table##_##field,
#include "pool/layout.def"
#undef POOL_FIELD
    TABLE_FIELDS
};

static const struct table_field table_fields[TABLE_FIELDS] = {
#define POOL_FIELD(table, field, lsb, width) {lsb, width},
#include "pool/layout.def"
#undef POOL_FIELD
#undef POOL_TABLE
};

/* Of an entry that a port carries. */
static inline uint64_t field_get(const struct vector *vector, const struct port *port,
                                 enum table_field_name name)
{
    return port_get_at(vector, port, table_fields[name].lsb, table_fields[name].width);
}
static inline void field_set(struct vector *vector, const struct port *port,
                             enum table_field_name name, uint64_t value)
{
    port_set_at(vector, port, table_fields[name].lsb, table_fields[name].width, value);
}

#endif
