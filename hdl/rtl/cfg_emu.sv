// cfg_emu.sv - configuration space that a bare VF lacks (C twin: src/pool/cfg_emu.c): for each dword of
// each emulated function of a host the shadow's data, the bits that software writes, those that it
// clears by writing one, and whether the dword passes to the VF itself.
// Latency 4 cycles from request to result, one request at a time: accept, read the RAM, decide and
// merge, write back. The result is held until it is taken; in that cycle the next request is accepted
// (s_ready depends on m_ready), so that one begins every 4 cycles.
// Rows are loaded by w_*, accepted when no request is under way (w_ready), and seen by the next
// request. A function answers UR until present says that all its rows are there, and CRS until ready.
// Reset state: no request under way; rows stay as they are, or as INIT says.
`include "tables.svh"
module cfg_emu #(
    parameter FUNCTIONS = 8, // of this host, a power of two, 2 or more
    parameter DWS = 1024, // dwords of a function that have a row, a power of two; others read 0
    parameter INIT = "", // .memh with all rows: [function][dword]
    localparam FUNCTION_W = $clog2(FUNCTIONS),
    localparam DW_W = $clog2(DWS)
) (
    input logic clk,
    input logic rst,
    input logic [FUNCTIONS-1:0] present,
    input logic [FUNCTIONS-1:0] ready,
    input logic s_valid,
    output logic s_ready,
    input logic [15:0] s_function,
    input logic [9:0] s_dw,
    input logic s_write,
    input logic [3:0] s_byte_enables,
    input logic [31:0] s_data,
    output logic m_valid,
    input logic m_ready,
    output logic [2:0] m_outcome, // enum cfg_emu_outcome
    output logic [31:0] m_data, // reads: the dword, or the shadow's bits of it
    output logic [31:0] m_mask, // MIXED reads: which bits those are
    input logic w_valid,
    output logic w_ready,
    /* verilator lint_off UNUSEDSIGNAL */
    input logic [pool_layout::CFG_SHADOW_W-1:0] w_entry
    /* verilator lint_on UNUSEDSIGNAL */
);
    localparam [2:0] ANSWER = 3'd0, PASS = 3'd1, MIXED = 3'd2, UR = 3'd3, CRS = 3'd4;
    localparam ROW_W = 97; // data, write mask, W1C mask, pass

    logic [pool_layout::CFG_SHADOW_W-1:0] mem[0:FUNCTIONS*DWS-1];
    /* verilator lint_off UNUSEDSIGNAL */
    logic [pool_layout::CFG_SHADOW_W-1:0] entry_q;
    /* verilator lint_on UNUSEDSIGNAL */

    initial if (INIT != "") $readmemh(INIT, mem);

    // One bit a step: the request is accepted, its row is read, merged, and the result stands.
    logic [3:0] step_q;
    logic [FUNCTION_W-1:0] function_q;
    /* verilator lint_off UNUSEDSIGNAL */
    logic [9:0] dw_q;
    /* verilator lint_on UNUSEDSIGNAL */
    logic write_q, absent_q, not_ready_q, beyond_q;
    logic [31:0] enabled_q, value_q, merged_q;
    logic [ROW_W-1:0] row_q;
    logic store_q;

    wire idle = step_q == '0;
    wire accept = s_valid && s_ready;
    wire load = w_valid && w_ready;
    wire [FUNCTION_W-1:0] index = s_function[FUNCTION_W-1:0];
    wire in_range = s_function < FUNCTIONS;
    wire [15:0] w_function = w_entry[`CFG_SHADOW_KEY_FUNCTION];
    wire [9:0] w_dw = w_entry[`CFG_SHADOW_KEY_DW];
    wire w_in_range = w_function < FUNCTIONS && {1'b0, w_dw} < DWS;

    // An access of the RAM: the loader's, the request's read, the write back.
    wire [FUNCTION_W+DW_W-1:0] row_of_request = {function_q, dw_q[DW_W-1:0]};
    wire [FUNCTION_W+DW_W-1:0] w_address =
        load ? {w_function[FUNCTION_W-1:0], w_dw[DW_W-1:0]} : row_of_request;
    logic [pool_layout::CFG_SHADOW_W-1:0] w_row;
    always_comb begin
        w_row = load ? w_entry : entry_q;
        if (!load)
            w_row[`CFG_SHADOW_DATA] = merged_q;
    end
    wire w_enable = (load && w_in_range) || (step_q[2] && store_q);

    always_ff @(posedge clk) begin
        if (w_enable)
            mem[w_address] <= w_row;
        if (step_q[0])
            entry_q <= mem[row_of_request];
    end

    wire [31:0] data = beyond_q ? '0 : entry_q[`CFG_SHADOW_DATA];
    wire [31:0] write_mask = beyond_q ? '0 : entry_q[`CFG_SHADOW_WRITE_MASK];
    wire [31:0] w1c_mask = beyond_q ? '0 : entry_q[`CFG_SHADOW_W1C_MASK];
    wire pass = !beyond_q && entry_q[`CFG_SHADOW_PASS];
    wire [31:0] mask = write_mask | w1c_mask;
    wire [31:0] writable = write_mask & enabled_q;
    wire [31:0] merged =
        ((data & ~writable) | (value_q & writable)) & ~(value_q & w1c_mask & enabled_q);
    wire touches = write_q ? (mask & enabled_q) != '0 : mask != '0;

    assign s_ready = (idle || (m_valid && m_ready)) && !w_valid;
    assign w_ready = idle;
    assign m_valid = step_q[3];

    always_ff @(posedge clk) begin
        if (!step_q[3] || m_ready)
            step_q <= {step_q[2:0], accept};
        if (accept) begin
            function_q <= index;
            dw_q <= s_dw;
            write_q <= s_write;
            absent_q <= !in_range || !present[index];
            not_ready_q <= in_range && !ready[index];
            beyond_q <= {1'b0, s_dw} >= DWS;
            enabled_q <= {{8{s_byte_enables[3]}}, {8{s_byte_enables[2]}}, {8{s_byte_enables[1]}},
                {8{s_byte_enables[0]}}};
            value_q <= s_data;
        end
        if (step_q[1]) begin
            row_q <= {data, write_mask, w1c_mask, pass};
            merged_q <= merged;
            store_q <= write_q && touches && !absent_q && !not_ready_q;
        end
        if (step_q[2]) begin
            if (absent_q)
                m_outcome <= UR;
            else if (not_ready_q)
                m_outcome <= CRS;
            else if (!row_q[0])
                m_outcome <= ANSWER;
            else
                m_outcome <= (write_q ? store_q : row_q[64:1] != '0) ? MIXED : PASS;
            m_mask <= row_q[64:33] | row_q[32:1];
            m_data <= row_q[0] ? row_q[96:65] & (row_q[64:33] | row_q[32:1]) : row_q[96:65];
        end
        if (rst)
            step_q <= '0;
    end
endmodule
