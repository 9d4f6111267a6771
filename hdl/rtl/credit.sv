// credit.sv - transmitter side of flow control of one egress port and VC (C twin: src/pcie/credit.h;
// Base Spec 2.6.1): six modulo counter pairs, header and data units of three classes.
// The gate is combinational on registers (latency 0): allow[q] says whether the TLP that query q
// describes may start. Consumption and UpdateFC count from the next cycle on (latency 1); in a
// cycle one TLP starts, and one UpdateFC of each class comes. InitFC with 0 units means infinite. Reset state: no credits, nothing may start.
`include "tlp_header.svh"
module credit #(
    parameter QUERIES = 4
) (
    input logic clk,
    input logic rst,
    // InitFC of one class.
    input logic init_valid,
    input logic [1:0] init_class,
    input logic [7:0] init_header,
    input logic [11:0] init_data,
    // UpdateFC, [class]: the receiver has freed so much.
    input logic [2:0] update_valid,
    input logic [3*8-1:0] update_header,
    input logic [3*12-1:0] update_data,
    // A TLP starts: one header and so many data units.
    input logic take_valid,
    input logic [1:0] take_class,
    input logic [11:0] take_data,
    input logic [QUERIES*2-1:0] query_class,
    input logic [QUERIES*12-1:0] query_data,
    output logic [QUERIES-1:0] allow
);
    logic [2:0] data_free; // infinite
    logic [35:0] data_room;
    logic [2:0] one; // a header credit is there

    for (genvar c = 0; c < 3; c++) begin : gen_class
        logic [7:0] header_limit_q, header_used_q;
        logic [11:0] data_limit_q, data_used_q;
        logic header_free_q, data_free_q;

        wire is_init = init_valid && init_class == c;
        wire is_update = update_valid[c];
        wire is_take = take_valid && take_class == c;

        assign data_room[c*12+:12] = data_limit_q - data_used_q;
        assign data_free[c] = data_free_q;
        assign one[c] = header_free_q || header_limit_q != header_used_q;

        always_ff @(posedge clk) begin
            if (is_update) begin
                header_limit_q <= header_limit_q + update_header[c*8+:8];
                data_limit_q <= data_limit_q + update_data[c*12+:12];
            end
            if (is_take) begin
                header_used_q <= header_used_q + 8'd1;
                data_used_q <= data_used_q + take_data;
            end
            if (is_init || rst) begin
                header_limit_q <= rst ? '0 : init_header;
                data_limit_q <= rst ? '0 : init_data;
                header_used_q <= '0;
                data_used_q <= '0;
                header_free_q <= !rst && init_header == '0;
                data_free_q <= !rst && init_data == '0;
            end
        end
    end

    for (genvar q = 0; q < QUERIES; q++) begin : gen_query
        wire [11:0] units = query_data[q*12+:12];
        wire [2:0] enough = {
            data_free[2] || units <= data_room[35:24],
            data_free[1] || units <= data_room[23:12],
            data_free[0] || units <= data_room[11:0]
        };
        wire [2:0] may = one & enough;
        wire [1:0] class_of = query_class[q*2+:2];

        assign allow[q] = class_of == `CLASS_POSTED ? may[0]
            : class_of == `CLASS_NONPOSTED ? may[1] : may[2];
    end

`ifdef FORMAL
    // For any one class: the credits left never become negative, when TLPs start only as allowed and
    // the receiver grants no more than 2.6.1 lets it (127 header and 2047 data units). A negative
    // number would show in the counters' upper half.
    (* anyconst *) logic [1:0] watched;
    logic past = 1'b0;
    logic ready_q; // InitFC has been there

    always_ff @(posedge clk) begin
        past <= 1'b1;
        if (rst)
            ready_q <= 1'b0;
        else if (init_valid && init_class == watched)
            ready_q <= 1'b1;
    end

    for (genvar c = 0; c < 3; c++) begin : gen_formal
        wire mine = watched == c;
        wire takes = take_valid && take_class == c;
        wire updates = update_valid[c];
        wire [7:0] headers = gen_class[c].header_limit_q - gen_class[c].header_used_q;
        wire [11:0] units = gen_class[c].data_limit_q - gen_class[c].data_used_q;

        always_comb begin
            if (mine && updates) begin
                assume (ready_q);
                assume (gen_class[c].header_free_q || headers + update_header[c*8+:8] < 9'd128);
                assume (gen_class[c].data_free_q || units + update_data[c*12+:12] < 13'd2048);
            end
            if (past && mine) begin
                assert (gen_class[c].header_free_q || headers < 8'd128);
                assert (gen_class[c].data_free_q || units < 12'd2048);
                if (takes) begin
                    assert (ready_q);
                    assert (gen_class[c].header_free_q || headers != '0);
                    assert (gen_class[c].data_free_q || take_data <= units);
                end
                if (!ready_q)
                    assert (!gen_class[c].header_free_q && headers == '0);
                cover (ready_q && !gen_class[c].header_free_q && headers == '0);
                cover (ready_q && gen_class[c].header_free_q && takes);
            end
        end
    end

    always_comb begin
        assume (watched < 3);
        assume (query_class[1:0] == take_class && query_data[11:0] == take_data);
        assume (!take_valid || allow[0]);
        assume (init_header < 8'd128 && init_data < 12'd2048);
        if (!past)
            assume (rst);
    end
`endif
endmodule
