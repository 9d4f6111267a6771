// tlp_mux.sv - several streams into one, TLP by TLP, round robin (rr_arb).
// Latency 1 cycle (a register at the output); one beat per cycle, without a gap between TLPs.
// s_ready is combinational: it names the stream whose beat is taken. A stream that has begun keeps
// the output until its last beat. Reset state: empty, stream 0 goes first.
module tlp_mux #(
    parameter N = 2, // streams, 2 or more
    parameter W = 8 // bits of a beat with its sidebands, without eop
) (
    input logic clk,
    input logic rst,
    input logic [N-1:0] s_valid,
    output logic [N-1:0] s_ready,
    input logic [N-1:0] s_eop,
    input logic [N*W-1:0] s_beat,
    output logic m_valid,
    input logic m_ready,
    output logic m_eop,
    output logic [W-1:0] m_beat
);
    logic valid_q, eop_q;
    logic [W-1:0] beat_q;
    logic [N-1:0] lock_q; // the stream that has begun a TLP and not ended it, one-hot
    logic [N-1:0] grant;
    logic [W-1:0] beat_d;

    wire locked = lock_q != '0;
    wire open = m_ready || !valid_q;
    wire [N-1:0] chosen = locked ? lock_q : grant;
    wire [N-1:0] take = open ? chosen & s_valid : '0;

    rr_arb #(.N(N)) u_arb (
        .clk,
        .rst,
        .req(s_valid),
        .take(open && !locked),
        .grant
    );

    always_comb begin
        beat_d = '0;
        for (int i = 0; i < N; i++)
            beat_d = beat_d | ({W{chosen[i]}} & s_beat[i*W+:W]);
    end

    assign s_ready = take;
    assign m_valid = valid_q;
    assign m_eop = eop_q;
    assign m_beat = beat_q;

    always_ff @(posedge clk) begin
        if (open) begin
            valid_q <= take != '0;
            eop_q <= (chosen & s_eop) != '0;
            beat_q <= beat_d;
            if (take != '0)
                lock_q <= take & ~s_eop;
        end
        if (rst) begin
            valid_q <= 1'b0;
            lock_q <= '0;
        end
    end

`ifdef FORMAL
    (* anyconst *) logic [3:0] watched;
    logic past = 1'b0;
    logic [3:0] in_count, out_count;
    logic [W-1:0] watched_beat;

    always_ff @(posedge clk) begin
        past <= 1'b1;
        if (rst) begin
            in_count <= '0;
            out_count <= '0;
        end else begin
            if (take != '0) begin
                in_count <= in_count + 4'd1;
                if (in_count == watched)
                    watched_beat <= beat_d;
            end
            if (m_valid && m_ready)
                out_count <= out_count + 4'd1;
        end
    end

    always_comb begin
        if (!past)
            assume (rst);
        else begin
            assert ((lock_q & (lock_q - 1'b1)) == '0);
            assert ((take & ~s_valid) == '0);
            assert ((take & (take - 1'b1)) == '0);
            if (locked)
                assert (take == '0 || take == lock_q);
            assert (in_count - out_count == {3'd0, valid_q});
            if (valid_q)
                assert (locked == !eop_q);
            if (valid_q && out_count == watched)
                assert (beat_q == watched_beat);
            cover (out_count == 4'd2 && locked);
        end
    end
`endif
endmodule
