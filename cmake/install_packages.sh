#!/usr/bin/env bash
# Installs groups of packages.txt: cmake/install_packages.sh build test
# Skips what is there, so that a second run does nothing. Uses sudo when not root. Never removes a
# package: when one is in the way it says which, and stops.
set -euo pipefail

list="$(dirname "${BASH_SOURCE[0]}")/../packages.txt"
(($# > 0)) || { echo "usage: $0 GROUP..." >&2; exit 2; }

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "Can't install packages: this is not a Debian system (no apt-get). Install what packages.txt" >&2
  echo "lists by other means, and run with BULKHEAD_SKIP_PACKAGES=1." >&2
  [[ -n "${BULKHEAD_SKIP_PACKAGES:-}" ]] || exit 1
fi
if [[ -n "${BULKHEAD_SKIP_PACKAGES:-}" ]]; then
  echo "packages: not looked at, BULKHEAD_SKIP_PACKAGES is set"
  exit 0
fi

as_root() {
  if [[ "$(id -u)" == 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "packages: '$*' needs root, and sudo is not installed. Run this script as root." >&2
    return 1
  fi
}

installed() { [[ "$(dpkg-query -W -f='${Status}' "$1" 2>/dev/null)" == "install ok installed" ]]; }

missing=()
for group in "$@"; do
  entries="$(awk -v want="[$group]" '
    /^\[/ { inside = ($1 == want); found = found || inside; next }
    inside && $1 != "" && $1 !~ /^#/ { print $1 }
    END { exit !found }' "$list")" || { echo "packages.txt has no group [$group]" >&2; exit 2; }
  for entry in $entries; do
    package="${entry%%|*}"
    command_name=""
    [[ "$entry" == *"|"* ]] && command_name="${entry#*|}"
    if [[ -n "$command_name" ]] && command -v "$command_name" >/dev/null; then continue; fi
    if installed "$package"; then continue; fi
    [[ " ${missing[*]-} " == *" $package "* ]] || missing+=("$package")
  done
done

if ((${#missing[@]} == 0)); then
  echo "packages: all of [$*] are installed"
  exit 0
fi

echo "packages: to install: ${missing[*]}"
plan() { LC_ALL=C apt-get install --simulate --no-install-recommends "${missing[@]}" 2>&1; }
refuse() {
  cat >&2 <<END
packages: installing ${missing[*]}
$1
Nothing was changed. (Debian allows one Boost at a time: libboost1.81-dev, which Bulkhead needs, and
libboost-dev, which is Boost 1.74, exclude each other.) If you can do without what is in the way,
run this yourself, then start again:
  apt-get install --no-install-recommends ${missing[*]}
END
  exit 1
}

if ! output="$(plan)"; then
  echo "packages: apt has no way to do that with the lists it has: apt-get update"
  as_root apt-get update -q
  output="$(plan)" || refuse "is not possible; apt says:
$output"
fi
in_the_way="$(awk '$1 == "Remv" { print $2 }' <<<"$output" | tr '\n' ' ')"
[[ -z "$in_the_way" ]] || refuse "would remove: $in_the_way"

install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    --no-remove -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "${missing[@]}"
}
if ! install; then
  echo "packages: that failed, possibly because apt's lists are old: apt-get update, then once more"
  as_root apt-get update -q
  install
fi
