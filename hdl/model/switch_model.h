/* switch_model.h - pool_switch in C, register for register: what it decides are the simulator's own
 * functions (pool/classify.h, addr_map.h, id_map_pipe.h, assignment.h, pcie/order.h, credit.h,
 * fabric/arb.h). Order in the receive buffer is by the cycle of arrival, as in fabric/pick.c, where
 * the Verilog keeps it as bits. switch_model_port.c is an ingress port, switch_model_emulator.c
 * what it answers, switch_model.c the rest,
 * pool_switch.c their place in the lock step. */
#ifndef POOLSIM_HDL_SWITCH_MODEL_H
#define POOLSIM_HDL_SWITCH_MODEL_H

#include "lockstep.h"
#include "model_arb.h"
#include "model_tlp.h"
#include "pcie/credit.h"
#include "pool/addr_map.h"
#include "pool/assignment.h"
#include "pool/classify.h"
#include "pool/id_map_pipe.h"
#include "pool/proxy_tag.h"

/* The sizes. */
#define IN(name, width)
#define OUT(name, width)
#include "pool_switch.def"
#undef IN
#undef OUT

enum { NO_EGRESS = -1, BUSES = 256, MAP_BYTES = 4096, DATA_LANE = 4 };

struct beat {
    uint32_t word[BEAT_WORDS];
    bool sop, eop;
};

/* What the parser finds in a TLP's first beat. */
struct found {
    bool is_tlp, malformed;
    struct tlp_header header;
    enum pool_kind kind;
    enum tlp_class class;
    bool has_data;
    uint32_t units;
};

struct window {
    bool valid;
    uint64_t base, limit; /* pages */
    uint16_t port;
};

struct bus {
    bool valid;
    uint8_t kind, type;
    uint16_t port, first_function, n_functions;
};

struct lent_range {
    bool valid;
    uint64_t base;
    uint8_t log2_bytes;
};

/* A stage of the pipeline, with what the look-up knows there. */
struct stage {
    bool valid;
    struct beat beat;
    struct found found;
    int32_t addr_match; /* entry of addr_map, first stage; -1: none */
    bool addr_hit;
    struct addr_entry addr;
    uint64_t address;
    bool id_hit;
    struct id_value id;
    bool in_window, lent;
    uint16_t window_port;
    struct bus bus;
};

enum outcome { FORWARD, REFUSE, EMULATE, LOCAL, SINK };

struct decided {
    enum outcome outcome;
    int32_t to;
    bool remap, undrained, counts, drops;
    uint32_t function;
    /* Configuration of a lent function, and the completions of what was passed on. */
    bool proxied, again, reheads, stale, ends, wants_tag, user;
    uint16_t emulated;
    uint32_t tag;
    struct proxy_entry entry; /* proxied: to be kept; reheads: what was */
    uint32_t mask, data;      /* reheads: the shadow's bits */
};

/* A dword of the shadow. */
struct row {
    uint32_t data, write_mask, w1c_mask;
    bool pass;
};

struct answer {
    uint32_t hdr[HDR_WORDS];
    uint32_t data;
};

struct slot {
    bool used, queued;
    int32_t to;
    enum tlp_class class;
    uint32_t units;
    uint16_t id;
    bool relaxed, ido;
    uint64_t number; /* order of arrival */
    struct beat beat[N_BEATS];
    uint32_t n_beats;
};

struct switch_port {
    /* Tables. */
    struct id_map_pipe id; /* host: id_down, device: id_up */
    _Alignas(16) unsigned char id_memory[MAP_BYTES], addr_memory[MAP_BYTES];
    struct addr_entry addr[N_ADDR]; /* as written, to know an entry by its index */
    struct window window[N_WINDOWS];
    struct lent_range lent[N_LENT];
    struct bus bus[BUSES];
    uint16_t owner_port, proxy_rid;
    uint8_t device_bus;
    bool has_owner;
    /* Device port: what was passed on, by tag. */
    struct {
        bool busy, own;
        struct proxy_entry entry;
        uint32_t mask, data;
    } tags[N_TAGS];
    /* Pipeline. */
    struct beat skid[2];
    uint32_t in_skid;
    struct stage parse, first, second;
    struct {
        bool valid;
        struct beat beat;
        struct decided decided;
        struct found found;
    } edit;
    /* Emulator and completion generator. */
    bool emulating, emulated;
    uint32_t emulator_cycles;
    struct tlp_header asked;
    uint32_t asked_data;
    struct decided asked_for;
    bool asked_present, asked_ready; /* when it was asked */
    bool generated;
    struct answer generator;
    struct answer answers[N_ANSWERS];
    uint32_t n_answers;
    /* Receive buffer. */
    struct slot slots[N_SLOTS];
    int32_t writing, reading; /* slots, or -1 */
    uint32_t read_beats;
    int32_t reading_to;
    uint64_t arrivals;
    bool left; /* the crossbar took a TLP's last beat in the last cycle */
    enum tlp_class left_class;
    uint32_t left_units;
    struct row rows[N_EMULATED][N_DWS]; /* last: a reset keeps them */
};

struct switch_egress {
    struct credit_gate header[CLASSES], data[CLASSES];
    uint32_t header_out[CLASSES], data_out[CLASSES]; /* to come back */
    struct arb grant;
    bool valid;
    struct beat beat;
};

struct switch_write {
    bool valid;
    uint32_t table, port, index;
    struct vector entry; /* from bit 0 on */
};

/* The inputs of a cycle. */
struct switch_in {
    bool rst;
    uint32_t mps_bytes;
    uint64_t s_valid, m_ready, m_room, local_ready, own_valid;
    struct beat s_beat[N_PORTS];
    struct answer own[N_PORTS];
    uint64_t init_valid;
    uint8_t init_class[N_PORTS], update_valid[N_PORTS]; /* a bit per class */
    uint32_t init_header[N_PORTS], init_data[N_PORTS];
    uint32_t update_header[N_PORTS][CLASSES], update_data[N_PORTS][CLASSES];
    struct switch_write write;
    bool counting;
    struct assignment_cycle command;
    uint32_t r_function;
    uint64_t present, ready;
};

struct switch_model {
    struct switch_port port[N_PORTS];
    struct switch_egress egress[N_PORTS];
    struct arb accept[N_PORTS]; /* of ingress */
    struct assignment functions[N_FUNCTIONS];
    uint32_t read_index;
    struct pool_entry read;
    uint32_t unsupported, dropped, malformed, stale, undrained;
};

/* What a port does in a cycle, from its registers and the inputs. */
struct port_moves {
    bool enable;            /* the stages before the editor move */
    bool enable_edit;       /* its register does */
    bool stall;             /* the TLP before it waits for the emulator */
    struct decided decided; /* of the TLP in the second stage, if it begins */
    bool decides;
    bool writes;        /* a beat goes into the buffer */
    int32_t new_slot;   /* and begins a TLP there, or -1 */
    bool emulates;      /* the emulator is asked */
    bool emulator_done; /* and its result is taken */
    bool refuses;       /* the generator is, by the editor */
    bool generator_free;
    bool answers_free;
    const struct answer *answer; /* what could go, or NULL */
    bool local;
    bool ends; /* a TLP that is not forwarded ends */
};

struct moves {
    struct port_moves port[N_PORTS];
    int32_t take[N_PORTS]; /* egress of ingress, or NO_EGRESS */
    int32_t slot[N_PORTS]; /* slot that the ingress reads; -1: an answer */
    bool w_refused;
    enum assignment_result result;
};

/* ---- switch_model_port.c ---- */

void port_init(struct switch_port *port, bool is_host);
/* True if the table of @write refuses it. */
bool port_refuses(const struct switch_port *port, bool is_host, const struct switch_write *write,
                  bool emulator_idle);
/* What becomes of the TLP in the second stage, but for the tag that it may get. */
void port_decide(const struct switch_model *model, uint32_t p, const struct switch_in *in,
                 struct port_moves *out);
void port_moves(const struct switch_model *model, uint32_t p, const struct switch_in *in,
                struct port_moves *out);
/* The edge of the pipeline; the buffer's is switch_model.c's. */
void port_tick(struct switch_model *model, uint32_t p, const struct switch_in *in,
               const struct moves *moves);

/* ---- switch_model_emulator.c ---- */

/* Of the answer that the emulator has. */
uint8_t port_answer_status(const struct switch_port *port);
/* The edge of the completion generator and what feeds it. */
void port_tick_answers(struct switch_port *port, uint32_t p, const struct port_moves *moves,
                       const struct switch_in *in);
/* Tags of the device ports; before the ports' own edges. */
void port_tick_tags(struct switch_model *model, const struct moves *moves,
                    const struct switch_in *in);
/* A cycle of the emulator, which goes on under a reset. */
void port_tick_emulator(struct switch_port *port);

/* ---- switch_model.c ---- */

void switch_model_init(struct switch_model *model);
void switch_model_moves(const struct switch_model *model, const struct switch_in *in,
                        struct moves *out);
void switch_model_tick(struct switch_model *model, const struct switch_in *in,
                       const struct moves *moves);
/* The beat that ingress @p gives in this cycle. */
const struct beat *switch_model_beat(const struct switch_model *model, const struct moves *moves,
                                     uint32_t p, struct beat *memory);

static inline bool is_host(uint32_t port)
{
    return port < N_UP;
}

#endif
