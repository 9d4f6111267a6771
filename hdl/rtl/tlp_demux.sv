// tlp_demux.sv - one stream to one of several, TLP by TLP.
// Combinational, latency 0; one beat per cycle. s_to (one-hot) is looked at with the first beat and
// kept for the others of its TLP; a first beat with s_to 0 and its TLP are taken and go nowhere.
// Reset state: between TLPs.
module tlp_demux #(
    parameter N = 2 // outputs
) (
    input logic clk,
    input logic rst,
    input logic s_valid,
    output logic s_ready,
    input logic s_eop,
    input logic [N-1:0] s_to,
    output logic [N-1:0] m_valid,
    input logic [N-1:0] m_ready
);
    logic inside_q; // a TLP has begun and not ended
    logic [N-1:0] to_q;

    wire [N-1:0] to = inside_q ? to_q : s_to;

    assign m_valid = s_valid ? to : '0;
    assign s_ready = to == '0 || (to & m_ready) != '0;

    always_ff @(posedge clk) begin
        if (s_valid && s_ready) begin
            inside_q <= !s_eop;
            to_q <= to;
        end
        if (rst)
            inside_q <= 1'b0;
    end

`ifdef FORMAL
    logic past = 1'b0;
    (* anyconst *) logic [N-1:0] constant_to;
    logic began_constant; // the TLP under way began with constant_to

    always_ff @(posedge clk) begin
        past <= 1'b1;
        if (s_valid && s_ready && !inside_q)
            began_constant <= s_to == constant_to;
    end
    always_comb begin
        assume ((s_to & (s_to - 1'b1)) == '0);
        assume ((constant_to & (constant_to - 1'b1)) == '0);
        if (!past)
            assume (rst);
        else begin
            // Every beat of a TLP goes where its first one went.
            if (inside_q && began_constant)
                assert (to_q == constant_to);
            if (s_valid && inside_q && began_constant)
                assert (m_valid == constant_to);
            assert (!s_valid || s_ready || (m_valid & ~m_ready) == m_valid);
            cover (inside_q && began_constant && constant_to == 1 && s_valid && s_ready && s_eop);
        end
    end
`endif
endmodule
