#!/usr/bin/env python3
"""What bench/tokenizer_bench.cpp times, with the package `tokenizers`: how many megabytes a second each makes tokens of on
one core, and whether the ids are the same.

  bench/hf_tokenizers.py path/of/tokenizer_bench tokenizer.json...

The text is that of Berth's own documentation. BERTH_PEER_PYTHON names an interpreter that has `tokenizers`. Prints
processor time: the median of the repetitions, and the quickest and slowest of them.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import side_by_side

PEER = r'''
import json, sys, time
from tokenizers import Tokenizer, __version__ as version
text = open(sys.argv[2]).read()

def timed(call, count):
    times = []
    for _ in range(count):
        start = time.process_time()
        result = call()
        times.append((time.process_time() - start) * 1e6)
    return result, times

tokenizer, load = timed(lambda: Tokenizer.from_file(sys.argv[1]), 5)
tokenizer.no_truncation()
tokenizer.no_padding()
encoding, whole = timed(lambda: tokenizer.encode(text), 5)
_, lines = timed(lambda: [tokenizer.encode(line) for line in text.split("\n")], 5)
print(json.dumps({"version": version, "ids": encoding.ids, "times": {"load": load, "the whole text": whole, "line by line": lines}}))
'''


def main():
    program, *tokenizers = sys.argv[1:]
    root = pathlib.Path(__file__).parent.parent
    text = "".join(path.read_text() for path in sorted(root.glob("docs/**/*.md")))
    side_by_side.print_machine(f"{len(text.encode())} bytes")
    wrong = 0
    for path in tokenizers:
        with tempfile.TemporaryDirectory() as folder:
            file, ids = pathlib.Path(folder, "text"), pathlib.Path(folder, "ids")
            file.write_text(text)
            peer = json.loads(subprocess.run(
                [os.environ.get("BERTH_PEER_PYTHON", "python3"), "-c", PEER, path, str(file)], check=True,
                stdout=subprocess.PIPE, text=True, env={**os.environ, "TOKENIZERS_PARALLELISM": "false"}).stdout)
            own = side_by_side.berth(program, {"BERTH_BENCH_TOKENIZER": path, "BERTH_BENCH_TEXT": str(file),
                                               "BERTH_BENCH_IDS": str(ids)})
            same = json.loads(ids.read_text()) == peer["ids"]
        wrong += not same
        print(f"\n{path}, {len(peer['ids'])} tokens, {'the same ids' if same else 'OTHER IDS'}; tokenizers {peer['version']}")
        for name, times in own.items():
            print(f"{name}\n  Berth      {side_by_side.line(times)}\n  tokenizers {side_by_side.line(peer['times'][name])}")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
