/* player.h - plays a record of the event-driven switch (src/cosim/record.h) into the Verilated
 * pool_switch and compares what leaves it. The bench is that of the lock step
 * (tb/lockstep.sv.in), whose one call per clock edge ends here instead of in model/lockstep.c:
 * lockstep_step gets the outputs of a cycle and returns the inputs of the next.
 *
 * The record is named by the environment's COSIM_RECORD. Exit status: 0 no difference, 1 a
 * difference (told on standard error with the bench's cycle, for waves), 3 the record cannot be
 * played: it is none, or needs a larger switch (make hdl-cosim says how), or has several
 * table writes in a cycle, of which the pins take one, and that matters. */
#ifndef POOLSIM_HDL_PLAYER_H
#define POOLSIM_HDL_PLAYER_H

#include "cosim/compare.h"

/* Ends the program: this record cannot be played. */
_Noreturn void player_refuse(const struct err *err);

/* ---- ports ---- */

/* Of the module: hosts are its first ports, devices those from N_UP on. */
struct player_ports {
    uint32_t n_hosts, n_devices; /* of the record */
    uint32_t n_up;               /* of the module */
};

static inline uint32_t player_port(const struct player_ports *ports, uint32_t port)
{
    return port < ports->n_hosts ? port : port - ports->n_hosts + ports->n_up;
}

/* ---- buffers ---- */

/* True if the module's receive buffers and queues of answers never stall it. */
bool player_has_room(const struct record *record, uint32_t slots, uint32_t answers,
                     struct err *err);

/* ---- table writes, as the module's write port takes them ---- */

struct player_write {
    uint8_t table; /* POOL_TABLE_* of rtl/tables.svh */
    uint16_t port, index;
    struct pool_entry entry;
};

struct player_tables {
    const struct record *record;
    struct player_ports ports;
    uint32_t id_up, id_down, addr, lent, windows; /* entries of the module's tables */
    uint16_t *places; /* by port, table and index of the record: the module's index + 1 */
    uint32_t *used;   /* by port and table: places given away */
    struct player_write *queue;
    size_t n_queue, next, capacity;
};

/* Queues the contents after reset: what the record has for cycle 0, and the ports' owners. */
void player_tables_init(struct player_tables *tables);
/* Queues what one event writes. */
void player_tables_add(struct player_tables *tables, const struct record_event *event);
/* The next write; NULL: there is none. */
const struct player_write *player_tables_take(struct player_tables *tables);

#endif
