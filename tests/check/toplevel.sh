#!/bin/bash
# toplevel.sh - the top of the tree holds what README.md explains and nothing else. Dot files, build/ and results/ are free.
# Usage: tests/check/toplevel.sh ROOT
set -euo pipefail
cd "$1"

bad=0
for entry in *; do
    case $entry in
    src | hdl | configs | experiments | tests | Makefile | README.md | LICENSE | build | results) ;;
    *)
        echo "$entry: not part of the top level" >&2
        bad=1
        ;;
    esac
done
exit $bad
