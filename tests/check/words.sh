#!/bin/bash
# words.sh - text that has no place in the tree: paths that exist on one machine only, and marks of unfinished work.
# Usage: tests/check/words.sh ROOT
set -euo pipefail
cd "$1"

# The brackets keep these patterns from finding themselves.
paths='[.]{2}/shared([^a-z]|$)|/wor[k]/|/hom[e]/[a-z]|/roo[t]/|/tm[p]/([^p]|p[^o])'
marks='(^|[^A-Za-z_])(TOD[O]|FIXM[E]|XX[X]|HAC[K])([^A-Za-z_]|$)'
bad=0

if grep -rnIE --exclude-dir=.git --exclude-dir=build "$paths" . >&2; then
    echo "    a path outside of the tree" >&2
    bad=1
fi
if grep -rnIE --include='*.[ch]' --include='*.sh' --include='*.v' --include='*.sv' --include=Makefile --include='*.md' \
    --include='*.yaml' --exclude-dir=.git --exclude-dir=build "$marks" . >&2; then
    echo "    unfinished work; finish it, or say in a comment what the limit is" >&2
    bad=1
fi
exit $bad
