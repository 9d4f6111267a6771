#!/bin/bash
# tidy.sh - clang-tidy finds nothing in one file; .clang-tidy says what it looks for. One file a process, so that a make with
# -j does many at once and only those that changed.
# Usage: POOLSIM_CFLAGS=... tests/check/tidy.sh FILE
set -euo pipefail

: "${POOLSIM_CFLAGS:?run it through make}"
# shellcheck disable=SC2086
if ! output=$(clang-tidy --quiet "$1" -- $POOLSIM_CFLAGS 2>&1); then
    grep -vE '^[0-9]+ warnings? (generated|treated as error)' <<<"$output" >&2
    exit 1
fi
