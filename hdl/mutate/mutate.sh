#!/bin/bash
# mutate.sh - plants each fault of faults.txt into a copy of the RTL and sees that the lock step catches it: under Icarus that of
# the module itself, under Verilator that of pool_switch for the top and what has no lock step of its own.
# Usage: LOCKSTEP_CYCLES=N hdl/mutate/mutate.sh WORK BUILD_FOLDER -Idir... [MODULE...]
set -uo pipefail

work=$1 build=$2
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

# Builds and runs the lock step of MODULE over the copy; its messages go to run.log.
run() # MODULE
{
    if [ "$1" != pool_switch ] && [ -f "$hdl/tb/ports/$1.def" ]; then
        "$hdl/tb/bench.sh" "$1" >"$work/bench.sv"
        iverilog -g2012 -Wno-timescale -I"$work/rtl" "${includes[@]}" -s tb -o "$work/tb.vvp" "$work"/rtl/*.sv \
            "$work/bench.sv" >"$work/compile.log" 2>&1 || return 1
        vvp -M"$build" -mlockstep "$work/tb.vvp" >"$work/run.log" 2>&1
        return 0
    fi
    "$hdl/tb/bench.sh" pool_switch >"$work/bench.sv"
    MAKEFLAGS='' verilator --binary --timing --assert -Wno-fatal -Wno-lint -Wno-style -I"$work/rtl" "${includes[@]}" \
        --top-module tb -CFLAGS -O0 -Mdir "$work/verilated" -o tb -j 2 "$work"/rtl/*.sv "$work/bench.sv" \
        "$(realpath "$build/obj/hdl/model/step_dpi.o")" "$(realpath "$build/libmodel.a")" >"$work/compile.log" 2>&1 || return 1
    "$work/verilated/tb" >"$work/run.log" 2>&1
    return 0
}

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
    if ! run "$module"; then
        echo "$module: $what: does not compile; see $work/compile.log" >&2
        missed=$((missed + 1))
        continue
    fi
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
