// lent_ids.sv - the RIDs of every device port's VFs that are lent, for the host ports: what an Owner
// sends by ID to one of them is refused (C twin: the look-ups by id_map_find of
// src/fabric/switch_config.c and switch_lookup.c that ask for nothing but a hit). It keeps the keys
// of the writes that the id_up tables accept.
// Combinational on registers, latency 0; one query per host port and cycle.
// Write visibility: from the next cycle on. Reset state: empty.
`include "tables.svh"
module lent_ids #(
    parameter UP = 2, // queries: host ports
    parameter DOWN = 2, // device ports; the first one's number is UP
    parameter ENTRIES = 16, // of a device port, 2 or more
    localparam INDEX_W = $clog2(ENTRIES)
) (
    input logic clk,
    input logic rst,
    input logic [UP*12-1:0] s_port,
    input logic [UP*16-1:0] s_rid,
    output logic [UP-1:0] m_lent,
    input logic [DOWN-1:0] w_valid, // accepted by the id_up table of that device port
    input logic [INDEX_W-1:0] w_index,
    /* verilator lint_off UNUSEDSIGNAL */
    input logic [pool_layout::ID_UP_W-1:0] w_entry
    /* verilator lint_on UNUSEDSIGNAL */
);
    logic [DOWN*ENTRIES-1:0] valid_q;
    logic [DOWN*ENTRIES*16-1:0] rids;
    logic [UP*DOWN*ENTRIES-1:0] same;

    for (genvar d = 0; d < DOWN; d++) begin : gen_port
        for (genvar i = 0; i < ENTRIES; i++) begin : gen_entry
            logic [15:0] rid_q;
            wire here = w_valid[d] && w_index == i;

            assign rids[(d*ENTRIES+i)*16+:16] = rid_q;
            always_ff @(posedge clk) begin
                if (here) begin
                    rid_q <= w_entry[`ID_UP_KEY_RID];
                    valid_q[d*ENTRIES+i] <=
                        w_entry[`ID_UP_VALID] && w_entry[`ID_UP_KEY_PORT] == UP + d;
                end
                if (rst)
                    valid_q[d*ENTRIES+i] <= 1'b0;
            end
        end
    end

    for (genvar u = 0; u < UP; u++) begin : gen_query
        for (genvar d = 0; d < DOWN; d++) begin : gen_of_port
            for (genvar i = 0; i < ENTRIES; i++) begin : gen_same
                assign same[(u*DOWN+d)*ENTRIES+i] = valid_q[d*ENTRIES+i]
                    && s_port[u*12+:12] == UP + d
                    && rids[(d*ENTRIES+i)*16+:16] == s_rid[u*16+:16];
            end
        end
        assign m_lent[u] = same[u*DOWN*ENTRIES+:DOWN*ENTRIES] != '0;
    end
endmodule
