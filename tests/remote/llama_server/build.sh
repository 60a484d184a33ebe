#!/bin/sh
# Builds llama-server from the source of Berth's own llama.cpp, once, into the cache; prints its path.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
recipe=$here/../../../cmake/llama_cpp
version=$(sed -n 's/^llama-cpp-python==\([^ ]*\) .*/\1/p' "$recipe/source.txt")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/berth/llama.cpp-$version
[ -e "$cache/src" ] || { echo "build Berth first: llama.cpp is not in $cache" >&2; exit 1; }

tools=$cache/server-src
if [ ! -d "$tools" ]; then # Berth itself needs no more of the archive than stands in src
  rm -rf "$tools.tmp"
  mkdir "$tools.tmp"
  PYTHONPATH=$recipe/pip PYTHONDONTWRITEBYTECODE=1 python3 -m pip download --quiet --disable-pip-version-check \
    --no-deps --no-build-isolation --no-binary llama-cpp-python --require-hashes -r "$recipe/source.txt" \
    -d "$tools.tmp" >&2
  root=llama_cpp_python-$version/vendor/llama.cpp/tools
  tar xzf "$tools.tmp"/*.tar.gz -C "$tools.tmp" --strip-components 4 "$root/server" "$root/mtmd"
  rm "$tools.tmp"/*.tar.gz
  mv "$tools.tmp" "$tools"
fi

build=$cache/llama-server
if [ ! -x "$build/bin/llama-server" ]; then
  engine=$(ls -t "$cache"/*/lib/libggml-cpu.a | head -n 1)
  launcher=$(command -v ccache || true)
  cmake -S "$here" -B "$build" -G Ninja -Wno-dev --log-level=WARNING \
    -DBERTH_SOURCE="$cache/src" -DBERTH_TOOLS="$tools" -DBERTH_ENGINE="${engine%/lib/*}" \
    ${launcher:+-DCMAKE_C_COMPILER_LAUNCHER=$launcher} ${launcher:+-DCMAKE_CXX_COMPILER_LAUNCHER=$launcher} >&2
  nice -n 10 cmake --build "$build" --target llama-server ${JOBS:+-j "$JOBS"} >&2
fi
echo "$build/bin/llama-server"
