#!/bin/sh
# Usage: fuzz/run.sh BIN_DIR SECONDS: runs each fuzz target for so long, from the inputs in tests/data/fuzz.
# A crash stops it; move the input that it names to tests/data/fuzz/<target>/ together with the fix.
set -eu
bin=$1
seconds=$2
data=$(cd "$(dirname "$0")/../tests/data/fuzz" && pwd)

count=0
for target in "$bin"/*_fuzz; do
  [ -x "$target" ] || continue
  name=$(basename "$target" _fuzz)
  echo "== $name: $seconds s"
  mkdir -p "$bin/../corpus/$name" "$bin/../crashes"
  "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$bin/../crashes/$name-" "$bin/../corpus/$name" "$data/$name"
  count=$((count + 1))
done
echo "$count fuzz targets found nothing"
