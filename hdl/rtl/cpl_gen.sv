// cpl_gen.sv - the completion without data that answers a refused non-posted request (C twin:
// answer_unsupported() of src/fabric/switch_lookup.c, on the wire format of src/pcie/tlp_header.c;
// Base Spec 2.2.9, 2.3.1.1). Byte count and lower address are those of table 2-39 for memory reads,
// and 4 and 0 for all other requests.
// Latency 1 cycle; one completion per cycle; a completion is one beat. s_ready is combinational.
// Reset state: empty.
`include "tlp_header.svh"
module cpl_gen (
    input logic clk,
    input logic rst,
    input logic s_valid,
    output logic s_ready,
    /* verilator lint_off UNUSEDSIGNAL */
    input logic [127:0] s_hdr, // of the request
    /* verilator lint_on UNUSEDSIGNAL */
    input logic [2:0] s_status, // UR, CRS or CA
    input logic [15:0] completer,
    output logic m_valid,
    input logic m_ready,
    output logic [127:0] m_hdr
);
    logic valid_q;
    logic [127:0] hdr_q;

    wire is_read = s_hdr[124:121] == 4'b0000 && !s_hdr[`TLP_FMT_DATA]; // MRd and MRdLk
    wire [9:0] length = s_hdr[`TLP_LENGTH];
    wire one_dw = length == 10'd1;
    wire [4:0] low = s_hdr[`TLP_FMT_4DW] ? s_hdr[6:2] : s_hdr[38:34]; // of the address

    // Under TH the enables are a steering tag, and all bytes are meant.
    wire steering = s_hdr[`TLP_TH];
    wire [3:0] first_be = steering ? 4'hf : s_hdr[`TLP_FIRST_BE];
    wire [3:0] last_be = steering ? 4'hf : s_hdr[`TLP_LAST_BE];
    wire [3:0] end_be = one_dw ? first_be : last_be;

    // Bytes before the first enabled one, and behind the last. None enabled: one byte, at 0.
    logic [1:0] before_first, after_last;
    always_comb begin
        casez (first_be)
            4'b???1: before_first = 2'd0;
            4'b??10: before_first = 2'd1;
            4'b?100: before_first = 2'd2;
            4'b1000: before_first = 2'd3;
            default: before_first = 2'd0;
        endcase
        casez (end_be)
            4'b1???: after_last = 2'd0;
            4'b01??: after_last = 2'd1;
            4'b001?: after_last = 2'd2;
            default: after_last = 2'd3;
        endcase
    end

    // 4096 is written as 0, as 1024 dwords are.
    wire [11:0] bytes = {length, 2'b00} - {10'd0, before_first} - {10'd0, after_last};

    logic [127:0] hdr;
    always_comb begin
        hdr = '0;
        hdr[127:120] = {3'b000, s_hdr[124:120] == 5'b00001 ? 5'b01011 : 5'b01010}; // CplLk, Cpl
        hdr[`TLP_T9] = s_hdr[`TLP_T9];
        hdr[`TLP_TC] = s_hdr[`TLP_TC];
        hdr[`TLP_T8] = s_hdr[`TLP_T8];
        // The requester's attributes come back; requests without them have zeros there.
        hdr[`TLP_IDO] = s_hdr[`TLP_IDO];
        hdr[`TLP_RO] = s_hdr[`TLP_RO];
        hdr[`TLP_NS] = s_hdr[`TLP_NS];
        hdr[`TLP_COMPLETER] = completer;
        hdr[`TLP_CPL_STATUS] = s_status;
        hdr[`TLP_CPL_BYTES] = is_read ? bytes : 12'd4;
        hdr[`TLP_CPL_REQUESTER] = s_hdr[`TLP_REQUESTER];
        hdr[`TLP_CPL_TAG] = s_hdr[`TLP_TAG];
        hdr[`TLP_CPL_LOWER] = is_read ? {low, before_first} : '0;
    end

    assign s_ready = m_ready || !valid_q;
    assign m_valid = valid_q;
    assign m_hdr = hdr_q;

    always_ff @(posedge clk) begin
        if (s_ready) begin
            valid_q <= s_valid;
            hdr_q <= hdr;
        end
        if (rst)
            valid_q <= 1'b0;
    end
endmodule
