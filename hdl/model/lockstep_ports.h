/* lockstep_ports.h - the ports of one family as C: included by its model with PORT_LIST defined as
 * the name of the list. IN_x and OUT_x index in_ports and out_ports. No include guard: one use a
 * file. */
#include "lockstep.h"

/* Widths of table entries. */
enum {
#define POOL_TABLE(table, name, width) table##_W = width,
#define POOL_FIELD(table, field, lsb, width)
#include "pool/layout.def"
#undef POOL_TABLE
#undef POOL_FIELD
};

#define IN(name, width) IN_##name,
#define OUT(name, width)
enum in_port {
#include PORT_LIST
    IN_PORTS
};
#undef IN
#undef OUT
#define IN(name, width)
#define OUT(name, width) OUT_##name,
enum out_port {
#include PORT_LIST
    OUT_PORTS
};
#undef IN
#undef OUT
#define IN(name, width) {#name, (width), 0},
#define OUT(name, width)
static struct port in_ports[] = {
#include PORT_LIST
};
#undef IN
#undef OUT
#define IN(name, width)
#define OUT(name, width) {#name, (width), 0},
static struct port out_ports[] = {
#include PORT_LIST
};
#undef IN
#undef OUT

#define GET_IN(name)         port_get(in, &in_ports[IN_##name])
#define SET_IN(name, value)  port_set(in, &in_ports[IN_##name], (value))
#define GET_OUT(name)        port_get(out, &out_ports[OUT_##name])
#define SET_OUT(name, value) port_set(out, &out_ports[OUT_##name], (value))
#define CARE(name)           port_care(care, &out_ports[OUT_##name])
/* Sets an output and has it compared. */
#define EXPECT(name, value) (SET_OUT(name, value), CARE(name))

#define FAMILY(family_name, state)                                                                 \
    const struct family family_##family_name = {#family_name, sizeof(state), in_ports, out_ports,  \
                                                IN_PORTS,     OUT_PORTS,     init,     outputs,    \
                                                tick,         stimulate}
