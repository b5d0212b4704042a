#!/usr/bin/env bash
# run_page.sh PAGE TREE FOLDER: runs the marked blocks of a page in one shell, in their order, in a
# new folder, as a reader would who has installed Bulkhead to TREE.
#
# A block of shell commands is marked by the line above it: <!-- run --> or <!-- run: prints TEXT -->.
# It fails where one of its commands fails, or where TEXT is nowhere in what it printed.
set -euo pipefail
page="$(realpath "${1:?usage: run_page.sh PAGE TREE FOLDER}")"
tree="$2"
mkdir "$3"
cd "$3"

# A group, not a subshell: what a block sets, later ones see.
awk -v tree="$tree" '
  BEGIN { print "set -euo pipefail\nexec 3>&2\ntrap \"cat output >&3\" ERR" }
  /^<!-- run(: prints .*)? -->$/ {
    text = $0
    sub(/^<!-- run(: prints )?/, "", text)
    sub(/ ?-->$/, "", text)
    marked = NR
    next
  }
  marked == NR - 1 && NR > 1 && /^```sh$/ { inside = 1; print "echo \"-- line " NR "\"\n{"; next }
  inside && /^```$/ {
    inside = 0
    blocks++
    print "} >output 2>&1"
    if (text != "") print "grep -qF -- \047" text "\047 output"
    next
  }
  inside { gsub(/<where Bulkhead is installed>/, tree); print }
  END { print "echo \"" blocks + 0 " blocks run\"" }' "$page" >run.sh

marks="$(grep -c '^<!-- run' "$page" || true)"
blocks="$(grep -c '^} >output' run.sh || true)"
if ((marks == 0 || marks != blocks)); then
  echo "$page has $marks marks and $blocks blocks of shell commands below one" >&2
  exit 1
fi
bash run.sh
