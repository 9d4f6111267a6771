// block_ram.v - what a Xilinx block RAM does, of which Yosys' cells have pins only: the one mode that
// synthesis gives the twin, simple dual port of full width, 512 words of 64 bits and 8 parity bits,
// read on port A, written on B. Where both meet, READ_FIRST gives the old data, and WRITE_FIRST what
// nobody may rely on: here the old data's complement. Contents at the start are not modelled; a netlist
// that sets them does not compile.
module RAMB36E1 #(
    parameter RAM_MODE = "TDP",
    parameter READ_WIDTH_A = 0,
    parameter READ_WIDTH_B = 0,
    parameter WRITE_WIDTH_A = 0,
    parameter WRITE_WIDTH_B = 0,
    parameter WRITE_MODE_A = "WRITE_FIRST",
    parameter WRITE_MODE_B = "WRITE_FIRST",
    parameter DOA_REG = 0,
    parameter DOB_REG = 0,
    parameter SRVAL_A = 0,
    parameter SRVAL_B = 0
) (
    input CLKARDCLK,
    input ENARDEN,
    input [15:0] ADDRARDADDR,
    output [31:0] DOADO,
    output [31:0] DOBDO,
    output [3:0] DOPADOP,
    output [3:0] DOPBDOP,
    input CLKBWRCLK,
    input ENBWREN,
    input [7:0] WEBWE,
    input [15:0] ADDRBWRADDR,
    input [31:0] DIADI,
    input [31:0] DIBDI,
    input [3:0] DIPADIP,
    input [3:0] DIPBDIP,
    input [3:0] WEA,
    input REGCEAREGCE,
    input REGCEB,
    input RSTRAMARSTRAM,
    input RSTRAMB,
    input RSTREGARSTREG,
    input RSTREGB
);
    reg [71:0] mem[0:511];
    reg [71:0] out_q;
    integer i;

    wire [71:0] old = mem[ADDRARDADDR[14:6]];
    wire meet = ENBWREN && WEBWE != 8'd0 && ADDRARDADDR[14:6] == ADDRBWRADDR[14:6];

    assign {DOPBDOP, DOPADOP, DOBDO, DOADO} = out_q;

    always @(posedge CLKARDCLK)
        if (ENARDEN)
            out_q <= meet && WRITE_MODE_B != "READ_FIRST" ? ~old : old;

    always @(posedge CLKBWRCLK)
        for (i = 0; i < 8; i = i + 1)
            if (ENBWREN && WEBWE[i]) begin
                mem[ADDRBWRADDR[14:6]][i*8+:8] <= i < 4 ? DIADI[i%4*8+:8] : DIBDI[i%4*8+:8];
                mem[ADDRBWRADDR[14:6]][64+i] <= i < 4 ? DIPADIP[i%4] : DIPBDIP[i%4];
            end

    initial
        if (RAM_MODE != "SDP" || READ_WIDTH_A != 72 || WRITE_WIDTH_B != 72 || DOA_REG != 0
            || WRITE_MODE_B == "NO_CHANGE") begin
            $display("RAMB36E1: a mode that block_ram.v does not have");
            $finish;
        end
endmodule
