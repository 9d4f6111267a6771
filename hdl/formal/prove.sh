#!/bin/bash
# prove.sh - proves the properties of a module (its `ifdef FORMAL` part) for all time, by k-induction: no violation in the
# first DEPTH cycles after a reset, and none after DEPTH cycles without one. Then every cover statement has to be reached, so
# that no property holds only because nothing happens.
# Usage: hdl/formal/prove.sh [--refute] WORK MODULE DEPTH COVER_DEPTH [PARAMETER=VALUE...] -- -Idir... FILE...
#   FILE: the module's own first; those of its parts without their properties.
#   --refute: the module is a faulty one: succeeds only when a property is violated.
set -uo pipefail

refute=false
if [ "$1" = --refute ]; then
    refute=true
    shift
fi
work=$1 module=$2 depth=$3 cover_depth=$4
shift 4
parameters=
while [ "$1" != -- ]; do
    parameters+="chparam -set ${1%%=*} ${1#*=} $module; "
    shift
done
shift
mkdir -p "$work"
smt=$work/$module.smt2
log=$work/$module.log
: >"$log"

fail()
{
    echo "$module: $1; see $log" >&2
    exit 1
}

includes=
while [ "${1#-I}" != "$1" ]; do
    includes+=" $1"
    shift
done
file=$1
shift
yosys -q -p "read_verilog -formal -sv $includes $file; ${*:+read_verilog -sv $includes $*;} ${parameters}prep -flatten -top $module -nordff; memory_map; opt -full;
    async2sync; dffunmap; write_smt2 -wires $smt" >>"$log" 2>&1 || fail "Yosys refuses it"

# Without --unroll z3 expands the nested definitions again and again, and does not end.
solve() # ARGUMENT...
{
    timeout --foreground 300 yosys-smtbmc --noprogress --unroll -s z3 "$@" "$smt" >>"$log" 2>&1
}

if $refute; then
    if solve -t "$depth" --dump-vcd "$work/$module.vcd"; then
        fail "the fault is not found"
    fi
    grep -q 'Assert failed' "$log" || fail "no property is violated, but the proof did not end"
    echo "$module: refuted, as it must be: $(grep -m 1 'Assert failed' "$log" | sed 's/.*Assert failed/assertion/')"
    exit 0
fi
solve -t "$depth" || fail "violated within $depth cycles"
solve -i -t "$depth" || fail "not inductive over $depth cycles"
solve -c -t "$cover_depth" || fail "a cover statement is not reached in $cover_depth cycles"
echo "$module: proven by induction over $depth cycles; $(grep -c 'Reached cover' "$log") covers reached"
