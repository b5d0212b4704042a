#!/bin/sh
# Runs a program where no namespace can be made: in a user namespace whose own limits on them are 0.
# Exit code 77 where this machine does not let us make that one.
if ! unshare --user --map-root-user true 2>/dev/null; then
  echo "skipped: this machine refuses user namespaces, so the plain test runs at level 1 already"
  exit 77
fi
exec unshare --user --map-root-user sh -c '
  for limit in /proc/sys/user/max_*_namespaces; do echo 0 > "$limit" || exit 77; done
  exec "$@"' sh "$@"
