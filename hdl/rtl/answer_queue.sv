// answer_queue.sv - what the switch itself sends at a port: answers to requests that came in there, and
// TLPs of its own, of one beat with one dword of data at most. Answers stay in order, and go before
// a TLP of its own that comes in the same cycle.
// Latency 0 when empty. One TLP in and one out per cycle. s_ready is a register's; valid never waits
// for ready. Reset state: empty.
`include "tlp_header.svh"
module answer_queue #(
    parameter DEPTH = 8 // 2 or more
) (
    input logic clk,
    input logic rst,
    input logic s_valid,
    output logic s_ready,
    input logic [127:0] s_hdr,
    input logic [31:0] s_data,
    input logic own_valid,
    output logic own_ready,
    input logic [127:0] own_hdr,
    input logic [31:0] own_data,
    output logic m_valid,
    input logic m_ready,
    output logic [127:0] m_hdr,
    output logic [31:0] m_data,
    output logic [1:0] m_class,
    output logic m_has_data
);
    localparam INDEX_W = $clog2(DEPTH);

    logic [159:0] mem[0:DEPTH-1];
    logic [INDEX_W-1:0] first_q, next_q;
    logic [INDEX_W:0] count_q;

    wire empty = count_q == '0;
    wire full = count_q == (INDEX_W+1)'(DEPTH);
    wire [159:0] comes = s_valid ? {s_data, s_hdr} : {own_data, own_hdr};
    wire in = (s_valid || own_valid) && !full;
    wire out = m_valid && m_ready;
    wire push = in && !(empty && m_ready);
    wire pop = out && !empty;

    assign s_ready = !full;
    assign own_ready = !full && !s_valid;
    assign m_valid = !empty || s_valid || own_valid;
    assign {m_data, m_hdr} = empty ? comes : mem[first_q];
    assign m_has_data = m_hdr[`TLP_FMT_DATA];
    always_comb begin
        if (m_hdr[124:121] == 4'b0101) // Cpl, CplD and the locked ones
            m_class = `CLASS_COMPLETION;
        else if (m_hdr[124:123] == 2'b10 || (m_hdr[`TLP_TYPE] == '0 && m_has_data))
            m_class = `CLASS_POSTED;
        else
            m_class = `CLASS_NONPOSTED;
    end

    always_ff @(posedge clk)
        if (push)
            mem[next_q] <= comes;

    always_ff @(posedge clk) begin
        if (push)
            next_q <= next_q == INDEX_W'(DEPTH - 1) ? '0 : next_q + 1'b1;
        if (pop)
            first_q <= first_q == INDEX_W'(DEPTH - 1) ? '0 : first_q + 1'b1;
        count_q <= count_q + (INDEX_W+1)'(push) - (INDEX_W+1)'(pop);
        if (rst) begin
            next_q <= '0;
            first_q <= '0;
            count_q <= '0;
        end
    end
endmodule
