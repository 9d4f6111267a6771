#!/bin/bash
# calls.sh - functions that a folder may not call: pcie/ and pool/ allocate nothing and have no clock, only main.c ends
# the program, random numbers come from base/rng, and nothing calls what has no bound or reports no error.
# Usage: tests/check/calls.sh ROOT
set -euo pipefail
cd "$1"

# folder (a regular expression) ; functions ; why
table='
(pcie|pool) ; malloc|calloc|realloc|aligned_alloc|posix_memalign|free|strn?dup|mmap|arena_[a-z_]+    ; allocates nothing
(pcie|pool) ; time|clock|clock_gettime|gettimeofday                     ; has no clock
[a-z]+      ; exit|_Exit|quick_exit                                     ; only main.c ends the program
[a-z]+      ; s?rand|s?random|[delm]rand48                              ; random numbers come from base/rng
[a-z]+      ; gets|strcpy|strcat|v?sprintf|strtok|ato[ilf]              ; has no bound or reports no error
'

# "file:line:code" of every line, with comments and the insides of strings taken out: they name functions freely.
code=$(find src -name '*.[ch]' -print0 | sort -z | xargs -0 -r awk '
    FNR == 1 { inside = 0 }
    {
        line = $0
        out = ""
        if (!inside)
            gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
        while (line != "") {
            at = index(line, inside ? "*/" : "/*")
            if (!at) {
                if (!inside)
                    out = out line
                break
            }
            if (!inside)
                out = out substr(line, 1, at - 1)
            line = substr(line, at + 2)
            inside = !inside
        }
        print FILENAME ":" FNR ":" out
    }')

bad=0
while IFS=';' read -r folder functions why; do
    folder=${folder// /} functions=${functions// /}
    [ -n "$folder" ] || continue
    if grep -E "^src/$folder/[^:]*:[0-9]+:(.*[^A-Za-z0-9_])?($functions)\(" <<<"$code" >&2; then
        echo "    $why" >&2
        bad=1
    fi
done <<<"$table"
exit $bad
