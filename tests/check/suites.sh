#!/bin/bash
# suites.sh - every tests/unit/test_NAME.c and tests/system/test_NAME.c defines suite_NAME and has its line in the table of
# tests/main.c, so that no test is forgotten.
# Usage: tests/check/suites.sh ROOT
set -euo pipefail
cd "$1"

bad=0
while IFS= read -r file; do
    name=$(basename "$file" .c)
    name=${name#test_}
    if ! grep -q "^void suite_$name(void)\$" "$file"; then
        echo "$file: does not define void suite_$name(void)" >&2
        bad=1
    fi
    if ! grep -qE "X\($name, (FAST|SLOW)\)" tests/main.c; then
        echo "$file: suite $name is not in the table of tests/main.c" >&2
        bad=1
    fi
done < <(find tests/unit tests/system -name 'test_*.c' 2>/dev/null | sort)
exit $bad
