#!/bin/sh
# current_folder.sh PROGRAM...: each takes its libraries from where they are installed, never from the folder that it is
# started in, which somebody else may have filled.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for program in "$@"; do
  for library in $(ldd "$program" | awk '{print $1}'); do
    case $library in
      lib*) echo "no library" >"$library" ;;
    esac
  done
  # `ldd` asks the loader itself, which says "invalid ELF header" of what it would take.
  ldd "$program" >found
  if grep -F "$folder" found || grep '=> [^/(]' found; then
    echo "$program takes these from the current folder" >&2
    exit 1
  fi
done
