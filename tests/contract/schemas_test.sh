#!/usr/bin/env bash
# The released schemas against today's (schema_check.cpp), and against copies of the released ones
# that were changed: the check must go red on each forbidden change and name it, and stay green on
# each allowed one.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
today="${1:?usage: schemas_test.sh TODAY_SCHEMAS SCHEMA_CHECK CAPNP WORK}"
schema_check="$2"
capnp="$3"
work="$4"
pinned="$here/1.0/schema"
schemas=(core.capnp codec.capnp files.capnp)
rm -rf "$work"
mkdir -p "$work"
failures=0
fail() { echo "FAILED: $*"; failures=$((failures + 1)); }

# request FOLDER OUTPUT: what `capnp compile` hands to a generator. Inside of the folder, so that the
# names of the nodes do not depend on where it is.
request() { (cd "$1" && "$capnp" compile -o- "${schemas[@]}") >"$2"; }
request "$pinned" "$work/pinned"
request "$today" "$work/today"
"$schema_check" "$work/pinned" "$work/today" || fail "today's schemas break contract 1.0"

# mutate FILE SED
mutate() {
  rm -rf "$work/mutated"
  cp -r "$pinned" "$work/mutated"
  sed -i -E "$2" "$work/mutated/$1"
  ! cmp -s "$pinned/$1" "$work/mutated/$1" && request "$work/mutated" "$work/request"
}
# red NAME WORD FILE SED: the check fails, and says WORD.
red() {
  mutate "$3" "$4" || { fail "$1: the control changes nothing, or is no schema"; return; }
  local outcome=0
  "$schema_check" "$work/pinned" "$work/request" >"$work/output" 2>&1 || outcome=$?
  if ((outcome != 1)); then
    fail "$1: the check ends with $outcome"
    cat "$work/output"
  elif ! grep -qF -- "$2" "$work/output"; then
    fail "$1: the check does not name $2:"
    cat "$work/output"
  else
    printf 'red, as it must be: %-38s %s\n' "$1" "$(grep -F -m 1 -- "$2" "$work/output")"
  fi
}
# green NAME FILE SED
green() {
  mutate "$2" "$3" || { fail "$1: the control changes nothing, or is no schema"; return; }
  if "$schema_check" "$work/pinned" "$work/request" >"$work/output" 2>&1; then
    echo "green, as it must be: $1"
  else
    fail "$1: the check goes red:"
    cat "$work/output"
  fi
}

red "two ordinals swapped" "CallContext.id has another name" core.capnp \
  '/^struct CallContext/,/^}/{s/id @0/id @9/; s/deadline @1/deadline @0/; s/id @9/id @1/}'
red "two ordinals of one type swapped" "Special.allowed has another name" codec.capnp \
  's/allowed @0 /allowed @9 /; s/disallowed @1 /disallowed @0 /; s/ allowed @9/ allowed @1/'
red "a field of another type" "ReadFileParams.size has another type" files.capnp \
  's/size @2 :UInt32/size @2 :UInt64/'
red "the same, in the words of the loader" "ReadFileParams is incompatible" files.capnp \
  's/size @2 :UInt32/size @2 :UInt64/'
red "a field of another sign" "CallContext.deadline has another type" core.capnp \
  's/deadline @1 :Int64/deadline @1 :UInt64/'
red "text made bytes" "HelloParams.hostVersion has another type" core.capnp \
  's/hostVersion @4 :Text/hostVersion @4 :Data/'
red "a list of other elements" "EncodeResults.ids has another type" codec.capnp \
  '/^struct EncodeResults/,/^}/s/List\(UInt32\)/List(UInt64)/'
red "a field renamed" "InfoResults.maxId has another name" codec.capnp 's/maxId @3/largestId @3/'
red "a field removed" "has lost the field reason @1" core.capnp '/^  reason @1/d'
red "a default changed" "CountResults.count has another default" codec.capnp \
  's/^  count @0 :UInt64;/  count @0 :UInt64 = 7;/'
red "a field moved into a union" "number in its union" core.capnp \
  '/^struct CancelParams/,/^}/{s/^  reason @1.*/  union { reason @1 :UInt32; why @2 :Text; }/}'
red "a field of the union changed" "has another type" core.capnp 's/number @3 :Float64/number @3 :Float32/'
red "a method removed" "has lost the method cancel @5" core.capnp '/^  cancel @5/d'
red "two methods swapped" "Cell.open has another name" core.capnp \
  '/^interface Cell/,/^}/{s/^  open @2/  open @3/; s/^  close @3/  close @2/}'
red "a method renamed" "Files.commit has another name" files.capnp 's/^  commit @4/  publish @4/'
red "a method of other params" "Cell.close has another params" core.capnp \
  's/close @3 CloseParams/close @3 CancelParams/'
red "a method of other results" "Cell.load has another results" core.capnp \
  's/load @1 LoadParams -> LoadResults/load @1 LoadParams -> CloseResults/'
red "a struct renamed" "EventResults is gone" core.capnp 's/EventResults/EventAnswers/'
red "another file id" "is gone" codec.capnp '1s/@0xd5f0a3927be6418c/@0xd5f0a3927be6418d/'

green "nothing but a comment" core.capnp '$a # a comment'
green "a field appended" core.capnp 's/^  reason @1 :UInt32;.*/&\n  words @2 :Text;/'
green "a method appended" core.capnp 's/^  cancel @5 .*/&\n  pause @6 CancelParams -> CancelResults;/'
green "a choice appended to the union" core.capnp 's/^    text @4 :Text;/&\n    bytes @5 :Data;/'
green "a new struct" codec.capnp '$a struct FuseParams { weight @0 :Float64; }'
green "a higher wire version" core.capnp 's/^const wireVersion :UInt32 = 1;/const wireVersion :UInt32 = 2;/'

((failures == 0)) || { echo "$failures controls or checks failed"; exit 1; }
echo "all controls went as they must"
