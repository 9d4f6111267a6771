/* record.h - what went through a switch, cycle by cycle, as a text that hardware can be held to:
 * what came in, under which stalls and table writes, and what left when. The switch itself is not
 * in it: whoever plays the record gives the switch under test the same inputs and compares its
 * outputs (compare.h). `poolsim run --record-tlps FILE` writes one.
 *
 * A line is words with one blank between them. Numbers are decimal; base and limit, headers, data
 * and entries are hexadecimal. Cycles are those of the switch's clock. The head comes first:
 *
 *   poolsim-record 1
 *   switch NAME ports N clock HZ datapath BYTES mps BYTES vcs N
 *   pipeline INGRESS REMAP EDIT CROSSBAR (cycles)
 *   ways ARBITER voq|fifo pipelined|serial miss|fetch
 *   port PORT host                         the rest of a port's lines may be missing
 *   port PORT device OWNER_PORT            whose traffic it is when id_up misses
 *   credits PORT CLASS HEADER DATA         of the egress's link at the start; 0: infinite
 *   table NAME PORT ENTRIES                NAME: id_up, id_down, addr_map, lent, window, bus, port
 *                                          or cfg_shadow
 *   events
 *
 * and then, in any order of their cycles, what happened:
 *
 *   in CYCLE PORT SERIAL HEADER [DATA]     a TLP's first beat enters; its others follow without gap
 *   out CYCLE PORT SERIAL HEADER [DATA]    its first beat leaves the crossbar at egress PORT
 *   answer CYCLE PORT SERIAL               refused: its completion waits from CYCLE on
 *   drop CYCLE PORT SERIAL                 refused: it is gone from CYCLE on
 *   bar CYCLE PORT SERIAL                  it is to be refused whatever the tables say: its way is
 *                                          closed, or its VF is not to be used
 *   take CYCLE PORT SERIAL                 it ends in the switch: messages and the like
 *   steer CYCLE PORT SERIAL EGRESS HEADER  configuration passes it on, to EGRESS with this header
 *   make CYCLE PORT SERIAL EGRESS HEADER   configuration's answer to it, or with a new SERIAL a TLP
 *                                          of the switch's own, waits from CYCLE on
 *   credit CYCLE PORT CLASS HEADER DATA    an UpdateFC with so many units counts from CYCLE on
 *   hold CYCLE PORT UNTIL                  the buffer behind the egress has no room: no TLP is
 *                                          granted from CYCLE on and before UNTIL
 *   write CYCLE NAME PORT INDEX ENTRY      a table's entry; see below
 *   function CYCLE PORT FUNCTION STATE     an emulated function of a host is absent, resetting (it
 *                                          answers CRS) or ready, for look-ups that end later
 *   command CYCLE PORT VF NAME SLOT FN     who has the VF (pool/assignment.h): it is loaded there
 *                                          as function FN of a slot, or taken away in steps
 *   close CYCLE PORT                       a way of PORT is closed or opened by a fault
 *   end CYCLE                              what left up to CYCLE is all here
 *
 * Look-ups that begin behind a write's cycle see the entry of id_up, id_down, addr_map and lent,
 * and those that have matched it before miss; of the other tables look-ups that end behind it see
 * it. A window's and a bus's entry are of the host's own routes; port has the Owner and the
 * switch's own ID at a device; cfg_shadow, whose index is the dword, has what whoever manages the
 * switch writes there, not what hosts do by their requests. FUNCTION of cfg_shadow and of a bus: a
 * slot's functions are numbered from a multiple of 256 on. Writes and the like of cycle 0 are what
 * there is after reset; no TLP comes in before cycle 1. SERIAL numbers TLPs from 1 in the order of
 * their first lines. CLASS: posted, nonposted or completion. HEADER: 32 digits, the bytes of the
 * wire in their order (Base Spec 2.2), four zero bytes behind a header of three dwords. Payload is
 * not simulated but for DATA, the dword of a configuration or I/O access as the bytes of the wire;
 * a player gives a TLP any other payload by record_payload_dw. ENTRY: as a line of a .memh file
 * (pool/memh.h, pool/layout.def); lent has addr_map's entries. */
#ifndef POOLSIM_COSIM_RECORD_H
#define POOLSIM_COSIM_RECORD_H

#include "base/err.h"
#include "pcie/order.h"
#include "pcie/tlp_header.h"
#include "pool/assignment.h"
#include "pool/tables.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
    RECORD_VERSION = 1,
    RECORD_NAME_BYTES = 64,
    RECORD_MOST_PORTS = 4096,    /* as a table's entries number them */
    RECORD_MOST_ENTRIES = 65536, /* of a table */
    RECORD_HEADER_WORDS = 4,
};

/* Numbered as the write port of the Verilog does (POOL_TABLE_* of tables.svh). */
enum record_table {
    RECORD_ID_UP,
    RECORD_ID_DOWN,
    RECORD_ADDR_MAP,
    RECORD_LENT,
    RECORD_WINDOW,
    RECORD_BUS,
    RECORD_PORT,
    RECORD_CFG_SHADOW,
    RECORD_TABLES
};

enum record_function { RECORD_ABSENT, RECORD_RESETTING, RECORD_READY, RECORD_FUNCTION_STATES };

enum record_arbiter {
    RECORD_ROUND_ROBIN,
    RECORD_WEIGHTED,
    RECORD_AGE,
    RECORD_PRIORITY,
    RECORD_ARBITERS
};

enum record_kind {
    RECORD_IN,
    RECORD_OUT,
    RECORD_ANSWER,
    RECORD_DROP,
    RECORD_TAKE,
    RECORD_BAR,
    RECORD_STEER,
    RECORD_MAKE,
    RECORD_CREDIT,
    RECORD_HOLD,
    RECORD_WRITE,
    RECORD_FUNCTION,
    RECORD_COMMAND,
    RECORD_CLOSE,
    RECORD_KINDS
};

struct record_event {
    uint64_t cycle;
    uint32_t line; /* of the file, from 1 */
    uint16_t port;
    uint8_t kind; /* enum record_kind */
    union {
        struct {
            uint32_t serial;
            uint16_t egress; /* STEER, MAKE */
            bool has_header, has_data;
            uint32_t header[RECORD_HEADER_WORDS]; /* DW0 first; its first byte is bits 31:24 */
            uint32_t data;                        /* likewise */
        } tlp;                                    /* IN to MAKE */
        struct {
            enum tlp_class class;
            uint32_t header, data; /* units */
        } credit;
        struct {
            uint64_t until_cycle;
        } hold;
        struct {
            enum record_table table;
            uint32_t index;
            struct pool_entry entry;
        } write;
        struct {
            uint16_t function;
            enum record_function state;
        } function;
        struct {
            enum assignment_command command;
            uint16_t vf, slot, function; /* the port is the place's */
        } command;
    };
};

struct record_port {
    bool is_device, is_named;
    uint16_t owner_port;                                     /* of a device port */
    uint32_t header_credits[CLASSES], data_credits[CLASSES]; /* of the egress; 0: infinite */
    uint32_t entries[RECORD_TABLES];                         /* 0: no such table */
};

struct record {
    char name[RECORD_NAME_BYTES];
    uint64_t clock_hz;
    uint32_t n_ports;
    uint32_t datapath_bytes, mps_bytes, vcs;
    uint32_t ingress_cycles, remap_cycles, edit_cycles, crossbar_cycles;
    enum record_arbiter arbiter;
    bool voq, remap_pipelined, remap_fetch;
    struct record_port *ports;   /* owned */
    struct record_event *events; /* owned; by cycle, in a cycle by kind, port and line */
    size_t n_events;
    uint32_t n_serials; /* the last serial number */
    uint64_t end_cycle;
    char *path; /* owned; marks name it */
};

/* The kind of table whose entries it has. */
enum pool_table_id record_table_layout(enum record_table table);

/* ---- writing ---- */

/* Everything before the events. What @out says of errors is for the caller to ask. */
void record_write_head(const struct record *record, FILE *out);
void record_write_event(const struct record_event *event, FILE *out);
void record_write_end(uint64_t cycle, FILE *out);

/* ---- reading ---- */

/* Reads @path whole; record_free releases it. Refuses, with the place, whatever is not as above:
 * unknown words, numbers out of range, ports and tables that the head does not name, entries that
 * are none, headers that are no TLPs, serial numbers out of order, a file without an end. */
bool record_read(const char *path, struct record *out, struct err *err);
void record_free(struct record *record);
/* Puts the events in order again, after their cycles have been changed. */
void record_sort(struct record *record);
/* For messages about an event. */
struct mark record_mark(const struct record *record, const struct record_event *event);

/* ---- headers ---- */

/* The words of a record from a header, and back; false if they are no TLP's. */
void record_pack_header(const struct tlp_header *header, uint32_t out_words[RECORD_HEADER_WORDS]);
bool record_unpack_header(const uint32_t words[RECORD_HEADER_WORDS], struct tlp_header *out);
/* Payload on the wire, and the cycles that the TLP takes. */
uint32_t record_payload_bytes(const struct tlp_header *header);
uint32_t record_beats(const struct record *record, const struct tlp_header *header);
/* Dword @index of the payload of TLP @serial: any bits that tell TLPs and places apart. */
uint32_t record_payload_dw(uint32_t serial, uint32_t index);

/* ---- words ---- */

extern const char *const record_kind_names[RECORD_KINDS];
extern const char *const record_table_names[RECORD_TABLES];
extern const char *const record_arbiter_names[RECORD_ARBITERS];
extern const char *const record_class_names[CLASSES];
extern const char *const record_function_names[RECORD_FUNCTION_STATES];
extern const char *const record_command_names[ASSIGNMENT_COMMANDS];

#endif
