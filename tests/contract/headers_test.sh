#!/usr/bin/env bash
# The released C headers against today's (check_headers.sh), and against copies of the released ones
# that were changed: the check must go red on each forbidden change and name it, and stay green on
# each allowed one.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
today="${1:?usage: headers_test.sh TODAY_INCLUDE WORK}"
work="$2"
contract="$here/1.0"
command -v "${ABIDIFF:-abidiff}" >/dev/null || { echo "abidiff (abigail-tools) is missing"; exit 77; }
rm -rf "$work"
mkdir -p "$work"
failures=0
fail() { echo "FAILED: $*"; failures=$((failures + 1)); }

# --- the contract itself ---
(cd "$contract" && sha256sum --quiet -c SHA256SUMS) || fail "a pinned file was edited: 1.0/README.md"
"$here/check_headers.sh" "$contract/include" "$today" "$work/today" ||
  fail "today's headers break contract 1.0"
# A released source still compiles, too.
"${CC:-gcc}" -std=c11 -fsyntax-only -I"$today" "$contract/c_codec/c_codec.c" ||
  fail "today's headers do not compile the pinned codec"

# --- controls ---
# mutate HEADER SED: a copy of the released headers in $work/mutated with that one change.
mutate() {
  rm -rf "$work/mutated"
  cp -r "$contract/include" "$work/mutated"
  sed -i -E "$2" "$work/mutated/bulkhead/abi/$1"
  ! cmp -s "$contract/include/bulkhead/abi/$1" "$work/mutated/bulkhead/abi/$1"
}
# red NAME WORD HEADER SED: the check fails, and says WORD.
red() {
  mutate "$3" "$4" || { fail "$1: the control changes nothing"; return; }
  if "$here/check_headers.sh" "$contract/include" "$work/mutated" "$work/check" \
    >"$work/output" 2>&1; then
    fail "$1: the check stays green"
  elif ! grep -qF -- "$2" "$work/output"; then
    fail "$1: the check does not name $2:"
    cat "$work/output"
  else
    printf 'red, as it must be: %-46s %s\n' "$1" "$(grep -F -m 1 -- "$2" "$work/output" | sed 's/^ *//')"
  fi
}
# green NAME HEADER SED
green() {
  mutate "$2" "$3" || { fail "$1: the control changes nothing"; return; }
  if "$here/check_headers.sh" "$contract/include" "$work/mutated" "$work/check" \
    >"$work/output" 2>&1; then
    echo "green, as it must be: $1"
  else
    fail "$1: the check goes red:"
    cat "$work/output"
  fi
}

red "a field inserted" "uint32_t priority" call.h 's/^  int64_t deadline_ns;/  uint32_t priority;\n&/'
red "a field appended at the end" "longest" codec.h 's/^\} bh_codec_count_result;/uint64_t longest;&/'
red "a field of another type" "config_count" core.h 's/uint32_t config_count/uint64_t config_count/'
red "a field renamed" "max_ids" codec.h 's/uint64_t max_tokens;/uint64_t max_ids;/'
red "a field removed" "id_count" codec.h '/^  size_t id_count;/d'
red "a field of an element of a list" "bh_config_entry" core.h 's/^  double number;/  float number;/'
red "the frozen prefix in another order" "cuda_major" core.h \
  's/^  uint32_t sanitizers;( .*)$/  uint32_t cuda_major;\1/; t; s/^  uint32_t cuda_major;/  uint32_t sanitizers;/'
red "a function of another signature" "log' changed" call.h \
  's/\(\*log\)\(bh_call \*call, uint32_t level/(*log)(bh_call *call, uint64_t level/'
red "a function with a result" "close" core.h \
  's/void \(\*close\)\(bh_instance/bh_status (*close)(bh_instance/'
red "a table that lost a function" "submit" codec.h '/^  bh_status \(\*submit\)/,/;/d'
red "a table that gained a function" "flush" services.h 's/^  bh_status \(\*file\)/  void (*flush)(void);\n&/'
red "two functions of one type swapped" "stream_close" codec.h \
  's/\(\*stream_push\)/(*swapped)/; s/\(\*stream_close\)/(*stream_push)/; s/\(\*swapped\)/(*stream_close)/'
red "a status code changed" "BH_NOT_FOUND 22" core.h 's/BH_NOT_FOUND = 2,/BH_NOT_FOUND = 22,/'
red "a method number changed" "BH_CODEC_INFO 10" codec.h 's/BH_CODEC_INFO = 9/BH_CODEC_INFO = 10/'
red "an enumerator removed" "BH_CODEC_COUNT" codec.h '/^  BH_CODEC_COUNT = 3,/d'
red "a flag changed" "BH_ENCODE_OFFSETS 2" codec.h 's/BH_ENCODE_OFFSETS = 1u/BH_ENCODE_OFFSETS = 2u/'
red "an interface renamed" "bulkhead.codec/2" codec.h 's/"bulkhead.codec\/1"$/"bulkhead.codec\/2"/'
red "a magic number changed" "BH_DESCRIPTOR_MAGIC" core.h 's/0x435345444b4b4842/0x435345444b4b4843/'
red "another major" "BH_ABI_MAJOR 2" core.h 's/^#define BH_ABI_MAJOR 1/#define BH_ABI_MAJOR 2/'
red "a macro for authors removed" "BH_DEFINE_PLUGIN" core.h 's/define BH_DEFINE_PLUGIN/define BH_MAKE_PLUGIN/'
red "bh_status made wider" "bh_status" core.h 's/^typedef int32_t bh_status/typedef int64_t bh_status/'
red "the exported function changed" "bulkhead_query" core.h \
  's/^BH_EXPORT const bh_descriptor \*bulkhead_query\(const bh_query \*query\);/BH_EXPORT const bh_descriptor *bulkhead_query(const bh_query *query, int more);/'
red "a struct removed" "bh_tensor" tensor.h 's/bh_tensor\b/bh_tensor_view/g'
red "a field aligned otherwise" "bh_codec_info_result" codec.h \
  's/^  bh_text languages;/  bh_text languages __attribute__((aligned(32)));/'

green "nothing but a comment" core.h '$a /* a comment */'
green "a new status code" core.h 's/^  BH_INVALID_ARGUMENT = 1,/  BH_NEW = 99,\n&/'
green "a new method number" codec.h 's/BH_CODEC_INFO = 9/BH_CODEC_INFO = 9, BH_CODEC_NEW = 10/'
green "a new struct, revision and name" codec.h \
  's/^typedef struct bh_codec_v1 \{/#define BH_CODEC_2 "bulkhead.codec\/2"\ntypedef struct bh_codec_v2 { uint32_t struct_size; bh_status (*encode)(bh_call *); } bh_codec_v2;\n&/'
green "a higher minor" core.h 's/^#define BH_ABI_MINOR 0/#define BH_ABI_MINOR 1/'

((failures == 0)) || { echo "$failures controls or checks failed"; exit 1; }
echo "all controls went as they must"
