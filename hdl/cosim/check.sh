#!/bin/bash
# check.sh - records of the simulator in the Verilated switch: the paper's testbed from its boot by TLPs on, VFs that change hands
# under load, and random TLPs under random stalls and table writes with refusals among them, must leave it in the simulator's
# bits and cycles. A wrong bit of a header, a wrong bit in a shadow's row, and a VF that is reset without having been drained
# must be found out, the first with waves. Records that need a larger module are counted, not played.
# Usage: hdl/cosim/check.sh POOLSIM UNIT PLAYER FOLDER
set -euo pipefail
poolsim=$1 unit=$2 player=$3 folder=$4
most_left_out=3

rm -rf "$folder"
mkdir -p "$folder"
"$poolsim" run configs/paper-testbed.yaml --set run.duration=1ms --set run.max_duration=1ms --quiet \
    -o "$folder/results" --record-tlps "$folder/paper-testbed.record" >"$folder/run.log"
POOLSIM_RECORDS=$folder "$unit" lockstep >"$folder/unit.log" || {
    cat "$folder/unit.log" >&2
    exit 1
}

export player
play() # RECORD: plays it; its exit status lands in RECORD.status
{
    status=0
    COSIM_RECORD=$1 "$player" >"$1.log" 2>&1 || status=$?
    echo $status >"$1.status"
}
export -f play
printf '%s\0' "$folder"/*.record | xargs -0 -n 1 -P "$(nproc)" bash -c 'play "$0"'

played=0 left_out=0 bad=0
for record in "$folder"/*.record; do
    case $(cat "$record.status") in
    0) played=$((played + 1)) ;;
    3) left_out=$((left_out + 1)) ;;
    *)
        cat "$record.log" >&2
        bad=1
        ;;
    esac
done
if ((left_out > most_left_out)); then
    echo "$left_out records were not played, more than $most_left_out" >&2
    bad=1
fi

# plant NAME RECORD AWK WORDS: the record as the awk program leaves it must differ, in those words.
plant()
{
    awk "$3" "$folder/$2.record" >"$folder/$1"
    if cmp -s "$folder/$1" "$folder/$2.record" || COSIM_RECORD=$folder/$1 "$player" >"$folder/$1.log" 2>&1 ||
        ! grep -q "$4" "$folder/$1.log"; then
        cat "$folder/$1.log" >&2
        echo "$folder/$1: what was planted was not told" >&2
        bad=1
    fi
}
plant wrong-row paper-testbed '$1 == "write" && $3 == "cfg_shadow" && !n++ { digit = substr($6, 18, 1) == "0" ? "8" : "0";
    $6 = substr($6, 1, 17) digit substr($6, 19) } { print }' 'has other data'
plant not-drained moves-1 '$1 == "command" && $5 == "drain" && !n++ { next } { print }' 'is refused in cycle'

# Faults that close a way are not the module's, and the player says so.
"$poolsim" run configs/faults.yaml --quiet -o "$folder/results" --record-tlps "$folder/faults" >"$folder/run.log"
status=0
COSIM_RECORD=$folder/faults "$player" >"$folder/faults.log" 2>&1 || status=$?
if [ "$status" != 3 ] || ! grep -q 'knows of no faults' "$folder/faults.log"; then
    cat "$folder/faults.log" >&2
    echo "$folder/faults: played in spite of its faults" >&2
    bad=1
fi

# One bit of a header's third dword is another.
planted=$folder/planted
awk '/^out/ && ++n == 500 { digit = substr($5, 22, 1) == "0" ? "8" : "0"; $5 = substr($5, 1, 21) digit substr($5, 23) } { print }' \
    "$folder/paper-testbed.record" >"$planted"
if POOLSIM_COSIM=$player "$poolsim" cosim "$planted" >"$planted.log"; then
    echo "a wrong bit in $planted was not found" >&2
    bad=1
fi
if ! grep -q '^ *pool_switch: out' "$planted.log" || [ "$(stat -c %s "$planted.fst" 2>/dev/null || echo 0)" -lt 10000 ]; then
    cat "$planted.log" >&2
    echo "a wrong bit in $planted was not told with its waves" >&2
    bad=1
fi
echo "pool_switch: $played records played without a difference, $left_out left out; three planted ones were found"
exit $bad
