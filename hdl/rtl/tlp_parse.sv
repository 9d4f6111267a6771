// tlp_parse.sv - what a header says, beside its beats (C twin: src/pcie/tlp_header.c, tlp_check.c).
// Latency 1 cycle: beat and findings are registered together; one beat per cycle; all of it moves
// with en. The findings of a TLP's first beat stand beside all of its beats. Reset state: empty.
// malformed: Fmt and Type are reserved or a prefix, the payload exceeds Max_Payload_Size, or a
// request breaks the rules of 2.2.4, 2.2.5 and 2.2.7 (4 KiB boundary, 64-bit format below 4 GiB, byte
// enables, AtomicOp operands, one-dword requests). The rules for message codes and for the byte
// counts of completions are left to the endpoints, as the specification allows.
`include "tlp_header.svh"
module tlp_parse (
    input logic clk,
    input logic rst,
    input logic en,
    input logic [2:0] mps, // Max_Payload_Size is 128 << mps bytes
    input logic s_valid,
    input logic s_sop,
    input logic s_eop,
    input logic [`TLP_BEAT_W-1:0] s_beat,
    output logic m_valid,
    output logic m_sop,
    output logic m_eop,
    output logic [`TLP_BEAT_W-1:0] m_beat,
    output logic [1:0] m_class, // enum tlp_class
    output logic [2:0] m_kind, // enum pool_kind
    output logic [1:0] m_route, // enum tlp_routing
    output logic m_has_data,
    output logic m_four_dw,
    output logic [10:0] m_length_dw, // 1..1024: payload, or what a read asks for
    output logic m_malformed
);
    localparam [4:0] TYPE_MEM = 5'b00000;
    localparam [4:0] TYPE_MEM_LK = 5'b00001;
    localparam [4:0] TYPE_IO = 5'b00010;
    localparam [4:0] TYPE_CFG0 = 5'b00100;
    localparam [4:0] TYPE_CFG1 = 5'b00101;
    localparam [4:0] TYPE_CPL = 5'b01010;
    localparam [4:0] TYPE_CPL_LK = 5'b01011;
    localparam [4:0] TYPE_FETCH_ADD = 5'b01100;
    localparam [4:0] TYPE_SWAP = 5'b01101;
    localparam [4:0] TYPE_CAS = 5'b01110;

    /* verilator lint_off UNUSEDSIGNAL */

    wire [127:0] hdr = s_beat[127:0];

    /* verilator lint_on UNUSEDSIGNAL */
    wire [4:0] kind_bits = hdr[`TLP_TYPE];
    wire has_data = hdr[`TLP_FMT_DATA];
    wire four_dw = hdr[`TLP_FMT_4DW];
    wire is_prefix = hdr[127];
    wire [9:0] length = hdr[`TLP_LENGTH];
    wire [10:0] length_dw = {length == '0, length};

    // ---- kind ----

    wire is_memory = kind_bits == TYPE_MEM || (kind_bits == TYPE_MEM_LK && !has_data);
    wire is_cas = kind_bits == TYPE_CAS;
    wire is_atomic =
        (kind_bits == TYPE_FETCH_ADD || kind_bits == TYPE_SWAP || is_cas) && has_data;
    wire is_io = kind_bits == TYPE_IO && !four_dw;
    wire is_config = (kind_bits == TYPE_CFG0 || kind_bits == TYPE_CFG1) && !four_dw;
    wire is_message = kind_bits[4:3] == 2'b10 && four_dw;
    wire is_completion = (kind_bits == TYPE_CPL || kind_bits == TYPE_CPL_LK) && !four_dw;
    wire known = !is_prefix
        && (is_memory || is_atomic || is_io || is_config || is_message || is_completion);
    wire posted = is_message || (is_memory && has_data);

    logic [2:0] kind;
    always_comb begin
        if (is_completion)
            kind = `POOL_COMPLETION;
        else if (is_config)
            kind = `POOL_CONFIG;
        else if (is_io)
            kind = `POOL_IO;
        else if (is_message)
            kind = `POOL_MESSAGE;
        else
            kind = is_memory && has_data ? `POOL_MEM_WRITE : `POOL_MEM_READ;
    end

    // ---- rules ----

    /* verilator lint_off UNUSEDSIGNAL */

    wire [31:0] low = four_dw ? hdr[`TLP_DW3] : hdr[`TLP_DW2];

    /* verilator lint_on UNUSEDSIGNAL */
    wire too_long = has_data && {3'd0, length_dw} > (14'd32 << mps);
    wire crosses_page = {2'b00, low[11:2]} + {1'b0, length_dw} > 12'd1024;
    wire below_4gib = four_dw && hdr[`TLP_DW2] == '0;
    wire bad_address = crosses_page || below_4gib;

    // Under TH the enables of a read are a steering tag, and all bytes are meant.
    wire steering = hdr[`TLP_TH] && !has_data;
    wire [3:0] first_be = steering ? 4'hf : hdr[`TLP_FIRST_BE];
    wire [3:0] last_be = steering ? (length_dw == 11'd1 ? 4'h0 : 4'hf) : hdr[`TLP_LAST_BE];
    wire reaches_up = (~first_be & (~first_be + 4'd1)) == '0;
    wire reaches_down = (last_be & (last_be + 4'd1)) == '0;
    logic bad_enables;
    always_comb begin
        if (length_dw == 11'd1)
            bad_enables = last_be != '0;
        else if (first_be == '0 || last_be == '0)
            bad_enables = 1'b1;
        else if (length_dw == 11'd2 && !low[2])
            bad_enables = 1'b0;
        else
            bad_enables = !reaches_up || !reaches_down;
    end

    logic bad_operand;
    always_comb begin
        bad_operand = 1'b1;
        case (length_dw)
            11'd1: bad_operand = is_cas;
            11'd2: bad_operand = !is_cas && low[2];
            11'd4: bad_operand = !is_cas || low[2];
            11'd8: bad_operand = !is_cas || low[3:2] != '0;
            default: bad_operand = 1'b1;
        endcase
    end

    wire bad_one_dw = hdr[`TLP_TC] != '0 || hdr[`TLP_RO] || hdr[`TLP_NS] || length_dw != 11'd1
        || hdr[`TLP_LAST_BE] != '0;

    wire malformed = !known || too_long || (is_memory && (bad_address || bad_enables))
        || (is_atomic && (bad_address || bad_operand)) || ((is_io || is_config) && bad_one_dw);

    // ---- registers ----

    logic valid_q;
    assign m_valid = valid_q;

    always_ff @(posedge clk) begin
        if (en) begin
            valid_q <= s_valid;
            m_sop <= s_sop;
            m_eop <= s_eop;
            m_beat <= s_beat;
            if (s_valid && s_sop) begin
                m_class <= posted ? `CLASS_POSTED
                    : is_completion ? `CLASS_COMPLETION : `CLASS_NONPOSTED;
                m_kind <= kind;
                m_route <= is_message ? `ROUTE_BY_MESSAGE
                    : is_config || is_completion ? `ROUTE_BY_ID : `ROUTE_BY_ADDRESS;
                m_has_data <= has_data;
                m_four_dw <= four_dw;
                m_length_dw <= length_dw;
                m_malformed <= malformed;
            end
        end
        if (rst)
            valid_q <= 1'b0;
    end
endmodule
