#!/bin/sh
# An installed Berth whose backends are modules, in each state that a machine may have it.
# Usage: modules_test.sh PREFIX LIBDIR FAKES MODEL
set -eu
prefix=$1 libdir=$2 fakes=$3 model=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*" >&2
  [ ! -e "$work/output" ] || cat "$work/output" >&2
  exit 1
}
# says TEXT COMMAND...: it succeeds and its output, in one line, has the text.
says() {
  text=$1
  shift
  "$@" >"$work/output" 2>&1 || fail "exit $?: $*"
  tr -s '\n ' '  ' <"$work/output" | grep -qF -- "$text" || fail "'$text' is not said by: $*"
}
# A copy elsewhere, so that nothing of the place where it was built or installed is needed.
fresh() {
  rm -rf "$work/moved"
  cp -a "$prefix" "$work/moved"
  modules=$work/moved/$libdir/berth
  berth=$work/moved/bin/berth
}
answers() {
  [ -e "$model" ] || return 0
  says "$1" "$berth" run "$model" --device cpu -p "Once upon a time" --max-new-tokens 4 --verbose
}
export BERTH_PROBES=cpu

echo "moved to another folder"
fresh
ldd "$work/moved/$libdir/libberth.so" | grep -q "libberth-ggml-base.so.* => $modules/" || fail "libberth finds another ggml"
says "modules: cpu" "$berth" devices --explain
says "rpc" "$berth" doctor
answers "cpu"

echo "a driver is missing, a module is of another version, one is damaged"
cp "$fakes/libggml-no_driver.so" "$modules/libggml-cuda.so"
cp "$fakes/libggml-other_version.so" "$modules/libggml-hip.so"
head -c 1000 "$fakes/libggml-works.so" >"$modules/libggml-vulkan.so"
for command in "devices --explain" doctor "doctor --json" "devices --json"; do
  says "the module cuda was not loaded: it needs libfake_driver.so.1, which is not on this machine" "$berth" $command
  says "the module hip was not loaded: it belongs to another version of Berth" "$berth" $command
  says "the module vulkan was not loaded: it is not whole" "$berth" $command
done
if "$berth" run "$model" --device cuda -p x >"$work/output" 2>&1; then fail "there is no cuda"; fi
answers "cpu"

echo "a driver hangs"
cp "$fakes/libggml-hangs.so" "$modules/libggml-cuda.so"
BERTH_PROBE_TIMEOUT=2000 says "No answer in 2000 ms" "$berth" devices --explain
answers "cpu"
BERTH_PROBE_TIMEOUT=2000 says '"in": "llama.cpp"' "$berth" devices --json

echo "no module for this processor"
fresh
rm "$modules"/libggml-cpu*.so
cp "$fakes/libggml-cpu-0.so" "$modules/"
cp "$fakes/libggml-hangs.so" "$work/moved/bin/libggml-cuda.so"  # not the folder of modules
cp "$fakes/libggml-hangs.so" "$work/libggml-cuda.so"
says "the module cpu-0 was not loaded: this processor lacks" sh -c 'cd "$1" && "$2" devices --explain' sh "$work" "$berth"
if "$berth" run "$model" --device cpu -p x >"$work/output" 2>&1; then fail "nothing can compute"; fi

echo "variants for the CPU"
fresh
mv "$modules/libggml-cpu.so" "$modules/libggml-cpu-native.so" 2>/dev/null || true
cp "$fakes/libggml-cpu-0.so" "$modules/"
says "modules: cpu-" "$berth" devices --explain
answers "cpu"
