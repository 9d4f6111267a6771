    // The clock and the end of the run; with +wave_from=N all signals from cycle N on go to +wave=FILE.
    longint cycle = 0;
    longint wave_from = -1;
    string wave;
`ifdef VERILATOR
    import "DPI-C" function void lockstep_exit(input int status);
`endif
    initial begin
        if (!$value$plusargs("wave=%s", wave))
            wave = "lockstep.fst";
        if (!$value$plusargs("wave_from=%d", wave_from))
            wave_from = -1;
        $dumpfile(wave); // not beside $dumpvars, which Verilator would put in front of it
    end
    always @(posedge clk) begin
        cycle <= cycle + 1;
        if (cycle == wave_from)
            $dumpvars;
        if (failed != 0) begin
`ifdef VERILATOR
            lockstep_exit(1);
`else
            $display("FAILED");
`endif
            $finish; // closes the waves
        end else if (&done)
            $finish;
    end
