#!/bin/bash
# mutate.sh - plants each fault of faults.txt into a copy of the RTL and sees that the lock step under Icarus catches it.
# Usage: LOCKSTEP_CYCLES=N hdl/mutate/mutate.sh WORK VPI_FOLDER -Idir... [MODULE...]
set -uo pipefail

work=$1 vpi=$2
shift 2
includes=()
while [[ ${1-} == -I* ]]; do
    includes+=("$1")
    shift
done
only=" $* "
hdl=$(dirname "$0")/..
mkdir -p "$work"
planted=0 missed=0

while IFS='|' read -r module what edit; do
    case $module in '#'* | '') continue ;; esac
    [ $# -gt 0 ] && [[ $only != *" $module "* ]] && continue
    planted=$((planted + 1))
    rm -rf "$work/rtl"
    cp -r "$hdl/rtl" "$work/rtl"
    sed -i "$edit" "$work/rtl/$module.sv"
    if cmp -s "$hdl/rtl/$module.sv" "$work/rtl/$module.sv"; then
        echo "$module: $what: the edit changes nothing" >&2
        missed=$((missed + 1))
        continue
    fi
    "$hdl/tb/bench.sh" "$module" >"$work/bench.sv"
    if ! iverilog -g2012 -Wno-timescale -I"$work/rtl" "${includes[@]}" -s tb -o "$work/tb.vvp" "$work"/rtl/*.sv \
        "$work/bench.sv" >"$work/iverilog.log" 2>&1; then
        echo "$module: $what: does not compile; see $work/iverilog.log" >&2
        missed=$((missed + 1))
        continue
    fi
    vvp -M"$vpi" -mlockstep "$work/tb.vvp" >"$work/run.log" 2>&1
    if cycle=$(grep -o -m 1 'in cycle [0-9]*' "$work/run.log"); then
        printf '%-10s %-60s caught %s\n' "$module" "$what" "$cycle"
    elif grep -q 'CHECK failed' "$work/run.log"; then
        printf '%-10s %-60s caught by an invariant of the model\n' "$module" "$what"
    else
        printf '%-10s %-60s NOT CAUGHT\n' "$module" "$what"
        missed=$((missed + 1))
    fi
done <"$hdl/mutate/faults.txt"
echo "$planted faults planted, $missed not caught"
[ "$missed" = 0 ]
