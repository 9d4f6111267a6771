// pool_switch.sv - the multi-root switch (C twin: src/fabric/switch.c with switch_lookup.c,
// switch_config.c and switch_crossbar.c in their default configuration: virtual output queues, round
// robin, one VC, cut-through). Ports 0 to UP - 1 are upstream ports, behind which hosts are; the DOWN
// others are downstream ports, behind which devices are.
//
// A TLP whose first beat is taken at s_ in cycle c0 is granted the crossbar in c0 + 5 at the earliest,
// and leaves at m_ in the cycle behind the grant: skid 1, parse 1, look-up 2, edit 1, crossbar 1. A
// completion that the switch makes itself for a refused request is one cycle later. One beat per
// cycle and port, without a gap between TLPs.
//
// Behind the editor a TLP waits in the receive buffer of its ingress, by egress and class. In each
// cycle every egress that can start a TLP grants the first ingress from its pointer on that has one
// for it with credits; an ingress accepts one grant (tlp_xbar). Of the TLPs of one ingress for one
// egress the oldest goes that has credits and may pass all that are older (table 2-40). A TLP keeps
// its ingress and its egress until its last beat. s_ready stalls when the buffer is full, which
// senders that have only credits for SLOTS TLPs do not see.
//
// Tables are written by w_*, one entry per cycle, seen by look-ups that begin in the next cycle; a
// write kills look-ups under way that matched its entry (id_map.sv). Reset state: no TLP inside, no
// credits, tables empty, or as their files say.
`include "tlp_header.svh"
`include "tables.svh"
module pool_switch #(
    parameter UP = 2, // upstream (host) ports, 1 or more
    parameter DOWN = 2, // downstream (device) ports, 1 or more
    parameter ID_UP_ENTRIES = 16, // of a downstream port
    parameter ID_UP_SRL = 0, // 1: id_map_srl instead of id_map
    parameter ID_DOWN_ENTRIES = 16, // of an upstream port, a power of two
    parameter ADDR_ENTRIES = 8, // of an upstream port
    parameter LENT_ENTRIES = 8, // of an upstream port
    parameter WINDOWS = 4, // of an upstream port
    parameter FUNCTIONS = 16, // VFs in the pool, a power of two
    parameter EMULATED = 4, // emulated functions of an upstream port, a power of two
    parameter EMULATED_DWS = 128, // dwords of each that have a row, a power of two
    parameter TAGS = 16, // proxy tags of a downstream port
    parameter SLOTS = 16, // TLPs that a receive buffer holds
    parameter BEATS = 8, // of the largest TLP
    parameter ANSWERS = 8, // completions of its own that a port holds
    localparam PORTS = UP + DOWN,
    localparam FUNCTION_W = $clog2(FUNCTIONS)
) (
    input logic clk,
    input logic rst,
    input logic [2:0] mps, // Max_Payload_Size is 128 << mps bytes
    // TLPs in and out, [port]: see hdl/README.md, "The stream".
    input logic [PORTS-1:0] s_valid,
    output logic [PORTS-1:0] s_ready,
    input logic [PORTS-1:0] s_sop,
    input logic [PORTS-1:0] s_eop,
    input logic [PORTS*`TLP_BEAT_W-1:0] s_beat,
    output logic [PORTS-1:0] m_valid,
    input logic [PORTS-1:0] m_ready,
    output logic [PORTS-1:0] m_sop,
    output logic [PORTS-1:0] m_eop,
    output logic [PORTS*`TLP_BEAT_W-1:0] m_beat,
    // What is behind an egress can take another TLP: looked at when one is to be granted.
    input logic [PORTS-1:0] m_room,
    // Credits of the receivers behind the egress ports (credit.sv): InitFC and UpdateFC.
    input logic [PORTS-1:0] init_valid,
    input logic [PORTS*2-1:0] init_class,
    input logic [PORTS*8-1:0] init_header,
    input logic [PORTS*12-1:0] init_data,
    input logic [PORTS-1:0] update_valid,
    input logic [PORTS*2-1:0] update_class,
    input logic [PORTS*8-1:0] update_header,
    input logic [PORTS*12-1:0] update_data,
    // Receive buffers that have become free in the cycle before, one header and so many data units
    // each. [port * 2]: its TLP has left through the crossbar; [port * 2 + 1]: it was refused,
    // answered or dropped.
    output logic [PORTS*2-1:0] freed_valid,
    output logic [PORTS*4-1:0] freed_class,
    output logic [PORTS*18-1:0] freed_data,
    // Tables: entry w_index of table w_table of port w_port; entries lie at the low end of w_entry.
    // A write is refused (combinational) as the tables' modules say.
    input logic w_valid,
    input logic [2:0] w_table, // POOL_TABLE_*
    input logic [11:0] w_port,
    input logic [15:0] w_index,
    input logic [pool_layout::ADDR_MAP_W-1:0] w_entry,
    output logic w_refused,
    // Who has which VF (csr_mgr.sv). Requests are admitted and counted while counting is set.
    input logic counting,
    input logic [2:0] command,
    input logic [15:0] command_function,
    input logic [11:0] place_port,
    input logic [11:0] place_slot,
    input logic [15:0] place_function,
    output logic [2:0] result,
    output logic [FUNCTIONS-1:0] drain_ack,
    input logic [FUNCTION_W-1:0] r_function,
    output logic [pool_layout::ASSIGNMENT_W-1:0] r_entry,
    // Emulated functions of upstream ports (cfg_emu.sv).
    input logic [UP*EMULATED-1:0] present,
    input logic [UP*EMULATED-1:0] ready,
    // Configuration requests of hosts for bridges of the switch (Type 0, and buses of KIND 2): header
    // and data, held until taken. Their answers come as TLPs of the switch's own.
    output logic [UP-1:0] local_valid,
    input logic [UP-1:0] local_ready,
    output logic [UP*128-1:0] local_hdr,
    output logic [UP*32-1:0] local_data,
    // TLPs of the switch's own for an egress port, of one beat with one dword of data at most.
    input logic [PORTS-1:0] own_valid,
    output logic [PORTS-1:0] own_ready,
    input logic [PORTS*128-1:0] own_hdr,
    input logic [PORTS*32-1:0] own_data,
    // Counters since the reset, of all ports.
    output logic [31:0] count_unsupported, // requests answered UR
    output logic [31:0] count_dropped, // TLPs dropped
    output logic [31:0] count_malformed, // of them: malformed
    output logic [31:0] count_stale, // of them: late completions of requests passed on
    output logic [31:0] count_undrained // requests refused as their VF is not assigned
);
    /* verilator lint_off UNUSEDSIGNAL */
    wire unused = &{s_valid, s_sop, s_eop, s_beat, m_ready, m_room, init_valid, init_class,
        init_header, init_data, update_valid, update_class, update_header, update_data, w_valid,
        w_table, w_port, w_index, w_entry, counting, command, command_function, place_port,
        place_slot, place_function, r_function, present, ready, clk, rst, mps, ID_UP_ENTRIES[0],
        ID_UP_SRL[0], ID_DOWN_ENTRIES[0], ADDR_ENTRIES[0], LENT_ENTRIES[0], WINDOWS[0],
        EMULATED_DWS[0], TAGS[0], SLOTS[0], BEATS[0], ANSWERS[0],
        local_ready, own_valid, own_hdr, own_data};
    /* verilator lint_on UNUSEDSIGNAL */

    assign s_ready = '0;
    assign m_valid = '0;
    assign m_sop = '0;
    assign m_eop = '0;
    assign m_beat = '0;
    assign freed_valid = '0;
    assign freed_class = '0;
    assign freed_data = '0;
    assign w_refused = w_valid;
    assign result = '0;
    assign drain_ack = '0;
    assign r_entry = '0;
    assign local_valid = '0;
    assign local_hdr = '0;
    assign local_data = '0;
    assign own_ready = '0;
    assign count_unsupported = '0;
    assign count_dropped = '0;
    assign count_malformed = '0;
    assign count_stale = '0;
    assign count_undrained = '0;
endmodule
