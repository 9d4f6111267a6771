#!/bin/bash
# run_fuzz.sh - runs fuzz targets built with libFuzzer.
# Usage: tests/run_fuzz.sh replay FUZZER...     every file of the kept corpus once
#        tests/run_fuzz.sh SECONDS FUZZER...    look for new inputs for so long each
# The kept corpus of fuzz_NAME is tests/fuzz/corpus/NAME. New inputs and crashes go next to the program: copy what is worth
# keeping. Fails when an input crashes its target, or when a target has no corpus.
set -euo pipefail

mode=$1
shift
for fuzzer; do
    name=$(basename "$fuzzer")
    name=${name#fuzz_}
    kept=tests/fuzz/corpus/$name
    if [ -z "$(ls -A "$kept" 2>/dev/null)" ]; then
        echo "$0: $kept has no inputs" >&2
        exit 1
    fi
    log=$fuzzer.log
    if [ "$mode" = replay ]; then
        options=(-runs=0 "$kept")
        summary='s/^.*DONE *\(.*\)/\1/p'
    else
        mkdir -p "$fuzzer.new"
        options=(-max_total_time="$mode" -artifact_prefix="$fuzzer." -timeout=10 "$fuzzer.new" "$kept")
        summary='s/^\(Done .*\)/\1/p'
    fi
    printf 'fuzz %s: ' "$name"
    if ! "$fuzzer" "${options[@]}" >"$log" 2>&1; then
        echo "failed"
        tail -n 60 "$log" >&2
        exit 1
    fi
    echo "$(find "$kept" -type f | wc -l) kept inputs; $(sed -n "$summary" "$log" | tail -n 1)"
done
