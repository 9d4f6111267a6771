// route.sv - the Owner's part of a host port's look-up (C twin: src/pcie/route.c, and the addr_map
// of lent ranges): which device port a memory request goes to by the windows of the host's bridges,
// whether its address is a VF's that is lent away, and what is on the bus that a RID names.
// Latency 2 cycles, beside the other look-ups; the stages move with en.
// Write visibility: a write in cycle T is seen by results that are registered at the end of T, as
// what an Owner may reach must not outlast its entry. Windows must not overlap.
// Reset state: entries are empty, or what the INIT files say, which a reset keeps.
`include "tables.svh"
module route #(
    parameter WINDOWS = 4,
    parameter LENT = 8,
    parameter INIT_WINDOW = "", // .memh with all entries
    parameter INIT_BUS = "",
    parameter INIT_LENT = "",
    localparam WINDOW_W = WINDOWS > 1 ? $clog2(WINDOWS) : 1,
    localparam LENT_W = LENT > 1 ? $clog2(LENT) : 1
) (
    input logic clk,
    input logic rst,
    input logic en,
    /* verilator lint_off UNUSEDSIGNAL */
    input logic [63:0] s_address,
    /* verilator lint_on UNUSEDSIGNAL */
    input logic [7:0] s_bus,
    output logic m_window, // the address lies in a window
    output logic [11:0] m_window_port,
    output logic m_lent, // the address is lent away
    output logic m_bus, // somebody is on the bus
    output logic [pool_layout::BUS_W-1:0] m_bus_entry,
    input logic w_window,
    input logic [WINDOW_W-1:0] w_window_index,
    input logic w_bus,
    input logic [7:0] w_bus_index,
    input logic w_lent,
    input logic [LENT_W-1:0] w_lent_index,
    /* verilator lint_off UNUSEDSIGNAL */
    input logic [pool_layout::ADDR_MAP_W-1:0] w_entry
    /* verilator lint_on UNUSEDSIGNAL */
);
    logic [pool_layout::WINDOW_W-1:0] windows[0:WINDOWS-1];
    logic [pool_layout::ADDR_MAP_W-1:0] ranges[0:LENT-1];
    logic [pool_layout::BUS_W-1:0] buses[0:255];
    // The entry has not been written since the tables were emptied.
    logic [WINDOWS-1:0] window_blank_q;
    logic [LENT-1:0] lent_blank_q;
    logic [255:0] bus_blank_q;
    logic [51:0] page_q;
    logic [7:0] bus_q;
    logic [WINDOWS-1:0] in_window;
    logic [WINDOWS*12-1:0] ports;
    logic [LENT-1:0] lent;
    logic [11:0] port;

    initial if (INIT_WINDOW != "") $readmemh(INIT_WINDOW, windows);
    initial if (INIT_BUS != "") $readmemh(INIT_BUS, buses);
    initial if (INIT_LENT != "") $readmemh(INIT_LENT, ranges);

    for (genvar i = 0; i < WINDOWS; i++) begin : gen_window
        wire here = w_window && w_window_index == i;
        /* verilator lint_off UNUSEDSIGNAL */
        wire [pool_layout::WINDOW_W-1:0] entry =
            here ? w_entry[pool_layout::WINDOW_W-1:0] : windows[i];
        /* verilator lint_on UNUSEDSIGNAL */
        assign in_window[i] = entry[`WINDOW_VALID] && (here || !window_blank_q[i])
            && page_q >= entry[`WINDOW_KEY_BASE] && page_q <= entry[`WINDOW_KEY_LIMIT];
        assign ports[i*12+:12] = entry[`WINDOW_PORT] & {12{in_window[i]}};
    end

    always_comb begin
        port = '0;
        for (int i = 0; i < WINDOWS; i++)
            port = port | ports[i*12+:12];
    end

    for (genvar i = 0; i < LENT; i++) begin : gen_lent
        wire here = w_lent && w_lent_index == i;
        /* verilator lint_off UNUSEDSIGNAL */
        wire [pool_layout::ADDR_MAP_W-1:0] entry = here ? w_entry : ranges[i];
        wire [63:0] base = entry[`ADDR_MAP_KEY_BASE];
        wire [63:0] fixed = 64'hffff_ffff_ffff_ffff << entry[`ADDR_MAP_KEY_LOG2_BYTES];
        /* verilator lint_on UNUSEDSIGNAL */
        assign lent[i] = entry[`ADDR_MAP_VALID] && (here || !lent_blank_q[i])
            && ((base[63:12] ^ page_q) & fixed[63:12]) == '0;
    end

    wire same_bus = w_bus && w_bus_index == bus_q;
    wire [pool_layout::BUS_W-1:0] on_bus =
        same_bus ? w_entry[pool_layout::BUS_W-1:0] : buses[bus_q];

    always_ff @(posedge clk) begin
        if (w_window)
            windows[w_window_index] <= w_entry[pool_layout::WINDOW_W-1:0];
        if (w_bus)
            buses[w_bus_index] <= w_entry[pool_layout::BUS_W-1:0];
        if (w_lent)
            ranges[w_lent_index] <= w_entry;
    end

    always_ff @(posedge clk) begin
        if (en) begin
            page_q <= s_address[63:12];
            bus_q <= s_bus;
            m_window <= in_window != '0;
            m_window_port <= port;
            m_lent <= lent != '0;
            m_bus <= on_bus[`BUS_VALID] && (same_bus || !bus_blank_q[bus_q]);
            m_bus_entry <= on_bus;
        end
        if (w_window)
            window_blank_q[w_window_index] <= 1'b0;
        if (w_bus)
            bus_blank_q[w_bus_index] <= 1'b0;
        if (w_lent)
            lent_blank_q[w_lent_index] <= 1'b0;
        if (rst) begin
            window_blank_q <= {WINDOWS{INIT_WINDOW == ""}};
            bus_blank_q <= {256{INIT_BUS == ""}};
            lent_blank_q <= {LENT{INIT_LENT == ""}};
        end
    end
endmodule
