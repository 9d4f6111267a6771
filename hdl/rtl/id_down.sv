// id_down.sv - the User's RIDs to the Owner's for one host port, as an indexed RAM (C twin:
// src/pool/id_map.c with the entry index that the RID's low bits give). A User's functions are
// numbered densely, so that their low RID bits address the table; the entry's key is compared all the
// same, and nothing else than the very {port, RID} hits.
// Latency 2 cycles: RAM read, then compare. One look-up per cycle; the stages move with en.
// Write visibility: a write in cycle T is seen by reads from T + 1 on; a look-up that reads the
// written entry in T, or has read it and has not delivered yet, misses.
// A write whose key does not belong at its index is refused (w_refused, combinational).
// Reset state: no look-up under way. Entries are empty, or what INIT says, which a reset keeps.
`include "tables.svh"
module id_down #(
    parameter ENTRIES = 256, // a power of two, 2 to 256
    parameter INIT = "", // .memh with all entries
    localparam INDEX_W = $clog2(ENTRIES)
) (
    input logic clk,
    input logic rst,
    input logic en,
    input logic s_valid,
    input logic [11:0] s_port,
    input logic [15:0] s_rid,
    output logic m_valid,
    output logic m_hit,
    output logic [11:0] m_port,
    output logic [15:0] m_rid,
    output logic [15:0] m_fn,
    input logic w_valid,
    input logic [INDEX_W-1:0] w_index,
    input logic [pool_layout::ID_DOWN_W-1:0] w_entry,
    output logic w_refused
);
    logic [pool_layout::ID_DOWN_W-1:0] mem[0:ENTRIES-1];
    logic [ENTRIES-1:0] blank_q; // the entry has not been written since the table was emptied
    logic [pool_layout::ID_DOWN_W-1:0] entry_q;
    logic [27:0] key_q;
    logic [INDEX_W-1:0] index_q;
    logic valid1_q, valid2_q, dead_q, hit_q;
    logic [43:0] value_q;

    initial if (INIT != "") $readmemh(INIT, mem);

    wire [INDEX_W-1:0] index = s_rid[INDEX_W-1:0];
    /* verilator lint_off UNUSEDSIGNAL */
    wire [15:0] w_rid = w_entry[`ID_DOWN_KEY_RID];
    /* verilator lint_on UNUSEDSIGNAL */
    wire write = w_valid && !w_refused;

    assign w_refused = w_valid && w_entry[`ID_DOWN_VALID] && w_rid[INDEX_W-1:0] != w_index;
    assign m_valid = valid2_q;
    assign m_hit = hit_q;
    assign {m_port, m_rid, m_fn} = value_q;

    wire dead = dead_q || (write && w_index == index_q);
    wire hit = !dead && entry_q[`ID_DOWN_VALID]
        && {entry_q[`ID_DOWN_KEY_PORT], entry_q[`ID_DOWN_KEY_RID]} == key_q;

    // The RAM has a process of its own, without a reset.
    always_ff @(posedge clk) begin
        if (write)
            mem[w_index] <= w_entry;
        if (en)
            entry_q <= mem[index];
    end

    always_ff @(posedge clk) begin
        if (en) begin
            valid1_q <= s_valid;
            valid2_q <= valid1_q;
            index_q <= index;
            key_q <= {s_port, s_rid};
            dead_q <= blank_q[index] || (write && w_index == index);
            hit_q <= hit;
            value_q <= hit ? {entry_q[`ID_DOWN_PORT], entry_q[`ID_DOWN_RID],
                entry_q[`ID_DOWN_FUNCTION]} : '0;
        end else
            dead_q <= dead;
        if (write)
            blank_q[w_index] <= 1'b0;
        if (rst) begin
            valid1_q <= 1'b0;
            valid2_q <= 1'b0;
            blank_q <= {ENTRIES{INIT == ""}};
        end
    end
endmodule
