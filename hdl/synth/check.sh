#!/bin/bash
# check.sh - holds the rows of a synthesis report against bounds: each line of the bounds has its row, nothing in it is larger
# than its bound, the ice40's clock not lower, and where a bound of memory is not 0 the tools have found memory.
# Usage: hdl/synth/check.sh BOUNDS.csv REPORT.csv
#   BOUNDS.csv: module, parameters and columns of the report by their names; "-": no bound
set -euo pipefail
awk -F, '
    FNR == 1 { for (i = 1; i <= NF; i++) name[FILENAME, i] = $i; file++; next }
    file == 1 { n_bounds++; for (i = 1; i <= NF; i++) bound[$1 "," $2, name[FILENAME, i]] = $i; wanted[$1 "," $2] = 1; next }
    {
        key = $1 "," $4
        if (!(key in wanted)) { print key ": no bounds" > "/dev/stderr"; bad = 1; next }
        delete wanted[key]
        for (i = 5; i <= NF; i++) {
            column = name[FILENAME, i]
            limit = bound[key, column]
            if (limit == "" || limit == "-")
                continue
            if (column == "ice40_mhz" ? $i + 0 < limit + 0 : $i !~ /^[0-9.]+$/ || $i + 0 > limit + 0) {
                print key ": " column " is " $i ", bound " limit > "/dev/stderr"
                bad = 1
            }
            if (column ~ /^(lut|lut_ram|bram18|depth)$/ && limit + 0 > 0 && $i + 0 == 0) {
                print key ": no " column > "/dev/stderr"
                bad = 1
            }
        }
    }
    END {
        for (key in wanted) { print key ": no row" > "/dev/stderr"; bad = 1 }
        if (!bad)
            print "synthesis: " n_bounds " modules within their bounds"
        exit bad
    }' "$1" "$2"
