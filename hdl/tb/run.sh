#!/bin/sh
# run.sh - runs a lock-step program; when the module and its model differ, runs it again and writes the waves of the last
# cycles before the difference, and says where.
# Usage: LOCKSTEP_CYCLES=N LOCKSTEP_SEED=N [WAVE_PROGRAM=FILE] hdl/tb/run.sh WAVE.fst PROGRAM [ARGUMENT...]
#   WAVE_PROGRAM: the program for the second run, which make builds; without: the same.
set -u
wave=$1
shift
before=200 # cycles
log=${wave%.fst}.log

if "$@" >"$log.out" 2>"$log" && ! grep -q '^FAILED' "$log.out"; then
    cat "$log" >&2
    exit 0
fi
cat "$log" >&2
cycle=$(sed -n 's/.* differs from its model in cycle \([0-9]*\) .*/\1/p' "$log" | head -n 1)
[ -n "$cycle" ] || exit 1
if [ -n "${WAVE_PROGRAM-}" ]; then
    make -s "$WAVE_PROGRAM" >&2 || exit 1
    shift
    set -- "$WAVE_PROGRAM" "$@"
fi
from=$((cycle > before ? cycle - before : 0))
"$@" "+wave_from=$from" "+wave=$wave" >/dev/null 2>&1
echo "waves from cycle $from on: $wave" >&2
exit 1
