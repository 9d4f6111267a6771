#!/bin/bash
# selftest.sh - tests the gates: each passes on a small clean tree and fails on a copy of it with one violation planted,
# naming the file. A gate without a case here fails too.
# Usage: POOLSIM_CFLAGS=... tests/check/selftest.sh
set -euo pipefail

root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A tree that every gate accepts: one header and source, one suite in the table.
plant_clean()
{
    mkdir -p src/base src/pcie tests/unit
    cp "$root"/.clang-format "$root"/.clang-tidy .
    cp "$root"/tests/.clang-tidy tests
    cat >src/base/sum.h <<'C'
/* sum.h - adds; malloc() and exit() in a comment are nobody's call. */
#ifndef POOLSIM_BASE_SUM_H
#define POOLSIM_BASE_SUM_H

#include <stdint.h>

uint64_t sum_of(uint32_t first, uint32_t second);

#endif
C
    cat >src/base/sum.c <<'C'
#include "base/sum.h"

uint64_t sum_of(uint32_t first, uint32_t second)
{
    return (uint64_t)first + second;
}
C
    cat >src/pcie/twice.c <<'C'
#include "base/sum.h"

uint64_t pcie_twice(uint32_t value);

uint64_t pcie_twice(uint32_t value)
{
    return sum_of(value, value);
}
C
    cat >tests/unit/test_sum.c <<'C'
void suite_sum(void);

void suite_sum(void)
{
}
C
    cat >tests/main.c <<'C'
#define SUITES(X) X(sum, FAST)
C
    cat >Makefile <<'C'
all:
C
}

failures=0
fail()
{
    echo "selftest: $1" >&2
    failures=1
}

judge() # GATE: runs it on the tree in the current folder
{
    case $1 in
    tidy) "$root/tests/check/tidy.sh" "${tidy_file:-src/base/sum.c}" ;;
    gcc | clang) env -u MAKEFLAGS make -s -f "$root/Makefile" CC="$1" WERROR=1 LTO= LIB_CFLAGS= "build/obj/src/base/sum.o" ;;
    *) "$root/tests/check/$1.sh" . ;;
    esac
}

declare -A tested

# GATE WHAT: plants what standard input says (shell commands) into the clean tree; the gate must fail and name $3.
case_fails()
{
    local gate=$1 what=$2 named=$3 output
    tested[$gate]=1
    rm -rf "$work/tree"
    mkdir "$work/tree"
    cd "$work/tree"
    plant_clean
    if ! output=$(judge "$gate" 2>&1); then
        fail "$gate fails on the clean tree:"$'\n'"$output"
    fi
    # shellcheck disable=SC1091
    source /dev/stdin
    if output=$(judge "$gate" 2>&1); then
        fail "$gate passes in spite of: $what"
    elif [[ $output != *"$named"* ]]; then
        fail "$gate fails on \"$what\", but does not name \"$named\":"$'\n'"$output"
    fi
    cd "$root"
}

case_fails toplevel 'a stray file at the top' notes.txt <<'P'
touch notes.txt
P
case_fails layers 'base/ includes pcie/' src/base/sum.c:2 <<'P'
touch src/pcie/tlp.h
sed -i '1a #include "pcie/tlp.h"' src/base/sum.c
P
case_fails layers 'pcie/ includes des/, with spaces' src/pcie/twice.c:1 <<'P'
sed -i '1i #  include "des/sim.h"' src/pcie/twice.c
P
case_fails layers 'an include without its folder' '"base/sum.h"' <<'P'
sed -i 's,base/sum.h,sum.h,' src/base/sum.c
P
case_fails layers 'an include that climbs' 'must be written with its folder' <<'P'
sed -i 's,base/sum.h,../base/sum.h,' src/pcie/twice.c
P
case_fails layers 'a folder that is not in the table' src/extra/ <<'P'
mkdir src/extra
echo '#include "base/sum.h"' >src/extra/extra.c
P
case_fails layers 'a source next to main.c' src/helper.c <<'P'
echo '#include "run/run.h"' >src/helper.c
P
case_fails layers 'SimGrid outside of host/' 'simgrid/actor.h' <<'P'
echo '#include <simgrid/actor.h>' >>src/pcie/twice.c
P
case_fails calls 'pcie/ allocates' src/pcie/twice.c:9 <<'P'
echo 'void *p(void) { return malloc(1); } /* x */' >>src/pcie/twice.c
P
case_fails calls 'a call behind a comment and a string' src/base/sum.c:7 <<'P'
echo 'void f(void) { puts("/*"); /* a */ exit(1); }' >>src/base/sum.c
P
case_fails length 'a file of 701 lines' src/base/sum.c <<'P'
for i in {1..695}; do echo; done >>src/base/sum.c
P
case_fails words 'a path of another tree' src/base/sum.c:7 <<'P'
printf '/* see %s/%s/x */\n' .. shared >>src/base/sum.c
P
case_fails words 'unfinished work' src/base/sum.c:7 <<'P'
printf '/* %s: later */\n' TO''DO >>src/base/sum.c
P
case_fails suites 'a suite that is not in the table' 'suite product' <<'P'
sed 's/sum/product/' tests/unit/test_sum.c >tests/unit/test_product.c
P
case_fails suites 'a file that exports another suite' 'void suite_sum' <<'P'
sed -i 's/suite_sum/suite_total/' tests/unit/test_sum.c
P
case_fails format 'a badly formatted file' src/base/sum.c <<'P'
sed -i 's/    return/  return/' src/base/sum.c
P
case_fails headers 'a header that needs another' src/base/sum.h <<'P'
sed -i '/stdint/d' src/base/sum.h
P
case_fails headers 'a guard of another file' POOLSIM_BASE_SUM_H <<'P'
sed -i 's/POOLSIM_BASE_SUM_H/POOLSIM_BASE_ADD_H/' src/base/sum.h
P
case_fails cppcheck 'a leak' memleak <<'P'
printf '#include <stdlib.h>\nint f(void);\nint f(void)\n{\n    char *p = malloc(1);\n    return p != NULL;\n}\n' >>src/base/sum.c
P
case_fails tidy 'a division by zero' src/base/sum.c <<'P'
printf 'int f(void);\nint f(void)\n{\n    int zero = 0;\n    return 1 / zero;\n}\n' >>src/base/sum.c
P
for compiler in gcc clang; do
    case_fails $compiler 'a conversion that loses bits' sum.c:5 <<'P'
sed -i 's/return .*/return first == second ? -1 : (int)first;/' src/base/sum.c
P
done

for gate in tests/check/*.sh; do
    gate=$(basename "$gate" .sh)
    if [ "$gate" != selftest ] && [ -z "${tested[$gate]:-}" ]; then
        fail "tests/check/$gate.sh has no planted violation"
    fi
done
exit $failures
