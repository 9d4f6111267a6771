#!/bin/bash
# synth.sh - area and speed of one module as a line of CSV: module, parameters, LUT, FF, BRAM (of 18 Kbit), logic depth in
# LUTs, cell delay in ns (Yosys, xc7: no wires), and clock in MHz of an ice40 hx8k, placed and routed ("-": not asked for, or it
# does not fit).
# Usage: hdl/synth/synth.sh WORK ice40|- MODULE [PARAMETER=VALUE...] -- -Idir... FILE...
set -euo pipefail

work=$1 ice40=$2 module=$3
shift 3
parameters= values=
while [ "$1" != -- ]; do
    parameters+=" -set ${1%%=*} ${1#*=}"
    values+="${values:+ }$1"
    shift
done
shift
name=$module${values:+-${values//[ =]/-}}
mkdir -p "$work"
read="read_verilog -sv $*; ${parameters:+chparam$parameters $module;} hierarchy -top $module"
log=$work/$name

yosys -p "$read; synth_xilinx -family xc7 -flatten -noiopad -noclkbuf; stat -tech xilinx; sta;
    write_verilog -noattr $work/$name.v" >"$log.xc7.log"
yosys -p "$read; synth -flatten -noabc; abc -lut 6; ltp -noff" >"$log.depth.log"

# The last statistics in the log; a cell kind is a line "NAME COUNT".
cells() # REGEX WEIGHT
{
    awk -v kind="^($1)\$" -v weight="$2" '
        /=== / { n = 0 }
        $1 ~ kind && NF == 2 { n += $2 * weight }
        END { print n + 0 }' "$log.xc7.log"
}
lut=$(cells 'LUT[1-6]' 1)
ram=$(($(cells 'RAM[0-9]+X.*|RAM(32M|64M)' 4) + $(cells 'SRL.*' 1)))
ff=$(cells 'FD[RSCP]E' 1)
bram=$(($(cells 'RAMB18E1' 1) + $(cells 'RAMB36E1' 2)))
depth=$(sed -n 's/^Longest topological path.*length=\([0-9]*\).*/\1/p' "$log.depth.log" | tail -n 1)
delay=$(sed -n "s/^Latest arrival time in '.*' is \([0-9]*\).*/\1/p" "$log.xc7.log" | tail -n 1)
mhz=-
if [ "$ice40" = ice40 ]; then
    yosys -q -p "$read; synth_ice40 -json $log.json" >"$log.ice40.log"
    if nextpnr-ice40 --hx8k --package ct256 --json "$log.json" --pcf-allow-unconstrained --seed 1 >>"$log.ice40.log" 2>&1; then
        mhz=$(sed -n "s/.*Max frequency for clock.*: \([0-9.]*\) MHz.*/\1/p" "$log.ice40.log" | tail -n 1)
    fi
fi
echo "$module,$values,$((lut + ram)),$ff,$bram,${depth:--},$(awk -v ps="${delay:-0}" 'BEGIN { printf "%.2f", ps / 1000 }'),$mhz"
