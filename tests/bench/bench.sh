#!/bin/sh
# bench.sh BUILD_DIR - runs every benchmark of a build; each prints JSON lines. Those with a
# reference measure it in the same run and print the ratio.
set -eu
cd "$(dirname "$0")/../.."
build=$1
export CELWATCH_BUILD="$PWD/$build"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The search needs numpy for its codes and has FAISS as reference: Debian's, for Debian's python3.
codes() {
    /usr/bin/python3 tests/bench/search_codes.py "$@"
}

# field NAME: that number of a JSON line.
field() {
    sed -n 's/.*"'"$1"'":\([0-9.]*\).*/\1/p'
}

# search CODES QUERIES ARGUMENT...: one bench_search on one processor.
search() {
    codes_file=$1
    queries_file=$2
    shift 2
    taskset -c 0 "$build/bench_search" --codes "$work/$codes_file" \
        --queries "$work/$queries_file" --radius 31 "$@"
}

# compare NAME: our search, our own scan of the same codes, and for a million of them FAISS, each
# with the same first queries.
compare() {
    name=$1
    mih=$(search "$name" "$name.queries" --passes 9)
    scan=$(search "$name" "$name.few" --passes 2 --engine linear)
    echo "$mih"
    echo "$scan"
    faiss=0
    case "$name" in
    *-1M) faiss=$(taskset -c 0 /usr/bin/python3 tests/bench/search_faiss.py "$work/$name" \
        "$work/$name.few" 31 | cut -d ' ' -f 1) ;;
    esac
    echo "$mih" | sed 's/}$//' | awk -v name="$name" -v ours="$(echo "$mih" | field qps)" \
        -v scan="$(echo "$scan" | field qps)" -v faiss="$faiss" \
        -v p50="$(echo "$mih" | field p50_us)" -v p99="$(echo "$mih" | field p99_us)" \
        -v bytes="$(echo "$mih" | field bytes_per_entry)" '{
            printf "{\"bench\":\"search\",\"codes\":\"%s\",\"qps\":%.0f,", name, ours
            printf "\"to_scan\":%.1f,\"p99_to_p50\":%.1f,", ours / scan, p99 / p50
            if (faiss > 0) printf "\"faiss_qps\":%.0f,\"to_faiss\":%.1f,", faiss, ours / faiss
            printf "\"bytes_per_row\":%.1f}\n", bytes
        }'
}

bench_searches() {
    for size in 1 10; do
        for kind in uniform clustered; do
            name=$kind-${size}M
            codes "$kind" "$size" "${size}000000" "$work/$name"
            codes queries 7 2000 "$work/$name.queries" "$work/$name" 0.5
            head -c $((32 * 60)) "$work/$name.queries" >"$work/$name.few"
            compare "$name"
            [ "$name" != uniform-1M ] ||
                search "$name" "$name.queries" --inserts 2000 | grep insert_cost
            rm "$work/$name"
        done
    done
}

"$build/bench_pdq"
bench_searches
"$build/bench_restart"
"$build/bench_local"
"$build/bench_store"
"$build/bench_audit"
"$build/bench_http"
"$build/bench_register"
