#!/usr/bin/env bash
# The main job, from a clean Debian 12 machine: installs the packages it needs (packages.txt), builds
# and installs Bulkhead into build/install, and runs real text through a real plugin, in process and
# in a cell. As root or with sudo. Fails if a single byte differs.
#
#   samples/run.sh [gpt2|cl100k_base|o200k_base]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

encoding="${1:-gpt2}"
case "$encoding" in
  gpt2 | cl100k_base | o200k_base) ;;
  -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
  *) echo "samples/run.sh: unknown encoding '$encoding': gpt2, cl100k_base or o200k_base" >&2; exit 2 ;;
esac

prefix="$PWD/build/install"
work="$PWD/build/main-job"
jobs="$(nproc)"
# One download of the vocabularies for all build folders.
export BULKHEAD_DOWNLOADS="${BULKHEAD_DOWNLOADS:-$PWD/build/downloads}"
step() { printf '\n==> %s\n' "$*"; }
# quiet COMMAND...: its output only if it fails.
quiet() {
  local log="build/samples-run.log"
  mkdir -p build
  "$@" >"$log" 2>&1 || { cat "$log"; echo "failed: $*" >&2; return 1; }
}

step "Packages"
cmake/install_packages.sh build sample

step "Build Bulkhead (build/release; a few minutes the first time)"
quiet cmake --preset release -DBULKHEAD_TESTS=OFF -DCMAKE_INSTALL_PREFIX="$prefix"
cmake --build --preset release -j "$jobs"

step "Install it to build/install, and build the samples against that"
quiet cmake --install build/release
quiet cmake -S samples -B build/samples -G Ninja -DCMAKE_PREFIX_PATH="$prefix"
quiet cmake --build build/samples -j "$jobs"
# The samples run with the defaults, whatever the user's own policy says.
for name in $(compgen -e BULKHEAD_); do unset "$name"; done
export BULKHEAD_POLICY="$PWD/samples/bulkhead.toml"
bulkhead="$prefix/bin/bulkhead"

step "Corpus: documentation that Debian packages carry, in English, Japanese and Chinese"
mkdir -p "$work"
zcat /usr/share/debian-reference/debian-reference.{en,ja,zh-cn}.txt.gz >"$work/corpus.txt"
find /usr/share/perl -path '*/pod/*.pod' -print0 | LC_ALL=C sort -z | xargs -0 cat >>"$work/corpus.txt"
printf '%s bytes, %s lines: build/main-job/corpus.txt\n' \
  "$(wc -c <"$work/corpus.txt")" "$(wc -l <"$work/corpus.txt")"

step "The pipeline: encode in both isolations, decode, and compare (samples/pipelines/roundtrip.toml)"
"$bulkhead" run samples/pipelines/roundtrip.toml \
  --set encoding="$encoding" --set corpus="$work/corpus.txt" --set work="$work" \
  --record "$work/roundtrip.run.json"
cmp "$work/in-process.u32le" "$work/cell.u32le"
cmp "$work/corpus.txt" "$work/decoded.txt"
echo "The ids are equal in both isolations, and the decoded text equals the source."

step "Another pipeline: an image becomes a tensor, the same in both isolations (samples/pipelines/media.toml)"
"$bulkhead" run samples/pipelines/media.toml --set work="$work" --record "$work/media.run.json"

step "A model in 8 bits: the same file in both isolations, with the known figures (samples/pipelines/quantize.toml)"
build/samples/bigram_model/bigram_model /usr/share/common-licenses/GPL-3 "$work/bigram.safetensors"
"$bulkhead" run samples/pipelines/quantize.toml --set model="$work/bigram.safetensors" --set work="$work" \
  --record "$work/quantize.run.json"
cmp "$work/in-process.safetensors" "$work/cell.safetensors"

step "Training: a checkpoint of one isolation goes on in the other (samples/pipelines/train.toml)"
for language in en ja zh-cn; do
  zcat "/usr/share/debian-reference/debian-reference.$language.txt.gz" >"$work/$language.txt"
done
"$bulkhead" run samples/pipelines/train.toml --set work="$work" --record "$work/train.run.json" \
  --set en="$work/en.txt" --set ja="$work/ja.txt" --set zh="$work/zh-cn.txt"
# expect FILE ANSWER: what the trainer answered.
expect() {
  grep -q "\"answer\":\"$2\"" "$1" || { echo "$1 should answer '$2': $(cat "$1")" >&2; return 1; }
}
expect "$work/answer.json" ja

step "Two plugins: tokens of a codec train a trainer (samples/pipelines/tokens.toml)"
"$bulkhead" run samples/pipelines/tokens.toml --set work="$work" --record "$work/tokens.run.json" \
  --set en="$work/en.txt" --set ja="$work/ja.txt"
expect "$work/token-answer.json" en

step "A job that outlives the program that submitted it (samples/durable_job)"
handle="$(build/samples/durable_job/durable_job submit "samples-run-$$" /bin/sh -c 'sleep 1; echo "still here"')"
echo "submitted: $handle"
build/samples/durable_job/durable_job follow "$handle"

step "A job as a pipeline: one plugin submits it, another one follows it (samples/pipelines/job.toml)"
"$bulkhead" run samples/pipelines/job.toml --set work="$work" --record "$work/job.run.json"
grep -q '"bytes":"two\\n","ended":1' "$work/job.rest.json"

step "The main job (samples/main_job): compare, measure, and kill a cell in the middle of a call"
build/samples/main_job/main_job "$work/corpus.txt" "$encoding"

step "Done. The same by hand:"
echo "  echo 'Hello, world' | build/install/bin/bulkhead codec encode --plugin en_gpt2 --encoding $encoding --isolation cell --format text"
