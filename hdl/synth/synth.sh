#!/bin/bash
# synth.sh - area and speed of one module as a line of CSV, of which "synth.sh --header" prints the names:
#   module
#   entries       ENTRIES, "-" where the module has none
#   ports         PORTS, or UP + DOWN
#   parameters    all that were set, "NAME=VALUE NAME=VALUE"; the others are as the module has them
#   lut           LUTs of Xilinx 7, those used as memory included (Yosys synth_xilinx without wide multiplexers)
#   lut_ram       of them, those used as memory: distributed RAM and shift registers
#   ff            flip-flops
#   bram18        block RAMs of 18 Kbit
#   depth         cells on the slowest path between registers or pins
#   delay_ns      their delay, without wires (Yosys sta; cells of an Artix 7)
#   ice40_lc      logic cells of an ice40 hx8k, those of the harness included; "-": not asked for, or it does not fit
#   ice40_mhz     clock of that, placed and routed
# An ice40 has too few pins for the modules: there they lie in a harness (harness.sh), a shift register.
# Usage: hdl/synth/synth.sh WORK ice40|- MODULE [PARAMETER=VALUE...] -- -Idir... FILE...
set -euo pipefail

if [ "$1" = --header ]; then
    sed -n 's/^#   \([a-z_0-9]*\).*/\1/p' "$0" | paste -s -d,
    exit
fi
work=$1 ice40=$2 module=$3
shift 3
parameters= values= entries=- ports=0
while [ "$1" != -- ]; do
    value=${1#*=}
    case $1 in
    ENTRIES=*) entries=$value ;;
    PORTS=* | UP=* | DOWN=*) ports=$((ports + value)) ;;
    esac
    parameters+=" -set ${1%%=*} $value"
    values+="${values:+ }$1"
    shift
done
shift
name=$module${values:+-${values//[ =]/-}}
mkdir -p "$work"
log=$work/$name
# The whole switch is synthesized module by module, each once however often it is there, and flattened behind that.
flat=-flatten
[ "$module" != pool_switch ] || flat=
# Yosys 0.23 loses the delays of cells that have contents: they are read anew for sta.
yosys -p "read_verilog -sv $*; ${parameters:+chparam$parameters $module;} hierarchy -top $module; rename -top $module
    synth_xilinx -family xc7 $flat -nowidelut -nodsp -noiopad -noclkbuf
    flatten; opt_clean -purge
    stat -tech xilinx
    delete =RAM32M =RAM64M =RAM32X1D =RAM64X1D =RAM128X1D =SRL16E =SRLC32E =CARRY4 =RAMB18E1 =RAMB36E1
    read_verilog -lib -specify -nooverwrite +/xilinx/cells_sim.v
    sta" >"$log.xc7.log" 2>&1 || { tail -n 5 "$log.xc7.log" >&2; exit 1; }
if grep 'has no timing arcs' "$log.xc7.log" >&2; then
    echo "$name: the delay is not that of the slowest path" >&2
    exit 1
fi

# The last statistics in the log; a cell kind is a line "NAME COUNT".
cells() # REGEX WEIGHT
{
    awk -v kind="^($1)\$" -v weight="$2" '
        /=== / { n = 0 }
        $1 ~ kind && NF == 2 { n += $2 * weight }
        END { print n + 0 }' "$log.xc7.log"
}
lut=$(cells 'LUT[1-6]|INV' 1)
ram=$(($(cells 'RAM(32M|64M|128X1D|256X1S)' 4) + $(cells 'RAM(32|64)X1D' 2) + $(cells 'SRL(16E|C32E)' 1)))
ff=$(cells 'FD[RSCP]E' 1)
bram=$(($(cells 'RAMB18E1' 1) + $(cells 'RAMB36E1' 2)))
delay=$(sed -n "s/^Latest arrival time in '.*' is \([0-9]*\).*/\1/p" "$log.xc7.log" | tail -n 1)
depth=$(sed -n '/^Latest arrival/,/^Arrival histogram/p' "$log.xc7.log" | grep -c -- '->O' || true)
mhz=- lc=-
if [ "$ice40" = ice40 ]; then
    # shellcheck disable=SC2086
    "$(dirname "$0")/harness.sh" "$module" "$values" "$@" >"$log.harness.v"
    yosys -q -p "read_verilog -sv $*; read_verilog -sv $log.harness.v; synth_ice40 -top harness -json $log.json" \
        >"$log.ice40.log" 2>&1 || { tail -n 5 "$log.ice40.log" >&2; exit 1; }
    if nextpnr-ice40 --hx8k --package ct256 --json "$log.json" --pcf-allow-unconstrained --seed 1 >>"$log.ice40.log" 2>&1; then
        mhz=$(sed -n "s/.*Max frequency for clock.*: \([0-9.]*\) MHz.*/\1/p" "$log.ice40.log" | tail -n 1)
        lc=$(sed -n 's/.*ICESTORM_LC: *\([0-9]*\)\/.*/\1/p' "$log.ice40.log" | tail -n 1)
    fi
fi
[ "$ports" != 0 ] || ports=-
echo "$module,$entries,$ports,$values,$((lut + ram)),$ram,$ff,$bram,$depth,$(awk -v ps="${delay:-0}" 'BEGIN { printf "%.2f", ps / 1000 }'),$lc,$mhz"
