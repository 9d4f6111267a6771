/* schema_rows.h - what the files that hold rows of the schema share: how a row names its field, and
 * sections that several others contain. */
#ifndef POOLSIM_CONFIG_SCHEMA_ROWS_H
#define POOLSIM_CONFIG_SCHEMA_ROWS_H

#include "config/schema.h"

#define FIELD(type, field)                                                                         \
    .offset = (uint16_t)offsetof(type, field), .size = (uint8_t)sizeof(((type *)0)->field)
#define WHERE(type, field) .offset = (uint16_t)offsetof(type, field)
#define AUX(type, field)   .aux = (uint16_t)offsetof(type, field)
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }
#define NS     UINT64_C(1000)
#define US     (NS * 1000)
#define MS     (US * 1000)
#define SECOND (MS * 1000)
#define HOUR   (SECOND * 3600)

extern const struct schema_section schema_link, schema_uplink; /* links */
extern const struct schema_section schema_end_credits, schema_switch_credits;
extern const struct schema_section schema_boot, schema_manager, schema_hotplug; /* software */
extern const struct schema_name schema_arbiter_names[];

#endif
