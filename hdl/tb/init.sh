#!/bin/sh
# init.sh - writes the tables of a configuration and sees the modules load them; see init.sv.
# Usage: hdl/tb/init.sh WORK POOLSIM CONFIG -Idir... -- FILE.sv...
set -eu
work=$1 poolsim=$2 config=$3
shift 3
includes=
while [ "$1" != -- ]; do
    includes="$includes $1"
    shift
done
shift
rm -rf "$work"
mkdir -p "$work"
"$poolsim" tables "$config" -o "$work/tables" >/dev/null

# The first file of each table, and how many entries it has.
first() # TABLE
{
    for file in "$work"/tables/*."$1".memh; do
        echo "$file"
        return
    done
}
up=$(first id_up) down=$(first id_down) addr=$(first addr_map)
# shellcheck disable=SC2086
iverilog -g2012 -Wno-timescale $includes -s tb -Ptb.UP="\"$up\"" -Ptb.DOWN="\"$down\"" -Ptb.ADDR="\"$addr\"" \
    -Ptb.N_UP="$(wc -l <"$up")" -Ptb.N_DOWN="$(wc -l <"$down")" -Ptb.N_ADDR="$(wc -l <"$addr")" -o "$work/init.vvp" "$@" \
    >"$work/iverilog.log" 2>&1 || { cat "$work/iverilog.log" >&2; exit 1; }
said=$(vvp "$work/init.vvp")
valid=$(grep -c '[13579bdf]$' "$up" "$down" "$addr" | awk -F: '{ n += $2 } END { print 2 * n }')
if [ "$said" != "$valid of $valid entries found" ]; then
    echo "init: $said; the files have $valid, each looked up twice" >&2
    exit 1
fi
echo "init: $said, loaded from $config's .memh files"
