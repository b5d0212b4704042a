#!/bin/sh
# Where the interpreter of a script is missing, loading it is a sentence that says what to install.
# missing_interpreter.sh BULKHEAD PACKAGES
if ! unshare --mount true 2>/dev/null; then
  echo "skipped: this user can't hide a file of the machine from a process"
  exit 77
fi
[ -e /usr/bin/python3 ] || { echo "skipped: it is missing indeed"; exit 77; }
output="$(unshare --mount sh -c '
  mount --bind /dev/null "$(readlink -f /usr/bin/python3)" || exit 77
  printf Hi | "$1" codec encode --plugins "$2" --plugin exec_python' sh "$1" "$2" 2>&1)"
case $? in
  0) echo "FAILED: it ran without an interpreter: $output"; exit 1 ;;
  77) echo "skipped: no mount"; exit 77 ;;
esac
case "$output" in
  *"finding the interpreter"*"apt install python3"*) echo "$output" ;;
  *) echo "FAILED: $output"; exit 1 ;;
esac
