// tlp_xbar.sv - crossbar: the cycle's decisions of src/fabric/switch_crossbar.c (iSLIP with one
// iteration).
// All egress ports choose on the state at the start of the cycle: a free one grants the first
// requesting ingress from its pointer on, among those that are not inside a TLP. An ingress that
// several have granted accepts the first egress from its own pointer on; the others try again in the
// next cycle. Both pointers move with an accepted grant only, behind the one taken.
// Grant 0 cycles (s_take is combinational), through 1 cycle (m_* are registers); one beat per cycle
// and port, without a gap between TLPs. A TLP holds its ingress and its egress until its last beat.
// Reset state: empty, port 0 goes first everywhere.
module tlp_xbar #(
    parameter PORTS = 4, // ingress as egress ports, 2 or more
    parameter W = 8 // bits of a beat with its sidebands, without eop
) (
    input logic clk,
    input logic rst,
    // [ingress * PORTS + egress]. Request: a first beat for that egress waits; inside a TLP: the
    // next beat is there. Take: that beat moves in this cycle; beat and eop of an ingress are those
    // of the egress taken, and may depend on s_take.
    input logic [PORTS*PORTS-1:0] s_req,
    output logic [PORTS*PORTS-1:0] s_take,
    input logic [PORTS-1:0] s_eop,
    input logic [PORTS*W-1:0] s_beat,
    output logic [PORTS-1:0] m_valid,
    input logic [PORTS-1:0] m_ready,
    output logic [PORTS-1:0] m_eop,
    output logic [PORTS*W-1:0] m_beat
);
    logic [PORTS-1:0] valid_q, eop_q;
    logic [PORTS*W-1:0] beat_q;
    logic [PORTS*PORTS-1:0] lock_q; // [ingress][egress]: inside a TLP
    logic [PORTS*PORTS-1:0] granted; // [ingress][egress]
    logic [PORTS*PORTS-1:0] accepted; // [ingress][egress]
    logic [PORTS*PORTS-1:0] to_egress; // s_take as [egress][ingress]
    logic [PORTS*PORTS-1:0] to_lock; // lock_q as [egress][ingress]

    wire [PORTS-1:0] open = m_ready | ~valid_q;

    assign m_valid = valid_q;
    assign m_eop = eop_q;
    assign m_beat = beat_q;

    for (genvar e = 0; e < PORTS; e++) begin : gen_egress
        logic [PORTS-1:0] req, grant, take;
        logic [W-1:0] beat;

        for (genvar i = 0; i < PORTS; i++) begin : gen_row
            assign req[i] = s_req[i*PORTS+e] && lock_q[i*PORTS+:PORTS] == '0;
            assign granted[i*PORTS+e] = open[e] && to_lock[e*PORTS+:PORTS] == '0 && grant[i];
            assign take[i] = accepted[i*PORTS+e];
            assign to_egress[e*PORTS+i] = s_take[i*PORTS+e];
            assign to_lock[e*PORTS+i] = lock_q[i*PORTS+e];
        end

        rr_arb #(.N(PORTS)) u_grant (
            .clk,
            .rst,
            .req,
            .take(take != '0),
            .grant
        );

        always_comb begin
            beat = '0;
            for (int i = 0; i < PORTS; i++)
                beat = beat | ({W{to_egress[e*PORTS+i]}} & s_beat[i*W+:W]);
        end

        always_ff @(posedge clk) begin
            if (open[e]) begin
                valid_q[e] <= to_egress[e*PORTS+:PORTS] != '0;
                eop_q[e] <= (to_egress[e*PORTS+:PORTS] & s_eop) != '0;
                beat_q[e*W+:W] <= beat;
            end
            if (rst)
                valid_q[e] <= 1'b0;
        end
    end

    for (genvar i = 0; i < PORTS; i++) begin : gen_ingress
        wire [PORTS-1:0] follow = lock_q[i*PORTS+:PORTS] & s_req[i*PORTS+:PORTS] & open;

        rr_arb #(.N(PORTS)) u_accept (
            .clk,
            .rst,
            .req(granted[i*PORTS+:PORTS]),
            .take(1'b1),
            .grant(accepted[i*PORTS+:PORTS])
        );

        assign s_take[i*PORTS+:PORTS] = accepted[i*PORTS+:PORTS] | follow;

        always_ff @(posedge clk) begin
            if (s_take[i*PORTS+:PORTS] != '0)
                lock_q[i*PORTS+:PORTS] <= s_eop[i] ? '0 : s_take[i*PORTS+:PORTS];
            if (rst)
                lock_q[i*PORTS+:PORTS] <= '0;
        end
    end

`ifdef FORMAL
    // For any one ingress and egress.
    (* anyconst *) logic [$clog2(PORTS)-1:0] i, e;
    (* anyconst *) logic [3:0] watched; // a beat of the egress, by number
    logic past = 1'b0;
    logic [3:0] in_count, out_count; // beats that the egress took and gave
    logic [W-1:0] watched_beat;
    logic [PORTS-1:0] taker, source_q; // of the egress: who gives a beat, who gave the last one
    logic middle_q; // the egress' last beat was not the last of its TLP
    wire [PORTS-1:0] mine = s_take[i*PORTS+:PORTS];
    wire [PORTS-1:0] my_lock = lock_q[i*PORTS+:PORTS];
    wire [PORTS-1:0] e_lock = to_lock[e*PORTS+:PORTS];
    logic [W-1:0] taken_beat;

    always_comb begin
        taken_beat = '0;
        taker = to_egress[e*PORTS+:PORTS];
        for (int k = 0; k < PORTS; k++)
            if (taker[k])
                taken_beat = s_beat[k*W+:W];
    end

    always_ff @(posedge clk) begin
        past <= 1'b1;
        if (rst) begin
            in_count <= '0;
            out_count <= '0;
            middle_q <= 1'b0;
            source_q <= '0;
        end else begin
            if (taker != '0) begin
                in_count <= in_count + 4'd1;
                source_q <= taker;
                middle_q <= (taker & s_eop) == '0;
                if (in_count == watched)
                    watched_beat <= taken_beat;
            end
            if (m_valid[e] && m_ready[e])
                out_count <= out_count + 4'd1;
        end
    end

    for (genvar k = 0; k < PORTS; k++) begin : gen_formal
        wire [PORTS-1:0] row = lock_q[k*PORTS+:PORTS];
        wire [PORTS-1:0] column = to_lock[k*PORTS+:PORTS];
        always_comb
            if (past) begin
                assert ((row & (row - 1'b1)) == '0);
                assert ((column & (column - 1'b1)) == '0);
            end
    end

    always_comb begin
        assume (i < PORTS && e < PORTS);
        if (!past)
            assume (rst);
        else begin
            // Nothing is taken that was not there; one beat per ingress and per egress.
            assert ((s_take & ~s_req) == '0);
            assert ((mine & (mine - 1'b1)) == '0);
            assert ((taker & (taker - 1'b1)) == '0);
            // A TLP that has begun keeps its way, and nobody comes in between.
            assert (middle_q == (e_lock != '0));
            if (middle_q) begin
                assert (source_q == e_lock);
                assert (taker == '0 || taker == source_q);
            end
            if (my_lock != '0)
                assert (mine == '0 || mine == my_lock);
            // What came in goes out, once, in order and unchanged.
            assert (in_count - out_count == {3'd0, valid_q[e]});
            if (valid_q[e] && out_count == watched)
                assert (beat_q[e*W+:W] == watched_beat);
            if (valid_q[e])
                assert (eop_q[e] == !middle_q);
            cover (out_count == 4'd2 && middle_q);
            cover (granted[i*PORTS+e] && mine != '0 && !mine[e]);
        end
    end
`endif
endmodule
