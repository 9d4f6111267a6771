#!/bin/sh
# netlist.sh - synthesizes the module of a lock-step family for Xilinx 7 with the parameters of its bench, and writes the
# netlist, which bears the module's name and has no parameters any more. Memories lose what says that their contents are
# zero or unknown at the start: block_ram.v has no such parameters.
# Usage: hdl/synth/netlist.sh FAMILY OUT.v -Idir... FILE...
#   CPP: the C preprocessor and what it is to define for the family's list of ports
set -eu
family=$1 out=$2
shift 2
ports=$(dirname "$0")/../tb/ports/$family.def
xilinx=/usr/share/yosys/xilinx
# The bench's ".ENTRIES(16), .W(4)" as "-set ENTRIES 16 -set W 4".
value() # MACRO
{
    { sed -n '/^#/p' "$ports" && echo "value=$1"; } | ${CPP:-cpp} -P -w -undef | sed -n 's/^value=//p'
}
module=$(value DUT)
parameters=$(value PARAMS)
[ "$parameters" != PARAMS ] || parameters=
parameters=$(echo "$parameters" | sed 's/\.\([A-Z_0-9]*\) *(\([^)]*\)),* */-set \1 \2 /g')
# The whole switch is synthesized module by module.
flat=-flatten
[ "$module" != pool_switch ] || flat=
# Yosys 0.23 writes bits 64 to 67 of a word of 72 into 68 to 71 also (its pull request 5833): the step that makes
# block RAMs, as synth_xilinx does it, but by a file without that error.
sed -e 's/PORT_W_WIDTH == 71/PORT_W_WIDTH == 72/' -e "/include \"brams_defs.vh\"/{r $xilinx/brams_defs.vh" -e 'd}' \
    $xilinx/brams_xc6v_map.v >"$out.brams.v"
synth="synth_xilinx -family xc7 $flat -noiopad -noclkbuf"
yosys -q -p "read_verilog -sv $*; ${parameters:+chparam $parameters $module;} hierarchy -top $module; rename -top $module
    $synth -run begin:map_memory
    memory_libmap -logic-cost-rom 0.015625 -lib +/xilinx/lutrams_xc5v.txt -lib +/xilinx/brams_xc4v.txt -D HAS_SIZE_36 -D HAS_CASCADE -D HAS_CONFLICT_BUG -D HAS_MIXWIDTH_SDP -no-auto-huge
    techmap -map +/xilinx/lutrams_xc5v_map.v
    techmap -map $out.brams.v
    $synth -run map_ffram:
    write_verilog -noattr $out.all" >"$out.log" 2>&1 || { cat "$out.log"; exit 1; }
sed '/^ *\.INITP\{0,1\}_[0-9A-F]*([0-9]*.h0*x*),*$/d' "$out.all" >"$out"
rm "$out.all"
