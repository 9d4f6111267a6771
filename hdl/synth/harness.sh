#!/bin/bash
# harness.sh - writes a module "harness" of four pins around a module that has too many for a chip: its inputs come from a
# shift register, its outputs go through registers to another one. Nothing but wires and registers lies in front of the
# module's pins and behind them, so that the slowest path is the module's. The bits of the shift register are complements
# of each other: a register of the module that takes an input as it is is not merged with one of the harness.
# Usage: hdl/synth/harness.sh MODULE "PARAMETER=VALUE ..." -Idir... FILE... >HARNESS.v
set -euo pipefail
module=$1 values=$2
shift 2
chparam=$(echo "$values" | sed 's/\([A-Z_0-9]*\)=\([^ ]*\)/-set \1 \2/g')
list=$(mktemp)
trap 'rm -f "$list"' EXIT
# The module as a black box: "  input [11:0] s_port;" a line. Functions are indented further.
yosys -q -p "read_verilog -sv $*; ${chparam:+chparam $chparam $module;} hierarchy -top $module; rename -top $module; proc
    setattr -mod -set blackbox 1 $module; write_verilog -noattr -blackboxes $list.v" >"$list"
sed -n 's/^  \(input\|output\) \(\[[0-9]*:0\]\)\{0,1\} *\([a-z_0-9]*\);.*/\1 \2 \3/p' "$list.v" >"$list"
rm -f "$list.v"
parameters=$(echo "$values" | sed 's/\([A-Z_0-9]*\)=\([^ ]*\)/.\1(\2)/g; s/) /), /g')

awk -v module="$module" -v parameters="$parameters" '
    BEGIN { n_in = n_out = 0 }
    { width = NF == 3 ? substr($2, 2) + 1 : 1; port = $NF }
    port == "clk" { next }
    $1 == "input" { pins = pins ",\n        ." port "(in_q[" n_in + width - 1 ":" n_in "])"; n_in += width }
    $1 == "output" { pins = pins ",\n        ." port "(outputs[" n_out + width - 1 ":" n_out "])"; n_out += width }
    END {
        print "module harness (input clk, input in, input load, output out);"
        print "    reg [" n_in - 1 ":0] in_q;"
        print "    wire [" n_out - 1 ":0] outputs;"
        print "    reg [" n_out - 1 ":0] out_q, shift_q;"
        print "    assign out = shift_q[" n_out - 1 "];"
        print "    always @(posedge clk) begin"
        print "        in_q <= ~{in_q[" n_in - 2 ":0], in};"
        print "        out_q <= outputs;"
        print "        shift_q <= load ? out_q : {shift_q[" n_out - 2 ":0], in};"
        print "    end"
        print "    " module (parameters ? " #(" parameters ")" : "") " u_dut (\n        .clk(clk)" pins
        print "    );"
        print "endmodule"
    }' "$list"
