# Sourced by the tests beside it: a folder of their own, an empty cache in it, no network, and the words of the tests.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME="$work/cache" PIP_NO_INDEX=1 PIP_FIND_LINKS="$work/packages" PIP_NO_CACHE_DIR=1
unset PIP_INDEX_URL PIP_EXTRA_INDEX_URL MAKEFLAGS MFLAGS || true
mkdir "$work/packages"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

skip() {
  echo "skipped: $*"
  exit 77
}

# expect_failure command...: the command must fail; its output is kept in $work/output.
expect_failure() {
  if "$@" >"$work/output" 2>&1; then
    cat "$work/output"
    fail "this should not have worked: $*"
  fi
}

expect_output() {
  grep -qF -- "$1" "$work/output" || { cat "$work/output"; fail "'$1' should be in the output"; }
}

# on_small_disk megabytes command...: runs the command with the cache on a disk of that size.
on_small_disk() {
  megabytes=$1
  shift
  mkdir -p "$work/disk"
  # The disk ends with the mount namespace, so what was left in the cache is copied out of it, whatever happened.
  unshare --map-root-user --mount sh -c '
    disk=$1 megabytes=$2 kept=$3
    shift 3
    mount -t tmpfs -o size="${megabytes}m" none "$disk" || exit 77
    result=0
    XDG_CACHE_HOME=$disk "$@" || result=$?
    rm -rf "$kept"
    cp -r "$disk" "$kept"
    exit $result' sh "$work/disk" "$megabytes" "$XDG_CACHE_HOME" "$@"
}

needs_small_disk() {
  on_small_disk 1 true >/dev/null 2>&1 || skip "no small disk can be mounted here"
}
