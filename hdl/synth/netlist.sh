#!/bin/sh
# netlist.sh - synthesizes the module of a lock-step family for Xilinx 7 with the parameters of its bench, and writes the
# netlist, which bears the module's name and has no parameters any more.
# Usage: hdl/synth/netlist.sh FAMILY OUT.v -Idir... FILE...
set -eu
family=$1 out=$2
shift 2
ports=$(dirname "$0")/../tb/ports/$family.def
# The bench's ".ENTRIES(16), .W(4)" as "-set ENTRIES 16 -set W 4".
value() # MACRO
{
    { sed -n '/^#/p' "$ports" && echo "value=$1"; } | cpp -P -w -undef | sed -n 's/^value=//p'
}
module=$(value DUT)
parameters=$(value PARAMS)
[ "$parameters" != PARAMS ] || parameters=
parameters=$(echo "$parameters" | sed 's/\.\([A-Z_0-9]*\) *(\([^)]*\)),* */-set \1 \2 /g')
yosys -q -p "read_verilog -sv $*; ${parameters:+chparam $parameters $module;} synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -top $module;
    rename -top $module; write_verilog -noattr $out" >"$out.log" 2>&1 || { cat "$out.log"; exit 1; }
