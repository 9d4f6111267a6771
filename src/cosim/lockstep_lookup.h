/* lockstep_lookup.h - the look-up of the lock-step model: two stages between which a table may be
 * written, and what they decide. */
#ifndef POOLSIM_COSIM_LOCKSTEP_LOOKUP_H
#define POOLSIM_COSIM_LOCKSTEP_LOOKUP_H

#include "cosim/record.h"
#include "pool/classify.h"

enum { LOOKUP_BUSES = 256, LOOKUP_NOWHERE = -1 };

/* The windows, by index, and what is on each bus. */
struct lookup_route {
    struct lookup_window {
        uint64_t base, limit; /* inclusive; a limit below the base: none */
        uint16_t port;
    } * windows;
    uint32_t n_windows;
    int32_t port_of_bus[LOOKUP_BUSES]; /* LOOKUP_NOWHERE: nothing of the Owner's */
};

/* Tables of a port; NULL where it has none. */
struct lookup_port {
    bool is_device;
    uint16_t owner_port;
    struct id_map *id_map; /* device port: id_up; host port: id_down */
    struct addr_map *addr_map, *lent;
    struct lookup_route *route; /* host port: the Owner's */
};

struct lookup_tables {
    uint32_t n_ports;
    struct lookup_port *ports;
};

/* Empty tables, as large as the record's; false: out of memory. */
bool lookup_init(struct lookup_tables *tables, const struct record *record);
void lookup_fini(struct lookup_tables *tables);

/* A TLP in the look-up. */
struct lookup {
    uint16_t ingress;
    int32_t match; /* the entry that matched in the first stage and was not written since, or -1 */
};

/* What the pooling logic distinguishes; false: no re-map table decides on such TLPs. */
bool lookup_kind(const struct tlp_header *header, enum pool_kind *out);

/* First stage: @header of a TLP from @ingress is compared. */
struct lookup lookup_compare(const struct lookup_tables *tables, uint16_t ingress,
                             const struct tlp_header *header);
/* True if a write of that entry kills the match. */
bool lookup_is_hit_by(const struct lookup *lookup, const struct tlp_header *header,
                      const struct lookup_tables *tables, const struct record_event *write);
/* Second stage: the verdict, the egress and the header as it goes on. */
enum pool_verdict lookup_select(const struct lookup_tables *tables, const struct lookup *lookup,
                                struct tlp_header *header, uint16_t *out_egress);

/* The verdict on what may not pass, whatever the tables say. */
enum pool_verdict lookup_bar(enum pool_kind kind);

/* Does the table writes among @n events of one cycle. An entry that would be refused by hardware
 * when all have been written stays free. */
void lookup_write(struct lookup_tables *tables, const struct record_event *events, size_t n);

/* The completion with status UR that answers @request. */
void lookup_refuse(struct tlp_header *request);

#endif
