#!/bin/sh
# bench.sh - writes the test benches of the named families, and a top that runs them side by side, as SystemVerilog.
# Usage: hdl/tb/bench.sh FAMILY... >bench.sv
set -eu
tb=$(dirname "$0")
echo '`include "pool_layout.svh"'

for family; do
    ${CPP:-cpp} -P -w -undef -I"$tb/ports" -DTB="tb_$family" -DNAME="\"$family\"" -DPORT_LIST="\"$family.def\"" \
        "$tb/lockstep.sv.in"
done
cat <<TOP
module tb;
    logic clk = 1'b0;
    logic [1:0] verdicts [0:$(($# - 1))];
    wire [$(($# - 1)):0] failed;
    wire [$(($# - 1)):0] done;
    always #1 clk = ~clk;
TOP
n=0
for family; do
    echo "    tb_$family u_$family (.clk, .bench_verdict(verdicts[$n]));"
    echo "    assign failed[$n] = verdicts[$n] == 2'd2;"
    echo "    assign done[$n] = verdicts[$n] != 2'd0;"
    n=$((n + 1))
done
cat "$tb/top.svh"
echo endmodule
