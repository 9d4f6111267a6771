/* player.h - plays a record of the event-driven switch (src/cosim/record.h) into the Verilated
 * pool_switch and compares what leaves it. The bench is that of the lock step
 * (tb/lockstep.sv.in), whose one call per clock edge ends here instead of in model/lockstep.c:
 * lockstep_step gets the outputs of a cycle and returns the inputs of the next.
 *
 * The module decides on everything for itself. What a switch has beside it is the player's part:
 * table writes, commands to csr_mgr, which emulated functions are present and ready, answers of the
 * bridges and the switch's own TLPs, all from the record.
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

/* ---- the module ---- */

struct player_module { /* its parameters */
    uint32_t up, down;
    uint32_t id_up, id_down, addr, lent, windows; /* entries of tables */
    uint32_t functions;                           /* VFs of the pool */
    uint32_t emulated, dws;                       /* functions of a host, rows of each */
    uint32_t tags, slots, beats, answers;
    uint32_t datapath_bytes;
};

/* Hosts are its first ports, devices those from @n_up on. */
struct player_ports {
    uint32_t n_hosts, n_devices; /* of the record */
    uint32_t n_up;               /* of the module */
};

static inline uint32_t player_port(const struct player_ports *ports, uint32_t port)
{
    return port < ports->n_hosts ? port : port - ports->n_hosts + ports->n_up;
}

static inline uint32_t player_record_port(const struct player_ports *ports, uint32_t port)
{
    return port < ports->n_up ? port : port - ports->n_up + ports->n_hosts;
}

/* False, with the reason, when the module is too small for @record or does not do what it asks. */
bool player_fits(const struct record *record, const struct player_module *module,
                 struct player_ports *out_ports, struct err *err);
/* True if the module's receive buffers and queues of answers never stall it. */
bool player_has_room(const struct record *record, const struct player_module *module,
                     struct err *err);

/* ---- configuration ---- */

struct player_own { /* a TLP that whoever manages the switch sends */
    const struct record_event *make;
    uint64_t from_cycle;
};

struct player_config {
    const struct record *record;
    const struct player_module *module;
    struct player_ports ports;
    size_t *decisions;                 /* by serial number (cosim/lockstep_given.h) */
    const struct record_event ***made; /* by port: requests that configuration answers */
    size_t *next_made;                 /* by port */
    uint32_t *first_function;          /* by port and slot: the module's number + 1 */
    uint8_t *states;                   /* enum record_function, by port and the module's number */
    struct player_own *own;            /* by time */
    size_t n_own, own_capacity;
    size_t next_function, next_command, next_own; /* events */
    bool counts;                                  /* who has which VF is in the record */
};

void player_config_init(struct player_config *config, const struct record *record,
                        const struct player_module *module, const struct player_ports *ports);
/* The module's number of an emulated function. */
uint32_t player_function(const struct player_config *config, uint16_t port, uint16_t function);
enum record_function player_function_state(const struct player_config *config, uint16_t port,
                                           uint32_t number);
/* Takes in the events that count in @cycle. */
void player_config_run(struct player_config *config, uint64_t cycle);
/* The command for @cycle, or NULL; one a cycle. */
const struct record_event *player_config_command(struct player_config *config, uint64_t cycle);
/* The request that configuration answers and that port @port has let go in @cycle: its RECORD_IN;
 * NULL: there is none. */
const struct record_event *player_config_freed(struct player_config *config, uint16_t port,
                                               uint64_t cycle);
/* The module has handed @request on to the bridges, whose answer is in the record. */
void player_config_answer(struct player_config *config, const struct record_event *request);
/* The TLP of the switch's own that waits at @port in @cycle; NULL: none. It waits until _taken. */
const struct record_event *player_config_own(const struct player_config *config, uint16_t port,
                                             uint64_t cycle);
void player_config_own_taken(struct player_config *config, uint16_t port);

/* ---- table writes, as the module's write port takes them ---- */

struct player_write {
    uint8_t table; /* POOL_TABLE_* of rtl/tables.svh */
    uint16_t port, index;
    struct pool_entry entry;
};

struct player_tables {
    const struct record *record;
    const struct player_module *module;
    const struct player_config *config;
    struct player_ports ports;
    uint16_t *places;    /* by port, table and index of the record: the module's index + 1 */
    bool *taken_entries; /* by port, table and the module's index: some place is that */
    struct player_write *queue;
    size_t n_queue, taken, capacity;
    size_t next_route, next_row; /* events */
};

/* Queues the contents after reset: what the record has for cycle 0, and the ports' owners. */
void player_tables_init(struct player_tables *tables);
/* Queues what one event writes, but for those of the following. */
void player_tables_add(struct player_tables *tables, const struct record_event *event);
/* The next write, for @cycle; NULL: there is none. Windows and buses are written as much earlier as
 * the module reads them earlier than the record says. Rows of cfg_shadow come when nothing else
 * does: before their function is present, or when the emulator of the port is @idle (by port),
 * since a write holds it up. */
const struct player_write *player_tables_take(struct player_tables *tables, uint64_t cycle,
                                              const bool *idle);
/* No cycle from here to before that one has a write. */
uint64_t player_tables_next_cycle(struct player_tables *tables);

#endif
