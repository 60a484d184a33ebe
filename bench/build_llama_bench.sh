#!/bin/sh
# Builds llama-bench from the source and with the options of Berth's own llama.cpp, once; prints its path.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/berth
source=$(ls -d "$cache"/llama.cpp-[0-9]*/src 2>/dev/null | tail -n 1)
[ -n "$source" ] || { echo "build Berth first: llama.cpp is not in $cache" >&2; exit 1; }
build=$(dirname "$source")/llama-bench
if [ ! -x "$build/bin/llama-bench" ]; then
  launcher=$(command -v ccache || true)
  cmake -S "$here/llama_bench" -B "$build" -G Ninja -Wno-dev --log-level=WARNING -DBERTH_SOURCE="$source" \
    ${launcher:+-DCMAKE_C_COMPILER_LAUNCHER=$launcher} ${launcher:+-DCMAKE_CXX_COMPILER_LAUNCHER=$launcher} >&2
  cmake --build "$build" --target llama-bench >&2
fi
echo "$build/bin/llama-bench"
