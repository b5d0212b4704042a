#!/usr/bin/env bash
# Installs, copies the samples out of the source tree, builds them against the installed tree only
# (CMake and pkg-config), runs them in both isolations; then moves the installed tree, and does it
# all again: what was built before must run, and what is built now must build.
set -euo pipefail
source_folder="${1:?usage: install_test.sh SOURCE BUILD CC CXX}"
build_folder="$2"
export CC="$3" CXX="$4"

work="$(mktemp -d "${TMPDIR:-/tmp}/bulkhead-install.XXXXXX")"
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
say() { printf -- '-- %s\n' "$*"; }

# Nothing of the source or build tree may be reached by accident.
unset CMAKE_PREFIX_PATH PKG_CONFIG_PATH LD_LIBRARY_PATH CPATH LIBRARY_PATH
for name in $(compgen -e BULKHEAD_); do unset "$name"; done
cat >"$work/policy.toml" <<'END'
policy = 1
END
export BULKHEAD_POLICY="$work/policy.toml"

say "install"
cmake --install "$build_folder" --prefix "$work/first/tree" >"$work/install.log" ||
  { cat "$work/install.log"; fail "cmake --install"; }
cp -r "$source_folder/samples" "$work/samples"

# Text files of the installed tree must not name the places where it was made.
if grep -rIlF -e "$source_folder" -e "$build_folder" "$work/first/tree" >"$work/named"; then
  fail "these installed files name the source or build folder: $(tr '\n' ' ' <"$work/named")"
fi
readelf -d "$work/first/tree"/bin/* "$work/first/tree"/lib*/*.so "$work/first/tree"/libexec/*/* |
  grep -E 'R(UN)?PATH' | grep -v "ORIGIN" && fail "a run path is absolute"

for page in README.md docs/policy.md samples/first_plugin/plugin.toml; do
  [[ -f "$work/first/tree/share/doc/bulkhead/$page" ]] || fail "$page is not installed"
done

# expect TEXT COMMAND...: the command succeeds and prints TEXT somewhere.
expect() {
  local text="$1"
  shift
  local outcome=0
  "$@" >"$work/output" 2>&1 || outcome=$?
  ((outcome == 0)) || { cat "$work/output"; fail "$* exited with $outcome"; }
  grep -qF -- "$text" "$work/output" || { cat "$work/output"; fail "$* did not print '$text'"; }
}

build_with_cmake() {  # TREE FOLDER
  say "build every sample with find_package(bulkhead) against $1"
  cmake -S "$work/samples" -B "$2" -G Ninja -DCMAKE_PREFIX_PATH="$1" \
    -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror" -DCMAKE_C_FLAGS="-Wall -Wextra -Werror" \
    >"$work/build.log" 2>&1 && cmake --build "$2" >>"$work/build.log" 2>&1 ||
    { cat "$work/build.log"; fail "the samples do not build against $1"; }
}

# What does not ask for a language or a level of its own must configure, or say what is missing.
build_on_its_own() {  # TREE
  say "the samples in C and Python on their own, in projects without C++, against $1"
  local name
  for name in embed_c first_plugin_c exec_python; do
    cmake -S "$work/samples/$name" -B "$work/alone-$name" -G Ninja -DCMAKE_PREFIX_PATH="$1" \
      >"$work/build.log" 2>&1 && cmake --build "$work/alone-$name" >>"$work/build.log" 2>&1 ||
      { cat "$work/build.log"; fail "samples/$name does not build on its own"; }
  done
  say "a C++ program without -std=c++20 is told so"
  if "$CXX" -std=c++17 -fsyntax-only -I"$1/include" "$work/samples/embed_cpp/main.cpp" \
    2>"$work/build.log"; then
    fail "host.hpp compiles as C++17"
  fi
  grep -q "needs C++20" "$work/build.log" || { cat "$work/build.log"; fail "no word about C++20"; }
  say "a plugin without a manifest is told what to write"
  mkdir "$work/bare"
  cp "$work"/samples/first_plugin/{CMakeLists.txt,first_plugin.cpp} "$work/bare"
  cmake -S "$work/bare" -B "$work/bare/build" -G Ninja -DCMAKE_PREFIX_PATH="$1" \
    >"$work/build.log" 2>&1 && fail "a plugin without a manifest configures"
  grep -q "there is no manifest" "$work/build.log" || { cat "$work/build.log"; fail "no word about it"; }
}

build_with_pkg_config() {  # TREE FOLDER
  say "build the embedding samples and the C plugin with pkg-config against $1"
  local pkg_config_path sdk host libdir
  pkg_config_path="$(dirname "$(find "$1" -name bulkhead.pc)")"
  sdk="$(PKG_CONFIG_PATH="$pkg_config_path" pkg-config --cflags bulkhead-sdk)"
  host="$(PKG_CONFIG_PATH="$pkg_config_path" pkg-config --cflags --libs bulkhead)"
  libdir="$(PKG_CONFIG_PATH="$pkg_config_path" pkg-config --variable=libdir bulkhead)"
  mkdir -p "$2"
  # shellcheck disable=SC2086 # flags are words
  "$CXX" -std=c++20 "$work/samples/embed_cpp/main.cpp" -o "$2/embed_cpp" $host -Wl,-rpath,"$libdir"
  # shellcheck disable=SC2086
  "$CC" -std=c11 "$work/samples/embed_c/main.c" -o "$2/embed_c" $host -Wl,-rpath,"$libdir"
  # shellcheck disable=SC2086
  "$CC" -std=c11 -shared -fPIC -fvisibility=hidden "$work/samples/first_plugin_c/first_plugin_c.c" \
    -o "$2/libfirst_plugin_c.so" $sdk
}

run_all() {  # TREE CMAKE_BUILD PKG_CONFIG_BUILD
  local tree="$1" isolation plugins
  plugins="$2/plugins"
  for isolation in cell in-process; do
    say "run in isolation $isolation from $tree"
    export BULKHEAD_ISOLATION="$isolation"
    expect "15496 11 995" "$2/embed_cpp/embed_cpp" "Hello, world"
    expect "$isolation, level" "$2/embed_cpp/embed_cpp" "Hello, world"
    expect "15496 11 995" "$2/embed_c/embed_c" "Hello, world"
    expect "15496 11 995" "$3/embed_cpp" "Hello, world"
    expect "15496 11 995" "$3/embed_c" "Hello, world"
    expect "72 105" env BULKHEAD_PLUGIN_PATH="$plugins" "$tree/bin/bulkhead" codec encode \
      --plugin first_plugin_c --isolation "$isolation" --format text <(printf 'Hi')
    expect '"maxId":255' env BULKHEAD_PLUGIN_PATH="$plugins" "$tree/bin/bulkhead" call \
      --isolation "$isolation" first_plugin_c info
    expect "107 108" env BULKHEAD_PLUGIN_PATH="$plugins" "$tree/bin/bulkhead" codec encode \
      --plugin configured_plugin --config first_id=100 --isolation "$isolation" <(printf 'hi')
    expect "30 letters, the first is id 0" env BULKHEAD_PLUGIN_PATH="$plugins" \
      "$tree/bin/bulkhead" codec count --plugin configured_plugin -v <(printf 'hi')
    expect "72 105" env BULKHEAD_PLUGIN_PATH="$plugins" "$tree/bin/bulkhead" codec encode \
      --plugin first_plugin --isolation "$isolation" --format text <(printf 'Hi')
    unset BULKHEAD_ISOLATION
  done
  say "the executables"
  expect "72 105" env BULKHEAD_PLUGIN_PATH="$plugins" "$tree/bin/bulkhead" codec encode \
    --plugin exec_cpp --format text <(printf 'Hi')
  if [[ -e /usr/bin/python3 ]]; then
    expect "72 105" env BULKHEAD_PLUGIN_PATH="$plugins" "$tree/bin/bulkhead" codec encode \
      --plugin exec_python --format text <(printf 'Hi')
  fi
  say "the main job on a small corpus"
  printf 'A line.\n一行。\nひとつの行。\n%.0s' {1..2000} >"$work/corpus.txt"
  expect "answered the next call" "$2/main_job/main_job" "$work/corpus.txt"
}

# The page makes, builds, tests and calls a plugin of each kind.
authors_page() {  # TREE
  local kind name
  say "docs/authors.md, block by block"
  CMAKE_GENERATOR=Ninja "$source_folder/tests/docs/run_page.sh" \
    "$1/share/doc/bulkhead/docs/authors.md" "$1" "$work/page" || fail "docs/authors.md does not work"
  for kind in "$1"/share/bulkhead/templates/*; do
    kind="$(basename "$kind")"
    name="my_$kind"
    [[ -d "$work/page/$name" ]] || fail "docs/authors.md makes no plugin of the kind $kind"
    expect "$name" "$1/bin/bulkhead" --plugins "$work/page/$name/build/plugins" info "$name" --load
    expect " 0 failed" "$1/bin/bulkhead" check --in-process "$work/page/$name/build/plugins"
    if (cd "$work/page" && "$1/bin/bulkhead" new "$kind" "$name") >/dev/null 2>&1; then
      fail "bulkhead new writes over a project"
    fi
  done
  say "a page that is wrong is noticed"
  printf '<!-- run -->\n```sh\nfalse\ntrue\n```\n' >"$work/wrong-1.md"
  printf '<!-- run: prints this -->\n```sh\necho that\n```\n' >"$work/wrong-2.md"
  printf '<!-- run -->\n\n```sh\ntrue\n```\n' >"$work/wrong-3.md"
  local page
  for page in wrong-1 wrong-2 wrong-3; do
    if "$source_folder/tests/docs/run_page.sh" "$work/$page.md" "$1" "$work/$page" >/dev/null 2>&1; then
      fail "the page $page passes"
    fi
  done
}

check_samples() {  # TREE CMAKE_BUILD
  local name
  for name in first_plugin first_plugin_c configured_plugin exec_cpp exec_python; do
    [[ -d "$2/plugins/$name" ]] || continue
    say "$name keeps the contract"
    expect " 0 failed" "$1/bin/bulkhead" check --in-process "$2/plugins/$name"
  done
}

build_with_cmake "$work/first/tree" "$work/cmake-1"
check_samples "$work/first/tree" "$work/cmake-1"
authors_page "$work/first/tree"
build_on_its_own "$work/first/tree"
build_with_pkg_config "$work/first/tree" "$work/pkg-config-1"
run_all "$work/first/tree" "$work/cmake-1" "$work/pkg-config-1"

say "move the tree"
mkdir "$work/second"
mv "$work/first/tree" "$work/second/moved tree"
moved="$work/second/moved tree"
expect "15496 11 995" env LD_LIBRARY_PATH="$moved/lib" "$work/cmake-1/embed_cpp/embed_cpp"
expect "15496 11 995" env LD_LIBRARY_PATH="$moved/lib" "$work/pkg-config-1/embed_c"
expect "bulkhead" "$moved/bin/bulkhead" --version

mv "$moved" "$work/second/moved"  # pkg-config's flags can't carry a space
moved="$work/second/moved"
build_with_cmake "$moved" "$work/cmake-2"
build_with_pkg_config "$moved" "$work/pkg-config-2"
run_all "$moved" "$work/cmake-2" "$work/pkg-config-2"
say "all of it works"
