#!/bin/bash
# coverage.sh - line and toggle coverage of the modules in hdl/rtl from Verilator's data, per module and in total. Fails when a
# total of less than MIN_LINES per cent of the lines is reached, or an arm of a module named behind it is not.
# A line counts as reached when all of its statements' blocks and branches are, a toggle when the bit rose or fell.
# Usage: hdl/tb/coverage.sh COVERAGE.dat MIN_LINES MODULE...
set -euo pipefail
data=$1 min_lines=$2
shift 2
awk -v min="$min_lines" -v whole=" $* " '
function field(key,   at, rest) {
    at = index($0, "\001" key "\002")
    if (!at)
        return ""
    rest = substr($0, at + length(key) + 2)
    sub(/[\001\047].*/, "", rest)
    return rest
}
/^C / {
    file = field("f")
    if (file !~ /hdl\/rtl\//)
        next
    module = file
    sub(/.*\//, "", module)
    sub(/\.svh?$/, "", module)
    kind = field("page")
    sub(/\/.*/, "", kind)
    # Instances of a module are one place, reached when one of them is.
    place = kind SUBSEP module SUBSEP field("l") SUBSEP field("n") SUBSEP field("o")
    count[place] += $NF
}
END {
    for (place in count) {
        split(place, part, SUBSEP)
        kind = part[1] == "v_toggle" ? "toggle" : "line"
        modules[part[2]] = 1
        n[kind, part[2]]++
        if (count[place] > 0)
            hit[kind, part[2]]++
        else if (kind == "line")
            missed[part[2]] = missed[part[2]] sprintf("%s.sv:%s: %s is never reached\n", part[2], part[3], part[5])
    }
    printf "%-12s %18s %20s\n", "module", "lines", "toggles"
    sort = "sort"
    for (m in modules) {
        printf "%-12s %9d/%-4d %3d %% %9d/%-5d %3d %%\n", m, hit["line", m], n["line", m],
            percent(hit["line", m], n["line", m]), hit["toggle", m], n["toggle", m],
            percent(hit["toggle", m], n["toggle", m]) | sort
        lines += n["line", m]; lines_hit += hit["line", m]
        toggles += n["toggle", m]; toggles_hit += hit["toggle", m]
    }
    close(sort)
    printf "%-12s %9d/%-4d %3d %% %9d/%-5d %3d %%\n", "total", lines_hit, lines, percent(lines_hit, lines), toggles_hit, toggles,
        percent(toggles_hit, toggles)
    for (m in missed) {
        printf "%s", missed[m]
        if (index(whole, " " m " "))
            bad = 1
    }
    split(whole, named, " ")
    for (i in named)
        if (!n["line", named[i]])
            bad = 1
    exit bad || !lines || lines_hit * 100 < lines * min
}
function percent(part, all) { return all ? int(100 * part / all) : 100 }' "$data" || { echo "coverage: too little is reached" >&2; exit 1; }
