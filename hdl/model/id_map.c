/* Lock-step model of id_map: src/pool/id_map.c behind the two stages of the CAM. */
#define PORT_LIST "id_map.def"
#include "lockstep_ports.h"

#include "base/check.h"
#include "model_tables.h"

enum { INDEX_OF_RID = 0 };
#define TABLE_FIELD(field) ID_UP_##field
#include "id_map_lockstep.h"

FAMILY(id_map, struct cam);
