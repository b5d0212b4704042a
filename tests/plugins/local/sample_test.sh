#!/bin/sh
# samples/durable_job: one run submits a job and ends, another one recovers it.
#   sample_test.sh DURABLE_JOB PLUGINS POLICY
set -eu
program=$1
export BULKHEAD_PLUGIN_PATH=$2 BULKHEAD_POLICY=$3
XDG_STATE_HOME=$(mktemp -d)
export XDG_STATE_HOME
trap 'rm -rf "$XDG_STATE_HOME"' EXIT
fail() { echo "sample_test: $*" >&2; exit 1; }

handle=$("$program" submit nightly /bin/sh -c 'echo one; sleep 0.2; echo two; exit 3')
[ "$handle" = local/1/nightly ] || fail "handle $handle"
again=$("$program" submit nightly /bin/sh -c 'echo one; sleep 0.2; echo two; exit 3')
[ "$again" = "$handle" ] || fail "another handle: $again"
code=0
output=$("$program" follow "$handle") || code=$?
[ "$code" = 3 ] || fail "exit code $code"
[ "$output" = "one
two" ] || fail "output: $output"
code=0
"$program" follow "$handle" 2>"$XDG_STATE_HOME/errors" || code=$?
[ "$code" = 70 ] && grep -q 'No command has the key "nightly"' "$XDG_STATE_HOME/errors" ||
  fail "the job is still known"
left=$(ls "$XDG_STATE_HOME/bulkhead/commands/local")
[ -z "$left" ] || fail "left behind: $left"
