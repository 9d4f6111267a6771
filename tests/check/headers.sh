#!/bin/bash
# headers.sh - every header of src/ compiles alone, by gcc and by clang, and has the guard that its path gives.
# Usage: POOLSIM_CFLAGS=... tests/check/headers.sh ROOT
set -euo pipefail
cd "$1"

: "${POOLSIM_CFLAGS:?run it through make}"
bad=0
while IFS= read -r header; do
    guard=${header#src/}
    guard=POOLSIM_${guard//[\/.]/_}
    guard=${guard^^}
    if ! grep -qx "#ifndef $guard" "$header" || ! grep -qx "#define $guard" "$header"; then
        echo "$header: has no include guard $guard" >&2
        bad=1
    fi
    for compiler in gcc clang; do
        # POOLSIM_CFLAGS is a list of words: splitting is meant. The header is included, not compiled as the main file,
        # in which its static functions and tables would count as unused.
        # shellcheck disable=SC2086
        if ! echo "#include \"${header#src/}\"" |
            $compiler $POOLSIM_CFLAGS -Isrc -Werror -fsyntax-only -x c -; then
            echo "$header: does not compile alone with $compiler" >&2
            bad=1
        fi
    done
done < <(find src -name '*.h' | sort)
exit $bad
