/* switch.h - the multi-root switch (paper Fig. 3): ports, private bridges, pooling pipeline,
 * crossbar. A TLP comes from link.c (on_tlp in switch.c), passes the ingress pipeline and the
 * look-ups (switch_lookup.c), waits in its ingress port's receive buffer, is granted the crossbar
 * (switch_crossbar.c), and goes to link_send of its egress port.
 *
 * Everything happens on the switch clock.
 * - c0, in which the first beat enters: the first cycle from which all beats can enter one per
 *   cycle (cut-through), or that of the last byte (store-and-forward); not before the previous
 *   TLP's last beat + 1.
 * - ready = c0 + ingress_cycles + remap_cycles + edit_cycles; later when the look-up is busy or has
 *   to fetch an entry.
 * - The crossbar takes it in some cycle g >= ready and holds ingress and egress for
 *   beats = max(1, ceil(payload / datapath)) cycles.
 * - Its first beat leaves in g + crossbar_cycles. With the defaults 2, 2, 1, 1 an uncontended TLP
 *   leaves in c0 + 6, as the Verilog's.
 *
 * The switch is one event per cycle in which an egress port can decide; the ports that do lie in a
 * ring of cycles (switch_ring.h), and an idle switch costs nothing. All egress ports choose on the
 * state at the start of the cycle (grant); an ingress port chosen by several takes one (accept,
 * round robin); the others try again in the next cycle. A grant needs the credits of the egress
 * link, and that the egress buffer in front of it is not full: one TLP may reach beyond its end. */
#ifndef POOLSIM_FABRIC_SWITCH_H
#define POOLSIM_FABRIC_SWITCH_H

#include "fabric/arb.h"
#include "fabric/pick.h"
#include "pcie/route.h"
#include "pool/addr_map.h"
#include "pool/assignment.h"
#include "pool/classify.h"
#include "pool/id_map.h"

struct hierarchy_target;
struct proxy_tags;
struct switch_view;

enum switch_side {
    SWITCH_HOST,   /* upstream port: a host's root port is behind it */
    SWITCH_DEVICE, /* downstream port: a device, or a cascaded switch with devices of one Owner */
    SWITCH_UPLINK, /* of a cascaded switch: the way to its parent */
};

enum { SWITCH_BYTE_PS = 1024 }; /* unit of the occupancy integrals */
enum { SWITCH_RING = 1024 };    /* cycles that the ring looks ahead */
enum { SWITCH_LOOKUPS = 16 };   /* cycles for which look-ups are counted */
enum { SWITCH_WRITES = 1024 };  /* table writes that look-ups under way can be told of */
enum { SWITCH_EV_CYCLE, SWITCH_EV_LOOK_UP, SWITCH_EV_READY };

struct switch_params {
    const char *name;
    uint64_t clock_hz;
    uint32_t datapath_bytes;
    bool cut_through;
    bool voq;
    bool remap_pipelined;
    bool remap_fetch; /* a CAM miss looks into the table memory; otherwise it is a miss */
    enum arb_kind arbiter;
    uint32_t egress_buffer_bytes;
    uint32_t ingress_cycles, remap_cycles, edit_cycles, crossbar_cycles;
    uint32_t remap_miss_cycles;
    uint32_t emulation_cycles; /* of what the switch answers itself; 0: CFG_EMU_LATENCY_CYCLES */
    uint64_t flr_ps;           /* an emulated function answers CRS so long after its reset */
};

/* The pooling tables that a port reads; NULL where its side has none. Filled by whoever assigns VFs
 * to hosts. */
struct switch_tables {
    struct id_map *id_map;     /* device port: id_up, the CAM; host port: id_down */
    struct id_map *id_backing; /* device port with remap_fetch: all entries, behind the CAM */
    struct id_map *vfs; /* device port: every VF by its RID, lent or not, whose value.function is
                           its index in the pool; for the counter `astray` alone */
    struct addr_map *addr_map; /* host port: User BAR ranges */
    struct addr_map *lent;     /* host port of an Owner: its addresses of VFs that are lent away */
    struct route
        *owner; /* host port of an Owner, or uplink: its windows and buses to device ports */
    uint16_t owner_port; /* device port: the Owner's host port, or the uplink */
    /* Configuration (switch_config.h). */
    struct switch_view *view; /* host port: what the host sees of the switch */
    struct proxy_tags *proxy; /* device port: of configuration requests passed on to VFs */
    uint16_t proxy_rid;       /* device port: their requester, the switch's own RID there */
    uint8_t device_bus;       /* device port: the bus that the device has in the Owner's domain */
};

struct switch_pace { /* of the TLPs of one kind and length; TLP_KINDS: of none */
    uint32_t kind;
    uint32_t payload;
    uint32_t beats;
    uint64_t lead_ps;   /* from the first byte's arrival until the first beat may enter */
    uint64_t others_ps; /* that the other beats take, up to the last byte's arrival or later */
};

struct switch_ingress {
    struct link *link;          /* that TLPs arrive on; credits return here */
    struct switch_pace pace;    /* of the last TLP */
    uint64_t free_cycle;        /* the pipeline's entry is free from here on */
    uint64_t lookup_free_cycle; /* the look-up is */
    uint32_t accept_pointer;    /* egress that is accepted first */
    uint32_t victim;            /* CAM entry to be replaced next */
    struct tlp_fifo pipeline; /* live: what has its look-up to come; at_ps is when it could begin */
    uint64_t lookup_due_ps;   /* live: the end of the first one's look-up; 0: there is none */
    int32_t granted_to;       /* egress that chose it in this cycle, or -1 */
    int granted_queue;        /* and which of its queues */
    uint32_t granted_payload; /* of its head, on the wire */
    bool gives_back;          /* what was granted gives credits back */
    /* The receive buffer, payload and header bytes by class. Bytes are held from the time at which
     * the sender spent the credits for them; the integral counts from the end of the pipeline. */
    uint32_t held_bytes[CLASSES];
    uint32_t most_bytes[CLASSES];
    uint64_t byte_ps[CLASSES]; /* integral of occupancy, in SWITCH_BYTE_PS byte-picoseconds */
};

struct switch_egress {
    struct link *link;
    uint64_t ready_cycle;      /* crossbar output and egress buffer have room from here on */
    uint64_t buffer_ticks;     /* wire time of the egress buffer */
    uint64_t stalled_since_ps; /* had requests that lacked only credits since; 0: not */
    uint64_t others_ps; /* when the first that was not granted in the last look at all can go */
    uint64_t grants;
    uint32_t requests; /* ingress ports that request it */
    bool wire_is_fast; /* faster than the crossbar, or may be */
    struct arb arb;
};

struct switch_port {
    enum switch_side side;
    bool down; /* its link is (switch_fault.h) */
    struct switch_tables tables;
    struct switch_ingress in;
    struct switch_egress out;
    uint64_t id_hits, id_misses, id_fetches;
};

struct switch_wake {         /* when an egress decides next */
    uint64_t cycle;          /* 0: not in the ring */
    uint32_t next, previous; /* egress + 1 */
};

/* What software is told of at once (switch_config.h). */
struct switch_hooks { /* NULL: nobody */
    /* A write of a local function's register had @effects; called when they have been acted upon:
     * buses and windows of owned branches are routed, a User's secondary-bus reset has become FLRs.
     * An Owner's reset of its device's link is the callee's affair. */
    void (*on_effects)(void *self, uint32_t host_port, const struct hierarchy_target *target,
                       unsigned effects);
    void *self;
    /* Of the switch's own interrupts, at the time at which the CPU's handler runs; the request's
     * context is host port << 32 | function of the hierarchy. NULL: nobody wants to know. */
    const struct request_owner *interrupt_owner;
};

struct switch_write { /* a write of a live table */
    const void *table;
    uint32_t index;
    uint64_t cycle;
};

struct switch_command { /* that was not refused */
    uint32_t function;  /* the VF's index in the pool */
    enum assignment_command command;
    struct assignment_place place; /* where it is, or was */
};

struct pcie_switch {
    struct component component;
    struct fabric *fabric;
    struct switch_params params;
    uint32_t n_ports;
    uint32_t request_words; /* 64-bit words of a bitmap of ports */
    uint64_t period_ps;     /* of the clock: period_ps + period_rest / clock_hz */
    uint64_t period_rest;
    uint64_t cycles_per_2_64_ps; /* rounded down */
    uint32_t beat_shift;         /* log2 of datapath_bytes */
    bool looks_ahead;            /* see first_ready_ingress */
    struct switch_port *ports;
    /* What waits from one ingress for one egress (VOQ), or for any: [egress] if VOQ, [ingress],
     * then [vc x CLASSES + class]. Zeroed is empty. When the first of the heads of such a group is
     * ready lies apart, since the look at all requesters of an egress wants nothing else; 0: none.
     */
    struct tlp_fifo *fifos;
    uint64_t *ready_ps;
    uint32_t n_queues;          /* fifos of a group */
    uint32_t egress_stride;     /* groups from one egress to the next: the number of ports, or 0 */
    uint64_t *requests;         /* [egress] bitmap of ingress ports */
    uint64_t *crossbar_free_ps; /* [ingress] its way into the crossbar is free from here on */
    struct switch_wake *wakes;  /* [egress + 1]; 0 is nobody's */
    uint32_t *granting;         /* ingress ports granted in this cycle */
    uint32_t n_granting;
    uint32_t ring[SWITCH_RING];            /* [cycle] first egress that wakes + 1 */
    uint64_t cycles_due[SWITCH_RING / 64]; /* bitmap of the cycles that are to tick */
    uint64_t tick_cycle;   /* the next of them; UINT64_MAX: there is none; 0: one is at work */
    uint64_t seen_cycle;   /* the last that ticked */
    bool live;             /* see switch_set_live */
    uint64_t lookup_cycle; /* live: in which the look-up at work began */
    uint32_t lookups_due[SWITCH_LOOKUPS]; /* live: how many begin in a cycle, modulo */
    uint32_t n_writes;                    /* so far; the last SWITCH_WRITES are kept */
    struct switch_write *writes;
    uint64_t ticks;
    uint64_t killed;      /* look-ups whose entry was written while they were under way */
    uint64_t unsupported; /* requests answered UR */
    uint64_t dropped;     /* TLPs dropped */
    uint64_t stale;       /* completions of requests passed on that were too late */
    uint64_t undrained;   /* requests of or to VFs that are not assigned (any more) */
    uint64_t astray;      /* memory requests and completions sent on by entries that do not agree
                             with the assignment; to the Owner only with the tables `vfs` */
    uint64_t
        lost_completions; /* dropped: nobody is known by that ID (any more), or the way is closed */
    uint64_t contained;   /* times that a slot was cut off */
    uint64_t blocked;     /* TLPs refused or dropped because their way was closed; configuration
                             requests not counted */
    uint32_t n_closed;    /* ports without a link and slots that are cut off */
    uint64_t overlaps;    /* BARs that a User put over others */
    uint64_t interrupts;  /* of its own */
    struct assignment_table *assignments; /* who has which VF; NULL: not counted. Borrowed */
    struct switch_hooks hooks;
    struct request_owner own_owner;
};

size_t switch_memory_bytes(const struct fabric *fabric, const struct switch_params *params,
                           uint32_t n_ports);
/* @memory: zeroed, of switch_memory_bytes. The caller then connects every port and registers the
 * component. */
void switch_init(struct pcie_switch *sw, struct fabric *fabric, const struct switch_params *params,
                 uint32_t n_ports, void *memory);
/* @in: the link whose receiver port @number becomes; @out: the one whose sender. @weights: of the
 * ingress ports, for weighted and priority arbitration at this egress (NULL otherwise). */
void switch_connect(struct pcie_switch *sw, uint32_t number, enum switch_side side, struct link *in,
                    struct link *out, const uint32_t *weights);

/* Tables that are written while TLPs pass: with @live every look-up is done in an event at the end
 * of its cycles, and without at once when a TLP is sent to here, which is as exact as long as
 * nobody writes. Switch it on before the first TLP, or when nothing is in the pipelines. Results do
 * not depend on it, except that what is refused gives its buffer back later in the order of events
 * and counts in most_bytes. */
void switch_set_live(struct pcie_switch *sw, bool live);
/* Entry @index of @table (an id_map, addr_map or route of this switch) is being written in the
 * current cycle; call it with every such write once traffic may run. As the hardware: look-ups that
 * begin in the next cycle see the new entry; one that began up to this cycle misses if it matched
 * the entry, before or after (a write kills matches in flight). Readers of the trace are also told
 * of a port's struct switch_tables and struct switch_view, and of a struct cfg_emu, with one of the
 * following as its index. */
void switch_note_write(struct pcie_switch *sw, const void *table, uint32_t index);
enum { SWITCH_FUNCTION_STATE, SWITCH_FUNCTION_ROWS }; /* of an emulated function, that changed */
/* A step of VF @function's assignment, which readers of the trace are told of. */
enum assignment_result switch_command(struct pcie_switch *sw, uint32_t function,
                                      enum assignment_command command,
                                      const struct assignment_place *place);
/* True if entry @index of @table was written since the look-up at work began: it misses. */
bool switch_is_killed(struct pcie_switch *sw, const void *table, uint32_t index);

/* Time of the edge that begins @cycle. */
static inline uint64_t switch_cycle_ps(const struct pcie_switch *sw, uint64_t cycle)
{
    uint64_t ps = cycle * sw->period_ps;
    if (sw->period_rest)
        ps += (uint64_t)((unsigned __int128)cycle * sw->period_rest / sw->params.clock_hz);
    return ps;
}

/* Cycles that a TLP with @payload on the wire holds a data path. */
static inline uint32_t switch_beats(const struct pcie_switch *sw, uint32_t payload)
{
    uint32_t none = payload == 0; /* takes a beat as if it were one byte */
    return (payload + none + sw->params.datapath_bytes - 1) >> sw->beat_shift;
}

/* Look-ups, classification and header edit of @tlp, which came in at @ingress (switch_lookup.c).
 * Leaves its egress port in tlp.port, or refuses it. *out_fetched: the CAM had to fetch its entry.
 */
enum switch_outcome {
    SWITCH_FORWARD,  /* to tlp.port */
    SWITCH_ANSWERED, /* turned into a completion with status UR, back to @ingress */
    SWITCH_DROPPED,  /* the caller frees it */
    SWITCH_EMULATED, /* turned into a completion by the emulator, back to @ingress */
    SWITCH_TAKEN,    /* ends here as it should; the caller frees it */
};
enum switch_outcome switch_look_up(struct pcie_switch *sw, uint32_t ingress, struct tlp *tlp,
                                   bool *out_fetched);

#endif
