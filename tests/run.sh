#!/bin/sh
# run.sh - runs test programs of one build and counts their tests.
#
#   tests/run.sh BUILD_DIR TEST...              cmocka programs BUILD_DIR/tests/TEST
#   tests/run.sh --replay BUILD_DIR FUZZER...   BUILD_DIR/replay/FUZZER over its kept inputs
#
# A program that crashes, hangs for TEST_TIMEOUT seconds (300) or prints a sanitizer report
# has failed, whatever it counted itself. The last line is `N passed, N failed, N skipped`.
set -eu
cd "$(dirname "$0")/.."
. tests/count.sh

mode=cmocka
if [ "${1:-}" = --replay ]; then
    mode=replay
    shift
fi
build=$1
shift

export CELWATCH_BUILD="$PWD/$build"
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-second_deadlock_stack=1}"
limit=${TEST_TIMEOUT:-300}
log=$(mktemp)
pid=
trap 'rm -f "$log"' EXIT
trap '[ -z "$pid" ] || kill -s KILL -- "-$pid" 2>/dev/null; exit 130' INT TERM

# Runs a program into $log and sets $status. `timeout` leads a process group of its own, so
# that the services a crashed test leaves behind are ended with it.
run_program() {
    timeout -k 10 "$limit" "$@" </dev/null >"$log" 2>&1 &
    pid=$!
    status=0
    wait "$pid" || status=$?
    kill -s KILL -- "-$pid" 2>/dev/null || :
    pid=
}

# Says in one line how the program ended, if that is a failure in itself.
verdict() {
    if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
        echo "hung for $limit s"
    elif grep -qE 'ERROR: [A-Za-z]+Sanitizer|WARNING: [A-Za-z]+Sanitizer|runtime error:' "$log"; then
        echo 'sanitizer report'
    elif [ "$status" -ne 0 ]; then
        echo "exit status $status"
    fi
}

# Sums the numbers that cmocka prints before a text, such as ' 2 FAILED TEST(S)'.
sum_before() {
    awk -v what="$1" 'index($0, what) && $1 ~ /^[0-9]+$/ { n += $1 } END { print n + 0 }' "$log"
}

run_cmocka() {
    run_program "$build/tests/$1"
    passed=$(grep -c '^\[       OK \]' "$log" || :)
    skipped=$(sum_before 'SKIPPED TEST(S)')
    failed=$(($(sum_before 'FAILED TEST(S)') + $(grep -c '^\[  FAILED  \] GROUP' "$log" || :)))
    why=$(verdict)
    if [ "$failed" -eq 0 ] && [ $((passed + skipped)) -eq 0 ]; then
        why="${why:-ran no test}"
    fi
    if [ "$failed" -eq 0 ] && [ -n "$why" ]; then
        failed=1
    fi
    if [ "$failed" -gt 0 ]; then
        cat "$log"
        echo "$1: ${why:-failed}, last started: $(sed -n 's/^\[ RUN      \] //p' "$log" | tail -n 1)"
    fi
    count "$passed" "$failed" "$skipped" "$1"
}

run_replay() {
    short=${1#fuzz_}
    inputs=$(mktemp)
    find "tests/fuzz/corpus/$short" "tests/fuzz/regression/$short" -type f \
        >"$inputs" 2>/dev/null || :
    run_program xargs -a "$inputs" -d '\n' -r "$build/replay/$1"
    why=$(verdict)
    [ -s "$inputs" ] || why='no inputs in tests/fuzz/corpus'
    rm -f "$inputs"
    if [ -z "$why" ]; then
        count 1 0 0 "replay/$1"
    else
        cat "$log"
        echo "replay/$1: $why"
        count 0 1 0 "replay/$1"
    fi
}

for test in "$@"; do
    "run_$mode" "$test"
done
count_finish
