#!/bin/sh
# bench.sh BUILD_DIR - runs every benchmark of a build; each prints JSON lines. Those with a
# reference measure it in the same run and print the ratio.
set -eu
cd "$(dirname "$0")/../.."
build=$1
export CELWATCH_BUILD="$PWD/$build"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# codes SEED COUNT: that many random 32-byte hashes, the same ones for the same seed.
codes() {
    python3 -c 'import random, sys
random.seed(int(sys.argv[1]))
sys.stdout.buffer.write(random.randbytes(32 * int(sys.argv[2])))' "$1" "$2"
}

"$build/bench_pdq"
codes 1 1000000 >"$work/codes"
codes 2 200 >"$work/queries"
"$build/bench_search" --codes "$work/codes" --queries "$work/queries" --radius 31
"$build/bench_local"
"$build/bench_store"
"$build/bench_http"
