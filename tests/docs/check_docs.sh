#!/usr/bin/env bash
# Every relative link in every Markdown file leads to a file that exists, with the heading it names;
# and the code in Markdown that says where it is from (<!-- file: PATH --> above the block) is that
# file, letter by letter.
set -euo pipefail
cd "${1:?usage: check_docs.sh SOURCE_FOLDER}"

wrong=0
complain() { echo "$*" >&2; wrong=1; }

# The anchors of a file's headings, as GitHub makes them.
anchors() {
  awk '/^```/ { code = !code } !code && /^#+ / { sub(/^#+ /, ""); print tolower($0) }' "$1" |
    sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}

check_links() {
  local file="$1" link target anchor
  while IFS= read -r link; do
    case "$link" in *://* | mailto:*) continue ;; esac
    target="${link%%#*}"
    anchor=""
    [[ "$link" == *"#"* ]] && anchor="${link#*#}"
    if [[ -z "$target" ]]; then target="$file"; else target="$(dirname "$file")/$target"; fi
    if [[ ! -e "$target" ]]; then
      complain "$file: the link ($link) leads nowhere"
    elif [[ -n "$anchor" ]] && ! anchors "$target" | grep -qxF -- "$anchor"; then
      complain "$file: the link ($link): $target has no heading #$anchor"
    fi
  done < <(awk '/^```/ { code = !code } !code' "$file" | sed 's/`[^`]*`//g' |
    grep -oE '\]\([^) ]+\)' | sed 's/^](//; s/)$//')
}

check_code() {
  local file="$1" source
  while IFS= read -r source; do
    if [[ ! -f "$source" ]]; then
      complain "$file: shows $source, which does not exist"
    elif ! diff -u "$source" <(awk -v marker="<!-- file: $source -->" '
      $0 == marker { armed = 1; next }
      armed && /^```/ { if (inside) exit; inside = 1; next }
      inside { print }' "$file") >&2; then
      complain "$file: the code that it shows as $source is not that file's; copy it again"
    fi
  done < <(sed -n 's/^<!-- file: \(.*\) -->$/\1/p' "$file")
}

files=0
while IFS= read -r -d '' file; do
  files=$((files + 1))
  check_links "${file#./}"
  check_code "${file#./}"
done < <(find . \( -name build -o -name 'build-*' -o -name .git -o -name node_modules \) -prune \
  -o -name '*.md' -print0)
# The samples that a newcomer must find whole.
while read -r file source; do
  grep -qxF -- "<!-- file: $source -->" "$file" || complain "$file: does not show $source"
done <<'END'
README.md samples/first_plugin/first_plugin.cpp
README.md samples/first_plugin/CMakeLists.txt
README.md samples/first_plugin/plugin.toml
README.md samples/embed_cpp/main.cpp
README.md samples/embed_c/main.c
docs/authors.md samples/first_plugin/first_plugin.cpp
docs/authors.md samples/first_plugin/plugin.toml
docs/authors.md samples/first_plugin/CMakeLists.txt
docs/authors.md samples/configured_plugin/configured_plugin.cpp
docs/authors.md samples/configured_plugin/plugin.toml
docs/authors.md samples/configured_plugin/CMakeLists.txt
END
((files > 0)) || complain "no Markdown file found in $PWD"
echo "$files files looked at"
exit "$wrong"
