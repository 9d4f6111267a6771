#!/bin/bash
# run_coverage.sh - runs the tests of a build with --coverage and prints the lines that they reach, by file and by folder.
# Usage: tests/run_coverage.sh BUILD FOLDER...    folders of src/
set -euo pipefail

build=$1
shift
find "$build" -name '*.gcda' -delete
"$build/tests/unit"

for folder; do
    for source in src/"$folder"/*.c; do
        object=$build/obj/${source%.c}
        # A file that no test reaches has no .gcda; its lines count as not executed.
        gcov -n -o "$object.gcno" "$source" 2>/dev/null | awk -v source="$source" -v folder="$folder" '
            /^File / { mine = $2 == "\047" source "\047" }
            mine && /^Lines executed:/ {
                split($2, part, ":")
                printf "%s %s %d %.0f\n", folder, source, $4, $4 * part[2] / 100
                mine = 0
            }'
    done
done | awk '
    function row(name, lines, hit) { printf "%-36s %6d %6d %7.1f %%\n", name, lines, hit, lines ? 100 * hit / lines : 100 }
    BEGIN { printf "\n%-36s %6s %6s %9s\n", "file", "lines", "hit", "covered" }
    {
        if (folder != "" && folder != $1) { row("src/" folder "/ in all", lines, hit); print ""; lines = hit = 0 }
        folder = $1
        row($2, $3, $4)
        lines += $3; hit += $4; all_lines += $3; all_hit += $4
    }
    END { row("src/" folder "/ in all", lines, hit); print ""; row("all", all_lines, all_hit) }'
