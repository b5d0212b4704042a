#!/bin/sh
# Runs the benchmarks and prints their tables: all, or one.
#
#   tests/bench/run.sh [--only NAME] [--json FILE] [--build FOLDER] [--quick]
#
# NAME is a program of this folder: calls, start, memory. FILE receives an array with one object a
# program. FOLDER is a build tree (default: build/release, made if it is missing).
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/build/release
only= json= quick=
programs="calls start memory"

usage() {
  echo "usage: tests/bench/run.sh [--only NAME] [--json FILE] [--build FOLDER] [--quick]" >&2
  exit 2
}

while [ $# -gt 0 ]; do
  case $1 in
    --only) [ $# -ge 2 ] || usage; only=$2; shift 2 ;;
    --json) [ $# -ge 2 ] || usage; json=$2; shift 2 ;;
    --build) [ $# -ge 2 ] || usage; build=$2; shift 2 ;;
    --quick) quick=--quick; shift ;;
    -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "tests/bench/run.sh: unknown argument '$1'." >&2; usage ;;
  esac
done

if [ -n "$only" ]; then
  case " $programs " in
    *" $only "*) programs=$only ;;
    *) echo "tests/bench/run.sh: there is no benchmark '$only'; there are: $programs." >&2; exit 2 ;;
  esac
fi

if [ ! -f "$build/CMakeCache.txt" ]; then
  echo "Configuring $build" >&2
  cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release >&2
fi
targets=
for program in $programs; do targets="$targets bench_$program"; done
# shellcheck disable=SC2086  # a list
cmake --build "$build" --target $targets >&2

rows=$(mktemp -d)
trap 'rm -rf "$rows"' EXIT
for program in $programs; do
  "$build/tests/bench_$program" $quick --json "$rows/$program.json"
done

if [ -n "$json" ]; then
  { # one array out of the objects
    separator='['
    for program in $programs; do
      printf '%s\n' "$separator"
      cat "$rows/$program.json"
      separator=','
    done
    echo ']'
  } >"$rows/all.json"
  cp "$rows/all.json" "$json"
fi
