#!/bin/bash
# lint.sh - every Verilog file is accepted without a warning by Verilator, Icarus and Yosys, each module as a top of its own.
# Usage: hdl/lint.sh -Idir... -- FILE...
set -uo pipefail

includes=()
while [ "$1" != -- ]; do
    includes+=("$1")
    shift
done
shift
files=("$@")

bad=0
complain() # TOOL MODULE: with standard input, if there is any
{
    local text
    text=$(cat)
    [ -z "$text" ] && return
    printf '%s: %s\n%s\n' "$2" "$1" "$text" >&2
    bad=1
}

for file in "${files[@]}"; do
    module=$(basename "$file" .sv)
    complain verilator "$module" < <(verilator --lint-only -Wall -Wno-MULTITOP "${includes[@]}" --top-module "$module" "${files[@]}" 2>&1)
    # Icarus looks at whole vectors where an always_comb reads a constant part of one, and says so: harmless.
    complain iverilog "$module" < <(iverilog -g2012 -Wall -Wno-timescale "${includes[@]}" -s "$module" -o /dev/null "${files[@]}" 2>&1 |
        grep -v 'sorry: constant selects in always_\* processes')
done
complain yosys all < <(yosys -q -p "read_verilog -sv ${includes[*]} ${files[*]}; hierarchy -check; proc; check" 2>&1 |
    grep -v 'Replacing memory')
exit $bad
