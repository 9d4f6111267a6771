// addr_map.sv - downstream address map of a host port (C twin: src/pool/addr_map.c; paper Fig. 8):
// naturally aligned power-of-two ranges of the User to those of the Owner. An entry is one host port's.
// Latency 2 cycles: range compare, then select. One look-up per cycle; the stages move with en.
// Write visibility: as id_map. A write is refused (w_refused, combinational) and changes nothing when
// the range overlaps another entry's, a base is not a multiple of the size, or log2 of the size is
// below 12; so at most one entry matches.
// Reset state: no look-up under way. Entries are empty, or what INIT says, which a reset keeps.
`include "tables.svh"
module addr_map #(
    parameter ENTRIES = 16, // 2 or more
    parameter INIT = "", // .memh with all entries
    localparam INDEX_W = $clog2(ENTRIES)
) (
    input logic clk,
    input logic rst,
    input logic en,
    input logic s_valid,
    input logic [11:0] s_port,
    input logic [63:0] s_address,
    output logic m_valid,
    output logic m_hit,
    output logic [11:0] m_port,
    output logic [15:0] m_fn,
    output logic [63:0] m_address, // in the Owner's domain
    input logic w_valid,
    input logic [INDEX_W-1:0] w_index,
    input logic [pool_layout::ADDR_MAP_W-1:0] w_entry,
    output logic w_refused
);
    localparam VALUE_W = 12 + 16 + 52 + 52; // port, function, base and mask of the size from bit 12 on

    logic [pool_layout::ADDR_MAP_W-1:0] mem[0:ENTRIES-1];
    logic [ENTRIES-1:0] blank_q; // the entry has not been written since the table was emptied
    logic [ENTRIES-1:0] same, clash, kill, match_q;
    logic [ENTRIES*VALUE_W-1:0] values;
    logic [VALUE_W-1:0] value;
    logic [63:0] address1_q;
    logic valid1_q, valid2_q;

    initial if (INIT != "") $readmemh(INIT, mem);

    // Ones where addresses of a range of that size differ from its base, from bit 12 on.
    wire [63:0] w_ones = ~(64'hffff_ffff_ffff_ffff << w_entry[`ADDR_MAP_KEY_LOG2_BYTES]);
    wire [51:0] w_inside = w_ones[63:12];
    wire [63:0] w_user = w_entry[`ADDR_MAP_KEY_BASE];
    wire [63:0] w_owner = w_entry[`ADDR_MAP_BASE];
    wire unaligned = w_entry[`ADDR_MAP_KEY_LOG2_BYTES] < 12 || ((w_user | w_owner) & w_ones) != '0;

    for (genvar i = 0; i < ENTRIES; i++) begin : gen_entry
        wire [pool_layout::ADDR_MAP_W-1:0] entry = mem[i];
        wire holds = entry[`ADDR_MAP_VALID] && !blank_q[i];
        wire here = w_index == i;
        /* verilator lint_off UNUSEDSIGNAL */
        wire [63:0] user = entry[`ADDR_MAP_KEY_BASE];
        wire [63:0] owner = entry[`ADDR_MAP_BASE];
        wire [63:0] ones = ~(64'hffff_ffff_ffff_ffff << entry[`ADDR_MAP_KEY_LOG2_BYTES]);
        /* verilator lint_on UNUSEDSIGNAL */
        wire [51:0] inside_range = ones[63:12];

        assign same[i] = holds && entry[`ADDR_MAP_KEY_PORT] == s_port
            && ((user[63:12] ^ s_address[63:12]) & ~inside_range) == '0;
        // Of two ranges that overlap one holds the other: they agree where both have fixed bits.
        assign clash[i] = holds && !here
            && entry[`ADDR_MAP_KEY_PORT] == w_entry[`ADDR_MAP_KEY_PORT]
            && ((user[63:12] ^ w_user[63:12]) & ~inside_range & ~w_inside) == '0;
        assign kill[i] = w_valid && here && !w_refused;
        assign values[i*VALUE_W+:VALUE_W] =
            {entry[`ADDR_MAP_PORT], entry[`ADDR_MAP_FUNCTION], owner[63:12], inside_range};
    end

    wire [ENTRIES-1:0] live = match_q & ~kill;

    always_comb begin
        value = '0;
        for (int i = 0; i < ENTRIES; i++)
            value = value | ({VALUE_W{match_q[i]}} & values[i*VALUE_W+:VALUE_W]);
    end

    assign w_refused = w_valid && w_entry[`ADDR_MAP_VALID] && (unaligned || clash != '0);
    assign m_valid = valid2_q;

    always_ff @(posedge clk) begin
        if (en) begin
            valid1_q <= s_valid;
            valid2_q <= valid1_q;
            match_q <= same & ~kill;
            address1_q <= s_address;
            m_hit <= live != '0;
            m_port <= value[131:120];
            m_fn <= value[119:104];
            m_address <= {value[103:52] | (address1_q[63:12] & value[51:0]), address1_q[11:0]};
        end else
            match_q <= live;
        if (w_valid && !w_refused) begin
            mem[w_index] <= w_entry;
            blank_q <= blank_q & ~kill;
        end
        if (rst) begin
            valid1_q <= 1'b0;
            valid2_q <= 1'b0;
            blank_q <= {ENTRIES{INIT == ""}};
        end
    end
endmodule
