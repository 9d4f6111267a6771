/* Lock-step model of id_down: src/pool/id_map.c behind the two stages of the RAM. */
#define PORT_LIST "id_down.def"
#include "lockstep_ports.h"

#include "base/check.h"
#include "model_tables.h"

enum { INDEX_OF_RID = 1 };
#define TABLE_FIELD(field) ID_DOWN_##field
#include "id_map_lockstep.h"

FAMILY(id_down, struct cam);
