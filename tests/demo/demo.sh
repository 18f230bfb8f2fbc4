#!/bin/bash
# demo.sh - celwatch at work on real drawings: registers some, submits changed copies of them
# and strangers as if they had been found on the internet, and says what was caught.
#
#   DEMO_ONCE=1      end after the report instead of serving on; exit 1 if a copy that must be
#                    caught was missed, or if a stranger raised an alert
#   DEMO_ART=DIR     take the drawings from here (default: Debian's openclipart-png)
#   DEMO_LISTEN=...  where the service listens (default: 127.0.0.1:0, any free port)
#   CELWATCH_BUILD   folder of the programs (default: build/release)
set -euo pipefail
cd "$(dirname "$0")/../.."

build=${CELWATCH_BUILD:-build/release}
art=${DEMO_ART:-/usr/share/openclipart/png}
here=tests/demo
work=
server=

# Ends the server that was started here, by its process id, and removes the folder.
clean_up() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    [ -z "$work" ] || rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

say() { printf '\n== %s\n' "$*"; }
seconds() { date +%s.%N; }
took() { awk -v a="$1" -v b="$(seconds)" 'BEGIN { printf "%.1f", b - a }'; }
# rate COUNT SECONDS: how many a second
rate() { awk -v n="$1" -v s="$2" 'BEGIN { printf "%.0f", n / (s > 0.05 ? s : 0.05) }'; }
celwatch() { "$build/celwatch" "$@"; }

check_for_what_is_needed() {
    local program
    for program in celwatchd celwatch celwatch-hasher; do
        if [ ! -x "$build/$program" ]; then
            echo "demo: $build/$program is missing; run make first" >&2
            exit 1
        fi
    done
    if [ ! -d "$art" ]; then
        echo "demo: no drawings in $art; install openclipart-png or set DEMO_ART" >&2
        exit 1
    fi
}

# Starts the service; sets `server` to its process id and CELWATCH_URL to its address.
start_service() {
    local line=
    mkfifo "$work/stdout"
    "$build/celwatchd" --data "$work/data" --listen "${DEMO_LISTEN:-127.0.0.1:0}" \
        > "$work/stdout" 2> "$work/log" &
    server=$!
    read -r line < "$work/stdout" || true
    if [ "${line#listening on }" = "$line" ]; then
        echo 'demo: the service did not start; it said:' >&2
        cat "$work/log" >&2
        exit 1
    fi
    export CELWATCH_URL=${line#listening on }
}

make_keys() {
    studio=$(celwatch key create --role studio --label 'demo studio')
    crawler=$(celwatch key create --role crawler --label 'demo crawler')
    reviewer=$(celwatch key create --role reviewer --label 'demo reviewer')
    unset CELWATCH_KEY
}

# Weak drawings (too plain for a good hash) are registered and named; the exit code is 1 then.
register_drawings() {
    local start n
    start=$(seconds)
    CELWATCH_KEY=$studio celwatch register --collection 'Demo Season 1' --kind frame \
        --root "$work/art/work" "$work/art/work" || [ $? -eq 1 ]
    n=$(find "$work/art/work" -type f | wc -l)
    start=$(took "$start")
    echo "$n drawings hashed and registered in $start s ($(rate "$n" "$start") a second)"
}

# One submission a folder of copies, each from a host of its own, and one of the strangers.
submit_findings() {
    local folder n=0 total start
    start=$(seconds)
    for folder in "$work"/art/copies/* "$work/art/strangers"; do
        n=$((n + 1))
        CELWATCH_KEY=$crawler celwatch submit --json --ip "203.0.113.$n" \
            --url "http://files$n.example.net/shared/$(basename "$folder")/" "$folder" \
            >> "$work/sightings"
    done
    total=$(wc -l < "$work/sightings")
    start=$(took "$start")
    echo "$total pictures hashed and submitted in $start s ($(rate "$total" "$start") a second)"
}

# What the service recorded, asked with the reviewer's key: a line an incident.
ask_for_incidents() {
    local start id
    start=$(seconds)
    for id in $(CELWATCH_KEY=$reviewer celwatch incidents --json |
        sed -n 's/^{"id":"\([A-Za-z0-9-]*\)".*/\1/p'); do
        CELWATCH_KEY=$reviewer celwatch show --json "$id" >> "$work/incidents"
    done
    touch "$work/incidents"
    echo "$(wc -l < "$work/incidents") incidents, read in $(took "$start") s"
}

# serve_on VERDICT: tells where to look and, unless DEMO_ONCE is set, serves until Ctrl-C.
serve_on() {
    say 'The review page'
    echo "    address  $CELWATCH_URL/"
    echo "    key      $reviewer   (reviewer)"
    [ -z "${DEMO_ONCE:-}" ] || return 0
    echo
    echo 'The service keeps running; Ctrl-C ends it and removes what the demo made.'
    # shellcheck disable=SC2064 # the verdict is known now
    trap "exit $1" INT TERM
    wait "$server"
}

main() {
    local verdict=0
    check_for_what_is_needed
    work=$(mktemp -d "${TMPDIR:-/tmp}/celwatch-demo.XXXXXX")
    mkdir "$work/art"
    say "Drawings from $art"
    /usr/bin/python3 "$here/demo_copies.py" "$art" "$work/art"
    cat "$work/art/choice"
    say 'The service'
    CELWATCH_KEY=$("$build/celwatchd" init --data "$work/data")
    export CELWATCH_KEY
    start_service
    echo "celwatchd is listening on $CELWATCH_URL with an LMDB store"
    make_keys
    say 'A studio registers its drawings'
    register_drawings
    say 'A crawler hands in what it found'
    submit_findings
    say 'What was caught'
    ask_for_incidents
    /usr/bin/python3 "$here/demo_report.py" "$work" || verdict=$?
    serve_on "$verdict"
    return "$verdict"
}

main
