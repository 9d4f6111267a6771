#!/bin/bash
# length.sh - a file of src/ is about 600 lines at most: a longer one is named, one over 700 fails.
# Usage: tests/check/length.sh ROOT
set -euo pipefail
cd "$1"

warn_lines=600
fail_lines=700
bad=0
while IFS= read -r file; do
    lines=$(wc -l <"$file")
    if ((lines > fail_lines)); then
        echo "$file: $lines lines; split it, $fail_lines is the limit" >&2
        bad=1
    elif ((lines > warn_lines)); then
        echo "$file: $lines lines; consider splitting it" >&2
    fi
done < <(find src -name '*.[ch]' | sort)
exit $bad
