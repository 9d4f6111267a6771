// init.sv - tables that are loaded from the simulator's own files: every valid entry of the files is
// looked up in the modules that were given them as INIT, and has to be found there with its value,
// also behind a reset. Parameters name the files and say how many entries they have.
`include "tables.svh"
module tb;
    parameter UP = "";
    parameter DOWN = "";
    parameter ADDR = "";
    parameter N_UP = 2;
    parameter N_DOWN = 2;
    parameter N_ADDR = 2;
    localparam SRL_LOAD = 33; // cycles for an entry

    logic [pool_layout::ID_UP_W-1:0] up[0:N_UP-1];
    logic [pool_layout::ID_DOWN_W-1:0] down[0:N_DOWN-1];
    logic [pool_layout::ADDR_MAP_W-1:0] addr[0:N_ADDR-1];
    logic clk = 1'b0;
    logic rst = 1'b1;
    logic valid = 1'b0;
    logic [11:0] port = '0;
    logic [15:0] rid = '0;
    logic [63:0] address = '0;
    wire up_valid, up_hit, srl_valid, srl_hit, down_valid, down_hit, addr_valid, addr_hit;
    wire [43:0] up_value, srl_value, down_value;
    wire [11:0] addr_port;
    wire [15:0] addr_fn;
    wire [63:0] addr_address;
    wire [3:0] refused;
    integer found = 0;
    integer wanted = 0;

    initial $readmemh(UP, up);
    initial $readmemh(DOWN, down);
    initial $readmemh(ADDR, addr);
    always #1 clk = ~clk;

    id_map #(.ENTRIES(N_UP), .INIT(UP)) u_id_map (
        .clk, .rst, .en(1'b1), .s_valid(valid), .s_port(port), .s_rid(rid), .m_valid(up_valid),
        .m_hit(up_hit), .m_port(up_value[43:32]), .m_rid(up_value[31:16]), .m_fn(up_value[15:0]),
        .w_valid(1'b0), .w_index({$clog2(N_UP){1'b0}}), .w_entry({pool_layout::ID_UP_W{1'b0}}),
        .w_refused(refused[0])
    );
    id_map_srl #(.ENTRIES(N_UP), .INIT(UP)) u_id_map_srl (
        .clk, .rst, .en(1'b1), .s_valid(valid), .s_port(port), .s_rid(rid), .m_valid(srl_valid),
        .m_hit(srl_hit), .m_port(srl_value[43:32]), .m_rid(srl_value[31:16]),
        .m_fn(srl_value[15:0]), .w_valid(1'b0), .w_index({$clog2(N_UP){1'b0}}),
        .w_entry({pool_layout::ID_UP_W{1'b0}}), .w_refused(refused[1])
    );
    id_down #(.ENTRIES(N_DOWN), .INIT(DOWN)) u_id_down (
        .clk, .rst, .en(1'b1), .s_valid(valid), .s_port(port), .s_rid(rid), .m_valid(down_valid),
        .m_hit(down_hit), .m_port(down_value[43:32]), .m_rid(down_value[31:16]),
        .m_fn(down_value[15:0]), .w_valid(1'b0), .w_index({$clog2(N_DOWN){1'b0}}),
        .w_entry({pool_layout::ID_DOWN_W{1'b0}}), .w_refused(refused[2])
    );
    addr_map #(.ENTRIES(N_ADDR), .INIT(ADDR)) u_addr_map (
        .clk, .rst, .en(1'b1), .s_valid(valid), .s_port(port), .s_address(address),
        .m_valid(addr_valid), .m_hit(addr_hit), .m_port(addr_port), .m_fn(addr_fn),
        .m_address(addr_address), .w_valid(1'b0), .w_index({$clog2(N_ADDR){1'b0}}),
        .w_entry({pool_layout::ADDR_MAP_W{1'b0}}), .w_refused(refused[3])
    );

    task look_up;
        begin
            @(negedge clk) valid = 1'b1;
            @(negedge clk) valid = 1'b0;
            @(negedge clk) wanted = wanted + 1;
        end
    endtask

    task all_tables;
        integer i;
        begin
            for (i = 0; i < N_UP; i = i + 1)
                if (up[i][`ID_UP_VALID]) begin
                    port = up[i][`ID_UP_KEY_PORT];
                    rid = up[i][`ID_UP_KEY_RID];
                    look_up;
                    if (up_hit === 1'b1 && srl_hit === 1'b1 && up_value === srl_value
                        && up_value === {up[i][`ID_UP_PORT], up[i][`ID_UP_RID],
                            up[i][`ID_UP_FUNCTION]})
                        found = found + 1;
                end
            for (i = 0; i < N_DOWN; i = i + 1)
                if (down[i][`ID_DOWN_VALID]) begin
                    port = down[i][`ID_DOWN_KEY_PORT];
                    rid = down[i][`ID_DOWN_KEY_RID];
                    look_up;
                    if (down_hit === 1'b1 && down_value === {down[i][`ID_DOWN_PORT],
                        down[i][`ID_DOWN_RID], down[i][`ID_DOWN_FUNCTION]})
                        found = found + 1;
                end
            for (i = 0; i < N_ADDR; i = i + 1)
                if (addr[i][`ADDR_MAP_VALID]) begin
                    port = addr[i][`ADDR_MAP_KEY_PORT];
                    address = addr[i][`ADDR_MAP_KEY_BASE] + 64'h7fc;
                    look_up;
                    if (addr_hit === 1'b1 && addr_port === addr[i][`ADDR_MAP_PORT]
                        && addr_fn === addr[i][`ADDR_MAP_FUNCTION]
                        && addr_address === addr[i][`ADDR_MAP_BASE] + 64'h7fc)
                        found = found + 1;
                end
        end
    endtask

    integer run;
    initial begin
        for (run = 0; run < 2; run = run + 1) begin
            rst = 1'b1;
            repeat (3) @(negedge clk);
            rst = 1'b0;
            repeat (N_UP * SRL_LOAD + 4) @(negedge clk);
            all_tables;
        end
        $display("%0d of %0d entries found", found, wanted);
        $finish;
    end
endmodule
