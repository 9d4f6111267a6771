// rr_arb.sv - round-robin arbiter (C twin: ARB_KIND_ROUND_ROBIN of src/fabric/arb.c).
// The grant is the first requester from the pointer on, around once: combinational, latency 0. The
// pointer moves behind the granted requester in the cycle in which take says that the grant was
// taken. One grant per cycle. Reset state: requester 0 goes first.
module rr_arb #(
    parameter N = 4 // requesters, 2 or more
) (
    input logic clk,
    input logic rst,
    input logic [N-1:0] req,
    input logic take,
    output logic [N-1:0] grant // one-hot, or 0 when nobody requests
);
    // Requesters at or behind the pointer: a thermometer code.
    logic [N-1:0] behind_q;

    wire [N-1:0] first = req & behind_q;
    wire [N-1:0] pool = first != '0 ? first : req;

    assign grant = pool & (~pool + 1'b1);

    always_ff @(posedge clk) begin
        if (take && grant != '0)
            // All above the granted one; behind the last one comes requester 0.
            behind_q <= grant[N-1] ? '1 : ~(grant | (grant - 1'b1));
        if (rst)
            behind_q <= '1;
    end

`ifdef FORMAL
    // Fair: between two grants taken by others, a waiting requester comes nearer; after N - 1 grants
    // taken it is granted.
    logic past = 1'b0;
    (* anyconst *) logic [$clog2(N)-1:0] who;
    logic [$clog2(N+1)-1:0] passed; // grants taken by others since who requests

    always_ff @(posedge clk) begin
        past <= 1'b1;
        if (rst || !req[who] || (take && grant[who]))
            passed <= '0;
        else if (take && grant != '0)
            passed <= passed + 1'b1;
    end

    // How many requesters stand between the pointer and who, seen around.
    logic [$clog2(N+1)-1:0] ahead;
    always_comb begin
        ahead = '0;
        for (int i = 0; i < N; i++)
            if (behind_q[who] ? (behind_q[i] && i < who) : (behind_q[i] || i < who))
                ahead = ahead + 1'b1;
    end

    always_comb begin
        if (!past)
            assume (rst);
        else begin
            assume (who < N);
            assert ((grant & (grant - 1'b1)) == '0);
            assert ((grant & ~req) == '0);
            assert ((grant != '0) == (req != '0));
            assert (behind_q[N-1]);
            assert (((~behind_q) & (~behind_q + 1'b1)) == '0);
            assert (passed + ahead <= N - 1);
            if (req[who] && passed == N - 1)
                assert (grant[who]);
            cover (passed == N - 1);
        end
    end
`endif
endmodule
