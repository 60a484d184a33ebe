#!/bin/sh
# cmake/llama_cpp.cmake with a source of a few lines in the place of llama.cpp, so that a build takes a second.
. "$(dirname "$0")/common.sh"

# The archive: the stand-in, with a library of 4 MB in it.
package=$work/llama_cpp_python-0.0.1
mkdir -p "$package/vendor"
cp -r "$root/tests/scripts/llama_stand_in" "$package/vendor/llama.cpp"
printf 'Metadata-Version: 2.1\nName: llama_cpp_python\nVersion: 0.0.1\n' >"$package/PKG-INFO"
printf '[build-system]\nrequires = []\nbuild-backend = "scikit_build_core.build"\n' >"$package/pyproject.toml"
tar czf "$work/packages/llama_cpp_python-0.0.1.tar.gz" -C "$work" llama_cpp_python-0.0.1
sha256=$(sha256sum "$work"/packages/*.tar.gz | cut -d ' ' -f 1)

# The project: nothing but the search for llama.cpp, pinned to that archive.
mkdir "$work/project"
cp -r "$root/cmake" "$work/project/"
echo "llama-cpp-python==0.0.1 --hash=sha256:$sha256" >"$work/project/cmake/llama_cpp/source.txt"
cat >"$work/project/CMakeLists.txt" <<'EOF'
cmake_minimum_required(VERSION 3.25)
project(project C CXX)
set(BERTH_CACHE_DIR $ENV{XDG_CACHE_HOME}/berth)
include(cmake/llama_cpp.cmake)
add_executable(program program.cpp)
target_compile_options(program PRIVATE ${BERTH_GGML_NAMES})
target_link_libraries(program PRIVATE berth::llama_cpp)
EOF
echo 'extern "C" int llama_stand_in(); int main() { return llama_stand_in(); }' \
  >"$work/project/program.cpp"

# configure name [option...]: in a build folder of that name
configure() {
  build=$work/build-$1
  shift
  cmake -S "$work/project" -B "$build" "$@"
}

builds() {
  configure "$@" >"$work/output" 2>&1 && cmake --build "$build" >>"$work/output" 2>&1 && "$build/program" || {
    cat "$work/output"
    fail "this should have worked: $*"
  }
}

prefixes() {
  find "$XDG_CACHE_HOME/berth" -mindepth 2 -maxdepth 2 -type d ! -name src ! -name '*.tmp' 2>/dev/null
}

# Whatever stands under its final name is whole; $1 is a cache that was filled undisturbed.
cache_is_whole() {
  for path in $(cd "$XDG_CACHE_HOME/berth" 2>/dev/null && find . -mindepth 2 -maxdepth 2 ! -name '*.tmp'); do
    diff -r "$1/berth/$path" "$XDG_CACHE_HOME/berth/$path" || fail "$path is not whole"
  done
}

fill_reference() {
  XDG_CACHE_HOME=$work/reference builds reference
}

case $1 in
  pinned_archive)
    builds first
    expect_output "0.5.1 (llama-cpp-python 0.0.1 source)"
    rm "$work"/packages/*
    builds second
    builds first
    [ "$(prefixes | wc -l)" = 1 ] || fail "one build should have served all: $(prefixes)"
    ;;
  wrong_hash)
    sed -i 's/sha256:.*/sha256:0000000000000000000000000000000000000000000000000000000000000000/' \
      "$work/project/cmake/llama_cpp/source.txt"
    expect_failure configure first
    expect_output "BERTH_LLAMA_SOURCE_DIR"
    [ -z "$(ls -A "$XDG_CACHE_HOME/berth/llama.cpp-0.0.1")" ] || fail "something was left behind"
    ;;
  named_folder)
    rm "$work"/packages/*
    builds first -DBERTH_LLAMA_SOURCE_DIR="$package/vendor/llama.cpp"
    expect_output "0.5.1 (source folder)"
    echo '// changed' >>"$package/vendor/llama.cpp/src/llama.cpp"
    builds first
    [ "$(prefixes | wc -l)" = 2 ] || fail "a changed folder should be built again"
    expect_failure configure second -DBERTH_LLAMA_SOURCE_DIR="$work/project"
    expect_output "is no llama.cpp source folder"
    ;;
  installed_package)
    fill_reference
    installed=$(find "$work/reference/berth/llama.cpp-0.0.1" -mindepth 1 -maxdepth 1 ! -name src)
    mv "$installed" "$work/installed"
    builds first -DCMAKE_PREFIX_PATH="$work/installed"
    expect_output "0.5.1 (installed package), $work/installed/lib/cmake/llama"
    builds first -DBERTH_LLAMA_SOURCE_DIR="$package/vendor/llama.cpp"
    expect_output "(source folder)"
    builds first -DBERTH_LLAMA_SOURCE_DIR=
    expect_output "(installed package)"
    builds second -DCMAKE_PREFIX_PATH="$work/installed" -DCMAKE_DISABLE_FIND_PACKAGE_llama=ON
    expect_output "(llama-cpp-python 0.0.1 source)"
    sed -i 's/0\.5\.1/0.4.9/g' "$work"/installed/lib/cmake/llama/*
    builds third -DCMAKE_PREFIX_PATH="$work/installed"
    expect_output "is not used: version 0.4.9"
    expect_output "(llama-cpp-python 0.0.1 source)"
    ;;
  options)
    builds first
    builds first -DBERTH_GGML_EXAMPLE=ON -DCMAKE_CUDA_ARCHITECTURES="80;90"
    for prefix in $(prefixes); do cat "$prefix/options.txt"; done | sort >"$work/output"
    expect_output "EXAMPLE= ARCHITECTURES= RPC=ON"
    expect_output "EXAMPLE=ON ARCHITECTURES=80;90 RPC=ON"
    ;;
  modules)
    builds first -DBUILD_SHARED_LIBS=ON -DBERTH_GGML_BACKEND_DL=ON
    folder=$(prefixes)/lib/berth
    nm -D --defined-only "$folder/libggml-cpu.so" | cut -d ' ' -f 3 >"$work/output"
    [ "$(cat "$work/output")" = ggml_backend_init ] || fail "a module shows no more than its entry: $(cat "$work/output")"
    nm -D --defined-only "$folder"/libberth-*.so | grep -o '[a-z_]*ggml_.*' | sort -u >"$work/output"
    [ "$(tr '\n' ' ' <"$work/output")" = "berth_ggml_of_registry berth_ggml_stand_in " ] || fail "$(cat "$work/output")"
    readelf -d "$folder/libggml-cpu.so" >"$work/output"
    expect_output "[libberth-ggml-base.so.0.1.2]"
    expect_output '[$ORIGIN'
    builds first -UBERTH_GGML_BACKEND_DL -DBERTH_GGML_VULKAN=ON
    [ "$(prefixes | wc -l)" = 2 ] || fail "another backend is another build: $(prefixes)"
    for prefix in $(prefixes); do [ -e "$prefix/lib/berth/libggml-cpu.so" ] || fail "a GPU asks for modules"; done
    builds second -DBUILD_SHARED_LIBS=OFF -DBERTH_GGML_VULKAN=ON
    expect_failure configure second -DBERTH_GGML_BACKEND_DL=ON
    expect_output "BERTH_GGML_BACKEND_DL needs a shared libberth"
    ;;
  file_size_limit)
    fill_reference
    # The archive is small, the library is not; and then not even the archive may be written.
    for blocks in 4096 8; do
      rm -rf "$XDG_CACHE_HOME"
      configure first -DCMAKE_DISABLE_FIND_PACKAGE_llama=ON >/dev/null 2>&1 # finds the compilers without a limit
      rm -rf "$XDG_CACHE_HOME"
      expect_failure sh -c 'ulimit -f "$1"; exec cmake "$2"' sh $blocks "$build"
      [ -z "$(prefixes)" ] || fail "a build that failed stands in the cache"
      cache_is_whole "$work/reference"
      builds first
    done
    ;;
  full_disk)
    needs_small_disk
    fill_reference
    failed=0
    for megabytes in 1 2 5 9 13 64; do
      echo "a disk of $megabytes MB"
      rm -rf "$XDG_CACHE_HOME"
      result=0
      on_small_disk $megabytes cmake -S "$work/project" -B "$work/build-small" >"$work/output" 2>&1 || result=$?
      cache_is_whole "$work/reference"
      if [ $result != 0 ]; then
        failed=$((failed + 1))
        [ -z "$(prefixes)" ] || fail "a build that failed stands in the cache"
      fi
    done
    [ $result = 0 ] || { cat "$work/output"; fail "64 MB should be enough"; }
    [ $failed -ge 3 ] || fail "the small disks should have been too small"
    ;;
  killed)
    fill_reference
    STAND_STILL="$work/started" setsid cmake -S "$work/project" -B "$work/build-first" >/dev/null 2>&1 &
    while [ ! -e "$work/started" ]; do sleep 0.05; done
    kill -KILL -$!
    wait $! || true
    [ -z "$(prefixes)" ] || fail "half a build stands in the cache"
    builds first
    cache_is_whole "$work/reference"
    [ -z "$(find "$XDG_CACHE_HOME" -name '*.tmp')" ] || fail "the remains should be gone"
    ;;
  two_at_once)
    configure first >"$work/output-first" 2>&1 &
    configure second >"$work/output-second" 2>&1 || fail "$(cat "$work/output-second")"
    wait $! || fail "$(cat "$work/output-first")"
    [ "$(cat "$work"/output-* | grep -c "building .* once")" = 1 ] || fail "$(cat "$work"/output-*)"
    ;;
  *) fail "unknown scenario $1" ;;
esac
