// tlp_skid.sv - a buffer of two beats that cuts the ready path.
// Latency 1 cycle. Throughput one beat per cycle. m_valid, m_beat and s_ready are registers.
// Reset state: empty, ready.
module tlp_skid #(
    parameter W = 8 // bits of a beat with its sop, eop and sidebands
) (
    input logic clk,
    input logic rst,
    input logic s_valid,
    output logic s_ready,
    input logic [W-1:0] s_beat,
    output logic m_valid,
    input logic m_ready,
    output logic [W-1:0] m_beat
);
    logic [W-1:0] first_q, second_q;
    logic valid_q, ready_q; // ready_q: the second place is free

    wire push = s_valid && ready_q;
    wire pop = m_ready || !valid_q;

    assign s_ready = ready_q;
    assign m_valid = valid_q;
    assign m_beat = first_q;

    always_ff @(posedge clk) begin
        if (pop) begin
            first_q <= ready_q ? s_beat : second_q;
            valid_q <= push || !ready_q;
            ready_q <= 1'b1;
        end else if (push) begin
            second_q <= s_beat;
            ready_q <= 1'b0;
        end
        if (rst) begin
            valid_q <= 1'b0;
            ready_q <= 1'b1;
        end
    end

`ifdef FORMAL
    // Nothing is lost, doubled or changed: what has gone in and not come out is what is held.
    logic past = 1'b0;
    logic [3:0] in_count, out_count;
    (* anyconst *) logic [3:0] watched;
    logic [W-1:0] watched_beat;
    wire [3:0] held = {3'd0, valid_q} + {3'd0, !ready_q};

    always_ff @(posedge clk) begin
        past <= 1'b1;
        if (rst) begin
            in_count <= '0;
            out_count <= '0;
        end else begin
            if (s_valid && s_ready) begin
                in_count <= in_count + 4'd1;
                if (in_count == watched)
                    watched_beat <= s_beat;
            end
            if (m_valid && m_ready)
                out_count <= out_count + 4'd1;
        end
    end

    always_comb begin
        if (!past)
            assume (rst);
        else begin
            assert (in_count - out_count == held);
            assert (valid_q || ready_q);
            if (valid_q && out_count == watched)
                assert (first_q == watched_beat);
            if (!ready_q && out_count + 4'd1 == watched)
                assert (second_q == watched_beat);
            cover (held == 2 && out_count == 4'd5);
        end
    end
`endif
endmodule
