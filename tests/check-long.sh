#!/bin/sh
# check-long.sh - what takes too long for every change: many kills, all hostile pictures,
# ten thousand edits of the log, a million searches against the scan, long fuzzing, the demo.
set -eu
cd "$(dirname "$0")/.."
. tests/count.sh
unset MAKEFLAGS MFLAGS MAKELEVEL
jobs=$(nproc)
: "${CELWATCH_KILLS:=1000}" "${FUZZ_TOTAL_SECONDS:=600}" "${CELWATCH_SEARCH_CASES:=1000000}"
: "${CELWATCH_TAMPERS:=10000}"
export CELWATCH_HOSTILE_EVERY=1 CELWATCH_KILLS CELWATCH_SEARCH_CASES CELWATCH_TAMPERS TEST_TIMEOUT=3600

scripts/deps fuzz
scripts/deps demo

if count_step build make -j"$jobs" tests-built; then
    crash_tests=$(make -s print-CONTRACT_INDEX)
    # shellcheck disable=SC2086 # a list of names
    tests/run.sh build/release e2e_kill e2e_backup e2e_faults e2e_hostile_pictures $crash_tests test_search_equal test_chain
fi
if count_step build-fuzz make -j"$jobs" VARIANT=fuzz CC=clang fuzz-built; then
    fuzzers=$(make -s print-FUZZERS)
    # shellcheck disable=SC2086 # a list of names
    set -- $fuzzers
    for fuzzer in "$@"; do
        count_step "$fuzzer" scripts/fuzz build/fuzz/fuzz $((FUZZ_TOTAL_SECONDS / $#)) "$fuzzer" || :
    done
fi
# A million pictures of 300 local descriptors: 14 GB of memory, ten minutes.
if count_step build-bench make -j"$jobs" build/release/bench_local; then
    count_step local-million build/release/bench_local 1000000 || :
fi
count_step demo env DEMO_ONCE=1 tests/demo/demo.sh || :

count_finish
