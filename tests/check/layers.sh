#!/bin/bash
# layers.sh - every #include of src/ stays within this table of who may include whom.
# Usage: tests/check/layers.sh ROOT
set -euo pipefail
cd "$1"

# folder: the folders whose headers it may include besides its own. "main" is src/main.c.
table='
base:
des:        base
pcie:       base
pool:       base pcie
fabric:     base des pcie pool
workload:   base des pcie fabric
host:       base des pcie pool fabric
config:     base pcie
stats:      base des
cosim:      base pcie pool
run:        base des pcie pool fabric workload host config stats cosim
main:       run
'

# Libraries that only some folders see: a header's first path element and the folders.
libraries='
simgrid:    host
yaml.h:     config
jansson.h:  config stats run
'

lookup() # TABLE KEY: the words behind the key; fails when there is no such row
{
    awk -v key="$2:" '$1 == key { $1 = ""; print; found = 1 } END { exit !found }' <<<"$1"
}

bad=0
complain()
{
    echo "$1" >&2
    bad=1
}

while IFS=: read -r file line text; do
    folder=${file#src/}
    case $folder in
    main.c) folder=main ;;
    */*) folder=${folder%%/*} ;;
    *)
        complain "$file:$line: only main.c lies in src/ itself"
        continue
        ;;
    esac
    if ! allowed=$(lookup "$table" "$folder"); then
        complain "$file:$line: src/$folder/ is not in the table of tests/check/layers.sh"
        continue
    fi
    target=$(sed 's/^[^<"]*[<"]//; s/[>"].*//' <<<"$text")
    case $text in
    *'<'*)
        if owners=$(lookup "$libraries" "${target%%/*}") && [[ " $owners " != *" $folder "* ]]; then
            complain "$file:$line: $folder/ may not see <$target>, only:$owners"
        fi
        ;;
    *)
        if [[ $target != */* || $target == ../* || $target == ./* ]]; then
            complain "$file:$line: \"$target\" must be written with its folder, as \"$folder/$target\""
        elif [[ " $folder $allowed " != *" ${target%%/*} "* ]]; then
            complain "$file:$line: $folder/ may not include \"$target\", only:${allowed:- nothing else}"
        fi
        ;;
    esac
done < <(find src -name '*.[ch]' -exec grep -nHE '^[[:space:]]*#[[:space:]]*include' {} + | sort)
exit $bad
