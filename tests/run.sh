#!/usr/bin/env bash
# All tests, from a clean Debian 12 machine. Installs the packages it needs (packages.txt), builds,
# runs, and ends with one line: N passed, N failed, N skipped.
#
#   tests/run.sh               release build with g++, its tests; clang build; fuzz targets, briefly;
#                              format check
#   tests/run.sh --sanitize    the same tests built with ASan+UBSan, then those with threads with TSan
#   --long                     with either: the tests labelled `long` too, and fuzzing for 10 minutes
#
# As root or with sudo. Build folders: build/<preset>; run again, and only what changed is built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

sanitize=0
long=0
for argument in "$@"; do
  case "$argument" in
    --sanitize) sanitize=1 ;;
    --long) long=1 ;;
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "tests/run.sh: unknown argument '$argument'; known are --sanitize and --long" >&2; exit 2 ;;
  esac
done

# Everything that tests write goes here, and goes away with this script.
private="$(mktemp -d "${TMPDIR:-/tmp}/bulkhead-tests.XXXXXX")"
trap 'rm -rf "$private"' EXIT
mkdir -m 700 "$private/tmp" "$private/runtime" "$private/config" "$private/state"

jobs="$(nproc)"
# One download of the vocabularies for all build folders.
export BULKHEAD_DOWNLOADS="${BULKHEAD_DOWNLOADS:-$PWD/build/downloads}"
passed=0
failed=0
skipped=0
failures=()

step() { printf '\n==> %s\n' "$*"; }
took() { printf '    (%d s)\n' $((SECONDS - $1)); }
close_with_summary() {
  local line
  if ((${#failures[@]} > 0)); then
    printf '\nFailed:\n'
    for line in "${failures[@]}"; do printf '  %s\n' "$line"; done
  fi
  printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  ((failed == 0)) && exit 0
  exit 1
}

# check NAME COMMAND...: one test that is a command.
check() {
  local name="$1" started=$SECONDS
  shift
  step "$name"
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    failures+=("$name")
  fi
  took "$started"
}

# TSan is about threads: what has one alone is not built for it, as that takes a quarter of an hour.
threaded=(author_test cli_test en_gpt2_test exec_test host_application host_aspects host_calls
  host_clients host_close host_contract host_crash host_grants host_multimodal host_package
  host_plugins host_services host_several host_stop host_stress host_web linear_modes_test
  local_test provider_test quantize_host_test services_test test_sandbox test_sandbox_keep wire_test)

# build PRESET [OPTION...]: nothing that follows makes sense when this fails.
build() {
  local preset="$1" started=$SECONDS
  shift
  step "build $preset (build/$preset)"
  if ! cmake --preset "$preset" "$@" >"$private/configure.log" 2>&1; then
    cat "$private/configure.log"
    failed=$((failed + 1))
    failures+=("configure $preset")
    return 1
  fi
  local targets=()
  [[ "$preset" != tsan ]] || targets=(--target bulkhead-launcher "${threaded[@]}")
  if ! cmake --build --preset "$preset" -j "$jobs" "${targets[@]}"; then
    failed=$((failed + 1))
    failures+=("build $preset")
    return 1
  fi
  took "$started"
}

# run_tests PRESET: ctest, away from the user's own configuration, and counts the cases.
run_tests() {
  local preset="$1" started=$SECONDS outcome=0 labels=()
  step "test $preset"
  ((long)) || labels+=(long)
  [[ "$preset" == release ]] || labels+=(slow-sanitized)
  local exclude=()
  local only=()
  [[ "$preset" != tsan ]] || only=(-R "^($(IFS='|'; echo "${threaded[*]}"))\$")
  ((${#labels[@]} == 0)) || exclude=(-LE "^($(IFS='|'; echo "${labels[*]}"))\$")
  rm -rf "$private/tally"
  mkdir "$private/tally"
  (
    for name in $(compgen -e BULKHEAD_); do unset "$name"; done
    export TMPDIR="$private/tmp" XDG_RUNTIME_DIR="$private/runtime"
    export XDG_CONFIG_HOME="$private/config" XDG_STATE_HOME="$private/state"
    export BULKHEAD_TEST_TALLY="$private/tally"
    export ASAN_OPTIONS="strict_string_checks=1:detect_stack_use_after_return=1"
    export UBSAN_OPTIONS="print_stacktrace=1"
    export TSAN_OPTIONS="second_deadlock_stack=1"
    ctest --test-dir "build/$preset" -j "$jobs" --output-on-failure --no-tests=error \
      --output-junit "$private/$preset.xml" "${exclude[@]}" "${only[@]}"
  ) || outcome=1
  count_tests "$preset" "$outcome"
  took "$started"
}

# Adds up the report of ctest. A Catch2 program counts with its cases, any other test as one.
count_tests() {
  local preset="$1" outcome="$2" before=$failed name status case_passed case_failed
  while read -r status name; do
    case_passed=0
    case_failed=0
    [[ -f "$private/tally/$name" ]] && read -r case_passed case_failed <"$private/tally/$name"
    case "$status" in
      run)
        ((case_passed + case_failed > 0)) || case_passed=1
        ;;
      skipped)
        skipped=$((skipped + 1))
        printf 'skipped: %s\n' "$name"
        ;;
      *)
        ((case_failed > 0)) || case_failed=1
        failures+=("$preset: $name")
        ;;
    esac
    passed=$((passed + case_passed))
    failed=$((failed + case_failed))
  done < <(awk '
    match($0, /<testcase name="[^"]*"/) { name = substr($0, RSTART + 16, RLENGTH - 17) }
    match($0, /status="[a-z]*"/) { status = substr($0, RSTART + 8, RLENGTH - 9) }
    /SKIP_RETURN_CODE/ { status = "skipped" }
    /<\/testcase>/ { print status, name }' "$private/$preset.xml" 2>/dev/null)
  if ((outcome != 0 && failed == before)); then
    failed=$((failed + 1))
    failures+=("$preset: ctest")
  fi
}

format_is_clean() {
  # Templates are no C++ until their names are filled in.
  find host sdk plugins registry sandbox gpu tests samples -path sdk/templates -prune -o \
    \( -name '*.c' -o -name '*.h' -o -name '*.cpp' -o -name '*.hpp' \) -print0 |
    xargs -0 clang-format --dry-run -Werror
}

# fuzz NAME SECONDS: from the seeds in tests/fuzz/corpus/NAME; what it finds is shown and kept.
fuzz() {
  local name="$1" seconds="$2" found="build/clang/fuzz/found"
  mkdir -p "$private/corpus-$name" "$found"
  if ! "build/clang/fuzz/$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 \
    -artifact_prefix="$found/$name-" -print_final_stats=1 \
    "$private/corpus-$name" "tests/fuzz/corpus/$name" >"$private/fuzz.log" 2>&1; then
    tail -n 60 "$private/fuzz.log"
    echo "The input that did it is in $found"
    return 1
  fi
  grep -E 'number_of_executed_units|Done' "$private/fuzz.log" || true
}

step "packages"
cmake/install_packages.sh build test

if ((sanitize)); then
  for preset in asan tsan; do
    if build "$preset" -DBULKHEAD_TESTS=ON; then run_tests "$preset"; fi
  done
  close_with_summary
fi

if build release -DBULKHEAD_TESTS=ON; then run_tests release; fi
check "format (clang-format)" format_is_clean
if build clang -DBULKHEAD_TESTS=OFF; then
  passed=$((passed + 1))  # clang 14 compiles what is shipped without a warning
  for target in tests/fuzz/*_fuzz.cpp; do
    name="$(basename "$target" .cpp)"
    check "fuzz $name" fuzz "$name" "$((long ? 300 : 15))"
  done
fi
close_with_summary
