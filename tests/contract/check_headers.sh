#!/usr/bin/env bash
# check_headers.sh PINNED TODAY WORK: holds the C headers in TODAY against the released ones
# in PINNED (folders with bulkhead/abi/). Prints what changed, and fails, where a released
#   - header, enumerator or object-like macro is gone, or has another value;
#   - struct, table, typedef or function is gone, or is not what it was (abidiff);
#   - macro that authors call is gone.
# Additions are fine. No struct has an exception, not even for its end: docs/growth.md says why. (One
# could not be a suppression of abidiff: its `has_data_member_inserted_at = end` also hides a field
# of the same struct that got another type.)
# The environment names the compiler in CC and abidiff in ABIDIFF.
set -euo pipefail
pinned="${1:?usage: check_headers.sh PINNED TODAY WORK}"
today="$2"
work="$3"
cc="${CC:-gcc}"
abidiff="${ABIDIFF:-abidiff}"
flags=(-std=c11 -w -fPIC)  # not the project's: what is compared must not depend on the preset
umbrella='#include <bulkhead/abi/abi.h>'
wrong=0
complain() { echo "contract: $*"; wrong=1; }
mkdir -p "$work"

# --- headers ---
headers=()
for header in "$pinned"/bulkhead/abi/*.h; do
  headers+=("$header")
  name="bulkhead/abi/$(basename "$header")"
  if [[ ! -f "$today/$name" ]]; then
    complain "the header $name is gone"
  elif ! echo "#include <$name>" | "$cc" "${flags[@]}" -I"$today" -fsyntax-only -x c - \
    >"$work/errors" 2>&1; then
    complain "the header $name does not compile on its own"
    cat "$work/errors"
  fi
done
((wrong == 0)) || exit 1

# --- constants ---
# Anonymous enums and macros have no type that abidiff could compare: a program prints them. Left
# out: BH_EXPORT (an attribute) and BH_BUILT_* (facts of the compiler); BH_ABI_MINOR may only rise.
enumerators="$(echo "$umbrella" | "$cc" "${flags[@]}" -I"$pinned" -E -P -x c - | tr '\n' ' ' |
  grep -oE 'enum *[A-Za-z_0-9]* *\{[^}]*\}' | grep -oE '\bBH_[A-Z0-9_]+' | sort -u)"
macros="$(echo "$umbrella" | "$cc" "${flags[@]}" -I"$pinned" -E -dM -x c - |
  sed -nE 's/^#define (BH_[A-Z0-9_]+) .*/\1/p' |
  grep -vE '^(BH_EXPORT|BH_ABI_MINOR|BH_BUILT_.*)$' | sort -u)"
calls="$(echo "$umbrella" | "$cc" "${flags[@]}" -I"$pinned" -E -dM -x c - |
  sed -nE 's/^#define (BH_[A-Z0-9_]*[A-Z0-9])\(.*/\1/p' | sort -u)"
{
  echo "#include <stdio.h>"
  echo "$umbrella"
  cat <<'END'
static void text(const char *name, const char *value) { printf("%s \"%s\"\n", name, value); }
static void number(const char *name, unsigned long long value) { printf("%s %lld\n", name, value); }
#define SHOW(name, constant) \
  _Generic((constant), char *: text, const char *: text, default: number)(name, constant);
END
  for name in $calls; do
    printf '#ifndef %s\n#error "the macro %s(...) is gone"\n#endif\n' "$name" "$name"
  done
  echo "int main(void) {"
  for name in $enumerators $macros; do echo "  SHOW(\"$name\", $name)"; done
  echo '  SHOW("BH_ABI_VERSION(2, 3)", BH_ABI_VERSION(2, 3))'
  echo "}"
} >"$work/constants.c"
minor() { echo "$umbrella
BH_ABI_MINOR" | "$cc" "${flags[@]}" -I"$1" -E -P -x c - | tail -n 1; }
# constants FOLDER OUTPUT
constants() {
  "$cc" "${flags[@]}" -I"$1" "$work/constants.c" -o "$work/constants" 2>"$work/errors" &&
    "$work/constants" >"$2"
}
constants "$pinned" "$work/constants.pinned" || { cat "$work/errors"; exit 1; }
if ! constants "$today" "$work/constants.today"; then
  complain "a constant is gone"
  grep -E 'error' "$work/errors"
elif ! diff "$work/constants.pinned" "$work/constants.today" >"$work/difference"; then
  complain "constants have another value ('<': released, '>': today)"
  grep '^[<>]' "$work/difference"
fi
if (($(minor "$today") < $(minor "$pinned"))); then complain "BH_ABI_MINOR has fallen"; fi

# --- types ---
# One object of pointer type for each released type: the debug information then has all of them,
# with everything that they reach.
structs="$(grep -hoE '\bstruct bh_[a-z0-9_]+' "${headers[@]}" | sort -u)"
types="$({ grep -hoE '^\} bh_[a-z0-9_]+;' "${headers[@]}" | tr -d '}; '
  grep -hE '^typedef .*;' "${headers[@]}" | grep -oE '\bbh_[a-z0-9_]+(;|\()' | tr -d ';('
  } | sort -u)"
functions="$(grep -hoE '^BH_EXPORT .*\(' "${headers[@]}" | grep -oE '\b[a-z0-9_]+\($' | tr -d '(' |
  sort -u)"
{
  echo "$umbrella"
  while read -r name; do echo "$name *uses_${name// /_};"; done <<<"$structs"
  for name in $types; do echo "$name *uses_$name;"; done
  for name in $functions; do echo "__typeof__($name) *uses_function_$name;"; done
} >"$work/types.c"
# library FOLDER OUTPUT
library() { "$cc" "${flags[@]}" -g -O0 -shared -I"$1" "$work/types.c" -o "$2" 2>"$work/errors"; }
library "$pinned" "$work/pinned.so" || { cat "$work/errors"; exit 1; }
if ! library "$today" "$work/today.so"; then
  complain "a type is gone, or two declarations of it contradict each other"
  grep -E 'error' "$work/errors"
else
  # --leaf-changes-only: the change, not all that it reaches.
  # --harmless: a renamed field, and two of one type that changed places, are changes too.
  options=(--leaf-changes-only --harmless --fail-no-debug-info --no-show-locs --no-default-suppression)
  if ! "$abidiff" "${options[@]}" "$work/pinned.so" "$work/today.so" >"$work/report" 2>&1; then
    complain "released types are not what they were (abidiff)"
    cat "$work/report"
  fi
fi

((wrong == 0)) || exit 1
count() { wc -w <<<"$*"; }
echo "${#headers[@]} headers, $(count $enumerators $macros) constants," \
  "$(count $types) types, $(count $functions) function: as released"
