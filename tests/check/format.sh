#!/bin/bash
# format.sh - every C file is as clang-format leaves it (`make format`).
# Usage: tests/check/format.sh ROOT
set -euo pipefail
cd "$1"
find src tests -name '*.[ch]' -print0 | sort -z | xargs -0 -r clang-format --dry-run -Werror
