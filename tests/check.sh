#!/bin/sh
# check.sh - everything that must pass before a change is taken; `make check` runs it.
# Goes on after a failure, so that one run shows all of them, and ends with one total.
set -eu
cd "$(dirname "$0")/.."
. tests/count.sh
unset MAKEFLAGS MFLAGS MAKELEVEL
jobs=$(nproc)
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT

say() {
    printf '\n== %s\n' "$*"
}

# Starts the service on an empty store; sets $server, $url and $key.
start_server() {
    key=$(build/asan/celwatchd init --data "$work/store")
    mkfifo "$work/stdout"
    build/asan/celwatchd --data "$work/store" --listen 127.0.0.1:0 \
        >"$work/stdout" 2>"$work/stderr" &
    server=$!
    read -r _ _ url <"$work/stdout"
}

# Ends it; fails if it does not end cleanly.
stop_server() {
    kill "$server"
    wait "$server" && stop_status=0 || stop_status=$?
    server=
    if [ "$stop_status" -ne 0 ] || grep -qE 'Sanitizer|runtime error:' "$work/stderr"; then
        cat "$work/stderr"
        echo "celwatchd ended with status $stop_status"
        return 1
    fi
}

say 'the source'
count_step layers scripts/check-layers || :
count_step headers make check-headers || :
count_step format make format-check || :
count_step lint scripts/lint || :

say 'unit, contract and end-to-end tests, address and undefined sanitizers'
if count_step build-asan make -j"$jobs" VARIANT=asan tests-built replay-built print-routes-built; then
    CELWATCH_EXCHANGES="$work/exchanges" make -s check-asan || count 0 1 0 check-asan
    make -s fuzz-replay || count 0 1 0 fuzz-replay

    say 'the API against its specification'
    count_lines validate_spec python3 tests/spec/validate_spec.py
    count_lines selftest python3 tests/spec/selftest.py
    count_lines test_score python3 tests/quality/test_score.py
    count_lines check_exchanges python3 tests/spec/check_exchanges.py "$work/exchanges"
    build/asan/tests/print_routes >"$work/routes"
    count_lines check_routes python3 tests/spec/check_routes.py "$work/routes"
    start_server
    count_lines run_examples python3 tests/spec/run_examples.py --url "$url" --admin-key "$key"
    count_step run_examples-server stop_server || :
fi

say 'index and server, thread sanitizer'
if count_step build-tsan make -j"$jobs" VARIANT=tsan tests-built; then
    make -s check-tsan || count 0 1 0 check-tsan
fi

say 'total'
count_finish
