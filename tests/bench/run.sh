#!/bin/bash
# run.sh - speed, memory and instruction counts of the scenarios in this folder, a line each:
#   bench: NAME tlp_hops_per_s=... events_per_hop=... instructions_per_hop=... bytes_per_tlp=... rss_mib=...
#   bench: coupling ...        what software beside the fabric costs the paper's testbed
# and before them the event queues, and what the machine itself does at the moment.
# Usage: tests/bench/run.sh BENCH [--check | --record | --rates]    BENCH: the program that `make bench` builds
#   --check    no wall time, which says nothing on a shared machine; fails when a count is beyond its bound
#   --record   writes what was counted to bounds.txt
#   --rates    wall time only
# Rates are the best of ROUNDS=5 runs, with the scenarios taking turns. Hops, events and instructions are exact: the same
# program gives the same numbers. Instructions are those of a long run less those of a short one, over the difference in
# hops, so that building and reporting cancel; memory is the peak of a process that does one long run.
set -euo pipefail
export LC_ALL=C

bench=$1
mode=${2:-}
case $mode in
'' | --check | --record | --rates) ;;
*)
    echo "usage: $0 BENCH [--check | --record | --rates]" >&2
    exit 2
    ;;
esac
folder=$(dirname "$0")
bounds=$folder/bounds.txt
rounds=${ROUNDS:-5}

# The simulated time of each scenario: for a rate (about a second), and the short and the long run for instructions.
table='
shared-8            300ms   500us  4500us
crossbar-8x8        20ms    50us   450us
crossbar-8x8-reads  20ms    50us   450us
hosts-256           10ms    50us   250us
vfs-65536           2ms     50us   150us
hosts-1024          100us   5us    15us
'
events_per_hop_limit=0.8
bytes_per_tlp_limit=64
rss_limit='hosts-1024 256' # MiB
tolerance=1.03
coupling_limit=0.25 # of the speed without software, counted in instructions

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

scenario() # NAME DURATION: a line "NAME hops=... events=... wall_s=... bytes_per_tlp=... rss_mib=..."
{
    "$bench" scenario "$folder/$1.yaml" "$2"
}

instructions() # FILE DURATION [KEY=VALUE...]: "HOPS INSTRUCTIONS"
{
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" scenario "$@" \
        >"$work/run" 2>"$work/log" || {
        cat "$work/log" >&2
        return 1
    }
    sed -n 's/.* hops=\([0-9]*\).*/\1/p' "$work/run"
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$work/log"
}

instructions_per_hop() # FILE SHORT LONG [KEY=VALUE...]
{
    local short long file=$1 brief=$2 lengthy=$3
    shift 3
    short=$(instructions "$file" "$brief" "$@")
    long=$(instructions "$file" "$lengthy" "$@")
    # Four numbers, one a line: splitting is meant.
    # shellcheck disable=SC2086
    set -- $short $long
    awk -v h1="$1" -v i1="$2" -v h2="$3" -v i2="$4" 'BEGIN { printf "%.1f\n", (i2 - i1) / (h2 - h1) }'
}

rows() # COMMAND: calls it with the fields of every row of the table
{
    while read -r name rate short long; do
        [ -z "$name" ] || "$1" "$name" "$rate" "$short" "$long"
    done <<<"$table"
}

run_once() # NAME RATE: appends to the scenario's results
{
    scenario "$1" "$2" >>"$work/$1.runs"
}

count() # NAME RATE SHORT LONG
{
    instructions_per_hop "$folder/$1.yaml" "$3" "$4" >"$work/$1.instructions"
}

coupling() # the paper's testbed with numbers that are just there, and with hosts that boot: their rounds go on
{
    local mode
    for mode in none tlp; do
        instructions_per_hop "$folder/../../configs/paper-testbed.yaml" 200us 2200us "boot.mode=$mode" run.warmup=0ns \
            run.max_duration=10ms run.precision=0% >"$work/coupling.$mode"
    done
    awk -v limit="$coupling_limit" '
        FNR == NR { fast = $1; next }
        {
            cost = 1 - fast / $1
            printf "bench: coupling instructions_per_hop none=%.1f tlp=%.1f cost=%.3f\n", fast, $1, cost
            if (cost > limit) {
                printf "bench: coupling: it costs more than %s of the speed\n", limit > "/dev/stderr"
                exit 1
            }
        }' "$work/coupling.none" "$work/coupling.tlp"
}

report() # NAME: its line
{
    local per_hop=-
    [ ! -e "$work/$1.instructions" ] || per_hop=$(cat "$work/$1.instructions")
    awk -v name="$1" -v per_hop="$per_hop" -v timed="$timed" '
        {
            for (i = 2; i <= NF; i++) { split($i, part, "="); value[part[1]] = part[2] }
            rate = value["hops"] / value["wall_s"]
            if (rate > best) best = rate
            if (value["rss_mib"] > rss) rss = value["rss_mib"]
        }
        END {
            printf "bench: %s tlp_hops_per_s=%s events_per_hop=%.3f instructions_per_hop=%s bytes_per_tlp=%d rss_mib=%.1f\n",
                name, timed ? sprintf("%.0f", best) : "-", value["events"] / value["hops"], per_hop,
                value["bytes_per_tlp"], rss
        }' "$work/$1.runs"
}

judge() # reads the report's lines; says what is beyond its bound, and fails if anything is
{
    awk -v events="$events_per_hop_limit" -v bytes="$bytes_per_tlp_limit" -v rss="$rss_limit" -v tolerance="$tolerance" '
        function beyond(what, found, limit) {
            printf "bench: %s: %s is %s, more than %s\n", $2, what, found, limit > "/dev/stderr"
            bad = 1
        }
        BEGIN { split(rss, most) }
        FNR == NR { if (!/^#/) bound[$1] = $2; next }
        {
            for (i = 3; i <= NF; i++) { split($i, part, "="); value[part[1]] = part[2] }
            if (value["events_per_hop"] > events) beyond("events_per_hop", value["events_per_hop"], events)
            if (value["bytes_per_tlp"] > bytes) beyond("bytes_per_tlp", value["bytes_per_tlp"], bytes)
            if ($2 == most[1] && value["rss_mib"] > most[2]) beyond("rss_mib", value["rss_mib"], most[2])
            if (!($2 in bound)) {
                printf "bench: %s: bounds.txt has no line for it\n", $2 > "/dev/stderr"
                bad = 1
            } else if (value["instructions_per_hop"] > tolerance * bound[$2])
                beyond("instructions_per_hop", value["instructions_per_hop"], tolerance " x " bound[$2])
        }
        END { exit bad }' "$bounds" -
}

timed=
case $mode in
'' | --rates)
    timed=1
    [ "$mode" = --rates ] || "$bench" queues "$folder"/*.yaml
    "$bench" calibrate
    for ((round = 0; round < rounds; round++)); do
        rows run_once
    done
    ;;
*) rows run_once ;;
esac
[ "$mode" = --rates ] || rows count
rows report | tee "$work/report"
[ "$mode" = --rates ] || coupling

case $mode in
--check) judge <"$work/report" ;;
--record)
    {
        grep '^#' "$bounds"
        sed -n 's/^bench: \([^ ]*\) .*instructions_per_hop=\([^ ]*\) .*/\1 \2/p' "$work/report"
    } >"$work/bounds"
    cp "$work/bounds" "$bounds"
    ;;
esac
