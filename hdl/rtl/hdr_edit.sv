// hdr_edit.sv - rewrites the header of a user packet (C twin: rewrite() of
// src/fabric/switch_lookup.c, on the wire format of src/pcie/tlp_header.c).
// Latency 1 cycle; one beat per cycle; moves with en. The edit fields are looked at with the first
// beat only; the header lanes of other beats pass as they are. An address that crosses 4 GiB changes
// the format between 3 and 4 dwords. Tags are those of configuration requests (DW1) and of
// completions (DW2). An edit clears TD: the digest, which travels outside of the stream, no longer
// holds for the header. Reset state: empty.
`include "tlp_header.svh"
module hdr_edit (
    input logic clk,
    input logic rst,
    input logic en,
    input logic s_valid,
    input logic s_sop,
    input logic s_eop,
    input logic [`TLP_BEAT_W-1:0] s_beat,
    // What is replaced; none: the header passes unchanged.
    input logic edit_source, // requester of requests, completer of completions: DW1
    input logic edit_target, // requester of completions, target of configuration requests: DW2
    input logic edit_address, // of memory requests and AtomicOps
    input logic edit_tag, // of configuration requests and completions
    input logic edit_type, // of configuration requests
    input logic [15:0] source,
    input logic [15:0] target,
    input logic [9:0] tag,
    input logic type_one,
    input logic [63:0] address, // its two low bits are those of the header (hint)
    output logic m_valid,
    output logic m_sop,
    output logic m_eop,
    output logic [`TLP_BEAT_W-1:0] m_beat
);
    logic valid_q;
    logic [127:0] hdr;

    wire is_completion = s_beat[124:121] == 4'b0101; // Cpl, CplD and the locked ones

    always_comb begin
        hdr = s_beat[127:0];
        if (s_sop) begin
            if (edit_source || edit_target || edit_address || edit_tag || edit_type)
                hdr[`TLP_TD] = 1'b0;
            if (edit_source)
                hdr[`TLP_REQUESTER] = source;
            if (edit_target)
                hdr[`TLP_TARGET] = target;
            if (edit_tag) begin
                hdr[`TLP_T9] = tag[9];
                hdr[`TLP_T8] = tag[8];
                if (is_completion)
                    hdr[`TLP_CPL_TAG] = tag[7:0];
                else
                    hdr[`TLP_TAG] = tag[7:0];
            end
            if (edit_type)
                hdr[`TLP_TYPE_ONE] = type_one;
            if (edit_address) begin
                hdr[`TLP_FMT_4DW] = address[63:32] != '0;
                hdr[`TLP_DW2] = address[63:32] != '0 ? address[63:32] : address[31:0];
                hdr[`TLP_DW3] = address[63:32] != '0 ? address[31:0] : '0;
            end
        end
    end

    assign m_valid = valid_q;

    always_ff @(posedge clk) begin
        if (en) begin
            valid_q <= s_valid;
            m_sop <= s_sop;
            m_eop <= s_eop;
            m_beat <= {s_beat[`TLP_BEAT_W-1:128], hdr};
        end
        if (rst)
            valid_q <= 1'b0;
    end
endmodule
