#!/bin/sh
# Installs the Debian packages that Berth needs and that are missing; says nothing when none is.
# Usage: scripts/bootstrap.sh [build] [test] [bench] [tidy] [format] [fuzz]   (default: build)
set -eu

wanted=
for purpose in "${@:-build}"; do
  case $purpose in
    build)  wanted="$wanted make cmake ninja-build g++ pkgconf python3 python3-pip
                    libcli11-dev libfmt-dev nlohmann-json3-dev libedit-dev
                    libyaml-dev libpcre2-dev libcurl4-openssl-dev libssl-dev libicu-dev libhwloc-dev" ;;
    test)   wanted="$wanted libgtest-dev libgmock-dev gcovr openssl python3-jsonschema
                    libvulkan-dev libze-dev zsh fish mandoc iproute2" ;;
    bench)  wanted="$wanted libbenchmark-dev" ;;
    tidy)   wanted="$wanted clang-tidy" ;;
    format) wanted="$wanted clang-format" ;;
    fuzz)   wanted="$wanted clang" ;;
    *) echo "bootstrap.sh: unknown purpose '$purpose' (build, test, bench, tidy, format, fuzz)" >&2; exit 2 ;;
  esac
done

if ! command -v dpkg-query >/dev/null; then
  echo "bootstrap.sh: no Debian here; what Berth needs has these names there:" $wanted >&2
  exit 0
fi

missing=
for package in $wanted; do
  if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
    missing="$missing $package"
  fi
done
if [ -z "$missing" ]; then
  exit 0
fi

install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
  as_root="env DEBIAN_FRONTEND=noninteractive"
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  as_root="sudo -n env DEBIAN_FRONTEND=noninteractive"
else
  echo "Berth needs packages that are not installed, and installing them needs root. Please run" >&2
  echo "  sudo $install" >&2
  echo "and then this again." >&2
  exit 1
fi

echo "Installing:$missing"
# The package lists are fetched only when they are missing, or too old for what is wanted.
if ! apt-get install --simulate -qq --no-install-recommends $missing >/dev/null 2>&1; then
  $as_root apt-get update
fi
$as_root $install || { $as_root apt-get update && $as_root $install; }
