#!/bin/sh
# scripts/bootstrap.sh on machines that are not this one: the package manager is played by a few lines.
. "$(dirname "$0")/common.sh"

mkdir "$work/bin"
# installed: packages there are; log: what was asked of apt-get; lists: whether apt-get knows the packages.
play() {
  printf '#!/bin/sh\n%s\n' "$2" >"$work/bin/$1"
  chmod +x "$work/bin/$1"
}
play dpkg-query 'for package; do :; done; grep -qx "$package" "$WORK/installed" && echo installed'
play apt-get 'case "$*" in
  *--simulate*) [ -e "$WORK/lists" ] ;;
  update) echo update >>"$WORK/log"; touch "$WORK/lists" ;;
  *) echo "$*" >>"$WORK/log"; [ -e "$WORK/lists" ] ;;
esac'
play sudo 'exit 1'
play id 'echo "${USER_ID:-0}"'
export WORK="$work" PATH="$work/bin:$PATH"
printf '%s\n' make cmake ninja-build g++ pkgconf python3 python3-pip libcli11-dev libfmt-dev nlohmann-json3-dev \
  libedit-dev libyaml-dev libpcre2-dev libcurl4-openssl-dev libssl-dev libicu-dev libhwloc-dev >"$work/installed"
touch "$work/lists" "$work/log"

case $1 in
  nothing_missing)
    [ -z "$("$root/scripts/bootstrap.sh" 2>&1)" ] || fail "it should say nothing"
    [ ! -s "$work/log" ] || fail "it should install nothing"
    ;;
  not_root)
    expect_failure env USER_ID=1000 "$root/scripts/bootstrap.sh" build test
    expect_output "sudo apt-get install -y --no-install-recommends libgtest-dev libgmock-dev gcovr openssl python3-jsonschema"
    [ ! -s "$work/log" ] || fail "it should install nothing"
    ;;
  root)
    "$root/scripts/bootstrap.sh" build bench
    [ "$(cat "$work/log")" = "install -y --no-install-recommends libbenchmark-dev" ] || fail "$(cat "$work/log")"
    ;;
  stale_package_lists)
    rm "$work/lists"
    "$root/scripts/bootstrap.sh" fuzz
    [ "$(cat "$work/log")" = "update
install -y --no-install-recommends clang" ] || fail "$(cat "$work/log")"
    ;;
  *) fail "unknown scenario $1" ;;
esac
