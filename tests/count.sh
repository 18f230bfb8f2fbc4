# shellcheck shell=sh
# count.sh - counts tests over several programs; sourced by run.sh, check.sh, check-long.sh.
#
# The counts are lines "passed failed skipped name" of the file $CELWATCH_COUNTS. Who finds
# the variable set adds to the sum of its caller and leaves the closing line to it.

if [ -z "${CELWATCH_COUNTS:-}" ]; then
    CELWATCH_COUNTS=$(mktemp)
    export CELWATCH_COUNTS
    count_owner=yes
else
    count_owner=no
fi

# count PASSED FAILED SKIPPED NAME: adds one program and prints its line.
count() {
    echo "$*" >>"$CELWATCH_COUNTS"
    printf '%-34s %4d passed' "$4" "$1"
    [ "$2" -eq 0 ] || printf ', %d FAILED' "$2"
    [ "$3" -eq 0 ] || printf ', %d skipped' "$3"
    printf '\n'
}

# count_step NAME COMMAND...: one test that passes if the command succeeds; what the command
# prints is shown only if it fails. Fails with the command.
count_step() {
    step_name=$1
    shift
    step_log=$(mktemp)
    if "$@" </dev/null >"$step_log" 2>&1; then
        step_status=0
        count 1 0 0 "$step_name"
    else
        step_status=1
        cat "$step_log"
        count 0 1 0 "$step_name"
    fi
    rm -f "$step_log"
    return "$step_status"
}

# count_lines NAME COMMAND...: a program that prints `ok NAME` or `not ok NAME: why` a test.
count_lines() {
    lines_name=$1
    shift
    lines_log=$(mktemp)
    lines_status=0
    "$@" </dev/null >"$lines_log" 2>&1 || lines_status=$?
    lines_ok=$(grep -c '^ok ' "$lines_log" || :)
    lines_bad=$(grep -c '^not ok ' "$lines_log" || :)
    if [ "$lines_bad" -eq 0 ] && [ $((lines_status != 0 || lines_ok == 0)) -eq 1 ]; then
        lines_bad=1
    fi
    [ "$lines_bad" -eq 0 ] || grep -v '^ok ' "$lines_log" || :
    count "$lines_ok" "$lines_bad" 0 "$lines_name"
    rm -f "$lines_log"
}

# count_finish: the owner prints the total as the last line; the status is 0 only if tests
# were run and none failed. Others return 0: their failures are in the sum.
count_finish() {
    [ "$count_owner" = yes ] || return 0
    awk '{ p += $1; f += $2; s += $3; if ($2 > 0) print "FAILED in " $4 }
         END { printf "%d passed, %d failed, %d skipped\n", p, f, s
               exit !(p + s > 0 && f == 0) }' "$CELWATCH_COUNTS" && finish_status=0 ||
        finish_status=1
    rm -f "$CELWATCH_COUNTS"
    return "$finish_status"
}
